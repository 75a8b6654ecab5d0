"""What students have handed in never acts by lying where it lies: its folder is no course, and nothing validates it.

Configurations of nbgrader are programs: whoever reads one of a folder that a student has filled runs what is there.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

from helpers.grading.course.errors import CourseError

CONFIG, BOOK, OWN = "nbgrader_config.py", "gradebook.db", ".coursekit"
STEPS = ("submitted", "autograded", "feedback")
_VALIDATOR = "nbgrader.validator"


def course_around(path: Path) -> Path | None:
    """The course folder whose student work a path lies in, or the exchange's inbound folder; None elsewhere.

    Told from names alone: no configuration is run for it.
    """
    path = path.resolve()
    for below in (path, *path.parents):
        parent = below.parent
        if below.name == OWN or (below.name.count("+") >= 2 and parent.name == "inbound"):
            return parent
        if ((parent / CONFIG).is_file() or (parent / BOOK).is_file()) and below.name in {*STEPS, *_folders(parent)}:
            return parent
    return None


def _folders(course: Path) -> set[str]:
    """The first parts of the folders that a course's configuration writes down for student work, read and not run."""
    try:
        tree = ast.parse((course / CONFIG).read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return set()
    wanted = {f"{step}_directory" for step in STEPS}
    said = [node.value.value for node in ast.walk(tree) if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            and any(isinstance(target, ast.Attribute) and target.attr in wanted for target in node.targets)]
    return {part for text in said if not Path(text).is_absolute() for part in Path(text).parts[:1]}


def refuse_as_course(root: Path) -> None:
    """Raises CourseError if a folder is no course but what somebody has handed in."""
    around = course_around(root)
    if around is not None:
        raise CourseError(f"{root} holds what was handed in, and a configuration there would be a student's: run "
                          f"coursekit in the course folder, or name it with --course ({around})")


def guard() -> None:
    """Where nbgrader is at work: let its validation refuse student work, whose cells it would run as you."""
    module = sys.modules.get(_VALIDATOR)
    if module is None or getattr(module.Validator, "guarded_by_coursekit", False):
        return
    own = module.Validator.validate

    def validate(validator: Any, filename: str) -> Any:
        if course_around(Path(filename)) is not None:
            raise CourseError(f"{filename} was handed in, and validating it would run a student's code as you, without "
                              "walls: grade it with `coursekit autograde`, and look at its feedback page")
        return own(validator, filename)

    module.Validator.validate = validate
    module.Validator.guarded_by_coursekit = True
