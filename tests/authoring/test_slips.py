"""Questions “which slip is it?”, drawn from the mistakes of a master into another one."""

from __future__ import annotations

import shutil

import pytest
from conftest import ROOT, SMALL, coursekit

from helpers.checking.expected import PUBLIC_SEED
from helpers.grading.authoring import slips
from helpers.grading.authoring.source import source_notebook
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.marking.prepared import job_of
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.master import parse, read

BANK = "ps1_two_layer_nets"
PLACE = f"""# %% [markdown]
# # Which slip is it?
# <!-- slips from {BANK}: 2, draw 1 -->
#
# Read the code first.

# %% [markdown]
# <!-- end of slips -->

# %% [markdown]
# The last cell.
"""


@pytest.fixture(scope="module")
def bank() -> dict:
    return {BANK: read(ROOT / "notebooks" / f"{BANK}.py")}


def test_a_slip_is_a_mistake_with_its_own_sentence_among_others(bank):
    for slip in slips.drawn(bank, slips.Order((BANK,), 2, 5)):
        mistakes = {cell.source.strip(): cell.metadata["says"]
                    for question in bank[BANK].questions.values() for cell in question.mistakes}
        assert slip.choices[slip.right] == mistakes[slip.code]
        assert len(set(slip.choices)) == slips.CHOICES
        assert ": wrong" in slip.reports[slip.right]
        assert "BEGIN SOLUTION" not in slip.asked


def test_no_mistake_is_shown_twice_and_every_question_has_its_turn(bank):
    found = slips.drawn(bank, slips.Order((BANK,), 6, 1))
    assert len({slip.code for slip in found}) == 6
    assert len({slip.where for slip in found[:3]}) == len({slip.where for slip in found}) == 3


def test_a_draw_is_repeatable_and_another_one_differs(bank):
    once, again, other = (slips.drawn(bank, slips.Order((BANK,), 2, draw)) for draw in (1, 1, 2))
    assert once == again != other


def test_what_other_problem_sets_show_is_drawn_last(bank):
    order = slips.Order((BANK,), 2, 1)
    found = slips.drawn(bank, order)
    elsewhere = slips.shown_in([slips.rewritten(PLACE, order, found)])
    assert elsewhere == {slip.code for slip in found}
    assert not elsewhere & {slip.code for slip in slips.drawn(bank, order, elsewhere)}
    fit = filter(slips._fit, bank[BANK].questions.values())
    every = slips.Order((BANK,), sum(len(slips._short(question)) for question in fit), 1)
    whole = slips.drawn(bank, every, elsewhere)
    assert {slip.code for slip in whole[-2:]} == elsewhere


def test_the_cells_are_marked_like_any_others(bank):
    order = slips.Order((BANK,), 2, 1)
    found = slips.drawn(bank, order)
    text = slips.rewritten(PLACE, order, found)
    assert slips.rewritten(text, order, found) == text  # the place is used again, not twice
    assert text.startswith(PLACE[:PLACE.index("<!--")])
    assert text.endswith("# The last cell.\n")

    imports = "# %%\nfrom helpers import check\n\n"
    master = parse(imports + text, "ps9")
    assert [question.points for question in master.questions.values()] == [1, 1]
    problem_set = ProblemSet("ps9", source_notebook(master), master)
    for question, slip in zip(master.questions.values(), found):
        for cell in (question.cell, *question.mistakes):
            subjects = problem_set.subjects(problem_set.candidate(cell.source))
            grade_id = question.checks[0].grade_id
            verdict = problem_set.check(problem_set.check_sources[grade_id], grade_id, subjects, PUBLIC_SEED).verdict
            assert verdict.right == (cell is question.cell)
            if not verdict.right:
                assert verdict.rows[0].why.startswith("Not ")
        assert len(question.mistakes) == slips.CHOICES - 1
        assert f"return {slip.right + 1}\n" in question.cell.source


def test_a_bank_that_is_too_small_and_a_place_without_an_end_are_told(bank):
    with pytest.raises(CourseError, match="99 slips are asked for, and ps1_two_layer_nets have"):
        slips.drawn(bank, slips.Order((BANK,), 99, 1))
    with pytest.raises(CourseError, match="no place for slips"):
        slips.order_of(PLACE.replace(slips.END, ""))


def test_the_build_draws_anew(small_course):
    shutil.copy(ROOT / "notebooks" / f"{BANK}.py", small_course / "notebooks")
    path = small_course / "notebooks" / f"{SMALL}.py"
    path.write_text(path.read_text() + "\n" + PLACE)
    result = coursekit("build", SMALL, "--draw", "3", folder=small_course)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Drew 2 slips" in result.stdout
    released = (small_course / "release" / SMALL / f"{SMALL}.ipynb").read_text()
    assert "2, draw 3 -->" in path.read_text()
    assert "def slip_2()" in released
    assert "END SOLUTION" not in released
    assert "<!--" not in released
    assert job_of(Course(small_course), SMALL).master  # what was built is still what the master says
