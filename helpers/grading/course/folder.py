"""A course folder: where nbgrader keeps things, and this kit's own settings in `nbgrader_config.py`."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import os
import re
import secrets
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from helpers.grading.course.errors import CourseError
from helpers.grading.course.handed_in import refuse_as_course
from helpers.grading.course.settings import CourseKit, load_config
from helpers.grading.notebooks.files import passed_files
from helpers.grading.notebooks.master import Master
from helpers.grading.notebooks.master import read as read_master
from helpers.grading.text import clean_text, natural

SECRET_SECONDS = 5


def is_student(name: str) -> bool:
    """Can a folder's name be a student's? Not one that is no text: no page or gradebook could be written of it."""
    return bool(name) and clean_text(name) == name


class Course:
    """A course folder and its configuration; what the folder's own says goes before `config`.

    Raises:
        CourseError: if `root` is no course folder, or one that a student has filled.
    """

    def __init__(self, root: Path | str = ".", config: Config | None = None):
        self.root = Path(root).resolve()
        if not self.root.is_dir():
            raise CourseError(f"{self.root} is not a folder: name a course folder, or make one")
        refuse_as_course(self.root)
        self.config: Any = copy.deepcopy(config) if config is not None else Config()
        self.config.merge(load_config(self.root))
        self.settings = CourseKit(config=self.config)

    @cached_property
    def directory(self) -> CourseDirectory:
        """nbgrader's own idea of the folder."""
        config = self.config.copy()
        config.CourseDirectory.root = str(self.root)
        return CourseDirectory(config=config)

    def folder(self, step: str, student: str = ".", assignment: str = "") -> Path:
        """`submitted/<student>/<assignment>` and the like; `step` is nbgrader's name of it."""
        return Path(self.directory.format_path(getattr(self.directory, f"{step}_directory"), student, assignment))

    def students(self, step: str, assignment: str) -> dict[str, Path]:
        """Who has a folder at a step for an assignment: student → `<step>/<student>/<assignment>`, by name."""
        below = self.folder(step, "*", assignment).parent.parent
        return {path.parent.name: path for path in sorted(below.glob(f"*/{assignment}"))
                if is_student(path.parent.name) and path.is_dir()}

    def nobodys(self, step: str, assignment: str) -> list[str]:
        """Folders of work beside the students', whose names are no text and can be no student's."""
        below = self.folder(step, "*", assignment).parent.parent
        return sorted(path.parent.name for path in below.glob(f"*/{assignment}") if not is_student(path.parent.name))

    @property
    def masters(self) -> dict[str, Path]:
        """Problem sets by name, from their masters."""
        found = (self.root / self.settings.masters_directory).glob("*.py")
        return {path.stem: path for path in sorted(found, key=lambda path: natural(path.stem))}

    @property
    def problem_sets(self) -> list[str]:
        """Names of the problem sets: masters, and source notebooks without one."""
        built = [p.parent.name for p in self.folder("source").glob("*/*.ipynb")]
        return sorted({*self.masters, *built}, key=natural)

    def find(self, name: str) -> str:
        """The full name of a problem set from a unique prefix of it; a number in it is a whole one: ps1 is not ps10.

        Raises:
            CourseError: if none or several match.
        """
        known = self.problem_sets
        found = [name] if name in known else [n for n in known if re.match(rf"{re.escape(name)}(?!(?<=\d)\d)", n)]
        if len(found) == 1:
            return found[0]
        if not known:
            raise CourseError(f"{self.root} has no problem sets: run coursekit in a course folder, "
                              "or build the sources with `coursekit build`")
        listed = ", ".join(found or known)
        why = f"fits {listed}: name one" if found else f"is none of the problem sets here ({listed})"
        raise CourseError(f"“{name}” {why}")

    def master(self, name: str) -> Master | None:
        path = self.masters.get(name)
        return read_master(path) if path else None

    def notebooks(self, name: str) -> list[str]:
        """Names of an assignment's source notebooks: its own name for one of this kit's, any number for others."""
        found = sorted(path.stem for path in self.folder("source", ".", name).glob("*.ipynb"))
        return found or [name]

    def others(self, name: str, notebook: str) -> list[str]:
        """The assignment's other notebooks."""
        return [other for other in self.notebooks(name) if other != notebook]

    def source_path(self, name: str, notebook: str | None = None) -> Path:
        """notebook: which of several; else the one that has the assignment's name, or the first."""
        known = self.notebooks(name)
        chosen = notebook or (name if name in known else known[0])
        return self.folder("source", ".", name) / f"{chosen}.ipynb"

    def source_notebook(self, name: str, notebook: str | None = None) -> nbformat.NotebookNode:
        """Raises CourseError if the source has not been built."""
        path = self.source_path(name, notebook)
        try:
            return nbformat.read(path, as_version=4)
        except FileNotFoundError:
            raise CourseError(f"{path} does not exist: run `coursekit build {name}` first") from None

    def own_files(self, name: str) -> dict[str, bytes]:
        """The assignment's own files beside its source notebook; they replace a student's of the same name."""
        folder = self.folder("source", ".", name)
        return passed_files(folder)

    def seed(self, name: str) -> int:
        """The secret seed of a problem set's cases, the same for every student and every regrade."""
        mode = 0o660 if self.directory.groupshared else 0o600
        digest = hashlib.sha256(f"{_secret(self.root / '.coursekit' / 'secret', mode)} {name}".encode()).digest()
        return int.from_bytes(digest[:6], "big")


def _secret(path: Path, mode: int) -> str:
    """64 hexadecimal digits, made once: whoever comes first decides, and a second process reads that one."""
    with contextlib.suppress(FileExistsError):
        path.parent.mkdir(exist_ok=True)
        # Not by a hard link, which many a shared or foreign file system lacks.
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "w") as file:
            file.write(secrets.token_hex(32))
    deadline = time.monotonic() + SECRET_SECONDS
    while len(text := path.read_text()) < 64 and time.monotonic() < deadline:
        time.sleep(0.01)  # the other process is about to write it
    if len(text) < 64:
        raise CourseError(f"{path} is not whole: delete it and grade again; the secret cases will be new ones")
    return text
