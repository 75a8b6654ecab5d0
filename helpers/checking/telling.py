"""Which sentences stand in which row of a verdict: what was said of one row is not said again of the next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from helpers.checking.maps import ErrorMap

_VALUE = re.compile(r"^·(?:\[\])?(?:, along a random direction)?"
                    r"(?:: got | is too | is about | is 0 and | is not right| has the wrong sign| should be 0)")


class Row(Protocol):
    """What is asked of a verdict's row."""

    name: str
    where: str
    why: str
    remark: str
    error_map: ErrorMap | None

    @property
    def shown(self) -> str: ...


@dataclass
class Told:
    """What one row says, besides right or wrong; "" and None where there is nothing new."""

    where: str = ""
    why: str = ""
    remark: str = ""
    error_map: ErrorMap | None = None


def told(rows: Sequence[Row], depth: str) -> list[Told]:
    """What each row says. depth: at "verdict" nothing but remarks, at "where" no reasons.

    Rows that are wrong in the same manner (other numbers, another name, but the same sentence) leave it to the first.
    """
    said: set[str] = set()

    def new(sentence: str, key: str) -> bool:
        # Rows share a sentence word by word as well: one that has all names, or a line of code, beside a row's own.
        known = sentence in said or key in said
        said.update((sentence, key))
        return bool(key) and not known

    found = []
    for row in rows:
        one = Told()
        if depth != "verdict" and new(row.where, _manner(row)):
            one.where, one.error_map = row.where, row.error_map
        if depth == "why" and row.why and new(row.why, _pattern(row.why, row)):
            one.why = row.why
        if row.remark and new(row.remark, _pattern(row.remark, row)):
            one.remark = row.remark
        found.append(one)
    return found


def _manner(row: Row) -> str:
    """Of what is wrong with a row: numbers that are off are alike, unless they are off by another factor."""
    pattern = _pattern(row.where, row)
    if not _VALUE.match(pattern):
        return pattern
    factor = row.error_map.factor if row.error_map else None
    return "numbers" if factor is None else f"numbers × {factor}"


def _pattern(sentence: str, row: Row) -> str:
    """A sentence without its row's name, without numbers and without the case."""
    for name in {row.shown, row.name} - {""}:
        sentence = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "·", sentence)
    sentence = re.sub(r"\[[^\[\]]*\]", "[]", sentence)
    sentence = re.sub(r"(?<!\w)\d+(?:\.\d+)?(?:e[+-]?\d+)?", "#", sentence)
    return re.sub(r" \([^()]*\)$", "", sentence)
