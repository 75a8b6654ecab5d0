"""From a submission's arrival in the exchange to its released page, measured on a running `coursekit serve`.

    python benchmarks/serve.py steady ps1 --students 60 --minutes 3   so many in so many minutes, at even distances
    python benchmarks/serve.py storm ps1 --students 300 --minutes 10  the same, one in twenty without an end
    python benchmarks/serve.py kills ps0 --students 40 --kills 50     while it and processes below it are killed

Each is compared with the same class graded at once: every mark, nobody lost, nobody twice. Latencies are the clock's,
from the moment when the submission is whole in the inbound folder to the time of its page: on a machine that does
other work they say little, so the load is printed with them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from grading import COURSEKIT, Cost, make_class, marks

ENDLESS = "\n\nwhile True:\n    pass\n"
PATIENCE = 900.0  # seconds after the last arrival


class Term:
    """A class with an exchange of its own, and the folders of its students' work until they hand in."""

    def __init__(self, scratch: Path, ps: str, students: int, endless: int):
        self.folder = scratch / "course"
        self.name = make_class(ps, students, self.folder)
        # What is over is graded a second time, on common cases, and every page written anew.
        subprocess.run([*COURSEKIT, "due", self.name, f"{datetime.now() + timedelta(days=7):%Y-%m-%d %H:%M}"],
                       cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        self.at_once = shutil.copytree(self.folder, scratch / "at once")
        self.exchange = scratch / "exchange"
        self.inbound, self.feedback = (self.exchange / "backprop" / place for place in ("inbound", "feedback"))
        self.inbound.mkdir(parents=True)
        self.exchange.chmod(0o777)
        with open(self.folder / "nbgrader_config.py", "a") as config:
            config.write(f"\nc.Exchange.root = {str(self.exchange)!r}\n")
        shutil.move(self.folder / "submitted", scratch / "work")
        self.work = scratch / "work"
        self.students = sorted(path.name for path in self.work.iterdir())
        self.endless = self.students[:: len(self.students) // endless] if endless else []
        for student in self.endless:
            notebook = self.work / student / self.name / f"{self.name}.ipynb"
            content = json.loads(notebook.read_text())
            cells = [cell for cell in content["cells"] if cell["metadata"].get("nbgrader", {}).get("solution")
                     and cell["cell_type"] == "code"]
            cells[0]["source"] = "".join(cells[0]["source"]) + ENDLESS
            notebook.write_text(json.dumps(content))
            shutil.copy(notebook, self.at_once / "submitted" / student / self.name)
        self.came: dict[str, float] = {}
        self.secret: dict[str, str] = {}

    def hand_in(self, student: str) -> None:
        """As `nbgrader submit`: the secret comes last."""
        stamp = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
        place = self.inbound / f"{student}+{self.name}+{stamp}+{secrets.token_urlsafe(9)}"
        shutil.copytree(self.work / student / self.name, place)
        (place / "timestamp.txt").write_text(stamp)
        self.secret[student] = secrets.token_hex(64)
        (place / "submission_secret.txt").write_text(self.secret[student])
        self.came[student] = time.time()

    def page(self, student: str) -> Path | None:
        from nbgrader.utils import notebook_hash

        page = self.feedback / f"{notebook_hash(secret=self.secret[student], notebook_id=self.name)}.html"
        with contextlib.suppress(OSError):
            return page if "Feedback for" in page.read_text() else None
        return None


@contextlib.contextmanager
def service(term: Term, workers: int) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen([*COURSEKIT, "serve", term.name, "--workers", str(workers)], cwd=term.folder,
                               stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)


def ready(term: Term) -> None:
    """Wait until it has written its first status, and one submission has gone through: all is warm."""
    while not (term.folder / ".coursekit" / "serving" / "status.json").exists():
        time.sleep(0.2)


class Pages(threading.Thread):
    """Notes when each student's page is there: latency by student in `found`."""

    def __init__(self, term: Term):
        super().__init__(daemon=True)
        self.term, self.found = term, dict[str, float]()
        self.start()

    def run(self) -> None:
        while len(self.found) < len(self.term.students):
            for student, came in list(self.term.came.items()):
                if student not in self.found and (page := self.term.page(student)) is not None:
                    self.found[student] = page.stat().st_mtime - came
            time.sleep(0.2)

    def all(self) -> dict[str, float]:
        """When all are there, or PATIENCE is over."""
        self.join(PATIENCE)
        return dict(self.found)


def memory(pid: int) -> float:
    """Megabytes that a process has in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def arrivals(ps: str, students: int, minutes: float, endless: int, workers: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        term = Term(Path(scratch), ps, students, endless)
        with service(term, workers) as process:
            ready(term)
            before, load = memory(process.pid), os.getloadavg()[0]
            pages = Pages(term)
            for number, student in enumerate(random.Random(1).sample(term.students, len(term.students))):
                start = time.time()
                term.hand_in(student)
                if number + 1 < len(term.students):
                    time.sleep(max(60.0 * minutes / len(term.students) - (time.time() - start), 0.0))
            found = pages.all()
            after = memory(process.pid)
        honest = sorted(seconds for student, seconds in found.items() if student not in term.endless)
        all_of_them = sorted(found.values())
        print(f"{term.name}: {students} submissions in {minutes:g} minutes, {len(term.endless)} without an end, "
              f"{workers} workers; {os.cpu_count()} cores, load before {load:.1f}, Linux {platform.release()}, "
              f"Python {platform.python_version()}")
        for what, values in (("all", all_of_them), ("those with an end", honest)):
            print(f"  {what}: median {values[len(values) // 2]:.2f} s, "
                  f"p95 {values[min(int(0.95 * len(values)), len(values) - 1)]:.2f} s, worst {values[-1]:.2f} s")
        print(f"  lost: {len(term.came) - len(found)}; memory of the service {before:.0f} MB, then {after:.0f} MB")
        compare(term)


def compare(term: Term) -> None:
    """Marks of served attempts with those of the class graded at once; and each student has one attempt."""
    Cost((*COURSEKIT, "autograde", term.name, "--workers", "2"), term.at_once)
    served, at_once = marks(term.folder, term.name), marks(term.at_once, term.name)
    differ = [student for student in at_once if served.get(student) != at_once[student]]
    for student in differ:
        print(f"  {student}: served {served.get(student)}, at once {at_once[student]}")
    attempts = [json.loads(path.read_text())["attempts"]
                for path in (term.folder / ".coursekit" / term.name / "attempts").glob("*.json")]
    print(f"  marks: {sum(map(len, at_once.values()))} compared, {len(differ)} students differ; "
          f"{sum(len(one) > 1 for one in attempts)} students with two attempts")


def kills(ps: str, students: int, count: int, workers: int) -> None:
    chance = random.Random(2)
    with tempfile.TemporaryDirectory() as scratch:
        term = Term(Path(scratch), ps, students, 0)
        command = [*COURSEKIT, "serve", term.name, "--workers", str(workers)]
        over = threading.Event()
        struck = {"service": 0, "below it": 0}
        pages = Pages(term)

        def strike() -> None:
            process = subprocess.Popen(command, cwd=term.folder, stdout=subprocess.DEVNULL)
            for _ in range(count):
                time.sleep(chance.uniform(0.5, 6.0))
                victims = [pid for pid in below(process.pid) if chance.random() < 0.5]
                pid, kind = (chance.choice(victims), "below it") if victims and chance.random() < 0.5 else (
                    process.pid, "service")
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    struck[kind] += 1
                if kind == "service":
                    process.wait()
                    process = subprocess.Popen(command, cwd=term.folder, stdout=subprocess.DEVNULL)
            over.wait()
            process.send_signal(signal.SIGINT)
            process.wait(120)

        striking = threading.Thread(target=strike)
        striking.start()
        for student in term.students:
            term.hand_in(student)
            time.sleep(4.0 * count / len(term.students))
        found = pages.all()
        over.set()
        striking.join()
        print(f"{term.name}: {students} submissions, kills: {struck}; lost: {len(term.came) - len(found)}")
        compare(term)


def below(pid: int) -> list[int]:
    """Children of a process, theirs, and so on."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, task.read_text().split())
    return found[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("steady", "storm", "kills"))
    parser.add_argument("ps", nargs="?", default="ps1")
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    if given.what == "kills":
        kills(given.ps, given.students, given.kills, given.workers)
    else:
        arrivals(given.ps, given.students, given.minutes,
                 max(given.students // 20, 1) if given.what == "storm" else 0, given.workers)


if __name__ == "__main__":
    sys.exit(main())
