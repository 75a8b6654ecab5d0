"""A PostgreSQL server for a test: its own, empty, gone afterwards."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
POSTGRES = str(SERVERS[-1].parent) if SERVERS else os.path.dirname(shutil.which("postgres") or "")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def running(*command: str, **how) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def as_server(*command: str) -> tuple[str, ...]:
    """PostgreSQL refuses to run as root."""
    return ("runuser", "-u", "postgres", "--", *command) if getpass.getuser() == "root" else command


@contextlib.contextmanager
def database() -> Iterator[str]:
    """The URL of an empty database; skips the test where there is no server to start."""
    if not POSTGRES:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg")
    home = Path(subprocess.run(as_server("mktemp", "-d", "/tmp/postgres.XXXXXX"), capture_output=True, text=True,
                               check=True).stdout.strip())
    port = str(free_port())
    try:
        subprocess.run(as_server(f"{POSTGRES}/initdb", "-D", str(home / "data"), "-A", "trust", "-U", "course"),
                       check=True, capture_output=True, cwd="/")
        server = as_server(f"{POSTGRES}/postgres", "-D", str(home / "data"), "-h", "127.0.0.1", "-p", port, "-k",
                           str(home), "-F")
        with running(*server, cwd="/"):
            for _ in range(100):
                if subprocess.run([f"{POSTGRES}/pg_isready", "-h", "127.0.0.1", "-p", port],
                                  capture_output=True).returncode == 0:
                    break
                time.sleep(0.1)
            subprocess.run([f"{POSTGRES}/createdb", "-h", "127.0.0.1", "-p", port, "-U", "course", "gradebook"],
                           check=True)
            yield f"postgresql+psycopg://course@127.0.0.1:{port}/gradebook"
    finally:
        shutil.rmtree(home, ignore_errors=True)
