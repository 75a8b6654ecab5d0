"""Workers for a class: processes here, or those of a Dask cluster, and Ctrl-C as a wish to end."""

from __future__ import annotations

import concurrent.futures as futures
import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from typing import Any

from helpers.grading.classes.cluster import check_certificates
from helpers.grading.course.errors import CourseError
from helpers.grading.marking.notebook import LIVES
from helpers.grading.sandbox.sandbox import FORKS

PR_SET_PDEATHSIG = 1  # linux/prctl.h
WINDOW = 3  # tasks in flight per worker: enough to keep it busy, few enough to keep memory flat
HEAVY = 300_000_000  # bytes of the tasks in flight: beyond that no further one is begun
LATER = object()  # in the place of a key: nothing to do yet, ask again
MOMENT = 0.1  # seconds until then


def begin_work(then: Callable[[], None] | None = None) -> None:
    """How a worker begins: Ctrl-C is for the driver, which lets the running tasks end, and a killed driver takes its
    workers along, whatever they are stuck in. What a library prints by itself, as LAPACK does of odd numbers, is no
    part of a command's output."""
    with suppress(OSError):  # started without either stream
        os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if then is not None:
        then()


class StopSignal:
    """Ctrl-C as a wish, not an exception: asked once, the running work ends; asked twice, it does not."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> StopSignal:
        try:
            self._before = signal.signal(signal.SIGINT, self._ask)
        except ValueError:  # not in the main thread: nobody can press Ctrl-C here
            self._before = None
        return self

    def _ask(self, number: int, frame: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def __exit__(self, *exc: Any) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)


def _weight(task: Any) -> int:
    """Bytes that a task holds, if it says so."""
    return getattr(task, "weight", 0)


class Pool:
    """Does `work` on tasks, in processes here or on a Dask cluster; a context manager. Starts with the first task.

    work: from a task to a result; a worker must be able to import it. share: entered before workers are forked, who
    then have what it has made. prepare: called in each worker here before its first task. seconds: after so long
    without any outcome the workers are killed, from outside, as if one had died; 0: never. window: tasks in flight per
    worker.
    """

    def __init__(self, work: Callable[[Any], Any], workers: int | None = None, scheduler: str = "",
                 share: Callable[[], AbstractContextManager] = nullcontext,
                 prepare: Callable[[], None] | None = None, seconds: float = 0.0, window: float = WINDOW):
        self.work, self.workers, self.scheduler = work, workers or os.cpu_count() or 1, scheduler
        self.share, self.prepare, self.seconds, self.window = share, prepare, seconds, window
        self._client: Any = None
        self._executor: futures.Executor | None = None
        self._open = ExitStack()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *exc: Any) -> None:
        if self._executor is not None and self._client is None:
            self._executor.shutdown(wait=True, cancel_futures=True)
        self._open.close()

    def outcomes(self, waiting: Iterator[tuple[Any, Any]], stop: StopSignal) -> Iterator[tuple[Any, Any, Any]]:
        """Each (key, task) of `waiting` with its outcome, as they come; a window of tasks is under way at a time.

        A task of None needs no work; a key of LATER says that there is nothing to do yet. An outcome is a result, or
        the exception in its place: BrokenProcessPool where a task has taken down its worker LIVES times while no other
        was under way. Whoever was beside it when a worker died loses nothing: each of them is done again, alone. Ends
        early, with the running ones, when asked to stop.
        """
        running: dict[futures.Future, tuple[Any, Any]] = {}
        lives: Counter = Counter()
        alone: list[tuple[Any, Any]] = []  # were under way when a worker died: only one of them can have done it
        more, since = True, time.monotonic()
        while more or running or alone:
            later = False
            if alone and not running and not stop.asked:
                key, task = alone.pop()
                running[self._submit(task)] = key, task
                lives[key] += 1
                since = time.monotonic()
            while more and not lives and not stop.asked and len(running) < self._window and (
                    sum(_weight(task) for _, task in running.values()) < HEAVY):
                key, task = next(waiting, (None, None))
                if key is LATER:
                    later = True
                    break
                if key is None:
                    more = False
                elif task is None:
                    yield key, None, None
                else:
                    since = since if running else time.monotonic()
                    running[self._submit(task)] = key, task
            if stop.asked:
                more, alone = False, []
            if later and not running:
                time.sleep(MOMENT)
            finished, _ = futures.wait(running, timeout=MOMENT if later else 1.0,
                                       return_when=futures.FIRST_COMPLETED)
            if finished:
                since = time.monotonic()
            elif running and self.seconds and time.monotonic() - since > self.seconds:
                self._kill()
            for future in finished:
                key, task = running.pop(future)
                error = future.exception() if not future.cancelled() else futures.CancelledError()
                if isinstance(error, (BrokenProcessPool, futures.CancelledError)):
                    self._restart(error)
                    if lives[key] < LIVES:
                        alone.append((key, task))
                        continue
                yield key, task, error if error is not None else future.result()
            if not alone and not running:
                lives.clear()

    @property
    def _window(self) -> int:
        return max(round(self.window * self.workers), 2)

    def _submit(self, task: Any) -> futures.Future:
        try:
            return self._running().submit(self.work, task)
        except BrokenProcessPool as error:
            self._restart(error)
            return self._running().submit(self.work, task)

    def _running(self) -> futures.Executor:
        if self._executor is None and not self.scheduler:
            self._open.enter_context(self.share())
        if self._executor is None:
            self._executor = self._connect() if self.scheduler else self._fork()
        return self._executor

    def _connect(self) -> futures.Executor:
        try:
            from dask.distributed import Client
        except ImportError:
            raise CourseError("--scheduler needs Dask: pip install distributed, here and on the workers") from None
        check_certificates(self.scheduler)
        try:
            self._client = self._open.enter_context(Client(self.scheduler, timeout="10s", set_as_default=False))
            self.workers = sum(self._client.nthreads().values()) or 1
        except (OSError, TimeoutError, ValueError) as error:
            raise CourseError(f"no Dask scheduler answers at {self.scheduler} ({type(error).__name__}): start it with "
                              "`dask scheduler`, or grade here without --scheduler") from None
        return self._client.get_executor(pure=False)

    def _fork(self) -> futures.Executor:
        context = multiprocessing.get_context("fork" if FORKS else "spawn")
        return futures.ProcessPoolExecutor(self.workers, context, initializer=begin_work,
                                           initargs=(self.prepare,))

    def _kill(self) -> None:
        """End workers that are stuck, in one regular expression for example, where nothing inside can end them."""
        for process in list((getattr(self._executor, "_processes", None) or {}).values()):
            process.kill()

    def _restart(self, error: BaseException) -> None:
        """After a worker died. All futures of a broken pool fail alike, so only the first one restarts it."""
        if self._client is not None:
            if self._client.status != "running":
                raise CourseError(f"the Dask scheduler at {self.scheduler} has gone: start it and run again; "
                                  "what was graded is kept") from error
        elif self._executor is not None and getattr(self._executor, "_broken", False):
            self._executor.shutdown(wait=False)
            self._executor = self._fork()
