"""`coursekit new` and `coursekit watch`: a master that works, and what its author sees at every save."""

from __future__ import annotations

import io
import shutil

import pytest
from conftest import ROOT, coursekit
from rich.console import Console

from helpers.grading.authoring.starting import start_master
from helpers.grading.authoring.validity import scorecards
from helpers.grading.authoring.watching import saves, try_once
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course

pytestmark = [pytest.mark.walls, pytest.mark.slow]


@pytest.fixture
def course(tmp_path):
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    return Course(tmp_path)


def test_the_first_master_builds_is_valid_and_has_each_kind_of_question(course):
    made = coursekit("new", "ps8_attention", folder=course.root)
    assert made.returncode == 0, made.stderr
    text = course.masters["ps8_attention"].read_text()
    kinds = ("values", "gradients", "jacobian", "properties", "training", "residuals", "figure", "answer")
    assert all(f"check.{kind}(" in text for kind in kinds)
    said = io.StringIO()
    assert try_once(course, "ps8_attention", 2, Console(file=said, width=200), workers=1), said.getvalue()
    assert "# YOUR CODE HERE" in said.getvalue()
    assert "np.mean((X @ w - y) ** 2)" not in said.getvalue()
    (card,) = scorecards([course.masters["ps8_attention"]], 3, workers=2)
    assert card.green, card.to_dict()


def test_a_second_master_of_that_name_is_refused(course):
    start_master(course, "ps8")
    with pytest.raises(CourseError, match="there already"):
        start_master(course, "ps8")
    with pytest.raises(CourseError, match="cannot be the name"):
        start_master(course, "../ps9")


def test_watching_says_what_is_wrong_and_goes_on(course):
    path = start_master(course, "ps8")
    good = path.read_text()
    path.write_text(good.replace('tags=["mistake"]', 'tags=["mistaek"]', 1))
    said = io.StringIO()
    assert not try_once(course, "ps8", 1, Console(file=said, width=200), workers=1)
    assert "did you mean `mistake`?" in said.getvalue()
    seen = saves(path, pause=lambda seconds: path.write_text(good))
    assert [next(seen), next(seen)] == [None, None]  # as it was, and as it was saved then
