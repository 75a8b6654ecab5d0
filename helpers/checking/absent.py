"""Why a function that a check asks for is not there, in words that say what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from helpers.checking.observing import positional_parameters

# The last is what Python 3.13 and later call a text that ends too early.
SYNTAX = ("SyntaxError", "IndentationError", "TabError", "_IncompleteInputError")


def defined_by(source: str) -> list[str]:
    """Names of the functions and classes that a cell's text begins at its left edge, be it valid Python or not."""
    return re.findall(r"(?m)^(?:async\s+def|def|class)\s+(\w+)", source)


def cell_failed(error: str, message: str, line: str = "", lineno: int = 0) -> str:
    """Why a cell has defined nothing. error: the exception's type; line, lineno: where, if that is known."""
    place = f" in line {lineno}" if lineno else ""
    text = f": `{line.strip()}`" if line.strip() else ""
    if error in SYNTAX:
        kind = "wrong indentation" if error in ("IndentationError", "TabError") else "a syntax error"
        return (f"its cell has {kind}{place}{text} ({message}), so Python has read none of it: mend that line and "
                "run the cell again")
    return f"its cell stopped{place} with {error}: {message}; mend that and run the cell again"


def not_there(name: str, question: str, names: Mapping[str, Any], wanted: tuple[str, ...],
              others: Iterable[str]) -> str:
    """What to do about a function that does not exist.

    question: where it is asked for; names: the notebook's names; wanted: its parameters, if they are known;
    others: functions of other questions, which are not meant.
    """
    where = f" of question {question}" if question else ""
    known = {*others, name}
    mine = [key for key, value in names.items()
            if key not in known and not key.startswith("_") and hasattr(value, "__code__")
            and getattr(value, "__module__", "") == "__main__"]
    alike = difflib.get_close_matches(name, mine, n=1, cutoff=0.75)
    alike = alike or [key for key in mine if wanted and positional_parameters(names[key]) == wanted][:1]
    if alike:
        return f"`{name}` is not defined, but `{alike[0]}` is: give it back the name that the question asks for"
    return f"`{name}` is not defined: run the cell{where} that defines it, and after a restart all cells above, first"
