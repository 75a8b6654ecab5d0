"""A class on a Dask cluster, and a gradebook on a PostgreSQL server: the same marks as here."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from a_database import database, free_port, running
from conftest import SMALL, coursekit
from exchange import WRONG, fetched, hand_in, solved, with_exchange

from helpers.grading.classes import autograde as grading
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.pages.feedback import feedback

pytestmark = pytest.mark.cluster


def marks(course: Course) -> dict[str, dict[str, float]]:
    _, found = books.marks_of(course, SMALL)
    return {s: {c: m.auto for c, m in row.items() if c.endswith("-check")} for s, row in found.items()}


def deserved(folder: Path) -> dict[str, dict[str, float]]:
    return {s: e["points"] for s, e in json.loads((folder / "expected.json").read_text()).items()}


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory) -> Iterator[str]:
    """A scheduler and two workers in a folder of their own: nothing is shared with the course but bytes."""
    pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("cluster")
    address = f"tcp://127.0.0.1:{free_port()}"
    dask = (sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", address, "--no-dashboard")
    worker = (sys.executable, "-m", "distributed.cli.dask_worker", address, "--nworkers", "2", "--nthreads", "1",
              "--no-dashboard", "--local-directory", str(folder))
    with running(*dask, cwd=folder), running(*worker, cwd=folder):
        yield address


def test_a_dask_cluster_gives_the_same_marks(pretend_class, scheduler):
    course = Course(pretend_class)
    summary = grading.autograde(course, SMALL, scheduler=scheduler)
    assert summary.left == 0
    assert marks(course) == deserved(pretend_class)
    assert grading.autograde(course, SMALL).graded == []


def pages(folder: Path) -> dict[str, bytes]:
    return {path.parent.parent.name: path.read_bytes() for path in (folder / "feedback").glob("*/*/*.html")}


def test_feedback_from_a_dask_cluster_is_the_same_pages(pretend_class, scheduler):
    grading.autograde(Course(pretend_class), SMALL, workers=2)
    run = coursekit("feedback", SMALL, "--scheduler", scheduler, folder=pretend_class)
    assert run.returncode == 0, run.stderr
    there = pages(pretend_class)
    assert set(there) == set(deserved(pretend_class))
    assert coursekit("feedback", SMALL, "--force", "-j", "1", folder=pretend_class).returncode == 0
    assert pages(pretend_class) == there


def test_what_is_served_by_a_dask_cluster_is_graded_and_given_back(small_course, scheduler):
    course = with_exchange(small_course)
    right, wrong = hand_in(course, "ada", solved(course)), hand_in(course, "ben", solved(course, WRONG))
    run = coursekit("serve", SMALL, "--once", "--scheduler", scheduler, folder=small_course)
    assert "2 given back, 0 wait" in run.stdout, run.stdout + run.stderr
    assert "not yet right" in fetched(course, wrong)
    assert "not yet right" not in fetched(course, right)


def dies_after_three(work: Callable, folder: Path) -> None:
    """Do work on a cluster of one worker whose scheduler is killed once three submissions are done."""
    pytest.importorskip("distributed")
    address = f"tcp://127.0.0.1:{free_port()}"
    with contextlib.ExitStack() as stack:
        dask = stack.enter_context(running(sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", address,
                                           "--no-dashboard", cwd=folder))
        stack.enter_context(running(sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1",
                                    "--no-dashboard", cwd=folder))

        def stop_after_three(done: int, of: int, student: str) -> None:
            if done == 3:
                dask.kill()

        with pytest.raises(CourseError, match="scheduler"):
            work(scheduler=address, progress=stop_after_three)


def test_feedback_goes_on_here_when_the_scheduler_dies(pretend_class, tmp_path):
    course = Course(pretend_class)
    grading.autograde(course, SMALL, workers=2)
    dies_after_three(partial(feedback, course, SMALL), tmp_path)
    rest = feedback(course, SMALL, workers=1)
    assert len(rest.already) >= 3
    assert set(pages(pretend_class)) == set(deserved(pretend_class))


def test_a_scheduler_that_dies_is_told_and_nothing_is_lost(pretend_class, tmp_path):
    course = Course(pretend_class)
    dies_after_three(partial(grading.autograde, course, SMALL), tmp_path)
    summary = grading.autograde(course, SMALL)
    assert len(summary.already) >= 3
    assert marks(course) == deserved(pretend_class)


@pytest.fixture
def postgresql() -> Iterator[str]:
    with database() as url:
        yield url


def test_a_gradebook_on_postgresql_by_one_setting(pretend_class, postgresql, monkeypatch):
    monkeypatch.setenv("COURSE_DB_URL", postgresql)
    course = Course(pretend_class)
    assert course.directory.db_url == postgresql
    summary = grading.autograde(course, SMALL, workers=2)
    assert summary.left == 0
    assert marks(course) == deserved(pretend_class)
    assert grading.autograde(course, SMALL).graded == []


def test_a_database_that_is_not_there_is_told(pretend_class, monkeypatch):
    monkeypatch.setenv("COURSE_DB_URL", f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/gradebook")
    with pytest.raises(CourseError, match="does not answer"):
        grading.autograde(Course(pretend_class), SMALL)
