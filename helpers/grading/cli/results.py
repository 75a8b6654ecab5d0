"""Commands that give back: feedback pages, reports, likely copies, tables of marks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from helpers.grading.cli.options import HERE, Folder, Force, Insecure, Ps, Scheduler, Workers, open_course
from helpers.grading.cli.talk import Shown, console
from helpers.grading.text import for_terminal

if TYPE_CHECKING:
    from helpers.grading.course.folder import Course
    from helpers.grading.pages.report import Report


def feedback(
    ps: Ps, workers: Workers = None, scheduler: Scheduler = "", insecure: Insecure = False,
    force: Force = False,
    zip: Annotated[bool, typer.Option("--zip", help="Also pack the pages as Moodle and Canvas take them.")] = False,
    course: Folder = HERE,
) -> None:
    """Write each student's feedback page."""
    from helpers.grading.classes.cluster import checked_address
    from helpers.grading.pages.feedback import feedback as write_feedback

    scheduler = checked_address(scheduler, insecure)
    folder = open_course(course)
    name = folder.find(ps)
    with Shown("Writing feedback") as shown:
        summary = write_feedback(folder, name, workers=workers, scheduler=scheduler, force=force, progress=shown)
    for student, why in sorted(summary.broken.items()):
        console.print(f"  no page: {for_terminal(student)}: {for_terminal(why)}")
    console.print(f"{name}: {len(summary.written)} feedback pages written in {summary.wall:.1f} s, "
                  f"{len(summary.already)} were current; "
                  f"see {folder.folder('feedback', '*', name).relative_to(folder.root)}/.")
    if summary.interrupted and summary.left:
        console.print(f"Stopped with {summary.left} to go; the same command goes on from here.")
        raise typer.Exit(130)
    if zip:
        _pack_feedback(folder, name)
    if summary.broken:
        raise typer.Exit(1)


def _pack_feedback(folder: Course, name: str) -> None:
    from helpers.grading.lms.give_back import pack_feedback

    made = pack_feedback(folder, name)
    console.print(f"Packed {len(made.students)} pages as {made.path.relative_to(folder.root)}"
                  + (f"; not in it, for they did not come with a download: {', '.join(made.others)}" if made.others
                     else "") + ".")


def report(
    ps: Annotated[str, typer.Argument(metavar="[PS]", help="Problem set; without one: the term so far.")] = "",
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    course: Folder = HERE,
) -> None:
    """Write the class report of a problem set, or of the term: a page and a CSV."""
    from helpers.grading.pages import report as reports

    folder = open_course(course)
    made = reports.report(folder, folder.find(ps)) if ps else reports.term(folder)
    _tell_where(made, folder, show)


def similarity(
    ps: Ps,
    above: Annotated[float, typer.Option(min=0.0, max=1.0, help="Tell of pairs that share at least this much of what "
                                                                "they wrote.")] = 0.6,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    course: Folder = HERE,
) -> None:
    """Find likely copies among the answers of a class."""
    from helpers.grading.pages.similarity import similarity as compare

    folder = open_course(course)
    _tell_where(compare(folder, folder.find(ps), above), folder, show)


def export(
    ps: Ps,
    format: Annotated[str, typer.Option("--format", help="nbgrader, canvas or moodle.")] = "nbgrader",
    to: Annotated[Path | None, typer.Option(help="The file to write; default: in reports/.")] = None,
    into: Annotated[Path | None, typer.Option(help="A table to write the marks into: Moodle's grading worksheet, or "
                                                   "Canvas's exported gradebook.")] = None,
    course: Folder = HERE,
) -> None:
    """Write a problem set's marks as nbgrader's CSV, or as a table that Canvas or Moodle imports."""
    from helpers.grading.pages.exports import export as write_marks
    from helpers.grading.pages.exports import unfinished

    folder = open_course(course)
    if into is not None:
        _fill(folder, folder.find(ps), format.lower(), into, to)
        return
    name = folder.find(ps)
    path = write_marks(folder, name, format.lower(), to)
    console.print(f"Wrote {path}.")
    if waiting := unfinished(folder, name):
        console.print(f"{len(waiting)} marks are not final, a person has yet to look at some of them: "
                      f"{', '.join(map(for_terminal, list(waiting)[:8]))}{' …' if len(waiting) > 8 else ''}. "
                      f"They stand in {path.stem}-unfinished{path.suffix} beside it.")


def _fill(folder: Course, name: str, format: str, into: Path, to: Path | None) -> None:
    from helpers.grading.pages.filling import fill

    made = fill(folder, name, format, into, to)
    for who in made.unknown:
        console.print(f"  nobody here is called: {who}")
    if made.unfinished:
        console.print(f"  written answers wait, so that the mark may rise: {', '.join(made.unfinished)}")
    console.print(f"Wrote {made.path} with {len(made.students)} marks.")


def _tell_where(made: Report, folder: Course, show: bool) -> None:
    import webbrowser

    console.print(f"Wrote {made.page.relative_to(folder.root)} and {made.table.name} beside it.")
    if show:
        webbrowser.open(made.page.as_uri())
