"""Small changes of a cell's code, one at a time, each with what it means.

The same change reads in two directions. Made to a right solution, it is a mistake that somebody may have made; `made`
completes "This is what comes out if ...". Made to a wrong answer, it may be what mends it; `mends` says, in the words
of the answer's own code, what is amiss there, and not what belongs in its place.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator
from dataclasses import dataclass

from helpers.grading.hypotheses import expressions, statements
from helpers.grading.hypotheses.edit import Edit
from helpers.grading.hypotheses.scope import Place, places

LONGEST = 60  # characters of an answer's own code that a sentence quotes


@dataclass(frozen=True, eq=False)
class Change:
    """One change of a cell's code: the edit, and where it is made."""

    edit: Edit
    place: Place

    @property
    def rank(self) -> int:
        """How far-fetched it is; 1 is common."""
        return self.edit.rank

    @property
    def made(self) -> str:
        return f"This is what comes out if {self.edit.made}."

    @property
    def mends(self) -> str:
        text = " ".join(ast.unparse(self.place.node).split(":\n")[0].split())
        text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
        said = self.edit.mends.replace("{code}", f"`{text}`").replace("{{", "{").replace("}}", "}")
        return said[0].upper() + said[1:]

    def code(self) -> types.CodeType | None:
        """The changed function's definition, compiled; None if it is no Python."""
        with self.place.replaced(self.edit.replacement) as module:
            try:
                return compile(module, "<change>", "exec")
            except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError):
                return None

    def text(self) -> str | None:
        """The changed function's definition as text; None if it is no Python."""
        with self.place.replaced(self.edit.replacement) as module:
            try:
                text = ast.unparse(module)
                compile(text, "<change>", "exec")
            except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError):
                return None
        return text


def changes(source: str, most: int = 3000) -> list[Change]:
    """The changes of a cell by the rules, the common ones first; none if it is no Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return []
    found = list(_all(tree))
    found.sort(key=lambda change: change.rank)  # stable: within a rank in the order of the text
    return found[:most]


def _all(tree: ast.Module) -> Iterator[Change]:
    for place in places(tree):
        for edit in (*expressions.edits(place), *statements.edits(place)):
            if edit.made:
                yield Change(edit, place)
