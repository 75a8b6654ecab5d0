"""What a worker does with one submission: bytes in, bytes out; no shared file system, no database.

A worker keeps what costs time to make: the problem set with its reference results, and the sandbox with its warm
process. Both are made anew when a task brings other ones.
"""

from __future__ import annotations

import copy
import json
import os
import threading
import time
from functools import lru_cache

import nbformat
from nbformat import NotebookNode

from helpers.grading.marking import bounds
from helpers.grading.marking.job import GradingJob, Result, SubmissionTask
from helpers.grading.marking.notebook import grade_cells
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks import master as masters
from helpers.grading.notebooks.choosing import choose
from helpers.grading.notebooks.files import with_own_files
from helpers.grading.notebooks.restore import restore
from helpers.grading.sandbox.sandbox import warm_sandbox


def grade(assignment: GradingJob, task: SubmissionTask, problem_set: ProblemSet | None = None) -> bytes:
    """Grade one submission; the `Result` as bytes. Whatever a submission does is in it, never an exception.

    problem_set: if it is made already, for another seed or depth than the assignment's for example.
    """
    start = time.perf_counter()
    problem_set = problem_set or problem_set_of(assignment)
    notebook, note = restored(task, problem_set.recorded, assignment.name)
    graded = grade_cells(notebook, problem_set, assignment, with_own_files(task.files, assignment.files))
    told = [{"grade_id": grade_id, **verdict.to_dict()} for grade_id, verdict in graded.verdicts.items()]
    return Result(task.student, json.dumps(notebook), note, graded.ended, told,
                  time.perf_counter() - start, final=not (graded.machine or graded.fell)).to_bytes()


def restored(task: SubmissionTask, recorded: NotebookNode, name: str) -> tuple[NotebookNode, str]:
    """A submission in the assignment's shape, and why it is an untouched copy of that, if it is one."""
    try:
        with bounds.within(bounds.READ_SECONDS):
            chosen = choose(task.notebook, task.others, recorded, name, task.reason)
            return restore(chosen.notebook, recorded, chosen.note, chosen.told), chosen.note
    except bounds.TooLong as error:
        note = f"The notebook cannot be read: it {error}. Take out what is no part of an answer and hand it in again."
    except Exception as error:  # whatever a text has brought about is its own submission's trouble, and for good
        note = (f"The notebook cannot be read ({type(error).__name__}). Take out what is no part of an answer and hand "
                "it in again.")
    return restore(copy.deepcopy(recorded), recorded, note), note


@lru_cache(maxsize=16)  # a service has all sets of a course
def problem_set_of(assignment: GradingJob) -> ProblemSet:
    master = masters.parse(assignment.master, assignment.name) if assignment.master else None
    return ProblemSet(assignment.name, nbformat.reads(assignment.source, as_version=4), master,
                      nbformat.reads(assignment.recorded, as_version=4), dict(assignment.files))


def start_worker(assignment: GradingJob) -> None:
    """Warm a worker up. Workers yield to the driver: all of them wait for the one who writes."""
    if hasattr(os, "nice"):
        os.nice(5)
    threading.Thread(target=_end_with_the_driver, args=(os.getppid(),), daemon=True).start()
    warm_sandbox(assignment.sandbox, assignment.private).start()  # it imports while this goes on
    problem_set_of(assignment)


def _end_with_the_driver(driver: int) -> None:
    """A worker of a killed driver would wait for ever, and its warm process with it."""
    while os.getppid() == driver:
        time.sleep(1.0)
    os._exit(1)


