"""What the assignment's own code gives where a test asks a student's: plain data, or something that answers for itself.

A place is a name, what a call of it gives (`f()`), what that gives when it is called (`f()()`) or walked through
(`f()[]`), what a function of a test's is given (`f(0)`), an attribute of any object of a student's class (`.size`), or
what a method gives (`.items()`). Where all that was seen in a place is data, an object of a student's would answer a
test's questions as it likes.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import inspect
import sys
import types
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import _GeneratorContextManager
from typing import Any

from helpers.grading.sandbox.given import state_of, travels
from helpers.grading.sandbox.shared import WATCHED, bytes_of, fingerprint, parts
from helpers.grading.sandbox.wire import CannotEncode, Reference, encode

NOTED = 100  # results in one place in one test that are looked at
WAITED_FOR = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
SWALLOWS = ".__exit__()"
Codes = dict[types.CodeType, list[str]]  # functions, with the places in which what they give stands


class Noted:
    """plain: by place, is it always plain data. sizes: by place, the bytes of the largest. changing: places in which
    what a test and an answer both have is changed; changing_more: also other things than the call's arguments.
    swallows: does some `with` of the solution's end an exception."""

    def __init__(self) -> None:
        self.plain: dict[str, bool] = {}
        self.sizes: dict[str, int] = {}
        self.changing: set[str] = set()
        self.changing_more: set[str] = set()
        self.swallows = False
        self._classes: frozenset[type] = frozenset()  # that the assignment gives out
        self._looked: Counter[str] = Counter()

    @contextlib.contextmanager
    def of_a_test(self, namespace: Mapping[str, Any], theirs: Collection[str], cells: str,
                  reads: Collection[str] = ()) -> Iterator[None]:
        """Inside a test runs on the solution.

        theirs: the names that a student's cells decide; cells: what names of files of the assignment's code begin with;
        reads: the names that the test reads.
        """
        self._classes = frozenset(value for name, value in namespace.items() if name not in theirs and travels(value))
        self._looked.clear()
        codes: Codes = {_GeneratorContextManager.__exit__.__code__: [SWALLOWS]}
        classes = [value for name, value in namespace.items()
                   if name in theirs and isinstance(value, type) and value.__module__ == "__main__"]
        for name in theirs:
            self._know(namespace.get(name), name, codes)
        for kind in classes:
            for name, member in vars(kind).items():
                self._know(member, f".{name}", codes)
        methods = frozenset(code for code, places in codes.items() if places[0].startswith("."))
        handed = _Handed([namespace.get(name) for name in reads if name in theirs], self._classes)

        def note(frame: types.FrameType, event: str, value: Any) -> None:
            code = frame.f_code
            places = codes.get(code, ()) if event in ("call", "return") else ()
            if not places:
                if event == "call" and handed.inside and code.co_filename.startswith(cells):
                    self._note_arguments(frame)
            elif event == "call":
                handed.begin(frame, places)
            else:
                changed = handed.end()
                self.changing |= {*handed.places} if changed else set()
                self.changing_more |= {*handed.places} if changed - handed.arguments else set()
                self.swallows = self.swallows or (places[0] == SWALLOWS and value is True)
                for place in places:
                    self._note(place + "[]" * bool(code.co_flags & inspect.CO_GENERATOR), value)
                    self._know(value, place, codes)
                if code in methods and code.co_varnames[:1]:
                    self._note_attributes(frame.f_locals.get(code.co_varnames[0]), classes)

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            yield
        finally:
            sys.setprofile(before)
        for kind in classes:
            for name, member in vars(kind).items():
                if not name.startswith("__") and not callable(member) and not hasattr(type(member), "__get__"):
                    self._note(f".{name}", member)

    def _know(self, thing: Any, place: str, codes: Codes, called: str = "()") -> None:
        """What functions in a place give is of interest from now on."""
        if isinstance(thing, (staticmethod, classmethod)):
            thing = thing.__func__
        elif isinstance(thing, property):
            thing, called = thing.fget, ""
        elif isinstance(thing, functools.cached_property):
            thing, called = thing.func, ""
        elif isinstance(thing, functools.partial):
            thing = thing.func
        elif isinstance(thing, (list, tuple, dict)) and len(thing) <= NOTED:
            for part in thing.values() if isinstance(thing, dict) else thing:
                self._know(part, f"{place}[]", codes) if isinstance(part, types.FunctionType) else None
        if type(thing) is functools._lru_cache_wrapper:
            thing = thing.__wrapped__
        inner = getattr(thing, "__wrapped__", None) if isinstance(thing, types.FunctionType) else None
        if inspect.isgeneratorfunction(inner):  # of a context manager
            self._know(inner, place, codes, called)
        if isinstance(thing, types.FunctionType) and thing.__module__ == "__main__" and not (
                thing.__code__.co_flags & WAITED_FOR) and place + called not in codes.setdefault(thing.__code__, []):
            codes[thing.__code__].append(place + called)

    def _note_arguments(self, frame: types.FrameType) -> None:
        code = frame.f_code
        for number, name in enumerate(code.co_varnames[:code.co_argcount]):
            self._note(f"{code.co_name}({number})", frame.f_locals.get(name))

    def _note_attributes(self, thing: Any, classes: Collection[type]) -> None:
        if type(thing) in classes:
            for name, value in list(getattr(thing, "__dict__", {}).items()):
                self._note(f".{name}", value)

    def _note(self, place: str, value: Any) -> None:
        if value is not None and self._looked[place] < NOTED:
            self._looked[place] += 1
            self.plain[place] = self.plain.get(place, True) and is_data(value, self._classes)
            self.sizes[place] = max(self.sizes.get(place, 0), bytes_of(value))


class _Handed:
    """The lists, arrays and the like that calls of a test were given, or that it has from the notebook, objects of the
    assignment's classes among them, and which of them a call has changed."""

    def __init__(self, read: list[Any], classes: Collection[type]) -> None:
        self._read, self._classes = read, classes
        self.places: Sequence[str] = ()  # of the call that the test itself has made
        self.arguments: set[int] = set()  # ids of what it was given
        self._depth = 0
        self._parts: dict[int, Any] = {}
        self._prints: dict[int, Any] = {}
        self._begun: Counter[str] = Counter()

    @property
    def inside(self) -> bool:
        return self._depth > 0

    def begin(self, frame: types.FrameType, places: Sequence[str]) -> None:
        self._depth += 1
        if self._depth > 1:
            return
        self.places = places
        self._begun[places[0]] += 1
        if self._begun[places[0]] <= NOTED:
            given = self._watched([*frame.f_locals.values()])
            self.arguments = {*given}
            self._parts |= given | self._watched(self._read)
            self._changed()

    def end(self) -> set[int]:
        """Ids of what the outermost call has changed, if it has ended."""
        self._depth = max(self._depth - 1, 0)
        return self._changed() if self._depth == 0 and self._begun[self.places[0]] <= NOTED else set()

    def _watched(self, values: list[Any]) -> dict[int, Any]:
        return {id(part): part for part in parts(values, self._classes) if bytes_of(part) <= WATCHED}

    def _changed(self) -> set[int]:
        now = {key: fingerprint(state_of(part) if type(part) in self._classes else part)
               for key, part in self._parts.items()}
        changed = {key for key, known in self._prints.items() if now[key] != known}
        self._prints = now
        return changed


def is_data(value: Any, classes: Collection[type] = ()) -> bool:
    """Is it something that travels as it is, or an object of one of these classes that holds nothing else? Nothing is
    known of None."""
    waiting, seen = [value], dict[int, Any]()

    def export(part: Any) -> Reference:
        if type(part) not in classes:
            raise CannotEncode("no plain data")
        if id(part) not in seen:
            seen[id(part)] = part
            waiting.extend(() if isinstance(part, enum.Enum) else tuple.__iter__(part) if isinstance(part, tuple) else
                           state_of(part).values())
        return Reference("itself")

    try:
        while waiting:
            encode(waiting.pop(), export, whole=True)
    except CannotEncode:
        return False
    return value is not None
