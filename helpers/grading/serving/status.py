"""What the service says of itself: a page for the instructor, and a log that names nobody."""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from dataclasses import dataclass, field
from logging.handlers import RotatingFileHandler
from typing import Any

from helpers.grading.course.disk import unwritable, write_whole
from helpers.grading.course.folder import Course
from helpers.grading.pages.report import now, template
from helpers.grading.serving.secrets import code_of

EVERY, IDLE = 2.0, 10.0  # seconds between two pages
LOG_BYTES, LOGS = 2_000_000, 5
RATE_SECONDS = 600.0
MEASURED = 200  # of how many pages the latency is shown


@dataclass
class Numbers:
    """What a page of the service shows, as it is now."""

    waiting: int = 0
    working: int = 0
    held: int = 0
    oldest: float = 0.0  # when the first of those who wait came
    sets: list[dict[str, Any]] = field(default_factory=list)
    people: list[dict[str, str]] = field(default_factory=list)
    broken: list[dict[str, str]] = field(default_factory=list)


class Status:
    """`reports/serving.html`, `.coursekit/serving/status.json` and `.coursekit/serving/log.txt`."""

    def __init__(self, course: Course):
        self.course, self.folder = course, course.root / ".coursekit" / "serving"
        self.page = course.root / "reports" / "serving.html"
        self.latencies: deque[float] = deque(maxlen=MEASURED)
        self.times: deque[float] = deque(maxlen=10_000)
        self.given = 0
        self._last = -IDLE
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.page.parent.mkdir(exist_ok=True)
            self._file = RotatingFileHandler(self.folder / "log.txt", maxBytes=LOG_BYTES, backupCount=LOGS,
                                             encoding="utf-8")
        except OSError as error:
            raise unwritable(error) from error
        self._file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        self._codes: dict[str, str] = {}

    def code(self, student: str) -> str:
        if student not in self._codes:
            self._codes[student] = code_of(self.course, student)
        return self._codes[student]

    def log(self, what: str) -> str:
        self._file.emit(logging.LogRecord("serve", logging.INFO, "", 0, what, None, None))
        return what

    def gave(self, latency: float | None) -> None:
        """One more page was given back, so long after it had come; None where that says nothing of the service."""
        self.given += 1
        self.times.append(time.time())
        if latency is not None:
            self.latencies.append(latency)

    def due(self, busy: bool) -> bool:
        return time.monotonic() - self._last >= (EVERY if busy else IDLE)

    def write(self, numbers: Numbers, running: bool) -> None:
        self._last = time.monotonic()
        recent = sum(when > time.time() - RATE_SECONDS for when in self.times)
        found = sorted(self.latencies)
        facts = {"waiting": numbers.waiting, "working": numbers.working, "held": numbers.held, "given": self.given,
                 "rate": round(60.0 * recent / RATE_SECONDS, 1), "measured": len(found),
                 "median": round(found[len(found) // 2], 2) if found else None,
                 "high": round(found[min(int(0.95 * len(found)), len(found) - 1)], 2) if found else None}
        page = template("serving.html.j2").render(
            **facts, running=running, root=str(self.course.root), sets=numbers.sets, people=numbers.people,
            broken=numbers.broken, made=now(self.course),
            oldest=_long(time.time() - numbers.oldest) if numbers.oldest else "")
        try:
            write_whole(self.page, page.encode())
            write_whole(self.folder / "status.json", json.dumps(
                {**facts, "running": running, "at": round(time.time(), 1), "people": len(numbers.people),
                 "broken": len(numbers.broken)}).encode())
        except OSError as error:
            raise unwritable(error) from error

    def close(self) -> None:
        self._file.close()


def _long(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
