"""Commands and formgrader ask at the service's door for one student's marks: what they ask is graded, and answered."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from helpers.grading.classes.autograde import as_result
from helpers.grading.classes.submitted import read_task
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.marking.job import Result
from helpers.grading.notebooks.master import MasterError
from helpers.grading.serving.door import Asked, Door
from helpers.grading.serving.marks import MarksWriter, marks_in
from helpers.grading.serving.sets import ServedSet
from helpers.grading.serving.worker import AttemptTask


class Asking:
    """Those who ask, in the order in which they came."""

    def __init__(self, course: Course, sets: Sequence[ServedSet], marks: MarksWriter):
        self.course, self.sets, self.marks = course, sets, marks
        self._door: Door | None = None
        self._waiting: deque[Asked] = deque()

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Not where a folder takes no sockets: then commands grade as without a service."""
        with contextlib.suppress(OSError):
            self._door = Door(self.course.root)
        try:
            yield
        finally:
            for asked in self._waiting:
                asked.answer(unknown=True)
            if self._door is not None:
                self._door.close()

    def next(self) -> tuple[ServedSet, Asked, AttemptTask] | None:
        """Whoever is next, and what to grade; who asks for what cannot be graded is answered at once."""
        self._waiting += self._door.asked() if self._door is not None else ()
        while self._waiting:
            asked = self._waiting.popleft()
            try:
                name = self.course.find(asked.ps)
                served = next((one for one in self.sets if one.name == name), None)
                if served is None:
                    asked.answer(unknown=True)  # not one of those that are served: let the command grade it
                    continue
                served.renew()
                if asked.student not in self.course.students("submitted", name):
                    raise CourseError(f"{asked.student} has handed in nothing for {name}")
            except (CourseError, MasterError, OSError) as error:
                asked.answer(error=str(error))
                continue
            task = read_task(self.course, name, asked.student)
            return served, asked, AttemptTask(served.job, task, served.job.seed, served.job.depth)
        return None

    def answer(self, served: ServedSet, asked: Asked, task: AttemptTask, outcome: Any) -> float | None:
        """Write the marks, and tell them; the seconds that grading took, None if it could not be done."""
        try:
            result = Result.from_bytes(as_result(task.job, task.submission, outcome))
            earlier = self.marks.write_asked(task.job, task.submission, result)
        except CourseError as error:
            self.marks.close()
            asked.answer(error=str(error))
            return None
        found = marks_in(json.loads(result.notebook)).values()
        asked.answer(name=served.name, student=asked.student, note=result.note, ended=result.ended, earlier=earlier,
                     seconds=round(result.seconds, 2), points=sum(mark.score for mark in found),
                     of=sum(mark.points for mark in found), waits=sum(mark.waits for mark in found))
        return result.seconds
