"""The marking is marked: no problem set's checks may accept what is wrong, reject what is right, or misname it.

The short version of `coursekit validity`: few seeds, authored cells only; docs/scorecard.md holds the long one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import ROOT, SMALL, coursekit

from helpers.grading.authoring.cards import QuestionCard, Scorecard
from helpers.grading.authoring.mutants import mutants
from helpers.grading.authoring.scorecard import as_markdown
from helpers.grading.authoring.validity import is_prediction, scorecards
from helpers.grading.notebooks.master import read

pytestmark = pytest.mark.slow

MASTERS = sorted((ROOT / "notebooks").glob("*.py"))
SEEDS = 2


@pytest.mark.parametrize("path", MASTERS, ids=[path.stem for path in MASTERS])
def test_the_checks_of_a_problem_set_are_right(path: Path):
    if path.stem.startswith("ps7"):
        pytest.importorskip("torch")
    card, = scorecards([path], seeds=SEEDS, workers=1, with_mutants=False)
    for question in card.questions:
        assert question.false_accepts == []
        assert question.false_rejects == []
        assert question.misnamed == []
    assert card.named_share >= 0.95
    assert card.total("mistakes") >= 12
    assert card.total("alternatives") >= 6


def card_of(folder: Path, **changes: str) -> dict:
    """The scorecard of the small problem set after edits of its master."""
    path = folder / "notebooks" / f"{SMALL}.py"
    text = path.read_text()
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)
    result = coursekit("validity", "ps0", "--seeds", "3", "--json", folder=folder)
    card, = json.loads(result.stdout)
    card["exit"] = result.returncode
    return card


def test_the_example_is_green(small_course):
    card = card_of(small_course)
    assert card["green"]
    assert card["exit"] == 0
    assert card["caught_share"] == 1.0
    assert sum(question["mutants"] for question in card["questions"]) > 10


def test_a_check_that_accepts_a_mistake_is_found(small_course):
    # A mistake that is right after all: its author believes in it, the checks do not see it.
    card = card_of(small_course, **{"return X.T @ (X @ w - y) / len(y)": "return 2 * X.T @ (X @ w - y) / len(y)"})
    assert any("The square brings" in place for question in card["questions"] for place in question["false_accepts"])
    assert (card["green"], card["exit"]) == (False, 1)


def test_a_check_that_rejects_a_right_answer_is_found(small_course):
    card = card_of(small_course, **{'return 2 * np.einsum("nd,n->d", X, X @ w - y) / len(y)':
                                    'return 2.01 * np.einsum("nd,n->d", X, X @ w - y) / len(y)'})
    assert any("einsum" in place for question in card["questions"] for place in question["false_rejects"])
    assert not card["green"]


def test_right_answers_that_do_not_go_together_are_found(small_course):
    """Each is right alone: the first within the tolerance, which the second makes ten times as much of."""
    card = card_of(small_course, **{
        "return total / len(y)": "return total / len(y) * (1 + 9e-7)",
        'return 2 * np.einsum("nd,n->d", X, X @ w - y) / len(y)':
            "squared = np.mean((X @ w - y) ** 2)\n"
            "    return 2 * X.T @ (X @ w - y) / len(y) * (loss(w, X, y) / squared) ** 10"})
    rejected = {question["name"]: question["false_rejects"] for question in card["questions"]}
    assert rejected["loss"] == []
    assert rejected["gradient"]
    assert all("loss: a loop over the samples, gradient: einsum" in place for place in rejected["gradient"])


def test_a_check_that_rejects_a_form_of_the_solution_is_found(small_course):
    card = card_of(small_course, **{"check.values(loss, ": "check.values(loss, tolerance=1e-12, "})
    rejected = {question["name"]: question["false_rejects"] for question in card["questions"]}
    assert [place.split(",")[0] for place in rejected["loss"]] == ["single precision"]
    assert rejected["gradient"] == []


def test_two_mistakes_that_behave_alike_are_not_named(small_course):
    in_place = "    residuals = X @ w - y\n    X *= residuals[:, None]\n    return 2 * X.mean(axis=0)"
    card = card_of(small_course, **{in_place: "    return X.T @ (X @ w - y) / len(y)"})
    gradient = next(question for question in card["questions"] if question["name"] == "gradient")
    assert gradient["named"] == 0
    assert not card["green"]


def test_a_check_with_blind_cases_lets_mutants_survive(small_course):
    blind = {"yield {\"w\": rng.standard_normal(d), \"X\": rng.standard_normal((n, d)), \"y\": rng.standard_normal(n),":
             "yield {\"w\": np.zeros(d), \"X\": np.ones((n, d)), \"y\": np.ones(n),",
             'also_at=lambda rng: [{"w": rng.standard_normal(1), "X": rng.standard_normal((1, 1)), '
             '"y": rng.standard_normal(1)}],': "also_at=(),"}
    card = card_of(small_course, **blind)
    assert card["caught_share"] < 1.0
    assert any(question["survivors"] for question in card["questions"])


def test_a_prediction_has_no_mutants_and_a_function_of_something_has():
    questions = read(ROOT / "notebooks" / "ps6_momentum.py").questions
    foretold = {name for name, question in questions.items() if is_prediction(question)}
    assert foretold == {"predict-edge", "predict-rates"}


def test_mutants_are_small_changes_each_once():
    source = "def f(w, X):\n    return 2 * X.T @ (X @ w) / X.shape[1] - np.sum(w, axis=0)"
    made = mutants(source)
    texts = [mutant.source for mutant in made]
    assert len(texts) == len(set(texts)) > 15
    assert {"flip a sign", "drop a transpose", "another axis", "change a constant", "drop a term"} <= {
        mutant.rule for mutant in made}
    assert all(mutant.diff.count("\n") == 1 for mutant in made)


def test_the_scorecard_is_of_every_problem_set():
    page = (ROOT / "docs" / "scorecard.md").read_text()
    for path in MASTERS:
        row = re.search(rf"^\| {path.stem} \| (\d+) \|", page, re.M)
        assert row, f"{path.stem} is not in docs/scorecard.md: run coursekit validity --write docs/scorecard.md"
        assert int(row.group(1)) >= 300


def test_a_page_keeps_the_sets_that_were_not_measured_again():
    first = as_markdown([Scorecard("ps1_one", 300, [QuestionCard("a", 1.0, mistakes=7)]),
                         Scorecard("ps3_three", 300, [QuestionCard("c", 1.0)])])
    page = as_markdown([Scorecard("ps2_two", 30, [QuestionCard("b", 1.0)]),
                        Scorecard("ps3_three", 600, [QuestionCard("d", 1.0)])], first)
    rows = re.findall(r"(?m)^\| (ps\d\w+) \| (\d+)", page)
    assert rows == [("ps1_one", "300"), ("ps2_two", "30"), ("ps3_three", "600")]
    assert re.findall(r"(?m)^## (\w+)", page) == ["ps1_one", "ps2_two", "ps3_three"]
    assert re.findall(r"(?m)^\| ([a-d]) \|", page) == ["a", "b", "d"]
