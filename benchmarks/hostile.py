"""What hostile submissions cost a class: one of each kind among honest students.

    python benchmarks/hostile.py [--honest 20] [--workers 2] [--only NAME ...]

The class hands in the small problem set of `docs/example`. It is graded without the attackers and then with them, by
the command that everybody uses, with the limits that everybody has. Printed are the seconds of both runs, whether any
honest mark differs, what attackers earned, and what was left behind: processes, and files in /tmp. The exit code is 1
if a mark differs, an attacker earns anything, something is left, or the class takes 60 s longer.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import attacking  # noqa: E402

from helpers.grading.authoring import build  # noqa: E402
from helpers.grading.course.folder import Course  # noqa: E402
from helpers.grading.gradebook import gradebook as books  # noqa: E402

NAME = "ps0_straight_line"
COURSEKIT = (sys.executable, "-c", "from helpers.grading.cli import main; main()")
KINDS = {
    "never_ends": "takes for ever", "memory": "takes memory", "hoarded_sockets": "takes memory that nobody counts",
    "broadcasting_results": "blows up what the grader computes", "large_result": "returns far too much",
    "fork_bomb": "multiplies", "endless_files": "fills the disk", "flood_of_outputs": "floods the page",
    "left_processes": "leaves processes", "kill_the_parent": "kills its keepers", "network": "calls out",
    "forged_messages": "lies to the grader", "lying_array": "lies about numbers", "read_hidden_tests": "reads",
    "acts_when_it_is_opened": "brings files that act", "counted_per_user": "uses up what the kernel counts",
}
ANSWERS = {"loss": "def loss(w, X, y):\n    return np.mean((X @ w - y) ** 2)",
           "gradient": "def gradient(w, X, y):\n    return {factor} * X.T @ (X @ w - y) / len(y)"}
SECONDS = 60


def make_course(folder: Path, honest: int) -> nbformat.NotebookNode:
    shutil.copytree(ROOT / "docs" / "example", folder)
    build.build(Course(folder), NAME)
    release = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    for number in range(honest):
        place = folder / "submitted" / f"honest{number:02}" / NAME
        place.mkdir(parents=True)
        answers = {name: text.format(factor=number % 3) for name, text in ANSWERS.items()}
        nbformat.write(attacking.written(release, answers), place / f"{NAME}.ipynb")
    return release


def grade(folder: Path, workers: int) -> tuple[float, dict[str, dict[str, float]]]:
    """Seconds, and marks by student."""
    start = time.monotonic()
    done = subprocess.run([*COURSEKIT, "autograde", NAME, "--force", "--workers", str(workers)], cwd=folder,
                          capture_output=True, text=True)
    seconds = time.monotonic() - start
    if done.returncode:
        sys.exit(done.stderr)
    for line in done.stdout.splitlines():
        print("   ", line[:150])
    _, marks = books.marks_of(Course(folder), NAME)
    return seconds, {student: {cell: mark.score for cell, mark in row.items()} for student, row in marks.items()}


def left_behind(word: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().decode(errors="replace").replace("\0", " ")
            found += [line[:100]] if word in line and int(path.parent.name) != os.getpid() else []
    return found + [str(path) for path in Path(tempfile.gettempdir()).glob("coursekit-*")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--honest", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=list(KINDS))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder, marker = Path(scratch) / "course", f"hostile-{os.getpid()}"
        release = make_course(folder, chosen.honest)
        before = left_behind(marker)
        alone, fair = grade(folder, chosen.workers)
        victim = subprocess.Popen(["sleep", "1000"])
        attacks = [attack for attack in attacking.attacks() if attack.name in chosen.only]
        for attack in attacks:
            attacking.hand_in(attack, folder, NAME, release, {
                "port": 9, "victim": victim.pid, "marker": marker, "memory": 4 * 2**30, "disk": 2**29},
                student=f"a-{attack.name}")  # first in the alphabet: graded first
        beside, marks = grade(folder, chosen.workers)
        alive = victim.poll() is None
        victim.kill()
        left = [one for one in left_behind(marker) if one not in before]
    differ = [student for student, row in fair.items() if marks[student] != row]
    won = [attack.name for attack in attacks
           if {k: v for k, v in marks[f"a-{attack.name}"].items() if v} != attack.earned]
    print(f"{chosen.honest} honest students, {chosen.workers} workers: {alone:.1f} s; with {len(attacks)} attackers "
          f"{beside:.1f} s, {beside - alone:.1f} s longer")
    print(f"honest marks that differ: {differ or 'none'}; attackers that earned anything: {won or 'none'}; left behind:"
          f" {left or 'nothing'}; a process beside it lives: {'yes' if alive else 'no'}")
    for attack in attacks:
        print(f"  {attack.name}: {KINDS.get(attack.name, re.sub(r'[.:].*', '', attack.says))}")
    return int(bool(differ or won or left) or not alive or beside - alone > SECONDS)


if __name__ == "__main__":
    sys.exit(main())
