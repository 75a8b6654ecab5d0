"""What a rule of diagnosis reads: one parameter's gradients over all cases, and what it answers.

A rule yields an `Explanation` only if what the mistake would have returned agrees with what was returned on every case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.diagnosis.factors import Factor, identify
from helpers.sameness import FLOOR, agree, largest, tolerance_for

# An explanation that fits leaves no room for one that had more freedom to fit.
PLAIN, COMBINED, FITTED, LOOSE = 1, 2, 3, 4


@dataclass(frozen=True)
class Finding:
    """What is wrong, in a sentence for the student.

    kind: a short stable slug. parameter: whose gradient it is about, None if it is about all.
    """

    says: str
    kind: str
    parameter: str | None


@dataclass(frozen=True)
class Explanation:
    """A finding and how free its rule was to fit: PLAIN (nothing fitted) to LOOSE."""

    freedom: int
    finding: Finding


@dataclass(frozen=True, eq=False)
class WrongCase:
    """One case of one parameter: `got` and `expected` as float64 arrays (nan in `expected`: unknown).

    others: the right arrays of all parameters. dtype: what was returned.
    """

    got: np.ndarray
    expected: np.ndarray
    others: dict[str, np.ndarray]
    inputs: dict[str, Any]
    samples: int | None
    dtype: np.dtype

    @property
    def tolerance(self) -> float:
        return tolerance_for(self.dtype)

    @property
    def right(self) -> bool:
        return agree(self.got, self.expected, self.tolerance, floor=FLOOR)

    def agrees(self, predicted: Any) -> bool:
        """Whether `predicted` is what was returned."""
        if predicted is None or np.shape(predicted) != self.got.shape:
            return False
        floor = max(FLOOR * largest(self.expected), 1e-14)
        return agree(self.got, predicted, self.tolerance, of=self.got, floor=floor)


@dataclass(frozen=True, eq=False)
class WrongGradient:
    """One parameter's gradient over all cases."""

    parameter: str
    cases: list[WrongCase]

    @property
    def tolerance(self) -> float:
        return max(case.tolerance for case in self.cases)

    def explain(self, freedom: int, kind: str, says: str) -> Explanation:
        return Explanation(freedom, Finding(says, kind, self.parameter))

    def agrees(self, predict: Callable[..., Any]) -> bool:
        return all(case.agrees(predict(case)) for case in self.cases)

    def ratios(self, base: Callable[..., Any],
               of: Callable[[WrongCase], np.ndarray] = lambda case: case.got) -> list[float | None] | None:
        """The factors c with of(case) = c * base(case), None where both vanish; None if it is not so everywhere."""
        found: list[float | None] = []
        for case in self.cases:
            ratio = ratio_of(of(case), base(case), case.tolerance)
            if ratio is None:
                return None
            found.append(None if ratio == 0 else ratio)
        return found if any(ratio is not None for ratio in found) else None

    def factor(self, ratios: list[float | None] | None) -> Factor | None:
        if ratios is None:
            return None
        return identify(ratios, [case.samples for case in self.cases], self.widths(), self.tolerance)

    def widths(self) -> list[tuple[int, ...]]:
        """The widths of the layers, each as a tuple over the cases: the axes of parameters and inputs but for N."""
        samples = tuple(case.samples for case in self.cases)
        columns: list[tuple[int, ...]] = []
        for name in sorted(set.intersection(*(set(case.inputs) for case in self.cases))):
            shapes = [np.shape(case.inputs[name]) for case in self.cases if isinstance(case.inputs[name], np.ndarray)]
            if len(shapes) == len(self.cases) and len({len(s) for s in shapes}) == 1:
                columns += [column for column in zip(*shapes) if column != samples]
        for name in self.cases[0].others:
            shapes = [np.shape(np.asarray(case.others.get(name))) for case in self.cases]
            if len({len(s) for s in shapes}) == 1:
                columns += list(zip(*shapes))
        return sorted({column for column in columns if set(column) != {1}})

    def numbers_to_explain(self) -> int:
        """How many numbers there are that an explanation has to get right."""
        return sum(int(np.count_nonzero(np.nan_to_num(case.expected))) for case in self.cases)


def ratio_of(got: Any, base: Any, tolerance: float) -> float | None:
    """c with got = c * base; 0 if both vanish; None if there is none."""
    if base is None or np.shape(got) != np.shape(base):
        return None
    got, base = np.asarray(got, dtype=np.float64), np.asarray(base, dtype=np.float64)
    known = ~np.isnan(base)
    got, base = got[known], base[known]
    size = float(base @ base)
    if size <= 1e-28:
        return 0.0 if largest(got) <= 1e-14 else None
    ratio = float(got @ base) / size
    if not got.any() or abs(ratio) < 1e-9 or np.abs(got - ratio * base).max() > tolerance * largest(got):
        return None
    return ratio


def is_vector(array: np.ndarray) -> bool:
    return sum(length > 1 for length in array.shape) <= 1


def scaled(situation: WrongGradient, base: Callable[..., Any], kind: str, says: str, apart: str,
           ) -> Iterator[Explanation]:
    """`base` itself, or `base` times a factor that has a name. `apart` begins the sentence in the second case."""
    ratios = situation.ratios(base)
    if ratios is None:
        return
    if all(r is None or abs(r - 1) <= 4 * situation.tolerance for r in ratios):
        yield situation.explain(PLAIN, kind, says)
        return
    factor = situation.factor(ratios)
    if factor is not None and factor.named:
        yield situation.explain(COMBINED, f"{kind}+{factor.slug}", f"{says} {apart}, every entry is {factor.clause}.")


def difference_ratio(difference: np.ndarray, term: np.ndarray, case: WrongCase) -> float | None:
    """c with got - expected = c * term, to the accuracy that got has; nan if not so; None if the term vanishes."""
    if not np.abs(term).any():
        return None if case.right else np.nan
    known = ~np.isnan(difference)
    flat, base = difference[known], term[known]
    ratio = float(flat @ base) / float(base @ base)
    scale = max(largest(case.got), largest(case.expected))
    if np.abs(flat - ratio * base).max() > case.tolerance * scale or base.size < 2:
        return np.nan
    return 0.0 if abs(ratio) * largest(base) <= case.tolerance * scale else ratio
