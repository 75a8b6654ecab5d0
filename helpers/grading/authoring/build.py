"""Master → source → release.

The source notebook is the master without mistakes and alternatives, with complete nbgrader metadata and stable
ids; the release is what nbgrader's own generate_assignment makes of it, plus the student half of `helpers/`.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from helpers.checking.expected import EXPECTED_FILE, PUBLIC_SEED
from helpers.grading.authoring.as_student import prove_passable
from helpers.grading.authoring.recording import expected_numbers
from helpers.grading.authoring.source import source_notebook
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.course.release import REQUIREMENTS, generate_release
from helpers.grading.gradebook import gradebook as books
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.master import AUTHOR_ONLY, Cell, Master, MasterError, solution_regions, stub_of
from helpers.grading.notebooks.restore import recorded

# Numbers as near as this, relative to the largest of their array, are the same: some are of single precision, and
# another processor's order of summation shows in its last digits.
ROUND_OFF = 2e-6
SHORTEST_LEAK = 30  # characters of solution that count as one when they show up elsewhere


def build(course: Course, name: str, *, register: bool = True, prove: bool = True) -> list[Path]:
    """Build one problem set's source and release; returns the files written.

    `register` also records the assignment in the gradebook, as generate_assignment does. `prove` hands the solution in
    once, as a student would.

    Raises:
        MasterError, CourseError: with what to correct, before anything of the release is replaced.
    """
    master = course.master(name)
    if master is None:
        raise CourseError(f"{name} has no master in {course.root / course.settings.masters_directory}: "
                          "nothing to build from")
    notebook = source_notebook(master)
    if register:
        books.make_room(course, name, recorded(notebook, name, course.config))
    problem_set = ProblemSet(name, notebook, master)
    expected = expected_numbers(problem_set, course.settings.depth["self_check"])
    if prove:
        prove_passable(course, problem_set, master, PUBLIC_SEED)
    folder = course.folder("source", ".", name)
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / f"{name}.ipynb", folder / EXPECTED_FILE]
    _write(written[0], nbformat.writes(notebook) + "\n")
    _write(written[1], json.dumps(expected, indent=0, sort_keys=True) + "\n")
    generate_release(course, name, register=register)
    release = course.folder("release", ".", name)
    problems = leaks(master, release)
    if problems:
        shutil.rmtree(release)
        raise MasterError(problems)
    return written + sorted(p for p in release.rglob("*") if p.is_file())


def _write(path: Path, text: str) -> None:
    """Write only what changes, so that a rebuild leaves even the modification time alone."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def leaks(master: Master, release: Path) -> list[str]:
    """What a release shows and must not, each with the master's line."""
    problems = [f"{path}: compiled Python in a release: delete it" for path in release.rglob("*.pyc")]
    notebook = nbformat.read(release / f"{master.name}.ipynb", as_version=4)
    cells = [(cell, [line.strip() for line in cell.source.split("\n") if line.strip()]) for cell in notebook.cells]
    for cell, _ in cells:
        if cell.get("outputs"):
            problems.append(f"{release}: the cell {cell.id} has outputs: nbgrader's ClearOutput must run")
        if set(cell.metadata.get("tags", ())) & set(AUTHOR_ONLY):
            problems.append(f"{release}: the cell {cell.id} is an author's own: it must not be released")
    for cell in master.cells:
        problems += [f"{master.name}:{cell.line}: {what}" for what in _leaks_of(cell, cells)]
    return problems


def _leaks_of(cell: Cell, released: list[tuple[Any, list[str]]]) -> Iterator[str]:
    def shown(lines: list[str]) -> bool:
        if sum(map(len, lines)) < SHORTEST_LEAK:
            return False
        return any(_contains(text, lines) for _, text in released)

    if cell.author_only:
        if shown([line.strip() for line in cell.source.split("\n") if line.strip()]):
            yield f"a cell that is the author's own ({cell.tags[0]}) stands in the release: remove the copy"
        return
    if cell.nbgrader.get("solution"):
        visible = [line.strip() for line in stub_of(cell.source).split("\n")]
        for region in solution_regions(cell.source):
            if region and not _contains(visible, region) and shown(region):
                yield f"the solution of `{cell.grade_id}` stands in the release: remove the copy"
    hidden = re.findall(r"BEGIN HIDDEN TESTS[^\n]*\n(.*?)\n[^\n]*END HIDDEN TESTS", cell.source, re.S)
    for text in hidden:
        if any(_contains(lines, [line.strip() for line in text.split("\n") if line.strip()]) for _, lines in released):
            yield f"a hidden test of `{cell.grade_id}` stands in the release: remove the copy"


def _contains(lines: list[str], part: list[str]) -> bool:
    return any(lines[i:i + len(part)] == part for i in range(len(lines) - len(part) + 1))


def stale(course: Course, name: str) -> list[str]:
    """Files of `source/` and `release/` that are not what the master says; empty if all are current."""
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Course.__new__(Course)
        fresh.__dict__.update(course.__dict__)
        fresh.__dict__.pop("directory", None)
        fresh.root = Path(scratch)
        shutil.copytree(course.root / course.settings.masters_directory,
                        fresh.root / course.settings.masters_directory)
        if (course.root / "nbgrader_config.py").exists():  # for the steps of the course's own that nbgrader calls
            shutil.copy(course.root / "nbgrader_config.py", fresh.root)
        build(fresh, name, register=False, prove=False)
        wrong = []
        for step in ("source", "release"):
            made, kept = fresh.folder(step, ".", name), course.folder(step, ".", name)
            wrong += _differences(made, kept, course.root)
        return wrong


def _differences(made: Path, kept: Path, root: Path) -> list[str]:
    carried = ("helpers", REQUIREMENTS, "README.md")

    def files(folder: Path) -> set[Path]:
        return {p.relative_to(folder) for p in folder.rglob("*")
                if p.is_file() and p.relative_to(folder).parts[0] not in carried and "checkpoint" not in str(p)}

    names = files(made) | files(kept)
    return [str((kept / n).relative_to(root)) for n in sorted(names)
            if not (kept / n).exists() or not (made / n).exists() or not _same(kept / n, made / n)]


def _same(one: Path, other: Path) -> bool:
    """Are two files the same? Numbers that a machine has computed may differ in the round-off of another."""
    if one.read_bytes() == other.read_bytes():
        return True
    return one.name == EXPECTED_FILE and _alike(json.loads(one.read_text()), json.loads(other.read_text()))


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        numbers = all(isinstance(entry, (int, float)) for entry in one + other)
        return len(one) == len(other) and (_near(one, other) if numbers else all(map(_alike, one, other)))
    if isinstance(one, float) or isinstance(other, float):
        return isinstance(one, (int, float)) and isinstance(other, (int, float)) and _near([one], [other])
    return bool(one == other)


def _near(one: list[float], other: list[float]) -> bool:
    largest = max((abs(entry) for entry in other if math.isfinite(entry)), default=0.0)
    return np.allclose(one, other, rtol=0, atol=max(ROUND_OFF * largest, 1e-12), equal_nan=True)


def pack(course: Course, name: str) -> Path:
    """Zip a release for an LMS; packing twice gives the same bytes."""
    release = course.folder("release", ".", name)
    target = release.parent / f"{name}.zip"
    # The day on which the master was last changed: a date that makes sense, and packing twice gives the same bytes.
    changed = (course.masters[name] if name in course.masters else release / f"{name}.ipynb").stat().st_mtime
    date = (*time.localtime(changed)[:3], 0, 0, 0)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(p for p in release.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
            info = zipfile.ZipInfo(f"{name}/{path.relative_to(release).as_posix()}", date)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, path.read_bytes())
    return target
