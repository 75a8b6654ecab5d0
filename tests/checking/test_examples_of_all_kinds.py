"""Small examples for training loops, properties, words, functions and seeds; in the notebook and in grading alike."""

from __future__ import annotations

import json

import numpy as np
import pytest

from helpers import check
from helpers.checking import ladder
from helpers.checking import setting as settings
from helpers.grading.authoring.build import expected_numbers, source_notebook
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.marking.running import evaluate
from helpers.grading.notebooks.master import parse

MASTER = '''# %%
import numpy as np
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def pull(w, x):
    return w - np.mean(x)

def runs(rng):
    for n, steps in ((3, 4), (5, 6)):
        yield {"w": rng.standard_normal(n), "x": rng.standard_normal(n), "steps": steps, "rate": 0.25, "slope": pull}

def passes(rng):
    for n, d, h in ((4, 2, 3), (5, 3, 2)):
        X, W, b, v = (rng.standard_normal(s) for s in ((n, d), (d, h), (h,), (h,)))
        yield {"X": X, "W": W, "b": b, "v": v, "A": np.maximum(X @ W + b, 0)}

def kinds(rng):
    for kind in ("square", "cube", "square"):
        yield {"kind": kind, "z": rng.standard_normal(5)}

def plans(rng):
    for N, K in ((7, 3), (5, 2)):
        yield {"N": N, "K": K, "seed": int(rng.integers(100))}

def all_once(plan, N, K, seed):
    return sum(int(batch.sum()) for batch in plan) == N * (N - 1) // 2

# %% nbgrader={"grade_id": "run", "solution": true}
def run(w, x, steps, rate, slope):
    ### BEGIN SOLUTION
    path = []
    for _ in range(steps):
        path.append(np.sum(w ** 2))
        w = w - rate * slope(w, x)
    return w, np.array(path)
    ### END SOLUTION

# %% nbgrader={"grade_id": "run-check", "grade": true}
check.values(run, at=runs, returns=("w", "path"), points=2)

# %% nbgrader={"grade_id": "back", "solution": true}
def back(X, v, A):
    ### BEGIN SOLUTION
    return X.T @ ((A > 0) * v)
    ### END SOLUTION

# %% nbgrader={"grade_id": "back-check", "grade": true}
check.values(back, at=passes, points=2)

# %% nbgrader={"grade_id": "power", "solution": true}
def power(kind, z):
    ### BEGIN SOLUTION
    return z ** (2 if kind == "square" else 3)
    ### END SOLUTION

# %% nbgrader={"grade_id": "power-check", "grade": true}
check.values(power, at=kinds, points=2)

# %% nbgrader={"grade_id": "plan", "solution": true}
def plan(N, K, seed):
    ### BEGIN SOLUTION
    order = np.random.default_rng(seed).permutation(N)
    return [order[i:i + K] for i in range(0, N, K)]
    ### END SOLUTION

# %% nbgrader={"grade_id": "plan-check", "grade": true}
check.properties(plan, at=plans, points=2, every_sample_once=all_once)
'''
LATE = """def run(w, x, steps, rate, slope):
    path = []
    start = w
    for _ in range(steps):
        path.append(np.sum(w ** 2))
        w = w - rate * slope(start, x)
    return w, np.array(path)"""
ALL_ON = "def back(X, v, A):\n    return X.T @ (np.ones_like(A) * v)"
NO_CUBE = "def power(kind, z):\n    return z ** 2"
DROPS = """def plan(N, K, seed):
    order = np.random.default_rng(seed).permutation(N)
    return [order[i:i + K] for i in range(0, N - K + 1, K)]"""
COUNTS_FROM_1 = DROPS.replace("N - K + 1", "N").replace("permutation(N)", "permutation(N) + 1")
NO_SEED = DROPS.replace("N - K + 1", "N").replace("default_rng(seed)", "default_rng(0)")
GLOBAL = DROPS.replace("N - K + 1", "N").replace("default_rng(seed).", "")


@pytest.fixture(scope="module")
def problem_set() -> ProblemSet:
    master = parse(MASTER, "ps")
    return ProblemSet("ps", source_notebook(master), master)


@pytest.fixture(scope="module")
def expected(problem_set) -> str:
    return json.dumps(expected_numbers(problem_set, "where"))


def graded(problem_set: ProblemSet, code: str, name: str):
    checked = problem_set.check(problem_set.check_sources[f"{name}-check"], f"{name}-check",
                                problem_set.subjects(problem_set.candidate(code)), 5)
    checked.finish()
    return checked.verdict


def in_the_notebook(problem_set: ProblemSet, expected: str, code: str, name: str, folder, monkeypatch):
    (folder / "expected.json").write_text(expected)
    monkeypatch.chdir(folder)
    namespace = problem_set.candidate(code)
    with settings.using(settings.SelfCheck(folder)):
        return evaluate(problem_set.check_sources[f"{name}-check"], namespace, "<check>"), namespace


@pytest.mark.parametrize(("name", "code", "begin"), [
    ("run", LATE, "A case with `steps` = 1 is right, one with 2 is wrong: `run("),
    ("back", ALL_ON, "`back("),
    ("power", NO_CUBE, "`power(kind='cube', "),
    ("plan", DROPS, "asked for is"),
])
def test_the_same_example_in_the_notebook_and_in_grading(problem_set, expected, tmp_path, monkeypatch, name, code,
                                                         begin):
    there = graded(problem_set, code, name).example
    here, namespace = in_the_notebook(problem_set, expected, code, name, tmp_path, monkeypatch)
    assert begin in there
    assert there == here.example
    call = next(part for part in here.example.split("`")[::-1] if part.startswith(f"{name}("))
    eval(call, namespace)  # functions and generators by name: it can be pasted
    assert sum(np.size(a) for a in check.case(namespace[name]) if isinstance(a, np.ndarray)) <= ladder.MOST_NUMBERS


def test_it_says_which_outputs_are_right(problem_set):
    wrong_path = LATE.replace("slope(start, x)", "slope(w, x)").replace("np.sum(w ** 2)", "np.sum(w)")
    assert graded(problem_set, wrong_path, "run").example.endswith("(w is right here)")


def test_small_cases_keep_what_a_forward_pass_makes(problem_set):
    cases = [dict(case) for case in problem_set.reference["passes"](np.random.default_rng(0))]
    found = list(ladder.rungs(cases, ("X", "v", "A")))
    assert len(found) > 4
    for rung in found:
        case = rung.case
        assert np.allclose(case["A"], np.maximum(case["X"] @ case["W"] + case["b"], 0))


def test_a_property_says_its_numbers(problem_set):
    row = graded(problem_set, COUNTS_FROM_1, "plan").rows[0]
    assert row.where.endswith("`sum((int(batch.sum()) for batch in plan))` is 28, asked for is 21 (N = 7)")


@pytest.mark.parametrize(("code", "says"), [(NO_SEED, "the same whatever `seed` is"), (GLOBAL, "other numbers")])
def test_a_seed_that_is_not_used_costs_half(problem_set, expected, tmp_path, monkeypatch, code, says):
    for verdict in (graded(problem_set, code, "plan"),
                    in_the_notebook(problem_set, expected, code, "plan", tmp_path, monkeypatch)[0]):
        assert verdict.points == 1
        assert says in verdict.rows[0].where
    assert graded(problem_set, DROPS.replace("N - K + 1", "N"), "plan").points == 2
