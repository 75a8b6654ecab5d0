"""What a plain test may do in the grader on a student's word: nothing that code, a command or a path could do.

The student's names are stand-ins there, but a text is a text: a test that evaluates one, runs it as a command, opens it
as a file or asks it of a database would do outside the walls what a student has written. Python tells an audit hook
(PEP 578) of each such step. While a test runs, it is refused, and the test belongs into the student's process.
"""

from __future__ import annotations

import contextlib
import os
import sys
import types
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from helpers.grading.sandbox.bound import DATA, below, kit_place, python_places

CODE = "running what stands in a text"
COMMAND = "starting a program"
PLACE = "a file elsewhere than in the folder of the test"
OTHERS = "a database, a connection, a pickle or another process"
# Of Python's own, which make functions of texts that they have written themselves.
MAKERS = frozenset({"collections", "dataclasses", "inspect"})
IMPORTING = frozenset({"importlib._bootstrap", "importlib._bootstrap_external"})
SHOWING = frozenset({"linecache"})  # reads the lines of a traceback
FRAMES = 200  # that are looked through for an import
PROGRAMS = ("subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn")
ELSEWHERE = ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
             "socket.gethostbyname", "sqlite3.connect", "pickle.find_class", "os.kill", "ctypes.", "webbrowser.open")
CHANGES = ("os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
           "os.truncate", "os.utime", "shutil.")
LOOKS = ("os.listdir", "os.scandir")
SYSTEM = ("/usr", "/lib", "/lib64", "/dev/null", "/dev/urandom", "/etc/fonts", "/etc/localtime", "/etc/mime.types",
          "/etc/ssl", "/proc/cpuinfo", "/proc/meminfo", "/proc/self/status", "/System/Library", "/Library/Fonts")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """Refuses such steps while a test runs. One for a process: a hook cannot be taken away again."""

    def __init__(self) -> None:
        self._refuse: Callable[[str], BaseException] | None = None
        self._hooked = False
        self._folder, self._text = "", ""
        self._files: Collection[str] = ()
        self._readable: list[str] = []

    @contextlib.contextmanager
    def over(self, text: str, folder: Path, files: Collection[str],
             refuse: Callable[[str], BaseException]) -> Iterator[None]:
        """Around a test. folder: its own, where it may write; files: those of the assignment there, by name."""
        if not self._hooked:
            self._readable = _readable()
            sys.addaudithook(self._hook)
            self._hooked = True
        self._text, self._folder, self._files = text, os.path.realpath(folder), files
        before, self._refuse = self._refuse, refuse
        try:
            yield
        finally:
            self._refuse = before

    def holds(self, line: str) -> bool:
        """Is this a line of the assignment's own, or of the test that is running?"""
        return self._refuse is None or line in self._text

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """Inside, nothing is refused."""
        before, self._refuse = self._refuse, None
        try:
            yield
        finally:
            self._refuse = before

    def _hook(self, event: str, args: tuple) -> None:
        refuse = self._refuse
        if refuse is None:
            return
        why = self._why_not(event, args)
        if why:
            with self.aside():
                error = refuse(why)
            raise error

    def _why_not(self, event: str, args: tuple) -> str:
        if event == "exec":
            return "" if self._is_known(args[0]) else CODE
        if event.startswith(PROGRAMS):
            kind = COMMAND
        elif event.startswith(ELSEWHERE):
            kind = OTHERS
        elif event == "open" or event.startswith((*CHANGES, *LOOKS)):
            kind = "" if self._is_place(event, args) or _came_from(SHOWING, 3) else PLACE
        else:
            return ""
        return "" if not kind or _came_from(IMPORTING, FRAMES) or _is_ours() else kind

    def _is_known(self, code: Any) -> bool:
        """Is this code the test's own, the assignment's or a library's?"""
        name = getattr(code, "co_filename", "")
        if name.startswith("<test ") or _came_from(MAKERS, 1):
            return True
        place = os.path.realpath(name)
        if below(place, [self._folder]) and not name.startswith("<"):
            return os.path.relpath(place, self._folder) in self._files
        return _came_from(IMPORTING, FRAMES)

    def _is_place(self, event: str, args: tuple) -> bool:
        """Is a file or folder where a test has its own, or is it read where Python and the course's data are?"""
        if event == "open":
            path, mode, flags = (*args, None, None, None)[:3]
            changes = bool({*"wax+"} & {*mode}) if isinstance(mode, str) else bool((flags or 0) & WRITES)
            paths = [path]
        else:
            changes, paths = not event.startswith(LOOKS), [arg for arg in args if isinstance(arg, (str, bytes))]
        places = [os.path.realpath(os.fsdecode(path)) for path in paths if isinstance(path, (str, bytes, os.PathLike))]
        own = [self._folder, os.devnull]
        return all(below(place, own if changes else [*own, *self._readable]) for place in places)


def _came_from(modules: Collection[str], depth: int) -> bool:
    """Is a function of one of these modules among the last that have led here, without those of this one?"""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals is globals():
        frame = frame.f_back
    while frame is not None and depth > 0:
        if frame.f_globals.get("__name__") in modules:
            return True
        frame, depth = frame.f_back, depth - 1
    return False


def _is_ours() -> bool:
    """Is it the conversation with a student's process, between the test and this, that does it?"""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") != "__main__":
        if str(frame.f_globals.get("__name__")).startswith("helpers.grading.sandbox."):
            return True
        frame = frame.f_back
    return False


def _readable() -> list[str]:
    caches = [os.environ.get(DATA, ""), os.environ.get("MPLCONFIGDIR", "")]
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is not None:
        caches += [matplotlib.get_cachedir(), matplotlib.get_configdir()]
    places = [*caches, *SYSTEM, kit_place().source, *(bound.source for bound in python_places())]
    return [os.path.realpath(place) for place in places if place]


WATCH = Watch()
