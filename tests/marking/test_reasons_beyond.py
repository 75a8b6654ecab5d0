"""Reasons for answers that nobody wrote down: the same slip everywhere, orders, generators; and none that is untrue."""

from __future__ import annotations

import ast

import pytest

from helpers.grading.authoring.build import source_notebook
from helpers.grading.hypotheses.changes import changes
from helpers.grading.marking.explaining import explain
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.master import parse

pytestmark = pytest.mark.slow  # they make notebooks of masters, and search

MASTER = '''# %%
import numpy as np
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def cases(rng):
    for n in (3, 4):
        V, W, k = rng.standard_normal((n, n)), rng.standard_normal((n, n)), (0.5, 1.5)
        yield {"V": V, "W": W, "k": k}

# %% nbgrader={"grade_id": "penalties", "solution": true}
def penalties(V, W, k):
    ### BEGIN SOLUTION
    a, b = k
    return 2 * a * V + np.sign(V), 2 * b * W + np.sign(W)
    ### END SOLUTION

# %% nbgrader={"grade_id": "penalties-check", "grade": true}
check.values(penalties, at=cases, returns=("dV", "dW"), points=2)

# %% tags=["mistake"] question="penalties" says="Only W counts here."
def penalties(V, W, k):
    a, b = k
    return 0 * V, b * W
'''
HEAD = "def penalties(V, W, k):\n    "


@pytest.fixture(scope="module")
def problem_set() -> ProblemSet:
    master = parse(MASTER, "ps")
    return ProblemSet("ps", source_notebook(master), master)


def whys(problem_set: ProblemSet, body: str) -> list[str]:
    code = HEAD + body
    checked = problem_set.check(problem_set.check_sources["penalties-check"], "penalties-check",
                                problem_set.subjects(problem_set.candidate(code)), 5)
    return [row.why for row in checked.verdict.rows]


def test_the_same_slip_in_several_places(problem_set):
    """In a form of code of its own; no single change of the solution gives both."""
    said = whys(problem_set, "return np.sign(V) + V * k[0], np.sign(W) + W * k[1]")
    assert said == ["This is what comes out if a constant factor is left out."] * 2


def test_values_given_to_names_in_the_wrong_order(problem_set):
    said = whys(problem_set, "return np.sign(V) + 2 * V * k[1], np.sign(W) + 2 * W * k[0]")
    assert said == ["This is what comes out if several values are given to names in the wrong order."] * 2


def test_a_mistake_is_not_named_where_another_output_speaks_against_it(problem_set):
    """dW is what the known mistake gives, dV is not, and not right either."""
    assert "Only W counts here." in whys(problem_set, "return 0 * V, k[1] * W")
    assert "Only W counts here." not in whys(problem_set, "return 5 * V + 1, k[1] * W")


def test_a_line_that_raises_and_is_needed_is_not_one_too_many(problem_set):
    """Without it the other output would be right; the one that it makes would be wrong still."""
    code = HEAD + ("a, b = k\n    found = []\n    found[0] = 2 * b * W + np.sign(W)\n"
                   "    return 2 * a * V + np.sign(V), found")
    namespace = problem_set.candidate(code)
    subjects, check_id = problem_set.subjects(namespace), "penalties-check"
    checked = problem_set.check(problem_set.check_sources[check_id], check_id, subjects, 5)

    def run(text: str) -> bool:
        exec(text, namespace)
        subjects["penalties"].value = namespace["penalties"]
        return True

    explain(problem_set, code, run, subjects, 5, {check_id: checked})
    assert {row.kind for row in checked.verdict.rows} & {"raises"}
    assert not any("one too many" in row.why for row in checked.verdict.rows)


def explained(problem_set: ProblemSet, code: str, told: bool = False) -> list[str]:
    namespace, check_id = problem_set.candidate(code), "penalties-check"
    subjects = problem_set.subjects(namespace)
    checked = problem_set.check(problem_set.check_sources[check_id], check_id, subjects, 5)

    def run(text: str) -> bool:
        exec(text, namespace)
        subjects["penalties"].value = namespace["penalties"]
        return True

    explain(problem_set, code, run, subjects, 5, {check_id: checked}, told)
    return [row.why for row in checked.verdict.rows]


def test_what_is_one_too_many_in_an_answer_is_told_in_its_words_and_not_in_the_solutions(problem_set):
    body = "a, b = k\n    dV, dW = 2 * a * V + np.sign(V), 2 * b * W + np.sign(W)\n    return dV + np.sign(V), dW"
    assert whys(problem_set, body)[0].startswith("This is what comes out if")
    said = explained(problem_set, HEAD + body)
    assert said[0].endswith("`np.sign(V)` is one term too many: without it the result would be right.")
    assert said[1] == ""


def test_a_change_together_with_a_sign(problem_set):
    said = "This is what comes out if one term of a sum or a difference is left out, and the sign is turned."
    assert whys(problem_set, "return -(2 * k[0] * V), -(2 * k[1] * W)") == [said, said]


@pytest.mark.parametrize(("code", "mended", "says"), [
    ("def f(rng, n):\n    return np.random.normal(0, 2, n)", "rng.normal(0, 2, n)",
     "takes its numbers from numpy's global generator, and not from `rng`."),
    ("def f(x):\n    return [x[i] for i in np.random.permutation(len(x))]", "in np.arange(len(x))",
     "they are to be taken as they stand."),
    ("def f(x, shuffle):\n    return deal(x, shuffle=True)", "shuffle=shuffle", "stands where an argument decides."),
    ("def f(x, a):\n    return np.outer(x, a @ x)", "", ""),
    ("def f(x):\n    return x[::-1]", "x[::1]", "turns an order round."),
    ("def f(x):\n    return x[-1]", "x[1]", "is counted from the wrong end."),
    ("def f(x, g):\n    return [v for v in x if v > 0 and g > 0]", "if v > 0]",
     "`g > 0` is one condition too many: without it the result would be right."),
    ("def f(x, g):\n    return x * ((x > 0) & (g > 0))", "x * (x > 0)",
     "`g > 0` is one condition too many: without it the result would be right."),
    ("def f(x):\n    return np.take(x, 0)", "return x", "`take` in `np.take(x, 0)` is one too many: without it the "
     "result would be right."),
])
def test_what_mends_an_answer_is_said_in_its_words(code, mended, says):
    found = [change for change in changes(code) if mended and mended in (change.text() or "")]
    assert bool(found) == bool(mended)
    if mended:
        assert found[0].mends.endswith(says)


def test_changes_in_many_places_are_python_and_leave_the_tree_as_it_was():
    code = "def f(a, b):\n    c = a.sum(axis=0)\n    return 2 * a + c, 2 * b + c"
    found = [change for change in changes(code) if change.also]
    assert found
    texts = [change.text() for change in found]
    assert all(texts)
    assert len(set(texts)) > 3
    assert {change.text() for change in changes(code)} >= set(texts)
    assert ast.unparse(found[0].place.top) == ast.unparse(ast.parse(code))


WEAK = '''# %%
import numpy as np
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def sizes(rng):
    for n in (400, 900):
        yield {"n": n, "rng": np.random.default_rng(rng.integers(1000))}

def spread_is_right(W, n, rng):
    return abs(np.std(W) * 2 - 1) < 0.2

def positive(W, n, rng):
    return np.min(W) > 0

def runs(rng):
    for start in (1.0, 2.0):
        yield {"start": start, "steps": 9}

# %% nbgrader={"grade_id": "draw", "solution": true}
def draw(n, rng):
    ### BEGIN SOLUTION
    return 1 + np.abs(rng.standard_normal(n)) * 0.83
    ### END SOLUTION

# %% nbgrader={"grade_id": "draw-check", "grade": true}
check.properties(draw, at=sizes, points=2, spread=spread_is_right, positive=positive)

# %% nbgrader={"grade_id": "descend", "solution": true}
def descend(start, steps):
    ### BEGIN SOLUTION
    for _ in range(steps):
        start = 0.5 * start
    return start
    ### END SOLUTION

# %% nbgrader={"grade_id": "descend-check", "grade": true}
check.training(descend, at=runs, loss=lambda result, start, steps: abs(result), points=2)
'''


@pytest.mark.parametrize(("question", "code"), [
    # without the factor the spread is right, and the numbers still are not
    ("draw", "def draw(n, rng):\n    return 9 * (rng.standard_normal(n) * 0.5)"),
    # with another constant the run ends below the bound
    ("descend", "def descend(start, steps):\n    for k in range(steps):\n        start *= 0.9\n    return start"),
])
def test_weak_evidence_is_no_proof(question, code):
    """What makes one property true, or a run end below its bound, need not make the answer right."""
    master = parse(WEAK, "ps")
    problem_set = ProblemSet("ps", source_notebook(master), master)
    namespace = problem_set.candidate(code)
    subjects, check_id = problem_set.subjects(namespace), f"{question}-check"
    checked = problem_set.check(problem_set.check_sources[check_id], check_id, subjects, 5)
    assert not checked.verdict.right

    def run(text: str) -> bool:
        exec(text, namespace)
        subjects[question].value = namespace[question]
        return True

    explain(problem_set, code, run, subjects, 5, {check_id: checked})
    assert not any("without it the result would be right" in row.why for row in checked.verdict.rows)
    assert question == "draw" or checked.verdict.rows[0].kind != "mended"
