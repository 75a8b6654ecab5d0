"""Rows of a verdict are called what the function's docstring calls its results."""

from __future__ import annotations

import ast

import pytest

from helpers.checking.expected import PUBLIC_SEED
from helpers.grading.authoring.source import source_notebook
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.master import parse
from helpers.grading.notebooks.returning import names_returned

MASTER = '''
# %% nbgrader={"grade_id": "cases", "locked": true}
def cases(rng):
    yield {"W": rng.standard_normal((2, 3)), "b": rng.standard_normal(2), "x": rng.standard_normal(3)}


def loss(W, b, x):
    return np.sum((W @ x + b) ** 2)


# %% nbgrader={"grade_id": "backward", "solution": true}
def backward(W, b, x):
    """The gradients of the loss.

    W: (m, n), b: (m,), x: (n,).
    Returns dW: (m, n) and db: (m,).
    """
    ### BEGIN SOLUTION
    d = 2 * (W @ x + b)
    return np.outer(d, x), d
    ### END SOLUTION

# %% nbgrader={"grade_id": "backward-check", "grade": true, "points": 2}
check.gradients(backward, of=loss, wrt=("W", "b"), at=cases, points=2)
'''


def test_a_wrong_row_has_the_name_of_the_docstring():
    master = parse("# %%\nimport numpy as np\n\nfrom helpers import check\n" + MASTER, "ps")
    problem_set = ProblemSet("ps", source_notebook(master), master)
    subjects = problem_set.subjects(problem_set.candidate(
        "def backward(W, b, x):\n    d = W @ x + b\n    return np.outer(d, x), 2 * d"))
    verdict = problem_set.check(problem_set.check_sources["backward-check"], "backward-check", subjects,
                                PUBLIC_SEED).verdict
    assert [row.shown for row in verdict.rows] == ["dW", "db"]
    assert verdict.rows[0].where.startswith("dW[")


@pytest.mark.parametrize(("docstring", "last", "names"), [
    ("Returns dX: (N, D), dgamma: (D,), dbeta: (D,).", "dX, a + b, c", ("dX", "dgamma", "dbeta")),
    ("Back through it.\n\n    G: (k,). Returns dz: (m,), the derivative.", "f(G)", ("dz",)),
    ("The gradients\n\n    Returns dW1, db1, in the shapes of the weights.", "gradients_of(loss)", ("dW1", "db1")),
    ("Returns J1: (n, m) with J1[i, j] = d f[i] / d W1[j],\n            J2: (n, n, m).", "J1, J2", ("J1", "J2")),
    ("Returns dX: (T, D), dh0: (d,).", "dX, dh", ("dX", "dh0")),  # what a student reads, not the solution's own
    ("Returns dX: (T, D).", "dX, dh", ("dX", "dh")),
    ("Returns an array (D,).", "d_z", ("d_z",)),
    ("Returns (N, C, H, W).", "G * 2", ()),
    ("Returns two new arrays, (d_h, d) and (m, d_h).", "a + b, c", ()),
    ("Returns True.", "a == b", ()),
    ("step: called as step(G), returns dx, dh. Returns the sum of them.", "a + b", ()),
    ("", "dW, dW", ()),
])
def test_names_come_from_the_docstring_or_the_return_and_are_never_guessed(docstring, last, names):
    tree = ast.parse(f"def f(a, b):\n    '''{docstring}'''\n    return {last}")
    assert names_returned(tree, "f") == names
