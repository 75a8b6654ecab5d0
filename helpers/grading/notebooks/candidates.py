"""What lies in a submission's folder that may be its notebook, whatever it is called and wherever it lies.

Browsers and people hand in `ps1 (1).ipynb`, `ps1-Copy1.ipynb`, `ps1.ipynb.txt`, `PS1.IPYNB`, folders in folders,
archives, and scripts that hold a notebook's cells. Everything here is bounded: files, bytes, folders, and what an
archive may hold. Nothing is unpacked to the disk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from helpers.grading.notebooks.archives import CLOSED, ENDINGS, PACKED, Allowance, Member, is_archive, members
from helpers.grading.notebooks.files import (
    MAX_FILES,
    MAX_FILES_BYTES,
    NBGRADERS,
    files_below,
    passed_files,
    plain_name,
    usable,
)
from helpers.grading.notebooks.scripts import is_script
from helpers.grading.notebooks.submission import MAX_NOTEBOOK_BYTES, notebook_file
from helpers.grading.text import clean_text, natural

LIKE_A_NOTEBOOK = re.compile(r"\.ipynb(\.(txt|json))?$", re.I)
NO_NOTEBOOK = re.compile(r"\.(py|pyc|csv|tsv|npz?|png|jpe?g|gif|pdf|docx?|md)$", re.I)
IS_A_ZIP = "is a zip"
CHECKPOINTS = ".ipynb_checkpoints"
BEGINNING = 65_536  # bytes of a file of another name, by which a notebook is known
MAX_CANDIDATES = 12
MAX_CANDIDATE_BYTES = 60_000_000  # of all notebooks but the one with the right name
MAX_ARCHIVES = 3
SAME_TIME = 3.0  # seconds between files that were written in one go
# What is handed in for a notebook and is none.
EXPORTS = (".html", ".htm", ".pdf", ".docx", ".doc", ".odt", ".tex")
INSTEAD = "hand in the file itself (in Colab: File, Download, Download .ipynb)."
LINK_BYTES = 4_000  # of a text in which an address is looked for
LINKS = (".url", ".webloc", ".gdoc", ".lnk", ".desktop")


@dataclass
class Found:
    """What was handed in. notebook: the one with the right name, or None and `why`; others: further ones, by path."""

    notebook: bytes | None
    why: str = ""
    others: tuple[tuple[str, bytes], ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)  # what lies beside the notebook


def find_handed_in(folder: Path, name: str, apart: Iterable[str] = ()) -> Found:
    """Everything in a submission's folder that may be its notebook, and what lies beside it.

    apart: the assignment's other notebooks; what is called after one of these is no candidate.

    Raises:
        OSError: if the folder, or the notebook with the right name, cannot be read.
    """
    notebook, why = notebook_file(folder / f"{name}.ipynb")
    found = Found(notebook, why, files=passed_files(folder))
    if why and not why.startswith("The folder has no notebook"):
        return found
    others: dict[str, bytes] = {}
    notebooks, scripts, archives = _sorted(folder, name)
    if notebook is not None and notebook.startswith(PACKED):
        found.notebook, found.why = None, f"{name}.ipynb {IS_A_ZIP}, and no notebook of this set is in it."
        archives.insert(0, folder / f"{name}.ipynb")
    for path in _oldest_first(notebooks, folder):
        _take(others, _label(path, folder), path.stat().st_size, path.read_bytes)
    places = [_parent(label) for label in others]
    left = Allowance()
    for path in archives[:MAX_ARCHIVES]:
        if path.stat().st_size <= MAX_NOTEBOOK_BYTES:
            label = _label(path, folder)
            found.files = {**_of_archive(path.read_bytes(), label, others, left), **found.files}
    for path in scripts:
        _take(others, _label(path, folder), path.stat().st_size, path.read_bytes)
    if found.notebook is None:
        for place in filter(None, places):  # what lay beside a notebook in a folder of its own lies beside it again
            found.files = {**{file.removeprefix(f"{place}/"): data for file, data in found.files.items()
                              if file.startswith(f"{place}/")}, **found.files}
        found.why = (found.why if notebook is not None else _what_is_there(folder, name)) or why
    names = [name, *apart]
    found.others = tuple((label, data) for label, data in others.items() if _called_after(label, names) == name)
    return found


def _sorted(folder: Path, name: str) -> tuple[list[Path], list[Path], list[Path]]:
    """What may be the notebook, beside the one with the right name: notebooks, scripts, archives."""
    notebooks, scripts, archives = [], [], []
    for path, _ in zip(files_below(folder), range(MAX_FILES)):
        label = _label(path, folder)
        if path == folder / f"{name}.ipynb" or not usable(label.replace(f"{CHECKPOINTS}/", "")) or _is_waste(label):
            continue
        if is_archive(label):
            archives.append(path)
        elif LIKE_A_NOTEBOOK.search(label) or (not NO_NOTEBOOK.search(label) and _begins_as_one(path)):
            notebooks.append(path)
        elif is_script(label):
            scripts.append(path)
    return notebooks, scripts, archives


def _label(path: Path, folder: Path) -> str:
    return plain_name(path.relative_to(folder).as_posix())


def _oldest_first(paths: list[Path], folder: Path) -> list[Path]:
    """By when they were written, if that says anything; else by their names."""
    named = sorted(paths, key=lambda path: natural(_label(path, folder)))[:MAX_CANDIDATES]
    times = {path: path.stat().st_mtime for path in named}
    apart = max(times.values(), default=0.0) - min(times.values(), default=0.0) > SAME_TIME
    return sorted(named, key=lambda path: times[path]) if apart else named


def _called_after(label: str, names: list[str]) -> str:
    """Which of an assignment's notebooks, the first of the names or a further one, a file may be: `second (1).ipynb`
    is `second`; what is called after none of them may be the first."""
    stem = PurePosixPath(label).name.lower()
    after = [name for name in names if stem.startswith(name.lower())]
    return max(after, key=len, default=names[0])


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
    shown = [label for label in there if label not in (*NBGRADERS, ".DS_Store", "Thumbs.db", "desktop.ini")]
    if not shown:
        return ""
    listed = ", ".join(shown[:6]) + (f" and {len(shown) - 6} more" if len(shown) > 6 else "")
    remark = next(filter(None, map(_remark, shown)), "") or next((
        f" {label[:100]} is a text with a link: {INSTEAD}" for label in shown if _holds_a_link(folder / label)), "")
    return f"The folder holds {listed[:300]} but no {name}.ipynb: hand in that name.{remark}"


def _remark(label: str) -> str:
    """Why a file is not the notebook, if its name says so."""
    name = label.lower()
    if _is_waste(label):
        return f" {label[:100]} is what macOS notes of a file, not the file."
    if name.endswith(EXPORTS):
        return f" {label[:100]} shows the notebook, at best: it cannot be run."
    if name.endswith(CLOSED):
        return f" {label[:100]} cannot be opened here: unpack it, or hand in a zip."
    if name.endswith(ENDINGS):
        return f" No notebook could be read from {label[:100]}: it is damaged, locked by a password, or holds none."
    if name.endswith(LINKS):
        return f" {label[:100]} is a link: {INSTEAD}"
    return ""


def _holds_a_link(path: Path) -> bool:
    """Is it a short text with an address in it?"""
    try:
        return path.suffix.lower() == ".txt" and path.stat().st_size <= LINK_BYTES and b"https://" in path.read_bytes()
    except OSError:
        return False


def _of_archive(content: bytes, label: str, others: dict[str, bytes], allowance: Allowance,
                nested: bool = False) -> dict[str, bytes]:
    """Take the notebooks and scripts of an archive; returns what lies beside the first of them."""
    inside = [member for member in members(content, label, allowance) if not _is_waste(member.name)]
    files: dict[str, bytes] = {}
    place = None
    try:
        for member in sorted(inside, key=lambda member: (is_script(member.name), natural(member.name))):
            if is_script(member.name) or _may_be_one(member):
                before = len(others)
                _take(others, f"{label}/{member.name}", member.size, member.read)
                place = _parent(member.name) if place is None and len(others) > before else place
        archives = [member for member in inside if is_archive(member.name)]
        for member in archives[:MAX_ARCHIVES if place is None and not nested else 0]:
            files |= _of_archive(member.read(), f"{label}/{member.name}", others, allowance, nested=True)
        left = MAX_FILES_BYTES
        for member in inside:
            file = member.name.removeprefix(f"{place}/") if place else member.name
            if not (LIKE_A_NOTEBOOK.search(file) or is_archive(file) or file.endswith(".pyc")) and member.size <= left:
                files[file] = member.read()
                left -= len(files[file])
    except Exception:  # each way of packing fails in ways of its own
        return files
    return files


def _may_be_one(member: Member) -> bool:
    if NO_NOTEBOOK.search(member.name) or is_archive(member.name):
        return False
    return bool(LIKE_A_NOTEBOOK.search(member.name)) or _is_beginning(member.begins(BEGINNING))
