"""What grading a class costs, as ratios measured in one run.

    python benchmarks/grading.py stock ps0       stock nbgrader against coursekit, marks compared one by one
    python benchmarks/grading.py floor ps0       the same cells in one warm IPython shell: our processor time over that
    python benchmarks/grading.py feedback ps0    stock generate_feedback against coursekit feedback
    python benchmarks/grading.py growth ps0      30, 300 and 3,000 submissions
    python benchmarks/grading.py sets            a correct submission of every problem set
    python benchmarks/grading.py scale           1, 2, 4 and 8 Dask workers, and what one driver can feed

Processor time is what the whole machine spent while a command ran, as Linux counts it: a process inside the walls does
not report to those outside. So nothing else may run. Wall time is the clock's.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "docs" / "example"
COURSEKIT = (sys.executable, "-c", "from helpers.grading.cli import main; main()")
NBGRADER = (sys.executable, "-m", "nbgrader")
QUIET_KINDS = ("untouched",)  # of the odd students, the one who costs no time limit


def make_class(ps: str, students: int, folder: Path) -> str:
    """A pretend class without endless loops or broken files; returns the problem set's whole name."""
    from helpers.grading.authoring import pretend_class as classroom
    from helpers.grading.course.folder import Course

    classroom.ODD = QUIET_KINDS
    course = Course(_small_course(folder.parent) if ps.startswith("ps0") else ROOT)
    name = course.find(ps)
    classroom.make(course, name, students, 1, folder)
    return name


def sets(more: int = 6) -> None:
    """Processor time of a correct submission: of `more` beyond the first, which pays for what is computed once."""
    from helpers.grading.authoring import pretend_class as classroom
    from helpers.grading.course.folder import Course

    classroom.USUAL, classroom.ODD = ("everything right",) * len(classroom.USUAL), ()
    for name in Course(ROOT).masters:
        costs = []
        for students in (1, 1 + more):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch) / "class"
                classroom.make(Course(ROOT), name, students, 1, folder)
                costs.append(Cost((*COURSEKIT, "autograde", name, "--workers", "1"), folder).cpu)
        print(f"{name}: {(costs[1] - costs[0]) / more:.2f} s each, the first {costs[0]:.1f} s with the start",
              flush=True)


def _small_course(scratch: Path) -> Path:
    """The example, without mistakes in its loss: stock nbgrader holds a gradient against the student's own loss, so
    that a wrong loss costs two questions there, and marks could not be compared."""
    folder = scratch / "example"
    if not folder.exists():
        shutil.copytree(EXAMPLE, folder)
        master = next((folder / "notebooks").glob("*.py"))
        wrong = r'# %% tags=\["mistake"\] question="loss".*?(?=# %%)'
        master.write_text(re.sub(wrong, "", master.read_text(), flags=re.S))
    return folder


def busy() -> float:
    """Seconds that the machine's processors have worked since it started (proc_stat(5), without idle and I/O wait)."""
    user, nice, system, _, _, interrupt, soft_interrupt = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + interrupt + soft_interrupt) / os.sysconf("SC_CLK_TCK")


class Cost:
    """Wall and processor seconds of a command with everything it started."""

    def __init__(self, command: tuple[str, ...], folder: Path):
        before, start = busy(), time.monotonic()
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        self.wall, self.cpu = time.monotonic() - start, busy() - before
        self.output = run.stdout
        if run.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{run.stderr[-3000:]}")


def middle(command: tuple[str, ...], folder: Path, times: int) -> Cost:
    """Of several runs of a command, each in a copy of the folder (the first in itself), that with the median of
    processor time."""
    folders = [folder, *(shutil.copytree(folder, folder.with_name(f"again {n}")) for n in range(1, times))]
    return sorted((Cost(command, one) for one in folders), key=lambda cost: cost.cpu)[times // 2]


def marks(folder: Path, name: str) -> dict:
    from helpers.grading.course.folder import Course
    from helpers.grading.gradebook import gradebook

    _, found = gradebook.marks_of(Course(folder), name)
    return {student: {cell: mark.auto for cell, mark in row.items()} for student, row in found.items()}


def stock_copy(folder: Path, target: Path) -> Path:
    """The same course as stock nbgrader sees it: no configuration of ours."""
    shutil.copytree(folder, target)
    (target / "nbgrader_config.py").unlink()
    shutil.rmtree(target / ".coursekit", ignore_errors=True)
    return target


def stock(ps: str, students: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        ours = Path(scratch) / "ours"
        name = make_class(ps, students, ours)
        theirs = stock_copy(ours, Path(scratch) / "stock")
        kit = middle((*COURSEKIT, "autograde", name, "--workers", "2"), ours, 3)
        plain = Cost((*NBGRADER, "autograde", name), theirs)
        one, two = marks(ours, name), marks(theirs, name)
        differ = {s: (one[s], two.get(s)) for s in one if one[s] != two.get(s)}
        print(f"{name}, {students} submissions, stock nbgrader autograde against coursekit autograde on 2 workers")
        report("wall", plain.wall, kit.wall, students)
        report("processor", plain.cpu, kit.cpu, students)
        print(f"  marks: {sum(map(len, one.values()))} compared, {len(differ)} students differ")
        for student, (mine, their) in list(differ.items())[:5]:
            print(f"    {student}: {mine} and {their}")


def report(what: str, theirs: float, mine: float, count: int) -> None:
    print(f"  {what}: {theirs:.1f} s against {mine:.2f} s "
          f"({theirs / count:.3f} against {mine / count:.4f} a submission): {theirs / mine:.1f} times")


def floor(ps: str, students: int, experiments: bool) -> None:
    """The floor: student cells in one warm IPython shell, no walls, no checks, no database."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, small = Path(scratch) / "class", Path(scratch) / "small"
        name = make_class(ps, students, folder)
        make_class(ps, 2, small)
        command = (*COURSEKIT, "autograde", name, "--workers", "2", *["--run-experiments"] * experiments)
        start_up, kit = Cost(command, small), Cost(command, folder)
        # Both commands pay for the start of two workers; what the two submissions of the small one cost is left in.
        each = (kit.cpu - start_up.cpu) / (students - 2)
        script = FLOOR.format(folder=str(folder), name=name, experiments=experiments)
        bare = json.loads(Cost((sys.executable, "-c", script), folder).output.splitlines()[-1])
        print(f"{name}, {students} submissions, experiments {'run' if experiments else 'as handed in'}: processor time "
              f"a submission, and how often the floor")
        for what, cost in (("floor", bare / students), ("coursekit, whole command", kit.cpu / students),
                           ("coursekit, after start-up", each)):
            print(f"  {what:26} {cost:.4f} s {cost * students / bare:6.2f}")
        print(f"  over the floor, after start-up: {each - bare / students:.4f} s a submission")


FLOOR = """
import json, gc, time
from pathlib import Path
import matplotlib.pyplot as plt, numpy
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets import Type
from helpers import check, data, plots

class Shell(InteractiveShell):
    display_pub_class = Type(CapturingDisplayPublisher)
    def enable_gui(self, gui=None):
        pass

shell = Shell.instance()
shell.enable_matplotlib("inline")
with capture_output(display=False):
    shell.run_cell("import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.title('warm')")
assert any("image/png" in out["data"] for out in shell.display_pub.outputs)
notebooks = [json.loads(p.read_text()) for p in Path({folder!r}).glob("submitted/*/{name}/{name}.ipynb")]
gc.freeze()  # the collection at each reset looks at what the submission made, not at the libraries
before = time.process_time()
for notebook in notebooks:
    shell.reset(new_session=False)
    shell.display_pub.outputs.clear()
    with capture_output(display=False):
        for cell in notebook["cells"]:
            kept = "experiment" in cell["metadata"].get("tags", ()) and not {experiments}
            if cell["cell_type"] == "code" and not kept and not cell["metadata"].get("nbgrader", {{}}).get("grade"):
                shell.run_cell("".join(cell["source"]))
        plt.close("all")
print(json.dumps(time.process_time() - before))
"""


def feedback(ps: str, students: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        ours = Path(scratch) / "ours"
        name = make_class(ps, students, ours)
        Cost((*COURSEKIT, "autograde", name), ours)
        theirs = stock_copy(ours, Path(scratch) / "stock")
        kit = Cost((*COURSEKIT, "feedback", name, "--workers", "2"), ours)
        plain = Cost((*NBGRADER, "generate_feedback", name), theirs)
        print(f"{name}, {students} pages, stock nbgrader generate_feedback against coursekit feedback on 2 workers")
        report("wall", plain.wall, kit.wall, students)
        report("processor", plain.cpu, kit.cpu, students)


def growth(ps: str, sizes: tuple[int, ...] = (30, 60, 300, 3000)) -> None:
    """Processor time of each further submission, the driver's memory and the gradebook's share as a class grows."""
    before, spent = 2, 0.0
    for students in (before, *sizes):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "class"
            name = make_class(ps, students, folder)
            cost = middle((sys.executable, "-c", GROWTH.format(name=name)), folder, 5 if students < 100 else 1)
            said = json.loads(cost.output.splitlines()[-1])
            each = f"{(cost.cpu - spent) / (students - before):.4f} s each beyond {before}, " if spent else ""
            print(f"{name}, {students} submissions: {cost.cpu:.1f} s of processor time, {each}"
                  f"driver {said['memory'] / 1024:.0f} MB, gradebook {said['book'] / cost.cpu:.1%} of "
                  f"all processor time; {said['wall']:.1f} s by the clock, of which the gradebook took "
                  f"{said['in_book'] / said['wall']:.0%}")
            before, spent = students, cost.cpu


GROWTH = """
import json, re, time
from pathlib import Path
from helpers.grading.classes.autograde import autograde
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook

record, spent = gradebook.ClassGradebook.record, 0.0

def timed(*arguments):
    global spent
    start = time.thread_time()
    try:
        return record(*arguments)
    finally:
        spent += time.thread_time() - start

gradebook.ClassGradebook.record = timed
summary = autograde(Course(), {name!r}, workers=2)
# Not ru_maxrss, which starts with what the parent had at the time of the fork.
memory = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps(dict(memory=memory, wall=summary.wall, in_book=summary.in_book, book=spent)))
"""


@contextlib.contextmanager
def cluster(workers: int, folder: Path) -> Iterator[str]:
    address = "tcp://127.0.0.1:8791"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    scheduler = subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", address,
                                  "--no-dashboard"], **quiet)
    time.sleep(3)
    nodes = subprocess.Popen([sys.executable, "-m", "distributed.cli.dask_worker", address, "--nworkers", str(workers),
                              "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder)], **quiet)
    time.sleep(4 + 2 * workers)
    try:
        yield address
    finally:
        for process in (nodes, scheduler):
            process.terminate()
            process.wait()


def scale(seconds: float, each: int) -> None:
    """Dask workers whose students sleep, so that two cores can show whether eight workers are kept busy."""
    base = None
    for workers in (1, 2, 4, 8):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "class"
            name = make_class("ps0", each * workers, folder)
            for path in folder.glob(f"submitted/*/{name}/{name}.ipynb"):
                notebook = json.loads(path.read_text())
                notebook["cells"].insert(1, {"cell_type": "code", "id": "sleep", "metadata": {}, "outputs": [],
                                             "execution_count": None, "source": f"import time; time.sleep({seconds})"})
                path.write_text(json.dumps(notebook))
            with cluster(workers, Path(scratch)) as address:
                warm(folder, name, address, workers)
                cost = Cost((*COURSEKIT, "autograde", name, "--force", "--scheduler", address), folder)
            rate = each * workers / cost.wall
            base = base or rate
            print(f"{workers} workers: {each * workers} submissions of {seconds} s in {cost.wall:.1f} s, "
                  f"{rate:.2f} a second, efficiency {rate / base / workers:.2f}")


def warm(folder: Path, name: str, address: str, workers: int) -> None:
    """One run before the measured one, so that every worker has its warm process."""
    Cost((*COURSEKIT, "autograde", name, "--scheduler", address), folder)


def feed(students: int = 600) -> None:
    """What a driver alone can feed: results that are already graded, only to be written."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "class"
        name = make_class("ps0", students, folder)
        said = json.loads(Cost((sys.executable, "-c", FEED.format(folder=str(folder), name=name)), folder
                               ).output.splitlines()[-1])
        print(f"a driver alone: {students / said:.0f} submissions a second read, kept and written")


FEED = """
import json, time
from unittest import mock
from helpers.grading.classes import autograde, submitted
from helpers.grading.course.folder import Course
from helpers.grading.marking.job import Result
from helpers.grading.marking.prepared import job_of
from helpers.grading.marking.worker import grade
course = Course({folder!r})
autograde.autograde(course, {name!r}, workers=2)
with mock.patch.object(autograde.Store, "finished", lambda *a: False):
    stored = {{}}
    one = next(iter(submitted.students_of(course, {name!r})))
    job = job_of(course, {name!r})
    content = grade(job, submitted.read_task(course, {name!r}, one))
    with mock.patch.object(autograde.Store, "result", lambda *a: Result.from_bytes(content)):
        start = time.monotonic()
        autograde.autograde(course, {name!r}, workers=2)
        print(json.dumps(time.monotonic() - start))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("stock", "floor", "feedback", "growth", "sets", "scale"))
    parser.add_argument("ps", nargs="?", default="ps0")
    parser.add_argument("--students", type=int, default=60)
    parser.add_argument("--experiments", action="store_true", help="floor: run the long experiments on both sides")
    parser.add_argument("--seconds", type=float, default=1.0)
    chosen = parser.parse_args()
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    if chosen.what == "growth":
        growth(chosen.ps)
    elif chosen.what == "sets":
        sets()
    elif chosen.what == "scale":
        scale(chosen.seconds, 30)
        feed()
    elif chosen.what == "floor":
        floor(chosen.ps, chosen.students, chosen.experiments)
    else:
        {"stock": stock, "feedback": feedback}[chosen.what](chosen.ps, chosen.students)


if __name__ == "__main__":
    main()
