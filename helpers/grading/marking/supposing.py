"""What a wrong answer may have done, told by trying: the solution and its alternatives with one small change each.

Run lazily: only for a check that failed without a sentence of the author's. The common changes come first; a change of
a higher rank is tried only if none of the lower ones explains what was returned. What each gives is remembered.
"""

from __future__ import annotations

import ast
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from helpers.checking.observing import Local, Observation
from helpers.grading.hypotheses.changes import Change, changes
from helpers.grading.hypotheses.derivations import formula_changes
from helpers.grading.hypotheses.edit import FARTHER
from helpers.grading.marking.bounds import within
from helpers.grading.notebooks.ipython import tree_of
from helpers.grading.notebooks.master import Question, stub_of

CALL_SECONDS = 0.3  # of processor time, for one call of a changed solution
ALL_SECONDS = 2.5  # of processor time, for all that is tried for one check
MAKING_SECONDS = 1.0  # of processor time, after which no further alternative is changed
MOST = 3000  # changes that are tried
EMPTY = re.compile(r"\b(np|torch)\.empty(?=_like\b|\()")


@dataclass(eq=False)
class Supposition:
    """A changed solution: what it means, and what it gives on each case, as far as it has been asked."""

    change: Change
    namespace: dict[str, Any]
    seen: dict[int, Observation | None] = field(default_factory=dict)
    function: Any = None

    def observe(
        self, setting: Any, subject: Any, index: int, arguments: list[Any], figures: bool
    ) -> Observation | None:
        """What it gives on a case; None if it raises, takes too long, or cannot be defined."""
        if index not in self.seen:
            self.seen[index] = self._observe(setting, subject, arguments, figures)
        return self.seen[index]

    def _observe(self, setting: Any, subject: Any, arguments: list[Any], figures: bool) -> Observation | None:
        try:
            with _unchanged_world(), within(CALL_SECONDS):
                namespace = dict(self.namespace)
                code = self.change.code()
                if code is None:
                    return None
                exec(code, namespace)
                local: Local = setting.in_namespace(namespace, subject)
                seen = local.observe(*arguments, figures=figures)
        except Exception:
            return None
        return None if seen.error is not None else seen


class Suppositions:
    """Of one question."""

    def __init__(self, question: Question, candidate: Callable[[str], dict[str, Any]]):
        self.question, self.candidate = question, candidate
        self._ranked: dict[int, list[Supposition]] | None = None

    def ranked(self) -> dict[int, list[Supposition]]:
        if self._ranked is None:
            self._ranked, begun = {}, time.process_time()
            for number, cell in enumerate((self.question.cell, *self.question.alternatives)):
                if number and time.process_time() - begun > MAKING_SECONDS:
                    break
                namespace = self.candidate(cell.source)
                found: list[Change] = [*_of_code(_filled(cell.source), self.question.cell.source)]
                for change in found + _of_formulas(cell.source, namespace):
                    if number == 0 or change.rank < FARTHER:
                        self._ranked.setdefault(change.rank, []).append(Supposition(change, namespace))
        return self._ranked


def _filled(source: str) -> str:
    """With arrays that begin with zeros. What a change leaves unwritten would else hold what was in memory before, and
    that may be the very numbers that are to be explained."""
    return EMPTY.sub(r"\1.zeros", source)


def _of_code(source: str, solution: str) -> list[Change]:
    """Changes of a cell but in what its students are given, such as a function that tries theirs."""
    given = {ast.dump(statement) for statement in tree_of(stub_of(solution)).body}
    changed = changes(source, MOST)
    tops = {id(change.place.top): change.place.top for change in changed}
    untouched = {number for number, top in tops.items() if ast.dump(top) in given}
    return [change for change in changed if id(change.place.top) not in untouched]


def _of_formulas(source: str, namespace: dict[str, Any]) -> list[Change]:
    """Changes of the formulas that a cell's functions without arguments return."""
    found: list[Change] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and not node.args.args:
            text = namespace[node.name]()
            found += formula_changes(node.name, text, MOST) if isinstance(text, (str, list, dict)) else []
    return found


class Trial:
    """All suppositions about one function of one check, on its cases."""

    def __init__(
        self, suppositions: Suppositions, setting: Any, subject: Any, arguments: list[list[Any]], figures: bool
    ):
        self.suppositions, self.setting, self.subject = suppositions, setting, subject
        self.arguments, self.figures = arguments, figures
        self._spent = 0.0
        self._kept = {
            rank: [Supposition(one.change, one.namespace) for one in found]
            for rank, found in suppositions.ranked().items()
        }

    def explaining(self, agrees: Callable[[int, Observation], bool]) -> list[str]:
        """The sentences of those with which `agrees(index, observation)` holds on every case, of the lowest rank."""
        for rank in sorted(self._kept):
            said = {one.change.made for one in self._matching(rank, agrees)}
            if said:
                return sorted(said)
        return []

    def _matching(self, rank: int, agrees: Callable[[int, Observation], bool]) -> Iterator[Supposition]:
        for one in self._kept[rank]:
            if all(self._agrees(one, index, agrees) for index in range(len(self.arguments))):
                yield one

    def _agrees(self, one: Supposition, index: int, agrees: Callable[[int, Observation], bool]) -> bool:
        if index not in one.seen:
            if self._spent > ALL_SECONDS:
                return False
            start = time.process_time()
            one.observe(self.setting, self.subject, index, self.arguments[index], self.figures)
            self._spent += time.process_time() - start
        seen = one.seen[index]
        return seen is not None and agrees(index, seen)


class _unchanged_world:
    """Around changed code: the global generators and what torch records stay as they were."""

    def __enter__(self) -> None:
        self.state = np.random.get_state()  # noqa: NPY002 (whatever changed code draws from it)
        self.torch = sys.modules.get("torch")
        self.grad = self.torch.is_grad_enabled() if self.torch else True

    def __exit__(self, *_: object) -> None:
        np.random.set_state(self.state)  # noqa: NPY002
        if self.torch:
            self.torch.set_grad_enabled(self.grad)
