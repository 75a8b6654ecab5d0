"""Commands that grade: what a system gave out is collected, graded, and written answers read at the desk."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from helpers.grading.cli.options import HERE, Folder, Force, Insecure, Ps, Scheduler, Workers, open_course
from helpers.grading.cli.talk import Shown, complaints, console
from helpers.grading.terminal import plain
from helpers.grading.text import for_terminal

if TYPE_CHECKING:
    from helpers.grading.classes.changes import Change
    from helpers.grading.classes.summary import Summary
    from helpers.grading.course.folder import Course


def collect(
    ps: Ps,
    download: Annotated[Path, typer.Argument(metavar="ZIP", help="What the system gave out: a zip, or a folder.")],
    system: Annotated[str, typer.Option("--from", help="moodle, canvas, or files (names or folders that begin with a "
                                                       "student's id or name).")],
    new: Annotated[bool, typer.Option("--new", help="Add students who are not in the gradebook.")] = False,
    course: Folder = HERE,
) -> None:
    """Sort a learning management system's download into submitted/; name what belongs to nobody."""
    from helpers.grading.lms.collect import collect as sort

    folder = open_course(course)
    with Shown("Collecting") as shown:
        done = sort(folder, folder.find(ps), download, system.lower(), new, progress=shown)
    for student, who in sorted(done.made.items()):
        console.print(f"  added to the gradebook: {student} ({who})")
    for student, note in sorted(done.notes.items()):
        console.print(f"  look at: {student}: {note}")
    for path, why in sorted(done.unplaced.items()):
        console.print(f"  not placed: {path}: {why}")
    if done.late:
        console.print(f"  late, as the system says; it does not say by how much: {', '.join(sorted(done.late))}")
    console.print(f"{len(done.new)} new, {len(done.updated)} updated (the earlier ones are in .coursekit/), "
                  f"{len(done.same)} as before; {len(done.unplaced)} not placed.")
    if done.unplaced:
        raise typer.Exit(1)


def autograde(
    ps: Ps,
    workers: Workers = None,
    scheduler: Scheduler = "",
    insecure: Insecure = False,
    force: Force = False,
    sandbox: Annotated[str | None, typer.Option(help="Where student code runs: bubblewrap, none (no walls), "
                                                     "auto.")] = None,
    run_experiments: Annotated[bool, typer.Option("--run-experiments", help="Run long experiments again instead of "
                                                                            "keeping their outputs.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Grade, show whose marks would change and why, and write "
                                                            "nothing.")] = False,
    student: Annotated[str, typer.Option(help="Grade this student's submission alone; a running `coursekit serve` does "
                                              "it in its warm processes.")] = "",
    course: Folder = HERE,
) -> None:
    """Grade everything that was handed in for a problem set; ends with the marks that it changed, and why."""
    if student and not (dry_run or scheduler or sandbox or run_experiments) and _graded_by_service(course, ps, student):
        return
    if not scheduler:
        _warm_early(sandbox or "auto")
    from helpers.grading import configure
    from helpers.grading.classes.autograde import autograde as grade_class
    from helpers.grading.classes.cluster import checked_address
    from helpers.grading.course.errors import CourseError
    from helpers.grading.marking.steps import unsafe

    scheduler = checked_address(scheduler, insecure)
    folder = open_course(course)
    name = folder.find(ps)
    if left := unsafe(folder.config):
        complaints.print(Text("! ", "yellow"), end="")
        complaints.print(configure.WARNING.format(where=folder.root / "nbgrader_config.py", left=", ".join(left)))
    if student and student not in folder.students("submitted", name):
        raise CourseError(f"“{student}” has handed in nothing for {name}: {folder.folder('submitted', student, name)} "
                          "does not exist")
    if student and dry_run:
        raise CourseError("--dry-run tries a whole class: leave --student out")
    if dry_run:
        _preview(folder, name, workers=workers, scheduler=scheduler, force=force, sandbox=sandbox,
                 run_experiments=run_experiments)
        return
    with Shown("Grading") as shown:
        summary = grade_class(folder, name, workers=workers, scheduler=scheduler, force=force, sandbox=sandbox,
                              run_experiments=run_experiments, students=[student] if student else None,
                              progress=shown)
    tell_grading(summary)
    _tell_ways(folder, name)
    _tell_changes(folder, summary)
    if summary.interrupted and summary.left:
        raise typer.Exit(130)


def _graded_by_service(course: Path, ps: str, student: str) -> bool:
    """Let a running service grade one student; False if there is none, or none for this problem set."""
    from helpers.grading.course.errors import CourseError
    from helpers.grading.serving.door import ask, in_words

    told = ask(course, ps, student)
    if told is None or told.get("unknown"):
        return False
    if "error" in told:
        raise CourseError(told["error"])
    *look_at, marks = map(for_terminal, in_words(told))
    for said in look_at:
        console.print(f"  {said}")
    console.print(marks)
    return True


def _warm_early(kind: str) -> None:
    """Let the warm process import while this command does. The course may want another: then it is not used."""
    from helpers.grading.sandbox.sandbox import FORKS, SandboxError, warm_sandbox

    if FORKS:
        with contextlib.suppress(SandboxError):  # which is told when it is needed
            warm_sandbox(kind).start()


def _tell_ways(folder: Course, name: str) -> None:
    """Of plain tests: how many could be forged, and why."""
    from helpers.grading.marking.ways import known_ways

    for notebook, ways in known_ways(folder, name).items() if folder.settings.forgeable == "warn" else ():
        if ways.forgeable:
            complaints.print(Text("! ", "yellow"), end="")
            complaints.print(f"{notebook}: {ways.in_words()}. docs/adopting.md says more; c.CourseKit.forgeable = "
                             "\"allow\" says nothing, \"refuse\" does not grade with these.")


def tell_grading(summary: Summary) -> None:
    """What a run of grading did: each trouble in a line, then a line of totals."""
    for student, note in sorted(summary.notes.items()):
        console.print(f"  broken: {for_terminal(student)}: {for_terminal(note)}")
    for student, why in sorted(summary.ended.items()):
        console.print(f"  stopped: {for_terminal(student)}: {for_terminal(why)}")
    for student, says in sorted(summary.earlier.items()):
        console.print(f"  handed in again: {for_terminal(student)}: {says}")
    for folder in summary.nobodys:
        console.print(f"  skipped: {for_terminal(folder)} is no text, and so no student's name: rename that folder")
    for student in summary.removed:
        console.print(f"  skipped: {for_terminal(student)} is no longer in the gradebook; add that student again to "
                      "grade this")
    for what, kept in (("could not run", summary.causes), ("look at", summary.asks)):
        for student, said in sorted(kept.items()):
            console.print(f"  {what}: {for_terminal(student)}: {for_terminal('; '.join(said))}")
    for student in sorted(summary.again):
        console.print(f"  graded again by the next run: {for_terminal(student)}")
    slow = ", ".join(f"{for_terminal(student)} {seconds:.1f} s" for student, seconds in summary.slowest)
    rate = len(summary.graded) / summary.wall if summary.wall else 0.0
    console.print(f"{summary.name}: {len(summary.graded)} graded in {summary.wall:.1f} s ({rate:.1f}/s), "
                  f"{len(summary.already)} already graded, {len(summary.notes)} broken, {len(summary.late)} late"
                  + (f"; slowest: {slow}" if slow else "") + ".")
    if summary.interrupted and summary.left:
        console.print(f"Stopped with {summary.left} to go; the same command goes on from here.")


def _preview(folder: Course, name: str, **options: Any) -> None:
    from helpers.grading.classes.preview import preview

    with Shown("Trying") as shown:
        made = preview(folder, name, **options, progress=shown)
    _show_changes(made.changes)
    console.print(f"{name}: {len(made.graded)} tried, {len(made.new)} of them without marks so far, "
                  f"{len(made.unchanged)} already graded as they are; nothing was written. "
                  "Late penalties, and an earlier submission that counts instead, are left out.")
    if made.interrupted:
        raise typer.Exit(130)


def _tell_changes(folder: Course, summary: Summary) -> None:
    """The changed marks as a table here and as a page; a first grading changes none."""
    from helpers.grading.pages.changed import write_changes

    if summary.changes:
        _show_changes(summary.changes)
        made = write_changes(folder, summary.name, summary.changes)
        console.print(f"Who gained and who lost: {made.page.relative_to(folder.root)} and {made.table.name} beside it.")
    elif summary.regraded:
        console.print("No mark that was there has changed.")


def _show_changes(changes: Sequence[Change], most: int = 40) -> None:
    if not changes:
        return
    table = Table(title="Changed marks", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("student", "question", "before", "after", "why"):
        table.add_column(head, justify="right" if head in ("before", "after") else "left", overflow="fold")
    for change in changes[:most]:
        table.add_row(plain(change.student), plain(change.question), *("waits" if points is None else f"{points:g}"
                                                         for points in (change.before, change.after)), change.why)
    console.print(table)
    if len(changes) > most:
        console.print(f"and {len(changes) - most} more.")


def desk(
    ps: Ps,
    port: Annotated[int, typer.Option(min=0, help="Where to listen on this machine; 0: any free one.")] = 0,
    grader: Annotated[str, typer.Option("--as", help="Your name beside your marks; default: your account.",
                                        show_default=False)] = "",
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = True,
    course: Folder = HERE,
) -> None:
    """Grade written answers: one question at a time, alike answers together, by the items of the mark scheme."""
    import getpass
    import webbrowser

    from helpers.grading.course.errors import CourseError
    from helpers.grading.desk.desk import Desk
    from helpers.grading.desk.server import serve

    folder = open_course(course)
    with console.status("Reading the answers"):
        made = Desk(folder, folder.find(ps), grader or getpass.getuser())
    try:
        serving = serve(made, port)
    except OSError as error:
        raise CourseError(f"port {port} cannot be had ({error.strerror}): leave --port out, or name another") from None
    console.print(f"The desk is open for {made.grader}; this address lets in whoever has it:")
    print(serving.url, flush=True)
    console.print("Each mark is in the gradebook when the page shows it. Ctrl-C closes the desk.")
    if show:
        webbrowser.open(serving.url)
    with contextlib.suppress(KeyboardInterrupt):
        serving.run()
