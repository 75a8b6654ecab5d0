"""What is wrong with an answer, told by mending it: its own code with one small change each, until it is right.

The changed code runs where the answer's own code runs, inside the walls, after everything has been marked: no mark can
depend on it. A sentence says what is amiss in the answer's own words, and that is proved: with that one place changed,
the check is passed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from helpers.checking.kinds import NOT_THERE
from helpers.checking.verdict import Verdict
from helpers.grading.hypotheses.changes import Change, changes
from helpers.grading.hypotheses.edit import FAR

MENDED = "mended"
MOST = 1500  # changes that are tried for one answer
LONGEST = 6000  # characters of an answer that is looked at
STALLS = 2  # changes that never end, after which no more are tried

# Kinds of rows that no small change of the code mends.
HOPELESS = (*NOT_THERE, "not-callable", "arguments", "slow", "ended", "none", "no-reference", "loss",
            "changed-in-place", "cheap", "size")
MOST_SECONDS = 8.0  # of processor time of the grader's own, for one answer


@dataclass(eq=False)
class Failed:
    """A check that failed without a sentence. again(first): its verdict anew, on a case that it failed on or on all."""

    verdict: Verdict
    again: Callable[[bool], Verdict | None]
    whole: bool = False  # only a change that makes every row right counts, and some row of another check that is not
    # such a one, if there is one: a property alone is soon true


def tell(verdict: Verdict, says: str, outputs: list[int], kind: str = MENDED) -> None:
    """Give a verdict's wrong rows a sentence: those of the outputs where a row is an output, else the first."""
    wrong = [row for row in verdict.rows if not row.right and row.kind not in HOPELESS]
    chosen = [row for k, row in enumerate(verdict.rows) if k in outputs and row in wrong]
    for row in (chosen if len(verdict.rows) > 1 and chosen else wrong[:1]):
        row.why, row.kind = says, kind
    if wrong:
        verdict.advice = ""


def wanting(verdict: Verdict | None) -> bool:
    """Whether a verdict has wrong rows and no sentence. Where an answer builds on a function of another question that
    is wrong, no change of its own code says what is wrong: one that leaves the call out, or makes up for it, mends it.
    """
    return (verdict is not None and verdict.depth == "why" and not verdict.right and not verdict.first and not any(
        row.why for row in verdict.rows) and not all(row.kind in HOPELESS for row in verdict.rows if not row.right))


def mend(source: str, run: Callable[[str], bool], failed: Iterable[Failed],
         formulas: Iterable[Change] = (), suspicion: Mapping[int, float] = {},
         given: frozenset[int] = frozenset(), drops: bool = False, shortens: bool = False) -> None:
    """Give the wrong rows of checks that want a sentence one, where one small change of an answer makes them right.

    run(text): defines changed functions in the answer's place; False if that never ends. formulas: changes of the
    formulas that the answer says. suspicion: by line of the answer, how much it goes with being wrong;
    given: lines that need no change. drops: only leave out steps and conditions, shortens: whatever can be left out;
    and only where that makes all of a check right.
    """
    failed = [one for one in failed if wanting(one.verdict)]
    if not failed or len(source) > LONGEST:
        return
    found: dict[tuple[int, int], list[Change]] = {}
    stalls, begun = 0, time.process_time()
    for change in formulas or _suspects_first(source, suspicion, given):
        if (drops and not change.drops) or (shortens and not change.shortens):
            continue
        if change.rank > FAR or stalls >= STALLS or time.process_time() - begun > MOST_SECONDS:
            break
        if found and change.rank > min(c.rank for c in next(iter(found.values()))) and len(found) == _open(failed):
            break
        text = change.text()
        if text is None:
            continue
        if not run(text):
            stalls += 1
            continue
        for number, one in enumerate(failed):
            # Without the line that raises much comes out right, be it needed or not.
            raised = change.drops and all(row.kind == "raises" for row in one.verdict.rows if not row.right)
            better = _mended(one, one.whole or drops or shortens or change.moves or raised)
            stalls += better is None
            for row in better or ():
                found.setdefault((number, row), []).append(change)
    run(source)
    proved = {id(change) for (number, _), mends in found.items() if not failed[number].whole for change in mends}
    if not all(one.whole for one in failed):
        found = {at: sure for at, mends in found.items()
                 if (sure := [one for one in mends if not failed[at[0]].whole or id(one) in proved])}
    mended = Counter(id(change) for mends in found.values() for change in mends)
    for (number, row), mends in found.items():
        best = max((change for change in mends if change.rank == mends[0].rank),
                   key=lambda change: (mended[id(change)], not change.moves))
        rows = failed[number].verdict.rows
        target = rows[row]
        if not target.why:
            all_of_it = all((number, k) in found and best in found[number, k]
                            for k, other in enumerate(rows) if not other.right and other.kind not in HOPELESS)
            target.why, target.kind = best.mends if all_of_it else _of_one(best.mends, target.name), MENDED
            failed[number].verdict.advice = ""  # where the place is known, nobody has to look


def _of_one(says: str, name: str) -> str:
    """Of a change that makes one row right, where others stay wrong."""
    return says.replace("the result would be right", f"{name} would be right, though not all")


def _suspects_first(source: str, suspicion: Mapping[int, float], given: frozenset[int]) -> list[Change]:
    """The changes of an answer by rank; where lines differ in how often they go with being wrong, by that."""
    found = [change for change in _possible(source) if change.rank <= FAR and _line(change) not in given]
    if len({round(value, 1) for value in suspicion.values()}) > 1:
        found.sort(key=lambda change: -round(suspicion.get(_line(change), 0.0), 1))
    return found[:MOST]


@lru_cache(maxsize=1)  # an answer is gone through twice
def _possible(source: str) -> list[Change]:
    return changes(source, 4 * MOST)


def _line(change: Change) -> int:
    return getattr(change.place.node, "lineno", 0)


def _open(failed: list[Failed]) -> int:
    return sum(not row.right for one in failed for row in one.verdict.rows)


def _mended(failed: Failed, whole: bool) -> list[int] | None:
    """The rows that are right with the changed code and were not, if none has become wrong; None if it never ends.

    whole: only a change counts that makes every row right. A step that is moved may put others out of use.
    """
    for first in (True, False):
        verdict = failed.again(first)
        if verdict is None:
            return []
        if any(row.kind in ("slow", "ended") for row in verdict.rows):
            return None
        names = {row.name: row for row in verdict.rows}
        pairs = [(k, row, names[row.name]) for k, row in enumerate(failed.verdict.rows) if row.name in names]
        if not first and len(pairs) != len(failed.verdict.rows):
            return []
        if any(before.right and not now.right for _, before, now in pairs):
            return []
        better = [k for k, before, now in pairs if now.right and not before.right and before.kind != "cheap"]
        if not better or (whole and not first and not verdict.right):
            return []
    return better


def answers(cells: Iterable[Any]) -> dict[str, str]:
    """grade_id → text of a submission's solution cells."""
    found = {}
    for cell in cells:
        info = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and info.get("solution") and not info.get("grade"):
            found[info.get("grade_id", "")] = cell.source
    return found
