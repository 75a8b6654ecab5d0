"""What the reference answered where a check computes with functions that students write.

A gradient is taken of a loss, and the loss calls functions of earlier questions; a case may hand over such a function;
a property may call one. In grading the reference stands in for all of them. In a notebook there is no reference, so
the build notes what it answered there (`Recorder`), and the check asks that note first (`Replayed`). An earlier
mistake then spoils no later verdict, and it is known by name, because the student's own function is asked as well.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from helpers.checking.expected import FULL_SIZE, SIGNIFICANT_DIGITS, pack_entry, unpack_entry
from helpers.checking.observing import observe_call, snapshot
from helpers.sameness import same_numbers, tolerance_for

MOST_CALLS = 300  # noted for one function in one check
CLOSE = 1e-7  # of the arguments' norm: two calls closer than this are the same call
LONGEST_KIND = 200  # characters; a longer one, such as of a graph in lists, is written as its digest


# ---------------------------------------------------------------------------------------------- one call as a key


@dataclass(frozen=True)
class Print:
    """The fingerprint of a call's arguments: what they are, and two projections of all their numbers."""

    kind: str
    along: tuple[float, float]
    norm: float

    def packed(self) -> list[Any]:
        return [self.kind, *(float(f"{x:.10g}") for x in (*self.along, self.norm))]

    def distance(self, packed: list[Any]) -> float:
        """How far a packed print is, as a share of the norm; inf if it is another kind of call."""
        if packed[0] != self.kind:
            return math.inf
        scale = max(self.norm, abs(packed[3]), 1e-300)
        return max(abs(mine - theirs) for mine, theirs in zip((*self.along, self.norm), packed[1:])) / scale


def print_of(arguments: Iterable[Any]) -> Print:
    kinds: list[str] = []
    numbers: list[np.ndarray] = []
    for argument in arguments:
        _gather(argument, kinds, numbers, 0)
    flat = np.concatenate([np.zeros(1), *numbers])
    with np.errstate(all="ignore"):
        flat = np.clip(np.nan_to_num(flat, nan=0.123456789), -1e150, 1e150)
        places = np.arange(flat.size)
        one, other = (float(np.cos(0.7 * places + turn) @ flat) for turn in (0.3, 1.9))
        return Print(_short(" ".join(kinds)), (one, other), float(np.sqrt(flat @ flat)))


def _short(kind: str) -> str:
    return kind if len(kind) <= LONGEST_KIND else hashlib.sha256(kind.encode()).hexdigest()[:32]


def _gather(value: Any, kinds: list[str], numbers: list[np.ndarray], depth: int) -> None:
    if isinstance(value, (list, tuple)) and depth < 8:
        kinds.append(f"[{len(value)}")
        for part in value:
            _gather(part, kinds, numbers, depth + 1)
    elif isinstance(value, Mapping) and depth < 8:
        kinds.append("{" + ",".join(map(str, value)))
        for part in value.values():
            _gather(part, kinds, numbers, depth + 1)
    elif value is None or isinstance(value, (str, bytes)):
        kinds.append(repr(value)[:80])
    elif callable(value):
        kinds.append(f"<{getattr(value, '__name__', type(value).__name__)}>")
    else:
        array = _as_floats(value)
        kinds.append(type(value).__name__ if array is None else f"{array.shape}")
        if array is not None:
            numbers.append(array.ravel())


def _as_floats(value: Any) -> np.ndarray | None:
    try:
        array = np.asarray(value)
    except Exception:
        return None
    return array.astype(float) if array.dtype.kind in "biuf" else None


# ---------------------------------------------------------------------------------------------- noting and asking


class Recorder:
    """Notes what the reference's functions answer to trusted code; `packed()` is for `expected.json`."""

    def __init__(self, functions: Iterable[str], digits: int = SIGNIFICANT_DIGITS):
        self.functions, self.digits = sorted(functions), digits
        self.calls: dict[str, list[list[Any]]] = {}
        self._paused = False

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Inside, nothing is noted."""
        before, self._paused = self._paused, True
        try:
            yield
        finally:
            self._paused = before

    def stand_in(self, name: str, function: Callable) -> Callable:
        """The reference's function, which notes its calls; calls inside it are its own business."""
        def noting(*args: Any, **kwargs: Any) -> Any:
            if self._paused:
                return function(*args, **kwargs)
            key = print_of((*args, *kwargs.items()))
            with self.paused():  # functions that it was given may be noting ones
                result = function(*args, **kwargs)
            self._note(name, key, result)
            return result

        return _named_like(function, noting)

    def _note(self, name: str, key: Print, result: Any) -> None:
        noted = self.calls.setdefault(name, [])
        if len(noted) >= MOST_CALLS or any(key.distance(one[0]) < CLOSE for one in noted) or not is_plain(result):
            return
        noted.append([key.packed(), pack_entry(result, self.digits)])

    def keep(self, most: int) -> None:
        """Drop all but the first calls of each function."""
        self.calls = {name: calls[:most] for name, calls in self.calls.items()}

    def packed(self) -> dict[str, list[list[Any]]]:
        return {name: calls for name, calls in self.calls.items() if calls}


def is_plain(value: Any) -> bool:
    """Can `pack_entry` write it whole, and `unpack_entry` give back what it was?"""
    if isinstance(value, (tuple, list)):
        return all(map(is_plain, value))
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and is_plain(part) for key, part in value.items())
    if isinstance(value, np.ndarray):
        return value.size <= FULL_SIZE and value.dtype.name in ("bool", "int64", "float32", "float64")
    return value is None or isinstance(value, (bool, str, int, float, np.integer, np.floating))


@dataclass
class Replay:
    """What the build noted for one check; `astray` collects the student's functions that answer otherwise.

    free: functions of which another answer may be as right, such as an order of a graph: they are astray only if they
    give none.
    """

    calls: dict[str, list[list[Any]]]
    free: Collection[str] = ()
    astray: dict[str, str] = field(default_factory=dict)  # function → "not written" or "not right"

    def stand_in(self, name: str, function: Any) -> Callable:
        """The student's function where it is right or nothing is known, else what the reference answered."""
        noted = self.calls.get(name, [])

        def answering(*args: Any, **kwargs: Any) -> Any:
            key = print_of((*args, *kwargs.items()))
            nearest = min(noted, key=lambda one: key.distance(one[0]), default=None)
            if nearest is None or not key.distance(nearest[0]) < CLOSE:
                return function(*args, **kwargs)
            wanted = unpack_entry(nearest[1], None)
            seen = observe_call(function, [snapshot(one) for one in args], kwargs, watch=False)
            if seen.error is None and agrees(seen.value, wanted):
                return seen.value
            if seen.error is None and seen.value is not None and name in self.free:
                return wanted
            unwritten = seen.error is not None and seen.error.type in ("NotImplementedError", "NameError")
            self.astray.setdefault(name, "not written" if unwritten else "not right")
            return wanted

        return _named_like(function, answering)


def agrees(got: Any, wanted: Any) -> bool:
    """Is a result what the reference answered, to what was written down of it?"""
    if isinstance(wanted, Mapping):
        return isinstance(got, Mapping) and got.keys() == wanted.keys() and all(
            agrees(got[key], wanted[key]) for key in wanted)
    if isinstance(wanted, (tuple, list)):
        return isinstance(got, (tuple, list)) and len(got) == len(wanted) and all(map(agrees, got, wanted))
    if wanted is None or isinstance(wanted, (str, bool)):
        return type(got) is type(wanted) and got == wanted
    ours, theirs = _as_floats(got), _as_floats(wanted)
    return ours is not None and theirs is not None and same_numbers(
        ours, theirs, tolerance_for(np.asarray(got).dtype))


def _named_like(function: Any, made: Callable) -> Callable:
    made.__name__ = made.__qualname__ = getattr(function, "__name__", "function")
    made.__doc__ = getattr(function, "__doc__", None)
    setattr(made, "__wrapped__", function)  # noqa: B010, for its parameters
    return made


# ---------------------------------------------------------------------------------------------- another namespace


def with_stand_ins(thing: Any, namespace: dict[str, Any], functions: Iterable[str],
                   stand_in: Callable[[str, Any], Callable]) -> Any:
    """Trusted code, bound to a copy of its notebook's names in which students' functions have stand-ins.

    thing: a function of the namespace, one of `functions` itself, or anything else, which is returned as it is.
    """
    if not isinstance(thing, types.FunctionType):
        return thing
    overlay = dict(namespace)
    made = {name: stand_in(name, namespace.get(name) or absent(name)) for name in functions}
    originals = {id(namespace[name]): name for name in made if name in namespace}
    for name, value in namespace.items():
        overlay[name] = rebound(value, namespace, overlay)
    overlay.update(made)
    return made[originals[id(thing)]] if id(thing) in originals else rebound(thing, namespace, overlay)


def absent(name: str) -> Callable:
    """What stands for a function that is not there."""
    def missing(*args: Any, **kwargs: Any) -> Any:
        raise NameError(f"name '{name}' is not defined")

    return missing


def rebound(value: Any, old: dict[str, Any], new: dict[str, Any]) -> Any:
    """A function of one namespace as one of another, and those that it has closed over; other things as they are."""
    if not isinstance(value, types.FunctionType) or value.__globals__ is not old:
        return value
    cells = None
    if value.__closure__:
        cells = tuple(_rebound_cell(cell, old, new) for cell in value.__closure__)
    made = types.FunctionType(value.__code__, new, value.__name__, value.__defaults__, cells)
    made.__kwdefaults__, made.__doc__, made.__qualname__ = value.__kwdefaults__, value.__doc__, value.__qualname__
    made.__dict__.update(value.__dict__)
    return made


def _rebound_cell(cell: types.CellType, old: dict[str, Any], new: dict[str, Any]) -> types.CellType:
    try:
        return types.CellType(rebound(cell.cell_contents, old, new))
    except ValueError:  # an empty cell
        return cell
