"""What a check of formulas observes: a student's function says a text, and the text has values on cases."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from helpers.checking import setting as settings
from helpers.checking.expected import PUBLIC_SEED
from helpers.checking.formulas import Formula, FormulaError, attempt, evaluate, parse
from helpers.checking.kinds import NOT_THERE
from helpers.checking.mathematics import drawn
from helpers.checking.observing import Observation, StudentError, Subject
from helpers.checking.probe import Probe, as_numbers, named_outputs
from helpers.checking.trouble import Trouble, at_no_cost
from helpers.checking.verdict import Row, Verdict

FEW = 24  # numbers that an example may hold, for a pencil


class Formulas:
    """A subject whose function takes no arguments and returns formulas; observed on a case, it gives their values.

    `names` are the results asked for; `letters` the case's entries in the order of the arguments.
    """

    def __init__(self, subject: Subject, names: Sequence[str], letters: Sequence[str]):
        self.subject, self.names, self.letters = subject, tuple(names), list(letters)
        self.name = subject.name
        self._said: Observation | None = None

    @property
    def value(self) -> Any:
        """The function behind it, where it is at hand."""
        return getattr(self.subject, "value", None)

    def rebound(self, subject: Subject) -> Formulas:
        """The same question to another author's function."""
        return Formulas(subject, self.names, self.letters)

    def said(self) -> Observation:
        """The text, as the function returned it."""
        if self._said is None:
            self._said = self.subject.observe()
        return self._said

    def formulas(self) -> list[Formula]:
        """Raises: FormulaError if there are none."""
        text = self.said().value
        if isinstance(text, (list, tuple)) and len(text) == len(self.names) and all(isinstance(t, str) for t in text):
            text = [t if re.match(r"\s*\w+\s*=(?!=)", t) else f"{name} = {t}" for name, t in zip(self.names, text)]
        formulas = parse(text)
        if len(self.names) == 1 and len(formulas) == 1:
            formulas = [Formula(self.names[0], formulas[0].tree)]
        return formulas

    def observe(self, *args: Any, figures: bool = False) -> Observation:
        said = self.said()
        if said.error is not None or said.value is None:
            return said
        try:
            values, failed = attempt(self.formulas(), dict(zip(self.letters, args)))
        except FormulaError as error:
            return Observation(error=StudentError("FormulaError", str(error)))
        return Observation(value={name: np.asarray(values[name]) if name in values else Trouble("formula", str(
            failed.get(name, f"no line says what {name} is: write `{name} = …`"))) for name in self.names})

    def missing(self) -> bool:
        return self.subject.missing()

    def callable(self) -> bool:
        return self.subject.callable()

    def parameters(self) -> tuple[str, ...] | None:
        return None  # every entry of a case is a letter

    def fetch(self) -> Observation:
        return self.subject.fetch()


def probe_of(function: Any, names: dict[str, Any], at: Any, also_at: Any,
             results: Sequence[str]) -> tuple[Probe, tuple[str, ...]]:
    """A probe whose subject is the formulas that `function` says, and the names of what is asked for.

    `names` are the globals of the check cell.
    """
    subject = Formulas(settings.as_subject(function, names), results, ())
    probe = Probe("derivation", subject, names, at, also_at)
    subject.letters = probe.names_of(0)
    subject.names = subject.names or (probe.name,)
    return probe, subject.names


def explain(probe: Probe, verdict: Verdict, at: Any) -> None:
    """Add to a verdict the formulas as mathematics, and to a wrong row the smallest case on which it is wrong."""
    formulas = probe.subject
    assert isinstance(formulas, Formulas)
    verdict.mathematics = at_no_cost(lambda: drawn(formulas.formulas(), probe.cases[0]), "")
    if verdict.right or not verdict.mathematics:
        return
    for row in verdict.rows:
        if not row.right and row.kind not in (*NOT_THERE, "cheap", "formula"):
            example = at_no_cost(partial(_smallest_example, probe, formulas, row, at), "")
            row.where = example or row.where


def _smallest_example(probe: Probe, formulas: Formulas, row: Row, at: Any) -> str:
    """The public case with the fewest numbers on which a row is wrong, with both results; "" if it is too large.

    Cases of the public seed stand in the assignment: they are no secret in grading either.
    """
    cases, wanted = _public(probe, formulas, at)
    found: list = []
    for index in sorted(range(len(cases)), key=lambda i: _size(cases[i])):
        expected = wanted(index)
        seen = formulas.observe(*(cases[index][name] for name in formulas.letters))
        if expected is None or seen.error is not None:
            continue
        value, right = seen.value.get(row.name), expected.get(row.name)
        got = value if isinstance(value, Trouble) else as_numbers(value, np.shape(right))
        if isinstance(got, Trouble):  # where shapes do not fit, numbers say nothing
            return got.says if got is value else f"{row.name} {got.says}, with {_shapes(cases[index], formulas)}"
        if not found and not np.allclose(got, right, rtol=1e-6, atol=1e-9):
            short = _size(cases[index]) + 2 * np.size(right) <= FEW
            found = [f"with {_written(cases[index], formulas)}: your formula gives {row.name} = {_numbers(got)}, "
                     f"right is {_numbers(right)}" if short else ""]
    return found[0] if found else ""


def _public(probe: Probe, formulas: Formulas, at: Any) -> tuple[list[settings.Case], Any]:
    """The cases of the public seed, and a function from an index to what the reference says there."""
    if probe.setting.tells_expected:
        def from_file(index: int) -> Mapping[str, Any] | None:
            seen = probe.expected(index)
            outputs = named_outputs(seen.value, formulas.names, probe.name) if seen is not None else None
            return outputs if isinstance(outputs, dict) else None

        return probe.cases, from_file
    cases = settings.draw(probe.setting.trusted(at), PUBLIC_SEED, probe.key)
    reference = probe.setting.remembered((probe.key, "formulas"), lambda: parse(
        probe.setting.trusted(formulas.subject)()))

    def computed(index: int) -> Mapping[str, Any]:
        values = evaluate(reference, cases[index])
        return {name: values[name] if name in values else values[""] for name in formulas.names}

    return cases, computed


def _size(case: settings.Case) -> int:
    return sum(np.size(value) for name, value in case.items() if name != "case")


def _shapes(case: settings.Case, formulas: Formulas) -> str:
    used = [name for name in formulas.letters if np.ndim(case[name])]
    return ", ".join(f"{name} {np.shape(case[name])}" for name in used[:8])


def _written(case: settings.Case, formulas: Formulas) -> str:
    return ", ".join(f"{name} = {_numbers(case[name])}" for name in formulas.letters)


def _numbers(value: Any) -> str:
    """An array as a list that can be copied into a cell, to three digits."""
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{float(array):.3g}"
    return "[" + ", ".join(_numbers(part) for part in array) + "]"
