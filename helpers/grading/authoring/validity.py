"""Marks the marking: how often do the checks accept what is wrong, reject what is right, and name it amiss?

Every problem set's mistakes and alternatives are marked over many seeds, and so are mutants, wrong solutions made by
rule. The result is the scorecard.
"""

from __future__ import annotations

import ast
import concurrent.futures as futures
import contextlib
import copy
import functools
import multiprocessing
import os
import random
import re
import signal
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from helpers.checking import setting as settings
from helpers.checking.expected import PUBLIC_SEED
from helpers.checking.observing import Local, Subject
from helpers.checking.probe import called_with
from helpers.checking.verdict import Verdict
from helpers.grading.authoring import forms
from helpers.grading.authoring.cards import QuestionCard, Scorecard
from helpers.grading.authoring.mutants import mutants
from helpers.grading.authoring.source import source_notebook
from helpers.grading.classes.pool import begin_work
from helpers.grading.marking import nothing
from helpers.grading.marking.grading_setting import GradingSetting
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.master import Cell, Master, Question, parse
from helpers.grading.sandbox.sandbox import FORKS
from helpers.sameness import same_behaviour

SEEDS = 300
MUTANT_SEEDS = 3  # seeds on which a mutant is marked
OTHER_SEEDS = tuple(range(10_000, 10_012))  # on which it is told whether a mutant behaves like the solution
MUTANT_SECONDS = 5.0  # of processor time; a mutant that loops without end is a wrong one, and is caught
TELLING_SECONDS = 60.0  # of processor time, to tell whether an uncaught mutant is the solution in other words
NOTHING_SEED = 20_000
CHUNK = 10  # seeds of a task
TOGETHER_TRIES = 50  # of drawing answers that go together


def scorecards(paths: Iterable[Path], seeds: int = SEEDS, workers: int | None = None, with_mutants: bool = True,
               progress: Callable[[int, int, str], None] = lambda done, of, name: None) -> list[Scorecard]:
    """The scorecards of masters, in parallel.

    Raises:
        MasterError: if a master is wrong.
    """
    masters = {path: parse(path.read_text(encoding="utf-8"), path.stem, str(path)) for path in paths}
    cards = {path: {q.name: QuestionCard(q.name, q.points, len(q.mistakes), len(q.alternatives))
                    for q in master.questions.values()} for path, master in masters.items()}
    tasks = [task for path, master in masters.items() for task in _tasks(path, master, seeds, with_mutants)]
    context = multiprocessing.get_context("fork" if FORKS else "spawn")
    done = 0
    with futures.ProcessPoolExecutor(workers or os.cpu_count(), context, initializer=begin_work) as pool:
        running = {pool.submit(work, str(path), *rest): path for work, path, *rest in tasks}
        try:
            for future in futures.as_completed(running):
                path = running[future]
                for card in future.result():
                    cards[path][card.name].add(card)
                done += 1
                progress(done, len(tasks), path.stem)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [Scorecard(path.stem, seeds, list(found.values())) for path, found in cards.items()]


def _tasks(path: Path, master: Master, seeds: int, with_mutants: bool) -> Iterator[tuple]:
    for question, asked in master.questions.items():
        for start in range(0, seeds, CHUNK):
            yield _mark_authored, path, question, start, min(start + CHUNK, seeds)
        yield _mark_nothing, path, question
        yield _mark_forms, path, question
        if with_mutants and not is_prediction(asked):
            yield _mark_mutants, path, question
    for start in range(0, seeds, CHUNK):
        yield _mark_together, path, list(master.questions), start, min(start + CHUNK, seeds)


def is_prediction(question: Question) -> bool:
    """An answer out of nothing that has to have properties only: others have them too, so its mutants may be right."""
    kinds = {match[1] for check in question.checks if (match := re.search(r"(?m)^check\.(\w+)", check.source))}
    functions = [node for node in question.cell.tree.body if isinstance(node, ast.FunctionDef)]
    return kinds == {"properties"} and all(
        not (node.args.posonlyargs or node.args.args or node.args.kwonlyargs) for node in functions)


@functools.lru_cache(maxsize=2)
def _problem_set(path: str, changed: int) -> ProblemSet:
    master = parse(Path(path).read_text(encoding="utf-8"), Path(path).stem, path)
    return ProblemSet(master.name, source_notebook(master), master)


def at_hand(path: str, question: str) -> tuple[ProblemSet, Question]:
    problem_set = _problem_set(path, Path(path).stat().st_mtime_ns)
    problem_set.forget()
    assert problem_set.master is not None  # `_problem_set` reads one
    return problem_set, problem_set.master.questions[question]


def _mark(problem_set: ProblemSet, question: Question, subjects: dict, seed: int,
          depth: str = "why") -> list[Verdict]:
    """The verdicts of all checks of a question; a depth of "verdict" looks for no reasons."""
    found = []
    for check in question.checks:
        checked = problem_set.check(check.source, check.grade_id, subjects, seed, depth)
        if checked.verdict is None:
            raise RuntimeError(f"{problem_set.name}: {check.grade_id} ended without a verdict: {checked.outputs}")
        found.append(checked.verdict)
    return found


def _mark_authored(path: str, name: str, start: int, stop: int) -> list[QuestionCard]:
    """Mark a question's solution, alternatives and mistakes over a range of seeds."""
    problem_set, question = at_hand(path, name)
    card = QuestionCard(name, question.points)
    right = [(cell, problem_set.subjects(problem_set.candidate(cell.source)))
             for cell in (question.cell, *question.alternatives)]
    wrong = [(cell, problem_set.subjects(problem_set.candidate(cell.source))) for cell in question.mistakes]
    for seed in range(start, stop):
        for cell, subjects in right:
            card.marked_right += 1
            verdicts = _mark(problem_set, question, subjects, seed)
            if not all(verdict.right for verdict in verdicts):
                card.false_rejects.append(_place(cell, seed, str(cell.metadata.get("name", "the solution"))))
        caught = [_mark_mistake(problem_set, question, card, cell, subjects, seed) for cell, subjects in wrong]
        if caught:
            card.caught_by_seed[seed] = sum(caught) / len(caught)
        problem_set.forget()
    return [card]


def _mark_together(path: str, names: list[str], start: int, stop: int) -> list[QuestionCard]:
    """Mark notebooks in which every answer is right and of a form drawn anew for each seed: each works with the others,
    so that what one leaves of precision is what the next begins with."""
    problem_set, _ = at_hand(path, names[0])
    assert problem_set.master is not None
    questions = problem_set.master.questions
    cards = [QuestionCard(name, questions[name].points) for name in names]
    for seed in range(start, stop):
        chosen, subjects = _a_right_notebook(problem_set, questions, random.Random(seed))
        beside = ", ".join(f"{name}: {form}" for name, form in chosen.items() if form)
        for card in cards:
            card.marked_right += 1
            verdicts = _mark(problem_set, questions[card.name], subjects, seed, "verdict")
            if not all(verdict.right for verdict in verdicts):
                card.false_rejects.append(f"seed {seed}, in a notebook of right answers: {beside}")
        problem_set.forget()
    return cards


def _a_right_notebook(problem_set: ProblemSet, questions: Mapping[str, Question],
                      rng: random.Random) -> tuple[dict[str, str], dict[str, Subject]]:
    """A form by question and the functions. Forms that do not go together, such as a dictionary and what unpacks a
    tuple, are no notebook that anybody hands in: its own self-checks raise."""
    for _ in range(TOGETHER_TRIES):
        cells = {name: rng.choice((question.cell, *question.alternatives)) for name, question in questions.items()}
        subjects = problem_set.subjects(problem_set.with_answers({name: cells[name].source for name in cells}))
        raises = any(row.kind == "raises" for question in questions.values()
                     for verdict in _mark(problem_set, question, subjects, PUBLIC_SEED, "verdict")
                     for row in verdict.rows)
        problem_set.forget()
        if not raises:
            return {name: str(cell.metadata.get("name", "")) for name, cell in cells.items()}, subjects
    raise RuntimeError(f"{problem_set.name}: of {TOGETHER_TRIES} notebooks of right answers none runs")


def _mark_mistake(problem_set: ProblemSet, question: Question, card: QuestionCard, cell: Cell, subjects: dict,
                  seed: int) -> bool:
    card.marked_wrong += 1
    verdicts = _mark(problem_set, question, subjects, seed)
    caught = not all(verdict.right for verdict in verdicts)
    if not caught:
        card.false_accepts.append(_place(cell, seed, cell.metadata["says"]))
    # A generic sentence, such as "twice too large", beside the author's own is no wrong name; another author's is.
    authored = {other.metadata["says"] for other in question.mistakes}
    said = {row.why for verdict in verdicts for row in verdict.rows if row.why}
    card.named += cell.metadata["says"] in said
    for amiss in (said & authored) - {cell.metadata["says"]}:
        card.misnamed.append(_place(cell, seed, f"{cell.metadata['says']} — was told: {amiss}"))
    return caught


def _place(cell: Cell, seed: int, text: str) -> str:
    return f"line {cell.line}, seed {seed}: {text}"


def _functions(problem_set: ProblemSet, question: str) -> list[str]:
    """Names of the functions that a question's solution defines."""
    return [name for name in problem_set.questions[question]
            if isinstance(problem_set.reference.get(name), types.FunctionType)]


def _instead(problem_set: ProblemSet, functions: Iterable[str],
             made: Callable[[Callable], Callable]) -> dict[str, Subject]:
    """The reference's subjects, but for some functions what is made of each."""
    return {**problem_set.subjects(problem_set.reference),
            **{name: Local(name, made(problem_set.reference[name])) for name in functions}}


def _mark_nothing(path: str, name: str) -> list[QuestionCard]:
    """Hand in nothing in all its forms, on a seed: none of them may earn a point that the answer itself does not."""
    problem_set, question = at_hand(path, name)
    card = QuestionCard(name, question.points)
    functions = _functions(problem_set, name)
    draws = any("check.figure" in check.source for check in question.checks)
    for form in () if draws or not functions or not question.checks else (*nothing.FORMS, nothing.ALWAYS_THE_FIRST):
        subjects = _instead(problem_set, functions, functools.partial(nothing.handed_in, form))
        card.nothing += 1
        verdicts = []
        for check in question.checks:
            checked = problem_set.check(check.source, check.grade_id, subjects, NOTHING_SEED, "verdict")
            if checked.verdict is not None:
                verdicts.append(checked.verdict)
        points = sum(verdict.points for verdict in verdicts)
        if points and not all(verdict.right for verdict in verdicts):  # else the form is the answer
            rows = ", ".join(row.name for verdict in verdicts for row in verdict.rows if row.share)
            card.paid_for_nothing.append(f"{form}: {points:g} of {question.points:g} points ({rows})")
    problem_set.forget()
    return [card]


def _mark_forms(path: str, name: str) -> list[QuestionCard]:
    """Hand in the solution with its results in other forms, on a seed: none may lose a point. A property may ask for
    more than single precision gives."""
    problem_set, question = at_hand(path, name)
    card = QuestionCard(name, question.points)
    functions = _functions(problem_set, name)
    for form in forms.FORMS if functions and "torch" not in problem_set.reference else ():
        subjects = _instead(problem_set, functions, functools.partial(forms.handed_in, form))
        checks = [check for check in question.checks
                  if form != forms.SINGLE_PRECISION or "check.properties" not in check.source]
        card.marked_right += 1
        for check in checks:
            checked = problem_set.check(check.source, check.grade_id, subjects, NOTHING_SEED, "verdict")
            if checked.verdict is None or not checked.verdict.right:
                rows = checked.verdict.rows if checked.verdict is not None else []
                card.false_rejects.append(f"{form}, {check.grade_id}: " + "; ".join(
                    f"{row.name} {row.where}" for row in rows if not row.right))
    problem_set.forget()
    return [card]


def _mark_mutants(path: str, name: str) -> list[QuestionCard]:
    problem_set, question = at_hand(path, name)
    card = QuestionCard(name, question.points)
    missed = [0] * MUTANT_SEEDS
    for mutant in mutants(question.cell.source):
        kept: list[int] = []  # seeds on which it got all points
        try:
            with _time_limit(MUTANT_SECONDS):
                subjects = problem_set.subjects(problem_set.candidate(mutant.source))
                kept = [seed for seed in range(MUTANT_SEEDS) if all(
                    verdict.right for verdict in _mark(problem_set, question, subjects, seed, "verdict"))]
        except Exception:  # it cannot even be defined, ran out of time, or broke a property's predicate
            kept = []
        caught = len(kept) < MUTANT_SEEDS
        if not caught:
            with contextlib.suppress(_OutOfTime), _time_limit(TELLING_SECONDS):
                if _behaves_alike(problem_set, question, subjects):
                    card.equivalent += 1
                    continue
        card.mutants += 1
        for seed in kept:
            missed[seed] += 1
        if not caught:
            card.survivors.append(f"{mutant.rule}\n{mutant.diff}")
    if card.mutants:
        card.mutants_by_seed = {seed: 1 - count / card.mutants for seed, count in enumerate(missed)}
    problem_set.forget()
    return [card]


class _OutOfTime(Exception):
    pass


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raises `_OutOfTime` after so much processor time, which a busy machine does not use up."""
    def stop(number: int, frame: Any) -> None:
        raise _OutOfTime

    if not hasattr(signal, "setitimer"):  # Windows: a mutant that never ends holds the worker up
        yield
        return
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _behaves_alike(problem_set: ProblemSet, question: Question, subjects: Mapping[str, Subject]) -> bool:
    """Is it the solution in other words? Told on fresh cases, and on the same ones scaled, negated and zeroed."""
    for check in question.checks:
        for seed in OTHER_SEEDS:
            spy = _Spy(problem_set, check.grade_id, seed, "verdict")
            problem_set.check(check.source, check.grade_id, subjects, seed, setting=spy)
            for subject, arguments in spy.calls():
                reference = spy.in_namespace(problem_set.reference, subject)
                for change in CHANGES:
                    changed = [_changed(argument, change) for argument in arguments]
                    if not same_behaviour(subject.observe(*changed), reference.observe(*changed)):
                        return False
    return True


CHANGES: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda x: x, lambda x: 10 * x, lambda x: 0.1 * x, lambda x: -x, lambda x: np.where(np.arange(x.size).reshape(
        x.shape) % 3 == 0, 0.0, x))


def _changed(argument: Any, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    if isinstance(argument, np.ndarray) and argument.dtype.kind == "f":
        changed = change(argument)
        symmetric = argument.ndim == 2 and argument.shape[0] == argument.shape[1] and np.allclose(argument, argument.T)
        return (changed + changed.T) / 2 if symmetric else changed  # what a function may count on stays so
    return copy.deepcopy(argument)


class _Spy(GradingSetting):
    """Notes whom a check asks, and about which cases."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.called: dict[str, tuple[Any, Any]] = {}
        self.drawn: dict[str, list[settings.Case]] = {}

    def cases(self, key: str, at: Any, hidden: Any) -> list[settings.Case]:
        self.drawn[key] = super().cases(key, at, hidden)
        return self.drawn[key]

    def parameters(self, subject: Any, key: str) -> tuple[str, ...] | None:
        names = super().parameters(subject, key)
        self.called[key] = subject, names
        return names

    def calls(self) -> Iterator[tuple[Any, list[Any]]]:
        for key, (subject, names) in self.called.items():
            if subject.name in self.problem_set.student_names or subject.name not in self.problem_set.reference:
                for case in self.drawn[key]:
                    yield subject, [case[name] for name in called_with(case, names)]
