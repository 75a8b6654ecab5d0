"""Grades one notebook: student cells inside the walls, check cells outside.

`GradeInWalls` is the nbgrader preprocessor that `nbgrader_config.py` puts in the place of nbgrader's Execute, so
that `nbgrader autograde`, formgrader's button and `coursekit autograde` all grade this way; the function
`grade_cells` is the whole of it and knows nothing of nbgrader's database.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import utils

from helpers.checking.absent import cell_failed, defined_by
from helpers.checking.tiny import remarks_on
from helpers.checking.verdict import Verdict
from helpers.grading.hypotheses.tracing import TRACED
from helpers.grading.marking import earlier, mending
from helpers.grading.marking.agreeing import take_back
from helpers.grading.marking.apart import ForkEnded, in_fork
from helpers.grading.marking.bounds import ALL_SECONDS, LEAST_SECONDS, READ_SECONDS, Allowance
from helpers.grading.marking.causes import Causes, asks_for, of_the_place, run_within
from helpers.grading.marking.comparing import asks_after_restoring, points_by_check
from helpers.grading.marking.explaining import explain, is_supposed
from helpers.grading.marking.job import GradingJob
from helpers.grading.marking.plain import PlainReference, PlainRun, fresh_folder
from helpers.grading.marking.reference import Checked, ProblemSet
from helpers.grading.notebooks.answers import answers_beside
from helpers.grading.notebooks.cells import EXPERIMENT
from helpers.grading.notebooks.idle import idle_answers
from helpers.grading.notebooks.keeping import kept_outputs
from helpers.grading.notebooks.shape import shape_of
from helpers.grading.sandbox.asks import Asked
from helpers.grading.sandbox.process import SubmissionProcess
from helpers.grading.sandbox.sandbox import FORKS, SandboxError, warm_sandbox

PAUSE_SECONDS = 1.0  # before walls that fell are built again
MEND_SECONDS = 1.0  # for one call of an answer's changed code
MENDING_SECONDS = 30.0  # for all that is tried with one submission
MESSAGE = 2_000  # characters of an exception's message, in which its line is looked for
WHERE = re.compile(r"\((?:[^()]*, )?line (\d+)\)$")  # as Python ends the message of a syntax error
LIVES = 2  # how often a submission's walls, or the worker that grades it, may fall before it is a broken one


@dataclass
class Graded:
    """What grading a notebook gave, beside the outputs in its cells."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)  # by the check's grade_id
    refused: dict[str, str] = field(default_factory=dict)  # plain tests that the grader cannot run, and why
    unsure: dict[str, str] = field(default_factory=dict)  # those of them that pass in the notebook, and why one asks
    asked: dict[str, Asked] = field(default_factory=dict)  # by plain test, what it asks of the solution's things
    ended: str = ""  # why the student's process ended early, if it did
    fell: bool = False  # the walls ended with it
    causes: Causes = field(default_factory=Causes)  # why cells did not run
    stuck: str = ""  # the plain test that ended the process in which the tests ran
    machine: bool = False  # the machine had no memory left, for whoever was inside


def grade_cells(notebook: NotebookNode, problem_set: ProblemSet, assignment: GradingJob,
                files: Mapping[str, bytes]) -> Graded:
    """Execute a restored submission in place.

    Student cells run in a fresh process of the sandbox; check cells run here, on proxies, from the assignment's own
    text. An experiment keeps the outputs that were handed in, unless the assignment wants it run.

    Walls that fall while the submission is inside (somebody has killed the warm process, or the machine's memory was
    full) are built again, LIVES times; then the submission is taken for what fells them. So is a submission that was
    inside when the machine's memory ran out, after a pause: it need not have been the one that took it.

    Raises:
        SandboxError: if they cannot be built.
    """
    start, graded = time.perf_counter(), Graded()
    for left in reversed(range(LIVES + 1)):
        try:
            graded = _grade_cells(notebook, problem_set, assignment, files)
        except SandboxError:
            if not left:
                raise
        else:
            if not graded.fell and not graded.machine:
                break
        if left:
            time.sleep(PAUSE_SECONDS)
    facts = notebook.metadata.setdefault("grading", {})
    rest = assignment.limits.notebook_seconds - (time.perf_counter() - start)
    changed = asks_after_restoring(notebook, problem_set, assignment, files, 0.0 if graded.ended else rest)
    reads = shape_of(problem_set.recorded).reads if problem_set.recorded is not None else {}
    lost = asks_for(graded.causes, graded.verdicts, reads)
    if problem_set.recorded is not None and not facts.get("note"):
        shape, given = shape_of(problem_set.recorded), dict(assignment.files)
        beside = {name: content for name, content in files.items() if name not in given}
        idle = {} if graded.ended else idle_answers(notebook, shape, graded.verdicts, beside)
        lost |= {name: why for name, why in {**idle, **answers_beside(notebook, shape, beside)}.items()
                 if name not in lost and name not in facts.get("asks", {})}
    points = points_by_check(notebook)
    doubts = {name: why for name, why in facts.pop("doubts", {}).items()
              if points.get(name, -1.0) < shape_of(problem_set.recorded).known[name].metadata.nbgrader.points}
    facts.update(ended=graded.ended, seconds=float(round(time.perf_counter() - start)), causes=graded.causes.told,
                 asks={**doubts, **facts.get("asks", {}), **changed, **lost, **graded.unsure})
    return graded


def _grade_cells(notebook: NotebookNode, problem_set: ProblemSet, assignment: GradingJob,
                 files: Mapping[str, bytes]) -> Graded:
    sandbox = warm_sandbox(assignment.sandbox, assignment.private)
    graded = Graded()
    for _ in range(2):  # a test that ends the fork it runs in costs no other test, the first time
        with sandbox.open(dict(files), assignment.limits, assignment.imports) as student:
            if problem_set.plain is not None and FORKS:
                graded = _run_apart(notebook, problem_set, assignment, student, graded.stuck)
            else:
                graded = _run_cells(notebook, problem_set, assignment, student, None if problem_set.plain is None else
                                    _plain_run(problem_set.plain, student, notebook, assignment))
        graded.machine = student.machine
        if not graded.stuck:
            break
    return graded


def _run_apart(notebook: NotebookNode, problem_set: ProblemSet, assignment: GradingJob,
               student: SubmissionProcess, stuck: str) -> Graded:
    """`_run_cells` in a fork: plain tests may change what the assignment's own code has made. stuck: a test that has
    ended an earlier one."""
    def work() -> Any:
        graded = _run_cells(notebook, problem_set, assignment, student, plain)
        return graded, [(cell.outputs, cell.execution_count) if cell.cell_type == "code" else None
                        for cell in notebook.cells]

    assert problem_set.plain is not None
    most = assignment.limits.notebook_seconds + 2 * ALL_SECONDS + LEAST_SECONDS * len(problem_set.check_sources)
    try:
        with fresh_folder(problem_set.plain) as folder:
            plain = _plain_run(problem_set.plain, student, notebook, assignment, folder, stuck)
            graded, cells = in_fork(work, student, most)
    except ForkEnded as error:
        return Graded(ended=f"the tests could not be run to their end: {error}", stuck=plain.under_way())
    for cell, outcome in zip(notebook.cells, cells):
        if outcome is not None:
            cell.outputs, cell.execution_count = outcome
    return graded


def _plain_run(reference: PlainReference, student: SubmissionProcess, notebook: NotebookNode, assignment: GradingJob,
               folder: Path | None = None, stuck: str = "") -> PlainRun:
    ways = dict(assignment.ways)
    inside = [name for name in reference.checks if not FORKS or ways.get(name, "a") == "b"]
    return PlainRun(reference, student, notebook.cells, inside, assignment.asks, folder, stuck)


def _run_cells(notebook: NotebookNode, problem_set: ProblemSet, assignment: GradingJob,
               student: SubmissionProcess, plain: PlainRun | None = None) -> Graded:
    graded, sources = Graded(), problem_set.check_sources
    reading, computing = Allowance(READ_SECONDS), Allowance(ALL_SECONDS)
    python = str(notebook.metadata.get("grading", {}).get("python", ""))
    subjects = {name: student.subject(name) for name in problem_set.student_names}
    ran: list[tuple[NotebookNode, list[dict]]] = []
    failed: dict[str, str] = {}
    checks: list[tuple[NotebookNode, str, Checked]] = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if plain is not None and grade_id in plain.reference.checks and utils.is_grade(cell):
            with computing.bounded(assignment.limits.cell_seconds):
                outputs, refused = plain.grade(grade_id)
            graded.refused |= {grade_id: refused} if refused else {}
            cell.outputs = [nbformat.from_dict(output) for output in outputs]
        elif grade_id in sources and utils.is_grade(cell):
            absent = dict.fromkeys(problem_set.student_names, student.ended) if student.ended else failed
            with computing.bounded():
                checked = problem_set.check(sources[grade_id], grade_id, subjects, assignment.seed,
                                            assignment.depth, failed_cells=absent)
            checks.append((cell, grade_id, checked))
        elif EXPERIMENT in cell.metadata.get("tags", ()) and not assignment.run_experiments:
            cell.outputs = cell.outputs or kept_outputs(cell)
        else:
            ran.append((cell, run_within(reading, student, cell.source, graded.causes, python)))
            failed.update(_not_defined(cell.source, ran[-1][1] if graded.causes.stopped else []))
            cell.execution_count = student.execution_count
    for cell, outputs in ran:  # only now: a cell may change what an earlier one shows
        cell.outputs = [_without_verdict(nbformat.from_dict(output)) for output in outputs]
    graded.ended, graded.fell = student.ended or "", student.fell
    if not graded.ended:
        texts = mending.answers(notebook.cells)
        earlier.tell(problem_set, [(grade_id, checked.verdict) for _, grade_id, checked in checks
                                   if checked.verdict is not None], texts)
        for _, grade_id, checked in checks:
            if checked.verdict is not None and checked.verdict.right:
                with contextlib.suppress(Exception):  # a remark that cannot be had is none
                    checked.verdict.remarks += remarks_on(texts.get(problem_set.check_question[grade_id], ""))
            with computing.bounded():
                checked.finish()
        _mend(notebook, problem_set, assignment, student, checks, computing)
        graded.unsure = plain.unsure(graded.refused) if plain is not None else {}
    graded.asked = {} if plain is None else plain.asks.learnt
    for cell, grade_id, checked in checks:
        cell.outputs = [nbformat.from_dict(output) for output in checked.outputs]
        if checked.verdict is not None:
            graded.verdicts[grade_id] = checked.verdict
    return graded


def _not_defined(source: str, outputs: list[dict]) -> dict[str, str]:
    """Function → why a cell that ended in an error has not defined it, or has left what was there before."""
    error = next((output for output in outputs if output.get("output_type") == "error"), None)
    if error is None:
        return dict.fromkeys(defined_by(source), "")
    message = str(error.get("evalue", ""))
    message = message if len(message) <= MESSAGE else message[:MESSAGE // 2] + message[-MESSAGE // 2:]
    found = WHERE.search(message)
    lineno = int(found[1][:9]) if found else 0
    lines = source.split("\n")
    line = lines[lineno - 1] if 0 < lineno <= len(lines) else ""
    said = WHERE.sub("", message).rstrip()[:200]
    return dict.fromkeys(defined_by(source), cell_failed(str(error.get("ename", "")), said, line, lineno))


def _mend(notebook: NotebookNode, problem_set: ProblemSet, assignment: GradingJob, student: SubmissionProcess,
          checks: list[tuple[NotebookNode, str, Checked]], computing: Allowance) -> None:
    """Look for a reason where no sentence was found. Everything is marked by now, and the process ends afterwards."""
    take_back([(grade_id, checked.verdict) for _, grade_id, checked in checks if checked.verdict is not None],
              problem_set.check_sources)
    wanting: dict[str, dict[str, Checked]] = {}
    told: set[str] = set()
    for _, grade_id, checked in checks:
        question, verdict = problem_set.check_question[grade_id], checked.verdict
        if verdict is None or of_the_place(verdict):
            continue
        if mending.wanting(verdict) or is_supposed(verdict):
            wanting.setdefault(question, {})[grade_id] = checked
        elif not verdict.right:
            told.add(question)
    if not wanting:
        return
    student.limits = replace(student.limits, call_seconds=MEND_SECONDS, cell_seconds=MEND_SECONDS)
    sources, begun = mending.answers(notebook.cells), time.monotonic()

    def run(text: str) -> bool:
        if student.ended is None and time.monotonic() - begun < MENDING_SECONDS:
            student.run(text, silent=True)
        return student.ended is None and time.monotonic() - begun < MENDING_SECONDS

    subjects = {name: student.subject(name) for name in (*problem_set.student_names, TRACED)}
    for question, failed in wanting.items():
        try:
            with computing.bounded():
                explain(problem_set, sources.get(question, ""), run, subjects, assignment.seed, failed,
                        told=question in told)
        except Exception:  # odd results meet much here: they cost the reason, and no mark
            for one in failed.values():
                one.finish()


def _without_verdict(output: NotebookNode) -> NotebookNode:
    """An output of a student's cell: the place where reports look for a verdict is the grader's own."""
    output.get("metadata", {}).pop("verdict", None)
    return output


