"""Students' code runs inside the walls through every door, whatever a course's configuration says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest
from conftest import COURSEKIT, SMALL, coursekit

from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.sandbox.sandbox import walls_available

pytestmark = [pytest.mark.walls, pytest.mark.skipif(not walls_available()[0], reason="walls need bubblewrap")]

OWN_LIST = """
c.Autograde.autograde_preprocessors = ["nbgrader.preprocessors.Execute", "nbgrader.preprocessors.LimitOutput",
                                       "nbgrader.preprocessors.SaveAutoGrades"]
"""
SUBCLASS = """
import sys; sys.path.insert(0, ".")
c.Autograde.autograde_preprocessors.append("mine.Mine")
"""
PLAIN = "c = get_config()\nc.CourseDirectory.course_id = 'plain'\n"


def environment() -> dict[str, str]:
    return {**os.environ, "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])}


@pytest.fixture
def course(small_course, tmp_path) -> tuple[Path, Path]:
    """A course with one submission, a cell of which writes a file outside; and that file."""
    owned = tmp_path / "owned"
    release = nbformat.read(small_course / "release" / SMALL / f"{SMALL}.ipynb", as_version=4)
    release.cells.append(nbformat.v4.new_code_cell(f"open({str(owned)!r}, 'w').write('me')"))
    folder = small_course / "submitted" / "eve" / SMALL
    folder.mkdir(parents=True)
    nbformat.write(release, folder / f"{SMALL}.ipynb")
    (small_course / "mine.py").write_text("from nbgrader.preprocessors import Execute\n\n\nclass Mine(Execute):\n"
                                          "    pass\n")
    return small_course, owned


def configured(folder: Path, how: str) -> None:
    config = folder / "nbgrader_config.py"
    if how == "none at all":
        config.unlink()
    elif how == "without install":
        config.write_text(PLAIN)
    else:
        config.write_text(config.read_text() + {"its own list": OWN_LIST, "a subclass of Execute": SUBCLASS}[how])


@pytest.mark.parametrize("how", ["none at all", "without install", "its own list", "a subclass of Execute"])
def test_coursekit_executes_in_one_place(course, how):
    folder, owned = course
    configured(folder, how)
    done = coursekit("autograde", SMALL, "--workers", "1", "--sandbox", "bubblewrap", folder=folder, env=environment())
    assert done.returncode == 0, done.stderr
    assert "configure.install(c)" in " ".join(done.stderr.split())
    assert not owned.exists()
    assert (folder / "autograded" / "eve" / SMALL / f"{SMALL}.ipynb").exists()
    told = coursekit("doctor", folder=folder, env=environment())
    assert told.returncode == 1
    assert "without walls" in " ".join(told.stdout.split())


@pytest.mark.parametrize("how", ["its own list", "a subclass of Execute"])
def test_nbgrader_refuses_a_step_that_executes(course, how):
    folder, owned = course
    configured(folder, how)
    done = subprocess.run([sys.executable, "-m", "nbgrader", "autograde", SMALL], cwd=folder, capture_output=True,
                          text=True, timeout=300, env=environment())
    assert done.returncode != 0
    assert not owned.exists()


def test_formgraders_button_grades_inside_the_walls_or_not_at_all(course):
    folder, owned = course
    program = ("from nbgrader.apps.api import NbGraderAPI\nfrom helpers.grading.course.folder import Course\n"
               "course = Course()\napi = NbGraderAPI(coursedir=course.directory, config=course.config)\n"
               f"print(api.autograde({SMALL!r}, 'eve')['success'])")

    def pressed() -> str:
        done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=300,
                              env=environment())
        return done.stdout.split()[-1]

    assert pressed() == "True"
    shutil.rmtree(folder / "autograded")
    configured(folder, "its own list")
    assert pressed() == "False"
    assert not owned.exists()


def test_doctor_is_content_with_a_course_that_has_the_steps(small_course):
    said = coursekit("doctor", folder=small_course, env=environment()).stdout
    assert "has this kit's steps" in said


@pytest.mark.parametrize("door", ["coursekit", "nbgrader"])
def test_nothing_beside_a_graded_notebook_acts(course, door):
    """Neither for a kernel that is started there nor for a browser that a server gives it to."""
    folder, _ = course
    handed = folder / "submitted" / "eve" / SMALL
    acting = ("ipykernel_launcher.py", "numpy/__init__.py", "derivation.html", "drawing.svg", "x.js",
              "usercustomize.py", "jupyter_server_config.json", "go.pth", "lib.so", "page.xhtml", "UPPER.HTML")
    for name in (*acting, "plot.png", "data/table.csv", "submitted files/there.html", "submission_secret.txt"):
        path = handed / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    command = [sys.executable, "-m", "nbgrader", "autograde", SMALL]
    if door == "coursekit":
        command = [sys.executable, "-c", "from helpers.grading.cli import main; main()", "autograde", SMALL]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, env=environment())
    assert done.returncode == 0, done.stderr
    graded = folder / "autograded" / "eve" / SMALL
    left = {path.relative_to(graded).as_posix() for path in graded.rglob("*") if path.is_file()}
    own = {path.relative_to(folder / "source" / SMALL).as_posix() for path in (folder / "source" / SMALL).rglob("*")}
    assert "submission_secret.txt" in left  # where nbgrader looks for it when it gives marks back
    theirs = left - own - {"timestamp.txt", "submission_secret.txt"}
    assert {"submitted files/plot.png", "submitted files/data/table.csv"} <= theirs
    assert {f"submitted files/{name}.txt" for name in (*acting, "there.html")} <= theirs
    assert all(name.startswith("submitted files/") for name in theirs)


def test_nbgrader_validates_no_students_work(course):
    folder, owned = course
    program = ("import sys\nfrom nbgrader.apps import NbGrader\nfrom nbgrader.validator import Validator\n"
               "app = NbGrader()\napp.initialize([])\nprint(Validator(config=app.config).validate(sys.argv[1]))")

    def validated(path: Path) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "-c", program, str(path)], cwd=folder, capture_output=True, text=True,
                              timeout=300, env=environment())

    theirs = validated(folder / "submitted" / "eve" / SMALL / f"{SMALL}.ipynb")
    assert "CourseError" in theirs.stderr, theirs.stderr
    assert not owned.exists()
    own = validated(folder / "source" / SMALL / f"{SMALL}.ipynb")
    assert own.returncode == 0, own.stderr


def test_a_folder_that_was_handed_in_is_no_course(small_course, tmp_path):
    """A configuration is a program: nothing reads one that a student has put beside the notebook."""
    owned = tmp_path / "owned"
    (small_course / "nbgrader_config.py").open("a").write("\nc.CourseDirectory.submitted_directory = 'handed/in'\n")
    for place in (f"submitted/eve/{SMALL}", f"autograded/eve/{SMALL}", f"handed/in/eve/{SMALL}/deeper",
                  f".coursekit/{SMALL}/earlier/eve/2026", "elsewhere/inbound/eve+small+2026-01-01 00:00:00 UTC+x"):
        folder = small_course / place
        folder.mkdir(parents=True)
        for name in ("nbgrader_config.py", "nbgrader_config.json"):
            (folder / name).write_text(f"open({str(owned)!r}, 'w')" if name.endswith("py") else "{}")
        with pytest.raises(CourseError, match="name it with --course"):
            Course(folder)
        assert not owned.exists()
    demo = shutil.copytree(small_course / "source", small_course / "demo" / "source")  # a course in a course is one
    assert Course(demo.parent).problem_sets == [SMALL]


def test_no_command_imports_what_lies_where_it_is_given(small_course, tmp_path):
    """As a person does who looks into a submission and asks from there; `doctor` starts a Python of its own."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name in ("nbformat", "nbconvert", "numpy", "json", "signal", "threading", "sitecustomize", "helpers", "typer"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'owned')!r}, 'w').write(__file__)")
    command = Path(sysconfig.get_path("scripts")) / "coursekit"
    for words in (["doctor"], ["autograde", SMALL]):
        subprocess.run([command, *words, "--course", small_course], cwd=folder, capture_output=True, timeout=300,
                       env={**environment(), "PYTHONPATH": ""})
        assert not (tmp_path / "owned").exists(), (tmp_path / "owned").read_text()


SWITCHED_ON = {
    "nbconvert's own step": "c.ExecutePreprocessor.enabled = True",
    "nbgrader's own step": "c.Execute.enabled = True\nc.ExecutePreprocessor.enabled = True",
    "for every exporter": "c.ExecutePreprocessor.enabled = True\nc.Exporter.preprocessors = "
                          "['nbgrader.preprocessors.Execute', 'nbconvert.preprocessors.ExecutePreprocessor']",
    "for this kit's exporters": "c.ExecutePreprocessor.enabled = True\nfor section in (c.SubmissionExporter, "
                                "c.FeedbackExporter, c.NotebookExporter):\n"
                                "    section.preprocessors = ['nbconvert.preprocessors.ExecutePreprocessor']\n"
                                "    section.default_preprocessors = ['nbconvert.preprocessors.ExecutePreprocessor']",
}


@pytest.mark.parametrize("what", SWITCHED_ON)
def test_no_exporter_of_the_kits_executes(course, what):
    """nbconvert's exporters have steps of their own, which a course's configuration may switch on."""
    folder, owned = course
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write(f"\n{SWITCHED_ON[what]}\n")
    for command in ([*COURSEKIT, "autograde", SMALL, "--workers", "1"], [*COURSEKIT, "feedback", SMALL, "--force"],
                    [sys.executable, "-m", "nbgrader", "autograde", SMALL, "--force"]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, env=environment())
        assert not owned.exists(), command
        assert done.returncode == 0 or "without walls" in done.stderr, done.stderr
