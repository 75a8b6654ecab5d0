"""Hands a problem set's own solution in, as a student would: through the walls, the proxies and the wire.

What cannot travel there no student can pass, however right; the checks at hand do not notice.
"""

from __future__ import annotations

import json

import nbformat

from helpers.checking.verdict import Verdict
from helpers.grading.authoring.source import source_notebook
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.course.private import private_of
from helpers.grading.marking.job import GradingJob, imported_modules
from helpers.grading.marking.notebook import grade_cells
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.cells import grade_id_of, info_of, is_check
from helpers.grading.notebooks.master import Master
from helpers.grading.notebooks.restore import recorded, restore
from helpers.grading.sandbox.limits import Limits
from helpers.grading.sandbox.sandbox import walls_available, warm_sandbox

TRAVELS = ("Numbers, texts, arrays, tables, lists, dicts and sets of these travel between grader and student; "
           "functions, objects and generators stay where they are. Let the function return what is computed, or wrap "
           "it in one that does (see “What a check can ask for” in docs/authoring.md).")


def prove_passable(course: Course, problem_set: ProblemSet, master: Master, seed: int) -> None:
    """Grade the solution once as a submission.

    Raises:
        CourseError: if it does not get all points, with each check, what it said and what to do.
    """
    verdict_of, notebook = hand_in(course, problem_set, master, seed)
    problems = []
    for cell in notebook.cells:
        name = grade_id_of(cell)
        if is_check(cell) and (why := _lost(cell, verdict_of.get(name))):
            line = next((own.line for own in master.cells if own.grade_id == name), 0)
            problems.append(f"{master.name}:{line}: no student can pass the check `{name}`: the solution itself, "
                            f"handed in as a student would, gets {why}")
    if problems:
        raise CourseError("\n".join([*problems, TRAVELS]))


def prove(course: Course, name: str, seed: int) -> None:
    """`prove_passable` for a problem set of a course. Raises CourseError, MasterError."""
    master = course.master(name)
    if master is None:
        raise CourseError(f"{name} has no master: there is nothing to prove")
    prove_passable(course, ProblemSet(name, source_notebook(master), master), master, seed)


def hand_in(course: Course, problem_set: ProblemSet, master: Master, seed: int,
            ) -> tuple[dict[str, Verdict], nbformat.NotebookNode]:
    """The verdicts by check, and the graded notebook, of the solution as a submission.

    Raises:
        SandboxError: if a submission's process cannot be started.
    """
    kept = problem_set.recorded = recorded(problem_set.notebook, master.name, course.config)
    job = GradingJob(
        name=master.name, source=nbformat.writes(problem_set.notebook), recorded=nbformat.writes(kept),
        master=master.text, files=tuple(sorted(course.own_files(master.name).items())), seed=seed, depth="why",
        limits=Limits(**course.settings.limits), sandbox=_kind(course),
        imports=(*imported_modules(problem_set.notebook), *course.settings.imports.get(master.name, ())),
        private=private_of(course))
    warm_sandbox(job.sandbox, job.private).start()
    notebook = restore(nbformat.from_dict(json.loads(json.dumps(problem_set.notebook))), kept)
    graded = grade_cells(notebook, problem_set, job, dict(job.files))
    if graded.ended:
        raise CourseError(f"{master.name}: the solution's own process ended: {graded.ended}")
    return graded.verdicts, notebook


def _kind(course: Course) -> str:
    """The author's own code needs walls only so that it meets what students will meet."""
    wanted = course.settings.sandbox
    return "none" if wanted == "auto" and not walls_available()[0] else wanted


def _lost(cell: nbformat.NotebookNode, verdict: Verdict | None) -> str:
    """How much the solution gets, and why not all; "" if it gets all."""
    error = next((output for output in cell.outputs if output.output_type == "error"), None)
    if error is not None:
        return f"nothing: {error.evalue}"
    if verdict is None or verdict.right:
        return ""
    said = next((row.where for row in verdict.rows if row.where and not row.right), "no reason")
    return f"{verdict.points:g} of {info_of(cell).get('points', 0):g} points: {said}"
