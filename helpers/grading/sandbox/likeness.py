"""Stand-ins for a student's things in a plain test: they behave as Python's own would, or say that they cannot.

A test that was written for a notebook calls functions, makes objects, catches exceptions and compares. What comes
back as plain data is itself here. What stays with the student is a `Likeness`: calls, attributes, iteration and the
like are asked of the student's process. Never asked is what would let an object decide about a mark: a comparison,
arithmetic with the test's own numbers, and of an object in the place of data anything but its items; these raise
NotSupportedHere, and the test runs elsewhere.
"""

from __future__ import annotations

import builtins
import inspect
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from helpers.grading.sandbox.wire import Reference

ITEMS = ("iter", "next", "item", "len", "bool")  # what is asked of an object where the assignment's own has data
NATURES = ("function", "class", "exception", "object", "called", "module")


class NotSupportedHere(BaseException):
    """A test asks something of a student's object that is not asked from here. No `except Exception` catches it."""


class ProcessGone(BaseException):
    """The student's process has ended, or took too long; not an exception that a test may wait for."""


class Process(Protocol):
    ended: str | None

    def ask(self, message: dict, seconds: float | None = None) -> dict: ...


class Likeness:
    """Something of a student's that is no plain data."""

    __slots__ = ("_about", "_asked", "_for_data", "_gives_data", "_reference")

    def __init__(self, asked: Asking, reference: Reference):
        object.__setattr__(self, "_for_data", False)  # does it stand where the assignment's own has plain data
        object.__setattr__(self, "_gives_data", False)  # does the assignment's own function return plain data
        object.__setattr__(self, "_asked", asked)
        object.__setattr__(self, "_reference", reference)
        object.__setattr__(self, "_about", None)

    def reference(self) -> Reference:
        return self._reference

    def _describe(self) -> dict:
        if self._about is None:
            object.__setattr__(self, "_about", self._asked.describe(self._reference))
        return self._about

    def _ask(self, what: str, *args: Any) -> Any:
        if self._for_data and what not in ITEMS:
            raise self._asked.refuse("a student's object in the place of data")
        found = self._asked.operate(what, self, *args)
        return for_data(found) if self._for_data else found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            return self._known(name)
        return self._ask("attribute", name)

    def _known(self, name: str) -> Any:
        about = self._describe()
        known = {"__name__": about.get("name"), "__qualname__": about.get("name"), "__module__": "__main__"}
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
        """What `isinstance` asks: a class of a library that is loaded here, else none."""
        if self._for_data:
            return Likeness
        module, name = (*(self._describe().get("class") or ()), "", "")[:2]
        found = getattr(sys.modules.get(module), name, None) if module not in ("__main__", "builtins") else None
        return found if isinstance(found, type) else Likeness

    def __eq__(self, other: Any) -> bool:
        if other is self:
            return True
        if other is None or (isinstance(other, Likeness) and type(other) is not type(self)):
            return False
        raise self._asked.refuse("a comparison whose answer a student's object would give")

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(tuple(map(str, self._reference.data)))

    def __lt__(self, other: Any) -> bool:
        raise self._asked.refuse("a comparison whose answer a student's object would give")

    __le__ = __gt__ = __ge__ = __lt__

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._asked.refuse("a student's object as an array")

    def __bool__(self) -> bool:
        return bool(self._ask("bool")) if type(self) in (Object, Called) else True

    def __repr__(self) -> str:
        return str(self._ask("repr")) if type(self) in (Object, Called) else f"<{self._describe().get('name')}>"

    def __str__(self) -> str:
        return str(self._ask("str")) if type(self) in (Object, Called) else repr(self)

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
        return any(part is item or part == item for part in self)

    def __enter__(self) -> Any:
        return self._ask("enter")

    def __exit__(self, *exc: Any) -> None:
        self._ask("exit")


def for_data(value: Any) -> Any:
    """The same, of whose objects no more than their items is asked from now on."""
    if isinstance(value, Likeness):
        object.__setattr__(value, "_for_data", True)
    elif isinstance(value, dict):
        for part in value.values():
            for_data(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            for_data(part)
    return value


def gives_data(function: Any) -> None:
    """Whatever this function of a student's returns stands in the place of data."""
    if isinstance(function, Likeness):
        object.__setattr__(function, "_gives_data", True)


def _operator(name: str, reflected: bool) -> Callable:
    def ask(self: Likeness, other: Any) -> Any:
        if not isinstance(other, Likeness):
            raise self._asked.refuse("arithmetic between a student's object and the test's own numbers")
        if self._for_data or other._for_data:
            raise self._asked.refuse("a student's object in the place of data")
        return self._asked.operate(name, *((other, self) if reflected else (self, other)))

    return ask


for _name in ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift",
              "rshift"):
    _asked_as = _name + "_" if _name in ("and", "or") else _name
    setattr(Likeness, f"__{_name}__", _operator(_asked_as, False))
    setattr(Likeness, f"__r{_name}__", _operator(_asked_as, True))
for _name in ("neg", "pos", "abs", "invert", "int", "float", "complex", "index"):
    setattr(Likeness, f"__{_name}__", lambda self, _what=_name: self._ask(_what))
Likeness.__round__ = lambda self, *digits: self._ask("round", *digits)  # type: ignore[attr-defined]


class Object(Likeness):
    """An object of a class of a student's, or of a library's that has no plain data."""

    __slots__ = ()


class Function(Likeness):
    """A function or a method."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
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
        return isinstance(instance, Likeness) and self._asked.operate("isinstance", instance, self) is True


for _kind in (Object, Function, Called, Class):  # not this module's words, but the student's
    setattr(_kind, "__doc__", Likeness.__dict__["__doc__"])  # noqa: B010

_KINDS = {"function": Function, "class": Class, "object": Object, "called": Called, "exception": Class}


class Asking:
    """The conversation of plain tests with one student's process."""

    def __init__(self, process: Process, seconds: float):
        self.process, self.seconds = process, seconds
        self.refused = ""  # why something was not supported here, if it was
        self.gone = ""
        self.epoch = 0  # how often something of the student's has run
        self.exceptions: dict[str, type] = {}
        self._random = self._state()

    # What comes back -------------------------------------------------------------------------------------------------

    def stand_in(self, reference: Reference) -> Any:
        """What a handle is here."""
        nature = reference.data[2] if len(reference.data) > 2 else "object"
        return _KINDS.get(nature, Object)(self, Reference("own", (reference.data[0], "")))

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
        base = _built_in(about.get("bases"))
        name = about.get("name")
        if base is None or not isinstance(name, str):
            return None
        if name not in self.exceptions:
            self.exceptions[name] = type(name[:100], (base,), {})
        return self.exceptions[name]

    def describe(self, reference: Reference) -> dict:
        return self._answer({"do": "about", "target": reference}).get("about") or {}

    def operate(self, what: str, *operands: Any) -> Any:
        return self._outcome(self._answer({"do": "operate", "what": what, "args": operands}))

    def iterate(self, thing: Likeness) -> Iterator[Any]:
        iterator = self.operate("iter", thing)
        if not isinstance(iterator, Likeness):
            yield from iterator
            return
        while True:
            try:
                value = self.operate("next", iterator)
            except StopIteration:
                return
            yield for_data(value) if thing._for_data else value

    def call(self, function: Likeness, args: tuple, kwargs: dict) -> Any:
        """Call a function of the student's; what it prints is printed here, what it changes in place is changed."""
        message = {"do": "apply", "target": function.reference(), "args": args, "kwargs": kwargs}
        state = self._state()
        if changed := {name: value for name, value in state.items() if not _same(value, self._random.get(name))}:
            message["random"] = changed
        self._random = state
        reply = self._answer(message)
        if reply.get("printed"):
            print(reply["printed"], end="")
        for bases, text in reply.get("warned") or ():
            category = next((c for c in map(_warning, bases) if c), UserWarning)
            warnings.warn(str(text), category, stacklevel=3)
        for key, value in reply.get("changed") or ():
            _change(kwargs.get(key) if isinstance(key, str) else args[key] if type(key) is int and 0 <= key < len(
                args) else None, value, self)
        return for_data(self._outcome(reply)) if function._gives_data else self._outcome(reply)

    def _outcome(self, reply: dict) -> Any:
        said = reply.get("raised")
        if said is None:
            return reply.get("value")
        raise self.exception(said)

    def exception(self, said: dict) -> BaseException:
        """What a student's code raised, as Python's own class of that name."""
        name, message = str(said.get("type"))[:100], said.get("message")
        if said.get("own") is True:
            base = _built_in(said.get("bases")) or Exception
            kind = self.exceptions.setdefault(name, type(name, (base,), {}))
        else:
            kind = _built_in([name, *(said.get("bases") or ())]) or RuntimeError
        given = said.get("args")
        arguments = given if isinstance(given, list) else [message]
        try:
            return kind(*arguments)
        except Exception:  # UnicodeDecodeError and its like take more than a text
            return next((base for base in kind.__mro__[1:] if base in (ValueError, OSError)), RuntimeError)(message)

    # The conversation ------------------------------------------------------------------------------------------------

    def _answer(self, message: dict) -> dict:
        if message["do"] not in ("look", "about"):
            self.epoch += 1
        try:
            reply = self.process.ask(message, self.seconds)
        except TypeError as error:
            raise self.refuse(f"an argument that cannot travel ({error})") from None
        if reply.get("late") is True:
            self.gone = f"took longer than {self.seconds:g} s and was stopped"
            raise ProcessGone(self.gone)
        if self.process.ended is not None:
            self.gone = self.process.ended
            raise ProcessGone(self.gone)
        return reply

    def _state(self) -> dict[str, Any]:
        state = {"python": random.getstate(), "numpy": np.random.get_state()}  # noqa: NPY002
        torch = sys.modules.get("torch")
        if torch is not None and hasattr(torch, "get_rng_state"):
            state["torch"] = torch.get_rng_state().numpy()
        return state


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and np.array_equal(one, other)
    if isinstance(one, tuple):
        return isinstance(other, tuple) and len(one) == len(other) and all(map(_same, one, other))
    return one == other


def _built_in(names: Any) -> type[BaseException] | None:
    for name in names if isinstance(names, (list, tuple)) else ():
        found = getattr(builtins, name, None) if isinstance(name, str) else None
        if isinstance(found, type) and issubclass(found, BaseException):
            return found
    return None


def _warning(name: Any) -> type[Warning] | None:
    found = _built_in([name])
    return found if found is not None and issubclass(found, Warning) else None


def _change(mine: Any, value: Any, asking: Asking) -> None:
    """Make an argument what the student's code has made of its copy."""
    if isinstance(mine, Likeness):
        return
    if isinstance(mine, list) and isinstance(value, list):
        mine[:] = value
    elif isinstance(mine, (dict, set)) and isinstance(value, (dict, set)):
        mine.clear()
        mine.update(value)
    elif isinstance(mine, np.ndarray) and isinstance(value, np.ndarray) and mine.shape == value.shape:
        mine[...] = value
    elif hasattr(mine, "_update_inplace") and type(mine) is type(value):  # a table
        mine._update_inplace(value)
    else:
        raise asking.refuse(f"an argument of type {type(mine).__name__} that is changed in place")
