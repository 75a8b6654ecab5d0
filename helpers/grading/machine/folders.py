"""Who can read and write a course folder: nobody but its owner, or the graders' group and nobody else.

A folder that others cannot enter protects all that lies in it, whatever nbgrader writes there later. Where others have
to pass through it, because the Python that they use lies inside, all else in it is closed one by one.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy

from helpers.grading.course.folder import Course
from helpers.grading.machine import accounts
from helpers.grading.machine.finding import Finding

OTHERS, GROUP = 0o007, 0o070
SHARED_FOLDER, SHARED_FILE = 0o2070, 0o060
SHOWN = 3  # examples in a sentence
SQLITE = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Sharing:
    """Who may use a course beside its owner: a group of graders, or nobody (None)."""

    gid: int | None

    @classmethod
    def of(cls, course: Course, group: str = "") -> Sharing:
        """By the group that was named, else by the course's `groupshared` and its folder's group.

        Raises:
            CourseError: if there is no such group.
        """
        if group:
            return cls(accounts.existing_group(group))
        status = course.root.stat()
        by_hand = status.st_mode & SHARED_FOLDER == SHARED_FOLDER
        return cls(status.st_gid if course.directory.groupshared or by_hand else None)


def of_folders(course: Course, sharing: Sharing) -> Iterator[Finding]:
    """Findings on the course folder's permissions, its group, and the gradebook's file."""
    if os.name != "posix":
        return
    others = accounts.on_a_hub() or accounts.others_here(course.root.stat().st_uid)
    bad = "missing" if others else "optional"
    yield _reachable(course, sharing, bad)
    if sharing.gid is not None:
        yield _group(course, sharing.gid)
    if (database := gradebook_file(course)) is not None:
        yield _gradebook(course, database, sharing)


def _reachable(course: Course, sharing: Sharing, bad: str) -> Finding:
    what = "who can read the course"
    readable, writable = exposed(course, sharing)
    if not readable and not writable:
        return Finding(what, "ok", "its owner and the graders' group only" if sharing.gid is not None
                       else "its owner only")
    said = "; ".join(filter(None, (
        f"others on this machine can read {_some(course, readable)}" if readable else "",
        f"others can change {_some(course, writable)}" if writable else "")))
    return Finding(what, bad, said, "coursekit doctor --fix", lambda: close(course, sharing))


def _some(course: Course, paths: list[Path]) -> str:
    """A few of the paths, the telling ones first."""
    telling = sorted(paths, key=lambda path: (not _telling(course, path), len(path.parts), path))
    shown = ", ".join(str(path.relative_to(course.root)) if path != course.root else "the folder itself"
                      for path in telling[:SHOWN])
    return shown + (f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else "")


def _telling(course: Course, path: Path) -> bool:
    """Is it a master, a source, the gradebook or somebody's work?"""
    private = {course.settings.masters_directory, "source", "submitted", "autograded", "feedback", ".coursekit",
               "gradebook.db"}
    return path != course.root and path.relative_to(course.root).parts[0] in private


def exposed(course: Course, sharing: Sharing) -> tuple[list[Path], list[Path]]:
    """What others, or a group that is not the graders', can read and can change in a course folder."""
    readable, writable = [], []
    for who in _strangers(course, sharing):
        if not all(_may(parent, who, stat.S_IXOTH) for parent in course.root.parents):
            continue
        for path, status in _walk(course.root, who, pythons(course)):
            if _bits(status, who) & stat.S_IROTH:
                readable.append(path)
            if _bits(status, who) & stat.S_IWOTH:
                writable.append(path)
    return list(dict.fromkeys(readable)), list(dict.fromkeys(writable))


def _strangers(course: Course, sharing: Sharing) -> list[int | None]:
    """None for everybody else; the folder's group if it has members who are no graders."""
    status = course.root.stat()
    foreign = status.st_gid != sharing.gid and not accounts.is_private_group(status.st_gid, status.st_uid)
    return [None, status.st_gid] if foreign else [None]


def _bits(status: os.stat_result, who: int | None) -> int:
    """The permissions of others, or of a group, as the last three bits."""
    return (status.st_mode >> 3) & 0o7 if who is not None and status.st_gid == who else status.st_mode & 0o7


def _may(path: Path, who: int | None, bit: int) -> bool:
    try:
        return bool(_bits(path.stat(), who) & bit)
    except OSError:
        return False


def _walk(root: Path, who: int | None, skip: set[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    """What strangers can get at: no further than the folders that they can enter. Links and Pythons are left out."""
    try:
        status = root.lstat()
    except OSError:
        return
    if stat.S_ISLNK(status.st_mode):
        return
    yield root, status
    if stat.S_ISDIR(status.st_mode) and _bits(status, who) & stat.S_IXOTH:
        try:
            inside = sorted(os.scandir(root), key=lambda entry: entry.name)
        except OSError:
            return
        for entry in inside:
            if Path(entry.path) not in skip:
                yield from _walk(Path(entry.path), who, skip)


def pythons(course: Course) -> set[Path]:
    """Virtual environments in the course folder: students may have to use one, and it holds nothing secret."""
    theirs = {course.folder(step, "*", "*").parent.parent for step in ("submitted", "autograded", "feedback")}
    return {path.parent for path in course.root.glob("*/pyvenv.cfg")} - theirs


def _everything(course: Course) -> Iterator[tuple[Path, list[Path]]]:
    """Each folder of the course, with its files."""
    skip = pythons(course)
    for folder, folders, files in os.walk(course.root):
        folders[:] = [name for name in folders if Path(folder) / name not in skip]
        yield Path(folder), [Path(folder) / name for name in files]


def close(course: Course, sharing: Sharing) -> str:
    """Take everything from others, and give the graders' group what it needs; what could not be changed, in words."""
    refused: list[Path] = []
    for folder, files in _everything(course):
        for path in (folder, *files):
            try:
                _set(path, sharing, _passage(course, path))
            except OSError:
                refused.append(path)
    if not refused:
        return ""
    owners = ", ".join(sorted({accounts.name_of(path.lstat().st_uid) for path in refused}))
    return (f"{_some(course, refused)} could not be changed: {'it belongs' if len(refused) == 1 else 'they belong'} to "
            f"{owners}, who runs `coursekit doctor --fix` as well, or root does")


def _passage(course: Course, path: Path) -> int:
    """Others may pass through the course folder if the Python that they use lies in it; not look around."""
    inside = accounts.on_a_hub() and Path(sys.prefix).is_relative_to(course.root)
    return stat.S_IXOTH if inside and path.is_dir() and Path(sys.prefix).is_relative_to(path) else 0


def _set(path: Path, sharing: Sharing, passage: int) -> None:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) or not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
        return
    mode = stat.S_IMODE(status.st_mode) & ~OTHERS | passage
    if path.suffix == ".html" and stat.S_ISREG(status.st_mode):
        mode |= stat.S_IROTH  # nbgrader gives a page of feedback back with the rights that it has here
    if sharing.gid is None:
        mode &= ~(GROUP | stat.S_ISGID)
    else:
        if status.st_gid != sharing.gid:
            os.chown(path, -1, sharing.gid)
        mode |= SHARED_FOLDER if stat.S_ISDIR(status.st_mode) else SHARED_FILE | (mode & 0o100) >> 3
    if stat.S_ISDIR(status.st_mode):
        mode |= 0o700
    if mode != stat.S_IMODE(path.lstat().st_mode):
        os.chmod(path, mode)


def _group(course: Course, gid: int) -> Finding:
    """Can every grader change what another has made?"""
    sharing, name = Sharing(gid), accounts.group_name(gid)
    wrong = [path for path in _course_files(course) if _not_shared(path, sharing)]
    if not course.directory.groupshared:
        return Finding("the graders' group", "missing", f"the folder is shared with {name}, and nbgrader does not "
                       "know: what one grader makes is shut to the others",
                       f"coursekit doctor --fix --group {name}")
    if not wrong:
        return Finding("the graders' group", "ok", f"{name}: everybody in it can grade")
    return Finding("the graders' group", "missing", f"{name} cannot change {_some(course, wrong)}",
                   "coursekit doctor --fix", lambda: close(course, sharing))


def _course_files(course: Course) -> Iterator[Path]:
    for folder, files in _everything(course):
        yield folder
        # A graded file is read-only: what counts is its folder. SQLite writes into the gradebook's file itself.
        yield from (path for path in files if path.name.startswith("gradebook.db") or path.name == "secret")


def _not_shared(path: Path, sharing: Sharing) -> bool:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return False
    wanted = SHARED_FOLDER if stat.S_ISDIR(status.st_mode) else SHARED_FILE
    return status.st_gid != sharing.gid or status.st_mode & wanted != wanted


def gradebook_file(course: Course) -> Path | None:
    """The gradebook's SQLite file; None if it is on a database server."""
    url = sqlalchemy.engine.make_url(course.directory.db_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _gradebook(course: Course, database: Path, sharing: Sharing) -> Finding:
    """Its file is made with the rights that it shall have: SQLite would make it for its owner alone."""
    what, wrong = "the gradebook", []
    for path in (Path(f"{database}{end}") for end in SQLITE):
        if path.exists():
            mode = stat.S_IMODE(path.stat().st_mode)
            shut = mode & OTHERS and not path.is_relative_to(course.root)
            if shut or (sharing.gid is not None and _not_shared(path, sharing)):
                wrong.append(path)
    there = database.exists()
    if wrong or (sharing.gid is not None and not there):
        said = (f"{', '.join(path.name for path in wrong)} cannot be written by the group, or can be read by others"
                if wrong else "it does not exist, and SQLite would make it for one grader alone")
        return Finding(what, "missing", said, "coursekit doctor --fix", lambda: _make_gradebook(database, sharing))
    return Finding(what, "ok", f"{database.name}" if there else "is made when it is needed")


def _make_gradebook(database: Path, sharing: Sharing) -> str:
    try:
        if sharing.gid is not None:
            database.touch()  # an empty file is an empty database
        for path in (Path(f"{database}{end}") for end in SQLITE):
            if path.exists():
                _set(path, sharing, 0)
    except OSError as error:
        return f"{error.filename} could not be changed ({error.strerror}): its owner or root has to"
    return ""
