"""What tests share that hold a problem set's solution against torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from conftest import ROOT

from helpers.grading.authoring.validity import at_hand


def solution_of(name: str, question: str) -> dict[str, Any]:
    """The names of a solved problem set; question: any one of its questions."""
    return at_hand(str(ROOT / "notebooks" / f"{name}.py"), question)[0].reference


def close(got: Any, wanted: Any) -> None:
    """The same to 1e-12 of the largest entry, or of 1. Raises AssertionError."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape
    assert np.max(np.abs(got - wanted), initial=0.0) <= 1e-12 * max(np.max(np.abs(wanted), initial=0.0), 1.0)
