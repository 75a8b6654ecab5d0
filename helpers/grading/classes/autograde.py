"""Autogrades a class: many workers, one writer, and nothing lost wherever it is stopped.

Each result is stored on disk as it comes, under a digest of the submission, the problem set and this kit, and is
then written to the gradebook in one transaction. A second run finds what is there: it grades what is missing or has
changed, and writes what was graded but not yet written.
"""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
import importlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any

import nbformat
from nbgrader import api
from nbgrader.preprocessors import CheckCellMetadata
from traitlets.utils.importstring import import_item

from helpers.grading.classes import by_nbgrader
from helpers.grading.classes.changes import (
    PENALTY,
    Change,
    changes_of,
    keep_parts,
    kept_parts,
    parts_of,
    submission_digest,
    why,
)
from helpers.grading.classes.pool import Pool, StopSignal
from helpers.grading.classes.store import Store
from helpers.grading.classes.submitted import read_task, students_of, timestamp_bytes, timestamp_of
from helpers.grading.classes.summary import Summary
from helpers.grading.course.disk import unwritable, write_whole
from helpers.grading.course.errors import CourseError
from helpers.grading.course.extensions import extensions_of
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.gradebook.backup import back_up
from helpers.grading.gradebook.byhand import digests, keep_answers, keep_by_hand
from helpers.grading.gradebook.errors_in_words import answering, patiently
from helpers.grading.gradebook.lateness import policy_of
from helpers.grading.gradebook.mark import Mark, Marks
from helpers.grading.gradebook.removed import is_removed, remember
from helpers.grading.marking.job import GradingJob, Result, SubmissionTask
from helpers.grading.marking.prepared import job_of
from helpers.grading.marking.worker import grade, problem_set_of, start_worker
from helpers.grading.notebooks.files import all_aside, passed_files
from helpers.grading.notebooks.restore import restore
from helpers.grading.sandbox.sandbox import FORKS, ExposedError, SandboxError, warm_sandbox
from helpers.grading.text import by_reason

STUCK_SECONDS = 1_200.0  # beside what notebooks may take: for checks and for a machine that others use
READ_ONLY, SHARED = 0o440, 0o660  # as nbgrader leaves autograded files, without the rights of all others


def autograde(course: Course, name: str, *, workers: int | None = None, scheduler: str = "", force: bool = False,
              sandbox: str | None = None, run_experiments: bool = False, students: list[str] | None = None,
              progress: Callable[[int, int, str], None] = lambda done, of, student: None) -> Summary:
    """Grade every submission of a problem set that has not been graded as it is now.

    `progress(done, of, student)` is told of every step. Ctrl-C lets the running submissions end; calling again goes on.

    Raises:
        CourseError: if nothing can be graded, with what to do.
    """
    start = time.monotonic()
    everyone = students if students is not None else students_of(course, name)
    if course.notebooks(name) != [name]:
        return by_nbgrader.autograde(course, name, everyone, force=force, sandbox=sandbox, progress=progress)
    assignment = job_of(course, name, sandbox=sandbox, run_experiments=run_experiments)
    books.register(course, name, nbformat.reads(assignment.recorded, as_version=4))
    store, summary = Store(course, name), Summary(name, nobodys=course.nobodys("submitted", name))
    with answering(course), contextlib.closing(_opened(course, name)) as book, book.writing(), \
            StopSignal() as stop, graders_for(assignment, workers, scheduler) as graders:
        writer = Writer(course, name, book, store, summary, parts_of(assignment))
        before = _marks_and_penalties(book)
        everyone = _without_removed(course, name, everyone, book, summary)
        waiting = _waiting(course, name, everyone, assignment, store, book, summary, force, writer.submissions)
        total, done = len(everyone), 0
        for (student, digest, result), task, outcome in graders.outcomes(waiting, stop):
            if task is not None:
                content = as_result(assignment, task, outcome)
                result = Result.from_bytes(content)
                if result.final:
                    _keep(store, student, digest, content)
            if result is not None:
                writer.write(student, digest, result)
            done += 1
            progress(done, total, student)
        summary.interrupted = stop.asked
        _bring_up_to_date(course, name, book, {*summary.already, *summary.graded} - {*summary.earlier})
        summary.regraded = len(before.keys() & {*summary.graded})
        summary.changes = _changes(before, _marks_and_penalties(book), writer.reasons)
    summary.left = total - done
    summary.wall = time.monotonic() - start
    return summary


def _opened(course: Course, name: str) -> books.ClassGradebook:
    return patiently(lambda: books.ClassGradebook(course, name), course)


def _waiting(course: Course, name: str, everyone: list[str], assignment: GradingJob, store: Store,
             book: books.ClassGradebook, summary: Summary, force: bool, submissions: dict[str, str],
             ) -> Iterator[tuple[tuple[str, str, Result | None], SubmissionTask | None]]:
    """Student by student: what to grade, a result that is only to be written, or neither for what is done already."""
    in_book = book.recorded_students()
    for student in everyone:
        task = read_task(course, name, student)
        digest = task.digest(assignment)
        submissions[student] = submission_digest(task)
        there = student in in_book and (course.folder("autograded", student, name) / f"{name}.ipynb").exists()
        if not force and there and store.finished(student, digest):
            summary.already.append(student)
            yield (student, digest, None), None
        elif not force and (result := store.result(student, digest)) is not None:
            yield (student, digest, result), None
        else:
            yield (student, digest, None), task


def graders_for(assignment: GradingJob, workers: int | None, scheduler: str) -> Pool:
    return Pool(partial(grade, assignment), workers, scheduler, partial(shared, assignment),
                partial(start_worker, assignment), seconds=stuck_after([assignment]))


def stuck_after(jobs: Iterable[GradingJob]) -> float:
    """Seconds without any outcome after which a worker must be stuck in what nothing inside can end."""
    return STUCK_SECONDS + 4 * max(job.limits.notebook_seconds for job in jobs)


@contextlib.contextmanager
def shared(assignment: GradingJob) -> Iterator[None]:
    """What forked workers have of their driver: a warm process, the problem set, and what every reference imports."""
    try:
        sandbox = warm_sandbox(assignment.sandbox, assignment.private)
    except ExposedError as error:
        raise CourseError(str(error)) from None
    except SandboxError as error:
        raise CourseError(f"{error}\nTo grade without walls all the same, say --sandbox none") from None
    with contextlib.closing(sandbox):
        if FORKS:
            sandbox.start()  # it imports while this goes on
            importlib.import_module("matplotlib.pyplot")
            problem_set_of(assignment)
        yield


def as_result(assignment: GradingJob, task: SubmissionTask, outcome: bytes | Exception) -> bytes:
    """A result, whatever has happened: what is ours, not the student's, must not cost the class its marks."""
    if isinstance(outcome, bytes):
        return outcome
    if isinstance(outcome, OSError):
        raise unwritable(outcome) from outcome
    reason = f"The grader itself failed, which is no fault of yours ({type(outcome).__name__}: {outcome}). " \
             "A person has to look."
    if isinstance(outcome, (BrokenProcessPool, futures.CancelledError)):
        reason = "Grading it ended the grader's process, twice, with no other submission beside it."
    recorded = nbformat.reads(assignment.recorded, as_version=4)
    return Result(task.student, json.dumps(restore(recorded, recorded, reason)), reason, final=False).to_bytes()


def _keep(store: Store, student: str, digest: str, content: bytes) -> None:
    try:
        store.keep(student, digest, content)
    except OSError as error:
        raise unwritable(error) from error


class Writer:
    """The one writer: gradebook and files, submission by submission."""

    def __init__(self, course: Course, name: str, book: books.ClassGradebook, store: Store, summary: Summary,
                 parts: dict[str, Any]):
        self.course, self.name, self.book, self.store, self.summary = course, name, book, store, summary
        self.steps = writing_steps(course)
        self.lost = keep_by_hand(course.root, name, book)
        self.parts = parts
        self.submissions: dict[str, str] = {}
        self.reasons: dict[str, dict[str, str]] = {}
        self.regrade, self.extensions = bool(book.recorded_students()), extensions_of(course.root, name)

    def write(self, student: str, digest: str, result: Result) -> None:
        timestamp = timestamp_of(self.course, self.name, student)
        notebook = nbformat.from_dict(json.loads(result.notebook))
        if self.regrade:
            back_up(self.course.root, self.course.directory.db_url, self.name)
            self.regrade = False  # once a run
        start = time.monotonic()
        known = {"root": str(self.course.root), "lost": self.lost.get(student), "until": self.extensions}
        try:
            late = patiently(lambda: self.book.record(student, notebook, timestamp, self.steps, **known), self.course)
        except books.EarlierCounts as error:  # its result stays in the store: with an extension it may count
            self._keep_earlier(student, str(error))
            return
        self.summary.in_book += time.monotonic() - start
        before, submission = kept_parts(self.course.root, self.name, student), self.submissions.get(student, "")
        self.reasons[student] = {cell: why(cell, before, self.parts, submission) for cell in self.parts["points"]}
        try:
            self._write_files(student, notebook)
            if result.final:
                keep_parts(self.course.root, self.name, student, self.parts, submission)
                keep_answers(self.course.root, self.name, student, digests(notebook))
                self.store.finish(student, digest)
            else:
                self.summary.again.append(student)
        except OSError as error:
            raise unwritable(error) from error
        summary = self.summary
        summary.graded.append(student)
        summary.seconds[student] = result.seconds
        if late:
            summary.late[student] = late
        facts = notebook.metadata.get("grading", {})
        for kept, said in ((summary.asks, by_reason(facts.get("asks", {}))),
                           (summary.causes, facts.get("causes", []))):
            if said:
                kept[student] = said
        if result.note:
            summary.notes[student] = result.note
        if result.ended:
            summary.ended[student] = result.ended

    def _keep_earlier(self, student: str, says: str) -> None:
        """The graded notebook of before stays, and says why."""
        self.summary.earlier[student] = says
        self.summary.already.append(student)
        path = self.course.folder("autograded", student, self.name) / f"{self.name}.ipynb"
        try:
            notebook = json.loads(path.read_bytes())
            notebook["metadata"].setdefault("grading", {})["earlier"] = says
            write_whole(path, as_text(notebook))
            path.chmod(READ_ONLY)
        except (OSError, ValueError, KeyError) as error:
            raise unwritable(error if isinstance(error, OSError) else OSError(None, str(error), str(path))) from error

    def _write_files(self, student: str, notebook: nbformat.NotebookNode) -> None:
        """`autograded/<student>/<ps>`: the notebook, the assignment's own files, and the student's where they cannot
        act."""
        target = self.course.folder("autograded", student, self.name)
        submitted = self.course.folder("submitted", student, self.name)
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        own = {**self.course.own_files(self.name), f"{self.name}.ipynb": as_text(notebook)}
        with contextlib.suppress(OSError):
            own["timestamp.txt"] = timestamp_bytes(submitted)
        handed_in = {name: data for name, data in passed_files(submitted).items() if name not in own}
        theirs = {place: handed_in[name] for name, place in all_aside(handed_in).items()}
        for name, content in (theirs | own).items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(SHARED if self.course.directory.groupshared else READ_ONLY)
        if target.exists():
            shutil.rmtree(target)
        os.replace(fresh, target)


def as_text(notebook: Any) -> bytes:
    """Without nbformat's writer: it compares each cell with the schema, as it was made, and indents in pure Python."""
    return json.dumps(notebook, ensure_ascii=False, sort_keys=True, separators=(",\n", ": ")).encode()


def _without_removed(course: Course, name: str, everyone: list[str], book: books.ClassGradebook, summary: Summary,
                     ) -> list[str]:
    """Whom somebody took out of this gradebook stays out; in one that was lost or made anew everybody is new."""
    known = {row[0] for row in book.db.query(api.Student.id)}
    same = remember(course, name, book)
    summary.removed = [student for student in everyone if same and is_removed(course, name, student, known)]
    return [student for student in everyone if student not in summary.removed]


def _bring_up_to_date(course: Course, name: str, book: books.ClassGradebook, students: set[str]) -> None:
    """Timestamps as they are in the folders now, and lateness from them."""
    times = {student: timestamp_of(course, name, student) for student in students}
    until, step = extensions_of(course.root, name), policy_of(course)
    patiently(lambda: book.bring_up_to_date({s: when for s, when in times.items() if when}, until, step), course)


def _marks_and_penalties(book: books.ClassGradebook) -> dict[str, Marks]:
    """Every mark, and a student's late penalty as if it were one."""
    marks = book.marks()
    for student, penalty in book.penalties().items():
        marks.setdefault(student, {})[PENALTY] = Mark(auto=-penalty, manual=None, points=0.0)
    return marks


def _changes(before: dict[str, Marks], after: dict[str, Marks], reasons: dict[str, dict[str, str]]) -> list[Change]:
    found: list[Change] = []
    for student in sorted(before):
        own = {PENALTY: "due date, extension, time or policy", **reasons.get(student, {})}
        found += changes_of(student, before[student], after.get(student, {}), own)
    return found


def writing_steps(course: Course) -> list[Any]:
    """The configured autograding steps that come after execution, each made once for the class.

    Never one that executes: submissions have been, inside the walls, whatever the configuration lists.

    Without CheckCellMetadata: a restored submission carries the assignment's own metadata, which has been checked once.
    """
    from nbgrader.converters import Autograde

    from helpers.grading.marking.steps import GradeInWalls, executes

    steps = Autograde(coursedir=course.directory, config=course.config).autograde_preprocessors
    made = []
    for step in steps:
        kind = import_item(step) if isinstance(step, str) else step
        if not issubclass(kind, (GradeInWalls, CheckCellMetadata)) and not executes(kind):
            made.append(kind(config=course.config, enabled=True))
    return made
