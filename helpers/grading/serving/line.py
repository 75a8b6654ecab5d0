"""Whose turn it is: the order of arrival, so that one student's many or endless attempts hold up nobody else's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from helpers.grading.serving.ledger import COMMON, HELD_BACK, OWN, PASSED_OVER, WAITS, Attempt
from helpers.grading.serving.rules import Rules

UNSEEN = 60.0  # seconds that an arrival may have been there before it was seen
LONG = 10.0  # seconds of grading from which an attempt is a long one
BEHIND = 10.0  # times as long as it took goes the next attempt of whoever had a long one behind its arrival


@dataclass(frozen=True)
class Place:
    """One waiting attempt. turn: what the line is ordered by. from_when: when the rules let it in, 0 for now."""

    attempt: Attempt
    turn: float
    from_when: float = 0.0
    why: str = ""


def waiting(of: Mapping[str, list[Attempt]], rules: Rules, zone: tzinfo, now: float, under_way: Collection[str],
            over: bool) -> list[Place]:
    """The line of one problem set: at most one attempt of a student has its turn at a time.

    under_way: students who have one at work. over: is the deadline past? Then the rules hold back nothing.
    """
    line: list[Place] = []
    for student, attempts in of.items():
        mine = [one for one in attempts if one.state == WAITS]
        if not mine or student in under_way:
            continue
        attempt = min(mine, key=lambda one: (one.cases == COMMON, one.number))
        before = [one for one in attempts if one.admitted and one is not attempt]
        until, why = (0.0, "") if over or attempt.cases == COMMON or attempt.admitted else _held(
            before, rules, zone, now)
        line.append(Place(attempt, _turn(attempt, before), until, why))
    return sorted(line, key=lambda place: (place.attempt.cases == COMMON, place.turn, place.attempt.source))


def superseded(attempts: Iterable[Attempt], rules: Rules, zone: tzinfo, now: float) -> list[Attempt]:
    """Attempts that the rules hold back while a newer one of the same student waits: they never get their turn."""
    attempts = list(attempts)
    mine = sorted((one for one in attempts if one.state == WAITS and one.cases == OWN and not one.admitted),
                  key=lambda one: one.number)
    held = _held([one for one in attempts if one.admitted], rules, zone, now)[0]
    return mine[:-1] if held else []


def _turn(attempt: Attempt, before: list[Attempt]) -> float:
    """When it arrived, or when the student's attempt before was done; later after one that took long.

    In an exchange whoever hands in says when: none comes in front of all who were there when it was seen.
    """
    came = max(attempt.came, attempt.seen - UNSEEN)
    last = max(before, key=lambda one: one.number, default=None)
    if last is None:
        return came
    penalty = BEHIND * last.seconds if last.seconds >= LONG else 0.0
    return max(came, last.given or last.admitted) + penalty


def is_long(attempts: Iterable[Attempt]) -> bool:
    """Did the student's last graded attempt take long?"""
    last = max((one for one in attempts if one.seconds), key=lambda one: one.number, default=None)
    return last is not None and last.seconds >= LONG


def _held(before: list[Attempt], rules: Rules, zone: tzinfo, now: float) -> tuple[float, str]:
    """Until when the rules hold a student's next attempt back, and why; 0 if they do not."""
    counted = [one.admitted for one in before if one.state not in (PASSED_OVER, HELD_BACK)]
    today = datetime.fromtimestamp(now, zone).date()
    used = sum(datetime.fromtimestamp(when, zone).date() == today for when in counted)
    if rules.a_day and used >= rules.a_day:
        attempts = "attempt" if rules.a_day == 1 else "attempts"
        return _midnight(now, zone), f"today's {rules.a_day} {attempts} are used"
    if rules.pause and counted and max(counted) + rules.pause > now:
        return max(counted) + rules.pause, f"there are {rules.pause / 60:g} minutes between two attempts"
    return 0.0, ""


def _midnight(now: float, zone: tzinfo) -> float:
    day = datetime.fromtimestamp(now, zone).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def used_today(attempts: Iterable[Attempt], zone: tzinfo, now: float) -> int:
    today = datetime.fromtimestamp(now, zone).date()
    return sum(bool(one.admitted) and datetime.fromtimestamp(one.admitted, zone).date() == today for one in attempts)
