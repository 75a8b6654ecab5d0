"""Small cases, from the smallest upwards, made from a check's own: one sample and one unit of small whole numbers, then
a second of each, a negative number, a zero.

Axes that have the same length in all of a check's cases are one dimension. A rung gives each dimension a length, and
fills the arrays with numbers of their own kind: probabilities still sum to 1, one-hot rows hold a 1, classes exist.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MOST_NUMBERS = 12  # in the arguments of an example that somebody works out with a pencil
MOST_RUNGS = 14
WHOLE = (2.0, 1.0, 3.0, 1.0, 2.0, 4.0, 1.0, 3.0)
MIXED = (1.0, -2.0, 3.0, -1.0, 2.0, -3.0, 1.0, -1.0)
ZEROS = (0.0, 2.0, -1.0, 0.0, 1.0, -2.0, 3.0, 0.0)
LARGE = (30.0, -20.0, 10.0, -40.0, 20.0, -10.0, 40.0, -30.0)
SHARES = (0.5, 0.25, 0.75, 0.2, 0.8, 0.4)

Case = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Rung:
    """One small case, and what the reference says there. adds: what it has that the smaller ones have not."""

    case: Case
    adds: str
    expected: Any = field(default=None)


def rungs(cases: Sequence[Case]) -> Iterator[Rung]:
    """Small cases in the form of a check's own; none if something in them is no array and no number."""
    cases = [case for case in cases if _form(case) == _form(cases[0])]  # others have examples of another kind
    if not cases or not all(_plain(value) for case in cases for name, value in case.items() if name != "case"):
        return
    names = [name for name in cases[0] if name != "case"]
    axes = {(name, axis): tuple(np.shape(case[name])[axis] for case in cases)
            for name in names if isinstance(cases[0][name], np.ndarray) for axis in range(np.ndim(cases[0][name]))}
    dimensions = list(dict.fromkeys(axes.values()))
    fixed = {d for d in dimensions if len(set(d)) == 1 and d[0] == 1}
    free = [d for d in dimensions if d not in fixed]
    count = 0
    for sizes, numbers, adds in _steps(free):
        lengths = {**dict.fromkeys(fixed, 1), **dict(zip(free, sizes))}
        case = {name: _small(cases[0][name], [lengths[axes[name, axis]] for axis in range(np.ndim(cases[0][name]))],
                             numbers, position) for position, name in enumerate(names)}
        if sum(np.size(value) for value in case.values()) <= MOST_NUMBERS and count < MOST_RUNGS:
            count += 1
            yield Rung(case, adds)


def _steps(free: list[tuple[int, ...]]) -> Iterator[tuple[tuple[int, ...], tuple[float, ...], str]]:
    ones = (1,) * len(free)
    for numbers, adds in ((WHOLE, "one of each"), (MIXED, "a negative number"), (ZEROS, "a zero"),
                          (LARGE, "large numbers")):
        yield ones, numbers, adds
    seen = {ones}
    for many in range(1, len(free) + 1):
        for chosen in itertools.combinations(range(len(free)), many):
            sizes = tuple(2 if k in chosen else 1 for k in range(len(free)))
            if sizes not in seen and many <= 3:
                seen.add(sizes)
                yield sizes, MIXED, "two of something"
    for sizes in ((3,) * len(free), tuple(2 + k % 2 for k in range(len(free)))):
        yield sizes, MIXED, "several of each"


def _form(case: Case) -> list[tuple[str, int]]:
    return [(name, np.ndim(value) if isinstance(value, np.ndarray) else -1) for name, value in case.items()
            if name != "case"]


def _plain(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf" and value.ndim <= 3
    return isinstance(value, (bool, int, float, str, np.generic, type(None)))


def _small(value: Any, shape: list[int], numbers: tuple[float, ...], position: int) -> Any:
    """A value of the same kind and of another shape."""
    if not isinstance(value, np.ndarray):
        if isinstance(value, (bool, str, np.generic, type(None))):
            return value
        return min(value, 3) if isinstance(value, int) else float(f"{value:.2g}")
    count = int(np.prod(shape))
    cycle = [numbers[(k + position) % len(numbers)] for k in range(count)]
    flat = value.ravel()
    if value.dtype.kind in "iu":
        if set(np.unique(flat).tolist()) <= {0, 1} and value.ndim == 2:
            return _one_hot(value, shape).astype(value.dtype)
        if flat.size and flat.min() >= 0 and value.ndim == 1:  # classes, or positions
            return (np.arange(count) % 2).reshape(shape).astype(value.dtype)
        return np.array(cycle).reshape(shape).astype(value.dtype)
    if value.dtype.kind == "b":
        return (np.arange(count) % 2 == 0).reshape(shape)
    if flat.size and set(np.unique(flat).tolist()) <= {0.0, 1.0}:
        return _one_hot(value, shape).astype(value.dtype)
    if flat.size and flat.min() >= 0 and flat.max() <= 1:
        return _shares(value, shape, position).astype(value.dtype)
    made = np.array(cycle).reshape(shape)
    square = len(shape) == 2 and shape[0] == shape[1] and value.shape[0] == value.shape[1]
    if square and np.allclose(value, value.T):
        made = made + made.T
    return (np.abs(made) + 1 if flat.size and flat.min() > 0 else made).astype(value.dtype)


def _sums_to_one(value: np.ndarray) -> int | None:
    """The axis along which a matrix or vector sums to 1."""
    return next((axis for axis in range(value.ndim) if value.size and np.allclose(value.sum(axis=axis), 1)), None)


def _one_hot(value: np.ndarray, shape: list[int]) -> np.ndarray:
    axis = _sums_to_one(value)
    made = np.zeros(shape)
    if axis is None:
        made.flat[::2] = 1
        return made
    lines = np.moveaxis(made, axis, -1).reshape(-1, shape[axis])
    for k, line in enumerate(lines):
        line[k % shape[axis]] = 1
    return np.moveaxis(lines.reshape([n for a, n in enumerate(shape) if a != axis] + [shape[axis]]), -1, axis)


def _shares(value: np.ndarray, shape: list[int], position: int) -> np.ndarray:
    made = np.array([SHARES[(k + position) % len(SHARES)] for k in range(int(np.prod(shape)))]).reshape(shape)
    axis = _sums_to_one(value)
    if axis is None:
        return made
    weights = {1: [1.0], 2: [0.25, 0.75], 3: [0.25, 0.25, 0.5]}.get(shape[axis], [1 / shape[axis]] * shape[axis])
    return np.broadcast_to(np.array(weights).reshape([-1 if a == axis else 1 for a in range(len(shape))]), shape).copy()
