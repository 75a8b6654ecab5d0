"""Trusted code runs without showing anything."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator

import numpy as np


class Bounded(io.StringIO):
    """What is printed, up to so many characters; that something is left out, a line says."""

    def __init__(self, most: int):
        super().__init__()
        self.most = most

    def write(self, text: str) -> int:
        room = self.most - self.tell()
        if room >= 0:
            super().write(text if len(text) <= room else (
                f"{text[:room]}\n[output cut: more than {self.most:,} characters of text]\n"))
        return len(text)


@contextlib.contextmanager
def quietly(said: io.StringIO) -> Iterator[None]:
    """Nothing on the screen, no warnings, and no figures left open; trusted code runs inside."""
    import matplotlib.pyplot as plt

    was_interactive = plt.isinteractive()
    plt.ioff()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings(), \
                np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        plt.close("all")
        plt.interactive(was_interactive)
