"""What a function calls the things that it returns."""

from __future__ import annotations

import ast
import keyword
import re

_RETURNS = re.compile(r"(?:^|[.;:\n])\s*Returns:?\s")
_NAMED = re.compile(r"`?([^\W\d]\w*)`?(?:\s?:.*|\s?\(\))?")


def names_returned(tree: ast.Module, function: str) -> tuple[str, ...]:
    """The names that its docstring gives to what a function returns, for that is what a student reads; without such,
    the names in its last `return a, b`; empty where that returns anything but different names.
    """
    found = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function), None)
    if found is None:
        return ()
    promised, last = names_promised(ast.get_docstring(found) or ""), found.body[-1]
    parts: list[ast.expr] = []
    if isinstance(last, ast.Return) and last.value is not None:
        parts = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
    if promised and not (isinstance(last, ast.Return) and isinstance(last.value, ast.Tuple)
                         and len(parts) != len(promised)):
        return promised
    names = [part.id for part in parts if isinstance(part, ast.Name)]
    return tuple(names) if len(set(names)) == len(parts) else ()


def names_promised(docstring: str) -> tuple[str, ...]:
    """The names in "Returns dW: (k, n) and db: (k,)."; empty where that sentence names nothing: "Returns an array"."""
    said = _RETURNS.split(docstring)
    if len(said) < 2:
        return ()
    sentence, shapes = re.sub(r"\[[^][]*\]", "", " ".join(said[-1].split())), 1
    while shapes:
        sentence, shapes = re.subn(r"\([^()]+\)", "()", sentence)
    names: list[str] = []
    for part in re.split(r",\s|,?\sand\s", re.split(r"[.;](?:\s|$)", sentence)[0]):
        found = _NAMED.fullmatch(part.strip())
        if found is None or keyword.iskeyword(found[1]):
            break
        names.append(found[1])
    return tuple(names) if len(set(names)) == len(names) else ()
