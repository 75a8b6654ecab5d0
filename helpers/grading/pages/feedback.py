"""Feedback pages for a class: many workers, each page written once, and nothing lost wherever it is stopped.

A page carries a digest of everything that it is made of: the graded notebook, marks, comments and this kit. A second
run writes the pages whose digest has changed, and no others.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from nbformat import v4
from nbgrader import api

from helpers.grading.classes.one_by_one import last_line, one_by_one
from helpers.grading.classes.pool import Pool, StopSignal
from helpers.grading.course.disk import unwritable
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.gradebook.late import apply_late_policy
from helpers.grading.gradebook.mark import Marks
from helpers.grading.gradebook.removed import is_removed, students_in_the_gradebook
from helpers.grading.notebooks import outline
from helpers.grading.notebooks.files import NBGRADERS
from helpers.grading.pages import exporter
from helpers.grading.pages import page as pages
from helpers.grading.pages.clock import PAGE_SECONDS

RELEASED_BYTES = 1_000
END = b"</html>"
STUCK_SECONDS = 120.0  # without any page from any worker: then they are ended; a page's own limit is a twentieth
GIVEN_BACK = 0o664  # `nbgrader release_feedback` copies a page with its rights: the student must be able to read it


@dataclass
class Written:
    """What a run did; `broken` says by student why there is no page."""

    written: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False
    left: int = 0
    wall: float = 0.0


@dataclass(frozen=True)
class PageTask:
    """One page to write, as plain data."""

    student: str
    content: str  # the graded notebook
    facts: dict[str, Any]  # what nbgrader's template knows of the submission
    marks: Marks
    comments: dict[str, str]
    hiding: pages.Hiding
    digest: str


def feedback(course: Course, name: str, *, workers: int | None = None, scheduler: str = "", force: bool = False,
             progress: Callable[[int, int, str], None] = lambda done, of, student: None) -> Written:
    """Write the page of every graded submission whose page is not current.

    `progress(done, of, student)` is told of every step. Ctrl-C lets the running pages end; calling again goes on.

    Raises:
        CourseError: if nothing has been graded, or pages cannot be written.
    """
    start = time.monotonic()
    if course.notebooks(name) != [name]:
        return by_nbgrader(course, name, progress)
    graded = graded_notebooks(course, name)
    apply_late_policy(course, name)
    summary, done = Written(), 0
    with StopSignal() as stop, Pool(page_or_reason, workers, scheduler, share=_warm, seconds=STUCK_SECONDS) as writers:
        for student, page in _pages(_waiting(course, name, graded, summary, force), writers, stop):
            if isinstance(page, str):
                summary.broken[student] = page
            elif page is not None:
                keep_page(course, name, student, page)
                summary.written.append(student)
            done += 1
            progress(done, len(graded), student)
        summary.interrupted = stop.asked
    summary.left = len(graded) - done
    summary.wall = time.monotonic() - start
    return summary


def by_nbgrader(course: Course, name: str, progress: Callable[[int, int, str], None]) -> Written:
    """`feedback` for an assignment of several notebooks, or of one with another name: nbgrader's own command with this
    kit's exporter in it, one student after the other, and every page anew.

    Raises:
        CourseError: if nothing has been graded.
    """
    start, summary = time.monotonic(), Written()
    graded = [student for student, folder in course.students("autograded", name).items() if any(folder.glob("*.ipynb"))]
    if not graded:
        raise CourseError(f"nothing of {name} has been graded: run `coursekit autograde {name}` first")
    apply_late_policy(course, name)
    for nbgrader, student in one_by_one(course, graded, summary, progress):
        said = nbgrader.generate_feedback(name, glob.escape(student), force=True)  # nbgrader takes it for a pattern
        if said["success"]:
            summary.written.append(student)
        else:
            summary.broken[student] = last_line(said, "nbgrader does not say why")
    summary.wall = time.monotonic() - start
    return summary


def graded_notebooks(course: Course, name: str) -> dict[str, Path]:
    """Every autograded notebook of a problem set, by student.

    Raises:
        CourseError: if there is none.
    """
    graded = {student: path for student, folder in course.students("autograded", name).items()
              if (path := folder / f"{name}.ipynb").exists()}
    if not graded:
        raise CourseError(f"nothing of {name} has been graded: run `coursekit autograde {name}` first")
    return graded


def _waiting(course: Course, name: str, graded: dict[str, Path], summary: Written, force: bool,
             ) -> Iterator[tuple[tuple[str, str | None], PageTask | None]]:
    """Student by student: a page to write, why there can be none, or neither if it is current."""
    hiding = pages.Hiding.of(course.config)
    known = what_the_gradebook_says(course, name)
    roster = students_in_the_gradebook(course)
    for student, path in graded.items():
        if student not in known and is_removed(course, name, student, roster):
            yield (student, None), None
            continue
        if student not in known:
            yield (student, "it is not in the gradebook: grade it again"), None
            continue
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            yield (student, f"the graded notebook cannot be read ({type(error).__name__}): grade it again"), None
            continue
        facts, marks, comments = known[student]
        parts = repr((facts, sorted(marks.items()), sorted(comments.items()), hiding, look_digest())) + content
        digest = hashlib.sha256(parts.encode()).hexdigest()
        if not force and _is_current(course.folder("feedback", student, name) / f"{name}.html", digest):
            summary.already.append(student)
            yield (student, None), None
        else:
            yield (student, None), PageTask(student, content, facts, marks, comments, hiding, digest)


def what_the_gradebook_says(course: Course, name: str, student: str | None = None,
                            ) -> dict[str, tuple[dict[str, Any], Marks, dict[str, str]]]:
    """Student → facts of the submission, marks and comments by cell; a few queries for the whole class, or for one.

    Of comments, those that somebody has written: nbgrader's own "No response." is what the page says of such a cell.
    """
    with contextlib.closing(books.ClassGradebook(course, name)) as book:
        marks = book.marks(student)
        comments: dict[str, dict[str, str]] = {}
        for who, cell, comment in _of_assignment(book, book.db.query(
                api.Student.id, api.BaseCell.name, api.Comment.manual_comment).select_from(api.Comment)
                .join(api.BaseCell, api.BaseCell.id == api.Comment.cell_id), api.Comment, student):
            if comment:
                comments.setdefault(who, {})[cell] = comment
        known = {}
        query = (book.db.query(api.SubmittedAssignment)
                 .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
                 .filter(api.Assignment.name == name))
        if student is not None:
            query = query.filter(api.SubmittedAssignment.student_id == student)
        penalties = {row[0]: row[1] or 0.0 for row in _of_assignment(book, book.db.query(
            api.Student.id, api.SubmittedNotebook.late_submission_penalty).select_from(api.SubmittedNotebook),
            student=student)}
        for submission in query:
            who = submission.student_id
            own, penalty = marks.get(who, {}), float(penalties.get(who, 0.0))
            known[who] = ({
                "notebook": name, "assignment": name, "student": who, "address": course.settings.address,
                "next_step": dict(course.settings.next_step),
                "student_name": exporter.full_name(submission.student.first_name, submission.student.last_name),
                "score": sum(mark.score for mark in own.values()) - penalty, "late_penalty": penalty,
                "max_score": sum(mark.points for mark in own.values()),
                "seconds_late": float(submission.total_seconds_late)}, own, comments.get(who, {}))
    return known


def _of_assignment(book: books.ClassGradebook, query: Any, of: Any = None, student: str | None = None) -> Any:
    if of is not None:
        query = query.join(api.SubmittedNotebook, api.SubmittedNotebook.id == of.notebook_id)
    query = (query.join(api.SubmittedAssignment, api.SubmittedAssignment.id == api.SubmittedNotebook.assignment_id)
             .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
             .join(api.Student, api.Student.id == api.SubmittedAssignment.student_id)
             .filter(api.Assignment.name == book.name))
    return query if student is None else query.filter(api.Student.id == student)


@lru_cache(maxsize=1)
def look_digest() -> str:
    """Of what makes a page out of a notebook: a page that would look different now is not current."""
    parts = hashlib.sha256()
    room = Path(__file__).parent
    for path in (Path(outline.__file__), *sorted(room.glob("*.py")), *sorted(exporter.HERE.rglob("*.*"))):
        parts.update(os.path.relpath(path, room).encode() + b"\0" + path.read_bytes())
    return parts.hexdigest()


def _is_current(path: Path, digest: str) -> bool:
    try:
        with open(path, encoding="utf-8") as file:
            head = file.read(1_000)
        return _stamp(digest) in head and path.read_bytes().endswith(END)
    except (OSError, ValueError):
        return False


def _stamp(digest: str) -> str:
    return f'<meta name="made-of" content="{digest}">'


@contextlib.contextmanager
def _warm() -> Iterator[None]:
    """What forked workers have of their driver: the exporter, its templates, and what rendering loads."""
    exporter.warm()
    yield


def write_page(task: PageTask, seconds: float = PAGE_SECONDS) -> bytes:
    """One student's page; runs in a worker and needs nothing but the task.

    seconds: of processor time for what students wrote; what takes longer is shown as text, with 0 all of it.
    """
    notebook = v4.reads(task.content)
    pages.put_marks(notebook, task.marks, task.comments)
    page = exporter.write(notebook, task.facts, task.hiding, seconds)
    return page.replace('<meta charset="utf-8">', '<meta charset="utf-8">\n' + _stamp(task.digest), 1).rstrip().encode()


def page_or_reason(task: PageTask, seconds: float = PAGE_SECONDS) -> bytes | str:
    """The page, or why there is none: one odd notebook is no reason to leave the class without pages."""
    try:
        return write_page(task, seconds)
    except Exception as error:
        return (f"the page could not be made ({type(error).__name__}: {str(error)[:200]}): "
                "look at the graded notebook")


def _pages(waiting: Iterator[tuple[tuple[str, str | None], PageTask | None]], writers: Pool, stop: StopSignal,
           ) -> Iterator[tuple[str, bytes | str | None]]:
    """Each student's page, why there is none, or None if it is current; as they come."""
    for (student, reason), task, outcome in writers.outcomes(waiting, stop):
        if isinstance(outcome, Exception):  # its worker was ended, from outside if it was stuck
            outcome = page_or_reason(task, 0.0)
        yield student, outcome or reason


def keep_page(course: Course, name: str, student: str, page: bytes, places: Sequence[Path] = (),
              target: Path | None = None) -> None:
    """The page and what nbgrader needs beside it to release it.

    places: where that lies, if not beside what counts. target: the page's folder, if not nbgrader's.

    Raises:
        CourseError: if it cannot be written.
    """
    target = target or course.folder("feedback", student, name)
    places = places or [course.folder(step, student, name) for step in ("autograded", "submitted")]
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file in NBGRADERS:
            for path in (place / file for place in places if _is_small_text(place / file)):
                (target / file).unlink(missing_ok=True)
                shutil.copyfile(path, target / file)
                break
            else:  # handed in otherwise: nbgrader would stop at this student, and release nobody's after
                if not (target / file).exists():
                    (target / file).write_text(secrets.token_hex(16) if "secret" in file else "")
        fresh = target / f".{name}.{os.getpid()}"
        fresh.write_bytes(page)  # not forced to the disk: a page that a power cut spoils is written again
        fresh.chmod(GIVEN_BACK)
        os.replace(fresh, target / f"{name}.html")
    except OSError as error:
        raise unwritable(error) from error


def _is_small_text(path: Path) -> bool:
    """A file of nbgrader's own, and not a link, a pipe or something unreadable that a student has put there: nbgrader
    reads it whenever it releases the page."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > RELEASED_BYTES:
        return False
    return path.read_bytes().isascii()
