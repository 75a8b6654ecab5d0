"""nbgrader's collect without links: in the exchange a student may put a link to anything that the collector can read.

nbgrader's own copy follows it, and the solution, the gradebook or somebody else's work would lie in that student's
submission, for their cells to read inside the walls. `install` in `configure.py` puts this one in its place.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import ignore_patterns

from helpers.grading.notebooks.files import MAX_ENTRIES, MAX_FOLDERS

MOST_FILES, MOST_BYTES = 2_000, 200_000_000
SHARED_FOLDER, SHARED_FILE = 0o2770, 0o660  # as nbgrader makes them for a group of graders


class Collect(ExchangeCollect):
    """nbgrader's, but for its copy."""

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        copy_handed_in(Path(src), Path(dest), self.coursedir)
        if self.coursedir.groupshared:
            for place, _, files in os.walk(dest):
                os.chmod(place, SHARED_FOLDER)
                for name in files:
                    os.chmod(Path(place, name), SHARED_FILE)


def copy_handed_in(source: Path, target: Path, course: CourseDirectory) -> None:
    """Copy a submission, but for links, pipes, folders that become links meanwhile, and what nbgrader's configuration
    leaves out.

    Raises:
        OSError: if a file cannot be read; nothing is there then.
    """
    leave_out = ignore_patterns(exclude=course.ignore, include=course.include,
                                max_file_size=course.max_file_size)
    left_files, left = MOST_FILES, min(MOST_BYTES, 1000 * course.max_dir_size)
    fresh = target.with_name(f".{target.name}")
    _remove(fresh)
    fresh.mkdir(parents=True)
    for below, files, descriptor in _handed_in(source, leave_out):
        for one in files:
            content = _content(one, descriptor, left) if left_files else None
            if content is not None:
                (fresh / below).mkdir(parents=True, exist_ok=True)  # one in which nothing lies is not taken
                left_files, left = left_files - 1, left - len(content)
                (fresh / below / one).write_bytes(content)
    _remove(target)
    os.replace(fresh, target)


def _handed_in(source: Path, leave_out: Callable[[str, list[str]], list[str]]) -> Iterator[tuple[str, list[str], int]]:
    """Folder by folder, those above first: its path below the submission, the names in it that are no folders, and a
    descriptor of it. No more than MAX_ENTRIES names are read in all: folders of nothing take time as well.

    Raises:
        OSError: if a folder cannot be read.
    """
    left, waiting = MAX_ENTRIES, [""]
    while waiting and left:
        below = waiting.pop(0)
        descriptor = _opened(source, below)
        if descriptor is None:
            continue
        try:
            with os.scandir(descriptor) as entries:
                found = {entry.name: entry.is_dir(follow_symlinks=False) for entry in islice(entries, left)}
            left -= len(found)
            out = set(leave_out(str(source / below), list(found)))
            names = sorted(name for name in found if name not in out)
            yield below, [name for name in names if not found[name]], descriptor
        finally:
            os.close(descriptor)
        if below.count("/") + bool(below) < MAX_FOLDERS:
            waiting += [f"{below}/{name}".lstrip("/") for name in names if found[name]]


def _opened(source: Path, below: str) -> int | None:
    """A descriptor of a folder, None if it, or one above it in the submission, is a link by now."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = None
    try:
        for name in [str(source), *below.split("/")] if below else [str(source)]:
            above, descriptor = descriptor, os.open(name, flags, dir_fd=descriptor)
            if above is not None:
                os.close(above)
    except OSError as error:
        if descriptor is not None:
            os.close(descriptor)
        if error.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        return None
    return descriptor


def _content(name: str, descriptor: int, most: int) -> bytes | None:
    """A plain file's content; None for anything else, and for what is too large."""
    if not stat.S_ISREG(os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode):
        return None
    with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor), "rb") as file:
        status = os.fstat(file.fileno())
        return file.read(most + 1) if stat.S_ISREG(status.st_mode) and status.st_size <= most else None


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)

