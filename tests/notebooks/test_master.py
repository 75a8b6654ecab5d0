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
    (("    return x ** 2", "    return x **"), 16, "not valid Python: Python says: invalid syntax, at `return x **`"),
    (('tags=["alternative"] question', 'tags=["alternatve"] question'), 18, "unknown tag `alternatve` (did you mean "
     "`alternative`?)"),
    (('tags=["alternative"] question', 'tags=["Alternative"] question'), 18, "unknown tag `Alternative` (did you mean"),
    (('tags=["alternative"] question', 'tag=["alternative"] question'), 18, "unknown key `tag` (did you mean `tags`?)"),
    (('tags=["alternative"] question', 'tags="alternative" question'), 18, "options cannot be read"),
    (('tags=["alternative"] question', 'tags=["alternative"], question'), 18, "a comma before question"),
    (('tags=["alternative"] question', 'alternative question'), 18, "read as the cell's title"),
    (("# %% tags=[\"alternative\"]", "# %%tags=[\"alternative\"]"), 18, "looks like the first line of a cell"),
    (("# %% tags=[\"alternative\"]", "  # %% tags=[\"alternative\"]"), 18, "looks like the first line of a cell"),
    (('tags=["alternative"] question="double" name="a sum"', ""), 18, "begins like the solution of `double` in line 4"),
    (('tags=["alternative"] question="double"', 'tags=["alternative"] question="duoble"'), 18, "mean `double`?"),
    (('"solution": true', '"solutoin": true'), 4, "unknown key `solutoin` in nbgrader (did you mean `solution`?)"),
    (('"solution": true', '"solution": "true"'), 4, "neither true nor false"),
    (('"solution": true', '"locked": false'), 4, "no question, no check and not locked"),
    (('"solution": true', '"locked": true'), 4, "in a cell that is no question"),
    (("### BEGIN SOLUTION", "### BEGIN SOLUTON"), 4, "is not quite `### BEGIN SOLUTION`"),
    (("### BEGIN SOLUTION", "# begin solution"), 4, "is not quite `### BEGIN SOLUTION`"),
    (("    ### END SOLUTION\n", ""), 4, "has no end"),
    (("    ### BEGIN SOLUTION\n", ""), 4, "has no `### BEGIN SOLUTION` before it"),
    (("points=2)", "points=-2)"), 11, "has -2 points"),
    (("points=2)", "points=\"2\")"), 11, "no number written out"),
    (("points=2)", "points=worth)"), 11, "no number written out"),
    (("check.values(double", "print(1) or check.values(double"), 11, "not the cell's last expression"),
    (('"grade_id": "double", "solution"', '"grade_id": "double", "points": 3, "solution"'), 4, "is not graded"),
    (('"grade": true}', '"grade": true} points=2'), 11, "points= does not stand in a cell's first line"),
    (('"grade_id": "double"', '"grade_id": "double it"'), 4, "cannot be a name"),
    (("check.values(double", "check.values(treble"), 11, "has no question"),
    (("check.values(double", "check.vales(double"), 12, "`check.vales` is no check (did you mean `values`?)"),
    (("check.values(double", "check.gradient(double"), 12, "`check.gradient` is no check (did you mean `gradients`?)"),
    (("check.values(double", "check.zebra(double"), 12, "is no check: there are answer, "),
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


def test_a_solution_without_its_tag_is_found_beside_another_question():
    second = GOOD.replace("double", "treble").replace("# # A problem set\n", "# Another.\n")
    lost = second.replace('"solution": true', '"solutoin": true')
    assert any("has no question: the one before it is `double`" in problem for problem in refusals(GOOD + lost))


def test_a_check_for_practice_has_no_points():
    read = master.parse(GOOD.replace("points=2)", "points=0)"), "ps")
    assert read.questions["double"].checks[0].nbgrader["points"] == 0


def test_shared_text_is_included_and_does_not_move_the_lines_of_complaints(tmp_path):
    text = GOOD.replace("# # A problem set\n", "# # A problem set\n#\n# <!-- include table.md -->\n")
    (tmp_path / "table.md").write_text("| a | b |\n|---|---|\n| 1 | 2 |\n")
    (tmp_path / "ps.py").write_text(text)
    read = master.read(tmp_path / "ps.py")
    assert read.cells[0].source == "# A problem set\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    again = master.parse(read.text, "ps")  # in another process, where there is no file
    assert [(c.id, c.source) for c in again.cells] == [(c.id, c.source) for c in read.cells]

    (tmp_path / "ps.py").write_text(text.replace('"double-check", "grade": true', '"double-check", "grade": tru'))
    with pytest.raises(master.MasterError) as caught:
        master.read(tmp_path / "ps.py")
    assert any(problem.startswith(f"{tmp_path / 'ps.py'}:13:") for problem in caught.value.problems)


def test_shared_text_that_is_not_there_is_told_with_its_line():
    assert "ps.py:3: table.md is to be included and is not beside" in refusals(
        GOOD.replace("# # A problem set\n", "# # A problem set\n# <!-- include table.md -->\n"))[0]


def test_options_that_cannot_be_read_do_not_hide_what_else_is_wrong():
    broken = GOOD.replace('tags=["alternative"] q', 'tags=["alternative"], q').replace("points=2", "points=-1")
    found = refusals(broken)
    assert any("a comma before question" in problem for problem in found)
    assert any("-1 points" in problem for problem in found)


def test_a_blank_line_behind_a_marker_does_not_move_the_line_of_a_syntax_error():
    broken = GOOD.replace('name="a sum"\n', 'name="a sum"\n\n\n').replace("return x + x", "return x +")
    line = broken.split("\n").index("    return x +") + 1
    assert any(problem.startswith(f"ps.py:{line}: the cell is not valid Python") for problem in refusals(broken))
