"""Tiny constants that guard a logarithm, a root or a denominator: right, and worth a word."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

TINY = 1e-12  # up to here a constant is a guard; a larger one changes results
INSIDE = {"log": "a logarithm", "log2": "a logarithm", "log10": "a logarithm", "sqrt": "a root"}
GUARDS = ("maximum", "max", "clip", "fmax")


def remarks_on(source: str) -> list[str]:
    """A sentence for the first such constant of a cell; none if there is none."""
    try:
        tree = ast.parse(textwrap.dedent(source))
    except (SyntaxError, ValueError, RecursionError):
        return []
    named = {target.id: node.value.value for node in ast.walk(tree) if isinstance(node, ast.Assign)
             and isinstance(node.value, ast.Constant) for target in node.targets if isinstance(target, ast.Name)}
    for node, where in _guarded(tree):
        for part in ast.walk(node):
            size = _added(part, named)
            if size is not None and 0 < size <= TINY:
                return [f"A constant of {size:g} is inside {where}: nothing is taken off for that. Where the formula "
                        "is safe by itself none is needed, and a larger one would change the result."]
    return []


def remarks_on_function(function: Any) -> list[str]:
    """Of a function of this process, as far as its text is known."""
    try:
        return remarks_on(inspect.getsource(function))
    except (OSError, TypeError):
        return []


def _guarded(tree: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield node.right, "a denominator"
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in INSIDE:
                yield node.args[0], INSIDE[name]


def _added(node: ast.AST, named: dict[str, Any]) -> float | None:
    """The number that is added here, or that something is kept above."""
    parts: list[ast.expr] = []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [node.left, node.right]
    elif isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        parts = list(node.args) if name in GUARDS else []
    for part in parts:
        value = named.get(part.id) if isinstance(part, ast.Name) else getattr(part, "value", None)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
    return None
