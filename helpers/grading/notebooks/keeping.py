"""Cells without the student's metadata, and what of an experiment's outputs is kept."""

from __future__ import annotations

from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers.grading.notebooks.submission import KEPT_OUTPUTS, PICTURES, is_picture, text_of

KEPT_TEXT = 20_000  # characters of one output of an experiment
EXPERIMENT_NOTE = "Outputs as handed in; grading does not run this cell again."
SAFE_TYPES = ("text/plain", *PICTURES)


def plain(kind: str, source: str) -> NotebookNode:
    """A cell of nbformat 4, made without its schema's check, which takes longer than all the rest of restoring."""
    code: dict[str, Any] = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return nbformat.from_dict({"cell_type": kind, "source": source, "metadata": {}, **code})


def _said(text: str) -> NotebookNode:
    return nbformat.from_dict({"output_type": "stream", "name": "stdout", "text": text})


def kept_outputs(cell: NotebookNode) -> list[NotebookNode]:
    """An experiment's outputs as handed in: text and pictures only, limited, labelled as not made by grading."""
    kept = [_said(EXPERIMENT_NOTE + "\n")]
    for output in list(cell.get("outputs") or ())[:KEPT_OUTPUTS]:
        new = _kept_output(output) if isinstance(output, dict) else None
        if new is not None and new.get("text") != EXPERIMENT_NOTE + "\n":
            kept.append(new)
    return kept


def _kept_output(output: dict[str, Any]) -> NotebookNode | None:
    kind = output.get("output_type")
    if kind == "stream":
        return _said(text_of(output.get("text"))[:KEPT_TEXT])
    if kind == "error":
        return _said(f"{text_of(output.get('ename'))}: {text_of(output.get('evalue'))}"[:KEPT_TEXT])
    if kind not in ("display_data", "execute_result") or not isinstance(output.get("data"), dict):
        return None
    data = {}
    for mime in SAFE_TYPES:
        content = text_of(output["data"].get(mime))
        if not content:
            continue
        if mime == "text/plain":
            data[mime] = content[:KEPT_TEXT]
        elif is_picture(content):
            data[mime] = content
    return nbformat.from_dict({"output_type": "display_data", "data": data, "metadata": {}}) if data else None
