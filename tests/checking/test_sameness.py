"""When two results are the same: one rule for arrays, and what is made of it."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.checking.observing import Observation, StudentError, snapshot
from helpers.sameness import agree, differing, same_behaviour, same_numbers, same_value, tolerance_for, unchanged


@pytest.mark.parametrize(("dtype", "near", "far"), [(np.float64, 5e-7, 5e-6), (np.float32, 5e-4, 5e-3),
                                                    (np.float16, 1e-2, 5e-2)])
def test_an_entry_is_measured_by_the_largest_one_and_by_its_dtype(dtype, near, far):
    wanted, tolerance = np.array([1e-6, -4.0]), tolerance_for(dtype)
    # The first entry is off by more than itself.
    assert agree(wanted + np.array([4 * near, 0]), wanted, tolerance)
    assert not agree(wanted + np.array([4 * far, 0]), wanted, tolerance)
    assert not agree(wanted[:1], wanted, tolerance)


def test_what_is_not_known_is_not_compared_and_what_is_not_finite_has_its_place():
    wanted = np.array([1.0, np.nan])
    assert agree(np.array([1.0, 7.0]), wanted, 1e-6)
    assert not agree(np.array([np.nan, 7.0]), wanted, 1e-6)
    assert not same_numbers([1.0, 7.0], wanted)
    assert same_numbers([1.0, np.nan], wanted)
    assert differing(np.array([1.0, 7.0]), wanted).tolist() == [False, True]
    assert differing(wanted, wanted).tolist() == [False, False]


def test_plain_data_is_compared_array_by_array():
    one = {"W": [np.ones(3), 1e-9], "name": "a", "no": None}
    assert same_value(one, {"W": (np.ones(3) + 1e-7, 1e-9), "name": "a", "no": None})
    for other in ({"W": [np.ones(3), 2e-9], "name": "a", "no": None}, {**one, "name": "b"}, {**one, "no": 0},
                  {"W": [np.ones(3)], "name": "a", "no": None}, {"W": one["W"]}):
        assert not same_value(one, other), other


def test_an_exception_is_the_same_behaviour_if_its_type_is():
    raised = [Observation(error=StudentError(name, "")) for name in ("ValueError", "ValueError", "KeyError")]
    assert same_behaviour(raised[0], raised[1])
    assert not same_behaviour(raised[0], raised[2])
    assert not same_behaviour(raised[0], Observation(value=1.0))
    assert not same_behaviour(Observation(value=1.0, changed=(0,)), Observation(value=1.0))


def test_a_change_of_one_bit_is_a_change():
    value = {"W": np.zeros(2), "rates": [0.1, float("nan")]}
    before = snapshot(value)
    assert unchanged(before, value)
    value["W"][0] = 1e-300
    assert not unchanged(before, value)
