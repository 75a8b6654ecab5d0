"""nbgrader's step that saves marks, which also asks a person where grading is not sure, and nobody twice.

What people gave by hand comes back where the gradebook was lost, and an answer that a person has marked waits again
only if it has changed. `resources["nbgrader"]["root"]` is the course folder; without it nothing is known of before.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import SaveAutoGrades

from helpers.grading.course.extensions import extensions_of
from helpers.grading.gradebook import byhand
from helpers.grading.gradebook.backup import back_up
from helpers.grading.gradebook.lateness import set_extension

RUN_SECONDS = 300.0  # without a submission: what comes then is another run
_seen: dict[tuple[Path, str], float] = {}


class SaveMarks(SaveAutoGrades):
    """Saves a graded notebook's marks. What `metadata.grading.asks` names waits for a person, with its mark so far."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        facts, asks = resources["nbgrader"], (nb.metadata.get("grading") or {}).get("asks")
        self.asks: dict[str, Any] = asks if isinstance(asks, dict) else {}
        root, name, student = facts.get("root"), facts["assignment"], facts["student"]
        self.db_url = facts["db_url"]
        if root and "lost" not in facts:
            self._before_the_first(Path(root), name)
        self.now = byhand.digests(nb)
        self.before = byhand.graded_answers(Path(root), name, student) if root else {}
        nb, resources = super().preprocess(nb, resources)
        if root and "lost" not in facts:
            self._extend(extensions_of(Path(root), name))
        lost = facts.get("lost")
        if root and "lost" not in facts:  # nbgrader's own door, one student at a time
            lost = byhand.kept_by_hand(Path(root), name).get(student)
        if lost:
            self._put_back(lost)
        if root and "lost" not in facts:
            byhand.keep_answers(Path(root), name, student, self.now)
        return nb, resources

    def _before_the_first(self, root: Path, name: str) -> None:
        """Through nbgrader's own door: a copy of the gradebook, and of what people gave, once a run (or so)."""
        last = _seen.get((root, name), -RUN_SECONDS)
        _seen[root, name] = time.monotonic()
        if time.monotonic() - last < RUN_SECONDS:
            return
        back_up(root, self.db_url, name)
        with Gradebook(self.db_url) as book:
            byhand.keep_by_hand(root, name, book)

    def _extend(self, until: dict[str, Any]) -> None:
        with self.gradebook as book:
            set_extension(book.find_submission(self.assignment_id, self.student_id), until)
            book.db.commit()

    def _put_back(self, lost: dict[str, Any]) -> None:
        unchanged = {cell for cell, digest in self.now.items() if self.before.get(cell) == digest}
        with self.gradebook as book:
            submission = book.find_submission(self.assignment_id, self.student_id)
            if submission.id != lost.get("submission"):  # else the gradebook is the one that they were given in
                byhand.put_back(book, self.assignment_id, self.student_id, lost, unchanged)

    def _add_score(self, cell: NotebookNode, resources: dict) -> None:
        name = cell.metadata["nbgrader"]["grade_id"]
        grade = self.gradebook.find_grade(name, self.notebook_id, self.assignment_id, self.student_id)
        settled, auto = grade.manual_score is not None and not grade.needs_manual_grade, grade.auto_score
        super()._add_score(cell, resources)
        if settled and self._is_as_it_was(name, auto, grade.auto_score):
            grade.needs_manual_grade = False
        elif name in self.asks:
            grade.needs_manual_grade = True
        self.gradebook.db.commit()

    def _is_as_it_was(self, name: str, before: float | None, now: float | None) -> bool:
        """A written answer by its own text; a check's mark by its number and all the code around it."""
        if before != now:
            return False
        part = name if now is None else byhand.WHOLE
        return part in self.before and self.before[part] == self.now.get(part)
