"""How the results of a function are held against what is expected: rows, points, places and reasons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from helpers import gradients as numerical
from helpers.checking import examples, reasons
from helpers.checking.expected import Sampled
from helpers.checking.kinds import NOT_THERE
from helpers.checking.maps import error_map
from helpers.checking.observing import Local
from helpers.checking.probe import Probe, Trouble, as_numbers, named_outputs
from helpers.checking.tiny import remarks_on_function
from helpers.checking.trouble import at_no_cost
from helpers.checking.verdict import Row, Verdict
from helpers.checking.written import spelled
from helpers.diagnosis.diagnose import Evidence, KnownMistake, diagnose, where_to_look
from helpers.numerals import numeral
from helpers.sameness import same_value

SPEECHLESS = (*NOT_THERE, "not-callable", "arguments", "order", "ended", "slow", "changed-in-place")
ROUND_OFF = 1e-10  # a number as small as this is 0 where nothing but 0 is expected
CHANGED_IN_PLACE = 0.5  # of the points, for right results from a function that changes its arguments


def all_fail(probe: Probe, rows: list[Row]) -> bool:
    trouble = probe.trouble()
    if trouble is None:
        return False
    for row in rows:
        row.share, row.kind = 0.0, trouble.kind
    rows[0].where = trouble.says
    return True


def judge(probe: Probe, names: Sequence[str], *arguments: Any, **keywords: Any) -> Verdict:
    """Compare every output of every case; a row is right only if it is right everywhere."""
    return illustrate(_judged(probe, names, *arguments, **keywords), probe, examples.of_outputs(probe, names))


def illustrate(verdict: Verdict, probe: Probe, wrong: examples.Wrong) -> Verdict:
    """Have an example looked for, later: the first case on which `wrong` finds something."""
    amiss = [row for row in verdict.rows if not row.right]
    speaking = [row for row in amiss if row.kind not in SPEECHLESS]
    if not speaking and any(row.kind == "changed-in-place" for row in amiss):
        wrong, speaking = examples.of_changes(probe), amiss
    if probe.setting.depth != "verdict" and speaking:
        where = " ".join(row.where for row in amiss)

        def work() -> None:
            verdict.example = at_no_cost(lambda: examples.first(probe, wrong, where), "")

        probe.setting.later(work)
    return verdict


def _judged(probe: Probe, names: Sequence[str], expect: Callable[[int, str, Any], Any], points: float,
           tolerance: float | None, by: str, source: str,
           reference: Callable[[int, str], Any] = lambda index, name: None) -> Verdict:
    cases = range(len(probe.cases))
    labels = [probe.label(i) for i in cases] if by == "case" else list(names)
    rows = [Row(label, points / len(labels), share=1.0, label=probe.labels.get(label, "")) for label in labels]
    if all_fail(probe, rows):
        return verdict_of(probe, rows)
    if by == "case" and constant(probe):
        return verdict_of(probe, all_constant(probe, rows))
    evidence: list[Evidence] = []
    raised: dict[int, Trouble] = {}
    for index in cases:
        trouble = probe.failure(index)
        if by == "output" and trouble is not None and trouble.kind == "raises":
            raised[index] = trouble
            continue
        outputs = trouble or named_outputs(probe.observe(index).value, names, probe.name)
        facts = Evidence(got={}, expected={}, inputs=_inputs(probe, index), samples=_samples(probe.cases[index]),
                         changed=tuple(probe.changed(index)))
        evidence.append(facts)
        for position, name in enumerate(names):
            row = rows[index] if by == "case" else rows[position]
            if isinstance(outputs, Trouble):
                _fail(row, outputs)
                continue
            _judge_one(probe, row, index, name, outputs[name], expect(index, name, outputs[name]),
                       reference(index, name), tolerance, source, facts)
    if raised:
        share = share_of_rest(probe, [*raised])
        for row in rows:
            if row.right:
                row.share, row.where, row.kind = share, next(iter(raised.values())).says, "raises"
    if by == "case":
        _discount_known_rows(probe, rows)
    if by == "output":
        _diagnose(probe, rows, names, evidence)
        if probe.known_mistake() is None:
            reasons.explain(probe, rows, names)
    backwards = by == "output" and source != "expected"  # only gradients have a way back to look along
    return verdict_of(probe, rows, order=names if backwards else ())


def share_of_rest(probe: Probe, raised: Sequence[int]) -> float:
    """What is left where some calls raise and all others are right: a call costs its own share, not what was returned
    rightly for other cases. Nothing is left where all others are cases that everybody can look up."""
    others = {*range(len(probe.cases))} - {*raised}
    return 0.0 if others <= probe.setting.fixed(probe.key, probe.cases) else len(others) / len(probe.cases)


def _discount_known_rows(probe: Probe, rows: list[Row]) -> None:
    """Take back what is right for cases that everybody can look up, where nothing else is right."""
    given = {position for position, row in enumerate(rows) if row.share}
    if given and len(given) < len(rows) and given <= probe.setting.fixed(probe.key, probe.cases):
        for position in given:
            rows[position].share, rows[position].kind = 0.0, "cheap"
            rows[position].where = ("right, but this case is the same for everybody: it counts as soon as another line "
                                    "is right")


def _judge_one(probe: Probe, row: Row, index: int, name: str, got: Any, wanted: Any, reference: Any,
               tolerance: float | None, source: str, facts: Evidence) -> None:
    """Compare one output of one case, and keep what a diagnosis needs."""
    if isinstance(wanted, Trouble) or isinstance(got, Trouble):
        return _fail(row, wanted if isinstance(wanted, Trouble) else got)
    if isinstance(wanted, (str, bool, dict, type(None))):
        if same_value(got, wanted):
            return None
        return _fail(row, Trouble("value", f"{probe.shown(name)} is {spelled(got):.60}"))
    whole = _whole(wanted) if reference is None else np.asarray(reference)
    numbers = as_numbers(got, _shape(wanted))
    if isinstance(numbers, Trouble) and type(got) is tuple and got:  # further outputs cost nothing
        first = as_numbers(got[0], _shape(wanted))
        got, numbers = (got, numbers) if isinstance(first, Trouble) else (got[0], first)
    if isinstance(got, (list, tuple)) and not isinstance(numbers, Trouble) and numbers.ndim:
        row.remark = (f"{probe.shown(name)} is a {type(got).__name__}; nothing is taken off for that, np.array(...) "
                      "makes an array")
    if whole is not None:
        facts.expected[name] = whole
        facts.got[name] = _raw(got)
    if isinstance(numbers, Trouble):
        return _fail(row, Trouble(numbers.kind, f"{probe.shown(name)} {numbers.says}" + _in_case(probe, index)))
    compared = _compared(numbers, wanted, reference, tolerance)
    row.error = max([row.error or 0.0] + [float(c.error) for c in compared if np.isfinite(c.error)])
    if compared[0].kinks and not row.remark:
        row.remark = "some entries lie at a kink, where any slope between those of the two sides is right"
    wrong = next((c for c in compared if not c.ok), None)
    if wrong is None:
        return None
    if not row.where and whole is not None:  # the picture is of the case that the text tells
        row.error_map = error_map(numbers, whole)
    return _fail(row, Trouble("", _place(probe, index, name, wrong, source)))


def _compared(got: np.ndarray, wanted: Any, reference: Any, tolerance: float | None) -> list[numerical.Comparison]:
    """Against what was measured, and against the reference everywhere but at kinks."""
    tolerance = tolerance_of(got, tolerance)
    if isinstance(wanted, Sampled):
        return [numerical.compare(got.ravel()[wanted.indices], wanted.values, tolerance=tolerance)]
    slopes = getattr(wanted, "entries", wanted)
    smooth = None if reference is None else np.where(slopes.kinks, np.nan, np.asarray(reference, float))
    got = _without_round_off(got, _whole(wanted) if smooth is None else smooth)
    compared = [numerical.compare(got, wanted, tolerance=tolerance)]
    if smooth is not None:
        compared.append(numerical.compare(got, smooth, tolerance=tolerance))
    return compared


def tolerance_of(got: np.ndarray, tolerance: float | None) -> float:
    """How far an answer may be off, if no check says so: half precision is as good as single, for an answer must not
    choose how well it is looked at."""
    if tolerance is not None:
        return tolerance
    return min(numerical.tolerance_for(got.dtype), numerical.tolerance_for(np.float32))


def _without_round_off(got: np.ndarray, smooth: np.ndarray | None) -> np.ndarray:
    """`got`, with zeros for tiny numbers where all that is known of the right tensor is 0: it sets no scale."""
    if smooth is None or got.shape != smooth.shape or got.dtype.kind != "f" or smooth.dtype.kind not in "biuf" or (
            np.nan_to_num(smooth).any() or np.isnan(smooth).all()):
        return got
    return np.where((smooth == 0) & (np.abs(got) <= ROUND_OFF), 0.0, got)


def _shape(wanted: Any) -> tuple[int, ...]:
    if isinstance(wanted, numerical.Sample):
        return wanted.entries.value.shape
    return wanted.shape if isinstance(wanted, Sampled) else np.shape(getattr(wanted, "value", wanted))


def _whole(wanted: Any) -> np.ndarray | None:
    """The expected array, if all of it is known; nan at kinks, where nothing is."""
    if isinstance(wanted, (Sampled, numerical.Sample)):
        return None
    if isinstance(wanted, numerical.Slopes):
        return np.where(wanted.kinks, np.nan, wanted.value)
    return np.asarray(wanted)


def _raw(got: Any) -> np.ndarray:
    try:
        array = np.asarray(got)
    except (TypeError, ValueError):
        return np.zeros(0)
    return array if array.dtype.kind in "biufc" else np.zeros(0)


def _place(probe: Probe, index: int, name: str, wrong: Any, source: str) -> str:
    entry = f"{probe.shown(name)}{list(wrong.where)}" if wrong.where else probe.shown(name)
    entry += ", along a random direction" if wrong.why == "direction" else ""
    if probe.setting.tells_expected:
        return f"{entry}: got {wrong.got:.4g}, {source} {wrong.expected:.4g}" + _in_case(probe, index)
    return f"{entry} {_how_wrong(wrong.got, wrong.expected)}" + _in_case(probe, index)


def _how_wrong(got: float | None, expected: float | None) -> str:
    """In words, and without the number that is expected. None: not known."""
    if got is None or expected is None or not np.isfinite([got, expected]).all():
        return "is not right"
    if expected == 0 or abs(expected) < 1e-9 * abs(got):
        return "should be 0"
    ratio = got / expected
    if ratio == 0 or abs(ratio) < 1e-9:
        return "is 0 and should not be"
    if ratio < 0:
        return "has the wrong sign" + ("" if 0.8 < -ratio < 1.25 else ", and not the right size either")
    if 0.8 < ratio < 1.25:
        return f"is too {'large' if abs(ratio) > 1 else 'small'}, by {numeral(100 * abs(ratio - 1), 1)} %"
    return f"is about {numeral(max(ratio, 1 / ratio))} times too {'large' if ratio > 1 else 'small'}"


def _in_case(probe: Probe, index: int) -> str:
    return f" ({probe.label(index)})" if len(probe.cases) > 1 else ""


def _fail(row: Row, trouble: Trouble) -> None:
    row.share = 0.0
    if not row.where:
        row.where, row.kind = trouble.says, trouble.kind


def _inputs(probe: Probe, index: int) -> dict[str, Any]:
    return {name: value for name, value in probe.cases[index].items() if name != "case"}


def _samples(case: dict[str, Any]) -> int | None:
    """The number of samples: the length that inputs X and targets Y share at the same axis."""
    inputs = np.shape(case.get("X", case.get("x", ())))
    targets = np.shape(case.get("Y", case.get("T", case.get("y", ()))))
    if len(inputs) != 2 or not targets:
        return None
    if len(targets) == 1:
        return targets[0] if targets[0] in inputs else None
    shared = [a for a, b in zip(inputs, targets) if a == b]
    return shared[-1] if len(shared) == 1 else (inputs[1] if shared else None)


def _diagnose(probe: Probe, rows: list[Row], names: Sequence[str], evidence: list[Evidence]) -> None:
    """Name the misconception behind each wrong row, where exactly one explanation fits."""
    if probe.setting.depth == "verdict" or all(row.right for row in rows) or any(
            row.kind in NOT_THERE for row in rows):
        return
    if probe.known_mistake() is not None:  # said once for the whole function, by verdict_of
        return
    known: list[KnownMistake] = at_no_cost(lambda: _known_results(probe, names), [])
    for row, name in zip(rows, names):
        if row.right or not all(name in facts.got and name in facts.expected for facts in evidence):
            continue
        finding = at_no_cost(partial(diagnose, name, evidence, known), None)
        if finding is not None:
            row.why, row.kind = finding.says, finding.kind


def _known_results(probe: Probe, names: Sequence[str]) -> list[KnownMistake]:
    arguments = [probe.arguments(i) for i in range(len(probe.cases))]
    known = []
    for says, results in probe.setting.known_mistakes(probe.subject, probe.key, arguments):
        outputs = [named_outputs(seen.value, names, probe.name) if seen.error is None else None for seen in results]
        known.append(KnownMistake(says, [
            {k: _raw(v) for k, v in out.items()} if isinstance(out, dict) else None for out in outputs]))
    return known


def _discount_cheap_rows(probe: Probe, rows: list[Row]) -> None:
    """Take back what an answer of nothing would get as well, where nothing else is right: in all cases, or in those
    that are left where it raises in all others."""
    given = [row for row in rows if row.share]
    if not given:
        return
    answered = frozenset(index for index, seen in probe.seen.items() if seen.error is None)
    where = ""
    if len(given) < len(rows) and all(row.name in probe.setting.cheap_rows(probe.key) for row in given):
        where = ("right, but zeros or the like would do as well: it counts as soon as a line is right for which they "
                 "would not")
    elif len(answered) < len(probe.seen):
        cheap, fixed = probe.setting.cheap_cases(probe.key), probe.setting.fixed(probe.key, probe.cases)
        if all(answered <= fixed | cheap.get(row.name, frozenset()) for row in given):
            where = (f"`{probe.name}` raises in all cases but those in which zeros, or nothing, would do as well: it "
                     "counts as soon as another case is right")
    for row in given if where else ():
        row.share, row.kind, row.where = 0.0, "cheap", where


def constant(probe: Probe) -> bool:
    """Does the function return one and the same for every case that it answers, where the reference does not?"""
    cases = [i for i in range(len(probe.cases)) if probe.observe(i).error is None]
    if len(cases) < 2:
        return False
    first, wanted = probe.observe(cases[0]).value, [probe.expected(i) for i in cases]
    if first is None:  # a `return` is missing, which is told of every case
        return False
    return (all(same_value(probe.observe(i).value, first) for i in cases[1:])
            and any(one is not None and wanted[0] is not None and not same_value(one.value, wanted[0].value)
                    for one in wanted[1:]))


def all_constant(probe: Probe, rows: list[Row]) -> list[Row]:
    for index, row in enumerate(rows):
        failed = probe.failure(index)
        _fail(row, failed if failed is not None and failed.kind == "raises" else Trouble(
            "constant", f"`{probe.name}` returns the same in every case, whatever it is given"))
    return rows


def verdict_of(probe: Probe, rows: list[Row], order: Sequence[str] = ()) -> Verdict:
    """Add what concerns the whole function: arguments in another order or changed in place, the known mistake, where to
    look."""
    if any(not row.right for row in rows) and rows[0].kind not in (
            *NOT_THERE, "not-callable", "ended", "slow"):
        at_no_cost(lambda: _put_in_order(probe, rows), None)
    changed = sorted({name for i in probe.seen for name in probe.changed(i)})
    for row in rows:
        if changed and row.right:
            row.share, row.kind = CHANGED_IN_PLACE, "changed-in-place"
            which = f"argument{'s' * (len(changed) > 1)} {' and '.join(changed)}"
            row.where = f"the result is right, but `{probe.name}` changes its {which} in place"
    _discount_cheap_rows(probe, rows)
    if any(not row.right for row in rows) and rows[0].kind not in (*NOT_THERE, "not-callable") and (
            probe.setting.depth != "verdict"):
        said = probe.known_mistake()
        first = next(row for row in rows if not row.right)
        if not said:
            reasons.explain(probe, rows)
        else:
            first.why, first.kind = said, "known-mistake"
        if changed and not first.why:
            first.why = (f"Whoever called `{probe.name}` still needs {', '.join(changed)} as it was: work on a copy, "
                         "or write expressions that make new arrays.")
    # Shapes, exceptions and changed arguments say nothing of the way back; a known reason needs no search.
    # Who is handed gradients and adds to them has no way back of its own.
    given = {probe.labels.get(name) for name in order} & set(probe.names_of(0))
    silent = changed or given or any(row.why or (row.kind and not row.right) for row in rows)
    advice = None if silent else where_to_look({row.name: row.right for row in rows}, list(order), probe.shown)
    right = all(row.right for row in rows)
    written = rows[0].kind not in ("not-written", "missing")
    probe.setting.told(probe.name, probe.key, right, written)
    remarks = probe.remarks()
    if probe.setting.tells_expected and any(row.kind == "raises" for row in rows):
        remarks.append(f"`{probe.name}(*check.case({probe.name}))` in a cell of its own shows the whole traceback")
    if right and probe.setting.tells_expected and isinstance(probe.subject, Local):  # grading has the answer's text
        remarks += remarks_on_function(probe.subject.value)
    before = _to_mend_first(probe.setting.astray()) if written else ""
    verdict = Verdict(probe.name, rows, depth=probe.setting.depth, advice=advice or "", remarks=remarks, first=before)
    if may_lean(verdict):
        verdict.first = probe.setting.leaning(probe.subject)
    return verdict


def may_lean(verdict: Verdict) -> bool:
    """Is something wrong that may come from a function below? What is known of why speaks of what is returned, wherever
    in it that was made."""
    return not verdict.right and not verdict.first and not any(row.kind in SPEECHLESS for row in verdict.rows)


def _put_in_order(probe: Probe, rows: list[Row]) -> None:
    """Where arguments were taken for each other, all else that could be said is about other numbers."""
    says = probe.out_of_order()
    for row in rows if says else ():
        if not row.right:
            row.where, row.why, row.kind, row.error_map = says, "", "order", None


def _to_mend_first(astray: list[tuple[str, str, str]]) -> str:
    """What of earlier questions this check has met and found wrong; it went on with the right results."""
    if not astray:
        return ""
    named = [f"`{name}`" + (f" ({question})" if question else "") for name, _, question in astray]
    names = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    word = "written" if {how for _, how, _ in astray} == {"not written"} else "right"
    one = len(named) == 1
    return (f"{names} {'is' if one else 'are'} not {word} yet: go there first. "
            f"This check has gone on with the right results in {'its' if one else 'their'} place.")
