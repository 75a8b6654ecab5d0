"""What is installed on this machine, what is missing, and what to do."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import packaging.requirements

if TYPE_CHECKING:
    from helpers.grading.course.folder import Course

DISTRIBUTION = "backprop-by-hand"
EXTRAS = {"torch": "needed for the PyTorch problem sets only: pip install -e .[torch]",
          "cluster": "needed to grade on a cluster only: pip install -e .[cluster]",
          "postgresql": "needed for a gradebook on a database server only: pip install -e .[postgresql]"}


@dataclass
class Requirement:
    what: str
    state: str  # "ok", "optional" or "missing"
    says: str
    do: str = ""


def examine(folder: Path | None = None) -> list[Requirement]:
    """Of this machine, and of the course in `folder` if there is one."""
    found = list(_findings())
    if folder is not None and ((folder / "nbgrader_config.py").exists() or (folder / "source").is_dir()):
        found += _of_course(folder)
    return found


def _of_course(folder: Path) -> Iterator[Requirement]:
    from helpers.grading import configure
    from helpers.grading.course.folder import Course
    from helpers.grading.marking.steps import unsafe

    course = Course(folder)
    yield _of_what_is_seen(course)
    left = unsafe(course.config)
    yield Requirement("nbgrader_config.py", "missing" if left else "ok",
                      f"not as it should be: {', '.join(left)}" if left else "has this kit's steps",
                      configure.WARNING.format(where=course.root / "nbgrader_config.py", left=", ".join(left))
                      if left else "")


def _of_what_is_seen(course: Course) -> Requirement:
    """Could a notebook read this course?"""
    from helpers.grading.course.private import private_of
    from helpers.grading.sandbox.sandbox import ExposedError, SandboxError, warm_sandbox

    what = "what notebooks can read"
    try:
        warm_sandbox(course.settings.sandbox, private_of(course))
    except ExposedError as error:
        return Requirement(what, "missing", "too much", str(error))
    except SandboxError:  # there are no walls, which is told above
        return Requirement(what, "optional", "not known: there are no walls here")
    return Requirement(what, "ok", "Python, its packages, the system's programs, course data; nothing of this course"
                       if course.settings.sandbox != "none" else "everything that you can: this course has no walls")


def _findings() -> Iterator[Requirement]:
    from helpers.grading.sandbox.sandbox import walls_available

    new_enough = sys.version_info >= (3, 11)
    yield Requirement("Python", "ok" if new_enough else "missing", platform.python_version(),
                  "" if new_enough else "install Python 3.11 or later")
    for requirement, extra in _requirements():
        version = _version(requirement.name)
        good = bool(version) and requirement.specifier.contains(version, prereleases=True)
        do = EXTRAS.get(extra) or f'pip install "{requirement.name}{requirement.specifier}"'
        said = version and version + ("" if good else f", but {requirement.specifier} is needed")
        yield Requirement(requirement.name, "ok" if good else "optional" if extra in EXTRAS else "missing",
                          said or "not installed", "" if good else do)
    walls, why = walls_available()
    yield Requirement("walls around student code", "ok" if walls else "optional", why)
    data = os.environ.get("COURSE_DATA")
    if data and Path(data).is_dir():
        yield Requirement("COURSE_DATA", "ok", f"data from {data}")
    elif data:
        yield Requirement("COURSE_DATA", "missing", f"{data} is no folder", "correct or unset it")
    else:
        yield Requirement("COURSE_DATA", "optional", "not set: the 5,000 bundled digits are used",
                      "set it to a folder in torchvision's layout for full MNIST and FashionMNIST")


def _requirements() -> Iterator[tuple[packaging.requirements.Requirement, str]]:
    """What this kit declares, as it is installed, each with its extra ("" if a notebook needs it)."""
    for line in importlib.metadata.requires(DISTRIBUTION) or ():
        requirement = packaging.requirements.Requirement(line)
        for extra in ("", "grading", *EXTRAS):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                yield requirement, extra
                break


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
