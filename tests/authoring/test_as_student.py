"""What no student could pass is found when the master is built, not in the first submission."""

from __future__ import annotations

import pytest
from conftest import SMALL

from helpers.grading.authoring.build import build
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course

pytestmark = pytest.mark.walls

QUESTION = """

# %% nbgrader={{"grade_id": "more-cases", "locked": true}}
def more_cases(rng):
    for n in (3, 5):
        yield {{"v": rng.standard_normal(n)}}

# %% nbgrader={{"grade_id": "more", "solution": true}}
{solution}

# %% nbgrader={{"grade_id": "more-check", "grade": true}}
{check}
"""


def with_question(course_folder, solution: str, check: str) -> Course:
    path = course_folder / "notebooks" / f"{SMALL}.py"
    path.write_text(path.read_text() + QUESTION.format(solution=solution, check=check))
    return Course(course_folder)


@pytest.mark.parametrize(("solution", "check", "says"), [
    ("def make(v):\n    def inner(x):\n        return x @ v\n    return inner",
     "check.properties(make, at=more_cases, points=1, is_a_square=lambda f, v: f(v) >= 0)", "object of a class"),
    ("def each(v):\n    yield from v",
     "check.properties(each, at=more_cases, points=1, all_there=lambda g, v: len(list(g)) == len(v))", "object of a"),
])
def test_what_cannot_travel_is_refused_by_the_build(small_course, solution, check, says):
    course = with_question(small_course, solution, check)
    with pytest.raises(CourseError) as caught:
        build(course, SMALL)
    text = str(caught.value)
    assert "no student can pass the check `more-check`" in text
    assert says in text
    assert "docs/authoring.md" in text


@pytest.mark.parametrize(("solution", "check"), [
    ("class Model:\n    def predict(self, v):\n        return v.sum()\nmodel = Model()",
     "check.values(model.predict, at=more_cases, points=1)"),
    ("def apply(f, v):\n    return f(v) + 1",
     "check.values(apply, at=lambda rng: [{'f': lambda v, k=k: k * v, 'v': rng.standard_normal(3)} for k in (2, 3)], "
     "points=1)"),
])
def test_a_method_and_a_function_in_a_case_can_be_passed(small_course, solution, check):
    build(with_question(small_course, solution, check), SMALL)


@pytest.mark.parametrize(("check", "says"), [
    ('check.gradients(slope, of=height, wrt="V", at=more_cases, points=1)', 'wrt names "V", the cases have v'),
    ('check.values(slope, at=[{"v": np.ones(2), "k": 1.0}, {"v": np.ones(3), "c": 2.0}], points=1)',
     "name every entry like a parameter (k is missing)"),
])
def test_entries_that_do_not_exist_are_named_with_those_that_do(small_course, check, says):
    solution = "def height(v):\n    return v @ v\n\ndef slope(v, k=2.0):\n    return k * v"
    if "values" in check:
        solution = solution.replace("k=2.0", "k")
    with pytest.raises(CourseError, match="more-check") as caught:
        build(with_question(small_course, solution, check), SMALL)
    assert says in str(caught.value)
