"""One check's view of one student function: its cases, its calls, and what is wrong with what came back."""

from __future__ import annotations

import copy
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from helpers.checking import lastcase
from helpers.checking import setting as settings
from helpers.checking.expected import Sampled
from helpers.checking.observing import Observation, StudentError, Subject, TooLong
from helpers.checking.structure import Structure, fitted, merged, unlike
from helpers.checking.trouble import Trouble, at_no_cost
from helpers.sameness import same_behaviour

LARGE = 8_000_000  # bytes of a result that nobody asks about
MANY = 50_000  # numbers, beside a hundred times as many as are asked for, of which no reason is looked for


class Probe:
    """A student's function, the cases it is tried on, and the setting that knows what is expected.

    `names` are the globals of the check cell; `changes` the arguments that may be changed in place.
    """

    def __init__(self, kind: str, function: Any, names: dict[str, Any], at: Any = (), also_at: Any = (),
                 changes: Sequence[str] = (), figures: bool = False):
        self.setting = settings.current()
        self.subject: Subject = settings.as_subject(function, names)
        self.names = names
        self.kind, self.name = kind, self.subject.name
        self.key = " ".join(filter(None, [kind, self.name, getattr(at, "__name__", "")]))
        self.cases = self.setting.cases(self.key, at or [{}], also_at)
        self.parameters = self.setting.parameters(self.subject, self.key)
        self.changes, self.figures = tuple(changes), figures
        self.seen: dict[int, Observation] = {}
        self.labels: dict[str, str] = {}  # output → how the function calls it
        self._structures: list[Structure] | None = None

    def on(self, case: dict[str, Any], seen: Observation) -> Probe:
        """The same function on one other case, of which this came."""
        other = copy.copy(self)
        other.cases, other.seen, other._structures = [case], {0: seen}, None
        other.key = f"{self.key} on {zlib.crc32(repr(case).encode())}"
        return other

    def names_of(self, index: int) -> list[str]:
        """The case's entries that the function is called with, in order."""
        return called_with(self.cases[index], self.parameters)

    def arguments(self, index: int) -> list[Any]:
        return [self.cases[index][name] for name in self.names_of(index)]

    def label(self, index: int) -> str:
        given = self.cases[index].get("case")
        return str(given) if given else f"case {index + 1}"

    def shown(self, name: str) -> str:
        """What an output is called where somebody reads of it."""
        return self.labels.get(name, name)

    def values_of(self, index: int) -> list[Any]:
        return [value for name, value in self.cases[index].items() if name != "case"]

    def observe(self, index: int) -> Observation:
        """The student's function on a case; called once, remembered."""
        if index not in self.seen:
            self.seen[index] = self.subject.observe(*self.arguments(index), figures=self.figures)
        return self.seen[index]

    def expected(self, index: int) -> Observation | None:
        return self.setting.expected(self.subject, self.key, index, self.arguments(index))

    def wanted(self, index: int) -> Any:
        """The reference's value, where a reference is at hand."""
        expected = self.expected(index)
        return None if expected is None else expected.value

    def trouble(self) -> Trouble | None:
        """What is wrong before any result is looked at, or with every call alike."""
        if self.observe(0).error is None:
            return self.failure(0) if len(self.cases) == 1 else None
        if self.subject.missing():
            return Trouble("missing", self.setting.absent(self.name, self.names, self.parameters))
        if not self.subject.callable():
            return Trouble("not-callable", f"`{self.name}` is not a function: something else has its name now")
        first = self.failure(0)
        if first is None or first.kind != "raises":  # an unanswered call is not waited for again and again
            return first
        return first if all(self.observe(i).error is not None for i in range(len(self.cases))) else None

    def failure(self, index: int) -> Trouble | None:
        """Why a call brought no result."""
        seen = self.observe(index)
        if seen.error is not None:
            trouble = self.raised(seen.error)
            if trouble.kind in ("raises", "arguments") and self.setting.tells_expected:
                lastcase.remember(self.name, tuple(self.arguments(index)))  # until there is a smaller one
            return trouble
        if self.figures:  # what a drawing function returns, such as its figure, is nobody's business
            return None
        if seen.value is None:
            return Trouble("none", f"`{self.name}` returns None: is there a `return`?")
        return self._out_of_kind(index, seen.value)

    def unlike(self, index: int) -> Trouble | None:
        """Why a result is not to be looked at by a predicate, a residual or a loss: it lacks the reference's structure,
        or the call brought none."""
        return self.failure(index) or unlike(self.observe(index).value, self._structure(index), "the result")

    def result(self, index: int) -> Any:
        """A result that is not `unlike`, as the reference would give it: an array where that has one, no part more."""
        return fitted(self.observe(index).value, self._structure(index))

    def _structure(self, index: int) -> Structure:
        if self._structures is None:
            self._structures = [self.setting.structure(self.subject, self.key, i, self.arguments(i))
                                for i in range(len(self.cases))]
        return merged(self._structures[index], self._structures)

    def _out_of_kind(self, index: int, value: Any) -> Trouble | None:
        """A result that no check may compute with: an object that answers as it likes, or far too many numbers."""
        objects, size = weight(value)
        if not objects and size <= LARGE:
            return None
        wanted = self.expected(index)
        if wanted is None or wanted.error is not None:
            return None
        wanted_objects, wanted_size = weight(wanted.value)
        if objects and not wanted_objects:
            what = repr(value) if isinstance(value, TooLong) else "an object of a class"
            return Trouble("type", f"`{self.name}` returns {what} where numbers are asked for")
        if size > LARGE + 10 * wanted_size:
            return Trouble("size", f"`{self.name}` returns {size / 1e6:.0f} MB where {wanted_size / 1e6:.2g} MB are "
                                   "asked for")
        return None

    def raised(self, error: StudentError) -> Trouble:
        if error.type == "NotImplementedError":
            if self._own(error):
                return Trouble("not-written", "not written yet")
            return Trouble("needs-another", f"needs `{error.within}`, which is not written yet")
        if error.type == "FormulaError":
            return Trouble("formula", error.message)
        if error.type == "TimeoutError":
            return Trouble("slow", f"`{self.name}` {error.message or 'took too long and was stopped'}")
        if error.type == "ProcessEnded":
            return Trouble("ended", f"the notebook's process has ended: {error.message}")
        if error.type == "TypeError" and "argument" in error.message and not error.line:
            asked = f"; asked for is `{self.name}({', '.join(self.parameters)})`" if self.parameters else ""
            return Trouble("arguments", f"`{self.name}` takes other arguments than its docstring asks for: "
                                        f"{error.message}{asked}")
        cell = "its cell" if self._own(error) else f"the cell of `{error.within}`"
        place = f", in line {error.lineno} of {cell}: `{error.line.strip()}`" if error.line else ""
        return Trouble("raises", f"`{self.name}` raises {told(error)}{place}")

    def _own(self, error: StudentError) -> bool:
        """Was it raised in this function, as far as is known, and not in one that it calls?"""
        return error.within in ("", self.name.split(".")[0])

    def out_of_order(self) -> str:
        """What to do if the function has the arguments that are asked for, in another order; "" if not."""
        mine, asked = self.subject.parameters() or (), self.parameters or ()
        if mine == asked or sorted(mine) != sorted(asked):
            return ""
        return (f"`{self.name}({', '.join(mine)})` has its arguments in another order than is asked for: write "
                f"`{self.name}({', '.join(asked)})`")

    def changed(self, index: int) -> list[str]:
        """Arguments that the call changed in place and should not have."""
        names = self.names_of(index)
        changed = [names[i] for i in self.observe(index).changed if i < len(names)]
        return [name for name in changed if name not in self.changes]

    def remarks(self) -> list[str]:
        """What costs nothing and is worth knowing."""
        said = []
        printed = next((seen.printed for seen in self.seen.values() if seen.printed), "")
        if printed:
            said.append(f"`{self.name}` prints while it computes; nothing is taken off for that")
        warned = next((seen.warned for seen in self.seen.values() if seen.warned), ())
        if warned:
            said.append(f"`{self.name}` warns: {warned[0]}; nothing is taken off for that")
        return said

    def known_mistake(self) -> str | None:
        """The sentence of the one known mistake that behaves like this function on every case."""
        return at_no_cost(self._known_mistake, None)

    def _known_mistake(self) -> str | None:
        arguments = [self.arguments(i) for i in range(len(self.cases))]
        said = {
            says
            for says, results in self.setting.known_mistakes(self.subject, self.key, arguments)
            if all(same_behaviour(self.observe(i), result) for i, result in enumerate(results))
        }
        return said.pop() if len(said) == 1 else None


def told(error: StudentError) -> str:
    return f"{error.type}: {error.message}" if error.message else error.type


def weight(value: Any) -> tuple[bool, int]:
    """Whether stand-ins for a student's objects are in plain data, and about how many bytes it has."""
    if hasattr(value, "observe") or isinstance(value, TooLong):
        return True, 0
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        parts = [weight(part) for part in value]
        return any(objects for objects, _ in parts), sum(size for _, size in parts)
    if isinstance(value, Sampled):
        return False, 8 * math.prod(value.shape)
    if isinstance(value, type):  # `np.float64` in the place of a number has attributes of that name, and no size
        return False, 8
    if isinstance(value, range):  # as numpy would make one of it, and of an index of pandas' that is one
        return False, 8 * (abs(value.stop - value.start) // abs(value.step) + 1)
    entries = getattr(value, "size", 0)
    return False, max(getattr(value, "nbytes", len(value) if isinstance(value, (str, bytes)) else 8),
                      8 * entries if isinstance(entries, int) else 0)


def called_with(case: dict[str, Any], parameters: Sequence[str] | None) -> list[str]:
    """The entries of a case that a function is called with: those its parameters name, else all, in order."""
    entries = [name for name in case if name != "case"]
    known = [name for name in parameters or () if name in entries]
    return known if known and known == list(parameters or ())[:len(known)] else entries


def named_outputs(value: Any, names: Sequence[str], function: str) -> dict[str, Any] | Trouble:
    """Split what a function returns into its named outputs; what a tuple holds beyond them is left alone."""
    if len(names) == 1:
        if isinstance(value, Mapping) and names[0] in value:
            return {names[0]: value[names[0]]}
        alone = isinstance(value, tuple) and len(value) == 1 and not isinstance(value[0], (list, tuple))
        single = value[0] if alone else value
        return {names[0]: single}
    if isinstance(value, Mapping) and all(name in value for name in names):
        return {name: value[name] for name in names}
    wanted = ", ".join(names)
    if isinstance(value, Mapping):
        keys = ", ".join(str(key) for key in value) or "nothing"
        return Trouble("outputs", f"`{function}` returns a dict with {keys} where {wanted} are asked for")
    if isinstance(value, (tuple, list)) and len(value) == len(names):
        return dict(zip(names, value))
    if type(value) is tuple and len(value) > len(names):
        return dict(zip(names, value))
    if isinstance(value, np.ndarray) and value.ndim and len(value) == len(names) and value.dtype.kind in "fiu":
        return dict(zip(names, value))
    count = len(value) if isinstance(value, (tuple, list)) else 1
    things = "one thing" if count == 1 else f"{count} things"
    return Trouble("outputs", f"`{function}` returns {things} where {len(names)} are asked for: {wanted}")


def as_numbers(value: Any, shape: tuple[int, ...] | None) -> np.ndarray | Trouble:
    """A student's output as a real array of the right shape, or why it is none. Lists and tuples of numbers will do."""
    if value is None:
        return Trouble("none", "is None")
    if isinstance(value, (list, tuple)) and weight(value)[0]:
        return Trouble("type", f"is a {type(value).__name__} of objects, not numbers")
    if isinstance(value, TooLong):
        return Trouble("type", f"is {value!r}")
    if hasattr(value, "observe"):
        return Trouble("type", f"is an object of type {getattr(value, 'type', 'unknown')}, not numbers")
    try:
        array = np.asarray(value)
    except ValueError:
        return Trouble("ragged", "has rows of different lengths")
    except TypeError:
        return Trouble("type", "holds objects, not numbers")
    if array.dtype.kind == "c":
        return Trouble("complex", "is complex where real numbers are asked for")
    if array.dtype.kind not in "biuf":
        return Trouble("type", f"holds {_in_words(array)} where numbers are asked for")
    if shape is not None and not array.size and not math.prod(shape):
        array = array.reshape(shape)  # no entries are no entries, however arranged
    if shape is not None and array.shape != shape:
        hint = ""
        if array.shape == shape[::-1]:
            hint = ": it is transposed"
        elif array.size == int(np.prod(shape)):
            hint = ": the numbers may be right, their arrangement is not"
        kind = "size" if array.size > MANY + 100 * math.prod(shape) else "shape"
        return Trouble(kind, f"has shape {array.shape}, asked for is {shape}{hint}")
    bad = ~np.isfinite(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        what = "NaN" if np.isnan(array[first]) else "infinite"
        if not array.ndim:
            return Trouble("not-finite", f"is {what}")
        return Trouble("not-finite", f"{what} in {int(bad.sum())} of {array.size} entries, first at {list(first)}")
    return array


def _in_words(array: np.ndarray) -> str:
    """What an array holds that is no number to numpy."""
    if array.dtype.kind in "USO" and not array.size:
        return "nothing"
    if array.dtype.kind != "O":
        return {"U": "text", "S": "bytes", "M": "dates", "m": "durations"}.get(array.dtype.kind, array.dtype.name)
    kinds = {type(one) for one in array.flat}
    if kinds <= {int, TooLong}:
        return "whole numbers that are too large for numpy"
    return "objects of type " + ", ".join(sorted(kind.__name__ for kind in kinds)[:3])
