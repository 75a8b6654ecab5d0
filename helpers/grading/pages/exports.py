"""Marks on their way out: nbgrader's CSV, and the tables that Canvas and Moodle import.

Canvas finds a student by `ID`, else by `SIS User ID`, else by `SIS Login ID`, wants `Student` and `Section` beside
them and the points possible in the second row
(https://teaching.resources.osu.edu/toolsets/carmencanvas/guides/calculating-final-grades/import-csv-file-carmen-grades).
Moodle asks at the import which column is what, and wants marks and feedback together
(https://docs.moodle.org/405/en/Grade_import). All tables begin with a byte order mark, as spreadsheets want it.
"""

from __future__ import annotations

import contextlib
import csv
import locale
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbgrader import api
from nbgrader.plugins import CsvExportPlugin

from helpers.checking.verdict import number
from helpers.grading.course.disk import unwritable
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.pages import classfacts
from helpers.grading.pages.report import write_table


def export(course: Course, name: str, format: str, to: Path | None = None) -> Path:
    """Write a problem set's marks for another program; returns where.

    Args:
        format: "nbgrader", "canvas" or "moodle".
        to: the file; default: `reports/<name>-<format>.csv` in the course folder.

    Raises:
        CourseError: if nothing has been graded, the format is unknown, or the file cannot be written.
    """
    if format not in FORMATS:
        raise CourseError(f"“{format}” is no format that marks can leave in: say one of {', '.join(FORMATS)}")
    path = to or course.root / "reports" / f"{name}-{format}.csv"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        FORMATS[format](course, name, path)
        _write_unfinished(unfinished(course, name), path)
    except OSError as error:
        raise unwritable(error) from error
    return path


def unfinished(course: Course, name: str) -> dict[str, list[str]]:
    """Who has marks that are not final, and on which questions a person has yet to look, by their grade_ids."""
    return {one.student: [cell for cell, mark in one.marks.items() if mark.waits]
            for one in classfacts.gather(course, name, notebooks=False).handed if one.waits}


def _write_unfinished(waiting: dict[str, list[str]], path: Path) -> None:
    """A table of them beside the marks; none beside marks that are final."""
    beside = path.with_name(f"{path.stem}-unfinished{path.suffix}")
    if waiting:
        write_table(beside, [["student", "waits for a person"], *([student, ", ".join(cells)]
                                                                  for student, cells in waiting.items())])
    else:
        beside.unlink(missing_ok=True)


def _nbgrader(course: Course, name: str, path: Path) -> None:
    """By nbgrader's own plugin, as `nbgrader export` would, and then without formulas in students' names."""
    _graded(course, name)
    plugin = CsvExportPlugin(config=course.config)
    plugin.to, plugin.assignment = str(path), [name]
    with contextlib.closing(books.ClassGradebook(course, name)) as book:
        plugin.export(book)
    with open(path, newline="", encoding=locale.getpreferredencoding(False)) as file:
        rows = list(csv.reader(file))
    waiting, students = unfinished(course, name), rows[0].index("student_id") if "student_id" in rows[0] else -1
    rows[0].append("unfinished")
    for row in rows[1:]:
        row.append("yes" if 0 <= students < len(row) and row[students] in waiting else "")
    write_table(path, rows)


def _canvas(course: Course, name: str, path: Path) -> None:
    facts, scores = _graded(course, name)
    rows: list[list[Any]] = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", facts.title],
                             ["    Points Possible", "", "", "", "", number(facts.points)]]
    for student in _students(course, name):
        full = ", ".join(part for part in (student.last_name, student.first_name) if part) or student.id
        rows.append([full, student.lms_user_id or "", "", student.id, "", scores.get(student.id, "")])
    write_table(path, rows)


def _moodle(course: Course, name: str, path: Path) -> None:
    facts, scores = _graded(course, name)
    rows: list[list[Any]] = [["username", "idnumber", "email", "firstname", "lastname", facts.title, "feedback"]]
    notes = {one.student: one.note or ("not final: a person has yet to look at some of it" if one.waits else "")
             for one in facts.handed}
    for student in _students(course, name):
        rows.append([student.id, student.lms_user_id or "", student.email or "", student.first_name or "",
                     student.last_name or "", scores.get(student.id, ""), notes.get(student.id, "")])
    write_table(path, rows)


def _graded(course: Course, name: str) -> tuple[classfacts.ClassFacts, dict[str, str]]:
    """The class, and the score of each submission as text. Who handed in nothing has none: that is no zero."""
    facts = classfacts.gather(course, name)
    if not facts.handed:
        raise CourseError(f"nothing of {name} has been graded: run `coursekit autograde {name}` first")
    return facts, {one.student: number(one.score) for one in facts.handed}


def _students(course: Course, name: str) -> list[api.Student]:
    with contextlib.closing(books.ClassGradebook(course, name)) as book:
        found = list(book.db.query(api.Student).order_by(api.Student.last_name, api.Student.id))
        book.db.expunge_all()
    return found


FORMATS: dict[str, Callable[[Course, str, Path], None]] = {
    "nbgrader": _nbgrader, "canvas": _canvas, "moodle": _moodle}
