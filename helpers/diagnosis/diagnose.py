"""Names what is wrong with a wrong gradient (or any wrong result), or says nothing.

`diagnose` looks at one parameter over all cases of a check. A sentence is given only if exactly one explanation agrees
with what was returned, on every case, to the accuracy of its dtype: first the mistakes that the question's author
knows, then the general ones of `explanations`. A wrong sentence is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from helpers.diagnosis.rules import arguments, penalties, sums
from helpers.diagnosis.rules import numbers as explanations
from helpers.diagnosis.wrong import Explanation, Finding, WrongCase, WrongGradient
from helpers.sameness import same_numbers, tolerance_for

__all__ = ["Evidence", "Finding", "KnownMistake", "diagnose", "where_to_look"]


RULES = (*arguments.RULES, *explanations.RULES, *penalties.RULES, *sums.RULES)


@dataclass(frozen=True, eq=False)
class Evidence:
    """One case.

    got: parameter name -> what was returned for it (any type; a missing name means that nothing was returned).
    expected: parameter name -> the right array; entries that are nan are unknown.
    inputs: the case's arguments by name (W1, X, Y, lam, ...), as they were before the call.
    samples: N, the number of samples; None if there is no such thing.
    changed: names of the arguments that the call changed in place.
    """

    got: dict[str, object]
    expected: dict[str, np.ndarray]
    inputs: dict[str, object] = field(default_factory=dict)
    samples: int | None = None
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class KnownMistake:
    """A mistake that the question's author knows: the sentence, and what it returns on each case (None: it raises)."""

    says: str
    results: list[dict[str, np.ndarray] | None]


def diagnose(parameter: str, cases: Sequence[Evidence], known: Sequence[KnownMistake] = ()) -> Finding | None:
    """What is wrong with `parameter`, or None: it is right, or there is not exactly one explanation.

    known: results in the order of `cases`. One that gives all that was returned wins; next, one that gives this
    parameter; then the general rules.
    """
    cases = list(cases)
    finding = _not_numbers(parameter, cases)
    if finding is not None or not cases:
        return finding
    read = [_case(parameter, evidence) for evidence in cases]
    if all(case.right for case in read):
        return None
    for names in (None, (parameter,)):
        sentences = {mistake.says for mistake in known if _is(mistake, cases, names)
                     and not _spoken_against(mistake, cases)}
        if len(sentences) == 1:
            return Finding(sentences.pop(), "known-mistake", parameter)
        if sentences:
            return None
    return _zeros(parameter, read) or _only_one(WrongGradient(parameter, read)) or _last_resort(
        parameter, cases, read)


def _spoken_against(mistake: KnownMistake, cases: list[Evidence]) -> bool:
    """Whether another parameter is wrong in another way than the mistake makes it, or though the mistake leaves it
    right."""
    for name in cases[0].expected:
        if any(not _alike(evidence.got[name], one[name]) and not _alike(evidence.got[name], evidence.expected[name])
               for one, evidence in zip(mistake.results, cases)
               if one is not None and name in one and name in evidence.got and name in evidence.expected):
            return True
    return False


def _alike(one: object, other: object) -> bool:
    """Equal to what single precision tells apart; not known entries are equal to all."""
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape or one.dtype.kind not in "biuf" or other.dtype.kind not in "biuf":
        return False
    one, other = one.astype(float), other.astype(float)
    scale = max(float(np.max(np.abs(other[np.isfinite(other)]), initial=0.0)), 1e-300)
    with np.errstate(invalid="ignore"):
        return bool(np.all((np.abs(one - other) <= 1e-5 * scale) | np.isnan(one) | np.isnan(other)))


def _case(parameter: str, evidence: Evidence) -> WrongCase:
    got = np.asarray(evidence.got[parameter])
    return WrongCase(
        got=got.astype(np.float64),
        expected=np.asarray(evidence.expected[parameter], dtype=np.float64),
        others={name: np.asarray(value, dtype=np.float64) for name, value in evidence.expected.items()},
        inputs=evidence.inputs,
        samples=evidence.samples,
        dtype=got.dtype,
    )


def _not_numbers(parameter: str, cases: list[Evidence]) -> Finding | None:
    """A finding for results that are no real numbers at all."""
    for evidence in cases:
        value = evidence.got.get(parameter)
        if value is None:
            return Finding(f"Nothing is returned for {parameter}. Check the return statement.", "nothing", parameter)
        try:
            array = np.asarray(value)
        except ValueError:
            array = np.asarray(None)
        if array.dtype.kind == "c":
            return Finding("The entries are complex numbers; what is asked for is real.", "complex", parameter)
        if array.dtype.kind == "b":
            says = "The entries are True and False, not numbers: a comparison is returned without its factor."
            return Finding(says, "bool", parameter)
        if array.dtype.kind not in "iuf":
            says = f"What is returned is not an array of numbers but {_kind_of(value)}."
            return Finding(says, "type", parameter)
    return None


def _kind_of(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"


def _is(mistake: KnownMistake, cases: list[Evidence], names: tuple[str, ...] | None) -> bool:
    """Whether the mistake gives what was returned on every case, for these parameters (all of them if None)."""
    if len(mistake.results) != len(cases):
        return False
    for result, evidence in zip(mistake.results, cases):
        wanted = names or tuple(evidence.expected)
        if result is None or any(name not in result or not _gives(result[name], evidence.got.get(name))
                                 for name in wanted):
            return False
    return True


def _gives(predicted: object, got: object) -> bool:
    try:
        got = np.asarray(got)
    except ValueError:
        return False
    return same_numbers(got, predicted, tolerance_for(got.dtype))


def _zeros(parameter: str, cases: list[WrongCase]) -> Finding | None:
    wrong = [case for case in cases if not case.right]
    if any(case.got.any() for case in cases) or any(case.got.shape != case.expected.shape for case in wrong):
        return None
    says = "Every entry is zero: nothing was written into the result, or a factor on the way back is zero everywhere."
    return Finding(says, "zeros", parameter)


def _only_one(situation: WrongGradient) -> Finding | None:
    """The one explanation that fits with the least freedom; None if there is none or more than one."""
    if not all(np.isfinite(case.got).all() for case in situation.cases):
        return _not_finite(situation)
    found: list[Explanation] = []
    with np.errstate(all="ignore"):
        for rule in RULES:
            found += rule(situation)
    if not found:
        return None
    least = min(explanation.freedom for explanation in found)
    findings = {e.finding.kind: e.finding for e in found if e.freedom == least}
    return findings.popitem()[1] if len(findings) == 1 else None


def _not_finite(situation: WrongGradient) -> Finding | None:
    """nan or inf: left empty if the rest is right; else said to be what it is."""
    holes = [case for case in situation.cases if not np.isfinite(case.got).all()]
    found = list(explanations.part_missing(situation))  # the one rule that reads nan
    if found and found[0].finding.kind != "unfilled:some":
        return found[0].finding
    if any(not np.isfinite(case.expected).all() for case in holes):
        return None
    rest = [case for case in situation.cases if np.isfinite(case.got).all()]
    where = "in some cases and wrong numbers in others" if rest else "where it is wrong"
    says = f"The result holds nan or inf {where}. Look for an exp that overflows, a logarithm of 0, or a division by 0."
    return Finding(says, "not-finite", situation.parameter)


def _last_resort(parameter: str, cases: list[Evidence], read: list[WrongCase]) -> Finding | None:
    """Nothing explains the numbers, but in every wrong case the call has changed an argument."""
    wrong = [evidence for evidence, case in zip(cases, read) if not case.right]
    names = set.intersection(*(set(evidence.changed) for evidence in wrong))  # changed in each of them
    if not names:
        return None
    which = " and ".join(sorted(names))
    says = f"The call changes {which} in place, so later steps compute with other numbers. Work on a copy."
    return Finding(says, "changed-arguments", parameter)


# ---------------------------------------------------------------------------------------------- where to look


def where_to_look(statuses: dict[str, bool], order: Sequence[str], shown: Callable[[str], str] = str) -> str | None:
    """Where the first error on the way back lies, given which parameters are right.

    order: the parameters in the order of the forward pass, weights and biases of one net: "W1", "b1", "W2", "b2" or
    "W_h", "b_h", "W_o", "b_o". A weight's name begins with W, a bias's with b; what follows says which layer.
    shown: what their gradients are called.
    None if all are right, if there is only one, or if these are no net's parameters: nothing is known of a way back.
    """
    order = [name for name in order if name in statuses]
    layers: dict[str, list[str]] = {}
    for name in order:
        layers.setdefault(name[1:], []).append(name)
    if len(order) < 2 or all(statuses[name] for name in order) or any(name[:1] not in "wWb" for name in order) or any(
            sum(name[0] in "wW" for name in names) != 1 for names in layers.values()):
        return None
    wrong = [names for names in layers.values() if not all(statuses[name] for name in names)]
    last = wrong[-1]  # on the way back it comes first
    amiss, beside = ([shown(name) for name in last if statuses[name] is right] for right in (False, True))
    stacked = list(layers.values())
    place = stacked.index(last)
    after = [shown(name) for name in stacked[place + 1]] if place + 1 < len(stacked) else []
    if beside:
        return (f"{_names(beside)} {_is_or_are(beside)} right and {_names(amiss)} {_is_or_are(amiss)} not: what "
                f"arrives at this layer from above is right; look at how {_names(amiss)} {_is_or_are(amiss)} made.")
    if len(stacked) > 1 and len(wrong) == len(stacked):
        return f"All are wrong. Begin at the end: the loss's derivative and {_names(amiss)} come first on the way back."
    if any(all(statuses[name] for name in names) for names in stacked[:place]):
        return (f"{_names(amiss)} {_is_or_are(amiss)} wrong although gradients further back are right: the error lies "
                f"in {_names(amiss)} alone.")
    if after:
        return (f"{_names(after)} {_is_or_are(after)} right and {_names(amiss)} {_is_or_are(amiss)} not: the error "
                "lies between them, on the way back through the hidden layer.")
    return None


def _is_or_are(names: Sequence[str]) -> str:
    return "are" if len(names) > 1 else "is"


def _names(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
