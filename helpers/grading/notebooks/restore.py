"""Puts a submission back into the shape of the assignment, whatever was done to it.

Students delete, duplicate, edit, reorder, split, merge and retag cells, by accident or on purpose, and editors lose
nbgrader's metadata. Graded and locked cells come back from the assignment as nbgrader recorded it; what students wrote
stays where it was, and what a run from top to bottom leaves in force at a check is what the check sees. No database is
needed, so this runs in a worker too, and nbgrader's own OverwriteCells finds nothing left to do.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import Any

import nbformat
from nbconvert.preprocessors import ClearOutputPreprocessor
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import CheckCellMetadata, ClearHiddenTests, ClearSolutions, ComputeChecksums, LockCells
from traitlets.config import Config

from helpers.grading.notebooks.answers import find_written_answers
from helpers.grading.notebooks.arranging import Arranging, listed, runs
from helpers.grading.notebooks.cells import EXPERIMENT, grade_id_of, is_check
from helpers.grading.notebooks.keeping import plain
from helpers.grading.notebooks.matching import Handed, matched
from helpers.grading.notebooks.shape import Shape, shape_of, without_hidden_tests

__all__ = ["recorded", "restore", "without_hidden_tests"]

OF_ONE_CELL = re.compile(r"`([^`]+)` (had been (?:deleted|edited)|stood there more than once.*)")
# In every check until it has run: nbgrader gives full marks to a check without an output.
NOT_RUN = {"output_type": "error", "ename": "NotGraded", "evalue": "this check has not been run",
           "traceback": ["NotGraded: this check has not been run"]}


def recorded(notebook: NotebookNode, name: str, config: Config | None = None) -> NotebookNode:
    """The assignment as nbgrader's gradebook records it: stubs and checksums, hidden tests still in their cells."""
    notebook, resources = copy.deepcopy(notebook), {"nbgrader": {"assignment": name, "notebook": name}}
    for step in (LockCells, ClearSolutions, ClearOutputPreprocessor, CheckCellMetadata, ComputeChecksums):
        notebook, resources = step(config=config or Config(), enabled=True)(notebook, resources)
    tests = ClearHiddenTests(config=config or Config())
    notebook.metadata["hidden_tests"] = [tests.begin_test_delimeter, tests.end_test_delimeter]
    return notebook


def restore(notebook: NotebookNode, assignment: NotebookNode, note: str = "", told: tuple[str, ...] = (),
            ) -> NotebookNode:
    """The submission with every graded and locked cell of the assignment, once each and in a sensible order.

    `metadata.grading` says what was done: `note`, `repairs` (sentences; told: more of them), `asks` (by grade_id, why a
    person has to look) and `doubts` (the same, for where points are missing). `metadata.handed_in` is there if other
    code runs now than was handed in: that code, for whoever compares the marks.
    """
    shape = shape_of(assignment)
    handed = matched(notebook, shape)
    work = _arranged(handed, shape)
    cells = [entry.cell for entry in work.entries]
    before, after = plan_as_handed_in(handed, shape), plan_of(cells)
    if note:
        cells.insert(0, plain("markdown", f"**This submission could not be graded as it is.** {note}"))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
        if is_check(cell):
            cell.outputs = [nbformat.from_dict(NOT_RUN)]
    restored = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "cells": cells, "metadata": {}})
    restored.metadata = copy.deepcopy(assignment.metadata)
    restored.metadata.pop("hidden_tests", None)
    restored.metadata["grading"] = _facts(work, note, told, notebook)
    if not note and _differ(before, after):
        restored.metadata["handed_in"] = before
    return restored


def _arranged(handed: list[Handed], shape: Shape) -> Arranging:
    """A submission's cells and its assignment's in one order."""
    work = Arranging(shape)
    work.take(handed)
    find_written_answers(work, handed)
    work.put_back()
    work.put_back_given()
    work.silence_stubs()
    work.move_checks()
    work.name_answers()
    work.dress_the_rest()
    return work


def _facts(work: Arranging, note: str, told: tuple[str, ...], notebook: NotebookNode) -> dict[str, Any]:
    repairs = [] if note else in_short(dict.fromkeys([*told, *work.repairs]))
    asks, doubts = ({}, {}) if note else (dict(work.asks), dict(notebook.metadata.get("doubts", {})))
    return {"note": note, "repairs": repairs, "asks": asks, "doubts": doubts,
            "python": notebook.metadata.get("python", "")}


def in_short(repairs: Iterable[str]) -> list[str]:
    """What was put right in several cells is said once."""
    alike: dict[str, list[str]] = {}
    for said in repairs:
        found = OF_ONE_CELL.fullmatch(said)
        alike.setdefault(found[2] if found else said, []).extend([found[1]] if found else [])
    return [f"{listed(names)} {said}" if names else said for said, names in alike.items()]


def plan_of(cells: list[NotebookNode]) -> list[list[str]]:
    """What grading runs of a restored notebook, in order: ["run", source] or ["check", grade_id]."""
    return [["check", grade_id_of(cell)] if is_check(cell) else ["run", cell.source] for cell in cells
            if cell.cell_type == "code" and EXPERIMENT not in cell.metadata.get("tags", ())]


def plan_as_handed_in(handed: list[Handed], shape: Shape) -> list[list[str]]:
    """What a run of the submission from top to bottom would do; the checks are the assignment's own."""
    plan: list[list[str]] = []
    for one in handed:
        mine = shape.cells[one.place] if one.place >= 0 else None
        locked = mine is not None and bool(grade_id_of(mine)) and utils.is_locked(mine)
        if mine is not None and is_check(mine):
            plan += [["run", runs(one, shape)], ["check", one.name(shape)]]
        elif one.is_code:
            plan.append(["run", one.cell.source if locked else runs(one, shape)])
    return plan


def _differ(before: list[list[str]], after: list[list[str]]) -> bool:
    """Does other code run now? Cells that do nothing do not count, nor a check that was not there before."""
    there = {text for kind, text in before if kind == "check"}
    one, other = ([[kind, text.strip()] for kind, text in plan if text.strip() and (kind == "run" or text in there)]
                  for plan in (before, after))
    return one != other and bool(there)
