"""Reasons for answers that nobody wrote down: changes of the solution, parts of known mistakes, what mends them."""

from __future__ import annotations

import pytest

from helpers.grading.authoring.build import source_notebook
from helpers.grading.hypotheses.changes import changes
from helpers.grading.marking import mending
from helpers.grading.marking.explaining import explain
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.master import parse

pytestmark = pytest.mark.slow  # they make notebooks of masters, and search

MASTER = '''# %%
import numpy as np
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def cases(rng):
    for n, k in ((4, 3), (6, 2)):
        P = rng.uniform(0.1, 1.0, (n, k))
        yield {"P": P / P.sum(axis=1, keepdims=True), "T": np.eye(k)[rng.integers(k, size=n)], "case": f"N = {n}"}

def slopes(rng):
    for n in (5, 8):
        yield {"x": np.array([*rng.standard_normal(n), 0.0]), "case": f"{n} numbers"}

# %% nbgrader={"grade_id": "ce", "solution": true}
def ce(P, T):
    ### BEGIN SOLUTION
    return -np.sum(T * np.log(P)) / len(T)
    ### END SOLUTION

# %% nbgrader={"grade_id": "ce-check", "grade": true}
check.values(ce, at=cases, points=4)

# %% nbgrader={"grade_id": "slope", "solution": true}
def slope(x):
    ### BEGIN SOLUTION
    return np.where(x > 0, 1.0, 0.0)
    ### END SOLUTION

# %% nbgrader={"grade_id": "slope-check", "grade": true}
check.values(slope, at=slopes, points=2)

# %% tags=["mistake"] question="slope" says="Negative numbers pass as well, turned round."
def slope(x):
    return np.where(x > 0, 1.0, np.where(x < 0, -0.5, 0.0))
'''


@pytest.fixture(scope="module")
def problem_set() -> ProblemSet:
    master = parse(MASTER, "ps")
    return ProblemSet("ps", source_notebook(master), master)


def told(problem_set: ProblemSet, code: str, question: str = "ce") -> str:
    """The sentence that an answer gets; each is marked, then mended, as in grading."""
    namespace = problem_set.candidate(code)
    subjects, check_id = problem_set.subjects(namespace), f"{question}-check"
    checked = problem_set.check(problem_set.check_sources[check_id], check_id, subjects, 3)

    def run(text: str) -> bool:
        exec(text, namespace)
        for name, subject in subjects.items():
            subject.value = namespace[name]
        return True

    points = checked.verdict.points
    if mending.wanting(checked.verdict):
        explain(problem_set, code, run, subjects, 3, {check_id: checked})
    assert checked.verdict.points == points, "a reason never changes a mark"
    return " / ".join(row.why for row in checked.verdict.rows if row.why)


def test_an_answer_that_prints_is_mended_like_any_other(problem_set):
    code = "def slope(x):\n    {}return np.where(x > 0, 3.0, 0.0)"
    says = told(problem_set, code.format(""), "slope")
    assert says
    assert told(problem_set, code.format("print(f'{np.std(x):8.2f} {x!r}')\n    "), "slope") == says


@pytest.mark.parametrize(("size", "inside"), [("1e-3", "0.001"), ("1e-05", "1e-05")])
def test_a_constant_inside_a_logarithm_is_named_with_its_size(problem_set, size, inside):
    says = told(problem_set, f"def ce(P, T):\n    total = 0.0\n    for p, t in zip(P, T):\n        "
                             f"total -= t @ np.log(p + {size})\n    return total / len(P)")
    assert says == f"This is what comes out if a constant of {inside} is added inside a logarithm."


def test_a_constant_too_small_to_show_is_right(problem_set):
    assert told(problem_set, "def ce(P, T):\n    return -np.sum(T * np.log(P + 1e-15)) / len(T)") == ""


def test_what_the_solution_does_not_contain_is_found_in_the_answer(problem_set):
    says = told(problem_set, "def ce(P, T):\n    each = np.sum(T * np.log(P), axis=1)\n"
                             "    return -np.mean(each * np.arange(1, len(P) + 1))")
    assert "`np.arange(1, len(P) + 1)` is one too many" in says


def test_an_answer_with_two_things_amiss_is_told_nothing_untrue(problem_set):
    assert told(problem_set, "def ce(P, T):\n    return np.tanh(P).sum() + 3.3 * np.cos(T).sum() + len(P) ** 0.7") == ""


def test_a_known_mistake_with_a_detail_of_its_own_is_that_mistake(problem_set):
    says = told(problem_set, "def slope(x):\n    return np.where(x > 0, 1.0, np.where(x < 0, -0.5, 7.0))", "slope")
    assert says == "Negative numbers pass as well, turned round."


def test_a_reason_is_looked_for_only_where_reasons_are_told(problem_set):
    source, subjects = problem_set.check_sources["ce-check"], problem_set.subjects(problem_set.candidate(
        "def ce(P, T):\n    return -np.sum(T * np.log(P + 1e-3)) / len(T)"))
    for depth in ("verdict", "where"):
        verdict = problem_set.check(source, "ce-check", subjects, 3, depth).verdict
        assert verdict.points == 0
        assert not any(row.why for row in verdict.rows)


def test_every_change_is_python_and_leaves_the_cell_as_it_was():
    source = MASTER.split("### BEGIN SOLUTION")[1].split("### END")[0]
    cell = f"def f(P, T):\n    n = 0\n    for k in range(3):\n        n += k\n{source}"
    found = changes(cell)
    before = [change.text() for change in found]
    assert len(set(before)) > 100
    assert before == [change.text() for change in found]
    assert all(change.code() for change in found)
    assert changes("def f(:") == []
