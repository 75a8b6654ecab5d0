"""The smallest example on which an answer is wrong, and the largest on which it is right.

The rungs are public (see `ladder`): the same example stands in the notebook and in feedback, and no secret is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from helpers.checking import lastcase
from helpers.checking.ladder import Rung
from helpers.checking.observing import Observation, cut
from helpers.checking.probe import Probe, called_with, named_outputs
from helpers.checking.trouble import Trouble
from helpers.sameness import same_value

MOST_SHOWN = 24  # numbers of a value that is shown as code
LONGEST = 80  # characters of a text that is
TOLERANCE = 1e-3  # of the largest entry: an example shows what can be seen with a pencil


def example(probe: Probe, names: Sequence[str]) -> str:
    """One paragraph with an example in code; "" if there is no ladder, or the function is right on all of its rungs."""
    right: list[Rung] = []
    for rung in probe.setting.ladder(probe.subject, probe.key):
        called = called_with(rung.case, probe.parameters)
        arguments = [rung.case[name] for name in called]
        seen = probe.subject.observe(*arguments)
        if seen.error is not None and seen.error.type in ("NotImplementedError", "ProcessEnded", "TimeoutError"):
            return ""
        found = _difference(seen, rung.expected, names, probe)
        if found is None:
            right.append(rung)
            continue
        lastcase.remember(probe.name, tuple(arguments))
        return f"{_contrast(probe.name, right, rung, called)}{_call(probe.name, rung, called)} {found}"
    return ""


def _call(function: str, rung: Rung, called: Sequence[str]) -> str:
    return f"`{function}({', '.join(f'{name}={_code(rung.case[name])}' for name in called)})`"


def _contrast(function: str, right: Sequence[Rung], wrong: Rung, called: Sequence[str]) -> str:
    """What is said before the example: from where to where it begins to be wrong."""
    smaller = [rung for rung in right if all(_fits(rung.case[name], wrong.case[name]) for name in called)]
    if not smaller:
        return "A small example: "
    changed = [name for name in called if np.shape(smaller[-1].case[name]) != np.shape(wrong.case[name])]
    if not changed:
        return f"{_call(function, smaller[-1], called)} is right; "
    name = changed[0]
    return f"Right with `{name}` of shape {np.shape(smaller[-1].case[name])}, wrong with {np.shape(wrong.case[name])}: "


def _fits(one: Any, other: Any) -> bool:
    """Whether an array is at most as long as another, along every axis."""
    return np.ndim(one) == np.ndim(other) and all(a <= b for a, b in zip(np.shape(one), np.shape(other)))


def _difference(seen: Observation, expected: Any, names: Sequence[str], probe: Probe) -> str | None:
    """What is wrong with a result, or None."""
    if seen.error is not None:
        return f"raises {seen.error.type}: {seen.error.message[:80]}"
    wanted, got = named_outputs(expected, names, probe.name), named_outputs(seen.value, names, probe.name)
    if isinstance(wanted, Trouble):
        return None
    if isinstance(got, Trouble):
        return got.says
    for name in names:
        one, other = got[name], wanted[name]
        if same_value(_array(one), _array(other), TOLERANCE):
            continue
        which = f"returns {_code(one)}" if len(names) == 1 else f"returns {probe.shown(name)} = {_code(one)}"
        return f"{which}; right is {_code(other)}"
    return None


def _array(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        try:
            return np.asarray(value)
        except ValueError:
            return value
    return value


def _code(value: Any) -> str:
    """A value as code that can be pasted into a cell."""
    if isinstance(value, np.ndarray) and value.ndim:
        shown = value.size <= MOST_SHOWN and value.dtype.kind in "biufc"
        return f"np.array({_rounded(value.tolist())!r})" if shown else f"an array of shape {value.shape}"
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.item()
    if isinstance(value, str):
        return repr(cut(value, LONGEST))
    if isinstance(value, (list, tuple)):
        return repr(_rounded(value)) if _count(value, MOST_SHOWN) <= MOST_SHOWN else (
            f"a {type(value).__name__} of length {len(value)}")
    if isinstance(value, (int, float, type(None))):
        return cut(repr(_rounded(value)), LONGEST)
    return f"a {type(value).__name__}"


def _count(value: Any, enough: int) -> int:
    """How many numbers, at any depth, are in a list; more than `enough` if it holds anything else."""
    if not isinstance(value, (list, tuple)):
        return 1 if isinstance(value, (bool, int, float, complex, np.number, type(None))) else enough + 1
    total = 0
    for part in value:
        total += max(_count(part, enough - total), 1)
        if total > enough:
            break
    return total


def _rounded(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_rounded(part) for part in value)
    if isinstance(value, float) and np.isfinite(value):
        short = float(f"{value:.4g}")
        return short
    return value
