"""nbgrader's automatic tests: a line such as `### AUTOTEST square(3)` in a test becomes assertions, made by running the
solution.

nbgrader makes them whenever it generates the release, and keeps them nowhere that can be relied on. Here they are made
once for each state of the source, by its own step, in a kernel: what runs there is the course's own notebook.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
import logging
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import InstantiateTests
from nbgrader.utils import chdir

from helpers.grading.course.disk import write_whole
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.notebooks.cells import is_check


def with_autotests(course: Course, name: str, notebook: str, source: NotebookNode) -> NotebookNode:
    """The source notebook with its automatic tests written out; `source` itself where it has none.

    Raises:
        CourseError: if they cannot be made.
    """
    step = InstantiateTests(config=course.config, log=logging.getLogger(__name__))
    if not any(is_check(cell) and step.autotest_delimiter in cell.source for cell in source.cells):
        return source
    folder = course.source_path(name, notebook).parent
    digest = _digest(source, [folder / step.autotest_filename, course.root / step.autotest_filename])
    path = course.root / ".coursekit" / name / f"autotests-{notebook}-{digest[:16]}.ipynb"
    with contextlib.suppress(OSError, ValueError):
        return nbformat.read(path, as_version=4)
    made = _made(step, course, name, notebook, copy.deepcopy(source))
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.glob(f"autotests-{notebook}-*.ipynb"):
            old.unlink(missing_ok=True)
        write_whole(path, nbformat.writes(made).encode())
    return made


def _made(step: InstantiateTests, course: Course, name: str, notebook: str, source: NotebookNode) -> NotebookNode:
    resources = {"metadata": {"path": str(course.source_path(name, notebook).parent), "name": notebook},
                 "nbgrader": {"assignment": name, "notebook": notebook}}
    try:
        with chdir(str(course.root)):
            return step.preprocess(source, resources)[0]
    except Exception as error:  # of many kinds: the kernel's, the template's, the solution's
        if step.kc is not None:
            step.kc.shutdown()
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise CourseError(f"the automatic tests of {name}/{notebook} cannot be made: {said[-1][:300]}. Try `nbgrader "
                          f"generate_assignment {name}`, which makes them, too") from None


def _digest(source: NotebookNode, templates: list[Path]) -> str:
    """Of the notebook, and of the templates that tests are made with, wherever nbgrader looks for them."""
    parts = [nbformat.writes(source).encode()]
    for path in templates:
        with contextlib.suppress(OSError):
            parts.append(path.read_bytes())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
