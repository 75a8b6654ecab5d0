"""What restoring has to know of an assignment: its cells in order, and the names that a student is to define."""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode
from nbgrader import utils

from helpers.grading.notebooks.cells import EXPERIMENT, grade_id_of, is_check
from helpers.grading.notebooks.code import statements, understood
from helpers.grading.notebooks.master import used_names

HIDDEN = ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS")  # nbgrader's own delimiters
KEPT_SHAPES = 4
ALIKE = 0.6  # of an experiment's lines, for a cell to be that experiment

_shapes: dict[int, tuple[Any, Shape]] = {}


@dataclass
class Shape:
    """An assignment, as a submission's cells are compared with it.

    known, order: its cells with a grade_id. place: a cell's place among all cells, by its nbformat id. texts: places
    by what a student sees of a cell. wanted: a solution's grade_id → the names to define, without those that another
    cell binds as well: `fig, ax` tell no answer. reads: a check's grade_id → those of them that it reads. given: texts
    of the statements that were given out.
    """

    cells: list[NotebookNode]
    known: dict[str, NotebookNode] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)  # grade_id → place
    place: dict[str, int] = field(default_factory=dict)
    texts: dict[tuple[bool, str], list[int]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)  # by place: the text as students see it
    wanted: dict[str, frozenset[str]] = field(default_factory=dict)
    reads: dict[str, frozenset[str]] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    experiments: list[tuple[str, frozenset[str]]] = field(default_factory=list)  # nbformat id, lines
    forms: dict[str, list[int]] = field(default_factory=dict)  # places of locked cells by their syntax trees

    @property
    def names(self) -> frozenset[str]:
        """All names that students are to define."""
        return frozenset().union(*self.wanted.values())

    def checks_of(self, solution: str) -> list[str]:
        return [check for check, names in self.reads.items() if names & self.wanted.get(solution, frozenset())]


def without_hidden_tests(source: str, delimiters: tuple[str, str] = HIDDEN) -> str:
    """A check cell as students see it."""
    begin, end = map(re.escape, delimiters)
    return re.sub(rf"(?m)^[^\n]*{begin}.*?{end}[^\n]*\n?", "", source, flags=re.S)


def plain_text(source: str) -> str:
    """A cell's text, whatever an editor has done to its line ends and trailing blanks."""
    return "\n".join(line.rstrip() for line in source.replace("\r\n", "\n").split("\n")).strip()


def shape_of(assignment: NotebookNode) -> Shape:
    """An assignment's shape; that of the last few is kept."""
    found = _shapes.get(id(assignment))
    if found is None or found[0] is not assignment:
        while len(_shapes) >= KEPT_SHAPES:
            _shapes.pop(next(iter(_shapes)), None)
        found = _shapes[id(assignment)] = (assignment, _made(assignment))
    return found[1]


def delimiters_of(assignment: NotebookNode) -> tuple[str, str]:
    begin, end = assignment.metadata.get("hidden_tests") or HIDDEN
    return begin, end


def _made(assignment: NotebookNode) -> Shape:
    shape, delimiters = Shape(assignment.cells), delimiters_of(assignment)
    given: set[str] = set()
    bound: Counter[str] = Counter()
    for place, cell in enumerate(assignment.cells):
        name = grade_id_of(cell)
        if name:
            shape.known[name] = cell
            shape.order.append(name)
            shape.index[name] = place
        if cell.get("id"):
            shape.place.setdefault(str(cell["id"]), place)
        text = plain_text(without_hidden_tests(cell.source, delimiters))
        shape.seen.append(text)
        shape.texts.setdefault((cell.cell_type == "code", text), []).append(place)
        tree = understood(text).tree if name and cell.cell_type == "code" and not utils.is_solution(cell) else None
        if tree is not None:
            shape.forms.setdefault(ast.dump(tree), []).append(place)
        if EXPERIMENT in cell.metadata.get("tags", ()):
            shape.experiments.append((str(cell.get("id") or ""), _lines(cell.source)))
        elif cell.cell_type == "code" and not is_check(cell):
            names = understood(cell.source).names
            bound.update(names)
            if utils.is_solution(cell):
                shape.wanted[name] = frozenset(names)
                given |= statements(cell.source)
    shape.given = frozenset(given)
    shape.wanted = {name: frozenset(one for one in names if bound[one] == 1) for name, names in shape.wanted.items()}
    _find_what_checks_read(shape, frozenset(bound))
    return shape


def _find_what_checks_read(shape: Shape, bound: frozenset[str]) -> None:
    """A stub need not name what its check reads: the rest of it is the question's that stands before the check."""
    latest, reads = "", {}
    for name in shape.order:
        cell = shape.known[name]
        if name in shape.wanted:
            latest = name
        elif is_check(cell):
            try:
                read = used_names(ast.parse(cell.source))
            except (SyntaxError, ValueError):
                read = set()
            reads[name] = read
            if latest and not read & shape.names:
                shape.wanted[latest] |= read - bound - set(dir(builtins))
    shape.reads = {name: frozenset(read & shape.names) for name, read in reads.items()}


def _lines(source: str) -> frozenset[str]:
    return frozenset(line.strip() for line in source.splitlines() if line.strip())


def is_experiment(cell: Mapping[str, Any], shape: Shape) -> bool:
    """Is it one of the assignment's experiments, tag or no tag? A cell that defines an answer is none."""
    if not shape.experiments or cell.get("cell_type") != "code":
        return False
    lines = _lines(cell["source"])
    for id_, own in shape.experiments:
        shared = len(lines & own)
        if own and shared >= (ALIKE / 2 if cell.get("id") == id_ else ALIKE) * max(len(own), len(lines)):
            return not understood(cell["source"]).written & shape.names
    return False
