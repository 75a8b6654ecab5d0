"""Starts `coursekit` and `nbgrader` for tests from a process that has the libraries imported already.

Most of what a command computes before it does anything are imports of nbgrader and its kin. Here they are imported
once, and every command is a fork of that process: it has its own folder, environment, streams and exit code, and
imports all of the kit itself.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

LIBRARIES = ("numpy", "typer", "rich.progress", "rich.table", "scipy.special", "jupytext", "nbformat.v4", "nbconvert",
             "nbgrader.apps", "nbgrader.api", "nbgrader.server_extensions.assignment_list.handlers",
             "nbgrader.converters", "nbgrader.preprocessors", "sqlalchemy.orm")
PROGRAMS = {"coursekit": "helpers.grading.cli", "nbgrader": "nbgrader.apps.nbgraderapp"}
SECONDS = 900  # all problem sets built on busy cores take more than five minutes

_starting = threading.Lock()
_address: str | None = None


class Command:
    """A program at work, with its process's `pid`. out, err: files for what it says."""

    def __init__(self, words: Sequence[str], folder: Path, env: Mapping[str, str] | None, out: IO, err: IO):
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(_server())
        asked = {"words": list(words), "folder": str(folder), "env": dict(os.environ if env is None else env),
                 "umask": umask()}
        socket.send_fds(self._connection, [b"!"], [out.fileno(), err.fileno()])
        self._connection.sendall(json.dumps(asked).encode())
        self._connection.shutdown(socket.SHUT_WR)
        self._connection.settimeout(SECONDS)
        self._said = self._connection.makefile()
        self.pid = int(self._said.readline())

    def wait(self) -> int:
        """Its exit code. Raises TimeoutExpired after five minutes."""
        with self._connection, self._said:
            try:
                return int(self._said.readline())
            except TimeoutError:
                os.kill(self.pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired("a command", SECONDS) from None


def run(words: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess:
    """What `subprocess.run` gives for a program and its arguments. Raises TimeoutExpired after five minutes."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        code = Command(words, folder, env, out, err).wait()
        return subprocess.CompletedProcess(list(words), code, _all(out), _all(err))


def _all(stream: IO[str]) -> str:
    stream.seek(0)
    return stream.read()


def umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _server() -> str:
    global _address
    with _starting:
        if _address is None:
            address = os.path.join(tempfile.mkdtemp(prefix="warm-"), "socket")
            server = subprocess.Popen([sys.executable, __file__, address], stdout=subprocess.PIPE, text=True)
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n", "no warm process to start commands from"
            _address = address
        return _address


def _serve(address: str) -> socket.socket:
    """Returns in a new process, with its connection, for every command; ends when the tests have ended."""
    parent = os.getppid()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        print("ready", flush=True)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while os.getppid() == parent:
            if not select.select([listening], [], [], 1)[0]:
                continue
            connection, _ = listening.accept()
            if not os.fork():
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return connection
            connection.close()
    with contextlib.suppress(OSError):
        os.unlink(address)
        os.rmdir(os.path.dirname(address))
    os._exit(0)


def _become(connection: socket.socket) -> None:
    """Go on as the command that a connection asks for; its parent tells when it has ended."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 2)
    asked: dict[str, Any] = json.loads(connection.makefile("rb").read())
    pid = os.fork()
    if pid:
        connection.sendall(f"{pid}\n".encode())
        ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with contextlib.suppress(OSError):
            connection.sendall(f"{ended}\n".encode())
        os._exit(0)
    connection.close()
    for number, stream in enumerate(streams, 1):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["env"])
    os.umask(asked["umask"])
    sys.argv = asked["words"]


if __name__ == "__main__":
    for library in LIBRARIES:
        importlib.import_module(library)
    sys.path[0] = ""  # as in `python -c`
    _become(_serve(sys.argv[1]))
    importlib.import_module(PROGRAMS[sys.argv[0]]).main()
