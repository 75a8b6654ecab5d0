"""A notebook's cells in a script or a text: what VS Code, jupytext, nbconvert, Quarto, MyST, marimo and Databricks
write in its place."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

SCRIPT = re.compile(r"\.(py|md|qmd|rmd)$", re.I)
NOT_HANDED_IN = {"helpers", "site-packages", "node_modules", ".git", "venv", ".venv", "__pycache__"}  # folders
MAX_SCRIPT_BYTES = 1_000_000
PERCENT = re.compile(r"(?m)^# ?%%(.*)$")
PROMPT = re.compile(r"(?m)^# In ?\[[\d ]*\]:?[ \t]*$")
OPENS = re.compile(r"```+[ \t]*\{?(?:python|py|ipython3?|code-cell)\b")  # a line that does, and one that closes
CLOSES = re.compile(r"```+[ \t]*")
OPTIONS = re.compile(r"(?:(?:[ \t]*:[\w-]+:[^\n]*|---\n(?:[\w-]+:[^\n]*\n)*---)(?:\n|$))+")  # of a cell in MyST
COMMAND = re.compile(r"(?m)^# COMMAND -+[ \t]*$")  # between cells, at Databricks
MAGIC = re.compile(r"(?m)^# MAGIC ?")
MARIMO = re.compile(r"(?m)^app = marimo\.App\(")
COMMENTS = re.compile(r"(?:#[^\n]*(?:\n|$))+")


def is_script(label: str) -> bool:
    """May this file hold a notebook's cells? label: its path below the submission's folder."""
    return bool(SCRIPT.search(label)) and not NOT_HANDED_IN & {*PurePosixPath(label).parts[:-1]}


def as_notebook(content: bytes) -> bytes:
    """The notebook, as a file, whose cells a script or text holds; of a script without marks, one cell.

    Raises:
        UnicodeError: if it is no UTF-8.
        ValueError: if it is too long.
    """
    if len(content) > MAX_SCRIPT_BYTES:
        raise ValueError("it is too long for a script")
    text = content.decode("utf-8-sig").replace("\r\n", "\n")
    cells: list[dict[str, Any]] = [{"cell_type": kind, "metadata": {}, "source": source.strip("\n"),
                                    **({"outputs": [], "execution_count": None} if kind == "code" else {})}
                                   for kind, source in _cells(text) if source.strip()]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()


def _cells(text: str) -> Iterator[tuple[str, str]]:
    if MARIMO.search(text) and (tree := _tree(text)) is not None:
        yield from _of_marimo(tree, text)
    elif text.startswith("# Databricks notebook source"):
        yield from _of_databricks(text)
    elif PERCENT.search(text):
        yield from _by_percent(text)
    elif PROMPT.search(text):
        for part in PROMPT.split(text):
            yield from _code_and_comments(part)
    else:
        yield from _by_fences(text)


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _of_marimo(tree: ast.Module, text: str) -> Iterator[tuple[str, str]]:
    """Its cells are functions, of names of other cells as arguments; `@app.function` is one as it is."""
    lines = text.split("\n")
    for node in tree.body:
        if isinstance(node, ast.With) and any(ast.unparse(item.context_expr).startswith("app.setup")
                                              for item in node.items):
            yield "code", _dedented(node.body, lines)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        marks = [ast.unparse(mark).partition("(")[0] for mark in node.decorator_list]
        if "app.cell" in marks:
            body = [part for part in node.body if not isinstance(part, ast.Return)]
            prose = _prose(body)
            yield ("markdown", prose) if prose else ("code", _dedented(body, lines))
        elif {"app.function", "app.class_definition"} & {*marks}:
            yield "code", _dedented([node], lines)


def _prose(body: list[ast.stmt]) -> str:
    """The text of a cell that is `mo.md(…)`."""
    call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
    if isinstance(call, ast.Call) and ast.unparse(call.func) == "mo.md" and call.args and isinstance(
            call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
        return inspect.cleandoc(call.args[0].value)
    return ""


def _dedented(body: list[ast.stmt], lines: list[str]) -> str:
    """The lines of statements, without the indentation that a function around them has given them."""
    if not body:
        return ""
    return textwrap.dedent("\n".join(lines[body[0].lineno - 1:body[-1].end_lineno]))


def _of_databricks(text: str) -> Iterator[tuple[str, str]]:
    for part in COMMAND.split(text.partition("\n")[2]):
        own = MAGIC.sub("", part.strip("\n"))
        if own.startswith("%md"):
            yield "markdown", own[3:]
        else:
            yield "code", own.removeprefix("%python\n")


def _by_percent(text: str) -> Iterator[tuple[str, str]]:
    """`# %%` begins a cell, `# %% [markdown]` one of text: in comments, or in a string."""
    parts = PERCENT.split(text)
    for title, body in zip(parts[1::2], parts[2::2]):
        if not re.search(r"\[(markdown|md)\]", title):
            yield "code", body
            continue
        quoted = re.fullmatch(r'r?("""|\'\'\')(.*?)\1', body.strip(), re.S)
        yield "markdown", quoted[2] if quoted else _uncommented(body)


def unfenced(source: str) -> str:
    """The code of a cell into which it was pasted with the fences of a text around it; "" where there are none."""
    return "\n".join(part for kind, part in _by_fences(source) if kind == "code") if OPENS.match(
        source) or "\n```" in source else ""


def _by_fences(text: str) -> Iterator[tuple[str, str]]:
    """Code between fences, and text around it; without any that is closed, all of it is code. Line by line: whoever
    opens many and closes none must not have the rest searched for each."""
    lines, begin, fenced = text.split("\n"), 0, False
    opened = -1
    for number, line in enumerate(lines):
        if opened < 0 and OPENS.match(line):
            opened = number
        elif opened >= 0 and CLOSES.fullmatch(line):
            yield "markdown", "\n".join(lines[begin:opened])
            yield "code", OPTIONS.sub("", "\n".join(lines[opened + 1:number]).lstrip("\n"), count=1) if (
                "code-cell" in lines[opened]) else "\n".join(lines[opened + 1:number])
            begin, opened, fenced = number + 1, -1, True
    yield "markdown" if fenced else "code", "\n".join(lines[begin:])


def _code_and_comments(part: str) -> Iterator[tuple[str, str]]:
    """A cell of nbconvert's scripts, and behind it text cells: blocks that are nothing but comments."""
    blocks = re.split(r"\n{2,}", part.strip("\n"))
    texts: list[str] = []
    while blocks and COMMENTS.fullmatch(blocks[-1]):
        texts.insert(0, blocks.pop())
    yield "code", "\n\n".join(blocks)
    for block in texts:
        yield "markdown", _uncommented(block)


def _uncommented(text: str) -> str:
    return re.sub(r"(?m)^#[ \t]?", "", text)
