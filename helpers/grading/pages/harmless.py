"""Graded notebooks shown by nbgrader's own pages: formgrader opens them on the instructor's server.

Whatever a student wrote or displayed may be looked at there; it must not act. `install` in `configure.py` puts both
parts into nbconvert's HTML exporter.
"""

from __future__ import annotations

from typing import Any

from jinja2 import pass_context
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from helpers.grading.notebooks.submission import PICTURES, is_picture
from helpers.grading.pages import rendering

TEXTS = ("text/plain", "text/markdown")  # the first is escaped by the page, the second goes through the filter below


class Harmless(Preprocessor):
    """Keeps of each output what cannot act. What checks say is the grader's own and stays as it is."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        if cell.cell_type == "raw":
            cell.metadata.pop("raw_mimetype", None)
        if cell.cell_type == "code" and not (is_grade(cell) and not is_solution(cell)):
            for output in cell.outputs:
                if "data" in output:
                    output["data"], output["metadata"] = NotebookNode(harmless(output["data"])), NotebookNode()
            cell.outputs = [output for output in cell.outputs if output.get("data", True)]
        return cell, resources


def harmless(bundle: dict[str, Any]) -> dict[str, str]:
    """Of an output's data by type: text, pictures, and HTML without anything that acts."""
    kept = {}
    for mime, content in bundle.items():
        if not isinstance(content, str):
            continue
        if mime in TEXTS or (mime in PICTURES and is_picture(content)):
            kept[mime] = content
        elif mime == "text/html":
            kept[mime] = rendering.cleaned(content)
        elif mime == "text/latex":
            kept[mime] = content.replace("<", r"\lt ")
    return kept


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """In place of nbconvert's filter of this name, which lets scripts through."""
    return rendering.markdown(source, context.get("cell", {}).get("attachments"))
