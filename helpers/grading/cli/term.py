"""Commands of a term: deadlines, extensions, lateness, the list of students."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from helpers.grading.cli.options import HERE, Folder, Ps, open_course
from helpers.grading.cli.talk import complaints, console
from helpers.grading.terminal import plain

if TYPE_CHECKING:
    from helpers.grading.course.folder import Course
    from helpers.grading.gradebook.late import Lateness
    from helpers.grading.gradebook.roster import Imported


def due(
    ps: Ps,
    when: Annotated[str, typer.Argument(metavar="[WHEN]", help="2026-03-13 23:00, in the course's zone, or with a zone "
                                                               "behind it; `none` takes the date back.")] = "",
    course: Folder = HERE,
) -> None:
    """Show or set when a problem set is due, and apply the late policy."""
    from helpers.grading.course.moments import read_moment, shown
    from helpers.grading.gradebook.late import due_date, set_due_date

    folder = open_course(course)
    name, zone = folder.find(ps), folder.settings.timezone
    if when:
        set_due_date(folder, name, None if when.lower() == "none" else read_moment(when, zone))
    found = due_date(folder, name)
    console.print(f"{name} is due {shown(found, zone)} ({shown(found, 'UTC')})." if found else
                  f"{name} has no due date.")
    if when:
        _apply_late(folder, name)


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

    folder = open_course(course)
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


def late(ps: Ps, course: Folder = HERE) -> None:
    """Apply due date, extensions and late policy to the marks as they are now; grades nothing."""
    folder = open_course(course)
    name = folder.find(ps)
    for one in _apply_late(folder, name):
        console.print(f"  {one.student}: {_late_by(one.seconds)} late, {one.penalty:g} of {one.score:g} points off")


def _apply_late(folder: Course, name: str) -> list[Lateness]:
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


def roster(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV with a column of ids (id, username, login), as "
                                                              "spreadsheets and learning management systems write "
                                                              "it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what was read and write nothing.")] = False,
    course: Folder = HERE,
) -> None:
    """Put a list of students into the gradebook; shows what it read and mends nothing silently."""
    from helpers.grading.gradebook.roster import import_roster, read_roster

    folder = open_course(course)
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


def _tell_roster(done: Imported) -> None:
    for student, said in done.changed.items():
        console.print(f"  changed: {student}: {', '.join(said)}")
    console.print(f"{len(done.added)} added, {len(done.changed)} changed, {len(done.unchanged)} as they were.")
    if done.absent:
        console.print(f"{len(done.absent)} are in the gradebook and not in this list, and stay: "
                      f"{', '.join(done.absent[:8])}{' …' if len(done.absent) > 8 else ''}. To take one out: "
                      "`nbgrader db student remove ID --force`.")
