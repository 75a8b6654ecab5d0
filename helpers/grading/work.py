"""What a worker does with one submission: bytes in, bytes out; no shared file system, no database.

A worker keeps what costs time to make: the problem set with its reference results, and the sandbox with its warm
process. Both are made anew when a task brings other ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat

from . import master as masters
from .execute import grade_cells
from .marking import ProblemSet
from .restore import read_submission, restore, with_own_files
from .sandbox import Limits, warm_sandbox


@dataclass(frozen=True, eq=False)
class Assignment:
    """All that a worker needs to know of a problem set, as plain data."""

    name: str
    source: str  # the source notebook
    recorded: str  # the notebook as the gradebook records it
    master: str  # the master's text, or ""
    files: tuple[tuple[str, bytes], ...]  # the assignment's own files beside the notebook
    seed: int
    depth: str
    limits: Limits
    sandbox: str = "auto"
    imports: tuple[str, ...] = ()
    run_experiments: bool = False
    digest: str = ""

    def __post_init__(self) -> None:
        if not self.digest:  # changes with anything that could change a mark
            facts = repr([asdict(self), kit_digest()])
            object.__setattr__(self, "digest", hashlib.sha256(facts.encode()).hexdigest())

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Assignment) and other.digest == self.digest


@dataclass(frozen=True)
class Task:
    student: str
    notebook: bytes | None
    files: tuple[tuple[str, bytes], ...] = ()
    reason: str = ""  # why there is no notebook, if that is known

    def digest(self, assignment: Assignment) -> str:
        """Changes with anything that could change this submission's marks."""
        parts = hashlib.sha256(assignment.digest.encode())
        for name, content in ((self.reason, self.notebook or b""), *self.files):
            parts.update(f"\0{name}\0{len(content)}\0".encode() + content)
        return parts.hexdigest()


@dataclass
class Result:
    """A graded submission as plain data."""

    student: str
    notebook: str
    note: str = ""  # why it could not be graded as it is
    ended: str = ""  # why the student's process ended early
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Result:
        """Raises ValueError or TypeError if the content is not a result."""
        return cls(**json.loads(content))


def grade(assignment: Assignment, task: Task) -> bytes:
    """Grade one submission; the `Result` as bytes. Whatever a submission does is in it, never an exception."""
    start = time.perf_counter()
    problem_set = problem_set_of(assignment)
    notebook, note = read_submission(task.notebook, problem_set.assignment)
    note = task.reason or note
    notebook = restore(notebook, problem_set.assignment, note)
    graded = grade_cells(notebook, problem_set, assignment, with_own_files(task.files, assignment.files))
    return Result(task.student, json.dumps(notebook), note, graded.ended, graded.verdicts,
                  time.perf_counter() - start).to_bytes()


@lru_cache(maxsize=2)
def problem_set_of(assignment: Assignment) -> ProblemSet:
    master = masters.parse(assignment.master, assignment.name) if assignment.master else None
    return ProblemSet(assignment.name, nbformat.reads(assignment.source, as_version=4), master,
                      nbformat.reads(assignment.recorded, as_version=4))


def prepare(assignment: Assignment) -> None:
    """Warm a worker up. Workers yield to the driver: all of them wait for the one who writes."""
    if hasattr(os, "nice"):
        os.nice(5)
    threading.Thread(target=_end_with_the_driver, args=(os.getppid(),), daemon=True).start()
    warm_sandbox(assignment.sandbox).start()  # it imports while this goes on
    problem_set_of(assignment)


def _end_with_the_driver(driver: int) -> None:
    """A worker of a killed driver would wait for ever, and its warm process with it."""
    while os.getppid() == driver:
        time.sleep(1.0)
    os._exit(1)


@lru_cache(maxsize=1)
def kit_digest() -> str:
    """Of the kit's own code: a changed check is a changed mark."""
    parts = hashlib.sha256()
    for path in sorted(Path(__file__).resolve().parent.parent.rglob("*.py")):
        parts.update(path.name.encode() + path.read_bytes())
    return parts.hexdigest()
