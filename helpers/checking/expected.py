"""What the reference says at the public cases, as the build writes it beside a notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

PUBLIC_SEED = 0
EXPECTED_FILE = "expected.json"
SIGNIFICANT_DIGITS = 8  # few enough that another machine's round-off writes the same file
FULL_SIZE = 2000  # larger arrays are written as a sample of their entries
SAMPLE_SIZE = 200


def read_expected(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


class Sampled:
    """Some entries of a large expected array: its shape, flat indices and their values."""

    def __init__(self, shape: tuple[int, ...], indices: np.ndarray, values: np.ndarray):
        self.shape, self.indices, self.values = shape, indices, values


def pack(value: Any) -> Any:
    """An expected value as JSON, rounded; large arrays as a sample of entries.

    Raises:
        TypeError: for a value that is not plain data.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (tuple, list)) and not isinstance(value, np.ndarray):
        return {"tuple": [pack(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": {str(k): pack(v) for k, v in value.items()}}
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"an expected value of type {type(value).__name__} cannot be written to {EXPECTED_FILE}")
    flat, packed = array.ravel(), {"shape": list(array.shape), "kind": array.dtype.kind}
    if flat.size > FULL_SIZE:
        chosen = np.sort(np.random.default_rng(PUBLIC_SEED).choice(flat.size, SAMPLE_SIZE, replace=False))
        packed["indices"], flat = chosen.tolist(), flat[chosen]
    packed["values"] = [rounded(x) for x in flat.tolist()]
    return packed


def rounded(x: Any) -> Any:
    return float(f"{x:.{SIGNIFICANT_DIGITS}g}") if isinstance(x, float) else x


def unpack(packed: Any) -> Any:
    if not isinstance(packed, dict):
        return packed
    if "tuple" in packed:
        return tuple(unpack(item) for item in packed["tuple"])
    if "dict" in packed:
        return {k: unpack(v) for k, v in packed["dict"].items()}
    dtype = {"b": bool, "i": int, "u": int, "f": float}[packed["kind"]]
    values: np.ndarray = np.array(packed["values"], dtype=dtype)
    shape = tuple(packed["shape"])
    if "indices" in packed:
        return Sampled(shape, np.array(packed["indices"]), values)
    return values.reshape(shape)
