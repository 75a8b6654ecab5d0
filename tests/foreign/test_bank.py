"""Assignments that this kit did not make, marked as stock nbgrader marks them; and what cannot be forged is not.

`stock.json` has stock nbgrader's marks, made by `python benchmarks/foreign.py --stock`.
"""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from pathlib import Path

import bank
import nbformat
import pytest
from nbgrader.utils import determine_grade

from helpers.grading.marking.job import GradingJob, Result, SubmissionTask, imported_modules
from helpers.grading.marking.ways import Ways, prove
from helpers.grading.marking.worker import grade
from helpers.grading.notebooks.cells import grade_id_of, is_check
from helpers.grading.notebooks.restore import recorded
from helpers.grading.sandbox.limits import Limits
from helpers.grading.sandbox.sandbox import walls_available

pytestmark = [pytest.mark.walls, pytest.mark.slow]
STOCK = json.loads(Path(__file__).with_name("stock.json").read_text())
ASSIGNMENTS = bank.all_assignments()


@cache
def proved(name: str, notebook: str) -> tuple[GradingJob, Ways]:
    assignment = next(a for a in ASSIGNMENTS if a.name == name)
    source = assignment.source(notebook)
    job = GradingJob(
        name=notebook, source=nbformat.writes(source), recorded=nbformat.writes(recorded(source, notebook)), master="",
        files=tuple(sorted((name, text.encode()) for name, text in assignment.files.items())), seed=1, depth="why",
        limits=Limits(), sandbox="auto" if walls_available()[0] else "none", imports=tuple(imported_modules(source)))
    ways = prove(job)
    return dataclasses.replace(job, ways=tuple(ways.ways.items()), digest=""), ways


def marks(assignment: bank.Assignment, kind: str) -> tuple[dict[str, float], set[str]]:
    """Points by test of a submission, and which of the tests ran in the student's process."""
    found: dict[str, float] = {}
    inside: set[str] = set()
    for notebook in assignment.notebooks:
        job, ways = proved(assignment.name, notebook)
        assert not ways.problems, ways.problems
        handed_in = assignment.submission(notebook, kind, nbformat.reads(job.recorded, as_version=4))
        task = SubmissionTask(kind, nbformat.writes(handed_in).encode(), job.files)
        graded = nbformat.reads(Result.from_bytes(grade(job, task)).notebook, as_version=4)
        found |= {grade_id_of(cell): float(determine_grade(cell)[0]) for cell in graded.cells if is_check(cell)}
        inside |= {*ways.forgeable}
    return found, inside


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.name)
def test_marks_are_those_of_stock_nbgrader(assignment):
    for kind in ("right", "untouched", "broken"):
        assert marks(assignment, kind)[0] == STOCK[assignment.name][kind], kind


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.name)
@pytest.mark.parametrize("kind", ["lies", "patches"])
def test_a_hostile_submission_earns_nothing_in_the_grader(assignment, kind):
    points, inside = marks(assignment, kind)
    assert {name: score for name, score in points.items() if score and name not in inside} == {}


def test_most_tests_cannot_be_forged():
    ways = [way for a in ASSIGNMENTS for notebook in a.notebooks for way in proved(a.name, notebook)[1].ways.values()]
    assert len(ASSIGNMENTS) >= 15
    assert ways.count("a") >= 0.75 * len(ways), f"{ways.count('a')} of {len(ways)}"


def test_a_hidden_test_is_not_shown_whatever_its_delimiters_are():
    """As `c.ClearHiddenTests` names them: the marks are those of nbgrader, and the page says only that it failed."""
    assignment = next(a for a in ASSIGNMENTS if a.name == "variables")
    source = assignment.source(assignment.name)
    for cell in source.cells:
        cell.source = cell.source.replace("### BEGIN HIDDEN TESTS", "# SECRET >").replace(
            "### END HIDDEN TESTS", "# < SECRET").replace("assert seen ==", "assert 1224 not in seen or seen ==")
    kept = recorded(source, assignment.name)
    kept.metadata["hidden_tests"] = ["SECRET >", "< SECRET"]
    job = GradingJob(name="variables", source=nbformat.writes(source), recorded=nbformat.writes(kept), master="",
                     files=(), seed=1, depth="why", limits=Limits(), sandbox="none", imports=())
    handed_in = nbformat.from_dict(kept)
    for cell in handed_in.cells:
        if grade_id_of(cell) == "interest":
            cell.source = assignment.answers["right", "interest"].replace("set(map(int, growth))", "{1224}")
    graded = grade(job, SubmissionTask("ada", nbformat.writes(handed_in).encode(), ()))
    told = [str(cell.outputs) for cell in nbformat.reads(Result.from_bytes(graded).notebook, as_version=4).cells
            if grade_id_of(cell) == "tables"]
    assert "A hidden test failed" in told[0]
    assert "1242, 1260" not in told[0]
