"""What a plain test asks of a student's things: what a name is, its attributes, calls, operators; and the test itself,
where it has to run in here.

Every function answers with plain data and handles, never with an exception.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import importlib
import inspect
import io
import operator
import random
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from helpers.checking.observing import cut, student_error
from helpers.grading.sandbox.asserts import run_test
from helpers.grading.sandbox.wire import CannotEncode, Reference, encode

PRINTED = 2**20  # characters of what a call prints
PARTS = 10_000  # of an argument that are looked at
FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type(len), types.MethodWrapperType)
BASES: tuple[type, ...] = (list, dict, tuple, str, int, float)
ASKED = {
    "neg": operator.neg, "pos": operator.pos, "abs": abs, "invert": operator.invert, "len": len, "iter": iter,
    "next": next, "item": lambda x, key: x[key], "set item": operator.setitem, "delete item": operator.delitem,
    "bool": bool, "int": int, "float": float, "complex": complex, "str": str, "repr": repr, "index": operator.index,
    "round": round, "format": format, "attribute": getattr, "set attribute": setattr, "delete attribute": delattr,
    "plain": lambda x: next(base for base in BASES if isinstance(x, base))(x), "copy": copy.copy,
    "deep copy": copy.deepcopy, "isinstance": isinstance, "issubclass": issubclass, "enter": lambda x: x.__enter__(),
    "exit": lambda x, said: _leave(x, said),
    **{name: getattr(operator, name) for name in (
        "add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor", "lshift", "rshift")},
}
_run_test = run_test


def nature(value: Any) -> str:
    """What a value is to a test that cannot have it."""
    if isinstance(value, type):
        return "exception" if issubclass(value, BaseException) else "class"
    if isinstance(value, types.ModuleType):
        return "module"
    if isinstance(value, FUNCTIONS):
        return "function"
    if isinstance(value, BASES) and type(value) not in BASES:
        return "called data" if callable(value) else "data"
    return "called" if callable(value) else "object"


def look(namespace: dict, name: str) -> dict:
    """A name: whether it is there, and its value (plain data, or a handle)."""
    if name not in namespace:
        return {"there": False}
    value = namespace[name]
    if isinstance(value, types.ModuleType):
        return {"there": True, "module": value.__name__}
    return {"there": True, "value": value}


def describe(value: Any) -> dict:
    """What Python tells of a function, a class or an object without running anything of its author's."""
    said: dict[str, Any] = {"name": _text(getattr(value, "__name__", None)), "parameters": None, "bases": [],
                            "raw": _text(getattr(value, "__doc__", None))}
    if isinstance(value, type):
        said["bases"], said["own_bases"] = built_in_bases(value), own_bases(value)
    signature = _quietly(inspect.signature, value)
    if signature is not None:
        said["parameters"] = [(p.name, int(p.kind), p.default is not p.empty, _plain(p.default))
                              for p in signature.parameters.values()]
    kind = type(value)
    said["class"], said["classes"] = (kind.__module__, kind.__qualname__), own_bases(kind)
    said["data"] = next((base.__name__ for base in BASES if isinstance(value, base)), "")
    said["overrides"] = [name for base in kind.__mro__ if base.__module__ != "builtins" for name in vars(base)]
    said["special"] = [name for base in (value if isinstance(value, type) else kind).__mro__ for name in vars(base)
                       if name.startswith("__") and name.endswith("__")]
    return said


def _quietly(function, value):
    try:
        return function(value)
    except BaseException:
        return None


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


def _plain(value: Any) -> Any:
    return value if _travels(value) else None


def apply(function: Any, args: list, kwargs: dict, is_given: Callable[[Any], bool] = lambda value: False) -> dict:
    """Call it: the value or what it raised, what it printed and warned.

    is_given: is an argument an object of a class that the assignment gives out? What has become of it goes back.
    """
    reply: dict[str, Any] = {}
    before = random_state()
    text, complaint = _Bounded(), _Bounded()
    with (contextlib.redirect_stdout(text), contextlib.redirect_stderr(complaint),
          warnings.catch_warnings(record=True) as warned):
        warnings.simplefilter("always")
        try:
            reply["value"] = function(*args, **kwargs)
        except BaseException as error:
            reply["raised"] = raised(error)
    reply["printed"], reply["complained"] = text.getvalue(), complaint.getvalue()
    reply["warned"] = [([base.__name__ for base in w.category.__mro__], cut(str(w.message), 500)) for w in warned[:20]]
    drawn = {name: state for name, state in random_state().items() if not same_state(state, before.get(name))}
    if drawn:
        reply["random"] = drawn
    now = [*enumerate(args), *kwargs.items()]
    reply["objects"] = [value for _, value in now if any(map(is_given, [value, *_items_of(value)]))]
    reply["states"] = [(key, state) for key, value in now if (state := state_of(value)) is not None]
    return reply


@contextlib.contextmanager
def in_the_place_of(replaced: dict[str, Any]) -> Iterator[None]:
    """Inside, functions of Python's are what a test has put in their places. replaced: by module and name."""
    before: list[tuple[Any, str, Any]] = []
    for place, function in replaced.items():
        module, _, name = place.partition(".")
        before.append((sys.modules[module], name, getattr(sys.modules[module], name)))
        setattr(sys.modules[module], name, function)
    try:
        yield
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)


def random_state() -> dict[str, Any]:
    """How far the sources of random numbers have got that all code shares."""
    found: dict[str, Any] = {"python": random.getstate()}
    if (numpy := sys.modules.get("numpy")) is not None:
        found["numpy"] = numpy.random.get_state()
    if (torch := sys.modules.get("torch")) is not None and hasattr(torch, "get_rng_state"):
        found["torch"] = torch.get_rng_state().numpy()
    return found


def same_state(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return isinstance(other, tuple) and len(one) == len(other) and all(map(same_state, one, other))
    if hasattr(one, "tobytes"):
        return hasattr(other, "tobytes") and one.tobytes() == other.tobytes()
    return bool(one == other)


def _items_of(value: Any) -> Iterable[Any]:
    return value[:PARTS] if type(value) in (list, tuple) else [*value.values()][:PARTS] if type(value) is dict else ()


def state_of(value: Any) -> Any:
    """How far a source of random numbers, or a text in memory, has got; None of anything else."""
    kind = type(value)
    if kind is io.StringIO:
        return None if value.closed else (value.getvalue(), value.tell())
    if kind is random.Random:
        return value.getstate()
    numpy = sys.modules.get("numpy")
    if numpy is not None and kind is numpy.random.Generator:
        return value.bit_generator.state
    return value.get_state() if numpy is not None and kind is numpy.random.RandomState else None


def in_state(kind: str, state: Any) -> Any:
    """A source of random numbers, or a text in memory, that goes on from where a test's has got."""
    made: Any
    if kind == "StringIO":
        made = io.StringIO(state[0])
        made.seek(state[1])
    elif kind == "Random":
        made = random.Random()
        version, numbers, following = state
        made.setstate((version, tuple(numbers), following))
    else:
        import numpy

        made = numpy.random.RandomState()
        made.set_state(tuple(state))
    return made


class _Bounded(io.StringIO):
    def write(self, text: str) -> int:
        if self.tell() <= PRINTED:
            super().write(text[:PRINTED])
        return len(text)


def raised(error: BaseException) -> dict:
    """An exception as data: the names of its class and of Python's own classes above it, and what it says."""
    seen = student_error(error)
    arguments = [argument for argument in error.args if isinstance(argument, (str, int, float, bool, type(None)))]
    if isinstance(error, OSError) and isinstance(error.filename, str) and len(arguments) == 2:
        arguments.append(error.filename)
    kept = {name: value for name, value in list(vars(error).items())[:20] if type(name) is str and _travels(value)}
    return {"type": seen.type, "bases": built_in_bases(type(error)), "own_bases": own_bases(type(error)),
            "module": type(error).__module__, "attributes": kept,
            "message": seen.message, "line": seen.line, "lineno": seen.lineno,
            "args": [cut(a, 500) if isinstance(a, str) else a for a in arguments[:5]],
            "own": type(error).__module__ == "__main__"}


def built_in_bases(kind: type) -> list[str]:
    return [base.__name__ for base in kind.__mro__ if base.__module__ == "builtins"]


def own_bases(kind: type) -> list[str]:
    """A student's class and those of their classes that it is made of, it first."""
    return [base.__name__ for base in kind.__mro__ if base.__module__ == "__main__"]


def _travels(value: Any) -> bool:
    try:
        encode(value)
    except CannotEncode:
        return False
    return True


def found_by_name(module: str, name: str) -> Any:
    """A function or class of Python's or numpy's; None where there is none of that name."""
    found: Any = None
    if module:
        with contextlib.suppress(Exception):
            found = importlib.import_module(module)
            for part in name.split("."):
                found = getattr(found, part)
    return found


def _leave(manager: Any, said: dict | None) -> bool:
    """End a `with` block: as the test's block ended, with an exception (as `raised` says one) or without."""
    if said is None:
        return bool(manager.__exit__(None, None, None))
    error = made_again(said, sys.modules["__main__"].__dict__)
    try:
        return bool(manager.__exit__(type(error), error, None))
    except BaseException as other:
        if other is error:  # it is the test's to raise
            return False
        raise


def made_again(said: dict, own: dict[str, Any]) -> BaseException:
    """An exception of a test's, of the student's class of that name or of Python's."""
    for name in (said["type"], *said["bases"]):
        kind = own.get(name) if name == said["type"] and said["own"] else getattr(builtins, name, None)
        if isinstance(kind, type) and issubclass(kind, BaseException):
            error = kind.__new__(kind, *said["args"])
            error.args = tuple(said["args"])
            return error
    return Exception(said["message"])


def set_random(state: dict) -> None:
    """The random numbers go on from where a test has put them."""
    if "python" in state:
        version, numbers, following = state["python"]
        random.setstate((version, tuple(numbers), following))
    if "numpy" in state and "numpy" in sys.modules:
        sys.modules["numpy"].random.set_state(tuple(state["numpy"]))
    if "torch" in state and "torch" in sys.modules:
        torch = sys.modules["torch"]
        torch.set_rng_state(torch.as_tensor(state["torch"], dtype=torch.uint8))


def test(namespace: dict, source: str, name: str, imports: list[str]) -> dict:
    """Run a test cell in the student's own namespace, its imports made anew: `passed`, or what it raised."""
    for line in imports:
        with contextlib.suppress(Exception):
            exec(line, namespace)
    return _run_test(source, name, namespace).to_dict()


def unresolved(error: Any) -> dict:
    return {"raised": {"type": error.type, "bases": [error.type, "Exception"], "message": error.message, "line": "",
                       "lineno": 0, "args": [error.message], "own": False}}


def handle(count: int, value: Any, type_name: str) -> Reference:
    return Reference("handle", (count, type_name, nature(value)))


