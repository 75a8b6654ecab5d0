"""Cells as IPython takes them, `%` and `!` lines included, as plain Python."""

from __future__ import annotations

import ast
from functools import lru_cache

# Cell magics that run their cell in the notebook's own namespace.
TRANSPARENT = ("time", "timeit", "capture", "prun")


@lru_cache(maxsize=2000)
def python_of(source: str, transparent: bool = True) -> str:
    """A cell's text as Python; the text itself where it is Python already, or nothing that IPython could read.

    transparent: a cell under `%%time` and its like is taken for what it runs.
    """
    if _parses(source):
        return source
    first, _, rest = source.lstrip().partition("\n")
    if transparent and first.startswith("%%") and first[2:].split(" ")[0].strip() in TRANSPARENT:
        return python_of(rest)
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        found = TransformerManager().transform_cell(source)
    except SyntaxError:
        return source
    return found if _parses(found) else source


def tree_of(source: str) -> ast.Module:
    """The syntax tree of a cell; an empty one if it is not Python: running it will say so."""
    text = python_of(source)
    return ast.parse(text if _parses(text) else "")


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True
