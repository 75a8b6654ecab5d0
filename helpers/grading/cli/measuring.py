"""Commands that mark the marking: validity, agreement with self-checks, proposals for masters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from helpers.grading.cli.options import HERE, Folder, Workers, open_course
from helpers.grading.cli.talk import Shown, complaints, console

if TYPE_CHECKING:
    from helpers.grading.course.folder import Course


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
        return _held_out(open_course(course), heldout, names or [], as_json, write, workers)
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

    folder = open_course(course)
    chosen = [folder.find(name) for name in names] if names else list(folder.masters)
    with Shown("Handing the solutions in") as shown:
        for done, name in enumerate(chosen):
            shown(done, len(chosen), name)
            prove(folder, name, PUBLIC_SEED)
    with Shown("Marking the checks") as shown:
        cards = scorecards([folder.masters[name] for name in chosen], seeds, workers, progress=shown)
    if as_json:
        print(json.dumps([card.to_dict() for card in cards], indent=1))
    else:
        show(cards, console)
    if write:
        before = write.read_text(encoding="utf-8") if write.exists() else ""
        page = as_markdown(cards, before)
        for title in (AGREEMENT.splitlines()[0], OUTSIDE.splitlines()[0]):
            kept = section_of(before, title)
            page = with_section(page, kept) if kept else page
        write.write_text(page, encoding="utf-8")
        console.print(f"Wrote {write}.")
    if not all(card.green for card in cards):
        raise typer.Exit(1)


def _held_out(folder: Course, bank: Path, names: list[str], as_json: bool, write: Path | None,
              workers: int | None) -> None:
    from helpers.grading.authoring import heldout
    from helpers.grading.authoring.scorecard import heldout_table, show_heldout, with_section

    chosen = {folder.find(name) for name in names}
    written = [a for a in heldout.read_bank(bank) if not chosen or folder.find(a["set"]) in chosen]
    answers, gone = heldout.asked_still(folder, written)
    if gone:
        complaints.print(f"{len(written) - len(answers)} answers are left out, for no master asks these any more: "
                         f"{', '.join(gone)}")
    with Shown("Grading answers from outside the bank") as shown:
        measured = heldout.measure(folder, answers, workers, shown)
    if as_json:
        print(heldout.to_json(measured))
    else:
        show_heldout(measured, console)
    if write:
        before = write.read_text(encoding="utf-8") if write.exists() else "# The scorecard\n"
        write.write_text(with_section(before, heldout_table(measured, bank.as_posix())), encoding="utf-8")
        console.print(f"Wrote {write}.")


def agreement(
    names: Annotated[list[str] | None, typer.Argument(metavar="[PS…]", help="Problem sets; default: all.")] = None,
    answers: Annotated[list[Path] | None, typer.Option(help="Further answers, repeatable: a JSON list of objects "
                                                            "with set, question (a grade_id), cell and idea.")] = None,
    write: Annotated[Path | None, typer.Option(help="Put the table into this Markdown page.")] = None,
    workers: Workers = None,
    course: Folder = HERE,
) -> None:
    """Hold self-checks against marks: does the notebook say what grading says?"""
    from helpers.grading.authoring.agreement import agreements, read_answers
    from helpers.grading.authoring.scorecard import agreement_table, show_agreement, with_section

    folder = open_course(course)
    chosen = [folder.find(name) for name in names] if names else list(folder.masters)
    more = [one for path in answers or () for one in read_answers(path)]
    with Shown("Comparing") as shown:
        found = agreements([folder.masters[name] for name in chosen], workers, more, progress=shown)
    show_agreement(found, console)
    if write:
        before = write.read_text(encoding="utf-8") if write.exists() else "# The scorecard\n"
        write.write_text(with_section(before, agreement_table(found, before)), encoding="utf-8")
        console.print(f"Wrote {write}.")
    if not all(one.green for one in found):
        raise typer.Exit(1)


def propose(
    ps: Annotated[str, typer.Argument(metavar="PS", help="Problem set.")],
    heldout: Annotated[Path | None, typer.Option(help="A bank of held-out answers to look at as well.")] = None,
    most: Annotated[int, typer.Option("--most", "-n", min=1, help="How many groups to show.")] = 10,
    workers: Workers = None,
    course: Folder = HERE,
) -> None:
    """Show answers that lost points and were told no reason, grouped by what they do: mistakes for the master."""
    from helpers.grading.authoring.heldout import asked_still, measure, read_bank
    from helpers.grading.authoring.proposals import proposals

    folder = open_course(course)
    name = folder.find(ps)
    measured = []
    if heldout is not None:
        with Shown("Grading answers from outside the bank") as shown:
            answers, _ = asked_still(folder, [a for a in read_bank(heldout) if folder.find(a["set"]) == name])
            measured = measure(folder, answers, workers, shown)
    found = proposals(folder, name, measured)
    for one in found[:most]:
        console.print(Text(f"{len(one.answers)} × ", "bold"), end="")
        console.print(f"{one.question}: {'; '.join(one.where)[:300]}")
        console.print(one.as_cell())
    console.print(f"{len(found)} kinds of answer to {name} lost points without a reason. Students wrote them: read one "
                  "before it stands in a master, where it runs as you." if found else
                  f"Nothing in {name} lost points without a reason. Answers come from `autograded/`: grade a class.")
