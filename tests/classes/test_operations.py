"""What an instructor meets on a bad day: full disks, files that cannot be read, servers and folders that are not there.

Each is told in a line that says what, why and what to do, without a traceback; nothing is lost, and the same command,
run again, goes on.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from conftest import COURSEKIT, SMALL, coursekit, nbgrader

from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.sandbox.bubblewrap import probe

pytestmark = pytest.mark.walls

needs_bubblewrap = pytest.mark.skipif(not probe()[0], reason="a small disk and a user without rights need bubblewrap")
KINDS = ("everything right", "one mistake", "untouched", "an exception")
AUTOGRADE = [*COURSEKIT, "autograde", SMALL, "-j", "1", "--sandbox", "none"]


@pytest.fixture(scope="module")
def class_of_four(class_of_small_course, tmp_path_factory) -> Path:
    """So few that a run is short."""
    folder = tmp_path_factory.mktemp("four") / "class"
    shutil.copytree(class_of_small_course, folder)
    expected = json.loads((folder / "expected.json").read_text())
    for student, facts in expected.items():
        if facts["kind"] not in KINDS:
            shutil.rmtree(folder / "submitted" / student)
    kept = {student: facts for student, facts in expected.items() if facts["kind"] in KINDS}
    (folder / "expected.json").write_text(json.dumps(kept))
    return folder


@pytest.fixture(scope="module")
def graded_class_of_four(class_of_four, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("graded") / "class"
    shutil.copytree(class_of_four, folder)
    grade(folder)
    return folder


@pytest.fixture
def few(class_of_four, tmp_path) -> Path:
    """A copy that waits to be graded."""
    return shutil.copytree(class_of_four, tmp_path / "class")


@pytest.fixture
def graded(graded_class_of_four, tmp_path) -> Path:
    """A copy that has been graded."""
    return shutil.copytree(graded_class_of_four, tmp_path / "class")


def grade(folder: Path) -> str:
    """Grade what is there as an instructor would; what the command said."""
    run = coursekit(*AUTOGRADE[len(COURSEKIT):], folder=folder)
    assert run.returncode == 0, run.stderr
    return line_of(run.stdout + run.stderr)


def deserved(folder: Path) -> dict[str, dict[str, float]]:
    return {s: facts["points"] for s, facts in json.loads((folder / "expected.json").read_text()).items()}


def marks(folder: Path) -> dict[str, dict[str, float]]:
    _, found = books.marks_of(Course(folder), SMALL)
    return {s: {c: m.auto for c, m in row.items() if c.endswith("-check")} for s, row in found.items()}


def one_of(folder: Path, kind: str) -> str:
    expected = json.loads((folder / "expected.json").read_text())
    return next(student for student, facts in expected.items() if facts["kind"] == kind)


def line_of(said: str) -> str:
    assert "Traceback" not in said
    return " ".join(said.split())


# A disk of a few megabytes: filled up but for so many bytes, graded, filled up no more, graded again.
FULL_DISK = """
cp -r "$1/." "$2" && cd "$2" || exit 9
free=$(df --output=avail -B1 . | tail -1)
head -c $((free - $3)) /dev/zero > filler
shift 3
"$@" 2> /dev/shm/said; code=$?
rm -f filler
"$@" > again 2>&1 || exit 8
cat /dev/shm/said; exit $code
"""


@needs_bubblewrap
@pytest.mark.parametrize("left", [0, 40_000, 120_000])
def test_a_full_disk_is_told_and_nothing_is_lost(few, tmp_path, left):
    small, out = tmp_path / "small", tmp_path / "out"
    small.mkdir()
    out.mkdir()
    script = f"trap 'cp -r {small}/. {out}' EXIT\n{FULL_DISK}"
    run = subprocess.run(["bwrap", "--dev-bind", "/", "/", "--size", "8000000", "--tmpfs", str(small), "--tmpfs",
                          "/dev/shm", "sh", "-c", script, "sh", str(few), str(small), str(left), *AUTOGRADE],
                         capture_output=True, text=True, timeout=300)
    said = line_of(run.stdout.split("✗")[-1])
    assert run.returncode == 1, run.stdout + run.stderr
    assert "the disk is full: make room and start again" in said
    assert marks(out) == deserved(out)


@needs_bubblewrap
@pytest.mark.parametrize("command", ["autograde", "feedback", "report", "build", "export"])
def test_a_folder_that_cannot_be_written_is_told(graded, command):
    before = marks(graded)
    shutil.rmtree(graded / "release")  # so that there is something to build
    more = ["--force", "--sandbox", "none", "-j", "1"] if command == "autograde" else []
    read_only = ["bwrap", "--dev-bind", "/", "/", "--ro-bind", str(graded), str(graded)]
    run = subprocess.run([*read_only, *COURSEKIT, command, SMALL, *more], cwd=graded, capture_output=True, text=True,
                         timeout=200)
    said = line_of(run.stderr)
    assert run.returncode == 1
    assert said.startswith("✗ ")
    assert "Read-only file system" in said
    assert marks(graded) == before
    assert coursekit(command, SMALL, *more, folder=graded).returncode == 0


@needs_bubblewrap
def test_a_notebook_that_may_not_be_read_gets_its_reason_and_the_class_goes_on(few):
    right, other = one_of(few, "everything right"), one_of(few, "untouched")
    locked = few / "submitted" / right / SMALL / f"{SMALL}.ipynb"
    closed = few / "submitted" / other / SMALL
    locked.chmod(0)
    closed.chmod(0)
    run = subprocess.run(["bwrap", "--unshare-user", "--uid", "1000", "--gid", "1000", "--dev-bind", "/", "/",
                          *AUTOGRADE], cwd=few, capture_output=True, text=True, timeout=200)
    locked.chmod(0o644)
    closed.chmod(0o755)
    said = line_of(run.stdout + run.stderr)
    assert run.returncode == 0, run.stderr
    assert "2 broken" in said
    found, expected = marks(few), deserved(few)
    assert sum(found[right].values()) == 0
    assert {s: found[s] for s in expected if s not in (right, other)} == {
        s: e for s, e in expected.items() if s not in (right, other)}
    grade(few)
    assert marks(few) == expected


def no_notebook(path: Path) -> None:
    path.unlink()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("gone.ipynb"))


def a_device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes among its files")
@pytest.mark.parametrize(("run", "spoils"), [
    (coursekit, (no_notebook, a_pipe, a_folder, a_link_to_nothing, a_device)), (nbgrader, (a_pipe,))])
def test_what_stands_where_the_notebook_should_is_told_and_holds_up_nobody(few, run, spoils):
    right, expected = one_of(few, "everything right"), deserved(few)
    notebook = (few / "submitted" / right / SMALL / f"{SMALL}.ipynb").read_bytes()
    paths = {spoil.__name__: few / "submitted" / spoil.__name__ / SMALL / f"{SMALL}.ipynb" for spoil in spoils}
    for spoil, path in zip(spoils, paths.values()):
        path.parent.mkdir(parents=True)
        path.write_bytes(notebook)
        spoil(path)
    done = run("autograde", SMALL, folder=few)
    if run is coursekit:
        assert done.returncode == 0, done.stderr
        said = line_of(done.stdout + done.stderr)
        assert [student for student in paths if f"broken: {student}: The " not in said] == []
    found = marks(few)
    assert sum(sum(found.get(student, {}).values()) for student in paths) == 0
    assert {s: found[s] for s in expected} == expected
    for path in paths.values():
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        path.write_bytes(notebook)
    grade(few)
    assert marks(few) == expected | dict.fromkeys(paths, expected[right])


@pytest.mark.parametrize("command", [("feedback", SMALL), ("report", SMALL), ("report",), ("export", SMALL)])
def test_a_locked_gradebook_is_told_by_whoever_reads_it(graded, command):
    with sqlite3.connect(graded / "gradebook.db") as other:
        other.execute("begin exclusive")
        run = coursekit(*command, folder=graded)
        other.rollback()
    assert run.returncode == 1, run.stderr
    assert "locked by another program" in line_of(run.stderr)
    assert coursekit(*command, folder=graded).returncode == 0


def test_a_scheduler_for_feedback_that_is_not_there_is_told(graded):
    pytest.importorskip("distributed")
    run = coursekit("feedback", SMALL, "--force", "--scheduler", "tcp://127.0.0.1:1", folder=graded)
    assert run.returncode == 1
    said = line_of(run.stderr)
    assert "no Dask scheduler answers at tcp://127.0.0.1:1" in said
    assert "start it" in said
    assert marks(graded) == deserved(graded)


def test_a_store_that_is_a_mess_is_made_anew(graded):
    """Whatever a killed run or an eager hand left in the kit's own folder is no result."""
    store = graded / ".coursekit" / SMALL
    for path in (store / "done").iterdir():
        path.write_bytes(b"\xff half of a")
        (store / "graded" / path.name).write_bytes(b"\xff\n{")
    assert "4 graded" in grade(graded)
    assert marks(graded) == deserved(graded)
