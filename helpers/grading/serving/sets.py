"""A problem set as the service knows it: its job, rules, attempts and deadline, read again when they change."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from helpers.grading.classes.changes import Change, parts_of
from helpers.grading.course.errors import CourseError
from helpers.grading.course.extensions import extensions_of
from helpers.grading.course.folder import Course
from helpers.grading.course.moments import shown
from helpers.grading.gradebook import gradebook as books
from helpers.grading.gradebook.late import due_date
from helpers.grading.marking.job import GradingJob
from helpers.grading.marking.prepared import job_of
from helpers.grading.pages import report as reports
from helpers.grading.serving.ledger import COMMON, HELD_BACK, OVER, RELEASED, WAITS, Attempt, Ledger
from helpers.grading.serving.rules import rules_of

DATES = 20.0  # seconds until dates are read again


def served_sets(course: Course, wanted: Sequence[str]) -> list[str]:
    """Full names of the problem sets to serve; all that can be, if none is named.

    Raises:
        CourseError: if one cannot be served, or there is none.
    """
    named = [course.find(name) for name in wanted]
    for name in named:
        if course.notebooks(name) != [name]:
            raise CourseError(f"{name} has the notebooks {', '.join(course.notebooks(name))}: only sets of one "
                              "notebook of the set's name are served. Grade it with `coursekit autograde`")
    found = list(dict.fromkeys(named)) or [
        name for name in course.problem_sets if course.notebooks(name) == [name] and course.source_path(name).is_file()]
    if not found:
        raise CourseError(f"{course.root} has no problem set that was built: run `coursekit build` first")
    return found


class ServedSet:
    """One problem set.

    Raises:
        CourseError: if it cannot be graded, with what to do.
    """

    def __init__(self, course: Course, name: str, sandbox: str | None, final: bool):
        self.course, self.name, self.sandbox, self.final = course, name, sandbox, final
        self.rules, self.ledger = rules_of(course, name), Ledger(course.root, name)
        self.ledger.clear_half_taken()
        self._signature = self._signed()
        self.job = self._made()
        self._dates_at, self._end, self._due = -DATES, 0.0, ""
        self.report_due = False

    def _made(self) -> GradingJob:
        job = job_of(self.course, self.name, sandbox=self.sandbox)
        books.register(self.course, self.name, nbformat.reads(job.recorded, as_version=4))
        return job

    def _signed(self) -> tuple:
        folder = self.course.folder("source", ".", self.name)
        master: list[Path] = [path for path in [self.course.masters.get(self.name)] if path]
        return tuple((str(path), path.stat().st_mtime_ns) for path in sorted([*folder.rglob("*"), *master])
                     if path.is_file())

    def renew(self) -> bool:
        """Take up a problem set that was built anew; was it? Raises what `job_of` does."""
        signed = self._signed()
        if signed == self._signature:
            return False
        self._signature = signed
        self.job = self._made()
        return True

    def is_over(self) -> bool:
        """Is the deadline past for everybody, with the last extension?"""
        self._read_dates()
        return self.final or 0 < self._end < time.time()

    @property
    def due(self) -> str:
        """The deadline in words; "" without one."""
        self._read_dates()
        return self._due

    def _read_dates(self) -> None:
        if time.monotonic() - self._dates_at < DATES:
            return
        self._dates_at = time.monotonic()
        due = due_date(self.course, self.name)
        ends = [due, *extensions_of(self.course.root, self.name).values()] if due else []
        self._due = shown(due, self.course.settings.timezone) if due else ""
        self._end = max((_seconds(end) for end in ends if end), default=0.0)

    def line_up_common(self) -> int:
        """After the deadline: every attempt that counts, if all of its student's are over, waits for common cases."""
        lined = 0
        for student, attempts in self.ledger.of.items():
            one = self.ledger.counting(student)
            if one is None or one.common is not None or one.cases == COMMON or one.state != RELEASED:
                continue
            if all(other.state in OVER for other in attempts):
                one.cases, one.state, one.tries = COMMON, WAITS, 0
                self.ledger.keep(one)
                lined += 1
        return lined

    def common_in_words(self) -> str:
        done = sum(one.common is not None for one in self.ledger.attempts() if one.counts)
        students = sum(any(one.counts for one in attempts) for attempts in self.ledger.of.values())
        return f"{done} of {students} graded" if done else "after the deadline" if self.due else "no due date"

    def report_when_done(self) -> int | None:
        """The report of seen and common marks, once all that wait for common cases are done; how many differ."""
        attempts = self.ledger.attempts()
        if not self.report_due or any(one.cases == COMMON and one.state not in OVER for one in attempts):
            return None
        self.report_due = False
        graded = [one for one in attempts if one.counts and one.common is not None]
        points = parts_of(self.job)["points"]
        changes = [change for one in graded for change in differences(one, points)]
        page = reports.template("seen.html.j2").render(
            name=self.name, changes=changes, graded=len(graded), marks=sum(len(one.marks) for one in graded),
            made=reports.now(self.course))
        rows: list[list] = [["student", "question", "seen", "now", "of", "attempt"]]
        rows += [[c.student, c.question, c.before, c.after, c.of, c.why] for c in changes]
        reports.write(self.course, f"{self.name}-seen", page, rows)
        return len(changes)

    def resume(self) -> None:
        """What a person may have put right meanwhile is tried again."""
        for one in self.ledger.attempts():
            if one.state == HELD_BACK:
                one.state, one.tries, one.note = WAITS, 0, ""
                self.ledger.keep(one)


def differences(attempt: Attempt, points: dict[str, float]) -> list[Change]:
    """Where the marks on common cases are others than those that the student had seen."""
    common = attempt.common or {}
    return [Change(attempt.student, cell, seen, common.get(cell), points.get(cell, 0.0), str(attempt.number))
            for cell, seen in attempt.marks.items() if common.get(cell) != seen]



def _seconds(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp()
