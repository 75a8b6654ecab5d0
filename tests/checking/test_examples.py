"""The smallest example on which an answer is wrong: the same in the notebook and in grading, and ready to call."""

from __future__ import annotations

import json

import numpy as np
import pytest

from helpers import check
from helpers.checking import ladder
from helpers.checking import setting as settings
from helpers.checking.written import as_code
from helpers.grading.authoring.build import expected_numbers, source_notebook
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.marking.running import evaluate
from helpers.grading.notebooks.master import parse

MASTER = '''# %%
import numpy as np
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def cases(rng):
    for n, d, k in ((4, 2, 3), (5, 3, 2)):
        yield {"W": rng.standard_normal((k, d)), "X": rng.standard_normal((d, n)), "Y": rng.standard_normal((k, n))}

# %% nbgrader={"grade_id": "gradient", "solution": true}
def loss(W, X, Y):
    ### BEGIN SOLUTION
    return np.sum((W @ X - Y) ** 2)
    ### END SOLUTION

def gradient(W, X, Y):
    ### BEGIN SOLUTION
    return 2 * (W @ X - Y) @ X.T
    ### END SOLUTION

# %% nbgrader={"grade_id": "gradient-check", "grade": true}
check.gradients(gradient, of=loss, wrt="W", at=cases, points=4)
'''
LAST_ONLY = "def gradient(W, X, Y):\n    return 2 * np.outer((W @ X - Y)[:, -1], X[:, -1])"


@pytest.fixture(scope="module")
def problem_set() -> ProblemSet:
    master = parse(MASTER, "ps")
    return ProblemSet("ps", source_notebook(master), master)


def graded(problem_set: ProblemSet, code: str, seed: int):
    subjects = problem_set.subjects(problem_set.candidate(code))
    checked = problem_set.check(problem_set.check_sources["gradient-check"], "gradient-check", subjects, seed)
    assert not checked.verdict.example, "nothing is called for an example before all is marked"
    checked.finish()
    return checked.verdict


def in_the_notebook(problem_set: ProblemSet, code: str, folder, monkeypatch):
    (folder / "expected.json").write_text(json.dumps(expected_numbers(problem_set, "where")))
    monkeypatch.chdir(folder)
    namespace = problem_set.candidate(code)
    with settings.using(settings.SelfCheck(folder)):
        return evaluate(problem_set.check_sources["gradient-check"], namespace, "<check>"), namespace


def test_the_contrast_says_where_it_begins_to_be_wrong(problem_set):
    says = graded(problem_set, LAST_ONLY, 5).example
    assert says.startswith("A case with `X` of shape (1, 1) is right, one with (1, 2) is wrong: ")
    assert "right is np.array(" in says


def test_no_secret_is_spent_on_an_example(problem_set, tmp_path, monkeypatch):
    """Two secret seeds and the notebook say the same."""
    said = {graded(problem_set, LAST_ONLY, seed).example for seed in (5, 6)}
    verdict, _ = in_the_notebook(problem_set, LAST_ONLY, tmp_path, monkeypatch)
    assert said == {verdict.example}
    assert verdict.example in str(verdict)
    assert "verdict-example" in verdict.mimebundle()["text/html"]


def test_what_no_small_case_shows_is_shown_by_a_case_of_the_notebook(problem_set):
    """In grading as in the notebook; of two secret seeds nothing is told."""
    code = "def gradient(W, X, Y):\n    return 2 * (W @ X - Y) @ X.T + (X.shape[1] > 3)"
    said = {graded(problem_set, code, seed).example for seed in (5, 6)}
    assert len(said) == 1
    assert said.pop().startswith("An example of the check's own: `gradient(W=np.array(")


def test_a_rest_that_nobody_sees_is_no_example():
    """For one score the loss is 0; that -1e-12 stands there is not what is wrong."""
    code = """# %%
import numpy as np
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def cases(rng):
    for n in (3, 4):
        yield {"z": 900 * np.arange(n) + rng.standard_normal(n)}

# %% nbgrader={"grade_id": "loss", "solution": true}
def loss(z):
    return np.logaddexp.reduce(z) - z[0]

# %% nbgrader={"grade_id": "loss-check", "grade": true}
check.values(loss, at=cases, points=1)
"""
    ps = ProblemSet("ps", source_notebook(parse(code, "ps")), parse(code, "ps"))
    wrong = "def loss(z):\n    p = np.exp(z - z.max())\n    return -np.log(p[0] / p.sum() + 1e-12)"
    checked = ps.check(ps.check_sources["loss-check"], "loss-check", ps.subjects(ps.candidate(wrong)), 5)
    checked.finish()
    assert "returns 27.63; right is" in checked.verdict.example


def test_lists_of_different_lengths_have_examples_too():
    """Such as the parents of a graph's nodes: they are no array."""
    code = """# %%
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def cases(rng):
    for n in (3, 4, 5):
        yield {"lists": [[0] * k for k in rng.permutation(n).tolist()], "m": n}

# %% nbgrader={"grade_id": "total", "solution": true}
def total(lists, m):
    return sum(map(len, lists)) + m

# %% nbgrader={"grade_id": "total-check", "grade": true}
check.values(total, at=cases, points=1)
"""
    ps = ProblemSet("ps", source_notebook(parse(code, "ps")), parse(code, "ps"))
    wrong = "def total(lists, m):\n    return sum(map(len, lists[:2])) + m"
    checked = ps.check(ps.check_sources["total-check"], "total-check", ps.subjects(ps.candidate(wrong)), 5)
    checked.finish()
    assert "right is" in checked.verdict.example


def test_a_changed_argument_has_an_example(problem_set):
    verdict = graded(problem_set, "def gradient(W, X, Y):\n    Y -= W @ X\n    return -2 * Y @ X.T", 5)
    assert verdict.rows[0].kind == "changed-in-place"
    assert verdict.example.endswith("leaves other numbers in Y than there were before")


def test_the_example_can_be_called_and_pasted(problem_set, tmp_path, monkeypatch):
    verdict, namespace = in_the_notebook(problem_set, LAST_ONLY, tmp_path, monkeypatch)
    arguments = check.case(namespace["gradient"])
    assert sum(np.size(argument) for argument in arguments) <= ladder.MOST_NUMBERS
    code = verdict.example.split("`")[-2]
    assert np.array_equal(eval(code, namespace), namespace["gradient"](*arguments))
    assert not np.allclose(namespace["gradient"](*arguments), problem_set.reference["gradient"](*arguments))


def test_a_right_answer_has_no_example(problem_set, tmp_path, monkeypatch):
    right = "def gradient(W, X, Y):\n    return (W @ X - Y) @ (2 * X.T)"
    verdict, _ = in_the_notebook(problem_set, right, tmp_path, monkeypatch)
    assert (verdict.points, verdict.example) == (4, "")


def test_a_function_without_a_check_has_no_case():
    def never_checked():
        """Examples are known by their function's name."""

    with pytest.raises(LookupError, match="run its check first"):
        check.case(never_checked)


@pytest.mark.parametrize("body", ["return np.ones(3)", "raise ValueError('no')", "return 2 * W"])
def test_every_wrong_answer_has_an_example(problem_set, body):
    assert "`gradient(W=np.array(" in graded(problem_set, f"def gradient(W, X, Y):\n    {body}", 5).example


def test_rungs_keep_the_kind_of_numbers():
    rng = np.random.default_rng(0)
    cases = []
    for n, k in ((4, 3), (6, 2)):
        P = rng.uniform(size=(n, k))
        cases.append({"P": P / P.sum(axis=1, keepdims=True), "T": np.eye(k)[rng.integers(k, size=n)],
                      "y": rng.integers(k, size=n), "rate": 0.12345, "case": "label"})
    found = list(ladder.rungs(cases))
    assert len(found) > 4
    for rung in found:
        assert np.allclose(rung.case["P"].sum(axis=1), 1)
        assert np.array_equal(rung.case["T"].sum(axis=1), np.ones(len(rung.case["T"])))
        assert len(rung.case["y"]) == len(rung.case["P"])
        assert sum(np.size(value) for value in rung.case.values()) <= ladder.MOST_NUMBERS
    assert all(rung.case["f"] is len for rung in ladder.rungs([{"f": len}]))


def test_a_value_that_python_does_not_spell_is_described():
    for value, said in ((10**5000, "a whole number of about 5,001 digits"),
                        ([-10**5000], "[a whole number of about 5,001 digits]"),
                        ({10**5000: 1}, "{a whole number of about 5,001 digits: 1}")):
        assert as_code(value) == said
