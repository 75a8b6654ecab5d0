"""The steps that nbgrader's own autograde takes with this kit: read, restore, grade inside the walls."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbconvert.exporters import NotebookExporter
from nbconvert.preprocessors import ExecutePreprocessor
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from helpers.grading import configure
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.marking import bounds
from helpers.grading.marking.job import GradingJob
from helpers.grading.marking.notebook import grade_cells
from helpers.grading.marking.prepared import job_of
from helpers.grading.marking.reference import ProblemSet
from helpers.grading.notebooks.candidates import find_handed_in
from helpers.grading.notebooks.choosing import choose
from helpers.grading.notebooks.files import put_aside, with_own_files
from helpers.grading.notebooks.restore import restore

# Where student code runs, if whoever calls nbgrader's steps from here wants another sandbox than the configuration.
_sandbox: ContextVar[str | None] = ContextVar("sandbox", default=None)


@contextlib.contextmanager
def in_sandbox(kind: str | None) -> Iterator[None]:
    """nbgrader's steps inside the block grade in this kind of sandbox; None: as the course's configuration says."""
    token = _sandbox.set(kind)
    try:
        yield
    finally:
        _sandbox.reset(token)


class SubmissionExporter(NotebookExporter):
    """nbgrader's notebook exporter, for files that need not be notebooks.

    An unreadable file becomes an untouched copy of the assignment with the reason on top, so that it gets its own
    zero and the class goes on. nbgrader reads twice: what was handed in, and then the restored notebook, which is ours.
    """

    def __init__(self, *args: Any, **kw: Any):
        super().__init__(*args, **kw)
        add_those_without_a_name(_converter(self))

    def register_preprocessor(self, preprocessor: Any, enabled: bool = False) -> Any:
        """As nbconvert's, but none that executes: a course's configuration may switch nbconvert's own on."""
        if isinstance(preprocessor, (str, type)) and executes(preprocessor):
            return None
        return super().register_preprocessor(preprocessor, enabled)

    def from_filename(self, filename: str, resources: dict | None = None, **kw: Any) -> Any:
        refuse_executing_steps(_converter(self))
        if not getattr(_converter(self), "_sanitizing", True):
            return super().from_filename(filename, resources=resources, **kw)
        path = Path(filename)
        problem_set = problem_set_at_work(self, resources)
        name = (resources or {})["nbgrader"]["assignment"]
        others = _course(_converter(self)).others(name, path.stem)
        with bounds.within(bounds.READ_SECONDS):
            found = find_handed_in(path.parent, path.stem, others)
            chosen = choose(found.notebook, found.others, problem_set.recorded, path.stem, found.why)
        notebook = chosen.notebook
        notebook.metadata.update(unreadable=chosen.note, told=list(chosen.told))
        resources = dict(resources or {}, metadata={"name": path.stem, "path": str(path.parent)})
        return self.from_notebook_node(notebook, resources=resources, **kw)


class GradeInWalls(NbGraderPreprocessor):
    """Executes an autograded notebook: student cells inside the walls, check cells in this process."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        refuse_executing_steps(_converter(self))
        assignment = assignment_at_work(self, resources)
        course = _course(_converter(self))
        name, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        resources["nbgrader"]["root"] = str(course.root)
        notebook = resources["nbgrader"]["notebook"]
        with bounds.within(bounds.READ_SECONDS):
            handed_in = find_handed_in(course.folder("submitted", student, name), notebook,
                                       course.others(name, notebook))
        files = with_own_files(handed_in.files, assignment.files)
        grade_cells(nb, problem_set_at_work(self, resources), assignment, files)
        put_aside(course.folder("autograded", student, name), dict(assignment.files))
        return nb, resources


def add_those_without_a_name(converter: Any) -> None:
    """Let nbgrader grade the notebooks that a folder has not under the right name, too: it has found the others.

    What lies there is looked for when the folder's turn comes, and named where it is no notebook.
    """
    course, wanted = converter.coursedir, converter.coursedir.assignment_id
    if not getattr(converter, "_sanitizing", False) or course.notebook_id != "*":
        return
    notebooks = Course(course.root).notebooks(wanted)
    pattern = course.format_path(course.submitted_directory, course.student_id, wanted)
    for folder in sorted(glob.glob(pattern)):
        names = [os.path.basename(path) for path in converter.assignments.get(folder, ())]
        if os.path.isdir(folder) and not {f"{notebook}.ipynb" for notebook in notebooks} <= {*names}:
            converter.assignments[folder] = [os.path.join(folder, f"{notebook}.ipynb") for notebook in notebooks]


def executes(step: Any) -> bool:
    """Would this step of nbgrader's or nbconvert's run a notebook's cells in a kernel, as whoever grades?

    step: a preprocessor's class, its name, or one that has been made.
    """
    kind = import_item(step) if isinstance(step, str) else step if isinstance(step, type) else type(step)
    return issubclass(kind, (ExecutePreprocessor, NotebookClient))


def executing(listed: Iterable[Any]) -> list[str]:
    """Names of the steps that execute."""
    return [step if isinstance(step, str) else getattr(step, "__name__", str(step)) for step in listed
            if executes(step)]


def unsafe(config: Config) -> list[str]:
    """What of a course's configuration would let students' code run without walls through nbgrader's own doors."""
    steps = config.Autograde
    return configure.lacking(config) + executing([*steps.get("sanitize_preprocessors", ()),
                                                  *steps.get("autograde_preprocessors", ())])


def refuse_executing_steps(converter: Any) -> None:
    """Students' code runs inside the walls and nowhere else, whatever a course's configuration lists.

    Raises:
        CourseError: if nbgrader's converter has a step that would run it in a kernel.
    """
    found = executing([*getattr(converter, "sanitize_preprocessors", ()),
                       *getattr(converter, "autograde_preprocessors", ())])
    if found:
        raise CourseError(f"nbgrader_config.py lists {', '.join(found)}, which would run students' code as you and "
                          "without walls: take it out of Autograde's preprocessors, below `configure.install(c)`")


def _converter(step: Any) -> Any:
    """The nbgrader converter that a preprocessor or an exporter works for."""
    return step.parent if hasattr(step.parent, "coursedir") else step.parent.parent


class _Asked:
    """nbgrader's configuration at work: of its command line and of the folder where it was started, too."""

    def __init__(self, config: Config):
        self.config, self._text = config, repr(sorted(config.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def _course(converter: Any) -> Course:
    root = converter.coursedir.root
    return _course_as_of(root, _Asked(converter.config), _times([Path(root, "nbgrader_config.py")]))


@lru_cache(maxsize=4)
def _course_as_of(root: str, asked: _Asked, times: tuple) -> Course:
    return Course(root, asked.config)


@lru_cache(maxsize=8)
def _assignment(course: Course, name: str, notebook: str, sandbox: str | None, times: tuple) -> GradingJob:
    return job_of(course, name, sandbox=sandbox, notebook=notebook)


def _times(paths: Iterable[Path]) -> tuple[tuple[str, int], ...]:
    """When files were written last: a notebook server that runs for weeks must notice an edited one."""
    return tuple((str(path), path.stat().st_mtime_ns) for path in sorted(paths) if path.is_file())


def assignment_at_work(step: Any, resources: dict | None) -> GradingJob:
    """What an nbgrader step needs to know of the problem set that it is at work on."""
    course, name = _course(_converter(step)), (resources or {})["nbgrader"]["assignment"]
    sources = [*course.source_path(name).parent.rglob("*"), *filter(None, [course.masters.get(name)])]
    return _assignment(course, name, (resources or {})["nbgrader"]["notebook"], _sandbox.get(), _times(sources))


def problem_set_at_work(step: Any, resources: dict | None) -> ProblemSet:
    from helpers.grading.marking.worker import problem_set_of

    return problem_set_of(assignment_at_work(step, resources))


class RestoreCells(NbGraderPreprocessor):
    """`restore` as nbgrader's first sanitizing step."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        refuse_executing_steps(_converter(self))
        note = nb.metadata.get("unreadable", "") if isinstance(nb.metadata.get("unreadable", ""), str) else ""
        told = tuple(nb.metadata.get("told", ()))
        recorded = problem_set_at_work(self, resources).recorded
        with bounds.within(bounds.READ_SECONDS):
            return restore(nb, recorded, note, told), resources
