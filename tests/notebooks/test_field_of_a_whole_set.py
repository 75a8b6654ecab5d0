"""What is found on the small example is found on a whole problem set: its solution, handed in as people hand in."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from helpers.grading.classes.autograde import autograde
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books

pytestmark = [pytest.mark.walls, pytest.mark.slow]
NAME = "ps1_two_layer_nets"
WITH_CLASSES = "ps8_graph"  # and with functions in an answer's cell that are given out complete
Cells = list[dict[str, Any]]


def info(cell: dict[str, Any]) -> dict[str, Any]:
    return cell["metadata"].get("nbgrader", {})


def is_answer(cell: dict[str, Any]) -> bool:
    return bool(info(cell).get("solution")) and cell["cell_type"] == "code"


def honest(cells: Cells, given: Cells) -> Cells:
    return cells


def without_metadata_and_ids(cells: Cells, given: Cells) -> Cells:
    return [{key: value for key, value in cell.items() if key != "id"} | {"metadata": {}} for cell in cells]


def merged_into_the_first(cells: Cells, given: Cells) -> Cells:
    answers = [cell for cell in cells if is_answer(cell)]
    answers[0]["source"] = "\n\n".join(cell["source"] for cell in answers)
    return [cell for cell in cells if not is_answer(cell) or cell is answers[0]]


def pasted_above_the_stubs(cells: Cells, given: Cells) -> Cells:
    made = []
    for cell, stub in zip(cells, given):
        made += [{**cell, "metadata": {}, "id": f"mine-{len(made)}"}, stub] if is_answer(cell) else [cell]
    return made


def checks_and_locked_cells_deleted(cells: Cells, given: Cells) -> Cells:
    return [cell for cell in cells if not info(cell).get("locked")]


def swapped_in_pairs(cells: Cells, given: Cells) -> Cells:
    answers = [cell for cell in cells if is_answer(cell)]
    for one, other in zip(answers[::2], answers[1::2]):
        one["source"], other["source"] = other["source"], one["source"]
    return cells


def behind_earlier_attempts(cells: Cells, given: Cells) -> Cells:
    made = []
    for cell in cells:
        wrong = cell["source"].replace("return ", "return 2 * ")
        attempt = {**cell, "metadata": {}, "id": f"mine-{len(made)}", "source": wrong}
        made += [attempt, cell] if is_answer(cell) else [cell]
    return made


FORMS: tuple[Callable[[Cells, Cells], Cells], ...] = (
    honest, without_metadata_and_ids, merged_into_the_first, pasted_above_the_stubs, checks_and_locked_cells_deleted)


FORMS_WITH_CLASSES = (swapped_in_pairs, behind_earlier_attempts)


def course_with(name: str, folder: Path) -> Course:
    (folder / "notebooks").mkdir(parents=True)
    for file in ("nbgrader_config.py", "requirements.txt", f"notebooks/{name}.py"):
        shutil.copy(ROOT / file, folder / file)
    for step in ("source", "release"):
        shutil.copytree(ROOT / step / name, folder / step / name)
    return Course(folder)


def notebook(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    for cell in found["cells"]:
        cell["source"] = "".join(cell["source"])
    return found


@pytest.mark.parametrize(("name", "forms", "asked"), [
    (NAME, FORMS, {"pasted_above_the_stubs"}),  # its own checks, from top to bottom, show nothing
    (WITH_CLASSES, FORMS_WITH_CLASSES, {"swapped_in_pairs"}),
])
def test_every_form_of_the_solution_gets_what_the_solution_gets(tmp_path, name, forms, asked):
    course = course_with(name, tmp_path / "course")
    source = notebook(course.source_path(name))
    given = notebook(course.folder("release", ".", name) / f"{name}.ipynb")
    answers = {info(cell)["grade_id"]: cell["source"] for cell in source["cells"] if info(cell).get("solution")}
    for form in forms:
        cells = copy.deepcopy(given["cells"])
        for cell in cells:
            text = answers.get(info(cell).get("grade_id"), cell["source"])
            cell["source"] = text.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", "")
        path = course.folder("submitted", form.__name__, name) / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({**given, "cells": form(cells, copy.deepcopy(given["cells"]))}))
    summary = autograde(course, name, workers=1, sandbox="none")
    marks = books.marks_of(course, name)[1]
    lost = {student: [cell for cell, mark in row.items() if mark.auto is not None and mark.score < mark.points]
            for student, row in marks.items()}
    assert lost == {form.__name__: [] for form in forms}
    assert set(summary.asks) == asked
