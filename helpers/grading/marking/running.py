"""Runs trusted code, of the reference and of check cells, and makes outputs of what a check cell gives."""

from __future__ import annotations

import ast
import io
import linecache
import types
from functools import lru_cache
from typing import Any

from helpers.checking.verdict import Verdict
from helpers.grading.marking.quiet import quietly


def execute(source: str, namespace: dict[str, Any], name: str) -> None:
    """Run trusted code without showing anything and without leaving a figure open.

    Raises:
        Exception: whatever the code raises.
    """
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)  # for who reads a property
    with quietly(io.StringIO()):
        exec(compile(source, name, "exec", dont_inherit=True), namespace)


def evaluate(source: str, namespace: dict[str, Any], name: str) -> Any:
    """Run a cell; the value of its last expression, or None."""
    statements, last = _compiled(source, name)
    exec(statements, namespace)
    return eval(last, namespace) if last else None


@lru_cache(maxsize=1000)
def _compiled(source: str, name: str) -> tuple[types.CodeType, types.CodeType | None]:
    """A cell's statements, and its last expression if it ends in one."""
    tree = ast.parse(source, name)
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        return compile(tree, name, "exec", dont_inherit=True), None
    del tree.body[-1]
    return (compile(tree, name, "exec", dont_inherit=True),
            compile(ast.Expression(last.value), name, "eval", dont_inherit=True))


def outputs_for(value: Any, printed: str) -> list[dict[str, Any]]:
    """nbformat outputs of a cell that printed this and ended in this."""
    outputs: list[dict[str, Any]] = []
    if printed:
        outputs.append({"output_type": "stream", "name": "stdout", "text": printed})
    if isinstance(value, Verdict):
        outputs.append(_result(value.mimebundle(), verdict=value.to_dict()))
    elif value is not None:
        outputs.append(_result({"text/plain": repr(value)}))
    return outputs


def _result(data: dict[str, str], **metadata: Any) -> dict[str, Any]:
    return {"output_type": "execute_result", "data": data, "metadata": metadata, "execution_count": None}


__all__ = ["evaluate", "execute", "outputs_for"]
