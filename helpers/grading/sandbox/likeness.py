"""Stand-ins for a student's things in a plain test: they behave as Python's own would, or say that they cannot.

A test that was written for a notebook calls functions, makes objects, catches exceptions and compares. What comes
back as plain data is itself here. What stays with the student is a `Likeness`: calls, attributes, iteration and the
like are asked of the student's process. Never asked is what would let an object decide about a mark: a comparison,
arithmetic with the test's own numbers, and where the solution has data anything but an object's items and its text;
these raise NotSupportedHere, and the test runs elsewhere.
"""

from __future__ import annotations

import enum
import inspect
import itertools
import operator
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from helpers.grading.sandbox.asks import Asks
from helpers.grading.sandbox.given import state_of, travels
from helpers.grading.sandbox.raised import NotSupportedHere, ProcessGone, as_said, built_in
from helpers.grading.sandbox.shared import CHANGE_THEMSELVES
from helpers.grading.sandbox.wire import Reference

IN_THE_PLACE_OF_DATA = "a student's object in the place of data"
# What is asked of an object where the assignment's own has data: what is in it, and how it reads.
ITEMS = ("iter", "next", "item", "len", "bool", "str", "repr", "format")
MOST_ITEMS = 10_000  # of an object in the place of data, among which something is looked for
DATA: dict[str, type] = {kind.__name__: kind for kind in (list, dict, tuple, str, int, float)}
_OF_PYTHON: tuple[type, ...] = (
    enumerate, filter, map, reversed, zip, types.CoroutineType, types.GeneratorType, type({}.keys()), type({}.values()),
    type({}.items()), type(iter([])), type(iter(())), type(iter("")))
OF_PYTHON = {kind.__name__: kind for kind in _OF_PYTHON}
NATURES = ("function", "class", "exception", "object", "called", "module", "data", "called data")


class Conversation(Protocol):
    """What a stand-in asks of the student's process."""

    @property
    def asks(self) -> Asks: ...

    def describe(self, reference: Reference) -> dict: ...

    def given(self, names: Any) -> list[type]: ...

    def class_like(self, name: Any, about: dict) -> type: ...

    def operate(self, what: str, *operands: Any) -> Any: ...

    def iterate(self, thing: Likeness) -> Iterator[Any]: ...

    def call(self, function: Likeness, args: tuple, kwargs: dict) -> Any: ...

    def bounded(self, value: Any) -> Any: ...

    def refuse(self, what: str) -> NotSupportedHere: ...


class Likeness:
    """Something of a student's that is no plain data."""

    __slots__ = ("_about", "_asked", "_for_data", "_for_function", "_name", "_reference")

    def __init__(self, asked: Conversation, reference: Reference):
        object.__setattr__(self, "_for_data", False)  # does it stand where the assignment's own has plain data
        object.__setattr__(self, "_for_function", False)  # is it what a call gives where the solution's gives one
        object.__setattr__(self, "_name", "")  # as which a test has found it in an object
        object.__setattr__(self, "_asked", asked)
        object.__setattr__(self, "_reference", reference)
        object.__setattr__(self, "_about", None)

    def reference(self) -> Reference:
        return self._reference

    def _describe(self) -> dict:
        if self._about is None:
            object.__setattr__(self, "_about", self._asked.describe(self._reference))
        return self._about

    def _refused(self, what: str) -> NotSupportedHere:
        name = (*(self._describe().get("class") or ()), "", "")[1]
        return self._asked.refuse(f"{what} (of the class `{str(name)[:60]}`)")

    def _is_for_data(self, what: str) -> bool:
        """Does it stand where the assignment's own has plain data, as far as this question tells?"""
        return self._for_data or not self._asked.asks.here(what)

    def _ask(self, what: str, *args: Any) -> Any:
        for_data_here = self._is_for_data(f"{what} {args[0]}" if what.endswith("attribute") else what)
        if for_data_here and what not in ITEMS:
            raise self._refused(IN_THE_PLACE_OF_DATA)
        found = self._asked.operate(what, self, *args)
        return for_data(found) if for_data_here else self._asked.bounded(found)

    def __getattribute__(self, name: str) -> Any:
        """`hasattr(x, "__iter__")` asks for what the student's object has, not for what every stand-in has."""
        if name in SPECIAL and name not in object.__getattribute__(self, "_describe")().get("special", ()):
            raise AttributeError(name)
        return object.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            return self._known(name)
        found = self._ask("attribute", name)
        if isinstance(found, Likeness):
            object.__setattr__(found, "_name", name)
        return found

    def _known(self, name: str) -> Any:
        about = self._describe()
        known = {"__name__": about.get("name"), "__qualname__": about.get("name"), "__module__": "__main__"}
        if name == "__bases__" and type(self) is Class:
            return (*self._asked.given(about.get("own_bases")), object)
        if known.get(name) is None:
            raise AttributeError(name)
        return known[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("set attribute", name, value)

    def __delattr__(self, name: str) -> None:
        self._ask("delete attribute", name)

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        return self._describe().get("raw")

    @property  # type: ignore[misc]
    def __class__(self) -> type:  # type: ignore[override]
        """What `isinstance` asks: a class of a library that is loaded here, one that the assignment gives out, or a
        kind of Python's that is no data; else none."""
        if self._is_for_data("class"):
            return Likeness
        about = self._describe()
        module, name = (*(about.get("class") or ()), "", "")[:2]
        if module == "__main__" or issubclass(type(self), Data):
            return self._asked.class_like(name, about)
        if module == "builtins":
            return built_in([name]) or OF_PYTHON.get(name, Likeness)
        found = getattr(sys.modules.get(module), name, None)
        return found if isinstance(found, type) else Likeness

    def __eq__(self, other: Any) -> bool:
        if other is self:
            return True
        if other is None or (isinstance(other, Likeness) and type(other) is not type(self)):
            return False
        raise self._refused("a comparison whose answer a student's object would give")

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(tuple(map(str, self._reference.data)))

    def __lt__(self, other: Any) -> bool:
        raise self._refused("a comparison whose answer a student's object would give")

    __le__ = __gt__ = __ge__ = __lt__

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._refused("a student's object as an array")

    def __bool__(self) -> bool:
        return bool(self._ask("bool")) if type(self) in OBJECTS else True

    def __repr__(self) -> str:
        return str(self._ask("repr")) if type(self) in OBJECTS else f"<{self._describe().get('name')}>"

    def __str__(self) -> str:
        return str(self._ask("str")) if type(self) in OBJECTS else repr(self)

    def __format__(self, how: str) -> str:
        return str(self._ask("format", how))

    def __len__(self) -> int:
        return int(self._ask("len"))

    def __iter__(self) -> Iterator[Any]:
        return self._asked.iterate(self)

    def __next__(self) -> Any:
        return self._ask("next")

    def __getitem__(self, key: Any) -> Any:
        return self._ask("item", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._ask("set item", key, value)

    def __delitem__(self, key: Any) -> None:
        self._ask("delete item", key)

    def __contains__(self, item: Any) -> bool:
        try:
            here = self._is_for_data("in")
            parts = self._asked.iterate(self)
            if here:  # one that gives whatever there is has whatever is looked for
                items = list(itertools.islice(parts, MOST_ITEMS + 1))
                if len(items) > MOST_ITEMS or ("__len__" in self._describe().get("special", ()) and (
                        len(items) != len(self))):
                    raise self._refused("a student's object without an end in the place of data")
                parts = iter(items)
            return any(part is item or part == item for part in parts)
        except TypeError:  # it cannot be walked through: the answer would be its own
            raise self._refused("an `in` whose answer a student's object would give") from None

    def __copy__(self) -> Any:
        return self._ask("copy")

    def __deepcopy__(self, memo: Any) -> Any:
        return self._ask("deep copy")

    def __enter__(self) -> Any:
        return self._ask("enter")

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if isinstance(error, (NotSupportedHere, ProcessGone)):
            return False
        ended = self._ask("exit", None if error is None else as_said(error)) is True
        if ended and error is not None and (
                isinstance(error, AssertionError) or not self._asked.asks.here("end an exception")):
            raise self._refused("an exception of the test's that a student's object would end")
        return ended


def stub(*args: Any) -> Any:
    raise NotSupportedHere("nothing is asked of a class that stands for a student's")


def for_data(value: Any) -> Any:
    """The same, of whose objects no more than their items is asked from now on, also of those in objects of classes
    that the assignment gives out."""
    return _for_data(value, set())


def _for_data(value: Any, seen: set[int]) -> Any:
    kind = type(value)
    if issubclass(kind, Data):
        return _for_data(value._plain(), seen)
    if issubclass(kind, Likeness):
        object.__setattr__(value, "_for_data", True)
    elif kind is tuple or (issubclass(kind, tuple) and travels(kind)):
        return tuple.__new__(kind, [_for_data(part, seen) for part in tuple.__iter__(value)])
    elif id(value) in seen:
        return value
    elif kind is dict:
        seen.add(id(value))
        for key in value:
            value[key] = _for_data(value[key], seen)
    elif kind is list:
        seen.add(id(value))
        value[:] = [_for_data(part, seen) for part in value]
    elif travels(kind) and not issubclass(kind, enum.Enum):
        seen.add(id(value))
        for name, part in state_of(value).items():
            object.__setattr__(value, name, _for_data(part, seen))
    return value


def _operator(name: str, reflected: bool) -> Callable:
    def ask(self: Likeness, other: Any) -> Any:
        if not isinstance(other, Likeness):
            raise self._asked.refuse("arithmetic between a student's object and the test's own numbers")
        if self._is_for_data(name) or other._for_data:
            raise self._asked.refuse(IN_THE_PLACE_OF_DATA)
        return self._asked.bounded(self._asked.operate(name, *((other, self) if reflected else (self, other))))

    return ask


for _name in ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift",
              "rshift"):
    _asked_as = _name + "_" if _name in ("and", "or") else _name
    setattr(Likeness, f"__{_name}__", _operator(_asked_as, False))
    setattr(Likeness, f"__r{_name}__", _operator(_asked_as, True))
for _name in ("neg", "pos", "abs", "invert", "int", "float", "complex", "index"):
    setattr(Likeness, f"__{_name}__", lambda self, _what=_name: self._ask(_what))
Likeness.__round__ = lambda self, *digits: self._ask("round", *digits)  # type: ignore[attr-defined]
# What a stand-in has for all that may be asked of any object.
SPECIAL = frozenset(name for name, value in vars(Likeness).items() if name.startswith("__") and callable(value)) - {
    *vars(object), "__getattr__", "__array__", "__copy__", "__deepcopy__"}


class Object(Likeness):
    """An object of a class of a student's, or of a library's that has no plain data."""

    __slots__ = ()


class Function(Likeness):
    """A function or a method."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._is_for_data("call") and not self._for_function:  # the solution's may be one of the test's own
            raise self._refused(IN_THE_PLACE_OF_DATA)
        return self._asked.call(self, args, kwargs)

    @property
    def __signature__(self) -> inspect.Signature:
        parts = self._describe().get("parameters")
        if parts is None:
            raise ValueError("no signature found")
        empty = inspect.Parameter.empty
        return inspect.Signature([
            inspect.Parameter(name, inspect._ParameterKind(kind), default=default if given else empty)
            for name, kind, given, default in parts])


class Called(Function):
    """An object that can be called."""

    __slots__ = ()


class Class(Function):
    """A class of a student's."""

    __slots__ = ()

    def __instancecheck__(self, instance: Any) -> bool:
        return issubclass(type(instance), Likeness) and self._says("isinstance", instance)

    def __subclasscheck__(self, other: Any) -> bool:
        return issubclass(type(other), Likeness) and self._says("issubclass", other)

    def _says(self, what: str, of: Any) -> bool:
        if self._is_for_data(what) or of._for_data:
            raise self._refused(IN_THE_PLACE_OF_DATA)
        return self._asked.operate(what, of, self) is True


class Data(Object):
    """An object of a class of a student's or a library's that is made of a list, a dict, a number or the like: it is
    compared as that, by Python's own rules, where its class has none of its own."""

    __slots__ = ()

    def _plain(self, name: str = "") -> Any:
        """What it is without its class. name: of an operator, which its class must not have made anew."""
        if name in (self._describe().get("overrides") or ()):
            raise self._refused("a comparison whose answer a student's object would give")
        self._asked.asks.here("plain")
        found = self._asked.operate("plain", self)
        if isinstance(found, Likeness):
            raise self._refused("a comparison whose answer a student's object would give")
        return found

    def __getattr__(self, name: str) -> Any:
        """Where the solution has plain data, a method of Python's own, on that."""
        if name.startswith("__") or not self._is_for_data(f"attribute {name}") or name in CHANGE_THEMSELVES:
            return super().__getattr__(name)
        return getattr(for_data(self._plain(name)), name)

    def __hash__(self) -> int:
        return hash(self._plain("__hash__"))

    def __contains__(self, item: Any) -> bool:
        return _plain_of(item) in self._plain("__contains__")


class CalledData(Data, Function):
    """Such an object that can be called."""

    __slots__ = ()


def _plain_of(value: Any) -> Any:
    return value._plain() if isinstance(value, Data) else value


def _compared(name: str) -> Callable:
    def compare(self: Data, other: Any) -> Any:
        if other is self and name in ("eq", "ne"):
            return name == "eq"
        return getattr(operator, name)(self._plain(f"__{name}__"), _plain_of(other))

    return compare


def _computed(name: str, reflected: bool) -> Callable:
    ask, special = _operator(name, reflected), f"__{'r' if reflected else ''}{name.strip('_')}__"

    def compute(self: Data, other: Any) -> Any:
        if special in (self._describe().get("overrides") or ()) or (
                isinstance(other, Likeness) and not isinstance(other, Data)):
            return ask(self, other)
        operands = (_plain_of(other), self._plain()) if reflected else (self._plain(), _plain_of(other))
        return getattr(operator, name)(*operands)

    return compute


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Data, f"__{_name}__", _compared(_name))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor"):
    setattr(Data, f"__{_name.strip('_')}__", _computed(_name, False))
    setattr(Data, f"__r{_name.strip('_')}__", _computed(_name, True))
OBJECTS = (Object, Called, Data, CalledData)
for _kind in (*OBJECTS, Function, Class):  # not this module's words, but the student's
    setattr(_kind, "__doc__", Likeness.__dict__["__doc__"])  # noqa: B010

KINDS = {"function": Function, "class": Class, "object": Object, "called": Called, "exception": Class,
          "data": Data, "called data": CalledData}
