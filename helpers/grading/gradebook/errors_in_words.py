"""What to do about a database that does not answer."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy

from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course

LOCKED_FOR = 30.0  # seconds to wait for a database that another program holds


def unusable(course: Course, error: Exception) -> CourseError:
    """What to do about a database that does not answer."""
    said = str(getattr(error, "orig", error))
    where = course.directory.db_url.split("@")[-1]
    if "disk is full" in said or "No space left" in said:  # SQLite's words, and PostgreSQL's
        return CourseError("the disk is full: make room and start again; what was graded is kept")
    if "readonly" in said:
        return CourseError(f"the gradebook {where} is read-only: put its permissions and its folder's right and start "
                           "again; what was graded is kept")
    if "locked" in said:
        return CourseError(f"the gradebook {where} is locked by another program: close formgrader's or nbgrader's "
                           "running command and start again; what was graded is kept")
    if re.search(r"no such (column|table)|no column named|column .* does not exist", said):
        return CourseError(f"the gradebook {where} was made by an older nbgrader: back it up, run "
                           "`nbgrader db upgrade` and start again; what was graded is kept")
    return CourseError(f"the gradebook {where} does not answer ({said.splitlines()[0]}): correct COURSE_DB_URL or "
                       "start the database; what was graded is kept")


@contextlib.contextmanager
def answering(course: Course) -> Iterator[None]:
    """A database that fails in this block is told in a line. Raises CourseError."""
    try:
        yield
    except (sqlalchemy.exc.OperationalError, sqlalchemy.exc.ProgrammingError) as error:
        raise unusable(course, error) from error


def patiently(write: Any, course: Course, patience: float = LOCKED_FOR) -> Any:
    """`write()`, tried again for a while if another program holds the database.

    Raises:
        CourseError: if it stays locked, or does not answer.
    """
    deadline, pause = time.monotonic() + patience, 0.1
    while True:
        try:
            return write()
        except sqlalchemy.exc.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise unusable(course, error) from error
            time.sleep(pause)
            pause = min(2 * pause, 2.0)
