"""Files beside a notebook: what of them is taken, and whose come first."""

from __future__ import annotations

import os
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path, PurePosixPath, PureWindowsPath

from helpers.grading.text import clean_text

MAX_FILES_BYTES = 20_000_000  # of what is handed in beside the notebook, in all
MAX_FILES = 500
MAX_NAME = 200  # characters of a file's path below the submission
MAX_PART_BYTES = 255  # of one part of it, on most file systems
MAX_ENTRIES = 10_000  # files, folders and links of a submission that are looked at
MAX_FOLDERS = 10  # one below the other
NBGRADERS = ("timestamp.txt", "submission_secret.txt")  # nbgrader's own; `release_feedback` reads them beside the page
ASIDE = "submitted files"  # no name of a package
INERT = frozenset((".txt", ".csv", ".tsv", ".md", ".png", ".jpg", ".jpeg", ".gif", ".pdf", ".npy", ".npz"))


def passed_files(folder: Path) -> dict[str, bytes]:
    """What a student handed in beside the notebook, up to a size; links are not followed, caches not taken.

    A file that cannot be read, or whose name not every system knows, is left out: it must not cost anybody a mark.
    """
    files: dict[str, bytes] = {}
    left = MAX_FILES_BYTES
    for path in files_below(folder):
        name = plain_name(path.relative_to(folder).as_posix())
        if not usable(name) or name in files or path.suffix in (".ipynb", ".pyc") or name == "timestamp.txt":
            continue
        try:
            left -= path.stat().st_size
            if left < 0 or len(files) == MAX_FILES:
                break
            files[name] = path.read_bytes()
        except OSError:
            continue
    return files


def files_below(folder: Path) -> Iterator[Path]:
    """The files of a folder and of those in it, nearest first, in the order of their names; of no more entries than
    somebody hands in."""
    places, left = [folder], MAX_ENTRIES
    for _ in range(MAX_FOLDERS):
        entries = [entry for place in places for entry in _entries(place, left)]
        found = [entry for entry in entries[:left] if not entry.is_symlink()]
        left -= len(found)
        yield from (Path(entry.path) for entry in found if entry.is_file(follow_symlinks=False))
        places = [Path(entry.path) for entry in found if entry.is_dir(follow_symlinks=False)]


def _entries(place: Path, most: int) -> list[os.DirEntry]:
    try:
        with os.scandir(place) as entries:
            return sorted(islice(entries, most), key=lambda entry: os.fsencode(entry.name))
    except OSError:
        return []


def plain_name(name: str) -> str:
    """A path with slashes, also where a Windows zip was unpacked into names with backslashes."""
    return name.replace("\\", "/")


def usable(name: str) -> bool:
    """Can a file of this path be put beside a notebook, and is it below the submission's folder?"""
    return (len(name) <= MAX_NAME and clean_text(name) == name and "\\" not in name and "\0" not in name
            and str(PurePosixPath(name)) == name
            and all(len(part.encode()) <= MAX_PART_BYTES for part in name.split("/"))
            and ".." not in name.split("/") and not name.startswith("/") and not PureWindowsPath(name).drive
            and ".ipynb_checkpoints" not in name)


def with_own_files(theirs: Mapping[str, bytes] | Iterable, own: Mapping[str, bytes] | Iterable) -> dict[str, bytes]:
    """A student's files and the assignment's own, which come first: also where one's file is the other's folder, as it
    can be in a zip."""
    theirs, own = dict(theirs), dict(own)
    folders = {folder for name in own for folder in _folders(name)}
    return {name: data for name, data in theirs.items()
            if name not in folders and not any(folder in own or folder in theirs for folder in _folders(name))} | own


def aside(name: str) -> str:
    """Where a student's file lies beside a graded notebook, if nothing is in its way: in a folder that nothing is
    imported from, under a name that no kernel, server or browser runs. `ipykernel_launcher.py` beside a notebook would
    run as whoever opens it. nbgrader's own texts stay beside it."""
    if name in NBGRADERS:
        return name
    path = PurePosixPath(name) if name.startswith(f"{ASIDE}/") else PurePosixPath(ASIDE, name)
    return str(path if path.suffix.lower() in INERT else path.with_name(f"{path.name}.txt"))


def all_aside(names: Iterable[str]) -> dict[str, str]:
    """Where each of a student's files lies beside a graded notebook, by its name: no two at the same place, none where
    another's folder is, none under a name that is too long with its new ending, on no file system."""
    found: dict[str, str] = {}
    files: set[str] = set()
    folders: set[str] = set()
    for number, name in enumerate(names):
        place = aside(name)
        if not _fits(place, files, folders):
            place = str(PurePosixPath(ASIDE, f"file {number}{PurePosixPath(place).suffix}"))
            while not _fits(place, files, folders):
                place = str(PurePosixPath(place).with_stem(PurePosixPath(place).stem + "x"))
        found[name] = place
        files.add(_folded(place))
        folders.update(map(_folded, _folders(place)))
    return found


def _fits(place: str, files: set[str], folders: set[str]) -> bool:
    return (_folded(place) not in files | folders and not any(_folded(folder) in files for folder in _folders(place))
            and all(len(part.encode()) <= MAX_PART_BYTES for part in place.split("/")))


def _folded(place: str) -> str:
    """The same for names that are one and the same to some file systems."""
    return unicodedata.normalize("NFC", place).casefold()


def put_aside(folder: Path, own: Iterable[str]) -> None:
    """Move what a student's submission has left beside a graded notebook to where it cannot act.

    own: names of the assignment's own files, which stay where they are, as do notebooks and nbgrader's two texts.
    """
    kept = {*own, *NBGRADERS}
    found: list[str] = []
    for place, folders, files in list(os.walk(folder, topdown=False)):
        for name in (*files, *folders):
            path = Path(place, name)
            if path.is_symlink():
                path.unlink()
        found += [relative for name in files if not name.endswith(".ipynb") and Path(place, name).exists()
                  and (relative := Path(place, name).relative_to(folder).as_posix()) not in kept]
    with tempfile.TemporaryDirectory(prefix=".", dir=folder) as between:
        for number, name in enumerate(found):
            (folder / name).replace(Path(between, str(number)))
        for place, *_ in list(os.walk(folder, topdown=False)):
            if not any(Path(place).iterdir()):
                Path(place).rmdir()
        for number, target in enumerate(all_aside(found).values()):
            (folder / target).parent.mkdir(parents=True, exist_ok=True)
            Path(between, str(number)).replace(folder / target)


def _folders(name: str) -> list[str]:
    return [str(parent) for parent in PurePosixPath(name).parents]
