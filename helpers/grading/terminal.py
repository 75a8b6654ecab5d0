"""A terminal that does what this kit says, and nothing that a student's name or message says."""

from __future__ import annotations

import traceback
from typing import Any

from rich.console import Console
from rich.text import Text

from helpers.grading.text import for_terminal


class PlainConsole(Console):
    """rich's console in which every string is text: no markup, no emoji codes, no escapes.

    Colours come with rich's own objects, such as `Text("✗ ", "red")`; strings in tables are for `plain`.
    """

    def __init__(self, **options: Any):
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def print(self, *objects: Any, **options: Any) -> None:
        options.pop("markup", None)
        if not self.is_terminal and all(isinstance(each, (str, Text)) for each in objects):
            options.setdefault("soft_wrap", True)  # in a file or a pipe a path stays whole
        super().print(*(Text(for_terminal(each, len(each), lines=True)) if isinstance(each, str) else each
                        for each in objects), **options)


def plain(text: Any) -> Text:
    """A name, a title or a message in one line of a table or of a sentence."""
    return Text(for_terminal(str(text)))


def told_plainly(error: BaseException) -> str:
    """A traceback for the terminal: its last line may hold whatever a student has written."""
    return for_terminal("".join(traceback.format_exception(error)), 50_000, lines=True)
