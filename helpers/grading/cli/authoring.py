"""Commands for whoever writes problem sets: to start one, watch it, build it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from helpers.grading.cli.options import HERE, Folder, Ps, Workers, open_course
from helpers.grading.cli.talk import console

if TYPE_CHECKING:
    from helpers.grading.course.folder import Course


def build(
    names: Annotated[list[str] | None, typer.Argument(metavar="[PS…]", help="Problem sets; default: all.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if source/ or release/ is not what the "
                                                        "masters say.")] = False,
    zip: Annotated[bool, typer.Option("--zip", help="Also pack each release for an LMS.")] = False,
    draw: Annotated[int | None, typer.Option(min=0, help="First draw the questions “which slip is it?” anew, where "
                                                         "a master has a place: another number, others.")] = None,
    course: Folder = HERE,
) -> None:
    """Build sources and releases from the masters in notebooks/."""
    from helpers.grading.authoring import build as building
    from helpers.grading.course.errors import CourseError

    folder = open_course(course)
    chosen = [folder.find(name) for name in names] if names else list(folder.masters)
    if not chosen:
        raise CourseError(f"no masters in {folder.root / folder.settings.masters_directory}: nothing to build")
    if draw is not None:
        if check:
            raise CourseError("--draw changes masters and --check changes nothing: leave one of them out")
        _redraw(folder, chosen, draw)
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


def _redraw(folder: Course, names: list[str], draw: int) -> None:
    from helpers.grading.authoring.slips import redraw

    for name in names:
        if slips := redraw(folder, name, draw):
            console.print(f"Drew {len(slips)} slips for {name}, draw {draw}: they stand in its master.")


def _absent(folder: Course, name: str) -> list[str]:
    """Modules that a problem set needs and this Python lacks."""
    from helpers.grading.authoring.needs import lacking

    master = folder.master(name)
    return lacking(master) if master is not None else []


def new(ps: Annotated[str, typer.Argument(metavar="PS", help="The new problem set's name, such as ps8_attention.")],
        course: Folder = HERE) -> None:
    """Write a master to start from: one working question of each kind."""
    from helpers.grading.authoring.starting import start_master

    folder = open_course(course)
    path = start_master(folder, ps)
    console.print(f"Wrote {path.relative_to(folder.root)}. Edit it beside `coursekit watch {ps}`.")


def watch(
    ps: Ps,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds that mistakes and alternatives are marked on.")] = 3,
    mutants: Annotated[bool, typer.Option("--mutants", help="Try mutants of the solution as well (slower).")] = False,
    workers: Workers = None,
    course: Folder = HERE,
) -> None:
    """Rebuild a problem set at every save, mark its marking, and show what a student will see; Ctrl-C ends it."""
    from helpers.grading.authoring.watching import watch as watch_master

    folder = open_course(course)
    with contextlib.suppress(KeyboardInterrupt):
        watch_master(folder, folder.find(ps), seeds, console, workers, mutants)
