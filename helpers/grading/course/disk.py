"""Writes files whole, and says what to do when that fails."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from helpers.grading.course.errors import CourseError


def write_whole(path: Path, content: bytes) -> None:
    """Write all or nothing. A file that a power failure tore is no result, and is made again."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    os.replace(fresh, path)


def unwritable(error: OSError) -> CourseError:
    if error.errno == errno.ENOSPC:
        return CourseError("the disk is full: make room and start again; what was graded is kept")
    return CourseError(f"{error.filename or 'a file'} cannot be written ({error.strerror}): put that right and start "
                       "again; what was graded is kept")
