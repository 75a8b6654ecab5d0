"""Writes graded notebooks to nbgrader's gradebook: one writer, one transaction a submission.

nbgrader's own preprocessors do the writing, so that late penalties, manual marks, comments and formgrader behave as
ever. Here they share one open gradebook, whose lookups were prefetched and whose commits wait for the submission's
end; stock nbgrader opens the database nine times and commits eighteen times for each submission.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import sqlalchemy
from nbformat import NotebookNode
from nbgrader import api, utils
from nbgrader.preprocessors import latesubmissions, saveautogrades
from sqlalchemy.orm import selectinload

from helpers.checking.verdict import number
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.gradebook.backup import back_up
from helpers.grading.gradebook.errors_in_words import unusable
from helpers.grading.gradebook.lateness import Lateness, apply_to, set_extension
from helpers.grading.gradebook.mark import Mark, Marks, key_of, shared_ids
from helpers.grading.gradebook.migrate import add_cells
from helpers.grading.notebooks.cells import grade_id_of


class EarlierCounts(Exception):
    """A late submission is worth less than the one on time before it, which therefore counts."""


class ClassGradebook(api.Gradebook):
    """nbgrader's gradebook for one assignment, kept open over a class.

    The assignment and its cells stay loaded; a submission's own rows are forgotten once they are written, so that
    memory does not grow with the class.
    """

    def __init__(self, course: Course, name: str):
        self.name = name
        try:
            super().__init__(course.directory.db_url, course.directory.course_id)
        except sqlalchemy.exc.OperationalError as error:
            raise unusable(course, error) from error
        self._grades: dict[str, api.Grade] = {}
        self._comments: dict[str, api.Comment] = {}
        self._assignment: api.Assignment | None = None
        self._cells: dict[str, str] = {}  # names by id
        self._recorded: set[str] | None = None  # who has a submission
        self._students: dict[str, api.Student | None] | None = None  # who is known; loaded until their turn
        self._student: api.Student | None = None
        self._at_work: api.SubmittedAssignment | None = None
        self._waiting = False
        self._commit = self.db.commit
        self.db.commit = self._commit_or_wait
        self.db().expire_on_commit = False

    def __exit__(self, *exc: Any) -> None:
        """A preprocessor is done with it; the class is not."""

    def _commit_or_wait(self) -> None:
        if not self._waiting:
            self._commit()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is committed at the end, or nothing of it."""
        self._waiting = True
        try:
            yield
            self._commit()
        except BaseException:
            self.db.rollback()
            raise
        finally:
            self._waiting, self._student, self._at_work = False, None, None
            self._forget()

    def _forget(self) -> None:
        """Keep of what was loaded the assignment and its cells."""
        kept = (api.Assignment, api.Notebook, api.BaseCell)
        for row in list(self.db):
            if not isinstance(row, kept):
                self.db.expunge(row)
        if self._assignment is not None:
            for row in (self._assignment, *self._assignment.notebooks):
                self.db.expire(row, ["submissions"])  # every new submission has been put there

    def find_assignment(self, assignment: str) -> api.Assignment:
        if assignment != self.name:
            return super().find_assignment(assignment)
        if self._assignment is None:
            self._assignment = super().find_assignment(assignment)
            self._cells = {cell.id: cell.name for notebook in self._assignment.notebooks
                           for cell in notebook._base_cells}
        return self._assignment

    def find_student(self, student: str) -> api.Student:
        if self._student is not None:
            return self._student
        if self._students is not None:
            if student not in self._students:
                raise api.MissingEntry(f"No such student: {student}")
            known, self._students[student] = self._students[student], None
            if known is not None:
                return known
        return super().find_student(student)

    def find_submission(self, assignment: str, student: str) -> api.SubmittedAssignment:
        if self._at_work is not None:
            return self._at_work
        if self._recorded is not None and student not in self._recorded:
            raise api.MissingEntry(f"No such submission: {assignment} for {student}")
        return super().find_submission(assignment, student)

    def find_submission_notebook(self, notebook: str, assignment: str, student: str) -> api.SubmittedNotebook:
        return self._at_work.notebooks[0] if self._at_work else super().find_submission_notebook(
            notebook, assignment, student)

    def _take_up(self, submission: api.SubmittedAssignment) -> None:
        """Answer nbgrader's questions about the submission at work without asking the database for each cell."""
        self.find_assignment(self.name)  # which loads the names of the cells
        self._at_work, (notebook,) = submission, submission.notebooks
        self._grades = {self._cells[grade.cell_id]: grade for grade in notebook.grades}
        self._comments = {self._cells[comment.cell_id]: comment for comment in notebook.comments}

    def find_grade(self, grade_cell: str, notebook: str, assignment: str, student: str) -> api.Grade:
        return self._grades.get(grade_cell) or super().find_grade(grade_cell, notebook, assignment, student)

    def find_comment(self, solution_cell: str, notebook: str, assignment: str, student: str) -> api.Comment:
        return self._comments.get(solution_cell) or super().find_comment(solution_cell, notebook, assignment, student)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """nbgrader's preprocessors write into this gradebook, instead of opening their own."""
        modules = (saveautogrades, latesubmissions)
        before = [module.Gradebook for module in modules]
        try:
            for module in modules:
                module.Gradebook = lambda *args, **kwargs: self
            yield
        finally:
            for module, stock in zip(modules, before):
                module.Gradebook = stock

    def record(self, student: str, notebook: NotebookNode, timestamp: Any, steps: list[Any], **known: Any) -> float:
        """Write one graded submission, inside `writing`; returns by how many seconds it was late.

        known: what further the steps find in their resources (see `gradebook.saving`).

        Raises:
            sqlalchemy.exc.OperationalError: if the database cannot be written; nothing of it is written then.
        """
        if self._recorded is None:
            self._recorded = self.recorded_students()
            self._students = {row.id: row for row in self.db.query(api.Student)}
            self.db.expunge_all()
        try:
            late = self._record(student, notebook, timestamp, steps, known)
        except sqlalchemy.exc.IntegrityError:  # another program, formgrader say, has just recorded this student
            self._recorded, self._students = self.recorded_students(), None
            late = self._record(student, notebook, timestamp, steps, known)
        self._recorded.add(student)
        return late

    def _record(self, student: str, notebook: NotebookNode, timestamp: Any, steps: list[Any],
                known: dict[str, Any]) -> float:
        resources = {"nbgrader": {"student": student, "assignment": self.name, "notebook": self.name,
                                  "db_url": "", "timestamp": timestamp, **known}}
        with self.transaction(), warnings.catch_warnings():
            # nbgrader builds a submission cell by cell and SQLAlchemy remarks that half of it is not stored yet.
            warnings.simplefilter("ignore", sqlalchemy.exc.SAWarning)
            self._student = self.update_or_create_student(student)
            given = {"timestamp": timestamp} if timestamp else {}
            before = self._standing(student, timestamp)
            submission = self.update_or_create_submission(self.name, student, **given)
            set_extension(submission, known.get("until") or {})
            late = submission.total_seconds_late
            self._take_up(submission)
            for step in steps:
                if late and isinstance(step, latesubmissions.AssignLatePenalties):
                    self.db.flush()
                    self.db.expire(submission.notebooks[0])  # a penalty is computed from the score as it is now
                notebook, resources = step(notebook, resources)
            if before is not None and late:
                self._compare(submission, before, notebook)
        return float(late)

    def _standing(self, student: str, timestamp: Any) -> tuple[float, Any] | None:
        """Points and time of the submission that is recorded, if it is an earlier one and was on time."""
        if timestamp is None or student not in (self._recorded or ()):
            return None
        known = self.find_submission(self.name, student)
        if known.timestamp is None or known.timestamp >= timestamp or known.total_seconds_late > 0:
            return None
        return float(known.score), known.timestamp

    def _compare(self, submission: api.SubmittedAssignment, before: tuple[float, Any], notebook: NotebookNode) -> None:
        """The better of an on-time submission and a late one after it counts, by the late policy.

        Raises:
            EarlierCounts: if that is the one before; nothing of the late one is recorded then.
        """
        self.db.flush()
        self.db.expire(submission.notebooks[0])
        (now,) = submission.notebooks
        points = float(now.score) - float(now.late_submission_penalty or 0.0)
        if points < before[0]:
            raise EarlierCounts(f"a later submission came late and is worth {number(points)} points; this earlier one, "
                                f"on time, counts with {number(before[0])}")
        notebook.metadata.setdefault("grading", {})["earlier"] = (
            f"an earlier submission, on time, had {number(before[0])} points; this late one counts with "
            f"{number(points)}")

    def bring_up_to_date(self, times: dict[str, Any], until: dict[str, Any], step: Any) -> list[Lateness]:
        """Set timestamps, extensions and penalties to what they are now; only what has changed is written."""
        self.db.expire_all()
        found = []
        query = (self.db.query(api.SubmittedAssignment)
                 .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
                 .filter(api.Assignment.name == self.name)
                 .options(selectinload(api.SubmittedAssignment.notebooks)))
        with self.db.no_autoflush:  # else what has changed is no longer known at the end
            for submission in query:
                when = times.get(submission.student_id)
                if when is not None and submission.timestamp != when:
                    submission.timestamp = when
                found.append(apply_to(submission, step, until))
        if self.db.dirty:
            self._commit()
        self.db.expunge_all()
        self._assignment = None
        return sorted(found, key=lambda one: one.student)

    def penalties(self) -> dict[str, float]:
        """Points taken off for lateness, by student."""
        query = (self.db.query(api.SubmittedAssignment.student_id, api.SubmittedNotebook.late_submission_penalty)
                 .join(api.SubmittedNotebook, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
                 .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
                 .filter(api.Assignment.name == self.name))
        return {student: float(penalty or 0.0) for student, penalty in query}

    def recorded_students(self) -> set[str]:
        """Students who have a submission of this assignment in the gradebook."""
        query = (self.db.query(api.SubmittedAssignment.student_id)
                 .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
                 .filter(api.Assignment.name == self.name))
        return {row[0] for row in query}

    def marks(self, student: str | None = None) -> dict[str, Marks]:
        """Every student's marks, or one's, by `key_of`."""
        found: dict[str, Marks] = {}
        shared = self.shared_ids()
        for kind in (api.GradeCell, api.TaskCell):
            query = (self.db.query(api.Student.id, api.Notebook.name, kind.name, api.Grade.auto_score,
                                   api.Grade.manual_score, api.Grade.extra_credit, kind.max_score,
                                   api.Grade.needs_manual_grade)
                     .select_from(api.Grade)
                     .join(kind, kind.id == api.Grade.cell_id)
                     .join(api.Notebook, api.Notebook.id == kind.notebook_id)
                     .join(api.SubmittedNotebook, api.SubmittedNotebook.id == api.Grade.notebook_id)
                     .join(api.SubmittedAssignment, api.SubmittedAssignment.id == api.SubmittedNotebook.assignment_id)
                     .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
                     .join(api.Student, api.Student.id == api.SubmittedAssignment.student_id)
                     .filter(api.Assignment.name == self.name))
            if student is not None:
                query = query.filter(api.Student.id == student)
            for who, notebook, cell, auto, manual, extra, points, person in query:
                mark = Mark(auto, manual, points, extra or 0.0, bool(person))
                found.setdefault(who, {})[key_of(notebook, cell, shared)] = mark
        return found

    def shared_ids(self) -> frozenset[str]:
        """The grade_ids that more than one of the assignment's notebooks has."""
        ids: dict[str, list[str]] = {}
        for kind in (api.GradeCell, api.TaskCell, api.SolutionCell):
            query = (self.db.query(api.Notebook.name, kind.name).select_from(kind)
                     .join(api.Notebook, api.Notebook.id == kind.notebook_id)
                     .join(api.Assignment, api.Assignment.id == api.Notebook.assignment_id)
                     .filter(api.Assignment.name == self.name))
            for notebook, cell in query:
                ids.setdefault(notebook, []).append(cell)
        return shared_ids(ids)

    def close(self) -> None:
        self.db.commit = self._commit
        super().close()


def marks_of(course: Course, name: str) -> tuple[list[str], dict[str, Marks]]:
    """The graded cells in the notebook's order, and every student's marks by cell."""
    with contextlib.closing(ClassGradebook(course, name)) as book:
        marks = book.marks()
    order = [grade_id_of(cell) for cell in course.source_notebook(name).cells
             if utils.is_grade(cell) or utils.is_task(cell)]
    return order, marks


def register(course: Course, name: str, assignment: NotebookNode) -> None:
    """Make sure that the gradebook knows the assignment as it is now, as generate_assignment would.

    Raises:
        CourseError: if marks would be lost, or the database cannot be used.
    """
    from helpers.grading.course.release import generate_release

    if make_room(course, name, assignment):
        generate_release(course, name, register=True)


def make_room(course: Course, name: str, assignment: NotebookNode) -> bool:
    """Let the gradebook take an assignment that has more cells than when it was graded; is it another than recorded?

    nbgrader refuses other cells once somebody has handed in, so this comes before its generate_assignment.

    Raises:
        CourseError: if cells are gone that submissions have marks for, or the database cannot be used.
    """
    cells = {grade_id_of(cell): cell.metadata.nbgrader.get("checksum") for cell in assignment.cells
             if grade_id_of(cell)}
    with contextlib.closing(ClassGradebook(course, name)) as gradebook:
        try:
            found = gradebook.find_notebook(name, name)
            if {cell.name: cell.checksum for cell in found.source_cells} == cells:
                return False
            known = {cell.name for cell in found.source_cells}
            graded = len(found.submissions)
        except api.MissingEntry:
            return True
        except sqlalchemy.exc.OperationalError as error:
            raise unusable(course, error) from error
    gone = ", ".join(sorted(known - set(cells)))
    if graded and gone:
        raise CourseError(f"{name} lacks cells that {graded} submissions have marks for ({gone}): marks are kept by "
                          "the cell's grade_id. Put them back, under the same grade_id, in the master, run "
                          f"`coursekit build {name}` and grade again; a question that no longer counts can be given "
                          "0 points")
    if graded and set(cells) - known:
        back_up(course.root, course.directory.db_url, f"{name}-new-question")
        with contextlib.closing(ClassGradebook(course, name)) as gradebook:
            add_cells(gradebook, name, assignment)
    return True
