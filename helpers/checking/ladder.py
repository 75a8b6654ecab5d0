"""Small cases, from the smallest upwards, made from a check's own: one sample and one unit of small whole numbers, then
a second of each, a negative number, a zero; and last the check's own cases, cut down.

Axes that have the same length in all of a check's cases are one dimension, as is a whole number that says this length,
and a number of steps by itself. A rung gives each dimension a length, and fills the arrays with numbers of their own
kind (see `small`). Cases that differ in a word or in a function, such as the name of an activation, have rungs each.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from helpers.checking.relations import Relation, relations
from helpers.checking.small import is_one_hot, small_array

MOST_NUMBERS = 12  # in the arguments of an example that somebody works out with a pencil
MORE_NUMBERS = 18  # where that cannot be had
SCARCE = 6  # rungs
MOST_RUNGS = 48  # of a check
MOST_KINDS = 7  # of cases
FEWEST = 5  # rungs of each kind of case
MOST_CUTS = 8
WHOLE = (2.0, 1.0, 3.0, 1.0, 2.0, 4.0, 1.0, 3.0)
MIXED = (1.0, -2.0, 3.0, -1.0, 2.0, -3.0, 1.0, -1.0)
ZEROS = (0.0, 2.0, -1.0, 0.0, 1.0, -2.0, 3.0, 0.0)
LARGE = (30.0, -20.0, 10.0, -40.0, 20.0, -10.0, 40.0, -30.0)
TIMES, MORE = 4, 100  # as many numbers as the reference's result, and some, may be computed with
NUMBER = (bool, int, float, np.generic)

Case = dict[str, Any]
Path = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Rung:
    """One small case, and what the reference says there. adds: what it has that the smaller ones have not.

    source: the number of the check's case that it was made from; what is no plain data is taken from there.
    numbers: how many the reference's result has, 0 where that is not known.
    """

    case: Case
    adds: str
    expected: Any = field(default=None)
    source: int = 0
    numbers: int = 0

    def too_large(self, result: Any) -> bool:
        """Whether a result has so many more numbers that nothing is to be computed with it: a property of it may take
        any power of their number."""
        return bool(self.numbers) and _length(result) > TIMES * self.numbers + MORE


def rungs(cases: Sequence[Case], counted: Sequence[str] = ()) -> Iterator[Rung]:
    """Small cases in the form of a check's own. counted: the entries that a call is given; default all.

    Where a call needs so many numbers that hardly any case has few enough, some have more.
    """
    found = list(_all_rungs(cases, counted))
    few = [rung for rung in found if _count(rung.case, counted) <= MOST_NUMBERS]
    yield from few
    if len(few) < SCARCE:
        yield from (rung for rung in found if rung not in few)


def _all_rungs(cases: Sequence[Case], counted: Sequence[str]) -> Iterator[Rung]:
    kinds: dict[Any, list[tuple[int, Case]]] = {}
    for number, case in enumerate(cases):
        short = {name: _shortened(value) for name, value in case.items() if name != "case"}
        kinds.setdefault(repr(_form(short)), []).append((number, short))
    groups = list(kinds.values())[:MOST_KINDS]
    most = max(FEWEST, MOST_RUNGS // max(len(groups), 1))
    made_from = [relations([case for _, case in group]) for group in groups]
    climbs = [itertools.islice(_climb([case for _, case in group], group[0][0], related, counted), most)
              for group, related in zip(groups, made_from)]
    for level in itertools.zip_longest(*climbs):
        yield from (rung for rung in level if rung is not None)
    cuts = (_cuts(group[:3], related, counted) for group, related in zip(groups, made_from))
    yield from itertools.islice(itertools.chain.from_iterable(cuts), MOST_CUTS)


def weight_of(value: Any) -> int:
    """How many numbers are in an argument."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return sum(map(weight_of, value))
    return int(np.size(value)) if isinstance(value, (np.ndarray, *NUMBER)) else 0


def _length(value: Any) -> int:
    """How many things a result holds, whatever it is: also of tables, sets and tensors; 0 of a student's object."""
    if isinstance(value, dict):
        return sum(map(_length, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(_length, value))
    if hasattr(value, "observe"):
        return 0
    shape = getattr(value, "shape", None)
    return math.prod(shape) if isinstance(shape, tuple) else len(value) if isinstance(value, Sized) else 1


def is_plain(value: Any) -> bool:
    """Whether something is numbers, words, and tuples, lists and dicts of these."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(part) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf" and value.ndim <= 4
    return isinstance(value, (*NUMBER, str, type(None)))


def _shortened(value: Any) -> Any:
    """Lists of arrays or of other things without what stands behind the second; lists of numbers as they are."""
    if type(value) is list and not all(isinstance(part, NUMBER) for part in value):
        return [_shortened(part) for part in value[:2]]
    return value


def _form(value: Any) -> Any:
    """What has to be alike in cases from which one ladder is made."""
    if isinstance(value, dict):
        return {name: _form(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        parts = sorted({repr(_form(part)) for part in value})  # a set's own order is another in every process
        return type(value).__name__, parts if type(value) is list else [_form(part) for part in value]
    if isinstance(value, np.ndarray):
        return "array", value.ndim, value.dtype.kind
    if isinstance(value, (bool, str, type(None))):
        return value
    if isinstance(value, NUMBER):
        return "number"
    return type(value).__name__, getattr(value, "__qualname__", "")


def _few_enough(case: Case, related: Sequence[Relation], counted: Sequence[str]) -> bool:
    """Whether a call has few enough numbers, when what belongs together has been made to: the case is changed."""
    try:
        for relation in related:
            case[relation.name] = np.asarray(relation.compute(case)).astype(case[relation.name].dtype)
    except (ValueError, TypeError, IndexError):
        return False
    return _count(case, counted) <= MORE_NUMBERS


def _count(case: Case, counted: Sequence[str]) -> int:
    return weight_of([value for name, value in case.items() if name in counted or not counted])


def _climb(cases: list[Case], source: int, related: Sequence[Relation], counted: Sequence[str]) -> Iterator[Rung]:
    """The rungs that are made from cases of one kind."""
    sizes: dict[Path, tuple[int, ...]] = {}
    for case in cases:
        for path, length in _lengths(case, ()):
            sizes[path] = (*sizes.get(path, ()), length)
    tied = {size for path, size in sizes.items() if path[-1] != "count"}
    own = {path: ((path, *size) if path[-1] == "count" and (size not in tied or len(set(size)) == 1) else size)
           for path, size in sizes.items()}
    fixed = {size for path, size in own.items() if path[-1] != "count" and set(size) == {1}}
    free = [size for size in dict.fromkeys(own.values()) if size not in fixed]
    for lengths, numbers, adds in _steps(len(free), counts_only=not tied):
        chosen = {**dict.fromkeys(fixed, 1), **dict(zip(free, lengths))}
        length_of = {path: chosen[size] for path, size in own.items()}.__getitem__
        case = {name: _small(value, (name,), length_of, numbers, position)
                for position, (name, value) in enumerate(cases[0].items())}
        if _few_enough(case, related, counted):
            yield Rung(case, adds, source=source)


def _lengths(value: Any, path: Path) -> Iterator[tuple[Path, int]]:
    """Where in a case something has a length: axes of arrays, lists of numbers, and whole numbers that may say one."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _lengths(part, (*path, name))
    elif isinstance(value, np.ndarray):
        yield from (((*path, axis), length) for axis, length in enumerate(value.shape))
    elif isinstance(value, list) and value and all(isinstance(part, NUMBER) for part in value):
        yield (*path, 0), len(value)
    elif isinstance(value, (list, tuple)):
        for number, part in enumerate(value):
            yield from _lengths(part, (*path, number))
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value > 0 and path and (
            "seed" not in str(path[0])):
        yield (*path, "count"), int(value)


def _steps(free: int, counts_only: bool) -> Iterator[tuple[tuple[int, ...], tuple[float, ...], str]]:
    ones = (1,) * free
    for numbers, adds in ((WHOLE, "one of each"), (MIXED, "a negative number"), (ZEROS, "a zero"),
                          (LARGE, "large numbers")):
        if numbers is WHOLE or not counts_only:
            yield ones, numbers, adds
    singles = [tuple(2 if k == chosen else 1 for k in range(free)) for chosen in range(free)]
    several = [(2,) * free, tuple(2 + k % 2 for k in range(free)), tuple(3 - k % 2 for k in range(free)), (3,) * free]
    if counts_only:
        several += [tuple(5 if k == 0 else 2 for k in range(free)), tuple(7 if k == 0 else 3 for k in range(free))]
    pairs = [tuple(2 if k in chosen else 1 for k in range(free))
             for many in (2, 3) for chosen in itertools.combinations(range(free), many)]
    threes = [tuple(3 if k == chosen else 1 for k in range(free)) for chosen in range(free)]
    for sizes in dict.fromkeys([*singles, *several, *pairs, *threes]):
        if sizes != ones:
            yield sizes, MIXED, "several of each" if sizes in several else "two of something"


def _small(value: Any, path: Path, length: Callable[[Path], int], numbers: tuple[float, ...], position: int) -> Any:
    """A value of the same kind, with other lengths. What is no plain data stays what it is."""
    if isinstance(value, np.random.Generator):
        return np.random.default_rng(0)
    if isinstance(value, dict):
        return {name: _small(part, (*path, name), length, numbers, position) for name, part in value.items()}
    if isinstance(value, list) and value and all(isinstance(part, NUMBER) for part in value):
        return small_array(np.array(value), [length((*path, 0))], numbers, position).tolist()
    if isinstance(value, (list, tuple)):
        return type(value)([_small(part, (*path, number), length, numbers, position + number)
                            for number, part in enumerate(value)])
    if isinstance(value, np.ndarray):
        if not is_plain(value):
            return value
        return small_array(value, [length((*path, axis)) for axis in range(value.ndim)], numbers, position)
    if isinstance(value, (bool, str, type(None), float, np.floating)) or not isinstance(value, NUMBER):
        return float(f"{value:.2g}") if isinstance(value, (float, np.floating)) else value
    if int(value) > 0 and "seed" not in str(path[0]):
        return length((*path, "count"))
    return min(int(value), 3)


# ------------------------------------------------------------------------------------------------ cuts


def _cuts(cases: Sequence[tuple[int, Case]], related: Sequence[Relation], counted: Sequence[str]) -> Iterator[Rung]:
    """The check's own cases with fewer samples and units and rounded numbers: what they have, the others may lack."""
    seen = set()
    for (number, case), take in itertools.product(cases, (3, 2, -2, 1)):
        cut = {name: _cut(value, take) for name, value in case.items()}
        if _few_enough(cut, related, counted) and repr(cut) not in seen:
            seen.add(repr(cut))
            yield Rung(cut, "numbers like those of the check", source=number)


def _cut(value: Any, take: int) -> Any:
    if isinstance(value, dict):
        return {name: _cut(part, take) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_cut(part, take) for part in value])
    if isinstance(value, np.random.Generator):
        return np.random.default_rng(0)
    if isinstance(value, (float, np.floating)):
        return float(f"{value:.2g}")
    if not isinstance(value, np.ndarray) or not is_plain(value):
        return copy.copy(value) if isinstance(value, np.ndarray) else value
    part = slice(0, take) if take > 0 else slice(take, None)
    cut = value[(part,) * value.ndim]
    if is_one_hot(value):
        return small_array(value, list(cut.shape), WHOLE, 0)
    if value.dtype.kind in "iu" and value.size and value.min() >= 0:  # classes, positions, or an order of them
        return small_array(value, list(cut.shape), WHOLE, 0)
    return np.vectorize(lambda x: float(f"{x:.2g}"), otypes=[value.dtype])(cut) if value.dtype.kind == "f" else cut
