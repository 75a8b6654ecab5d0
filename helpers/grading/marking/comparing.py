"""Compares the marks of a restored submission with those of the submission as it was handed in.

What the student saw, running the notebook from top to bottom, and what grading gives should differ by secret cases
only. Where restoring changed what runs, the submission is run again as it was, with the assignment's own checks where
the student had them; where a mark differs, a person is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import nbformat
from nbformat import NotebookNode
from nbgrader import utils

from helpers.checking.verdict import number
from helpers.grading.marking.bounds import READ_SECONDS, Allowance, bounded
from helpers.grading.marking.causes import Causes, run_within
from helpers.grading.marking.job import GradingJob
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.cells import grade_id_of, is_check
from helpers.grading.sandbox.sandbox import warm_sandbox

LEAST_SECONDS = 1.0  # less is no time to run a notebook in


def points_by_check(notebook: NotebookNode) -> dict[str, float]:
    """What each check of a graded notebook gives."""
    return {grade_id_of(cell): float(utils.determine_grade(cell)[0] or 0) for cell in notebook.cells if is_check(cell)}


def asks_after_restoring(notebook: NotebookNode, problem_set: ProblemSet, assignment: GradingJob,
                         files: Mapping[str, bytes], seconds: float) -> dict[str, str]:
    """By grade_id, why a person has to look at a check's mark; takes `metadata.handed_in` out of the notebook.

    seconds: that the second run may take, in all.
    """
    plan = notebook.metadata.pop("handed_in", None)
    if not plan:
        return {}
    points = points_by_check(notebook)
    before = _points_as_handed_in(plan, problem_set, assignment, files, seconds) if seconds >= LEAST_SECONDS else None
    if before is None:
        there = {text for kind, text in plan if kind == "check"}
        return {name: "cells were put right, and there was no time to see whether that changed its mark"
                for name in points if name in there}
    return {name: f"cells were put right: as handed in, this check gives {number(before[name])}, "
                  f"as graded {number(points[name])}"
            for name in points if name in before and before[name] != points[name]}


def _points_as_handed_in(plan: list[list[str]], problem_set: ProblemSet, assignment: GradingJob,
                         files: Mapping[str, bytes], seconds: float) -> dict[str, float] | None:
    """Points by check; of a check that stands there more than once, the last. None if the run was stopped."""
    found: dict[str, float] = {}
    cells = {grade_id_of(cell): cell for cell in problem_set.recorded.cells if is_check(cell)}
    limits = replace(assignment.limits, notebook_seconds=min(seconds, assignment.limits.notebook_seconds))
    with warm_sandbox(assignment.sandbox, assignment.private).open(dict(files), limits, assignment.imports) as student:
        subjects = {name: student.subject(name) for name in problem_set.student_names}
        reading = Allowance(READ_SECONDS)
        for kind, text in plan:
            if kind == "run":
                run_within(reading, student, text, Causes())
                continue
            with bounded():
                checked = problem_set.check(problem_set.check_sources[text], text, subjects, assignment.seed, "verdict")
            cell = nbformat.from_dict({**cells[text], "outputs": checked.outputs})
            found[text] = float(utils.determine_grade(cell)[0] or 0)
        return None if student.ended else found
