"""What the reference says at the public cases, as the build writes it beside a notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

VERSION = 1  # of `expected.json`; files from before it was written down have none
PUBLIC_SEED = 0
EXPECTED_FILE = "expected.json"
SIGNIFICANT_DIGITS = 8  # few enough that another machine's round-off writes the same file
FULL_SIZE = 2000  # larger arrays are written as a sample of their entries
SAMPLE_SIZE = 200


class NewerFormat(RuntimeError):
    """What a later version of this kit has written; the message says what to do."""

    def _render_traceback_(self) -> list[str]:
        """What IPython prints in place of a traceback."""
        return str(self).splitlines()


def read_expected(path: Path) -> dict[str, Any]:
    """What the build wrote; empty if there is no such file, or it cannot be read.

    Raises:
        NewerFormat: if a later version of this kit has written it.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    version = found.get("version", VERSION)
    if isinstance(version, int) and version > VERSION:
        raise NewerFormat(f"{path.name} was made by a later version of this course's kit than the folder `helpers` "
                          f"beside it (format {version}; this one reads {VERSION}).\n"
                          "Put `helpers` and the notebook's other files from one download together again, and restart "
                          "the kernel.")
    return as_known(found)


def as_known(found: dict[str, Any]) -> dict[str, Any]:
    """What a file of this format holds, as checks know it: questions by function, in their order."""
    return {**found, "questions": dict(found.get("questions", ()))}


def expected_here() -> dict[str, Any]:
    """What the build wrote beside this notebook, as far as this version reads it: for what only helps."""
    try:
        return read_expected(Path.cwd() / EXPECTED_FILE)
    except NewerFormat:
        return {}


class Sampled:
    """Some entries of a large expected array: its shape, flat indices and their values."""

    def __init__(self, shape: tuple[int, ...], indices: np.ndarray, values: np.ndarray):
        self.shape, self.indices, self.values = shape, indices, values


def pack(value: Any, digits: int = SIGNIFICANT_DIGITS) -> Any:
    """An expected value as JSON, rounded to so many significant digits; large arrays as a sample of entries.

    Raises:
        TypeError: for a value that is not plain data.
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (tuple, list)) and not isinstance(value, np.ndarray):
        return {"tuple": [pack(item, digits) for item in value]}
    if isinstance(value, dict):
        return {"dict": {str(k): pack(v, digits) for k, v in value.items()}}
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"the solution returns a {type(value).__name__}, which cannot travel between student and "
                        "grader: let it return numbers, texts, arrays, tables, or lists, dicts and sets of these")
    flat, packed = array.ravel(), {"shape": list(array.shape), "kind": array.dtype.kind}
    if flat.size > FULL_SIZE:
        chosen = np.sort(np.random.default_rng(PUBLIC_SEED).choice(flat.size, SAMPLE_SIZE, replace=False))
        packed["indices"], flat = chosen.tolist(), flat[chosen]
    packed["values"] = [rounded(x, digits) for x in flat.tolist()]
    return packed


def rounded(x: Any, digits: int = SIGNIFICANT_DIGITS) -> Any:
    return float(f"{x:.{digits}g}") if isinstance(x, float) else x


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


def pack_entry(value: Any, digits: int = SIGNIFICANT_DIGITS) -> Any:
    """As `pack`, but a list stays a list, for arguments of a small case and what a function answers on the way; what is
    no plain data is taken from the check's own case again."""
    if isinstance(value, np.random.Generator):
        return {"generator": PUBLIC_SEED}
    if type(value) is list:
        return {"list": [pack_entry(part, digits) for part in value]}
    if type(value) is tuple:
        return {"tuple": [pack_entry(part, digits) for part in value]}
    if type(value) is dict:
        return {"dict": {key: pack_entry(part, digits) for key, part in value.items()}}
    try:
        return pack(value, digits)
    except (TypeError, ValueError):
        return {"own": True}


def unpack_entry(packed: Any, own: Any) -> Any:
    """own: the same argument in the check's own case."""
    if not isinstance(packed, dict):
        return packed
    if "own" in packed:
        return own
    if "generator" in packed:
        return np.random.default_rng(packed["generator"])
    if "list" in packed or "tuple" in packed:
        kind = "list" if "list" in packed else "tuple"
        parts = [unpack_entry(part, _part(own, number)) for number, part in enumerate(packed[kind])]
        return parts if kind == "list" else tuple(parts)
    if "dict" in packed:
        return {key: unpack_entry(part, _part(own, key)) for key, part in packed["dict"].items()}
    return unpack(packed)


def _part(whole: Any, at: Any) -> Any:
    try:
        return whole[at]
    except (TypeError, KeyError, IndexError):
        return None
