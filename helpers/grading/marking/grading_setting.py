"""The setting of checks in the grader: cases of a secret seed, and what the reference, its alternatives and known
mistakes say of them.

Reference results, cases, finite differences and the results of known mistakes depend on trusted code and the seed
only: they are computed once per problem set and process.
"""

from __future__ import annotations

import copy
import io
import time
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from helpers.checking import setting as settings
from helpers.checking.derivation import Formulas
from helpers.checking.expected import PUBLIC_SEED
from helpers.checking.ladder import Rung, rungs, weight_of
from helpers.checking.observing import Local, Observation, Subject
from helpers.checking.probe import called_with
from helpers.checking.reasons import numbers_in
from helpers.checking.seeds import depends
from helpers.checking.structure import Structure, structure_of
from helpers.grading.marking import contrasting, formula_places, transplanting
from helpers.grading.marking.quiet import quietly
from helpers.grading.marking.supposing import Suppositions, Trial
from helpers.grading.notebooks.master import Master
from helpers.sameness import same_value

SAME = 1e-5  # of the largest entry: alternatives that compute in single precision are right as well
FEW, FEW_NUMBERS = 10, 2000  # cases on which an answer is looked at place by place, and what they may hold
MORE = 40  # cases of which it is looked for what sets some apart
LADDER_SECONDS = 3.0  # of processor time, for all small cases of a check


class Knowledge(Protocol):
    """What a setting asks of a problem set (see `reference.ProblemSet`)."""

    reference: dict[str, Any]
    check_question: dict[str, str]
    student_names: set[str]
    master: Master | None

    def remembered(self, key: Any, compute: Callable[[], Any]) -> Any: ...
    def known(self, key: Any, compute: Callable[[], Any]) -> Any: ...
    def returned_by(self, function: str) -> tuple[str, ...]: ...
    def alternatives_for(self, question: str) -> list[dict[str, Any]]: ...
    def solutions(self, question: str) -> list[tuple[str, dict[str, Any]]]: ...
    def mistakes_for(self, grade_id: str) -> list[tuple[str, dict[str, Any]]]: ...
    def cheap_rows(self, grade_id: str, seed: int) -> frozenset[str]: ...
    def cheap_cases(self, grade_id: str, seed: int) -> dict[str, frozenset[int]]: ...
    def suppositions(self, question: str) -> Suppositions: ...


class GradingSetting:
    """The setting of a check in the grader (see `helpers.checking.setting.Setting`).

    depth: at "why", reasons are looked for; at less, none are told.
    """

    tells_expected = False

    def __init__(self, problem_set: Knowledge, grade_id: str, seed: int, depth: str):
        self.problem_set, self.grade_id, self.seed, self.depth = problem_set, grade_id, seed, depth
        self.names: Mapping[str, Any] = {}  # the check cell's globals
        self.pending: list[Callable[[], None]] = []
        self.asked: dict[str, Subject] = {}  # whom a check asks, by key
        self._generators: dict[str, Any] = {}
        self._accepts: dict[str, Callable[[Any, list[Any]], bool]] = {}
        self.failed_cells: Mapping[str, str] = {}  # a student's function → why its cell defined nothing

    def remembered(self, key: Any, compute: Callable[[], Any]) -> Any:
        return self.problem_set.remembered((self.seed, self.grade_id, key), compute)

    def cases(self, key: str, at: Any, hidden: Any) -> list[settings.Case]:
        trusted, also = self.trusted(at), self.trusted(hidden)
        self._generators[key] = trusted
        cases = self.remembered((key, "cases"), lambda: settings.draw(trusted, self.seed, key) + (
            settings.draw(also, self.seed, key + " hidden") if also else []))
        return copy.deepcopy(cases)

    def fixed(self, key: str, cases: list[settings.Case]) -> frozenset[int]:
        other = PUBLIC_SEED + (self.seed == PUBLIC_SEED)
        return self.remembered((key, "fixed"), lambda: settings.same_for_all(
            cases, settings.draw(self._generators.get(key, ()), other, key)))

    def trusted(self, thing: Any) -> Any:
        return self._in(self.problem_set.reference, thing)

    def _in(self, namespace: dict[str, Any], thing: Any) -> Any:
        """What a name, or a function written in the check cell, is in another namespace."""
        if hasattr(thing, "observe"):
            first, *attributes = thing.name.split(".")
            found = namespace[first]
            for attribute in attributes:
                found = getattr(found, attribute)
            return found
        if isinstance(thing, types.FunctionType) and thing.__globals__ is self.names:
            return types.FunctionType(thing.__code__, namespace, thing.__name__, thing.__defaults__, thing.__closure__)
        return thing

    def in_namespace(self, namespace: dict[str, Any], subject: Subject) -> Subject:
        if isinstance(subject, Formulas):
            return subject.rebound(self.in_namespace(namespace, subject.subject))
        here = subject.value if isinstance(subject, Local) and subject.name not in namespace else subject
        return Local(subject.name, self._in(namespace, here))

    def parameters(self, subject: Subject, key: str) -> tuple[str, ...] | None:
        self.asked[key] = subject
        return self.remembered((key, "parameters"),
                               lambda: self.in_namespace(self.problem_set.reference, subject).parameters())

    def returned(self, subject: Subject, key: str) -> tuple[str, ...]:
        return self.problem_set.returned_by(subject.name)

    def number(self, key: str, compute: Callable[[], float]) -> float:
        return self.remembered((key, "number"), compute)

    def expected(self, subject: Subject, key: str, index: int, arguments: list[Any]) -> Observation:
        return self.remembered((key, "expected", index), lambda: self.in_namespace(
            self.problem_set.reference, subject).observe(*arguments, figures=key.startswith("figure ")))

    def seeded(self, subject: Subject, key: str, index: int, arguments: list[Any], changed: list[Any]) -> bool:
        reference = self.in_namespace(self.problem_set.reference, subject)
        return self.remembered((key, "seeded", index), lambda: depends(
            self.expected(subject, key, index, arguments), reference.observe(*arguments), reference.observe(*changed)))

    def structure(self, subject: Subject, key: str, index: int, arguments: list[Any]) -> Structure:
        seen = self.expected(subject, key, index, arguments)
        return None if seen.error is not None else structure_of(seen.value)

    def slopes(self, key: str, index: int, name: str, measure: Callable[[], Any], reference: Any) -> Any:
        return self.remembered(f"{key} {index} {name}", measure)

    def absent(self, name: str, names: Mapping[str, Any], wanted: tuple[str, ...] | None) -> str:
        why = self.failed_cells.get(name)
        return f"`{name}` is not defined: {why}" if why else f"`{name}` is not defined: no cell of the notebook does it"

    def told(self, name: str, check: str, right: bool, written: bool = True) -> None:
        return None

    def astray(self) -> list[tuple[str, str, str]]:
        return []

    def leaning(self, subject: Subject) -> str:
        return ""  # see the module `earlier`: it is known when all checks have run

    def cheap_rows(self, key: str) -> frozenset[str]:
        return self.remembered("cheap", lambda: self.problem_set.cheap_rows(self.grade_id, self.seed))

    def cheap_cases(self, key: str) -> Mapping[str, frozenset[int]]:
        return self.remembered("cheap cases", lambda: self.problem_set.cheap_cases(self.grade_id, self.seed))

    def known_mistakes(self, subject: Subject, key: str, arguments: list[list[Any]]) -> list[tuple[str, list]]:
        def observe_all() -> list[tuple[str, list]]:
            return [(says, [self.in_namespace(namespace, subject).observe(*a, figures=key.startswith("figure "))
                            for a in arguments])
                    for says, namespace in self.problem_set.mistakes_for(self.grade_id)]

        return self.remembered((key, "mistakes"), observe_all)


    def later(self, work: Callable[[], None]) -> None:
        self.pending.append(work)

    def accepts(self, key: str, holds: Callable[[Any, list[Any]], bool]) -> None:
        self._accepts[key] = holds

    def ladder(self, subject: Subject, key: str) -> list[Rung]:
        return self.problem_set.known(("ladder", self.grade_id, key), lambda: list(self._rungs(subject, key)))

    def public_rungs(self, subject: Subject, key: str) -> list[Rung]:
        return self.problem_set.known(("public", self.grade_id, key), lambda: list(self._public_rungs(subject, key)))

    def _public_rungs(self, subject: Subject, key: str) -> Iterator[Rung]:
        reference = self.in_namespace(self.problem_set.reference, subject)
        with quietly(io.StringIO()):
            cases = self.public_cases(key)
        for number, case in enumerate(cases):
            arguments = [case[name] for name in called_with(case, reference.parameters())]
            seen = reference.observe(*arguments, figures=key.startswith("figure "))
            if seen.error is None:
                yield Rung({name: value for name, value in case.items() if name != "case"}, "", seen.value, number,
                           weight_of(seen.value))

    def contrast(self, answer: Subject, subject: Subject, key: str) -> str:
        """What is the same in the public cases on which an answer is wrong, or in its results, as a sentence, or ""."""
        rungs = self._few(subject, key, with_ladder=key not in self._accepts, most=MORE)
        search = self._search(subject, key, rungs)
        rights, wrong = [], []
        for number, rung in enumerate(rungs):
            seen = answer.observe(*search.arguments(number))
            if seen.error is not None and seen.error.type in ("TimeoutError", "ProcessEnded"):
                return ""
            judged = [False] if seen.error is not None else search.right(rung, seen.value)
            rights.append(all(judged))
            wrong += [contrasting.Wrong(rung.case, got, part) for got, part, right in zip(
                transplanting.outputs_of(seen.value), search.expected(rung), judged) if not right]
        said = contrasting.in_common(wrong) if key not in self._accepts else ""
        if said:
            return said
        own = [{name: rung.case[name] for name in called_with(rung.case, search.parameters)} for rung in rungs]
        return contrasting.contrast(own, rights) if rungs else ""

    def known_cases(self, subject: Subject, key: str) -> list[Rung]:
        """A few public cases and small ones, with what is right there."""
        return self._few(subject, key, with_ladder=True)

    def known_parts(self, subject: Formulas, key: str) -> list[formula_places.Part]:
        """What the parts of the formulas of the solution and its alternatives give in `known_cases`."""
        problem_set, rungs = self.problem_set, self.known_cases(subject, key)
        question = problem_set.check_question.get(self.grade_id, "")
        right = (problem_set.reference, *problem_set.alternatives_for(question))
        return problem_set.known(("formulas", self.grade_id, key), lambda: formula_places.parts_of(
            [subject.rebound(self.in_namespace(namespace, subject.subject)).formulas() for namespace in right],
            [rung.case for rung in rungs], [rung.expected for rung in rungs]))

    def known_places(self, subject: Subject, key: str) -> tuple[transplanting.Search, list[transplanting.Values]]:
        """A search on a few public cases, and what the places of the solution and its alternatives give there."""
        search = self._search(subject, key, self._few(subject, key, with_ladder=key not in self._accepts))
        question = self.problem_set.check_question.get(self.grade_id, "")
        return search, self.problem_set.known(("places", self.grade_id, key), lambda: transplanting.donors_of(
            search, self.problem_set.solutions(question)) if search.rungs else [])

    def _search(self, subject: Subject, key: str, rungs: list[Rung]) -> transplanting.Search:
        holds = self._accepts.get(key)

        def right(rung: Rung, result: Any) -> list[bool]:
            if holds is not None:
                return [result is not None and not rung.too_large(result) and bool(
                    holds(result, list(rung.case.values())))]
            wanted = transplanting.outputs_of(rung.expected)
            got = transplanting.outputs_of(result)
            return [k < len(got) and _near(got[k], part) for k, part in enumerate(wanted)]

        def expected(rung: Rung) -> list[Any]:
            return [rung.expected] if holds is not None else transplanting.outputs_of(rung.expected)

        return transplanting.Search(subject.name, rungs, self.parameters(subject, key), expected, right,
                                    holds is not None)

    def _few(self, subject: Subject, key: str, with_ladder: bool, most: int = FEW) -> list[Rung]:
        """Some public cases, of a check's own and small ones."""
        own = [rung for rung in self.public_rungs(subject, key) if weight_of(rung.case) <= FEW_NUMBERS]
        small = self.ladder(subject, key) if with_ladder else []
        return [*own[:most], *small[-most:]]

    def public_cases(self, key: str) -> list[settings.Case]:
        """The cases of the same check in a student's notebook."""
        return settings.draw(self._generators.get(key, ()), PUBLIC_SEED, key)

    def _rungs(self, subject: Subject, key: str) -> Iterator[Rung]:
        """Small cases on which the reference and all alternatives agree: one that makes no sense shows them apart.
        Where a check has no expected numbers, those that it accepts all of them on."""
        problem_set, question = self.problem_set, self.problem_set.check_question.get(self.grade_id, "")
        with quietly(io.StringIO()):
            cases = self.public_cases(key)
        reference = self.in_namespace(problem_set.reference, subject)
        others = [self.in_namespace(namespace, subject) for namespace in problem_set.alternatives_for(question)]
        figures, holds = key.startswith("figure "), self._accepts.get(key)
        called = called_with(cases[0], reference.parameters()) if cases else []
        with np.errstate(all="ignore"):
            made, begun = list(rungs(cases, called)), time.process_time()
        for rung in made:
            if time.process_time() - begun > LADDER_SECONDS:  # between calls: an import that is broken off stays broken
                return
            arguments = [rung.case[name] for name in called_with(rung.case, reference.parameters())]
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    seen = reference.observe(*arguments, figures=figures)
                    if seen.error is not None:
                        continue
                    others_seen = [other.observe(*arguments, figures=figures) for other in others]
                    if holds is not None:
                        fits = all(one.error is None and holds(one.value, list(rung.case.values()))
                                   for one in (seen, *others_seen))
                    else:
                        fits = figures or (_finite(seen.value) and all(_same_numbers(one, seen) for one in others_seen))
            except Exception:  # what makes no sense to the reference is no example
                continue
            if fits:
                yield replace(rung, expected=None if holds is not None or figures else seen.value,
                              numbers=weight_of(seen.value))

    def explaining(self, subject: Subject, key: str, arguments: list[list[Any]],
                   agrees: Callable[[int, Observation], bool]) -> list[str]:
        question = self.problem_set.check_question.get(self.grade_id)
        if self.depth != "why" or self.problem_set.master is None or (
                question not in self.problem_set.master.questions):
            return []
        suppositions = self.problem_set.suppositions(question)
        trial = self.remembered((key, "suppositions"), lambda: Trial(
            suppositions, self, subject, arguments, key.startswith("figure ")))
        trial.setting, trial.subject = self, subject
        return trial.explaining(agrees)


class PlainSetting(GradingSetting):
    """The setting in which it is found out which rows are cheap, and whether a change mends an answer.

    wrong: what was said of wrong rows; then only one case of each check is looked at, one that this speaks of.
    """

    def __init__(self, problem_set: Knowledge, grade_id: str, seed: int, depth: str, wrong: str | None = None):
        super().__init__(problem_set, grade_id, seed, depth)
        self.wrong = wrong
        self._skipped: dict[str, int] = {}  # cases before the one that is looked at, by the check's key

    def cases(self, key: str, at: Any, hidden: Any) -> list[settings.Case]:
        found = super().cases(key, at, hidden)
        if self.wrong is None:
            return found
        spoken_of = (k for k, case in enumerate(found) if str(case.get("case") or f"case {k + 1}") in self.wrong)
        self._skipped[key] = chosen = next(spoken_of, 0)
        label = found[chosen].get("case") or f"case {chosen + 1}" if found else ""
        return [{**case, "case": label} for case in found[chosen : chosen + 1]]

    def expected(self, subject: Subject, key: str, index: int, arguments: list[Any]) -> Observation:
        return super().expected(subject, key, index + self._skipped.get(key, 0), arguments)

    def slopes(self, key: str, index: int, name: str, measure: Callable[[], Any], reference: Any) -> Any:
        return super().slopes(key, index + self._skipped.get(key, 0), name, measure, reference)

    def number(self, key: str, compute: Callable[[], float]) -> float:
        return compute() if self._skipped else super().number(key, compute)

    def fixed(self, key: str, cases: list[settings.Case]) -> frozenset[int]:
        return frozenset()

    def cheap_rows(self, key: str) -> frozenset[str]:
        return frozenset()

    def cheap_cases(self, key: str) -> Mapping[str, frozenset[int]]:
        return {}

    def known_mistakes(self, subject: Subject, key: str, arguments: list[list[Any]]) -> list[tuple[str, list]]:
        return []


def _same_numbers(one: Observation, other: Observation) -> bool:
    """Equal numbers in the same order, in lists or arrays; or all else equal. Further outputs count for nothing."""
    if one.error is not None or other.error is not None:
        return False
    first, second = numbers_in(one.value), numbers_in(other.value)
    if first is None or second is None:
        return same_value(one.value, other.value)
    return len(first) >= len(second) and same_value(first[: len(second)], second, SAME)


def _near(got: Any, wanted: Any) -> bool:
    """The same numbers, as arrays or lists."""
    try:
        return same_value(np.asarray(got), np.asarray(wanted), SAME)
    except (TypeError, ValueError):  # no array, or lists of different lengths
        return same_value(got, wanted, SAME)


def _finite(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return all(_finite(part) for part in value)
    array = np.asarray(value) if isinstance(value, (np.ndarray, np.generic, int, float)) else np.zeros(0)
    return bool(array.dtype.kind in "biu" or (array.dtype.kind == "f" and np.isfinite(array).all()))


__all__ = ["GradingSetting", "PlainSetting"]
