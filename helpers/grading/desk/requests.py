"""Requests to look at a mark again: mails that were saved into `regrade/<problem set>/`."""

from __future__ import annotations

import email
import email.policy
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from helpers.grading.course.folder import Course
from helpers.grading.desk.answers import shown
from helpers.grading.pages.clock import CLOCK

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
    return [_read(path, path.stat().st_mtime_ns) for path in paths[:MOST_FILES]]


@lru_cache(maxsize=MOST_FILES)
def _read(path: Path, changed: int) -> Request:
    """A mail, once: the page asks again and again. Mails are strangers' texts, and the standard library's reading of
    some takes minutes, or fails in ways of its own."""
    content = path.read_bytes()
    if path.suffix.lower() != ".eml":
        return Request(path.name, "", "", shown(content.decode("utf-8", "replace")))
    unread = Request(path.name, "", "", "(This mail cannot be read: open the file.)")
    CLOCK.begin()
    try:
        return CLOCK.within(lambda: _mail(path.name, content), lambda: unread)
    except Exception:
        return unread


def _mail(name: str, content: bytes) -> Request:
    message = email.message_from_bytes(content, policy=email.policy.default)
    sender, subject = shown(str(message.get("from", ""))), shown(str(message.get("subject", "")))
    body = message.get_body(preferencelist=("plain",))
    text = body.get_content() if body is not None else "(This mail has no plain text: open the file.)"
    return Request(name, sender, subject, shown(text))
