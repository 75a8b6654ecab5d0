"""The command line as a stranger meets it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from conftest import SMALL, coursekit

pytestmark = pytest.mark.slow

COMMANDS = ("build", "classroom", "autograde", "feedback", "report", "similarity", "validity", "demo", "doctor",
            "serve")


def test_help_names_every_command():
    said = coursekit("--help").stdout
    assert all(re.search(rf"\b{command}\b", said) for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    result = coursekit(command, "--help")
    assert result.returncode == 0
    assert "Usage" in result.stdout


def test_doctor_says_what_is_missing_and_what_to_do():
    found = {finding["what"]: finding for finding in json.loads(coursekit("doctor", "--json").stdout)}
    assert found["nbgrader"]["state"] == "ok"
    assert found["walls around student code"]["says"]
    wrong = coursekit("doctor", env={**os.environ, "COURSE_DATA": "/nowhere"})
    assert wrong.returncode == 1
    assert "correct or unset it" in " ".join(wrong.stdout.split())


def test_demo_shows_a_class_graded_with_feedback(small_course):
    result = coursekit("demo", "--ps", "ps0", "--students", "6", "--seed", "3", folder=small_course)
    assert result.returncode == 0, result.stderr
    assert "what went wrong" in result.stdout
    page, = re.findall(r"a feedback page:\s+(\S+)", result.stdout)
    assert (small_course / page).exists()
    again = coursekit("demo", "--ps", "ps0", "--students", "6", "--seed", "3", folder=small_course)
    assert again.returncode == 0, again.stderr


def test_a_folder_with_other_work_is_not_overwritten(small_course):
    (small_course / "thesis").mkdir()
    (small_course / "thesis" / "chapter.tex").write_text("three years")
    result = coursekit("classroom", "ps0", "--to", "thesis", folder=small_course)
    assert result.returncode == 1
    assert "no pretend class" in " ".join(result.stderr.split())
    assert (small_course / "thesis" / "chapter.tex").read_text() == "three years"


def test_a_class_is_the_same_for_the_same_seed(small_course):
    for folder in ("one", "two"):
        made = coursekit("classroom", "ps0", "-n", "9", "--seed", "4", "--to", folder, folder=small_course)
        assert made.returncode == 0, made.stderr
    kinds = [{student: (told["kind"], told["holds"], told["late"]) for student, told in json.loads(
        (small_course / folder / "expected.json").read_text()).items()} for folder in ("one", "two")]
    assert kinds[0] == kinds[1]
    stamps = [[p.read_text() for p in sorted((small_course / folder / "submitted").glob(f"*/{SMALL}/timestamp.txt"))]
              for folder in ("one", "two")]
    assert stamps[0] == stamps[1]


def test_doctor_goes_by_what_the_kit_declares(monkeypatch):
    from helpers.grading import doctor

    monkeypatch.setattr(doctor.importlib.metadata, "requires", lambda name: [
        "numpy>=999", "torch>=999; extra == 'torch'", "no-such-thing>=1; extra == 'grading'",
        "pytest>=1; extra == 'test'"])
    found = {one.what: one for one in doctor.examine()}
    states = [found[name].state for name in ("numpy", "torch", "no-such-thing")]
    assert states == ["missing", "optional", "missing"]
    assert ">=999 is needed" in found["numpy"].says
    assert "numpy>=999" in found["numpy"].do
    assert "pytest" not in found


def test_processes_that_start_at_once_draw_the_same_secret_cases(small_course):
    program = "from helpers.grading.course.folder import Course; print(Course().seed('ps'))"
    started = [subprocess.Popen([sys.executable, "-c", program], cwd=small_course, stdout=subprocess.PIPE, text=True)
               for _ in range(3)]
    assert len({process.communicate(timeout=120)[0] for process in started}) == 1
    assert (small_course / ".coursekit" / "secret").stat().st_mode & 0o077 == 0 or os.name != "posix"
