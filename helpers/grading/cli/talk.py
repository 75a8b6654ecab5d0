"""How commands talk: what they say, what they complain of, and progress."""

from __future__ import annotations

import time
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from helpers.grading.terminal import PlainConsole
from helpers.grading.text import for_terminal

console = PlainConsole()
complaints = PlainConsole(stderr=True)


class Shown:
    """Progress with a rate, as a callback."""

    def __init__(self, what: str) -> None:
        self.bar, self.what, self.start = _progress(), what, time.monotonic()

    def __enter__(self) -> Shown:
        self.bar.__enter__()
        self.task = self.bar.add_task(self.what, total=None, rate="")
        return self

    def __call__(self, done: int, of: int, name: str) -> None:
        rate = done / max(time.monotonic() - self.start, 1e-9)
        self.bar.update(self.task, completed=done, total=of, rate=f"{rate:.1f}/s",
                        description=for_terminal(f"{self.what} {name}")[:48])

    def __exit__(self, *exc: Any) -> None:
        self.bar.__exit__(*exc)


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
                    TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
                    console=complaints, transient=True)
