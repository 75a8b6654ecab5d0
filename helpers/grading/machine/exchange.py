"""nbgrader's exchange: the one folder that everybody reaches, and what of it who may read and change."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from nbgrader.exchange import ExchangeFactory

from helpers.grading.course.folder import Course
from helpers.grading.machine import accounts
from helpers.grading.machine.finding import Finding
from helpers.grading.machine.folders import Sharing

# Everybody may add to the exchange; with the sticky bit nobody can rename or remove another's course.
ROOT = 0o1777
# As nbgrader makes them. Into inbound all may write and none may look: names there cannot be guessed.
PLACES = {".": 0o755, "outbound": 0o755, "inbound": 0o2733, "feedback": 0o711}
SHARED_PLACES = {".": 0o2775, "outbound": 0o2775, "inbound": 0o2773, "feedback": 0o2771}


def exchange_root(course: Course) -> Path | None:
    """The exchange folder; None if the course exchanges in another way than through a folder."""
    made = ExchangeFactory(config=course.config).exchange(coursedir=course.directory, config=course.config)
    root = getattr(made, "root", "")
    return Path(root) if root else None


def of_exchange(course: Course, sharing: Sharing) -> Iterator[Finding]:
    root = exchange_root(course) if os.name == "posix" else None
    if root is None:
        return
    wanted = accounts.on_a_hub() or "root" in course.config.Exchange
    if not root.is_dir():
        do = ("coursekit doctor --fix, as root if need be" if wanted
              else "needed where students fetch and submit on this machine")
        yield Finding("exchange", "missing" if wanted else "optional", f"{root} does not exist", do,
                      (lambda: _make(root)) if wanted else None)
        return
    mode = stat.S_IMODE(root.stat().st_mode)
    if mode & ROOT != ROOT:
        says = ("not everybody can write to it" if mode & 0o777 != 0o777
                else "anybody can rename and replace another's course in it")
        yield Finding("exchange", "missing", f"{root}: {says}", "coursekit doctor --fix, as root if need be",
                      lambda: _make(root))
    else:
        yield Finding("exchange", "ok", f"{root}")
    if course.directory.course_id:
        yield from _places(root / course.directory.course_id, sharing, course.root.stat().st_uid)
    else:
        yield Finding("course_id", "missing", "is not set: nothing can be released",
                      "set c.CourseDirectory.course_id in nbgrader_config.py")


def _make(root: Path) -> str:
    try:
        root.mkdir(parents=True, exist_ok=True)
        os.chmod(root, ROOT)
    except OSError as error:
        return f"{root} cannot be changed by you ({error.strerror}): let root run `coursekit doctor --fix` here"
    return ""


def _places(folder: Path, sharing: Sharing, owner: int) -> Iterator[Finding]:
    """The course's own folders in the exchange. nbgrader makes them for one grader alone."""
    places = PLACES if sharing.gid is None else SHARED_PLACES
    taken = next(filter(None, (_taken(folder / place, sharing, owner) for place in places)), "")
    if taken:
        yield Finding("the course in the exchange", "missing", taken,
                      "take it away, as root if need be, and run `coursekit doctor --fix`")
        return
    wrong = [folder / place for place, mode in places.items()
             if not _is_right(folder / place, mode, sharing) and (sharing.gid is not None or folder.exists())]
    if not wrong:
        return
    missing = all(not path.exists() for path in wrong)
    if missing and sharing.gid is None:
        return  # nbgrader makes them at the first release
    who = f"the group {accounts.group_name(sharing.gid)}" if sharing.gid is not None else "their owner alone"
    yield Finding("the course in the exchange", "missing",
                  f"{', '.join(map(str, wrong))}: not made for {who}", "coursekit doctor --fix",
                  lambda: _make_places(folder, places, sharing))


def _taken(path: Path, sharing: Sharing, owner: int) -> str:
    """What is wrong with who has made it: everybody can put something into the exchange under a course's name first."""
    try:
        status = path.lstat()
    except OSError:
        return ""
    if not stat.S_ISDIR(status.st_mode):
        return f"{path} is no folder, and whoever has put it there chooses where work goes"
    if status.st_uid in (0, os.geteuid(), owner) or (sharing.gid is not None and status.st_gid == sharing.gid):
        return ""
    return f"{path} belongs to {accounts.name_of(status.st_uid)}, who can read and change what is handed in"


def _is_right(path: Path, mode: int, sharing: Sharing) -> bool:
    if not path.exists():
        return sharing.gid is None
    status = path.stat()
    if sharing.gid is None:
        return stat.S_IMODE(status.st_mode) & 0o022 == mode & 0o022 & stat.S_IMODE(status.st_mode)
    return stat.S_IMODE(status.st_mode) == mode and status.st_gid == sharing.gid


def _make_places(folder: Path, places: dict[str, int], sharing: Sharing) -> str:
    """By descriptors: a link that is put there meanwhile leads nowhere."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        if sharing.gid is not None:
            folder.mkdir(exist_ok=True)
        above = os.open(folder, flags)
        try:
            for place, mode in places.items():
                with contextlib.suppress(FileNotFoundError):  # nbgrader makes it at the first release
                    if sharing.gid is not None and place != ".":
                        with contextlib.suppress(FileExistsError):
                            os.mkdir(place, dir_fd=above)
                    descriptor = os.open(place, flags, dir_fd=above)
                    try:
                        if sharing.gid is not None and os.fstat(descriptor).st_gid != sharing.gid:
                            os.fchown(descriptor, -1, sharing.gid)
                        os.fchmod(descriptor, mode)
                    finally:
                        os.close(descriptor)
        finally:
            os.close(above)
    except OSError as error:
        return f"{error.filename or folder} cannot be changed by you ({error.strerror}): let its owner or root do so"
    return ""
