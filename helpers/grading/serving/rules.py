"""What a problem set allows and tells whoever hands in again and again: `c.CourseKit.attempts`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course

ALL = "*"
TOLD = ("verdict", "where", "why")
COUNTS = ("last", "best")


@dataclass(frozen=True)
class Rules:
    """a_day: attempts of a student a day, 0 for any number. pause: seconds between two of them. told: how much is said
    before the deadline. counts: which attempt does, "last" or "best"."""

    a_day: int = 0
    pause: float = 0.0
    told: str = "why"
    counts: str = "last"


def rules_of(course: Course, name: str) -> Rules:
    """The rules of a problem set: its own settings over those for all.

    Raises:
        CourseError: if a setting is none.
    """
    known = course.settings.attempts
    wrong = [key for key in known if key != ALL and key not in course.problem_sets]
    if wrong:
        raise CourseError(f"c.CourseKit.attempts names {', '.join(map(repr, wrong))}, which is no problem set here "
                          f"({', '.join(course.problem_sets)}), nor \"*\" for all")
    given = {"told": course.settings.depth["feedback"], **_settings(known, ALL), **_settings(known, name)}
    a_day, pause = given.pop("a_day", 0), given.pop("pause_minutes", 0)
    told, counts = given.pop("told"), given.pop("counts", "last")
    if given:
        raise CourseError(f"c.CourseKit.attempts has no setting {', '.join(map(repr, given))}: there are a_day, "
                          "pause_minutes, told and counts")
    _number("a_day", a_day, whole=True)
    _number("pause_minutes", pause)
    for key, value, allowed in (("told", told, TOLD), ("counts", counts, COUNTS)):
        if value not in allowed:
            raise CourseError(f"c.CourseKit.attempts: {key} is {value!r}, and can be {' or '.join(map(repr, allowed))}")
    return Rules(a_day, 60.0 * pause, told, counts)


def _settings(known: dict[str, Any], name: str) -> dict[str, Any]:
    found = known.get(name, {})
    if not isinstance(found, dict):
        raise CourseError(f"c.CourseKit.attempts[{name!r}] is {found!r}: write a dictionary, for example "
                          '{"a_day": 5, "pause_minutes": 10}')
    return found


def _number(key: str, value: Any, whole: bool = False) -> None:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or value < 0:
        raise CourseError(f"c.CourseKit.attempts: {key} is {value!r}, and must be a number from 0 on")
