"""Answers that lost points without a sentence, grouped by behaviour: what a bank of mistakes still lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import nbformat

from helpers.checking.kinds import NOT_THERE
from helpers.checking.verdict import Row, Verdict
from helpers.grading.authoring.heldout import Measured, checks_of
from helpers.grading.course.folder import Course

LOST = ("told where",)
A_CELLS_BEGINNING = re.compile(r"(?m)^([ \t]*#[ \t]*)%%")


@dataclass
class Proposal:
    """Answers to one question that are wrong in the same way; `answers` are their cells, the shortest first."""

    question: str
    where: tuple[str, ...]
    answers: list[str] = field(default_factory=list)
    ideas: list[str] = field(default_factory=list)

    def as_cell(self) -> str:
        """A mistake's cell for the master, whose sentence is still to be written: one, whatever the answer says."""
        says = self.ideas[0].replace('"', "'") if self.ideas else "…"
        answer = A_CELLS_BEGINNING.sub(r"\1% %", self.answers[0].strip())
        return f'# %% tags=["mistake"] question="{self.question}" says="{says}"\n{answer}\n'


def proposals(course: Course, name: str, heldout: Iterable[Measured] = ()) -> list[Proposal]:
    """Of a graded class and of held-out answers, those that occur most often first.

    Raises:
        CourseError: if the problem set is not built.
    """
    found: dict[tuple, Proposal] = {}
    for question, where, cell, idea in (*_of_the_class(course, name), *_held_out(course, name, heldout)):
        one = found.setdefault((question, where), Proposal(question, where))
        one.answers.append(cell)
        one.ideas += [idea] * bool(idea)
    for one in found.values():
        one.answers.sort(key=len)
    return sorted(found.values(), key=lambda one: (-len(one.answers), one.question))


def _held_out(course: Course, name: str, heldout: Iterable[Measured]) -> Iterator[tuple]:
    for one in heldout:
        if course.find(one.set) == name and one.kind in LOST:
            yield one.question, tuple(one.where), one.cell, one.idea


def _of_the_class(course: Course, name: str) -> Iterator[tuple]:
    """(question, where, cell, "") of the graded notebooks' answers that lost points without a sentence."""
    questions = checks_of(course.source_notebook(name))
    for path in sorted(course.root.glob(f"{course.directory.autograded_directory}/*/{name}/{name}.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
        for question, checks in questions.items():
            rows = [row for check in checks for row in _wrong_rows(cells.get(check))]
            if rows and question in cells and not any(row.why for row in rows) and not any(
                    row.kind in NOT_THERE for row in rows):
                where = tuple(f"{row.name}: {row.where}" for row in rows)
                yield question, where, cells[question].source, ""


def _wrong_rows(cell: Any) -> list[Row]:
    outputs = cell.get("outputs", ()) if cell is not None else ()
    verdicts = [Verdict.from_dict(output.metadata.verdict) for output in outputs
                if "verdict" in output.get("metadata", {})]
    return [row for verdict in verdicts for row in verdict.rows if not row.right]
