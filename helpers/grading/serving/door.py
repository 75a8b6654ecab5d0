"""A door to a running service: a socket in the course folder, for its user alone, by which commands grade one student.

A line of JSON asks, a line of JSON answers. The asking side imports nothing but Python's own, for it has to be quick.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLACE = Path(".coursekit") / "serving"
NAME = "door"
LINE = 10_000  # bytes of a question or an answer
ANSWER_SECONDS = 900.0  # an endless submission takes its limits
READ_SECONDS = 0.2


@dataclass(frozen=True, eq=False)
class Asked:
    """Somebody waits for the marks of one submission, as it lies in `submitted/`."""

    ps: str
    student: str
    line: socket.socket

    def answer(self, **facts: Any) -> None:
        """Whoever asked may have gone: that is no trouble of the service's."""
        with contextlib.suppress(OSError), self.line:
            self.line.sendall(json.dumps(facts).encode() + b"\n")


class Door:
    """The service's end. Raises OSError where the folder takes no sockets."""

    def __init__(self, root: Path):
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with _reached(root / PLACE) as place:
            Path(place).unlink(missing_ok=True)  # of a service that was killed: this one holds the lock
            self._listening.bind(place)
            os.chmod(place, 0o600)
        self._listening.listen(16)
        self._listening.setblocking(False)
        self.root = root

    def asked(self) -> Iterator[Asked]:
        """Those who have asked since the last time."""
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            if _user_of(line) != os.getuid():
                line.close()
                continue
            line.settimeout(READ_SECONDS)
            try:
                facts = json.loads(_line_of(line))
                yield Asked(str(facts["ps"]), str(facts["student"]), line)
            except (OSError, ValueError, KeyError, TypeError):
                line.close()

    def close(self) -> None:
        self._listening.close()
        (self.root / PLACE / NAME).unlink(missing_ok=True)


def ask(root: Path, ps: str, student: str) -> dict[str, Any] | None:
    """What a running service of a course says of one student's submission; None if there is no service."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line, _reached(root.resolve() / PLACE) as place:
            line.connect(place)
            line.settimeout(ANSWER_SECONDS)
            line.sendall(json.dumps({"ps": ps, "student": student}).encode() + b"\n")
            return json.loads(_line_of(line))
    except (OSError, ValueError, AttributeError):
        return None


def in_words(told: dict[str, Any]) -> list[str]:
    """Lines for whoever asked, of an answer that has marks: what to look at, and the marks last."""
    marks = f"{told['points']:g} of {told['of']:g} points"
    if told["waits"]:
        marks += f", {told['waits']} {'answer waits' if told['waits'] == 1 else 'answers wait'} for a person"
    return [*(f"look at: {told['student']}: {said}" for said in (told["note"], told["ended"], told["earlier"]) if said),
            f"{told['name']}: {told['student']} has {marks}; graded by the running service in {told['seconds']:.2f} s."]


@contextlib.contextmanager
def _reached(folder: Path) -> Iterator[str]:
    """A socket's path has at most 107 characters: this one is short, wherever the course is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{NAME}"
    finally:
        os.close(descriptor)


def _line_of(line: socket.socket) -> bytes:
    found = b""
    while not found.endswith(b"\n") and len(found) < LINE:
        block = line.recv(4096)
        if not block:
            raise OSError("the other end has gone")
        found += block
    return found


def _user_of(line: socket.socket) -> int:
    """Whose process it is at the other end, as the kernel knows."""
    return struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[1]
