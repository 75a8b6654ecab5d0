"""What a worker of the service does: an attempt to its result, or a page. One pool for both, and one warm start."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from helpers.grading.classes.autograde import shared, stuck_after
from helpers.grading.classes.pool import Pool
from helpers.grading.marking.job import GradingJob, SubmissionTask
from helpers.grading.marking.worker import grade, problem_set_of, start_worker
from helpers.grading.pages import exporter
from helpers.grading.pages.feedback import PageTask, page_or_reason

IN_FLIGHT = 1.5  # tasks per worker: the line is kept outside, where it can still be ordered


@dataclass(frozen=True)
class AttemptTask:
    """One attempt to grade: `job` as for a class, but with this attempt's seed, and told this much."""

    job: GradingJob
    submission: SubmissionTask
    seed: int
    depth: str

    @property
    def weight(self) -> int:
        return self.submission.weight


def work(task: AttemptTask | PageTask) -> bytes | str:
    """A `Result` as bytes, or a page, or why there is no page."""
    if isinstance(task, PageTask):
        return page_or_reason(task)
    problem_set = problem_set_of(task.job)
    try:
        job = task.job if (task.seed, task.depth) == (task.job.seed, task.job.depth) else replace(
            task.job, seed=task.seed, depth=task.depth, digest="")
        return grade(job, task.submission, problem_set)
    finally:
        if task.seed != task.job.seed:
            problem_set.forget()  # else it grows with every attempt


def pool(jobs: Sequence[GradingJob], workers: int | None, scheduler: str) -> Pool:
    return Pool(work, workers, scheduler, partial(_shared, jobs), partial(start_worker, jobs[0]),
                seconds=stuck_after(jobs), window=IN_FLIGHT)


@contextlib.contextmanager
def _shared(jobs: Sequence[GradingJob]) -> Iterator[None]:
    with shared(jobs[0]):
        for job in jobs:
            problem_set_of(job)
        exporter.warm()
        yield
