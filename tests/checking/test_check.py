"""Checks, through the door that masters use: right answers get all points, wrong ones a verdict that says why."""

from __future__ import annotations

import contextlib
import io
import json
import math
import sys
import types
import warnings

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbgrader.utils import determine_grade

from helpers import check
from helpers import gradients as numerical
from helpers.checking import judging
from helpers.checking import setting as settings
from helpers.checking.expected import pack
from helpers.checking.verdict import Row, Verdict, as_html, as_text
from helpers.grading.authoring.build import expected_numbers
from helpers.grading.authoring.source import source_notebook
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.marking.running import evaluate
from helpers.grading.notebooks.master import parse

MASTER = '''# %%
import numpy as np
import matplotlib.pyplot as plt
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def cases(rng):
    for n, d in ((4, 2), (5, 3)):
        yield {"w": rng.standard_normal((d, 1)), "X": rng.standard_normal((d, n)), "case": f"N = {n}"}

# %% nbgrader={"grade_id": "predict", "solution": true}
def predict(w, X):
    ### BEGIN SOLUTION
    return w.T @ X
    ### END SOLUTION

# %% nbgrader={"grade_id": "predict-check", "grade": true}
check.values(predict, at=cases, points=4)

# %% nbgrader={"grade_id": "draw", "solution": true}
def draw(w, X):
    ### BEGIN SOLUTION
    fig, ax = plt.subplots()
    ax.plot(X[0], label="first")
    ax.plot(X[1], label="second")
    ax.set(xlabel="sample", ylabel="value")
    ax.legend()
    ### END SOLUTION

# %% nbgrader={"grade_id": "draw-check", "grade": true}
check.figure(draw, at=cases, lines=2, points=3)
'''


@pytest.fixture(scope="module")
def problem_set() -> ProblemSet:
    master = parse(MASTER, "ps")
    return ProblemSet("ps", source_notebook(master), master)


def verdict_on(problem_set: ProblemSet, code: str, question: str = "predict", seed: int = 1) -> Verdict:
    subjects = problem_set.subjects(problem_set.candidate(code))
    check_id = f"{question}-check"
    return problem_set.check(problem_set.check_sources[check_id], check_id, subjects, seed).verdict


@pytest.mark.parametrize(("body", "kind", "says"), [
    ("raise NotImplementedError()", "not-written", "not written yet"),
    ("pass", "none", "returns None"),
    ("return (w.T @ X).ravel()", "shape", "has shape (4,), asked for is (1, 4)"),
    ("return (w.T @ X).T", "shape", "it is transposed"),
    ("return [[1.0, 2.0], [3.0]]", "ragged", "rows of different lengths"),
    ("return [[object()]]", "type", "numbers are asked for"),
    ("return (w.T @ X) * 1j", "complex", "is complex"),
    ("return (w.T @ X).astype(object)", "type", "holds objects of type float"),
    ("return 10**5000", "type", "returns a whole number of about 5,001 digits"),
    ("return [[10**5000] * 4]", "type", "numbers are asked for"),
    ("return np.array([[10**400] * 4])", "type", "holds whole numbers that are too large for numpy"),
    ("return np.array(['a'])", "type", "numbers are asked for"),
    ("return w.T @ X / 0", "not-finite", "in 4 of 4 entries"),
    ("return np.full((1, 4), np.nan)", "not-finite", "NaN in 4 of 4 entries"),
    ("raise ValueError('no such axis')", "raises", "raises ValueError: no such axis"),
    ("return 2 * (w.T @ X)", "factor:2", "is about 2 times too large"),
])
def test_each_trouble_has_its_own_line(problem_set, body, kind, says):
    verdict = verdict_on(problem_set, f"def predict(w, X):\n    {body}")
    row = verdict.rows[0]
    assert (verdict.points, row.kind) == (0, kind), row
    assert says in row.where
    assert "\n" not in row.where


@pytest.mark.parametrize(("code", "kind", "says"), [
    ("predict = 3", "not-callable", "is not a function"),
    ("predict = lambda w: w", "arguments", "takes other arguments"),
    ("def predict(w, X, b): return w.T @ X + b", "arguments", "takes other arguments"),
])
def test_a_function_of_another_kind_is_told(problem_set, code, kind, says):
    row = verdict_on(problem_set, code).rows[0]
    assert row.kind == kind
    assert says in row.where


@pytest.mark.parametrize("body", ["return W @ X", "W += 1; return W - 1, W[:1] - 1, X"])
def test_a_sentence_that_has_all_names_stands_in_one_row(body):
    namespace: dict = {}
    exec(f"def both(W, X):\n    {body}", namespace)
    case = {"W": np.ones((2, 2)), "X": np.eye(2)}
    with settings.using(settings.SelfCheck(known={"checks": {"values both": {"parameters": ["W", "X"], "cases": [
            pack((case["W"], case["W"][:1], case["X"]))]}}})):
        verdict = check.values(namespace["both"], at=[case], returns=("W", "first", "X"), points=3)
    said = verdict.rows[0].where
    assert "W" in said
    assert as_text(verdict).count(said) == 1


@pytest.mark.parametrize(("handed", "told"), [(["dW1", "dW2"], False), (["G1", "G2"], True)])
def test_nothing_is_said_of_a_way_back_where_gradients_are_handed_over(handed, told):
    namespace: dict = {}
    exec(f"def add({', '.join(handed)}, W1, W2):\n    return {handed[0]} + 3 * W1, {handed[1]} + 2 * W2", namespace)
    loss = f"({handed[0]} * W1 + {handed[1]} * W2 + W1**2 + W2**2).sum()"
    exec(f"def loss({', '.join(handed)}, W1, W2):\n    return {loss}", namespace)
    case = dict(zip([*handed, "W1", "W2"], np.random.default_rng(0).standard_normal((4, 2, 2))))
    known = {"checks": {"gradients add": {"parameters": list(case), "returned": ["dW1", "dW2"]}}}
    with settings.using(settings.SelfCheck(known=known)):
        verdict = check.gradients(namespace["add"], of=namespace["loss"], wrt=("W1", "W2"), at=[case], points=2)
    assert [row.right for row in verdict.rows] == [False, True]
    assert ("on the way back" in verdict.advice) is told


def test_what_gives_nothing_back_is_told_so_in_every_case():
    cases = [{"x": float(n), "case": f"x = {n}"} for n in (1, 2)]
    with settings.using(settings.SelfCheck(known={"checks": {"values nothing": {
            "parameters": ["x"], "cases": [1.0, 2.0]}}})):
        verdict = check.values(nothing, at=cases, by="case", points=2)
    assert (verdict.points, verdict.rows[0].where) == (0, "`nothing` returns None: is there a `return`?")


def nothing(x):
    x + 1


def test_one_number_that_is_none_is_told_without_places(problem_set):
    with settings.using(settings.SelfCheck(known={"checks": {"values endless": {"cases": [1.0]}}})):
        verdict = check.values(endless, at=[{"x": 1.0}], points=1)
    assert verdict.rows[0].where == "endless is infinite"


def endless(x):
    return x * np.inf


def test_a_missing_function_is_told(problem_set):
    namespace = dict(problem_set.reference)
    del namespace["predict"]
    source = problem_set.check_sources["predict-check"]
    verdict = problem_set.check(source, "predict-check", problem_set.subjects(namespace), 1).verdict
    assert verdict.rows[0].kind == "missing"
    assert verdict.points == 0


@pytest.mark.parametrize("body", [
    "print('here'); return w.T @ X",
    "import warnings; warnings.warn('careful'); return w.T @ X",
    "np.log(np.zeros(3)); return w.T @ X",
    "import sys; print('oh', file=sys.stderr); return w.T @ X",
    "return (w.astype(np.float32).T @ X.astype(np.float32))",
    "return np.array([[float(x @ w[:, 0]) for x in X.T]])",
    "return np.matrix(w.T @ X)",
    "return (w.T @ X).tolist()",
    "return tuple(map(tuple, w.T @ X))",
    "return [(w.T @ X)[0]]",
    "return w.T @ X, 'and what else there is'",
])
def test_prints_warnings_and_precision_cost_nothing(problem_set, body):
    verdict = verdict_on(problem_set, f"def predict(w, X):\n    {body}")
    assert verdict.points == 4, str(verdict)


def test_a_list_of_numbers_is_remarked_upon(problem_set):
    verdict = verdict_on(problem_set, "def predict(w, X):\n    return (w.T @ X).tolist()")
    assert "is a list; nothing is taken off" in verdict.rows[0].remark


def test_a_drawing_function_may_return_its_figure(problem_set):
    draw = problem_set.master.questions["draw"].cell.source
    assert verdict_on(problem_set, draw.rstrip() + "\n    return fig, ax\n", "draw").points == 3


def test_a_call_that_raises_costs_its_own_share(problem_set):
    """The cases have 4 samples and more; one of them raises, the others are right."""
    cases = list(problem_set.reference["cases"](np.random.default_rng(0)))
    largest = max(case["X"].shape[1] for case in cases)
    raising = f"    if X.shape[1] == {largest}:\n        raise ValueError('too many')\n"
    verdict = verdict_on(problem_set, f"def predict(w, X):\n{raising}    return w.T @ X")
    raised = sum(case["X"].shape[1] == largest for case in cases)
    assert verdict.points == pytest.approx(4 * (1 - raised / len(cases))), str(verdict)
    assert "raises ValueError: too many" in verdict.rows[0].where
    wrong = verdict_on(problem_set, f"def predict(w, X):\n{raising}    return 2 * w.T @ X")
    assert wrong.points == 0


SEARCHES = '''# %%
import numpy as np
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def searches(rng):
    for target in (3.0, 5.0, -1.0, -2.0, 7.0):
        start = rng.standard_normal()
        yield {"target": target, "start": start, "case": f"target {target}"}
    yield {"target": 0.0, "start": rng.standard_normal(), "case": "target 0"}

def is_a_root(result, target, start):
    return target < 0 if result[0] is None else abs(result[0] ** 2 - target) < 1e-6

def fails_where_there_is_none(result, target, start):
    return (result[0] is None) == (target < 0)

# %% nbgrader={"grade_id": "root", "solution": true}
def root(target, start):
    """Returns x: a root of the target, or None, and the start."""
    ### BEGIN SOLUTION
    return None if target < 0 else np.sqrt(target), start
    ### END SOLUTION

# %% nbgrader={"grade_id": "root-check", "grade": true}
check.properties(root, at=searches, points=2, a_root=is_a_root, failure=fails_where_there_is_none)

# %% nbgrader={"grade_id": "size", "solution": true}
def size(target, start):
    ### BEGIN SOLUTION
    return target * start
    ### END SOLUTION

# %% nbgrader={"grade_id": "size-check", "grade": true}
check.values(size, at=searches, points=6)

# %% nbgrader={"grade_id": "roots", "solution": true}
def roots(target, start):
    ### BEGIN SOLUTION
    return "none" if target < 0 else "some"
    ### END SOLUTION

# %% nbgrader={"grade_id": "roots-check", "grade": true}
check.values(roots, at=searches, points=6, by="case")
'''


@pytest.mark.parametrize(("question", "code", "points"), [
    # What is left where a function raises are cases in which nothing is right as well.
    ("root", "def root(target, start):\n    if target >= 0: raise ValueError\n    return None, start", 0),
    ("root", "def root(target, start):\n    if target: raise ValueError\n    return 0.0, start", 0),
    ("root", "def root(target, start):\n    if target > 0: raise ValueError\n    return None, start", 0),
    ("size", "def size(target, start):\n    if target: raise ValueError\n    return 0.0", 0),
    # The same in all cases that are answered, where other things are right.
    ("roots", "def roots(target, start):\n    return 'some'", 0),
    ("roots", "def roots(target, start):\n    if target == 3: raise ValueError\n    return 'some'", 0),
    ("roots", "def roots(target, start):\n    if target == -1: raise ValueError\n    return 'some'", 0),
    ("roots", "def roots(target, start):\n    if target > 0: raise ValueError\n    return 'none'", 0),
    ("roots", "def roots(target, start):\n    if target < 0: raise ValueError\n    return 'some'", 4),
    ("roots", "def roots(target, start):\n    if target > 3: raise ValueError\n"
              "    return 'none' if target < 0 else 'some'", 4),
    # One case that takes some work, and all that was given counts.
    ("root", "def root(target, start):\n    if target > 3: raise ValueError\n"
             "    return None if target < 0 else np.sqrt(target), start", 2 * 4 / 6),
    ("root", "def root(target, start):\n    if target != 3: raise ValueError\n    return 3**0.5, start", 2 / 6),
    ("size", "def size(target, start):\n    if target > 3: raise ValueError\n    return target * start", 4),
])
def test_raising_where_nothing_is_no_answer_does_not_make_it_one(question, code, points):
    master = parse(SEARCHES, "ps")
    searches = ProblemSet("ps", source_notebook(master), master)
    verdict = verdict_on(searches, code, question)
    assert verdict.points == pytest.approx(points, abs=1e-3), str(verdict)
    assert verdict_on(searches, master.questions[question].cell.source, question).right


def test_round_off_is_no_mistake_where_everything_is_zero():
    def nothing(w):
        return 0.0 * w.sum()

    wanted = numerical.gradient(nothing, np.ones(3))
    for got, ok in ((np.full(3, 1e-12), True), (np.full(3, 1e-6), False)):
        assert all(one.ok for one in judging._compared(got, wanted, np.zeros(3), None)) is ok


def test_changing_an_argument_costs_half(problem_set):
    verdict = verdict_on(problem_set, "def predict(w, X):\n    out = w.T @ X\n    X *= 0\n    return out")
    assert verdict.points == 2
    assert "changes its argument X in place" in verdict.rows[0].where


def test_partial_credit_by_output_and_by_case():
    def right(a):
        return a, 2 * a

    def wrong_second(a):
        return a, 3 * a

    def wrong_for_large(a):
        return 2 * a if a < 2 else 0.0

    cases = [{"a": 1.0, "case": "small"}, {"a": 5.0, "case": "large"}]
    setting = _Reference({"f": right, "g": lambda a: 2 * a})
    with settings.using(setting):
        verdict = check.values(_named("f", wrong_second), at=cases, returns=("one", "two"), points=3)
        assert [row.share for row in verdict.rows] == [1, 0]
        assert verdict.points == 1.5
        verdict = check.values(_named("g", wrong_for_large), at=cases, points=3, by="case")
        assert [(row.name, row.share) for row in verdict.rows] == [("small", 1), ("large", 0)]
        assert check.values(_named("f", right), at=cases, returns=("one", "two"), points=3).points == 3


@pytest.mark.parametrize("search", ["explaining", "known_mistakes", "ladder", "public_rungs"])
def test_a_search_for_reasons_that_stumbles_costs_no_points(search):
    def stumbles(*arguments):
        raise TypeError("odd numbers")

    setting = _Reference({"f": lambda a: (a, 2 * a)})
    setattr(setting, search, stumbles)
    cases = [{"a": 1.0, "case": "small"}, {"a": 900.0, "case": "large"}]
    with settings.using(setting):
        verdict = check.values(_named("f", lambda a: (a, 3 * a)), at=cases, returns=("one", "two"), points=2)
    assert [row.share for row in verdict.rows] == [1, 0]


@pytest.mark.parametrize("returned", [np.float64, np.ndarray, int, range])
def test_a_class_is_no_number(returned):
    verdict = check.values(lambda a: returned, at=[{"a": 1.0}], points=1)
    assert verdict.points == 0
    assert verdict.rows[0].where


def _named(name, function):
    function.__name__ = name
    return function


class _Reference:
    """A setting with a reference at hand, as grading has."""

    depth, tells_expected = "why", False

    def explaining(self, subject, key, arguments, agrees):
        return []

    def ladder(self, subject, key):
        return []

    def public_rungs(self, subject, key):
        return []

    def later(self, work):
        work()

    def __init__(self, functions):
        self.functions = functions

    def cases(self, key, at, hidden):
        return [dict(case) for case in at]

    def fixed(self, key, cases):
        return frozenset()

    def trusted(self, thing):
        return thing

    def parameters(self, subject, key):
        return subject.parameters()

    def expected(self, subject, key, index, arguments):
        from helpers.checking.observing import Local

        return Local(subject.name, self.functions[subject.name]).observe(*arguments)

    def known_mistakes(self, subject, key, arguments):
        return []

    def cheap_rows(self, key):
        return ()

    def cheap_cases(self, key):
        return {}

    def structure(self, subject, key, index, arguments):
        return None

    def number(self, key, compute):
        return compute()

    def remembered(self, key, compute):
        return compute()

    def slopes(self, key, index, name, measure, reference):
        return measure()

    def astray(self):
        return []

    def leaning(self, subject):
        return ""

    def told(self, name, check, right, written=True):
        pass


def loss(w, X):
    return float(np.mean(np.maximum(w @ X, 0) ** 2))


def slope(w, X):
    return 2 * (np.maximum(w @ X, 0) @ X.T) / X.shape[1]


def gradient_cases(rng):
    yield {"w": rng.standard_normal(3), "X": rng.standard_normal((3, 5))}


def test_a_self_check_uses_finite_differences_of_the_students_own_loss():
    assert check.gradients(slope, of=loss, wrt="w", at=gradient_cases, points=2).points == 2

    def half(w, X):
        return slope(w, X) / 2

    verdict = check.gradients(half, of=loss, wrt="w", at=gradient_cases, points=2)
    assert verdict.points == 0
    assert "finite differences say" in verdict.rows[0].where


def test_a_gradient_check_says_which_loss_it_waits_for():
    def unwritten(w, X):
        raise NotImplementedError

    verdict = check.gradients(slope, of=unwritten, wrt="w", at=gradient_cases, points=2)
    assert "needs the loss `unwritten` first: not written yet" in verdict.rows[0].where


@pytest.mark.parametrize("at_zero", [0.0, 0.3, 1.0])
def test_any_subgradient_of_relu_at_its_kink_is_right(at_zero):
    def total(x):
        return float(np.sum(np.maximum(x, 0)))

    def relu_slope(x):
        return np.where(x == 0, at_zero, (x > 0).astype(float))

    def too_steep(x):
        return np.where(x == 0, at_zero + 1.5, (x > 0).astype(float))

    cases = [{"x": np.array([-1.0, 0.0, 2.0])}]
    verdict = check.gradients(relu_slope, of=total, wrt="x", at=cases, points=1)
    assert verdict.right
    assert "kink" in verdict.rows[0].remark
    assert not check.gradients(too_steep, of=total, wrt="x", at=cases, points=1).right


def test_a_large_gradient_is_checked_and_a_single_wrong_entry_in_it_found():
    rng = np.random.default_rng(0)
    cases = [{"W": rng.standard_normal((256, 784)) / 28, "x": rng.standard_normal(784)}]

    def energy(W, x):
        return float(np.sum(np.tanh(W @ x)))

    def by_hand(W, x):
        return np.outer(1 - np.tanh(W @ x) ** 2, x)

    def one_wrong(W, x):
        found = by_hand(W, x)
        found[17, 391] += 5.0
        return found

    assert check.gradients(by_hand, of=energy, wrt="W", at=cases, points=1).right
    verdict = check.gradients(one_wrong, of=energy, wrt="W", at=cases, points=1)
    assert not verdict.right
    assert "[17, 391]" in verdict.rows[0].where


def test_a_jacobian():
    def map_of(W, x):
        return np.tanh(W @ x)

    def jacobian(W, x):
        return np.einsum("i,ij,k->ijk", 1 - np.tanh(W @ x) ** 2, np.eye(len(W)), x)

    cases = [{"W": np.random.default_rng(1).standard_normal((3, 2)), "x": np.array([0.3, -0.4])}]
    assert check.jacobian(jacobian, of=map_of, wrt="W", at=cases, points=1).right
    assert not check.jacobian(lambda W, x: 2 * jacobian(W, x), of=map_of, wrt="W", at=cases, points=1).right


def test_properties_are_rows():
    def softmax(z):
        e = np.exp(z)
        return e / e.sum(axis=1, keepdims=True)

    verdict = check.properties(softmax, at=[{"z": np.arange(6.0).reshape(2, 3)}], points=2,
                               columns_sum_to_one=lambda p, z: np.allclose(p.sum(axis=0), 1),
                               keeps_the_shape=lambda p, z: p.shape == z.shape)
    assert [(row.name, row.share) for row in verdict.rows] == [("columns sum to one", 0), ("keeps the shape", 1)]
    verdict = check.properties(softmax, at=[{"z": np.eye(2)}], points=1, rows_sum_to_1_up_to_1e_12=lambda p, z: False)
    assert "✗ rows sum to 1 up to 1e-12 " in as_text(verdict)


def test_training_is_held_against_a_bound():
    def descend(w, steps):
        losses = []
        for _ in range(steps):
            losses.append(float(w @ w))
            w = w - 0.1 * w
        return w, losses

    cases = [{"w": np.array([3.0, 4.0]), "steps": 50}]
    def reached(result, w, steps):
        return result[0] @ result[0]

    assert check.training(descend, at=cases, loss=reached, below=0.01, points=1).right
    assert check.training(descend, at=cases, loss=reached, below=lambda w, steps: w @ w / 1000, points=1).right
    verdict = check.training(lambda w, steps: (w, [0.0]), at=cases, loss=reached, below=0.01, points=1)
    assert "ends at a loss of 25" in verdict.rows[0].where  # whatever it says itself
    assert not check.training(lambda w, steps: (w * math.nan, []), at=cases, loss=reached, below=0.01, points=1).right


def test_a_solution_that_is_not_unique_is_judged_by_its_residual():
    def left_over(x, square):
        return x * x - square

    cases = [{"square": 2.0}]
    for root in (math.sqrt(2), -math.sqrt(2)):
        found = check.residuals(lambda square, root=root: root, of=left_over, at=cases, points=1)
        assert found.right
    assert not check.residuals(lambda square: 1.41, of=left_over, at=cases, points=1).right


FIGURE = "def draw(w, X):\n    fig, ax = plt.subplots()\n    "


@pytest.mark.parametrize(("code", "shares"), [
    ("ax.plot(X[0], label='a'); ax.plot(X[1], label='b'); ax.set(xlabel='x', ylabel='y'); ax.legend()", (1, 1, 1)),
    ("ax.plot(X[1], label='b'); ax.plot(X[0], label='a'); ax.set(xlabel='x', ylabel='y')", (1, 0, 1)),
    ("ax.plot(X[0], label='a'); ax.plot(-X[1], label='b'); ax.set(xlabel='x', ylabel='y'); ax.legend()", (1, 1, 0)),
    ("ax.plot(X[0]); ax.set(xlabel='x', ylabel='y')", (0, 1, 0)),
    ("plt.close(fig)", (0, 0, 0)),
    # A twin has the x label of its partner and a y axis of its own.
    ("ax.plot(X[0]); ax.set(xlabel='x', ylabel='loss'); b = ax.twinx(); b.plot(X[1]); b.set_ylabel('%')", (1, 1, 1)),
    ("ax.plot(X[0]); ax.set(xlabel='x', ylabel='loss'); b = ax.twinx(); b.plot(X[1])", (1, 0, 1)),
    ("ax.plot(X[0]); ax.set_ylabel('loss'); b = ax.twinx(); b.plot(X[1]); b.set_ylabel('share')", (1, 0, 1)),
    ("b = ax.twinx(); b.plot(X[0]); b.plot(X[1]); ax.set_xlabel('x'); b.set_ylabel('y')", (1, 0, 1)),
    ("b = ax.twinx(); lines = b.plot(X[0]) + b.plot(X[1]); ax.set_xlabel('x'); b.set_ylabel('y'); "
     "ax.legend(lines, ['a', 'b'])", (1, 1, 1)),
    ("ax.plot(X[0], label='a'); ax.plot(X[1], label='b'); ax.set(xlabel='x', ylabel='y'); fig.legend()", (1, 1, 1)),
    # Panels above each other share one label below; beside each other they do not.
    ("ax.remove(); a, b = fig.subplots(2, sharex=True); a.plot(X[0]); b.plot(X[1]); b.set_xlabel('x'); "
     "a.set_ylabel('a'); b.set_ylabel('b')", (1, 1, 1)),
    ("ax.remove(); a, b = fig.subplots(2); a.plot(X[0]); b.plot(X[1]); b.set_xlabel('x'); "
     "a.set_ylabel('a'); b.set_ylabel('b')", (1, 0, 1)),
    ("ax.remove(); a, b = fig.subplots(1, 2, sharex=True); a.plot(X[0]); b.plot(X[1]); b.set_xlabel('x'); "
     "a.set_ylabel('a'); b.set_ylabel('b')", (1, 0, 1)),
    ("ax.remove(); a, b = fig.subplots(1, 2, sharey=True); a.plot(X[0]); b.plot(X[1]); fig.supxlabel('x'); "
     "a.set_ylabel('a')", (1, 1, 1)),
])
def test_a_figure_is_drawn_labelled_and_right(problem_set, code, shares):
    verdict = verdict_on(problem_set, FIGURE + code, "draw")
    assert tuple(row.share for row in verdict.rows) == shares, str(verdict)
    assert plt.get_fignums() == []


def cell_with(outputs: list, points: float = 4.0) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell("check", outputs=outputs)
    cell.metadata["nbgrader"] = {"grade": True, "solution": False, "points": points, "grade_id": "x", "locked": True}
    return cell


@pytest.mark.parametrize("share", [0.0, 1 / 3, 0.1, 0.5, 1.0, np.float64(0.0), np.float32(1 / 3), np.float64(1.0), 7.0,
                                   -2.0])
def test_nbgrader_reads_the_number_that_a_verdict_means(share):
    """nbgrader gives full marks for what it cannot parse, so a verdict's text is always a plain float in range."""
    verdict = Verdict("f", [Row("a", np.float64(4 / 3), share=share), Row("b", 4 / 3, share=1.0), Row("c", 4 / 3)])
    bundle = verdict.mimebundle()
    assert type(float(bundle["text/plain"])) is float
    output = nbformat.v4.new_output("execute_result", bundle)
    score, _ = determine_grade(cell_with([output]))
    assert score == pytest.approx(4 / 3 * (1 + min(max(float(share), 0), 1)), abs=1e-4)


def test_nothing_is_written_to_stderr_and_no_warning_escapes(problem_set):
    code = ("def predict(w, X):\n    import sys, warnings\n    print('x', file=sys.stderr)\n"
            "    warnings.warn('y')\n    return np.log(-np.ones((1, X.shape[1])))")
    err = io.StringIO()
    with contextlib.redirect_stderr(err), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        verdict_on(problem_set, code)
    assert err.getvalue() == ""
    assert caught == []


def test_a_terminal_gets_a_table_and_a_kernel_a_number(monkeypatch):
    verdict = Verdict("f", [Row("W1", 2.0, where="W1[0, 1] is off", why="Because."), Row("W2", 2.0, share=1.0)])
    shell = types.SimpleNamespace()
    shell.get_ipython = lambda: None
    monkeypatch.setitem(sys.modules, "IPython", shell)
    assert verdict._repr_mimebundle_()["text/plain"].startswith("f: 2 of 4 points")
    assert "W1[0, 1] is off" in repr(verdict)
    shell.get_ipython = lambda: object()
    assert verdict._repr_mimebundle_()["text/plain"] == "2.0"


def test_many_right_rows_share_one_line():
    def verdict(count: int, wrong: int) -> Verdict:
        return Verdict("f", [Row(f"case {k}", 0.25, float(k >= wrong), where="" if k >= wrong else f"off at {k}")
                             for k in range(count)])

    few, many, all_right = verdict(6, 0), verdict(14, 1), verdict(14, 0)
    for told in (as_text, as_html):
        assert "all 6" not in told(few)
        assert "the other 13" in told(many)
        assert "3.25/3.25" in told(many)
        assert "off at 0" in told(many)
        assert "0.25/0.25" not in told(many)
        assert "all 14" in told(all_right)
        assert all(f"case {k}" in told(all_right) for k in range(14))


def test_a_row_that_is_right_and_does_not_count_yet_is_not_called_wrong():
    says = as_text(Verdict("start", [Row("biases are zero", 1, kind="cheap", where="right, but zeros would do as well"),
                                     Row("numbers from rng", 1, where="does not hold")]))
    assert "○ biases are zero   0/1  does not count yet" in says
    assert says.count("not yet right") == 1


def test_rows_of_what_is_not_written_share_one_line():
    verdict = Verdict("f", [Row(name, 1.0, where="needs `g`, which is not written yet", kind="needs-another")
                            for name in ("dW", "db")])
    assert [line.strip() for line in as_text(verdict).split("\n")[1:]] == [
        "○ all 2  0/2  not there yet: dW, db", "needs `g`, which is not written yet"]
    assert as_html(verdict).count("<tr ") == 1


@pytest.mark.parametrize(("depth", "shown", "hidden"), [
    ("verdict", [], ["the place", "the reason"]), ("where", ["the place"], ["the reason"]),
    ("why", ["the place", "the reason"], [])])
def test_three_depths(depth, shown, hidden):
    verdict = Verdict("f", [Row("W1", 2.0, where="the place", why="the reason")], depth=depth)
    for text in (as_text(verdict), as_html(verdict)):
        assert all(part in text for part in shown)
        assert not any(part in text for part in hidden)


def test_what_a_student_wrote_is_escaped():
    verdict = Verdict("<script>", [Row("<img src=x>", 1.0, where="raises Error: <script>alert(1)</script>")])
    assert "<script" not in as_html(verdict)
    assert "<img" not in as_html(verdict)


def test_a_stub_in_a_demonstration_is_polite(capsys):
    with check.once_written():
        raise NotImplementedError
    assert "once the functions above are written" in capsys.readouterr().out
    with check.once_written():
        raise ValueError("mine")
    assert "ValueError: mine" in capsys.readouterr().out
    with pytest.raises(KeyboardInterrupt), check.once_written():
        raise KeyboardInterrupt


TWO_PANELS = '''# %%
import numpy as np
import matplotlib.pyplot as plt
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def cases(rng):
    yield {"losses": rng.uniform(1, 2, (6, 2)), "shares": rng.uniform(0, 1, (6, 2))}

# %% nbgrader={"grade_id": "draw", "solution": true}
def draw(losses, shares):
    ### BEGIN SOLUTION
    figure, panels = plt.subplots(1, 2)
    for panel, record, what in zip(panels, (losses, shares), ("loss", "accuracy")):
        for column, name in enumerate(("training", "validation")):
            panel.plot(record[:, column], label=name)
        panel.set(xlabel="epoch", ylabel=what)
        panel.legend()
    ### END SOLUTION

# %% nbgrader={"grade_id": "draw-check", "grade": true}
check.figure(draw, at=cases, lines=4, panels=2, points=3)
'''


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new", "says"), [
    ("zip(panels,", "zip([panels[0], panels[0]],", "all lines are on one panel"),
    ("panel.plot(record[:, column], label=name)", "panels[column].plot(record[:, column], label=name + what)",
     "do not belong together"),
    ('("loss", "accuracy")', '("accuracy", "loss")', "that shows something else"),
    ('("training", "validation")', '("validation", "training")', "that shows something else"),
    ('xlabel="epoch", ylabel=what', 'ylabel="epoch", xlabel=what', "exchanged"),
    ("panel.legend()", "panel.plot(record.mean(axis=1), label='mean'); panel.legend()", "a line more"),
    ('("training", "validation")', '("seen data", "new data")', ""),
    ("panel.legend()", "panel.axhline(0.5); panel.axvline(3); panel.legend()", ""),
    ("panel.plot(record[:, column], label=name)", "panel.plot(record[:, column])", "no legend"),
    ("panel.legend()", "panel.set_ylim(0, 1); panel.legend()", "outside the limits"),
    ("panels = plt.subplots(1, 2)", "left = plt.subplots(); panels = left, left.twinx()", "asked for is 2 panels"),
    ("panels, (losses, shares)", "panels, (np.c_[losses[:, 0], shares[:, 0]], np.c_[losses[:, 1], shares[:, 1]])",
     "that belong on one panel"),
    ("panels = plt.subplots(1, 2)", "panels = plt.subplots(2, 1)", ""),
])
def test_a_figure_shows_each_thing_where_it_belongs_and_under_its_name(old, new, says, tmp_path):
    master = parse(TWO_PANELS, "ps")
    source = master.questions["draw"].cell.source
    assert old in source
    panels = ProblemSet("ps", source_notebook(master), master)
    verdict = verdict_on(panels, source.replace(old, new), "draw")
    assert (verdict.points == 3) is not bool(says), str(verdict)
    assert says in " ".join(row.where for row in verdict.rows)

    (tmp_path / "expected.json").write_text(json.dumps(expected_numbers(panels, "why")))
    with settings.using(settings.SelfCheck(tmp_path)):
        noted = evaluate(panels.check_sources["draw-check"], panels.candidate(source.replace(old, new)), "<check>")
    assert [row.share for row in noted.rows] == [row.share for row in verdict.rows], str(noted)
