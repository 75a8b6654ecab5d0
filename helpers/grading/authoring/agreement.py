"""Does the notebook say what grading says? Every mistake is checked in both places, and the rows are held together.

In the notebook a check runs on the student's own functions, all of them, with what the release ships; in grading it
runs against the reference. They can part where a check computes with a function that a student writes: a gradient is
taken of a loss, and the loss may be wrong. So each answer is tried alone, and with one wrong answer to an earlier
question that its check reaches.
"""

from __future__ import annotations

import ast
import concurrent.futures as futures
import io
import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.checking import setting as settings
from helpers.checking.expected import PUBLIC_SEED
from helpers.checking.reach import reached
from helpers.checking.replay import rebound
from helpers.checking.verdict import Verdict
from helpers.grading.authoring.recording import expected_numbers
from helpers.grading.authoring.validity import at_hand
from helpers.grading.classes.pool import begin_work
from helpers.grading.course.errors import CourseError
from helpers.grading.marking.quiet import quietly
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.marking.running import evaluate, execute
from helpers.grading.notebooks.master import Cell, Question, parse, used_names
from helpers.grading.notebooks.restore import without_hidden_tests
from helpers.grading.sandbox.sandbox import FORKS

GREEN = 0.995  # the share of rows that have to agree
ALONE, WITH_ANOTHER = "alone", "with a wrong earlier answer"


@dataclass
class Agreement:
    """Rows compared and rows that agree, by kind; `parted` says where they do not."""

    name: str
    rows: dict[str, int] = field(default_factory=lambda: {ALONE: 0, WITH_ANOTHER: 0})
    agree: dict[str, int] = field(default_factory=lambda: {ALONE: 0, WITH_ANOTHER: 0})
    answers: dict[str, int] = field(default_factory=lambda: {ALONE: 0, WITH_ANOTHER: 0})
    parted: list[str] = field(default_factory=list)

    def add(self, other: Agreement) -> None:
        for name in ("rows", "agree", "answers"):
            mine, theirs = getattr(self, name), getattr(other, name)
            for kind in mine:
                mine[kind] += theirs[kind]
        self.parted += other.parted

    @property
    def share(self) -> float:
        return sum(self.agree.values()) / max(sum(self.rows.values()), 1)

    @property
    def green(self) -> bool:
        return self.share >= GREEN


@dataclass(frozen=True)
class Answer:
    """An answer to try: a cell's text, and what it is called in a report."""

    source: str
    says: str


def read_answers(path: Path) -> list[dict[str, str]]:
    """Further answers from a JSON file; see `agreements`.

    Raises:
        CourseError: if it is no such list.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if all(isinstance(one[key], str) for one in found for key in ("set", "question", "cell")):
            return found
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise CourseError(f"{path} is no JSON list of objects with the strings set, question and cell")


def agreements(paths: Iterable[Path], workers: int | None = None, extra: Iterable[dict[str, str]] = (),
               progress: Callable[[int, int, str], None] = lambda done, of, name: None) -> list[Agreement]:
    """How masters' self-checks and marks agree, in parallel.

    Args:
        extra: further answers to try, each a dict with `set` (the beginning of a problem set's name), `question`
            (a grade_id), `cell` (its text) and perhaps `idea`.

    Raises:
        MasterError, CourseError: if a master is wrong, or does not pass its own checks.
    """
    masters = {path: parse(path.read_text(encoding="utf-8"), path.stem, str(path)) for path in paths}
    found = {path: Agreement(path.stem) for path in masters}
    extra = list(extra)
    tasks = [(path, question, [Answer(one["cell"], one.get("idea", "another answer")) for one in extra
                               if path.stem.startswith(one["set"]) and one["question"] == question])
             for path, master in masters.items() for question in master.questions]
    context = multiprocessing.get_context("fork" if FORKS else "spawn")
    with futures.ProcessPoolExecutor(workers or os.cpu_count(), context, initializer=begin_work) as pool:
        running = {pool.submit(agreement_of, str(path), question, more): path for path, question, more in tasks}
        try:
            for done, future in enumerate(futures.as_completed(running), 1):
                found[running[future]].add(future.result())
                progress(done, len(tasks), running[future].stem)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return list(found.values())


def agreement_of(path: str, name: str, more: Iterable[Answer] = ()) -> Agreement:
    """One question: its solution and its wrong answers, alone and each beside a wrong earlier one."""
    problem_set, question = at_hand(path, name)
    known = _shipped(problem_set)
    found = Agreement(problem_set.name)
    mine = [Answer(question.cell.source, "the solution"), *_wrong(question), *more]
    earlier = _earlier(problem_set, question)
    for number, answer in enumerate(mine):
        _compare(problem_set, question, known, [answer], ALONE, answer.says, found)
        for other_name, others in earlier:
            # The solution beside each of them; wrong answers beside one of each question, every time another.
            for other in others if number == 0 else [others[number % len(others)]]:
                _compare(problem_set, question, known, [other, answer], WITH_ANOTHER,
                         f"{answer.says}, and {other_name}: {other.says}", found)
    problem_set.forget()
    return found


def _shipped(problem_set: ProblemSet) -> dict[str, Any]:
    """What the build would put beside the notebook, as a notebook reads it; a worker makes it once a problem set."""
    return problem_set.known("shipped", lambda: json.loads(json.dumps(expected_numbers(problem_set, "why"))))


def _wrong(question: Question) -> list[Answer]:
    return [Answer(cell.source, str(cell.metadata["says"])) for cell in question.mistakes]


def _earlier(problem_set: ProblemSet, question: Question) -> list[tuple[str, list[Answer]]]:
    """The wrong answers to earlier questions that a check of this one reaches, or that its own function calls."""
    assert problem_set.master is not None
    names = list(problem_set.master.questions)
    reached_here = _reached(problem_set, question)
    earlier = [problem_set.master.questions[name] for name in names[:names.index(question.name)]]
    return [(other.name, _wrong(other)) for other in earlier
            if other.mistakes and set(other.cell.defined()) & reached_here]


def _reached(problem_set: ProblemSet, question: Question) -> set[str]:
    read = {name for check in question.checks for name in used_names(check.tree)}
    return reached(read, problem_set.reference)


def _compare(problem_set: ProblemSet, question: Question, known: dict[str, Any], answers: list[Answer], kind: str,
             says: str, found: Agreement) -> None:
    try:
        namespace = notebook_namespace(problem_set, [answer.source for answer in answers])
    except Exception as error:  # a cell that stops: then there is nothing to compare
        namespace = notebook_namespace(problem_set, [])
        for name in question.cell.defined():
            namespace.pop(name, None)
        says += f" (its cell raises {type(error).__name__})"
    found.answers[kind] += 1
    for check in question.checks:
        shown, mark = _self_check(check, namespace, known), _mark(problem_set, check, namespace)
        for row, told in _rows(shown, mark):
            same = row == told
            found.rows[kind] += 1
            found.agree[kind] += same
            if not same:
                found.parted.append(f"{check.grade_id}: {says}: {told} in the notebook, {row} in grading")


def _rows(shown: Verdict | None, mark: Verdict | None) -> Iterator[tuple[str, str]]:
    """(mark, what the notebook says) of every row, as words; a check without a verdict has one row."""
    if shown is None or mark is None:
        yield ("no verdict" if mark is None else "a verdict"), ("no verdict" if shown is None else "a verdict")
        return
    for told, row in zip(shown.rows, mark.rows):
        yield f"{row.name} {_word(row.share)}", f"{told.name} {_word(told.share)}"


def _word(share: float) -> str:
    """As a student reads it: how large a part is depends on how many cases there are, and hidden ones are more."""
    return "right" if share == 1 else "partly right" if share else "not right"


def _self_check(check: Cell, namespace: dict[str, Any], known: dict[str, Any]) -> Verdict | None:
    """What the released check says in a student's notebook that has these functions."""
    setting = settings.SelfCheck(known=known)
    with settings.using(setting), quietly(io.StringIO()):
        try:
            value = evaluate(without_hidden_tests(check.source), namespace, f"<self-check {check.grade_id}>")
        except Exception:  # a traceback in the notebook
            return None
    return value if isinstance(value, Verdict) else None


def _mark(problem_set: ProblemSet, check: Cell, namespace: dict[str, Any]) -> Verdict | None:
    return problem_set.check(check.source, check.grade_id, problem_set.subjects(namespace), PUBLIC_SEED).verdict


def notebook_namespace(problem_set: ProblemSet, answers: Iterable[str]) -> dict[str, Any]:
    """A student's notebook after Run All: the problem set's names, in which every function uses the answers given.

    Definitions are executed anew, so that a function of a locked cell calls the student's and not the reference's;
    data that cells compute stays the reference's.

    Raises:
        Exception: whatever an answer raises.
    """
    namespace = dict(problem_set.reference)
    answers = list(answers)
    changed = {name for source in answers for node in ast.parse(source).body
               for name in [getattr(node, "name", "")] if name}
    for name, value in problem_set.reference.items():
        namespace[name] = rebound(value, problem_set.reference, namespace)
    for cell in problem_set.notebook.cells:
        if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade"):
            _define_again(cell.source, namespace, changed)
    for source in answers:
        execute(source, namespace, "<answer>")
    return namespace


def _define_again(source: str, namespace: dict[str, Any], changed: set[str]) -> None:
    """Execute a cell's classes; functions have been bound already."""
    nodes: list[ast.stmt] = [node for node in ast.parse(source).body
                             if isinstance(node, ast.ClassDef) and node.name not in changed]
    if nodes:
        execute(ast.unparse(ast.Module(nodes, [])), namespace, "<definitions>")
