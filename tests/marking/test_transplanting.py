"""The place of an answer that is wrong, found by giving it numbers of the solution's; contrasts where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.checking import formulas
from helpers.grading.authoring.build import source_notebook
from helpers.grading.hypotheses.changes import changes
from helpers.grading.hypotheses.derivations import formula_changes
from helpers.grading.hypotheses.tracing import TRACED, traced
from helpers.grading.marking import mending
from helpers.grading.marking.contrasting import Wrong, contrast, in_common
from helpers.grading.marking.explaining import explain
from helpers.grading.marking.formula_places import amiss, parts_of
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.master import parse

pytestmark = pytest.mark.slow  # they make notebooks of masters, and search

MASTER = '''# %%
import numpy as np
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def cases(rng):
    for n, d in ((4, 3), (6, 2)):
        yield {"X": rng.standard_normal((n, d)), "g": rng.standard_normal(d), "eps": 0.5}

def letters(rng):
    for n in (3, 5):
        yield {"x": rng.uniform(1, 2, n), "y": rng.uniform(1, 2, n), "t": 2.0}

# %% nbgrader={"grade_id": "norm", "solution": true}
def norm(X, g, eps):
    ### BEGIN SOLUTION
    mean = X.mean(axis=0)
    spread = np.sqrt(X.var(axis=0) + eps)
    return g * (X - mean) / spread, g.sum() * spread
    ### END SOLUTION

# %% nbgrader={"grade_id": "norm-check", "grade": true}
check.values(norm, at=cases, returns=("out", "size"), points=4)

# %% nbgrader={"grade_id": "formula", "solution": true}
def formula():
    ### BEGIN SOLUTION
    return "e = exp(-x / t)\\nd = (y - e) / t * e"
    ### END SOLUTION

# %% nbgrader={"grade_id": "formula-check", "grade": true}
check.derivation(formula, at=letters, returns=("d",), points=2)

# %% nbgrader={"grade_id": "pair", "solution": true}
def pair(X, g, eps):
    ### BEGIN SOLUTION
    return np.cumsum(X, axis=0) + g, X.mean(axis=0) * g + eps
    ### END SOLUTION

# %% nbgrader={"grade_id": "pair-check", "grade": true}
check.values(pair, at=cases, returns=("sums", "means"), by="case", points=2)

# %% nbgrader={"grade_id": "root", "solution": true}
def root(x, y, t):
    ### BEGIN SOLUTION
    for _ in range(30):
        x = (x + y / x) / 2
    return x
    ### END SOLUTION

# %% nbgrader={"grade_id": "root-check", "grade": true}
check.residuals(root, of=lambda r, x, y, t: r ** 2 - y, at=letters, points=2)
'''


@pytest.fixture(scope="module")
def problem_set() -> ProblemSet:
    master = parse(MASTER, "ps")
    return ProblemSet("ps", source_notebook(master), master)


def told(problem_set: ProblemSet, code: str, question: str = "norm"):
    """The verdict on an answer, with its reasons; marked, then mended, as in grading."""
    namespace = problem_set.candidate(code)
    subjects, check_id = problem_set.subjects({**namespace, TRACED: None}), f"{question}-check"
    subjects[TRACED] = type(subjects[question])(TRACED)
    checked = problem_set.check(problem_set.check_sources[check_id], check_id, subjects, 3)

    def run(text: str) -> bool:
        exec(text, namespace)
        for name, subject in subjects.items():
            subject.value = namespace.get(name)
        return True

    points = checked.verdict.points
    if mending.wanting(checked.verdict):
        explain(problem_set, code, run, subjects, 3, {check_id: checked})
    assert checked.verdict.points == points
    return checked.verdict


def whys(verdict) -> list[str]:
    return [row.why for row in verdict.rows]


def test_the_place_that_is_wrong_is_named_in_the_answers_own_code(problem_set):
    says = whys(told(problem_set, "def norm(X, g, eps):\n    away = X - X.mean(axis=0)\n"
                                  "    s = np.abs(away).max(axis=0) + eps * g ** 3\n"
                                  "    return away * g / s, g.sum() * s"))
    assert says[0].startswith("`np.abs(away).max(axis=0) + eps * g ** 3` is not what belongs there: ")
    assert says == [says[0]] * 2, "both outputs are made from it"


def test_a_place_is_not_told_that_makes_one_of_two_wrong_outputs_right(problem_set):
    """It may be where a mistake from before first meets an output."""
    says = whys(told(problem_set, "def norm(X, g, eps):\n    s = np.sqrt(X.var(axis=0) + eps)\n"
                                  "    return g * (X - np.cos(X).sum(axis=0) / 7) / s, np.tanh(g).sum() * s ** 3"))
    assert "cos" not in says[0] + says[1]


def test_of_a_case_a_place_is_told_that_makes_all_of_it_right(problem_set):
    """Other numbers for the mean make the second output right, and the first one is wrong as well."""
    code = "def pair(X, g, eps):\n    m = X.mean(axis=0) + 1\n    return X ** 3 + 1, m * g + eps"
    assert whys(told(problem_set, code, "pair")) == ["", ""]


def test_a_search_that_stops_a_little_too_early_is_told_so(problem_set):
    nearly = "def root(x, y, t):\n    for _ in range(3):\n        x = (x + y / x) / 2\n    return x"
    assert whys(told(problem_set, nearly, "root"))[0].startswith("What is left over is small, but not small enough: ")


def test_a_whole_output_is_no_place(problem_set):
    """To say of all that is returned that it should be something else says nothing."""
    assert whys(told(problem_set, "def norm(X, g, eps):\n    s = np.sqrt(X.var(axis=0) + eps)\n"
                                  "    out = np.tanh(X ** 3) * 7 + len(X) ** 0.3 * X\n"
                                  "    return out, g.sum() * s")) == ["", ""]


def test_what_an_answer_notes_is_what_it_gives(problem_set):
    """Loops, comprehensions, lambdas, updates in place, slices and strings come out as they went in."""
    code = ("import numpy as np\ndef f(X, y):\n    H, out = [X], np.zeros((len(y), 3))\n    for k in range(2):\n"
            "        H.append(H[-1] * 2 + k)\n    out[:, 1:] += H[-1][:, None]\n    out[np.arange(len(y)), y] -= 1\n"
            "    g = lambda t: t * 2\n    (a, b), c = (1, 2), {'x': g(out.T)}\n"
            "    return [q + a for q in range(3) if q], c['x'][:, ::-1] if len(y) > b else f'{a}'")
    plain, noting = {}, {}
    exec(code, plain)
    exec(traced(code).text, noting)
    X, y = plain["np"].arange(3.0), plain["np"].array([0, 2, 1])
    result, places = noting[TRACED]("f", [], None, X, y)
    assert repr(result) == repr(list(plain["f"](X, y))) or repr(result) == repr(plain["f"](X, y))
    assert len(places) > 30
    assert not any("__at__" in traced(code).quoted(place) for place in range(len(traced(code).nodes)))
    assert traced("def f(:") is None


def test_a_slip_in_a_derivation_is_told(problem_set):
    """From the solution's formulas, and in the answer's own."""
    one = told(problem_set, "def formula():\n    return 'd = (y - exp(-x / t)) / t'", "formula")
    assert "factor" in whys(one)[0]
    other = told(problem_set, "def formula():\n    return 'e = 1 / exp(x / t)\\nd = (y - e) / t * e / (1 + x * y)'",
                 "formula")
    assert "(1 + x * y)" in whys(other)[0]
    assert formula_changes("formula", "this is = = no formula") == []


PLACES = {
    "several things in the place of one": (
        "e = exp(-x / t)\nd = (y - x * e * y) / t * e", "`x * e * y` is not what belongs there: "),
    "factors too many": ("e = exp(-x / t)\nd = (y - e) * x * abs(y) / t * e", "`x * abs(y)` is too much here: "),
    "two places": ("d = (y * y - exp(-x / t)) / t * exp(-y / t) + x", ""),
}


@pytest.mark.parametrize("case", PLACES)
def test_the_place_of_a_formula_that_is_wrong_is_named(problem_set, case):
    text, says = PLACES[case]
    said, = whys(told(problem_set, f"def formula():\n    return {text!r}", "formula"))
    assert said.startswith(says) if says else not said.startswith("`")


def test_a_formula_that_is_wrong_only_because_another_one_is():
    letters = [{"x": np.array([1.0, 2.0, n])} for n in (3.0, 4.0)]
    right = [{"a": one["x"] ** 2, "b": np.sin(1) * one["x"] ** 2} for one in letters]
    solution = formulas.parse(f"a = x ** 2; b = {np.sin(1)} * a")
    said = amiss(formulas.parse(f"a = exp(x) - x; b = {np.sin(1)} * a"), parts_of([solution], letters, right),
                 letters, right, ["a", "b"])
    assert said == {"b": "This formula is right in itself: it is wrong only because a is."}


def wrong(change):
    found = []
    for n in (2, 3):
        X, b = np.arange(4.0 * n).reshape(4, n) ** 2, np.arange(1.0, n + 1)
        found.append(Wrong({"X": X, "b": b, "k": n}, change(X + b, b, n), X + b))
    return found


@pytest.mark.parametrize(("change", "says"), [
    (lambda Y, b, n: Y + (n - 1) * b, "right but for `b`, which is added too often: 1, 2 times too many."),
    (lambda Y, b, n: Y - b, "right but for `b`, which is missing as a term."),
    (lambda Y, b, n: Y - 0.5 * b, "by `b` times -0.5"),
    (lambda Y, b, n: Y.T.reshape(Y.shape), "All numbers are the right ones"),
    (lambda Y, b, n: Y[:-1], "right as far as it goes: entries are missing at the end."),
    (lambda Y, b, n: Y[n - 1:], "right as far as it goes: entries are missing at the beginning."),
    (lambda Y, b, n: np.vstack([Y, Y]), "and there are entries too many at the end."),
    (lambda Y, b, n: Y - np.log(Y.sum(axis=1, keepdims=True)), "In each row all entries are off by the same amount: "),
    (lambda Y, b, n: Y - Y.mean(axis=0), "In each column all entries are off by the same amount: "),
    (lambda Y, b, n: Y[:-1] + 1, ""),
    (lambda Y, b, n: Y + b ** 2, "In each column all entries are off by the same amount: "),
    (lambda Y, b, n: Y * b, ""),
    (lambda Y, b, n: np.full_like(Y, np.nan), ""),
])
def test_what_wrong_results_have_in_common(change, says):
    said = in_common(wrong(change))
    assert says in said if says else said == ""


@pytest.mark.parametrize(("end", "says"), [
    (-12 * np.log(10), "-27.63 is returned, the logarithm of 1e-12"),
    (np.log(np.finfo(float).tiny), "-708.4 is returned, the logarithm of the smallest normal float"),
    (27.0, "")])
def test_what_ends_at_the_logarithm_of_a_bound_is_told_its_size(end, says):
    right = np.array([-1.0, -900.0, -2000.0])
    said = in_common([Wrong({"z": right}, np.where(right < -100, -abs(end), right), right)])
    assert says in said if says else said == ""


CASES = [{"stride": s, "mode": m, "x": n} for s in (1, 2) for m in ("same", "valid") for n in (1, 3)]


def test_a_contrast_is_told_where_one_condition_sets_wrong_cases_apart():
    says = contrast(CASES, [case["mode"] == "same" for case in CASES])
    assert says.startswith("Wrong in each of the 4 public cases in which `mode` is 'valid', and right in the 4 others")
    both = contrast(CASES, [not (case["mode"] == "valid" and case["stride"] == 2) for case in CASES])
    assert "`stride`" in both
    assert "`mode`" in both


def test_large_numbers_are_a_condition():
    cases = [{"z": np.array([1.0, size])} for size in (3, 8, 20, 300, 800, 2000)]
    assert "`z` has an entry beyond ±100" in contrast(cases, [True] * 3 + [False] * 3)


def test_no_contrast_where_several_conditions_would_do_or_none():
    assert contrast(CASES, [k % 3 > 0 for k in range(len(CASES))]) == ""
    twins = [{"a": k, "b": k} for k in (0, 0, 1, 1)]
    assert contrast(twins, [True, True, False, False]) == ""
    assert contrast(CASES, [False] * len(CASES)) == ""


@pytest.mark.parametrize(("right", "wrong"), [
    ("return np.sqrt(v + eps)", "np.sqrt(v) + eps"), ("return x ** (n - 1)", "x ** n - 1"),
    ("return (a + b) // k", "-(-(a + b) // k)"), ("return A.T @ G", "A.reshape(A.T.shape) @ G"),
    ("return X.transpose(1, 0, 2).reshape(s)", "X.reshape(s)"), ("return X.reshape(s)", "order='F'"),
    ("np.add.at(d, i, g)", "d[i] += g"), ("return np.einsum('ncuv,fcuv->nf', X, K)", "'ncuv,fcvu->nf'"),
    ("return g * (x > 0)", "np.sign(x)"), ("return x ** y", "y ** x"),
])
def test_rules_make_what_students_write(right, wrong):
    code = f"def f(x, y, n, v, eps, a, b, k, A, G, X, s, d, i, g, K):\n    {right}"
    texts = [change.text() or "" for change in changes(code)]
    assert any(wrong in text.replace("(A)", "A").replace("(A.T)", "A.T").replace("(A).T", "A.T") for text in texts)
