"""A master as nbgrader's source notebook."""

from __future__ import annotations

import nbformat

from helpers.grading.notebooks.master import Master


def source_notebook(master: Master) -> nbformat.NotebookNode:
    """The instructor version: every cell that is not the author's own."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
    })
    for cell in master.cells:
        if cell.author_only:
            continue
        new = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
        kept = {key: cell.metadata[key] for key in ("nbgrader", "tags") if cell.metadata.get(key)}
        notebook.cells.append(new(cell.source, id=cell.id, metadata=kept))
    return notebook
