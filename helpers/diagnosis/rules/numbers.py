"""Rules of diagnosis that need only the numbers: factors, shape, order, signs, holes, rounding, an offset.

Sentences state what was found in the numbers; a cause is added as a rule of the subject, not as a claim about code that
nobody has seen.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from helpers.diagnosis.wrong import (
    FITTED,
    LOOSE,
    PLAIN,
    Explanation,
    WrongCase,
    WrongGradient,
    is_vector,
    scaled,
)
from helpers.sameness import largest, off


def constant_factor(situation: WrongGradient) -> Iterator[Explanation]:
    """got = c * expected, with c the same in all cases, or N, 1/N, a width ... of each case."""
    ratios = situation.ratios(lambda case: case.expected)
    if ratios is None or situation.numbers_to_explain() < 2:
        return
    factor = situation.factor(ratios)
    if factor is not None:
        if factor.named or situation.numbers_to_explain() >= 3:
            says = f"Every entry is {factor.clause}. {factor.idea}".strip()
            yield situation.explain(PLAIN if factor.named else FITTED, factor.slug, says)
        return
    told = [(case, ratio) for case, ratio in zip(situation.cases, ratios) if ratio is not None]
    if len(told) < 2 or situation.numbers_to_explain() < 2 * len(told) + 1:
        return
    lengths = [np.linalg.norm(case.got) for case, _ in told]
    if np.ptp(lengths) <= 4 * situation.tolerance * max(lengths) and min(r for _, r in told) > 0:
        says = "The direction is right, but the length is the same in every case: it was scaled to a fixed length."
        yield situation.explain(FITTED, "normalised", says)
        return
    says = ("All entries of a case are off by one common factor, which changes from case to case: "
            "the direction is right, the length is not.")
    yield situation.explain(LOOSE, "factor:varying", says)


# ---------------------------------------------------------------------------------------------- shape and order


def transposed(situation: WrongGradient) -> Iterator[Explanation]:
    """The axes exchanged, also with a factor."""
    dimensions = {case.expected.ndim for case in situation.cases}
    if len(dimensions) > 1 or not 2 <= max(dimensions) <= 4 or all(is_vector(c.expected) for c in situation.cases):
        return
    for order in itertools.permutations(range(max(dimensions))):
        if list(order) == sorted(order) or all(is_vector(case.expected) for case in situation.cases):
            continue
        says = "The values are right but transposed: rows stand where columns belong."
        if max(dimensions) > 2:
            says = "The values are right, but the axes are in another order."
        yield from scaled(situation, lambda case, order=order: case.expected.transpose(order), "transpose", says,
                           "Besides")


def reshaped(situation: WrongGradient) -> Iterator[Explanation]:
    """The right numbers in the right order, in an array of another shape."""
    pairs = [(case.got.shape, case.expected.shape) for case in situation.cases]
    if all(got == expected for got, expected in pairs):
        return

    def base(case: WrongCase) -> np.ndarray | None:
        return case.expected.reshape(case.got.shape) if case.expected.size == case.got.size else None

    def core(shape) -> list[int]:
        return [length for length in shape if length > 1]

    if all(core(got) == core(expected) or len(got) == 1 for got, expected in pairs):
        says = "The values are right, the shape is not: axes of length 1 count, too."
        yield from scaled(situation, base, "shape", says, "Besides")
    else:
        says = "The numbers are right and in the right order, but the shape is not: they were reshaped."
        yield from scaled(situation, base, "reshape", says, "Besides")


def permuted(situation: WrongGradient) -> Iterator[Explanation]:
    """Rows, columns or entries in another order: rotated by one, reversed, or any."""
    if any(case.got.shape != case.expected.shape or case.got.ndim > 2 for case in situation.cases):
        return
    for axis in range(situation.cases[0].expected.ndim):
        if any(axis >= c.expected.ndim for c in situation.cases):
            return
        lengths = [case.expected.shape[axis] for case in situation.cases]
        if max(lengths) < 2:
            continue
        vector = all(is_vector(case.expected) for case in situation.cases)
        name = "entries" if vector else ("rows", "columns")[axis]
        if max(lengths) < 3 or not all(_same_lines(case, axis) for case in situation.cases):
            continue
        for shift, way in ((1, "further on"), (-1, "too early")):
            if situation.agrees(lambda case, axis=axis, shift=shift: np.roll(case.expected, shift, axis)):
                says = f"The {name} are right, but each stands one place {way}."
                yield situation.explain(PLAIN, f"shifted:{name}", says)
                break
        else:
            says = f"The {name} are right, but they stand in another order."
            yield situation.explain(FITTED, f"permuted:{name}", says)


def _same_lines(case: WrongCase, axis: int) -> bool:
    """Whether got has the same rows (or columns) as expected, each as often, in whatever order."""
    got = np.moveaxis(case.got, axis, 0).reshape(case.got.shape[axis], -1)
    expected = np.moveaxis(case.expected, axis, 0).reshape(got.shape)
    near = case.tolerance * max(largest(case.expected), 1e-14)

    def alike(lines: np.ndarray) -> np.ndarray:
        return (np.abs(got[:, None, :] - lines[None, :, :]).max(axis=2, initial=0.0) <= near).sum(axis=1)

    return np.array_equal(alike(got), alike(expected))


def swapped(situation: WrongGradient) -> Iterator[Explanation]:
    """Another parameter's gradient in this one's place."""
    for name in situation.cases[0].others:
        if name != situation.parameter and situation.agrees(lambda case, name=name: case.others.get(name)):
            says = f"This is {name}'s gradient, not {situation.parameter}'s: check the order of what is returned."
            yield situation.explain(PLAIN, "swapped", says)


# ---------------------------------------------------------------------------------------------- entries


def part_missing(situation: WrongGradient) -> Iterator[Explanation]:
    """Zeros (or nan) in some rows, columns or entries, right values in the others."""
    wrong = [case for case in situation.cases if not case.right]
    if any(case.got.shape != case.expected.shape or np.isnan(case.expected).any() for case in wrong):
        return
    masks: list[np.ndarray] = [_agreeing(case) for case in wrong]
    for mask, case in zip(masks, wrong):
        empty = (case.got == 0) | np.isnan(case.got)
        if mask.all() or not (mask | empty).all() or not (mask & (case.expected != 0)).any():
            return
    if sum(int((mask & (case.expected != 0)).sum()) for mask, case in zip(masks, wrong)) < 3 or _half_clipped(wrong):
        return
    hole = "empty (nan)" if any(np.isnan(case.got).any() for case in wrong) else "zero"
    if all(_only_diagonal(case) for case in wrong):
        says = "Only the diagonal is filled; the entries beside it count as well."
        yield situation.explain(PLAIN, "only-diagonal", says)
        return
    for axis, name in ((0, "rows"), (1, "columns")):
        if all(_missing_lines(mask, case, axis) for mask, case in zip(masks, wrong)):
            name = "entries" if all(is_vector(case.expected) for case in wrong) else name
            which = _which_lines([np.all(np.moveaxis(mask, axis, 0).reshape(mask.shape[axis], -1), axis=1)
                                  for mask in masks])
            says = f"{which.format(name=name)} {hole}; the others are right."
            yield situation.explain(FITTED, f"unfilled:{name}", says)
            return
    says = f"Some entries are {hole} where they should not be; all others are right."
    yield situation.explain(FITTED, "unfilled:some", says)


def _agreeing(case: WrongCase) -> np.ndarray:
    """True where got is right."""
    with np.errstate(invalid="ignore"):
        return np.abs(case.got - case.expected) <= case.tolerance * max(largest(case.expected), 1e-14)


def _half_clipped(cases: list[WrongCase]) -> bool:
    return all(case.agrees(np.maximum(case.expected, 0)) for case in cases) or all(
        case.agrees(np.minimum(case.expected, 0)) for case in cases)


def _only_diagonal(case: WrongCase) -> bool:
    return case.got.ndim == 2 and min(case.got.shape) > 1 and case.agrees(case.expected * np.eye(*case.expected.shape))


def _missing_lines(mask: np.ndarray, case: WrongCase, axis: int) -> bool:
    """Whether what is missing is whole rows (or columns), and at least one is there."""
    if axis >= mask.ndim or mask.shape[axis] < 2:
        return False
    across = tuple(a for a in range(mask.ndim) if a != axis)
    empty = (np.nan_to_num(case.got) == 0).all(axis=across)
    complete = mask.all(axis=across)
    return bool((empty | complete).all() and not complete.all() and complete.any())


def _which_lines(complete: list[np.ndarray]) -> str:
    if all(not line[-1] and line[:-1].all() for line in complete):
        return "The last of the {name} is"
    if all(not line[0] and line[1:].all() for line in complete):
        return "The first of the {name} is"
    if all(line[-1] and not line[:-1].any() for line in complete):
        return "All {name} but the last are"
    if all(line[0] and not line[1:].any() for line in complete):
        return "All {name} but the first are"
    return "Some of the {name} are"


def signs(situation: WrongGradient) -> Iterator[Explanation]:
    """|expected|, one half of it, or the sign turned in a part of the entries."""
    if any(case.got.shape != case.expected.shape for case in situation.cases):
        return
    both = [case for case in situation.cases if (case.expected > 0).any() and (case.expected < 0).any()]
    if not both or situation.numbers_to_explain() < 4:
        return
    if situation.agrees(lambda case: np.abs(case.expected)):
        says = "The sizes are right, but every entry is positive: an absolute value has taken the signs away."
        yield situation.explain(PLAIN, "absolute", says)
        return
    several = any(min((case.expected > 0).sum(), (case.expected < 0).sum()) > 1 for case in both)  # else it is a place
    for half, name in ((np.maximum, "negative"), (np.minimum, "positive")) if several else ():
        if situation.agrees(lambda case, half=half: half(case.expected, 0)):
            says = f"Every {name} entry has become zero; the others are right. Either sign may occur here."
            yield situation.explain(PLAIN, "clipped:zero", says)
            return
    if situation.agrees(lambda case: np.where(case.got * case.expected < 0, -case.expected, case.expected)):
        turned = sum(int((case.got * case.expected < 0).sum()) for case in situation.cases)
        if 0 < turned < situation.numbers_to_explain() - 1:
            says = "The sizes are right; the sign is wrong in a part of the entries, not in all."
            yield situation.explain(FITTED, "sign:part", says)


def clipped(situation: WrongGradient) -> Iterator[Explanation]:
    """Cut off at a bound that is the same in all cases."""
    if any(case.got.shape != case.expected.shape for case in situation.cases):
        return
    bound = max(largest(case.got) for case in situation.cases)
    if not bound or not situation.agrees(lambda case: np.clip(case.expected, -bound, bound)):
        return
    cut = sum(int((np.abs(case.expected) > bound * (1 + 1e-3)).sum()) for case in situation.cases)
    inside = sum(int((np.abs(case.expected) < bound * (1 - 1e-3)).sum()) for case in situation.cases)
    power = np.log10(np.e) * bound
    if cut >= 2 and inside >= 2:
        says = "Large entries are cut off at a bound; the others are right. What is asked for is not clipped."
        yield situation.explain(FITTED, "clipped", says)
    elif cut and inside >= 4 and bound > 4 and abs(power - round(power)) < 1e-9 * power:
        says = (f"The result stops at the logarithm of 1e-{round(power)}: a number is kept from being smaller "
                "before its logarithm is taken, and what is beyond comes out wrong.")
        yield situation.explain(FITTED, "clipped:log", says)


def coarse(situation: WrongGradient) -> Iterator[Explanation]:
    """Whole numbers, rounded numbers, numbers that went through float16 or float32."""
    cases = situation.cases
    if any(case.got.shape != case.expected.shape for case in cases) or situation.numbers_to_explain() < 3:
        return
    whole = all((case.got == np.trunc(case.got)).all() for case in cases)
    for cut in (np.trunc, np.floor, np.rint):
        if whole and situation.agrees(lambda case, cut=cut: cut(case.expected)) and any(c.got.any() for c in cases):
            says = "These are whole numbers, the fractions are lost: check the dtype of the array for the result."
            yield situation.explain(PLAIN, "integer", says)
            return
    if whole:
        return
    for digits in range(1, 6):
        if all(_rounded_to(case, digits) for case in cases):
            says = "The entries are right but rounded. Return what was computed, unrounded."
            yield situation.explain(PLAIN, "rounded", says)
            return
    for dtype, relative in ((np.float16, 1e-2), (np.float32, 1e-4)):
        if all(_went_through(case, dtype, relative) for case in cases):
            says = f"The entries are right only to {np.dtype(dtype).name}'s precision. Compute in float64 throughout."
            yield situation.explain(PLAIN, "precision", says)
            return


def _rounded_to(case: WrongCase, digits: int) -> bool:
    exact = np.array_equal(case.got, np.round(case.got, digits))
    return exact and off(case.got, case.expected) < 0.51 * 10.0**-digits


def _went_through(case: WrongCase, dtype, relative: float) -> bool:
    if np.dtype(dtype).itemsize >= case.dtype.itemsize:
        return False
    with np.errstate(over="ignore"):
        exact = np.array_equal(case.got, case.got.astype(dtype).astype(np.float64))
    return exact and off(case.got, case.expected) <= relative * largest(case.expected)


def offset(situation: WrongGradient) -> Iterator[Explanation]:
    """The same number added to every entry."""
    if any(case.got.shape != case.expected.shape or np.isnan(case.expected).any() for case in situation.cases):
        return
    entries, added = 0, []
    for case in situation.cases:
        difference = case.got - case.expected
        if np.ptp(difference) > 2 * case.tolerance * max(largest(case.got), 1e-14):
            return
        if difference.size < 3 or _is_flat(case.expected):
            return
        entries += difference.size
        added.append(float(difference.mean()))
    if entries >= 4 and all(added):
        says = "Every entry is off by the same amount: something is added to all of them."
        yield situation.explain(FITTED, "offset", says)


def _is_flat(array: np.ndarray) -> bool:
    return bool(np.ptp(array) <= 1e-3 * largest(array))


RULES = (constant_factor, transposed, reshaped, permuted, swapped, part_missing, signs, clipped, coarse, offset)
