"""Changes of formulas: of the text that a derivation is handed in as, by the same rules as code.

A text of lines `name = formula` is read as the body of a function of its letters.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Sequence
from dataclasses import dataclass

from helpers.checking.formulas import FUNCTIONS, Formula, FormulaError, parse
from helpers.grading.hypotheses.changes import Change, changes


@dataclass(frozen=True, eq=False)
class FormulaChange(Change):
    """One change of a text of formulas that a function returns."""

    function: str = ""

    def text(self) -> str | None:
        """The function that returns the changed formulas."""
        changed = super().text()
        if changed is None:
            return None
        body = ast.parse(changed).body[0].body  # type: ignore[attr-defined]
        said = "\n".join(ast.unparse(line).removeprefix("return ") for line in body)
        return f"def {self.function}():\n    return {said!r}\n"

    def code(self) -> types.CodeType | None:
        text = self.text()
        return None if text is None else compile(text, "<change>", "exec")


def formula_changes(function: str, text: object, most: int = 3000) -> list[FormulaChange]:
    """The changes of what a function of no arguments has returned; none if these are no formulas."""
    try:
        formulas = parse(text)
    except FormulaError:
        return []
    return [FormulaChange(change.edit, change.place, change.also, function)
            for change in changes(_as_function(formulas), most)]


def _as_function(formulas: Sequence[Formula]) -> str:
    defined: set[str] = set()
    letters: dict[str, None] = {}
    lines = []
    for formula in formulas:
        letters.update(dict.fromkeys(node.id for node in ast.walk(formula.tree) if isinstance(node, ast.Name)
                                     and node.id not in {*defined, *FUNCTIONS, "np", "numpy"}))
        defined.add(formula.name)
        lines.append(f"    {formula.name} = {formula.text}" if formula.name else f"    return {formula.text}")
    return "\n".join([f"def formulas({', '.join(letters)}):", *lines])
