"""Rules of diagnosis that read the arguments: an argument returned, results of earlier calls, activations."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator

import numpy as np

from helpers.diagnosis.wrong import (
    COMBINED,
    PLAIN,
    Explanation,
    WrongCase,
    WrongGradient,
    difference_ratio,
)
from helpers.sameness import ALIKE, agree

RATE = re.compile(r"^(lr|eta|alpha|learning_?rate|rate|step|step_size)$", re.IGNORECASE)


def argument_returned(situation: WrongGradient) -> Iterator[Explanation]:
    """One of the arguments, unchanged; or the parameter after a step downhill."""
    for name in situation.cases[0].inputs:
        def same(case: WrongCase, name=name):
            value = case.inputs.get(name)
            return value if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" else None

        if situation.numbers_to_explain() >= 2 and situation.agrees(same):
            yield situation.explain(COMBINED, "argument", f"What is returned is the argument {name} itself.")
    weights = [case.inputs.get(situation.parameter) for case in situation.cases]
    if all(isinstance(w, np.ndarray) and w.shape == c.got.shape == c.expected.shape
           for w, c in zip(weights, situation.cases)):
        steps = [difference_ratio(np.asarray(w - c.got, dtype=np.float64), c.expected, c)
                 for w, c in zip(weights, situation.cases)]
        told = np.array([s for s in steps if s is not None])
        rates = np.array([_rate(c) or np.nan for c, s in zip(situation.cases, steps) if s is not None])
        if not told.size or np.isnan(told).any() or (told <= 0).any() or situation.numbers_to_explain() < 3:
            return
        if np.allclose(told, rates, rtol=1e-3) or (len(told) > 1 and np.ptp(told) <= 1e-3 * told.max()):
            says = f"This is {situation.parameter} after a step downhill, not its gradient."
            yield situation.explain(PLAIN, "updated-parameter", says)


def _rate(case: WrongCase) -> float | None:
    for name, value in case.inputs.items():
        if RATE.match(name) and isinstance(value, (int, float, np.number)):
            return float(value)
    return None


def calls_mixed(situation: WrongGradient) -> Iterator[Explanation]:
    """The result of an earlier call, or the sum of all calls so far."""
    cases = situation.cases
    if len(cases) < 2 or len({c.got.shape for c in cases} | {c.expected.shape for c in cases}) > 1:
        return
    if situation.numbers_to_explain() < 3:
        return
    if all(c.agrees(cases[0].got) for c in cases) and not all(
            np.allclose(c.expected, cases[0].expected, rtol=1e-3) for c in cases) and cases[0].got.any():
        says = "The result is the same for different arguments: it is computed from something that is not an argument."
        yield situation.explain(PLAIN, "ignores-arguments", says)
        return
    if len(cases) > 2 and all(c.agrees(before.expected) for before, c in itertools.pairwise(cases)):
        says = "This is the result of the call before: something is kept from one call to the next."
        yield situation.explain(PLAIN, "stale", says)
    sums = np.cumsum([c.expected for c in cases], axis=0)
    if all(c.agrees(s) for c, s in zip(cases, sums)):
        says = "Each call adds to the result of the calls before it: the sum must start at zero every time."
        yield situation.explain(PLAIN, "accumulated", says)


# ---------------------------------------------------------------------------------------------- activations

DERIVATIVES: dict[str, Callable] = {
    "nothing": lambda v: np.ones_like(v),
    "relu": lambda v: (v > 0).astype(float),
    "relu of output": np.sign,
    "sigmoid of output": lambda v: v * (1 - v),
    "sigmoid": lambda v: _sigmoid(v) * (1 - _sigmoid(v)),
    "sigmoid itself": lambda v: _sigmoid(v),
    "tanh of output": lambda v: 1 - v**2,
    "tanh": lambda v: 1 - np.tanh(v) ** 2,
    "tanh itself": np.tanh,
    "value": lambda v: v,
    "positive part": lambda v: np.maximum(v, 0),
    "one minus": lambda v: 1 - v,
    "cosine": np.cos,
}


def _sigmoid(v: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -v))


def activation_derivative(situation: WrongGradient) -> Iterator[Explanation]:
    """Where the arguments hold what arrives (U) and an activation or pre-activation (V): expected is U times a
    derivative of V, and what came back is U alone, the derivative alone, or U times something else made of V."""
    first = situation.cases[0]
    arrays = [n for n, v in first.inputs.items() if isinstance(v, np.ndarray) and v.dtype.kind in "biuf"]
    arrays = [n for n in arrays if all(np.shape(c.inputs.get(n, ())) == c.expected.shape for c in situation.cases)]
    if (any(c.got.shape != c.expected.shape for c in situation.cases) or situation.numbers_to_explain() < 3
            or len(arrays) > 6):
        return
    for upper, other in itertools.permutations(arrays, 2):
        true = [n for n in DERIVATIVES if n != "nothing" and all(
            agree(_product(c, upper, other, n), c.expected, ALIKE, floor=1e-14) for c in situation.cases)]
        if not true:
            continue
        if situation.agrees(lambda c, upper=upper: _float(c.inputs[upper])):
            says = "The activation's derivative is missing: what arrives from above is passed on unchanged."
            yield situation.explain(PLAIN, "missing-derivative", says)
        elif any(situation.agrees(lambda c, other=other, n=n: DERIVATIVES[n](_float(c.inputs[other])))
                 for n in DERIVATIVES if n != "nothing"):
            says = "This is a factor alone: what arrives from above has to multiply the activation's derivative."
            yield situation.explain(PLAIN, "missing-upstream", says)
        elif any(situation.agrees(lambda c, upper=upper, other=other, n=n: _product(c, upper, other, n))
                 for n in DERIVATIVES if n not in true):
            says = f"What arrives from above is multiplied by a function of {other} that is not the derivative."
            yield situation.explain(PLAIN, "wrong-derivative", says)
        return


def _product(case: WrongCase, upper: str, other: str, name: str) -> np.ndarray:
    with np.errstate(all="ignore"):
        return _float(case.inputs[upper]) * DERIVATIVES[name](_float(case.inputs[other]))


def _float(array: object) -> np.ndarray:
    return np.asarray(array, dtype=np.float64)


RULES = (argument_returned, calls_mixed, activation_derivative)
