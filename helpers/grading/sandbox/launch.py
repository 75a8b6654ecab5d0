"""How a submission's process comes to be: forked from a warm one (POSIX), or started afresh (Windows)."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import helpers
from helpers.grading.sandbox import bubblewrap
from helpers.grading.sandbox.bound import package_folders
from helpers.grading.sandbox.errors import SandboxError
from helpers.grading.sandbox.limits import Limits

START_SECONDS = 120  # importing torch from a cold disk
ANSWER_SECONDS = 10
PROGRAM = "helpers.grading.sandbox.inside.start"


class Launcher(Protocol):
    """Starts, interrupts and ends the process of one submission at a time."""

    def start(self) -> None:
        """Prepare, without waiting."""

    def open(self, limits: Limits, imports: Iterable[str]) -> socket.socket:
        """A socket to the process of a new submission, which has imported `imports`. Raises SandboxError."""

    def interrupt(self) -> None:
        """Send SIGINT, or what comes nearest."""

    def close(self, wait: bool = False) -> str:
        """End the submission: why it has ended ("closed" if because of this, "" if nobody is left who knows).

        wait: it has ended, or is about to: find out why first.
        """

    def stop(self) -> None:
        """End everything."""


class Warmed:
    """Submissions forked from a warm process, which runs inside bubblewrap if `user` says who starts that.

    A process that is forked from the one that made this shares the warm process, each with a keeper of its own there.
    """

    def __init__(self, imports: Iterable[str] = (), user: str = "", namespaces: bool = False,
                 readable: Iterable[str] = (), hidden: Iterable[str] = ()):
        self.imports = tuple(imports)
        self.user, self.namespaces, self.readable, self.hidden = user, namespaces, readable, hidden
        self._process: subprocess.Popen | None = None
        self._starter = 0  # pid of the grader that has started it
        self._door: Any = None  # to the warm process
        self._said: Any = None
        self._folder = ""  # without walls: where submissions have their working directories
        self._keeper: Any = None
        self._known: tuple[int, tuple] = 0, ()  # pid of the grader whose keeper this is, and what that has imported
        self._answers: Any = None
        self._directory: str | None = None
        self._used = False

    def start(self, disk_bytes: int = 2**28) -> None:
        """As a Launcher; disk_bytes: what its own /tmp holds, where submissions have none of their own."""
        if self._process is not None and self._starter == os.getpid() and self._process.poll() is not None:
            self.stop()
        if self._process is not None:
            return
        ours, theirs = socket.socketpair()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process runs)
        line, files, more = self._command(theirs.fileno(), disk_bytes)
        try:
            self._process = subprocess.Popen(
                line,
                pass_fds=[theirs.fileno(), *(f.fileno() for f in files)],
                stdin=subprocess.DEVNULL,
                stdout=self._said,
                stderr=self._said,
                start_new_session=True,  # Ctrl-C is for the grader, which then ends this
                **more,
            )
        except OSError as e:
            ours.close()
            raise SandboxError(f"the warm process cannot be started: {e}") from e
        finally:
            theirs.close()
            for f in files:
                f.close()
        self._door, self._starter, self._used = ours, os.getpid(), False

    def _command(self, door: int, disk_bytes: int) -> tuple[list[str], list, dict]:
        program = [sys.executable, "-P", "-m", PROGRAM, "--warm", str(door)]
        program += [f"--import={name}" for name in self.imports]
        if self.user:
            program += ["--walls", *(["--namespaces"] if self.namespaces else [])]
            return (*bubblewrap.command(program, self.user, self.readable, disk_bytes, self.hidden), {})
        self._folder = tempfile.mkdtemp(prefix="coursekit-")
        return program, [], {"env": plain_environment(self._folder), "cwd": self._folder}

    def _meet_keeper(self, imports: tuple) -> None:
        """Have a keeper forked, unless this process has one already. Raises OSError."""
        if self._keeper is not None and self._known == (os.getpid(), imports):
            return
        self._leave_keeper()
        self._keeper, theirs = socket.socketpair()
        self._known, self._answers = (os.getpid(), imports), self._keeper.makefile("r", encoding="utf-8")
        with theirs:
            socket.send_fds(self._door, [json.dumps(imports).encode()], [theirs.fileno()])
        self._answer(START_SECONDS)

    def _leave_keeper(self) -> None:
        """Close this process's end of the socket: a keeper that nobody can speak to ends."""
        if self._keeper is not None:
            self._answers.close()
            self._keeper.close()
            self._keeper = None

    def _answer(self, seconds: float) -> dict:
        self._keeper.settimeout(seconds)
        line = self._answers.readline()
        if not line:
            raise ConnectionError("the warm process is gone")
        return json.loads(line)

    def _command_and_answer(self, command: dict, fds=()) -> dict:
        if self._keeper is None:
            raise ConnectionError("the warm process is gone")
        data = json.dumps(command).encode() + b"\n"
        self._keeper.settimeout(ANSWER_SECONDS)
        if fds:
            socket.send_fds(self._keeper, [data], list(fds))
        else:
            self._keeper.sendall(data)
        return self._answer(ANSWER_SECONDS)

    def open(self, limits: Limits, imports: Iterable[str]) -> socket.socket:
        for renew in (self._leave_keeper, self.stop, None):
            try:
                return self._open(limits, tuple(imports))
            except (OSError, ValueError) as e:  # it has died since the last submission, or hangs: take a new one
                if renew is None:
                    raise SandboxError(f"the warm process does not come up: {e}. It said: {self._last_words()}") from e
                renew()
        raise AssertionError

    def _open(self, limits: Limits, imports: tuple) -> socket.socket:
        if self.user and not self.namespaces and (self._used or self._starter != os.getpid()):
            self.stop()  # without namespaces of its own, each submission gets a bubblewrap of its own
        self.start(limits.disk_bytes)
        self._meet_keeper(imports)
        self._used = True
        self._directory = None if self.user else tempfile.mkdtemp(dir=self._folder)
        ours, theirs = socket.socketpair()
        with theirs:
            command = {"do": "open", "limits": limits.inside(), "directory": self._directory}
            answer = self._command_and_answer(command, [theirs.fileno()])
        if "error" in answer:
            ours.close()
            raise SandboxError(f"a submission's process cannot be walled in: {answer['error']}")
        return ours

    def interrupt(self) -> None:
        try:
            self._command_and_answer({"do": "interrupt"})
        except (OSError, ValueError):
            self._leave_keeper()  # the submission ends with it, which is noticed

    def close(self, wait: bool = False) -> str:
        try:
            answer = self._command_and_answer({"do": "wait" if wait else "close"})
        except (OSError, ValueError):
            self._leave_keeper()
            answer = {}
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)
        return answer.get("ended") or ""

    def stop(self) -> None:
        self._leave_keeper()
        if self._process is None:
            return
        if self._starter == os.getpid():
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                self._door.sendall(b"0")  # without a socket along: the end
                self._process.wait(ANSWER_SECONDS if self._used else 0)  # it is still importing otherwise
            self._process.kill()
            self._process.wait()
            if self._folder:
                shutil.rmtree(self._folder, ignore_errors=True)
        self._process, self._folder = None, ""
        self._door.close()
        self._said.close()

    def _last_words(self) -> str:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            size = os.fstat(self._said.fileno()).st_size
            said = os.pread(self._said.fileno(), 2000, max(size - 2000, 0))  # the offset is the warm process's
            return said.decode("utf-8", "replace").strip() or "nothing"
        return "nothing"


class Fresh:
    """Submissions in processes started afresh, which call back on 127.0.0.1: slow, for systems that cannot fork."""

    def __init__(self, imports: Iterable[str] = ()):
        self.imports = tuple(imports)
        self._process: subprocess.Popen | None = None
        self._folder = ""

    def start(self) -> None:
        """Nothing can be prepared."""

    def open(self, limits: Limits, imports: Iterable[str]) -> socket.socket:
        self._folder = tempfile.mkdtemp(prefix="coursekit-")
        token = secrets.token_hex(32)
        with socket.create_server(("127.0.0.1", 0)) as server:
            program = [sys.executable, "-P", "-m", PROGRAM, "--connect", str(server.getsockname()[1])]
            program += [f"--import={name}" for name in (*self.imports, *imports)]
            group: dict[str, Any] = {}
            if sys.platform == "win32":
                group["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
            process = self._process = subprocess.Popen(
                program,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=plain_environment(self._folder),
                cwd=self._folder,
                **group,
            )
            hello = {"token": token, "directory": self._folder, "limits": limits.inside()}
            assert process.stdin is not None
            with process.stdin as pipe:
                pipe.write(json.dumps(hello).encode() + b"\n")
            return self._accept(server, token)

    def _accept(self, server: socket.socket, token: str) -> socket.socket:
        """The connection that knows the token; others are turned away."""
        server.settimeout(START_SECONDS)
        while True:
            try:
                connection = server.accept()[0]
                connection.settimeout(ANSWER_SECONDS)
                said = b""
                while len(said) < len(token) and (more := connection.recv(len(token) - len(said))):
                    said += more
            except TimeoutError as e:
                self.stop()
                raise SandboxError("a submission's process did not come up in time.") from e
            if secrets.compare_digest(said, token.encode()):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return connection
            connection.close()

    def interrupt(self) -> None:
        if self._process is not None:
            number = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT)  # on Windows
            with contextlib.suppress(OSError, ValueError):
                self._process.send_signal(number)

    def close(self, wait: bool = False) -> str:
        code = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self._process.wait(1 if wait else 0)
        self.stop()
        return "closed" if code is None else f"the notebook's process ended itself with exit code {code}"

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""


def plain_environment(folder: str) -> dict[str, str]:
    """The environment of a process without walls: as bare as the one inside."""
    cache = Path(folder, ".matplotlib")
    cache.mkdir(exist_ok=True)
    for name, data in bubblewrap.font_list().items():
        (cache / name).write_bytes(data)
    package = str(Path(helpers.__file__).parent.parent.resolve())
    values = bubblewrap.environment(str(cache), [package, *package_folders()])
    return values | {"HOME": folder, "USERPROFILE": folder, "TMPDIR": folder}
