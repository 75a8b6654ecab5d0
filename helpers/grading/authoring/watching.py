"""While an author writes: rebuild at every save, mark the marking on a few seeds, show what a student will see."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from rich.console import Console
from rich.markdown import Markdown
from rich.rule import Rule
from rich.syntax import Syntax

from helpers.grading.authoring.build import build
from helpers.grading.authoring.scorecard import show
from helpers.grading.authoring.validity import scorecards
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.notebooks.master import MasterError

POLL_SECONDS = 0.3


def saves(path: Path, pause: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Now, and whenever the file's content has changed; an editor may replace the file, or touch it."""
    last: bytes | None = None
    while True:
        try:
            now: bytes | None = path.read_bytes()
        except FileNotFoundError:  # between an editor's unlink and its rename
            now = last
        if now is not None and now != last:
            last = now
            yield
        pause(POLL_SECONDS)


def watch(course: Course, name: str, seeds: int, console: Console, workers: int | None = None,
          mutants: bool = False) -> None:
    """Until Ctrl-C. What is wrong is said, and the next save tries again.

    Raises:
        CourseError: if the problem set has no master.
    """
    path = course.masters.get(name)
    if path is None:
        raise CourseError(f"{name} has no master: `coursekit new {name}` writes one to start from")
    for _ in saves(path):
        console.print(Rule(f"{path.name}, {time.strftime('%H:%M:%S')}"))
        if try_once(course, name, seeds, console, workers, mutants):
            console.print(f"{name}: built. Save {path.name} to build it again; Ctrl-C ends this.", markup=False)


def try_once(course: Course, name: str, seeds: int, console: Console, workers: int | None = None,
             mutants: bool = False) -> bool:
    """Build, show the release, mark the marking; False if there is something to correct, which is said."""
    try:
        build(course, name)
        show_release(course.folder("release", ".", name) / f"{name}.ipynb", console)
        cards = scorecards([course.masters[name]], seeds, workers, with_mutants=mutants)
    except (MasterError, CourseError) as error:
        for line in str(error).splitlines():
            console.print(f"✗ {line}", markup=False, style="red", soft_wrap=True)
        return False
    show(cards, console)
    return True


def show_release(path: Path, console: Console) -> None:
    """The cells of a released notebook as a student will see them."""
    for cell in nbformat.read(path, as_version=4).cells:
        info = cell.metadata.get("nbgrader", {})
        points = f", {info['points']:g} points" if info.get("grade") else ""
        kind = "check" if info.get("grade") and not info.get("solution") else "answer" if info.get("solution") else ""
        if kind:
            console.print(Rule(f"{kind} {info['grade_id']}{points}", align="left", style="dim"))
        console.print(Markdown(cell.source) if cell.cell_type == "markdown" else
                      Syntax(cell.source, "python", background_color="default"))
        console.print()
