"""A limit of time for what reads students' text: for each piece, and for a page as a whole.

Regular expressions of other packages take the square or the cube of some texts' length. Python's engine looks for
signals while it searches, so a timer ends it; what takes too long is shown as text. Where there are no timers, or not
in the main thread, the limits of size must do, and the pool that ends stuck workers from outside.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

PIECE_SECONDS = 1.5  # of processor time, for one cell or output; a long one of an honest student takes 0.1
PAGE_SECONDS = 6.0  # for all pieces of a page
AGAIN = 0.05  # somebody's `except:` may swallow the first signal

T = TypeVar("T")


class _TooLong(BaseException):
    """Not an Exception: nothing between the timer and this module may take it for a failure of its own."""


class Clock:
    """What is left for the page under way. One for the process: pages are made one after the other."""

    def __init__(self) -> None:
        self.left = PAGE_SECONDS
        self.late = 0  # pieces that took too long
        self._armed = False

    def begin(self, seconds: float = PAGE_SECONDS) -> None:
        """A new page. With 0 seconds, every piece is text."""
        self.left, self.late = seconds, 0

    def within(self, work: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """What `work` gives, or `otherwise`, which must be quick, if it takes too long."""
        limit = min(PIECE_SECONDS, self.left)
        if limit <= 0:
            self.late += 1
            return otherwise()
        if self._armed or not _can_time():
            return work()
        start = time.process_time()
        try:
            try:
                self._arm(limit)
                return work()
            finally:
                self._disarm()
        except _TooLong:
            self._disarm()  # the signal may have come while it was being done
            self.late += 1
            return otherwise()
        finally:
            self.left -= time.process_time() - start

    def _arm(self, seconds: float) -> None:
        # The handler stays: a signal under way when the timer ends would otherwise end the process.
        signal.signal(signal.SIGPROF, self._stop)
        self._armed = True
        signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN)

    def _disarm(self) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _stop(self, number: int, frame: Any) -> None:
        if self._armed:
            raise _TooLong


def _can_time() -> bool:
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


CLOCK = Clock()
