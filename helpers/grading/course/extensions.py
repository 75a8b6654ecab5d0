"""Who may hand in until when: kept in the course folder, because nbgrader has no place for it before a submission.

`.coursekit/extensions.json`: problem set → student → the moment in UTC. It is an end, not a length: a due date that
moves does not move it.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from helpers.grading.course.disk import unwritable, write_whole
from helpers.grading.course.errors import CourseError

FORM = "%Y-%m-%dT%H:%M:%S"


def extensions_of(root: Path, name: str) -> dict[str, datetime]:
    """Student → until when, as naive datetimes in UTC.

    Raises:
        CourseError: if the file cannot be read.
    """
    try:
        return {student: datetime.strptime(until, FORM) for student, until in _all(root).get(name, {}).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise CourseError(f"{_path(root)} is not what `coursekit extend` writes ({error}): put it right or delete "
                          "it and extend again") from None


def extend(root: Path, name: str, student: str, until: datetime | None) -> None:
    """Keep an extension; None takes it back."""
    known = _all(root)
    known.setdefault(name, {})
    if until is None:
        known[name].pop(student, None)
    else:
        known[name][student] = until.strftime(FORM)
    try:
        _path(root).parent.mkdir(exist_ok=True)
        write_whole(_path(root), json.dumps(known, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise unwritable(error) from error


def _path(root: Path) -> Path:
    return root / ".coursekit" / "extensions.json"


def _all(root: Path) -> dict[str, dict[str, str]]:
    try:
        found = json.loads(_path(root).read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CourseError(f"{_path(root)} cannot be read ({error}): put it right, or delete it and extend "
                          "again") from None
