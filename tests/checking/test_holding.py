"""The numbers behind a property that does not hold are those of the result, and not which case it is."""

from __future__ import annotations

from helpers.checking.holding import why_not


def right_numbers(result, kind, size):
    drawn = size
    if kind == "half":
        drawn = size / 2
    return abs(result) < 9 and bool(round(result, 6) in (drawn, -drawn))


def right_size(result, kind, size):
    if size > 1 and kind == "half":
        return result == size / 2
    return result == size


def test_which_case_it_is_is_not_asked_for():
    assert why_not(right_numbers, 3.5, "whole", 3) == ""


def test_what_the_result_is_compared_with_is_told():
    assert why_not(right_size, 3.5, "whole", 3) == "`result` is 3.5, asked for is 3 (size = 3)"
    assert why_not(right_numbers, 12.0, "whole", 3) == "`abs(result)` is 12, asked for is less than 9 (result = 12)"
