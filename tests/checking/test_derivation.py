"""Formulas handed in as text: read without being run, judged by their values, explained by the smallest example."""

from __future__ import annotations

import json

import numpy as np
import pytest

from helpers import check
from helpers.checking import formulas
from helpers.checking.formulas import FormulaError, evaluate, parse
from helpers.checking.mathematics import drawn
from helpers.checking.observing import Local
from helpers.checking.setting import SelfCheck, using
from helpers.checking.verdict import Verdict
from helpers.grading.authoring.recording import expected_numbers
from helpers.grading.authoring.source import source_notebook
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.master import parse as read_master

MASTER = '''# %%
import numpy as np
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def cases(rng):
    yield {"W": np.array([[2.0, -1.0]]), "X": np.array([[1.0, 0], [3, 1]]), "d": np.array([[2.0, 4]]), "t": 2,
           "case": "small"}
    for k, m, t in ((3, 2, 4), (2, 5, 3)):
        yield {"W": rng.standard_normal((k, m)), "X": rng.standard_normal((m, t)), "d": rng.standard_normal((k, t)),
               "t": t, "case": f"k = {k}"}

# %% nbgrader={"grade_id": "derive", "solution": true}
def derive():
    """Formulas."""
    ### BEGIN SOLUTION
    return """
    dW = 2 / t * d @ X.T
    dX = 2 / t * W.T @ d
    """
    ### END SOLUTION

# %% nbgrader={"grade_id": "derive-check", "grade": true}
check.derivation(derive, at=cases, returns=("dW", "dX"), points=4)

# %% tags=["mistake"] question="derive" says="The loss is a mean: divide by the number of samples."
def derive():
    return "dW = 2 * d @ X.T; dX = 2 * W.T @ d"
'''


@pytest.fixture(scope="module")
def problem_set() -> ProblemSet:
    master = read_master(MASTER, "ps")
    return ProblemSet("ps", source_notebook(master), master)


def graded(problem_set: ProblemSet, text: object, seed: int = 7) -> Verdict:
    subjects = problem_set.subjects(problem_set.candidate(f"def derive():\n    return {text!r}"))
    return problem_set.check(problem_set.check_sources["derive-check"], "derive-check", subjects, seed).verdict


def in_the_notebook(problem_set: ProblemSet, text: object, folder) -> Verdict:
    (folder / "expected.json").write_text(json.dumps(expected_numbers(problem_set, "where")))

    def derive():
        return text

    with using(SelfCheck(folder)):
        return check.derivation(derive, at=problem_set.reference["cases"], returns=("dW", "dX"), points=4)


RIGHT = [
    "dW = 2 / t * d @ X.T\ndX = 2 / t * W.T @ d",
    "e = 2 * d / t  # the error\n\ndX = np.dot(W.T, e)\ndW = e @ np.transpose(X)",
    {"dW": "2 * d @ X.T / t", "dX": "(d.T @ W).T * 2 / t"},
    ["2 / t * d @ X.T", "dX = 2 / t * W.T @ d"],
    ["2 / t * d @ X.T", "2 / t * sum(W[:, :, None] * d[:, None, :], axis=0)"],
    "dW = (2 / t * d @\n  X.T)\ndX = sum(W[:, :, None] * (2 * d / t)[:, None, :], axis=0)",
]


@pytest.mark.parametrize("text", RIGHT)
def test_right_however_it_is_written(problem_set, text, tmp_path):
    assert graded(problem_set, text).points == 4
    assert in_the_notebook(problem_set, text, tmp_path).points == 4


@pytest.mark.parametrize(("text", "points", "says"), [
    ("dW = 2 * d @ X.T; dX = 2 * W.T @ d", 0, "with W = [[2, -1]], X = [[1, 0], [3, 1]], d = [[2, 4]], t = 2: your "
                                                "formula gives dW = [[4, 20]], right is [[2, 10]]"),
    ("dW = 2 / t * d @ X.T; dX = W.T @ d / t", 2, "formula gives dX = [[2, 4], [-1, -2]], right is [[4, 8], [-2, -4]]"),
    ("dW = 2 / t * (d @ X.T).T; dX = 2 / t * W.T @ d", 2, "it is transposed"),
    ("dW = 2 / t * d @ X; dX = W", 0, "`2 / t * d @ X`: (3, 4) @ (2, 4) do not fit, the last axis of the left one has "
                                      "length 4, and it meets one of length 2"),
    ("dX = 2 / t * W.T @ d; dW = d @ X", 2, "do not fit"),
    ("dW = 2 / t * d @ X.T; dX = 2 / t * abs(W).T @ d", 2, "formula gives dX = "),
    ("dW = 2 / t * d @ X.T", 2, "no line says what dX is"),
    ("dW = F; dX = W", 0, "`F` is not known here; known are `W`, `X`, `d`, `t`"),
    ("", 0, "there is no formula"),
    ("dW = 2 d", 0, "cannot be read"),
    (3, 0, "a formula is a text"),
])
def test_a_wrong_one_says_what_is_wrong_in_both_places(problem_set, text, points, says, tmp_path):
    for verdict in (graded(problem_set, text), in_the_notebook(problem_set, text, tmp_path)):
        assert verdict.points == points
        assert says in " ".join(row.where for row in verdict.rows), verdict
        assert "derive(" not in verdict.example, "nobody can call it with its letters"
        assert "Trouble" not in verdict.example


def test_a_known_mistake_is_named_and_another_way_to_write_it_as_well(problem_set):
    verdict = graded(problem_set, "dX = W.T @ (d + d)\ndW = (d + d) @ X.T")
    assert [row.why for row in verdict.rows if row.why] == ["The loss is a mean: divide by the number of samples."]


def test_the_build_keeps_values_and_no_formula(problem_set):
    kept = json.dumps(expected_numbers(problem_set, "where"))
    assert "dW" in kept
    assert "X.T" not in kept


def test_a_right_formula_is_drawn_and_a_stub_is_not_written_yet(problem_set):
    verdict = graded(problem_set, RIGHT[0])
    assert "<mfrac><mrow><mn>2</mn></mrow><mrow><mi>t</mi></mrow></mfrac>" in verdict.mimebundle()["text/html"]
    subjects = problem_set.subjects(problem_set.candidate("def derive():\n    raise NotImplementedError"))
    stub = problem_set.check(problem_set.check_sources["derive-check"], "derive-check", subjects, 1).verdict
    assert {row.kind for row in stub.rows[:1]} == {"not-written"}
    assert not stub.mathematics


@pytest.mark.parametrize("text", [
    "__import__('os').system('true')", "x.__class__", "(lambda: 1)()", "[1 for i in x]", "open('f')", "x[0]", "f'{x}'",
    "x if 1 else x", "x.T.base", "np.linalg.inv(x)", "np.load('f')", "'text'", "exec('1')", "x := 2", "import os",
    "def f(): pass", "x.T = 2", "x @ x @ True", "sum(x, out=x)", "sum(x, axis=x)", "1 < x < 2", "~x", "x // 2",
    "(" * 300 + "1" + ")" * 300, "1+" * 3000 + "1", "-" * 200 + "1", "x; " * 500, "9" * 3999,
    "0x" + "f" * 3900, "x[0x" + "f" * 3900 + "]", "sum(x, axis=1" + "0" * 400 + ")",
])
def test_what_is_not_in_the_notation_is_refused(text):
    with pytest.raises(FormulaError):
        evaluate(parse(text), {"x": np.ones((2, 2))})


@pytest.mark.parametrize("text", [
    "outer(outer(x, x), outer(x, x))", "outer(x, x)[:, None] * outer(x, x)[:, :, None]", "diag(outer(x, x)[:, 0])",
    "2 ** 999999999999", "10.0 ** 10.0 ** 10.0", "exp(exp(exp(x)))",
])
def test_nothing_grows_without_bound(text):
    try:
        values = evaluate(parse(text), {"x": np.full(300, 9.0)})
    except FormulaError:
        return
    assert np.size(values[""]) <= formulas.LARGEST


# Texts at which Python's own writer of trees, or numpy, stumbles: too deep, too long, too many axes, text in text.
STUMBLING = [
    "x += " + "1**" * 1200 + "1", "x += x" + ".T" * 1900, "x = y = " + "-" * 90 + "x", "return " + "x" + "[x]" * 1200,
    "x += 0x" + "f" * 3900, "def f(x=0x" + "f" * 3800 + "): pass", "del x" + ".T" * 1900,
    "x" + "[None, None, None, None, None, None]" * 11, "\n".join(["a = x"] + ["a = a[None, None, None, None]"] * 20),
    "f\"{'\x7f'}\"", "x += f\"{'\x7f'}\"", "sum(x, axis=f\"{'\x7f'}\")", "f\"{'\x7f'}\"(x)", "x[f\"{'\x7f'}\"]",
    {"y": 10 ** 5000}, {10 ** 5000: "x"}, {"y": [10 ** 5000]}, {"y": np.zeros(3)}, {"y": None}, ["x", 10 ** 5000],
]


@pytest.mark.parametrize("text", STUMBLING, ids=range(len(STUMBLING)))
def test_whatever_stumbles_over_a_text_it_is_a_formula_that_cannot_be_read(problem_set, text):
    with pytest.raises(FormulaError):
        evaluate(parse(text), {"x": np.ones((2, 2))})
    subjects = problem_set.subjects(problem_set.reference) | {"derive": Local("derive", lambda: text)}
    verdict = problem_set.check(problem_set.check_sources["derive-check"], "derive-check", subjects, 7).verdict
    assert verdict.points == 0
    assert {row.kind for row in verdict.rows} == {"formula"}
    assert graded(problem_set, RIGHT[0]).points == 4


def test_all_results_together_are_bounded():
    """Each of these is small enough, and eighty are gigabytes and half a minute."""
    lines = ["a = outer(x, x)", *(f"a{number} = a ** a" for number in range(50))]
    assert evaluate(parse("\n".join(lines)), {"x": np.ones(3)})["a49"].shape == (3, 3)
    with pytest.raises(FormulaError, match="on the way"):
        evaluate(parse("\n".join(lines)), {"x": np.ones(1400)})


def test_a_product_is_measured_before_it_is_made():
    """Two billion numbers, of two vectors that are each small enough."""
    with pytest.raises(FormulaError, match="too large"):
        evaluate(parse("x[:, None] @ x[None]"), {"x": np.ones(50_000)})


@pytest.mark.parametrize(("text", "value"), [
    ("x * (x > 1)", [0, 2, 3]), ("np.maximum(0, -x)", [0, 0, 0]), ("sum(x)", 6), ("mean(x) / len(x)", 2 / 3),
    ("sigmoid(0 * x)", [0.5] * 3), ("softmax(0 * x)", [1 / 3] * 3), ("where(x >= 2, x, -x)", [-1, 2, 3]),
    ("sum(x[:, None] * x, axis=1)", [6, 12, 18]), ("-x ** 2", [-1, -4, -9]), ("abs(-x)", [1, 2, 3]),
])
def test_the_notation_means_what_numpy_means(text, value):
    assert np.allclose(evaluate(parse(text), {"x": np.array([1, 2, 3])})[""], value)


@pytest.mark.parametrize(("text", "piece"), [
    ("a * (b + c)", "<mo>(</mo><mi>b</mi><mo>+</mo><mi>c</mi><mo>)</mo>"),
    ("a - (b - c)", "<mo>−</mo><mo>(</mo>"),
    ("dW_1 = W2.T @ a", "<mrow><mi>d</mi><msub><mi>W</mi><mi>1</mi></msub></mrow><mo>=</mo>"),
    ("(a > 0) * b", "<mo>[</mo><mi>a</mi><mo>&gt;</mo><mn>0</mn><mo>]</mo><mo>⊙</mo>"),
    ("2 * a", "<mn>2</mn><mspace"),
    ("a @ (b * c)", "<mo>(</mo><mi>b</mi><mo>⊙</mo><mi>c</mi><mo>)</mo>"),
    ("(a * b) @ c", "<mo>(</mo><mi>a</mi><mo>⊙</mo><mi>b</mi><mo>)</mo>"),
    ("sqrt(sigmoid(a))", "<msqrt><mrow><mi>σ</mi><mo>(</mo>"),
])
def test_brackets_survive_in_the_drawing(text, piece):
    matrix = np.ones((2, 2))
    assert piece in drawn(parse(text), {"a": matrix, "b": matrix, "c": matrix, "W2": matrix})
