"""Whose is it? Matches what a system calls a student with the gradebook's students, and never guesses."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass

from nbgrader import api

from helpers.grading.course.folder import Course
from helpers.grading.gradebook.errors_in_words import patiently
from helpers.grading.lms.names import Named, plain


@dataclass(frozen=True)
class Person:
    student: str
    first: str
    last: str
    email: str
    lms_user: str

    @property
    def names(self) -> set[str]:
        """What systems make of the name: in either order, and with the first of several names only."""
        first, last = plain(self.first), plain(self.last)
        found = {first + last, last + first} if first and last else {first or last}
        one = plain(self.first.split()[0]) if self.first.split() else ""
        return {name for name in found | ({one + last, last + one} if one and last else set()) if name}


def people(course: Course) -> list[Person]:
    """The gradebook's students."""
    def read() -> list[Person]:
        with contextlib.closing(api.Gradebook(course.directory.db_url, course.directory.course_id)) as book:
            return [Person(one.id, one.first_name or "", one.last_name or "", one.email or "", one.lms_user_id or "")
                    for one in book.db.query(api.Student).order_by(api.Student.id)]

    return patiently(read, course)


def add(course: Course, students: dict[str, tuple[str, str]]) -> None:
    """Put students into the gradebook; `students`: id → first and last name."""
    def write() -> None:
        with contextlib.closing(api.Gradebook(course.directory.db_url, course.directory.course_id)) as book:
            for student, (first, last) in students.items():
                book.update_or_create_student(student, first_name=first, last_name=last)

    patiently(write, course)


class Roster:
    """Finds one student, or says why it finds none."""

    def __init__(self, known: list[Person]):
        self.known = known

    def find(self, named: Named, system: str) -> tuple[str | None, str]:
        """The student's id, or None and why."""
        if system == "canvas" and (by_number := [one for one in self.known if one.lms_user == named.number]):
            return self._only(by_number, named)
        if system == "files":
            return self._by_beginning(named)
        who = plain(named.who)
        found = [one for one in self.known if who in one.names or who == plain(one.student)]
        if not found and "-" in named.who:  # Moodle puts a group's name before a person's
            found = [one for one in self.known if plain(named.who.split("-", 1)[1]) in one.names]
        return self._only(found, named)

    def _only(self, found: list[Person], named: Named) -> tuple[str | None, str]:
        if len(found) == 1:
            return found[0].student, ""
        if found:
            return None, f"{len(found)} students are called so: {', '.join(one.student for one in found)}"
        return None, f"no student is called “{named.who}”"

    def _by_beginning(self, named: Named) -> tuple[str | None, str]:
        """The longest id that the name begins with, up to where a word ends; else the longest name of a student."""
        who = named.who.casefold()
        fits = [one for one in self.known if re.match(rf"{re.escape(one.student.casefold())}(?![a-z0-9])", who)]
        if not fits:
            fits = [one for one in self.known if re.search(rf"(?<![a-z0-9]){re.escape(one.student.casefold())}"
                                                           r"(?![a-z0-9])", who)]
        if fits:
            longest = max(len(one.student) for one in fits)
            return self._only([one for one in fits if len(one.student) == longest], named)
        beginnings = _beginnings(named.who)
        lengths = {one.student: max((len(name) for name in one.names if name in beginnings), default=0)
                   for one in self.known}
        longest = max(lengths.values(), default=0)
        return self._only([one for one in self.known if longest and lengths[one.student] == longest], named)


def _beginnings(text: str) -> set[str]:
    """What a text begins with, up to each end of a word, in plain letters: `UmaNwosu_2` has two such ends."""
    def ends(at: int) -> bool:
        return not text[at].isalnum() or (text[at].isupper() and text[at - 1].islower())

    return {plain(text[:at]) for at in range(1, len(text)) if ends(at)} | {plain(text)}
