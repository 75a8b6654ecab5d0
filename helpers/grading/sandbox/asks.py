"""What a plain test asks of the solution's own things, and where in its text.

A student's object answers what the solution's are asked in the same place, and gives its items; where the solution has
plain data, nothing is asked, and an object that would answer a test's questions as it likes is not asked either.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, FrameType

NOTHING, ARGUMENTS, MORE = "nothing", "arguments", "more"  # what an answer changes in place, the least first
CHANGES = (NOTHING, ARGUMENTS, MORE)


@dataclass
class Asked:
    """Of one test on the solution: questions with what their answers change in place; bytes of the largest answer.

    A question is what is asked, and the place of the innermost text of the assignment's that is running: of a test, or
    of a function that the assignment gives out.
    """

    questions: dict[str, str] = field(default_factory=dict)
    largest: int = 0

    def note(self, question: str, changes: str) -> None:
        self.questions[question] = max(changes, self.questions.get(question, NOTHING), key=CHANGES.index)

    def add(self, other: Asked) -> None:
        """What another run has asked, too."""
        self.largest = max(self.largest, other.largest)
        for question, changes in other.questions.items():
            self.note(question, changes)


class Asks:
    """known: by test; None: it is being found out now, and is in `learnt`. texts: what names of files begin with that
    are the assignment's own text."""

    def __init__(self, known: Mapping[str, Asked] | None, texts: tuple[str, ...]):
        self.known, self.texts = known, texts
        self.learnt: dict[str, Asked] = {}
        self.test = ""  # that is running
        self.last = ""  # question

    def here(self, what: str) -> bool:
        """Is this asked of one of the solution's things, too, where the test is now?"""
        self.last = f"{what} {self._place()}"
        if self.known is None:
            self._learning.note(self.last, NOTHING)
        return self.known is None or self.last in self._known.questions

    def may_change(self) -> str:
        """What the answer to the last question may change in place."""
        return MORE if self.known is None else self._known.questions.get(self.last, NOTHING)

    def note_change(self, question: str, changes: str) -> None:
        """The answer to a question has changed something."""
        if self.known is None:
            self._learning.note(question, changes)

    def largest(self, size: int) -> int:
        """Bytes of the solution's largest answer; size: of one that is there now."""
        if self.known is not None:
            return self._known.largest
        self._learning.largest = max(self._learning.largest, size)
        return self._learning.largest

    @property
    def _known(self) -> Asked:
        return (self.known or {}).get(self.test) or Asked()

    @property
    def _learning(self) -> Asked:
        return self.learnt.setdefault(self.test, Asked())

    def _place(self) -> str:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and not frame.f_code.co_filename.startswith(self.texts):
            frame = frame.f_back
        return "" if frame is None else f"{frame.f_code.co_filename} {_position(frame.f_code, frame.f_lasti)}"


@lru_cache(maxsize=1_000)
def _position(code: CodeType, instruction: int) -> str:
    """Lines and columns, from where to where."""
    return ":".join(map(str, next(itertools.islice(code.co_positions(), instruction // 2, None))))
