"""What grading a class did."""

from __future__ import annotations

from dataclasses import dataclass, field

from helpers.grading.classes.changes import Change


@dataclass
class Summary:
    """What a run did; `notes` says by student why a submission is broken."""

    name: str
    graded: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    late: dict[str, float] = field(default_factory=dict)  # seconds
    ended: dict[str, str] = field(default_factory=dict)  # why a student's process ended early
    asks: dict[str, list[str]] = field(default_factory=dict)  # why a person has to look at marks that checks gave
    causes: dict[str, list[str]] = field(default_factory=dict)  # why cells could not run
    earlier: dict[str, str] = field(default_factory=dict)  # where an on-time submission before a late one counts
    nobodys: list[str] = field(default_factory=list)  # folders of work whose names can be no student's
    removed: list[str] = field(default_factory=list)  # graded before, and taken out of the gradebook since
    regraded: int = 0  # of those graded, who had marks before
    changes: list[Change] = field(default_factory=list)  # marks that are others now
    again: list[str] = field(default_factory=list)  # not graded for good: the next run grades them again
    seconds: dict[str, float] = field(default_factory=dict)
    interrupted: bool = False
    left: int = 0
    wall: float = 0.0
    in_book: float = 0.0  # of it, seconds in the gradebook

    @property
    def slowest(self) -> list[tuple[str, float]]:
        return sorted(self.seconds.items(), key=lambda item: -item[1])[:3]
