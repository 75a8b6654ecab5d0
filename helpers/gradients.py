"""Numerical derivatives that know about kinks and dtypes.

`measure` differentiates a function numerically, `compare` holds a hand-derived gradient against the result:

    compare(got, measure(loss, W1, got))

Everything is central differences in float64, taken at two step widths h and h/2 and combined (Richardson), so that
the error of a smooth function falls with h^4. With round-off of size eps*|f|/h, the best width is then about
eps**(1/5) times the scale on which f changes (the argument of Press et al., Numerical Recipes, section 5.7, which
gives eps**(1/3) for plain central differences). Where the two widths disagree, a kink or a strong curvature lies
inside the step: it is measured again with a step 32 times narrower. What still disagrees at the narrowest step is a
kink at the point itself, and is reported with both of its one-sided slopes.

One limit is in the nature of one-sided slopes. If several ReLUs stand exactly at zero and one entry moves them in
opposite directions (all weights zero, say), the slopes do not bound what a derivative at the kink may give.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from helpers.sameness import FLOOR, tolerance_for

LARGE = 2_000  # tensors with more entries are measured along random directions
LEVELS, SHRINK = 4, 32  # how often a step is narrowed, and by how much
WIDEST = 0.05  # of the scale of x: no step is wider, however coarse the function's arithmetic


class NotDifferentiable(ValueError):
    """The function has no slope that could be measured; the message says why in one line."""


class TooNoisy(NotDifferentiable):
    """The function's values scatter or are rounded so coarsely that differences of them mean nothing."""


@dataclass(frozen=True, eq=False)
class Slopes:
    """What finite differences say about one tensor. All arrays have the same shape; unmeasured entries are nan.

    value: the derivative; at a kink, the mean of the two one-sided slopes.
    kinks: True where the two one-sided slopes disagree.
    left, right: the one-sided slopes (equal to `value` where there is no kink).
    errors: the estimated error of each entry.
    """

    value: np.ndarray
    kinks: np.ndarray
    left: np.ndarray
    right: np.ndarray
    errors: np.ndarray

    @property
    def error(self) -> float:
        """The largest estimated error of any measured entry."""
        known = self.errors[np.isfinite(self.errors)]
        return float(known.max()) if known.size else 0.0

    @property
    def measured(self) -> np.ndarray:
        """True where an entry was measured."""
        return np.isfinite(self.value)


@dataclass(frozen=True, eq=False)
class Sample:
    """A large tensor, measured in part: exact entries, and slopes along random directions.

    entries: Slopes in the tensor's shape, nan where nothing was measured.
    directions: (k,) + the tensor's shape, each of length 1.
    along: Slopes of shape (k,), the derivatives along these directions.
    """

    entries: Slopes
    directions: np.ndarray
    along: Slopes


@dataclass(frozen=True)
class Comparison:
    """How a gradient compares with what was measured.

    error: the largest difference, relative to the tensor's largest entry; inf if it cannot be said.
    where: index of the worst entry; None if only a direction disagrees, or the shape does.
    got, expected: the two numbers at `where` (or along the worst direction).
    kinks: entries left out, because any slope between the one-sided ones is right there.
    exact_entries, directions: how many of each were compared.
    why: "" if ok, else "type", "shape", "not finite", "kink", "entry" or "direction".
    """

    ok: bool
    error: float
    where: tuple[int, ...] | None = None
    got: float | None = None
    expected: float | None = None
    kinks: int = 0
    exact_entries: int = 0
    directions: int = 0
    tolerance: float = 0.0
    why: str = ""


# ---------------------------------------------------------------------------------------------- measuring


def gradient(f: Callable, x: npt.ArrayLike, *, entries: Iterable | None = None, rng: Any = None) -> Slopes:
    """The gradient of a scalar function at x, in x's shape.

    entries: indices (tuples, or positions in the flattened x) to measure; all of them if None.
    Raises NotDifferentiable if f returns anything but one finite number, or jumps at x; TooNoisy if its values scatter.
    """
    point = _Point(f, x, rng, scalar=True)
    return _gradient(point, _positions(entries, point.x.shape))


def jacobian(f: Callable, x: npt.ArrayLike, *, rng: Any = None) -> Slopes:
    """The Jacobian of an array-valued function at x, in the shape f(x).shape + x.shape. Raises as `gradient` does."""
    point = _Point(f, x, rng, scalar=False)
    found = _descend(point, point.entry, np.arange(point.x.size), point.scales)
    shape = point.shape + point.x.shape
    return Slopes(*(part.T.reshape(shape) for part in found))


def measure(f: Callable, x: npt.ArrayLike, got: npt.ArrayLike | None = None, *, rng: Any = None,
            large: int = LARGE) -> Slopes | Sample:
    """What is needed to judge a gradient of the scalar function f at x: every entry of a small tensor; of a large one
    six random directions and some twenty entries, among them the largest of `got` (the gradient to be judged) and, if a
    direction disagrees with it, an entry that does, found by halving the direction. Raises as `gradient` does."""
    point = _Point(f, x, rng, scalar=True)
    if point.x.size <= large:
        return _gradient(point, np.arange(point.x.size))
    got = _comparable(got, point.x.shape)
    directions, along = _smooth_directions(point, wanted=6)
    positions = _telling_positions(point, got)
    entries = _gradient(point, positions)
    sample = Sample(entries, directions, along)
    if got is not None and compare(got, sample).why == "direction":
        found = _locate(point, got, directions, along)
        sample = Sample(_gradient(point, np.append(positions, found)), directions, along)
    return sample


class _Point:
    """A function at a point: calls it with copies only, knows how exact its values are and how far to step."""

    def __init__(self, f: Callable, x, rng, scalar: bool):
        x = np.asarray(x)
        if x.dtype.kind not in "biuf" or not np.isfinite(x).all():
            raise NotDifferentiable("The point to differentiate at must hold real, finite numbers.")
        self.f, self.scalar, self.x = f, scalar, x.astype(np.float64)
        self.rng = np.random.default_rng(0) if rng is None else np.random.default_rng(rng)
        self.shape: tuple[int, ...] | None = None
        self.precision = 0.0
        self.scales = _scales(self.x)
        self.value = self(self.x.copy())
        if not np.isfinite(self.value).all():
            raise NotDifferentiable("The function is nan or infinite at this point, so it has no slope here.")
        self.noise = self._noise()

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """f's value as a flat float64 array. x must be an array that nobody else needs: f may write into it."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = self.f(x)
        kind = type(value).__name__
        value = np.asarray(value)
        if value.dtype.kind == "c":
            raise NotDifferentiable("The function returned a complex number; a slope needs a real one.")
        if value.dtype.kind not in "biuf":
            raise NotDifferentiable(f"The function returned {kind}, not a number.")
        if self.scalar and value.size != 1:
            raise NotDifferentiable(f"The function returned an array of shape {value.shape}; one number is needed.")
        if self.shape is None:
            self.shape = value.shape
            self.precision = np.finfo(value.dtype if value.dtype.kind == "f" else np.float64).eps
            self.precision = max(float(self.precision), np.finfo(np.float64).eps)
        elif value.shape != self.shape:
            raise NotDifferentiable(f"The function's shape changed from {self.shape} to {value.shape}.")
        return np.array(value, dtype=np.float64).ravel()

    def entry(self, position: int, step: float) -> np.ndarray:
        """f's value with one entry of x moved by `step`."""
        x = self.x.copy()
        x.reshape(-1)[position] += step
        return self(x)

    def _noise(self) -> float:
        """The size of f's own round-off, whatever it computes in: from fourth differences of seven values close
        together, to which a smooth function adds nothing (Moré and Wild, Estimating computational noise, 2011)."""
        repeated = self(self.x.copy())
        scatter = float(np.nanmax(np.abs(repeated - self.value), initial=0.0))
        largest = float(np.abs(self.value).max(initial=0.0))
        signs = self.rng.choice((-1.0, 1.0), self.x.shape) * self.scales.reshape(self.x.shape)
        for step in (1e-12, 1e-8, 1e-5):  # wider if the values do not move: they may be steps of a staircase
            values = np.array([self(np.asarray(self.x + i * step * signs)) for i in range(1, 8)])
            if np.ptp(values, axis=0).any():
                break
        differences = np.diff(values, n=4, axis=0)
        if np.isfinite(differences).all() and differences.size:
            scatter = max(scatter, 3 * float(np.sqrt(np.mean(differences**2, axis=0).max() / 70)))
        return max(scatter, self.precision * largest)

    def refuse_noise(self, largest: float) -> None:
        """Raises TooNoisy if the values' scatter is not small beside the values themselves."""
        if self.noise <= 1e-5 * largest:
            return
        if any((self(self.x.copy()) != self.value).any() for _ in range(10)):
            raise TooNoisy("The function gives different values for the same input, so it has no slope: is it random?")
        raise TooNoisy("The function's values are too coarse for finite differences: compute it in float64, unrounded.")


def _scales(x: np.ndarray) -> np.ndarray:
    """The scale on which each entry of x changes (flat): its own size, or that of a typical entry if it is smaller."""
    sizes = np.abs(x).ravel()
    typical = float(np.median(sizes[sizes > 0])) if sizes.any() else 1.0
    return np.maximum(sizes, max(typical, 1e-2))


def _positions(entries, shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(shape))
    if entries is None:
        return np.arange(size)
    flat = [e if np.ndim(e) == 0 else np.ravel_multi_index(tuple(e), shape, mode="raise") for e in entries]
    return np.unique(np.asarray(flat, dtype=int))


def _gradient(point: _Point, positions: np.ndarray) -> Slopes:
    positions = np.unique(positions)
    found = _descend(point, point.entry, positions, point.scales[positions])
    full = []
    for part in found:
        array = np.zeros(point.x.size, bool) if part.dtype == bool else np.full(point.x.size, np.nan)
        array[positions] = part[:, 0]
        full.append(array.reshape(point.x.shape))
    return Slopes(*full)


def _directional(point: _Point, directions: np.ndarray) -> Slopes:
    # A unit direction moves each of n entries by 1/sqrt(n) only: a longer step costs no accuracy, and less round-off.
    scale = float(np.median(point.scales)) * point.x.size**0.25
    norms = np.sqrt((directions.reshape(len(directions), -1) ** 2).sum(axis=1))

    def along(k: int, step: float) -> np.ndarray:
        return point(np.asarray(point.x + step * directions[k]))

    scales = scale / np.maximum(norms, 1e-300)
    return Slopes(*(part[:, 0] for part in _descend(point, along, np.arange(len(directions)), scales)))


def _descend(point: _Point, line: Callable, probes: np.ndarray, scales: np.ndarray) -> tuple[np.ndarray, ...]:
    """Slopes of line(probe, step) at step 0, with narrower and narrower steps where wide ones meet a kink.

    Returns value, kinks, left, right, errors, each of shape (probes, outputs).
    """
    shape = (len(probes), point.value.size)
    best = [np.full(shape, np.nan) for _ in range(5)]  # value, left, right, errors, roughness
    best[4][:] = np.inf
    settled = np.zeros(shape, bool)
    jumps = []
    size = max(float(np.abs(point.value).max(initial=0.0)), 1e-300)
    width = min(max(point.precision, min(point.noise / size, 1.0)) ** 0.2, WIDEST)
    largest = 0.0
    for level in range(LEVELS):
        todo = np.flatnonzero(~settled.all(axis=1))
        if not todo.size:
            break
        steps = width * scales[todo] / SHRINK**level
        values = np.array([[line(probes[i], c * h) for c in (1.0, 0.5, -0.5, -1.0)] for i, h in zip(todo, steps)])
        if level == 0:
            finite = values[np.isfinite(values)]
            point.refuse_noise(max(size, float(np.abs(finite).max(initial=0.0))))
        two = _two_widths(values, point.value, steps[:, None])
        unit = point.noise / steps[:, None]
        if level == 0:
            central = np.abs(two["value"])
            largest = float(central[np.isfinite(central)].max(initial=0.0))
            moved = (values[:, [0, 3]] != point.value).all(axis=1)
        elif level == 1:
            _refuse_stairs(moved, todo, (values == point.value).all(axis=1))
        allowed = 10 * np.sqrt(point.precision) * largest
        smooth = (two["bend"] <= allowed + 4 * unit) & (two["kink"] <= allowed + 16 * unit)
        rough = np.where(smooth, -1.0, two["rough"] + unit)
        better = ~settled[todo] & (rough < best[4][todo])
        errors = 4 * unit + np.where(smooth, two["bend"], two["rough"])
        new = two["value"], two["left"], two["right"], errors, rough
        for kept, fresh in zip(best, new):
            kept[todo] = np.where(better, fresh, kept[todo])
        settled[todo] |= smooth
        jumps.append((todo, two["steepest"], steps[:, None]))
    return _verdict(point, best, settled, jumps)


def _two_widths(values: np.ndarray, middle: np.ndarray, h: np.ndarray) -> dict[str, np.ndarray]:
    """What values at +h, +h/2, -h/2, -h (axis 1) say: the slope, its sides, and how far the two widths disagree.

    For a smooth function `bend` falls with h^2 and `kink` with h^3; a kink inside the step shows in one or the other,
    wherever it lies.
    """
    far_right, near_right, near_left, far_left = np.moveaxis(values, 1, 0)
    with np.errstate(all="ignore"):
        wide, narrow = (far_right - far_left) / (2 * h), (near_right - near_left) / h
        right, right_near = (far_right - middle) / h, (near_right - middle) / (h / 2)
        left, left_near = (middle - far_left) / h, (middle - near_left) / (h / 2)
        found = {
            "value": (4 * narrow - wide) / 3,
            "left": 2 * left_near - left,
            "right": 2 * right_near - right,
            "bend": np.abs(wide - narrow),
            "kink": np.abs((right - left) - 2 * (right_near - left_near)),
            "rough": np.abs(right - right_near) + np.abs(left - left_near),
            "steepest": np.maximum(np.abs(right_near), np.abs(left_near)),
        }
    for name in ("bend", "kink", "rough"):
        found[name] = np.where(np.isfinite(found[name]), found[name], np.inf)
    return found


def _verdict(point: _Point, best: list, settled: np.ndarray, jumps: list) -> tuple[np.ndarray, ...]:
    value, left, right, errors, _ = best
    if not (np.isfinite(value) | np.isfinite(left) & np.isfinite(right)).all():
        raise NotDifferentiable("The function is nan or infinite right beside this point, so it has no slope here.")
    if len(jumps) == LEVELS and not settled.all():
        _refuse_jumps(point, jumps, settled)
    kinks = ~settled & (np.abs(left - right) > errors)
    value = np.where(kinks, (left + right) / 2, value)
    left, right = np.where(kinks, left, value), np.where(kinks, right, value)
    return value, kinks, left, right, errors


def _refuse_stairs(moved: np.ndarray, todo: np.ndarray, still: np.ndarray) -> None:
    """Raises TooNoisy if most entries move f at wide steps, on both sides, but not at all at narrow ones."""
    if moved.any() and (still & moved[todo]).sum() > moved.sum() / 2:
        raise TooNoisy("The function's values are too coarse for finite differences: compute it in float64, unrounded.")


def _refuse_jumps(point: _Point, jumps: list, settled: np.ndarray) -> None:
    """Raises NotDifferentiable if somewhere the one-sided slopes grow as the step shrinks: f jumps there."""
    table = np.full((LEVELS, *settled.shape), np.nan)
    for level, (todo, sizes, _) in enumerate(jumps):
        table[level, todo] = sizes
    todo, _, steps = jumps[-1]
    height = np.zeros(settled.shape)
    height[todo] = table[-1, todo] * steps
    with np.errstate(all="ignore"):
        growing = (table[-1] > 4 * table[-2]) & (table[-2] > 4 * table[-3]) & (height > 1e3 * point.noise) & ~settled
    if growing.any():
        raise NotDifferentiable("The function jumps at this point, or its slope is infinite there.")


# ---------------------------------------------------------------------------------------------- large tensors


def _comparable(got, shape: tuple[int, ...]) -> np.ndarray | None:
    """`got` as float64 if it can be compared at all, else None."""
    if got is None:
        return None
    got = np.asarray(got)
    if got.dtype.kind not in "biuf" or got.shape != shape or not np.isfinite(got).all():
        return None
    return got.astype(np.float64)


def _smooth_directions(point: _Point, wanted: int) -> tuple[np.ndarray, Slopes]:
    """Random unit directions that cross no kink. If whole ones do, sparser ones (some rows or columns) are tried."""
    kept: list[np.ndarray] = []
    slopes: list[Slopes] = []
    for attempt in range(3 * wanted):
        direction = point.rng.choice((-1.0, 1.0), point.x.shape)
        share = 0.5 ** max(0, attempt - len(kept) - 1)
        if share < 1.0:
            axis = int(point.rng.integers(point.x.ndim))
            keep = point.rng.random(point.x.shape[axis]) < max(share, 2 / point.x.shape[axis])
            direction *= np.expand_dims(keep, [a for a in range(point.x.ndim) if a != axis])
        norm = np.sqrt((direction**2).sum())
        if not norm:
            continue
        found = _directional(point, direction[None] / norm)
        if not found.kinks[0]:
            kept.append(direction / norm)
            slopes.append(found)
        if len(kept) == wanted:
            break
    names = ("value", "kinks", "left", "right", "errors")
    empty = np.zeros(0)
    parts = [np.concatenate([getattr(s, name) for s in slopes]) if slopes else empty for name in names]
    return np.array(kept).reshape((len(kept), *point.x.shape)), Slopes(*parts)


def _telling_positions(point: _Point, got: np.ndarray | None) -> np.ndarray:
    """Some twenty flat positions: the largest entries of `got`, the smallest, and random ones."""
    random = point.rng.choice(point.x.size, 10, replace=False)
    if got is None:
        return random
    sizes = np.abs(got).ravel()
    return np.concatenate([random, np.argpartition(sizes, -8)[-8:], np.argpartition(sizes, 2)[:2]])


def _locate(point: _Point, got: np.ndarray, directions: np.ndarray, along: Slopes) -> int:
    """A position at which `got` is wrong: halves a direction that disagrees, and follows the half that does."""
    flat = got.ravel()
    misses = np.abs(directions.reshape(len(directions), -1) @ flat - along.value)
    direction = directions[int(np.argmax(misses))].ravel()
    inside = np.flatnonzero(direction)
    while inside.size > 1:
        halves = inside[: inside.size // 2], inside[inside.size // 2 :]
        probes = np.zeros((2, flat.size))
        for probe, half in zip(probes, halves):
            probe[half] = np.sign(direction[half]) / np.sqrt(half.size)
        found = _directional(point, probes.reshape((2, *point.x.shape)))
        misses = np.abs(probes @ flat - found.value) * np.sqrt([half.size for half in halves])
        inside = halves[int(np.argmax(misses))]
    return int(inside[0])


# ---------------------------------------------------------------------------------------------- comparing


def compare(got: npt.ArrayLike | None, expected: Any, *, tolerance: float | None = None) -> Comparison:
    """Holds a gradient against an array, against Slopes or against a Sample of a large tensor.

    tolerance: relative to the tensor's largest entry; by default what got's dtype can do (see `tolerance_for`). The
    estimated error of the measurement comes on top. Never raises for a wrong `got`: the Comparison says what it is.
    """
    try:
        got = np.asarray(got)
    except ValueError:  # ragged lists
        return Comparison(False, np.inf, why="type")
    if got.dtype.kind not in "biuf":
        return Comparison(False, np.inf, why="type")
    tolerance = tolerance_for(got.dtype) if tolerance is None else tolerance
    slopes, sample = expected, None
    if isinstance(expected, Sample):
        slopes, sample = expected.entries, expected
    elif not isinstance(expected, Slopes):
        value = np.asarray(expected, dtype=np.float64)
        slopes = Slopes(value, np.zeros(value.shape, bool), value, value, np.zeros(value.shape))
    if got.shape != slopes.value.shape:
        return Comparison(False, np.inf, tolerance=tolerance, why="shape")
    got = got.astype(np.float64)
    if not np.isfinite(got).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(got))[0])
        slope = float(slopes.value[where])
        wanted = slope if np.isfinite(slope) else None
        return Comparison(False, np.inf, where, float(got[where]), wanted, tolerance=tolerance, why="not finite")
    return _compare(got, slopes, sample, tolerance)


def _compare(got: np.ndarray, slopes: Slopes, sample: Sample | None, tolerance: float) -> Comparison:
    known = slopes.measured
    low, high = np.minimum(slopes.left, slopes.right), np.maximum(slopes.left, slopes.right)
    nearest = np.where(slopes.kinks, np.clip(got, low, high), slopes.value)
    largest = np.where(slopes.kinks, np.maximum(np.abs(low), np.abs(high)), np.abs(slopes.value))
    scale = max(float(np.max(largest, where=known, initial=0.0)), FLOOR)
    if sample is not None and sample.along.value.size:
        # Along unit directions, slopes have the size of a typical entry.
        scale = max(scale, float(np.sqrt(np.mean(sample.along.value**2))))
    off = np.where(known, np.abs(got - nearest), 0.0)
    excess = off - np.where(known, slopes.errors, 0.0)
    result = partial(Comparison, kinks=int(slopes.kinks.sum()), exact_entries=int(known.sum()), tolerance=tolerance,
                     directions=0 if sample is None else len(sample.directions))
    error, why = 0.0, ""
    where: tuple[int, ...] | None = None
    if got.size:
        worst = int(np.argmax(excess if (excess > tolerance * scale).any() else off))
        where = tuple(int(i) for i in np.unravel_index(worst, off.shape))
        error = float(off[where]) / scale
        if excess[where] > tolerance * scale:
            why = "kink" if slopes.kinks[where] else "entry"
    if not why and sample is not None and len(sample.directions):
        projected = sample.directions.reshape(len(sample.directions), -1) @ got.ravel()
        missed = np.abs(projected - sample.along.value)
        k = int(np.argmax(missed - sample.along.errors))
        if missed[k] - sample.along.errors[k] > tolerance * scale:
            return result(False, float(missed[k]) / scale, None, float(projected[k]), float(sample.along.value[k]),
                          why="direction")
    if where is None or not known[where]:
        return result(not why, error, where, why=why)
    return result(not why, error, where, float(got[where]), float(nearest[where]), why=why)
