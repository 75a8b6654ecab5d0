"""Graded notebooks shown by nbgrader's own pages: formgrader opens them on the instructor's server.

Whatever a student wrote or displayed may be looked at there; it must not act, and the server must not wait for it.
`install` in `configure.py` puts the parts into nbconvert's HTML exporter.
"""

from __future__ import annotations

from typing import Any

from jinja2 import pass_context
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

from helpers.grading.notebooks.submission import PICTURES, is_picture
from helpers.grading.pages import rendering
from helpers.grading.pages.clock import CLOCK
from helpers.grading.pages.formgrader import as_texts
from helpers.grading.text import for_page

SECONDS = 4.0  # of processor time for a page: the server answers nobody meanwhile
SHOWN_TEXT = 100_000  # characters of one output
SHOWN_OUTPUTS = 2_000_000  # of all outputs that are texts
SHOWN_SOURCES = 2_000_000  # of all cells


class Harmless(Preprocessor):
    """Keeps of each cell and output what cannot act, and as much as can be shown at once."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        CLOCK.begin(SECONDS)
        self.sources, self.outputs = SHOWN_SOURCES, SHOWN_OUTPUTS
        nb, resources = super().preprocess(nb, resources)
        # Names of students and files, which nbgrader's template puts into the page as they are.
        resources.update({name: as_texts(value) for name, value in resources.items() if isinstance(value, str)})
        return nb, resources

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        cell.source, self.sources = _cut(cell.source, self.sources), self.sources - len(cell.source)
        if cell.cell_type == "raw":
            cell.metadata.pop("raw_mimetype", None)
            cell.source = f"<pre>{for_page(cell.source)}</pre>"  # the page takes it for HTML
        if cell.cell_type == "code":
            check = is_grade(cell) and not is_solution(cell)
            for output in cell.outputs:
                self._shorten(output)
                if "data" in output:
                    verdict = check and bool(output.get("metadata", {}).get("verdict"))
                    output["data"], output["metadata"] = NotebookNode(harmless(output["data"], verdict)), NotebookNode()
            cell.outputs = [output for output in cell.outputs if output.get("data", True)]
        return cell, resources

    def _shorten(self, output: NotebookNode) -> None:
        for holder, names in ((output, ("text",)), (output.get("data", {}), ("text/plain", "text/html", "text/latex",
                                                                             "text/markdown"))):
            for name in names:
                if isinstance(holder.get(name), str):
                    kept = _cut(holder[name], min(SHOWN_TEXT, self.outputs))
                    if kept != holder[name] and name != "text":  # half of an HTML text is none
                        holder.pop(name)
                        holder["text/plain"] = kept
                    elif kept != holder[name]:
                        holder[name] = kept
                    self.outputs -= len(kept)
        if "traceback" in output:
            lines = [str(line) for line in output["traceback"]]
            output["traceback"] = [_cut("\n".join(lines), min(SHOWN_TEXT, self.outputs))]
            self.outputs -= len(output["traceback"][0])


def _cut(text: str, characters: int) -> str:
    if len(text) <= characters:
        return text
    return f"{text[:max(characters, 0)]}\n… and {len(text) - max(characters, 0):,} more characters: see the notebook"


def harmless(bundle: dict[str, Any], verdict: bool = False) -> dict[str, str]:
    """Of an output's data by type: text, pictures, and HTML without anything that acts."""
    kept = {}
    for mime, content in bundle.items():
        if not isinstance(content, str):
            continue
        if mime == "text/plain" or (mime in PICTURES and is_picture(content)):
            kept[mime] = content
        elif mime == "text/html":
            kept[mime] = rendering.verdict(content) if verdict else rendering.cleaned(content)
        elif mime in ("text/markdown", "text/latex") and "text/html" not in bundle:
            kept["text/html"] = rendering.markdown(content)
    return kept


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """In place of nbconvert's filter of this name, which lets scripts through."""
    return rendering.markdown(source, context.get("cell", {}).get("attachments"))


def highlight_code(source: str, metadata: Any = None) -> str:
    """In place of nbconvert's filter of this name, which has no limits."""
    return f'<div class="highlight hl-ipython3"><pre>{rendering.code(source)}</pre></div>'


def clean_html(text: str) -> str:
    """In place of nbconvert's filter of this name, which keeps classes that lie over the page."""
    return rendering.cleaned(text)
