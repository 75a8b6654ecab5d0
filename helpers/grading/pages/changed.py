"""The list of changed marks as a page and a table: `reports/<problem set>-changes`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from helpers.grading.classes.changes import Change
from helpers.grading.course.folder import Course
from helpers.grading.pages import report as reports

HEAD = ["student", "question", "before", "after", "of", "why"]


def write_changes(course: Course, name: str, changes: Sequence[Change]) -> reports.Report:
    """Write the page and the table of a regrade's changed marks.

    Raises:
        CourseError: if they cannot be written.
    """
    gained = sorted({change.student for change in changes if change.gained > 0})
    lost = sorted({change.student for change in changes if change.gained < 0})
    page = reports.template("changes.html.j2").render(name=name, changes=changes, gained=gained, lost=lost,
                                                      made=reports.now(course))
    rows: list[list[Any]] = [list(HEAD)]
    rows += ([[c.student, c.question, _cell(c.before), _cell(c.after), c.of, c.why] for c in changes])
    return reports.write(course, f"{name}-changes", page, rows)


def _cell(points: float | None) -> float | str:
    return "waits" if points is None else points
