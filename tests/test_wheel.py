"""The kit as a wheel: what an editable install hides (a room or a template left out) shows here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import EXAMPLE, ROOT

from helpers.grading.sandbox.sandbox import walls_available

pytestmark = [pytest.mark.slow, pytest.mark.walls]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    tree = folder / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, tree / name)
    shutil.copytree(ROOT / "helpers", tree / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "-w", folder, tree]
    done = subprocess.run(pip, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory) -> Path:
    """Of an environment that holds the wheel, and this one's libraries without the editable kit."""
    place = tmp_path_factory.mktemp("environment") / "env"
    venv.create(place, with_pip=False)
    found = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    asked = [found, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return found


def test_a_wheel_carries_every_module_and_template(wheel):
    with zipfile.ZipFile(wheel) as archive:
        there = set(archive.namelist())
    wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / "helpers").rglob("*")
              if path.is_file() and path.suffix in (".py", ".css", ".j2", ".txt")}
    assert wanted <= there


def test_an_installed_wheel_builds_a_set_and_grades_a_class(python, tmp_path):
    course = tmp_path / "course"
    shutil.copytree(EXAMPLE, course, ignore=shutil.ignore_patterns("source", "release", "submitted", "autograded",
                                                                 "gradebook.db", ".coursekit"))

    # What an environment with its own libraries would have: alembic by its name, and nbconvert's templates.
    env = {**os.environ, "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
           "JUPYTER_PATH": str(Path(sys.prefix, "share", "jupyter"))}

    def coursekit(*arguments: str) -> str:
        done = subprocess.run([python, "-c", "from helpers.grading.cli import main; main()", *arguments], cwd=course,
                              capture_output=True, text=True, timeout=300, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = subprocess.run([python, "-c", "import helpers; print(helpers.__file__)"], cwd=course, capture_output=True,
                           text=True, check=True).stdout
    assert str(python.parent.parent) in where
    coursekit("build", "ps0")
    (name,) = (path.name for path in (course / "release").iterdir() if path.is_dir())
    for student, step in (("ada", "source"), ("bob", "release")):
        folder = course / "submitted" / student / name
        folder.mkdir(parents=True)
        shutil.copyfile(course / step / name / f"{name}.ipynb", folder / f"{name}.ipynb")
    said = coursekit("autograde", "ps0", "--workers", "1", "--sandbox", "auto" if walls_available()[0] else "none")
    assert "2" in said
    assert (course / "autograded" / "ada" / name / f"{name}.ipynb").exists()
    coursekit("feedback", "ps0")
    pages = sorted((course / "feedback").glob("*/*/*.html"))
    assert len(pages) == 2
