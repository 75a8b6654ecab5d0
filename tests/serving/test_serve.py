"""Students hand in and find their marks: `coursekit serve` beside nbgrader's exchange, through its command."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import COURSEKIT, SMALL, coursekit, processes_below
from exchange import ENDLESS, WRONG, fetched, hand_in, solved, with_exchange
from nbgrader.apps.api import NbGraderAPI

from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.serving import button
from helpers.grading.serving.secrets import seed_of

pytestmark = pytest.mark.walls
SERVE = ("serve", SMALL, "-j", "2", "--sandbox", "none")


def serve(course: Course, *more: str) -> str:
    run = coursekit(*SERVE, "--once", *more, folder=course.root)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def plain(said: str) -> str:
    """Without the line ends that a terminal's width makes."""
    return " ".join(said.split())


def checks(course: Course) -> dict[str, float]:
    """Points that the checks gave, by student."""
    _, marks = books.marks_of(course, SMALL)
    return {student: sum(mark.auto or 0.0 for mark in row.values()) for student, row in marks.items()}


def attempts(course: Course) -> dict[str, list[dict]]:
    found = [json.loads(path.read_text()) for path in (course.root / ".coursekit" / SMALL / "attempts").glob("*.json")]
    return {facts["student"]: facts["attempts"] for facts in found}


def log(course: Course) -> str:
    return (course.root / ".coursekit" / "serving" / "log.txt").read_text()


def test_what_arrives_is_graded_and_given_back_and_an_attempt_has_its_own_cases(small_course):
    course = with_exchange(small_course)
    ada, ben = hand_in(course, "ada", solved(course), 3), hand_in(course, "ben", solved(course, WRONG), 2)
    cy = hand_in(course, "cy", "PK no notebook", 1)
    assert "3 given back, 0 wait" in serve(course)
    full = checks(course)["ada"]
    assert 0 < checks(course)["ben"] < full
    assert checks(course)["cy"] == 0
    assert "Feedback for" in fetched(course, ada)
    assert "not yet right" in fetched(course, ben)
    assert "could not be graded" in fetched(course, cy)
    assert "attempt 1" in fetched(course, ada)
    assert not [name for name in ("ada", "ben") if name in log(course)]
    assert "cy" in (course.root / "reports" / "serving.html").read_text()

    mended = hand_in(course, "ben", solved(course, {"why": ""}))
    assert "1 given back, 0 wait" in serve(course)
    # His answer is empty, and nothing lies beside it but nbgrader's own files.
    assert "ben" not in (course.root / "reports" / "serving.html").read_text()
    assert checks(course)["ben"] == full
    assert "attempt 2" in fetched(course, mended)
    assert seed_of(course, SMALL, "ben", 1) != seed_of(course, SMALL, "ben", 2)
    assert seed_of(course, SMALL, "ben", 1) != seed_of(course, SMALL, "ada", 1)
    assert "0 given back" in serve(course)


def test_rules_hold_back_and_after_the_deadline_all_is_graded_on_common_cases(small_course):
    course = with_exchange(small_course, 'c.CourseKit.attempts = {"*": {"a_day": 1, "counts": "best", '
                                         '"told": "verdict"}}')
    first = hand_in(course, "ada", solved(course), 60)
    worse = hand_in(course, "ada", solved(course, WRONG), 30)
    assert "1 given back, 0 wait, 1 held back" in serve(course)
    full = checks(course)["ada"]
    assert "has its turn from" in fetched(course, worse)
    run = serve(course, "--final")
    assert "0 marks differ" in run
    assert "Your attempt 1 counts" in fetched(course, worse).replace("your attempt", "Your attempt")
    assert "the same for everybody" in fetched(course, first)
    assert checks(course)["ada"] == full
    said = (course.root / "reports" / f"{SMALL}-seen.html").read_text()
    assert "Every student has the marks" in said
    assert "0 graded" in coursekit("autograde", SMALL, "--sandbox", "none", folder=course.root).stdout


def test_a_service_whose_workers_and_then_itself_are_killed_loses_and_doubles_nothing(small_course):
    course = with_exchange(small_course)
    answers = [ENDLESS, WRONG, None, WRONG, None, WRONG]  # of the first one a worker has long enough to be killed at it
    places = {f"s{n}": hand_in(course, f"s{n}", solved(course, answer), 10 - n) for n, answer in enumerate(answers)}
    process = subprocess.Popen([*COURSEKIT, *SERVE], cwd=course.root, stdout=subprocess.PIPE, text=True)
    with contextlib.closing(process.stdout):
        given = (said for said in process.stdout if "given back" in said)
        next(given)
        workers = [pid for pid in processes_below(process.pid)
                   if b"cli import main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        next(given)
        process.send_signal(signal.SIGKILL)
        process.wait()
    serve(course)
    kept = attempts(course)
    assert {student: [one["number"] for one in mine] for student, mine in kept.items()} == {s: [1] for s in places}
    assert all(one["state"] == "released" for mine in kept.values() for one in mine)
    assert all("Feedback for" in fetched(course, place) for place in places.values())
    assert log(course).count("arrived") == 6
    points = checks(course)
    assert len(points) == 6
    assert len({points[f"s{n}"] for n in (2, 4)}) == 1
    assert len({points[f"s{n}"] for n in (1, 3, 5)}) == 1


def test_endless_loops_hold_up_nobody_else(small_course):
    course = with_exchange(small_course)
    for ago in (9, 8, 7):
        hand_in(course, "mal", solved(course, ENDLESS), ago)
    honest = [hand_in(course, student, solved(course), 5) for student in ("ada", "ben", "cy", "dee")]
    assert "7 given back" in serve(course)
    assert all(fetched(course, place) for place in honest)
    kept = attempts(course)
    given = {student: [one["given"] for one in mine] for student, mine in kept.items()}
    assert max(given[student][0] for student in ("ada", "ben", "cy", "dee")) < given["mal"][1]
    assert len(given["mal"]) == 3


def test_a_course_without_an_exchange_has_a_watched_folder(small_course, tmp_path):
    course, shared = Course(small_course), tmp_path / "shared"
    place = shared / "ada" / SMALL
    place.mkdir(parents=True)
    (place / f"{SMALL}.ipynb").write_text(json.dumps(solved(course)))
    (place / "stolen.txt").symlink_to(course.root / "nbgrader_config.py")
    time.sleep(3.2)  # until it is at rest
    assert "1 given back" in serve(course, "--folder", str(shared))
    assert "Feedback for" in (shared / "ada" / f"{SMALL}-feedback.html").read_text()
    assert not list((course.root / "submitted").rglob("stolen.txt"))
    assert "0 given back" in serve(course, "--folder", str(shared))


def test_a_running_service_refuses_a_second_grades_for_others_and_ends_with_ctrl_c(small_course, monkeypatch):
    course = with_exchange(small_course)
    place = course.folder("submitted", "ada", SMALL)
    place.mkdir(parents=True)
    (place / f"{SMALL}.ipynb").write_text(json.dumps(solved(course)))
    process = subprocess.Popen([*COURSEKIT, *SERVE], cwd=course.root, stdout=subprocess.PIPE, text=True)
    lock = course.root / ".coursekit" / "serving" / "status.json"
    deadline = time.monotonic() + 120
    while not lock.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    second = coursekit(*SERVE, "--once", folder=course.root)
    assert second.returncode == 1
    assert "another service" in plain(second.stderr)
    run = coursekit("autograde", "ps0", "--student", "ada", folder=course.root)
    assert "graded by the running service" in plain(run.stdout), run.stderr
    assert checks(course)["ada"] > 0
    monkeypatch.setattr(NbGraderAPI, "autograde", NbGraderAPI.autograde)  # put back at the end
    button.install()
    formgrader = NbGraderAPI(config=course.config)
    pressed = formgrader.autograde(SMALL, "ada")
    assert pressed["success"]
    assert "ada has 4 of 6 points, 1 answer waits for a person" in pressed["log"]
    assert "graded by the running service" in pressed["log"]
    assert "handed in nothing" in formgrader.autograde(SMALL, "ben")["error"]
    door = course.root / ".coursekit" / "serving" / "door"
    assert door.stat().st_mode & 0o077 == 0
    run = coursekit("autograde", "ps0", "--student", "ben", folder=course.root)
    assert run.returncode == 1
    assert "handed in nothing" in plain(run.stderr)
    os.kill(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "Nothing is lost" in said
    assert not door.exists()


def test_without_an_exchange_it_says_what_to_do(small_course):
    with open(small_course / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.Exchange.root = {str(Path(small_course) / 'nowhere')!r}\n")
    run = coursekit(*SERVE, "--once", folder=small_course)
    assert run.returncode == 1
    assert "nbgrader release_assignment" in plain(run.stderr)
