"""Arguments in another order, and exceptions: what to do stands in the verdict."""

from __future__ import annotations

import linecache

import numpy as np
import pytest

from helpers import check
from helpers.checking import setting as settings
from helpers.checking.expected import pack

ASKED = ["W", "X"]


def cases(rng):
    for n in (2, 3):
        yield {"W": rng.standard_normal((n, n)), "X": rng.standard_normal((n, n))}


def checked(function, monkeypatch):
    function.__name__ = "forward"
    monkeypatch.setitem(globals(), "forward", function)
    key = "values forward cases"
    rung = {"case": [["W", pack(np.eye(1))], ["X", pack(2 * np.eye(1))]], "adds": "", "value": pack(2 * np.eye(1))}
    known = {"checks": {key: {"parameters": ASKED, "ladder": [rung], "cases": [
        pack(case["W"] @ case["X"]) for case in settings.draw(cases, settings.PUBLIC_SEED, key)]}}}
    with settings.using(settings.SelfCheck(known=known)):
        return check.values(function, at=cases, points=2)


def test_arguments_in_another_order_are_told_the_asked_one(monkeypatch):
    verdict = checked(lambda X, W: W @ X, monkeypatch)
    assert verdict.points == 0
    assert verdict.rows[0].where == ("`forward(X, W)` has its arguments in another order than is asked for: write "
                                     "`forward(W, X)`")
    assert checked(lambda W, X: W @ X, monkeypatch).right
    assert "order" not in checked(lambda W, X: X @ W, monkeypatch).rows[0].where


def test_too_few_arguments_are_told_the_asked_ones(monkeypatch):
    assert "asked for is `forward(W, X)`" in checked(lambda W: W, monkeypatch).rows[0].where


@pytest.mark.parametrize(("line", "says", "word"), [
    ("raise NotImplementedError()", "needs `product`, which is not written yet", "not there yet"),
    ("return W @ X[:1]", "in line 2 of the cell of `product`: `return W @ X[:1]`", "not yet right"),
])
def test_an_error_below_is_told_of_the_function_that_it_comes_from(monkeypatch, line, says, word):
    cell: dict[str, object] = {}
    for number, text in enumerate((f"def product(W, X):\n    {line}", "def forward(W, X):\n    return product(W, X)")):
        name = f"<ipython-input-{number}-{abs(hash(text))}>"
        monkeypatch.setitem(linecache.cache, name, (len(text), None, text.splitlines(keepends=True), name))
        exec(compile(text, name, "exec"), cell)
    verdict = checked(cell["forward"], monkeypatch)
    assert says in verdict.rows[0].where
    assert word in repr(verdict)


def test_what_a_case_raised_it_raises_again_with_its_whole_traceback(monkeypatch):
    def forward(W, X):
        return W @ X[0, 0, 0]

    verdict = checked(forward, monkeypatch)
    assert "raises IndexError" in verdict.rows[0].where
    assert verdict.example.startswith("A small example: `forward(W=np.array([[1.0]]), X=np.array([[2.0]]))` raises")
    assert "`forward(*check.case(forward))` in a cell of its own shows the whole traceback" in verdict.remarks
    with pytest.raises(IndexError):
        forward(*check.case(forward))


@pytest.mark.parametrize("result", [10**5000, [[10**5000]], {"forward": 10**5000}, {10**5000: 1}, (10**5000, 1)],
                         ids=["alone", "list", "dict", "key", "tuple"])
def test_whole_numbers_without_an_end_are_told_in_words(monkeypatch, result):
    verdict = checked(lambda W, X: result, monkeypatch)
    assert verdict.points == 0
    assert "a whole number of about 5,001 digits" in repr(verdict)
