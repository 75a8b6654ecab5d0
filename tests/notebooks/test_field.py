"""Honest work is found, whatever editors, browsers and people have done to it; see `tests/field/cases.py`.

One class of all cases is graded through each door; each case is then looked at by itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest
from conftest import SMALL, coursekit
from field.cases import CASES, RIGHT, Case

from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.pages.classfacts import gather
from helpers.grading.sandbox.sandbox import walls_available

pytestmark = pytest.mark.walls
DOORS = ("coursekit", "nbgrader")
KIND = "bubblewrap" if walls_available()[0] else "none"


def right_notebook(course: Path) -> dict:
    notebook = nbformat.read(course / "release" / SMALL / f"{SMALL}.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = RIGHT.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    return json.loads(json.dumps(notebook))


def hand_in_all(folder: Path) -> None:
    notebook = right_notebook(folder)
    for case in CASES:
        for path, content in case.make(notebook).items():
            place = folder / "submitted" / case.name / SMALL / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


@pytest.fixture(scope="module")
def graded(built_small_course, tmp_path_factory):
    """Both doors, each graded once, when it is first asked for."""
    made: dict[str, Path] = {}

    def by(door: str) -> Path:
        if door not in made:
            folder = tmp_path_factory.mktemp(door) / "course"
            shutil.copytree(built_small_course, folder)
            hand_in_all(folder)
            with open(folder / "nbgrader_config.py", "a") as config:
                config.write(f"\nc.CourseKit.sandbox = {KIND!r}\nc.CourseKit.limits = {{'cell_seconds': 20}}\n")
            if door == "coursekit":
                done = coursekit("autograde", SMALL, "-j", "1", folder=folder)
            else:
                path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
                done = subprocess.run([sys.executable, "-m", "nbgrader", "autograde", SMALL], cwd=folder, timeout=400,
                                      capture_output=True, text=True, env={**os.environ, "PATH": path})
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            made[door] = folder
        return made[door]

    return by


@pytest.fixture(scope="module")
def facts(graded):
    known: dict[str, tuple] = {}

    def of(door: str, case: Case):
        if door not in known:
            course = Course(graded(door))
            known[door] = books.marks_of(course, SMALL)[1], {one.student: one for one in gather(course, SMALL).handed}
        marks, handed = known[door]
        return marks[case.name], handed[case.name]

    return of


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_honest_student_gets_what_the_work_is_worth(facts, case, door):
    marks, handed = facts(door, case)
    said = "; ".join((handed.note, *handed.repairs, *handed.causes, *handed.asks))
    assert {name: mark["score"] for name, mark in marks.items() if name in case.marks} == case.marks, said
    assert {name for name, mark in marks.items() if mark["needs_person"]} - {"why"} == case.asks - {"why"}, said
    assert marks["why"]["needs_person"] == case.written, said
    assert all(part in said for part in case.told), said
    assert case.reason.lower() in handed.note.lower()
    assert bool(handed.note) == bool(case.reason), said
    if case.quiet:
        assert said.strip("; ") == ""


def test_the_bank_is_large():
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)
