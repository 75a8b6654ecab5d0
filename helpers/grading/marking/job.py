"""What a worker is given and gives back, as plain data."""

from __future__ import annotations

import ast
import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat

import helpers
from helpers.grading.notebooks.cells import EXPERIMENT
from helpers.grading.notebooks.ipython import tree_of
from helpers.grading.sandbox.asks import Asked
from helpers.grading.sandbox.bound import Private
from helpers.grading.sandbox.limits import Limits


def imported_modules(notebook: nbformat.NotebookNode) -> list[str]:
    """What a notebook's cells import, in order, without its experiments; of names out of a module, some are modules."""
    found: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and EXPERIMENT not in cell.metadata.get("tags", ()):
            for node in ast.walk(tree_of(cell.source)):
                if isinstance(node, ast.Import):
                    found += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return list(dict.fromkeys(found))


@dataclass(frozen=True, eq=False)
class GradingJob:
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
    ways: tuple[tuple[str, str], ...] = ()  # plain test → "a" (in the grader) or "b" (in the student's process)
    asks: dict[str, Asked] | None = None  # by plain test, what it asks of the solution's things; None: it is not known
    private: Private = field(default_factory=Private)  # not to be seen inside; where it is changes no mark
    digest: str = ""

    def __post_init__(self) -> None:
        if not self.digest:  # changes with anything that could change a mark
            facts = repr([{**asdict(self), "private": None}, kit_digest()])
            object.__setattr__(self, "digest", hashlib.sha256(facts.encode()).hexdigest())

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GradingJob) and other.digest == self.digest


@dataclass(frozen=True)
class SubmissionTask:
    student: str
    notebook: bytes | None
    files: tuple[tuple[str, bytes], ...] = ()
    reason: str = ""  # why there is no notebook, if that is known
    others: tuple[tuple[str, bytes], ...] = ()  # what else in the folder may be it

    @property
    def weight(self) -> int:
        """Bytes of all that was handed in."""
        return len(self.notebook or b"") + sum(len(content) for _, content in (*self.files, *self.others))

    def digest(self, assignment: GradingJob) -> str:
        """Changes with anything that could change this submission's marks."""
        parts = hashlib.sha256(assignment.digest.encode())
        for name, content in ((self.reason, self.notebook or b""), *self.files, *self.others):
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
    final: bool = True  # not where the machine, not the submission, may be to blame: graded again at the next run

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Result:
        """Raises ValueError or TypeError if the content is not a result."""
        return cls(**json.loads(content))


@lru_cache(maxsize=1)
def kit_digest() -> str:
    """Of the kit's own code: a changed check is a changed mark."""
    parts = hashlib.sha256()
    kit = Path(helpers.__file__).parent
    for path in sorted(kit.rglob("*.py")):
        parts.update(path.relative_to(kit).as_posix().encode() + b"\0" + path.read_bytes())
    return parts.hexdigest()
