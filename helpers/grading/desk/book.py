"""Marks and comments in nbgrader's gradebook, and beside them who gave which, when, and what stood there before.

The decisions are a table of the same database, so that graders on one server, or on one SQLite file, see each other's.
A mark that has changed since the grader saw it is not overwritten.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from nbgrader import api
from sqlalchemy.orm import undefer

from helpers.grading.course.folder import Course
from helpers.grading.gradebook.errors_in_words import patiently
from helpers.grading.gradebook.mark import Mark

_tables = sa.MetaData()
decisions = sa.Table(
    "coursekit_decision", _tables,
    sa.Column("id", sa.String(32), primary_key=True), sa.Column("batch", sa.String(32), index=True),
    sa.Column("at", sa.Float), sa.Column("assignment", sa.String(200), index=True),
    sa.Column("question", sa.String(200)), sa.Column("student", sa.String(200)), sa.Column("grader", sa.String(200)),
    sa.Column("kind", sa.String(10)),  # "mark", or "second" for an opinion that changes no mark
    sa.Column("points", sa.Float), sa.Column("comment", sa.Text), sa.Column("items", sa.Text),
    sa.Column("before", sa.Text), sa.Column("undone", sa.Boolean, default=False))
MARK, SECOND = "mark", "second"


@dataclass(frozen=True)
class AnswerMark(Mark):
    """The mark of one answer with what the desk knows of it: its comment, who gave it, for which items."""

    comment: str | None = None
    by: str = ""
    items: tuple[float, ...] = ()

    @property
    def version(self) -> str:
        """The same for as long as nobody changes the mark or the comment."""
        text = repr((self.manual, self.auto, self.needs_person, self.comment))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass
class Written:
    """What a decision did. `conflicts`: students whose mark somebody else has changed → who."""

    batch: str
    students: list[str] = field(default_factory=list)
    conflicts: dict[str, str] = field(default_factory=dict)


class DeskBook:
    """The gradebook as the desk uses it. Methods may take as long as another program holds the database."""

    def __init__(self, course: Course, name: str):
        self.course, self.name = course, name
        self.book = patiently(lambda: api.Gradebook(course.directory.db_url, course.directory.course_id), course)
        patiently(lambda: _tables.create_all(self.book.engine), course)

    def close(self) -> None:
        self.book.close()

    def marks(self, question: str) -> dict[str, AnswerMark]:
        """Everybody's mark of a question, by student."""
        def read() -> dict[str, AnswerMark]:
            with self._session() as db:
                last = self._last(db, question)
                return {student: _with(self._mark(grade, comment), last.get(student))
                        for student, (grade, comment) in self._rows(db, question).items()}
        return patiently(read, self.course)

    def mark(self, question: str, grader: str, students: dict[str, str], points: float, comment: str,
             items: list[float]) -> Written:
        """Give one mark and comment; `students`: who, and the version that the grader saw.

        Points are kept between 0 and the question's. Raises CourseError if the database cannot be written.
        """
        def write() -> Written:
            done = Written(secrets.token_hex(16))
            with self._session() as db:
                # Writing first: SQLite gives out one lock for that, and what is read afterwards stays as it is.
                self._note(db, done.batch, question, grader, students, MARK, points, comment, items)
                rows, last = self._rows(db, question, list(students), lock=True), self._last(db, question, done.batch)
                for student, seen in students.items():
                    if student not in rows:
                        done.conflicts[student] = "not in the gradebook"
                        continue
                    grade, remark = rows[student]
                    before = self._mark(grade, remark)
                    if before.version != seen:
                        done.conflicts[student] = _with(before, last.get(student)).by or "formgrader"
                        continue
                    self._before(db, done.batch, student, before)
                    grade.manual_score = min(max(points, 0.0), float(grade.max_score))
                    grade.needs_manual_grade = False
                    if remark is not None:
                        remark.manual_comment = comment or None
                    done.students.append(student)
                if done.conflicts:
                    db.execute(sa.delete(decisions).where(decisions.c.batch == done.batch,
                                                          decisions.c.student.in_(list(done.conflicts))))
                db.commit()
            return done
        return patiently(write, self.course)

    def undo(self, batch: str, grader: str) -> Written:
        """Put back what stood there before a decision, where nobody has changed it since."""
        def write() -> Written:
            done = Written(batch)
            with self._session() as db:
                db.execute(sa.update(decisions).where(decisions.c.batch == batch, decisions.c.grader == grader)
                           .values(undone=True))
                noted = db.execute(sa.select(decisions).where(decisions.c.batch == batch,
                                                              decisions.c.grader == grader)).mappings().all()
                rows = self._rows(db, noted[0]["question"], [one["student"] for one in noted], lock=True) \
                    if noted else {}
                for one in noted:
                    if one["kind"] == SECOND or one["student"] not in rows:
                        done.students.append(one["student"])
                        continue
                    grade, remark = rows[one["student"]]
                    if grade.manual_score != one["points"]:
                        done.conflicts[one["student"]] = "changed since"
                        continue
                    before = json.loads(one["before"])
                    grade.manual_score, grade.needs_manual_grade = before["manual"], before["waits"]
                    if remark is not None:
                        remark.manual_comment = before["manual_comment"]
                    done.students.append(one["student"])
                db.commit()
            return done
        return patiently(write, self.course)

    def second(self, question: str, grader: str, student: str, points: float, items: list[float]) -> None:
        """Note another grader's opinion; no mark changes."""
        def write() -> None:
            with self._session() as db:
                self._note(db, secrets.token_hex(16), question, grader, {student: ""}, SECOND, points, "", items)
                db.commit()
        patiently(write, self.course)

    def history(self, question: str) -> list[dict[str, Any]]:
        """All decisions on a question that stand, the earliest first."""
        def read() -> list[dict[str, Any]]:
            with self._session() as db:
                found = db.execute(sa.select(decisions).where(
                    decisions.c.assignment == self.name, decisions.c.question == question,
                    decisions.c.undone.is_(False)).order_by(decisions.c.at)).mappings()
                return [dict(one) for one in found]
        return patiently(read, self.course)

    @contextlib.contextmanager
    def _session(self) -> Iterator[Any]:
        """A session that sees what others have written until now, and leaves no lock behind."""
        db = self.book.db
        try:
            yield db
        except BaseException:
            db.rollback()
            raise
        finally:
            db.remove()

    def _rows(self, db: Any, question: str, students: list[str] | None = None, lock: bool = False,
              ) -> dict[str, tuple[api.Grade, api.Comment | None]]:
        def of(kind: Any) -> Any:
            query = (db.query(api.SubmittedAssignment.student_id, kind)
                     .join(api.SubmittedNotebook, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
                     .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
                     .join(kind, kind.notebook_id == api.SubmittedNotebook.id)
                     .join(api.BaseCell, api.BaseCell.id == kind.cell_id)
                     .filter(api.Assignment.name == self.name, api.BaseCell.name == question))
            if students is not None:
                query = query.filter(api.SubmittedAssignment.student_id.in_(students))
            return query.with_for_update(of=kind) if lock else query

        comments = dict(of(api.Comment).all())
        grades = of(api.Grade).options(undefer(api.Grade.max_score))  # else a query for each student
        return {student: (grade, comments.get(student)) for student, grade in grades}

    @staticmethod
    def _mark(grade: api.Grade, comment: api.Comment | None) -> AnswerMark:
        return AnswerMark(grade.auto_score, grade.manual_score, float(grade.max_score), grade.extra_credit or 0.0,
                          bool(grade.needs_manual_grade), comment.manual_comment if comment is not None else None)

    def _last(self, db: Any, question: str, but: str = "") -> dict[str, Any]:
        """The last decision that stands on each student's answer."""
        found = db.execute(sa.select(decisions).where(
            decisions.c.assignment == self.name, decisions.c.question == question, decisions.c.kind == MARK,
            decisions.c.undone.is_(False), decisions.c.batch != but).order_by(decisions.c.at)).mappings()
        return {one["student"]: one for one in found}

    def _note(self, db: Any, batch: str, question: str, grader: str, students: dict[str, str], kind: str,
              points: float, comment: str, items: list[float]) -> None:
        db.execute(sa.insert(decisions), [
            {"id": secrets.token_hex(16), "batch": batch, "at": time.time(), "assignment": self.name,
             "question": question, "student": student, "grader": grader, "kind": kind, "points": points,
             "comment": comment, "items": json.dumps(items), "before": "", "undone": False} for student in students])

    @staticmethod
    def _before(db: Any, batch: str, student: str, before: AnswerMark) -> None:
        kept = json.dumps({"manual": before.manual, "waits": before.needs_person, "manual_comment": before.comment})
        db.execute(sa.update(decisions).where(decisions.c.batch == batch, decisions.c.student == student)
                   .values(before=kept))


def _with(mark: AnswerMark, decision: Any) -> AnswerMark:
    """The mark with who gave it: the desk's last decision, if it is still what stands there."""
    if mark.manual is None:
        return mark
    if decision is None or decision["points"] != mark.manual:
        return replace(mark, by="formgrader")
    return replace(mark, by=decision["grader"], items=tuple(json.loads(decision["items"])))


