"""Bounds on what the grader itself computes with what a student's process has sent."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

MEMORY_BYTES = 2 * 2**30  # beyond what the process has when a check begins
CHECK_SECONDS = 60.0  # of processor time, for one check cell; a solution's own take hundredths


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

    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = now + more if hard == resource.RLIM_INFINITY else min(now + more, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextlib.contextmanager
def _time(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise TooLong(f"checking what was returned took longer than {seconds:g} s of processor time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises TooLong after so much processor time, inside another such limit as well, which goes on afterwards."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise TooLong(f"took longer than {seconds:g} s of processor time")

    before, start = signal.signal(signal.SIGPROF, stop), time.process_time()
    left = signal.setitimer(signal.ITIMER_PROF, seconds)[0]
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        if left:
            signal.setitimer(signal.ITIMER_PROF, max(left - (time.process_time() - start), 0.01))
