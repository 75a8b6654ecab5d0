"""Objects of classes that an assignment gives out: both sides have the class, and what travels is what is in them.

An object has a number on both sides: one that comes back is the one that went, with what has become of it. So a
student's function may be given a list of nodes or a dataclass, change it in place, and return a part of it; what a
test then asks of it is answered by the assignment's own class.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Collection, Mapping
from typing import Any

from helpers.grading.sandbox.wire import CannotEncode, Reference, WireError, encode

OBJECTS = 10_000  # in one message
BASES = ("__main__", "abc", "typing")  # modules of classes that an object may be made of, beside `object`


def travels(kind: Any) -> bool:
    """Can an object of a class be made again of its attributes?"""
    if not isinstance(kind, type) or kind.__module__ != "__main__":
        return False
    if issubclass(kind, enum.Enum) or is_named(kind):
        return True
    return kind.__new__ is object.__new__ and all(
        base is object or base.__module__ in BASES for base in kind.__mro__)


def is_named(kind: type) -> bool:
    return issubclass(kind, tuple) and isinstance(getattr(kind, "_fields", None), tuple)


def is_data(value: Any) -> bool:
    """Is it something that travels as it is? Nothing is known of None."""
    def export(part: Any) -> Reference:
        raise CannotEncode("no plain data")

    try:
        encode(value, export, whole=True)
    except CannotEncode:
        return False
    return value is not None


class _Part:
    """Stands in a message for an object that the same message describes."""

    def __init__(self, number: Any):
        self.number = number


class Given:
    """One side's view. find: the class of a name, or None; first, step: the numbers that this side gives;
    in_place_of_a_method: what an attribute becomes that is called as a method of its class is."""

    def __init__(self, find: Callable[[str], Any], first: int, step: int,
                 in_place_of_a_method: Callable[[Any], Any] = lambda value: value):
        self.find, self.next, self.step = find, first, step
        self.in_place_of_a_method = in_place_of_a_method
        self.objects: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}  # by id
        self.allowed: Collection[int] | None = None  # ids of objects that a message may change; None: all may be
        self.keeps = False  # do others stay as they are, and a copy has their number from then on
        self.changed: set[int] = set()  # ids of objects that messages have changed

    def is_one(self, value: Any) -> bool:
        kind = type(value)
        return self.find(kind.__name__) is kind

    def reference(self, value: Any) -> Reference | None:
        """What stands on the wire for such an object; None for any other."""
        if not self.is_one(value):
            return None
        kind = type(value)
        if isinstance(value, enum.Enum):
            return Reference("member", (kind.__name__, value.name))
        if is_named(kind):
            return Reference("named", (kind.__name__, *tuple.__iter__(value)))
        waiting = [value]
        described: dict[int, tuple[str, dict]] = {}
        while waiting and len(described) < OBJECTS:
            one = waiting.pop()
            number = self._number(one)
            if number not in described:
                described[number] = (type(one).__name__, {
                    name: self._marked(part, waiting) for name, part in state_of(one).items()})
        if waiting:
            return None
        return Reference("given", (self._number(value), described))

    def _number(self, value: Any) -> int:
        number = self.numbers.get(id(value))
        if number is None or self.objects.get(number) is not value:
            number, self.next = self.next, self.next + self.step
            self.numbers[id(value)], self.objects[number] = number, value
        return number

    def _marked(self, value: Any, waiting: list, depth: int = 0) -> Any:
        """An attribute, with numbers in the place of such objects."""
        kind = type(value)
        if kind in (list, tuple, dict) and depth < 20:
            parts = [*value.values()] if kind is dict else list(value)
            marked = [self._marked(part, waiting, depth + 1) for part in parts]
            if all(one is other for one, other in zip(parts, marked)):
                return value
            return dict(zip(value, marked)) if kind is dict else kind(marked)
        if not self.is_one(value) or isinstance(value, (enum.Enum, tuple)):
            return value
        waiting.append(value)
        return Reference("part", (self._number(value),))

    def accept(self, reference: Reference) -> Any:
        """What a reference stands for here; None if it is of another kind.

        Raises:
            WireError: if it stands for nothing.
        """
        kind, data = reference
        if kind == "part":
            return _Part(*data)
        if kind == "member":
            name, member = data
            return self._class(name, enum.Enum)[str(member)]
        if kind == "named":
            found = self._class(data[0], tuple)
            if len(data) - 1 != len(found._fields):
                raise WireError("a named tuple of other fields")
            return tuple.__new__(found, data[1:])
        return self._described(*data) if kind == "given" else None

    def _class(self, name: Any, base: type) -> Any:
        found = self.find(name) if isinstance(name, str) else None
        if found is None or not issubclass(found, base):
            raise WireError("a class that is not given")
        return found

    def _described(self, root: Any, described: Any) -> Any:
        made: dict[int, tuple[Any, Mapping]] = {}
        kept: set[int] = set()
        if not isinstance(described, dict):
            raise WireError("objects that are none")
        for number, (name, state) in described.items():
            kind = self._class(name, object)
            if type(number) is not int or not isinstance(state, dict) or issubclass(kind, (enum.Enum, tuple)):
                raise WireError("an object that is none")
            known = self.objects.get(number)
            if type(known) is not kind:
                known = self._new(kind, number)
            else:
                differs = self._print(state_of(known)) != self._print(state)
                self.changed.update({id(known)} if differs else ())
                if self.keeps and self.allowed is not None and id(known) not in self.allowed:
                    known = self._new(kind, number) if differs else known
                    kept |= set() if differs else {number}
            made[number] = known, state
        for number, (one, state) in made.items():
            if number not in kept:
                _set_state(one, {name: self._attribute(type(one), name, self._unmarked(part, made))
                                 for name, part in state.items() if not _is_computed(type(one), name)})
        return made[root][0]

    def _new(self, kind: type, number: int) -> Any:
        made: Any = object.__new__(kind)
        self.numbers[id(made)], self.objects[number] = number, made
        return made

    def _print(self, state: Mapping[str, Any]) -> Any:
        """Attributes as bytes, such objects by their numbers."""
        def export(thing: Any) -> Reference:
            number = thing.number if type(thing) is _Part else self.numbers.get(id(thing))
            return Reference("itself", (id(thing) if number is None else number,))

        try:
            return [bytes(part) for part in encode(dict(state), export)]
        except CannotEncode:
            return None

    def _attribute(self, kind: type, name: Any, value: Any) -> Any:
        """A method that an object has for itself would answer in the place of its class's."""
        method = isinstance(name, str) and callable(getattr(kind, name, None)) and name not in kind.__annotations__
        return self.in_place_of_a_method(value) if method else value

    def _unmarked(self, value: Any, made: Mapping[int, tuple[Any, Mapping]]) -> Any:
        kind = type(value)
        if kind is _Part:
            return made[value.number][0]
        if kind is list:
            value[:] = [self._unmarked(part, made) for part in value]
        elif kind is dict:
            for key in value:
                value[key] = self._unmarked(value[key], made)
        elif kind is tuple and any(type(part) in (_Part, list, dict, tuple) for part in value):
            return tuple([self._unmarked(part, made) for part in value])
        return value


def _is_computed(kind: type, name: Any) -> bool:
    """Is it what a class computes once for each object? It is computed here again."""
    return isinstance(name, str) and isinstance(getattr(kind, name, None), functools.cached_property)


def _slots(kind: type) -> list[str]:
    return [name for base in kind.__mro__ for name in _listed(base.__dict__.get("__slots__", ()))
            if name not in ("__dict__", "__weakref__")]


def _listed(slots: Any) -> list[str]:
    return [slots] if isinstance(slots, str) else list(slots)


def state_of(value: Any) -> dict[str, Any]:
    """The attributes that an object holds itself."""
    slots = {name: getattr(value, name) for name in _slots(type(value)) if hasattr(value, name)}
    return {**slots, **getattr(value, "__dict__", {})}


def _set_state(value: Any, state: dict[str, Any]) -> None:
    """No code of the class runs: not its `__init__`, not its properties."""
    slots = _slots(type(value))
    for name in slots:
        if name in state:
            object.__setattr__(value, name, state[name])
    if hasattr(value, "__dict__"):
        value.__dict__.clear()
        value.__dict__.update({name: part for name, part in state.items() if isinstance(name, str)
                               and name not in slots})
