"""Forms in which a right result comes as well: none of them may cost a point.

Each takes the reference's result. `coursekit validity` hands every solution in in each of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.grading.marking.nothing import each

SINGLE_PRECISION = "single precision"


def _read_only(array: np.ndarray) -> np.ndarray:
    changed = array.copy()
    changed.setflags(write=False)
    return changed


def _between_others(array: np.ndarray) -> Any:
    """Every second entry of a larger array, which lies nowhere in one piece."""
    if not array.ndim:
        return array[()]
    larger = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    larger[..., ::2] = array
    return larger[..., ::2]


def _single(array: np.ndarray) -> Any:
    """Single precision, where it can hold the numbers."""
    with np.errstate(over="ignore"):
        changed = array.astype(np.float32) if array.dtype == np.float64 else array
    return (changed if np.array_equal(np.isfinite(changed), np.isfinite(array)) else array)[()]


FORMS: dict[str, Callable[[Any, tuple], Any]] = {
    "lists": each(lambda array: array.tolist()),
    "Fortran's order": each(lambda array: np.array(array, order="F")[()]),
    "read-only arrays": each(_read_only),
    "views of larger arrays": each(_between_others),
    SINGLE_PRECISION: each(_single),
}


def handed_in(form: str, reference: Callable) -> Callable:
    """The reference, whose results come in a form."""
    @functools.wraps(reference)
    def function(*args: Any, **kwargs: Any) -> Any:
        return FORMS[form](reference(*args, **kwargs), args)

    return function
