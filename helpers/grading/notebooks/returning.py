"""What a function calls the things that it returns."""

from __future__ import annotations

import ast


def names_returned(tree: ast.Module, function: str) -> tuple[str, ...]:
    """The names in a function's last `return a, b`; empty where it returns anything but different names."""
    found = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function), None)
    last = found.body[-1] if found else None
    if not isinstance(last, ast.Return):
        return ()
    parts = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
    names = [part.id for part in parts if isinstance(part, ast.Name)]
    return tuple(names) if len(set(names)) == len(parts) else ()
