"""Graded notebooks read back: verdicts and what happened, for feedback, the demo's table and the class report."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.checking.kinds import WORDS
from helpers.checking.verdict import Verdict
from helpers.grading.course.folder import Course

LINE = 80  # characters of a reason in a table


@dataclass
class GradedNotebook:
    """One autograded notebook: verdicts by the check's grade_id, and notes of the grader."""

    student: str
    verdicts: dict[str, Verdict]
    facts: dict[str, Any] = field(default_factory=dict)  # note, ended, seconds, repairs

    @property
    def summary(self) -> str:
        """What went wrong, in a few words."""
        if self.facts.get("note"):
            return str(self.facts["note"]).split(":")[0].split(" (")[0].rstrip(".")
        wrong = [_few_words(grade_id, verdict) for grade_id, verdict in self.verdicts.items()
                 if verdict.points < verdict.max_points]
        if len(wrong) > 2 and len({w.split(": ")[-1] for w in wrong}) == 1:
            return f"{len(wrong)} checks: {wrong[0].split(': ')[-1]}"
        shown = "; ".join(wrong[:2]) + (f"; and {len(wrong) - 2} more" if len(wrong) > 2 else "")
        return shown or ", ".join(self.facts.get("repairs", ())) or ""


def _few_words(grade_id: str, verdict: Verdict) -> str:
    row = next((row for row in verdict.rows if not row.right), verdict.rows[0])
    says = row.why.split(":")[0].split(". ")[0] or WORDS.get(row.kind) or row.where.split(" (")[0]
    return f"{grade_id.removesuffix('-check')}: {textwrap.shorten(says[:10 * LINE], LINE, placeholder=' …')}"


def read(path: Path, student: str) -> GradedNotebook:
    """Raises OSError or ValueError if there is no such notebook."""
    content = json.loads(path.read_text(encoding="utf-8"))
    found = {}
    for cell in content["cells"]:
        info = cell["metadata"].get("nbgrader", {})
        grade_id = info.get("grade_id") if info.get("grade") and not info.get("solution") else None
        for output in cell.get("outputs", ()):
            verdict = output.get("metadata", {}).get("verdict")
            if grade_id and verdict:
                found[grade_id] = Verdict.from_dict(verdict)
    return GradedNotebook(student, found, content["metadata"].get("grading", {}))


def read_class(course: Course, name: str) -> Iterator[GradedNotebook]:
    """Every autograded notebook of a problem set."""
    for student, folder in course.students("autograded", name).items():
        path = folder / f"{name}.ipynb"
        if path.is_file():
            yield read(path, student)
