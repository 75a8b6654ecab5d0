"""How the checks do on answers that they were not made from: each graded alone, through the real walls.

A bank of held-out answers is a JSON list of {"set", "question" (a grade_id), "variant", "expected": "right", "wrong" or
"debatable", "idea", "cell"}: `cell` is the text of the question's solution cell. Nothing in it is ever used by a check
or a diagnosis; the file in `tests/heldout` says how its answers came about.
"""

from __future__ import annotations

import concurrent.futures as futures
import copy
import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from helpers.checking.verdict import Verdict
from helpers.grading.classes.pool import begin_work
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.marking.job import GradingJob, SubmissionTask
from helpers.grading.marking.prepared import job_of
from helpers.grading.marking.worker import grade
from helpers.grading.sandbox.sandbox import FORKS

NEEDED = ("set", "question", "variant", "expected", "idea", "cell")
KINDS = ("right kept", "right lost", "wrong kept", "told why", "told where", "debatable")


@dataclass
class Measured:
    """A held-out answer and what it was told. kind: one of KINDS."""

    set: str
    question: str
    variant: str
    expected: str
    idea: str
    cell: str
    kind: str = ""
    points: float = 0.0
    of: float = 0.0
    why: list[str] = field(default_factory=list)
    where: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)


def read_bank(path: Path) -> list[dict[str, Any]]:
    """Raises CourseError if the file is no bank."""
    try:
        bank = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CourseError(f"{path} cannot be read as JSON: {error}") from error
    for number, answer in enumerate(bank if isinstance(bank, list) else [None]):
        missing = [name for name in NEEDED if not isinstance(answer, dict) or name not in answer]
        if missing:
            raise CourseError(f"{path}: answer {number + 1} has no {', '.join(missing)}: a bank is a list of objects "
                              f"with {', '.join(NEEDED)}")
    return bank


def asked_still(course: Course, bank: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The answers to questions that their problem sets have, and the names of the others' questions."""
    bank = list(bank)
    sets = {answer["set"] for answer in bank}
    known = {(name, question) for name in sets for question in checks_of(course.source_notebook(course.find(name)))}
    gone = {f"{answer['set']}: {answer['question']}" for answer in bank
            if (answer["set"], answer["question"]) not in known}
    return [answer for answer in bank if (answer["set"], answer["question"]) in known], sorted(gone)


def measure(course: Course, bank: Iterable[dict[str, Any]], workers: int | None = None,
            progress: Callable[[int, int, str], None] = lambda done, of, name: None) -> list[Measured]:
    """Grade every answer alone, in a submission that solves everything else.

    Raises:
        CourseError: if a problem set is unknown or not built, or a question is none of its.
    """
    bank, jobs = list(bank), {}
    names = {answer["set"]: course.find(answer["set"]) for answer in bank}
    sources = {name: course.source_notebook(name) for name in names.values()}
    for name in sources:
        jobs[name] = job_of(course, name)
    tasks = []
    for number, answer in enumerate(bank):
        name = names[answer["set"]]
        task = SubmissionTask(f"answer-{number}", _handed_in(sources[name], answer))
        tasks.append((jobs[name], task))
    found: list[Measured | None] = [None] * len(bank)
    context = multiprocessing.get_context("fork" if FORKS else "spawn")
    order = sorted(range(len(bank)), key=lambda k: names[bank[k]["set"]])  # a worker keeps one problem set at hand
    with futures.ProcessPoolExecutor(workers or os.cpu_count(), context, initializer=begin_work) as pool:
        running = {pool.submit(grade, *tasks[k]): k for k in order}
        try:
            for done, future in enumerate(futures.as_completed(running), 1):
                k = running[future]
                answer, name = bank[k], names[bank[k]["set"]]
                verdicts = json.loads(future.result())["verdicts"]
                found[k] = _measured(answer, verdicts, checks_of(sources[name])[answer["question"]])
                progress(done, len(bank), name)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [one for one in found if one is not None]


def checks_of(notebook: nbformat.NotebookNode) -> dict[str, dict[str, float]]:
    """Question → its checks' grade_ids and points: those that follow it, up to the next one."""
    found: dict[str, dict[str, float]] = {}
    question = ""
    for cell in notebook.cells:
        info = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and info.get("solution") and not info.get("grade"):
            question = info["grade_id"]
            found[question] = {}
        elif cell.cell_type == "code" and info.get("grade") and not info.get("solution") and question:
            found[question][info["grade_id"]] = float(info.get("points", 0))
    return found


def _handed_in(source: nbformat.NotebookNode, answer: dict[str, Any]) -> bytes:
    notebook = copy.deepcopy(source)
    cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == answer["question"]]
    if not cells:
        raise CourseError(f"{answer['set']} has no question `{answer['question']}`")
    cells[0].source = answer["cell"]
    return nbformat.writes(notebook).encode()


def _measured(answer: dict[str, Any], verdicts: list[dict[str, Any]], checks: dict[str, float]) -> Measured:
    one = Measured(**{name: answer[name] for name in NEEDED}, of=sum(checks.values()))
    for verdict in (Verdict.from_dict(told) for told in verdicts if told["grade_id"] in checks):
        one.points += verdict.points
        one.advice += filter(None, [verdict.advice])
        one.examples += filter(None, [verdict.example])
        for row in verdict.rows:
            if not row.right:
                one.why += filter(None, [row.why])
                one.where.append(f"{row.name}: {row.where}")
    right = one.points >= one.of - 1e-9
    one.kind = "debatable"
    if one.expected == "right":
        one.kind = "right kept" if right else "right lost"
    elif one.expected == "wrong":
        one.kind = "wrong kept" if right else "told why" if one.why else "told where"
    return one


def rates(measured: Iterable[Measured]) -> list[tuple[str, Counter[str]]]:
    """(problem set, counts by kind), the last of all; "example" counts the wrong answers that were shown one."""
    by_set: dict[str, Counter[str]] = {}
    total: Counter[str] = Counter()
    for one in measured:
        for counter in (by_set.setdefault(one.set, Counter()), total):
            counter[one.kind] += 1
            counter["example"] += bool(one.examples) and one.expected == "wrong"
    return [*sorted(by_set.items(), key=lambda item: (len(item[0]), item[0])), ("all", total)]


def to_json(measured: Iterable[Measured]) -> str:
    return json.dumps([asdict(one) for one in measured], indent=1, ensure_ascii=False)


__all__ = ["GradingJob", "Measured", "asked_still", "checks_of", "measure", "rates", "read_bank", "to_json"]
