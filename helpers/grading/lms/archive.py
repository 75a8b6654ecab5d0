"""Reads a download, a zip or a folder: file by file, no more of it than bounds allow, and nothing that leads elsewhere.

What an entry's header says of its size is not believed: bytes are counted as they come. What one student has handed in
has bounds of its own: it costs nobody else's work.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from helpers.grading.course.errors import CourseError
from helpers.grading.notebooks.zips import has_small_directory

MAX_ENTRIES = 50_000  # of a class
MAX_FILE = 50_000_000  # bytes of one file, as for a notebook
MAX_BYTES, MAX_FILES = 200_000_000, 2_000  # of one student, as for what nbgrader collects
MAX_PATH = 1_000  # characters
TOO_MUCH = f"is more than the {MAX_BYTES / 1e6:.0f} MB that one student may hand in"
CHUNK = 2**20
ENCRYPTED = 0x1
LEFT_OUT = ("__MACOSX", ".ipynb_checkpoints", ".DS_Store", "__pycache__")


class Unreadable(Exception):
    """Why a file is not taken, for who collects."""


@dataclass(frozen=True)
class Entry:
    """One file of a download: where it lay, how it is opened, or why it is not."""

    path: str
    open: Callable[[], IO[bytes]]
    refused: str = ""


class Allowance:
    """What one student may hand in, in files and bytes."""

    def __init__(self) -> None:
        self.files, self.bytes = MAX_FILES, MAX_BYTES

    def read(self, entry: Entry) -> bytes:
        """Raises Unreadable, with the reason."""
        if entry.refused:
            raise Unreadable(entry.refused)
        if not self.files:
            raise Unreadable(f"is one of more than {MAX_FILES:,} files of one student")
        if not self.bytes:
            raise Unreadable(TOO_MUCH)
        self.files -= 1
        most = min(MAX_FILE, self.bytes)
        parts, size = [], 0
        try:
            with entry.open() as file:
                while chunk := file.read(CHUNK):
                    parts.append(chunk)
                    size += len(chunk)
                    if size > most:
                        break
        except Exception as error:  # each way of packing fails in ways of its own
            raise Unreadable(f"cannot be unpacked ({error or type(error).__name__})") from error
        finally:
            self.bytes -= min(size, most)
        if size > MAX_FILE:
            raise Unreadable(f"is larger than {MAX_FILE / 1e6:.0f} MB")
        if size > most:
            raise Unreadable(TOO_MUCH)
        return b"".join(parts)


@contextmanager
def opened(place: Path) -> Iterator[list[Entry]]:
    """The files of a zip or a folder, in the order of their paths.

    Raises:
        CourseError: if it is neither, or has more files than a class could hand in.
    """
    if place.is_dir():
        yield [Entry(name, partial(_bytes_of, path)) for path in sorted(place.rglob("*"))
               if not _left_out(name := path.relative_to(place).as_posix()) and path.is_file()
               and not path.is_symlink()]
        return
    try:
        archive = zipfile.ZipFile(place)
    except FileNotFoundError:
        raise CourseError(f"{place} does not exist: name the zip that you have downloaded") from None
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise CourseError(f"{place} is no zip that can be read ({error}): download it again") from None
    with archive:
        if len(archive.infolist()) > MAX_ENTRIES:
            raise CourseError(f"the zip has {len(archive.infolist())} entries, more than {MAX_ENTRIES}: that is no "
                              "download of a class")
        yield _of_zip(archive)


def _bytes_of(path: Path) -> IO[bytes]:
    return open(path, "rb")


def inside(entry: Entry, allowance: Allowance) -> tuple[dict[str, bytes], dict[str, str]]:
    """What a student's file holds, if it is a zip, else the file: by path; and why further ones are not taken. One
    level deep.

    Raises:
        Unreadable: if nothing of it can be read.
    """
    content = allowance.read(entry)
    if not entry.path.lower().endswith(".zip") or not zipfile.is_zipfile(io.BytesIO(content)):
        return {entry.path: content}, {}
    if not has_small_directory(content):
        raise Unreadable("has a table of contents that is too long")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _read_all(_of_zip(archive), allowance)
    except Exception as error:  # a table of contents can be wrong in many ways
        raise Unreadable(f"cannot be unpacked ({error or type(error).__name__})") from error


def _read_all(entries: list[Entry], allowance: Allowance) -> tuple[dict[str, bytes], dict[str, str]]:
    found: dict[str, bytes] = {}
    refused: dict[str, str] = {}
    for entry in entries:
        try:
            found[entry.path] = allowance.read(entry)
        except Unreadable as error:
            refused[entry.path] = str(error)
    return found, refused


def _of_zip(archive: zipfile.ZipFile) -> list[Entry]:
    return [Entry(info.filename, partial(archive.open, info), _not_a_file(info))
            for info in sorted(archive.infolist(), key=lambda info: info.filename)
            if not info.is_dir() and not _left_out(info.filename)]


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
    return not parts or any(part in LEFT_OUT for part in parts) or parts[-1].startswith("._")
