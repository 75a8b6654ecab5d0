"""Small changes of a cell's code, one at a time, each with what it means.

The same change reads in two directions. Made to a right solution, it is a mistake that somebody may have made; `made`
completes "This is what comes out if ...". Made to a wrong answer, it may be what mends it; `mends` says, in the words
of the answer's own code, what is amiss there, and not what belongs in its place.
"""

from __future__ import annotations

import ast
import contextlib
import types
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.grading.hypotheses import expressions, statements
from helpers.grading.hypotheses.edit import FARTHER, Edit
from helpers.grading.hypotheses.scope import Place, places

MOST_ALIKE = 24  # places of a function in which the same may be changed, for all of them to be tried
MOST_PLACES = 6  # of one function, in which the same is changed at once
LONGEST = 60  # characters of an answer's own code that a sentence quotes


@dataclass(frozen=True, eq=False)
class Change:
    """One change of a cell's code: the edit, and where it is made."""

    edit: Edit
    place: Place
    also: tuple[Change, ...] = ()  # the same change in other places of the function

    @property
    def rank(self) -> int:
        """How far-fetched it is; 1 is common."""
        return self.edit.rank

    @property
    def drops(self) -> bool:
        """Whether statements are left out, and nothing else changes."""
        return self.edit.rule in statements.DROPS

    @property
    def shortens(self) -> bool:
        """Whether a part is left out, a statement or a part of one."""
        return self.edit.rule.startswith("drop ")

    @property
    def moves(self) -> bool:
        """Whether all stays there and is only done at another time."""
        return self.edit.rule in statements.MOVES

    @property
    def made(self) -> str:
        return f"This is what comes out if {self.edit.made}."

    @property
    def mends(self) -> str:
        text = " ".join(ast.unparse(self.place.node).split(":\n")[0].split())
        text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
        said = self.edit.mends.replace("{code}", f"`{text}`").replace("{{", "{").replace("}}", "}")
        return said[0].upper() + said[1:] + (" The same goes for the places like it." if self.also else "")

    def code(self) -> types.CodeType | None:
        """The changed function's definition, compiled; None if it is no Python."""
        try:
            with self._replaced() as module:
                return _compiled(module)
        except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError):
            return None

    @contextlib.contextmanager
    def _replaced(self) -> Iterator[ast.Module]:
        with contextlib.ExitStack() as stack:
            for other in self.also:
                stack.enter_context(other.place.replaced(other.edit.tree()))
            yield stack.enter_context(self.place.replaced(self.edit.tree()))

    def text(self) -> str | None:
        """The changed function's definition as text; None if it is no Python."""
        try:
            with self._replaced() as module:
                text = ast.unparse(module)
            _compiled(text)
        except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError):
            return None
        return text


def _compiled(code: ast.Module | str) -> types.CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python thinks of a student's code is no message to whoever grades
        return compile(code, "<change>", "exec")


def changes(source: str, most: int = 3000) -> list[Change]:
    """The changes of a cell by the rules, the common ones first; none if it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return []
    found = list(_all(tree))
    found += _everywhere(found)
    found.sort(key=lambda change: change.rank)  # stable: within a rank in the order of the text
    return found[:most]


def _everywhere(single: list[Change]) -> Iterator[Change]:
    """The same change in all places of a function at once: what is misunderstood is so wherever it comes up."""
    alike: dict[tuple[int, str, str], list[Change]] = {}
    for change in single:
        if change.rank < FARTHER and isinstance(change.edit.replacement, (ast.expr, str)):
            kind = type(change.edit.replacement).__name__
            alike.setdefault((id(change.place.top), change.made, kind), []).append(change)
    for group in alike.values():
        if len(group) > MOST_ALIKE:
            continue
        chosen: list[Change] = []
        for change in group:
            inside = {id(node) for one in chosen for node in ast.walk(one.place.node)}
            around = {id(node) for node in ast.walk(change.place.node)}
            if id(change.place.node) not in inside and not any(id(one.place.node) in around for one in chosen):
                chosen.append(change)
        if 2 <= len(chosen) <= MOST_PLACES:
            yield Change(chosen[0].edit, chosen[0].place, tuple(chosen[1:]))


def _all(tree: ast.Module) -> Iterator[Change]:
    for place in places(tree):
        for edit in (*expressions.edits(place), *statements.edits(place)):
            if edit.made:
                yield Change(edit, place)
