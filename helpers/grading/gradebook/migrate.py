"""A question added to a problem set that was graded: the gradebook gets it, and nothing that is there is lost.

nbgrader keeps marks by cell and refuses a notebook with other cells once somebody has handed in; its only way out is
to delete the assignment with all its marks. New cells, and an empty mark and comment for every submission, are all it
takes.
"""

from __future__ import annotations

from nbformat import NotebookNode
from nbgrader import api, utils

from helpers.grading.notebooks.cells import grade_id_of


def add_cells(book: api.Gradebook, name: str, assignment: NotebookNode) -> list[str]:
    """Record the cells that the gradebook does not know yet; returns their names."""
    notebook = book.find_notebook(name, name)
    known = {cell.name for cell in notebook.source_cells}
    added = []
    for cell in assignment.cells:
        cell_name = grade_id_of(cell)
        if not cell_name or cell_name in known:
            continue
        _add_cell(book, name, cell_name, cell)
        added.append(cell_name)
    book.db.flush()
    for submission in notebook.submissions:
        _complete(book, notebook, submission)
    book.db.commit()
    return added


def _add_cell(book: api.Gradebook, name: str, cell_name: str, cell: NotebookNode) -> None:
    info = cell.metadata.nbgrader
    if utils.is_grade(cell):
        book.add_grade_cell(cell_name, name, name, max_score=float(info["points"]), cell_type=cell.cell_type)
    if utils.is_solution(cell):
        book.add_solution_cell(cell_name, name, name)
    if utils.is_task(cell):
        book.add_task_cell(cell_name, name, name, max_score=float(info["points"]), cell_type=cell.cell_type)
    book.add_source_cell(cell_name, name, name, cell_type=cell.cell_type, locked=utils.is_locked(cell),
                         source=cell.source, checksum=info.get("checksum"))


def _complete(book: api.Gradebook, notebook: api.Notebook, submission: api.SubmittedNotebook) -> None:
    """A mark for every graded cell and a comment for every answer, as a new submission would have."""
    graded = {grade.cell_id for grade in submission.grades}
    for cell in (*notebook.grade_cells, *notebook.task_cells):
        if cell.id not in graded:
            book.db.add(api.Grade(cell_id=cell.id, notebook_id=submission.id))
    commented = {comment.cell_id for comment in submission.comments}
    for cell in (*notebook.solution_cells, *notebook.task_cells):
        if cell.id not in commented:
            book.db.add(api.Comment(cell_id=cell.id, notebook_id=submission.id))
