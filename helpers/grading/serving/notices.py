"""Tells students who wait: their place and a time, or from when the rules let them in."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Protocol

from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.course.moments import shown
from helpers.grading.serving import words
from helpers.grading.serving.ledger import COMMON, Attempt
from helpers.grading.serving.line import Place
from helpers.grading.serving.sets import ServedSet

EVERY = 10.0  # seconds between two rounds
AGAIN = 30.0  # seconds until somebody is told a new place
WORTH = 10.0  # seconds to wait from which a place is told
MOST = 30  # notices a round: marks come first
USUAL = 1.0  # seconds that an attempt takes, as long as nobody knows better


class Giver(Protocol):
    def give(self, name: str, student: str, page: bytes, files: Path) -> None: ...

    def tell(self, name: str, student: str, page: bytes, files: Path) -> None: ...


class Notices:
    """Who was told what, and when."""

    def __init__(self, course: Course, giver: Giver):
        self.course, self.giver = course, giver
        self._told: dict[tuple[str, str, int], tuple[float, float]] = {}  # when, and from when they are let in
        self._held: set[tuple[str, int]] = set()
        self._last = -EVERY

    def was_held(self, attempt: Attempt) -> bool:
        return (attempt.student, attempt.number) in self._held

    def tell(self, line: Sequence[tuple[ServedSet, Place]], workers: int, zone: tzinfo,
             trouble: Callable[[ServedSet, Attempt, str], None], now: bool = False) -> None:
        """Tell whoever has not been told what is true now."""
        self._held |= {(place.attempt.student, place.attempt.number) for _, place in line if place.from_when}
        if time.monotonic() - self._last < EVERY and not now:
            return
        self._last, left = time.monotonic(), MOST if not now else len(line)
        each = self._seconds(line) / max(workers, 1)
        turns = [one for one in line if not one[1].from_when]
        for position, (served, place) in enumerate((*turns, *(one for one in line if one[1].from_when)), 1):
            attempt, key = place.attempt, (served.name, place.attempt.student, place.attempt.number)
            when, until = self._told.get(key, (-AGAIN, -1.0))
            if attempt.cases == COMMON or left == 0 or (
                    until == place.from_when and (place.from_when or time.monotonic() - when < AGAIN)):
                continue
            if not place.from_when and position * each < WORTH:
                continue
            page = words.of_held(self.course, served.name, attempt, _moment(place.from_when, self.course),
                                 place.why) if place.from_when else words.of_waiting(
                self.course, served.name, attempt, position, len(turns), position * each)
            try:
                self.giver.tell(served.name, attempt.student, page,
                                served.ledger.files_of(attempt.student, attempt.number))
            except CourseError as error:
                trouble(served, attempt, str(error))
            self._told[key] = (time.monotonic(), place.from_when)
            left -= 1

    def _seconds(self, line: Sequence[tuple[ServedSet, Place]]) -> float:
        """How long an attempt takes, from those that were graded."""
        sets = {served.name: served for served, _ in line}
        known = [one.seconds for served in sets.values() for one in served.ledger.attempts() if one.seconds]
        return sum(known[-100:]) / len(known[-100:]) if known else USUAL


def _moment(when: float, course: Course) -> str:
    return shown(datetime.fromtimestamp(when, UTC).replace(tzinfo=None), course.settings.timezone)
