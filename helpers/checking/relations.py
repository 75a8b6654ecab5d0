"""Which arrays of a case are made from others: the activations of a forward pass belong to its weights and inputs.

A small case keeps these relations, or it would be one that no net can have: a unit that is off and answers all the
same. They are found by trying, on all cases: a product of two earlier entries, a bias, a function.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

Case = dict[str, Any]
LARGEST = 5000  # entries of an array that is looked at
TOLERANCE = 1e-6
SHAPES = {"b": lambda Z: Z, "relu": lambda Z: np.maximum(Z, 0), "sigmoid": special.expit, "tanh": np.tanh,
          "on": lambda Z: (Z > 0) * 1.0, "softmax 0": lambda Z: special.softmax(Z, axis=0),
          "softmax -1": lambda Z: special.softmax(Z, axis=-1), "exp": np.exp,
          "leaky": lambda Z: np.where(Z > 0, Z, 0.01 * Z)}
PRODUCTS: tuple[Callable[[Any, Any], Any], ...] = (
    lambda A, B: A @ B, lambda A, B: A @ B.T, lambda A, B: A.T @ B, lambda A, B: A.T @ B.T,
    lambda A, B: np.multiply.outer(A, B))


@dataclass(frozen=True)
class Relation:
    """`name` is computed from earlier entries of the case. Raises what numpy raises where shapes do not fit."""

    name: str
    compute: Callable[[Case], Any]


def relations(cases: Sequence[Case]) -> list[Relation]:
    """In the order of the entries; for an entry that may have come from anywhere, none."""
    names = [name for name in cases[0] if _looked_at(cases[0][name])]
    found = []
    for position, name in enumerate(names):
        if cases[0][name].size < 2 or cases[0][name].dtype.kind != "f":
            continue
        for compute in _ways(cases[0], names[:position], cases[0][name]):
            if all(_gives(compute, case, name) for case in cases):
                found.append(Relation(name, compute))
                break
    return found


def _looked_at(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and 0 < value.size <= LARGEST and (
        value.ndim <= 3)


def _gives(compute: Callable[[Case], Any], case: Case, name: str) -> bool:
    try:
        made = np.asarray(compute(case))
    except (ValueError, TypeError, IndexError, KeyError, FloatingPointError):
        return False
    wanted = np.asarray(case[name])
    return made.shape == wanted.shape and bool(np.allclose(made, wanted, rtol=TOLERANCE, atol=1e-9))


def _ways(case: Case, earlier: Sequence[str], wanted: np.ndarray) -> Iterator[Callable[[Case], Any]]:
    """What may have made an array of this shape out of earlier entries."""
    for one in earlier:
        if case[one].shape == wanted.shape:
            yield from (_shaped(shape, _entry(one)) for key, shape in SHAPES.items() if key != "b")
    numbers = [name for name, value in case.items() if isinstance(value, float)]
    for one, other in itertools.permutations(earlier, 2):
        if case[one].shape == case[other].shape == wanted.shape:
            yield _product(lambda A, B: A - B, one, other)
        if case[one].ndim + case[other].ndim < 2 + (wanted.ndim == 2 and case[one].ndim == 0):
            continue
        for product in PRODUCTS:
            plain = _product(product, one, other)
            shape = _shape_of(plain, case)
            if shape != wanted.shape:
                continue
            biases = [bias for bias in earlier if bias not in (one, other) and case[bias].size in wanted.shape]
            columns = [(bias, True) for bias in biases if case[bias].ndim == 1 and wanted.ndim == 2]
            for bias, column in (("", False), *((bias, False) for bias in (*biases, *numbers)), *columns):
                inner = _plus(plain, bias, column) if bias else plain
                yield from (_shaped(shape_, inner) for shape_ in SHAPES.values())
                yield from (_shaped(SHAPES["sigmoid"], _times(inner, k)) for k in numbers)


def _entry(name: str) -> Callable[[Case], Any]:
    return lambda case: case[name]


def _product(product: Callable[[Any, Any], Any], one: str, other: str) -> Callable[[Case], Any]:
    return lambda case: product(case[one], case[other])


def _plus(inner: Callable[[Case], Any], bias: str, column: bool) -> Callable[[Case], Any]:
    return lambda case: inner(case) + (np.reshape(case[bias], (-1, 1)) if column else case[bias])


def _times(inner: Callable[[Case], Any], factor: str) -> Callable[[Case], Any]:
    return lambda case: case[factor] * inner(case)


def _shaped(shape: Callable[[Any], Any], inner: Callable[[Case], Any]) -> Callable[[Case], Any]:
    return lambda case: shape(inner(case))


def _shape_of(compute: Callable[[Case], Any], case: Case) -> tuple[int, ...] | None:
    try:
        return np.shape(compute(case))
    except (ValueError, TypeError):
        return None
