"""Likely copies in a class: copydetect's fingerprints of what students wrote, and nothing else.

copydetect winnows hashed k-grams of the code with names, strings and comments taken out (Schleimer, Wilkerson and
Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003), so renaming does not help. Of each
answer the release's own text is subtracted, and what many hand in alike: short answers to the same question are
often equal without anybody having copied (MOSS leaves out passages that more than so many files share, its option -m).
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import nbformat
import numpy as np
from copydetect.detector import CodeFingerprint, compare_files
from copydetect.utils import get_token_coverage
from nbformat import NotebookNode

from helpers.grading.classes.submitted import read_task, students_of
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.gradebook.removed import is_removed, students_in_the_gradebook
from helpers.grading.marking.worker import restored
from helpers.grading.notebooks.cells import info_of
from helpers.grading.notebooks.outline import headings
from helpers.grading.pages import report as reports
from helpers.grading.pages.clock import CLOCK
from helpers.grading.text import for_page

NOISE = 16  # characters of filtered code that must agree to count (copydetect's noise threshold; its default is 25)
NOISE_IN_PROSE = 30  # characters of a written answer
COMMON = 10  # more students than that, and more than a share of the class, write it: it says nothing
COMMON_SHARE = 0.03
LEAST = 100  # characters of filtered code in agreement, over all answers
SHOWN = 200  # pairs on the page
LONGEST = 20_000  # characters of an answer that are compared


@dataclass
class Answer:
    """One student's answer to one question, with its fingerprints."""

    text: str
    prints: CodeFingerprint


@dataclass
class Pair:
    """Two students whose answers agree. `share`: of what each wrote beyond the common, the larger one."""

    one: str
    other: str
    share: float
    agrees: int
    answers: list[tuple[str, str, str]] = field(default_factory=list)  # title, and both texts as HTML with marks


def similarity(course: Course, name: str, above: float = 0.6) -> reports.Report:
    """Compare everybody's answers and write the page and the table of pairs.

    Args:
        above: pairs that share less of what they wrote are not told of.

    Raises:
        CourseError: if nobody handed in, or the release has not been built.
    """
    partly: list[str] = []
    pairs, unread, count = likely_copies(course, name, above, partly)
    page = reports.template("similarity.html.j2").render(
        name=name, title=name, pairs=pairs[:SHOWN], total=len(pairs), count=count, unread=unread, above=above,
        partly=partly, common=max(COMMON, round(COMMON_SHARE * count)), made=reports.now())
    rows: list[list[Any]] = [["one", "other", "share", "characters in agreement", "questions"]]
    rows += [[p.one, p.other, round(p.share, 4), p.agrees, "; ".join(title for title, _, _ in p.answers)]
             for p in pairs]
    return reports.write(course, f"{name}-similarity", page, rows)


def likely_copies(course: Course, name: str, above: float, partly: list[str] | None = None,
                  ) -> tuple[list[Pair], list[str], int]:
    """The pairs, those with most in common first; who could not be read; how many were compared.

    partly: filled with whose answers are too long, or take too long to read, to be compared whole.
    """
    release = _release(course, name)
    given = {question: _prints(question, text, prose) for question, (text, prose, _) in _answers(release).items()}
    titles = {question: title for question, (_, _, title) in _answers(release).items()}
    class_: dict[str, dict[str, Answer]] = {}
    unread = []
    roster = students_in_the_gradebook(course)
    for student in students_of(course, name):
        if is_removed(course, name, student, roster):
            continue
        task = read_task(course, name, student)
        notebook, note = restored(task, release, name)  # which also finds answers that have lost their metadata
        if note:
            unread.append(student)
            continue
        CLOCK.begin()
        handed = _answers(notebook, set(titles))
        read = {question: _read(question, text[:LONGEST], prose) for question, (text, prose, _) in handed.items()}
        class_[student] = {question: answer for question, answer in read.items() if answer is not None}
        if partly is not None and (None in read.values() or any(len(text) > LONGEST for text, _, _ in handed.values())):
            partly.append(student)
    _subtract(class_, given)
    found = [pair for one, other in _candidates(class_) if (pair := _compare(one, other, class_, titles, above))]
    return ranked(found), unread, len(class_)


def ranked(pairs: list[Pair]) -> list[Pair]:
    """A long passage in common says more than a short one that happens to be all that somebody wrote."""
    return sorted(pairs, key=lambda p: (-p.share * p.agrees, p.one, p.other))


def _release(course: Course, name: str) -> NotebookNode:
    path = course.folder("release", ".", name) / f"{name}.ipynb"
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except FileNotFoundError:
        raise CourseError(f"{path} does not exist: run `coursekit build {name}` first, so that its own text can be "
                          "left out") from None


def _answers(notebook: NotebookNode, known: set[str] | None = None) -> dict[str, tuple[str, bool, str]]:
    """Question → text, is it prose, title of its section; of several copies of a cell the last counts."""
    found, title = {}, ""
    for cell in notebook.cells:
        info = info_of(cell)
        question = info.get("grade_id", "")
        if not info and cell.cell_type == "markdown":
            title = ([text for _, text in headings(cell.source)] or [title])[-1]
        if not isinstance(question, str) or not question or cell.cell_type == "raw":
            continue
        if question in known if known is not None else info.get("solution") or info.get("task"):
            found[question] = (cell.source, cell.cell_type == "markdown", title or question)
    return found


def _prints(question: str, text: str, prose: bool) -> CodeFingerprint:
    """Every k-gram, none winnowed away: answers are short, and Python's hashes would winnow differently each time."""
    code = CodeFingerprint(f"{question}.py", NOISE_IN_PROSE if prose else NOISE, 1, filter=not prose,
                           language=None if prose else "python", fp=io.StringIO(text))
    if not prose:  # copydetect leaves strings as runs of S; a docstring is no evidence
        blank = {h for h, at in code.hash_idx.items() if set(code.filtered_code[at[0]:at[0] + NOISE]) <= set("S\" \n")}
        _drop(code, blank)
    return code


def _read(question: str, text: str, prose: bool) -> Answer | None:
    """An answer with its fingerprints; None if that takes too long."""
    return CLOCK.within(lambda: Answer(text, _prints(question, text, prose)), lambda: None)


def _drop(prints: CodeFingerprint, hashes: set[int]) -> None:
    """Leave fingerprints out. copydetect's own way to do so expects each only once in a file."""
    prints.hash_idx = {h: at for h, at in prints.hash_idx.items() if h not in hashes}
    prints.hashes = set(prints.hash_idx)
    prints.token_coverage = get_token_coverage(prints.hash_idx, prints.k, len(prints.filtered_code))


def _subtract(class_: dict[str, dict[str, Answer]], given: dict[str, CodeFingerprint]) -> None:
    """Take the release's own text out of every answer, and what many students write alike."""
    common = max(COMMON, round(COMMON_SHARE * len(class_)))
    for question, prints in given.items():
        counts = Counter(h for answers in class_.values() if question in answers
                         for h in answers[question].prints.hashes)
        often = prints.hashes | {h for h, count in counts.items() if count > common}
        for answers in class_.values():
            if question in answers:
                _drop(answers[question].prints, often)


def _candidates(class_: dict[str, dict[str, Answer]]) -> Iterator[tuple[str, str]]:
    """Pairs that share enough fingerprints to be worth a comparison; found through an index, not one by one."""
    owners: dict[tuple[str, int], list[str]] = {}
    for student, answers in class_.items():
        for question, answer in answers.items():
            for h in answer.prints.hashes:
                owners.setdefault((question, h), []).append(student)
    shared = Counter(pair for students in owners.values() for pair in combinations(students, 2))
    return (pair for pair, count in shared.items() if count >= LEAST // 4)


def _compare(one: str, other: str, class_: dict[str, dict[str, Answer]], titles: dict[str, str], above: float,
             ) -> Pair | None:
    agrees, written = np.zeros(2), np.zeros(2)
    marked: list[tuple[str, str, str]] = []
    for question, title in titles.items():
        there = [class_[student].get(question) for student in (one, other)]
        written += [answer.prints.token_coverage if answer else 0 for answer in there]
        pair = [answer for answer in there if answer is not None]
        if len(pair) < 2:
            continue
        _, shares, slices = compare_files(*(answer.prints for answer in pair))
        if max(shares) == 0:
            continue
        agrees += [share * answer.prints.token_coverage for share, answer in zip(shares, pair)]
        left, right = (_marked(answer.text, where) for answer, where in zip(pair, slices))
        marked.append((title, left, right))
    shares = np.minimum(agrees / np.maximum(written, 1), 1)
    if agrees.min() < LEAST or shares.max() < above:
        return None
    return Pair(one, other, float(shares.max()), int(agrees.min()), marked)


def _marked(text: str, slices: np.ndarray) -> str:
    """A text as HTML with what agrees marked. copydetect counts ends a little loosely: whole lines are marked."""
    hit = np.zeros(len(text) + 1, bool)
    for start, end in zip(*slices.astype(int)):
        hit[max(start, 0):max(end, 0)] = True
    out, place = [], 0
    for line in text.split("\n"):
        span = hit[place:place + len(line)]
        inside = bool(line.strip()) and span.size > 0 and span.mean() > 0.3
        out.append(f"<mark>{for_page(line)}</mark>" if inside else for_page(line))
        place += len(line) + 1
    return "\n".join(out)
