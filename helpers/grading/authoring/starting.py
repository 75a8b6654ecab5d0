"""A master to start from, with one working question of each kind."""

from __future__ import annotations

import re
from pathlib import Path

from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course

STARTER = Path(__file__).with_name("starter.txt")


def start_master(course: Course, name: str) -> Path:
    """Write `notebooks/<name>.py`; returns its path.

    Raises:
        CourseError: if the name is none for a problem set, or there is one already.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        raise CourseError(f"“{name}” cannot be the name of a problem set: begin with a letter, then letters, digits, "
                          "_ and -, such as ps8_attention")
    path = course.root / course.settings.masters_directory / f"{name}.py"
    if path.exists():
        raise CourseError(f"{path} is there already: choose another name, or edit that one")
    title = re.sub(r"[_-]+", " ", re.sub(r"^ps(\d+)_?", r"Problem set \1: ", name)).strip().rstrip(":")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(STARTER.read_text(encoding="utf-8").replace("{title}", title, 1), encoding="utf-8")
    return path
