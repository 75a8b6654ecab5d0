"""`coursekit doctor` in a course that others on the machine could read, and what `--fix` leaves of that."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import SMALL, coursekit
from jupyter_server.extension.config import ExtensionConfigManager

from helpers.grading import configure
from helpers.grading import doctor as doctors
from helpers.grading.classes.autograde import autograde
from helpers.grading.course.folder import Course
from helpers.grading.machine import accounts, folders, libraries
from helpers.grading.machine import exchange as exchanges
from helpers.grading.machine.finding import Finding
from helpers.grading.machine.folders import Sharing, exposed
from helpers.grading.pages.feedback import feedback

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")


@pytest.fixture
def open_course(built_small_course) -> Iterator[Path]:
    """A course as a system's own rights leave it, in a folder that everybody can enter."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        folder = Path(place) / "course"
        shutil.copytree(built_small_course, folder)
        work = folder / "submitted" / "ada" / SMALL
        work.mkdir(parents=True)
        (work / f"{SMALL}.ipynb").write_text("{}")
        with open(folder / "nbgrader_config.py", "a") as config:
            config.write(f"\nc.Exchange.root = {str(Path(place) / 'exchange')!r}\n")
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777 if path == work else 0o755 if path.is_dir() else 0o644)  # as nbgrader collects
        yield folder


@pytest.fixture(autouse=True)
def only_the_course(tmp_path, monkeypatch):
    """What is installed has tests of its own; nothing here is written into somebody's home."""
    monkeypatch.setattr(doctors, "_findings", lambda: ())
    monkeypatch.setattr(doctors, "of_libraries", lambda distribution: ())
    monkeypatch.setattr(doctors, "_of_what_is_seen", lambda course: Finding("what notebooks can read", "ok", ""))
    monkeypatch.setenv("HOME", str(tmp_path))
    before = os.umask(0o022)
    yield
    os.umask(before)


def doctor(folder: Path, fix: bool = False, group: str = "") -> dict[str, dict]:
    if fix:
        assert doctors.mend(folder, group) == []
    return {one.what: one.to_dict() for one in doctors.examine(folder, group)}


def graded(folder: Path) -> None:
    work = folder / "submitted" / "ada" / SMALL
    shutil.copyfile(folder / "release" / SMALL / f"{SMALL}.ipynb", work / f"{SMALL}.ipynb")
    autograde(Course(folder), SMALL, workers=1, sandbox="none")


def modes(folder: Path) -> dict[Path, int]:
    return {path: stat.S_IMODE(path.lstat().st_mode) for path in (folder, *folder.rglob("*"))}


def test_what_others_can_read_is_told_and_then_shut(open_course):
    before = doctor(open_course)["who can read the course"]
    assert before["state"] != "ok"
    assert "notebooks" in before["says"]
    assert f"change submitted/ada/{SMALL}" in before["says"]
    after = doctor(open_course, fix=True)["who can read the course"]
    assert after["state"] == "ok"
    assert all(mode & 0o077 == 0 for path, mode in modes(open_course).items() if path.suffix != ".html")
    assert exposed(Course(open_course), Sharing(None)) == ([], [])


def test_what_is_collected_after_the_fix_is_shut_as_well(open_course):
    """nbgrader copies a submission with the rights that it has in the exchange: all, for all."""
    doctor(open_course, fix=True)
    work = open_course / "submitted" / "ben" / SMALL
    work.mkdir(parents=True)
    work.chmod(0o777)
    assert doctor(open_course)["who can read the course"]["state"] == "ok"


def test_what_commands_make_is_for_the_owner_alone(open_course):
    graded(open_course)
    for place in (".coursekit", ".coursekit/secret", "autograded", f"autograded/ada/{SMALL}/{SMALL}.ipynb"):
        path = open_course / place
        assert path.stat().st_mode & 0o007 == 0 or place == "autograded", place


def test_a_page_of_feedback_can_be_read_where_nbgrader_gives_it_back(open_course):
    """nbgrader copies the page into the exchange with its rights."""
    graded(open_course)
    feedback(Course(open_course), SMALL, workers=1)
    doctor(open_course, fix=True)
    page = open_course / "feedback" / "ada" / SMALL / f"{SMALL}.html"
    assert page.stat().st_mode & stat.S_IROTH
    assert open_course.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may use any group")
def test_a_group_of_graders_shares_everything(open_course):
    group = accounts.group_name(1)  # a group that every system has and nobody is in
    found = doctor(open_course, True, group)
    assert {one["state"] for one in found.values() if one["what"] in (
        "who can read the course", "the graders' group", "the gradebook", "exchange")} == {"ok"}
    course = Course(open_course)
    assert course.directory.groupshared
    for path, mode in modes(open_course).items():
        assert path.stat().st_gid == 1, path
        wanted = 0o2770 if path.is_dir() else 0o660
        assert mode & wanted == wanted, path
    assert stat.S_IMODE((open_course / "gradebook.db").stat().st_mode) == 0o660
    exchange = open_course.parent / "exchange"
    assert stat.S_IMODE(exchange.stat().st_mode) == 0o1777
    inbound = exchange / course.directory.course_id / "inbound"
    assert (stat.S_IMODE(inbound.stat().st_mode), inbound.stat().st_gid) == (0o2773, 1)
    config = (open_course / "nbgrader_config.py").read_text()
    assert config.index("groupshared") < config.index("configure.install(c)")
    doctor(open_course, True, group)
    assert (open_course / "nbgrader_config.py").read_text() == config


@pytest.mark.parametrize("place", [".", "inbound", "feedback", "outbound"])
@pytest.mark.parametrize("kind", ["a link", "somebody else's"])
def test_who_takes_a_courses_name_in_the_exchange_first_is_told_of(open_course, place, kind):
    """Everybody can put something there: a link to the course, say, whose rights would be set to those of an inbox."""
    exchange, there = open_course.parent / "exchange", Course(open_course).directory.course_id
    (exchange / there).mkdir(parents=True)
    exchange.chmod(0o1777)
    for name in ("inbound", "outbound", "feedback"):
        (exchange / there / name).mkdir()
    aimed = exchange / there / place
    if kind == "a link":
        shutil.rmtree(aimed)
        aimed.symlink_to(open_course)
    elif os.geteuid() == 0:
        os.chown(aimed, 65534, 65534)
    else:
        pytest.skip("only root gives folders away")
    doctor(open_course, fix=True)
    found = doctor(open_course, fix=True)["the course in the exchange"]
    assert found["state"] == "missing"
    assert ("is no folder" if kind == "a link" else "belongs to") in found["says"]
    assert stat.S_IMODE(open_course.stat().st_mode) & 0o077 == 0
    aimed.unlink() if aimed.is_symlink() else shutil.rmtree(aimed)
    assert doctor(open_course, fix=True).get("the course in the exchange", {"state": "ok"})["state"] == "ok"


def test_no_link_that_comes_meanwhile_is_followed(tmp_path):
    aim = tmp_path / "private"
    aim.mkdir(mode=0o700)
    (tmp_path / "course" / "outbound").mkdir(parents=True)
    (tmp_path / "course" / "inbound").symlink_to(aim)
    (tmp_path / "link").symlink_to(aim)
    for folder, sharing in itertools.product((tmp_path / "course", tmp_path / "link"), (None, os.getgid())):
        assert "cannot be changed" in exchanges._make_places(folder, exchanges.PLACES, Sharing(sharing))
    assert stat.S_IMODE(aim.stat().st_mode) == 0o700


def test_a_group_that_does_not_exist_is_told(open_course):
    said = coursekit("doctor", "--fix", "--group", "no-such-group", folder=open_course)
    assert said.returncode == 1
    assert "groupadd no-such-group" in " ".join(said.stderr.split())


def test_others_may_pass_to_a_python_inside_and_see_nothing_else(open_course, monkeypatch):
    python = open_course / "env" / "bin"
    python.mkdir(parents=True)
    (open_course / "env" / "pyvenv.cfg").touch()
    for path in (open_course / "env", python):
        path.chmod(0o755)
    monkeypatch.setattr(folders.sys, "prefix", str(open_course / "env"))
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    course = Course(open_course)
    assert folders.close(course, Sharing(None)) == ""
    assert exposed(course, Sharing(None)) == ([], [])
    assert stat.S_IMODE(open_course.stat().st_mode) == 0o701
    assert stat.S_IMODE(python.stat().st_mode) == 0o755


def test_on_a_hub_students_get_no_graders_tools(open_course):
    place = open_course.parent / "environment"
    (place / "etc/jupyter/jupyter_server_config.d").mkdir(parents=True)
    stock = {"ServerApp": {"jpserver_extensions": {"nbgrader.server_extensions.formgrader": True}}}
    (place / "etc/jupyter/jupyter_server_config.d/nbgrader.json").write_text(json.dumps(stock))
    program = ("import sys; sys.prefix = sys.argv.pop(1)\nfrom helpers.grading.machine.hub import of_hub\n"
               "from helpers.grading.course.folder import Course\n"
               "for f in of_hub(Course('.')): print(f.what, f.state, f.mend() if f.mend else '')\n"
               "print([f.state for f in of_hub(Course('.'))])")
    home = open_course.parent / "home"
    home.mkdir()
    said = subprocess.run([sys.executable, "-c", program, str(place)], cwd=open_course, capture_output=True, text=True,
                          env={**os.environ, "HOME": str(home), "JUPYTERHUB_USER": "ada", "JUPYTER_CONFIG_DIR": ""})
    assert said.stdout.splitlines()[-1] == "['ok', 'ok', 'ok']", said.stdout + said.stderr
    off = json.loads((place / "etc/jupyter/labconfig/page_config.json").read_text())["disabledExtensions"]
    assert off == {"@jupyter/nbgrader:create-assignment": True, "@jupyter/nbgrader:formgrader": True}
    served = [ExtensionConfigManager(read_config_path=[str(path) for path in paths]).get_jpserver_extensions()
              for paths in ([place / "etc/jupyter"], [home / ".jupyter", place / "etc/jupyter"])]
    assert [one["nbgrader.server_extensions.formgrader"] for one in served] == [False, True]
    mine = json.loads((home / ".jupyter/labconfig/page_config.json").read_text())["disabledExtensions"]
    assert not any(mine.values())
    assert f"root = '{home / 'course'}'" in (home / ".jupyter" / "nbgrader_config.py").read_text()


def test_a_library_that_was_made_for_another_python_is_named(monkeypatch):
    monkeypatch.setattr(libraries.platform, "python_version", lambda: "3.11.2")
    found = {name: why for name, _, why in libraries.unfit("backprop-by-hand")}
    for name in ("soupsieve", "numpy"):
        python = libraries.importlib.metadata.metadata(name).get("Requires-Python")
        fits = libraries.packaging.specifiers.SpecifierSet(python).contains("3.11.2")
        assert (name not in found) == fits, (name, python)
    monkeypatch.setattr(libraries.platform, "python_version", lambda: "3.1.0")
    assert "numpy" in {name for name, _, _ in libraries.unfit("backprop-by-hand")}


@pytest.mark.walls
def test_pages_that_cannot_be_drawn_are_told(monkeypatch):
    monkeypatch.setattr(libraries, "DRAW", "raise ValueError('no selector fits')")
    told = [one for one in libraries.of_libraries("backprop-by-hand") if one.what == "formgrader's pages"]
    assert [one.state for one in told] == ["missing"]
    assert "no selector fits" in told[0].says


def test_installing_decides_who_may_use_what_is_made():
    before = os.umask(0o022)
    try:
        for shared, mask in ((False, 0o077), (True, 0o007)):
            config = libraries_config(shared)
            configure.install(config)
            assert os.umask(0o022) == mask
    finally:
        os.umask(before)


def libraries_config(shared: bool):
    from traitlets.config import Config

    config = Config()
    if shared:
        config.CourseDirectory.groupshared = True
    return config
