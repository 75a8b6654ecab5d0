"""Trusted code runs without showing anything."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator

import numpy as np


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
