"""What is in a zip, a tar or a gz that was handed in, in bounded time and memory; nothing is unpacked to the disk."""

from __future__ import annotations

import bz2
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from helpers.grading.notebooks.files import MAX_FILES, plain_name, usable
from helpers.grading.notebooks.submission import MAX_NOTEBOOK_BYTES
from helpers.grading.notebooks.zips import has_small_directory

ZIP = b"PK\x03\x04"
ALONE = (".gz", ".bz2", ".xz")  # of one file that is packed, or of a tar
ENDINGS = (".zip", ".tar", ".tgz", ".txz", *ALONE)
PACKED = (ZIP, b"\x1f\x8b", b"BZh", b"\xfd7zXZ")  # what a packed file begins with
CLOSED = (".7z", ".rar")  # nothing of Python's own opens these
MAX_ARCHIVE_BYTES = 50_000_000
MAX_UNPACKED_BYTES = 100_000_000  # of all archives of a submission; a tar or a gz is read as a whole
MAX_LOOKS = 200  # files in them whose beginning is looked at


@dataclass(frozen=True)
class Member:
    """A file in an archive. read(): its content; raises some exception if it is not as the archive says. begins(n): its
    first n bytes, without unpacking the rest."""

    name: str
    size: int
    read: Callable[[], bytes]
    begins: Callable[[int], bytes]


class Allowance:
    """What of a submission's archives may yet be unpacked. Archives in archives have the same: how long unpacking takes
    depends on how they are packed, and whoever reads a class waits for it."""

    def __init__(self) -> None:
        self.bytes, self.looks = MAX_UNPACKED_BYTES, MAX_LOOKS

    def take(self, size: int) -> None:
        """Raises ValueError if so much is not left."""
        if size > self.bytes:
            raise ValueError("it is too long")
        self.bytes -= size

    def look(self) -> bool:
        """May one more file be looked at?"""
        self.looks -= 1
        return self.looks >= 0


def is_archive(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def members(content: bytes, name: str, left: Allowance) -> list[Member]:
    """The files of an archive with names that stay inside it; none if it is no sound one, or more than is left.

    name: its own, which the only file of a `.gz` has without its ending.
    """
    if len(content) > MAX_ARCHIVE_BYTES:
        return []
    try:
        found = _of_zip(content, left) if content.startswith(ZIP) else _of_tar_or_gz(content, name, left)
    except Exception:  # each way of packing fails in ways of its own
        return []
    return [member for member in found[:MAX_FILES] if _is_sound(member)]


def _of_zip(content: bytes, left: Allowance) -> list[Member]:
    if not has_small_directory(content):
        return []
    archive = zipfile.ZipFile(io.BytesIO(content))
    return [Member(_inside(info.filename), info.file_size, partial(_read, archive, info, left),
                   partial(_begins, archive, info, left))
            for info in archive.infolist()[:MAX_FILES]
            if not info.is_dir() and not info.flag_bits & 1 and (info.external_attr >> 28) != 0xA]


def _inside(name: str) -> str:
    return str(PurePosixPath(plain_name(name)))


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: Allowance) -> bytes:
    """A file of a zip. Raises ValueError if it is longer than the zip says, or than what is left."""
    left.take(info.file_size)
    with archive.open(info) as file:
        content = file.read(info.file_size + 1)
    if len(content) > info.file_size:
        raise ValueError("longer than it says")
    return content


def _begins(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: Allowance, most: int) -> bytes:
    if not left.look():
        return b""
    with archive.open(info) as file:
        return file.read(min(most, info.file_size))


def _of_bytes(name: str, data: bytes) -> Member:
    return Member(name, len(data), partial(bytes, data), lambda most: data[:most])


def _of_tar_or_gz(content: bytes, name: str, left: Allowance) -> list[Member]:
    plain = _unpacked(content, left)
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            found: list[Member] = []
            behind = 0
            for info in archive:
                if archive.offset <= behind:  # a size below zero leads back, round and round
                    return found
                behind = archive.offset
                if info.isreg() and info.sparse is None:
                    data = plain[info.offset_data:info.offset_data + info.size]
                    found.append(_of_bytes(_inside(info.name), data))
                if len(found) >= MAX_FILES:
                    break
            return found
    except tarfile.ReadError:
        if plain is content:
            return []
        own = PurePosixPath(name).name
        return [_of_bytes(PurePosixPath(own).stem if own.lower().endswith(ALONE) else own, plain)]


def _unpacked(content: bytes, left: Allowance) -> bytes:
    """A compressed file's content; the content itself if it is not compressed.

    Raises:
        ValueError: if it is longer than what is left.
    """
    limit = left.bytes + 1
    if content.startswith(b"\x1f\x8b"):
        plain = zlib.decompressobj(31).decompress(content, limit)
    elif content.startswith(b"BZh"):
        plain = bz2.BZ2Decompressor().decompress(content, limit)
    elif content.startswith(b"\xfd7zXZ"):
        plain = lzma.LZMADecompressor(memlimit=200_000_000).decompress(content, limit)
    else:
        return content
    left.bytes -= min(len(plain), left.bytes)
    if len(plain) >= limit:
        raise ValueError("it is too long")
    return plain


def _is_sound(member: Member) -> bool:
    return usable(member.name) and member.size <= MAX_NOTEBOOK_BYTES
