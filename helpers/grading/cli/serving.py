"""The command that serves: what arrives is graded and given back, as long as it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from helpers.grading.cli.options import HERE, Folder, Insecure, Scheduler, Workers, open_course
from helpers.grading.cli.talk import complaints, console

if TYPE_CHECKING:
    from helpers.grading.serving.service import Served


def serve(
    ps: Annotated[list[str] | None, typer.Argument(metavar="[PS]…", help="Problem sets, or the beginnings of their "
                                                                         "names; default: all.")] = None,
    watched: Annotated[Path | None, typer.Option("--folder", metavar="DIR", help=(
        "Watch this folder, DIR/<student>/<problem set>/, instead of nbgrader's exchange."))] = None,
    workers: Workers = None,
    scheduler: Scheduler = "",
    insecure: Insecure = False,
    once: Annotated[bool, typer.Option("--once", help="Serve what is there and end, for cron for example.")] = False,
    final: Annotated[bool, typer.Option("--final", help="Grade every attempt that counts once more, on the cases that "
                                                        "are common to all, whatever the due date.")] = False,
    sandbox: Annotated[str | None, typer.Option(help="Where student code runs: bubblewrap, none (no walls), "
                                                     "auto.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing; the log is in .coursekit.")] = False,
    course: Folder = HERE,
) -> None:
    """Grade what students hand in within seconds, and release their feedback, until Ctrl-C.

    Arrivals are collected from nbgrader's exchange in the order in which they come, graded in warm workers,
    written to the gradebook and given back through nbgrader's own channel: students find their marks with
    “Fetch Feedback”. The page reports/serving.html shows the queue and what needs a person.

    Ctrl-C lets the running submissions end and loses nothing; after a crash the same command goes on where it was. Each
    attempt has cases of its own. After the due date, and the last extension, every attempt that counts is graded once
    more on common cases, and reports/PS-seen.html says where a mark differs from what its student had seen.

    c.CourseKit.attempts in nbgrader_config.py sets attempts a day, a pause between two, how much is told before the
    deadline, and which attempt counts; docs/teaching.md has an example, and units for systemd and a Hub.
    """
    from helpers.grading.classes.cluster import checked_address
    from helpers.grading.course.errors import CourseError
    from helpers.grading.serving.arrivals import Exchange
    from helpers.grading.serving.arrivals import Folder as WatchedFolder
    from helpers.grading.serving.giving import IntoTheFolder, ThroughTheExchange
    from helpers.grading.serving.service import Service
    from helpers.grading.serving.sets import ServedSet, served_sets

    if final and not ps:
        raise CourseError("--final ends the attempts of a problem set: name it, for example "
                          "`coursekit serve ps1 --once --final`")
    scheduler = checked_address(scheduler, insecure)
    folder = open_course(course)
    names = served_sets(folder, ps or [])
    source = WatchedFolder(folder, watched.resolve()) if watched else Exchange(folder)
    giver = IntoTheFolder(folder, watched.resolve()) if watched else ThroughTheExchange(folder)
    with console.status("Making ready"):
        sets = [ServedSet(folder, name, sandbox, final) for name in names]
    service = Service(folder, sets, source, giver, workers=workers, scheduler=scheduler, once=once,
                      tell=lambda said: None if quiet else console.print(said, markup=False, soft_wrap=True))
    if not once and not quiet:
        console.print(f"Serving {', '.join(names)}; reports/serving.html shows how it goes. Ctrl-C ends it and loses "
                      "nothing.", markup=False)
    _tell(service.run(), once)


def _tell(done: Served, once: bool) -> None:
    for one in done.people:
        complaints.print(f"  needs a person: {one['name']}, {one['who']}: {one['why']}", markup=False)
    console.print(f"{done.given} given back, {done.waiting} wait, {done.held} held back by the rules.", markup=False)
    if done.interrupted:
        console.print("Stopped. Nothing is lost; the same command goes on.")
    elif once and done.waiting:
        raise typer.Exit(1)
