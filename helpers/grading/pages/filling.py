"""Marks written into a table that a learning management system has given out, and takes back as it is.

Moodle's offline grading worksheet (Assignment, "Download grading worksheet") finds a student by `Identifier`,
`Participant 12345`, and takes `Grade` and `Feedback comments`
(https://docs.moodle.org/405/en/Assignment_quick_guide, mod/assign/feedback/offline). Canvas's gradebook export has a
column for each assignment, `Name (12345)`, and is imported again with marks changed
(https://community.canvaslms.com/t5/Instructor-Guide/How-do-I-import-grades-in-the-Gradebook/ta-p/807). All other
columns and rows stay as they are, but for cells that a spreadsheet would take for formulas.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from helpers.checking.verdict import number
from helpers.grading.course.disk import unwritable
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.lms.collect import read_kept
from helpers.grading.lms.names import plain
from helpers.grading.lms.roster import Person, people
from helpers.grading.pages import classfacts
from helpers.grading.text import for_table

ENCODINGS = ("utf-8-sig", "utf-16", "cp1252")


@dataclass
class Filled:
    """Where the table went, who got a mark, whose marks are unfinished, and which rows are nobody's here."""

    path: Path
    students: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def fill(course: Course, name: str, format: str, given: Path, to: Path | None = None) -> Filled:
    """Write a problem set's marks into a worksheet of Moodle's or a gradebook of Canvas's.

    Raises:
        CourseError: if nothing has been graded, or the table is not one of the system's.
    """
    rows, delimiter = _read(given)
    finders = {"moodle": _moodle, "canvas": _canvas}
    if format not in finders:
        raise CourseError(f"“{format}” gives out no table to fill: say --format moodle or --format canvas")
    facts = classfacts.gather(course, name, notebooks=False)
    if not facts.handed:
        raise CourseError(f"nothing of {name} has been graded: run `coursekit autograde {name}` first")
    made = Filled(to or course.root / "reports" / f"{name}-{format}-filled.csv")
    handed = {one.student: one for one in facts.handed}
    column, first, student_of = finders[format](rows, course, name, people(course))
    for row in rows[first:]:
        student = student_of(row)
        if student is None:
            made.unknown.append(next((text for text in row if text), ""))
        elif student in handed:
            row[column] = number(handed[student].score)
            made.students.append(student)
            made.unfinished += [student] if handed[student].waits else []
    try:
        made.path.parent.mkdir(parents=True, exist_ok=True)
        with open(made.path, "w", newline="", encoding="utf-8-sig" if format == "moodle" else "utf-8") as file:
            csv.writer(file, delimiter=delimiter).writerows([[_cell(text) for text in row] for row in rows])
    except OSError as error:
        raise unwritable(error) from error
    return made


def _cell(text: str) -> str:
    """A cell as it came, numbers and the dash of an empty mark among them, but for what could be a formula."""
    return text if re.fullmatch(r"-?[0-9.,]*", text) else for_table(text)


def _read(path: Path) -> tuple[list[list[str]], str]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror})") from None
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeError:
            continue
    else:
        raise CourseError(f"{path} is no text")
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # a cell may hold all that a student wrote online
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise CourseError(f"{path} is no table ({error}): download it again") from None
    width = max((len(row) for row in rows), default=0)
    if width < 2:
        raise CourseError(f"{path} is no table with columns")
    return [row + [""] * (width - len(row)) for row in rows if any(row)], delimiter


def _column(head: list[str], *names: str) -> int | None:
    wanted = [plain(name) for name in names]
    return next((place for place, text in enumerate(head) if plain(text) in wanted), None)


def _moodle(rows: list[list[str]], course: Course, name: str, known: list[Person]):
    head = rows[0]
    identifier, grade = _column(head, "Identifier"), _column(head, "Grade")
    full, email = _column(head, "Full name"), _column(head, "Email address", "ID number")
    if identifier is None or grade is None:
        raise CourseError("the table has no columns Identifier and Grade: download the grading worksheet of the "
                          "assignment from Moodle, with its columns in English")
    by_number = {one["number"]: student for student, one in read_kept(course, name).items()
                 if one.get("system") == "moodle"}
    by_email = {one.email.casefold(): one.student for one in known if one.email}
    by_name = _unique(known)

    def student_of(row: list[str]) -> str | None:
        digits = row[identifier].split()[-1] if row[identifier].split() else ""
        return (by_number.get(digits) or (by_email.get(row[email].casefold()) if email is not None else None)
                or (by_name.get(plain(row[full])) if full is not None else None))

    return grade, 1, student_of


def _canvas(rows: list[list[str]], course: Course, name: str, known: list[Person]):
    head = rows[0]
    who, number_, login = _column(head, "Student"), _column(head, "ID"), _column(head, "SIS Login ID", "SIS User ID")
    title = plain(classfacts.gather(course, name, notebooks=False).title)
    columns = [place for place, text in enumerate(head) if plain(text.rsplit("(", 1)[0]) in (title, plain(name))]
    if who is None or number_ is None or len(columns) != 1:
        raise CourseError(f"the table has no columns Student and ID, or not exactly one that is called {name} or as "
                          "the notebook's title: export the gradebook from Canvas, and call the assignment there "
                          f"“{name}”")
    by_number = {one.lms_user: one.student for one in known if one.lms_user}
    by_number |= {one["number"]: student for student, one in read_kept(course, name).items()
                  if one.get("system") == "canvas"}
    by_login, by_name = {plain(one.student): one.student for one in known}, _unique(known)
    first = 1 + next((place for place, row in enumerate(rows[1:4], 1) if "pointspossible" in plain(row[who])), 0)

    def student_of(row: list[str]) -> str | None:
        return (by_number.get(row[number_]) or (by_login.get(plain(row[login])) if login is not None else None)
                or by_name.get(plain(row[who])))

    return columns[0], first, student_of


def _unique(known: list[Person]) -> dict[str, str]:
    """Names that one student alone has."""
    found: dict[str, list[str]] = {}
    for one in known:
        for name in one.names:
            found.setdefault(name, []).append(one.student)
    return {name: students[0] for name, students in found.items() if len(students) == 1}
