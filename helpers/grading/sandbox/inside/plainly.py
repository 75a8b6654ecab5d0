"""What a plain test asks of a student's things: what a name is, its attributes, calls, operators; and the test itself,
where it has to run in here.

Every function answers with plain data and handles, never with an exception.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import operator
import sys
import types
import warnings
from typing import Any

from helpers.checking.observing import cut, student_error
from helpers.grading.sandbox.asserts import run_test
from helpers.grading.sandbox.wire import CannotEncode, Reference, encode

PRINTED = 2**20  # characters of what a call prints
WATCHED = 2**22  # bytes of an argument that is compared before and after
FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType, type(len), types.MethodWrapperType)
ASKED = {
    "neg": operator.neg, "pos": operator.pos, "abs": abs, "invert": operator.invert, "len": len, "iter": iter,
    "next": next, "item": lambda x, key: x[key], "set item": operator.setitem, "delete item": operator.delitem,
    "bool": bool, "int": int, "float": float, "complex": complex, "str": str, "repr": repr, "index": operator.index,
    "round": round, "format": format, "attribute": getattr, "set attribute": setattr, "delete attribute": delattr,
    "isinstance": isinstance, "enter": lambda x: x.__enter__(), "exit": lambda x: x.__exit__(None, None, None),
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
        said["bases"] = [base.__name__ for base in value.__mro__ if base.__module__ == "builtins"]
    signature = _quietly(inspect.signature, value)
    if signature is not None:
        said["parameters"] = [(p.name, int(p.kind), p.default is not p.empty, _plain(p.default))
                              for p in signature.parameters.values()]
    kind = type(value)
    said["class"] = (kind.__module__, kind.__qualname__)
    return said


def _quietly(function, value):
    try:
        return function(value)
    except BaseException:
        return None


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


def _plain(value: Any) -> Any:
    try:
        encode(value)
    except CannotEncode:
        return None
    return value


def apply(function: Any, args: list, kwargs: dict) -> dict:
    """Call it: the value or what it raised, what it printed and warned, and arguments that it changed in place."""
    reply: dict[str, Any] = {}
    before = {key: _bytes(value) for key, value in [*enumerate(args), *kwargs.items()]}
    text = _Bounded()
    with contextlib.redirect_stdout(text), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            reply["value"] = function(*args, **kwargs)
        except BaseException as error:
            reply["raised"] = raised(error)
    reply["printed"] = text.getvalue()
    reply["warned"] = [([base.__name__ for base in w.category.__mro__], cut(str(w.message), 500)) for w in warned[:20]]
    now = [*enumerate(args), *kwargs.items()]
    reply["changed"] = [(key, value) for key, value in now if before[key] and _bytes(value) != before[key]]
    return reply


class _Bounded(io.StringIO):
    def write(self, text: str) -> int:
        if self.tell() <= PRINTED:
            super().write(text[:PRINTED])
        return len(text)


def _bytes(value: Any) -> list | None:
    """An argument as bytes; None of what cannot change or be sent back."""
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, tuple, frozenset, range)):
        return None
    try:
        parts = [bytes(part) for part in encode(value)]
    except CannotEncode:
        return None
    return parts if sum(map(len, parts)) <= WATCHED else None


def raised(error: BaseException) -> dict:
    """An exception as data: the names of its class and of Python's own classes above it, and what it says."""
    seen = student_error(error)
    arguments = [argument for argument in error.args if isinstance(argument, (str, int, float, bool, type(None)))]
    return {"type": seen.type, "bases": [base.__name__ for base in type(error).__mro__
                                         if base.__module__ == "builtins"],
            "message": seen.message, "line": seen.line, "lineno": seen.lineno,
            "args": [cut(a, 500) if isinstance(a, str) else a for a in arguments[:5]],
            "own": type(error).__module__ == "__main__"}


def set_random(state: dict) -> None:
    """The random numbers go on from where a test has put them."""
    import random

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


