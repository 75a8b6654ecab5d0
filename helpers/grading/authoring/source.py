"""A master as nbgrader's source notebook."""

from __future__ import annotations

import re

import nbformat

from helpers.grading.course.beside import first_cell
from helpers.grading.marking.plain import is_plain
from helpers.grading.notebooks.cells import CHECKS_ALONE, HELPERS_CELL
from helpers.grading.notebooks.master import Cell, Master


def _is_check(cell: Cell) -> bool:
    """A check cell of this kit's."""
    return cell.kind == "code" and bool(cell.metadata.get("nbgrader", {}).get("grade")) and not is_plain(cell.source)


def source_notebook(master: Master) -> nbformat.NotebookNode:
    """The instructor version: every cell that is not the author's own."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
    })
    found = False
    for cell in master.cells:
        if not cell.given_out:
            continue
        if not found and cell.kind == "code" and re.search(r"(?m)^from helpers import", cell.source):
            found = True
            notebook.cells.append(nbformat.v4.new_code_cell(first_cell(master.name), id=HELPERS_CELL, metadata={
                "jupyter": {"source_hidden": True}, "tags": ["hide-input"]}))
        new = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
        kept = {key: cell.metadata[key] for key in ("nbgrader", "tags") if cell.metadata.get(key)}
        source = f"{CHECKS_ALONE}\n\n{cell.source}" if found and _is_check(cell) else cell.shown
        notebook.cells.append(new(source, id=cell.id, metadata=kept))
    return notebook
