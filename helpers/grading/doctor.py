"""What is installed on this machine, what is missing, and what to do; and how a course lies on it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import packaging.requirements

from helpers.grading.machine.finding import Finding
from helpers.grading.machine.libraries import of_libraries

if TYPE_CHECKING:
    from helpers.grading.course.folder import Course

DISTRIBUTION = "backprop-by-hand"
ROUNDS = 2  # an exchange that the first has made wants its own rights set
EXTRAS = {"torch": "needed for the PyTorch problem sets only: pip install -e .[torch]",
          "cluster": "needed to grade on a cluster only: pip install -e .[cluster]",
          "postgresql": "needed for a gradebook on a database server only: pip install -e .[postgresql]"}


def examine(folder: Path | None = None, group: str = "") -> list[Finding]:
    """Of this machine, and of the course in `folder` if there is one; `group`: who shall share it.

    Raises:
        CourseError: if there is no such group.
    """
    found = list(_findings())
    if folder is not None and is_course(folder):
        found += _of_course(folder, group)
    return found


def is_course(folder: Path) -> bool:
    return (folder / "nbgrader_config.py").exists() or (folder / "source").is_dir()


def mend(folder: Path, group: str = "") -> list[str]:
    """Put right what can be, in the course in `folder`; what could not be, in words.

    Raises:
        CourseError: if there is no such group, or the configuration cannot be written.
    """
    from helpers.grading.course.folder import Course
    from helpers.grading.machine.sharing import share_with

    if group and is_course(folder):
        share_with(Course(folder), group)
    left: list[str] = []
    for _ in range(ROUNDS if is_course(folder) else 0):
        left = _mended(_of_course(folder, group))
    return _mended(of_libraries(DISTRIBUTION)) + left


def _mended(findings: Iterable[Finding]) -> list[str]:
    return [said for finding in findings if finding.mend is not None and (said := finding.mend())]


def _of_course(folder: Path, group: str) -> Iterator[Finding]:
    from helpers.grading.course.folder import Course
    from helpers.grading.machine.exchange import of_exchange
    from helpers.grading.machine.folders import Sharing, of_folders
    from helpers.grading.machine.hub import of_hub
    from helpers.grading.machine.space import of_space

    course = Course(folder)
    sharing = Sharing.of(course, group)
    yield _of_what_is_seen(course)
    yield from _tests_of(course)
    yield _of_configuration(course)
    yield from of_folders(course, sharing)
    yield from of_exchange(course, sharing)
    yield from of_hub(course)
    yield from of_space(course)


def _of_configuration(course: Course) -> Finding:
    from helpers.grading import configure
    from helpers.grading.marking.steps import unsafe

    left = unsafe(course.config)
    return Finding("nbgrader_config.py", "missing" if left else "ok",
                   f"not as it should be: {', '.join(left)}" if left else "has this kit's steps",
                   configure.WARNING.format(where=course.root / "nbgrader_config.py", left=", ".join(left))
                   if left else "")


def _of_what_is_seen(course: Course) -> Finding:
    """Could a notebook read this course?"""
    from helpers.grading.course.private import private_of
    from helpers.grading.sandbox.sandbox import ExposedError, SandboxError, warm_sandbox

    what = "what notebooks can read"
    try:
        warm_sandbox(course.settings.sandbox, private_of(course))
    except ExposedError as error:
        return Finding(what, "missing", "too much", str(error))
    except SandboxError:  # there are no walls, which is told above
        return Finding(what, "optional", "not known: there are no walls here")
    return Finding(what, "ok", "Python, its packages, the system's programs, course data; nothing of this course"
                       if course.settings.sandbox != "none" else "everything that you can: this course has no walls")


def _tests_of(course: Course) -> Iterator[Finding]:
    """Of assignments with plain tests that have been graded: how many of these cannot be forged."""
    from helpers.grading.marking.ways import known_ways

    for name in course.problem_sets:
        for notebook, ways in known_ways(course, name).items():
            state = "missing" if ways.problems else "optional" if ways.forgeable else "ok"
            do = "; ".join(ways.problems) or ("see docs/adopting.md" if ways.forgeable else "")
            yield Finding(f"tests of {notebook}", state, ways.in_words() or "none can be graded", do)


def _findings() -> Iterator[Finding]:
    from helpers.grading.sandbox.sandbox import walls_available

    new_enough = sys.version_info >= (3, 11)
    yield Finding("Python", "ok" if new_enough else "missing", platform.python_version(),
                  "" if new_enough else "install Python 3.11 or later")
    for requirement, extra in _requirements():
        version = _version(requirement.name)
        good = bool(version) and requirement.specifier.contains(version, prereleases=True)
        do = EXTRAS.get(extra) or f'pip install "{requirement.name}{requirement.specifier}"'
        said = version and version + ("" if good else f", but {requirement.specifier} is needed")
        yield Finding(requirement.name, "ok" if good else "optional" if extra in EXTRAS else "missing",
                          said or "not installed", "" if good else do)
    yield from of_libraries(DISTRIBUTION)
    walls, why = walls_available()
    yield Finding("walls around student code", "ok" if walls else "optional", why)
    data = os.environ.get("COURSE_DATA")
    if data and Path(data).is_dir():
        yield Finding("COURSE_DATA", "ok", f"data from {data}")
    elif data:
        yield Finding("COURSE_DATA", "missing", f"{data} is no folder", "correct or unset it")
    else:
        yield Finding("COURSE_DATA", "optional", "not set: the 5,000 bundled digits are used",
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
