"""`nbgrader collect` with this kit's configuration, from an exchange in which a student has put what they like."""

from __future__ import annotations

import os
import shutil
import sys
import time

import pytest
from conftest import SMALL, nbgrader
from nbgrader.coursedir import CourseDirectory

from helpers.grading.course.collecting import copy_handed_in
from helpers.grading.course.folder import Course

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nbgrader has no exchange there")


def handed_in(folder):
    (folder / "own").mkdir(parents=True)
    (folder / "ps1.ipynb").write_text("{}")
    (folder / "own" / "table.csv").write_text("1")
    return folder


def taken(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("shape", ["beside each other", "inside each other", "links", "files"])
def test_what_is_no_file_of_a_submission_takes_no_time_and_no_place(tmp_path, shape):
    source = handed_in(tmp_path / "handed in")
    place = os.open(source, os.O_RDONLY)
    for number in range(12_000):
        if shape == "beside each other":
            os.mkdir(f"x{number}", dir_fd=place)
        elif shape == "inside each other" and number < 200:
            os.mkdir("x", dir_fd=place)
            place, above = os.open("x", os.O_RDONLY, dir_fd=place), place
            os.close(above)
        elif shape == "links":
            os.symlink("/etc/passwd", f"x{number}", dir_fd=place)
        elif shape == "files":
            os.close(os.open(f"x{number}", os.O_CREAT, dir_fd=place))
    os.close(place)
    start = time.process_time()
    copy_handed_in(source, tmp_path / "taken", CourseDirectory())
    assert time.process_time() - start < 1
    found = taken(tmp_path / "taken")
    assert len(found) <= 2_001  # files, and the one folder
    if shape == "inside each other":
        assert found == ["own", "own/table.csv", "ps1.ipynb"]
    copy_handed_in(handed_in(tmp_path / "honest"), tmp_path / "taken", CourseDirectory())
    assert taken(tmp_path / "taken") == ["own", "own/table.csv", "ps1.ipynb"]


@pytest.mark.parametrize("which", ["x", "x/y", "x/y/z"])
def test_a_folder_that_becomes_a_link_meanwhile_is_not_followed(tmp_path, monkeypatch, which):
    source, secret = handed_in(tmp_path / "handed in"), tmp_path / "secret"
    for folder in (source, secret):
        (folder / "x" / "y" / "z").mkdir(parents=True)
        for inner in ("x", "x/y", "x/y/z"):
            (folder / inner / "file.txt").write_text("hers" if folder == source else "secret")
    look = os.scandir

    def scandir(place):
        entries = look(place)
        if not (source / which).is_symlink():
            (source / which).rename(tmp_path / "away")
            (source / which).symlink_to(secret / which)
        return entries

    monkeypatch.setattr(os, "scandir", scandir)
    copy_handed_in(source, tmp_path / "taken", CourseDirectory())
    assert "secret" not in {path.read_text() for path in (tmp_path / "taken").rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("shared", [False, True])
def test_no_link_brings_what_the_collector_can_read(small_course, tmp_path, shared):
    exchange = tmp_path / "exchange"
    course_id = Course(small_course).directory.course_id
    handed = exchange / course_id / "inbound" / f"ada+{SMALL}+2026-03-01 12:00:00.000000 UTC"
    handed.mkdir(parents=True)
    exchange.chmod(0o1777)
    with open(small_course / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.Exchange.root = {str(exchange)!r}\nc.CourseDirectory.groupshared = {shared}\n")
    shutil.copyfile(small_course / "release" / SMALL / f"{SMALL}.ipynb", handed / f"{SMALL}.ipynb")
    (handed / "timestamp.txt").write_text("2026-03-01 12:00:00.000000 UTC")
    (handed / "own.txt").write_text("mine")
    (handed / "solution.txt").symlink_to(small_course / "source" / SMALL / f"{SMALL}.ipynb")
    (handed / "book").symlink_to(small_course)
    done = nbgrader("collect", SMALL, folder=small_course)
    assert done.returncode == 0, done.stderr
    taken = small_course / "submitted" / "ada" / SMALL
    assert {path.name for path in taken.iterdir()} == {f"{SMALL}.ipynb", "timestamp.txt", "own.txt"}
    if shared:
        assert taken.stat().st_mode & 0o7777 == 0o2770
        assert (taken / "own.txt").stat().st_mode & 0o777 == 0o660
