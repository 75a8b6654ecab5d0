"""A list of students as spreadsheets write it, into nbgrader's gradebook: nothing is mended without saying so.

Excel writes byte order marks, semicolons and cp1252; learning management systems call columns as they like. What was
read is shown with how it was read, and a line that cannot be a student is named, not left out in silence.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader import api

from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.gradebook.errors_in_words import patiently

MAX_BYTES = 10_000_000
COLUMNS = {  # as lists call them, in small letters and without blanks, the best first: Canvas's `ID` is its own number
    "id": ("sisloginid", "id", "student_id", "studentid", "username", "user", "login", "loginid", "benutzername"),
    "first_name": ("first_name", "firstname", "given_name", "givenname", "vorname", "prénom", "prenom"),
    "last_name": ("last_name", "lastname", "surname", "family_name", "familyname", "nachname", "nom"),
    "email": ("email", "e-mail", "emailaddress", "mail", "e-mail-adresse"),
    "lms_user_id": ("lms_user_id", "lmsuserid", "canvasid", "id", "idnumber", "sisuserid", "matrikelnummer"),
}
ENCODINGS = (("utf-8-sig", "UTF-8 with a byte order mark", b"\xef\xbb\xbf"), ("utf-16", "UTF-16", b"\xff\xfe"),
             ("utf-16", "UTF-16", b"\xfe\xff"))
USABLE_ID = re.compile(r"[\w.@+-]+")  # a folder's name on every system


@dataclass
class Roster:
    """What a file holds. how: encoding and separator, in words; told: what a person should look at."""

    students: list[dict[str, str]] = field(default_factory=list)
    how: str = ""
    columns: dict[str, str] = field(default_factory=dict)  # ours → the file's
    told: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Imported:
    added: list[str] = field(default_factory=list)
    changed: dict[str, list[str]] = field(default_factory=dict)  # student → what is another now, in words
    unchanged: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)  # in the gradebook, not in the list


def read_roster(path: Path) -> Roster:
    """Read a list of students.

    Raises:
        CourseError: if it cannot be read, or has no column of names that folders can have.
    """
    text, encoding = _text(path)
    lines = text.split("\n")
    if not any(line.strip() for line in lines):
        raise CourseError(f"{path} is empty: export the list again")
    separator = _separator(next(line for line in lines if line.strip()))
    rows = _rows(path, text, separator)
    if not rows:
        raise CourseError(f"{path} has no line but the one that names the separator: export the list again")
    _, head = rows[0]
    columns = _columns(head)
    if "id" not in columns:
        raise CourseError(f"{path} has no column with the students' ids: its first line says {', '.join(head)[:200]}; "
                          "call one of them id, username or login")
    words = {",": "commas", ";": "semicolons", "\t": "tabs"}
    roster = Roster(how=f"{encoding}, {words[separator]}", columns={ours: head[at] for ours, at in columns.items()})
    unused = [name for at, name in enumerate(head) if at not in columns.values() and name.strip()]
    if unused:
        roster.told.append(f"not used: the column{'' if len(unused) == 1 else 's'} {', '.join(unused)[:200]}")
    _read_rows(roster, rows[1:], columns, len(head))
    return roster


def _text(path: Path) -> tuple[str, str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CourseError(f"{path} has {path.stat().st_size / 1e6:.0f} MB: that is no list of students")
        content = path.read_bytes()
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}): name the file with the list") from error
    if content[:2] == b"PK":
        raise CourseError(f"{path} is a workbook, not a table: save it as CSV from the spreadsheet program")
    try:
        for encoding, says, mark in ENCODINGS:
            if content.startswith(mark):
                return _lines(content.decode(encoding)), says
        with contextlib.suppress(UnicodeDecodeError):
            return _lines(content.decode("utf-8")), "UTF-8"
        return _lines(content.decode("cp1252")), "cp1252, as Excel writes it on Windows"
    except UnicodeDecodeError:
        raise CourseError(f"{path} is neither UTF-8 nor cp1252: save it as CSV in UTF-8") from None


def _lines(text: str) -> str:
    """With one kind of line ends: Excel on a Mac may write the old ones."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _separator(first: str) -> str:
    return max(",;\t", key=first.count)


def _rows(path: Path, text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Rows that hold something, each with the line that it begins in; not Excel's own first line, `sep=;`."""
    read, rows, line = csv.reader(io.StringIO(text), delimiter=separator), [], 1
    try:
        for row in read:
            if any(value.strip() for value in row):
                rows.append((line, row))
            line = read.line_num + 1
    except csv.Error as error:
        raise CourseError(f"{path} is no table from line {line} on ({error}): export the list again") from None
    told = rows and separator.join(rows[0][1]).strip().lower() == f"sep={separator}".strip()
    return rows[1:] if told else rows


def _columns(head: list[str]) -> dict[str, int]:
    plain = [re.sub(r"\s+", "", name.lower()) for name in head]
    found: dict[str, int] = {}
    for ours, theirs in COLUMNS.items():
        free = (plain.index(one) for one in theirs if one in plain)
        at = next((at for at in free if at not in found.values()), None)
        if at is not None:
            found[ours] = at
    return found


def _read_rows(roster: Roster, rows: list[tuple[int, list[str]]], columns: dict[str, int], width: int) -> None:
    seen: dict[str, int] = {}
    for number, row in rows:
        values = {ours: row[at].strip() if at < len(row) else "" for ours, at in columns.items()}
        student = values["id"]
        if len(row) != width:
            roster.wrong.append(f"line {number} has {len(row)} values, the first line {width}")
        elif not USABLE_ID.fullmatch(student) or student in (".", "..") or student.startswith("-"):
            roster.wrong.append(f"line {number}: “{student[:60]}” cannot be a student's id (letters, digits, ._-@+)")
        elif student in seen:
            roster.wrong.append(f"line {number}: {student} was in line {seen[student]}")
        else:
            seen[student] = number
            roster.students.append(values)
            if any("\ufffd" in value or "Ã" in value for value in values.values()):
                roster.told.append(f"line {number}: look at the letters of {student}'s name: "
                                   f"{' '.join(values.values())[:80]}")


def import_roster(course: Course, roster: Roster) -> Imported:
    """Add and bring up to date the students of a list; nobody is taken out. An empty value changes nothing.

    Raises:
        CourseError: if the database cannot be used.
    """
    def write() -> Imported:
        done = Imported()
        with contextlib.closing(api.Gradebook(course.directory.db_url, course.directory.course_id)) as book:
            known = {student.id: student for student in book.db.query(api.Student)}
            for values in roster.students:
                _import_one(book, values, known.get(values["id"]), done)
            book.db.commit()
            done.absent = sorted(set(known) - {values["id"] for values in roster.students})
        return done

    return patiently(write, course)


def _import_one(book: api.Gradebook, values: dict[str, str], student: api.Student | None, done: Imported) -> None:
    name = values["id"]
    given = {key: value for key, value in values.items() if key != "id" and value}
    if student is None:
        book.db.add(api.Student(id=name, **given))
        done.added.append(name)
        return
    other = {key: value for key, value in given.items() if getattr(student, key) != value}
    if not other:
        done.unchanged.append(name)
        return
    done.changed[name] = [f"{key.replace('_', ' ')} “{getattr(student, key) or ''}” → “{value}”"
                          for key, value in other.items()]
    for key, value in other.items():
        setattr(student, key, value)
