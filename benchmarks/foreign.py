"""Assignments that this kit did not make: their marks and what grading them takes, by stock nbgrader and by this kit.

    python benchmarks/foreign.py --stock      marks of stock nbgrader, kept in tests/foreign/stock.json for the tests
    python benchmarks/foreign.py --class 60   a class of 60 with one assignment of the bank, time and processor time

Stock nbgrader runs without walls: the hostile submissions of the bank are not given to it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "foreign")]

import bank  # noqa: E402

STOCK = ROOT / "tests" / "foreign" / "stock.json"
KINDS = ("right", "untouched", "broken")
NBGRADER = [sys.executable, "-m", "nbgrader"]
OURS = "from helpers.grading import configure\nc = get_config()\nconfigure.install(c)\n"


def course(folder: Path, assignments: list[bank.Assignment], config: str) -> None:
    """A course folder with sources and releases of assignments."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nbgrader_config.py").write_text(config)
    for assignment in assignments:
        bank.write_source(assignment, folder)
        run([*NBGRADER, "generate_assignment", assignment.name], folder)


def run(command: list[str], folder: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
    if done.returncode and "autograde" not in command:
        raise SystemExit(f"{' '.join(command)}: {done.stderr[-2000:]}")


def marks(folder: Path, assignment: str) -> dict[str, dict[str, float]]:
    """Student → test → points, as the gradebook has them."""
    from nbgrader.api import Gradebook, MissingEntry

    found: dict[str, dict[str, float]] = {}
    with contextlib.closing(Gradebook(f"sqlite:///{folder}/gradebook.db")) as book:
        for student in book.students:
            with contextlib.suppress(MissingEntry):
                submission = book.find_submission(assignment, student.id)
                found[student.id] = {grade.name: float(grade.score) for notebook in submission.notebooks
                                     for grade in notebook.grades}
    return found


def stock() -> None:
    """Marks by nbgrader's own Execute step and its own reading of marks, in a kernel without walls."""
    import nbformat
    from nbgrader.preprocessors import Execute
    from nbgrader.utils import determine_grade, is_grade, is_solution

    found: dict[str, dict[str, dict[str, float]]] = json.loads(STOCK.read_text()) if STOCK.exists() else {}
    for assignment in bank.all_assignments():
        if assignment.name in found:
            continue
        marks_of: dict[str, dict[str, float]] = {kind: {} for kind in KINDS}
        for notebook in assignment.notebooks:
            source = assignment.source(notebook)
            for kind in KINDS:
                with tempfile.TemporaryDirectory() as scratch:
                    for name, text in assignment.files.items():
                        Path(scratch, name).write_text(text)
                    made = assignment.submission(notebook, kind, nbformat.from_dict(stubs(source)))
                    made, _ = Execute().preprocess(made, {"metadata": {"path": scratch}})
                for cell in made.cells:
                    if is_grade(cell) and not is_solution(cell):
                        marks_of[kind][cell.metadata.nbgrader.grade_id] = float(determine_grade(cell)[0])
        found[assignment.name] = marks_of
        print(assignment.name, {kind: sum(points.values()) for kind, points in marks_of.items()}, flush=True)
        STOCK.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def stubs(source: Any) -> Any:
    """A source notebook with its solutions taken out by nbgrader, hidden tests still there."""
    from nbgrader.preprocessors import ClearSolutions

    return ClearSolutions().preprocess(source, {})[0]


def a_class(size: int, name: str) -> None:
    assignment = next(a for a in bank.all_assignments() if a.name == name)
    for what, config, command in (("stock", "c = get_config()\n", [*NBGRADER, "autograde", name]),
                                  ("this kit", OURS, [sys.executable, "-m", "helpers.grading.cli", "autograde", name])):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch, "course")
            course(folder, [assignment], config)
            bank.hand_in(assignment, folder, KINDS)
            for number in range(size):
                kind = KINDS[number % 3]
                shutil.copytree(folder / "submitted" / kind, folder / "submitted" / f"student{number:03}")
            for kind in KINDS:
                shutil.rmtree(folder / "submitted" / kind)
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            run(command, folder)
            after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - start
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            graded = len(marks(folder, name))
            print(f"{what}: {graded} of {size} graded in {wall:.1f} s, {used:.1f} s of processor time", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stock", action="store_true", help="write tests/foreign/stock.json")
    parser.add_argument("--class", dest="size", type=int, default=0, help="time a class of this size")
    parser.add_argument("--assignment", default="recommender", help="of the bank, for --class")
    given = parser.parse_args()
    if given.stock:
        stock()
    if given.size:
        a_class(given.size, given.assignment)
