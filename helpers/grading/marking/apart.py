"""Grades one submission in a fork of the grader, which may change whatever the assignment's own code has made.

What a plain test binds, mutates, seeds or patches is then gone with the fork, and the next submission finds everything
as it was. The fork speaks to the student's process in the place of its parent, which waits; between the two, both the
grader's own, results travel by pickle.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from helpers.grading.sandbox.process import SubmissionProcess

PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ForkEnded(Exception):
    """The fork has ended, or was ended, without a word; says why."""


def in_fork(work: Callable[[], Any], student: SubmissionProcess, seconds: float) -> Any:
    """`work()` in a fork of this process, which has `student` to itself; what it returns.

    seconds: after so long the fork is ended.

    Raises:
        ForkEnded: if there is no result.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _be_the_fork(work, student, writer)
    os.close(writer)
    try:
        said = _read(reader, time.monotonic() + seconds)
    finally:
        os.close(reader)
        _end(pid)
    if not said:
        raise ForkEnded("the tests ended the process that they ran in")
    answer = pickle.loads(said)
    if "failed" in answer:
        raise ForkEnded(answer["failed"])
    student.take_over(answer["student"])
    return answer["result"]


def _be_the_fork(work: Callable[[], Any], student: SubmissionProcess, writer: int) -> None:
    code = 1
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        try:
            answer = {"result": work(), "student": student.handed_over()}
        except BaseException as error:
            answer = {"failed": f"{type(error).__name__}: {error}"[:500]}
        with os.fdopen(writer, "wb") as out:
            out.write(pickle.dumps(answer))
        code = 0
    finally:
        os._exit(code)


def _read(reader: int, deadline: float) -> bytes:
    parts: list[bytes] = []
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reader], [], [], min(left, 1.0))[0]:
            continue
        part = os.read(reader, 2**20)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return b""


def _end(pid: int) -> None:
    """The fork has said all, or too little: it is not waited for."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
