"""The command line: `coursekit`."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from helpers.grading.terminal import PlainConsole, plain, told_plainly
from helpers.grading.text import for_terminal

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="markdown",
                  pretty_exceptions_enable=False,
                  help="**Backprop by hand**: build releases, grade a class, write feedback.\n\n"
                       "Run it in a course folder, or name one with --course. A problem set may be named by the "
                       "beginning of its name: `ps1`.")
console = PlainConsole()
complaints = PlainConsole(stderr=True)

Ps = Annotated[str, typer.Argument(metavar="PS", help="Problem set, or the beginning of its name.")]
Folder = Annotated[Path, typer.Option("--course", "-c", help="The course folder.", show_default="this folder")]
Workers = Annotated[int | None, typer.Option("--workers", "-j", min=1, help="Processes at work; default: the cores.")]
Scheduler = Annotated[str, typer.Option(help="Work on a Dask cluster with certificates, for example tls://host:8786.")]
Insecure = Annotated[bool, typer.Option("--insecure", help="The cluster may be one without certificates: whoever "
                                                           "reaches it runs code as you and changes marks.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Do it again, even where nothing has changed.")]
HERE = Path(".")


def main() -> None:
    """The console script: what an instructor can put right is said in a line, without a traceback."""
    gc.disable()  # until `_course`: collecting while so much is imported takes a fifth of a command's start
    # jsonschema, if it finds this package, builds a grammar for IRIs at import: a third of every command's start,
    # for a format that no notebook's schema uses.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    try:
        app()
    except KeyboardInterrupt:
        complaints.print("Stopped. What was finished is kept; the same command goes on.")
        sys.exit(130)
    except Exception as error:
        if not _told(error):
            complaints.print(told_plainly(error), soft_wrap=True)
        sys.exit(1)


def _told(error: Exception) -> bool:
    """Say what is to be put right; False if it is not for an instructor to do."""
    from helpers.grading.course.errors import CourseError
    from helpers.grading.notebooks.master import MasterError

    if isinstance(error, MasterError):
        for problem in error.problems:
            complaints.print(Text("✗ ", "red"), end="")
            complaints.print(problem)
        complaints.print(f"{len(error.problems)} thing(s) to correct; nothing was built.")
    elif isinstance(error, CourseError):
        complaints.print(Text("✗ ", "red"), end="")
        complaints.print(str(error))
    elif isinstance(error, OSError) and error.filename and error.strerror:
        complaints.print(Text("✗ ", "red"), end="")
        complaints.print(f"{error.filename}: {error.strerror}. Put its permissions, or the disk, right and run the "
                         "same command again")
        return True
    return isinstance(error, (MasterError, CourseError))


def _course(folder: Path):
    from helpers.grading.course.folder import Course

    gc.freeze()
    gc.enable()
    return Course(folder)


def _progress() -> Progress:
    return Progress(TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
                    TextColumn("{task.fields[rate]}"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
                    console=complaints, transient=True)


class _Shown:
    """Progress with a rate, as a callback."""

    def __init__(self, what: str):
        self.bar, self.what, self.start = _progress(), what, time.monotonic()

    def __enter__(self):
        self.bar.__enter__()
        self.task = self.bar.add_task(self.what, total=None, rate="")
        return self

    def __call__(self, done: int, of: int, name: str) -> None:
        rate = done / max(time.monotonic() - self.start, 1e-9)
        self.bar.update(self.task, completed=done, total=of, rate=f"{rate:.1f}/s",
                        description=for_terminal(f"{self.what} {name}")[:48])

    def __exit__(self, *exc) -> None:
        self.bar.__exit__(*exc)


@app.command()
def build(
    names: Annotated[list[str] | None, typer.Argument(metavar="[PS…]", help="Problem sets; default: all.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if source/ or release/ is not what the "
                                                        "masters say.")] = False,
    zip: Annotated[bool, typer.Option("--zip", help="Also pack each release for an LMS.")] = False,
    course: Folder = HERE,
) -> None:
    """Build sources and releases from the masters in notebooks/."""
    from helpers.grading.authoring import build as building
    from helpers.grading.course.errors import CourseError

    folder = _course(course)
    chosen = [folder.find(name) for name in names] if names else list(folder.masters)
    if not chosen:
        raise CourseError(f"no masters in {folder.root / folder.settings.masters_directory}: nothing to build")
    wrong: list[str] = []
    for name in chosen:
        if absent := _absent(folder, name):
            if names:
                raise CourseError(f"{name} needs {', '.join(absent)}, which this Python does not have: install it "
                                  f"(`pip install -r requirements.txt`), or build the others")
            console.print(f"Left out {name}: {', '.join(absent)} is not installed. What was built before stays.")
            continue
        if check:
            wrong += building.stale(folder, name)
            continue
        building.build(folder, name)
        packed = f", packed as {building.pack(folder, name).relative_to(folder.root)}" if zip else ""
        console.print(f"Built {name}: source/{name}/ and release/{name}/{packed}.")
    if wrong:
        raise CourseError("not what the masters say: " + ", ".join(wrong) + ". Run `coursekit build` and commit")
    if check:
        console.print(f"source/ and release/ are what the masters say ({len(chosen)} problem sets).")


def _absent(folder, name: str) -> list[str]:
    """Modules that a problem set needs and this Python lacks."""
    from helpers.grading.authoring.needs import lacking

    master = folder.master(name)
    return lacking(master) if master is not None else []


@app.command()
def new(ps: Annotated[str, typer.Argument(metavar="PS", help="The new problem set's name, such as ps8_attention.")],
        course: Folder = HERE) -> None:
    """Write a master to start from: one working question of each kind."""
    from helpers.grading.authoring.starting import start_master

    folder = _course(course)
    path = start_master(folder, ps)
    console.print(f"Wrote {path.relative_to(folder.root)}. Edit it beside `coursekit watch {ps}`.")


@app.command()
def watch(
    ps: Ps,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds that mistakes and alternatives are marked on.")] = 3,
    mutants: Annotated[bool, typer.Option("--mutants", help="Try mutants of the solution as well (slower).")] = False,
    workers: Workers = None,
    course: Folder = HERE,
) -> None:
    """Rebuild a problem set at every save, mark its marking, and show what a student will see; Ctrl-C ends it."""
    from helpers.grading.authoring.watching import watch as watch_master

    folder = _course(course)
    with contextlib.suppress(KeyboardInterrupt):
        watch_master(folder, folder.find(ps), seeds, console, workers, mutants)


@app.command()
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

    folder = _course(course)
    if not force and (to / classrooms.EXPECTED).exists():
        raise CourseError(f"{to} holds a pretend class, with whatever has been done to it since: name another folder, "
                          "or say --force to overwrite it")
    names = list(dict.fromkeys(folder.find(one) for one in ps))
    made = classrooms.make_term(folder, names, students, seed, to.resolve())
    console.print(f"Made {to} with {sum(map(len, made.values()))} submissions; what each should get is in "
                  f"{to / classrooms.EXPECTED}.")


@app.command()
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

    folder = _course(course)
    with _Shown("Collecting") as shown:
        done = sort(folder, folder.find(ps), download, system.lower(), new, progress=shown)
    for student, who in sorted(done.made.items()):
        console.print(f"  added to the gradebook: {student} ({who})", markup=False)
    for student, note in sorted(done.notes.items()):
        console.print(f"  look at: {student}: {note}", markup=False)
    for path, why in sorted(done.unplaced.items()):
        console.print(f"  not placed: {path}: {why}", markup=False)
    if done.late:
        console.print(f"  late, as the system says; it does not say by how much: {', '.join(sorted(done.late))}",
                      markup=False)
    console.print(f"{len(done.new)} new, {len(done.updated)} updated (the earlier ones are in .coursekit/), "
                  f"{len(done.same)} as before; {len(done.unplaced)} not placed.", markup=False)
    if done.unplaced:
        raise typer.Exit(1)


@app.command()
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
    course: Folder = HERE,
) -> None:
    """Grade everything that was handed in for a problem set; ends with the marks that it changed, and why."""
    if not scheduler:
        _warm_early(sandbox or "auto")
    from helpers.grading import configure
    from helpers.grading.classes.autograde import autograde as grade_class
    from helpers.grading.classes.cluster import checked_address
    from helpers.grading.marking.steps import unsafe

    scheduler = checked_address(scheduler, insecure)
    folder = _course(course)
    name = folder.find(ps)
    if left := unsafe(folder.config):
        complaints.print(Text("! ", "yellow"), end="")
        complaints.print(configure.WARNING.format(where=folder.root / "nbgrader_config.py", left=", ".join(left)))
    if dry_run:
        _preview(folder, name, workers=workers, scheduler=scheduler, force=force, sandbox=sandbox,
                 run_experiments=run_experiments)
        return
    with _Shown("Grading") as shown:
        summary = grade_class(folder, name, workers=workers, scheduler=scheduler, force=force, sandbox=sandbox,
                              run_experiments=run_experiments, progress=shown)
    _tell(summary)
    _tell_ways(folder, name)
    _tell_changes(folder, summary)
    if summary.interrupted and summary.left:
        raise typer.Exit(130)


def _warm_early(kind: str) -> None:
    """Let the warm process import while this command does. The course may want another: then it is not used."""
    from helpers.grading.sandbox.sandbox import FORKS, SandboxError, warm_sandbox

    if FORKS:
        with contextlib.suppress(SandboxError):  # which is told when it is needed
            warm_sandbox(kind).start()


def _tell_ways(folder, name: str) -> None:
    """Of plain tests: how many could be forged, and why."""
    from helpers.grading.marking.ways import known_ways

    for notebook, ways in known_ways(folder, name).items() if folder.settings.forgeable == "warn" else ():
        if ways.forgeable:
            complaints.print(Text("! ", "yellow"), end="")
            complaints.print(f"{notebook}: {ways.in_words()}. docs/adopting.md says more; c.CourseKit.forgeable = "
                             "\"allow\" says nothing, \"refuse\" does not grade with these.")


def _tell(summary) -> None:
    for student, note in sorted(summary.notes.items()):
        console.print(f"  broken: {for_terminal(student)}: {for_terminal(note)}")
    for student, why in sorted(summary.ended.items()):
        console.print(f"  stopped: {for_terminal(student)}: {for_terminal(why)}")
    for student, says in sorted(summary.earlier.items()):
        console.print(f"  handed in again: {for_terminal(student)}: {says}")
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


def _preview(folder, name: str, **options) -> None:
    from helpers.grading.classes.preview import preview

    with _Shown("Trying") as shown:
        made = preview(folder, name, **options, progress=shown)
    _show_changes(made.changes)
    console.print(f"{name}: {len(made.graded)} tried, {len(made.new)} of them without marks so far, "
                  f"{len(made.unchanged)} already graded as they are; nothing was written.")
    if made.interrupted:
        raise typer.Exit(130)


def _tell_changes(folder, summary) -> None:
    """The changed marks as a table here and as a page; a first grading changes none."""
    from helpers.grading.pages.changed import write_changes

    if summary.changes:
        _show_changes(summary.changes)
        made = write_changes(folder, summary.name, summary.changes)
        console.print(f"Who gained and who lost: {made.page.relative_to(folder.root)} and {made.table.name} beside it.")
    elif summary.graded:
        console.print("No mark that was there has changed.")


def _show_changes(changes, most: int = 40) -> None:
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


@app.command()
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

    folder = _course(course)
    with console.status("Reading the answers"):
        made = Desk(folder, folder.find(ps), grader or getpass.getuser())
    try:
        serving = serve(made, port)
    except OSError as error:
        raise CourseError(f"port {port} cannot be had ({error.strerror}): leave --port out, or name another") from None
    console.print(f"The desk is open for {made.grader}; this address lets in whoever has it:", markup=False)
    print(serving.url, flush=True)
    console.print("Each mark is in the gradebook when the page shows it. Ctrl-C closes the desk.", markup=False)
    if show:
        webbrowser.open(serving.url)
    with contextlib.suppress(KeyboardInterrupt):
        serving.run()


@app.command()
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
    folder = _course(course)
    name = folder.find(ps)
    with _Shown("Writing feedback") as shown:
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


def _pack_feedback(folder, name: str) -> None:
    from helpers.grading.lms.give_back import pack_feedback

    made = pack_feedback(folder, name)
    console.print(f"Packed {len(made.students)} pages as {made.path.relative_to(folder.root)}"
                  + (f"; not in it, for they did not come with a download: {', '.join(made.others)}" if made.others
                     else "") + ".", markup=False)


@app.command()
def report(
    ps: Annotated[str, typer.Argument(metavar="[PS]", help="Problem set; without one: the term so far.")] = "",
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    course: Folder = HERE,
) -> None:
    """Write the class report of a problem set, or of the term: a page and a CSV."""
    from helpers.grading.pages import report as reports

    folder = _course(course)
    made = reports.report(folder, folder.find(ps)) if ps else reports.term(folder)
    _tell_where(made, folder, show)


@app.command()
def similarity(
    ps: Ps,
    above: Annotated[float, typer.Option(min=0.0, max=1.0, help="Tell of pairs that share at least this much of what "
                                                                "they wrote.")] = 0.6,
    show: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    course: Folder = HERE,
) -> None:
    """Find likely copies among the answers of a class."""
    from helpers.grading.pages.similarity import similarity as compare

    folder = _course(course)
    _tell_where(compare(folder, folder.find(ps), above), folder, show)


def _tell_where(made, folder, show: bool) -> None:
    import webbrowser

    console.print(f"Wrote {made.page.relative_to(folder.root)} and {made.table.name} beside it.")
    if show:
        webbrowser.open(made.page.as_uri())


@app.command()
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

    folder = _course(course)
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


def _fill(folder, name: str, format: str, into: Path, to: Path | None) -> None:
    from helpers.grading.pages.filling import fill

    made = fill(folder, name, format, into, to)
    for who in made.unknown:
        console.print(f"  nobody here is called: {who}", markup=False)
    if made.unfinished:
        console.print(f"  written answers wait, so that the mark may rise: {', '.join(made.unfinished)}", markup=False)
    console.print(f"Wrote {made.path} with {len(made.students)} marks.", markup=False)


@app.command()
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

    folder = _course(course)
    name = folder.find(ps)
    building.build(folder, name)
    console.print(f"Built source/{name}/ and release/{name}/ from notebooks/{name}.py.")
    classrooms.make(folder, name, students, seed, to.resolve())
    console.print(f"Made a pretend class of {students} in {to}/.")
    walls, why = walls_available()
    if not walls:
        complaints.print(Text("No walls on this machine: ", "yellow"), end="")
        complaints.print(f"{why} The demo's own code is harmless: it runs without.")
    scratch = Course(to)
    with _Shown("Grading") as shown:
        summary = grade_class(scratch, name, sandbox=None if walls else "none", progress=shown)
    _tell(summary)
    with _Shown("Writing feedback") as shown:
        write_feedback(scratch, name, progress=shown)
    _show_marks(scratch, name)
    for what, path in (("a feedback page", to / "feedback" / for_terminal(summary.graded[0]) / name / f"{name}.html"),
                       ("the gradebook", to / "gradebook.db"), ("what each should get", to / classrooms.EXPECTED)):
        console.print(f"Look at {what}: {path}")


def _show_marks(folder, name: str) -> None:
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
                      f"{sum(r['score'] for r in row.values()):g}", plain(wrong.get(student, "")))
    PlainConsole(width=max(console.width, 130)).print(table)
    names = ", ".join(f"{number} {cell.removesuffix('-check')}" for number, cell in enumerate(cells, 1))
    console.print(f"Questions: {names}. — is for a person to grade.")


def _mark(cell: dict) -> str:
    return "—" if cell["auto"] is None and cell["manual"] is None else f"{cell['score']:g}"


@app.command()
def validity(
    names: Annotated[list[str] | None, typer.Argument(metavar="[PS…]", help="Problem sets; default: all.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds that every mistake and alternative is marked on.")] = 300,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with every finding.")] = False,
    write: Annotated[Path | None, typer.Option(help="Write the scorecard as Markdown to this file.")] = None,
    heldout: Annotated[Path | None, typer.Option(help="Measure this bank of answers that no check was made from "
                                                 "instead (tests/heldout/answers.json).")] = None,
    workers: Workers = None,
    course: Folder = HERE,
) -> None:
    """Mark the marking: false accepts, false rejects, misconceptions named, mutants caught."""
    if heldout is not None:
        return _held_out(_course(course), heldout, names or [], as_json, write, workers)
    from helpers.checking.expected import PUBLIC_SEED
    from helpers.grading.authoring.as_student import prove
    from helpers.grading.authoring.scorecard import (
        AGREEMENT,
        OUTSIDE,
        as_markdown,
        section_of,
        show,
        with_section,
    )
    from helpers.grading.authoring.validity import scorecards

    folder = _course(course)
    chosen = [folder.find(name) for name in names] if names else list(folder.masters)
    with _Shown("Handing the solutions in") as shown:
        for done, name in enumerate(chosen):
            shown(done, len(chosen), name)
            prove(folder, name, PUBLIC_SEED)
    with _Shown("Marking the checks") as shown:
        cards = scorecards([folder.masters[name] for name in chosen], seeds, workers, progress=shown)
    if as_json:
        print(json.dumps([card.to_dict() for card in cards], indent=1))
    else:
        show(cards, console)
    if write:
        before = write.read_text(encoding="utf-8") if write.exists() else ""
        page = as_markdown(cards)
        for title in (AGREEMENT.splitlines()[0], OUTSIDE.splitlines()[0]):
            kept = section_of(before, title)
            page = with_section(page, kept) if kept else page
        write.write_text(page, encoding="utf-8")
        console.print(f"Wrote {write}.")
    if not all(card.green for card in cards):
        raise typer.Exit(1)


@app.command()
def agreement(
    names: Annotated[list[str] | None, typer.Argument(metavar="[PS…]", help="Problem sets; default: all.")] = None,
    answers: Annotated[Path | None, typer.Option(help="Further answers to try: a JSON list of objects with set, "
                                                      "question (a grade_id), cell and idea.")] = None,
    write: Annotated[Path | None, typer.Option(help="Put the table into this Markdown page.")] = None,
    workers: Workers = None,
    course: Folder = HERE,
) -> None:
    """Hold self-checks against marks: does the notebook say what grading says?"""
    from helpers.grading.authoring.agreement import agreements, read_answers
    from helpers.grading.authoring.scorecard import agreement_table, show_agreement, with_section

    folder = _course(course)
    chosen = [folder.find(name) for name in names] if names else list(folder.masters)
    with _Shown("Comparing") as shown:
        found = agreements([folder.masters[name] for name in chosen], workers,
                           read_answers(answers) if answers else (), progress=shown)
    show_agreement(found, console)
    if write:
        before = write.read_text(encoding="utf-8") if write.exists() else "# The scorecard\n"
        write.write_text(with_section(before, agreement_table(found)), encoding="utf-8")
        console.print(f"Wrote {write}.")
    if not all(one.green for one in found):
        raise typer.Exit(1)


def _held_out(folder, bank: Path, names: list[str], as_json: bool, write: Path | None, workers: int | None) -> None:
    from helpers.grading.authoring import heldout
    from helpers.grading.authoring.scorecard import heldout_table, show_heldout, with_section

    chosen = {folder.find(name) for name in names}
    answers = [a for a in heldout.read_bank(bank) if not chosen or folder.find(a["set"]) in chosen]
    with _Shown("Grading answers from outside the bank") as shown:
        measured = heldout.measure(folder, answers, workers, shown)
    if as_json:
        print(heldout.to_json(measured))
    else:
        show_heldout(measured, console)
    if write:
        before = write.read_text(encoding="utf-8") if write.exists() else "# The scorecard\n"
        write.write_text(with_section(before, heldout_table(measured)), encoding="utf-8")
        console.print(f"Wrote {write}.")


@app.command()
def propose(
    ps: Annotated[str, typer.Argument(metavar="PS", help="Problem set.")],
    heldout: Annotated[Path | None, typer.Option(help="A bank of held-out answers to look at as well.")] = None,
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="How many groups to show.")] = 10,
    workers: Workers = None,
    course: Folder = HERE,
) -> None:
    """Show answers that lost points and were told no reason, grouped by what they do: mistakes for the master."""
    from helpers.grading.authoring.heldout import measure, read_bank
    from helpers.grading.authoring.proposals import proposals

    folder = _course(course)
    name = folder.find(ps)
    measured = []
    if heldout is not None:
        with _Shown("Grading answers from outside the bank") as shown:
            answers = [a for a in read_bank(heldout) if folder.find(a["set"]) == name]
            measured = measure(folder, answers, workers, shown)
    found = proposals(folder, name, measured)
    for one in found[:most]:
        console.print(f"[bold]{len(one.answers)} ×[/] ", end="")
        console.print(f"{one.question}: {'; '.join(one.where)[:300]}", markup=False)
        console.print(one.as_cell(), markup=False, highlight=False)
    console.print(f"{len(found)} kinds of answer to {name} lost points without a reason." if found else
                  f"Nothing in {name} lost points without a reason. Answers come from `autograded/`: grade a class.")


@app.command()
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Put right what can be put right in this course: permissions, the "
                                                    "group, the exchange, a Hub's settings.")] = False,
    group: Annotated[str, typer.Option(help="The group of this machine's accounts that grade this course together.",
                                       show_default=False)] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    course: Folder = HERE,
) -> None:
    """Say what is installed, what is missing, and what to do about it; in a course folder, of the course as well."""
    from helpers.grading.doctor import examine, mend

    left = mend(course, group) if fix else []
    findings = examine(course, group)
    if as_json:
        print(json.dumps([finding.to_dict() for finding in findings], indent=1))
    for finding in () if as_json else findings:
        sign = {"ok": ("✓ ", "green"), "optional": ("○ ", "yellow"), "missing": ("✗ ", "red")}[finding.state]
        console.print(Text(*sign), end="")
        console.print(f"{finding.what}: ", end="")
        console.print(finding.says + (f" → {finding.do}" if finding.do else ""))
    for said in left:
        complaints.print(Text("✗ ", "red"), end="")
        complaints.print(f"not mended: {said}")
    if left or any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)


# Deadlines and the list of students ----------------------------------------------------------------------------------


@app.command()
def due(
    ps: Ps,
    when: Annotated[str, typer.Argument(metavar="[WHEN]", help="2026-03-13 23:00, in the course's zone, or with a zone "
                                                               "behind it; `none` takes the date back.")] = "",
    course: Folder = HERE,
) -> None:
    """Show or set when a problem set is due, and apply the late policy."""
    from helpers.grading.course.moments import read_moment, shown
    from helpers.grading.gradebook.late import due_date, set_due_date

    folder = _course(course)
    name, zone = folder.find(ps), folder.settings.timezone
    if when:
        set_due_date(folder, name, None if when.lower() == "none" else read_moment(when, zone))
    found = due_date(folder, name)
    console.print(f"{name} is due {shown(found, zone)} ({shown(found, 'UTC')})." if found else
                  f"{name} has no due date.")
    if when:
        _apply_late(folder, name)


@app.command()
def extend(
    student: Annotated[str, typer.Argument(metavar="STUDENT", help="The student's id.")],
    ps: Ps,
    until: Annotated[str, typer.Option("--until", help="2026-03-20 23:00, in the course's zone, or with a zone behind "
                                                       "it; `none` takes an extension back.")] = "",
    course: Folder = HERE,
) -> None:
    """Give one student more time, before or after handing in, and apply the late policy."""
    from helpers.grading.course.errors import CourseError
    from helpers.grading.course.extensions import extend as keep
    from helpers.grading.course.extensions import extensions_of
    from helpers.grading.course.moments import duration, read_moment, shown
    from helpers.grading.gradebook.late import due_date, known_student, take_back_extension

    folder = _course(course)
    name, zone = folder.find(ps), folder.settings.timezone
    known_student(folder, name, student)
    known, date = extensions_of(folder.root, name).get(student), due_date(folder, name)
    if not until:
        console.print(f"{student} has until {shown(known, zone)} for {name}." if known else
                      f"{student} has no extension for {name}. Give one with --until.")
        return
    if until.lower() == "none":
        keep(folder.root, name, student, None)
        take_back_extension(folder, name, student)
        console.print(f"{student} has no extension for {name} any more.")
    else:
        end = read_moment(until, zone)
        if date is None:
            raise CourseError(f"{name} has no due date, so nobody is late: set one with `coursekit due {name} WHEN`")
        if end <= date:
            raise CourseError(f"{shown(end, zone)} is no extension: {name} is due {shown(date, zone)}")
        keep(folder.root, name, student, end)
        console.print(f"{student} has until {shown(end, zone)} for {name}, {duration(end - date)} more than the "
                      "others.")
    _apply_late(folder, name)


@app.command()
def late(ps: Ps, course: Folder = HERE) -> None:
    """Apply due date, extensions and late policy to the marks as they are now; grades nothing."""
    folder = _course(course)
    name = folder.find(ps)
    for one in _apply_late(folder, name):
        console.print(f"  {one.student}: {_late_by(one.seconds)} late, {one.penalty:g} of {one.score:g} points off")


def _apply_late(folder, name: str) -> list:
    from helpers.grading.gradebook.late import apply_late_policy

    found = apply_late_policy(folder, name)
    behind = [one for one in found if one.seconds > 0]
    changed = [one for one in found if one.penalty != one.before]
    console.print(f"{name}: {len(behind)} of {len(found)} submissions late, {len(changed)} penalties changed.")
    for one in changed:
        console.print(f"  {one.student}: {one.before:g} → {one.penalty:g} points off")
    return behind


def _late_by(seconds: float) -> str:
    from datetime import timedelta

    from helpers.grading.course.moments import duration

    return duration(timedelta(seconds=seconds))


@app.command()
def roster(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV with a column of ids (id, username, login), as "
                                                              "spreadsheets and learning management systems write "
                                                              "it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what was read and write nothing.")] = False,
    course: Folder = HERE,
) -> None:
    """Put a list of students into the gradebook; shows what it read and mends nothing silently."""
    from helpers.grading.gradebook.roster import import_roster, read_roster

    folder = _course(course)
    found = read_roster(file)
    console.print(f"{file}: {len(found.students)} students ({found.how}).")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for ours, theirs in found.columns.items():
        table.add_column(ours if ours == theirs else f"{ours} ({theirs})", overflow="fold")
    for student in found.students[:20]:
        table.add_row(*(plain(student[ours]) for ours in found.columns))
    console.print(table)
    if len(found.students) > 20:
        console.print(f"and {len(found.students) - 20} more.")
    for said in found.told:
        console.print(f"  {said}")
    for said in found.wrong:
        complaints.print(f"  not taken: {said}")
    if not dry_run:
        _tell_roster(import_roster(folder, found))
    if found.wrong:
        raise typer.Exit(1)


def _tell_roster(done) -> None:
    for student, said in done.changed.items():
        console.print(f"  changed: {student}: {', '.join(said)}")
    console.print(f"{len(done.added)} added, {len(done.changed)} changed, {len(done.unchanged)} as they were.")
    if done.absent:
        console.print(f"{len(done.absent)} are in the gradebook and not in this list, and stay: "
                      f"{', '.join(done.absent[:8])}{' …' if len(done.absent) > 8 else ''}. To take one out: "
                      "`nbgrader db student remove ID --force`.")
