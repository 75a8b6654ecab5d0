"""The scorecard as a table in the terminal and as the page docs/scorecard.md."""

from __future__ import annotations

import re

from rich.console import Console
from rich.table import Table

from helpers.grading.authoring.agreement import Agreement
from helpers.grading.authoring.cards import QuestionCard, Scorecard
from helpers.grading.authoring.heldout import KINDS, Measured, rates
from helpers.grading.authoring.validity import MUTANT_SEEDS
from helpers.grading.terminal import PlainConsole
from helpers.grading.text import natural

COLUMNS = ("question", "points", "mistakes", "false accepts", "alternatives", "false rejects", "named", "misnamed",
           "mutants", "caught", "a single seed", "paid for nothing")


def _row(card: QuestionCard) -> list[str]:
    return [card.name, f"{card.points:g}", str(card.mistakes), _rate(len(card.false_accepts), card.marked_wrong),
            str(card.alternatives), _rate(len(card.false_rejects), card.marked_right),
            _share(card.named, card.marked_wrong), _rate(len(card.misnamed), card.marked_wrong),
            str(card.mutants), _share(card.mutants - len(card.survivors), card.mutants), f"{card.worst_seed:.0%}",
            _rate(len(card.paid_for_nothing), card.nothing)]


def _rate(count: int, of: int) -> str:
    return f"{count} of {of:,}"


def _share(count: int, of: int) -> str:
    return f"{count / of:.1%}" if of else "–"


def _total(card: Scorecard) -> QuestionCard:
    total = QuestionCard("all", sum(q.points for q in card.questions), sum(q.mistakes for q in card.questions),
                         sum(q.alternatives for q in card.questions))
    for question in card.questions:
        total.add(question)
    return total


def show(cards: list[Scorecard], console: Console) -> None:
    for card in cards:
        table = Table(title=f"{card.name}, {card.seeds} seeds: {'green' if card.green else 'NOT GREEN'}")
        for column in COLUMNS:
            table.add_column(column, justify="left" if column == "question" else "right")
        for question in card.questions:
            table.add_row(*_row(question))
        table.add_section()
        table.add_row(*_row(_total(card)), style="bold")
        PlainConsole(width=max(console.width, 130)).print(table)
        for question in card.questions:
            for what in ("false_accepts", "false_rejects", "misnamed", "paid_for_nothing"):
                for finding in getattr(question, what)[:5]:
                    console.print(f"  {question.name}: {what.replace('_', ' ')[:-1]}: {finding}", markup=False)
            for survivor in question.survivors:
                console.print(f"  {question.name}: survivor: " + survivor.replace("\n", "\n      "), markup=False)


INTRODUCTION = """# The scorecard

How often do the checks accept what is wrong, reject what is right, and call a mistake by another one's name? Every
problem set's own mistakes and right alternatives are marked over many secret seeds, and so are mutants: wrong
solutions made from the right one by rule (a dropped term, a flipped sign, another constant, a lost transpose, a wrong
axis, an off-by-one slice, a forgotten factor, another function). `coursekit validity --write docs/scorecard.md` makes
this page.

- **False accepts**: a mistake that got all points of its question, counted over mistake × seed.
- **False rejects**: the solution or an alternative that lost points, counted over answer × seed; alone, and once a
  seed in a notebook of right answers, each of a form that is drawn, which work with each other; and the solution with
  its results as lists, in Fortran's order, read-only, as views of larger arrays and in single precision.
- **Named**: the share of marked mistakes that were told their own sentence. **Misnamed**: told another mistake's.
- **Mutants**: those that do not behave like the solution, marked on {mutant_seeds} seeds. **Caught**: the share that
  lost points.
- **A single seed**: the smallest share of a question's mistakes, or of its mutants, that one seed alone catches.
- **Paid for nothing**: of the answers of nothing (zeros, the arguments handed back, ...), those that earned points.

"""


AGREEMENT = """## Self-check and mark

Does the notebook say what grading says? Every mistake and the solution are checked in both places on the public seed,
alone, and beside a wrong answer to each earlier question that the check computes with (the solution beside all of
these, a mistake beside one of each question). Hidden cases count in grading only. Counted are the rows of verdicts.
`coursekit agreement --write docs/scorecard.md` makes this section; where there are more answers than mistakes and
questions, `--answers` named the banks of `tests/heldout/` as well.

"""


def agreement_table(found: list[Agreement], page: str = "") -> str:
    """The section as Markdown. Sets that were not measured now keep what `page` says of them."""
    names = {one.name for one in found}
    kept = [one for one in _measured_before(section_of(page, AGREEMENT.splitlines()[0])) if one.name not in names]
    found = sorted([*kept, *found], key=lambda one: natural(one.name))
    rows = [[one.name, *_agreement_row(one)] for one in found]
    total = Agreement("all")
    for one in found:
        total.add(one)
    return AGREEMENT + _table(AGREEMENT_COLUMNS, [*rows, ["all", *_agreement_row(total)]]) + "\n"


def _measured_before(section: str) -> list[Agreement]:
    found = []
    for line in section.splitlines():
        name, *numbers = [cell.strip().replace(",", "") for cell in line.strip("|").split("|")]
        if len(numbers) == len(AGREEMENT_COLUMNS) - 1 and name != "all" and all(map(str.isdigit, numbers[:-1])):
            one, counts = Agreement(name), iter(map(int, numbers[:-1]))
            for kind in one.rows:
                one.answers[kind], one.rows[kind], one.agree[kind] = next(counts), next(counts), next(counts)
            found.append(one)
    return found


AGREEMENT_COLUMNS = ("problem set", "answers alone", "rows", "agree", "beside an earlier mistake", "rows", "agree",
                     "share")


def _agreement_row(one: Agreement) -> list[str]:
    counts = [f"{count[kind]:,}" for kind in one.rows for count in (one.answers, one.rows, one.agree)]
    return [*counts, f"{one.share:.2%}"]


def show_agreement(found: list[Agreement], console: Console) -> None:
    table = Table(title="Self-check and mark, on the public seed")
    for column in AGREEMENT_COLUMNS:
        table.add_column(column, justify="left" if column == "problem set" else "right")
    for one in found:
        table.add_row(one.name, *_agreement_row(one))
    PlainConsole(width=max(console.width, 130)).print(table)
    for one in found:
        for parted in one.parted[:10]:
            console.print(f"  {one.name}: {parted}", markup=False)
        if len(one.parted) > 10:
            console.print(f"  {one.name}: and {len(one.parted) - 10} more")


def with_section(page: str, section: str) -> str:
    """A page with a section of its title replaced, or put before the first set's if there was none."""
    title = section.splitlines()[0]
    parts = re.split(r"(?m)^(?=## )", page)
    kept = [part for part in parts if not part.startswith(title + "\n")]
    return kept[0].rstrip() + "\n\n" + section.rstrip() + "\n\n" + "".join(kept[1:])


def section_of(page: str, title: str) -> str:
    """The section of a page that has this title; empty without one."""
    parts = re.split(r"(?m)^(?=## )", page)
    return next((part for part in parts if part.startswith(title + "\n")), "")


def as_markdown(cards: list[Scorecard], page: str = "") -> str:
    """The whole page. Sets that were not measured now keep what `page` says of them."""
    parts = {card.name: _of_one(card) for card in cards}
    rows = {card.name: [card.name, str(card.seeds), *_row(_total(card))[2:]] for card in cards}
    for name, row in _overview_before(page).items():
        if name not in rows and (kept := section_of(page, f"## {name}")):
            rows[name], parts[name] = row, kept.rstrip()
    overview = _table(OVERVIEW, [rows[name] for name in sorted(rows, key=natural)])
    return "\n\n".join([INTRODUCTION.format(mutant_seeds=MUTANT_SEEDS) + overview,
                        *(parts[name] for name in sorted(parts, key=natural))]) + "\n"


def _of_one(card: Scorecard) -> str:
    lines = [f"## {card.name}\n", _table(COLUMNS, [_row(q) for q in card.questions])]
    survivors = [(q.name, s) for q in card.questions for s in q.survivors]
    if survivors:
        lines.append("\nMutants that survive:\n")
        lines += [f"- `{name}`, {text.splitlines()[0]}:\n" + _fenced(text.splitlines()[1:]) for name, text in survivors]
    return "\n".join(lines)


OVERVIEW = ("problem set", "seeds", *COLUMNS[2:])


def _overview_before(page: str) -> dict[str, list[str]]:
    """Rows of the first table by problem set; what was not measured then is a dash."""
    found = {}
    for line in re.split(r"(?m)^## ", page)[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[1:2] and cells[1].isdigit():
            found[cells[0]] = [*cells, *["–"] * (len(OVERVIEW) - len(cells))]
    return found


OUTSIDE = """## Answers from outside the bank

What stands above holds for the mistakes and alternatives in the masters. This table is about answers that no check and
no sentence was made from: `{bank}`, written from the releases alone, as students would, right ones and wrong
ones, and frozen before the masters were opened. No diagnosis ever uses them. `README.md` beside the bank says how it
came about and what the others gave. `coursekit validity --heldout {bank} --write docs/scorecard.md` makes it.

- **Told why**: wrong answers that were told a reason; **told where**: only a place.
- **Example**: wrong answers that were shown a small example on which they are wrong.

"""


def _outside(measured: list[Measured]) -> tuple[tuple[str, ...], list[list[str]]]:
    head = ("problem set", *KINDS, "reasons", "example")
    rows = []
    for name, counts in rates(measured):
        wrong = counts["wrong kept"] + counts["told why"] + counts["told where"]
        rows.append([name, *(str(counts[kind]) for kind in KINDS), _share(counts["told why"], wrong),
                     _share(counts["example"], wrong)])
    return head, rows


def show_heldout(measured: list[Measured], console: Console) -> None:
    head, rows = _outside(measured)
    table = Table(title="Answers from outside the bank")
    for column in head:
        table.add_column(column, justify="left" if column == "problem set" else "right")
    for row in rows:
        table.add_row(*row)
    PlainConsole(width=max(console.width, 130)).print(table)
    for one in measured:
        if one.kind in ("right lost", "wrong kept"):
            console.print(f"  {one.kind}: {one.set} {one.question} {one.variant}: {one.idea}", markup=False)


def heldout_table(measured: list[Measured], bank: str) -> str:
    """The section as Markdown; bank: the file that was measured."""
    return OUTSIDE.format(bank=bank) + _table(*_outside(measured)) + "\n"


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _fenced(lines: list[str]) -> str:
    return "\n".join(["  ```diff", *(f"  {line}" for line in lines), "  ```"])
