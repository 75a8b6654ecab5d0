"""Where a student's code runs: a process apart from the grader, inside walls, forked from a warm one.

    with Sandbox() as sandbox, sandbox.open({"data.csv": b"..."}) as student:
        outputs = student.run("def f(x): return 2 * x")
        student.subject("f").observe(np.ones(3)).value

Two processes stand against each other. What the student's one says is data: a lie, a flood or silence becomes an
outcome, never an exception of whoever asked. Only the grader's own mistakes raise (a sandbox that cannot be built,
an argument that cannot travel).
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterable
from multiprocessing.util import Finalize
from pathlib import Path, PurePosixPath, PureWindowsPath

from helpers.grading.sandbox import bubblewrap
from helpers.grading.sandbox.bound import ExposedError, Private, prove_unseen, readable_places
from helpers.grading.sandbox.launch import Fresh, Launcher, SandboxError, Warmed
from helpers.grading.sandbox.limits import Limits
from helpers.grading.sandbox.process import SubmissionProcess
from helpers.images.sources import cache_folder

__all__ = ["ExposedError", "Limits", "Private", "Sandbox", "SandboxError", "SubmissionProcess", "walls_available",
           "warm_sandbox"]

FORKS = sys.platform == "linux"  # a forked worker has what its driver has; elsewhere forking is unsafe or unknown
IMPORTS = ("numpy", "matplotlib.pyplot", "helpers.check", "helpers.data", "helpers.plots")  # whatever the notebook


def walls_available() -> tuple[bool, str]:
    """Whether bubblewrap works here; if not, why and what to do, else what it gives."""
    user, namespaces, why = bubblewrap.probe()
    if not user:
        return False, why
    return True, "namespaces for each submission" if namespaces else "one bubblewrap for each submission (slower)"


class Sandbox:
    """Opens submissions, one at a time, in processes forked from one warm process. A context manager; one per worker.

    kind: "bubblewrap"; "none" (a process apart, but no walls: for work you trust); "auto" is bubblewrap, and refuses
        where there is none: whoever wants to do without has to say so.
    imports: modules that the warm process imports. readable: folders that notebooks may read, beside COURSE_DATA.
    hidden: folders below /usr that are empty inside.

    Use it in the thread that made it: bubblewrap ends with the thread that started it. Raises SandboxError, and
    ExposedError where a course would be seen inside.
    """

    def __init__(
        self,
        kind: str = "auto",
        limits: Limits | None = None,
        imports: Iterable[str] = ("numpy", "matplotlib.pyplot"),
        readable: Iterable[str | os.PathLike] = (),
        hidden: Iterable[str] = (),
    ):
        self.limits = limits or Limits()
        self.kind = "bubblewrap" if kind == "auto" else kind
        self.imports = tuple(imports)
        self.readable, self.hidden = readable_places(readable), tuple(hidden)
        self._student: SubmissionProcess | None = None
        self._launcher = self._make_launcher()

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _make_launcher(self) -> Launcher:
        if self.kind == "none":
            return (Warmed if hasattr(os, "fork") else Fresh)(self.imports)
        if self.kind != "bubblewrap":
            raise SandboxError(f"unknown kind of sandbox: {self.kind!r}. Take auto, bubblewrap or none.")
        user, namespaces, why = bubblewrap.probe()
        if not user:
            raise SandboxError(f"no walls here: {why}\nWithout them a submission can read and write whatever you can.")
        return Warmed(self.imports, user=user, namespaces=namespaces,
                      readable=[place.source for place in self.readable], hidden=self.hidden)  # fmt: skip

    def prove_unseen(self, private: Private) -> None:
        """Raises ExposedError if any of it could be seen inside. Without walls there is nothing to prove."""
        if self.kind != "none":
            prove_unseen(private, bubblewrap.places(self.readable, self.hidden), bubblewrap.covered(self.hidden))

    def start(self) -> None:
        """Start the warm process, without waiting for it; a process that is forked from this one shares it."""
        self._launcher.start()

    def open(self, files: dict[str, bytes] | None = None, limits: Limits | None = None,
             imports: Iterable[str] = ()) -> SubmissionProcess:  # fmt: skip
        """A fresh process in a fresh working directory that holds `files` (relative path -> contents).

        limits: if not the sandbox's. imports: what this submission finds imported beside the sandbox's.
        """
        if self._student is not None:
            self._student.close()
        files = {_safe_name(name): bytes(data) for name, data in (files or {}).items()}
        self._student = SubmissionProcess(self._launcher, limits or self.limits, files, imports)
        return self._student

    def close(self) -> None:
        """End the open submission and the warm process."""
        if self._student is not None:
            self._student.close()
        self._launcher.stop()


def warm_sandbox(kind: str, private: Private | None = None) -> Sandbox:
    """This process's sandbox or its parent's, with what any notebook may import; closed when the process ends.

    private: what must not be seen inside. Raises SandboxError, and ExposedError if any of it could be.
    """
    cache = cache_folder()
    if cache is not None and cache.is_dir():  # else every submission would read the bundled digits' csv again
        os.environ.setdefault("COURSE_CACHE", str(cache))
    kind, data = "bubblewrap" if kind == "auto" else kind, os.environ.get("COURSE_DATA")
    if private is None:
        return _warm_sandbox(kind, cache, data, ())
    return _proved_sandbox(kind, cache, data, private)


@functools.cache
def _proved_sandbox(kind: str, cache: Path | None, data: str | None, private: Private) -> Sandbox:
    sandbox = _warm_sandbox(kind, cache, data, private.below_usr())
    sandbox.prove_unseen(private)
    return sandbox


@functools.cache
def _warm_sandbox(kind: str, cache: Path | None, data: str | None, hidden: tuple[str, ...]) -> Sandbox:
    """data: a course's configuration may set COURSE_DATA after a sandbox without it was made."""
    sandbox = Sandbox(kind, imports=IMPORTS, readable=[cache] if cache else [], hidden=hidden)
    Finalize(None, sandbox.close, exitpriority=1)  # atexit does not run in a worker of a process pool
    return sandbox


def _safe_name(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or PureWindowsPath(name).drive or "\\" in name:
        raise SandboxError(f"not a name for a submission's file: {name!r}. It must be relative, without '..'.")
    return str(path)


