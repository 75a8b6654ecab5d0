"""What is known of a class and a problem set, from the gradebook and the graded notebooks: the data of the reports.

Difficulty is the mean share of a question's points. Discrimination is the item-rest correlation: Pearson's r between
a question's marks and the sum of the others' (Nunnally and Bernstein, Psychometric Theory, 1994, chapter 8).
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from nbgrader import api

from helpers.checking.kinds import in_words
from helpers.checking.verdict import Verdict
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.gradebook.late import apply_late_policy
from helpers.grading.gradebook.mark import Marks, key_of
from helpers.grading.gradebook.removed import is_removed
from helpers.grading.notebooks.cells import info_of, is_check
from helpers.grading.notebooks.outline import Item, outline, title_of
from helpers.grading.text import by_reason

UNNAMED = "wrong, for a reason that no known mistake explains"
# What the walls refuse looks like this when it is not caught.
REFUSED = re.compile(r"Permission denied|Operation not permitted|Read-only file system|Network is unreachable|"
                     r"Temporary failure in name resolution|Name or service not known|No space left on device|"
                     r"Resource temporarily unavailable|Cannot allocate memory|MemoryError", re.I)


@dataclass
class Handed:
    """One student's submission of one problem set. `reasons`: question → sentences on what is wrong, and kinds."""

    student: str
    name: str = ""
    marks: Marks = field(default_factory=dict)
    when: datetime | None = None
    late: float = 0.0  # seconds
    penalty: float = 0.0
    note: str = ""
    earlier: str = ""  # of an on-time submission and a late one after it, which counts
    ended: str = ""
    repairs: list[str] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)  # why cells could not run
    asks: list[str] = field(default_factory=list)  # why a person has to look at marks that checks gave
    refused: list[str] = field(default_factory=list)
    seconds: float = 0.0
    reasons: dict[str, list[tuple[str, bool]]] = field(default_factory=dict)  # sentence, is it a named misconception

    @property
    def score(self) -> float:
        return max(sum(mark.score for mark in self.marks.values()) - self.penalty, 0.0)

    @property
    def waits(self) -> bool:
        return any(mark.waits for mark in self.marks.values())

    def of(self, item: Item) -> float | None:
        """Points for a question; None while a person has yet to give them."""
        own = [self.marks[name] for name in item.graded if name in self.marks]
        if not own or any(mark.given is None for mark in own):
            return None
        return float(sum(mark.score for mark in own))


@dataclass
class ClassFacts:
    """A problem set and everybody who could have handed it in."""

    name: str
    title: str
    items: list[Item]
    handed: list[Handed]
    roster: dict[str, str]  # student → full name or ""
    ungraded: list[str]  # handed in, not yet graded
    due: datetime | None = None
    mails: dict[str, str] = field(default_factory=dict)  # student → address or ""

    @property
    def points(self) -> float:
        return sum(item.points for item in self.items)

    @property
    def whole(self) -> list[Handed]:
        """Submissions that could be graded."""
        return [one for one in self.handed if not one.note]

    @property
    def missing(self) -> list[str]:
        there = {one.student for one in self.handed} | set(self.ungraded)
        return [student for student in self.roster if student not in there]

    def shares_so_far(self) -> np.ndarray:
        """(submissions,) scores of the whole submissions as shares of the points that have been given or refused."""
        found = []
        for one in self.whole:
            open_ = sum(item.points for item in self.items if one.of(item) is None)
            if self.points > open_:
                found.append(one.score / (self.points - open_))
        return np.array(found)

    def shares(self) -> np.ndarray:
        """(submissions,) scores of the whole submissions as shares of the points."""
        return np.array([one.score / self.points if self.points else 0.0 for one in self.whole])


def gather(course: Course, name: str, notebooks: bool = True) -> ClassFacts:
    """Read a problem set's marks, and its graded notebooks if asked for.

    Raises:
        CourseError: if the source has not been built.
    """
    sources = {notebook: course.source_notebook(name, notebook) for notebook in course.notebooks(name)}
    apply_late_policy(course, name)
    with contextlib.closing(books.ClassGradebook(course, name)) as book:
        roster = {row[0]: " ".join(part for part in row[1:] if part) for row in book.db.query(
            api.Student.id, api.Student.first_name, api.Student.last_name).order_by(api.Student.id)}
        handed = _submissions(book, name, roster)
        mails = {student: address or "" for student, address in book.db.query(api.Student.id, api.Student.email)}
        due = book.db.query(api.Assignment.duedate).filter(api.Assignment.name == name).scalar()
        shared = book.shared_ids()
    items = _items(sources, shared)
    if notebooks:
        question_of = {key: item.grade_id for item in items for key in item.graded}
        for one in handed:
            notes = [_read(course.folder("autograded", one.student, name) / f"{notebook}.ipynb", one, question_of,
                           partial(key_of, notebook, shared=shared)) for notebook in sources]
            if all(notes):
                one.note = notes[0]
            else:  # the others count: what is left out of one notebook is no reason to leave out the whole
                one.repairs += [note for note in notes if note]
    there = {one.student for one in handed}
    waiting = [student for student in course.students("submitted", name)
               if student not in there and not is_removed(course, name, student, roster)]
    title = title_of(next(iter(sources.values())).cells, name)
    return ClassFacts(name, title, items, handed, roster, waiting, due, mails)


def _items(sources: dict[str, Any], shared: frozenset[str]) -> list[Item]:
    """The questions of all notebooks; what is called alike in several gets the notebook's name."""
    items = [(notebook, item) for notebook, source in sources.items() for item in outline(source.cells)]
    titles = Counter(item.title for _, item in items)
    return [replace(item, grade_id=key_of(notebook, item.grade_id, shared),
                    graded=[key_of(notebook, name, shared) for name in item.graded],
                    title=f"{item.title} ({notebook})" if titles[item.title] > 1 else item.title)
            for notebook, item in items]


def _submissions(book: books.ClassGradebook, name: str, roster: dict[str, str]) -> list[Handed]:
    query = (book.db.query(api.SubmittedAssignment.student_id, api.SubmittedAssignment.timestamp,
                           api.Assignment.duedate, api.SubmittedAssignment.extension,
                           api.SubmittedNotebook.late_submission_penalty)
             .join(api.Assignment, api.Assignment.id == api.SubmittedAssignment.assignment_id)
             .join(api.SubmittedNotebook, api.SubmittedNotebook.assignment_id == api.SubmittedAssignment.id)
             .filter(api.Assignment.name == name).order_by(api.SubmittedAssignment.student_id))
    marks = book.marks()
    handed: dict[str, Handed] = {}
    for student, when, due, extension, penalty in query:  # a row for each notebook
        until = due + extension if due and extension else due
        late = max((when - until).total_seconds(), 0.0) if when and until else 0.0
        one = handed.setdefault(student, Handed(student, roster.get(student, ""), marks.get(student, {}), when, late))
        one.penalty += penalty or 0.0
    return [*handed.values()]


def _read(path: Path, one: Handed, question_of: dict[str, str], key: Callable[[str], str]) -> str:
    """What a graded notebook says; returns why it could not be graded. Only checks have verdicts: any other cell's
    output is its student's. key: of a grade_id."""
    try:
        content = json.loads(path.read_bytes())
        grading = content["metadata"].get("grading") or {}
        cells = content["cells"]
    except (OSError, ValueError, KeyError, AttributeError):
        return ""
    one.ended = one.ended or str(grading.get("ended", ""))
    one.earlier = one.earlier or str(grading.get("earlier", ""))
    one.repairs += [str(said) for said in grading.get("repairs") or ()]
    one.causes += [str(said) for said in grading.get("causes") or ()]
    asks = grading.get("asks") or {}
    decided = {name for name, mark in one.marks.items() if mark.manual is not None}
    one.asks += by_reason({name: said for name, said in asks.items() if key(name) not in decided}, "`{}`")
    one.seconds += float(grading.get("seconds") or 0.0)
    for cell in cells:
        if cell.get("cell_type") != "code":
            continue
        question = question_of.get(key(info_of(cell).get("grade_id", ""))) if is_check(cell) else None
        if question is None:
            _notice_refusals(cell, one)
            continue
        for output in cell.get("outputs", ()):
            verdict = output.get("metadata", {}).get("verdict")
            reasons = _reasons(Verdict.from_dict(verdict)) if verdict else []
            one.reasons.setdefault(question, []).extend(r for r in reasons if r not in one.reasons.get(question, ()))
    return str(grading.get("note", ""))


def _reasons(verdict: Verdict) -> list[tuple[str, bool]]:
    """What is wrong, once each: (sentence, True) for a named misconception, (words, False) for anything else."""
    wrong = [row for row in verdict.rows if not row.right]
    named = [(row.why, True) for row in wrong if row.why]
    if named:
        return list(dict.fromkeys(named))
    return list(dict.fromkeys((in_words(row.kind) or UNNAMED, False) for row in wrong))[:1]


def _notice_refusals(cell: dict[str, Any], one: Handed) -> None:
    for output in cell.get("outputs", ()):
        if output.get("output_type") != "error":
            continue
        said = f"{output.get('ename', '')}: {output.get('evalue', '')}".split("\n")[0][:160]
        if REFUSED.search(said) and said not in one.refused:
            one.refused.append(said)


@dataclass
class QuestionStatistics:
    """How a class did on one question."""

    item: Item
    mean: float | None  # share of the points, 0 to 1; None while a person has yet to grade some
    discrimination: float | None  # item-rest correlation, None where either side does not vary
    right: int
    nothing: int
    graded: int
    waiting: int = 0

    @property
    def remark(self) -> str:
        """What an instructor might look at."""
        if self.mean is None:
            return f"{self.waiting} wait for a person"
        if self.discrimination is not None and self.graded >= 10 and self.discrimination < 0:
            return "those who do well elsewhere do worse here: look at the check and the prompt"
        if self.mean < 0.3:
            return "hard: most points were lost"
        if self.discrimination is not None and self.graded >= 10 and self.discrimination < 0.15 and self.mean < 0.95:
            return "says little about the rest"
        return ""


def questions(facts: ClassFacts) -> list[QuestionStatistics]:
    """Difficulty and discrimination of each question, over the submissions that could be graded."""
    table = np.array([[np.nan if (mark := one.of(item)) is None else mark for item in facts.items]
                      for one in facts.whole], dtype=float).reshape(len(facts.whole), len(facts.items))
    total = np.nansum(table, axis=1)
    found = []
    for column, item in enumerate(facts.items):
        marks = table[:, column]
        known = ~np.isnan(marks)
        some = marks[known]
        rest = (total - np.nan_to_num(marks))[known]
        all_graded = known.all() and some.size and item.points
        found.append(QuestionStatistics(
            item, float(some.mean() / item.points) if all_graded else None,
            correlation(some, rest) if all_graded else None,
            int((some >= item.points).sum()), int((some <= 0).sum()), int(known.sum()), int((~known).sum())))
    return found


def correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Pearson's r of two arrays (n,); None if there are fewer than three values or one side does not vary."""
    if one.size < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


@dataclass
class Misconception:
    item: Item
    says: str
    named: bool
    students: list[str]


def misconceptions(facts: ClassFacts) -> list[Misconception]:
    """What is wrong, by question and reason, with the students behind each; the most frequent first."""
    behind: dict[tuple[str, str, bool], list[str]] = {}
    for one in facts.whole:
        for question, reasons in one.reasons.items():
            for says, named in reasons:
                behind.setdefault((question, says, named), []).append(one.student)
    items = {item.grade_id: item for item in facts.items}
    found = [Misconception(items[question], says, named, students)
             for (question, says, named), students in behind.items()]
    order = {item.grade_id: number for number, item in enumerate(facts.items)}
    return sorted(found, key=lambda m: (-len(m.students), order[m.item.grade_id], m.says))


def odd(facts: ClassFacts) -> list[tuple[Handed, list[str]]]:
    """Submissions that the walls stopped or refused something, or whose checks were not as they were given out."""
    checks = {name.rpartition("/")[2] for item in facts.items for name in item.graded}
    found = []
    for one in facts.handed:
        said = [f"stopped: {one.ended}"] if one.ended else []
        said += [f"refused: {what}" for what in one.refused]
        said += [repair for repair in one.repairs if any(f"`{name}`" in repair for name in checks)]
        if said:
            found.append((one, said))
    return found
