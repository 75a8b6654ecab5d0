"""A Dask scheduler that anybody could be, or speak to, gets no class; one with certificates does."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SMALL, coursekit
from test_cluster_and_postgresql import deserved, free_port, marks, running

from helpers.grading.classes.cluster import checked_address
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course

OPEN = ["tcp://grader.example.edu:8786", "grader.example.edu:8786", "tcp://10.0.0.7:8786", "10.0.0.7:8786",
        "TCP://10.0.0.7:1", "ucx://10.0.0.7:8786", "ws://10.0.0.7:80", "tcp://[2001:db8::1]:8786", "tcp://0.0.0.0:8786",
        "tcp://127.0.0.1.example.edu:8786", "tcp://localhost.example.edu:1", "tcp://127.0.0.1@10.0.0.7:8786",
        "tcp://:8786", "inproc://10.0.0.7/1/1", "tcp://[not an address", "asyncio://10.0.0.7:1"]
SAFE = ["", "tls://grader.example.edu:8786", "tls://10.0.0.7:8786", "tcp://127.0.0.1:8786", "127.0.0.1:8786",
        "tcp://localhost:8786", "tcp://[::1]:8786", "tcp://127.8.8.8:1"]


@pytest.mark.parametrize("address", OPEN)
def test_what_others_could_speak_to_is_refused_unless_it_is_said(address):
    with pytest.raises(CourseError, match="tls://"):
        checked_address(address)
    assert checked_address(address, insecure=True) == address


@pytest.mark.parametrize("address", SAFE)
def test_certificates_and_this_machine_are_fine(address):
    assert checked_address(address) == address


@pytest.mark.parametrize("command", ["autograde", "feedback"])
def test_the_commands_refuse_in_a_sentence(small_course, command):
    (small_course / "submitted" / "ada" / SMALL).mkdir(parents=True)
    done = coursekit(command, SMALL, "--scheduler", "tcp://192.0.2.1:8786", folder=small_course)
    assert done.returncode == 1
    assert "--insecure" in done.stderr
    assert "Traceback" not in done.stderr
    assert "--insecure" in " ".join(coursekit(command, "--help", folder=small_course).stdout.split())


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> dict[str, str]:
    """Those that the manual's own commands make; the settings that its script sets."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    folder = tmp_path_factory.mktemp("certificates")
    manual = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
    (commands,) = [block for block in re.findall(r"```sh\n(.*?)```", manual, re.S) if "openssl" in block]
    subprocess.run(["sh", "-ec", commands], cwd=folder, check=True, capture_output=True)
    told = subprocess.run(["sh", "-ec", ". tls/tls.sh && env"], cwd=folder, check=True, capture_output=True, text=True)
    settings = dict(line.partition("=")[::2] for line in told.stdout.splitlines() if line.startswith("DASK_"))
    assert len(settings) == 8
    assert all(Path(path).stat().st_mode & 0o77 == 0 for path in settings.values() if path.endswith("key.pem"))
    return settings


@pytest.mark.cluster
@pytest.mark.walls
def test_a_cluster_with_the_manuals_certificates_grades_and_answers_nobody_else(pretend_class, certificates, tmp_path,
                                                                               monkeypatch):
    pytest.importorskip("distributed")
    port = free_port()
    address, plain = f"tls://127.0.0.1:{port}", f"tcp://127.0.0.1:{port}"
    trusted = {**os.environ, **certificates}
    scheduler = (sys.executable, "-m", "distributed.cli.dask_scheduler", "--protocol", "tls", "--host", "127.0.0.1",
                 "--port", str(port), "--no-dashboard")
    worker = (sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard",
              "--local-directory", str(tmp_path))
    with monkeypatch.context() as patch:
        for name, value in certificates.items():
            patch.setenv(name, value)
        started = running(*scheduler, cwd=tmp_path), running(*worker, cwd=tmp_path)
        with started[0], started[1]:
            done = coursekit("autograde", SMALL, "--scheduler", address, folder=pretend_class, env=trusted)
            assert done.returncode == 0, done.stderr
            assert marks(Course(pretend_class)) == deserved(pretend_class)
            for name in certificates:
                patch.delenv(name)
            without = coursekit("autograde", SMALL, "--force", "--scheduler", address, folder=pretend_class)
            assert without.returncode == 1
            assert "certificates" in without.stderr
            assert "Traceback" not in without.stderr
            spoken = coursekit("autograde", SMALL, "--force", "--scheduler", plain, folder=pretend_class)
            assert spoken.returncode == 1
            assert "Dask scheduler" in " ".join(spoken.stderr.split())
