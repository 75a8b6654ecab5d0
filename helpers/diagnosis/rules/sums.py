"""Rules of diagnosis for sums: over the wrong axis, over too few samples, left out, or one too many."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from helpers.diagnosis.wrong import (
    COMBINED,
    PLAIN,
    Explanation,
    WrongCase,
    WrongGradient,
    is_vector,
    ratio_of,
    scaled,
)
from helpers.sameness import largest


def unsummed(situation: WrongGradient) -> Iterator[Explanation]:
    """An axis that should be summed over is still there, or a sum ran over the wrong axis."""
    cases = situation.cases
    if all(case.got.size == case.expected.size for case in cases):
        return
    longest = max((case.got for case in cases), key=lambda array: array.size)
    for axis in range(longest.ndim):
        if situation.agrees(lambda case, axis=axis: _stretched(case, axis)):
            says = "The right values stand there several times over: they were broadcast along an axis too many."
            yield situation.explain(PLAIN, "broadcast", says)
            return
        sums = [_folded(case, axis) for case in cases]
        if any(s is None for s in sums):
            continue
        ratios = [ratio_of(s, case.expected.ravel(), case.tolerance) for s, case in zip(sums, cases)]
        factor = situation.factor([r or None for r in ratios]) if None not in ratios else None
        right = None not in ratios and all(abs(r - 1) <= 4 * situation.tolerance for r in ratios if r)
        if right or (factor is not None and factor.named):
            lengths = [case.got.shape[axis] for case in cases if case.got.shape != case.expected.shape]
            counts = [case.samples for case in cases if case.got.shape != case.expected.shape]
            over = "the samples" if lengths == counts else "one of its axes"
            says = f"The sum over {over} is missing: each keeps a value of its own."
            yield situation.explain(PLAIN, "missing-sum", says)
            return
    yield from _wrong_axis(situation)


def _stretched(case: WrongCase, axis: int) -> np.ndarray | None:
    """`expected` broadcast to got's shape along `axis`."""
    if case.got.shape == case.expected.shape:
        return case.expected
    if axis >= case.got.ndim:
        return None
    rest = [n for a, n in enumerate(case.got.shape) if a != axis]
    if int(np.prod(rest)) != case.expected.size or case.got.shape[axis] < 2:
        return None
    return np.broadcast_to(np.expand_dims(case.expected.reshape(rest), axis), case.got.shape)


def _folded(case: WrongCase, axis: int) -> np.ndarray | None:
    """got summed over `axis`, flat, if that has as many entries as expected."""
    if case.got.size == case.expected.size:
        return case.got.ravel()
    if axis >= case.got.ndim or case.got.size // max(case.got.shape[axis], 1) != case.expected.size:
        return None
    return case.got.sum(axis=axis).ravel()


def _wrong_axis(situation: WrongGradient) -> Iterator[Explanation]:
    """A vector of one entry per sample, or one number, whose total is the total of the right entries."""
    cases = situation.cases
    if not all(is_vector(case.expected) and is_vector(case.got) for case in cases):
        return
    telling = [case for case in cases if case.got.size != case.expected.size]
    if not telling:
        return
    total = situation.ratios(lambda case: np.array([case.expected.sum()]), of=lambda case: np.array([case.got.sum()]))
    matching = total is not None and all(r is None or abs(r - 1) <= 1e-5 for r in total)
    if not matching and total is not None:
        factor = situation.factor(total)
        matching = factor is not None and factor.named
    if not matching and not _vanishing_totals(cases):
        return
    if all(case.got.size == case.samples for case in cases):
        says = "There is one entry per sample, where one per unit is wanted: the sum runs over the wrong axis."
        yield situation.explain(PLAIN, "wrong-axis", says)
    elif all(case.got.size == 1 for case in cases):
        says = "This is one number: the sum runs over all axes, not over the samples only."
        yield situation.explain(PLAIN, "wrong-axis:all", says)


def _vanishing_totals(cases: list[WrongCase]) -> bool:
    """Softmax's gradients sum to zero over the classes: then both totals are round-off."""
    return all(abs(c.expected.sum()) <= 1e-9 * max(largest(c.expected), 1e-12) and
               abs(c.got.sum()) <= 1e-9 * max(largest(c.expected), 1e-12) for c in cases)


def summed_away(situation: WrongGradient) -> Iterator[Explanation]:
    """Summed over an axis of the parameter itself (and perhaps broadcast back)."""
    cases = situation.cases
    if any(case.expected.ndim != 2 or is_vector(case.expected) for case in cases):
        return
    for axis, name in ((0, "rows"), (1, "columns")):
        def total(case: WrongCase, axis=axis) -> np.ndarray | None:
            kept = case.expected.sum(axis=axis, keepdims=True)
            if case.got.shape == case.expected.shape:
                return np.broadcast_to(kept, case.got.shape)
            return kept.reshape(case.got.shape) if kept.size == case.got.size else None

        says = f"The {name} were added up: every entry should keep its own value."
        yield from scaled(situation, total, f"summed-away:{name}", says, "Besides")


SELECTIONS = (
    ("only-last", lambda parts: parts[-1], "Only the last sample counts"),
    ("only-first", lambda parts: parts[0], "Only the first sample counts"),
    ("without-last", lambda parts: parts[:-1].sum(axis=0), "The last sample is left out"),
    ("without-first", lambda parts: parts[1:].sum(axis=0), "The first sample is left out"),
)


def few_samples(situation: WrongGradient) -> Iterator[Explanation]:
    """Only the last (or first) sample counted, or all but one."""
    contributions = _contributions(situation)
    if contributions is None:
        yield from _one_outer_product(situation)
        return
    for kind, select, found in SELECTIONS:
        ratios = [ratio_of(case.got, select(parts), case.tolerance) if case.got.shape == case.expected.shape else None
                  for case, parts in zip(situation.cases, contributions)]
        if None in ratios or not any(ratios):
            continue
        factor = situation.factor([ratio or None for ratio in ratios])
        if (factor is not None and factor.named) or all(abs(r - 1) <= 4 * situation.tolerance for r in ratios if r):
            says = f"{found}; the gradient is a sum over all samples."
            yield situation.explain(PLAIN if factor is None else COMBINED, kind, says)


def _contributions(situation: WrongGradient) -> list[np.ndarray] | None:
    """What each sample contributes to `expected`, (N,) + its shape per case: found in the arguments, where `expected`
    is a sum over the samples of one of them, or of products of two."""
    if not all(case.samples for case in situation.cases):
        return None
    names = [n for n, v in situation.cases[0].inputs.items() if isinstance(v, np.ndarray) and n != situation.parameter]
    sides = list(itertools.product(names[:8], (0, 1)))
    for single in sides:
        if found := _all_split(situation, single, None):
            return found
    for first, second in itertools.permutations(sides, 2):
        if found := _all_split(situation, first, second):
            return found
    return None


def _all_split(situation: WrongGradient, first: tuple[str, int], second: tuple[str, int] | None,
               ) -> list[np.ndarray] | None:
    found = [parts for case in situation.cases if (parts := _split(case, first, second)) is not None]
    return found if len(found) == len(situation.cases) else None


def _split(case: WrongCase, first: tuple[str, int], second: tuple[str, int] | None) -> np.ndarray | None:
    """`expected` by sample, if it is a multiple of the sum over samples of first (times second, as outer products)."""
    parts = _by_rows(case, *first)
    if parts is not None and second is not None:
        others = _by_rows(case, *second)
        parts = None if others is None else parts[:, :, None] * others[:, None, :]
    if parts is None:
        return None
    if parts[0].size != case.expected.size or (second is not None and parts.shape[1:] != case.expected.shape):
        return None
    parts = parts.reshape((len(parts), *case.expected.shape))
    ratio = ratio_of(case.expected, parts.sum(axis=0), 1e-6)
    return ratio * parts if ratio else None


def _by_rows(case: WrongCase, name: str, axis: int) -> np.ndarray | None:
    """An argument with one sample per row; None if it does not have N along this axis."""
    array = case.inputs.get(name)
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind not in "biuf":
        return None
    return np.moveaxis(array, axis, 0).astype(np.float64) if array.shape[axis] == case.samples else None


def _one_outer_product(situation: WrongGradient) -> Iterator[Explanation]:
    """A layer's gradient sums outer products with its inputs: of one alone it has rank 1, along that input."""
    several = [case for case in situation.cases if case.samples and case.samples > 1]
    if not several or any(case.got.shape != case.expected.shape or case.got.ndim != 2 for case in situation.cases):
        return
    if any(not case.right for case in situation.cases if case not in several) or not all(c.got.any() for c in several):
        return
    names = [n for n in several[0].inputs if n not in several[0].others and n != situation.parameter]
    for name, axis, (kind, place, word) in itertools.product(
            names, (0, 1), (("only-last", -1, "last"), ("only-first", 0, "first"))):
        arrays = [_by_rows(case, name, axis) for case in several]
        vectors = [array[place] for array in arrays if array is not None]
        if len(vectors) < len(several) or any(v.size < 2 or not v.any() for v in vectors):
            continue
        for side in (0, 1):
            if (all(_along(c.got, v, side, c.tolerance) for c, v in zip(several, vectors))
                    and not any(_along(c.expected, v, side, 1e-3) for c, v in zip(several, vectors))):
                says = f"Only the {word} sample counts; the gradient is a sum over all samples."
                yield situation.explain(PLAIN, kind, says)
                return


def _along(array: np.ndarray, vector: np.ndarray, side: int, tolerance: float) -> bool:
    """Whether every column (side 0) or row (side 1) of array is a multiple of vector."""
    lines = array.T if side == 0 else array
    if lines.shape[1] != vector.size or lines.shape[0] < 1:
        return False
    rest = lines - np.outer(lines @ vector / (vector @ vector), vector)
    return float(np.abs(rest).max()) <= tolerance * largest(array)


RULES = (unsummed, summed_away, few_samples)
