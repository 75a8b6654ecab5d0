"""What a change of code says is true of it, in both directions, and of which of several that mend an answer is told."""

from __future__ import annotations

import ast
import re
from types import SimpleNamespace

import pytest

from helpers.checking.verdict import Row, Verdict
from helpers.grading.hypotheses.changes import changes
from helpers.grading.marking import mending
from helpers.grading.marking.agreeing import take_back
from helpers.grading.marking.supposing import Suppositions


def of(code: str, new: str) -> list[str]:
    """What is said of the changes after which a function returns this."""
    found = [change for change in changes(code) if (change.text() or "").endswith(f"return {new}")]
    return [change.made for change in found]


def test_an_argument_for_a_number_is_said_in_the_direction_of_the_change():
    assert of("def f(x, n):\n    return x / 4", "x / n") == [
        "This is what comes out if `n`, or a size of it, stands where a fixed number belongs."]
    assert of("def f(x, flag):\n    return g(x, True)", "g(x, flag)") == [
        "This is what comes out if `flag` decides where a fixed True or False belongs."]


def test_equality_has_no_threshold():
    assert of("def f(x, y):\n    return x == y", "x == 1") == []
    assert of("def f(x, y):\n    return x < y", "x < 1")


@pytest.mark.parametrize("end", ["return c", "raise ValueError(c)"])
def test_another_order_is_one_of_all_steps(end):
    """What stands behind the end is not done at all, and an end that comes first leaves out all that follows."""
    orders = [change.text() for change in changes(f"def f(a):\n    b = a + 1\n    c = 2 * b\n    c = c - b\n    {end}")
              if change.edit.rule == "another order"]
    assert orders
    assert all(ast.parse(text).body[0].body[-1:] and text.rstrip().endswith(end) for text in orders)


@pytest.mark.parametrize("loop", [
    "for k in n:\n    W = draw(k)\n    W = W / W.std()\n    net.append(W)",
    "for k, rate in n:\n    if k > 2:\n        rate = rate / 10\n    W = W - rate * g(W)\n    net.append(W)",
])
def test_a_step_that_nothing_reads_any_more_is_not_done_in_another_order(loop):
    code = "def f(W, n, net):\n" + "".join(f"    {line}\n" for line in loop.split("\n")) + "    return net"
    orders = [change.text() for change in changes(code) if change.edit.rule == "another order"]
    assert orders
    for text in orders:
        assert not re.search(r"W = W / W.std\(\)\n\s+W = draw", text)
        assert not re.search(r"rate = rate / 10$", text.split("    return net")[0].rstrip())


def test_what_a_changed_solution_leaves_unwritten_is_zero_and_not_what_was_in_memory():
    cell = SimpleNamespace(source="def f(n):\n    a, b = np.empty(n), np.empty_like(n)\n    a[:] = n\n    return a, b")
    question = SimpleNamespace(cell=cell, alternatives=[])
    ranked = Suppositions(question, lambda source: {"f": None}).ranked()
    texts = [one.change.text() for found in ranked.values() for one in found]
    assert len(texts) > 10
    assert not any("empty" in text for text in texts)


def test_what_students_are_given_in_the_cell_is_not_where_they_go_wrong():
    cell = SimpleNamespace(source="def f(a, b):\n    ### BEGIN SOLUTION\n    return 2 * a - b\n    ### END SOLUTION\n\n"
                                  "def tried(a, b):\n    return 3 * f(a, b) + 7")
    question = SimpleNamespace(cell=cell, alternatives=[])
    ranked = Suppositions(question, lambda source: {"f": None}).ranked()
    texts = [one.change.text() for found in ranked.values() for one in found]
    assert any("a + b" in text for text in texts)
    assert not any("def tried" in text for text in texts)


def test_of_changes_that_mend_alike_the_one_is_told_that_mends_most():
    """Flipping the first sign alone mends one row, flipping both mends two."""
    verdict = Verdict("f", [Row("x", 1.0), Row("y", 1.0)], depth="why")
    current = ""

    def again(first: bool) -> Verdict:
        both = "return (a, b)" in current
        one = both or "(a, -b)" in current
        return Verdict("f", [Row("x", 1.0, share=float(one)), Row("y", 1.0, share=float(both))])

    def run(text: str) -> bool:
        nonlocal current
        current = text
        return True

    mending.mend("def f(a, b):\n    return -a, -b", run, [mending.Failed(verdict, again)])
    assert [row.why for row in verdict.rows] == [
        "The minus in `-a` is one too many. The same goes for the places like it."] * 2


LOOPS = ("def f(a, n):\n    b = 0 * a\n    for i in range(n):\n        for j in range(n):\n"
         "            b[i, j] = a[i, j]\n    return b")


@pytest.mark.parametrize(("code", "new", "says"), [
    (LOOPS, "b[i, j] = a[i, i]", "the index of another loop is taken in one place"),
    (LOOPS, "b[j, i] = a[i, j]", "two indices of an array are exchanged"),
    ("def f(P, y):\n    return P[np.arange(9), y]", "P[:, y]",
     "every entry of one index is taken with all along the other axis, and not with its own"),
    ("def f(z):\n    return z > 0", "np.max(z, axis=0, keepdims=True) > 0",
     "a condition is decided once for several entries together, where each has its own"),
    ("def f(a, b):\n    return a == b", "a <= b",
     "what is smaller, or larger, counts as well where both sides have to be equal"),
    ("def f(a):\n    return np.linalg.norm(a)", "np.linalg.norm(a, 2)",
     "another norm is taken than the root of the sum of squares"),
    ("def f(x, e):\n    return np.clip(x + e, 0, 1)", "x + np.clip(e, 0, 1)",
     "a term is added behind a function, and belongs inside of it"),
    ("def f(x, k):\n    return np.exp(x) / k", "np.exp(x / k)",
     "a factor or divisor stands inside of a function, and belongs behind it"),
    ("def f(x, k):\n    return g(x * k, 3)", "g(x, 3) * k",
     "a factor or divisor stands behind a function, and belongs inside of it"),
    ("def f(u, p):\n    return u > p", "u[0] > p", "one part of `u` is taken for all, where each has its own"),
])
def test_kinds_of_mistakes_that_are_tried(code, new, says):
    assert f"This is what comes out if {says}." in {
        change.made for change in changes(code) if new in (change.text() or "")}


@pytest.mark.parametrize(("code", "new", "says"), [
    ("def f(P, y):\n    return P[:, y]", "P[np.arange(len(y)), y]",
     "The index `(:, y)` takes all along one axis for every entry of another, and not one for each."),
    ("def f(n):\n    a = np.empty(n)\n    return a", "np.zeros(n)",
     "`np.empty(n)` holds whatever was in memory before: something is read from it before it is written."),
])
def test_kinds_of_changes_that_mend(code, new, says):
    assert says in {change.mends for change in changes(code) if new in (change.text() or "")}


@pytest.mark.parametrize(("other", "stays"), [
    (Verdict("f", [Row("f", 1.0, where="f is 3")], depth="why"), False),
    (Verdict("f", [Row("f", 1.0, where="f is 3", why="So it is.", kind="supposed")], depth="why"), True),
    (Verdict("f", [Row("f", 1.0, share=1.0)], depth="why"), True),
    (Verdict("g", [Row("g", 1.0, where="g is 3")], depth="why"), True),
    (Verdict("f", [Row("f", 1.0, where="f raises", kind="raises")], depth="why"), True),
])
@pytest.mark.parametrize("text", ["check.values(f, at=cases)", "check.training(f, at=cases)"])
def test_what_does_not_explain_the_other_check_of_a_function_is_taken_back(other, stays, text):
    """Of a run that ends below a bound nothing need be explained."""
    supposed = Verdict("f", [Row("f", 1.0, where="f is 1", why="So it is.", kind="supposed")], depth="why")
    take_back([("a", supposed), ("b", other)], {"a": "check.values(f, at=ties)", "b": text})
    assert bool(supposed.rows[0].why) is (stays or "training" in text)
