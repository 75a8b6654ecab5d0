"""Puts a submission back into the shape of the assignment, whatever was done to it.

Students delete, duplicate, edit, reorder and retag cells, by accident or on purpose. Graded and locked cells come
back from the assignment as nbgrader recorded it; what students wrote stays where it was. No database is needed, so
this runs in a worker too, and nbgrader's own OverwriteCells finds nothing left to do.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import nbformat
from nbconvert.preprocessors import ClearOutputPreprocessor
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import CheckCellMetadata, ClearSolutions, ComputeChecksums, LockCells
from traitlets.config import Config

from helpers.grading.notebooks.cells import EXPERIMENT, grade_id_of
from helpers.grading.notebooks.submission import KEPT_OUTPUTS, PICTURES, is_picture, text_of

KEPT_TEXT = 20_000  # characters of one output of an experiment
EXPERIMENT_NOTE = "Outputs as handed in; grading does not run this cell again."
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
    code: dict[str, Any] = {"outputs": [], "execution_count": None} if kind == "code" else {}
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
        return _said(text_of(output.get("text"))[:KEPT_TEXT])
    if kind == "error":
        return _said(f"{text_of(output.get('ename'))}: {text_of(output.get('evalue'))}"[:KEPT_TEXT])
    if kind not in ("display_data", "execute_result") or not isinstance(output.get("data"), dict):
        return None
    data = {}
    for mime in SAFE_TYPES:
        content = text_of(output["data"].get(mime))
        if not content:
            continue
        if mime == "text/plain":
            data[mime] = content[:KEPT_TEXT]
        elif is_picture(content):
            data[mime] = content
    return nbformat.from_dict({"output_type": "display_data", "data": data, "metadata": {}}) if data else None


