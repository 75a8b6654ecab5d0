"""Autogrades a class: many workers, one writer, and nothing lost wherever it is stopped.

Each result is stored on disk as it comes, under a digest of the submission, the problem set and this kit, and is
then written to the gradebook in one transaction. A second run finds what is there: it grades what is missing or has
changed, and writes what was graded but not yet written.
"""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
import hashlib
import importlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import nbformat
from nbgrader.utils import parse_utc

from . import gradebook as books
from .course import Course, CourseError
from .disk import unwritable, write_whole
from .restore import notebook_file, passed_files, restore, with_own_files
from .sandbox import FORKS, SandboxError, warm_sandbox
from .wire import clean_text
from .work import Assignment, Result, Task, grade, prepare, problem_set_of
from .workers import Pool, StopSignal

READ_ONLY = 0o444  # as nbgrader leaves autograded files
TIMESTAMP_BYTES = 100


@dataclass
class Summary:
    """What a run did; `notes` says by student why a submission is broken."""

    name: str
    graded: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    late: dict[str, float] = field(default_factory=dict)  # seconds
    ended: dict[str, str] = field(default_factory=dict)  # why a student's process ended early
    seconds: dict[str, float] = field(default_factory=dict)
    interrupted: bool = False
    left: int = 0
    wall: float = 0.0
    in_book: float = 0.0  # of it, seconds in the gradebook

    @property
    def slowest(self) -> list[tuple[str, float]]:
        return sorted(self.seconds.items(), key=lambda item: -item[1])[:3]


class Store:
    """Results by student, on disk: `graded` until the gradebook has them, `done` after."""

    def __init__(self, course: Course, name: str):
        self.graded = course.root / ".coursekit" / name / "graded"
        self.done = course.root / ".coursekit" / name / "done"
        for folder in (self.graded, self.done):
            folder.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def _file(student: str) -> str:
        return hashlib.sha256(student.encode()).hexdigest()[:32]

    def keep(self, student: str, digest: str, content: bytes) -> None:
        write_whole(self.graded / self._file(student), digest.encode() + b"\n" + content)

    def result(self, student: str, digest: str) -> Result | None:
        """The stored result, if it is of this digest and whole."""
        try:
            known, content = (self.graded / self._file(student)).read_bytes().split(b"\n", 1)
            return Result.from_bytes(content) if known.decode() == digest else None
        except (OSError, ValueError, TypeError):
            return None

    def finish(self, student: str, digest: str) -> None:
        write_whole(self.done / self._file(student), digest.encode())
        (self.graded / self._file(student)).unlink(missing_ok=True)

    def finished(self, student: str, digest: str) -> bool:
        try:
            return (self.done / self._file(student)).read_bytes().decode() == digest
        except (OSError, ValueError):
            return False


def students_of(course: Course, name: str) -> list[str]:
    """Who handed something in for a problem set.

    Raises:
        CourseError: if nobody did.
    """
    submitted = course.folder("submitted", "*", name)
    found = sorted(path.parent.name for path in submitted.parent.parent.glob(f"*/{name}") if path.is_dir())
    if not found:
        raise CourseError(f"nobody has handed in {name}: {submitted.parent.parent} has no folder */{name}. "
                          f"Collect with `nbgrader collect {name}` or copy submissions there")
    return found


def read_task(course: Course, name: str, student: str) -> Task:
    """A submission as bytes. What cannot be read becomes a reason, not an exception."""
    folder = course.folder("submitted", student, name)
    try:
        content, why = notebook_file(folder / f"{name}.ipynb")
        if content is not None:
            return Task(student, content, tuple(sorted(passed_files(folder).items())))
        others = [clean_text(path.name) for path in sorted(folder.glob("*.ipynb")) if path.name != f"{name}.ipynb"]
        if others and why.startswith("The folder has no notebook"):
            why = f"The folder holds {', '.join(others)[:200]} but no {name}.ipynb: hand in that name."
        return Task(student, None, reason=why)
    except OSError as error:
        return Task(student, None, reason=f"The submission cannot be read ({error.strerror}): put its permissions "
                                          "right and grade again.")


def timestamp_of(course: Course, name: str, student: str) -> datetime | None:
    """When it was handed in, as nbgrader's exchange wrote it; None if nobody knows."""
    try:
        text = _timestamp(course.folder("submitted", student, name)).decode("utf-8").strip()
        return parse_utc(text) if text else None
    except (OSError, ValueError, OverflowError, ArithmeticError, TypeError):
        return None


def _timestamp(folder: Path) -> bytes:
    """The small file beside a submission. Raises OSError for anything else: a link, or a pipe that never ends."""
    path = folder / "timestamp.txt"
    if path.is_symlink() or not path.is_file() or path.stat().st_size > TIMESTAMP_BYTES:
        raise FileNotFoundError(path)
    return path.read_bytes()


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
    assignment = course.assignment(name, sandbox=sandbox, run_experiments=run_experiments)
    books.register(course, name, nbformat.reads(assignment.recorded, as_version=4))
    store, summary = Store(course, name), Summary(name)
    with contextlib.closing(_opened(course, name)) as book, book.writing(), StopSignal() as stop, \
            _graders(assignment, workers, scheduler) as graders:
        writer = _Writer(course, name, book, store, summary)
        waiting = _waiting(course, name, everyone, assignment, store, book, summary, force)
        total, done = len(everyone), 0
        for (student, digest, result), task, outcome in graders.outcomes(waiting, stop):
            if task is not None:
                content = _as_result(assignment, task, outcome)
                _keep(store, student, digest, content)
                result = Result.from_bytes(content)
            if result is not None:
                writer.write(student, digest, result)
            done += 1
            progress(done, total, student)
        summary.interrupted = stop.asked
    summary.left = total - done
    summary.wall = time.monotonic() - start
    return summary


def _opened(course: Course, name: str) -> books.ClassGradebook:
    return books.patiently(lambda: books.ClassGradebook(course, name), course)


def _waiting(course: Course, name: str, everyone: list[str], assignment: Assignment, store: Store,
             book: books.ClassGradebook, summary: Summary, force: bool,
             ) -> Iterator[tuple[tuple[str, str, Result | None], Task | None]]:
    """Student by student: what to grade, a result that is only to be written, or neither for what is done already."""
    in_book = book.recorded_students()
    for student in everyone:
        task = read_task(course, name, student)
        digest = task.digest(assignment)
        there = student in in_book and (course.folder("autograded", student, name) / f"{name}.ipynb").exists()
        if not force and there and store.finished(student, digest):
            summary.already.append(student)
            yield (student, digest, None), None
        elif not force and (result := store.result(student, digest)) is not None:
            yield (student, digest, result), None
        else:
            yield (student, digest, None), task


def _graders(assignment: Assignment, workers: int | None, scheduler: str) -> Pool:
    return Pool(partial(grade, assignment), workers, scheduler, partial(_shared, assignment),
                partial(prepare, assignment))


@contextlib.contextmanager
def _shared(assignment: Assignment) -> Iterator[None]:
    """What forked workers have of their driver: a warm process, the problem set, and what every reference imports."""
    try:
        sandbox = warm_sandbox(assignment.sandbox)
    except SandboxError as error:
        raise CourseError(f"{error}\nTo grade without walls all the same, say --sandbox none") from None
    with contextlib.closing(sandbox):
        if FORKS:
            sandbox.start()  # it imports while this goes on
            importlib.import_module("matplotlib.pyplot")
            problem_set_of(assignment)
        yield


def _as_result(assignment: Assignment, task: Task, outcome: bytes | Exception) -> bytes:
    """A result, whatever has happened: what is ours, not the student's, must not cost the class its marks."""
    if isinstance(outcome, bytes):
        return outcome
    if isinstance(outcome, OSError):
        raise unwritable(outcome) from outcome
    reason = f"The grader itself failed, which is no fault of yours ({type(outcome).__name__}: {outcome}). " \
             "A person has to look."
    if isinstance(outcome, (BrokenProcessPool, futures.CancelledError)):
        reason = "Grading it ended the grader's process, twice."
    recorded = nbformat.reads(assignment.recorded, as_version=4)
    return Result(task.student, json.dumps(restore(recorded, recorded, reason)), reason).to_bytes()


def _keep(store: Store, student: str, digest: str, content: bytes) -> None:
    try:
        store.keep(student, digest, content)
    except OSError as error:
        raise unwritable(error) from error


class _Writer:
    """The one writer: gradebook and files, submission by submission."""

    def __init__(self, course: Course, name: str, book: books.ClassGradebook, store: Store, summary: Summary):
        self.course, self.name, self.book, self.store, self.summary = course, name, book, store, summary
        self.steps = books.writing_steps(course)

    def write(self, student: str, digest: str, result: Result) -> None:
        timestamp = timestamp_of(self.course, self.name, student)
        notebook = nbformat.from_dict(json.loads(result.notebook))
        start = time.monotonic()
        late = books.patiently(lambda: self.book.record(student, notebook, timestamp, self.steps), self.course)
        self.summary.in_book += time.monotonic() - start
        try:
            self._write_files(student, notebook)
            self.store.finish(student, digest)
        except OSError as error:
            raise unwritable(error) from error
        summary = self.summary
        summary.graded.append(student)
        summary.seconds[student] = result.seconds
        if late:
            summary.late[student] = late
        if result.note:
            summary.notes[student] = result.note
        if result.ended:
            summary.ended[student] = result.ended

    def _write_files(self, student: str, notebook: nbformat.NotebookNode) -> None:
        """`autograded/<student>/<ps>` as nbgrader leaves it: the student's files, the assignment's own over them."""
        target = self.course.folder("autograded", student, self.name)
        submitted = self.course.folder("submitted", student, self.name)
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        # Without nbformat's writer: it compares each cell with the schema, as it was made, and indents in pure Python.
        text = json.dumps(notebook, ensure_ascii=False, sort_keys=True, separators=(",\n", ": "))
        own = {**self.course.own_files(self.name), f"{self.name}.ipynb": text.encode()}
        with contextlib.suppress(OSError):
            own["timestamp.txt"] = _timestamp(submitted)
        files = with_own_files(passed_files(submitted), own)
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(READ_ONLY)
        if target.exists():
            shutil.rmtree(target)
        os.replace(fresh, target)


def as_json(summary: Summary) -> str:
    return json.dumps(summary.__dict__, indent=1)
