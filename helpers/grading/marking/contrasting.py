"""What wrong results have in common: right numbers in other places, a multiple of an argument too much, or a condition
on the cases that holds where an answer is wrong and nowhere else.

Said where nothing better is known: it is no more than what has been seen, on the check's public cases. Lengths of axes
are no conditions: almost everything that is wrong is right for a single number.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from helpers.numerals import numeral

FEWEST = 2  # cases of either kind
MORE, CONTENTS = 3, 3  # of them, where a condition is about what an array holds, which has this rank
ENOUGH = 6  # wrong numbers
TELLING = 3  # different numbers: that two stand the wrong way round may be chance
ALIKE = 1e-5
FAR = 100  # where exponentials run out of numbers, or nearly so
CONTRAST = "contrast"
# Where logarithms of bounded numbers end: at round constants, and at the smallest numbers that floats have.
BOUNDS = {f"1e-{k}": k * np.log(10) for k in range(2, 31)} | {
    "the smallest normal float": -np.log(np.finfo(float).tiny), "the smallest float": -np.log(5e-324),
    "the distance between 1 and the next float": -np.log(np.finfo(float).eps)}
WORDS = (str, bool, type(None), int, tuple)
NUMBERS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("is 0", lambda value: value == 0), ("is not 0", lambda value: value != 0), ("is 1", lambda value: value == 1),
    ("is not 1", lambda value: value != 1), ("is negative", lambda value: value < 0),
    ("is more than 1", lambda value: value > 1), ("is more than 2", lambda value: value > 2))

Case = dict[str, Any]


@dataclass(frozen=True)
class Condition:
    """Something that holds in a case or not. rank: what is asked for first; about: the argument."""

    rank: int
    about: str
    says: str
    holds: tuple[bool, ...]


@dataclass(frozen=True)
class Wrong:
    """A wrong output of one case: what was returned and what is right, as arrays."""

    case: Case
    got: Any
    right: Any


def in_common(wrong: Sequence[Wrong]) -> str:
    """What all wrong outputs have in common, in a sentence; "" if nothing is found, or more than one thing."""
    try:
        pairs = [(one.case, np.asarray(one.got, float), np.asarray(one.right, float)) for one in wrong]
    except (TypeError, ValueError):
        return ""
    ended = _ends_at_a_bound(pairs)
    if ended:
        return ended
    if sum(right.size for _, _, right in pairs) < ENOUGH or not all(np.isfinite(got).all() for _, got, _ in pairs):
        return ""
    telling = sum(right.size for _, _, right in pairs if np.unique(right.round(9)).size >= TELLING)
    if telling >= ENOUGH and all(_same_numbers(got, right) for _, got, right in pairs):
        return ("All numbers are the right ones, but they do not stand in their places: look at the order of axes and "
                "entries.")
    cut = _cut_off(pairs)
    if cut or len(pairs) < FEWEST or any(got.shape != right.shape for _, got, right in pairs):
        return cut
    said = {}
    lines = _by_lines(pairs)
    for name in pairs[0][0]:
        given = [case.get(name) for case, _, _ in pairs]
        if sum(isinstance(one, np.ndarray) and one.size > 1 for one in given) < FEWEST:
            continue  # a single number fits whatever is constant
        times = [_times(got - right, case.get(name)) for case, got, right in pairs]
        if all(one is not None for one in times):
            said[name] = [one for one in times if one is not None]
    return _says_times(*said.popitem()) if len(said) == 1 else lines if not said else ""


def _ends_at_a_bound(pairs: Sequence[tuple[Case, np.ndarray, np.ndarray]]) -> str:
    """Whether all that is wrong is one number, the logarithm of a bound; "" if not."""
    if any(got.shape != right.shape for _, got, right in pairs):
        return ""
    got = np.concatenate([got.ravel() for _, got, _ in pairs])
    right = np.concatenate([right.ravel() for _, _, right in pairs])
    wrong = got[np.abs(got - right) > ALIKE * np.maximum(np.abs(right), 1)]
    for name, end in BOUNDS.items() if wrong.size else ():
        for sign, words in ((-1, "the logarithm"), (1, "minus the logarithm")):
            if (np.abs(wrong - sign * end) < 1e-4 * end).all():
                return (f"Where it is wrong, {numeral(sign * end, 4)} is returned, {words} of {name}: a constant or a "
                        "bound of that size stands inside a logarithm.")
    return ""


def _says_times(name: str, times: Sequence[float]) -> str:
    shown = ", ".join(numeral(one, 3) for one in sorted({round(one, 6) for one in times})[:3])
    if all(round(one, 6) == -1 for one in times):
        return f"What is returned is right but for `{name}`, which is missing as a term."
    if all(one > 0 and abs(one - round(one)) < ALIKE for one in times):
        return f"What is returned is right but for `{name}`, which is added too often: {shown} times too many."
    return f"What is returned differs from what is right by `{name}` times {shown}: look at that term."


def _by_lines(pairs: Sequence[tuple[Case, np.ndarray, np.ndarray]]) -> str:
    """Whether all entries of a row, or of a column, are off by the same amount, and each line by one of its own."""
    for axis, name in ((1, "row"), (0, "column")):
        lines = 0
        for _, got, right in pairs:
            if right.ndim != 2 or right.shape[axis] < 2:
                continue
            size = max(float(np.abs(got).max(initial=0.0)), float(np.abs(right).max(initial=0.0)))
            if np.ptp(got - right, axis=axis).max() > ALIKE * size or np.ptp(right, axis=axis).max() < ALIKE * size:
                lines = 0
                break
            lines += int((np.abs(got - right).max(axis=axis) > ALIKE * size).sum())
        if lines >= TELLING:
            return (f"In each {name} all entries are off by the same amount: something is added to, or taken from, the "
                    f"whole {name}.")
    return ""


def _cut_off(pairs: Sequence[tuple[Case, np.ndarray, np.ndarray]]) -> str:
    """Whether all results are right as far as they go, or begin with all that is right; "" if not."""
    if any(got.ndim != right.ndim or not got.ndim or got.shape[1:] != right.shape[1:] or len(got) == len(right)
           for _, got, right in pairs):
        return ""
    ends = [(got[:len(right)], right[:len(got)]) for _, got, right in pairs]
    begins = [(got[max(len(got) - len(right), 0):], right[max(len(right) - len(got), 0):]) for _, got, right in pairs]
    short = all(len(got) < len(right) for _, got, right in pairs)
    if not short and not all(len(got) > len(right) for _, got, right in pairs):
        return ""
    for alike, place in ((ends, "end"), (begins, "beginning")):
        if sum(got.size for got, _ in alike) >= ENOUGH and all(_near(got, right) for got, right in alike):
            return (f"What is returned is right as far as it goes: entries are missing at the {place}." if short else
                    f"All that is asked for is returned, and there are entries too many at the {place}.")
    return ""


def _near(got: np.ndarray, right: np.ndarray) -> bool:
    return got.shape == right.shape and bool(np.allclose(got, right, rtol=ALIKE, atol=1e-9))


def _same_numbers(got: np.ndarray, right: np.ndarray) -> bool:
    return got.size == right.size and bool(
        np.allclose(np.sort(got, axis=None), np.sort(right, axis=None), rtol=ALIKE, atol=1e-9))


def _times(difference: np.ndarray, argument: Any) -> float | None:
    """c with difference = c * argument, for an array that is stretched along other axes if need be; None if none."""
    if not isinstance(argument, np.ndarray) or argument.dtype.kind != "f" or not argument.size:
        return None
    forms = [argument] if argument.ndim != 1 else [
        argument.reshape([-1 if k == axis else 1 for k in range(difference.ndim)])
        for axis in range(difference.ndim) if difference.shape[axis] == argument.size]
    for form in forms:
        if form.ndim != difference.ndim or any(a not in (1, b) for a, b in zip(form.shape, difference.shape)):
            continue
        base = np.broadcast_to(form, difference.shape)
        size = float((base * base).sum())
        ratio = float((difference * base).sum()) / size if size else 0.0
        if abs(ratio) > 1e-6 and np.allclose(difference, ratio * base, rtol=ALIKE, atol=ALIKE * abs(ratio)):
            return ratio
    return None


def contrast(cases: Sequence[Case], rights: Sequence[bool]) -> str:
    """The one condition under which an answer is wrong, in a sentence; "" if there is none, or more than one."""
    wrong = tuple(not right for right in rights)
    if min(sum(wrong), len(wrong) - sum(wrong)) < FEWEST:
        return ""
    few = min(sum(wrong), len(wrong) - sum(wrong)) < MORE
    conditions = [one for name in cases[0] if all(name in case for case in cases)
                  for one in _conditions(name, [case[name] for case in cases]) if 0 < sum(one.holds) < len(wrong)
                  and not (few and one.rank == CONTENTS)]
    single: list[tuple[int, tuple[Condition, ...]]] = [
        (one.rank, (one,)) for one in conditions if one.holds == wrong]
    chosen = _only(single or [
        (one.rank + other.rank, (one, other)) for one, other in itertools.combinations(conditions, 2)
        if one.about != other.about and max(one.rank, other.rank) < CONTENTS
        and tuple(a and b for a, b in zip(one.holds, other.holds)) == wrong])
    if not chosen:
        return ""
    what = " and ".join(one.says for one in chosen)
    names = " and ".join(f"`{one.about}`" for one in chosen)
    return (f"Wrong in each of the {sum(wrong)} public cases in which {what}, and right in the "
            f"{len(wrong) - sum(wrong)} others: look at what {names} {'does' if len(chosen) == 1 else 'do'} there.")


def _only(found: list[tuple[int, tuple[Condition, ...]]]) -> tuple[Condition, ...]:
    """What is of the lowest rank, if it speaks of one thing."""
    least = [chosen for rank, chosen in found if rank == min(rank for rank, _ in found)]
    return least[0] if len({tuple(one.about for one in chosen) for chosen in least}) == 1 else ()


def _conditions(name: str, values: Sequence[Any]) -> Iterator[Condition]:
    def condition(rank: int, says: str, holds: Callable[[Any], Any]) -> Condition:
        return Condition(rank, name, says, tuple(bool(holds(value)) for value in values))

    whole = [isinstance(value, (int, np.integer)) and not isinstance(value, bool) for value in values]
    if all(isinstance(value, WORDS) for value in values) and not all(whole):
        for shown in dict.fromkeys(map(repr, values)):
            yield condition(1, f"`{name}` is {shown:.40}", partial(_reads, shown))
        yield condition(1, f"`{name}` is a tuple", lambda value: isinstance(value, tuple))
    elif all(isinstance(value, (int, float, np.number)) for value in values):
        for says, holds in NUMBERS:
            yield condition(2, f"`{name}` {says}", holds)
    elif all(isinstance(value, np.ndarray) and value.dtype.kind in "biuf" for value in values):
        yield from _of_arrays(condition, name, values)


def _of_arrays(condition: Callable[..., Condition], name: str, values: Sequence[np.ndarray]) -> Iterator[Condition]:
    if len({value.ndim for value in values}) > 1:
        for axes in sorted({value.ndim for value in values}):
            yield condition(2, f"`{name}` has {axes} axes", partial(_has_axes, axes))
        return
    yield condition(CONTENTS, f"`{name}` has a negative entry", lambda value: (value < 0).any())
    yield condition(CONTENTS, f"`{name}` has a zero", lambda value: (value == 0).any())
    yield condition(CONTENTS, f"`{name}` has an entry beyond ±{FAR}", lambda value: (np.abs(value) > FAR).any())
    if all(value.dtype.kind in "iu" for value in values):
        yield condition(CONTENTS, f"a number occurs twice in `{name}`",
                        lambda value: np.unique(value).size < value.size)


def _reads(shown: str, value: Any) -> bool:
    return repr(value) == shown


def _has_axes(axes: int, value: np.ndarray) -> bool:
    return value.ndim == axes


__all__ = ["CONTRAST", "Wrong", "contrast", "in_common"]
