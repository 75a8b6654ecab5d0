"""Answers of nothing, in all its forms: what somebody hands in who has no idea and wants a mark.

Each form takes the reference's result, which has the right structure, and the arguments, and returns something with no
work in it. None of them may earn a point; `coursekit validity` hands in every one for every question. CHEAP are those
that anybody can make who knows the shapes: a row that one of them gets is worth something only beside another row.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Form = Callable[[Any, tuple], Any]


def each(change: Callable[[np.ndarray], Any]) -> Form:
    """A form that changes every array and number of a result."""
    def form(value: Any, arguments: tuple) -> Any:
        if isinstance(value, Mapping):
            return {key: form(part, arguments) for key, part in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)([form(part, arguments) for part in value]) if type(value) in (list, tuple) else value
        if value is None or isinstance(value, (str, bytes)) or callable(value):
            return value
        try:
            array = np.asarray(value)
        except (TypeError, ValueError):
            return value
        return change(array) if array.dtype.kind in "biufc" else value

    return form


def _behind_a_right_start(filler: float) -> Callable[[np.ndarray], Any]:
    def change(array: np.ndarray) -> Any:
        changed = np.full(array.shape, filler)
        if array.size:
            changed.flat[0] = array.flat[0]
        return changed if array.size > 1 else np.full(array.shape, filler)

    return change


def _zero_axis(array: np.ndarray) -> np.ndarray:
    return np.zeros((0, *array.shape[1:]))


def _inputs_back(value: Any, arguments: tuple) -> Any:
    count = len(value) if isinstance(value, (list, tuple)) else 1
    back = (arguments * (count + 1))[:count]
    return back if isinstance(value, (list, tuple)) else back[0] if back else None


def _gives_up(value: Any, arguments: tuple) -> Any:
    """No result, and beside it numbers that were given: that of all tries, for example."""
    if not isinstance(value, tuple) or len(value) < 2:
        return None
    return (None, *(next((given for given in arguments if type(given) is type(part) and isinstance(part, (int, float))),
                         None) for part in value[1:]))


FORMS: dict[str, Form] = {
    "None": lambda value, arguments: None,
    "an empty list": lambda value, arguments: [],
    "an empty dictionary": lambda value, arguments: {},
    "an empty text": lambda value, arguments: "",
    "True": lambda value, arguments: True,
    "empty arrays": each(lambda array: np.zeros(0)),
    "arrays with an axis of length zero": each(_zero_axis),
    "zeros": each(np.zeros_like),
    "ones": each(np.ones_like),
    "nan": each(lambda array: np.full(array.shape, np.nan)),
    "infinity": each(lambda array: np.full(array.shape, np.inf)),
    "minus infinity": each(lambda array: np.full(array.shape, -np.inf)),
    "nan behind a right start": each(_behind_a_right_start(np.nan)),
    "zeros behind a right start": each(_behind_a_right_start(0.0)),
    "unit matrices": each(lambda array: np.eye(*array.shape) if array.ndim == 2 else np.zeros_like(array)),
    "even shares": each(lambda array: np.full(array.shape, 1 / array.shape[-1] if array.size and array.ndim else 0.0)),
    "imaginary numbers": each(lambda array: 1j * array.astype(complex)),
    "the arguments": _inputs_back,
    "giving up": _gives_up,
}


CHEAP = ("zeros", "ones", "unit matrices", "even shares", "zeros behind a right start", "the arguments", "giving up")


ALWAYS_THE_FIRST = "the first right answer, again and again"  # as constants for a visible case would


def handed_in(form: str, reference: Callable) -> Callable:
    """A function of the reference's signature that hands in a form of nothing."""
    kept: list[Any] = []

    def function(*args: Any, **kwargs: Any) -> Any:
        if form != ALWAYS_THE_FIRST:
            return FORMS[form](reference(*copy.deepcopy(args), **kwargs), args)
        if not kept:
            kept.append(reference(*args, **kwargs))
        return copy.deepcopy(kept[0])

    function.__signature__ = inspect.signature(reference)  # type: ignore[attr-defined]
    function.__name__ = reference.__name__
    return function


class OnlyOnce:
    """A function that answers its call number `only`, counted from 0, and raises at all others."""

    def __init__(self, function: Callable, only: int):
        self.function, self.only, self.calls = function, only, 0
        self.__signature__, self.__name__ = inspect.signature(function), function.__name__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.calls != self.only + 1:
            raise RuntimeError("nothing is said here")
        return self.function(*args, **kwargs)
