"""When two results are the same: the rule of tolerance, said once.

Two arrays are the same if they have one shape and no entry is further off than a share of the largest entry: not of
its own, for an entry that is tiny because large terms cancel carries the round-off of those terms. How large
the share is, the dtype decides (`TOLERANCE`); a comparison of anything else is made of comparisons of its arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

# A correct gradient's error, relative to the tensor's largest entry: round-off summed over a few layers and samples,
# with room for sums in which large terms cancel (of 1,200 correct float32 gradients, one is off by 4e-4).
TOLERANCE = {"float16": 2e-2, "float32": 1e-3, "float64": 1e-6}
ALIKE = TOLERANCE["float64"]  # two results closer than this are the same answer, or the same mistake
FLOOR = 1e-8  # a tensor whose largest entry is smaller counts as zero: its entries are round-off
NOTHING = 1e-300  # a floor that only keeps zeros apart from everything else

PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic)


class Seen(Protocol):
    """What of an observation says how a function behaved."""

    @property
    def value(self) -> Any: ...
    @property
    def error(self) -> Any: ...
    @property
    def changed(self) -> tuple[int, ...]: ...
    @property
    def figures(self) -> Any: ...


def tolerance_for(dtype: npt.DTypeLike) -> float:
    """How far a correct array of this dtype may be off, relative to its largest entry."""
    return TOLERANCE.get(np.dtype(dtype).name, ALIKE)


def tolerance_of(value: Any) -> float:
    """`tolerance_for` what a value is made of; anything but an array or a NumPy number is made of float64."""
    return TOLERANCE.get(getattr(getattr(value, "dtype", None), "name", ""), ALIKE)


def largest(array: np.ndarray) -> float:
    """The size of the largest finite entry, 0 if there is none."""
    known = np.abs(array[np.isfinite(array)])
    return float(known.max()) if known.size else 0.0


def off(got: np.ndarray, wanted: np.ndarray) -> float:
    """The largest difference over the entries that `wanted` knows (nan: it does not)."""
    known = ~np.isnan(wanted)
    distance = np.abs(got[known] - wanted[known])
    return float(np.where(np.isnan(distance), np.inf, distance).max(initial=0.0))


def agree(got: np.ndarray, wanted: np.ndarray, tolerance: float, *, of: np.ndarray | None = None,
          floor: float = NOTHING) -> bool:
    """The rule, for arrays of real or complex numbers; nan in `wanted`: not known there.

    of: the array whose largest entry is the scale, `wanted` if None; floor: the scale where that is smaller.
    """
    if got.shape != wanted.shape:
        return False
    return off(got, wanted) <= tolerance * max(largest(wanted if of is None else of), floor)


def same_numbers(one: Any, other: Any, tolerance: float = ALIKE) -> bool:
    """Arrays or numbers that agree and are not finite in the same places; False for what is not made of numbers."""
    try:
        one, other = np.asarray(one), np.asarray(other)
    except (TypeError, ValueError):
        return False
    if one.shape != other.shape or one.dtype.kind not in "biufc" or other.dtype.kind not in "biufc":
        return False
    with np.errstate(all="ignore"):
        wide = complex if "c" in (one.dtype.kind, other.dtype.kind) else float
        one, other = one.astype(wide), other.astype(wide)
        finite = np.isfinite(other)
        return np.array_equal(finite, np.isfinite(one)) and agree(one[finite], other[finite], tolerance)


def differing(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Which entries of two arrays of one shape are apart, as booleans; scaled by `other`."""
    with np.errstate(invalid="ignore"):
        near = np.abs(one - other) <= ALIKE * max(largest(other), NOTHING)
        return ~near & ~((one == other) | (np.isnan(one) & np.isnan(other)))


def same_value(one: Any, other: Any, tolerance: float = ALIKE) -> bool:
    """Equal plain data, arrays and numbers in it to a tolerance: each by its own largest entry."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same_value(one[k], other[k], tolerance) for k in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(same_value(a, b, tolerance) for a, b in zip(one, other))
    if one is None or other is None or isinstance(one, (str, bytes)) or isinstance(other, (str, bytes)):
        return type(one) is type(other) and one == other
    return same_numbers(one, other, tolerance)


def same_behaviour(one: Seen, other: Seen) -> bool:
    """The same result, figures and changes of arguments, or an exception of the same type."""
    if one.error is None or other.error is None:
        if one.error is not other.error:
            return False
    else:
        return one.error.type == other.error.type and one.error.type not in ("NotImplementedError", "ProcessEnded")
    return one.changed == other.changed and same_value(one.value, other.value) and same_value(
        list(one.figures), list(other.figures))


def unchanged(old: Any, new: Any, depth: int = 32) -> bool:
    """True if plain data is what it was when `old` was copied from it: type, shape, dtype and every bit of every value.

    Objects that are not plain data count as unchanged.
    """
    if isinstance(old, np.ndarray):
        return isinstance(new, np.ndarray) and _same_bits(old, new)
    if type(old) is not type(new):
        return False
    if depth == 0:
        return True
    if type(old) in (list, tuple):
        return len(old) == len(new) and all(unchanged(a, b, depth - 1) for a, b in zip(old, new))
    if type(old) is dict:
        return list(old) == list(new) and all(unchanged(old[k], new[k], depth - 1) for k in old)
    if is_tensor(old):
        return old.shape == new.shape and bool(((old == new) | ((old != old) & (new != new))).all())
    if isinstance(old, PLAIN):
        return old == new or old != old
    return True


def _same_bits(old: np.ndarray, new: np.ndarray) -> bool:
    if old.dtype != new.dtype or old.shape != new.shape:
        return False
    if old.dtype.kind == "O":
        return all(a is b for a, b in zip(old.flat, new.flat))
    return bool(np.array_equal(old, new, equal_nan=old.dtype.kind in "fc"))


def is_tensor(value: Any) -> bool:
    """Is it a torch tensor?"""
    torch = sys.modules.get("torch")  # never imported for this
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))
