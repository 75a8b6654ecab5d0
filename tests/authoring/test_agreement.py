"""A self-check says what grading says, whatever the other questions' answers are."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, SMALL, coursekit

from helpers import check
from helpers.checking import setting as settings
from helpers.checking.verdict import Verdict
from helpers.grading.authoring import agreement
from helpers.grading.authoring.recording import expected_numbers
from helpers.grading.authoring.scorecard import agreement_table, section_of, with_section
from helpers.grading.authoring.validity import at_hand
from helpers.grading.marking.running import evaluate

PS1 = ROOT / "notebooks" / "ps1_two_layer_nets.py"
RELEASE = ROOT / "release" / PS1.stem

WRONG_LOSS = "def mean_loss(F, Y):\n    return np.sum((F - Y) ** 2)\n"
GRADIENTS_OF_THE_WRONG_LOSS = """
def sigmoid_gradients(W2, X, Y, H, F):
    R = 2 * (F - Y)
    return ((W2.T @ R) * H * (1 - H)) @ X.T, R @ H.T
"""


def self_check(grade_id: str, *answers: str) -> Verdict:
    """What a released check of problem set 1 says in a notebook with these answers, all others right."""
    problem_set, _ = at_hand(str(PS1), "mean-loss")
    namespace = agreement.notebook_namespace(problem_set, answers)
    cell = next(c for c in problem_set.notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)
    with settings.using(settings.SelfCheck(RELEASE)):
        return evaluate(agreement.without_hidden_tests(cell.source), namespace, "<check>")


def test_a_right_gradient_of_a_wrong_loss_is_right_and_the_loss_is_named():
    verdict = self_check("linear-gradients-check", WRONG_LOSS)
    assert verdict.points == 4
    assert "`mean_loss` (1.2) is not right yet" in verdict.first
    assert verdict.first in repr(verdict)
    assert "1.2" in verdict.mimebundle()["text/html"]


def test_a_wrong_gradient_is_not_right_because_the_loss_is_wrong_in_the_same_way():
    verdict = self_check("sigmoid-gradients-check", WRONG_LOSS, GRADIENTS_OF_THE_WRONG_LOSS)
    assert verdict.points == 0
    assert "`mean_loss` (1.2)" in verdict.first
    assert "finite differences of the right loss say" in verdict.rows[0].where


def test_a_loss_that_is_not_written_is_named_and_stops_nothing():
    verdict = self_check("linear-gradients-check", "def mean_loss(F, Y):\n    raise NotImplementedError()\n")
    assert verdict.points == 4
    assert "`mean_loss` (1.2) is not written yet" in verdict.first


def test_a_training_run_is_judged_with_the_right_loss():
    assert self_check("linear-train-end-check", "def mean_loss(F, Y):\n    return 100 + np.sum((F - Y) ** 2)\n").right


def test_nothing_is_said_where_all_is_right():
    assert self_check("linear-gradients-check").first == ""


def test_without_the_build_s_numbers_the_student_s_own_loss_is_differentiated(tmp_path: Path):
    with settings.using(settings.SelfCheck(tmp_path)):
        verdict = check.gradients(lambda w: 2 * w, of=lambda w: np.sum(w**2), wrt="w",
                                  at=[{"w": np.array([1.0, -2.0])}], points=2)
    assert verdict.points == 2


HANDED_OVER = '''
# %%
import numpy as np

from helpers import check

# %% nbgrader={"grade_id": "cases", "locked": true}
def some_lists(rng):
    for n in (3, 5):
        yield {"x": [float(number) for number in rng.standard_normal(n)], "case": f"n = {n}"}


def by_sign(order, x):
    return sorted(order) == list(range(len(x))) and all(x[i] <= 0 or x[j] > 0 for i, j in zip(order, order[1:]))


def with_an_order(rng):
    for case in some_lists(rng):
        yield {**case, "sort": lambda x: negative_first(x)}

# %% nbgrader={"grade_id": "order", "solution": true}
def negative_first(x):
    ### BEGIN SOLUTION
    return sorted(range(len(x)), key=lambda i: x[i])
    ### END SOLUTION

# %% nbgrader={"grade_id": "order-check", "grade": true, "points": 1}
check.properties(negative_first, at=some_lists, points=1, all_are_there_and_negative_ones_first=by_sign)

# %% tags=["mistake"] question="order" says="Positive ones stand first."
def negative_first(x):
    return sorted(range(len(x)), key=lambda i: -x[i])

# %% nbgrader={"grade_id": "gaps", "solution": true}
def gaps(x, sort):
    ### BEGIN SOLUTION
    order = sort(x)
    return np.diff([x[i] for i in order])
    ### END SOLUTION

# %% nbgrader={"grade_id": "gaps-check", "grade": true, "points": 2}
check.values(gaps, at=with_an_order, points=2, by="case")

# %% tags=["mistake"] question="gaps" says="Numbers are sorted by their size."
def gaps(x, sort):
    return np.diff([abs(x)[i] for x in [np.asarray(x)] for i in sort([abs(number) for number in x])])

# %% nbgrader={"grade_id": "bend", "solution": true}
def bend(x):
    ### BEGIN SOLUTION
    return x**3
    ### END SOLUTION

# %% nbgrader={"grade_id": "bend-cases", "locked": true}
def measured_slopes(rng):
    for n in (3, 4):
        x = 2 + rng.random(n)
        yield {"x": x, "s": (bend(x + 1e-7) - bend(x - 1e-7)) / 2e-7, "G": rng.standard_normal(n), "case": f"n = {n}"}


def bent(x, s, G):
    return G @ bend(x)


def numbers(rng):
    yield {"x": 2 + rng.random(4)}

# %% nbgrader={"grade_id": "bend-check", "grade": true, "points": 1}
check.values(bend, at=numbers, points=1)

# %% tags=["mistake"] question="bend" says="This is the square."
def bend(x):
    return x**2

# %% tags=["mistake"] question="bend" says="This is no array of floats."
def bend(x):
    raise OverflowError("too large")

# %% nbgrader={"grade_id": "back", "solution": true}
def back(x, s, G):
    ### BEGIN SOLUTION
    return G * s
    ### END SOLUTION

# %% nbgrader={"grade_id": "back-check", "grade": true, "points": 2}
check.gradients(back, of=bent, wrt="x", at=measured_slopes, points=2)

# %% tags=["mistake"] question="back" says="The slope has been left out."
def back(x, s, G):
    return G
'''


@pytest.fixture(scope="module")
def handed_over(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A master whose cases hand over a function of an earlier question, one with many right answers."""
    path = tmp_path_factory.mktemp("handed") / "ps0_handed_over.py"
    path.write_text(HANDED_OVER, encoding="utf-8")
    return path


def test_a_function_that_a_case_hands_over_answers_as_in_grading(handed_over: Path):
    found = agreement.agreement_of(str(handed_over), "gaps")
    assert found.parted == []
    assert found.rows[agreement.WITH_ANOTHER] == 4


def test_a_case_that_measures_an_earlier_function_is_the_one_of_grading(handed_over: Path):
    """Answers that are noted to some digits make no difference quotient: the case itself is."""
    found = agreement.agreement_of(str(handed_over), "back")
    assert found.parted == []
    assert found.rows[agreement.WITH_ANOTHER] == 3
    problem_set, question = at_hand(str(handed_over), "back")
    namespace = agreement.notebook_namespace(problem_set, ["def bend(x):\n    return x**2"])
    with settings.using(settings.SelfCheck(known=json.loads(json.dumps(expected_numbers(problem_set, "why"))))):
        verdict = evaluate(question.checks[0].source, namespace, "<check>")
    assert verdict.points == 2
    assert "`bend`" in verdict.first


@pytest.mark.parametrize(("order", "named"), [
    ("sorted(range(len(x)), key=lambda i: x[i] > 0)", ""),  # as right as the solution's, and another
    ("[x.missing]", "`negative_first`"),
])
def test_another_right_answer_is_not_called_wrong(handed_over: Path, order: str, named: str):
    problem_set, question = at_hand(str(handed_over), "gaps")
    namespace = agreement.notebook_namespace(problem_set, [f"def negative_first(x):\n    return {order}"])
    with settings.using(settings.SelfCheck(known=json.loads(json.dumps(expected_numbers(problem_set, "why"))))):
        verdict = evaluate(question.checks[0].source, namespace, "<check>")
    assert verdict.points == 2
    assert named in verdict.first
    assert bool(verdict.first) is bool(named)


@pytest.mark.slow
@pytest.mark.parametrize("question", ["linear-gradients", "sigmoid-train"])
def test_both_places_agree_row_by_row(question: str):
    found = agreement.agreement_of(str(PS1), question)
    assert found.parted == []
    assert found.rows[agreement.WITH_ANOTHER] > 10


@pytest.mark.slow
def test_places_that_part_are_found(monkeypatch: pytest.MonkeyPatch):
    """Without the reference's answers a check uses the student's own loss."""
    def stripped(problem_set):
        known = copy.deepcopy(shipped(problem_set))
        for check_ in known["checks"].values():
            check_.pop("answers", None), check_.pop("slopes", None)
        return known

    shipped = agreement._shipped
    monkeypatch.setattr(agreement, "_shipped", stripped)
    found = agreement.agreement_of(str(PS1), "linear-gradients")
    assert not found.green
    assert any("mean-loss" in parted for parted in found.parted)


@pytest.mark.slow
def test_the_command_writes_its_section_and_keeps_the_rest(small_course: Path):
    page = small_course / "scorecard.md"
    page.write_text("# The scorecard\n\nWords.\n\n## ps0_small\n\nA table.\n")
    result = coursekit("agreement", "ps0", "--workers", "1", "--write", str(page), folder=small_course)
    assert result.returncode == 0, result.stdout + result.stderr
    text = page.read_text()
    assert f"| {SMALL} |" in text
    assert "A table." in text
    assert text.index("Self-check and mark") < text.index("A table.")


def test_further_answers_have_to_be_answers(tmp_path: Path):
    path = tmp_path / "answers.json"
    path.write_text(json.dumps([{"set": "ps1"}]))
    with pytest.raises(Exception, match="no JSON list"):
        agreement.read_answers(path)


def test_a_section_is_replaced_and_found_again():
    section = agreement_table([agreement.Agreement("ps1")])
    once = with_section("# Page\n\n## A\n\ntext\n", section)
    assert with_section(once, section) == once
    assert section_of(once, section.splitlines()[0]).strip() == section.strip()


def test_sets_that_are_not_measured_again_keep_their_rows():
    one, other = agreement.Agreement("ps1"), agreement.Agreement("ps2")
    one.rows[agreement.ALONE], one.agree[agreement.ALONE], one.answers[agreement.ALONE] = 1234, 1233, 7
    other.rows[agreement.WITH_ANOTHER], other.agree[agreement.WITH_ANOTHER] = 10, 10
    page = with_section("# The scorecard\n", agreement_table([one]))
    both = agreement_table([other], page)
    assert "| ps1 | 7 | 1,234 | 1,233 | 0 | 0 | 0 | 99.92% |" in both
    assert "| all | 7 | 1,234 | 1,233 | 0 | 10 | 10 | 99.92% |" in both
    assert both.count("| ps1 |") == agreement_table([one], page).count("| ps1 |") == 1
