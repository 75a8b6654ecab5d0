"""What marking the marking has found: a card of figures for each question, and one for each problem set."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class QuestionCard:
    """One question's figures; `marked` counts cell × seed."""

    name: str
    points: float
    mistakes: int = 0
    alternatives: int = 0
    marked_wrong: int = 0
    marked_right: int = 0
    false_accepts: list[str] = field(default_factory=list)  # "seed 3, line 120: sentence"
    false_rejects: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)
    named: int = 0  # of marked_wrong
    caught_by_seed: dict[int, float] = field(default_factory=dict)  # share of mistakes that lose points
    mutants_by_seed: dict[int, float] = field(default_factory=dict)  # share of mutants that lose points
    mutants: int = 0  # that do not behave like the solution
    equivalent: int = 0
    survivors: list[str] = field(default_factory=list)  # rule and diff
    nothing: int = 0  # answers of nothing that were handed in
    paid_for_nothing: list[str] = field(default_factory=list)  # those that earned points

    def add(self, other: QuestionCard) -> None:
        for name in ("marked_wrong", "marked_right", "named", "mutants", "equivalent", "nothing"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("false_accepts", "false_rejects", "misnamed", "survivors", "paid_for_nothing"):
            getattr(self, name).extend(getattr(other, name))
        self.caught_by_seed.update(other.caught_by_seed)
        for seed, share in other.mutants_by_seed.items():
            self.mutants_by_seed[seed] = min(share, self.mutants_by_seed.get(seed, 1.0))

    @property
    def worst_seed(self) -> float:
        """The smallest share of mistakes, or of mutants, that a single seed catches."""
        return min((*self.caught_by_seed.values(), *self.mutants_by_seed.values()), default=1.0)


@dataclass
class Scorecard:
    """A problem set's figures."""

    name: str
    seeds: int
    questions: list[QuestionCard]

    def total(self, what: str) -> int:
        values = [getattr(card, what) for card in self.questions]
        return sum(len(value) if isinstance(value, list) else value for value in values)

    @property
    def named_share(self) -> float:
        return self.total("named") / max(self.total("marked_wrong"), 1)

    @property
    def caught_share(self) -> float:
        """Of the mutants that do not behave like the solution."""
        return 1 - self.total("survivors") / max(self.total("mutants"), 1)

    @property
    def worst_seed(self) -> float:
        """The smallest share of mistakes, or of mutants, that a single seed catches."""
        return min((card.worst_seed for card in self.questions), default=1.0)

    @property
    def green(self) -> bool:
        return (not any(self.total(w) for w in ("false_accepts", "false_rejects", "misnamed",
                                                      "paid_for_nothing"))
                and self.named_share >= 0.95 and self.caught_share >= 0.98)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "green": self.green, "named_share": self.named_share,
                "caught_share": self.caught_share}
