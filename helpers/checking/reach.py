"""Which functions a text uses, directly or through others."""

from __future__ import annotations

import dis
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def reached(names: Iterable[str], namespace: Mapping[str, Any]) -> set[str]:
    """The names, and every global name that the functions and classes behind them read, and so on."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += names_read_by(namespace.get(name))
    return found


def names_read_by(value: Any) -> set[str]:
    """Global names that a function, or a class of the notebook, reads; those of functions it has closed over, too."""
    return {name for code in _codes(value, set()) for name in globals_of(code)}


def _codes(value: Any, seen: set[int]) -> Iterator[types.CodeType]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, types.FunctionType):
        yield value.__code__
        for cell in value.__closure__ or ():
            try:
                yield from _codes(cell.cell_contents, seen)
            except ValueError:  # an empty cell
                continue
    elif isinstance(value, type) and value.__module__ == "__main__":
        for member in vars(value).values():
            yield from _codes(member, seen)
    elif isinstance(value, (tuple, list)):
        for member in value:
            yield from _codes(member, seen)
    elif isinstance(value, dict):
        yield from _codes(list(value.values()), seen)


def globals_of(code: types.CodeType) -> Iterator[str]:
    """Global names that code reads, and code inside it."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from globals_of(constant)
