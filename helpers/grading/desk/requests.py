"""Requests to look at a mark again: mails that were saved into `regrade/<problem set>/`."""

from __future__ import annotations

import email
import email.policy
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers.grading.course.folder import Course
from helpers.grading.desk.answers import shown

FOLDER = "regrade"
KINDS = (".eml", ".txt", ".md")
MOST_BYTES, MOST_FILES = 200_000, 1_000


@dataclass(frozen=True)
class Request:
    """One request that came in as a file."""

    file: str
    sender: str
    subject: str
    text: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


def requests(course: Course, name: str) -> list[Request]:
    """What lies in `regrade/<problem set>/`, a file each; in the order of the files' names."""
    folder = course.root / FOLDER / name
    paths = [path for path in sorted(folder.glob("*")) if path.suffix.lower() in KINDS and path.is_file()
             and not path.is_symlink() and path.stat().st_size <= MOST_BYTES]
    return [_read(path) for path in paths[:MOST_FILES]]


def _read(path: Path) -> Request:
    content = path.read_bytes()
    if path.suffix.lower() != ".eml":
        return Request(path.name, "", "", shown(content.decode("utf-8", "replace")))
    message = email.message_from_bytes(content, policy=email.policy.default)
    body = message.get_body(preferencelist=("plain",))
    try:
        text = body.get_content() if body is not None else "(This mail has no plain text: open the file.)"
    except (LookupError, ValueError, UnicodeError):
        text = "(This mail cannot be read: open the file.)"
    return Request(path.name, shown(str(message.get("from", ""))), shown(str(message.get("subject", ""))), shown(text))
