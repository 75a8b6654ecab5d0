"""Reads a file that claims to be a notebook: of each cell no more than grading needs, in bounded time and memory."""

from __future__ import annotations

import ast
import base64
import codecs
import contextlib
import copy
import json
import re
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers.grading.notebooks.cells import EXPERIMENT
from helpers.grading.notebooks.damage import what_it_is, whole_cells
from helpers.grading.notebooks.shape import Shape, is_experiment, shape_of
from helpers.grading.text import clean_text

MAX_NOTEBOOK_BYTES = 50_000_000
MAX_PARTS = 1_000_000  # lists and objects in a notebook's file: one of two bytes takes a hundred in memory
MAX_CELLS = 1_000
MAX_TEXT = 5_000_000  # characters, in all cells
MAX_MIXED_BYTES = 10_000_000  # of a file whose bytes are looked at one by one where they are no UTF-8
MAX_LITERAL = 2_000_000  # characters of a notebook that was saved as Python shows a dict
MAX_LITERAL_PARTS = 150_000  # of one, at most: Python's tree has up to a thousand bytes for each
WRAPPINGS = 3  # of a notebook in other JSON
KEPT_RICH_BYTES = 2_000_000  # of one output of an experiment
KEPT_OUTPUTS = 50  # of one experiment
LITERAL_PARTS = ",:+-~'\"({["  # with which a part of a literal begins or ends
MARKS = (("utf-8-sig", codecs.BOM_UTF8), ("utf-32", codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
         ("utf-16", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # the longer marks first
BASE64_URL = re.compile(r"data:[\w.+/;=-]{0,100};base64,")
BASE64 = re.compile(r"[A-Za-z0-9+/\s]{40,}={0,2}\s*\Z")
BEGINNING = 2_000  # characters by which base64 is known: JSON has other characters there
PICTURES = ("image/png", "image/jpeg", "image/gif")


def notebook_file(path: Path) -> tuple[bytes | None, str]:
    """The content of a notebook file and "", or None and why it is not read.

    Raises:
        OSError: if the file is there and cannot be read.
    """
    if any(place.is_symlink() for place in (path, path.parent)):
        return None, "The notebook is a link to somewhere else; hand in the file itself."
    if not path.is_file():
        return None, f"The folder has no notebook {path.name}."
    if path.stat().st_size > MAX_NOTEBOOK_BYTES:
        return None, _too_large(path.stat().st_size)
    return path.read_bytes(), ""


def _too_large(size: int) -> str:
    return (f"The notebook has {size / 1e6:.0f} MB; up to {MAX_NOTEBOOK_BYTES / 1e6:.0f} MB can be graded. "
            "Clear the outputs and hand it in again.")


def read_submission(content: bytes | None, assignment: NotebookNode) -> tuple[NotebookNode, str]:
    """A submitted notebook and "", or an untouched copy of the assignment and the reason why."""
    if content is None:
        return copy.deepcopy(assignment), "No notebook was handed in."
    try:
        return _parsed(content, shape_of(assignment)), ""
    except _TooMuch as error:
        return copy.deepcopy(assignment), str(error)
    except Exception as error:  # nbformat, json and unicode complain in many ways; all mean the same here
        told = what_it_is(content) or (
            f"{type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else 'no details'}")
        return copy.deepcopy(assignment), f"The file that was handed in is not a notebook that can be read ({told})."


class _TooMuch(ValueError):
    """A notebook that would take more to read than a submission may; the message is for its author."""


def decoded(content: bytes) -> str:
    """A notebook file's text: UTF-8 as it should be, or what editors make of it (byte order marks, UTF-16, cp1252, and
    one of them pasted into another).

    Raises:
        UnicodeError: if it is none of these.
    """
    for encoding, *marks in MARKS:
        if content.startswith(tuple(marks)):
            return content.decode(encoding)
    if b"\0" in content[:4]:  # UTF-16 without a mark: of the first character, a bracket, one byte is zero
        return content.decode("utf-16-be" if content[:1] == b"\0" else "utf-16-le")
    return content.decode("utf-8", "cp1252" if len(content) <= MAX_MIXED_BYTES else "replace")


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """For a byte that is no UTF-8: what Windows means by it, and Latin-1 where Windows means nothing."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    byte = error.object[error.start:error.start + 1]
    try:
        return byte.decode("cp1252"), error.start + 1
    except UnicodeDecodeError:
        return byte.decode("latin-1"), error.start + 1


codecs.register_error("cp1252", _as_cp1252)


def _json(text: str) -> tuple[Any, int, str]:
    """A notebook's JSON, how many characters behind its end are none of it, and what is wrong with it.

    A file that was overwritten by a shorter one keeps the tail of the old; of a damaged one the whole cells are read.
    A script that saves a notebook with `str` writes a dict as Python shows it.

    Raises:
        ValueError: if there are none.
    """
    try:
        raw, end = json.JSONDecoder(strict=False).raw_decode(text)
    except json.JSONDecodeError:
        if text.startswith("{'") and len(text) <= MAX_LITERAL and sum(
                map(text.count, LITERAL_PARTS)) <= MAX_LITERAL_PARTS:
            with contextlib.suppress(SyntaxError, MemoryError, RecursionError):
                return ast.literal_eval(text), 0, ""
        cells, damage = whole_cells(text)
        if not cells:
            raise
        return {"cells": cells, "metadata": {}}, 0, damage
    return raw, len(text) - end, ""


def _unwrapped(raw: Any) -> Any:
    """The notebook in what a program has put around it: a list, a text, the `content` in which servers send files, also
    in base64, as GitHub does.

    Raises:
        ValueError: if a text in it is no JSON.
    """
    for _ in range(WRAPPINGS):
        if isinstance(raw, list) and len(raw) == 1:
            raw = raw[0]
        elif isinstance(raw, dict) and "cells" not in raw and isinstance(raw.get("content"), (dict, str)):
            raw = raw["content"]
        elif isinstance(raw, str):
            raw = _from_base64(raw)
            _count_parts(raw.count("{") + raw.count("["))
            raw = json.loads(raw, strict=False)
    return raw


def _from_base64(text: str) -> str:
    """A JSON text that is kept in base64, also in a `data:` address; any other as it is."""
    body = text.partition(",")[2] if BASE64_URL.match(text) else text
    if not BASE64.match(body[:BEGINNING]):
        return text
    try:
        return decoded(base64.b64decode(body)).strip("\0 \t\r\n")
    except ValueError:
        return text


def _count_parts(parts: int) -> None:
    if parts > MAX_PARTS:
        raise _TooMuch(f"The notebook's file has {parts:,} parts; up to {MAX_PARTS:,} can be graded. "
                       "Clear the outputs and hand it in again.")


def _parsed(content: bytes, shape: Shape) -> NotebookNode:
    """The cells of a notebook file, and of each no more than grading needs: nbformat's own reader takes minutes and
    gigabytes for what 50 MB can hold."""
    if len(content) > MAX_NOTEBOOK_BYTES:
        raise _TooMuch(_too_large(len(content)))
    parts = content.count(b"{") + content.count(b"[")
    _count_parts(parts)
    text = _from_base64(decoded(content).strip("\0 \t\r\n"))
    _count_parts(text.count("{") + text.count("["))
    raw, behind, damage = _json(text)
    raw = _unwrapped(raw)
    if isinstance(raw, dict) and isinstance(raw.get("worksheets"), list) and parts < MAX_CELLS * 20:  # version 3
        raw = nbformat.reads(json.dumps(raw), as_version=4)
    if not isinstance(raw, dict) or not isinstance(raw.get("cells"), list):
        raise ValueError("it has no cells")
    if len(raw["cells"]) > MAX_CELLS:
        raise _TooMuch(f"The notebook has {len(raw['cells']):,} cells; up to {MAX_CELLS:,} can be graded. Delete those "
                       "that are no part of an answer and hand it in again.")
    cells = [_bare(cell, shape) for cell in raw["cells"]]
    length = sum(len(cell.source) for cell in cells)
    if length > MAX_TEXT:
        raise _TooMuch(f"The notebook's cells have {length:,} characters; up to {MAX_TEXT:,} can be graded. "
                       "Put data into files and hand it in again.")
    return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "cells": cells,
                               "metadata": {"python": _python_version(raw.get("metadata")), "behind": behind,
                                            "damage": damage}})


def _python_version(metadata: Any) -> str:
    """Which Python the notebook was written with, as its kernel has noted it; "" if nobody knows."""
    info = metadata.get("language_info") if isinstance(metadata, dict) else None
    version = info.get("version") if isinstance(info, dict) and info.get("name") == "python" else None
    return version if isinstance(version, str) and re.fullmatch(r"[23]\.\d{1,3}(\.\w{1,10})?", version) else ""


def _bare(cell: Any, shape: Shape) -> NotebookNode:
    """A cell's type, id, text and pictures, grade_id, points and tags, and an experiment's outputs.

    Raises:
        ValueError: if it is no cell.
    """
    source = cell.get("source") if isinstance(cell, dict) else None
    if not isinstance(cell, dict) or not isinstance(source, (str, list, type(None))):
        raise ValueError("one of its cells is none")
    given = cell.get("metadata")
    metadata = given if isinstance(given, dict) else {}
    kept: dict[str, Any] = {}
    text = clean_text(text_of(source)).replace("\r\n", "\n").replace("\r", "\n")
    new: dict[str, Any] = {"cell_type": cell.get("cell_type"), "source": text, "metadata": kept}
    if isinstance(cell.get("id"), str) and len(cell["id"]) <= 64:
        new["id"] = clean_text(cell["id"])
    found = metadata.get("nbgrader")
    if isinstance(found, dict):
        kept["nbgrader"] = {name: found.get(name) for name in ("grade_id", "points")}
    if isinstance(metadata.get("tags"), list):
        kept["tags"] = [tag for tag in metadata["tags"][:50] if isinstance(tag, str)]
    if EXPERIMENT not in kept.get("tags", ()) and is_experiment(new, shape):
        kept.setdefault("tags", []).append(EXPERIMENT)
    if isinstance(cell.get("attachments"), dict):
        new["attachments"] = _pictures(cell["attachments"])
    if isinstance(cell.get("outputs"), list):
        new["outputs"] = cell["outputs"][:KEPT_OUTPUTS] if EXPERIMENT in kept.get("tags", ()) else []
    return nbformat.from_dict(new)


def _pictures(attachments: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What was pasted into a written answer: pictures, by name and type."""
    found = {}
    for name, bundle in list(attachments.items())[:KEPT_OUTPUTS]:
        kept = {mime: bundle[mime] for mime in PICTURES if isinstance(bundle, dict) and is_picture(bundle.get(mime))}
        if kept and clean_text(name) == name:
            found[name] = kept
    return found


def is_picture(content: Any) -> bool:
    """A picture as notebooks keep it: base64, and nothing else that a page could take for its own text."""
    return isinstance(content, str) and len(content) <= KEPT_RICH_BYTES and bool(
        re.fullmatch(r"[A-Za-z0-9+/=\s]+", content))


def text_of(value: Any) -> str:
    """A cell's text. Lines in a list end with a line's end, but for the last; where none does, they have lost it."""
    if isinstance(value, list):
        lines = [str(line) for line in value]
        whole = any(line.endswith(("\n", "\r")) for line in lines[:-1])
        return clean_text(("" if whole else "\n").join(lines))
    return clean_text(value) if isinstance(value, str) else ""
