"""What a plain test asks of the solution's own things, and where in its text.

A student's object answers what the solution's are asked in the same place, and gives its items; where the solution has
plain data, nothing is asked, and an object that would answer a test's questions as it likes is not asked either.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Collection, Mapping
from functools import lru_cache
from types import CodeType, FrameType


class Asks:
    """known: by test, all that is asked while it runs on the solution; None: that is being found out now. texts: what
    names of files begin with that are the assignment's own text.

    learnt: what was asked. A question is what is asked, and the place of the innermost text of the assignment's that
    is running: of a test, or of a function that the assignment gives out.
    """

    def __init__(self, known: Mapping[str, Collection[str]] | None = None, texts: tuple[str, ...] = ("<test ",)):
        self.known, self.texts = known, texts
        self.learnt: dict[str, set[str]] = {}
        self.test = ""  # that is running

    def here(self, what: str) -> bool:
        """Is this asked of one of the solution's things, too, where the test is now?"""
        question = f"{what} {self._place()}"
        self.learnt.setdefault(self.test, set()).add(question)
        return self.known is None or question in self.known.get(self.test, ())

    def _place(self) -> str:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and not frame.f_code.co_filename.startswith(self.texts):
            frame = frame.f_back
        return "" if frame is None else f"{frame.f_code.co_filename} {_position(frame.f_code, frame.f_lasti)}"


@lru_cache(maxsize=1_000)
def _position(code: CodeType, instruction: int) -> str:
    """Lines and columns, from where to where."""
    return ":".join(map(str, next(itertools.islice(code.co_positions(), instruction // 2, None))))
