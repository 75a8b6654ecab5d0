"""What the build refuses, each with the master's line number."""

from __future__ import annotations

import re

import pytest

from helpers.grading.notebooks import master

GOOD = '''# %% [markdown]
# # A problem set

# %% nbgrader={"grade_id": "double", "solution": true}
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% nbgrader={"grade_id": "double-check", "grade": true}
check.values(double, at=[{"x": 1.0}], points=2)

# %% tags=["mistake"] question="double" says="Twice is not the square."
def double(x):
    return x ** 2

# %% tags=["alternative"] question="double" name="a sum"
def double(x):
    return x + x
'''


def refusals(text: str) -> list[str]:
    with pytest.raises(master.MasterError) as caught:
        master.parse(text, "ps", "ps.py")
    return caught.value.problems


def test_a_good_master_is_read_whole():
    read = master.parse(GOOD, "ps")
    question = read.questions["double"]
    assert question.points == 2
    assert [len(question.checks), len(question.mistakes), len(question.alternatives)] == [1, 1, 1]
    assert question.checks[0].nbgrader["points"] == 2
    assert question.checks[0].nbgrader["locked"] is True
    assert read.title == "A problem set"


def test_ids_are_stable_when_other_cells_change():
    before = {c.source: c.id for c in master.parse(GOOD, "ps").cells}
    longer = GOOD.replace("# %% nbgrader", "# %% [markdown]\n# A new paragraph.\n\n# %% nbgrader", 1)
    after = {c.source: c.id for c in master.parse(longer, "ps").cells}
    assert before.items() <= after.items()


@pytest.mark.parametrize(("change", "line", "says"), [
    (("check.values(double, at=[{\"x\": 1.0}], points=2)", "check.values(double, at=[{\"x\": 1.0}])"), 11, "no points"),
    (('"grade_id": "double-check", "grade": true', '"grade_id": "double-check", "locked": true'), 4, "has no check"),
    (('"grade_id": "double-check"', '"grade_id": "double"'), 11, "was used in line 4"),
    (('{"grade_id": "double-check", "grade": true}', '{"grade": true}'), 11, "no grade_id"),
    (("    ### BEGIN SOLUTION\n    return 2 * x", "    if x:\n    ### BEGIN SOLUTION\n        return 2 * x"), 4,
     "does not parse"),
    (("check.values(double", "y = 3\ncheck.values(double"), 11, "assigns y"),
    (("check.values(double, at=[{\"x\": 1.0}]", "check.values(double, at=(cases := [{\"x\": 1.0}])"), 11,
     "assigns cases"),
    (('tags=["mistake"] question="double"', 'tags=["mistake"] question="treble"'), 14, "does not exist"),
    (('tags=["alternative"] question="double"', 'tags=["alternative"]'), 18, "does not exist"),
    ((' says="Twice is not the square."', ""), 14, "says nothing"),
    (("def double(x):\n    return x + x", "def treble(x):\n    return x + x"), 18, "does not define double"),
    (("    return x ** 2", "    return x **"), 14, "not valid Python"),
])
def test_a_bad_master_is_refused_with_its_line(change, line, says):
    broken = GOOD.replace(*change)
    assert broken != GOOD
    problems = refusals(broken)
    assert any(re.match(rf"ps\.py:{line}: .*{re.escape(says)}", problem) for problem in problems), problems


def test_points_said_twice_must_agree():
    broken = GOOD.replace('"double-check", "grade": true', '"double-check", "grade": true, "points": 3')
    assert "keep one" in refusals(broken)[0]


def test_a_check_may_not_read_what_only_an_experiment_makes():
    broken = GOOD.replace("# %% nbgrader={\"grade_id\": \"double-check\"",
                          "# %% tags=[\"experiment\"]\nlong_run = 1\n\n# %% nbgrader={\"grade_id\": \"double-check\"")
    broken = broken.replace('[{"x": 1.0}]', '[{"x": long_run}]')
    assert "only an experiment defines" in refusals(broken)[0]


def test_a_name_belongs_to_one_question():
    twice = GOOD + '''
# %% nbgrader={"grade_id": "again", "solution": true}
def double(x):
    ### BEGIN SOLUTION
    return x
    ### END SOLUTION

# %% nbgrader={"grade_id": "again-check", "grade": true}
check.values(double, at=[{"x": 2.0}], points=2)
'''
    assert any("belongs to one question" in problem for problem in refusals(twice))


def test_all_problems_are_told_at_once():
    broken = GOOD.replace(", points=2", "").replace('says="Twice is not the square."', "")
    assert len(refusals(broken)) == 2
