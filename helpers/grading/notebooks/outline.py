"""Which sections and questions a notebook has, for pages that list marks by question and link to where it is taught."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from helpers.checking.absent import defined_by
from helpers.grading.notebooks.cells import info_of, is_check

LONGEST = 1_000  # characters of a heading; what is longer is none


@dataclass
class Item:
    """What a student sees as one question: an answer with its checks, or a written answer.

    grade_id: of the answer's cell; title: of its section; section: the number of the cell with that heading, None
    without one; graded: the grade_ids that its marks are kept under; written: a person grades it.
    """

    grade_id: str
    title: str
    section: int | None
    graded: list[str] = field(default_factory=list)
    points: float = 0.0
    written: bool = False


def headings(source: str) -> Iterator[tuple[int, str]]:
    """Level and text of each heading of a markdown cell."""
    fenced = False
    for line in source.split("\n"):
        text = line.lstrip(" ")
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        if fenced or not text.startswith("#") or len(line) - len(text) > 3 or len(line) > LONGEST:
            continue
        title = text.lstrip("#")
        level, words = len(text) - len(title), title.strip().rstrip("#").rstrip()
        if level <= 6 and title[:1].isspace() and words:
            yield level, words


def title_of(cells: Sequence[Any], otherwise: str) -> str:
    """The notebook's own title: its first heading."""
    for cell in cells:
        if cell["cell_type"] == "markdown":
            for _, text in headings(_text(cell)):
                return text
    return otherwise


def outline(cells: Sequence[Any]) -> list[Item]:
    """The questions of a notebook in order. Checks before any answer make a question of their own."""
    items: list[Item] = []
    section, title = None, ""
    for number, cell in enumerate(cells):
        info, name = info_of(cell), str(info_of(cell).get("grade_id", ""))
        if not name and cell["cell_type"] == "markdown":
            here = [text for _, text in headings(_text(cell))]
            section, title = (number, here[-1]) if here else (section, title)
        if not (info.get("grade") or info.get("solution") or info.get("task")):
            continue
        alone = info.get("solution") or info.get("task") or not items
        if alone:
            items.append(Item(name, title or name, section))
        item = items[-1]
        if info.get("grade") or info.get("task"):
            item.graded.append(name)
            item.points += float(info.get("points") or 0)
            item.written = item.written or not is_check(cell)
    items = [item for item in items if item.graded]
    _tell_apart(items, {str(info_of(cell).get("grade_id", "")): _text(cell) for cell in cells})
    return items


def _tell_apart(items: list[Item], text_of: dict[str, str]) -> None:
    """Two questions of one section get the function that they ask for behind the title, or their number."""
    titles = [item.title for item in items]
    for number, item in enumerate(items):
        if titles.count(item.title) > 1:
            asked = defined_by(text_of.get(item.grade_id, ""))
            item.title += f" ({asked[0] if asked else titles[:number].count(titles[number]) + 1})"


def _text(cell: Any) -> str:
    source = cell["source"]
    return "".join(source) if isinstance(source, list) else source
