"""Which of an assignment's cells a submission's cells are: by grade_id, then by nbformat's id, then by their text."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbgrader import utils

from helpers.grading.notebooks.cells import EXPERIMENT, grade_id_of, is_check
from helpers.grading.notebooks.code import Code, parts, understood
from helpers.grading.notebooks.master import defined_names
from helpers.grading.notebooks.shape import Shape, plain_text

PARSED = 1_000_000  # characters of a submission that are looked at as Python; the rest line by line


@dataclass
class Handed:
    """A cell as it was handed in. place: of the assignment's cell that it is, or -1; how: that is known."""

    cell: NotebookNode
    text: str
    place: int = -1
    how: str = ""  # "grade_id", "id" or "text"
    code: Code = field(default_factory=lambda: Code(""))
    needed: frozenset[str] = frozenset()  # of an experiment: what answers use and it defines

    def name(self, shape: Shape) -> str:
        """The grade_id of the assignment's cell that it is, or ""."""
        return grade_id_of(shape.cells[self.place]) if self.place >= 0 else ""

    @property
    def is_code(self) -> bool:
        return self.cell.cell_type == "code"

    @property
    def is_experiment(self) -> bool:
        return self.is_code and EXPERIMENT in self.cell.metadata.get("tags", ())


def matched(notebook: NotebookNode, shape: Shape) -> list[Handed]:
    """The submission's cells in their order, each with its place in the assignment if it has one.

    Only a grade_id can be claimed twice: which copy counts is for `restore` to find out.
    """
    handed = [Handed(cell, plain_text(cell.source)) for cell in notebook.cells]
    left = PARSED
    for one in handed:
        place = shape.index.get(grade_id_of(one.cell), -1)
        if place >= 0:
            one.place, one.how = place, "grade_id"
        if (one.is_code or place >= 0) and one.text:
            left -= len(one.cell.source)
            one.code = understood(one.cell.source, shape.given) if left > 0 else Code(one.cell.source)
    taken = {one.place for one in handed}
    for one in handed:
        place = shape.place.get(str(one.cell.get("id", "")), -1)
        if one.place < 0 and place >= 0 and place not in taken and _can_be(one, place, shape):
            one.place, one.how = place, "id"
            taken.add(place)
    for one in handed:
        places = shape.texts.get((one.is_code, one.text), ()) if one.place < 0 and one.text else ()
        place = next((place for place in places if place not in taken), -1)
        if place >= 0:
            one.place, one.how = place, "text"
            taken.add(place)
    _find_formatted([one for one in handed if one.place < 0], shape, taken)
    _find_needed(handed, shape)
    return handed


def _find_formatted(handed: list[Handed], shape: Shape, taken: set[int]) -> None:
    """A locked cell whose comments, blanks or quotes alone have changed is itself."""
    for one in handed:
        if one.is_code and one.code.tree is not None and one.code.tree.body:
            place = next((p for p in shape.forms.get(_form(one.code.tree), ()) if p not in taken), -1)
            if place >= 0:
                one.place, one.how = place, "text"
                taken.add(place)


def _form(tree: ast.Module) -> str:
    try:
        return ast.dump(tree)
    except RecursionError:  # deeper than anything that an assignment gives out
        return ""


def _find_needed(handed: list[Handed], shape: Shape) -> None:
    """An experiment is not run again: what a student has defined in one and uses in an answer is run for itself."""
    experiments = [one for one in handed if one.is_experiment and one.code.tree is not None]
    if not experiments:
        return
    given = frozenset().union(*(lines for _, lines in shape.experiments)) if shape.experiments else frozenset()
    own = [(one, _definitions(one, given)) for one in experiments]
    if any(names for _, names in own):
        used = {name for one in handed if one.is_code and not one.is_experiment
                for name in one.code.used}
        for one, names in own:
            one.needed = frozenset(names & used)


def _definitions(one: Handed, given: frozenset[str]) -> set[str]:
    """Functions, classes, imports and constants at the top level that the assignment does not have there."""
    found: set[str] = set()
    lines = one.code.source.split("\n")
    for statement in one.code.tree.body if one.code.tree is not None else ():
        defines = isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)) or (
            isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant))
        text = [line.strip() for line in lines[statement.lineno - 1:statement.end_lineno]]
        if defines and not given.issuperset(filter(None, text)):
            found |= set(defined_names(ast.Module([statement], [])))
    return found


def _can_be(one: Handed, place: int, shape: Shape) -> bool:
    """An id is only a hint: a locked cell must still look like itself, an answer must not be another's."""
    mine = shape.cells[place]
    if utils.is_locked(mine) or is_check(mine):
        return alike(one.text, shape.seen[place])
    name = grade_id_of(mine)
    if name in shape.wanted:
        return not one.code.names & (shape.names - shape.wanted[name]) or bool(one.code.names & shape.wanted[name])
    return one.is_code == (mine.cell_type == "code") or bool(name)


def alike(one: str, other: str) -> bool:
    """Do two texts share most of their lines?"""
    lines, others = ({line.strip() for line in text.split("\n") if line.strip()} for text in (one, other))
    return 2 * len(lines & others) >= max(len(lines), len(others), 1)


def belongs(handed: list[Handed], shape: Shape) -> bool:
    """Is anything in it of this assignment? Cells without a name, such as imports, may stand in any; and in a notebook
    with other grade_ids, a function of the same name is another's."""
    strange = sum(bool(grade_id_of(one.cell)) for one in handed if one.place < 0)
    return not any(one.text for one in handed) or any(
        one.name(shape) or (one.place >= 0 and not one.is_code) or (not strange and one.code.names & shape.names)
        for one in handed)


def answers(handed: list[Handed], shape: Shape) -> dict[str, str]:
    """What is written for each of the assignment's answers, by its grade_id."""
    found: dict[str, str] = {}
    for one in handed:
        for name, names in shape.wanted.items() if one.is_code and one.code.written else ():
            if names & one.code.written:
                found[name] = parts(one.code, names & one.code.written, keep=True) or one.text
        mine = shape.cells[one.place] if one.place >= 0 else None
        if mine is not None and utils.is_solution(mine) and grade_id_of(mine) not in shape.wanted and one.text not in (
                "", shape.seen[one.place]):
            found[grade_id_of(mine)] = one.text
    return found
