"""The reference's slopes as the build writes them beside a notebook, and as a self-check reads them.

What is written are the reference's own derivatives, which finite differences have confirmed, and at kinks the slopes
of both sides. Of a large tensor it is a sample of entries, and the slopes along a few directions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.checking.expected import PUBLIC_SEED, SAMPLE_SIZE, rounded
from helpers.gradients import LARGE, Sample, Slopes

DIRECTIONS = 6


def pack_slopes(measured: Slopes | Sample, reference: np.ndarray) -> dict[str, Any]:
    """Plain data for JSON. measured: at the reference's own loss; reference: the reference's result, whole."""
    reference = np.asarray(reference, float)
    slopes = measured.entries if isinstance(measured, Sample) else measured
    packed: dict[str, Any] = {"shape": list(reference.shape)}
    flat = reference.ravel()
    if reference.size > LARGE:
        chosen = np.sort(np.random.default_rng(PUBLIC_SEED).choice(flat.size, SAMPLE_SIZE, replace=False))
        packed["indices"] = chosen.tolist()
        packed["along"] = [rounded(float(x)) for x in _directions(reference.shape).reshape(DIRECTIONS, -1) @ flat]
        flat = flat[chosen]
    packed["values"] = [rounded(float(x)) for x in flat]
    kinks = np.flatnonzero(slopes.kinks)
    if kinks.size:
        packed["kinks"] = kinks.tolist()
        for side in ("left", "right"):
            packed[side] = [rounded(float(x)) for x in getattr(slopes, side).ravel()[kinks]]
    return packed


def unpack_slopes(packed: dict[str, Any]) -> Slopes | Sample:
    shape = tuple(packed["shape"])
    size = int(np.prod(shape))
    indices = np.array(packed.get("indices", np.arange(size)), dtype=int)
    value, kinks = np.full(size, np.nan), np.zeros(size, bool)
    value[indices] = packed["values"]
    left, right = value.copy(), value.copy()
    if "kinks" in packed:
        kinks[packed["kinks"]] = True
        left[packed["kinks"]], right[packed["kinks"]] = packed["left"], packed["right"]
        value[packed["kinks"]] = (left + right)[packed["kinks"]] / 2
    errors = np.where(np.isnan(value), np.nan, 0.0)
    slopes = Slopes(*(part.reshape(shape) for part in (value, kinks, left, right, errors)))
    if "along" not in packed:
        return slopes
    along = np.array(packed["along"])
    return Sample(slopes, _directions(shape), Slopes(along, np.zeros(DIRECTIONS, bool), along, along,
                                                     np.zeros(DIRECTIONS)))


def _directions(shape: tuple[int, ...]) -> np.ndarray:
    directions = np.random.default_rng(PUBLIC_SEED + 1).standard_normal((DIRECTIONS, *shape))
    lengths = np.sqrt((directions.reshape(DIRECTIONS, -1) ** 2).sum(axis=1))
    return directions / lengths.reshape(-1, *(1,) * len(shape))
