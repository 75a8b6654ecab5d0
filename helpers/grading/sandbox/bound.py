"""What notebooks can read of this machine, and the proof that no course is among it.

Places are compared as the kernel knows them (a file system and a path in it), so that a folder that is mounted a second
time, or reached through a link, is the same folder.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import helpers
from helpers.grading.sandbox.errors import SandboxError

USR = "/usr"
DATA, CACHE, PYTHON, PACKAGES, KIT, SYSTEM = (
    "COURSE_DATA", "COURSE_CACHE", "Python", "installed packages", "this kit", "the system's programs")
# Of a Python installation or a virtual environment: where it is the course folder itself, the rest is the course.
PARTS = ("pyvenv.cfg", "bin", "lib", "lib32", "lib64", "libexec", "include", "share", "etc", "ssl", "fonts", "opt")
NEVER = ("/home", "/root", "/etc", "/var", "/run", "/proc", "/sys")  # not these as a whole, nor anything above them
COURSE_SIGNS = ("nbgrader_config.py", "gradebook.db", "submitted", "autograded", ".coursekit")
LOOKED_THROUGH = 5_000  # entries of a data folder, at most three levels down

ADVICE = {
    DATA: "Put the data into a folder of its own and name that one in COURSE_DATA.",
    CACHE: "Name a folder of its own in COURSE_CACHE, or unset it.",
    PYTHON: "Make the virtual environment in a folder of its own: `python -m venv .venv`.",
    PACKAGES: "Install the packages into a virtual environment in a folder of its own: `python -m venv .venv`.",
    KIT: "Move the course out of this kit's package.",
    SYSTEM: "Move the course out of the system's folders.",
}


class Bound(NamedTuple):
    """A folder or file that is there inside, read-only, and what for."""

    source: str
    why: str


@dataclass(frozen=True)
class Private:
    """What nobody may see inside. whole: folders of which parts may be seen, such as a course folder for the virtual
    environment in it; closed: folders and files of which nothing may."""

    whole: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    def below_usr(self) -> tuple[str, ...]:
        """Of these, what lies in the system's folders, where it can be covered."""
        return tuple(path for path in map(os.path.realpath, (*self.whole, *self.closed))
                     if below(path, [USR]) and os.path.isdir(path))


def below(path: str, folders: Iterable[str]) -> bool:
    """Is it one of the folders, or in one of them?"""
    return any(os.path.commonpath([path, folder]) == folder for folder in folders)


def package_folders() -> list[str]:
    """Folders that Python here imports installed packages from."""
    return [p for p in sys.path if p.rstrip("/\\").endswith(("site-packages", "dist-packages")) and os.path.isdir(p)]


def python_places(covered: Iterable[str] = ()) -> list[Bound]:
    """The interpreter, its standard library and the installed packages, where they are."""
    covered = list(covered)
    prefixes = map(os.path.abspath, [sys.base_prefix, sys.base_exec_prefix, sys.prefix])
    wanted = [Bound(os.path.join(prefix, part), PYTHON) for prefix in prefixes for part in PARTS]
    wanted.append(Bound(os.path.dirname(os.path.realpath(sys.executable)), PYTHON))
    wanted += [Bound(os.path.abspath(path), PACKAGES) for path in package_folders()]
    seen: list[Bound] = []
    for place in wanted:
        visible = below(place.source, [USR]) and not below(place.source, covered)
        if not visible and not below(place.source, [s.source for s in seen]) and os.path.exists(place.source):
            seen.append(place)
    return seen


def kit_place() -> Bound:
    return Bound(str(Path(helpers.__file__).parent.resolve()), KIT)


def readable_places(paths: Iterable[str | os.PathLike]) -> list[Bound]:
    """Folders that notebooks may read beside these: COURSE_DATA and what was asked for. Raises ExposedError."""
    data = os.environ.get(DATA)
    wanted = [*((path, CACHE) for path in paths), *([(data, DATA)] if data else [])]
    found = {path: Bound(path, why) for path, why in ((os.path.realpath(p), why) for p, why in wanted)}
    for place in found.values():
        if course := _course_in(place.source):
            raise ExposedError(course, place)
    return [place for place in found.values() if os.path.isdir(place.source)]


def _course_in(folder: str) -> str:
    """A folder that looks like somebody's course, in a folder that notebooks are to read; "" if there is none."""
    entries = itertools.islice(_folders(folder, 3), LOOKED_THROUGH)
    for place, names in entries:
        signs = sum(sign in names for sign in COURSE_SIGNS)
        if signs and ("source" in names or signs > 1 or "submitted" in names or "gradebook.db" in names):
            return place
    return ""


def _folders(folder: str, depth: int) -> Iterator[tuple[str, set[str]]]:
    try:
        with os.scandir(folder) as found:
            entries = list(itertools.islice(found, LOOKED_THROUGH))
    except OSError:
        return
    yield folder, {entry.name for entry in entries}
    for entry in entries if depth > 1 else ():
        if entry.is_dir(follow_symlinks=False):
            yield from _folders(entry.path, depth - 1)


class ExposedError(SandboxError):
    """Something private would be seen inside."""

    def __init__(self, private: str, place: Bound):
        where = "is" if private == place.source else f"lies in {place.source}, which is"
        super().__init__(f"notebooks could read {private}: it {where} there for {place.why}. {ADVICE[place.why]}")


def prove_unseen(private: Private, places: Iterable[Bound], covered: Iterable[str] = ()) -> None:
    """Prove that no place shows anything private.

    covered: folders that are empty inside, whatever shows them.

    Raises:
        ExposedError: if one does, with what to do.
    """
    mounts = _mounts()
    covered = [os.path.realpath(path) for path in covered]
    whole = [(path, _where(path, mounts)) for path in (*private.whole, *NEVER) if os.path.exists(path)]
    closed = [(path, _where(path, mounts)) for path in private.closed if os.path.exists(path)]
    for place in places:
        shown = _shown(place.source, mounts)
        for path, spot in (*whole, *closed):
            hidden = place.why == SYSTEM and below(os.path.realpath(path), covered)
            if not hidden and any(_within(spot, part) for part in shown):
                raise ExposedError(path, place)
        for _, spot in closed:
            if any(_within(part, spot) for part in shown):
                raise ExposedError(place.source, place)


class _Spot(NamedTuple):
    """A path in a file system."""

    system: str
    path: str


class _Mount(NamedTuple):
    system: str
    root: str  # the path in its file system that is mounted
    point: str


def _mounts() -> list[_Mount]:
    try:
        text = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # no such list: paths are compared as they are
        return []
    fields = [line.split() for line in text.splitlines()]
    return [_Mount(each[2], _plain(each[3]), _plain(each[4])) for each in fields if len(each) > 4]


def _plain(text: str) -> str:
    """proc(5) writes blanks and the like as octal numbers."""
    for code, character in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        text = text.replace(code, character)
    return text


def _where(path: str, mounts: list[_Mount]) -> _Spot:
    path = os.path.realpath(path)
    found = None
    for mount in mounts:  # of two at the same place the later one is seen
        if below(path, [mount.point]) and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    if found is None:
        return _Spot("", path)
    return _Spot(found.system, os.path.normpath(os.path.join(found.root, os.path.relpath(path, found.point))))


def _shown(source: str, mounts: list[_Mount]) -> list[_Spot]:
    """A folder, and what is mounted in it."""
    source = os.path.realpath(source)
    inside = [_Spot(mount.system, mount.root) for mount in mounts
              if mount.point != source and below(mount.point, [source])]
    return [_where(source, mounts), *inside]


def _within(spot: _Spot, other: _Spot) -> bool:
    return spot.system == other.system and spot.path.startswith("/") and other.path.startswith("/") and below(
        spot.path, [other.path])
