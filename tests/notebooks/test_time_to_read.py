"""Whatever text is handed in, reading it and putting it back into shape takes time in proportion to its length, or has
an end."""

from __future__ import annotations

import json
import time

import nbformat
import pytest
from test_submission_properties import ANSWER, ASSIGNMENT, CHECK

from helpers.grading.marking import bounds
from helpers.grading.marking.job import SubmissionTask
from helpers.grading.marking.worker import restored

WRITTEN = {"grade_id": "why", "grade": True, "solution": True, "locked": False, "points": 2, "schema_version": 3}
SET = nbformat.v4.new_notebook(cells=[
    *ASSIGNMENT.cells, nbformat.v4.new_markdown_cell("YOUR ANSWER HERE", metadata={"nbgrader": WRITTEN})])
LENGTH, SECONDS = 400_000, 5.0  # characters; of processor time: what takes the square takes minutes
KINDS = ["<a kaggle.", "<a ", "<a kaggle.x>", "(", "[", "{1:", "- ", "not ", "x.", "f()", "1+", "%x\n", "!", "?", "'",
         '"""', 'f"{', "# a\n", "\\\n", "\u0301", ";", "lambda:", "@a\n", "1 if 1 else ", "### BEGIN SOLUTION\n", " ",
         "\n", "9", "x = 1\n", "def f(): pass\n"]


@pytest.mark.parametrize("cell_type", ["code", "markdown"])
def test_reading_takes_time_in_proportion(cell_type):
    slow = {}
    for kind in KINDS:
        start = time.process_time()
        restored(_task([kind * (LENGTH // len(kind))], cell_type), SET, "set")
        if (taken := time.process_time() - start) > SECONDS:
            slow[kind] = taken
    assert not slow


def test_accents_in_names_are_put_in_order_soon():
    """Python does so with every name, in the square of their number."""
    start = time.process_time()
    texts = ["a" + "\u0301\u0323" * 25_000 + f" = {number}" for number in range(8)]
    _, note = restored(_task(texts, "code"), SET, "set")
    assert time.process_time() - start < SECONDS
    assert not note


@pytest.mark.parametrize("part", ["1,", "{},", "-1,", "1+1j,", "f'{1}'", "1,\n", "'a':1,", "(),"])
def test_a_notebook_as_python_shows_it_takes_no_gigabytes(part):
    """Of two characters Python's tree takes a thousand bytes, and of two megabytes seconds."""
    start = time.process_time()
    content = ("{'cells': [" + part * (1_900_000 // len(part)) + "]}").encode()
    _, note = restored(SubmissionTask("eve", content), SET, "set")
    assert time.process_time() - start < 1
    assert "not a notebook that can be read" in note
    shown = str({**nbformat.from_dict(SET), "cells": [*map(dict, SET.cells), {
        "cell_type": "code", "metadata": {}, "source": "x = [1, 2, 'three']\n" * 500, "outputs": []}]})
    notebook, note = restored(SubmissionTask("ada", shown.encode()), SET, "set")
    assert not note
    assert any("three" in cell.source for cell in notebook.cells)


@pytest.mark.parametrize("name", ["work.md", "work.py"])
def test_reading_a_script_takes_time_in_proportion(name):
    slow = {}
    for kind in [*KINDS, "```python\n", "```", "```python ", "# %%\n", "# %% [markdown]\n'''", "# In [1]:\n\n",
                 "#\n\n"]:
        start = time.process_time()
        restored(SubmissionTask("eve", None, others=((name, (kind * (LENGTH // len(kind))).encode()),)), SET, "set")
        if (taken := time.process_time() - start) > SECONDS:
            slow[kind] = taken
    assert not slow


def test_what_takes_too_long_to_read_is_named_and_has_the_assignments_shape(monkeypatch):
    monkeypatch.setattr(bounds, "READ_SECONDS", 0.05)
    notebook, note = restored(_task([f"def f{i}(x):\n    return {i}\n" * 400 for i in range(400)], "code"), SET, "set")
    assert "cannot be read" in note
    assert [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata] == [
        ANSWER["grade_id"], CHECK["grade_id"], WRITTEN["grade_id"]]


def _task(texts: list[str], cell_type: str) -> SubmissionTask:
    cells = [{"cell_type": cell.cell_type, "source": cell.source, "metadata": cell.metadata} for cell in SET.cells]
    cells += [{"cell_type": cell_type, "source": text, "metadata": {}} for text in texts]
    return SubmissionTask("eve", json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}).encode())
