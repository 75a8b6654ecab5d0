"""Writes an attempt's marks: which attempt counts, and the one that does into nbgrader's folders and gradebook."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import nbformat
from nbgrader import api, utils

from helpers.grading.classes.autograde import Writer
from helpers.grading.classes.changes import parts_of, submission_digest
from helpers.grading.classes.store import Store
from helpers.grading.classes.submitted import task_in, timestamp_of
from helpers.grading.classes.summary import Summary
from helpers.grading.course.disk import unwritable
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.gradebook.errors_in_words import answering, patiently
from helpers.grading.gradebook.mark import Mark, Marks
from helpers.grading.gradebook.removed import is_removed, remember
from helpers.grading.marking.job import GradingJob, Result, SubmissionTask
from helpers.grading.notebooks.cells import grade_id_of
from helpers.grading.pages import page as pages
from helpers.grading.pages.feedback import PageTask, what_the_gradebook_says
from helpers.grading.serving.ledger import COMMON, Attempt, Ledger
from helpers.grading.serving.rules import Rules
from helpers.grading.serving.secrets import seed_of

SESSION = 5.0  # seconds that a gradebook stays open: what others write in it meanwhile is seen after that


@dataclass
class _Session:
    name: str
    since: float
    open: contextlib.ExitStack
    writer: Writer
    summary: Summary
    same: bool
    students: set[str]


class MarksWriter:
    """The one writer. Each attempt is written whole or not at all, and writing it again changes nothing."""

    def __init__(self, course: Course):
        self.course = course
        self._session: _Session | None = None
        self._backed_up: set[str] = set()

    def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            session.open.close()

    def write(self, job: GradingJob, rules: Rules, ledger: Ledger, attempt: Attempt, result: Result,
              sentence: str) -> None:
        """Decide whether the attempt counts and, if so, write it. sentence: what its page says of it.

        Raises:
            CourseError: if it cannot be written now.
        """
        name, student = job.name, attempt.student
        notebook = json.loads(result.notebook)
        found = {cell: mark.auto for cell, mark in marks_in(notebook).items()}
        session = self._opened(job)
        if session.same and is_removed(self.course, name, student, session.students):
            raise CourseError("is no longer in the gradebook: add that student again, and it is graded")
        if attempt.cases == COMMON:
            attempt.common = found
        else:
            attempt.marks, attempt.score = found, sum(points or 0.0 for points in found.values())
            attempt.says = self._why_another_counts(rules, ledger, attempt)
        if attempt.says:
            return
        before = ledger.counting(student)
        files = ledger.files_of(student, attempt.number)
        self._put_in_place(name, student, files)
        notebook["metadata"].setdefault("grading", {})["attempt"] = sentence
        task = task_in(files, name, student)
        digest = task.digest(job if attempt.cases == COMMON else replace(
            job, seed=seed_of(self.course, name, student, attempt.number), depth=rules.told, digest=""))
        session.writer.submissions[student] = submission_digest(task)
        session.writer.write(student, digest, replace(result, notebook=json.dumps(notebook)))
        if says := session.summary.earlier.pop(student, ""):
            attempt.says = says
            if before is not None and before is not attempt:
                self._put_in_place(name, student, ledger.files_of(student, before.number))
            return
        ledger.let_count(attempt)

    def write_asked(self, job: GradingJob, task: SubmissionTask, result: Result) -> str:
        """Write the marks of what lies in `submitted/`, as `coursekit autograde` does; why they do not count, if so.

        Raises:
            CourseError: if they cannot be written now.
        """
        session = self._opened(job)
        if session.same and is_removed(self.course, job.name, task.student, session.students):
            raise CourseError(f"{task.student} is no longer in the gradebook: add that student again")
        session.writer.submissions[task.student] = submission_digest(task)
        session.writer.write(task.student, task.digest(job), result)
        return session.summary.earlier.pop(task.student, "")

    def _why_another_counts(self, rules: Rules, ledger: Ledger, attempt: Attempt) -> str:
        best = ledger.counting(attempt.student)
        if rules.counts == "best" and best is not None and best is not attempt and best.score > attempt.score:
            return f"your attempt {best.number} counts, which has more points"
        there = timestamp_of(self.course, ledger.name, attempt.student)
        if rules.counts == "last" and there is not None and _seconds(there) > attempt.came + 1.0:
            return "a later submission has been collected already"
        return ""

    def _put_in_place(self, name: str, student: str, files: Any) -> None:
        """What counts lies in `submitted/`, as if it had been collected."""
        target = self.course.folder("submitted", student, name)
        fresh = target.with_name(f".{name}.{os.getpid()}")
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(files, fresh)
            if target.exists():
                shutil.rmtree(target)
            os.replace(fresh, target)
        except OSError as error:
            raise unwritable(error) from error

    def _opened(self, job: GradingJob) -> _Session:
        now, known = time.monotonic(), self._session
        if known is not None and known.name == job.name and now - known.since < SESSION:
            return known
        self.close()
        name = job.name
        with contextlib.ExitStack() as stack, answering(self.course):
            book = stack.enter_context(contextlib.closing(
                patiently(lambda: books.ClassGradebook(self.course, name), self.course)))
            stack.enter_context(book.writing())
            summary = Summary(name)
            writer = Writer(self.course, name, book, Store(self.course, name), summary, parts_of(job))
            writer.regrade = writer.regrade and name not in self._backed_up  # a copy for each run of the service
            self._backed_up.add(name)
            students = {row[0] for row in book.db.query(api.Student.id)}
            same = remember(self.course, name, book)
            self._session = _Session(name, now, stack.pop_all(), writer, summary, same, students)
        return self._session

    def page_of(self, ledger: Ledger, attempt: Attempt, result: Result, hiding: pages.Hiding,
                sentence: str) -> PageTask:
        """The page of an attempt: with what the gradebook says if it counts, else with its own marks alone.

        Raises:
            CourseError: if the gradebook does not know the student.
        """
        name, student = ledger.name, attempt.student
        with answering(self.course):
            facts, marks, comments = what_the_gradebook_says(self.course, name, student).get(student, ({}, {}, {}))
        if attempt.counts and marks:
            path = self.course.folder("autograded", student, name) / f"{name}.ipynb"
            try:
                content = path.read_text(encoding="utf-8")
            except (OSError, ValueError) as error:
                raise CourseError(f"its graded notebook cannot be read ({type(error).__name__})") from None
        else:
            notebook = json.loads(result.notebook)
            told = notebook["metadata"].setdefault("grading", {})
            told["attempt"] = sentence
            if attempt.says:
                told["earlier"] = attempt.says
            content, marks, comments = json.dumps(notebook), marks_in(notebook), {}
            facts = {"student_name": "", "notebook": name, "assignment": name, "student": student,
                     "address": self.course.settings.address,
                     "next_step": dict(self.course.settings.next_step), **facts,
                     "late_penalty": 0.0, "seconds_late": 0.0, "score": sum(mark.score for mark in marks.values()),
                     "max_score": sum(mark.points for mark in marks.values())}
        return PageTask(student, content, facts, marks, comments, hiding, f"attempt {attempt.number} {attempt.cases}")


def marks_in(notebook: dict[str, Any]) -> Marks:
    """The marks that a graded notebook gives by itself."""
    found: Marks = {}
    for cell in nbformat.from_dict(notebook).cells:
        if utils.is_grade(cell):
            auto, points = utils.determine_grade(cell)
            found[grade_id_of(cell)] = Mark(auto, None, points, 0.0, auto is None)
    return found


def _seconds(moment: datetime) -> float:
    return float(moment.replace(tzinfo=UTC).timestamp())
