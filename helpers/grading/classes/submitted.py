"""What was handed in: who, what, when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.course.moments import read_stamp
from helpers.grading.marking import bounds
from helpers.grading.marking.job import SubmissionTask
from helpers.grading.notebooks.candidates import find_handed_in

TIMESTAMP_BYTES = 100


def students_of(course: Course, name: str) -> list[str]:
    """Who handed something in for a problem set.

    Raises:
        CourseError: if nobody did.
    """
    found = sorted(course.students("submitted", name))
    if not found:
        raise CourseError(f"nobody has handed in {name}: {course.folder('submitted', '*', name).parent.parent} has no "
                          f"folder */{name}. Collect with `nbgrader collect {name}` or copy submissions there")
    return found


def read_task(course: Course, name: str, student: str) -> SubmissionTask:
    """A submission as bytes. What cannot be read becomes a reason, not an exception."""
    return task_in(course.folder("submitted", student, name), name, student)


def task_in(folder: Path, name: str, student: str) -> SubmissionTask:
    """A submission in a folder, as `read_task` gives it."""
    try:
        with bounds.within(bounds.READ_SECONDS):
            found = find_handed_in(folder, name)
        return SubmissionTask(student, found.notebook, tuple(sorted(found.files.items())), found.why, found.others)
    except OSError as error:
        reason = f"The submission cannot be read ({error.strerror}): put its permissions right and grade again."
        return SubmissionTask(student, None, reason=reason)
    except Exception as error:  # whatever a file's bytes have brought about: it is this submission's trouble alone
        reason = f"The submission cannot be read ({type(error).__name__}): hand in the notebook itself."
        return SubmissionTask(student, None, reason=reason)


def timestamp_of(course: Course, name: str, student: str) -> datetime | None:
    """When it was handed in, as nbgrader's exchange wrote it; None if nobody knows."""
    try:
        text = timestamp_bytes(course.folder("submitted", student, name)).decode("utf-8").strip()
        return read_stamp(text) if text else None
    except (OSError, ValueError, OverflowError, ArithmeticError, TypeError):
        return None


def timestamp_bytes(folder: Path) -> bytes:
    """The small file beside a submission. Raises OSError for anything else: a link, or a pipe that never ends."""
    path = folder / "timestamp.txt"
    if path.is_symlink() or not path.is_file() or path.stat().st_size > TIMESTAMP_BYTES:
        raise FileNotFoundError(path)
    return path.read_bytes()
