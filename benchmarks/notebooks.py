"""How long the solved notebooks take, as students run them: alone, and on a machine that is busy with other work.

    python benchmarks/notebooks.py              # all problem sets
    python benchmarks/notebooks.py ps5 ps9      # some of them
    python benchmarks/notebooks.py --busy 2     # beside two processes that compute all the time

Every notebook runs in a fresh kernel with the default number of threads, in a copy of its release, with its standard
settings and the digits that are at hand. Printed are seconds by the clock, of processor time, and of the slowest cell.
The exit code is 1 if a notebook stops with an error or takes longer than what every set promises, 90 seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbclient import NotebookClient

from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course

ROOT = Path(__file__).resolve().parent.parent
PROMISED = 90.0  # seconds by the clock, on two cores that something else keeps busy


class Run(NamedTuple):
    """One solved notebook: seconds, and what stopped it."""

    wall: float
    processor: float
    slowest: float  # cell, by the clock
    error: str


def spin() -> None:
    while True:
        pass


@contextlib.contextmanager
def other_work(processes: int) -> Iterator[None]:
    """So many processes that compute all the time."""
    started = [multiprocessing.Process(target=spin, daemon=True) for _ in range(processes)]
    for process in started:
        process.start()
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.join()


def run(course: Course, name: str) -> Run:
    """The instructor version of a set, from the first cell to the last, in a copy of the release."""
    notebook = nbformat.read(course.folder("source", ".", name) / f"{name}.ipynb", as_version=4)
    times: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = shutil.copytree(course.folder("release", ".", name), Path(scratch) / name)
        client = NotebookClient(notebook, timeout=None, allow_errors=True,
                                resources={"metadata": {"path": str(folder)}},
                                on_cell_start=lambda **_: times.append(time.perf_counter()))
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        client.execute()
        end, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    times.append(end)
    errors = [output.evalue for cell in notebook.cells for output in cell.get("outputs", [])
              if output.output_type == "error"]
    return Run(end - start, sum(after[:2]) - sum(before[:2]), max(b - a for a, b in itertools.pairwise(times)),
               errors[0][:100] if errors else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="PS", help="problem sets (default: all)")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="processes that compute beside the notebook")
    asked = parser.parse_args()
    course = Course(ROOT)
    try:
        names = [course.find(name) for name in asked.sets] or course.problem_sets
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{'':28}{'by the clock':>14}{'processor':>12}{'slowest cell':>14}   (seconds; {asked.busy} others at work)")
    kept = True
    with other_work(asked.busy):
        for name in names:
            print(f"{name:28}", end="", flush=True)
            one = run(course, name)
            print(f"{one.wall:14.1f}{one.processor:12.1f}{one.slowest:14.1f}   {one.error}")
            kept &= one.wall <= PROMISED and not one.error
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
