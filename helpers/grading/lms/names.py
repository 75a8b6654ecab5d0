"""How learning management systems name what students have handed in.

Moodle (mod/assign): a folder `Full Name_12345_assignsubmission_file`, with an underscore at its end before version
4.1, or the same as the beginning of the file's own name; 12345 is the participant's number in this assignment.
Canvas: `lastfirst_LATE_USER_FILE_name.ipynb`, the third and later attempts as `name-2.ipynb`; `anon` for a name where
grading is anonymous. Otherwise: whatever begins with a student's id or name, a folder's name or a file's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

LONGEST, LONGEST_NAME = 1_000, 255  # characters of a path and of a file's name; systems make no longer ones
MOODLE = re.compile(r"(?P<name>[^/]+?)_(?P<number>\d+)_(?P<plugin>assignsubmission_[a-z]+?)(?:_?/|_)(?P<file>[^/].*)$")
CANVAS = re.compile(r"(?P<name>[^/_]+?)(?P<late>_LATE)?_(?:anonymous_)?(?P<number>\w*?\d\w*?)_(?P<attachment>\d+)_"
                    r"(?P<file>[^/]+)$")
ATTEMPT = re.compile(r"-(\d{1,3})(?=\.[A-Za-z]+$)")
COPY = re.compile(r"( ?\(\d+\)|-Copy\d+|[ _-]copy\d*)(?=\.[A-Za-z]+$)", re.I)


@dataclass(frozen=True)
class Named:
    """What a system's name says: whose, which file, and what has to stand before a file that goes back."""

    who: str
    file: str  # the student's own name for it, with folders below the student's
    number: str = ""  # Moodle's participant, Canvas's user
    prefix: str = ""
    late: bool = False
    attempt: int = 0


def moodle(path: str) -> Named | None:
    found = MOODLE.search(path) if len(path) <= LONGEST else None
    if not found:
        return None
    prefix = f"{found['name']}_{found['number']}_{found['plugin']}_"
    return Named(found["name"].rsplit("/", 1)[-1], found["file"], found["number"], prefix)


def canvas(path: str) -> Named | None:
    base = PurePosixPath(path).name
    found = CANVAS.match(base) if len(base) <= LONGEST_NAME else None
    if not found:
        return None
    again = ATTEMPT.search(found["file"])
    return Named(found["name"], ATTEMPT.sub("", found["file"]), found["number"],
                 base[:found.start("file")], bool(found["late"]), int(again[1]) if again else 0)


def files(path: str) -> Named | None:
    """The first part of the path: a folder's name, or a file's. Who it is, the roster says."""
    parts = PurePosixPath(path).parts
    if len(parts) > 1:
        return Named(parts[0], "/".join(parts[1:]))
    return Named(PurePosixPath(path).stem, parts[0])


SYSTEMS: dict[str, Callable[[str], Named | None]] = {"moodle": moodle, "canvas": canvas, "files": files}


def plain(text: str) -> str:
    """Letters and digits only, without accents, small: what is left of a name in every system."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in bare if one.isalnum())


def is_copy_of(file: str, name: str) -> bool:
    """Is this the assignment's notebook under its own name, as a browser or a person may have renamed a copy of it?"""
    base = ATTEMPT.sub("", COPY.sub("", PurePosixPath(file).name))
    return plain(base.rsplit(".", 1)[0]) == plain(name)
