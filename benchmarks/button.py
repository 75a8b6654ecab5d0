"""How long formgrader's "autograde" takes for one student: the first press, and the next ones.

    python benchmarks/button.py ps0   stock nbgrader, this kit, and this kit beside a running `coursekit serve`

Each in a notebook server of its own, whose API is asked as the page does. By the clock: on a machine that does other
work trust the ratios.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from grading import stock_copy
from serve import Term, ready, service

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from browsing import Server, jupyter_lab

PRESSES = 8


def press(server: Server, name: str, student: str) -> float:
    """Seconds."""
    asked = urllib.request.Request(f"{server.url}formgrader/api/submission/{name}/{student}/autograde", data=b"{}",
                                   headers={"Authorization": f"token {server.token}"})
    start = time.perf_counter()
    with urllib.request.urlopen(asked, timeout=600) as answer:
        told = json.loads(answer.read())
    if not told["success"]:
        raise SystemExit(told["error"])
    return time.perf_counter() - start


def measure(what: str, folder: Path, private: Path, name: str, students: list[str]) -> float:
    private.mkdir()
    with jupyter_lab(folder, private) as server:
        first, *others = [press(server, name, student) for student in students]
    middle = sorted(others)[len(others) // 2]
    print(f"  {what}: the first {first:.2f} s, the next {middle:.2f} s (from {min(others):.2f} to {max(others):.2f})")
    return middle


@contextlib.contextmanager
def warm_service(term: Term) -> Iterator[None]:
    with service(term, 2):
        ready(term)
        yield


def main(ps: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        scratch = Path(place)
        term = Term(scratch, ps, PRESSES, 0)
        (term.work).rename(term.folder / "submitted")
        theirs = stock_copy(term.folder, scratch / "stock")
        print(f"{term.name}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        stock = measure("stock", theirs, scratch / "server 1", term.name, term.students)
        kit = measure("coursekit", term.folder, scratch / "server 2", term.name, term.students)
        with warm_service(term):
            served = measure("beside a service", term.folder, scratch / "server 3", term.name, term.students)
        print(f"  times as fast as stock: {stock / kit:.0f}, beside a service {stock / served:.0f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "ps0")
