"""The class report of one problem set, and the term at a glance: HTML pages with a CSV beside each."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import numpy as np
from markupsafe import Markup

from helpers.checking.verdict import number
from helpers.grading.course.disk import unwritable, write_whole
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.course.moments import shown
from helpers.grading.marking.ways import known_ways
from helpers.grading.pages import classfacts, policy
from helpers.grading.pages.addresses import addresses
from helpers.grading.pages.classfacts import ClassFacts, Handed
from helpers.grading.pages.clock import CLOCK
from helpers.grading.pages.exporter import HERE
from helpers.grading.pages.rendering import line, prose
from helpers.grading.text import for_page, for_table

BINS = 10
FALLS_BY = 0.2  # below the mean of one's own earlier sets, as a share of the points
LOW = 0.5  # of the points, over the last two sets


@dataclass
class Report:
    """Where a report was written."""

    page: Path
    table: Path


def report(course: Course, name: str) -> Report:
    """Write the report of a problem set.

    Raises:
        CourseError: if nothing has been graded, or the report cannot be written.
    """
    facts = classfacts.gather(course, name)
    if not facts.handed:
        raise CourseError(f"nothing of {name} has been graded: run `coursekit autograde {name}` first")
    questions = classfacts.questions(facts)
    wrong = classfacts.misconceptions(facts)
    shares, zone = facts.shares(), course.settings.timezone
    page = template("set.html.j2").render(
        facts=facts, questions=questions, named=[m for m in wrong if m.named], other=[m for m in wrong if not m.named],
        odd=classfacts.odd(facts), histogram=histogram(shares), shares=shares, statistics=_statistics(facts),
        broken=[one for one in facts.handed if one.note], late=[one for one in facts.handed if one.late],
        waits=[one for one in facts.handed if one.waits], unsure=[one for one in facts.handed if one.asks],
        unrun=[one for one in facts.handed if one.causes], made=now(course), due=shown(facts.due, zone),
        ways=[ways.in_words() for ways in known_ways(course, name).values()],
        resubmitted=[one for one in facts.handed if one.earlier],
        mails=partial(addresses, known=facts.mails, subject=facts.title),
        slowest=sorted(facts.handed, key=lambda one: -one.seconds)[:5], page_of=_links(course, name))
    return write(course, name, page, _set_rows(facts, zone))


def _statistics(facts: ClassFacts) -> dict[str, float]:
    scores = np.array([one.score for one in facts.whole])
    if not scores.size:
        return {}
    so_far = facts.shares_so_far()
    return {"so_far": float(so_far.mean()) if so_far.size else 0.0, "mean": float(scores.mean()),
            "median": float(np.median(scores)), "spread": float(scores.std()),
            "lowest": float(scores.min()), "highest": float(scores.max())}


def histogram(shares: np.ndarray) -> list[dict[str, Any]]:
    """Ten bins of a tenth of the points each; the last one holds full marks."""
    counts, _ = np.histogram(np.clip(shares, 0, 1), bins=BINS, range=(0, 1))
    top = max(int(counts.max()), 1)
    return [{"from": i * 100 // BINS, "to": (i + 1) * 100 // BINS, "count": int(count), "height": count / top}
            for i, count in enumerate(counts)]


def _links(course: Course, name: str) -> dict[str, str]:
    """Student → the feedback page, relative to the report, of those who have one."""
    first = course.notebooks(name)[0]
    pages = {student: folder / f"{first}.html" for student, folder in course.students("feedback", name).items()}
    return {student: f"../{quote(page.relative_to(course.root).as_posix())}" for student, page in pages.items()
            if page.is_relative_to(course.root) and page.is_file()}


def _set_rows(facts: ClassFacts, zone: str) -> list[list[Any]]:
    head = ["student", "name", "state", "handed in", "hours late", "points", "of", "late penalty",
            *(item.title for item in facts.items), "needs a person", "seconds", "what happened", "what went wrong"]
    rows: list[list[Any]] = [head]
    for one in facts.handed:
        marks = [one.of(item) for item in facts.items]
        happened = "; ".join(filter(None, (one.note, one.ended, one.earlier, *one.causes, *one.asks, *one.repairs,
                                           *one.refused)))
        wrong = "; ".join(dict.fromkeys(says for reasons in one.reasons.values() for says, _ in reasons))
        rows.append([one.student, one.name, "broken" if one.note else "graded", shown(one.when, zone),
                     round(one.late / 3600, 2) if one.late else "", round(one.score, 4), facts.points, one.penalty,
                     *("" if mark is None else round(mark, 4) for mark in marks), "yes" if one.waits else "",
                     one.seconds, happened, "" if one.note else wrong])
    blank = [""] * (len(head) - 3)
    rows += [[student, facts.roster.get(student, ""), "not yet graded", *blank] for student in facts.ungraded]
    rows += [[student, facts.roster[student], "not handed in", *blank] for student in facts.missing]
    return rows


@dataclass
class Standing:
    """One student over the term. `shares`: problem set → share of the points, None if nothing was handed in."""

    student: str
    name: str
    shares: dict[str, float | None] = field(default_factory=dict)
    points: float = 0.0
    behind: list[str] = field(default_factory=list)

    @property
    def trend(self) -> float | None:
        """Change from set to set, in shares: the slope of a line through those handed in; None for fewer than two."""
        known = [(i, share) for i, share in enumerate(self.shares.values()) if share is not None]
        if len(known) < 2:
            return None
        return float(np.polyfit([i for i, _ in known], [share for _, share in known], 1)[0])


def term(course: Course) -> Report:
    """Write the report over all problem sets.

    Raises:
        CourseError: if nothing has been graded yet, or the report cannot be written.
    """
    sets = [classfacts.gather(course, name, notebooks=False) for name in course.problem_sets
            if course.source_path(name).exists()]
    sets = [facts for facts in sets if facts.handed]
    if not sets:
        raise CourseError("nothing has been graded yet: run `coursekit autograde PS` first")
    standings = _standings(sets)
    page = template("term.html.j2").render(
        sets=sets, standings=standings, behind=[s for s in standings if s.behind], made=now(),
        means=[float(facts.shares().mean()) if facts.whole else 0.0 for facts in sets],
        so_far=[float(some.mean()) if (some := facts.shares_so_far()).size else 0.0 for facts in sets],
        waits=[sum(one.waits for one in facts.handed) for facts in sets],
        mails=partial(addresses, known={student: mail for facts in sets for student, mail in facts.mails.items()}),
        rule={"falls": f"{FALLS_BY:.0%}", "low": f"{LOW:.0%}"})
    rows: list[list[Any]] = [
        ["student", "name", *(facts.name for facts in sets), "points", "change per set", "falling behind"]]
    for one in standings:
        rows.append([one.student, one.name, *("" if share is None else round(share, 4) for share in
                                              one.shares.values()), round(one.points, 4),
                     "" if one.trend is None else round(one.trend, 4), "; ".join(one.behind)])
    return write(course, "term", page, rows)


def _standings(sets: list[ClassFacts]) -> list[Standing]:
    roster = {student: name for facts in sets for student, name in facts.roster.items()}
    by_set: list[dict[str, Handed]] = [{one.student: one for one in facts.handed} for facts in sets]
    found = []
    for student, name in sorted(roster.items()):
        one = Standing(student, name)
        for facts, handed in zip(sets, by_set):
            own = handed.get(student)
            one.shares[facts.name] = own.score / facts.points if own and facts.points else None
            one.points += own.score if own else 0.0
        one.behind = falling_behind(list(one.shares.items()))
        found.append(one)
    return found


def falling_behind(shares: list[tuple[str, float | None]]) -> list[str]:
    """Why a student may need help, in words; the rule stands on the page."""
    said = [f"nothing handed in for {name}" for name, share in shares[-2:] if share is None]
    known = [share for _, share in shares if share is not None]
    if len(known) >= 2 and known[-1] <= np.mean(known[:-1]) - FALLS_BY:
        said.append(f"the last set is {np.mean(known[:-1]) - known[-1]:.0%} below the mean of those before")
    last = [share for _, share in shares[-2:] if share is not None]
    if last and np.mean(last) < LOW:
        said.append(f"{np.mean(last):.0%} of the points in the last {'two sets' if len(last) == 2 else 'set'}")
    return said


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(loader=jinja2.FileSystemLoader([HERE, HERE / "report"]), autoescape=True,
                              trim_blocks=True, lstrip_blocks=True, finalize=_text)
    made.filters.update(points=lambda value: number(float(value)), percent=lambda share: f"{share:.0%}",
                        prose=lambda text: Markup(prose(text)), line=lambda text: Markup(line(text)), hours=_hours)
    made.globals.update(policy=policy.OURS)
    return made


def template(name: str) -> jinja2.Template:
    CLOCK.begin()
    return _environment().get_template(name)


def _text(value: Any) -> Any:
    """What a template shows, as text, if it is not HTML already."""
    return Markup(for_page(value)) if isinstance(value, str) and not isinstance(value, Markup) else value


def _hours(seconds: float) -> str:
    if seconds >= 172_800:
        return f"{seconds / 86_400:.0f} days"
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{max(seconds / 60, 1):.0f} min"


def now(course: Course | None = None) -> str:
    """This moment with its zone: the course's, or this machine's."""
    return shown(datetime.now(UTC).replace(tzinfo=None), course.settings.timezone if course else "")


def write(course: Course, name: str, page: str, rows: list[list[Any]]) -> Report:
    """Write a page and the table beside it into `reports/`. Raises CourseError if that cannot be done."""
    folder = course.root / "reports"
    made = Report(folder / f"{name}.html", folder / f"{name}.csv")
    try:
        folder.mkdir(exist_ok=True)
        write_whole(made.page, page.encode())
        write_table(made.table, rows)
    except OSError as error:
        raise unwritable(error) from error
    return made


def write_table(path: Path, rows: list[list[Any]], encoding: str = "utf-8-sig") -> None:
    """A CSV that a spreadsheet reads as UTF-8 and in which no text of a student's becomes a formula."""
    with open(path, "w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows([[for_table(value) for value in row] for row in rows])
