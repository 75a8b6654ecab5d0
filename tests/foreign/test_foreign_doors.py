"""The commands on an assignment of several notebooks: graded, given back and reported as one."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
from pathlib import Path

import bank
import nbgrader
import pytest
from conftest import coursekit

from helpers.grading.course.folder import Course
from helpers.grading.gradebook.gradebook import ClassGradebook

pytestmark = [pytest.mark.walls, pytest.mark.slow]
CONFIG = "from helpers.grading import configure\nc = get_config()\nconfigure.install(c)\n"
STOCK = json.loads(Path(__file__).with_name("stock.json").read_text())
NAME = "two_notebooks"


@pytest.fixture
def course(tmp_path) -> Path:
    """Two notebooks whose cells have the same grade_ids; `renamed` handed in a second that a browser has renamed,
    `forgot` none."""
    assignment = next(a for a in bank.all_assignments() if a.name == NAME)
    (tmp_path / "nbgrader_config.py").write_text(CONFIG)
    bank.write_source(assignment, tmp_path)
    for notebook in assignment.notebooks:  # an untouched source as the release: solutions are replaced by answers
        (tmp_path / "release" / NAME).mkdir(parents=True, exist_ok=True)
        source = tmp_path / "source" / NAME / f"{notebook}.ipynb"
        (tmp_path / "release" / NAME / source.name).write_bytes(source.read_bytes())
    bank.hand_in(assignment, tmp_path, ("right", "broken"))
    submitted = tmp_path / "submitted"
    for student in ("renamed", "forgot"):
        shutil.copytree(submitted / "right", submitted / student)
        second = submitted / student / NAME / "second.ipynb"
        second.unlink() if student == "forgot" else second.rename(second.with_name("second (1).ipynb"))
    for path in tmp_path.rglob("*.ipynb"):
        path.write_text(path.read_text().replace('"area', '"q').replace('"hypotenuse', '"q'))
    return tmp_path


def test_several_notebooks_are_graded_given_back_and_reported_as_one(course):
    for command in ("autograde", "feedback", "report"):
        done = coursekit(command, NAME, folder=course)
        assert done.returncode == 0, done.stdout + done.stderr
    students = ("right", "broken", "renamed", "forgot")
    pages = {student: sorted(path.name for path in (course / "feedback" / student / NAME).glob("*.html"))
             for student in students}
    assert set(map(tuple, pages.values())) == {("first.html", "second.html")}
    table, = course.glob(f"report*/{NAME}.csv")
    with open(table, encoding="utf-8-sig", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    right, broken = ([STOCK[NAME][kind][test] for test in ("area-test", "hypotenuse-test")]
                     for kind in ("right", "broken"))
    marks = {student: [float(row["q (first)"]), float(row["q (second)"]), float(row["points"])]
             for student, row in rows.items()}
    assert marks == {"right": [*right, sum(right)], "renamed": [*right, sum(right)], "broken": [*broken, sum(broken)],
                     "forgot": [right[0], 0, right[0]]}
    assert "no second.ipynb" in rows["forgot"]["what happened"]
    assert "`second (1).ipynb` was graded" in rows["renamed"]["what happened"]


def test_automatic_tests_are_made_from_the_solution(tmp_path):
    """nbgrader's `### AUTOTEST`: an untouched release gets nothing, and right work all."""
    files = Path(nbgrader.__file__).parent / "tests" / "apps" / "files"
    if not files.is_dir():
        pytest.skip("this nbgrader comes without its tests")
    (tmp_path / "nbgrader_config.py").write_text(CONFIG)
    (tmp_path / "autotests.yml").write_bytes((files / "autotests.yml").read_bytes())
    for place, name in (("source/./auto", "autotest-hashed"), ("release/./auto", "autotest-hashed-unchanged"),
                        ("submitted/ada/auto", "autotest-hashed-changed"),
                        ("submitted/bob/auto", "autotest-hashed-unchanged")):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "auto.ipynb").write_bytes((files / f"{name}.ipynb").read_bytes())
    done = coursekit("autograde", "auto", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    with contextlib.closing(ClassGradebook(Course(tmp_path), "auto")) as book:
        marks = {student: sum(mark.score for mark in of.values()) for student, of in book.marks().items()}
    assert marks["ada"] > marks["bob"] == 0
