"""The picture of an error belongs to the case in the text, says what a square is, and is text without its colours."""

from __future__ import annotations

import re

import numpy as np
import pytest

from helpers import check
from helpers.checking.maps import SIDE, colour, error_map
from helpers.checking.verdict import Row, Verdict, as_html, as_text

RNG = np.random.default_rng(5)


def product(A, B):
    return A @ B


def shape_then_numbers(rng):
    yield {"A": np.ones((2, 3)), "B": np.ones((3, 2)), "case": "square"}
    yield {"A": rng.standard_normal((2, 3)), "B": rng.standard_normal((3, 4)), "case": "wide"}


def self_check(of):
    """A check of values whose right answers are those of `product`."""
    from helpers.checking import setting as settings
    from helpers.checking.expected import pack

    cases = settings.draw(shape_then_numbers, settings.PUBLIC_SEED, "values product shape_then_numbers")
    known = {"checks": {"values product shape_then_numbers": {
        "cases": [pack(case["A"] @ case["B"]) for case in cases], "parameters": ["A", "B"]}}}
    of.__name__ = "product"
    with settings.using(settings.SelfCheck(known=known)):
        return check.values(of, at=shape_then_numbers, points=1)


def test_the_map_is_of_the_case_that_the_text_tells():
    def transposed_where_it_shows(A, B):
        return 2 * (A @ B) if A.shape[0] == B.shape[1] else (A @ B).T

    def transposed_first(A, B):
        return (A @ B)[:1] if A.shape[0] == B.shape[1] else 2 * (A @ B)

    row = self_check(transposed_where_it_shows).rows[0]
    assert "(square)" in row.where
    assert row.error_map is None  # two by two: no picture, and none of the other case either
    row = self_check(transposed_first).rows[0]
    assert "has shape (1, 2), asked for is (2, 2)" in row.where
    assert row.error_map is None


@pytest.mark.parametrize(("factor", "said"), [
    (2.0, "about 2 times too large"), (0.4, "about 2.5 times too small"), (-1.0, "of the wrong sign"),
    (-3.0, "about 3 times too large, and of the wrong sign")])
def test_a_factor_is_one_even_colour_and_said(factor, said):
    expected = RNG.uniform(0.5, 2.0, (4, 6)) * np.logspace(-2, 2, 6)
    found = error_map(factor * expected, expected)
    assert len({value for line in found.grid for value in line}) == 1
    assert found.legend == f"× all entries are {said}"


def test_one_scale_for_all_maps():
    """An error of a half is drawn alike, whatever else is off in the same tensor."""
    expected = np.ones((3, 4))
    one, other = expected.copy(), expected.copy()
    one[0, 0] = other[0, 0] = 1.5
    other[2, 3] = -40.0
    drawn = [colour(error_map(got, expected).grid[0][0]) for got in (one, other)]
    assert drawn[0] == drawn[1] != ""
    assert colour(0.05) != colour(0.9)
    assert colour(0.3) != colour(-0.3)


def test_rows_and_columns_have_their_numbers():
    got, expected = np.zeros((40, 23)), np.zeros((40, 23))
    expected[7, 20], expected[0, 0] = 1, 1
    got[0, 0] = 1
    found = error_map(got, expected)
    assert (len(found.rows), len(found.columns)) == (SIDE, SIDE)
    place = [(found.rows[i], found.columns[j]) for i in range(SIDE) for j in range(SIDE) if found.grid[i][j]]
    assert place == [(max(r for r in found.rows if r <= 7), max(c for c in found.columns if c <= 20))]
    lines = ["".join(text for text, _ in line) for line in found.lines()]
    assert lines[1].startswith(f"{found.rows[0]:>2} ")
    for mark in re.finditer(r"\d+", lines[0]):  # each stands over the first cell of its column
        assert found.columns[(mark.start() - 3) // 2] == int(mark.group())


def test_what_a_square_stands_for_is_said():
    assert "the worst of up to 3 × 2 entries" in error_map(np.ones((40, 23)), RNG.random((40, 23))).legend
    assert "the worst of all 5 along axis 0" in error_map(np.ones((5, 3, 4)), RNG.random((5, 3, 4))).legend
    assert "worst" not in error_map(np.ones((5, 4)), RNG.random((5, 4))).legend


def test_unknown_entries_and_odd_results_are_no_trouble():
    expected = np.array([[1.0, np.nan, 2.0], [np.nan, 3.0, 4.0]])
    found = error_map(np.array([[1.0, 9.0, 2.0], [9.0, 3.0, 5.0]]), expected)
    assert found.grid == ((0.0, 0.0, 0.0), (0.0, 0.0, 0.25))
    assert error_map(np.full((3, 4), np.inf), np.ones((3, 4))) is None
    assert error_map(np.ones((3, 4)), np.zeros((3, 4))).legend == "+ above the right number"
    assert error_map(np.ones((3, 4)), np.full((3, 4), np.nan)).grid[0][0] == 0


@pytest.mark.parametrize(("got", "expected"), [
    (1e300, 1e300), (1e300, 1e-300), (1e-300, 1e300), (1e-200, 1e-200), (1.0, np.inf), (1e300, np.inf), (1e308, -1e308),
])
def test_numbers_of_any_size_have_a_map_that_can_be_drawn_or_none(got, expected):
    numbers = RNG.uniform(0.5, 1.5, (3, 4))
    for wrong in (got * numbers, got * numbers * RNG.choice([-1, 1], (3, 4))):
        found = error_map(wrong, expected * numbers)
        if found is not None:
            assert found.factor is None or np.isfinite(found.factor)
            assert all(colour(value) for line in found.grid for value in line if value)
            assert all(-1 <= value <= 1 for line in found.grid for value in line)


def test_without_styles_the_map_is_still_to_be_read():
    expected = RNG.standard_normal((3, 4))
    got = expected.copy()
    got[1, 2] += 5
    row = Row("dW1", 1.0, where="dW1[1, 2]: got 1, expected 2", error_map=error_map(got, expected))
    made = as_html(Verdict("f", [row]))
    bare = re.sub(r"<[^>]+>", "", made)
    drawn = "  0 1 2 3\n0 · · · · \n1 · · + · \n2 · · · · "
    assert drawn in bare
    assert drawn.replace(" \n", "\n").split("\n")[2] in as_text(Verdict("f", [row]))
    assert "<svg" not in made


def test_one_sentence_for_all_rows_that_are_wrong_alike():
    rows = [Row("W1", 1, where="dW1[0, 2]: got 3, expected 1 (n = 5)", why="dW1 is N times too large.", label="dW1"),
            Row("b1", 1, where="db1[4]: got 7, expected 2 (n = 3)", why="db1 is N times too large.", label="db1"),
            Row("W2", 1, where="dW2 has shape (2, 3), asked for is (3, 2): it is transposed (n = 5)", label="dW2")]
    text = as_text(Verdict("f", rows, depth="why"))
    assert text.count("got") == 1
    assert text.count("N times too large") == 1
    assert text.count("it is transposed") == 1
    assert "✗ db1" in text
    assert as_html(Verdict("f", rows, depth="why")).count("N times too large") == 1
