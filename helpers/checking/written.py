"""Values as code that can be pasted into a cell."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from helpers.checking.observing import TooLong, cut
from helpers.checking.trouble import Trouble

MOST = 24  # numbers of a value that is written whole
LONGEST = 80  # characters of a text that is


def as_code(value: Any) -> str:
    """Numbers to four digits; what is too large or no plain data is described."""
    if isinstance(value, np.ndarray) and value.ndim:
        shown = value.size <= MOST and value.dtype.kind in "biufc"
        return f"np.array({_rounded(value.tolist())!r})" if shown else f"an array of shape {value.shape}"
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.item()
    if isinstance(value, (dict, list, tuple)) and _count(value, MOST) > MOST:
        return f"a {type(value).__name__} of length {len(value)}"
    if isinstance(value, str):
        return repr(cut(value, LONGEST))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{spelled(key)}: {as_code(part)}" for key, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        parts = ", ".join(as_code(part) for part in value)
        return f"[{parts}]" if isinstance(value, list) else f"({parts}{',' if len(value) == 1 else ''})"
    if isinstance(value, (int, float, type(None))):
        return cut(spelled(_rounded(value)), LONGEST)
    if isinstance(value, np.random.Generator):
        return "np.random.default_rng(0)"
    if isinstance(value, types.FunctionType):
        return value.__name__
    if isinstance(value, Trouble):  # a formula without a value
        return "nothing"
    return repr(value) if isinstance(value, TooLong) else f"a {type(value).__name__}"


def spelled(value: Any) -> str:
    """`repr`, or what a value is where it has none: Python does not spell whole numbers of more than 4,300 digits."""
    try:
        return repr(value)
    except Exception as error:  # a class may do anything when it is asked
        if type(value) is int:
            return repr(TooLong(value))
        return f"a {type(value).__name__} that cannot be shown ({type(error).__name__})"


def can_be_pasted(value: Any) -> bool:
    """Whether the code gives the value again, to four digits, where the notebook's own functions are defined."""
    if isinstance(value, dict):
        return all(map(can_be_pasted, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(can_be_pasted, value))
    if isinstance(value, np.ndarray):
        return value.size <= MOST and value.dtype.kind in "biuf" and bool(np.isfinite(value).all())
    if isinstance(value, types.FunctionType):
        return value.__name__.isidentifier() and "." not in value.__qualname__
    return isinstance(value, (np.generic, int, float, str, bool, type(None), np.random.Generator))


def _count(value: Any, enough: int) -> int:
    """How many numbers and words, at any depth, are in something; more than `enough` if there are so many."""
    if isinstance(value, np.ndarray):
        return value.size
    if not isinstance(value, (list, tuple, dict)):
        return 1
    total = 0
    for part in value.values() if isinstance(value, dict) else value:
        total += max(_count(part, enough - total), 1)
        if total > enough:
            break
    return total


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    if isinstance(value, float) and np.isfinite(value):
        return float(f"{value:.4g}")
    return value
