"""Reads a download, a zip or a folder: file by file, no more of it than bounds allow, and nothing that leads elsewhere.

What an entry's header says of its size is not believed: bytes are counted as they come.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from helpers.grading.course.errors import CourseError

MAX_ENTRIES = 50_000
MAX_FILE = 50_000_000  # bytes of one file, as for a notebook
MAX_TOTAL = 4 * 2**30
MAX_PATH = 1_000  # characters
CHUNK = 2**20
ENCRYPTED = 0x1
LEFT_OUT = ("__MACOSX", ".ipynb_checkpoints", ".DS_Store", "__pycache__")


@dataclass(frozen=True)
class Entry:
    """One file of a download: where it lay, its content, or why it was not read."""

    path: str
    content: bytes = b""
    refused: str = ""


class Budget:
    """How many bytes are left to read."""

    def __init__(self, left: int = MAX_TOTAL):
        self.left = left


def entries(place: Path) -> Iterator[Entry]:
    """The files of a zip or a folder, in the order of their paths.

    Raises:
        CourseError: if it is neither, or more than a class could hand in.
    """
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            name = path.relative_to(place).as_posix()
            if path.is_file() and not path.is_symlink() and not _left_out(name):
                size = path.stat().st_size
                yield Entry(name, path.read_bytes()) if size <= MAX_FILE else Entry(name, refused=_too_large())
        return
    try:
        with zipfile.ZipFile(place) as archive:
            yield from of_zip(archive, Budget())
    except FileNotFoundError:
        raise CourseError(f"{place} does not exist: name the zip that you have downloaded") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise CourseError(f"{place} is no zip that can be read ({error}): download it again") from None


def of_zip(archive: zipfile.ZipFile, budget: Budget) -> Iterator[Entry]:
    """Raises CourseError if there are more entries or bytes than a class could hand in."""
    if len(archive.infolist()) > MAX_ENTRIES:
        raise CourseError(f"the zip has {len(archive.infolist())} entries, more than {MAX_ENTRIES}: that is no "
                          "download of a class")
    for info in sorted(archive.infolist(), key=lambda info: info.filename):
        if info.is_dir() or _left_out(info.filename):
            continue
        if why := _not_a_file(info):
            yield Entry(info.filename, refused=why)
            continue
        yield _read(archive, info, budget)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Entry:
    parts, size = [], 0
    try:
        with archive.open(info) as file:
            while chunk := file.read(CHUNK):
                size += len(chunk)
                budget.left -= len(chunk)
                if budget.left < 0:
                    raise CourseError(f"the download unpacks to more than {MAX_TOTAL / 2**30:.0f} GB: it is no "
                                      "download of a class; nothing more of it was read")
                if size > MAX_FILE:
                    return Entry(info.filename, refused=_too_large())
                parts.append(chunk)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError) as error:
        return Entry(info.filename, refused=f"cannot be unpacked ({error})")
    return Entry(info.filename, b"".join(parts))


def _too_large() -> str:
    return f"is larger than {MAX_FILE / 1e6:.0f} MB"


def _not_a_file(info: zipfile.ZipInfo) -> str:
    path, mode = info.filename, info.external_attr >> 16
    if info.flag_bits & ENCRYPTED:
        return "is encrypted"
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "is a link or a device"
    if (path.startswith(("/", "\\")) or ".." in PurePosixPath(path.replace("\\", "/")).parts
            or PureWindowsPath(path).drive or "\0" in path):
        return "leads out of the download"
    return "has too long a name" if len(path) > MAX_PATH else ""


def _left_out(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return any(part in LEFT_OUT for part in parts) or parts[-1].startswith("._")


def inside(entry: Entry, budget: Budget) -> list[Entry]:
    """The files of a zip that a student has handed in; the entry itself if it is none. One level deep."""
    if not entry.path.lower().endswith(".zip"):
        return [entry]
    try:
        with zipfile.ZipFile(io.BytesIO(entry.content)) as archive:
            return list(of_zip(archive, budget))
    except zipfile.BadZipFile:
        return [entry]
