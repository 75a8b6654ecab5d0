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
ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".txz", ".gz")
CLOSED = (".7z", ".rar")  # nothing of Python's own opens these
MAX_ARCHIVE_BYTES = 50_000_000
MAX_UNPACKED_BYTES = 100_000_000  # of a tar or a gz, which are read as a whole


@dataclass(frozen=True)
class Member:
    """A file in an archive. read(): its content; raises some exception if it is not as the archive says. begins(n): its
    first n bytes, without unpacking the rest."""

    name: str
    size: int
    read: Callable[[], bytes]
    begins: Callable[[int], bytes]


def is_archive(name: str) -> bool:
    return name.lower().endswith(ENDINGS)


def members(content: bytes, name: str) -> list[Member]:
    """The files of an archive with names that stay inside it; none if it is no sound one, or too large.

    name: its own, which the only file of a `.gz` has without its ending.
    """
    if len(content) > MAX_ARCHIVE_BYTES:
        return []
    try:
        found = _of_zip(content) if content.startswith(ZIP) else _of_tar_or_gz(content, name)
    except Exception:  # each way of packing fails in ways of its own
        return []
    return [member for member in found[:MAX_FILES] if _is_sound(member)]


def _of_zip(content: bytes) -> list[Member]:
    if not has_small_directory(content):
        return []
    archive = zipfile.ZipFile(io.BytesIO(content))
    return [Member(_inside(info.filename), info.file_size, partial(_read, archive, info),
                   partial(_begins, archive, info))
            for info in archive.infolist()[:MAX_FILES]
            if not info.is_dir() and not info.flag_bits & 1 and (info.external_attr >> 28) != 0xA]


def _inside(name: str) -> str:
    return str(PurePosixPath(plain_name(name)))


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A file of a zip. Raises ValueError if it is longer than the zip says."""
    with archive.open(info) as file:
        content = file.read(info.file_size + 1)
    if len(content) > info.file_size:
        raise ValueError("longer than it says")
    return content


def _begins(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    with archive.open(info) as file:
        return file.read(min(most, info.file_size))


def _of_bytes(name: str, data: bytes) -> Member:
    return Member(name, len(data), partial(bytes, data), lambda most: data[:most])


def _of_tar_or_gz(content: bytes, name: str) -> list[Member]:
    plain = _unpacked(content)
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
        return [_of_bytes(own[:-len(".gz")] if own.lower().endswith(".gz") else own, plain)]


def _unpacked(content: bytes) -> bytes:
    """A compressed file's content; the content itself if it is not compressed.

    Raises:
        ValueError: if it is longer than MAX_UNPACKED_BYTES.
    """
    limit = MAX_UNPACKED_BYTES + 1
    if content.startswith(b"\x1f\x8b"):
        plain = zlib.decompressobj(31).decompress(content, limit)
    elif content.startswith(b"BZh"):
        plain = bz2.BZ2Decompressor().decompress(content, limit)
    elif content.startswith(b"\xfd7zXZ"):
        plain = lzma.LZMADecompressor(memlimit=200_000_000).decompress(content, limit)
    else:
        return content
    if len(plain) >= limit:
        raise ValueError("it is too long")
    return plain


def _is_sound(member: Member) -> bool:
    return usable(member.name) and member.size <= MAX_NOTEBOOK_BYTES
