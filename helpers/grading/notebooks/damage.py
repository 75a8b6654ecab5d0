"""Notebook files that came to harm: cut off in an upload, with a merge conflict in them, or no notebooks at all."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_TRIES = 20  # places at which a damaged file is taken up again
MAX_CONFLICTS = 200
MAX_CONFLICT_BYTES = 10_000_000
CELLS = re.compile(r'"cells"\s*:\s*\[')
CELL = re.compile(r'\{\s*"(?:attachments|cell_type|execution_count|id|metadata|outputs|source)"\s*:')
BETWEEN = re.compile(r"[\s,]*")
LINE = re.compile(rb"[^\n]*\n|[^\n]+")
BEGIN, BASE, MIDDLE, END = b"<" * 7, b"|" * 7, b"=" * 7, b">" * 7  # of a conflict, at the beginning of a line
# By its first bytes, what a file is that is no notebook.
KINDS = ((b"Rar!", "it is a RAR archive"), (b"7z\xbc\xaf", "it is a 7z archive"), (b"%PDF", "it is a PDF"),
         (b"version https://git-lfs", "it is a pointer of Git LFS; the file itself was not handed in"),
         (b"<!DOCTYPE html", "it is a web page"), (b"<html", "it is a web page"),
         (b"[InternetShortcut]", "it is a link"), (b"http://", "it is a link"), (b"https://", "it is a link"))


def what_it_is(content: bytes) -> str:
    """What a file is that is no notebook, in words; "" if nobody knows."""
    begin = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:100]
    if not begin.strip(b"\0"):
        return "it is empty"
    return next((said for mark, said in KINDS if begin.lower().startswith(mark.lower())), "")


def sides(content: bytes) -> list[bytes]:
    """Both sides of a notebook file with the marks of merge conflicts; none if it has no marks."""
    marks = content.count(BEGIN)
    if not 0 < marks <= MAX_CONFLICTS or len(content) > MAX_CONFLICT_BYTES:
        return []
    found = _resolved(content)
    return [] if found[0] == content else found


def _resolved(content: bytes) -> list[bytes]:
    """Line by line: a pattern for a whole conflict takes the square of what has beginnings only."""
    texts: list[list[bytes]] = [[], []]
    here: list[list[bytes]] = [[], []]
    whole: list[bytes] = []
    at = ""
    for line in LINE.findall(content):
        if at:
            whole.append(line)
        if not at and line.startswith(BEGIN):
            at, whole, here = "one", [line], [[], []]
        elif not at:
            _to(texts, [line], [line])
        elif at == "one" and line.startswith(BASE):
            at = "base"
        elif at != "other" and line.rstrip(b"\r\n") == MIDDLE:
            at = "other"
        elif at == "other" and line.startswith(END):
            _to(texts, *here)
            at = ""
        elif at != "base":
            here[at == "other"].append(line)
    if at:
        _to(texts, whole, whole)
    return [b"".join(text) for text in texts]


def _to(texts: list[list[bytes]], one: list[bytes], other: list[bytes]) -> None:
    texts[0] += one
    texts[1] += other


def whole_cells(text: str) -> tuple[list[dict[str, Any]], str]:
    """The cells of a damaged notebook file that can be read, and what happened to the others, in words."""
    start = CELLS.search(text)
    if start is None:
        return [], ""
    found: list[dict[str, Any]] = []
    place, tries, lost = start.end(), 0, False
    decoder = json.JSONDecoder(strict=False)
    while tries < MAX_TRIES:
        between = BETWEEN.match(text, place)
        place = between.end() if between else place
        if text[place:place + 1] == "]":
            break
        try:
            cell, place = decoder.raw_decode(text, place)
            if isinstance(cell, dict):
                found.append(cell)
        except ValueError:
            tries, lost = tries + 1, True
            again = CELL.search(text, place + 1)
            if again is None:
                break
            place = again.start()
    return found, "cells of it are lost" if lost else "no cell of it is lost"
