"""What students wrote, read from graded notebooks: text, and never more than a person reads.

Where grading asks a person to look at a check's mark, the answer is the reason and the code that was checked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from helpers.grading.course.folder import Course
from helpers.grading.notebooks.cells import info_of, is_check
from helpers.grading.text import clean_text

MOST = 20_000  # characters shown of one answer


@dataclass(frozen=True)
class Answer:
    student: str
    text: str


def answers(course: Course, name: str) -> dict[str, dict[str, Answer]]:
    """grade_id → student → the answer, for everybody whose notebook has been graded: of each cell that a student wrote
    in words, and of each check that a person is asked to look at."""
    found: dict[str, dict[str, Answer]] = {}
    for path in sorted(course.folder("autograded", "*", name).parent.parent.glob(f"*/{name}/{name}.ipynb")):
        student = path.parent.parent.name
        try:
            notebook = json.loads(path.read_bytes())
            cells, asks = notebook["cells"], dict(notebook["metadata"].get("grading", {}).get("asks", {}))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        code = ""
        for cell in cells:
            info = info_of(cell)
            text = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
            if (info.get("grade") and info.get("solution")) or info.get("task"):
                found.setdefault(info["grade_id"], {})[student] = Answer(student, shown(text))
            elif info.get("solution"):
                code = text
            elif is_check(cell) and info["grade_id"] in asks:
                why = f"A person is asked: {asks[info['grade_id']]}.\n\n{code}"
                found.setdefault(info["grade_id"], {})[student] = Answer(student, shown(why))
    return found


def shown(text: str) -> str:
    """Text without what no page can show, and not without end."""
    lines = "\n".join(clean_text(line) for line in text[:MOST].split("\n")).strip()
    return lines + ("\n… (cut)" if len(text) > MOST else "")
