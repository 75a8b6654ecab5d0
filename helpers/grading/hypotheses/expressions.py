"""Changes of expressions: which rules read which."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from helpers.grading.hypotheses import arithmetic, calls, choices, operands, surrounding
from helpers.grading.hypotheses.edit import Edit
from helpers.grading.hypotheses.scope import Place

MAKERS: tuple[tuple[type, Callable[..., Iterator[Edit]]], ...] = (
    (ast.BinOp, arithmetic.binary), (ast.UnaryOp, arithmetic.unary),
    (ast.Constant, operands.constant), (ast.Name, operands.name), (ast.Attribute, operands.attribute),
    (ast.Call, calls.call), (ast.Slice, choices.part), (ast.Subscript, choices.subscript),
    (ast.Compare, choices.compare), (ast.IfExp, choices.condition), (ast.Tuple, choices.outputs),
    (ast.Tuple, choices.indices), (ast.BoolOp, choices.several), (ast.BinOp, choices.masks),
)


def edits(place: Place) -> Iterator[Edit]:
    """The changes of one expression; nothing for statements and for what is stored to."""
    node = place.node
    if not isinstance(node, (ast.expr, ast.Slice)) or isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
        return
    for kind, make in MAKERS:
        if isinstance(node, kind):
            yield from make(place, node)
    if surrounding.numeric(place):
        yield from surrounding.around(place)
