"""What a build does where a module is missing or a folder cannot be written, and a pretend class for a term."""

from __future__ import annotations

import json

import pytest
from conftest import EXAMPLE, ROOT, SMALL, coursekit

from helpers.grading.authoring import pretend_class
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course

OTHER = "ps9_elsewhere"


@pytest.fixture
def with_another(small_course):
    """A second problem set, which imports what nobody has."""
    text = (EXAMPLE / "notebooks" / f"{SMALL}.py").read_text(encoding="utf-8")
    (small_course / "notebooks" / f"{OTHER}.py").write_text(
        text.replace("import numpy as np", "import numpy as np\nimport no_such_module_here", 1), encoding="utf-8")
    return small_course


def test_a_set_whose_modules_are_missing_is_left_out_and_the_others_are_built(with_another):
    said = coursekit("build", folder=with_another)
    assert said.returncode == 0, said.stderr
    assert f"Left out {OTHER}: no_such_module_here is not installed" in " ".join(said.stdout.split())
    assert f"Built {SMALL}" in said.stdout
    assert not (with_another / "release" / OTHER).exists()
    named = coursekit("build", OTHER, folder=with_another)
    assert named.returncode == 1
    assert "needs no_such_module_here" in " ".join(named.stderr.split())


def test_a_release_that_cannot_be_written_is_told_in_a_line(small_course):
    import shutil

    shutil.rmtree(small_course / "source")
    (small_course / "source").write_text("a file where a folder belongs")
    said = coursekit("build", folder=small_course)
    assert said.returncode == 1
    assert "Traceback" not in said.stderr
    assert "source" in said.stderr


def test_a_pretend_class_is_not_overwritten_unasked(small_course):
    (small_course / "demo").mkdir()
    (small_course / "demo" / "expected.json").write_text("{}")
    (small_course / "demo" / "notes.txt").write_text("an afternoon of grading")
    said = coursekit("classroom", "ps0", "--to", "demo", folder=small_course)
    assert said.returncode == 1
    assert "--force" in said.stderr
    assert (small_course / "demo" / "notes.txt").exists()


def test_one_class_hands_in_a_whole_term(small_course, tmp_path):
    text = (small_course / "notebooks" / f"{SMALL}.py").read_text(encoding="utf-8")
    shared = "\n# %% [markdown]\n# <!-- include table.md -->\n"
    (small_course / "notebooks" / "ps1_again.py").write_text(text + shared, encoding="utf-8")
    (small_course / "notebooks" / "table.md").write_text("| one | two |\n|---|---|\n", encoding="utf-8")
    course = Course(small_course)
    made = pretend_class.make_term(course, [SMALL, "ps1_again"], 5, 7, tmp_path / "term")
    people = [{one.student for one in submissions} for submissions in made.values()]
    assert people[0] == people[1]
    assert "# | one | two |" in (tmp_path / "term" / "notebooks" / "ps1_again.py").read_text()
    kinds = [[(one.student, one.kind) for one in sorted(submissions, key=lambda s: s.student)]
             for submissions in made.values()]
    assert kinds[0] != kinds[1]
    expected = json.loads((tmp_path / "term" / "expected.json").read_text())
    assert set(expected) == {SMALL, "ps1_again"}
    alone = pretend_class.make(course, SMALL, 5, 7, tmp_path / "alone")
    assert {one.student for one in alone} == people[0]


def test_a_number_in_a_name_is_a_whole_one():
    course = Course(ROOT)
    assert course.find("ps1") == "ps1_two_layer_nets"
    assert course.find("ps10") == "ps10_convolutions"
    assert course.problem_sets.index("ps9_deep") < course.problem_sets.index("ps10_convolutions")
    with pytest.raises(CourseError, match="fits ps1_two_layer_nets, ps2_relu_fsolve"):
        course.find("ps")
