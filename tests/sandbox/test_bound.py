"""What notebooks can read never holds a course, however it was laid out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import COURSEKIT, SMALL

from helpers.grading.course.folder import Course
from helpers.grading.course.private import private_of
from helpers.grading.sandbox import bubblewrap
from helpers.grading.sandbox.bound import DATA, PYTHON, Bound, ExposedError, Private, prove_unseen
from helpers.grading.sandbox.sandbox import Sandbox, walls_available

needs_walls = pytest.mark.skipif(not walls_available()[0], reason="no bubblewrap here")

LOOK = """import os
course = {course!r}
for place in (course, course + "/source", course + "/submitted", course + "/.coursekit/secret",
              course + "/gradebook.db", course + "/notebooks", os.path.dirname(course)):
    if os.path.isdir(place):
        print("FOUND", sorted(os.listdir(place)))
    elif os.path.exists(place):
        print("FOUND", open(place, "rb").read())
for top, _, names in os.walk("/"):
    if any(name.endswith((".ipynb", "gradebook.db")) or name == "secret" for name in names):
        if "site-packages" not in top and "/share/" not in top:
            print("SEEN", top)
    if top.startswith(("/proc", "/sys")):
        _[:] = []"""


@pytest.fixture
def layout(tmp_path) -> Path:
    for name in ("course/source/ps", "course/submitted/ada/ps", "course/.coursekit", "course/data", "course/.venv/lib",
                 "data", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "course" / "gradebook.db").write_text("")
    (tmp_path / "course" / "nbgrader_config.py").write_text("c = get_config()\n")
    return tmp_path


def proved(layout: Path, place: str, why: str = DATA) -> None:
    prove_unseen(private_of(Course(layout / "course")), [Bound(str(layout / place), why)])


@pytest.mark.parametrize("place", ["data", "course/data", "course/.venv/lib", "course/.venv", "elsewhere/no such"])
def test_what_holds_nothing_private_may_be_seen(layout, place):
    proved(layout, place)


@pytest.mark.parametrize("place", [
    "course", ".", "..", "course/source", "course/source/ps", "course/submitted", "course/submitted/ada/ps",
    "course/.coursekit", "course/gradebook.db", "course/data/../submitted", "elsewhere/../course", "/", "/home", "/etc",
])
def test_what_holds_a_course_or_lies_in_its_secrets_may_not(layout, place):
    with pytest.raises(ExposedError, match=r"notebooks could read .* COURSE_DATA"):
        proved(layout, place)


def test_links_are_followed_to_where_they_lead(layout):
    (layout / "elsewhere" / "link").symlink_to(layout / "course")
    with pytest.raises(ExposedError):
        proved(layout, "elsewhere/link")
    with pytest.raises(ExposedError):
        proved(layout, "elsewhere/link/submitted/ada")
    (layout / "renamed").symlink_to(layout / "elsewhere" / "link")  # the course by another name
    with pytest.raises(ExposedError):
        prove_unseen(private_of(Course(layout / "renamed")), [Bound(str(layout / "course"), DATA)])
    proved(layout, "elsewhere")  # inside, a link to what is not there leads nowhere


@pytest.mark.parametrize("setting", [
    'c.CourseDirectory.db_url = "sqlite:///{}/marks.db"', 'c.Exchange.root = "{}/exchange"',
    'c.CourseDirectory.submitted_directory = "{}/handed in"', 'c.CourseDirectory.source_directory = "{}/solutions"',
    'c.CourseKit.masters_directory = "{}/masters"',
])
def test_what_a_course_keeps_elsewhere_is_as_private(layout, setting):
    place = layout / "elsewhere"
    for name in ("exchange", "handed in", "solutions", "masters"):
        (place / name).mkdir()
    (place / "marks.db").write_text("")
    proved(layout, "elsewhere")
    with open(layout / "course" / "nbgrader_config.py", "a") as config:
        config.write(setting.format(place) + "\n")
    with pytest.raises(ExposedError):
        proved(layout, "elsewhere")


def test_a_second_mount_of_a_folder_is_that_folder(monkeypatch, layout):
    """As the kernel lists them: /mnt/alias shows the course, and data has the class's folder mounted in it."""
    from helpers.grading.sandbox import bound

    course = layout / "course"
    lines = ["1 0 8:1 / / rw - ext4 /dev/sda rw", f"2 1 8:1 {layout}/course {layout}/elsewhere rw - ext4 /dev/sda rw"]
    monkeypatch.setattr(bound, "_mounts", lambda: [bound._Mount(f[2], f[3], f[4]) for f in map(str.split, lines)])
    with pytest.raises(ExposedError):
        prove_unseen(private_of(Course(course)), [Bound(str(layout / "elsewhere"), DATA)])
    prove_unseen(private_of(Course(course)), [Bound(str(layout / "data"), DATA)])
    lines.append(f"3 1 8:1 {layout}/course/submitted {layout}/data/raw rw - ext4 /dev/sda rw")
    with pytest.raises(ExposedError):
        prove_unseen(private_of(Course(course)), [Bound(str(layout / "data"), DATA)])


def test_a_data_folder_with_somebodys_course_in_it_is_refused(monkeypatch, layout):
    monkeypatch.setenv("COURSE_DATA", str(layout))
    with pytest.raises(ExposedError, match="COURSE_DATA"):
        Sandbox("none")
    monkeypatch.setenv("COURSE_DATA", str(layout / "data"))
    Sandbox("none").close()


def test_each_refusal_says_what_to_do(layout):
    with pytest.raises(ExposedError, match=r"python -m venv \.venv"):
        proved(layout, "course", PYTHON)


def grade(python: Path | str, course: Path, folder: Path, **more: str) -> subprocess.CompletedProcess:
    line = [str(python), *COURSEKIT[1:], "autograde", SMALL, "--workers", "1", "--course", str(course), "--force"]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=300, env={**os.environ, **more})


@pytest.fixture
def course(small_course) -> Path:
    """A course with a submission that looks for it."""
    notebook = nbformat.read(small_course / "release" / SMALL / f"{SMALL}.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(LOOK.format(course=str(small_course))))
    folder = small_course / "submitted" / "eve" / SMALL
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{SMALL}.ipynb")
    (small_course / ".coursekit").mkdir(exist_ok=True)
    return small_course


def shown(course: Path) -> str:
    path = course / "autograded" / "eve" / SMALL / f"{SMALL}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    (looked,) = [cell for cell in cells if cell.source.startswith("import os\ncourse =")]
    assert "SEEN" not in looked.source or looked.outputs, "it has looked, and has found at least the system"
    return "".join(output.get("text", "") for output in looked.outputs)


@needs_walls
@pytest.mark.walls
@pytest.mark.slow
def test_a_virtual_environment_that_is_the_course_folder_shows_none_of_the_course(course, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "."], cwd=course, check=True)
    packages = next((course / "lib").glob("python*/site-packages"))
    kit = Path(bubblewrap.kit_place().source).parent
    (packages / "kit.pth").write_text("\n".join([*bubblewrap.package_folders(), str(kit)]) + "\n")
    done = grade(course / "bin" / "python", course, tmp_path)
    assert done.returncode == 0, done.stderr
    told = shown(course)
    assert "SEEN" not in told
    # The folder is there for the environment in it, and has nothing else in it.
    found = [line for line in told.splitlines() if "FOUND" in line and "include" in line]
    assert found
    assert all(set(eval(line.removeprefix("FOUND "))) <= {"bin", "lib", "lib64", "include", "share", "etc",
                                                          "pyvenv.cfg"} for line in found)
    for secret in ("submitted", "ada", "gradebook", "secret", "line_cases"):
        assert secret not in "".join(line for line in told.splitlines() if "FOUND" in line)


@needs_walls
@pytest.mark.walls
@pytest.mark.parametrize("data", [".", "..", "source", "submitted/eve"])
def test_a_course_in_what_notebooks_read_is_refused_before_anything_runs(course, tmp_path, data):
    done = grade(sys.executable, course, tmp_path, COURSE_DATA=str(course / data))
    assert done.returncode == 1
    assert "notebooks could read" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (course / "autograded" / "eve").exists()


@needs_walls
@pytest.mark.walls
def test_a_course_below_usr_is_covered(tmp_path):
    hidden = next(str(path) for path in map(Path, ("/usr/share/doc", "/usr/include", "/usr/games")) if path.is_dir())
    private = Private(whole=(hidden,), closed=(f"{hidden}/submitted",))
    assert private.below_usr() == (hidden,)
    with Sandbox("bubblewrap", imports=(), hidden=private.below_usr()) as sandbox, sandbox.open() as student:
        sandbox.prove_unseen(private)
        assert student.run(f"import os; os.listdir({hidden!r})")[0]["data"]["text/plain"] == "[]"
    with Sandbox("bubblewrap", imports=()) as sandbox, pytest.raises(ExposedError, match="system"):
        sandbox.prove_unseen(private)
