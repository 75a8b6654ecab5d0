"""Whose marks a regrade changed, and why: a new submission, a changed check, other points, the kit's version.

What a result was made of is kept beside the results (`.coursekit/<problem set>/made_of/`), part by part, so that the
next run can say which part is another.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader import utils

from helpers.grading.course.disk import write_whole
from helpers.grading.gradebook.mark import Mark, Marks
from helpers.grading.marking.job import GradingJob, SubmissionTask, kit_digest
from helpers.grading.notebooks.cells import grade_id_of

PENALTY = "late penalty"


@dataclass(frozen=True)
class Change:
    """One mark that is another now. before, after: points, None while a person has yet to give them."""

    student: str
    question: str
    before: float | None
    after: float | None
    of: float
    why: str

    @property
    def gained(self) -> float:
        return (self.after or 0.0) - (self.before or 0.0)


def parts_of(job: GradingJob) -> dict[str, Any]:
    """What every result of a job is made of: its checks' texts, points, all the rest of the set, and the kit."""
    cells = [cell for cell in nbformat.reads(job.recorded, as_version=4).cells
             if grade_id_of(cell) and (utils.is_grade(cell) or utils.is_task(cell))]
    rest = repr((job.source, job.master, job.files, job.seed, job.limits, job.run_experiments))
    return {"checks": {grade_id_of(cell): _digest(cell.source.encode()) for cell in cells},
            "points": {grade_id_of(cell): float(cell.metadata.nbgrader.get("points") or 0) for cell in cells},
            "set": _digest(rest.encode()), "kit": kit_digest()}


def submission_digest(task: SubmissionTask) -> str:
    parts = hashlib.sha256()
    for name, content in ((task.reason, task.notebook or b""), *task.files, *task.others):
        parts.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return parts.hexdigest()[:32]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _path(root: Path, name: str, student: str) -> Path:
    return root / ".coursekit" / name / "made_of" / _digest(student.encode())


def keep_parts(root: Path, name: str, student: str, parts: Mapping[str, Any], submission: str) -> None:
    path = _path(root, name, student)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({**parts, "submission": submission}).encode())


def kept_parts(root: Path, name: str, student: str) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(_path(root, name, student).read_bytes())
        return found if isinstance(found, dict) else {}
    return {}


def why(cell: str, before: Mapping[str, Any], now: Mapping[str, Any], submission: str) -> str:
    """What has changed since the mark before, the nearest cause first."""
    if not before:
        return "graded before without a record of what with"
    if before.get("submission") != submission:
        return "a new submission"
    if cell not in before.get("points", {}):
        return "a new question"
    if before["points"].get(cell) != now["points"].get(cell):
        return "other points"
    if before.get("checks", {}).get(cell) != now["checks"].get(cell):
        return "a changed check"
    if before.get("set") != now["set"]:
        return "a changed problem set"
    return "the kit's version" if before.get("kit") != now["kit"] else "graded again"


def changes_of(student: str, before: Marks, after: Marks, reasons: Mapping[str, str]) -> list[Change]:
    """The marks of one student that are others now; none where there were none before."""
    found = []
    for cell in dict.fromkeys((*before, *after)) if before else ():
        old, new = before.get(cell), after.get(cell)
        one, other, of = _score(old), _score(new), float(new.points or 0) if new else 0.0
        if one != other or (old and new and old.points is not None and float(old.points) != of):
            found.append(Change(student, cell, one, other, of, reasons.get(cell, "graded again")))
    return found


def _score(mark: Mark | None) -> float | None:
    return None if mark is None or mark.given is None else round(float(mark.score), 6)
