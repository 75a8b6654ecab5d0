"""A constant up to 1e-12 in a logarithm, a root or a denominator is right, with a remark."""

from __future__ import annotations

import pytest

from helpers.checking.tiny import remarks_on


@pytest.mark.parametrize(("body", "where"), [
    ("np.log(p + 1e-12)", "a logarithm"),
    ("np.log(np.clip(p, 1e-15, 1))", "a logarithm"),
    ("x / (1e-13 + s)", "a denominator"),
    ("np.sqrt(np.maximum(v, 1e-12))", "a root"),
])
def test_it_is_remarked(body, where):
    (says,) = remarks_on(f"def f(p, x, s, v):\n    return {body}")
    assert where in says
    assert "nothing is taken off" in says


def test_a_constant_with_a_name_is_remarked():
    assert remarks_on("def f(p):\n    eps = 1e-13\n    return -np.log(p + eps)")


@pytest.mark.parametrize("body", ["np.log(p + 1e-8)", "np.log(p) + 1e-12", "np.log(p + 1)", "p / s", "x ** (1 / 2)"])
def test_nothing_else_is(body):
    assert not remarks_on(f"def f(p, x, s, v):\n    return {body}")


def test_what_is_no_python_has_no_remark():
    assert not remarks_on("def f(:")
