"""What the desk's page asks for: questions, groups of answers, marks; as plain data, and without names unless asked."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

from helpers.grading.course.disk import unwritable, write_whole
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.desk.answers import Answer, answers
from helpers.grading.desk.book import SECOND, AnswerMark, DeskBook
from helpers.grading.desk.grouping import alike
from helpers.grading.desk.requests import requests
from helpers.grading.desk.scheme import Question, questions, to_look_at
from helpers.grading.pages.classfacts import gather
from helpers.grading.pages.rendering import markdown

SAMPLE, LEAST = 0.1, 3  # of another grader's answers get a second opinion; but no fewer than that
MOST_COMMENT = 10_000  # characters


class Unknown(CourseError):
    """A question or an answer that there is not."""


class Desk:
    """One problem set on the desk of one grader.

    Raises:
        CourseError: if nothing has been graded, or there is nothing for a person to grade or to look at.
    """

    def __init__(self, course: Course, name: str, grader: str):
        self.course, self.name, self.grader = course, name, grader
        self.questions = {question.grade_id: question for question in questions(course, name)}
        self.looks: dict[str, Question] = {}
        self.salt = f"{course.seed(name)} desk"
        self._read: tuple[tuple, dict[str, dict[str, Answer]]] = ((), {})
        self._grouped: dict[tuple, list[list[str]]] = {}
        self.book = DeskBook(course, name)
        if not self.written() and not self.questions:
            raise CourseError(f"{name} has no written questions, and no mark of a check is for a person to look at")
        if not self.written():
            raise CourseError(f"nothing of {name} has been graded: run `coursekit autograde {name}` first")

    def written(self) -> dict[str, dict[str, Answer]]:
        """Everybody's answers, read again when notebooks have been graded since."""
        paths = self.course.folder("autograded", "*", self.name).parent.parent.glob(f"*/{self.name}/{self.name}.ipynb")
        stamp = tuple(sorted((str(path), path.stat().st_mtime_ns) for path in paths))
        if stamp != self._read[0]:
            self._read = (stamp, answers(self.course, self.name))
            asked = {*self._read[1]} - {*self.questions}
            self.looks = {one.grade_id: one for one in to_look_at(self.course, self.name, asked)} if asked else {}
        return self._read[1]

    def key(self, student: str) -> str:
        """What stands for a student while names are not shown; the order of keys says nothing either."""
        return hashlib.sha256(f"{self.salt} {student}".encode()).hexdigest()[:12]

    def overview(self) -> dict[str, Any]:
        """The questions, how far each is, who has marked how much, and what was asked to be looked at again.

        Behind the written ones stand the checks of which some marks are for a person to look at.
        """
        found, written = [], self.written()
        for question in (*self.questions.values(), *self.looks.values()):
            own = written.get(question.grade_id, {})
            marks = {student: mark for student, mark in self.book.marks(question.grade_id).items()
                     if student in own or not question.look}
            by: dict[str, int] = {}
            for mark in marks.values():
                if mark.by:
                    by[mark.by] = by.get(mark.by, 0) + 1
            found.append({"id": question.grade_id, "title": question.title, "points": question.points,
                          "look": question.look, "answers": len(marks), "by": by,
                          "waiting": sum(_waits(mark) for mark in marks.values())})
        return {"name": self.name, "grader": self.grader, "questions": found,
                "requests": [one.to_dict() for one in requests(self.course, self.name)]}

    def question(self, grade_id: str, names: bool = False) -> dict[str, Any]:
        """One question with all answers in groups, and what is known of each answer's mark."""
        question = self._question(grade_id)
        own = self.written().get(grade_id, {})
        marks = self.book.marks(grade_id)
        there = sorted((student for student in own if student in marks), key=self.key)
        called = {one.student: one.name for one in gather(self.course, self.name, notebooks=False).handed} \
            if names else {}
        groups = self._groups(grade_id, {student: own[student].text for student in there})
        return {
            "id": grade_id, "title": question.title, "points": question.points, "grader": self.grader,
            "look": question.look, "prompt": markdown(question.prompt), "model": markdown(question.model),
            "scheme": markdown(question.scheme),
            "items": [{"points": item.points, "text": item.text, "short": item.short} for item in question.items],
            "answers": {self.key(student): {
                "text": own[student].text, "name": called.get(student) or (student if names else ""),
                "points": marks[student].given, "waits": _waits(marks[student]), "by": marks[student].by,
                "comment": marks[student].comment or "", "items": list(marks[student].items),
                "version": marks[student].version} for student in there},
            "groups": [[self.key(student) for student in group] for group in groups]}

    def _groups(self, grade_id: str, texts: dict[str, str]) -> list[list[str]]:
        apart = self._apart(grade_id)
        stamp = (grade_id, hashlib.sha256(json.dumps(sorted(texts.items())).encode()).hexdigest())
        if stamp not in self._grouped:
            self._grouped[stamp] = alike(texts)
        together = []
        for group in self._grouped[stamp]:
            kept = [student for student in group if self.key(student) not in apart]
            together += ([kept] if kept else []) + [[student] for student in group if student not in kept]
        return sorted(together, key=lambda group: -len(group))

    def mark(self, grade_id: str, seen: dict[str, str], points: float, comment: str, items: list[float],
             ) -> dict[str, Any]:
        """Give one mark to the answers with these keys; `seen`: key → the version that was on the page."""
        question = self._question(grade_id)
        if not 0 <= points <= question.points:
            raise Unknown(f"{points:g} is not between 0 and {question.points:g} points")
        students = {self._student(key, grade_id): version for key, version in seen.items()}
        done = self.book.mark(grade_id, self.grader, students, points, comment[:MOST_COMMENT], items)
        return {"batch": done.batch, "marked": [self.key(student) for student in done.students],
                "conflicts": {self.key(student): who for student, who in done.conflicts.items()}}

    def undo(self, batch: str) -> dict[str, Any]:
        done = self.book.undo(batch, self.grader)
        return {"undone": [self.key(student) for student in done.students],
                "conflicts": {self.key(student): why for student, why in done.conflicts.items()}}

    def split(self, grade_id: str, keys: list[str], together: bool = False) -> dict[str, Any]:
        """Take answers out of their group, or put them back; for all graders."""
        self._question(grade_id)
        apart = self._apart(grade_id)
        apart = apart - set(keys) if together else apart | set(keys)
        path = self._apart_path(grade_id)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(sorted(apart)).encode())
        except OSError as error:
            raise unwritable(error) from error
        return {"apart": sorted(apart)}

    def sample(self, grade_id: str) -> dict[str, Any]:
        """Answers that others have marked, for a second opinion: a tenth, the same for this grader until they are done;
        and how the opinions given so far compare with the marks."""
        marks, history = self.book.marks(grade_id), self.book.history(grade_id)
        self._question(grade_id)
        mine = {one["student"]: one for one in history if one["kind"] == SECOND and one["grader"] == self.grader}
        others = sorted(student for student, mark in marks.items() if mark.by not in ("", self.grader))
        count = min(len(others), max(LEAST, round(SAMPLE * len(others))))
        chosen = random.Random(f"{self.salt} {grade_id} {self.grader}").sample(others, count)
        seconds = [one for one in history if one["kind"] == SECOND and one["student"] in marks
                   and marks[one["student"]].given is not None]
        differ = [{"key": self.key(one["student"]), "mark": mark.given, "by": mark.by, "second": one["points"],
                   "of": one["grader"]} for one in seconds if one["points"] != (mark := marks[one["student"]]).given]
        return {"keys": [self.key(student) for student in chosen if student not in mine],
                "compared": len(seconds), "differ": differ}

    def second(self, grade_id: str, key: str, points: float, items: list[float]) -> dict[str, Any]:
        question = self._question(grade_id)
        if not 0 <= points <= question.points:
            raise Unknown(f"{points:g} is not between 0 and {question.points:g} points")
        self.book.second(grade_id, self.grader, self._student(key, grade_id), points, items)
        return self.sample(grade_id)

    def _question(self, grade_id: str) -> Question:
        self.written()
        if grade_id not in self.questions and grade_id not in self.looks:
            raise Unknown(f"{self.name} has no question {grade_id} for a person")
        return self.questions.get(grade_id) or self.looks[grade_id]

    def _student(self, key: str, grade_id: str) -> str:
        for student in self.written().get(grade_id, {}):
            if self.key(student) == key:
                return student
        raise Unknown("there is no such answer: load the page again")

    def _apart_path(self, grade_id: str) -> Path:
        place = hashlib.sha256(grade_id.encode()).hexdigest()[:16]
        return self.course.root / ".coursekit" / self.name / "desk" / f"{place}.json"

    def _apart(self, grade_id: str) -> set[str]:
        try:
            return set(json.loads(self._apart_path(grade_id).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return set()


def _waits(mark: AnswerMark) -> bool:
    return mark.given is None or mark.needs_person
