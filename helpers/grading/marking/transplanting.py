"""Where an answer goes wrong, told by giving one place of it other numbers: those of a place of the solution.

The solution and its alternatives are run with every expression noted, in the grader; the answer is, inside the walls
and after all has been marked. Then one place of the answer after the other is given what a place of the solution gave,
on the same public cases. Where that makes the results right, the place is what is wrong: with all else as it stands.
What the whole answer should have been is never given to a place, for that would prove nothing.
"""

from __future__ import annotations

import ast
import contextlib
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from helpers.checking.ladder import Rung, weight_of
from helpers.checking.probe import called_with
from helpers.grading.hypotheses.tracing import TRACED, Traced, traced
from helpers.grading.marking.bounds import within
from helpers.sameness import same_value

ENOUGH = 3  # wrong numbers, of several cases; of a single one, twice as many
AT_ONCE = 40  # donors that are tried in one call
MOST_DONORS = 600
ALL_SECONDS = 2.5  # of the grader's processor time, for one function
CLOCK_SECONDS = 12.0  # of the clock, the answer's own included
CALL_SECONDS = 0.3  # of processor time, for one call of a solution
TRACING_SECONDS = 1.0  # of processor time, for a solution and its alternatives
WITHOUT_NUMBERS = ("empty", "empty_like")
NUMBER = (bool, int, float, np.number, np.bool_)

Values = dict[int, list[Any]]  # case → what a place gave there, one evaluation after the other
Run = Callable[..., Any]  # `__traced__`: (function, places, given, *arguments); None if it does not answer


@dataclass(frozen=True)
class Found:
    """A place of an answer that is wrong: what to say, and which outputs are right with other numbers there."""

    says: str
    outputs: list[int]


@dataclass
class Search:
    """One function of an answer on public cases.

    expected(rung): the outputs, right. right(rung, result): for each output whether the result has it right.
    many: there are many right results, all of which `right` takes.
    """

    function: str
    rungs: Sequence[Rung]
    parameters: Sequence[str] | None
    expected: Callable[[Rung], list[Any]]
    right: Callable[[Rung, Any], list[bool]]
    many: bool = False
    begun: tuple[float, float] = field(default_factory=lambda: (time.process_time(), time.monotonic()))
    suspicion: dict[int, float] = field(default_factory=dict)  # line of the answer → how much it goes with being wrong

    def arguments(self, number: int) -> list[Any]:
        case = self.rungs[number].case
        return [case[name] for name in called_with(case, self.parameters)]

    def noted(self, run: Run) -> tuple[dict[int, Values], dict[int, Any]]:
        """What every place gives, in the order in which places are reached first, and the results; by case. What is no
        number is None."""
        places: dict[int, Values] = {}
        results: dict[int, Any] = {}
        for number in range(len(self.rungs)):
            answered = run(self.function, [], None, *self.arguments(number))
            if not isinstance(answered, (list, tuple)) or len(answered) != 2 or not isinstance(answered[1], list):
                continue
            results[number] = answered[0]
            for place, values in filter(_is_entry, answered[1]):
                places.setdefault(place, {})[number] = list(values)
        return places, results

    def find(self, answer: Traced, run: Run, donors: Sequence[Values], given: frozenset[int] = frozenset(),
             steering: bool = False) -> Found | None:
        """The first place that makes all wrong outputs right, and no right one wrong. given: lines that are as they
        were given, or as in the solution; steering: look at the places that conditions are made of, and else at all
        others."""
        places, results = self.noted(run)
        places = {place: values for place, values in places.items()
                  if place < len(answer.nodes) and answer.nodes[place].lineno not in given}
        judged = {number: self.right(self.rungs[number], result) for number, result in results.items()}
        wrong = sorted((number for number, rights in judged.items() if not all(rights)),
                       key=lambda number: weight_of(self.rungs[number].case))
        if not wrong or len({len(rights) for rights in judged.values()}) != 1 or not self._enough(judged, wrong):
            return None
        self.suspicion = _suspicion(answer, places, set(wrong))
        places = {place: values for place, values in _of_numbers(places).items()
                  if (place in answer.steering) == steering}
        trial = _Trial(self, run, judged, wrong)
        hopeless = [*_wholes({number: self.expected(self.rungs[number]) for number in judged}, trial.amiss),
                    *_wholes({number: outputs_of(results[number]) for number in judged}, trial.amiss)]
        known = {_print(values) for values in donors}
        taken_over = {id(part) for place, values in places.items() if isinstance(call := answer.nodes[place], ast.Call)
                      and self._only_takes_over(call, values) for part in call.args}
        for chosen in _in_order(answer, places, known):
            values = places[chosen[0]]
            if self._late():
                return None
            if _is_one_of(values, hopeless) or id(answer.nodes[chosen[0]]) in taken_over or self._only_takes_over(
                    answer.nodes[chosen[0]], values):
                continue
            fitting = [donor for donor in _fitting(values, donors) if not _is_one_of(donor, hopeless)]
            if isinstance(answer.nodes[chosen[0]], ast.Constant):
                fitting = [*filter(_is_one_number, fitting)]
            fixed = trial.fixed(chosen, fitting)
            if fixed and fixed == trial.amiss:  # of several wrong outputs one alone may be right by what comes after
                return Found(_says(answer, chosen), fixed)
        return None

    def _only_takes_over(self, node: ast.expr, values: Values) -> bool:
        """Whether a call only makes an array of an argument, or one without numbers: what else it gave would prove
        nothing."""
        if not isinstance(node, ast.Call):
            return False
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in WITHOUT_NUMBERS:
            return True
        series = _print(values)
        return any(_print({number: [self.rungs[number].case[argument]] * len(one) for number, one in values.items()})
                   == series for argument in called_with(self.rungs[0].case, self.parameters)
                   if all(_is_plain(self.rungs[number].case.get(argument)) for number in values))

    def _late(self) -> bool:
        processor, clock = self.begun
        return time.process_time() - processor > ALL_SECONDS or time.monotonic() - clock > CLOCK_SECONDS

    def _enough(self, judged: Mapping[int, list[bool]], wrong: Sequence[int]) -> bool:
        """Whether so much is wrong that no other numbers make it right by chance."""
        size = 0
        for number in wrong:
            size += sum(weight_of(part) for part, right in zip(self.expected(self.rungs[number]), judged[number])
                        if not right)
        return size >= (ENOUGH if len(wrong) > 1 else 2 * ENOUGH)


@dataclass
class _Trial:
    """What is right of an answer when places are given other numbers."""

    search: Search
    run: Run
    judged: Mapping[int, list[bool]]
    wrong: Sequence[int]  # cases, the smallest first

    @property
    def amiss(self) -> list[int]:
        return [k for k in range(len(self.judged[self.wrong[0]])) if not all(
            rights[k] for rights in self.judged.values())]

    def fixed(self, places: Sequence[int], donors: Sequence[Values]) -> list[int]:
        """Outputs that one of the donors makes right everywhere; none if no donor does."""
        reached = list(donors[0]) if donors else []
        first = next((number for number in self.wrong if number in reached), None)
        if first is None:
            return []
        for begin in range(0, len(donors), AT_ONCE):
            some = donors[begin:begin + AT_ONCE]
            for donor, rights in zip(some, self._rights(places, first, some)):
                if self._better(first, rights) and all(self._better(number, self._rights(places, number, [donor])[0])
                                                       for number in reached if number != first
                                                       ) and not self._is_a_result(donor):
                    return self._everywhere(places, donor)
        return []

    def _rights(self, places: Sequence[int], number: int, donors: Sequence[Values]) -> list[list[bool]]:
        search = self.search
        given = [donor[number] for donor in donors]
        results = self.run(search.function, list(places), given, *search.arguments(number))
        if not isinstance(results, (list, tuple)) or len(results) != len(donors):
            return [[] for _ in donors]
        return [search.right(search.rungs[number], result) for result in results]

    def _better(self, number: int, rights: list[bool]) -> bool:
        """Nothing has become wrong, and where something was, at least one output is right now."""
        before = self.judged[number]
        if len(rights) != len(before) or any(was and not now for was, now in zip(before, rights)):
            return False
        return all(before) or any(now and not was for was, now in zip(before, rights))

    def _is_a_result(self, donor: Values) -> bool:
        """Whether what a place is given would do as the whole result: from there, every way leads to the end."""
        if self.search.many:
            for number in self.wrong:
                for value in donor.get(number, ()):
                    with contextlib.suppress(Exception):  # of another shape than a result
                        if all(self.search.right(self.search.rungs[number], value)):
                            return True
        return False

    def _everywhere(self, places: Sequence[int], donor: Values) -> list[int]:
        rights = {number: self._rights(places, number, [donor])[0] if number in donor else before
                  for number, before in self.judged.items()}
        return [k for k in self.amiss if all(len(one) > k and one[k] for one in rights.values())]


# ----------------------------------------------------------------------------------------------------- the solution's


def donors_of(search: Search, texts: Sequence[tuple[str, dict[str, Any]]]) -> list[Values]:
    """What the places of solutions give, each series of numbers once. texts: their code, and where it runs."""
    found: dict[Any, Values] = {}
    begun = time.process_time()
    for text, namespace in texts:
        code = traced(text)
        if code is None or time.process_time() - begun > TRACING_SECONDS:
            continue
        places, results = search.noted(_runner(code, namespace))
        if any(number not in results or not all(search.right(rung, results[number]))
               for number, rung in enumerate(search.rungs)):
            continue
        for values in _of_numbers(places).values():
            for variant in _variants(values):
                found.setdefault(_print(variant), variant)
    return list(found.values())[:MOST_DONORS]


def _runner(code: Traced, namespace: dict[str, Any]) -> Run:
    here = dict(namespace)

    def run(*arguments: Any) -> Any:
        try:
            with within(CALL_SECONDS), warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return here[TRACED](*arguments)
        except Exception:
            return None

    exec(compile(code.text, "<traced>", "exec", dont_inherit=True), here)
    return run


def _of_numbers(places: Mapping[int, Values]) -> dict[int, Values]:
    """The places that give nothing but numbers."""
    return {place: values for place, values in places.items() if all(
        _is_plain(value) for one in values.values() for value in one)}


def _variants(values: Values) -> Iterator[Values]:
    """A series as it is, turned, with the other sign, and all of it at once."""
    yield values
    arrays = {number: [np.asarray(value) for value in one] for number, one in values.items()}
    every = [array for one in arrays.values() for array in one]
    if all(array.ndim == 2 for array in every):
        yield {number: [array.T for array in one] for number, one in arrays.items()}
    if all(array.dtype.kind == "f" and array.ndim for array in every):
        yield {number: [-array for array in one] for number, one in arrays.items()}
    if any(len(one) > 1 for one in arrays.values()) and all(
            len({array.shape for array in one}) == 1 for one in arrays.values()):
        yield {number: [np.stack(one)] for number, one in arrays.items()}


# ----------------------------------------------------------------------------------------------------- places and words


def _in_order(answer: Traced, places: dict[int, Values], known: set[Any]) -> Iterator[list[int]]:
    """Places to try: first those whose numbers no solution has, then the others, then all places of one name."""
    prints = {place: _print(values) for place, values in places.items()}
    yield from ([place] for place in sorted(prints, key=lambda place: prints[place] in known))
    names: dict[Any, list[int]] = {}
    for place, seen in prints.items():
        name = getattr(answer.nodes[place], "id", "")
        if name:
            names.setdefault((name, seen), []).append(place)
    yield from (together for together in names.values() if len(together) > 1)


def _suspicion(answer: Traced, places: dict[int, Values], wrong: set[int]) -> dict[int, float]:
    """By line, from 0 to 1: 1 where it is reached in all cases that are wrong and in no other (the measure of Ochiai,
    as it is used to find faults: Abreu, Zoeteweij and van Gemund, 2007)."""
    found: dict[int, float] = {}
    for place, values in places.items():
        line, both = answer.nodes[place].lineno, len(wrong & values.keys())
        found[line] = max(found.get(line, 0.0), both / (len(wrong) * len(values)) ** 0.5)
    return found


def _says(answer: Traced, places: Sequence[int]) -> str:
    if len(places) > 1:
        return (f"`{answer.quotes[places[0]]}` does not hold what belongs there: with other numbers in it, and all "
                "else as it is, the result would be right.")
    quoted = answer.quoted(places[0])
    return (f"{quoted[0].upper()}{quoted[1:]} is not what belongs there: with other numbers in this one place, and all "
            "else as it is, the result would be right.")


def _is_one_number(values: Values) -> bool:
    """Whether a series is one number in all cases, as what stands in the place of a constant has to be."""
    return len({np.ravel(np.asarray(value, float)).round(9).tobytes() for one in values.values() for value in one}) == 1


def _fitting(values: Values, donors: Sequence[Values]) -> list[Values]:
    """Donors of the same shapes, in the form of what they are given to; none that is the same."""
    wanted = {number: [np.shape(value) for value in one] for number, one in values.items()}
    found = []
    for donor in donors:
        if all(number in donor and len(donor[number]) == len(shapes) and all(
                _squeezed(np.shape(value)) == _squeezed(shape) for value, shape in zip(donor[number], shapes))
               for number, shapes in wanted.items()):
            made = {number: [_like(value, old) for value, old in zip(donor[number], values[number])]
                    for number in wanted}
            if not all(same_value(made[number], values[number]) for number in wanted):
                found.append(made)
    return found


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)


def _like(value: Any, old: Any) -> Any:
    if isinstance(old, list):
        return np.ravel(value).tolist()
    if isinstance(old, NUMBER):
        return np.ravel(value)[0].item()
    return np.reshape(value, np.shape(old))


def _is_one_of(values: Values, hopeless: Sequence[Mapping[int, np.ndarray]]) -> bool:
    """Whether a place holds a whole output, in whatever order and with whatever signs."""
    return any(all(number in whole and _alike(_sorted(one), whole[number]) for number, one in values.items())
               for whole in hopeless)


def _wholes(outputs: Mapping[int, list[Any]], which: Sequence[int]) -> list[dict[int, np.ndarray]]:
    """The numbers of whole outputs, and of all outputs together, by case."""
    together = {number: _sorted(parts) for number, parts in outputs.items()}
    return [together, *({number: _sorted([parts[output]]) for number, parts in outputs.items()} for output in which
                        if all(output < len(parts) for parts in outputs.values()))]


def _sorted(values: Sequence[Any]) -> np.ndarray:
    try:
        return np.sort(np.abs(np.concatenate([np.ravel(np.asarray(value, float)) for value in values])))
    except (TypeError, ValueError):
        return np.zeros(0)


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    return one.size == other.size and one.size > 0 and bool(np.allclose(one, other, rtol=1e-7, atol=1e-12))


def _print(values: Values) -> Any:
    """Equal for equal series."""
    with np.errstate(all="ignore"):
        return tuple((number, tuple((_squeezed(np.shape(value)), np.round(np.asarray(value, float), 9).tobytes())
                                    for value in one)) for number, one in sorted(values.items()))


def outputs_of(result: Any) -> list[Any]:
    """A result's parts, or the one thing that it is."""
    if isinstance(result, Mapping):
        return list(result.values())
    return list(result) if isinstance(result, (tuple, list)) else [result]


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, (list, tuple)) and len(entry) == 2 and type(entry[0]) is int and isinstance(
        entry[1], (list, tuple)) and len(entry[1]) > 0


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(isinstance(part, NUMBER) for part in value)
    return isinstance(value, NUMBER) or (isinstance(value, np.ndarray) and value.dtype.kind in "biuf")


__all__ = ["Found", "Search", "donors_of", "outputs_of"]
