"""A predicate, a residual or a loss computes with wide numbers in the reference's form, whatever a student's function
returns."""

from __future__ import annotations

import nbformat
import numpy as np
import pytest

from helpers.grading.marking.reference import ProblemSet
from helpers.grading.sandbox.limits import Limits
from helpers.grading.sandbox.sandbox import Sandbox

CHECKS = {
    "residuals": "check.residuals(solve, of=lambda x, n: x ** 2, at=cases, points=2)",
    "training": "check.training(solve, loss=lambda x, n: np.sum(x ** 2), below=0.5, at=cases, points=2)",
    "properties": "check.properties(solve, at=cases, points=2, small=lambda x, n: np.sum(x ** 2) < 0.5, "
                  "negative=lambda x, n: np.all(x - 300 * np.ones_like(x) < 0))",
}
NARROW = {
    "whole numbers whose squares wrap around": "np.full(n, 16, np.uint8)",
    "signed ones": "np.full(n, 64, np.int8)",
    "16 bits": "np.full(n, 256, np.uint16)",
    "64 bits": "np.full(n, 2**32, np.uint64)",
    "patterns that are no number": "np.frombuffer((bytes(7) + bytes([1, 255, 63]) + bytes(6)) * n, np.longdouble)",
    "far more than a float holds": "np.full(n, 10, np.longdouble) ** 4000",
    "a stack of truth values": "np.ones(n, bool)",
    "a queue of narrow ones": "deque(np.full(n, 16, np.uint8))",
    "a queue that is repeated": "deque([1.0] * n)",
    "a range": "range(16, 16 + n)",
}
RIGHT = {"zeros": "np.zeros(n)", "single precision": "np.zeros(n, np.float32)", "whole zeros": "np.zeros(n, int)",
         "a list": "[0.0] * n", "a queue": "deque([0.0] * n)"}

# Two arrays are asked for, both zero. What stands for them are values, whatever they are called.
BOTH = {
    "one by one": "check.properties(solve, at=cases, points=2, zero=lambda r, n: all("
                  "len(part) == n and not np.any(part) for part in r))",
    "by place": "check.properties(solve, at=cases, points=2, zero=lambda r, n: np.shape(r[0]) == (n,) and "
                "not np.any(r[0]) and not np.any(r[1]))",
    "unpacked": "check.training(solve, at=cases, points=2, below=0.5, loss=lambda r, n: "
                "(lambda a, b: np.sum(np.abs(a)) + np.sum(np.abs(b)))(*r))",
    "the largest": "check.residuals(solve, at=cases, points=2, of=lambda r, n: max("
                   "np.max(np.abs(part)) for part in r))",
}
CALLED = {
    "zeros of right shapes": "{(0.0,) * n: np.ones(n), ((0.0, 0.0),) * n: np.ones((n, 2))}",
    "nothing": "{(): np.ones(n), ((),): np.ones((n, 2))}",
    "zero and nan": "{0.0: np.ones(n), float('nan'): np.ones((n, 2))}",
    "places": "{0: np.ones(n), 1: np.ones((n, 2))}",
    "places of others": "{1: np.zeros(n), 0: np.ones((n, 2))}",
    "texts": "{'': np.ones(n), '0': np.ones((n, 2))}",
}


@pytest.fixture(scope="module")
def student():
    with Sandbox("none", Limits(call_seconds=20)) as sandbox, sandbox.open() as student:
        student.run("import numpy as np")
        yield student


def points(student, check: str, returned: str, solution: str = "np.zeros(n)") -> float:
    cell = nbformat.v4.new_code_cell
    cells = [
        cell("import numpy as np\nfrom helpers import check\n"
             "def cases(rng):\n    for n in (3, 5): yield {'n': n}"),
        cell(f"def solve(n): return {solution}",
             metadata={"nbgrader": {"grade_id": "solve", "solution": True, "grade": False, "locked": False}}),
        cell(CHECKS[check], metadata={"nbgrader": {"grade_id": "solve-check", "solution": False, "grade": True,
                                                   "points": 2}}),
    ]
    problem_set = ProblemSet("narrow", nbformat.v4.new_notebook(cells=cells))
    student.run(f"from collections import deque\ndef solve(n): return {returned}")
    subjects = {name: student.subject(name) for name in problem_set.student_names}
    verdict = problem_set.check(cells[2].source, "solve-check", subjects, seed=1).verdict
    return 0.0 if verdict is None else verdict.points


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("narrow", NARROW)
def test_narrow_numbers_do_not_make_a_result_better(student, check, narrow):
    with np.errstate(all="ignore"):
        assert points(student, check, NARROW[narrow]) < 2


@pytest.mark.parametrize("check", ["residuals", "training"])
@pytest.mark.parametrize("right", RIGHT)
def test_right_ones_count_in_any_width(student, check, right):
    assert points(student, check, RIGHT[right]) == 2


@pytest.mark.parametrize("check", BOTH)
@pytest.mark.parametrize("called", CALLED)
def test_what_parts_are_called_makes_them_no_better(student, check, called, monkeypatch):
    monkeypatch.setitem(CHECKS, check, BOTH[check])
    for solution in ("(np.zeros(n), np.zeros((n, 2)))", "[np.zeros(n), np.zeros((n, 2))]"):
        assert points(student, check, CALLED[called], solution) == 0
        assert points(student, check, "{'one': np.zeros(n), 7: [[0.0] * 2] * n}", solution) == 2
        assert points(student, check, "[deque([0.0] * n), np.zeros((n, 2))]", solution) == 2
