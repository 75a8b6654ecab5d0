"""A wrong answer made of a right one: what every function of a solution returns, and what is bound, is spoilt."""

from __future__ import annotations

import ast
import copy

import nbformat

from helpers.grading.notebooks.cells import info_of
from helpers.grading.notebooks.ipython import tree_of

SPOIL = '''
def __spoilt__(value):
    import sys as _sys
    kind = type(value)
    if kind is bool:
        return not value
    if kind in (int, float, complex):
        return value + 1
    if kind is str:
        return value + "?"
    if kind in (list, tuple):
        return kind([__spoilt__(part) for part in value]) if value else kind([0])
    if kind is dict:
        return {key: __spoilt__(part) for key, part in value.items()} if value else {"?": 0}
    if kind is set:
        return value | {"?"}
    if kind.__module__ == "numpy" and getattr(getattr(value, "dtype", None), "kind", "") in "biufc":
        return ~value if value.dtype.kind == "b" else value + 1
    if kind.__name__ in ("DataFrame", "Series"):
        return value.iloc[::-1].reset_index(drop=True).iloc[1:]
    return 0 if value is None else value

'''


def broken(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy of a source notebook whose solution cells give wrong results."""
    made = copy.deepcopy(notebook)
    for cell in made.cells:
        if cell.cell_type == "code" and info_of(cell).get("solution"):
            tree = tree_of(cell.source)
            if tree.body:
                spoilt = ast.fix_missing_locations(_Spoil().visit(tree))
                cell.source = SPOIL + ast.unparse(spoilt)
    return made


class _Spoil(ast.NodeTransformer):
    """Wraps what is returned, and at the top level what is assigned to a name."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        node.body = [self._spoil_binding(statement) for statement in node.body]
        self.generic_visit(node)
        return node

    def _spoil_binding(self, statement: ast.stmt) -> ast.stmt:
        if isinstance(statement, ast.Assign) and all(isinstance(target, ast.Name) for target in statement.targets):
            statement.value = _wrapped(statement.value)
        return statement

    def visit_Return(self, node: ast.Return) -> ast.Return:
        node.value = _wrapped(node.value) if node.value is not None else node.value
        return node


def _wrapped(value: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("__spoilt__", ast.Load()), [value], [])
