"""Where a change is made: a node of a function's body, what stands around it, and which names are known there."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast


@dataclass(frozen=True)
class Scope:
    """A function: its name, its parameters, all names that it assigns, and the variables of its loops."""

    function: str
    parameters: tuple[str, ...]
    names: tuple[str, ...]
    loops: tuple[str, ...]

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.parameters, *self.names)))


@dataclass(frozen=True, eq=False)
class Place:
    """A node in a function: `holder.name` or `holder.name[index]`. top: the cell's statement that it stands in."""

    node: ast.AST
    holder: ast.AST
    name: str
    index: int | None
    scope: Scope = field(repr=False)
    top: ast.stmt = field(repr=False)

    @property
    def parent(self) -> ast.AST:
        return self.holder

    @contextlib.contextmanager
    def replaced(self, replacement: ast.AST | list[ast.stmt]) -> Iterator[ast.Module]:
        """Inside, the statement `top` with the node replaced (by several statements, if it is one), as a module."""
        before = getattr(self.holder, self.name)
        if self.index is None:
            new = replacement
        else:
            middle = replacement if isinstance(replacement, list) else [replacement]
            new = [*before[: self.index], *middle, *before[self.index + 1 :]]
            if not new and self.name == "body":
                new = [ast.Pass()]
        top = replacement if self.node is self.top else self.top
        try:
            setattr(self.holder, self.name, new)
            yield ast.fix_missing_locations(ast.Module([cast(ast.stmt, top)], []))
        finally:
            setattr(self.holder, self.name, before)


def places(tree: ast.Module) -> Iterator[Place]:
    """Every function of a cell and every node in its body, but for docstrings, annotations and defaults."""
    for number, statement in enumerate(tree.body):
        yield from _functions(statement, tree, number, statement)


def _functions(node: ast.AST, holder: ast.AST, number: int, top: ast.stmt) -> Iterator[Place]:
    if isinstance(node, ast.ClassDef):
        for k, statement in enumerate(node.body):
            yield from _functions(statement, node, k, top)
    elif isinstance(node, ast.FunctionDef):
        scope = scope_of(node)
        yield Place(node, holder, "body", number, scope, top)
        for k, statement in enumerate(node.body):
            if not (k == 0 and is_docstring(statement)):
                yield from _below(statement, node, "body", k, scope, top)


def _below(
    node: ast.AST, holder: ast.AST, field_name: str, index: int | None, scope: Scope, top: ast.stmt
) -> Iterator[Place]:
    yield Place(node, holder, field_name, index, scope, top)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "ctx", "decorator_list") or (
            name == "args" and not isinstance(node, ast.Call)
        ):
            continue
        if isinstance(value, ast.AST):
            yield from _below(value, node, name, None, scope, top)
        elif isinstance(value, list):
            for number, child in enumerate(value):
                if isinstance(child, ast.AST):
                    yield from _below(child, node, name, number, scope, top)


def lines_alike(text: str, others: Iterable[str]) -> frozenset[int]:
    """Lines of the functions of a cell that stand in one of the other cells as well: nobody has changed them.

    A function that goes under another name, or in another class, is another one.
    """
    known = {(path, ast.dump(node)) for other in others for path, node in _named(other)}
    return frozenset(line for path, node in _named(text) if (path, ast.dump(node)) in known
                     for line in range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _named(text: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in body:
        for inner in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(inner, ast.FunctionDef):
                yield f"{node.name if isinstance(node, ast.ClassDef) else ''}.{inner.name}", inner


def scope_of(function: ast.FunctionDef) -> Scope:
    arguments = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    stored = [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    loops = [n.target.id for n in ast.walk(function) if isinstance(n, ast.For) and isinstance(n.target, ast.Name)]
    return Scope(function.name, tuple(arguments), tuple(dict.fromkeys(stored)), tuple(dict.fromkeys(loops)))


def is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
