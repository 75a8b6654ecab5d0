"""The smallest example on which an answer is wrong, and the largest on which it is right.

The rungs are public (see `ladder`): the same example stands in the notebook and in feedback, and no secret is told.
Where no rung shows the mistake, it is one of the check's own cases in the notebook, whose arguments `check.case` hands
over there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.checking import lastcase
from helpers.checking.ladder import Rung, weight_of
from helpers.checking.observing import Observation, snapshot
from helpers.checking.probe import Probe, called_with, named_outputs
from helpers.checking.trouble import Trouble
from helpers.checking.written import MOST, as_code, can_be_pasted
from helpers.sameness import FLOOR, largest, same_value

TOLERANCE = 1e-3  # of the largest entry: an example shows what can be seen with a pencil
SILENT = ("NotImplementedError", "ProcessEnded", "TimeoutError")
PASTED = 400  # characters of a call that is printed whole
FAR_MORE = "returns far more numbers than are asked for"
OWN = "An example of the check's own: "
# What is wrong with a result of a call with a case's entries, or None. It raises nothing.
Wrong = Callable[[Observation, Rung], "str | None"]


def of_outputs(probe: Probe, names: Sequence[str]) -> Wrong:
    """For checks that compare named outputs with what is expected."""
    return lambda seen, rung: FAR_MORE if rung.too_large(seen.value) else _difference(seen, rung.expected, names, probe)


def of_changes(probe: Probe) -> Wrong:
    """For a function whose results are right and that changes arguments which it may not change."""
    def found(seen: Observation, rung: Rung) -> str | None:
        called = called_with(rung.case, probe.parameters)
        changed = [called[k] for k in seen.changed if k < len(called) and called[k] not in probe.changes]
        return f"leaves other numbers in {', '.join(changed)} than there were before" if changed else None

    return found


def of_results(wrong: Callable[[Any, list[Any]], str]) -> Wrong:
    """For checks that expect no result but ask something of it: `wrong(result, values)` says what does not hold, or
    ""."""
    def found(seen: Observation, rung: Rung) -> str | None:
        if seen.error is not None:
            return _raises(seen)
        if rung.too_large(seen.value):
            return FAR_MORE
        says = wrong(seen.value, list(rung.case.values()))
        if not says:
            return None
        short = weight_of(seen.value) <= MOST and not seen.figures and can_be_pasted(seen.value)
        return f"returns {as_code(seen.value)}: {says}" if short else f"is wrong: {says}"

    return found


def first(probe: Probe, wrong: Wrong, where: str = "") -> str:
    """The first rung on which something is wrong, as a paragraph with code; "" if nothing is on all that is public.

    where: what the check has said of its own cases.
    """
    right: list[Rung] = []
    crashed: tuple[tuple[Any, ...], str] | None = None
    for rung in probe.setting.ladder(probe.subject, probe.key):
        called = called_with(rung.case, probe.parameters)
        arguments = [snapshot(rung.case[name]) for name in called]
        seen = probe.subject.observe(*arguments, figures=probe.figures)
        if seen.error is not None and seen.error.type in SILENT:
            return ""
        found = wrong(seen, rung)
        if found is None:
            right.append(rung)
            continue
        text = f"{_contrast(probe, right, rung, called)}{_given(probe, rung.case, called, found)}"
        if "check.case" in text:
            text = text.replace("A small example: ", "An example: ", 1)
        if not _crashes(seen):
            crashed = tuple(arguments), text
            break
        crashed = crashed or (tuple(arguments), text)
    if crashed is None:
        return _own_case(probe, wrong, where)
    lastcase.remember(probe.name, crashed[0])
    return crashed[1]


def _crashes(seen: Observation) -> bool:
    """Whether nothing but an exception or nan came of a case: numbers that are wrong in another say more of the mistake
    than what happens to it at the smallest sizes."""
    if seen.error is not None:
        return True
    parts = list(seen.value) if isinstance(seen.value, (tuple, list)) else [seen.value]
    return any(isinstance(part, (np.ndarray, np.floating, float)) and bool(np.isnan(part).any()) for part in parts
               if not isinstance(part, np.ndarray) or part.dtype.kind == "f")


def _own_case(probe: Probe, wrong_on: Wrong, where: str) -> str:
    """The check's own public case with the fewest numbers that was found wrong."""
    if not probe.setting.tells_expected:
        return _in_the_notebook(probe, wrong_on)
    wrong = [index for index in range(len(probe.cases)) if probe.label(index) in where] or [0]
    index = min(wrong, key=lambda k: weight_of(probe.cases[k]))
    called = probe.names_of(index)
    lastcase.remember(probe.name, tuple(probe.arguments(index)))
    return f"{OWN}{_given(probe, probe.cases[index], called, _returned(probe.observe(index)))}"


def _in_the_notebook(probe: Probe, wrong: Wrong) -> str:
    """In grading: the case that the same check meets in the student's notebook, and is wrong there."""
    for rung in sorted(probe.setting.public_rungs(probe.subject, probe.key), key=lambda one: weight_of(one.case)):
        called = called_with(rung.case, probe.parameters)
        seen = probe.subject.observe(*(snapshot(rung.case[name]) for name in called), figures=probe.figures)
        if seen.error is not None and seen.error.type in SILENT:
            return ""
        found = wrong(seen, rung)
        if found is not None:
            return f"{OWN}{_given(probe, rung.case, called, found)}"
    return ""


def _returned(seen: Observation) -> str:
    if seen.error is not None:
        return _raises(seen)
    return f"returns {as_code(seen.value)}" if weight_of(seen.value) <= MOST else "shows it"


def _raises(seen: Observation) -> str:
    if seen.error is None:
        return ""
    return f"raises {seen.error.type}" + (f": {seen.error.message[:80]}" if seen.error.message else "")


def _call(function: str, case: dict[str, Any], called: Sequence[str]) -> str:
    """A call as code; what cannot be written is handed over by `check.case`."""
    code = f"{function}({', '.join(f'{name}={as_code(case[name])}' for name in called)})"
    if len(code) > PASTED or not all(can_be_pasted(case[name]) for name in called):
        code = f"{function}(*check.case({function}))"
    return f"`{code}`"


def _given(probe: Probe, case: dict[str, Any], called: Sequence[str], found: str) -> str:
    """What is found on a case: of a call, or of formulas, which nobody can call with their letters."""
    if probe.kind != "derivation":
        return f"{_call(probe.name, case, called)} {found}"
    return f"with {_letters(case, called)} the formulas {found.replace('returns', 'give', 1)}"


def _letters(case: dict[str, Any], called: Sequence[str]) -> str:
    return f"`{', '.join(f'{name} = {as_code(case[name])}' for name in called)}`"


def _contrast(probe: Probe, right: Sequence[Rung], wrong: Rung, called: Sequence[str]) -> str:
    """What is said before the example: from where to where it begins to be wrong."""
    smaller = [rung for rung in right if all(
        name in rung.case and _fits(rung.case[name], wrong.case[name]) for name in called)]
    if not smaller:
        return "A small example: "
    nearest = max(smaller, key=lambda rung: sum(_same(rung.case[name], wrong.case[name]) for name in called))
    shapes = [name for name in called if _shape(nearest.case[name]) != _shape(wrong.case[name])]
    others = [name for name in called if name not in shapes and not _same(nearest.case[name], wrong.case[name])]
    counts = [name for name in others if isinstance(wrong.case[name], (int, float, str)) and not isinstance(
        wrong.case[name], bool)]
    if shapes:
        name = shapes[0]
        return (f"A case with `{name}` of shape {_shape(nearest.case[name])} is right, one with "
                f"{_shape(wrong.case[name])} is wrong: ")
    if len(counts) == 1:
        name = counts[0]
        return (f"A case with `{name}` = {as_code(nearest.case[name])} is right, one with "
                f"{as_code(wrong.case[name])} is wrong: ")
    if probe.kind == "derivation":
        return f"With {_letters(nearest.case, called)} the formulas are right; "
    call = _call(probe.name, nearest.case, called)
    return f"{call} is right; " if "check.case" not in call else "A small example: "


def _same(one: Any, other: Any) -> bool:
    return one is other or same_value(one, other)


def _fits(one: Any, other: Any) -> bool:
    """Whether an array is at most as long as another, along every axis."""
    one, other = _shape(one), _shape(other)
    return len(one) == len(other) and all(a <= b for a, b in zip(one, other))


def _shape(value: Any) -> tuple[int, ...]:
    """The shape of an array, and of lists as if they were one; of lists of different lengths, how many they are."""
    array = _array(value)
    return (len(array),) if isinstance(array, (list, tuple)) else np.shape(array)


def _difference(seen: Observation, expected: Any, names: Sequence[str], probe: Probe) -> str | None:
    """What is wrong with a result, or None."""
    if seen.error is not None:
        return _raises(seen)
    wanted, got = named_outputs(expected, names, probe.name), named_outputs(seen.value, names, probe.name)
    if isinstance(wanted, Trouble):
        return None
    if isinstance(got, Trouble):
        return got.says.removeprefix(f"`{probe.name}` ")  # which the call before it names
    wrong = [name for name in names if not _alike(_array(got[name]), _array(wanted[name]))]
    if not wrong:
        return None
    name = wrong[0]
    shown = [probe.shown(one) for one in names]
    returned, right, place = _told_apart(got[name], wanted[name])
    which = f"{probe.shown(name)}{place} = {returned}" if len(names) > 1 or place else returned
    return f"returns {which}; right is {right}{_others(shown, [probe.shown(one) for one in wrong])}"


def _told_apart(got: Any, wanted: Any) -> tuple[str, str, str]:
    """A result, and what is right, as code; of large arrays of one shape one entry that differs, and its place."""
    one, other = _array(got), _array(wanted)
    if (isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and one.shape == other.shape and one.size > MOST
            and {one.dtype.kind, other.dtype.kind} <= set("biuf")):
        apart = np.abs(np.subtract(one, other, dtype=float))
        place = np.unravel_index(int(np.where(np.isnan(apart), np.inf, apart).argmax()), one.shape)
        return as_code(one[place]), as_code(other[place]), f"[{', '.join(map(str, place))}]"
    return _without_sign(got), as_code(wanted), ""


def _without_sign(value: Any) -> str:
    """As code, with 0.0 for -0.0."""
    array = np.asarray(value) if isinstance(value, (np.ndarray, np.floating, float)) else None
    return as_code(value if array is None or array.dtype.kind != "f" else value + 0.0)


def _alike(got: Any, wanted: Any) -> bool:
    """To the eye: a rest of 1e-12 in the place of 0 is none, as for checks."""
    if same_value(got, wanted, TOLERANCE):
        return True
    numbers = [np.asarray(one) for one in (got, wanted)]
    return numbers[0].shape == numbers[1].shape and all(
        one.dtype.kind in "biufc" and np.isfinite(one).all() and largest(one) < FLOOR for one in numbers)


def _others(names: Sequence[str], wrong: Sequence[str]) -> str:
    """Which of several outputs are wrong as well, and which are not."""
    fine = [name for name in names if name not in wrong]
    if len(names) == 1 or (len(wrong) > 1 and not fine):
        return ""
    also = f"{', '.join(wrong[1:])} {'is' if len(wrong) == 2 else 'are'} wrong as well" if wrong[1:] else ""
    right = f"{', '.join(fine)} {'is' if len(fine) == 1 else 'are'} right here" if fine else ""
    return f" ({'; '.join(filter(None, [also, right]))})"


def _array(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        try:
            return np.asarray(value)
        except ValueError:
            return value
    return value
