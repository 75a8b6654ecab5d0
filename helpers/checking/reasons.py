"""Reasons that the author of a question did not write down, for rows that are wrong and have none yet.

First a mistake of the author's of which the answer is a part or a variant, then small changes of the solution that give
the same numbers. A reason is told only if it is the only one of its rank.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.checking.kinds import NOT_THERE
from helpers.checking.observing import Observation
from helpers.checking.probe import LARGE, Probe, named_outputs, weight
from helpers.checking.trouble import at_no_cost
from helpers.checking.verdict import Row
from helpers.sameness import differing, same_value, tolerance_of

SUPPOSED, NEAR = "supposed", "near-known-mistake"
FACTORS = ((-1.0, "the sign is turned"), (0.5, "a factor of 2 is left out"), (2.0, "a factor of 2 is one too many"),
           (-0.5, "the sign is turned and a factor of 2 left out"))
FEW = 4  # wrong numbers: of fewer, some have to be more than 0, inf or nan
ENOUGH = 2  # numbers that a reason has to get right where the answer is wrong


def explain(probe: Probe, rows: Sequence[Row], names: Sequence[str] = ()) -> None:
    """Give wrong rows a reason: each of its own output if the rows are named like `names`, else the first for all."""
    at_no_cost(lambda: _explain(probe, rows, names), None)


def _explain(probe: Probe, rows: Sequence[Row], names: Sequence[str]) -> None:
    if probe.setting.depth != "why" or any(row.why for row in rows):
        return
    wrong = [row for row in rows if not row.right and not row.kind.startswith("not-")]
    if not wrong or any(row.kind in (*NOT_THERE, "changed-in-place", "size") for row in rows):
        return
    if names:
        if len(wrong) > 1 and all(row.name in names for row in wrong):  # one slip that shows in several outputs
            together = _supposed_of_all(probe, names, [row.name for row in wrong])
            if together:
                for row in wrong:
                    row.why, row.kind = together, SUPPOSED
                return
        for row in wrong:
            if row.name in names:
                pick, others = _output_of(probe, names, row.name), [
                    _output_of(probe, names, name) for name in names if name != row.name]
                row.why, row.kind = _reason(probe, pick, others) or (row.why, row.kind)
    elif not any(row.kind in ("raises", "slow", "ended") for row in wrong):
        wrong[0].why, wrong[0].kind = _reason(probe, lambda seen: seen) or (wrong[0].why, wrong[0].kind)


def _supposed_of_all(probe: Probe, names: Sequence[str], wrong: Sequence[str]) -> str:
    """The one small change that gives several wrong outputs and leaves the others right; "" if there is none."""
    picks = [_output_of(probe, names, name) for name in wrong]
    got = [[pick(probe.observe(i)) for pick in picks] for i in range(len(probe.cases))]
    if any(value is None for values in got for value in values):
        return ""
    arguments = [probe.arguments(i) for i in range(len(probe.cases))]
    said = probe.setting.explaining(probe.subject, probe.key, arguments, lambda i, seen: all(
        _same(value, pick(seen)) for value, pick in zip(got[i], picks)))
    return said[0] if len(said) == 1 else ""


def _output_of(probe: Probe, names: Sequence[str], name: str) -> Callable[[Observation], Any]:
    def pick(seen: Observation) -> Any:
        outputs = named_outputs(seen.value, names, probe.name)
        return outputs[name] if isinstance(outputs, dict) else None

    return pick


def _reason(probe: Probe, pick: Callable[[Observation], Any],
            others: Sequence[Callable[[Observation], Any]] = ()) -> tuple[str, str] | None:
    """(sentence, kind), or None. others: further outputs, which a reason must not say something else about."""
    cases = range(len(probe.cases))
    got = [pick(probe.observe(i)) for i in cases]
    expected = [probe.expected(i) for i in cases]
    right = [None if seen is None or seen.error is not None else pick(seen) for seen in expected]
    if any(value is None for value in got) or any(value is None for value in right):
        return None
    def fits_the_rest(index: int, seen: Observation) -> bool:
        truth = expected[index]
        return truth is None or all(_may_be(other(probe.observe(index)), other(truth), other(seen)) for other in others)

    def explains_the_rest(index: int, seen: Observation) -> bool:
        """What else is wrong is so by the same mistake: of two that come together, one alone would be half of it."""
        truth, answer = expected[index], probe.observe(index)
        return truth is None or all(_same(other(answer), other(truth)) or _same(other(answer), other(seen))
                                    for other in others)

    if not _telling(got, right):
        return None
    near = _near_known(probe, pick, got, right, explains_the_rest)
    if near:
        return near, NEAR
    arguments = [probe.arguments(i) for i in cases]
    said = probe.setting.explaining(
        probe.subject, probe.key, arguments, lambda i, seen: _same(got[i], pick(seen)) and fits_the_rest(i, seen))
    if said:
        return (said[0], SUPPOSED) if len(said) == 1 else None
    return _with_a_factor(probe, pick, got, arguments)


def _telling(got: Sequence[Any], right: Sequence[Any]) -> bool:
    """Whether so much is wrong that agreeing with it is no chance: several numbers, not a few that are 0 or none."""
    wrong: list[float] = []
    for one, truth in zip(map(numbers_in, got), map(numbers_in, right)):
        if one is None or truth is None or one.shape != truth.shape:
            return True  # another shape, or no numbers: much to agree with
        wrong += one[differing(one, truth)].tolist()
    return len(wrong) >= FEW or (len(wrong) > 1 and any(value and np.isfinite(value) for value in wrong))


def _may_be(answer: Any, truth: Any, mistake: Any) -> bool:
    """Whether an output speaks against a mistake: it should show there, and the answer is wrong in another way."""
    return _same(truth, mistake) or _same(answer, mistake) or _same(answer, truth)


def _with_a_factor(probe: Probe, pick: Callable[[Observation], Any], got: list[Any],
                   arguments: list[list[Any]]) -> tuple[str, str] | None:
    """A small change of the solution together with one constant factor."""
    answers = [numbers_in(value) for value in got]
    if any(answer is None or not answer.any() for answer in answers):
        return None
    for factor, words in FACTORS:
        def agrees(index: int, seen: Observation, factor: float = factor) -> bool:
            made, answer = numbers_in(pick(seen)), answers[index]
            return made is not None and answer is not None and made.shape == answer.shape and not differing(
                factor * made, answer).any()

        said = probe.setting.explaining(probe.subject, probe.key, arguments, agrees)
        if said:
            return (f"{said[0][:-1]}, and {words}.", SUPPOSED) if len(said) == 1 else None
    return None


def _same(got: Any, predicted: Any) -> bool:
    if isinstance(got, Observation):
        if got.figures or predicted.figures:
            return same_value(list(got.figures), list(predicted.figures))
        return got.value is not None and same_value(got.value, predicted.value, tolerance_of(got.value))
    return predicted is not None and same_value(got, predicted, tolerance_of(got))


def _near_known(probe: Probe, pick: Callable[[Observation], Any], got: list[Any], right: list[Any],
                fits_the_rest: Callable[[int, Observation], bool]) -> str | None:
    """The sentence of the author's mistake that the answer makes wherever the mistake shows, or in part of the cases.

    An answer may have details of its own: wrong elsewhere as well, or right where it thought of the case.
    """
    answers = [array for array in map(numbers_in, got) if array is not None]
    truths = [array for array in map(numbers_in, right) if array is not None]
    if not len(answers) == len(truths) == len(got) or any(a.shape != t.shape for a, t in zip(answers, truths)):
        return None
    found: dict[str, int] = {}
    arguments = [probe.arguments(i) for i in range(len(got))]
    for says, results in probe.setting.known_mistakes(probe.subject, probe.key, arguments):
        score = _alike(answers, truths, [numbers_in(pick(seen)) if seen.error is None else None for seen in results])
        if score and all(fits_the_rest(i, seen) for i, seen in enumerate(results) if seen.error is None):
            found[says] = max(score, found.get(says, 0))
    return next(iter(found)) if len(found) == 1 else None


def _alike(answers: list[np.ndarray], truths: list[np.ndarray], mistaken: list[np.ndarray | None]) -> int:
    """How many wrong numbers of the answers are those of a mistake; 0 if the two are not alike.

    Alike: in most of the places where the mistake shows and the answer is wrong, both say the same; where the mistake
    shows, the answer says what the mistake says or, in whole cases, what is right.
    """
    shared = wrong = astray = 0
    for answer, truth, mistake in zip(answers, truths, mistaken):
        if mistake is None or mistake.shape != truth.shape:
            return 0
        shows, is_wrong, agrees = differing(mistake, truth), differing(answer, truth), ~differing(answer, mistake)
        if not is_wrong.any():
            continue
        shared += int((shows & is_wrong & agrees).sum())
        wrong += int(is_wrong.sum())
        astray += int((shows & ~agrees).sum())
    return shared if shared >= max(ENOUGH, 3) and astray == 0 and shared >= 0.6 * wrong else 0


def numbers_in(value: Any) -> np.ndarray | None:
    """All numbers of a result in a row, or None: also of one that has far too many."""
    if isinstance(value, Observation):
        value = value.value
    return None if weight(value)[1] > LARGE else _numbers_in(value)


def _numbers_in(value: Any) -> np.ndarray | None:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        parts = [_numbers_in(part) for part in value]
        return None if any(part is None for part in parts) else np.concatenate([np.zeros(0), *parts])
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        return None
    return array.astype(float).ravel() if array.dtype.kind in "biuf" else None
