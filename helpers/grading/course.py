"""A course folder: where nbgrader keeps things, and this kit's own settings in `nbgrader_config.py`."""

from __future__ import annotations

import ast
import hashlib
import logging
import os
import secrets
import sysconfig
from functools import cached_property
from pathlib import Path

import nbformat
from nbgrader.apps import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import chdir
from traitlets import Dict, Enum, Unicode
from traitlets.config import Config, SingletonConfigurable

from . import master as masters
from .restore import passed_files, recorded
from .sandbox import Limits
from .work import Assignment


class CourseError(Exception):
    """Something an instructor can put right; the message says what, why and what to do."""


class CourseKit(SingletonConfigurable):
    """This kit's settings, beside nbgrader's own in `nbgrader_config.py`."""

    depth = Dict(
        {"self_check": "where", "feedback": "why"},
        help='How much a check says: "verdict", "where" or "why"; in the notebook and in feedback.',
    ).tag(config=True)

    masters_directory = Unicode("notebooks", help="The folder with the masters, one script per problem set.").tag(
        config=True)


    sandbox = Enum(
        ["auto", "bubblewrap", "none"], "auto",
        help='Where student code runs: "bubblewrap" (walls), "none" (a process of its own, no walls), or "auto": '
             "walls, and a refusal where there are none.",
    ).tag(config=True)

    limits = Dict(
        help="Limits on student code: cell_seconds, call_seconds, notebook_seconds, memory_bytes, processes, "
             "file_bytes, disk_bytes, output_bytes. What is not named keeps its default.",
    ).tag(config=True)

    imports = Dict(
        {"ps7_pytorch": ("torch", "torch._dynamo")},  # the second takes every first optimizer two seconds
        help="Modules that the warm process imports for a problem set beside those that its cells import, by its name.",
    ).tag(config=True)


class Course:
    """A course folder and its configuration.

    Raises:
        CourseError: if `root` is no course folder.
    """

    def __init__(self, root: Path | str = "."):
        self.root = Path(root).resolve()
        if not self.root.is_dir():
            raise CourseError(f"{self.root} is not a folder: name a course folder, or make one")
        self.config = load_config(self.root)
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

    @property
    def masters(self) -> dict[str, Path]:
        """Problem sets by name, from their masters."""
        return {path.stem: path for path in sorted((self.root / self.settings.masters_directory).glob("*.py"))}

    @property
    def problem_sets(self) -> list[str]:
        """Names of the problem sets: masters, and source notebooks without one."""
        built = [p.parent.name for p in self.folder("source").glob("*/*.ipynb")]
        return sorted({*self.masters, *built})

    def find(self, name: str) -> str:
        """The full name of a problem set from a unique prefix of it.

        Raises:
            CourseError: if none or several match.
        """
        known = self.problem_sets
        found = [name] if name in known else [n for n in known if n.startswith(name)]
        if len(found) == 1:
            return found[0]
        if not known:
            raise CourseError(f"{self.root} has no problem sets: run coursekit in a course folder, "
                              "or build the sources with `coursekit build`")
        listed = ", ".join(found or known)
        why = f"fits {listed}: name one" if found else f"is none of the problem sets here ({listed})"
        raise CourseError(f"“{name}” {why}")

    def master(self, name: str) -> masters.Master | None:
        path = self.masters.get(name)
        return masters.read(path) if path else None

    def source_path(self, name: str) -> Path:
        return self.folder("source", ".", name) / f"{name}.ipynb"

    def source_notebook(self, name: str) -> nbformat.NotebookNode:
        """Raises CourseError if the source has not been built."""
        path = self.source_path(name)
        try:
            return nbformat.read(path, as_version=4)
        except FileNotFoundError:
            raise CourseError(f"{path} does not exist: run `coursekit build {name}` first") from None

    def own_files(self, name: str) -> dict[str, bytes]:
        """The assignment's own files beside its source notebook; they replace a student's of the same name."""
        folder = self.folder("source", ".", name)
        return passed_files(folder)

    def assignment(self, name: str, sandbox: str | None = None, run_experiments: bool = False) -> Assignment:
        """The problem set as plain data, for workers.

        Raises:
            CourseError: if its source has not been built; MasterError: if its master is wrong.
        """
        notebook = self.source_notebook(name)
        path = self.masters.get(name)
        if path:
            masters.read(path)
        return Assignment(
            name=name, source=nbformat.writes(notebook),
            recorded=nbformat.writes(recorded(notebook, name, self.config)),
            master=path.read_text(encoding="utf-8") if path else "",
            files=tuple(sorted(self.own_files(name).items())), seed=self.seed(name),
            depth=self.settings.depth["feedback"], limits=Limits(**self.settings.limits),
            sandbox=sandbox or self.settings.sandbox,
            imports=(*imported_modules(notebook), *self.settings.imports.get(name, ())),
            run_experiments=run_experiments)

    def seed(self, name: str) -> int:
        """The secret seed of a problem set's cases, the same for every student and every regrade."""
        path = self.root / ".coursekit" / "secret"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            fresh = path.with_name(f"secret.{os.getpid()}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32))
            try:
                os.link(fresh, path)  # whoever comes first decides; a second process reads that one
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        digest = hashlib.sha256(f"{path.read_text()} {name}".encode()).digest()
        return int.from_bytes(digest[:6], "big")


def imported_modules(notebook: nbformat.NotebookNode) -> list[str]:
    """What a notebook's cells import, in order, without its experiments; of names out of a module, some are modules."""
    found: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and masters.EXPERIMENT not in cell.metadata.get("tags", ()):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Import):
                    found += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return list(dict.fromkeys(found))


def load_config(root: Path) -> Config:
    """nbgrader's configuration for a folder, as its own commands would load it."""
    # nbgrader calls `alembic` by name; without an activated virtual environment it would not be found.
    scripts = sysconfig.get_path("scripts")
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    with chdir(str(root)):
        app = NbGrader()
        app.log_level = logging.WARNING
        app.initialize([])
        return app.config
