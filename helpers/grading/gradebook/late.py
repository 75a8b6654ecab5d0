"""Lateness: due date, extension, timestamp and policy, applied whenever something is made of the marks.

A penalty that was computed when a submission was graded is out of date once the due date moves, an extension is given
or a person gives points. So nothing relies on it: pages, reports and exports apply the policy first. It is nbgrader's
own, as the course's configuration names it, and what it says is kept where nbgrader keeps it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy
from nbgrader import api
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.orm import selectinload

from helpers.grading.course.errors import CourseError
from helpers.grading.course.extensions import extensions_of
from helpers.grading.course.folder import Course
from helpers.grading.gradebook.errors_in_words import patiently, unusable
from helpers.grading.gradebook.gradebook import ClassGradebook


@dataclass
class Lateness:
    """One submission: seconds late after what extension there is, and the penalty before and now."""

    student: str
    seconds: float
    before: float
    penalty: float
    score: float  # without the penalty


def policy_of(course: Course) -> Any:
    """nbgrader's step that knows the policy, with its plugin made."""
    step = AssignLatePenalties(config=course.config)
    step.init_plugin()
    return step


def apply_late_policy(course: Course, name: str) -> list[Lateness]:
    """Bring every submission's extension and penalty to what they are now; only what has changed is written.

    Raises:
        CourseError: if the database cannot be used.
    """
    return patiently(lambda: _apply(course, name), course)


def _apply(course: Course, name: str) -> list[Lateness]:
    with contextlib.closing(ClassGradebook(course, name)) as book:
        step, until = policy_of(course), extensions_of(course.root, name)
        query = (book.db.query(api.SubmittedAssignment)
                 .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
                 .filter(api.Assignment.name == name)
                 .options(selectinload(api.SubmittedAssignment.notebooks)))
        found = [apply_to(submission, step, until) for submission in query]
        if book.db.dirty:
            book.db.commit()
        return sorted(found, key=lambda one: one.student)


def apply_to(submission: api.SubmittedAssignment, step: Any, until: dict[str, datetime]) -> Lateness:
    """Set a submission's extension and penalty; what is as it was is not touched."""
    student = submission.student_id
    set_extension(submission, until)
    late = float(submission.total_seconds_late)
    (notebook,) = submission.notebooks
    before, score = notebook.late_submission_penalty or 0.0, float(notebook.score)
    penalty = None
    if late > 0:
        penalty = step.plugin_inst.late_submission_penalty(student, score, late)
        penalty = None if penalty is None else float(step._check_late_penalty(notebook, penalty))
    if (penalty or 0.0) != before:
        notebook.late_submission_penalty = penalty
    return Lateness(student, late, float(before), penalty or 0.0, score)


def set_extension(submission: api.SubmittedAssignment, until: dict[str, datetime]) -> None:
    """An extension of ours comes before one that was set in nbgrader; without one of ours, that one stays."""
    due, end = submission.assignment.duedate, until.get(submission.student_id)
    if due is None or end is None:
        return
    extension = end - due if end > due else None
    if submission.extension != extension:
        submission.extension = extension


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


def known_student(course: Course, name: str, student: str) -> None:
    """Raises CourseError, with names that are near, if the gradebook does not know a student."""
    import difflib

    with contextlib.closing(ClassGradebook(course, name)) as book:
        known = [row[0] for row in book.db.query(api.Student.id)]
    if student not in known:
        near = difflib.get_close_matches(student, known, 3, 0.5)
        raise CourseError(f"“{student}” is none of the {len(known)} students in the gradebook"
                          + (f"; did you mean {' or '.join(near)}?" if near else "")
                          + " Add students with `coursekit roster FILE` or `nbgrader db student add`")
