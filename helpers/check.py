"""The checks that a notebook calls.

A check reads as a sentence and ends in a verdict:

    check.gradients(linear_gradients, of=linear_loss, wrt=("W1", "W2"), at=two_layer_cases, points=4)

In a student's notebook it runs on the student's own functions; in grading the same line runs in the grader, on
proxies, against the reference solution, with cases from a secret seed (`helpers.checking.setting` says which).

Keywords that all checks share:

at          a function of a random generator that yields cases, or a list of cases. A case is a dict from argument
            names to values, in the order of the function's parameters; its entry `case`, if any, is only a label.
            A function gets the entries that its parameters name, or all entries where the names do not match.
also_at     further cases that only grading uses; written between nbgrader's hidden-test markers.
points      what the check is worth; shared equally by its rows.
by          "output" (a row an output) or "case" (a row a case).
tolerance   the largest error allowed, as a share of the tensor's largest entry (default by dtype).
changes     names of arguments that may be changed in place; any other change costs half of the points.
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers import gradients as numerical
from helpers.checking import cells
from helpers.checking import derivation as formulas
from helpers.checking import figure_rules as drawn
from helpers.checking.demonstrations import Demonstration
from helpers.checking.examples import of_results
from helpers.checking.holding import why_not
from helpers.checking.judging import (
    all_constant,
    all_fail,
    constant,
    illustrate,
    judge,
    share_of_rest,
    tolerance_of,
    verdict_of,
)
from helpers.checking.ladder import Rung
from helpers.checking.lastcase import last_case
from helpers.checking.observing import Observation
from helpers.checking.probe import Probe, Trouble, as_numbers, named_outputs
from helpers.checking.seeds import SHARE, not_from_the_seed
from helpers.checking.verdict import Row, Verdict
from helpers.checking.written import spelled

__all__ = ["answer", "case", "derivation", "figure", "gradients", "jacobian", "once_written", "properties", "residuals",
           "training", "values"]

NEARLY = 1000  # times the bound: what is left over where a search was on its way
TRAINING_SLACK = 1.1  # a training run may end this much above the reference's loss


def once_written() -> Demonstration:
    """Around a demonstration: whatever a function above does, one line says which check to mend, and the notebook
    goes on. If something is shown although a function's check is red, that is said beneath it.
    """
    frame = sys._getframe(1)
    return Demonstration(frame.f_code, frame.f_globals)


def values(function: Any, *, at: Any, points: float, returns: Sequence[str] = (), also_at: Any = (),
           tolerance: float | None = None, by: str = "output", changes: Sequence[str] = ()) -> Verdict:
    """Check what a function returns against the reference.

    `returns` names the outputs of a function that returns several.
    """
    probe = Probe("values", function, _caller(), at, also_at, changes)
    names = tuple(returns) or (probe.name,)

    def expect(index: int, name: str, got: Any) -> Any:
        seen = probe.expected(index)
        if seen is None:
            return Trouble("no-reference", "nothing to compare with: `expected.json` is missing beside this "
                                           "notebook; download the assignment again")
        outputs = named_outputs(seen.value, names, probe.name)
        return outputs if isinstance(outputs, Trouble) else outputs[name]

    return judge(probe, names, expect, points, tolerance, by, source="expected")


def derivation(function: Any, *, at: Any, points: float, returns: Sequence[str] = (), also_at: Any = (),
               tolerance: float | None = None) -> Verdict:
    """Check formulas: the answer to "derive", handed in as text and judged by its values.

    `function` takes no arguments and returns a text: one formula, or lines `name = formula`, of which later ones may
    use earlier names; a dict or a list of texts will do as well. The entries of a case are the letters that a formula
    may use; `returns` names the lines that are asked for, a row each (a single one may be a formula alone). Any formula
    with the right values on all cases is right, however it is written. The verdict draws the formulas as mathematics;
    for a wrong one it shows the smallest public case (let the first be small, of whole numbers), or the shapes that do
    not fit.

    The notation is numpy's: letters and numbers; `+ - * / @ **`; `.T`; comparisons such as `(Z > 0)`, which are 1 where
    they hold and 0 elsewhere; a new axis, `x[:, None]`; and, with or without `np.`, abs, diag, dot, exp, len, log, max,
    maximum, mean, minimum, ones_like, outer, relu, sigmoid (expit), sign, softmax, sqrt, square, sum, tanh, transpose,
    where, zeros_like, with `axis=` and `keepdims=` where numpy has them. A text is never run as Python: what is not in
    the notation is refused with its name.
    """
    probe, names = formulas.probe_of(function, _caller(), at, also_at, returns)

    def expect(index: int, name: str, got: Any) -> Any:
        seen = probe.expected(index)
        if seen is None or seen.error is not None:
            return Trouble("no-reference", "nothing to compare with: `expected.json` is missing beside this "
                                           "notebook; download the assignment again")
        outputs = named_outputs(seen.value, names, probe.name)
        return outputs if isinstance(outputs, Trouble) else outputs[name]

    verdict = judge(probe, names, expect, points, tolerance, "output", source="expected")
    formulas.explain(probe, verdict, at)
    return verdict


def gradients(function: Any, *, of: Any, wrt: Sequence[str] | str, at: Any, points: float, also_at: Any = (),
              tolerance: float | None = None, by: str = "output", changes: Sequence[str] = ()) -> Verdict:
    """Check gradients of the loss `of` with respect to the case's entries `wrt`.

    Compared with finite differences of the loss, and in grading with the reference as well. The function returns
    one gradient for each name in `wrt`, in that order (or a dict by name).
    """
    return _derivatives("gradients", numerical.measure, function, of, wrt, at, points, also_at, tolerance, by, changes)


def jacobian(function: Any, *, of: Any, wrt: Sequence[str] | str, at: Any, points: float, also_at: Any = (),
             tolerance: float | None = None, by: str = "output", changes: Sequence[str] = ()) -> Verdict:
    """Check Jacobians: the shape of each is that of `of(...)` followed by that of the parameter."""
    return _derivatives("jacobian", _jacobian, function, of, wrt, at, points, also_at, tolerance, by, changes)


def _jacobian(function: Callable, x: np.ndarray, got: Any = None) -> numerical.Slopes:
    return numerical.jacobian(function, x)


def _derivatives(kind: str, differentiate: Callable, function: Any, of: Any, wrt: Sequence[str] | str, at: Any,
                 points: float, also_at: Any, tolerance: float | None, by: str, changes: Sequence[str]) -> Verdict:
    probe = Probe(kind, function, _caller(2), at, also_at, changes)
    names = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    returned = probe.setting.returned(probe.subject, probe.key)
    probe.labels = dict(zip(names, returned)) if len(returned) == len(names) else {}
    loss = Probe(kind, probe.setting.trusted(of), _caller(2))
    loss.cases = probe.cases
    _known_entries(probe, loss, names)

    def slopes(index: int, name: str, got: Any) -> Any:
        arguments, position = loss.arguments(index), loss.names_of(index).index(name)

        def moved(x: np.ndarray) -> Any:
            seen = loss.subject.observe(*arguments[:position], x, *arguments[position + 1:])
            if seen.error is not None:
                raise _LossFailed(loss.raised(seen.error))
            return seen.value

        return probe.setting.slopes(
            probe.key, index, name, lambda: differentiate(moved, np.asarray(arguments[position], float), got),
            reference(index, name))

    def expect(index: int, name: str, got: Any) -> Any:
        try:
            # With a reference, a large tensor is compared entry by entry, and its slopes need not know the answer.
            return slopes(index, name, None if reference(index, name) is not None else got)
        except _LossFailed as failed:
            return Trouble("loss", f"needs the loss `{loss.name}` first: {failed.trouble.says}")
        except ValueError as error:
            return Trouble("loss", f"the loss `{loss.name}` has no finite differences here: {error}")

    def reference(index: int, name: str) -> Any:
        seen = probe.expected(index)
        if seen is None or seen.error is not None:
            return None
        outputs = named_outputs(seen.value, names, probe.name)
        return None if isinstance(outputs, Trouble) else outputs[name]

    for index in range(len(probe.cases)):  # so that a loss that is not right is known before its slopes are asked for
        loss.observe(index)
    source = "finite differences of the right loss say" if probe.setting.astray() else "finite differences say"
    return judge(probe, names, expect, points, tolerance, by, source=source, reference=reference)


def _known_entries(probe: Probe, loss: Probe, names: Sequence[str]) -> None:
    """An author's slip: `wrt` names what the cases do not have or the loss does not take. Raises ValueError."""
    for index, case in enumerate(probe.cases):
        for name in names:
            if name not in loss.names_of(index):
                entries = ", ".join(entry for entry in case if entry != "case")
                what = f"which the loss `{loss.name}` does not take" if name in case else f"the cases have {entries}"
                raise ValueError(f'wrt names "{name}", {what}: name an entry that the loss depends on')


class _LossFailed(Exception):
    def __init__(self, trouble: Trouble):
        self.trouble = trouble


def _in_words(predicate: str) -> str:
    """A predicate's name with blanks; `1e_12` in it is a number."""
    return re.sub(r"(\d)e (\d)", r"\1e-\2", predicate.replace("_", " "))


def properties(function: Any, *, at: Any, points: float, also_at: Any = (), changes: Sequence[str] = (),
               **predicates: Callable[..., bool]) -> Verdict:
    """Check properties that any right answer has: one row each.

    Every further keyword is a predicate of the result and the case's values; its name, with blanks for
    underscores, is what the student reads.
    """
    probe = Probe("properties", function, _caller(), at, also_at, changes)
    rows = [Row(name.replace("_", " "), points / len(predicates), label=_in_words(name)) for name in predicates]
    asked = {row.name: probe.setting.trusted(holds) for row, holds in zip(rows, predicates.values())}

    def wrong(result: Any, values: list[Any]) -> str:
        return next(filter(None, (_does_not_hold(row.shown, asked[row.name], result, values) for row in rows)), "")

    probe.setting.accepts(probe.key, lambda result, values: not wrong(result, values))
    if all_fail(probe, rows):
        return illustrate(verdict_of(probe, rows), probe, of_results(wrong))
    for row in rows:
        row.share, row.where = _holds_everywhere(probe, asked[row.name])
    unused = not_from_the_seed(probe) if all(row.right for row in rows) else ""
    if unused:
        for row in rows:
            row.share, row.kind = SHARE, "seed-ignored"
        rows[0].where = unused
    return illustrate(verdict_of(probe, rows), probe, of_results(wrong))


def _does_not_hold(name: str, holds: Callable[..., bool], result: Any, values: list[Any]) -> str:
    """For an example: which property a result has not, with the numbers that it compares; "" if it has it."""
    try:
        with np.errstate(all="ignore"):
            if np.all(holds(result, *values)):
                return ""
    except Exception as error:  # a result of an unexpected kind
        return f"\"{name}\" cannot be looked at ({type(error).__name__}: {str(error)[:60]})"
    return ": ".join(filter(None, (f"\"{name}\" does not hold", why_not(holds, result, *values))))


def _holds_everywhere(probe: Probe, holds: Callable[..., bool]) -> tuple[float, str]:
    raised: dict[int, str] = {}
    for index in range(len(probe.cases)):
        failure = probe.unlike(index)
        if failure and failure.kind == "raises":
            raised[index] = failure.says
            continue
        if failure:
            return 0.0, failure.says
        try:
            with np.errstate(all="ignore"):
                held = bool(np.all(holds(probe.result(index), *probe.values_of(index))))
        except Exception as error:  # the predicate met a result of an unexpected kind
            return 0.0, f"does not hold ({probe.label(index)}): {type(error).__name__}: {error}"
        if not held:
            numbers = why_not(holds, probe.result(index), *probe.values_of(index))
            return 0.0, f"does not hold ({probe.label(index)})" + (f": {numbers}" if numbers else "")
    return share_of_rest(probe, [*raised]) if raised else 1.0, next(iter(raised.values()), "")


def training(run: Any, *, at: Any, points: float, loss: Callable[..., float], below: Any = None,
             slack: float = TRAINING_SLACK, also_at: Any = (), changes: Sequence[str] = ()) -> Verdict:
    """Check that a training run brings the loss down to a bound.

    `loss(result, *case values)` is the loss at the end, computed from what was returned, such as the weights: a number
    that the run itself reports proves nothing.
    `below` is a number, or a function of the case's values for a bound that comes from theory; without it the
    bound is the reference's own final loss times `slack`.
    """
    probe = Probe("training", run, _caller(), at, also_at, changes)
    rows = [Row("final loss", points)]
    if all_fail(probe, rows):
        return verdict_of(probe, rows)
    final = probe.setting.trusted(loss)
    for index in range(len(probe.cases)):
        failure = probe.unlike(index)
        bound = _bound(probe, index, below, final, slack)
        reached = failure or _number(final, probe.result(index), *probe.values_of(index))
        if isinstance(reached, Trouble):
            rows[0].where = reached.says
        elif isinstance(bound, Trouble):
            rows[0].where = bound.says
        elif not reached <= bound:
            rows[0].where = (f"ends at a loss of {reached:.4g}; {bound:.4g} or less is within reach "
                             f"({probe.label(index)})")
        else:
            continue
        return verdict_of(probe, rows)
    rows[0].share = 1.0
    return verdict_of(probe, rows)


def _bound(probe: Probe, index: int, below: Any, final: Callable, slack: float) -> float | Trouble:
    if callable(below):
        return float(probe.setting.trusted(below)(*probe.values_of(index)))
    if below is not None:
        return float(below)
    reached = probe.setting.number(
        f"{probe.key} {index}", lambda: float(final(probe.wanted(index), *probe.values_of(index))))
    if reached is None:
        return Trouble("no-reference", "nothing to compare with: `expected.json` is missing beside this notebook")
    return slack * reached


def residuals(solve: Any, *, of: Callable[..., Any], at: Any, points: float, below: float = 1e-6, also_at: Any = (),
              by: str = "output", changes: Sequence[str] = ()) -> Verdict:
    """Check a solution that is not unique by what it leaves over: `of(result, *case values)`, largest entry."""
    probe = Probe("residuals", solve, _caller(), at, also_at, changes)
    labels = [probe.label(i) for i in range(len(probe.cases))] if by == "case" else ["largest residual"]
    rows = [Row(label, points / len(labels), share=1.0) for label in labels]
    left_over = probe.setting.trusted(of)

    def wrong(result: Any, values: list[Any]) -> str:
        largest = _number(lambda *all_values: np.max(np.abs(left_over(*all_values))), result, *values)
        if isinstance(largest, Trouble):
            return largest.says
        return "" if largest < below else f"the largest residual is {largest:.2g}, asked for is less than {below:g}"

    probe.setting.accepts(probe.key, lambda result, values: not wrong(result, values))
    if all_fail(probe, rows):
        return illustrate(verdict_of(probe, rows), probe, of_results(wrong))
    if by == "case" and constant(probe):
        return illustrate(verdict_of(probe, all_constant(probe, rows)), probe, of_results(wrong))
    for index in range(len(probe.cases)):
        row = rows[index] if by == "case" else rows[0]
        failure = probe.unlike(index)
        largest = failure or _number(lambda *values: np.max(np.abs(left_over(*values))), probe.result(index),
                                     *probe.values_of(index))
        if isinstance(largest, Trouble):
            row.share, row.where = 0.0, largest.says
        elif not largest < below:
            row.share, row.error = 0.0, largest
            row.where = (f"the largest residual is {largest:.2g}, asked for is less than {below:g} "
                         f"({probe.label(index)})")
    return illustrate(_nearly_there(verdict_of(probe, rows), below), probe, of_results(wrong))


def _nearly_there(verdict: Verdict, below: float) -> Verdict:
    """Say so where nothing better is known, and all that is left over is small, but not small enough."""
    short = [row for row in verdict.rows if not row.right]
    if short and verdict.depth == "why" and not any(row.why for row in short) and all(
            row.error is not None and row.error < NEARLY * below for row in short):
        short[0].why = ("What is left over is small, but not small enough: the search stops too early, digits are lost "
                        "on the way, or equations are solved that differ a little from those asked for.")
        short[0].kind = "nearly"
    return verdict


def figure(draw: Any, *, at: Any = (), points: float, lines: int | None = None, labels: bool = True,
           data: bool = True, log: str | None = None, panels: int | None = None, also_at: Any = ()) -> Verdict:
    """Check the figure that a call leaves open: drawn, labelled, and the right data on its axes.

    `lines` is the least number of lines; `labels` asks for both axis labels and, with several lines, a legend;
    `log` names axes ("x", "y", "xy") that must be logarithmic; `data` compares the lines with the reference's;
    `panels` is the number of panels that the lines stand on, each a single pair of axes: where one is asked for, two
    scales on it are too many.
    """
    probe = Probe("figure", draw, _caller(), at, also_at, figures=True)
    asked = ["drawn"] + ["labelled"] * labels + ["data"] * data
    rows = [Row(name, points / len(asked)) for name in asked]
    rules = {"drawn": drawn.drawn, "labelled": drawn.labelled, "data": drawn.right_data}

    def amiss(seen: Observation, rung: Rung) -> str:
        small = probe.on(rung.case, seen)
        return next(filter(None, (rules[name](small, 0, lines, log, panels) for name in asked)), "")

    def wrong(seen: Observation, rung: Rung) -> str | None:
        says = amiss(seen, rung)
        right = probe.on(rung.case, seen).expected(0) if says else None
        if right is None or amiss(right, rung):  # a line of one point is no line, whoever draws it
            return None
        return f"draws something else: {says}"

    if all_fail(probe, rows):
        return illustrate(verdict_of(probe, rows), probe, wrong)
    for row in rows:
        missing = rules[row.name]
        says = next(filter(None, (missing(probe, i, lines, log, panels) for i in range(len(probe.cases)))), "")
        row.share, row.where = (0.0, says) if says else (1.0, "")
    return illustrate(verdict_of(probe, rows), probe, wrong)


def case(function: Any) -> tuple[Any, ...]:
    """The arguments of the small example that the last check of a function told, ready to call:
    `function(*check.case(function))`. What the function raised there it raises again, with its whole traceback.

    Raises:
        LookupError: if there is none.
    """
    name = getattr(function, "__name__", str(function))
    found = last_case(name)
    if found is None:
        raise LookupError(f"no example is known for `{name}`: run its check first. There is none if it is right")
    return copy.deepcopy(found)


def answer(function: Any, *, points: float, expected: Any = None, tolerance: float | None = None) -> Verdict:
    """Check what a function of no arguments answers: a number, a string, an array, or a tuple of these.

    `expected` is given only where it is no secret; otherwise the reference says it.
    """
    probe = Probe("answer", function, _caller())
    row = Row(probe.name, points)
    if all_fail(probe, [row]):
        return verdict_of(probe, [row])
    seen = probe.expected(0)
    wanted = expected if expected is not None else getattr(seen, "value", None)
    if wanted is None:
        row.where = "nothing to compare with: `expected.json` is missing beside this notebook"
        return verdict_of(probe, [row])
    trouble = _same_answer(probe.observe(0).value, wanted, tolerance)
    row.share, row.where = (0.0, trouble) if trouble else (1.0, "")
    return illustrate(verdict_of(probe, [row]), probe, of_results(lambda result, values: trouble))


def _same_answer(got: Any, wanted: Any, tolerance: float | None) -> str:
    if isinstance(wanted, (tuple, list)):
        if not isinstance(got, (tuple, list)) or len(got) != len(wanted):
            return f"should be {len(wanted)} things"
        return next(filter(None, (_same_answer(g, w, tolerance) for g, w in zip(got, wanted))), "")
    if isinstance(wanted, (str, bool)):
        same = isinstance(got, type(wanted)) and (got.strip().lower() if isinstance(got, str) else got) == (
            wanted.strip().lower() if isinstance(wanted, str) else wanted)
        return "" if same else f"{spelled(got):.60} is not it"
    numbers = as_numbers(got, np.shape(wanted))
    if isinstance(numbers, Trouble):
        return numbers.says
    compared = numerical.compare(numbers, wanted, tolerance=tolerance_of(numbers, tolerance))
    return "" if compared.ok else "not the right number"


def _caller(depth: int = 1) -> dict[str, Any]:
    """The globals of the check cell, where what was passed in has its name."""
    return sys._getframe(depth + 1).f_globals


def _number(compute: Callable[..., Any], *values: Any) -> float | Trouble:
    """A float computed from a student's result, or why there is none."""
    try:
        with np.errstate(all="ignore"):
            number = float(compute(*values))
    except Exception as error:
        return Trouble("result", f"the result cannot be used: {type(error).__name__}: {error}")
    return number if np.isfinite(number) else Trouble("not-finite", "the result is not a finite number")


cells.install()
