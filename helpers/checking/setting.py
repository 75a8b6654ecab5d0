"""Where a check runs, and what it knows there.

In a student's notebook that is `SelfCheck`: cases from a public seed, expected numbers from `expected.json`
beside the notebook, and nothing else. In grading, grading puts its own setting in its place:
a secret seed, the reference solution, the known mistakes.
"""

from __future__ import annotations

import contextlib
import contextvars
import types
import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from helpers.checking import demonstrations
from helpers.checking.absent import not_there
from helpers.checking.expected import EXPECTED_FILE, PUBLIC_SEED, as_known, read_expected, unpack, unpack_entry
from helpers.checking.figures import as_panels
from helpers.checking.ladder import Rung
from helpers.checking.observing import Local, Observation, Subject
from helpers.checking.replay import Replay, absent, with_stand_ins
from helpers.checking.slopes import unpack_slopes
from helpers.checking.structure import Structure
from helpers.sameness import PLAIN, unchanged

Case = dict[str, Any]


class Setting(Protocol):
    depth: str
    tells_expected: bool  # may a message show an expected number?

    def cases(self, key: str, at: Any, hidden: Any) -> list[Case]: ...
    def trusted(self, thing: Any) -> Any:
        """What a check computes with in place of a student's function: the reference in grading."""
    def parameters(self, subject: Subject, key: str) -> tuple[str, ...] | None: ...
    def expected(self, subject: Subject, key: str, index: int, arguments: list[Any]) -> Observation | None:
        """The reference's result, or None where no reference is known."""
    def structure(self, subject: Subject, key: str, index: int, arguments: list[Any]) -> Structure:
        """The structure of the reference's result (see `structure.py`); None where it is not known."""
    def fixed(self, key: str, cases: list[Case]) -> frozenset[int]:
        """Positions of cases that are the same for every seed, if not all of them are: anybody can know those."""
    def cheap_rows(self, key: str) -> frozenset[str]:
        """Names of the check's rows that an answer of nothing gets, such as zeros of the right shapes."""
    def cheap_cases(self, key: str) -> Mapping[str, frozenset[int]]:
        """Row → positions of the cases on which an answer of nothing gets it; empty where that is not known."""
    def known_mistakes(self, subject: Subject, key: str, arguments: list[list[Any]]) -> list[tuple[str, list]]:
        """(sentence, observations by case) of the mistakes that students are known to make here."""
    def explaining(self, subject: Subject, key: str, arguments: list[list[Any]],
                   agrees: Callable[[int, Observation], bool]) -> list[str]:
        """Sentences about small changes of the solution that give, on every case, what `agrees` looks for."""
    def ladder(self, subject: Subject, key: str) -> list[Rung]:
        """Small public cases from the smallest upwards, with what the reference says (see `ladder.py`)."""
    def public_rungs(self, subject: Subject, key: str) -> list[Rung]:
        """In grading, the cases of the same check in a student's notebook, with what the reference says."""
    def accepts(self, key: str, holds: Callable[[Any, list[Any]], bool]) -> None:
        """A check without expected numbers: its ladder has the cases on which `holds(result, case's values)` is true
        of the reference."""
    def later(self, work: Callable[[], None]) -> None:
        """Do what changes no mark: now, or when everything has been marked."""
    def returned(self, subject: Subject, key: str) -> tuple[str, ...]:
        """What the reference calls the things that it returns, in their order; empty if that is not known."""
    def seeded(self, subject: Subject, key: str, index: int, arguments: list[Any], changed: list[Any]) -> bool:
        """Whether the reference gives the same again for these arguments, and something else for the changed ones."""
    def number(self, key: str, compute: Callable[[], float]) -> float | None:
        """A number that only the reference knows; None where no reference is known."""
    def remembered(self, key: Any, compute: Callable[[], Any]) -> Any:
        """`compute()`, kept where the result depends on trusted code and the cases only."""
    def slopes(self, key: str, index: int, name: str, measure: Callable[[], Any], reference: Any) -> Any:
        """What a gradient is held against (`gradients.Slopes` or `Sample`): what `measure()` finds, or found at the
        build. reference: the reference's own result, None where it is not known."""
    def absent(self, name: str, names: Mapping[str, Any], wanted: tuple[str, ...] | None) -> str:
        """Why there is no such function, and what to do. names: of the check cell; wanted: its parameters."""
    def told(self, name: str, check: str, right: bool, written: bool = True) -> None:
        """A verdict on a function has been made; `written` is False if there was nothing to judge."""
    def astray(self) -> list[tuple[str, str, str]]:
        """(function, how, its question) of students' functions that trusted code has found to answer wrongly."""
    def leaning(self, subject: Subject) -> str:
        """A sentence on wrong functions of earlier questions that this one uses, as far as that is known by now."""


_setting: contextvars.ContextVar[Setting | None] = contextvars.ContextVar("setting", default=None)


def current() -> Setting:
    return _setting.get() or SelfCheck()


@contextlib.contextmanager
def using(setting: Setting) -> Iterator[None]:
    """Checks inside the block run in this setting."""
    token = _setting.set(setting)
    try:
        yield
    finally:
        _setting.reset(token)


def draw(at: Any, seed: int, key: str) -> list[Case]:
    """The cases of a check: `at(rng)` or a list; the key keeps the draws of different checks apart."""
    rng = np.random.default_rng([seed, zlib.crc32(key.encode())])
    cases = at(rng) if callable(at) else at
    return [dict(case) for case in cases]


def same_for_all(cases: list[Case], others: list[Case]) -> frozenset[int]:
    """Positions of cases that another seed has drawn as well; none if it has drawn all of them."""
    found = frozenset(position for position, (one, other) in enumerate(zip(cases, others))
                      if one.keys() == other.keys() and all(
                          isinstance(value, (*PLAIN, np.ndarray, list, tuple, dict)) and unchanged(value, other[name])
                          for name, value in one.items()))
    return found if len(found) < len(cases) else frozenset()


class SelfCheck:
    """The setting of a student's notebook."""

    tells_expected = True

    def __init__(self, folder: Path | None = None, seed: int = PUBLIC_SEED, known: dict | None = None):
        self.seed = seed
        self.known = as_known(read_expected((folder or Path.cwd()) / EXPECTED_FILE) if known is None else known)
        self.depth = self.known.get("depth", "where")
        self.replay = Replay({})
        self._drawn: dict[str, list[Case]] = {}
        self._generators: dict[str, Any] = {}

    def cases(self, key: str, at: Any, hidden: Any) -> list[Case]:
        self._generators[key] = at
        known = self._expected_of(key) or {}
        self.replay.calls, self.replay.free = known.get("answers", {}), known.get("free", ())
        try:
            self._drawn[key] = draw(self.trusted(at), self.seed, key)
        except Exception:  # of a student's function, which the build's cases do not need
            if "drawn" not in known:
                raise
        if "drawn" in known:  # what was drawn here has shown which functions are astray
            self._drawn[key] = [{name: unpack_entry(value, None) for name, value in case.items()}
                                for case in known["drawn"]]
        return self._drawn[key]

    def fixed(self, key: str, cases: list[Case]) -> frozenset[int]:
        try:
            return same_for_all(cases, draw(self.trusted(self._generators.get(key, ())), self.seed + 1, key))
        except Exception:  # of a student's function
            return frozenset()

    def trusted(self, thing: Any) -> Any:
        """The student's own, in which functions of other questions answer what the reference did."""
        if isinstance(thing, Local) and thing.missing() and thing.name in self.replay.calls:
            return self.replay.stand_in(thing.name, absent(thing.name))
        if not self.replay.calls or not isinstance(thing, types.FunctionType):
            return thing
        return with_stand_ins(thing, thing.__globals__, self.replay.calls, self.replay.stand_in)

    def parameters(self, subject: Subject, key: str) -> tuple[str, ...] | None:
        known = self._expected_of(key)
        return tuple(known["parameters"]) if known and known.get("parameters") else subject.parameters()

    def expected(self, subject: Subject, key: str, index: int, arguments: list[Any]) -> Observation | None:
        known = self._expected_of(key) or {}
        if index < len(known.get("figures", ())):
            across = known.get("across", [[] for _ in known["figures"]])[index]
            lines = [{"y": y, **({"x": x} if isinstance(x, np.ndarray) else {})} for y, x in zip_longest(
                map(unpack, known["figures"][index]), map(unpack, across)) if isinstance(y, np.ndarray)]
            panels = known.get("panels", [[] for _ in known["figures"]])[index]
            return Observation(figures=({"axes": as_panels(lines, panels)},))
        if index >= len(known.get("cases", ())):
            return None
        return Observation(value=unpack(known["cases"][index]))

    def structure(self, subject: Subject, key: str, index: int, arguments: list[Any]) -> Structure:
        known = (self._expected_of(key) or {}).get("structures", ())
        return known[index] if index < len(known) else None

    def cheap_rows(self, key: str) -> frozenset[str]:
        return frozenset((self._expected_of(key) or {}).get("cheap", ()))

    def cheap_cases(self, key: str) -> Mapping[str, frozenset[int]]:
        return {}  # it takes a reference to find them

    def known_mistakes(self, subject: Subject, key: str, arguments: list[list[Any]]) -> list[tuple[str, list]]:
        return []

    def explaining(self, subject: Subject, key: str, arguments: list[list[Any]],
                   agrees: Callable[[int, Observation], bool]) -> list[str]:
        return []

    def ladder(self, subject: Subject, key: str) -> list[Rung]:
        drawn = self._drawn.get(key, [])
        return [Rung({name: unpack_entry(value, drawn[source][name] if source < len(drawn) else None)
                      for name, value in rung["case"]}, rung["adds"], unpack(rung["value"]), source)
                for rung in (self._expected_of(key) or {}).get("ladder", ()) for source in [rung.get("source", 0)]]

    def public_rungs(self, subject: Subject, key: str) -> list[Rung]:
        return []

    def accepts(self, key: str, holds: Callable[[Any, list[Any]], bool]) -> None:
        return None

    def seeded(self, subject: Subject, key: str, index: int, arguments: list[Any], changed: list[Any]) -> bool:
        return index in (self._expected_of(key) or {}).get("seeded", ())

    def later(self, work: Callable[[], None]) -> None:
        work()

    def returned(self, subject: Subject, key: str) -> tuple[str, ...]:
        return tuple((self._expected_of(key) or {}).get("returned", ()))

    def number(self, key: str, compute: Callable[[], float]) -> float | None:
        return self.known.get("numbers", {}).get(key)

    def remembered(self, key: Any, compute: Callable[[], Any]) -> Any:
        return compute()

    def slopes(self, key: str, index: int, name: str, measure: Callable[[], Any], reference: Any) -> Any:
        cases = (self._expected_of(key) or {}).get("slopes", ())
        return unpack_slopes(cases[index][name]) if index < len(cases) and name in cases[index] else measure()

    def absent(self, name: str, names: Mapping[str, Any], wanted: tuple[str, ...] | None) -> str:
        why = demonstrations.why_failed(name)
        if why:
            return f"`{name}` is not defined: {why}"
        questions = self.known.get("questions", {})
        return not_there(name, questions.get(name, ""), names, tuple(wanted or ()), questions)

    def told(self, name: str, check: str, right: bool, written: bool = True) -> None:
        demonstrations.note_verdict(name, check, right, written)

    def astray(self) -> list[tuple[str, str, str]]:
        questions = self.known.get("questions", {})
        order = [*questions, *self.replay.astray]
        return [(name, self.replay.astray[name], questions.get(name, ""))
                for name in sorted(self.replay.astray, key=order.index)]

    def leaning(self, subject: Subject) -> str:
        return demonstrations.leaning(subject.name, getattr(subject, "value", None), self.known.get("questions", {}))

    def _expected_of(self, key: str) -> dict | None:
        return self.known.get("checks", {}).get(key)


def as_subject(thing: Any, names: dict[str, Any]) -> Subject:
    """Wrap what a check was given; `names` are the globals of the check cell, where it has its name."""
    if hasattr(thing, "observe"):
        return thing
    own, owner = getattr(thing, "__name__", ""), getattr(thing, "__self__", None)
    holder = next((k for k, v in names.items() if owner is not None and v is owner and k[0] != "_"), "")
    if holder:  # a method: the grader knows it by the same path
        return Local(f"{holder}.{own}", thing)
    name = own if names.get(own) is thing else next((k for k, v in names.items() if v is thing and k[0] != "_"), own)
    return Local(name or "the answer", thing)
