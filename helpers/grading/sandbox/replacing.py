"""What a test puts in the place of functions of Python's, for a student's code to call."""

from __future__ import annotations

import builtins
import contextlib
import random
import time
from collections.abc import Iterator
from typing import Any

# What tests put something else in the place of, for a student's code to call: `patch("builtins.input", …)`.
_REPLACED: dict[Any, tuple[str, ...]] = {
    builtins: ("input", "print"), time: ("perf_counter", "sleep", "time"),
    random: ("choice", "choices", "gauss", "randint", "random", "randrange", "sample", "uniform")}
_ORIGINALS = {(module, name): getattr(module, name) for module, names in _REPLACED.items() for name in names}


def replaced_by_the_test() -> dict[str, Any]:
    """What a test has put in the place of functions of Python's, by module and name."""
    now = {(module, name): getattr(module, name, None) for module, name in _ORIGINALS}
    return {f"{module.__name__}.{name}": now[module, name] for (module, name), original in _ORIGINALS.items()
            if now[module, name] is not original and callable(now[module, name])}


@contextlib.contextmanager
def nothing_replaced_behind() -> Iterator[None]:
    """After a block, functions of Python's are where they were, whatever a test has left in their places."""
    try:
        yield
    finally:
        for (module, name), original in _ORIGINALS.items():
            setattr(module, name, original)
