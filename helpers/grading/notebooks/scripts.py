"""A notebook's cells in a script or a text: what VS Code, jupytext, nbconvert and Quarto write in its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

SCRIPT = re.compile(r"\.(py|md|qmd|rmd)$", re.I)
NOT_HANDED_IN = {"helpers", "site-packages", "node_modules", ".git", "venv", ".venv", "__pycache__"}  # folders
MAX_SCRIPT_BYTES = 1_000_000
PERCENT = re.compile(r"(?m)^# ?%%(.*)$")
PROMPT = re.compile(r"(?m)^# In ?\[[\d ]*\]:?[ \t]*$")
OPENS = re.compile(r"```+[ \t]*\{?(?:python|py|ipython3?)\b")  # a line that does, and one that closes
CLOSES = re.compile(r"```+[ \t]*")
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
    if PERCENT.search(text):
        yield from _by_percent(text)
    elif PROMPT.search(text):
        for part in PROMPT.split(text):
            yield from _code_and_comments(part)
    else:
        yield from _by_fences(text)


def _by_percent(text: str) -> Iterator[tuple[str, str]]:
    """`# %%` begins a cell, `# %% [markdown]` one of text: in comments, or in a string."""
    parts = PERCENT.split(text)
    for title, body in zip(parts[1::2], parts[2::2]):
        if not re.search(r"\[(markdown|md)\]", title):
            yield "code", body
            continue
        quoted = re.fullmatch(r'r?("""|\'\'\')(.*?)\1', body.strip(), re.S)
        yield "markdown", quoted[2] if quoted else _uncommented(body)


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
            yield "code", "\n".join(lines[opened + 1:number])
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
