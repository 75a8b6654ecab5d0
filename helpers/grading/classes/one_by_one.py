"""nbgrader's own commands for a class, student after student in this process, until somebody presses Ctrl-C."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from nbgrader.apps.api import NbGraderAPI
from nbgrader.utils import chdir

from helpers.grading.classes.pool import StopSignal
from helpers.grading.course.folder import Course


class Stoppable(Protocol):
    """What a run did; it is told how many are left where it was stopped."""

    interrupted: bool
    left: int


def one_by_one(course: Course, students: list[str], summary: Stoppable,
               progress: Callable[[int, int, str], None]) -> Iterator[tuple[NbGraderAPI, str]]:
    """nbgrader's commands, and a student for whom to call one."""
    with StopSignal() as stop, chdir(str(course.root)), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nbgrader's libraries among themselves
        api = NbGraderAPI(course.directory, config=course.config)
        for done, student in enumerate(students, 1):
            if stop.asked:
                summary.interrupted, summary.left = True, len(students) - done + 1
                break
            yield api, student
            progress(done, len(students), student)


def last_line(said: Mapping[str, Any], otherwise: str) -> str:
    """The last line of what a command of nbgrader's that failed has said."""
    lines = [line for line in str(said.get("error") or said.get("log") or "").splitlines() if line.strip()]
    return lines[-1] if lines else otherwise
