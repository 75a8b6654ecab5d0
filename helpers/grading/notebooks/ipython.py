"""Cells as IPython takes them, `%` and `!` lines included, as plain Python."""

from __future__ import annotations

import ast
import textwrap
from functools import lru_cache

# Cell magics that run their cell in the notebook's own namespace.
TRANSPARENT = ("time", "timeit", "capture", "prun")
CAPTURE = "with __import__('IPython.utils.capture').utils.capture.capture_output({}) as {}:"


@lru_cache(maxsize=2000)
def python_of(source: str, transparent: bool = True) -> str:
    """A cell's text as Python; the text itself where it is Python already, or nothing that IPython could read.

    transparent: a cell under `%%time` and its like is taken for what it runs; under `%%capture name` it binds the name.
    """
    if _parses(source):
        return source
    first, _, rest = source.lstrip().partition("\n")
    if transparent and first.startswith("%%") and first[2:].split(" ")[0].strip() in TRANSPARENT:
        return _captured(first, python_of(rest))
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        found = TransformerManager().transform_cell(source)
    except SyntaxError:
        return source
    return found if _parses(found) else source


def _captured(magic: str, source: str) -> str:
    """What a cell under a transparent magic runs: under `%%capture name`, with what it printed in that name."""
    words = magic.split()
    names = [word for word in words[1:] if word.isidentifier()]
    inside = textwrap.indent(source, " ")
    if words[0] != "%%capture" or not names or not _parses(f"if 1:\n{inside}"):
        return source
    block = ast.parse(f"if 1:\n{inside}").body[0]
    if not isinstance(block, ast.If) or [*map(ast.dump, block.body)] != [*map(ast.dump, ast.parse(source).body)]:
        return source  # a text of several lines would be another one
    said = ", ".join(f"{word[5:]}=False" for word in ("--no-stdout", "--no-stderr", "--no-display") if word in words)
    return f"{CAPTURE.format(said, names[0])}\n{inside}"


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
