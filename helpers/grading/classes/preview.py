"""What a regrade would change: everything graded, nothing written."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import sqlalchemy
from nbgrader import utils

from helpers.grading.classes.autograde import as_result, graders_for
from helpers.grading.classes.changes import Change, changes_of, kept_parts, parts_of, submission_digest, why
from helpers.grading.classes.pool import StopSignal
from helpers.grading.classes.store import Store
from helpers.grading.classes.submitted import read_task, students_of
from helpers.grading.course.folder import Course
from helpers.grading.gradebook.gradebook import ClassGradebook
from helpers.grading.gradebook.mark import Mark, Marks
from helpers.grading.marking.job import GradingJob, Result, SubmissionTask
from helpers.grading.marking.prepared import job_of
from helpers.grading.notebooks.cells import grade_id_of


@dataclass
class Preview:
    """new: students who have no marks yet; unchanged: graded as they are now, and so not tried."""

    graded: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    interrupted: bool = False


def preview(course: Course, name: str, *, workers: int | None = None, scheduler: str = "", force: bool = False,
            sandbox: str | None = None, run_experiments: bool = False,
            progress: Callable[[int, int, str], None] = lambda done, of, student: None) -> Preview:
    """Grade what `autograde` would, and compare it with the marks that are there. Late penalties are left out.

    Raises:
        CourseError: if nothing can be graded, with what to do.
    """
    job, everyone, made = job_of(course, name, sandbox=sandbox, run_experiments=run_experiments), \
        students_of(course, name), Preview()
    before, parts = _marks(course, name), parts_of(job)
    with StopSignal() as stop, graders_for(job, workers, scheduler) as graders:
        waiting = _waiting(course, name, everyone, job, force, made)
        for done, (student, task, outcome) in enumerate(graders.outcomes(waiting, stop), 1):
            progress(done, len(everyone), student)
            if task is None:
                continue
            made.graded.append(student)
            if student not in before:
                made.new.append(student)
                continue
            result = Result.from_bytes(as_result(job, task, outcome))
            after = _after(json.loads(result.notebook), before[student])
            known, submission = kept_parts(course.root, name, student), submission_digest(task)
            reasons = {cell: why(cell, known, parts, submission) for cell in after}
            made.changes += changes_of(student, before[student], after, reasons)
        made.interrupted = stop.asked
    return made


def _marks(course: Course, name: str) -> dict[str, Marks]:
    """The marks that are there; to look whether there are any makes no gradebook."""
    url = sqlalchemy.engine.make_url(course.directory.db_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return {}
    with contextlib.closing(ClassGradebook(course, name)) as book:
        return book.marks()


def _waiting(course: Course, name: str, everyone: list[str], job: GradingJob, force: bool, made: Preview,
             ) -> Iterator[tuple[str, SubmissionTask | None]]:
    store = Store(course, name)
    for student in everyone:
        task = read_task(course, name, student)
        if not force and store.finished(student, task.digest(job)):
            made.unchanged.append(student)
            yield student, None
        else:
            yield student, task


def _after(notebook: dict[str, Any], before: Marks) -> Marks:
    """The marks that a graded notebook would give: what a person has given stays."""
    found = {}
    for cell in nbformat.from_dict(notebook).cells:
        if not utils.is_grade(cell):
            continue
        auto, points = utils.determine_grade(cell)
        old = before.get(grade_id_of(cell))
        found[grade_id_of(cell)] = Mark(auto, old.manual if old else None, points, old.extra if old else 0.0)
    return found
