"""Why a result cannot be right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Found = TypeVar("Found")


@dataclass(frozen=True)
class Trouble:
    """Why a result cannot be right, in one line; `kind` is its short name for the class report."""

    kind: str
    says: str


def at_no_cost(search: Callable[[], Found], nothing: Found) -> Found:
    """What a search for a reason or an example finds. One that stumbles over odd results finds nothing: it must not
    cost a verdict that stands already."""
    try:
        return search()
    except Exception:
        return nothing
