"""Stand-ins for a student's things in a plain test: they behave as Python's own would, or say that they cannot.

A test that was written for a notebook calls functions, makes objects, catches exceptions and compares. What comes
back as plain data is itself here. What stays with the student is a `Likeness`: calls, attributes, iteration and the
like are asked of the student's process. Never asked is what would let an object decide about a mark: a comparison,
arithmetic with the test's own numbers, and where the solution has data anything but an object's items and its text;
these raise NotSupportedHere, and the test runs elsewhere.
"""

from __future__ import annotations

import builtins
import contextlib
import enum
import inspect
import io
import itertools
import operator
import random
import sys
import time
import types
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np

from helpers.grading.sandbox.asks import ARGUMENTS, MORE, NOTHING, Asks
from helpers.grading.sandbox.drawing import drawn_from
from helpers.grading.sandbox.given import Given, state_of, travels
from helpers.grading.sandbox.inside.plainly import random_state, same_state, set_random
from helpers.grading.sandbox.shared import CHANGE_THEMSELVES, Shared, bytes_of, parts, replaced
from helpers.grading.sandbox.wire import Reference
from helpers.grading.sandbox.written import Written

IN_THE_PLACE_OF_DATA = "a student's object in the place of data"
# What is asked of an object where the assignment's own has data: what is in it, and how it reads.
ITEMS = ("iter", "next", "item", "len", "bool", "str", "repr", "format")
LIBRARIES = frozenset({
    "PIL", "_csv", "_pickle", "asyncio", "binascii", "configparser", "copy", "csv", "dataclasses", "decimal", "json",
    "matplotlib", "networkx", "numpy", "pandas", "pickle", "queue", "re", "scipy", "shutil", "sklearn", "sqlite3",
    "statistics", "struct", "subprocess", "sympy", "tarfile", "torch", "urllib", "xml", "zipfile", "zlib", "zoneinfo"})
KNOWN = frozenset({
    "builtins", "cmath", "collections", "datetime", "decimal", "fractions", "functools", "itertools", "json", "math",
    "numpy", "operator", "pandas", "re", "scipy", "statistics", "string"})
MOST_ITEMS = 10_000  # of an object in the place of data, among which something is looked for
LARGE = 8_000_000  # bytes of a result that nobody asks about
DATA: dict[str, type] = {kind.__name__: kind for kind in (list, dict, tuple, str, int, float)}
_OF_PYTHON: tuple[type, ...] = (
    enumerate, filter, map, reversed, zip, types.CoroutineType, types.GeneratorType, type({}.keys()), type({}.values()),
    type({}.items()), type(iter([])), type(iter(())), type(iter("")))
OF_PYTHON = {kind.__name__: kind for kind in _OF_PYTHON}
# What tests put something else in the place of, for a student's code to call: `patch("builtins.input", …)`.
_REPLACED: dict[Any, tuple[str, ...]] = {
    builtins: ("input", "print"), time: ("perf_counter", "sleep", "time"),
    random: ("choice", "choices", "gauss", "randint", "random", "randrange", "sample", "uniform")}
_ORIGINALS = {(module, name): getattr(module, name) for module, names in _REPLACED.items() for name in names}
NATURES = ("function", "class", "exception", "object", "called", "module", "data", "called data")


class NotSupportedHere(BaseException):
    """A test asks something of a student's object that is not asked from here. No `except Exception` catches it."""


class ProcessGone(BaseException):
    """The student's process has ended, or took too long; not an exception that a test may wait for."""


class Process(Protocol):
    ended: str | None
    given: Given | None
    asserted: bool  # has an assertion failed in a function of a test's that the student's code has called

    def ask(self, message: dict, seconds: float | None = None) -> dict: ...

    def know(self, classes: Mapping[str, type]) -> None: ...


class Likeness:
    """Something of a student's that is no plain data."""

    __slots__ = ("_about", "_asked", "_for_data", "_name", "_reference")

    def __init__(self, asked: Asking, reference: Reference):
        object.__setattr__(self, "_for_data", False)  # does it stand where the assignment's own has plain data
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
            return _built_in([name]) or OF_PYTHON.get(name, Likeness)
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


def _stub(*args: Any) -> Any:
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
        if self._is_for_data("call"):
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
        return getattr(_for_data(self._plain(name), set()), name)

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

_KINDS = {"function": Function, "class": Class, "object": Object, "called": Called, "exception": Class,
          "data": Data, "called data": CalledData}


class StandIn:
    """A base of the classes that stand for a student's classes of exceptions."""

    said_there: str | None = None  # what one says that was raised in the student's process

    def __str__(self) -> str:
        return super().__str__() if self.said_there is None else self.said_there


class Asking:
    """The conversation of plain tests with one student's process."""

    def __init__(self, process: Process, seconds: float, asks: Asks):
        self.process, self.seconds, self.asks = process, seconds, asks
        self.refused = ""  # why something was not supported here, if it was
        self.gone = ""
        self.asked = False  # has a test run something of the student's
        self.epoch = 0  # how often something of the student's has run
        self.exceptions: dict[str, type] = {}
        self.shared = Shared(1, 1)
        self.classes: dict[str, type] = {}
        self.meddled = False  # has a call changed something in place that the assignment's own leaves as it is
        self.copies = False  # what such a call changes is a copy's alone
        self.class_likes: dict[tuple, type] = {}
        self.written: Written | None = None  # the files of the test that is running, if it may have a student's
        self.stand_ins: dict[int, Likeness] = {}  # by the number of the object in the student's process
        self._random = random_state()

    # What comes back -------------------------------------------------------------------------------------------------

    def stand_in(self, reference: Reference) -> Any:
        """What a handle is here: for an object of the student's the same each time."""
        number, _, nature = reference.data
        kind = _KINDS.get(nature, Object)
        known = self.stand_ins.get(number)
        if known is None or type(known) is not kind:
            known = self.stand_ins[number] = kind(self, Reference("own", (number, "")))
        return known

    def bounded(self, value: Any) -> Any:
        """What comes from a student's process; refused if it is many times as large as all of the solution's."""
        size = bytes_of(value)
        if size > LARGE + 10 * self.asks.largest(size):
            raise self.refuse("a result many times as large as the solution's")
        return Path(value) if type(value) is PurePosixPath else value  # what it may open here is watched

    def given_to(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """Arguments that a student's code gives to a function of a test's."""
        return tuple(map(self.bounded, args)), {key: self.bounded(arg) for key, arg in kwargs.items()}

    def refuse(self, what: str) -> NotSupportedHere:
        self.refused = self.refused or what
        return NotSupportedHere(f"{what} is not supported here")

    def look(self, name: str) -> tuple[bool, Any]:
        """Whether a name is there, and what it is."""
        reply = self._answer({"do": "look", "name": name})
        if "module" in reply:
            return True, sys.modules.get(str(reply["module"])) or self._no_module(str(reply["module"]))
        if reply.get("there") is not True:
            return False, None
        value = reply.get("value")
        if isinstance(value, Class) and (made := self._exception_class(value)):
            return True, made
        return True, value

    def _no_module(self, name: str) -> Any:
        raise self.refuse(f"the module {name[:50]} of a student's")

    def _exception_class(self, value: Class) -> type | None:
        """A class of Python's own making in the place of a student's class of exceptions, to raise and to catch."""
        about = value._describe()
        return self._own_exception(about.get("own_bases"), about.get("bases"))

    def given(self, names: Any) -> list[type]:
        """Of the classes of these names, those that the assignment gives out."""
        return [self.classes[name] for name in names if isinstance(name, str) and name in self.classes] if isinstance(
            names, list) else []

    def class_like(self, name: Any, about: dict) -> type:
        """A class that stands for an object's own one: of given classes, and with the methods by which an abstract
        class such as `Iterable` knows its own."""
        special = frozenset(n for n in about.get("special") or () if isinstance(n, str)) & SPECIAL
        base = DATA.get(str(about.get("data")))
        bases = (base,) if base is not None else (*self.given(about.get("classes"))[:1],)
        key = (str(name), bases, special)
        if key not in self.class_likes:
            with_methods = dict.fromkeys(special, _stub)
            try:
                made = types.new_class(str(name)[:100], bases, {}, lambda body: body.update(with_methods))
            except Exception:  # a class that none can be derived from
                made = bases[0] if bases else Likeness
            self.class_likes[key] = made
        return self.class_likes[key]

    def end(self) -> None:
        """A test has ended: in the student's process, too, as a cell ends."""
        if self.asked and self.process.ended is None:
            self.process.ask({"do": "end"}, self.seconds)
        self.asked = False

    def look_for_files(self, folder: Path) -> None:
        """What a student's cells have written is there before a test looks for it. folder: that of the test."""
        with contextlib.suppress(ProcessGone, NotSupportedHere):
            self._answer({"do": "files", "folder": str(folder)})
        self.gone = self.refused = ""

    def know(self, classes: dict[str, type]) -> None:
        """These are the assignment's own classes, which a student's notebook has as well."""
        self.classes = classes
        self.process.know(classes)

    def describe(self, reference: Reference) -> dict:
        return self._answer({"do": "about", "target": reference}).get("about") or {}

    def operate(self, what: str, *operands: Any) -> Any:
        return self._outcome(self._answer({"do": "operate", "what": what, "args": operands}, operands), what == "next")

    def iterate(self, thing: Likeness) -> Iterator[Any]:
        """What `iter(thing)` gives: itself, where it is an iterator of the student's."""
        for_data_here = thing._is_for_data("iter")
        iterator = self.operate("iter", thing)
        return thing if iterator is thing and not for_data_here else self._walk(thing, iterator, for_data_here)

    def _walk(self, thing: Likeness, iterator: Any, for_data_here: bool) -> Iterator[Any]:
        if not isinstance(iterator, Likeness):
            yield from iterator
            return
        while True:
            self.asks.here("next")
            try:
                value = self.operate("next", iterator)
            except StopIteration:
                return
            yield for_data(value) if for_data_here else self.bounded(value)

    def call(self, function: Likeness, args: tuple, kwargs: dict) -> Any:
        """Call a function of the student's; what it prints is printed here, what it changes in place is changed."""
        message = {"do": "apply", "target": function.reference(), "args": args, "kwargs": kwargs}
        state = random_state()
        if changed := {name: value for name, value in state.items() if not same_state(value, self._random.get(name))}:
            message["random"] = changed
        self._random = state
        reply = self._answer(message, (args, kwargs))
        for stream, said in ((sys.stdout, reply.get("printed")), (sys.stderr, reply.get("complained"))):
            if said and isinstance(said, str):
                stream.write(said)
        for bases, text in reply.get("warned") or ():
            category = next((c for c in map(_warning, bases) if c), UserWarning)
            warnings.warn(str(text), category, stacklevel=3)
        if isinstance(reply.get("random"), dict):  # a test that draws goes on from where the student's code has stopped
            self._go_on(reply["random"])
        given = {**dict(enumerate(args)), **kwargs}
        for key, state in reply.get("states") or ():
            _set_state(given.get(key), state)
        return self.bounded(self._outcome(reply, function._name in ("send", "throw")))  # as a generator's do

    def _go_on(self, said: dict) -> None:
        drawn = {name: drawn_from(name, state, said[name]) for name, state in self._random.items() if name in said}
        with contextlib.suppress(Exception):
            set_random({name: state for name, state in drawn.items() if state is not None})
        self._random = random_state()

    def _outcome(self, reply: dict, may_end: bool = False) -> Any:
        """may_end: a StopIteration says that there is nothing more, and ends no loop of the test's."""
        said, asserted = reply.get("raised"), self.process.asserted
        self.process.asserted = False
        error = None if said is None else self.exception(said)
        if asserted and not isinstance(error, AssertionError):
            raise self.refuse("an assertion of the test's that a student's code has caught")
        if isinstance(error, StopIteration) and not may_end:
            raise self.refuse("a StopIteration that would end a loop of the test's")
        if error is not None:
            raise error
        return reply.get("value")

    def exception(self, said: dict) -> BaseException:
        """What a student's code raised, as Python's or a library's own class of that name, or as one that stands for
        the student's: with the text and the plain attributes that it has there."""
        said = for_data(said)  # texts and numbers, and nothing that answers for itself
        name, message = str(said.get("type"))[:100], said.get("message")
        kind: type[BaseException]
        if said.get("own") is True:
            kind = self._own_exception(said.get("own_bases"), said.get("bases")) or Exception
        else:
            bases = [name, *(said.get("bases") or ())]
            kind = _of_library(said.get("module"), name) or _built_in(bases) or RuntimeError
        given = said.get("args")
        arguments = given if isinstance(given, list) else [message]
        try:
            error = kind(*arguments)
        except Exception:  # UnicodeDecodeError and its like take more than a text
            return next((base for base in kind.__mro__[1:] if base in (ValueError, OSError)), RuntimeError)(message)
        if isinstance(error, StandIn):
            error.said_there = message if isinstance(message, str) else None
        kept = said.get("attributes")
        for key, value in kept.items() if isinstance(kept, dict) else ():
            if isinstance(key, str) and key.isidentifier() and not hasattr(BaseException, key) and key != "said_there":
                with contextlib.suppress(AttributeError, TypeError, ValueError):
                    setattr(error, key, value)
        return error

    def _own_exception(self, names: Any, bases: Any) -> type[BaseException] | None:
        """The class here for a student's class of exceptions. names: it and its bases among the student's classes."""
        kind = _built_in(bases)
        if kind is None:
            return None
        for name in [name for name in names if isinstance(name, str)][:20][::-1] if isinstance(names, list) else ():
            known = self.exceptions.get(name)
            kind = known if known is not None and issubclass(known, kind) else type(name[:100], (
                kind,) if issubclass(kind, StandIn) else (StandIn, kind), {})
            self.exceptions[name] = kind
        return kind

    @contextlib.contextmanager
    def _changing(self, allowed: Collection[int] | None) -> Iterator[set[int]]:
        """Ids of the assignment's objects that the answer in the block has changed. allowed: what it may."""
        changed: set[int] = set()
        if (given := self.process.given) is None:
            yield changed
            return
        before = given.allowed, given.keeps, given.changed
        given.allowed, given.keeps, given.changed = allowed, self.copies, changed
        try:
            yield changed
        finally:
            given.allowed, given.keeps, given.changed = before

    # The conversation ------------------------------------------------------------------------------------------------

    def _answer(self, message: dict, arguments: Any = None) -> dict:
        """arguments: of a question of a test's; None: the test has asked nothing itself."""
        self.asked = True
        if message["do"] not in ("look", "about", "files"):
            self.epoch += 1
        if message["do"] != "about" and self.written is not None and (files := self.written.changed()):
            message["files"] = files
        if message["do"] in ("apply", "operate"):
            message["replaced"] = replaced_by_the_test()
        if message["do"] != "about":
            message |= {"shared": self.shared.listed(message.get("args"), message.get("kwargs")),
                        "forgotten": self.shared.forgotten()}
        question, may_change = self.asks.last, MORE if arguments is None else self.asks.may_change()
        own = {id(part) for part in parts(arguments, self.classes.values())} if may_change != NOTHING else set()
        allowed = None if may_change == MORE else own
        try:
            with self._changing(allowed) as changed:
                reply = self.process.ask(message, self.seconds)
        except TypeError as error:
            raise self.refuse(f"an argument that cannot travel ({error})") from None
        late = reply.get("late")
        if isinstance(late, (int, float)) and late:
            self.gone = f"took longer than {late:g} s and was stopped"
            raise ProcessGone(self.gone)
        if self.process.ended is not None:
            self.gone = self.process.ended
            raise ProcessGone(self.gone)
        try:
            here = self.shared.take(reply.get("shared"), allowed, self.copies)
            changed |= self.shared.changed
        except Exception as error:
            raise self.refuse(f"an argument of the kind of {error}") from None
        self.meddled = self.meddled or (allowed is not None and not changed <= allowed)
        if changed and arguments is not None:
            self.asks.note_change(question, ARGUMENTS if changed <= own else MORE)
        if self.written is not None:
            self.written.take(reply.get("files"))
        if "value" in reply:
            reply["value"] = replaced(reply["value"], here)
        return reply


def replaced_by_the_test() -> dict[str, Any]:
    """What a test has put in the place of functions of Python's, by module and name."""
    now = {(module, name): getattr(module, name, None) for module, name in _ORIGINALS}
    return {f"{module.__name__}.{name}": now[module, name] for (module, name), original in _ORIGINALS.items()
            if now[module, name] is not original and callable(now[module, name])}


@contextlib.contextmanager
def nothing_replaced_behind() -> Iterator[None]:
    """After a block, functions of Python's are where they were, whatever a test has left in their places."""
    try:
        yield
    finally:
        for (module, name), original in _ORIGINALS.items():
            setattr(module, name, original)


def as_said(error: BaseException) -> dict[str, Any]:
    """An exception of a test's as its student's process can make it again."""
    arguments = [argument for argument in error.args if isinstance(argument, (str, int, float, bool, type(None)))]
    return {"type": type(error).__name__, "own": isinstance(error, StandIn), "message": str(error)[:500],
            "args": arguments,
            "bases": [base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins"]}


def known_name(function: Any) -> tuple[str, str]:
    """Module and name by which a function or class of Python's or numpy's is the same in every process, or two ""."""
    owner = getattr(function, "__objclass__", None)
    module = "numpy" if isinstance(function, np.ufunc) else getattr(owner or function, "__module__", None)
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    if isinstance(module, str) and isinstance(name, str) and module.partition(".")[0] in KNOWN:
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is function:
            return module, name
    return "", ""


def _built_in(names: Any) -> type[BaseException] | None:
    for name in names if isinstance(names, (list, tuple)) else ():
        found = getattr(builtins, name, None) if isinstance(name, str) else None
        if isinstance(found, type) and issubclass(found, BaseException):
            return found
    return None


def _of_library(module: Any, name: str) -> type[BaseException] | None:
    """A library's class of exceptions that is loaded here; none by which a test is skipped or ended."""
    if not isinstance(module, str) or module.partition(".")[0] not in LIBRARIES:
        return None
    found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else None


def _warning(name: Any) -> type[Warning] | None:
    found = _built_in([name])
    return found if found is not None and issubclass(found, Warning) else None


def _set_state(mine: Any, state: Any) -> None:
    """A source of random numbers, or a text in memory, goes on from where the student's code has left its copy."""
    with contextlib.suppress(Exception):  # what is no state leaves it where it was
        if type(mine) is io.StringIO:
            text, place = state
            mine.seek(0)
            mine.truncate()
            mine.write(text)
            mine.seek(place)
        elif type(mine) is random.Random:
            mine.setstate(drawn_from("python", mine.getstate(), state))
        elif type(mine) is np.random.RandomState:
            mine.set_state(drawn_from("numpy", mine.get_state(), state))
        elif type(mine) is np.random.Generator:
            mine.bit_generator.state = drawn_from("generator", mine.bit_generator.state, state)
