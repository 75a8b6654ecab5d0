"""Dates as people say them, in the course's zone, and as nbgrader keeps them: UTC, without saying so."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nbgrader.utils import parse_utc as _by_nbgrader

from helpers.grading.course.errors import CourseError

MOMENT = re.compile(r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?)\s*"
                    r"(Z|[+-]\d\d:?\d\d|[A-Za-z][\w+-]*(?:/[\w+-]+)*)?")
ZONE = re.compile(r"[A-Za-z][\w+-]*(?:/[\w+-]+)*|[+-]?\d{1,6}")  # of a timestamp: a name, or nbgrader's seconds
OF_SUBMISSIONS = ("nbgrader.apps.api", "nbgrader.coursedir")  # modules that read timestamps beside submissions
FORMS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")


def zone_of(name: str) -> tzinfo:
    """A zone by its name (`Europe/Vienna`); "" is this machine's own.

    Raises:
        CourseError: if there is no such zone.
    """
    if not name:
        return datetime.now().astimezone().tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CourseError(f"“{name}” is no time zone that this machine knows: set c.CourseKit.timezone to one like "
                          "Europe/Vienna or UTC") from None


def read_moment(text: str, name: str) -> datetime:
    """What a person wrote, as nbgrader keeps it: a naive datetime in UTC.

    text: `2026-03-13 23:00` in the zone `name`, or with a zone of its own behind it (`+01:00`, `UTC`, `Europe/Vienna`).

    Raises:
        CourseError: if it is no date, or a time that the zone's clocks leave out.
    """
    text = text.strip()
    found = MOMENT.fullmatch(text)
    if not found:
        raise CourseError(f"“{text}” is no date and time: write it as 2026-03-13 23:00, if need be with a zone behind "
                          "it (2026-03-13 23:00 Europe/Vienna)")
    plain = _plain(found[1], text)
    if found[2] and re.fullmatch(r"Z|[+-]\d\d:?\d\d", found[2]):
        return _utc(datetime.strptime(f"2000-01-01 {found[2]}", "%Y-%m-%d %z").tzinfo, plain)
    zone = zone_of(found[2] or name) if found[2] or name else None
    if zone is None:  # the machine's own zone at that time of the year
        return plain.astimezone(UTC).replace(tzinfo=None)
    there = _utc(zone, plain)
    if there.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) != plain:
        raise CourseError(f"there is no {found[1]} in {found[2] or name}: clocks are put forward over it; name another "
                          "time")
    return there


def read_stamp(text: str) -> datetime:
    """A timestamp as nbgrader reads it, a naive datetime in UTC, but for a zone that is no name of one: nbgrader's own
    reader (dateutil's) takes that for a file's, opens it, and believes what it says of its own length.

    Raises:
        ValueError, OverflowError and what else dateutil raises: if it is no time.
    """
    words = text.split(" ")
    if len(words) == 3 and not ZONE.fullmatch(words[2]):
        raise ValueError("no time zone")
    return _by_nbgrader(text)


def guard_stamps() -> None:
    """Where nbgrader is at work: let it read timestamps so, wherever it has taken its own reader to. Where it reads
    what lies beside submissions, one that is none is no time: it would end the list of all that were handed in."""
    for name, module in [*sys.modules.items()]:
        if name in OF_SUBMISSIONS:
            module.parse_utc = _stamp_or_none  # type: ignore[attr-defined]
        elif name.split(".")[0] == "nbgrader" and getattr(module, "parse_utc", None) is _by_nbgrader:
            module.parse_utc = _any_stamp  # type: ignore[attr-defined]


def _stamp_or_none(moment: datetime | str) -> datetime | None:
    try:
        return _any_stamp(moment)
    except Exception:  # dateutil complains in many ways; all mean the same here
        return None


def _any_stamp(moment: datetime | str) -> datetime:
    return read_stamp(moment) if isinstance(moment, str) else _by_nbgrader(moment)


def _plain(text: str, said: str) -> datetime:
    for form in FORMS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise CourseError(f"“{said}” is no date: there is no such day or time")


def _utc(zone: tzinfo | None, plain: datetime) -> datetime:
    """Of two times when clocks are put back, the later: a deadline is not cut short."""
    return plain.replace(tzinfo=zone, fold=1).astimezone(UTC).replace(tzinfo=None)


def shown(moment: datetime | None, name: str) -> str:
    """A naive datetime in UTC for people: in the zone `name`, with the zone."""
    if moment is None:
        return ""
    aware = moment.replace(tzinfo=UTC)
    local = aware.astimezone(zone_of(name)) if name else aware.astimezone()
    word = local.strftime("%Z") or "UTC"
    return f"{local:%Y-%m-%d %H:%M} {word}"


def duration(length: timedelta) -> str:
    """How long, in words: 2 days, 3 hours, 20 minutes."""
    seconds = abs(length.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size, 1)
            return f"{count:g} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"
