"""Reasons that the author of a question did not write down, for rows that are wrong and have none yet.

First a mistake of the author's of which the answer is a part or a variant, then small changes of the solution that give
the same numbers. A reason is told only if it is the only one of its rank.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.checking.observing import Observation
from helpers.checking.probe import Probe, named_outputs
from helpers.checking.verdict import Row
from helpers.sameness import differing, same_value, tolerance_of

SUPPOSED, NEAR = "supposed", "near-known-mistake"
ENOUGH = 2  # numbers that a reason has to get right where the answer is wrong


def explain(probe: Probe, rows: Sequence[Row], names: Sequence[str] = ()) -> None:
    """Give wrong rows a reason: each of its own output if the rows are named like `names`, else the first for all."""
    if probe.setting.depth != "why" or any(row.why for row in rows):
        return
    wrong = [row for row in rows if not row.right and not row.kind.startswith("not-")]
    if not wrong or any(row.kind in ("not-written", "missing", "changed-in-place") for row in rows):
        return
    if names:
        for row in wrong:
            if row.name in names:
                row.why, row.kind = _reason(probe, _output_of(probe, names, row.name)) or (row.why, row.kind)
    elif not any(row.kind in ("raises", "slow", "ended") for row in wrong):
        wrong[0].why, wrong[0].kind = _reason(probe, lambda seen: seen) or (wrong[0].why, wrong[0].kind)


def _output_of(probe: Probe, names: Sequence[str], name: str) -> Callable[[Observation], Any]:
    def pick(seen: Observation) -> Any:
        outputs = named_outputs(seen.value, names, probe.name)
        return outputs[name] if isinstance(outputs, dict) else None

    return pick


def _reason(probe: Probe, pick: Callable[[Observation], Any]) -> tuple[str, str] | None:
    """(sentence, kind), or None."""
    cases = range(len(probe.cases))
    got = [pick(probe.observe(i)) for i in cases]
    expected = [probe.expected(i) for i in cases]
    right = [None if seen is None or seen.error is not None else pick(seen) for seen in expected]
    if any(value is None for value in got) or any(value is None for value in right):
        return None
    near = _near_known(probe, pick, got, right)
    if near:
        return near, NEAR
    arguments = [probe.arguments(i) for i in cases]
    said = probe.setting.explaining(probe.subject, probe.key, arguments, lambda i, seen: _same(got[i], pick(seen)))
    return (said[0], SUPPOSED) if len(said) == 1 else None


def _same(got: Any, predicted: Any) -> bool:
    if isinstance(got, Observation):
        if got.figures or predicted.figures:
            return same_value(list(got.figures), list(predicted.figures))
        return got.value is not None and same_value(got.value, predicted.value, tolerance_of(got.value))
    return predicted is not None and same_value(got, predicted, tolerance_of(got))


def _near_known(probe: Probe, pick: Callable[[Observation], Any], got: list[Any], right: list[Any]) -> str | None:
    """The sentence of the author's mistake that the answer makes wherever the mistake shows, or in part of the cases.

    An answer may have details of its own: wrong elsewhere as well, or right where it thought of the case.
    """
    answers = [array for array in map(_numbers, got) if array is not None]
    truths = [array for array in map(_numbers, right) if array is not None]
    if not len(answers) == len(truths) == len(got) or any(a.shape != t.shape for a, t in zip(answers, truths)):
        return None
    found: dict[str, int] = {}
    arguments = [probe.arguments(i) for i in range(len(got))]
    for says, results in probe.setting.known_mistakes(probe.subject, probe.key, arguments):
        score = _alike(answers, truths, [_numbers(pick(seen)) if seen.error is None else None for seen in results])
        if score:
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


def _numbers(value: Any) -> np.ndarray | None:
    """All numbers of a result in a row, or None."""
    if isinstance(value, Observation):
        value = value.value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        parts = [_numbers(part) for part in value]
        return None if any(part is None for part in parts) else np.concatenate([np.zeros(0), *parts])
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        return None
    return array.astype(float).ravel() if array.dtype.kind in "biuf" else None
