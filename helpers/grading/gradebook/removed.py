"""Students who were taken out of the gradebook: they are gone from every page, though their files still lie there."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from nbgrader import api

from helpers.grading.course.disk import unwritable, write_whole
from helpers.grading.course.folder import Course
from helpers.grading.gradebook.byhand import graded_answers


def students_in_the_gradebook(course: Course) -> set[str]:
    with contextlib.closing(api.Gradebook(course.directory.db_url, course.directory.course_id)) as book:
        return {row[0] for row in book.db.query(api.Student.id)}


def is_removed(course: Course, name: str, student: str, roster: Collection[str]) -> bool:
    """Has this student been graded here, and is no longer in a gradebook that has others?

    A gradebook that was lost or made anew has nobody, or does not know that it graded anybody: `remember` tells the two
    apart when grading; for pages a gradebook without students knows nothing.
    """
    return bool(roster) and student not in roster and bool(graded_answers(course.root, name, student))


def remember(course: Course, name: str, book: api.Gradebook) -> bool:
    """Is it the gradebook that this problem set was graded into before? From now on it is."""
    here = str(book.db.query(api.Assignment.id).filter(api.Assignment.name == name).scalar())
    kept = course.root / ".coursekit" / name / "gradebook"
    same = kept.is_file() and kept.read_text() == here
    if not same:
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_whole(kept, here.encode())
        except OSError as error:
            raise unwritable(error) from error
    return same
