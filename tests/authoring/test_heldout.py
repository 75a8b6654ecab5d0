"""Answers from outside the bank: measured through the real walls, counted in columns, grouped into proposals."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import jupytext
import pytest

from helpers.grading.authoring import heldout
from helpers.grading.authoring.build import build
from helpers.grading.authoring.proposals import Proposal, proposals
from helpers.grading.authoring.scorecard import heldout_table, with_section
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.notebooks.master import parse

ROOT = Path(__file__).resolve().parents[2]
MASTER = '''# %% [markdown]
# # A small set

# %%
import numpy as np
from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def cases(rng):
    for n, d in ((4, 2), (5, 3)):
        yield {"w": rng.standard_normal(d), "X": rng.standard_normal((d, n))}

# %% nbgrader={"grade_id": "scores", "solution": true}
def scores(w, X):
    ### BEGIN SOLUTION
    return w @ X
    ### END SOLUTION

# %% nbgrader={"grade_id": "scores-check", "grade": true}
check.values(scores, at=cases, points=2)
'''


def answer(body: str, expected: str, idea: str = "") -> dict:
    return {"set": "small", "question": "scores", "variant": idea or body, "expected": expected, "idea": idea,
            "cell": f"def scores(w, X):\n    {body}\n"}


BANK = [
    answer("return X.T @ w", "right"),
    answer("return 2 * w @ X", "right", "judged amiss"),
    answer("return w @ X", "wrong", "judged amiss as well"),
    answer("return np.tanh(w @ X)", "wrong", "a tanh"),
    answer("return np.cos(X).sum(axis=0) + len(w) ** 0.3", "wrong", "nonsense"),
    answer("return np.cos(X).sum(axis=0)+ len(w)**0.3", "wrong", "nonsense with other blanks"),
]


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    root = tmp_path_factory.mktemp("course")
    (root / "notebooks").mkdir()
    (root / "notebooks" / "small.py").write_text(MASTER)
    (root / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text())
    made = Course(root)
    build(made, "small", register=False)
    return made


@pytest.mark.walls
def test_every_answer_is_measured_alone(course, tmp_path):
    path = tmp_path / "bank.json"
    path.write_text(json.dumps(BANK))
    measured = heldout.measure(course, heldout.read_bank(path), workers=1)
    assert [one.kind for one in measured] == ["right kept", "right lost", "wrong kept", "told why", "told where",
                                              "told where"]
    assert "tanh" in measured[3].why[0]
    assert all("`scores(w=np.array(" in one.examples[0] for one in measured[3:])
    counts = dict(heldout.rates(measured))["all"]
    assert counts == Counter({"told where": 2, "right kept": 1, "right lost": 1, "wrong kept": 1, "told why": 1,
                              "example": 3})
    found = proposals(course, "small", measured)
    assert [len(one.answers) for one in found] == [2]  # the same behaviour is one proposal
    cell = parse(MASTER + "\n" + found[0].as_cell(), "small").questions["scores"].mistakes[0]
    assert cell.metadata["says"] == "nonsense"
    page = with_section("# Card\n", heldout_table(measured, "bank.json"))
    assert "| all | 1 | 1 | 1 | 1 | 2 | 0 |" in page
    assert with_section(page, heldout_table(measured, "bank.json")) == page


@pytest.mark.parametrize("text", ["nothing", "{}", '[{"set": "small"}]'])
def test_what_is_no_bank_is_refused_with_a_reason(tmp_path, text):
    path = tmp_path / "bank.json"
    path.write_text(text)
    if text == "{}":
        path.write_text("[1]")
    with pytest.raises(CourseError, match=r"bank\.json"):
        heldout.read_bank(path)


def test_answers_to_questions_that_nobody_asks_any_more_are_left_out(course):
    other = answer("return 1", "wrong") | {"question": "joined-since"}
    assert heldout.asked_still(course, [BANK[0], other]) == ([BANK[0]], ["small: joined-since"])


def test_the_kept_bank_is_one():
    bank = heldout.read_bank(ROOT / "tests" / "heldout" / "answers.json")
    assert len({(one["set"], one["question"], one["variant"]) for one in bank}) == len(bank) > 500
    assert {one["expected"] for one in bank} == {"right", "wrong", "debatable"}


def test_a_proposal_is_one_cell_whatever_its_author_wrote():
    answer = 'f = 1\n# %% nbgrader={"grade_id": "x", "locked": true}\n  #%% tags=["experiment"]\nimport os'
    cell = Proposal("f", (), [answer]).as_cell()
    assert len(jupytext.reads(cell, fmt="py:percent").cells) == 1
