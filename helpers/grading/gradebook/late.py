"""Lateness: due date, extension, timestamp and policy, applied whenever something is made of the marks.

A penalty that was computed when a submission was graded is out of date once the due date moves, an extension is given
or a person gives points. So nothing relies on it: pages, reports and exports apply the policy first. It is nbgrader's
own, as the course's configuration names it, and what it says is kept where nbgrader keeps it.
"""

from __future__ import annotations

import contextlib
import difflib
from datetime import datetime

import sqlalchemy
from nbgrader import api

from helpers.grading.course.errors import CourseError
from helpers.grading.course.extensions import extensions_of
from helpers.grading.course.folder import Course
from helpers.grading.gradebook.errors_in_words import patiently, unusable
from helpers.grading.gradebook.gradebook import ClassGradebook
from helpers.grading.gradebook.lateness import Lateness, policy_of

PATIENCE = 5.0  # seconds: whoever makes a page can try again


def apply_late_policy(course: Course, name: str) -> list[Lateness]:
    """Bring every submission's extension and penalty to what they are now; only what has changed is written.

    Raises:
        CourseError: if the database cannot be used.
    """
    return patiently(lambda: _apply(course, name), course, PATIENCE)


def _apply(course: Course, name: str) -> list[Lateness]:
    with contextlib.closing(ClassGradebook(course, name)) as book:
        return book.bring_up_to_date({}, extensions_of(course.root, name), policy_of(course))


def due_date(course: Course, name: str) -> datetime | None:
    """When a problem set is due, naive in UTC; None without a date.

    Raises:
        CourseError: if the gradebook does not know the problem set.
    """
    with contextlib.closing(ClassGradebook(course, name)) as book:
        try:
            return book.find_assignment(name).duedate
        except api.MissingEntry:
            return None
        except sqlalchemy.exc.OperationalError as error:
            raise unusable(course, error) from error


def set_due_date(course: Course, name: str, due: datetime | None) -> None:
    """Set or, with None, take back a due date; a problem set that the gradebook does not know yet is added."""
    def write() -> None:
        with contextlib.closing(ClassGradebook(course, name)) as book:
            assignment = book.update_or_create_assignment(name)
            assignment.duedate = due
            book.db.commit()

    patiently(write, course)


def take_back_extension(course: Course, name: str, student: str) -> None:
    """Let the common due date count again for a student who has handed in."""
    def write() -> None:
        with contextlib.closing(ClassGradebook(course, name)) as book, contextlib.suppress(api.MissingEntry):
            book.find_submission(name, student).extension = None
            book.db.commit()

    patiently(write, course)


def known_student(course: Course, name: str, student: str) -> None:
    """Raises CourseError, with names that are near, if the gradebook does not know a student."""
    with contextlib.closing(ClassGradebook(course, name)) as book:
        known = [row[0] for row in book.db.query(api.Student.id)]
    if student not in known:
        near = difflib.get_close_matches(student, known, 3, 0.5)
        raise CourseError(f"“{student}” is none of the {len(known)} students in the gradebook"
                          + (f"; did you mean {' or '.join(near)}" if near else "")
                          + ". Add students with `coursekit roster FILE` or `nbgrader db student add`")
