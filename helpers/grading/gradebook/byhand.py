"""What people gave by hand, kept beside the results as well: a lost or rebuilt gradebook gets it back.

`.coursekit/<problem set>/by_hand.json`: student → the submission's id in the gradebook, marks (`manual`, `extra`) and
comments by cell. `.coursekit/<problem set>/answers/`: by student, digests of the answers as they were when they were
graded last, so that an unchanged answer is not held out to a person again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader import api

from helpers.grading.course.disk import unwritable, write_whole
from helpers.grading.notebooks.cells import grade_id_of

WHOLE = "*"  # the digest of all cells


def digests(notebook: NotebookNode) -> dict[str, str]:
    """Of each named cell's text, and of all cells' under `*`."""
    found = {grade_id_of(cell): _digest(cell.source) for cell in notebook.cells if grade_id_of(cell)}
    found[WHOLE] = _digest("\0".join(cell.source for cell in notebook.cells))
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def _folder(root: Path, name: str) -> Path:
    return root / ".coursekit" / name


def _answers(root: Path, name: str, student: str) -> Path:
    return _folder(root, name) / "answers" / hashlib.sha256(student.encode()).hexdigest()[:32]


def graded_answers(root: Path, name: str, student: str) -> dict[str, str]:
    """The digests of a student's answers as graded last; {} if nobody knows."""
    try:
        found = json.loads(_answers(root, name, student).read_bytes())
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def keep_answers(root: Path, name: str, student: str, found: dict[str, str]) -> None:
    path = _answers(root, name, student)
    with contextlib.suppress(OSError):  # then a person is asked once more, which is no harm
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(found).encode())


def kept_by_hand(root: Path, name: str) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads((_folder(root, name) / "by_hand.json").read_bytes())
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def in_the_gradebook(book: api.Gradebook, name: str) -> dict[str, dict[str, Any]]:
    """What people gave, by student, as this gradebook has it: also of those to whom nobody gave anything yet."""
    found: dict[str, dict[str, Any]] = {}
    of = (book.db.query(api.SubmittedAssignment.student_id, api.SubmittedAssignment.id)
          .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
          .filter(api.Assignment.name == name))
    for student, submission in of:
        found[student] = {"submission": submission, "marks": {}, "comments": {}}
    for kind, columns, key in ((api.Grade, (api.Grade.manual_score, api.Grade.extra_credit), "marks"),
                               (api.Comment, (api.Comment.manual_comment, api.Comment.manual_comment), "comments")):
        query = (book.db.query(api.SubmittedAssignment.student_id, api.BaseCell.name, *columns)
                 .select_from(kind).join(api.BaseCell, api.BaseCell.id == kind.cell_id)
                 .join(api.SubmittedNotebook, api.SubmittedNotebook.id == kind.notebook_id)
                 .join(api.SubmittedAssignment, api.SubmittedAssignment.id == api.SubmittedNotebook.assignment_id)
                 .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
                 .filter(api.Assignment.name == name))
        for student, cell, first, second in query:
            if student in found and (first is not None or second):
                found[student][key][cell] = {"manual": first, "extra": second} if kind is api.Grade else first
    return found


def keep_by_hand(root: Path, name: str, book: api.Gradebook) -> dict[str, dict[str, Any]]:
    """Bring the copy up to date; returns what is to be put back, by student.

    A submission that the gradebook still has under its id is what counts, also where a mark was taken back. One that it
    has lost, or has anew, keeps in the copy what was given before.
    """
    kept, now = kept_by_hand(root, name), in_the_gradebook(book, name)
    lost = {student: known for student, known in kept.items()
            if (student not in now or now[student]["submission"] != known.get("submission"))
            and (known.get("marks") or known.get("comments"))
            and not (student in now and (now[student]["marks"] or now[student]["comments"]))}
    fresh = {student: facts for student, facts in now.items() if facts["marks"] or facts["comments"]} | lost
    if fresh != kept:
        folder = _folder(root, name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / "by_hand.json", json.dumps(fresh, indent=1, sort_keys=True).encode())
        except OSError as error:
            raise unwritable(error) from error
    return lost


def put_back(book: api.Gradebook, name: str, student: str, lost: dict[str, Any], unchanged: set[str]) -> None:
    """Write a lost submission's marks and comments into the gradebook, where nobody has given others since.

    unchanged: cells whose answers are as they were when they got the marks: a person need not look again.
    """
    for cell, mark in lost.get("marks", {}).items():
        with contextlib.suppress(api.MissingEntry):
            grade = book.find_grade(cell, name, name, student)
            if grade.manual_score is None and mark.get("manual") is not None:
                grade.manual_score = mark["manual"]
                grade.needs_manual_grade = cell not in unchanged
            if not grade.extra_credit and mark.get("extra"):
                grade.extra_credit = mark["extra"]
    for cell, comment in lost.get("comments", {}).items():
        with contextlib.suppress(api.MissingEntry):
            found = book.find_comment(cell, name, name, student)
            if found.manual_comment is None:
                found.manual_comment = comment
    book.db.commit()
