"""Puts a submission back into the shape of the assignment, whatever was done to it.

Students delete, duplicate, edit, reorder and retag cells, by accident or on purpose. Graded and locked cells come
back from the assignment as nbgrader recorded it; what students wrote stays where it was. No database is needed, so
this runs in a worker too, and nbgrader's own OverwriteCells finds nothing left to do.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import nbformat
from nbconvert.preprocessors import ClearOutputPreprocessor
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import CheckCellMetadata, ClearSolutions, ComputeChecksums, LockCells, NbGraderPreprocessor
from traitlets.config import Config

from .master import EXPERIMENT
from .wire import clean_text

MAX_NOTEBOOK_BYTES = 50_000_000
MAX_PARTS = 1_000_000  # lists and objects in a notebook's file: one of two bytes takes a hundred in memory
MAX_CELLS = 1_000
MAX_TEXT = 5_000_000  # characters, in all cells
MAX_FILES_BYTES = 20_000_000  # of what is handed in beside the notebook, in all
MAX_FILES = 500
MAX_NAME = 200  # characters of a file's path below the submission
MAX_FOLDERS = 10  # one below the other
KEPT_RICH_BYTES = 2_000_000  # of one output of an experiment
KEPT_TEXT = 20_000  # characters of one output of an experiment
KEPT_OUTPUTS = 50  # of one experiment
EXPERIMENT_NOTE = "Outputs as handed in; grading does not run this cell again."
PICTURES = ("image/png", "image/jpeg", "image/gif")
SAFE_TYPES = ("text/plain", *PICTURES)
# In every check until it has run: nbgrader gives full marks to a check without an output.
NOT_RUN = {"output_type": "error", "ename": "NotGraded", "evalue": "this check has not been run",
           "traceback": ["NotGraded: this check has not been run"]}


def recorded(notebook: NotebookNode, name: str, config: Config | None = None) -> NotebookNode:
    """The assignment as nbgrader's gradebook records it: stubs and checksums, hidden tests still in their cells."""
    notebook, resources = copy.deepcopy(notebook), {"nbgrader": {"assignment": name, "notebook": name}}
    for step in (LockCells, ClearSolutions, ClearOutputPreprocessor, CheckCellMetadata, ComputeChecksums):
        notebook, resources = step(config=config or Config(), enabled=True)(notebook, resources)
    return notebook


def notebook_file(path: Path) -> tuple[bytes | None, str]:
    """The content of a notebook file and "", or None and why it is not read.

    Raises:
        OSError: if the file is there and cannot be read.
    """
    if any(place.is_symlink() for place in (path, path.parent)):
        return None, "The notebook is a link to somewhere else; hand in the file itself."
    if not path.is_file():
        return None, f"The folder has no notebook {path.name}."
    if path.stat().st_size > MAX_NOTEBOOK_BYTES:
        return None, _too_large(path.stat().st_size)
    return path.read_bytes(), ""


def _too_large(size: int) -> str:
    return (f"The notebook has {size / 1e6:.0f} MB; up to {MAX_NOTEBOOK_BYTES / 1e6:.0f} MB can be graded. "
            "Clear the outputs and hand it in again.")


def read_submission(content: bytes | None, assignment: NotebookNode) -> tuple[NotebookNode, str]:
    """A submitted notebook and "", or an untouched copy of the assignment and the reason why."""
    if content is None:
        return copy.deepcopy(assignment), "No notebook was handed in."
    try:
        return _parsed(content), ""
    except _TooMuch as error:
        return copy.deepcopy(assignment), str(error)
    except Exception as error:  # nbformat, json and unicode complain in many ways; all mean the same here
        return copy.deepcopy(assignment), (
            "The file that was handed in is not a notebook that can be read "
            f"({type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else 'no details'}).")


class _TooMuch(ValueError):
    """A notebook that would take more to read than a submission may; the message is for its author."""


def _parsed(content: bytes) -> NotebookNode:
    """The cells of a notebook file, and of each no more than grading needs: nbformat's own reader takes minutes and
    gigabytes for what 50 MB can hold."""
    if len(content) > MAX_NOTEBOOK_BYTES:
        raise _TooMuch(_too_large(len(content)))
    parts = content.count(b"{") + content.count(b"[")
    if parts > MAX_PARTS:
        raise _TooMuch(f"The notebook's file has {parts:,} parts; up to {MAX_PARTS:,} can be graded. "
                       "Clear the outputs and hand it in again.")
    raw = json.loads(content.decode("utf-8"))
    if isinstance(raw, dict) and isinstance(raw.get("worksheets"), list) and parts < MAX_CELLS * 20:  # version 3
        raw = nbformat.reads(content.decode("utf-8"), as_version=4)
    if not isinstance(raw, dict) or not isinstance(raw.get("cells"), list):
        raise ValueError("it has no cells")
    if len(raw["cells"]) > MAX_CELLS:
        raise _TooMuch(f"The notebook has {len(raw['cells']):,} cells; up to {MAX_CELLS:,} can be graded. Delete those "
                       "that are no part of an answer and hand it in again.")
    cells = [_bare(cell) for cell in raw["cells"]]
    text = sum(len(cell.source) for cell in cells)
    if text > MAX_TEXT:
        raise _TooMuch(f"The notebook's cells have {text:,} characters; up to {MAX_TEXT:,} can be graded. "
                       "Put data into files and hand it in again.")
    return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


def _bare(cell: Any) -> NotebookNode:
    """A cell's type, text and pictures, grade_id, points and tags, and an experiment's outputs.

    Raises:
        ValueError: if it is no cell.
    """
    if not isinstance(cell, dict) or not isinstance(cell.get("source"), (str, list)):
        raise ValueError("one of its cells is none")
    metadata = cell.get("metadata") if isinstance(cell.get("metadata"), dict) else {}
    new = {"cell_type": cell.get("cell_type"), "source": clean_text(_text(cell["source"])), "metadata": {}}
    found = metadata.get("nbgrader")
    if isinstance(found, dict):
        new["metadata"]["nbgrader"] = {name: found.get(name) for name in ("grade_id", "points")}
    if isinstance(metadata.get("tags"), list):
        new["metadata"]["tags"] = [tag for tag in metadata["tags"][:50] if isinstance(tag, str)]
    if isinstance(cell.get("attachments"), dict):
        new["attachments"] = _pictures(cell["attachments"])
    if isinstance(cell.get("outputs"), list):
        new["outputs"] = cell["outputs"][:KEPT_OUTPUTS] if EXPERIMENT in new["metadata"].get("tags", ()) else []
    return nbformat.from_dict(new)


def _pictures(attachments: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What was pasted into a written answer: pictures, by name and type."""
    found = {}
    for name, bundle in list(attachments.items())[:KEPT_OUTPUTS]:
        kept = {mime: bundle[mime] for mime in PICTURES if isinstance(bundle, dict) and is_picture(bundle.get(mime))}
        if kept and clean_text(name) == name:
            found[name] = kept
    return found


def is_picture(content: Any) -> bool:
    """A picture as notebooks keep it: base64, and nothing else that a page could take for its own text."""
    return isinstance(content, str) and len(content) <= KEPT_RICH_BYTES and bool(
        re.fullmatch(r"[A-Za-z0-9+/=\s]+", content))


def passed_files(folder: Path) -> dict[str, bytes]:
    """What a student handed in beside the notebook, up to a size; links are not followed, caches not taken.

    A file that cannot be read, or whose name not every system knows, is left out: it must not cost anybody a mark.
    """
    files: dict[str, bytes] = {}
    left = MAX_FILES_BYTES
    for path in _files_below(folder):
        name = path.relative_to(folder).as_posix()
        if not _usable(name) or path.suffix in (".ipynb", ".pyc") or name == "timestamp.txt":
            continue
        try:
            left -= path.stat().st_size
            if left < 0 or len(files) == MAX_FILES:
                break
            files[name] = path.read_bytes()
        except OSError:
            continue
    return files


def _files_below(folder: Path) -> Iterator[Path]:
    """The files of a folder and of those in it, nearest first, in the order of their names."""
    places = [folder]
    for _ in range(MAX_FOLDERS):
        found = [entry for place in places for entry in _entries(place) if not entry.is_symlink()]
        yield from (Path(entry.path) for entry in found if entry.is_file(follow_symlinks=False))
        places = [Path(entry.path) for entry in found if entry.is_dir(follow_symlinks=False)]


def _entries(place: Path) -> list[os.DirEntry]:
    try:
        with os.scandir(place) as entries:
            return sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except OSError:
        return []


def _usable(name: str) -> bool:
    return (len(name) <= MAX_NAME and clean_text(name) == name and "\\" not in name and "\0" not in name
            and not PureWindowsPath(name).drive and ".ipynb_checkpoints" not in name)


def with_own_files(theirs: Mapping[str, bytes] | Iterable, own: Mapping[str, bytes] | Iterable) -> dict[str, bytes]:
    """A student's files and the assignment's own, which come first: also where one's file is the other's folder."""
    own = dict(own)
    folders = {folder for name in own for folder in _folders(name)}
    return {name: data for name, data in dict(theirs).items()
            if name not in folders and not any(folder in own for folder in _folders(name))} | own


def _folders(name: str) -> list[str]:
    return [str(parent) for parent in PurePosixPath(name).parents]


def restore(notebook: NotebookNode, assignment: NotebookNode, note: str = "") -> NotebookNode:
    """The submission with every graded and locked cell of the assignment, once each and in a sensible order."""
    known = {grade_id_of(cell): cell for cell in assignment.cells if grade_id_of(cell)}
    repairs: list[str] = []
    cells = _deduplicated([_cleaned(cell, known, repairs) for cell in notebook.cells], known, repairs)
    cells = _without_misplaced(cells, assignment, repairs)
    _insert_missing(cells, assignment, repairs)
    if note:
        cells.insert(0, _plain("markdown", f"**This submission could not be graded as it is.** {note}"))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
        if cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell):
            cell.outputs = [nbformat.from_dict(NOT_RUN)]
    restored = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "cells": cells, "metadata": {}})
    restored.metadata = copy.deepcopy(assignment.metadata)
    restored.metadata["grading"] = {"note": note, "repairs": [] if note else list(dict.fromkeys(repairs))}
    return restored


def grade_id_of(cell: Any) -> str:
    found = cell.get("metadata", {}).get("nbgrader") or {}
    name = found.get("grade_id", "") if isinstance(found, dict) else ""
    return name if isinstance(name, str) else ""


def without_hidden_tests(source: str) -> str:
    """A check cell as students see it."""
    return re.sub(r"(?m)^[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*\n?", "", source, flags=re.S)


def _cleaned(cell: NotebookNode, known: dict[str, NotebookNode], repairs: list[str]) -> NotebookNode:
    """A cell of known type and metadata: the assignment's own if it is locked, else the student's text in it."""
    mine = known.get(grade_id_of(cell))
    if mine is not None:
        new = copy.deepcopy(mine)
        if not utils.is_locked(mine):
            new.source = cell.source
            if cell.get("attachments") and new.cell_type == "markdown":
                new.attachments = cell.attachments
        elif cell.source.strip() != without_hidden_tests(mine.source).strip():
            repairs.append(f"`{grade_id_of(mine)}` had been edited")
        if utils.is_grade(mine) and not _same_points(cell, mine):
            repairs.append(f"the points of `{grade_id_of(mine)}` had been changed")
        if EXPERIMENT in mine.metadata.get("tags", ()) and cell.cell_type == "code":
            new.outputs = kept_outputs(cell)
        return new
    kind = cell.cell_type if cell.cell_type in ("code", "markdown") else "raw"
    new = _plain(kind, cell.source)
    if cell.get("attachments") and kind == "markdown":
        new.attachments = cell.attachments
    tags = cell.metadata.get("tags", ())
    if kind == "code" and isinstance(tags, list) and EXPERIMENT in tags:
        new.metadata["tags"] = [EXPERIMENT]
        new.outputs = kept_outputs(cell)
    return new


def _plain(kind: str, source: str) -> NotebookNode:
    """A cell of nbformat 4, made without its schema's check, which takes longer than all the rest of restoring."""
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return nbformat.from_dict({"cell_type": kind, "source": source, "metadata": {}, **code})


def _said(text: str) -> NotebookNode:
    return nbformat.from_dict({"output_type": "stream", "name": "stdout", "text": text})


def _same_points(cell: NotebookNode, mine: NotebookNode) -> bool:
    return cell.metadata["nbgrader"].get("points") == mine.metadata["nbgrader"].get("points")


def _deduplicated(cells: list[NotebookNode], known: dict[str, NotebookNode],
                  repairs: list[str]) -> list[NotebookNode]:
    """Of several copies of a cell the last counts, as in nbgrader; earlier ones become plain cells."""
    last = {grade_id_of(cell): number for number, cell in enumerate(cells)}
    for number, cell in enumerate(cells):
        if grade_id_of(cell) in known and last[grade_id_of(cell)] != number:
            repairs.append(f"`{grade_id_of(cell)}` stood there more than once")
            cell.metadata = nbformat.from_dict({})
    return cells


def _without_misplaced(cells: list[NotebookNode], assignment: NotebookNode,
                       repairs: list[str]) -> list[NotebookNode]:
    """Drop checks and locked cells that stand before a cell which they should follow; they come back in place."""
    order = [grade_id_of(cell) for cell in assignment.cells if grade_id_of(cell)]
    position = {grade_id_of(cell): number for number, cell in enumerate(cells) if grade_id_of(cell)}
    locked = {grade_id_of(cell) for cell in assignment.cells if utils.is_locked(cell)}
    misplaced, latest = set(), -1
    for name in order:
        here = position.get(name, -1)
        if name in locked and 0 <= here < latest:
            misplaced.add(name)
            repairs.append(f"`{name}` had been moved")
        elif name not in locked:
            latest = here
    return [cell for cell in cells if grade_id_of(cell) not in misplaced]


def _insert_missing(cells: list[NotebookNode], assignment: NotebookNode, repairs: list[str]) -> None:
    """Put absent cells before the next cell of the assignment that is there, behind what the student added."""
    order = [(grade_id_of(cell), cell) for cell in assignment.cells if grade_id_of(cell)]
    names = [grade_id_of(cell) for cell in cells]
    for number, (name, mine) in enumerate(order):
        if name in names:
            continue
        if not any(name in repair for repair in repairs):
            repairs.append(f"`{name}` had been deleted")
        before = names.index(order[number - 1][0]) if number else -1
        following = next((i for i in range(before + 1, len(names)) if names[i]), len(names))
        cells.insert(following, copy.deepcopy(mine))
        names.insert(following, name)


def kept_outputs(cell: NotebookNode) -> list[NotebookNode]:
    """An experiment's outputs as handed in: text and pictures only, limited, labelled as not made by grading."""
    kept = [_said(EXPERIMENT_NOTE + "\n")]
    for output in list(cell.get("outputs") or ())[:KEPT_OUTPUTS]:
        new = _kept_output(output) if isinstance(output, dict) else None
        if new is not None and new.get("text") != EXPERIMENT_NOTE + "\n":
            kept.append(new)
    return kept


def _kept_output(output: dict[str, Any]) -> NotebookNode | None:
    kind = output.get("output_type")
    if kind == "stream":
        return _said(_text(output.get("text"))[:KEPT_TEXT])
    if kind == "error":
        return _said(f"{_text(output.get('ename'))}: {_text(output.get('evalue'))}"[:KEPT_TEXT])
    if kind not in ("display_data", "execute_result") or not isinstance(output.get("data"), dict):
        return None
    data = {}
    for mime in SAFE_TYPES:
        content = _text(output["data"].get(mime))
        if not content:
            continue
        if mime == "text/plain":
            data[mime] = content[:KEPT_TEXT]
        elif is_picture(content):
            data[mime] = content
    return nbformat.from_dict({"output_type": "display_data", "data": data, "metadata": {}}) if data else None


def _text(value: Any) -> str:
    text = "".join(map(str, value)) if isinstance(value, list) else value if isinstance(value, str) else ""
    return clean_text(text)


class RestoreCells(NbGraderPreprocessor):
    """`restore` as nbgrader's first sanitizing step."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        from .execute import problem_set_at_work

        note = nb.metadata.get("unreadable", "") if isinstance(nb.metadata.get("unreadable", ""), str) else ""
        return restore(nb, problem_set_at_work(self, resources).assignment, note), resources
