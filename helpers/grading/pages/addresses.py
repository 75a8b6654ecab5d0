"""Addresses of a group of students: a link that opens a mail to all of them, unseen by each other, and text to copy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

LONGEST = 1_900  # characters of a link that every mail program takes


@dataclass(frozen=True)
class Addresses:
    """`link` is empty where the list is too long for one; `without`: students of whom the gradebook has no address."""

    text: str
    link: str
    without: list[str]


def addresses(students: Iterable[str], known: dict[str, str], subject: str = "") -> Addresses:
    """`known`: student → address or an empty text; the student's id itself counts if it is one."""
    students = list(students)
    found = {student: known.get(student) or (student if "@" in student else "") for student in students}
    there = [address for address in found.values() if address]
    link = f"mailto:?bcc={','.join(quote(one, safe='@.+-_') for one in there)}&subject={quote(subject)}"
    return Addresses(", ".join(there), link if there and len(link) <= LONGEST else "",
                     [student for student, address in found.items() if not address])
