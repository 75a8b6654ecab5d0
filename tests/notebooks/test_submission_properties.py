"""Whatever bytes are handed in, they are read as a notebook of bounded, plain cells, or a reason is given; and
restoring gives the assignment's shape back."""

from __future__ import annotations

import json

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.grading.notebooks.restore import restore
from helpers.grading.notebooks.submission import read_submission

ALL = settings(max_examples=200, deadline=None, print_blob=True)
CHECK = {"grade_id": "f-check", "grade": True, "solution": False, "locked": True, "points": 2, "schema_version": 3}
ANSWER = {"grade_id": "f", "grade": False, "solution": True, "locked": False, "schema_version": 3}
ASSIGNMENT = nbformat.v4.new_notebook(cells=[
    nbformat.v4.new_markdown_cell("# A set"), nbformat.v4.new_code_cell("def f(): ...", metadata={"nbgrader": ANSWER}),
    nbformat.v4.new_code_cell("check.values(f)", metadata={"nbgrader": CHECK})])
TEXT = st.one_of(st.text(max_size=20), st.sampled_from(["f", "f-check", "code", "markdown", "raw", "\ud800"]))
KEYS = st.sampled_from([
    "cells", "metadata", "nbformat", "nbformat_minor", "cell_type", "source", "outputs", "attachments", "nbgrader",
    "grade_id", "points", "tags", "output_type", "data", "text", "worksheets", "execution_count", "id", "kernelspec",
    "grading", "note", "language_info"])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=6)), max_leaves=25)
CELLS = st.fixed_dictionaries({}, optional={
    "cell_type": st.one_of(TEXT, VALUES), "source": st.one_of(TEXT, st.lists(TEXT, max_size=3), VALUES),
    "metadata": st.one_of(VALUES, st.fixed_dictionaries({"nbgrader": st.fixed_dictionaries(
        {"grade_id": st.one_of(TEXT, VALUES)}, optional={"points": VALUES, "grade": VALUES, "locked": VALUES})},
        optional={"tags": st.one_of(VALUES, st.just(["experiment"]))})),
    "outputs": VALUES, "attachments": VALUES, "id": VALUES})


@settings(ALL)
@given(st.binary(max_size=200))
def test_bytes_are_a_notebook_or_a_reason(content):
    becomes_the_assignment(content)


@pytest.mark.slow
@settings(ALL)
@given(VALUES)
def test_json_is_a_notebook_or_a_reason(value):
    becomes_the_assignment(json.dumps(value).encode())


@pytest.mark.slow
@settings(ALL)
@given(st.lists(CELLS, max_size=6), VALUES)
def test_cells_of_any_shape_are_put_back_into_shape(cells, metadata):
    becomes_the_assignment(json.dumps({"nbformat": 4, "metadata": metadata, "cells": cells}).encode())


def becomes_the_assignment(content: bytes) -> None:
    notebook, reason = read_submission(content, ASSIGNMENT)
    restored = restore(notebook, ASSIGNMENT, reason)
    nbformat.validate(restored)
    json.dumps(restored, ensure_ascii=False).encode("utf-8")
    graded = [cell for cell in restored.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert [(cell.source, cell.metadata.nbgrader.points) for cell in graded] == [("check.values(f)", 2)]
    assert graded[0].outputs[0].output_type == "error"  # until it has run, it has failed
    answers = [cell for cell in restored.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    assert [cell.metadata.nbgrader.grade_id for cell in answers] == ["f"]
    assert set(restored.metadata) <= {*ASSIGNMENT.metadata, "grading", "handed_in"}
