"""Bounds on what the grader itself computes with what a student's process has sent."""

from __future__ import annotations

import contextlib
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

MEMORY_BYTES = 2 * 2**30  # beyond what the process has when a check begins
CHECK_SECONDS = 60.0  # of processor time, for one check cell; a solution's own take hundredths
ALL_SECONDS = 180.0  # of processor time, for all checks of a submission together, with the reasons that are looked for
LEAST_SECONDS = 2.0  # that each of them has all the same
READ_SECONDS = 60.0  # of processor time, to read a submission and to restore it, or what its cells send; an honest
# one takes tenths
SPARE_BYTES = 64 * 2**20  # of MEMORY_BYTES: with less left, what trusted code has computed may be an excuse
AGAIN = 0.5  # seconds between further signals: an `except Exception` or a callback of Python's own may swallow one

_interrupted = 0  # how often a limit of time has been reached


class TooLong(Exception):
    """A check computed longer than CHECK_SECONDS on what was returned."""


@contextlib.contextmanager
def bounded(memory: int = MEMORY_BYTES, seconds: float = CHECK_SECONDS) -> Iterator[None]:
    """Inside, what asks for more memory gets MemoryError, and what computes for longer gets TooLong.

    memory: bytes of address space beyond today's (Linux). seconds: of processor time (POSIX, in the main thread).
    Arrays that broadcast to gigabytes, or a loop without an end, then cost their author a check and nobody a worker.
    """
    with _memory(memory), _time(seconds):
        yield


@contextlib.contextmanager
def _memory(more: int) -> Iterator[None]:
    if sys.platform != "linux":
        yield
        return
    import resource

    now = _address_space()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = now + more if hard == resource.RLIM_INFINITY else min(now + more, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def undisturbed(compute: Callable[[], Any]) -> Any:
    """What trusted code computes, for all who come later: not where one submission's limits were reached meanwhile.

    An observation takes every exception for the observed function's own: it would be the reference's from then on.

    Raises:
        TooLong, MemoryError: if they were.
    """
    before = _interrupted
    value = compute()
    if _interrupted != before:
        raise TooLong("a limit was reached while the reference computed")
    if _memory_left() < SPARE_BYTES:
        raise MemoryError("hardly any memory is left for the reference")
    return value


def _memory_left() -> float:
    if sys.platform != "linux":
        return math.inf
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if limit == resource.RLIM_INFINITY else limit - _address_space()


def _address_space() -> int:
    import resource

    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _time(seconds: float) -> contextlib.AbstractContextManager[None]:
    return _timer(seconds, f"checking what was returned took longer than {seconds:g} s of processor time")


def within(seconds: float) -> contextlib.AbstractContextManager[None]:
    """Raises TooLong after so much processor time, inside another such limit as well, which goes on afterwards."""
    return _timer(seconds, f"took longer than {seconds:g} s of processor time")


@contextlib.contextmanager
def ends_after(seconds: float) -> Iterator[None]:
    """Ends this process after so much processor time in the block (POSIX), also in code of C, which no signal of
    Python's interrupts."""
    if not hasattr(signal, "SIGXCPU"):
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    limit = math.ceil(time.process_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


class Allowance:
    """Seconds of processor time for several blocks together."""

    def __init__(self, seconds: float):
        self.left = seconds

    @contextlib.contextmanager
    def spent(self) -> Iterator[None]:
        """Raises TooLong in the block when nothing is left."""
        with self._counting(), within(max(self.left, 0.01)):
            yield

    @contextlib.contextmanager
    def bounded(self, most: float = CHECK_SECONDS) -> Iterator[None]:
        """`bounded`, in what is left, and in no less than LEAST_SECONDS."""
        with self._counting(), bounded(seconds=min(max(self.left, LEAST_SECONDS), most)):
            yield

    @contextlib.contextmanager
    def _counting(self) -> Iterator[None]:
        begun = time.process_time()
        try:
            yield
        finally:
            self.left -= time.process_time() - begun


@contextlib.contextmanager
def _timer(seconds: float, says: str) -> Iterator[None]:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    armed = True

    def stop(number: int, frame: Any) -> None:
        global _interrupted
        if armed and not _importing(frame):  # the signal comes again
            _interrupted += 1
            raise TooLong(says)

    before, start = signal.signal(signal.SIGPROF, stop), time.process_time()
    left = signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN)[0]
    try:
        try:
            yield
        finally:
            armed = False
    finally:  # also if the signal has come just before
        armed = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        if left:
            signal.setitimer(signal.ITIMER_PROF, max(left - (time.process_time() - start), 0.01), AGAIN)


def _importing(frame: Any) -> bool:
    """Is a module being imported? One that is broken off stays broken, for all who come later."""
    while frame is not None and frame.f_globals.get("__name__") != "importlib._bootstrap":
        frame = frame.f_back
    return frame is not None
