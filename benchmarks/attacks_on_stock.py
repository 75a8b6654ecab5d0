"""Runs the attacks of `tests/attacks/` once against stock nbgrader, and counts what they win and what harm they do.

    python benchmarks/attacks_on_stock.py [--only NAME ...] [--out attacks_on_stock.json]

The course is the small problem set of `docs/example`, written as stock courses are: plain assertions in the check
cells, the reference beside them in hidden tests, no configuration of this kit. For each attack, `nbgrader autograde`
grades the attacker and then, where an attack could reach that far, an honest student. All of it happens in a bubblewrap
jail without a network, in a course folder that is thrown away.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
# nbgrader calls alembic and kernels by name.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

import attacking  # noqa: E402
import nbformat  # noqa: E402

NAME = "ps0_straight_line"
SECONDS = 150  # for one attack, then the jail is closed
EARLIER, LATER = "ada", "zoe"
NOT_HERE = ("wrong_in_grading_only",)  # its answer is right where this kit does not grade
POINTS = {"loss-check": 1.0, "gradient-check": 3.0}
CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "stock"\n'
LOSS_CHECK = """for case in line_cases(np.random.default_rng(0)):
    w, X, y = case["w"], case["X"], case["y"]
    np.testing.assert_allclose(loss(w, X, y), np.mean((X @ w - y) ** 2), rtol=1e-6)"""
GRADIENT_CHECK = """for case in line_cases(np.random.default_rng(0)):
    assert gradient(case["w"], case["X"], case["y"]).shape == case["w"].shape
### BEGIN HIDDEN TESTS
for case in line_cases(np.random.default_rng(1)):
    w, X, y = case["w"], case["X"], case["y"]
    np.testing.assert_allclose(gradient(w, X, y), 2 / len(y) * X.T @ (X @ w - y), rtol=1e-6)
### END HIDDEN TESTS"""
RIGHT = {"loss": "# canary-neighbour\ndef loss(w, X, y):\n    return np.mean((X @ w - y) ** 2)",
         "gradient": "def gradient(w, X, y):\n    return 2 / len(y) * X.T @ (X @ w - y)"}


# ---------------------------------------------------------------------------------------------------------------------
# Outside the jail
# ---------------------------------------------------------------------------------------------------------------------


def stock_source() -> nbformat.NotebookNode:
    """The small problem set's source notebook with stock checks."""
    from helpers.grading.authoring.build import source_notebook
    from helpers.grading.notebooks import master

    notebook = source_notebook(master.read(ROOT / "docs" / "example" / "notebooks" / f"{NAME}.py"))
    cells = []
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.source = {"loss-check": LOSS_CHECK, "gradient-check": GRADIENT_CHECK}.get(grade_id, cell.source)
        cell.source = cell.source.replace("import matplotlib.pyplot as plt\n", "").replace(
            "\n\nfrom helpers import check, plots", "")
        if "experiment" not in cell.metadata.get("tags", ()):
            cells.append(cell)
    notebook.cells = cells
    return notebook


def nbgrader(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=folder, check=True, capture_output=True)


def make_course(folder: Path) -> None:
    """A course in which one honest student has been graded and another has handed in."""
    (folder / "source" / NAME).mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(CONFIG)
    nbformat.write(stock_source(), folder / "source" / NAME / f"{NAME}.ipynb")
    shutil.copy(folder / "source" / NAME / f"{NAME}.ipynb", folder / "kept.ipynb")
    (folder / "source" / NAME / "expected.json").write_text('{"checks": {}}')
    nbgrader(folder, "generate_assignment", NAME)
    for student in (EARLIER, LATER):
        place = folder / "submitted" / student / NAME
        place.mkdir(parents=True)
        nbformat.write(attacking.written(release(folder), RIGHT), place / f"{NAME}.ipynb")
    nbgrader(folder, "autograde", NAME, "--student", EARLIER)
    (folder / ".coursekit").mkdir()
    (folder / ".coursekit" / "secret").write_text("canary-secret")
    with contextlib.closing(sqlite3.connect(folder / "gradebook.db")) as book, book:
        book.execute("update student set email = 'canary-gradebook'")


def release(folder: Path) -> nbformat.NotebookNode:
    return nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)


def in_jail(attack: attacking.Attack, base: Path, scratch: Path) -> dict:
    """Run one attack; what it won and what harm it did."""
    folder = scratch / attack.name
    shutil.copytree(base, folder, symlinks=True)
    line = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--dir", "/tmp/home",
            "--bind", str(folder), str(folder), "--unshare-all", "--die-with-parent", "--new-session",
            "--setenv", "HOME", "/tmp/home", "--setenv", "COURSE_TOKEN", "canary-environment",
            "--unsetenv", "JUPYTER_CONFIG_DIR", "--chdir", str(folder), "--",
            sys.executable, __file__, "--inside", attack.name, "--folder", str(folder)]
    start = time.monotonic()
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=SECONDS)
        found = json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else {
            "marks": 0.0, "harm": ["the grader was ended"]}
    except (subprocess.TimeoutExpired, ValueError):
        found = {"marks": 0.0, "harm": [f"the class was held up for more than {SECONDS} s"]}
    shutil.rmtree(folder, ignore_errors=True)
    return {"attack": attack.name, "earned": sum(attack.earned.values()), **found,
            "seconds": round(time.monotonic() - start, 1)}


def summary(results: list[dict]) -> str:
    won = [r["attack"] for r in results if r["marks"] > r["earned"]]
    full = [r["attack"] for r in results if r["marks"] > r["earned"] and r["marks"] >= sum(POINTS.values())]
    harmful = [r["attack"] for r in results if r["harm"]]
    kinds = collections.Counter(kind for r in results for kind in r["harm"])
    lines = [f"{len(results)} attacks on stock nbgrader", f"{len(won)} win marks, {len(full)} of them all marks: "
             + ", ".join(won), f"{len(harmful)} do harm: " + ", ".join(harmful)]
    lines += [f"  {count:3} x {kind}" for kind, count in kinds.most_common()]
    lines.append(f"{len(set(won) | set(harmful))} do either, {len(results) - len(set(won) | set(harmful))} do neither")
    return "\n".join(lines)


# ---------------------------------------------------------------------------------------------------------------------
# Inside the jail
# ---------------------------------------------------------------------------------------------------------------------


def inside(attack: attacking.Attack, folder: Path) -> dict:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    victim = subprocess.Popen(["sleep", "1000"], env={"CANARY": "canary-victim"})
    attacking.hand_in(attack, folder, NAME, release(folder), {
        "port": listener.getsockname()[1], "victim": victim.pid, "marker": "attack", "memory": 600 * 2**20,
        "disk": 48 * 2**20})
    alone = not attack.walls and not any("prepare" in cell.metadata.get("tags", ()) for cell in attack.cells)
    if alone:  # each student has a kernel of its own: code that stays in it cannot reach another's
        shutil.rmtree(folder / "submitted" / LATER)
    before = tree(folder)
    # One after the other; the earlier student has been graded already and is left alone.
    done = subprocess.run([sys.executable, "-m", "nbgrader", "autograde", NAME], cwd=folder, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=SECONDS - 10)
    time.sleep(0.5)
    harm = ["the grader was ended"] if done.returncode < 0 else []
    if tree(folder) != before or (folder / "owned").exists():
        harm.append("the course's files or marks were changed")
    later = scores(folder, LATER)
    if not alone and (not later or any(score != POINTS.get(cell, 0) for cell, score in later.items())):
        harm.append("a later student's marks were changed, or not given")
    if others_running({os.getpid(), victim.pid, 1}):
        harm.append("processes were left behind")
    if victim.poll() is not None:
        harm.append("a process outside was killed")
    with contextlib.suppress(BlockingIOError):
        listener.accept()
        harm.append("a server was reached")
    harm += read_out(folder, attack)
    victim.kill()
    return {"marks": sum(scores(folder, attacking.STUDENT).get(cell, 0.0) for cell in POINTS), "harm": harm}


def scores(folder: Path, student: str) -> dict[str, float]:
    """Marks by cell, as the gradebook has them; {} if it has none."""
    from nbgrader.api import Gradebook, MissingEntry

    try:
        with Gradebook(f"sqlite:///{folder}/gradebook.db", "stock") as book:
            submission = book.find_submission_notebook(NAME, NAME, student)
            return {grade.name: float(grade.score) for grade in submission.grades}
    except MissingEntry:
        return {}


def tree(folder: Path) -> dict[str, str]:
    """What an attack may not change: files, an earlier student's marks, the gradebook's copies of the checks."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()):
        name = path.relative_to(folder).as_posix()
        if f"/{attacking.STUDENT}/" not in name and f"/{LATER}/" not in name and not name.startswith((
                "gradebook.db", ".nbgrader.log")):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    with contextlib.closing(sqlite3.connect(folder / "gradebook.db")) as book:
        for query in ("select name, source from source_cell",
                      f"select id, first_name, email from student where id = '{EARLIER}'"):
            found[query] = repr(sorted(book.execute(query).fetchall(), key=repr))
    return found | {"marks": repr(scores(folder, EARLIER))}


def others_running(known: set[int]) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.parent.name) not in known and path.read_text().rpartition(")")[2].split()[0] != "Z":
                found.append((path.parent / "cmdline").read_bytes().decode(errors="replace"))
    return found


def read_out(folder: Path, attack: attacking.Attack) -> list[str]:
    """What the graded notebook shows that its author should not have seen, and whether its page acts."""
    from nbconvert.exporters import HTMLExporter

    path = folder / "autograded" / attacking.STUDENT / NAME / f"{NAME}.ipynb"
    if not path.is_file():
        return []
    notebook = nbformat.read(path, as_version=4)
    told = json.dumps([cell.get("outputs") for cell in notebook.cells
                       if not cell.metadata.get("nbgrader", {}).get("grade")])
    harm = []
    if "LOOT" in told and ("canary" in told or "HIDDEN TESTS" in told or "return 2 / len(y)" in told):
        harm.append("secrets were read, or limits passed")
    if len(told) > 20_000_000:
        harm.append("the graded notebook has more than 20 MB")
    if attack.page and attacking.Acting(HTMLExporter().from_notebook_node(notebook)[0]).found:
        harm.append("a script runs in the page of whoever grades")
    return harm


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--inside")
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    if args.inside:
        print(json.dumps(inside(attacking.read(attacking.FOLDER / f"{args.inside}.py"), args.folder)))
        os._exit(0)
    results = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        base = Path(scratch, "base")
        base.mkdir()
        make_course(base)
        for attack in attacking.attacks():
            if attack.name in args.only if args.only else attack.name not in NOT_HERE:
                results.append(in_jail(attack, base, Path(scratch)))
                print(json.dumps(results[-1]), flush=True)
                if args.out:
                    args.out.write_text(json.dumps(results, indent=1) + "\n")
    print(summary(results))


if __name__ == "__main__":
    main()
