"""The link with which a student asks for another look at a mark: a mail to the course, with what it must say."""

from __future__ import annotations

from urllib.parse import quote

SUBJECT = "Regrade"


def mailto(address: str, name: str, student: str, question: str) -> str:
    """Opens a mail to the course's address that already names the problem set, the question and the student."""
    subject = f"{SUBJECT}: {name}, {question}, {student}"
    body = (f"Problem set: {name}\nQuestion: {question}\nStudent: {student}\n\n"
            "What I think was marked wrongly, and why (the lines of my answer that show it):\n\n")
    return f"mailto:{quote(address, safe='@.+-_')}?subject={quote(subject)}&body={quote(body)}"
