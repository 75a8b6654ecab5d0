"""What of a feedback page is folded: every section in which nothing is left to look at."""

from __future__ import annotations

from collections.abc import Sequence

from nbformat import NotebookNode

from helpers.checking.verdict import number
from helpers.grading.notebooks.cells import info_of
from helpers.grading.notebooks.outline import headings
from helpers.grading.pages import rendering

SETTLED = ("right", "waits for a person")


def fold(cells: Sequence[NotebookNode], lines: Sequence[dict]) -> None:
    """Put into cells where a folded section begins (`fold`, its summary as HTML) and ends (`unfold`).

    A section is a heading and what follows it. It stays open if a question in it is not right yet, if somebody has
    written a comment there, or if code of its own has failed.

    lines: the table of marks, with each question's `cells` (grade_ids).
    """
    line_of = {name: line for line in lines for name in line["cells"]}
    sections = list(_sections(cells))
    for title, section in sections:
        questions = list({line["anchor"]: line for cell in section
                          if (line := line_of.get(str(info_of(cell).get("grade_id"))))}.values())
        if any(line["word"] not in SETTLED for line in questions) or any(map(_asks_for_eyes, section)):
            continue
        section[0].metadata.kit["fold"] = _summary(title, questions)
        section[-1].metadata.kit["unfold"] = True


def _sections(cells: Sequence[NotebookNode]) -> list[tuple[str, list[NotebookNode]]]:
    found: list[tuple[str, list[NotebookNode]]] = []
    for cell in cells:
        here = [] if cell.cell_type != "markdown" or info_of(cell) else [text for _, text in headings(cell.source)]
        if here or not found:
            found.append((here[-1] if here else "", []))
        found[-1][1].append(cell)
    return found


def _asks_for_eyes(cell: NotebookNode) -> bool:
    return bool(info_of(cell).get("comment")) or any(
        output.get("output_type") == "error" for output in cell.get("outputs", ()))


def _summary(title: str, questions: Sequence[dict]) -> str:
    said = rendering.line(title) if title else "The beginning"
    if not questions:
        return said
    score, points = (sum(line[key] for line in questions) for key in ("score", "points"))
    waits = any(line["word"] != "right" for line in questions)
    how = "waits for a person" if waits else f"{number(score)} of {number(points)} points"
    sign = "…" if waits else "✓"
    return f'<span aria-hidden="true">{sign}</span> {said} <span class="soft">{how}</span>'
