"""A mark: what the gradebook says of one graded cell of one submission."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """auto: what the check gave, None before it ran and where there is none; manual: what a person gave, which counts
    instead; points: what the cell is worth; extra: extra credit beside either; needs_person: the gradebook asks for a
    person's look."""

    auto: float | None
    manual: float | None
    points: float
    extra: float = 0.0
    needs_person: bool = False

    @property
    def given(self) -> float | None:
        """Without extra credit; None while a person has yet to give it."""
        return self.manual if self.manual is not None else self.auto

    @property
    def score(self) -> float:
        """What counts now."""
        return (self.given or 0.0) + self.extra

    @property
    def waits(self) -> bool:
        """Is a person asked for, who has given nothing yet?"""
        return self.needs_person and self.manual is None


Marks = dict[str, Mark]  # of one submission, by `key_of`


def shared_ids(ids: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The grade_ids that more than one notebook of an assignment has: nbgrader asks only that they differ in one.

    ids: notebook → its grade_ids.
    """
    counted = Counter(name for names in ids.values() for name in set(names))
    return frozenset(name for name, times in counted.items() if times > 1)


def key_of(notebook: str, grade_id: str, shared: frozenset[str]) -> str:
    """What a mark is kept under: its grade_id, behind its notebook's name if another notebook has it, too."""
    return f"{notebook}/{grade_id}" if grade_id in shared else grade_id
