"""Commands that pretend: a class that has handed in, and all of it shown once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from helpers.grading.cli.grading import tell_grading
from helpers.grading.cli.options import HERE, Folder, open_course
from helpers.grading.cli.talk import Shown, complaints, console
from helpers.grading.terminal import PlainConsole, plain
from helpers.grading.text import for_terminal

if TYPE_CHECKING:
    from helpers.grading.course.folder import Course
    from helpers.grading.gradebook.mark import Mark


def classroom(
    ps: Annotated[list[str], typer.Argument(metavar="PS…", help="Problem sets, or the beginnings of their names: one "
                                                                "class hands in all of them.")],
    to: Annotated[Path, typer.Option(help="Where to make the course folder.")],
    students: Annotated[int, typer.Option("--students", "-n", min=1, help="How many.")] = 12,
    seed: Annotated[int, typer.Option(help="The same seed makes the same class, whatever the problem sets.")] = 0,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite a pretend class that is there.")] = False,
    course: Folder = HERE,
) -> None:
    """Make a pretend class that has handed in a problem set, or several: a term."""
    from helpers.grading.authoring import pretend_class as classrooms
    from helpers.grading.course.errors import CourseError

    folder = open_course(course)
    if not force and (to / classrooms.EXPECTED).exists():
        raise CourseError(f"{to} holds a pretend class, with whatever has been done to it since: name another folder, "
                          "or say --force to overwrite it")
    names = list(dict.fromkeys(folder.find(one) for one in ps))
    made = classrooms.make_term(folder, names, students, seed, to.resolve())
    console.print(f"Made {to} with {sum(map(len, made.values()))} submissions; what each should get is in "
                  f"{to / classrooms.EXPECTED}.")


def demo(
    students: Annotated[int, typer.Option("--students", "-n", min=1)] = 12,
    seed: Annotated[int, typer.Option()] = 0,
    ps: Annotated[str, typer.Option(help="Problem set.")] = "ps1",
    to: Annotated[Path, typer.Option(help="The scratch course folder.")] = Path("demo"),
    course: Folder = HERE,
) -> None:
    """Show everything once: a pretend class, graded, with feedback."""
    from helpers.grading.authoring import build as building
    from helpers.grading.authoring import pretend_class as classrooms
    from helpers.grading.classes.autograde import autograde as grade_class
    from helpers.grading.course.folder import Course
    from helpers.grading.pages.feedback import feedback as write_feedback
    from helpers.grading.sandbox.sandbox import walls_available

    folder = open_course(course)
    name = folder.find(ps)
    building.build(folder, name)
    console.print(f"Built source/{name}/ and release/{name}/ from notebooks/{name}.py.")
    handed_in = classrooms.make(folder, name, students, seed, to.resolve())
    console.print(f"Made a pretend class of {students} in {to}/.")
    walls, why = walls_available()
    if not walls:
        complaints.print(Text("No walls on this machine: ", "yellow"), end="")
        complaints.print(f"{why} The demo's own code is harmless: it runs without.")
    scratch = Course(to)
    with Shown("Grading") as shown:
        summary = grade_class(scratch, name, sandbox=None if walls else "none", progress=shown)
    tell_grading(summary)
    with Shown("Writing feedback") as shown:
        write_feedback(scratch, name, progress=shown)
    _show_marks(scratch, name)
    telling = next((one.student for one in handed_in if "mistake" in one.kind), summary.graded[0])
    for what, path in (("a feedback page", to / "feedback" / for_terminal(telling) / name / f"{name}.html"),
                       ("the gradebook", to / "gradebook.db"), ("what each should get", to / classrooms.EXPECTED)):
        console.print(f"Look at {what}: {path}")


def _show_marks(folder: Course, name: str) -> None:
    from helpers.grading.gradebook.gradebook import marks_of
    from helpers.grading.pages.graded import read_class

    cells, marks = marks_of(folder, name)
    wrong = {graded.student: graded.summary for graded in read_class(folder, name)}
    table = Table(title=f"{name}: points by question", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("student", no_wrap=True)
    for number, _ in enumerate(cells, 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    table.add_column("total", justify="right", style="bold")
    table.add_column("what went wrong", min_width=40)
    for student, row in sorted(marks.items()):
        table.add_row(plain(student), *(_mark(row[cell]) for cell in cells),
                      f"{sum(mark.score for mark in row.values()):g}", plain(wrong.get(student, "")))
    PlainConsole(width=max(console.width, 130)).print(table)
    names = ", ".join(f"{number} {cell.removesuffix('-check')}" for number, cell in enumerate(cells, 1))
    console.print(f"Questions: {names}. — is for a person to grade.")


def _mark(mark: Mark) -> str:
    return "—" if mark.given is None else f"{mark.score:g}"
