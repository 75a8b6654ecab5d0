"""Honest work is found, whatever editors, browsers and people have done to it; see `tests/field/cases.py`.

One class of cases is graded through each door, and each case is then looked at by itself.
"""

from __future__ import annotations

import json
import os
import sysconfig
from pathlib import Path

import nbformat
import pytest
from conftest import SMALL, coursekit, nbgrader
from field.cases import CASES, FULL, RIGHT, Case

from helpers.grading.course.folder import Course
from helpers.grading.desk.desk import Desk
from helpers.grading.gradebook import gradebook as books
from helpers.grading.pages.classfacts import Handed, gather
from helpers.grading.sandbox.sandbox import walls_available

pytestmark = pytest.mark.walls
KIND = "bubblewrap" if walls_available()[0] else "none"


def right_notebook(course: Path) -> dict:
    notebook = nbformat.read(course / "release" / SMALL / f"{SMALL}.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = RIGHT.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    return json.loads(json.dumps(notebook))


def hand_in_all(folder: Path, cases: list[Case]) -> None:
    notebook = right_notebook(folder)
    for case in cases:
        for path, content in case.make(notebook).items():
            place = folder / "submitted" / case.name / SMALL / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


def grade(folder: Path, door: str) -> None:
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.CourseKit.sandbox = {KIND!r}\nc.CourseKit.limits = {{'cell_seconds': 20}}\n")
    if door == "coursekit":
        done = coursekit("autograde", SMALL, "-j", "1", folder=folder)
    else:
        path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
        done = nbgrader("autograde", SMALL, folder=folder, env={**os.environ, "PATH": path})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def wrong_with(case: Case, marks: dict, handed: Handed) -> list[str]:
    """What is not as an honest student should find it; with all that was said."""
    said = "; ".join((handed.note, *handed.repairs, *handed.causes, *handed.asks))
    scores = {name: mark.score for name, mark in marks.items() if name in case.marks}
    asked = {name for name, mark in marks.items() if mark.needs_person} - {"why"}
    found = [f"marks {scores}"] if scores != case.marks else []
    found += [f"asks {asked}"] if asked != case.asks - {"why"} else []
    found += ["written"] if marks["why"].needs_person != case.written else []
    found += [f"does not say {part}" for part in case.told if part not in said]
    reasoned = case.reason.lower() in handed.note.lower() and bool(handed.note) == bool(case.reason)
    found += [] if reasoned else ["reason"]
    found += ["speaks"] if case.quiet and said.strip("; ") else []
    return [*found, said] if found else []


@pytest.mark.parametrize("door", ["coursekit", "nbgrader"])
def test_an_honest_student_gets_what_the_work_is_worth(small_course, door):
    """nbgrader's own command takes a second a student: it gets every fourth case, and those of the files."""
    cases = CASES if door == "coursekit" else [*CASES[::4], *(case for case in CASES if "was graded" in str(case.told))]
    hand_in_all(small_course, cases)
    grade(small_course, door)
    course = Course(small_course)
    marks = books.marks_of(course, SMALL)[1]
    handed = {one.student: one for one in gather(course, SMALL).handed}
    wrong = {case.name: found for case in cases if (found := wrong_with(case, marks[case.name], handed[case.name]))}
    assert wrong == {}
    if door == "coursekit":
        the_desk_lists_what_a_person_is_asked(course, cases)


def the_desk_lists_what_a_person_is_asked(course: Course, cases: list[Case]) -> None:
    """Checks beside written answers, each with the reason and the code; the mark that a grader gives there counts."""
    desk = Desk(course, SMALL, "gita")
    found = {one["id"]: one for one in desk.overview()["questions"]}
    asked = {check: {case.name for case in cases if check in case.asks} for check in FULL}
    assert {check: found[check]["waiting"] for check in FULL} == {check: len(names) for check, names in asked.items()}
    page = desk.question("gradient-check", names=True)
    key, answer = next((key, one) for key, one in page["answers"].items() if one["name"] == "minus-from-a-pdf")
    assert "as handed in, this check gives 0, as graded 3" in answer["text"]
    assert "residuals = X @ w" in answer["text"]
    assert answer["points"] == 3
    assert desk.mark("gradient-check", {key: answer["version"]}, 2.5, "", [0])["conflicts"] == {}
    mark = books.marks_of(course, SMALL)[1]["minus-from-a-pdf"]["gradient-check"]
    assert (mark.score, mark.needs_person) == (2.5, False)


def test_the_bank_is_large():
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)
