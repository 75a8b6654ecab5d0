"""What tests share: a small course of one problem set, made once per test process."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import warm_start

from helpers.grading.authoring import build as building
from helpers.grading.authoring import pretend_class as classrooms
from helpers.grading.course.folder import Course

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "docs" / "example"
COURSEKIT = (sys.executable, "-c", "from helpers.grading.cli import main; main()")
SMALL = "ps0_straight_line"


def coursekit(*arguments: object, folder: Path = ROOT, env: dict | None = None) -> subprocess.CompletedProcess:
    """Run the command line as a user would, but for the time that libraries take to start."""
    return _run("coursekit", COURSEKIT, arguments, folder, env)


def nbgrader(*arguments: object, folder: Path, env: dict | None = None) -> subprocess.CompletedProcess:
    """The same for nbgrader's."""
    return _run("nbgrader", (sys.executable, "-m", "nbgrader"), arguments, folder, env)


def _run(program, command, arguments, folder, env):
    words = [*map(str, arguments)]
    if sys.platform == "linux":
        return warm_start.run([program, *words], folder, env)
    return subprocess.run([*command, *words], cwd=folder, capture_output=True, text=True, timeout=300, env=env)


def processes_below(pid: int) -> list[int]:
    """Children of a process, theirs, and so on (Linux)."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # it has just ended
                found += map(int, task.read_text().split())
    return found[1:]


def pytest_collection_modifyitems(items):
    """What builds a course is slow, whatever its own marks say."""
    for item in items:
        if "built_small_course" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


UMASK = warm_start.umask()


def _own_umask():
    """A course's configuration sets the umask of the process that reads it: not of the tests and fixtures after it."""
    os.umask(UMASK)
    try:
        return (yield)
    finally:
        os.umask(UMASK)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup():
    return (yield from _own_umask())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call():
    return (yield from _own_umask())


@pytest.fixture(scope="session")
def built_small_course(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "course"
    shutil.copytree(EXAMPLE, folder)
    building.build(Course(folder), SMALL)
    return folder


@pytest.fixture(scope="session")
def class_of_small_course(built_small_course, tmp_path_factory) -> Path:
    """A pretend class of every kind of student for the small problem set; calls may take two seconds."""
    folder = tmp_path_factory.mktemp("class") / "course"
    classrooms.make(Course(built_small_course), SMALL, len(classrooms.USUAL) + len(classrooms.ODD), 5, folder)
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write('\nc.CourseKit.limits = {"call_seconds": 2}\n')
    return folder


@pytest.fixture
def pretend_class(class_of_small_course, tmp_path) -> Path:
    """A fresh copy of a class that has handed in and waits to be graded."""
    folder = tmp_path / "class"
    shutil.copytree(class_of_small_course, folder)
    return folder


@pytest.fixture
def small_course(built_small_course, tmp_path) -> Path:
    """A fresh copy of a course with one small problem set, built and registered."""
    folder = tmp_path / "course"
    shutil.copytree(built_small_course, folder)
    return folder
