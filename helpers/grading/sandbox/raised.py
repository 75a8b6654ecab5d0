"""Exceptions of a plain test and of a student's code, as the other side of the walls gets them."""

from __future__ import annotations

import builtins
import contextlib
import sys
from typing import Any

LIBRARIES = frozenset({
    "PIL", "_csv", "_pickle", "asyncio", "binascii", "configparser", "copy", "csv", "dataclasses", "decimal", "json",
    "matplotlib", "networkx", "numpy", "pandas", "pickle", "queue", "re", "scipy", "shutil", "sklearn", "sqlite3",
    "statistics", "struct", "subprocess", "sympy", "tarfile", "torch", "urllib", "xml", "zipfile", "zlib", "zoneinfo"})


class NotSupportedHere(BaseException):
    """A test asks something of a student's object that is not asked from here. No `except Exception` catches it."""


class ProcessGone(BaseException):
    """The student's process has ended, or took too long; not an exception that a test may wait for."""


class StandIn:
    """A base of the classes that stand for a student's classes of exceptions."""

    said_there: str | None = None  # what one says that was raised in the student's process

    def __str__(self) -> str:
        return super().__str__() if self.said_there is None else self.said_there


class Raised:
    """What a student's code has raised. known: by name, the classes here that stand for a student's own."""

    def __init__(self) -> None:
        self.known: dict[str, type] = {}

    def of(self, said: dict) -> BaseException:
        """What a student's code raised, as Python's or a library's own class of that name, or as one that stands for
        the student's: with the text and the plain attributes that it has there.

        said: texts and numbers, and nothing that answers for itself.
        """
        name, message = str(said.get("type"))[:100], said.get("message")
        kind: type[BaseException]
        if said.get("own") is True:
            kind = self.class_of(said.get("own_bases"), said.get("bases")) or Exception
        else:
            bases = [name, *(said.get("bases") or ())]
            kind = _of_library(said.get("module"), name) or built_in(bases) or RuntimeError
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

    def class_of(self, names: Any, bases: Any) -> type[BaseException] | None:
        """The class here for a student's class of exceptions. names: it and its bases among the student's classes."""
        kind = built_in(bases)
        if kind is None:
            return None
        for name in [name for name in names if isinstance(name, str)][:20][::-1] if isinstance(names, list) else ():
            known = self.known.get(name)
            kind = known if known is not None and issubclass(known, kind) else type(name[:100], (
                kind,) if issubclass(kind, StandIn) else (StandIn, kind), {})
            self.known[name] = kind
        return kind


def as_said(error: BaseException) -> dict[str, Any]:
    """An exception of a test's as its student's process can make it again."""
    arguments = [argument for argument in error.args if isinstance(argument, (str, int, float, bool, type(None)))]
    return {"type": type(error).__name__, "own": isinstance(error, StandIn), "message": str(error)[:500],
            "args": arguments,
            "bases": [base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins"]}


def built_in(names: Any) -> type[BaseException] | None:
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


def warning(name: Any) -> type[Warning] | None:
    found = built_in([name])
    return found if found is not None and issubclass(found, Warning) else None
