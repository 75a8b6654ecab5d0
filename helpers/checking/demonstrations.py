"""Demonstrations that go on, whatever the functions do that they show.

A cell that shows something may meet a function that is not written, or not right. Then it says which check to mend in
one line, and "Run All" goes on; if it shows something all the same, it says that the function's check is red.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any

from helpers.checking.expected import expected_here
from helpers.checking.leaning import leans_on
from helpers.checking.observing import is_cell
from helpers.checking.reach import globals_of, names_read_by, reached

_red: dict[str, set[str]] = {}  # function → those of its checks that last found something wrong in this notebook
_unwritten: set[str] = set()  # functions that their last check has not found, or found not written
_failed: dict[str, str] = {}  # function → why its cell defined nothing


def note_verdict(name: str, check: str, right: bool, written: bool = True) -> None:
    """A check of a function has run; `check` tells it from the function's others."""
    if written:
        _unwritten.discard(name)
    else:
        _unwritten.add(name)
    red = _red.setdefault(name, set())
    if right:
        red.discard(check)
    else:
        red.add(check)


def leaning(name: str, function: Any, asked: Mapping[str, str]) -> str:
    """A sentence on functions of earlier questions that this one uses and whose checks are red; "" if none is."""
    if not isinstance(function, types.FunctionType):
        return ""
    right = {one: not red for one, red in _red.items()}
    return leans_on(name, reached(names_read_by(function), function.__globals__), right, asked)


def note_cell(names: list[str], why: str) -> None:
    """A cell has run: `why` it failed, or "" if it did not."""
    for name in names:
        if why:
            _failed[name] = why
        else:
            _failed.pop(name, None)


def why_failed(name: str) -> str:
    return _failed.get(name, "")


def questions() -> dict[str, str]:
    """Function → the number of its question, as the build wrote it beside this notebook."""
    found = expected_here().get("questions", {})
    return found if isinstance(found, dict) else {}


def named(name: str, asked: Mapping[str, str]) -> str:
    return f"`{name}`" + (f" ({asked[name]})" if asked.get(name) else "")


class Demonstration:
    """A context in which a demonstration runs; see `helpers.check.once_written`."""

    depth = 0  # of demonstrations inside each other
    failed = False  # has one of them stopped?

    def __init__(self, code: types.CodeType | None, names: Mapping[str, Any]):
        self.code, self.names = code, names

    def __enter__(self) -> Demonstration:
        if not Demonstration.depth:
            Demonstration.failed = False
        Demonstration.depth += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: Any) -> bool:
        Demonstration.depth -= 1
        if error is None:
            if not Demonstration.depth and not Demonstration.failed:  # said once, by the outermost
                self._doubt()
            return False
        if not isinstance(error, Exception):  # whoever stops a cell means it
            return False
        Demonstration.failed = True
        print(self._excuse(error))
        return True

    def _excuse(self, error: Exception) -> str:
        asked = questions()
        guilty = _functions_on_the_way(error, asked)
        if isinstance(error, NotImplementedError):
            what = named(guilty[-1], asked) if guilty else "the functions above"
            return f"This cell has something to show once {what} {'is' if guilty else 'are'} written."
        said = f"{type(error).__name__}: {str(error)[:200]}"
        if guilty:
            return (f"This cell stops in {named(guilty[-1], asked)}: {said}. Look at that question's check; the "
                    "notebook goes on.")
        unwritten = [named(name, asked) for name in self._used(asked) if name in _unwritten]
        if unwritten:  # what it reads was not made, for want of them
            which = unwritten[0] if len(unwritten) == 1 else f"{', '.join(unwritten[:-1])} and {unwritten[-1]}"
            return f"This cell has something to show once {which} {'is' if len(unwritten) == 1 else 'are'} written."
        red = self._red_ones(asked)
        if red:
            return f"This cell cannot show what it should ({said}): {red} first. The notebook goes on."
        return f"This cell cannot show what it should: {said}. Run the checks above it; the notebook goes on."

    def _doubt(self) -> None:
        """Beside what was shown: is the check of a function red that it was made with?"""
        red = self._red_ones(questions())
        if red:
            print(f"What this cell shows may be wrong: {red} first.")

    def _red_ones(self, asked: Mapping[str, str]) -> str:
        # One that is not written was not called: the cell would have stopped.
        red = [name for name in self._used(asked) if _red.get(name) and name not in _unwritten]
        if not red:
            return ""
        return "mend " + ", ".join(named(name, asked) for name in red[:3]) + ", whose check" + (
            " is red," if len(red) == 1 else "s are red,")

    def _used(self, asked: Mapping[str, str]) -> list[str]:
        """Functions that have been checked and that this cell uses, in the order of their questions."""
        if self.code is None or not any(_red.values()):
            return []
        used = reached(globals_of(self.code), self.names)
        return [name for name in dict.fromkeys([*asked, *_red]) if name in used and name in _red]


def _functions_on_the_way(error: BaseException, asked: Mapping[str, str]) -> list[str]:
    """The students' functions that were at work when an error was raised, from the outermost to the innermost."""
    found, step = [], error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if code.co_name in asked or (not asked and is_cell(code.co_filename) and not code.co_name.startswith("<")):
            found.append(code.co_name)
        step = step.tb_next
    return found
