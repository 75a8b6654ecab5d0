"""A pretend class, for the demo, the tests and the benchmarks: deterministic by seed, and with what each should get.

Submissions are made from the master: right answers, alternatives and real mistakes, and everything else that a class
hands in, such as a syntax error, an endless loop or a file that is no notebook.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.grading.authoring import build as building
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.marking.running import execute
from helpers.grading.notebooks.master import Master, Question, used_names
from helpers.grading.notebooks.master import read as read_master
from helpers.grading.notebooks.restore import recorded

EXPECTED = "expected.json"
DUE = datetime(2026, 3, 13, 23, 0)
FIRST = ("Amara", "Bo", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Hana", "Ines", "Jamal", "Kofi", "Lena", "Mei",
         "Nils", "Oluchi", "Priya", "Quentin", "Rosa", "Samir", "Tomoko", "Uma", "Viktor", "Wanjiru", "Xenia",
         "Yusuf", "Zofia")
LAST = ("Okafor", "Lindqvist", "Ricci", "Volkov", "Demir", "Haddad", "Osei", "Sato", "Duarte", "Clarke", "Mensah",
        "Bauer", "Zhang", "Berg", "Nwosu", "Raman", "Moreau", "Vidal", "Nasser", "Ito", "Patel", "Novak", "Mwangi",
        "Petrova", "Kaya", "Kowalska", "Silva", "Jensen", "Nguyen", "Ali")


@dataclass
class Submission:
    """What one pretend student hands in. `content` is the notebook file, None for an empty folder."""

    student: str
    kind: str
    answers: dict[str, str]  # grade_id of a question → the text of its solution cell
    handed_in: datetime
    held: list[str] = field(default_factory=list)  # sentences of the mistakes in it
    content: str | None = None
    points: dict[str, float] = field(default_factory=dict)  # grade_id of a check → what it should get

    @property
    def late(self) -> bool:
        return self.handed_in > DUE


def make(course: Course, name: str, students: int, seed: int, target: Path) -> list[Submission]:
    """Make a course folder with a class that has handed in one problem set; a pretend class that was there is gone.

    Raises:
        CourseError: if the problem set has no master, or the folder is in use.
    """
    return make_term(course, [name], students, seed, target)[name]


def make_term(course: Course, names: list[str], students: int, seed: int, target: Path) -> dict[str, list[Submission]]:
    """Make a course folder with one class that has handed in several problem sets; by problem set.

    Raises:
        CourseError: if a problem set has no master, or the folder is in use.
    """
    if target.exists() and any(target.iterdir()) and not (target / EXPECTED).exists():
        raise CourseError(f"{target} holds something that is no pretend class: name another folder")
    for name in names:
        if course.master(name) is None:
            raise CourseError(f"{name} has no master: a pretend class is made from one")
    shutil.rmtree(target, ignore_errors=True)
    made = _course_folder(course, names, target)
    (target / EXPECTED).write_text("{}\n")  # so that an unfinished class can be made anew
    people = _names(students, random.Random(f"people {seed}"))
    found = {name: _handed_in(made, name, people, seed) for name in names}
    told = {name: {s.student: {
        "kind": s.kind, "late": s.late, "holds": s.held, "points": s.points, "total": round(sum(s.points.values()), 4)}
        for s in submissions} for name, submissions in found.items()}
    (target / EXPECTED).write_text(json.dumps(told[names[0]] if len(names) == 1 else told, indent=1,
                                              ensure_ascii=False) + "\n", encoding="utf-8")
    return found


def _handed_in(made: Course, name: str, people: list[str], seed: int) -> list[Submission]:
    """Build one problem set in the pretend course, and let everybody hand it in."""
    master = made.master(name)
    assert master is not None  # its file has just been copied
    building.build(made, name)
    _set_due(made, name)
    source = made.source_notebook(name)
    problem_set = ProblemSet(name, source, master)
    release = nbformat.read(made.folder("release", ".", name) / f"{name}.ipynb", as_version=4)
    rng = random.Random(f"{name} {seed}")
    submissions = []
    for number, (student, kind) in enumerate(zip(people, _kinds(len(people), rng))):
        submission = _submission(student, kind, master, rng, number)
        _compose(submission, kind, master, release, rng)
        submission.points = _deserved(submission, problem_set, master, made.seed(name))
        _hand_in(made, name, submission)
        submissions.append(submission)
    return submissions


def _course_folder(course: Course, names: list[str], target: Path) -> Course:
    (target / course.settings.masters_directory).mkdir(parents=True)
    for name in names:
        path = target / course.settings.masters_directory / f"{name}.py"
        path.write_text(read_master(course.masters[name]).text, encoding="utf-8")  # with what it includes
    for file in ("nbgrader_config.py", building.REQUIREMENTS):
        if (course.root / file).exists():
            shutil.copyfile(course.root / file, target / file)
    for folder in ("submitted", "autograded", "feedback"):
        (target / folder).mkdir()
    return Course(target)


def _set_due(course: Course, name: str) -> None:
    books.register(course, name, recorded(course.source_notebook(name), name, course.config))
    with contextlib.closing(books.ClassGradebook(course, name)) as book:
        book.update_or_create_assignment(name, duedate=DUE)


def _names(count: int, rng: random.Random) -> list[str]:
    """Distinct ids such as amara.okafor; numbered once the pairs run out."""
    pairs = [f"{first}.{last}".lower() for first in FIRST for last in LAST]
    rng.shuffle(pairs)
    return [pairs[i] if i < len(pairs) else f"{pairs[i % len(pairs)]}{i // len(pairs) + 1}" for i in range(count)]


ODD = ("untouched", "a syntax error", "an exception", "an endless loop", "a deleted check", "a duplicated cell",
       "an edited check", "not a notebook", "an empty folder")
USUAL = ("everything right", "right in other ways", "one mistake", "several mistakes")


def _kinds(count: int, rng: random.Random) -> list[str]:
    """Each kind once while there is room, then mostly students with mistakes."""
    kinds = [*USUAL, *ODD][:count]
    kinds += rng.choices(USUAL, (4, 2, 5, 3), k=count - len(kinds))
    rng.shuffle(kinds)
    return kinds


def _submission(student: str, kind: str, master: Master, rng: random.Random, number: int) -> Submission:
    """The answers of a student of a kind, and when they were handed in: most on the last evening, some late."""
    answers = {question.name: _plain(question.cell.source) for question in master.questions.values()}
    held: list[str] = []
    questions = list(master.questions.values())
    if kind == "right in other ways":
        for question in questions:
            if question.alternatives:
                answers[question.name] = rng.choice(question.alternatives).source
    wrong = {"one mistake": 1, "several mistakes": rng.randint(2, 4)}.get(kind, 0)
    known = [question for question in questions if question.mistakes]
    for question in rng.sample(known, min(wrong, len(known))):
        mistake = rng.choice(question.mistakes)
        answers[question.name] = mistake.source
        held.append(mistake.metadata["says"])
    late = kind == "right in other ways" or (kind == "one mistake" and rng.random() < 0.1)
    before = timedelta(minutes=int(rng.expovariate(1 / 600)) + 1)
    return Submission(student, kind, answers, DUE + timedelta(minutes=rng.randint(5, 900)) if late else DUE - before,
                      held)


def _plain(source: str) -> str:
    """A solution without its markers, as a student would hand it in."""
    return "\n".join(line for line in source.split("\n") if "BEGIN SOLUTION" not in line and "END SOLUTION" not in line)


def _compose(submission: Submission, kind: str, master: Master, release: NotebookNode, rng: random.Random) -> None:
    """Fill the release with the answers and do to it what this kind of student does."""
    notebook = copy.deepcopy(release)
    question = rng.choice([q for q in master.questions.values() if not _needed(q, master)])
    body = {"a syntax error": lambda text: text + "\n    return (",
            "an exception": lambda text: _with_body(text, 'raise ValueError("the shapes do not fit")'),
            "an endless loop": lambda text: _with_body(text, "while True:\n        pass")}.get(kind)
    if body:
        submission.answers[question.name] = body(submission.answers[question.name])
    for cell in notebook.cells:
        info = cell.metadata.get("nbgrader", {})
        if kind != "untouched" and info.get("solution"):
            cell.source = submission.answers.get(info["grade_id"]) or (
                "The product of two matrices is a matrix: width adds nothing that the smaller net could not do.")
    edit: Callable[[NotebookNode, Question], None] | None = {
        "a deleted check": _delete_check, "a duplicated cell": _duplicate, "an edited check": _edit_check}.get(kind)
    if edit:
        edit(notebook, question)
    submission.content = {"not a notebook": "PK\x03\x04 this is a zip, renamed", "an empty folder": None}.get(
        kind, nbformat.writes(notebook))


def _needed(question: Question, master: Master) -> bool:
    """Is the question's function called by another question, so that breaking it would cost both?"""
    names = set(question.cell.defined())
    return any(names & used_names(other.cell.tree) for other in master.questions.values() if other is not question)


def _with_body(source: str, body: str) -> str:
    """The first function of a cell with another body."""
    function = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    head = source[:source.index("):", source.index("def ")) + 2]
    return "\n".join([head, f"    {body}", *source.split("\n")[function.end_lineno:]])


def _cell(notebook: NotebookNode, grade_id: str) -> int:
    return next(i for i, cell in enumerate(notebook.cells)
                if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def _delete_check(notebook: NotebookNode, question: Question) -> None:
    del notebook.cells[_cell(notebook, question.checks[0].grade_id)]


def _duplicate(notebook: NotebookNode, question: Question) -> None:
    here = _cell(notebook, question.name)
    notebook.cells.insert(here, copy.deepcopy(notebook.cells[here]))
    notebook.cells[here]["id"] = "copy"


def _edit_check(notebook: NotebookNode, question: Question) -> None:
    cell = notebook.cells[_cell(notebook, question.checks[0].grade_id)]
    cell.source, cell.metadata.nbgrader["points"] = "100.0", 100


def _deserved(submission: Submission, problem_set: ProblemSet, master: Master, seed: int) -> dict[str, float]:
    """What the checks give these answers in one process, without walls: what grading has to arrive at."""
    none = dict.fromkeys(problem_set.check_sources, 0.0)
    if submission.kind in ("untouched", "not a notebook", "an empty folder"):
        return none
    namespace = {k: v for k, v in problem_set.reference.items() if k not in problem_set.student_names}
    for question in master.questions.values():
        with contextlib.suppress(Exception):
            execute(submission.answers[question.name], namespace, "<submission>")
    endless = {name for name, text in submission.answers.items() if "while True:\n        pass" in text}
    subjects = problem_set.subjects(namespace)
    for grade_id, source in problem_set.check_sources.items():
        if problem_set.check_question[grade_id] not in endless:
            none[grade_id] = float(problem_set.check(source, grade_id, subjects, seed).verdict or 0.0)
    return none


def _hand_in(course: Course, name: str, submission: Submission) -> None:
    folder = course.folder("submitted", submission.student, name)
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text(submission.handed_in.strftime("%Y-%m-%d %H:%M:%S.%f UTC"))
    if submission.content is not None:
        (folder / f"{name}.ipynb").write_text(submission.content, encoding="utf-8")
