"""Rules of diagnosis for a penalty on the weights: missing, too strong, on a bias, of the wrong kind.

What is seen is only the difference, a multiple of W or of sign W. Whether a penalty lam*W is missing from a gradient
that should have it, or half of 2*lam*W, cannot be told from numbers alone; the sentences leave that open.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import numpy as np

from helpers.diagnosis.wrong import (
    COMBINED,
    FITTED,
    PLAIN,
    Explanation,
    WrongGradient,
    difference_ratio,
    is_vector,
)
from helpers.sameness import largest

PENALTY = re.compile(r"^(lam|lambda|lmbda|lamda|lbd|l1|l2|wd|weight_?decay|reg|decay|penalty)[a-z0-9_]*$", re.I)
COEFFICIENTS = [sign * a for a in (1.0, 2.0, 0.5, 4.0) for sign in (1, -1)]


def penalty(situation: WrongGradient) -> Iterator[Explanation]:
    """The difference is a multiple of W (weight decay) or of sign W (an L1 penalty)."""
    name = situation.parameter
    weights = [case.inputs.get(name) for case in situation.cases]
    if any(not isinstance(w, np.ndarray) or w.shape != case.got.shape or w.shape != case.expected.shape
           for w, case in zip(weights, situation.cases)):
        return
    difference = [case.got - case.expected for case in situation.cases]
    fits = []
    for kind, term in (("l2", lambda w: w), ("l1", np.sign)):
        found = [difference_ratio(d, term(np.asarray(w, dtype=np.float64)), case)
                 for d, w, case in zip(difference, weights, situation.cases)]
        known = _known_coefficient(situation, found)
        if known is not None:
            fits.append((kind, *known))
    if len(fits) == 1:
        yield _penalty_sentence(situation, *fits[0])
    elif not fits:
        yield from _mixed_penalties(situation, weights, difference)


def _known_coefficient(situation: WrongGradient, found: list[float | None]) -> tuple[float, str | None, float] | None:
    """(sign, name of the input that gives the strength or None, multiple of it), if `found` follows one law."""
    if any(ratio is not None and np.isnan(ratio) for ratio in found):
        return None
    told = [(ratio, case) for ratio, case in zip(found, situation.cases) if ratio is not None]
    if not any(ratio for ratio, _ in told) or sum(case.got.size for _, case in told) < 4:
        return None
    ratios = np.array([ratio for ratio, _ in told])
    sign = float(np.sign(ratios.sum()))
    for name in _strengths(situation):
        strength = np.array([float(case.inputs[name]) for _, case in told])
        samples = [case.samples for _, case in told]
        laws = [np.ones(len(told))]
        if None not in samples:
            laws += [1 / np.array(samples, dtype=float), 1 - 1 / np.array(samples, dtype=float)]
        accuracy = 1e-3 if situation.tolerance < 1e-4 else 2e-2
        for law, multiple in itertools.product(laws, COEFFICIENTS):
            if np.allclose(ratios, multiple * strength * law, rtol=accuracy, atol=1e-12):
                return sign, name, abs(multiple)
    if len(told) >= 2 and np.ptp(ratios) <= 1e-3 * np.abs(ratios).max():
        return sign, None, 1.0
    return None


def _strengths(situation: WrongGradient) -> list[str]:
    names = [n for n in situation.cases[0].inputs if PENALTY.match(n)]
    return [n for n in names if all(np.ndim(case.inputs.get(n, "")) == 0 and isinstance(
        case.inputs.get(n), (int, float, np.number)) for case in situation.cases)]


def _looks_like_bias(situation: WrongGradient) -> bool:
    return situation.parameter.lower().startswith("b") or all(is_vector(c.expected) for c in situation.cases)


def _penalty_sentence(situation: WrongGradient, kind: str, sign: float, strength: str | None, _multiple) -> Explanation:
    name = situation.parameter
    term = name if kind == "l2" else f"sign({name})"
    by = f", in proportion to {strength}" if strength else ""
    freedom = PLAIN if strength else FITTED
    found = f"The difference is a multiple of {term}{by}:"
    if sign > 0 and _looks_like_bias(situation):
        says = f"{found} a penalty is added to {name}. Check whether the loss penalises the biases at all."
        return situation.explain(freedom, "regulariser:bias", says)
    if sign > 0:
        says = f"{found} the penalty's gradient enters {name} more strongly than in the loss."
        return situation.explain(freedom, "regulariser:excess", says)
    says = f"{found} the penalty's gradient is missing, or enters with too small a factor or the wrong sign."
    return situation.explain(freedom, "regulariser:missing", says)


def _mixed_penalties(situation: WrongGradient, weights, difference) -> Iterator[Explanation]:
    """The gradient of an L2 penalty where the loss has an L1 penalty, or the reverse."""
    pairs = []
    for case, w, d in zip(situation.cases, weights, difference):
        w = np.asarray(w, dtype=np.float64)
        columns = np.stack([w.ravel(), np.sign(w).ravel()], axis=1)
        if w.size < 4 or np.isnan(d).any() or np.linalg.matrix_rank(columns) < 2:
            return
        solved = np.linalg.lstsq(columns, d.ravel(), rcond=None)[0]
        scale = max(largest(case.got), largest(case.expected))
        if np.abs(columns @ solved - d.ravel()).max() > case.tolerance * scale:
            return
        pairs.append(solved)
    laws = [_known_coefficient(situation, [pair[k] for pair in pairs]) for k in (0, 1)]
    if laws[0] is None or laws[1] is None or laws[0][0] == laws[1][0] or laws[0][1] is None or laws[1][1] is None:
        return
    kind, says = "l1-for-l2", "The penalty enters like |w|, with the weights' signs; the loss has their squares."
    if laws[0][0] > 0:
        kind, says = "l2-for-l1", "The penalty enters like a square, with the weights themselves; the loss has |w|."
    yield situation.explain(COMBINED, f"regulariser:{kind}", says)




RULES = (penalty,)
