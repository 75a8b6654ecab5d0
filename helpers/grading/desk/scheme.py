"""A written question as its author wrote it: what was asked, the model answer, and the mark scheme's items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from nbgrader.utils import is_grade, is_solution, is_task

from helpers.grading.course.folder import Course
from helpers.grading.notebooks.cells import info_of
from helpers.grading.notebooks.outline import headings, outline

MARKERS = re.compile(r"^\s*#*\s*(?:BEGIN|END) (?:SOLUTION|MARK SCHEME)\s*$", re.M)
SCHEME = re.compile(r"^\W*mark(?:ing)? scheme\b.*$", re.I | re.M)
WORDS: dict[str, int | Fraction] = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "half": Fraction(1, 2),
    "half a": Fraction(1, 2), "½": Fraction(1, 2)}
ITEM = re.compile(r"^\s*[-*+]\s+\**\s*(?P<points>\d+(?:[.,/]\d+)?|½|half a|half|an?|one|two|three|four|five)\s+"
                  r"(?:points?|marks?)\s*\**\s*[:.–-]\s*(?P<text>.*)$", re.I)
BULLET = re.compile(r"^\s*[-*+]\s+")
LONGEST = 200  # characters of an item in a comment


@dataclass(frozen=True)
class Item:
    """One line of a mark scheme: so many points for that."""

    points: float
    text: str

    @property
    def short(self) -> str:
        """Its first sentence, for a comment that a student reads."""
        first = re.split(r"(?<=[.;!?])\s", re.sub(r"\s*\(.*?\)", "", self.text), maxsplit=1)[0].strip()
        return first if len(first) <= LONGEST else first[:LONGEST].rsplit(" ", 1)[0] + " …"


@dataclass(frozen=True)
class Question:
    """A question that a person grades. `prompt`, `model`, `scheme`: markdown. look: a check gives its mark, and some
    students' marks are for a person to look at."""

    grade_id: str
    title: str
    points: float
    prompt: str
    model: str
    scheme: str
    items: tuple[Item, ...] = field(default=())
    look: bool = False


def to_look_at(course: Course, name: str, checks: set[str]) -> list[Question]:
    """Checks as questions for a person who looks at their marks, in the problem set's order.

    Raises:
        CourseError: if the source has not been built.
    """
    cells = course.source_notebook(name).cells
    texts = {info_of(cell).get("grade_id"): MARKERS.sub("", cell.source) for cell in cells}
    found = []
    for item in outline(cells):
        for check in [check for check in item.graded if check in checks]:
            points = next(float(info_of(cell)["points"]) for cell in cells if info_of(cell).get("grade_id") == check)
            title = item.title if len(item.graded) == 1 else f"{item.title}, `{check}`"
            found.append(Question(check, title, points, "", f"```python\n{texts[item.grade_id]}\n```",
                                  f"```python\n{texts[check]}\n```", _whole(points), look=True))
    return found


def questions(course: Course, name: str) -> list[Question]:
    """The written questions of a problem set, in its order.

    Raises:
        CourseError: if the source has not been built.
    """
    return list(_questions(course.source_notebook(name).cells))


def _questions(cells: list[Any]) -> Iterator[Question]:
    title, before = "", ""
    for cell in cells:
        info = info_of(cell)
        if (is_grade(cell) and is_solution(cell)) or is_task(cell):
            text = MARKERS.sub("", cell.source).strip()
            model, scheme = _halves(text)
            points = float(info.get("points") or 0)
            yield Question(info["grade_id"], title or info["grade_id"], points, before, model, scheme,
                           tuple(_items(scheme)) or _whole(points))
        elif cell.cell_type == "markdown":
            here = [text for _, text in headings(cell.source)]
            title, before = (here[-1] if here else title), cell.source


def _halves(text: str) -> tuple[str, str]:
    found = SCHEME.search(text)
    return (text[:found.start()].strip(), text[found.start():].strip()) if found else (text, "")


def _items(scheme: str) -> Iterator[Item]:
    """The scheme's bullets that begin with points; what follows indented belongs to them."""
    points, lines = None, []
    for line in [*scheme.split("\n"), "- "]:
        found = ITEM.match(line)
        ends = found or BULLET.match(line) or not line.strip()
        if points is not None and ends:
            yield Item(points, " ".join(lines))
            points, lines = None, []
        if found:
            points, lines = _number(found["points"]), [found["text"].strip()]
        elif points is not None:
            lines.append(line.strip())


def _number(text: str) -> float:
    text = text.casefold().replace(",", ".")
    return float(WORDS[text] if text in WORDS else Fraction(text))


def _whole(points: float) -> tuple[Item, ...]:
    """Without a scheme that can be read: all points at once, with halves."""
    return (Item(points, "The answer is right and complete."),) if points else ()
