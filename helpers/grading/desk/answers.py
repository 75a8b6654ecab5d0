"""What students wrote, read from graded notebooks: text, and never more than a person reads."""

from __future__ import annotations

import json
from dataclasses import dataclass

from helpers.grading.course.folder import Course
from helpers.grading.notebooks.cells import info_of
from helpers.grading.text import clean_text

MOST = 20_000  # characters shown of one answer


@dataclass(frozen=True)
class Answer:
    student: str
    text: str


def answers(course: Course, name: str) -> dict[str, dict[str, Answer]]:
    """grade_id of a cell that a student wrote → student → the answer, for everybody whose notebook has been graded."""
    found: dict[str, dict[str, Answer]] = {}
    for path in sorted(course.folder("autograded", "*", name).parent.parent.glob(f"*/{name}/{name}.ipynb")):
        student = path.parent.parent.name
        try:
            cells = json.loads(path.read_bytes())["cells"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        for cell in cells:
            info = info_of(cell)
            if (info.get("grade") and info.get("solution")) or info.get("task"):
                text = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
                found.setdefault(info["grade_id"], {})[student] = Answer(student, shown(text))
    return found


def shown(text: str) -> str:
    """Text without what no page can show, and not without end."""
    lines = "\n".join(clean_text(line) for line in text[:MOST].split("\n")).strip()
    return lines + ("\n… (cut)" if len(text) > MOST else "")
