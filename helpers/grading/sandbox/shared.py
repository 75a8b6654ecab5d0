"""Lists, dicts, arrays and the like of which both sides of a plain test have a copy: what one side has changed in place
by the next message is changed on the other, and what comes back is the object that went.

Each has a number. A message lists those that it holds, and those that have changed; tables and arrays are compared as
bytes.
"""

from __future__ import annotations

import collections
import enum
import itertools
import sys
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from helpers.grading.sandbox.given import is_named, state_of
from helpers.grading.sandbox.wire import CannotEncode, Reference, encode

OBJECTS = 2_000  # that are kept in step; further ones are copies
HELD = 3  # references to an object that nobody but `Shared` holds, as sys.getrefcount counts them there
PARTS = 10_000  # of a value that are looked at
WATCHED = 2**22  # bytes of one that is compared
# Methods of Python's, numpy's and others' that change what they are called on.
CHANGE_THEMSELVES = frozenset({
    "add", "append", "appendleft", "clear", "difference_update", "discard", "extend", "extendleft", "fill", "insert",
    "intersection_update", "itemset", "pop", "popitem", "popleft", "put", "remove", "resize", "reverse", "rotate",
    "setdefault", "sort", "subtract", "symmetric_difference_update", "update", "write", "writelines"})
_OF_PYTHON = (list, dict, set, collections.deque, collections.defaultdict, collections.OrderedDict, collections.Counter)

_OF_PARTS = (*_OF_PYTHON, tuple, frozenset)


class Shared:
    """One side's view. first, step: the numbers that this side gives."""

    def __init__(self, first: int, step: int):
        self.next, self.step = first, step
        self.objects: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}  # by id
        self.prints: dict[int, list[bytes] | None] = {}
        self.changed: set[int] = set()  # ids of what the last message has changed here

    def listed(self, *values: Any) -> list[tuple]:
        """What a message with these values has to list: number, part, and of an array that shows another one's memory
        that one's number, and where."""
        before = {number: fingerprint(known) for number, known in self.objects.items()}
        changed = [self.objects[number] for number, seen in before.items() if seen != self.prints.get(number)]
        found: dict[int, Any] = {}
        for part in parts((values, tuple(changed))):
            number = self._number(part)
            if number is not None:
                found[number] = part
        now = before | {number: fingerprint(part) for number, part in found.items() if number not in before}
        views = {number: self._view(number, part) for number, part in found.items() if type(part) is np.ndarray}
        self.prints = now
        return [(number, part, *views.get(number, ())) for number, part in found.items()]

    def _view(self, number: int, part: np.ndarray) -> tuple:
        """Of an array: the number of an earlier one whose memory it shows, the distance from its beginning in bytes,
        and the strides."""
        begin, end = byte_bounds(part)
        for other, known in self.objects.items():
            if other == number:
                break
            if type(known) is np.ndarray and known.flags.c_contiguous and not known.dtype.hasobject:
                first, last = byte_bounds(known)
                if part.size and first <= begin and end <= last:
                    start = part.__array_interface__["data"][0] - known.__array_interface__["data"][0]
                    return other, start, part.strides
        return ()

    def forgotten(self) -> list[int]:
        """Numbers of what nobody here holds any more, and which is as the other side knows it: it may forget them."""
        gone = []
        for number in list(self.objects):
            known = self.objects[number]
            if sys.getrefcount(known) <= HELD and fingerprint(known) == self.prints.get(number):
                gone.append(number)
        self.forget(gone)
        return gone

    def forget(self, numbers: Any) -> None:
        for number in numbers or ():
            if type(number) is int and number in self.objects:
                self.numbers.pop(id(self.objects.pop(number)), None)
                self.prints.pop(number, None)

    def _number(self, part: Any) -> int | None:
        number = self.numbers.get(id(part))
        if number is None and len(self.objects) < OBJECTS:
            number, self.next = self.next, self.next + self.step
            self._keep(number, part)
        return number

    def _keep(self, number: int, part: Any) -> None:
        if number in self.objects:
            self.numbers.pop(id(self.objects[number]), None)
        self.numbers[id(part)], self.objects[number] = number, part

    def take(self, listed: Any, allowed: Collection[int] | None = None, keeps: bool = False) -> dict[int, Any]:
        """Bring what another side's message lists into step: by the id of a part in it, what it is here.

        allowed: ids of what the message may change; None: all may be. keeps: others stay as they are here, and what
        comes back is a copy, which the other side's is in step with from now on.

        Raises:
            ValueError: if something here cannot become what it is there.
        """
        here: dict[int, Any] = {}
        self.changed = set()
        given = [(number, part) for number, part, *_ in listed or () if type(number) is int][:2 * OBJECTS]
        views = {number: view for number, _, *view in listed or () if view and type(number) is int}
        for number, part in given:
            shown = self._shown(part, *views[number]) if number in views and number not in self.objects else None
            if shown is not None:
                self._keep(number, shown)
            if type(self.objects.get(number)) is type(part):
                here[id(part)] = self.objects[number]
            else:
                self._keep(number, part)
        for number, part in given:
            seen = fingerprint(part)
            if id(part) in here and seen != self.prints.get(number):
                self.changed.add(id(here[id(part)]))
                if keeps and allowed is not None and id(here[id(part)]) not in allowed:
                    self._keep(number, part)
                    del here[id(part)]
                else:
                    become(here[id(part)], part)
        for number, _ in given:
            _replace_inside(self.objects[number], here)
        self.prints |= {number: fingerprint(self.objects[number]) for number, _ in given}
        return here

    def _shown(self, part: np.ndarray, other: Any, start: Any, strides: Any) -> np.ndarray | None:
        """The view of an array here that another side has of its copy; None where that cannot be."""
        known = self.objects.get(other) if type(other) is int else None
        try:
            return np.ndarray(part.shape, part.dtype, known, start, strides) if type(known) is np.ndarray else None
        except (TypeError, ValueError, AttributeError):
            return None


def parts(value: Any, classes: Collection[type] = ()) -> Iterable[Any]:
    """The lists, dicts, arrays and the like that a value consists of, each once, and objects of these classes."""
    found: dict[int, Any] = {}
    waiting = [value]
    while waiting and len(found) < PARTS:
        one = waiting.pop()
        kind = type(one)
        if kind is tuple:
            waiting += one[:PARTS]
        elif id(one) not in found and (kind in _OF_PYTHON or kind is np.ndarray or _is_table(kind)):
            found[id(one)] = one
            waiting += one[:PARTS] if kind is list else [*one.values()][:PARTS] if isinstance(one, dict) else ()
        elif id(one) not in found and kind in classes and not isinstance(one, (enum.Enum, tuple)):
            found[id(one)] = one
            waiting += [*state_of(one).values()][:PARTS]
    return found.values()


def _is_table(kind: type) -> bool:
    return kind.__name__ in ("DataFrame", "Series") and str(kind.__module__).partition(".")[0] == "pandas"


def bytes_of(value: Any) -> int:
    """About how many bytes plain data has, a range as an array of its numbers; no object is asked for anything."""
    kind = type(value)
    if kind in _OF_PARTS or is_named(kind):
        parts_of = itertools.chain(*dict.items(value)) if issubclass(kind, dict) else value
        return sum(map(bytes_of, tuple.__iter__(value) if issubclass(kind, tuple) else parts_of))
    if kind is np.ndarray and value.dtype.hasobject:
        return 8 * value.size + sum(map(bytes_of, value.flat)) if value.dtype == object else value.nbytes
    if kind is range:
        return 8 * (abs(value.stop - value.start) // abs(value.step) + 1)
    if str(kind.__module__).partition(".")[0] not in ("numpy", "pandas", "torch"):
        return len(value) if kind in (str, bytes) else 8
    entries = getattr(value, "size", 0)
    return max(*(number for number in (getattr(value, "nbytes", 8), 8 * entries if isinstance(entries, int) else 0, 8)
                 if isinstance(number, int)))


def fingerprint(value: Any) -> list[bytes] | None:
    """A value as bytes, objects by their ids; None of what is too large, or no data."""
    try:
        found = [bytes(part) for part in encode(value, lambda thing: Reference("itself", (id(thing),)))]
    except CannotEncode:
        return None
    return found if sum(map(len, found)) <= WATCHED else None


def become(mine: Any, value: Any) -> None:
    """Make it in place what the other side has.

    Raises:
        ValueError: if that cannot be.
    """
    if isinstance(mine, list):
        mine[:] = value
    elif isinstance(mine, collections.deque):
        mine.clear()
        mine.extend(value)
    elif isinstance(mine, (dict, set)):
        mine.clear()
        mine.update(value)
    elif isinstance(mine, np.ndarray) and mine.shape == value.shape and mine.dtype == value.dtype:
        mine[...] = value
    elif _is_table(type(mine)):
        mine._update_inplace(value)
    else:
        raise ValueError(f"a {type(mine).__name__} that is changed in place")


def _replace_inside(value: Any, here: dict[int, Any]) -> None:
    if type(value) is list:
        value[:] = [replaced(part, here) for part in value]
    elif isinstance(value, dict):
        for key in value:
            value[key] = replaced(value[key], here)


def replaced(value: Any, here: dict[int, Any]) -> Any:
    """A value of a message, with what is here in the place of what was listed."""
    if id(value) in here:
        return here[id(value)]
    return tuple([replaced(part, here) for part in value]) if type(value) is tuple else value
