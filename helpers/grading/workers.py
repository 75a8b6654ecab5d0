"""Workers for a class: processes here, or those of a Dask cluster, and Ctrl-C as a wish to end."""

from __future__ import annotations

import concurrent.futures as futures
import importlib
import multiprocessing
import os
import signal
import sys
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any

from .course import CourseError
from .sandbox import Sandbox, SandboxError
from .work import Assignment, Task, grade, prepare

WINDOW = 3  # tasks in flight per worker: enough to keep it busy, few enough to keep memory flat
LIVES = 2  # how often a submission may take its worker down before it is a broken one


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


class Pool:
    """Workers here, or those of a Dask cluster, behind one executor."""

    def __init__(self, assignment: Assignment, workers: int | None, scheduler: str):
        self.assignment, self.scheduler = assignment, scheduler
        self.workers = workers or os.cpu_count() or 1
        self.client = None
        if scheduler:
            self._connect()
        else:
            try:
                Sandbox(assignment.sandbox, assignment.limits)
            except SandboxError as error:
                raise CourseError(f"{error}\nTo grade without walls all the same, say --sandbox none") from None
        self._start()

    @property
    def window(self) -> int:
        return max(WINDOW * self.workers, 2)

    def _connect(self) -> None:
        try:
            from dask.distributed import Client
        except ImportError:
            raise CourseError("--scheduler needs Dask: pip install distributed, here and on the workers") from None
        try:
            self.client = Client(self.scheduler, timeout="10s", set_as_default=False)
            self.workers = sum(self.client.nthreads().values()) or 1
        except (OSError, TimeoutError, ValueError) as error:
            raise CourseError(f"no Dask scheduler answers at {self.scheduler} ({type(error).__name__}): start it with "
                              "`dask scheduler`, or grade here without --scheduler") from None

    def _start(self) -> None:
        if self.client is not None:
            self.executor = self.client.get_executor(pure=False)
            return
        # A forked worker shares what the driver has imported; where forking is unsafe or absent, it is spawned.
        forked = sys.platform == "linux"
        if forked:
            importlib.import_module("matplotlib.pyplot")  # every reference does
        context = multiprocessing.get_context("fork" if forked else "spawn")
        self.executor = futures.ProcessPoolExecutor(
            self.workers, context, initializer=partial(prepare, self.assignment))

    def submit(self, task: Task) -> futures.Future:
        try:
            return self.executor.submit(grade, self.assignment, task)
        except BrokenProcessPool:
            self.restart(None)
            return self.executor.submit(grade, self.assignment, task)

    def restart(self, error: Exception | None) -> None:
        """After a worker died. All futures of a broken pool fail alike, so only the first one restarts it."""
        if self.client is not None:
            if self.client.status != "running":
                raise CourseError(f"the Dask scheduler at {self.scheduler} has gone: start it and run again; "
                                  "what was graded is kept") from error
        elif getattr(self.executor, "_broken", False):
            self.executor.shutdown(wait=False)
            self._start()

    def close(self) -> None:
        if self.client is not None:
            self.client.close()
        else:
            self.executor.shutdown(wait=True, cancel_futures=True)
