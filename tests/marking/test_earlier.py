"""A right function that uses a wrong one is wrong: it is said which, in the notebook and in grading."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from helpers.checking import demonstrations
from helpers.checking import setting as settings
from helpers.checking.expected import PUBLIC_SEED
from helpers.grading.authoring.recording import expected_numbers
from helpers.grading.authoring.source import source_notebook
from helpers.grading.marking import earlier, mending
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.marking.running import evaluate
from helpers.grading.notebooks.master import parse

MASTER = '''# %%
import numpy as np

from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def cases(rng):
    yield {"x": rng.standard_normal(3)}


def through(x):
    return double(x)

# %% [markdown]
# ## 1.1 Twice

# %% nbgrader={"grade_id": "double", "solution": true}
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %% nbgrader={"grade_id": "double-check", "grade": true, "points": 1}
check.values(double, at=cases, points=1)

# %% [markdown]
# ## 1.2 Four times

# %% nbgrader={"grade_id": "quadruple", "solution": true}
def quadruple(x):
    ### BEGIN SOLUTION
    return 2 * through(x)
    ### END SOLUTION

# %% nbgrader={"grade_id": "quadruple-check", "grade": true, "points": 1}
check.values(quadruple, at=cases, points=1)
'''
WRONG = "def double(x):\n    return 3.5 * x + np.arange(3)\n"
LOCKED = "def through(x):\n    return double(x)\n"
RIGHT = "def quadruple(x):\n    return 2 * through(x)\n"
ELSEWHERE = "def quadruple(x):\n    return 5 * x + np.arange(3)\n"


@pytest.fixture(scope="module")
def problem_set() -> ProblemSet:
    master = parse(MASTER, "ps")
    return ProblemSet("ps", source_notebook(master), master)


def in_grading(problem_set: ProblemSet, quadruple: str) -> str:
    subjects = problem_set.subjects(problem_set.candidate(WRONG + LOCKED + quadruple))
    verdicts = [(name, problem_set.check(text, name, subjects, PUBLIC_SEED, depth="where").verdict)
                for name, text in problem_set.check_sources.items()]
    earlier.tell(problem_set, verdicts, {"double": WRONG, "quadruple": quadruple})
    return verdicts[1][1].first


def in_the_notebook(problem_set: ProblemSet, quadruple: str) -> str:
    namespace = problem_set.candidate(WRONG + LOCKED + quadruple)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "expected.json").write_text(json.dumps(expected_numbers(problem_set, "where")))
        with settings.using(settings.SelfCheck(Path(folder))):
            return [evaluate(text, namespace, "<check>").first for text in problem_set.check_sources.values()][1]


@pytest.mark.parametrize("place", [in_grading, in_the_notebook])
@pytest.mark.parametrize(("quadruple", "says"), [
    (RIGHT, "`quadruple` builds on `double` (1.1), which is not right yet: look there as well."),
    (ELSEWHERE, ""),
])
def test_a_wrong_function_below_is_named(problem_set, monkeypatch, place, quadruple, says):
    monkeypatch.setattr(demonstrations, "_red", {})
    assert place(problem_set, quadruple) == says


@pytest.mark.parametrize(("double", "wanting"), [
    ("def double(x):\n    raise ValueError('no')\n", False),
    ("def double(x):\n    return 2 * x[:5]\n", True),
])
def test_no_change_of_an_answer_is_what_mends_a_function_below(problem_set, double, wanting):
    """Without the line that calls the wrong function the answer would be right, and the line is not what is wrong."""
    quadruple = "def quadruple(x):\n    y = 4 * x\n    y = np.cos(double(x)) + np.arange(3)\n    return y\n"
    namespace = problem_set.candidate(double + quadruple)
    subjects = problem_set.subjects(namespace)
    checked = {name: problem_set.check(text, name, subjects, PUBLIC_SEED)
               for name, text in problem_set.check_sources.items()}
    earlier.tell(problem_set, [(name, one.verdict) for name, one in checked.items()],
                 {"double": double, "quadruple": quadruple})
    last = checked["quadruple-check"].verdict
    assert mending.wanting(last) is wanting
    assert bool(last.first) is not wanting
