"""A class is graded: the right marks, by every door, whatever was handed in, wherever it was stopped."""

from __future__ import annotations

import concurrent.futures as futures
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import nbformat
import pytest
import warm_start
from conftest import SMALL, coursekit, nbgrader, processes_below

from helpers.grading.classes import autograde as grading
from helpers.grading.classes import pool as pools
from helpers.grading.classes.pool import Pool, StopSignal
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import errors_in_words
from helpers.grading.gradebook import gradebook as books
from helpers.grading.marking.job import SubmissionTask
from helpers.grading.pages.graded import read_class
from helpers.grading.sandbox.sandbox import walls_available

pytestmark = pytest.mark.walls

KILLS, KILLS_A_CLASS = 50, 10


def marks(folder: Path) -> dict[str, dict[str, float | None]]:
    """Automatic marks by student and cell, as the gradebook has them."""
    _, found = books.marks_of(Course(folder), SMALL)
    return {student: {cell: mark.auto for cell, mark in row.items()} for student, row in found.items()}


def deserved(folder: Path) -> dict[str, dict]:
    return json.loads((folder / "expected.json").read_text())


def checks_only(row: dict[str, float | None]) -> dict[str, float]:
    return {cell: mark for cell, mark in row.items() if cell.endswith("-check")}


def grade(folder: Path, **how) -> grading.Summary:
    return grading.autograde(Course(folder), SMALL, workers=2, **how)


def test_every_student_gets_what_the_answers_deserve(pretend_class):
    summary = grade(pretend_class)
    found, expected = marks(pretend_class), deserved(pretend_class)
    assert {s: checks_only(found[s]) for s in expected} == {s: e["points"] for s, e in expected.items()}
    kinds = {e["kind"]: student for student, e in expected.items()}
    assert set(summary.notes) == {kinds["not a notebook"], kinds["an empty folder"]}
    assert set(summary.late) == {student for student, e in expected.items() if e["late"]}
    assert found[kinds["untouched"]]["why"] == 0  # an unanswered written question
    assert found[kinds["everything right"]]["why"] is None  # an answered one waits for a person
    said = {graded.student: graded.summary for graded in read_class(Course(pretend_class), SMALL)}
    assert "never ends" in said[kinds["an endless loop"]]
    assert "raises an exception" in said[kinds["an exception"]]
    assert "had been edited" in said[kinds["an edited check"]]
    assert "had been deleted" in said[kinds["a deleted check"]]
    for student, e in expected.items():
        if e["kind"] == "one mistake":
            assert e["holds"][0].split(":")[0].rstrip(".") in said[student]


def test_nbgrader_autograde_gives_the_same_marks(pretend_class, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(pretend_class, other)
    shutil.copytree(pretend_class / ".coursekit", other / ".coursekit", dirs_exist_ok=True)
    grade(pretend_class)
    result = nbgrader("autograde", SMALL, folder=other)
    assert result.returncode == 0, result.stderr[-2000:]
    ours = marks(pretend_class)
    assert marks(other) == ours  # an empty folder's zero, too
    for student in ours:
        one, two = ((f / "autograded" / student / SMALL / f"{SMALL}.ipynb") for f in (pretend_class, other))
        texts = [[(c.source, [o.output_type for o in c.get("outputs", [])]) for c in nbformat.read(p, 4).cells]
                 for p in (one, two)]
        assert texts[0] == texts[1]


def test_a_second_run_grades_nothing_and_a_changed_submission_alone(pretend_class):
    first = grade(pretend_class)
    again = grade(pretend_class)
    assert again.graded == []
    assert sorted(again.already) == sorted(first.graded)
    student = next(s for s, e in deserved(pretend_class).items() if e["kind"] == "untouched")
    path = pretend_class / "submitted" / student / SMALL / f"{SMALL}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].source = "Because the loss is convex."
    nbformat.write(notebook, path)
    assert grade(pretend_class).graded == [student]
    assert marks(pretend_class)[student]["why"] is None
    assert sorted(grade(pretend_class, force=True).graded) == sorted(first.graded)


def test_a_changed_check_regrades_everybody(pretend_class):
    first = grade(pretend_class)
    master = pretend_class / "notebooks" / f"{SMALL}.py"
    master.write_text(master.read_text().replace("((4, 2), (7, 3))", "((4, 2), (7, 3), (9, 4))"))
    assert coursekit("build", folder=pretend_class).returncode == 0
    assert len(grade(pretend_class).graded) == len(first.graded)


def test_a_manual_mark_and_a_comment_survive_a_regrade(pretend_class):
    grade(pretend_class)
    student = next(s for s, e in deserved(pretend_class).items() if e["kind"] == "everything right")
    with contextlib.closing(books.ClassGradebook(Course(pretend_class), SMALL)) as book:
        book.find_grade("why", SMALL, SMALL, student).manual_score = 1.5
        book.find_comment("why", SMALL, SMALL, student).manual_comment = "Convexity, yes."
        book.db.commit()
    grade(pretend_class, force=True)
    with contextlib.closing(books.ClassGradebook(Course(pretend_class), SMALL)) as book:
        kept = book.find_grade("why", SMALL, SMALL, student)
        assert (kept.manual_score, kept.needs_manual_grade) == (1.5, True)
        assert book.find_comment("why", SMALL, SMALL, student).comment == "Convexity, yes."


def test_a_student_whom_formgrader_records_meanwhile_is_recorded_once(pretend_class, monkeypatch):
    student = next(s for s, e in deserved(pretend_class).items() if e["kind"] == "one mistake")
    told = books.ClassGradebook.recorded_students
    asked = []

    def as_of_before(self: books.ClassGradebook) -> set[str]:
        found = told(self)
        asked.append(self)
        if len(asked) == 2:  # the first answer says whom to grade, the second how to write
            with contextlib.closing(books.ClassGradebook(Course(pretend_class), SMALL)) as other:
                other.update_or_create_student(student)
                other.update_or_create_submission(SMALL, student)
        return found

    monkeypatch.setattr(books.ClassGradebook, "recorded_students", as_of_before)
    assert student in grade(pretend_class).graded
    assert checks_only(marks(pretend_class)[student]) == deserved(pretend_class)[student]["points"]


def test_a_late_penalty_is_taken_by_nbgraders_own_plugin(pretend_class):
    with open(pretend_class / "nbgrader_config.py", "a") as config:
        config.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    grade(pretend_class)
    late = next(s for s, e in deserved(pretend_class).items() if e["late"])
    with contextlib.closing(books.ClassGradebook(Course(pretend_class), SMALL)) as book:
        notebook = book.find_submission_notebook(SMALL, SMALL, late)
        assert notebook.late_submission_penalty == notebook.score > 0


def state(folder: Path) -> dict:
    """Marks and files: what must be the same however often a run was killed."""
    files = {str(p.relative_to(folder)): [c.source for c in nbformat.read(p, 4).cells] if p.suffix == ".ipynb" else
             p.read_bytes() for p in sorted((folder / "autograded").rglob("*")) if p.is_file() and p.name != ".gitkeep"}
    with sqlite3.connect(folder / "gradebook.db") as book:
        rows = [book.execute(f"select count(*) from {table}").fetchone() for table in ("submitted_assignment", "grade")]
    return {"marks": marks(folder), "files": files, "rows": rows}


@pytest.fixture(scope="module")
def undisturbed(class_of_small_course, tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("undisturbed") / "class"
    shutil.copytree(class_of_small_course, folder)
    grade(folder)
    return state(folder)


@pytest.mark.parametrize("seed", range(KILLS // KILLS_A_CLASS))
def test_killed_anywhere_and_started_again_it_ends_the_same(pretend_class, undisturbed, seed):
    """Kill -9 at random points, of the driver or of a worker; then one run to the end."""
    rng = random.Random(seed)
    print("seed", seed)
    for _ in range(KILLS_A_CLASS):
        words = ["coursekit", "autograde", SMALL, "-j", "2"]
        with open(os.devnull, "w") as nowhere:
            run = warm_start.Command(words, pretend_class, None, nowhere, nowhere)
        time.sleep(rng.uniform(0.2, 3.0))
        victim = run.pid
        if rng.random() < 0.5:
            children = subprocess.run(["pgrep", "-P", str(run.pid)], capture_output=True, text=True).stdout.split()
            victim = int(rng.choice(children)) if children else run.pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            if victim != run.pid:
                time.sleep(0.5)
                os.kill(run.pid, signal.SIGKILL)
        run.wait()
    grade(pretend_class)
    assert state(pretend_class) == undisturbed


@pytest.mark.skipif(not walls_available()[0], reason="no bubblewrap here")
def test_walls_that_fall_cost_nobody_a_mark(pretend_class):
    """Kill -9 of all walls, twice, while submissions are inside."""
    killed: list[int] = []

    def tear_down(done: int, of: int, student: str) -> None:
        if done in (1, 3):
            for pid in processes_below(os.getpid()):
                with contextlib.suppress(OSError):  # it went with another
                    if Path(f"/proc/{pid}/comm").read_text() == "bwrap\n":
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)

    expected = deserved(pretend_class)
    endless = next(student for student, e in expected.items() if e["kind"] == "an endless loop")
    summary = grade(pretend_class, progress=tear_down, students=[endless, *(s for s in expected if s != endless)][:6])
    assert len(killed) > 2
    assert not [why for why in summary.ended.values() if "walls" in why]
    found = marks(pretend_class)
    assert {s: checks_only(found[s]) for s in found} == {s: expected[s]["points"] for s in found}
    assert len(found) == 6


def test_a_configuration_may_name_the_data(pretend_class, tmp_path):
    data = tmp_path / "data"
    (data / "MNIST").mkdir(parents=True)
    for folder in (tmp_path, data, data / "MNIST"):
        folder.chmod(0o755)  # whatever umask a course has set: data are for whoever grades inside the walls
    with open(pretend_class / "nbgrader_config.py", "a") as config:
        config.write(f"\nimport os\nos.environ['COURSE_DATA'] = {str(data)!r}\n")
    right = next(s for s, e in deserved(pretend_class).items() if e["kind"] == "everything right")
    for folder in (pretend_class / "submitted").iterdir():
        if folder.name != right:
            shutil.rmtree(folder)
    path = pretend_class / "submitted" / right / SMALL / f"{SMALL}.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells.append(nbformat.v4.new_code_cell("import os; print(os.listdir(os.environ['COURSE_DATA']))"))
    nbformat.write(notebook, path)
    plain = {name: value for name, value in os.environ.items() if name != "COURSE_DATA"}
    assert coursekit("autograde", SMALL, folder=pretend_class, env=plain).returncode == 0
    graded = nbformat.read(pretend_class / "autograded" / right / SMALL / f"{SMALL}.ipynb", 4)
    assert graded.cells[-1].outputs[0].get("text") == "['MNIST']\n", graded.cells[-1].outputs


def test_interrupted_it_finishes_the_running_ones_and_goes_on_later(pretend_class):
    def press_ctrl_c(done: int, of: int, student: str) -> None:
        if done == 3:
            os.kill(os.getpid(), signal.SIGINT)

    summary = grading.autograde(Course(pretend_class), SMALL, workers=1, progress=press_ctrl_c)
    assert summary.interrupted
    assert summary.left > 0
    assert len(summary.graded) + summary.left == len(deserved(pretend_class))
    rest = grade(pretend_class)
    assert sorted(rest.graded + rest.already) == sorted(deserved(pretend_class))


@pytest.mark.parametrize("student", ["with a space", "größe.şı.学生", "x" * 200, "-rf", "'; drop table grade; --"])
def test_odd_student_ids_are_ids_like_any_other(pretend_class, student):
    right = next(s for s, e in deserved(pretend_class).items() if e["kind"] == "everything right")
    shutil.copytree(pretend_class / "submitted" / right, pretend_class / "submitted" / student)
    summary = grading.autograde(Course(pretend_class), SMALL, students=[student], workers=1)
    assert summary.graded == [student]
    assert sum(checks_only(marks(pretend_class)[student]).values()) == 4


def test_what_was_handed_in_wrongly_is_told(pretend_class):
    right = next(s for s, e in deserved(pretend_class).items() if e["kind"] == "everything right")
    good = pretend_class / "submitted" / right / SMALL / f"{SMALL}.ipynb"

    def hand_in(student: str) -> Path:
        folder = pretend_class / "submitted" / student / SMALL
        folder.mkdir(parents=True)
        return folder

    shutil.copy(good, hand_in("renamed") / "ps0_straight_line (1).ipynb")
    shutil.copy(good, hand_in("other") / "ps9_other.ipynb")
    (hand_in("linked") / f"{SMALL}.ipynb").symlink_to(good)
    (hand_in("cells") / f"{SMALL}.ipynb").write_text('{"cells": 3, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}')
    (hand_in("binary") / f"{SMALL}.ipynb").write_bytes(bytes(range(256)))
    shutil.copy(good, hand_in("stamped") / f"{SMALL}.ipynb")
    (pretend_class / "submitted" / "stamped" / SMALL / "timestamp.txt").write_text("the day before yesterday")
    names = ["renamed", "other", "linked", "cells", "binary", "stamped"]
    summary = grading.autograde(Course(pretend_class), SMALL, students=names, workers=1)
    assert set(summary.notes) == {"linked", "cells", "binary"}
    assert "link" in summary.notes["linked"]
    found = marks(pretend_class)
    assert {student: sum(checks_only(found[student]).values()) for student in ("renamed", "other", "stamped")} == {
        "renamed": 4, "other": 4, "stamped": 4}


@pytest.mark.parametrize(("arguments", "says"), [
    (("autograde", "ps8"), "is none of the problem sets here"),
    (("build", "ps8"), "is none of the problem sets here"),
    (("feedback", "ps0"), "run `coursekit autograde"),
    (("autograde", "ps0", "--scheduler", "tcp://127.0.0.1:1"), "--scheduler"),
    (("autograde", "ps0", "--course", "nowhere"), "is not a folder"),
])
def test_bad_input_is_one_clear_line(pretend_class, arguments, says):
    result = coursekit(*arguments, folder=pretend_class)
    assert result.returncode == 1
    assert says in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr


def test_an_empty_class_is_told(small_course):
    result = coursekit("autograde", "ps0", folder=small_course)
    assert result.returncode == 1
    assert "nobody has handed in" in " ".join(result.stderr.split())


def test_a_locked_database_is_waited_for_and_then_told(pretend_class, monkeypatch):
    monkeypatch.setattr(errors_in_words.patiently, "__defaults__", (0.5,))
    grade(pretend_class)
    with sqlite3.connect(pretend_class / "gradebook.db") as other:
        other.execute("begin exclusive")
        with pytest.raises(CourseError, match="locked by another program"):
            grade(pretend_class, force=True)
        other.rollback()
    assert grade(pretend_class, force=True).left == 0


def test_an_old_gradebook_is_told(pretend_class):
    with sqlite3.connect(pretend_class / "gradebook.db") as book:
        book.execute("alter table grade rename column extra_credit to something_else")
    with pytest.raises(CourseError, match="nbgrader db upgrade"):
        grade(pretend_class)


def _noisy(task: SubmissionTask) -> bytes:
    os.write(1, b"as a library prints")
    return b""


def test_what_libraries_print_is_no_part_of_a_commands_output(capfd):
    with Pool(_noisy, workers=1) as pool:
        found = pool.outcomes(iter([(0, SubmissionTask("ada", b""))]), StopSignal())
        assert [outcome for _, _, outcome in found] == [b""]
    assert capfd.readouterr().out == ""


def test_few_large_submissions_are_in_flight_at_a_time(monkeypatch):
    """Files of holes cost their student nothing, and whoever holds them all their size."""
    begun: list[int] = []

    def at_once(task: SubmissionTask) -> futures.Future:
        begun.append(task.weight)
        done: futures.Future = futures.Future()
        done.set_result(b"")
        return done

    pool = Pool(len, workers=8)
    monkeypatch.setattr(pool, "_submit", at_once)
    large = SubmissionTask("eve", bytes(1000), others=(("x", bytes(199_000)),))
    monkeypatch.setattr(pools, "HEAVY", 300_000)
    outcomes = pool.outcomes(((number, large) for number in range(9)), StopSignal())
    next(outcomes)
    assert begun == [200_000, 200_000]
    assert len([*outcomes]) == 8
