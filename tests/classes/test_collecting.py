"""`nbgrader collect` with this kit's configuration, from an exchange in which a student has put what they like."""

from __future__ import annotations

import shutil
import sys

import pytest
from conftest import SMALL, nbgrader

from helpers.grading.course.folder import Course

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="nbgrader has no exchange there")]


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
