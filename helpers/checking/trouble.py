"""Why a result cannot be right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trouble:
    """Why a result cannot be right, in one line; `kind` is its short name for the class report."""

    kind: str
    says: str
