"""formgrader's button: a running service of the course grades that student; without one nbgrader does it, as ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.apps.api import NbGraderAPI

from helpers.grading.serving.door import ask, in_words


def install() -> None:
    """In a notebook server with formgrader: let its API ask at a service's door first."""
    by_nbgrader = NbGraderAPI.autograde
    if getattr(by_nbgrader, "asks_a_service", False):
        return

    def autograde(api: NbGraderAPI, assignment_id: str, student_id: str, *more: Any, **options: Any) -> dict[str, Any]:
        told = ask(Path(api.coursedir.root), assignment_id, student_id)
        if told is None or told.get("unknown"):
            return by_nbgrader(api, assignment_id, student_id, *more, **options)
        if "error" in told:
            return {"success": False, "error": told["error"], "log": told["error"]}
        return {"success": True, "log": "\n".join(in_words(told))}

    autograde.asks_a_service = True  # type: ignore[attr-defined]
    NbGraderAPI.autograde = autograde
