"""One change of an expression or a statement, and the words that rules make theirs of."""

from __future__ import annotations

import ast
from dataclasses import dataclass

COMMON, PLAUSIBLE, FAR, FARTHER = 1, 2, 3, 4


@dataclass(frozen=True)
class Edit:
    """rule: its name; rank: COMMON to FARTHER; made, mends: see `changes`; replacement: of the node."""

    rule: str
    rank: int
    made: str
    mends: str
    replacement: ast.AST | list[ast.stmt] | str  # a text is an expression that is parsed when it is needed

    def tree(self) -> ast.AST | list[ast.stmt]:
        """What stands in the place of the node. Raises SyntaxError where a text is no expression."""
        return parsed(self.replacement) if isinstance(self.replacement, str) else self.replacement


def text_of(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def quoted(node: ast.AST, longest: int = 40) -> str:
    """Its first line, as a part of a sentence that is formatted later."""
    text = " ".join(ast.unparse(node).split("\n")[0].split()).replace("{", "{{").replace("}", "}}")
    return f"`{text if len(text) <= longest else text[:longest - 1] + '…'}`"


def parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
