"""Numbers in sentences are written as people write them."""

import pytest

from helpers.numerals import numeral


@pytest.mark.parametrize(("value", "digits", "shown"), [
    (20.4, 1, "20"), (99.6, 1, "100"), (0.0042, 1, "0.004"), (2.5, 2, "2.5"), (2.04, 2, "2"), (1234.5, 2, "1200"),
    (0.333333, 3, "0.333"), (-61.8, 2, "-62"),
    (0.0, 2, "0"), (3e-7, 2, "3e-07"), (7.2e9, 2, "7.2e+09"), (float("nan"), 2, "nan")])
def test_a_number_has_an_exponent_only_where_it_needs_one(value, digits, shown):
    assert numeral(value, digits) == shown
