"""Which way each plain test of an assignment runs: proved on its solution, its untouched release and a broken copy.

Way "a", in the grader, cannot be forged. A test runs there if it gives the solution there what it gives in the
student's process, gives the untouched release nothing, and judges the broken copy alike. Else it runs in way "b", in
the student's process after their cells, as nbgrader runs it.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.utils import determine_grade

from helpers.grading.course.disk import write_whole
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.marking.broken import broken
from helpers.grading.marking.job import GradingJob
from helpers.grading.marking.notebook import grade_cells
from helpers.grading.marking.plain import read_within
from helpers.grading.marking.worker import problem_set_of
from helpers.grading.notebooks.cells import grade_id_of, info_of, is_check
from helpers.grading.notebooks.restore import restore
from helpers.grading.notebooks.shape import plain_text
from helpers.grading.sandbox.asks import Asked
from helpers.grading.sandbox.sandbox import FORKS, SandboxError

MORE_RUNS, CHANCE = 3, "rand"  # of the solution, to learn what tests ask; what stands in the text of those that draw
SOLUTION, UNTOUCHED, BROKEN = "the solution", "an untouched release", "a broken copy"


@dataclass
class Ways:
    """What was proved of an assignment; `why` says of each test in way "b" why it cannot be in way "a", `asks` of each
    in way "a" what it asks of the solution's things."""

    digest: str
    ways: dict[str, str] = field(default_factory=dict)
    asks: dict[str, Asked] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def forgeable(self) -> list[str]:
        return [name for name, way in self.ways.items() if way == "b"]

    def of(self, job: GradingJob) -> GradingJob:
        """The job, to be graded in these ways."""
        return dataclasses.replace(job, ways=tuple(sorted(self.ways.items())), asks=self.asks, digest="")

    def in_words(self) -> str:
        """"7 of 9 tests cannot be forged; 2 can, because …"; "" if there are no plain tests."""
        if not self.ways:
            return ""
        safe = len(self.ways) - len(self.forgeable)
        said = f"{safe} of {len(self.ways)} tests cannot be forged"
        if self.forgeable:
            reasons = "; ".join(f"`{name}`: {self.why.get(name, '')}" for name in self.forgeable)
            said += f"; {len(self.forgeable)} can, because they run in the student's process ({reasons})"
        return said


@dataclass
class _Seen:
    """What one grading gave a test."""

    score: float
    full: bool
    says: str = ""
    refused: str = ""
    asked: Asked = field(default_factory=Asked)


def with_ways(course: Course, job: GradingJob, name: str, notebook: str) -> GradingJob:
    """The job with the way of each of its plain tests.

    Raises:
        CourseError: if the solution itself does not get full marks in either way, or tests that could be forged are
            refused by the course's configuration.
    """
    problem_set = problem_set_of(job)
    if problem_set.plain is None:
        return job
    path = ways_path(course, name, notebook)
    found = _kept(path, job) or _prove_and_keep(path, job)
    if found.problems:
        raise CourseError("\n".join(found.problems))
    if found.forgeable and course.settings.forgeable == "refuse":
        raise CourseError(f"{job.name}: {found.in_words()}. c.CourseKit.forgeable = \"refuse\" does not grade with "
                          "those: rewrite them (docs/adopting.md says how), or say \"warn\" or \"allow\"")
    return found.of(job)


def ways_path(course: Course, name: str, notebook: str) -> Path:
    return course.root / ".coursekit" / name / f"ways-{notebook}.json"


def known_ways(course: Course, name: str) -> dict[str, Ways]:
    """What was proved of an assignment's notebooks when they were graded last."""
    found = {notebook: _read(ways_path(course, name, notebook)) for notebook in course.notebooks(name)}
    return {notebook: ways for notebook, ways in found.items() if ways is not None}


def _read(path: Path) -> Ways | None:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return Ways(**{**said, "asks": {name: Asked(**asked) for name, asked in said["asks"].items()}})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _kept(path: Path, job: GradingJob) -> Ways | None:
    found = _read(path)
    return found if found is not None and found.digest == job.digest else None


def _prove_and_keep(path: Path, job: GradingJob) -> Ways:
    try:
        found = prove(job)
    except SandboxError as error:
        raise CourseError(f"{error}\nTo grade without walls all the same, say --sandbox none") from None
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(asdict(found), indent=1).encode())
    return found


def prove(job: GradingJob) -> Ways:
    """Grade the solution, the untouched release and a broken copy in both ways, and compare test by test.

    Raises:
        SandboxError: if a submission's process cannot be started.
    """
    problem_set = problem_set_of(job)
    assert problem_set.plain is not None
    checks, source = problem_set.plain.checks, nbformat.reads(job.source, as_version=4)
    recorded = nbformat.reads(job.recorded, as_version=4)
    copies = {SOLUTION: source, UNTOUCHED: recorded, BROKEN: broken(source)}
    seen = {way: _all_graded(job, copies, dict.fromkeys(checks, way)) for way in ("ab" if FORKS else "b")}
    found = Ways(job.digest)
    within = read_within([cell for cell in source.cells if cell.cell_type == "code" and not is_check(cell)])
    for name in checks:
        outcome = {way: {what: marks[name] for what, marks in by_copy.items()} for way, by_copy in seen.items()}
        mine = problem_set.plain.data_of(checks[name].changes - problem_set.plain.theirs)  # of which they have copies
        shared = sorted((checks[name].binds | mine) & within)
        why = "this system cannot fork the grader" if not FORKS else (
            f"functions of the notebook read `{shared[0]}`, which the test sets" if shared else _why_not_here(outcome))
        inside = outcome["b"][SOLUTION]
        if not why:
            found.ways[name], found.asks[name] = "a", outcome["a"][SOLUTION].asked
        elif inside.full:
            found.ways[name], found.why[name] = "b", why
        elif unsolved(source, recorded):
            found.ways[name], found.why[name] = "b", "the source notebook has no solution to prove it on"
        else:
            found.problems.append(
                f"{job.name}: the solution itself gets {inside.score:g} points for the test `{name}`, which says: "
                f"{inside.says.rstrip('.') or 'nothing'}. In the grader: {why.rstrip('.')}. Correct the test or the "
                "solution, or name what it needs: files beside the source notebook, packages that are installed here "
                "(there is no network inside the walls), time in c.CourseKit.limits")
    _keep_together(found, checks)
    while found.forgeable and _prove_together(found, job, copies, seen["b"]):
        _keep_together(found, checks)
    return found


def _prove_together(found: Ways, job: GradingJob, copies: dict[str, nbformat.NotebookNode],
                    inside: dict[str, dict[str, _Seen]]) -> list[str]:
    """Grade as the class will be graded, in both ways. The tests that are judged otherwise beside each other go to the
    student's process; they are returned."""
    mixed = _all_graded(job, copies, found.ways, found.asks)
    moved = []
    for name, way in found.ways.items():
        odd = next((what for what in copies if mixed[what][name].score != inside[what][name].score), "")
        if way == "a" and odd:
            found.ways[name] = "b"
            found.why[name] = f"beside tests that run in the student's process {odd} is judged otherwise there"
            moved.append(name)
    return moved


def unsolved(source: nbformat.NotebookNode, recorded: nbformat.NotebookNode) -> bool:
    """Is an answer in the source what students are given? Some courses keep no solutions there."""
    given = {grade_id_of(cell): plain_text(cell.source) for cell in recorded.cells}
    return any(cell.cell_type == "code" and info_of(cell).get("solution") and not info_of(cell).get("grade")
               and given.get(grade_id_of(cell)) == plain_text(cell.source) for cell in source.cells)


def _why_not_here(outcome: dict[str, dict[str, _Seen]]) -> str:
    here, inside = outcome["a"], outcome["b"]
    if not here[SOLUTION].full:
        return here[SOLUTION].refused or f"there the solution gets {here[SOLUTION].says or 'no full marks'}"
    if here[UNTOUCHED].score:
        return "there an untouched release would earn it"
    if inside[SOLUTION].full and here[BROKEN].score != inside[BROKEN].score:
        return "there a broken copy is judged otherwise"
    return ""


def _keep_together(found: Ways, checks: dict[str, Any]) -> None:
    """A test that reads what an earlier one binds in the student's process runs there, too."""
    bound: dict[str, str] = {}
    for name, check in checks.items():
        needed = sorted(check.reads & bound.keys() - check.binds)
        if found.ways.get(name) == "a" and needed:
            found.ways[name], found.why[name] = "b", f"it reads {needed[0]}, which `{bound[needed[0]]}` makes there"
        for bind in check.binds:
            if found.ways.get(name) == "b":
                bound[bind] = name
            else:
                bound.pop(bind, None)


def _all_graded(job: GradingJob, copies: dict[str, nbformat.NotebookNode], ways: dict[str, str],
                asks: dict[str, Asked] | None = None) -> dict[str, dict[str, _Seen]]:
    """asks: what is asked of the solution's things; None: what its own grading asks, where there is chance several."""
    solution = _graded(job, copies[SOLUTION], ways, asks)
    if asks is None:
        asks = {name: one.asked for name, one in solution.items()}
        for _ in range(MORE_RUNS if CHANCE in job.source and "a" in ways.values() else 0):
            for name, one in _graded(job, copies[SOLUTION], ways, None).items():
                asks[name].add(one.asked)
    return {what: solution if what == SOLUTION else _graded(job, notebook, ways, asks)
            for what, notebook in copies.items()}


def _graded(job: GradingJob, notebook: nbformat.NotebookNode, ways: dict[str, str],
            asks: dict[str, Asked] | None) -> dict[str, _Seen]:
    problem_set = problem_set_of(job)
    checks = problem_set.plain.checks if problem_set.plain else {}
    recorded = nbformat.reads(job.recorded, as_version=4)
    every = dataclasses.replace(job, ways=tuple(ways.items()), asks=asks, digest=f"{job.digest} {sorted(ways.items())}")
    restored = restore(copy.deepcopy(notebook), recorded)
    graded = grade_cells(restored, problem_set, every, dict(job.files))
    found = {name: _Seen(0.0, False, graded.ended or "it was not run") for name in checks}
    for cell in restored.cells:
        name = grade_id_of(cell)
        if name in checks:
            score, possible = determine_grade(cell)
            error = next((output for output in cell.outputs if output.output_type == "error"), None)
            found[name] = _Seen(float(score or 0), error is None and (score or 0) >= possible,
                                _says(cell, error), graded.refused.get(name, ""), graded.asked.get(name, Asked()))
    return found


def _says(cell: nbformat.NotebookNode, error: nbformat.NotebookNode | None) -> str:
    if error is not None:
        return str(error.evalue)
    written = next((o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stderr"), "")
    return f"it writes to stderr, for which nbgrader gives no points ({written.strip()[:100]})" if written else ""
