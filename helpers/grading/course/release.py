"""nbgrader's generate_assignment, and the student half of this kit beside the release it makes."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.utils import chdir

import helpers
from helpers.grading.course.beside import write_beside
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course

HELPERS = Path(helpers.__file__).resolve().parent
INSTRUCTORS = HELPERS / "grading"
REQUIREMENTS = "requirements.txt"


def generate_release(course: Course, name: str, register: bool = True) -> None:
    """Run nbgrader's generate_assignment for one problem set, then add the student half of `helpers/`.

    Raises:
        CourseError: if nbgrader refuses.
    """
    config = course.config.copy()
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.assignment_id = name
    if not register:
        config.SaveCells.enabled = False
        config.GenerateAssignment.no_database = True
    said = _LogLines()
    with chdir(str(course.root)):
        from nbgrader.coursedir import CourseDirectory

        converter = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config, log=said.logger)
        converter.force = True
        try:
            converter.start()
        except (NbGraderException, SystemExit) as error:
            raise CourseError(f"nbgrader's generate_assignment refused {name}: {said.cause or error}") from error
    add_student_half(course.folder("release", ".", name), course.root)


class _LogLines(logging.Handler):
    """Keeps nbgrader's complaints instead of printing them."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []
        self.logger = logging.Logger("generate_assignment")
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage().strip())

    @property
    def cause(self) -> str:
        """The exception at the end of the first traceback, else the last complaint."""
        tracebacks = [line for line in self.lines if line.startswith("Traceback")]
        return (tracebacks[:1] or self.lines[-1:] or [""])[0].splitlines()[-1]


def add_student_half(release: Path, root: Path) -> None:
    """Copy what the notebook needs beside it: `helpers/` without the grader, its requirements and a README."""
    if not any(imports_helpers(path) for path in release.glob("*.ipynb")):
        return  # an assignment that was not made with this kit
    target = release / "helpers"
    shutil.rmtree(target, ignore_errors=True)
    for file in sorted([*HELPERS.rglob("*.py"), *(HELPERS / "texts").glob("*.txt")]):
        if INSTRUCTORS not in file.parents:
            copy = target / file.relative_to(HELPERS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    for folder in (root, HELPERS.parent):
        if (folder / REQUIREMENTS).exists():
            write_beside(release, folder / REQUIREMENTS)
            break


def imports_helpers(notebook: Path) -> bool:
    """Does a notebook import the student half? Told from its text: a cell imports `helpers` or a part of it."""
    return re.search(r"(import|from) helpers\b", notebook.read_text(encoding="utf-8")) is not None


def after_generating(assignment: str, student: str, notebooks: list[str]) -> None:
    """nbgrader's post_convert_hook: formgrader's Generate button makes a whole release, too."""
    course = Course()
    add_student_half(course.folder("release", ".", assignment), course.root)
