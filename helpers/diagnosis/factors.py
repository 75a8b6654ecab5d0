"""Names the factor by which a result is off: a sign, a 2, the number of samples, a layer's width.

A factor gets a cause only if no other candidate gives the same numbers on all cases. With one batch size in all cases
a factor 2 and a factor N may be the same number; then only the number is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from helpers.numerals import numeral

SMALL = 5  # a batch size below this, the same in all cases, is not told apart from a constant


@dataclass(frozen=True)
class Factor:
    """One factor per case, with a name.

    slug: "sign", "missing-mean", "extra-mean", "factor:2", "factor:N/2", "factor:width", "sign+factor:2", ...
    clause: completes "Every entry is ...", or is added after a comma.
    idea: why such a factor arises, as a sentence; "" if nothing is known.
    named: False if only the number is known, not where it comes from.
    """

    slug: str
    clause: str
    idea: str = ""
    named: bool = True


TWO = ("Follow the factors of 2: derivatives bring them, of squares and of inner factors, and a 1/2 in front takes one "
       "away.")
MEAN = "The gradient of a mean over the samples is divided by N."
BOTH = "Check two things: the 2 that the derivative of a square brings, and the division by N of a mean."
OVERMEAN = "Check that the division by N happens exactly once, and only if the loss is a mean over the samples."
WIDTH = "A mean or a sum runs over an axis of a layer, where the loss has none, or one of the loss's is left out."
LENGTH = "A mean or a sum runs over an axis where the loss has none, or twice over one of the loss's, or is left out."
SIGNS = "Follow the minus signs through the derivative."


def identify(ratios: Sequence[float | None], samples: Sequence[int | None], widths: list[tuple[int, ...]],
             tolerance: float) -> Factor | None:
    """The name of the factors `ratios`, one per case (None where a case says nothing); None if they have no name.

    samples: N per case. widths: tuples of one layer width per case. Constants without a cause get a Factor with
    `named=False`, provided that they are the same in all cases.
    """
    told = [k for k, ratio in enumerate(ratios) if ratio is not None]
    if not told:
        return None
    values = np.array([ratios[k] for k in told])
    counts = [samples[k] for k in told]
    vectors = sorted({tuple(width[k] for k in told) for width in widths})
    fits = [
        (factor, trusted)
        for factor, vector, trusted in _candidates(len(told), counts, vectors)
        if np.allclose(values, vector, rtol=4 * tolerance, atol=0.0)
    ]
    if len({factor.slug for factor, _ in fits}) == 1 and all(trusted for _, trusted in fits):
        return fits[0][0]
    if np.ptp(values) <= 8 * tolerance * np.abs(values).max():
        return _constant(float(values.mean()), tolerance, vectors)
    return None


def _candidates(cases: int, counts: list, vectors: list[tuple[int, ...]]) -> list[tuple[Factor, np.ndarray, bool]]:
    """(Factor, one value per case, trusted) for every factor that has a cause; an untrusted one only casts doubt."""
    ones = np.ones(cases)
    found = [(_halves(2), 2 * ones, True), (_halves(0.5), 0.5 * ones, True)]
    n = None
    if None not in counts and set(counts) != {1}:
        n = np.array(counts, dtype=float)
        found += _of_samples(n, _list(counts), _telling(counts))
    for vector in vectors:
        if set(vector) != {1} and (list(vector) != counts or len(set(counts)) == 1):
            found += _of_width(np.array(vector, dtype=float), n, _list(vector), None not in counts)
    signed = [(Factor("sign", "of the wrong sign", SIGNS), -ones, True)]
    for factor, values, trusted in found:
        turned = Factor(f"sign+{factor.slug}", f"{factor.clause}, and of the wrong sign", factor.idea)
        signed.append((turned, -values, trusted))
    return found + signed


def _of_samples(n: np.ndarray, shown: str, trusted: bool):
    which = f"(N is the number of samples, {shown})"
    return [
        (Factor("missing-mean", f"N times too large {which}", MEAN), n, trusted),
        (Factor("extra-mean", f"N times too small {which}", OVERMEAN), 1 / n, trusted),
        (_mixed("2/N", which), 2 / n, trusted),
        (_mixed("N/2", which), n / 2, trusted),
        (_mixed("2N", which), 2 * n, trusted),
        (_mixed("1/(2N)", which), 1 / (2 * n), trusted),
    ]


def _telling(counts) -> bool:
    return len(set(counts)) > 1 or counts[0] >= SMALL


def _list(values) -> str:
    distinct = list(dict.fromkeys(int(v) for v in values))
    return "here " + ", ".join(map(str, distinct[:4])) + (", ..." if len(distinct) > 4 else "")


def _halves(factor: float) -> Factor:
    if factor > 1:
        return Factor("factor:2", "twice as large as it should be", TWO)
    return Factor("factor:1/2", "half as large as it should be", TWO)


def _mixed(name: str, which: str) -> Factor:
    return Factor(f"factor:{name}", f"{name} times what it should be {which}", BOTH)


def _of_width(width: np.ndarray, n: np.ndarray | None, shown: str, samples_known: bool):
    """samples_known: else the length may be the number of samples as well."""
    of = f"the width of a layer ({shown})" if samples_known else f"the length of an axis ({shown})"
    idea = WIDTH if samples_known else LENGTH
    varies = bool(np.ptp(width))
    found = [
        (Factor("factor:width", f"too large by {of}", idea), width, varies),
        (Factor("factor:1/width", f"too small by {of}", idea), 1 / width, varies),
    ]
    if n is None:
        return found
    pairs = (
        ("N*width", f"too large by the number of samples times {of}", n * width),
        ("1/(N*width)", f"too small by the number of samples times {of}", 1 / (n * width)),
        ("N/width", f"N/M times what it should be: N samples, and M is {of}", n / width),
        ("width/N", f"M/N times what it should be: N samples, and M is {of}", width / n),
    )
    return found + [(Factor(f"factor:{name}", clause, WIDTH), v, bool(np.ptp(v))) for name, clause, v in pairs]


def _constant(value: float, tolerance: float, vectors: list[tuple[int, ...]]) -> Factor | None:
    """A number without a certain cause: it is the same in all cases, and that is all that is known."""
    size = abs(value)
    if size == 0 or abs(value - 1) <= 4 * tolerance:
        return None
    if abs(size - 1) <= 4 * tolerance:
        return Factor("sign", "of the wrong sign", SIGNS)
    times = max(size, 1 / size)
    number = numeral(times, 3)
    idea = "It is one factor, the same everywhere."
    if any(set(vector) == {round(times)} for vector in vectors) and abs(times - round(times)) <= 4 * tolerance * times:
        idea = f"It is one factor, the same everywhere; {number} is also the length of an axis here."
    slug, clause = f"factor:{number}", f"{number} times too large"
    if size < 1:
        slug, clause = f"factor:1/{number}", f"{number} times too small"
    if value < 0:
        return Factor(f"sign+{slug}", f"{clause}, and of the wrong sign", idea, named=False)
    return Factor(slug, clause, idea, named=False)
