"""What lies in a submission's folder that may be its notebook, whatever it is called and wherever it lies.

Browsers and people hand in `ps1 (1).ipynb`, `ps1-Copy1.ipynb`, `ps1.ipynb.txt`, `PS1.IPYNB`, folders in folders and
zips. Everything here is bounded: files, bytes, folders, and what a zip may hold. Nothing is unpacked to the disk.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from helpers.grading.notebooks.files import MAX_FILES, MAX_FILES_BYTES, files_below, passed_files, usable
from helpers.grading.notebooks.submission import MAX_NOTEBOOK_BYTES, notebook_file
from helpers.grading.notebooks.zips import has_small_directory
from helpers.grading.text import clean_text

LIKE_A_NOTEBOOK = re.compile(r"\.ipynb(\.(txt|json))?$", re.I)
NO_NOTEBOOK = re.compile(r"\.(py|pyc|csv|tsv|npz?|png|jpe?g|gif|pdf|docx?|md)$", re.I)
ZIP = b"PK\x03\x04"
IS_A_ZIP = "is a zip"
CHECKPOINTS = ".ipynb_checkpoints"
BEGINNING = 65_536  # bytes of a file of another name, by which a notebook is known
MAX_CANDIDATES = 12
MAX_CANDIDATE_BYTES = 60_000_000  # of all notebooks but the one with the right name
MAX_ZIPS = 3
MAX_ZIP_BYTES = 50_000_000


@dataclass
class Found:
    """What was handed in. notebook: the one with the right name, or None and `why`; others: further ones, by path."""

    notebook: bytes | None
    why: str = ""
    others: tuple[tuple[str, bytes], ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)  # what lies beside the notebook


def find_handed_in(folder: Path, name: str) -> Found:
    """Everything in a submission's folder that may be its notebook, and what lies beside it.

    Raises:
        OSError: if the folder, or the notebook with the right name, cannot be read.
    """
    notebook, why = notebook_file(folder / f"{name}.ipynb")
    found = Found(notebook, why, files=passed_files(folder))
    if why and not why.startswith("The folder has no notebook"):
        return found
    others: dict[str, bytes] = {}
    zips = []
    if notebook is not None and notebook.startswith(ZIP):
        found.notebook, found.why = None, f"{name}.ipynb {IS_A_ZIP}, and no notebook of this set is in it."
        zips.append(folder / f"{name}.ipynb")
    for path, _ in zip(files_below(folder), range(MAX_FILES)):
        label = path.relative_to(folder).as_posix()
        if label == f"{name}.ipynb" or not usable(label.replace(CHECKPOINTS, "")) or _is_waste(label):
            continue
        if label.lower().endswith(".zip"):
            zips.append(path)
        elif LIKE_A_NOTEBOOK.search(label) or (not NO_NOTEBOOK.search(label) and _begins_as_one(path)):
            _take(others, label, path.stat().st_size, path.read_bytes)
    places = [_parent(label) for label in others]
    for path in zips[:MAX_ZIPS]:
        found.files = {**_unzipped(path, path.relative_to(folder).as_posix(), others), **found.files}
    if found.notebook is None:
        for place in filter(None, places):  # what lay beside a notebook in a folder of its own lies beside it again
            found.files = {**{file.removeprefix(f"{place}/"): data for file, data in found.files.items()
                              if file.startswith(f"{place}/")}, **found.files}
        found.why = (found.why if notebook is not None else _what_is_there(folder, name)) or why
    found.others = tuple(others.items())
    return found


def _take(others: dict[str, bytes], label: str, size: int, read: Callable[[], bytes]) -> None:
    taken = sum(map(len, others.values()))
    if len(others) < MAX_CANDIDATES and size <= MAX_NOTEBOOK_BYTES and taken + size <= MAX_CANDIDATE_BYTES:
        try:
            content = read()
        except OSError:  # a further file that cannot be read is none
            return
        others[label] = content


def _is_waste(label: str) -> bool:
    """macOS's doubles of every file."""
    parts = PurePosixPath(label).parts
    return "__MACOSX" in parts or parts[-1].startswith("._")


def is_checkpoint(label: str) -> bool:
    """Jupyter's own copy of an earlier state."""
    return CHECKPOINTS in PurePosixPath(label).parts


def _begins_as_one(path: Path) -> bool:
    """Does a file under another name, such as `ps1.ipynb.html` or `ps1`, begin as a notebook does?"""
    try:
        with open(path, "rb") as file:
            return _is_beginning(file.read(BEGINNING))
    except OSError:
        return False


def _is_beginning(content: bytes) -> bool:
    text = content.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return text.startswith(b"{") and (b'"cells"' in text or b'"worksheets"' in text)


def _parent(label: str) -> str:
    parent = str(PurePosixPath(label).parent)
    return "" if parent == "." else parent


def _what_is_there(folder: Path, name: str) -> str:
    """For whoever has to put it right: what the folder holds in the place of the notebook."""
    there = [clean_text(path.relative_to(folder).as_posix()) for path, _ in zip(files_below(folder), range(50))]
    shown = [label for label in there if label != "timestamp.txt"]
    if not shown:
        return ""
    listed = ", ".join(shown[:6]) + (f" and {len(shown) - 6} more" if len(shown) > 6 else "")
    return f"The folder holds {listed[:300]} but no {name}.ipynb: hand in that name."


def _unzipped(path: Path, label: str, others: dict[str, bytes]) -> dict[str, bytes]:
    """Take the notebooks of a zip; returns what lies beside the first of them. What is no sound zip holds nothing."""
    return _of_zip(path.read_bytes(), label, others) if path.stat().st_size <= MAX_ZIP_BYTES else {}


def _of_zip(content: bytes, label: str, others: dict[str, bytes], nested: bool = False) -> dict[str, bytes]:
    if not has_small_directory(content):
        return {}
    files: dict[str, bytes] = {}
    place = None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = [info for info in archive.infolist()[:MAX_FILES] if _is_sound(info)]
            for info in inside:
                if _may_be_one(archive, info):
                    before = len(others)
                    _take(others, f"{label}/{info.filename}", info.file_size, partial(_read, archive, info))
                    place = _parent(info.filename) if place is None and len(others) > before else place
            zips = [info for info in inside if info.filename.lower().endswith(".zip")]
            for info in zips[:MAX_ZIPS if place is None and not nested else 0]:
                files |= _of_zip(_read(archive, info), f"{label}/{info.filename}", others, nested=True)
            left = MAX_FILES_BYTES
            for info in inside:
                file = info.filename.removeprefix(f"{place}/") if place else info.filename
                if not LIKE_A_NOTEBOOK.search(file) and info.file_size <= left and not file.endswith((".pyc", ".zip")):
                    files[file] = _read(archive, info)
                    left -= len(files[file])
    except Exception:  # each way of packing fails in ways of its own: lzma's errors have no class that others know
        return files
    return files


def _may_be_one(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    if NO_NOTEBOOK.search(info.filename) or info.filename.lower().endswith(".zip"):
        return False
    if LIKE_A_NOTEBOOK.search(info.filename):
        return True
    with archive.open(info) as file:
        return _is_beginning(file.read(BEGINNING))


def _is_sound(info: zipfile.ZipInfo) -> bool:
    """A file under a name that stays inside, not encrypted, not a link, not larger than may be handed in."""
    name = info.filename
    parts = PurePosixPath(name).parts
    return (not info.is_dir() and usable(name) and not name.startswith("/") and ".." not in parts
            and not _is_waste(name) and not info.flag_bits & 1 and (info.external_attr >> 28) != 0xA
            and info.file_size <= MAX_NOTEBOOK_BYTES)


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A file of a zip. Raises ValueError if it is longer than the zip says."""
    with archive.open(info) as file:
        content = file.read(info.file_size + 1)
    if len(content) > info.file_size:
        raise ValueError("longer than it says")
    return content
