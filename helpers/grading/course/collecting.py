"""nbgrader's collect without links: in the exchange a student may put a link to anything that the collector can read.

nbgrader's own copy follows it, and the solution, the gradebook or somebody else's work would lie in that student's
submission, for their cells to read inside the walls. `install` in `configure.py` puts this one in its place.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import ExchangeCollect
from nbgrader.utils import ignore_patterns

from helpers.grading.notebooks.files import MAX_FOLDERS

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
    left_files, left = MOST_FILES, min(MOST_BYTES, 1000 * course.max_dir_size)
    leave_out = ignore_patterns(exclude=course.ignore, include=course.include,
                                max_file_size=course.max_file_size)
    fresh = target.with_name(f".{target.name}")
    _remove(fresh)
    fresh.mkdir(parents=True)
    for place, folders, files, descriptor in os.fwalk(source, follow_symlinks=False, onerror=_raise):
        below = Path(place).relative_to(source)
        out = set(leave_out(place, [*folders, *files]))
        folders[:] = [one for one in folders if one not in out] if len(below.parts) < MAX_FOLDERS else []
        (fresh / below).mkdir(exist_ok=True)
        for one in sorted(files):
            content = _content(one, descriptor, left) if one not in out and left_files else None
            if content is not None:
                left_files, left = left_files - 1, left - len(content)
                (fresh / below / one).write_bytes(content)
    _remove(target)
    os.replace(fresh, target)


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


def _raise(error: OSError) -> None:
    raise error
