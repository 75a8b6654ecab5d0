"""The cells of a submission and those of its assignment in one order: the student's, with what is missing put back."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from nbformat import NotebookNode
from nbgrader import utils

from helpers.grading.notebooks.cells import EXPERIMENT, grade_id_of, is_check
from helpers.grading.notebooks.code import MAX_PARSED, Code, globals_of, mended, parts, understood
from helpers.grading.notebooks.keeping import kept_outputs, plain
from helpers.grading.notebooks.matching import Handed
from helpers.grading.notebooks.scripts import unfenced
from helpers.grading.notebooks.shape import Shape, plain_text

DEEPEST = 8  # calls within calls that are followed to a helper
ELSEWHERE = "# The answer to this question stands in another cell."


@dataclass
class Entry:
    """A cell of the restored notebook. place: of the assignment's cell that it is, or -1; code: what it defines, if it
    is run; own: it was handed in."""

    cell: NotebookNode
    place: int = -1
    code: Code | None = None
    own: bool = True
    how: str = ""

    @property
    def text(self) -> str:
        return plain_text(self.cell.source)

    def writes(self, names: frozenset[str]) -> bool:
        return self.code is not None and bool(self.code.written & names)

    def has(self, names: frozenset[str]) -> bool:
        """Does it define any of them, whoever wrote that?"""
        return self.code is not None and bool(self.code.there & names)


def runs(one: Handed, shape: Shape) -> str:
    """What of a cell ran at the student's beside what grading puts in its place.

    Of a check that was edited and of an experiment, the definitions; of a locked cell that was edited, all of it if it
    defines more than it did; of any other, all.
    """
    mine = shape.cells[one.place] if one.place >= 0 else None
    if mine is not None and is_check(mine):
        return "" if one.text == shape.seen[one.place] else parts(one.code, one.code.names, keep=True)
    if mine is not None and utils.is_locked(mine):
        if one.text == shape.seen[one.place] or not one.is_code:
            return ""
        return one.cell.source if one.code.names - understood(mine.source).names else ""
    if one.is_experiment and not one.name(shape):
        code = understood(one.cell.source, shape.given)
        return parts(code, code.names if code.written & shape.names else one.needed, keep=True)
    return one.cell.source


class Arranging:
    """Makes the order, step by step; `restore` says which. entries: the cells so far; repairs: what was put right, in
    sentences; asks: by grade_id, why a person has to look."""

    def __init__(self, shape: Shape):
        self.shape = shape
        self.entries: list[Entry] = []
        self.repairs: list[str] = []
        self.asks: dict[str, str] = {}

    # What was handed in ----------------------------------------------------------------------------------------------

    def take(self, handed: Sequence[Handed]) -> None:
        """Every cell that was handed in, in its order; of locked cells the assignment's own text."""
        counting = self._which_count(handed)
        for number, one in enumerate(handed):
            name = one.name(self.shape)
            self._note_kind(one, name)
            if name and (self._locked(name) or is_check(self.shape.known[name])):
                self._take_locked(one, name, counting[name] == number)
            elif name:
                self._note_points(one, name)
                kind = self.shape.known[name].cell_type
                self.entries.append(self._written(one, kind, one.place))
            else:
                self._take_plain(one)
        self._tell_lost([one for one in handed if one.how in ("id", "text")])

    def _which_count(self, handed: Sequence[Handed]) -> dict[str, int]:
        """Of several copies of a check the last counts, as a run leaves it; of a locked cell the first like itself."""
        found: dict[str, int] = {}
        for number, one in enumerate(handed):
            name = one.name(self.shape)
            if not name:
                continue
            if name in found and (self._locked(name) or is_check(self.shape.known[name])):
                self.repairs.append(f"`{name}` stood there more than once")
            if name not in found or is_check(self.shape.known[name]) or (
                    handed[found[name]].text != self.shape.seen[one.place] == one.text):
                if name in found and is_check(self.shape.known[name]):
                    self._ask_if_other_answers(handed, found[name], number, name)
                found[name] = number
        return found

    def _ask_if_other_answers(self, handed: Sequence[Handed], first: int, second: int, check: str) -> None:
        """Did a copy of a check find other answers than the one before it?"""
        names = self.shape.reads.get(check, frozenset())
        before, after = (_written(handed[:number], names) for number in (first, second))
        if any(after[name] != text for name, text in before.items()):
            self.asks[check] = f"`{check}` stood there more than once, with other answers before each; the last counts"

    def _take_locked(self, one: Handed, name: str, counts: bool) -> None:
        mine, more = self.shape.known[name], runs(one, self.shape)
        if not counts and not is_check(mine):
            more = one.cell.source
        if more.strip():
            self.entries.append(self._running(more))
        if not counts:
            return
        self._note_points(one, name)
        if one.text != self.shape.seen[one.place]:
            self.repairs.append(f"`{name}` had been edited")
        new = copy.deepcopy(mine)
        if EXPERIMENT in mine.metadata.get("tags", ()) and one.is_code:
            new.outputs = kept_outputs(one.cell)
        self.entries.append(Entry(new, one.place, how=one.how))

    def _note_points(self, one: Handed, name: str) -> None:
        mine = self.shape.known[name]
        if one.how == "grade_id" and utils.is_grade(mine) and (
                one.cell.metadata["nbgrader"].get("points") != mine.metadata["nbgrader"].get("points")):
            self.repairs.append(f"the points of `{name}` had been changed")

    def _note_kind(self, one: Handed, name: str) -> None:
        if name and one.cell.cell_type != self.shape.known[name].cell_type:
            kind = {"code": "code", "markdown": "text"}.get(str(one.cell.cell_type), "raw")
            self.repairs.append(f"`{name}` had been turned into a {kind} cell")

    def _take_plain(self, one: Handed) -> None:
        kind = one.cell.cell_type if one.cell.cell_type in ("code", "markdown") else "raw"
        if not one.is_experiment:
            self.entries.append(self._written(one, kind, one.place))
            return
        if more := runs(one, self.shape):
            self.repairs.append(f"an experiment defined {listed(sorted(one.needed)) or 'an answer'}, which was run for "
                                "itself")
            self.entries.append(self._running(more))
        new = plain("code", one.cell.source)
        new.metadata["tags"], new.outputs = [EXPERIMENT], kept_outputs(one.cell)
        self.entries.append(Entry(new, one.place))

    def _written(self, one: Handed, kind: str, place: int) -> Entry:
        source = self._without_fences(one) if kind == "code" else one.cell.source
        mend = mended(source) if kind == "code" else None
        if mend is not None:
            trouble = "a syntax error, " if understood(source).tree is None else ""
            source, where = mend.source, f"in line {mend.line} of “{_first(mend.source)}”"
            self.repairs.append(f"a cell had {trouble}{mend.what} {where}; {mend.done}")
        new = plain(kind, source)
        if one.cell.get("attachments") and kind == "markdown":
            new.attachments = one.cell.attachments
        if kind != "code":
            return Entry(new, place, how=one.how)
        return Entry(new, place, one.code if source == one.code.source else understood(source, self.shape.given),
                     how=one.how)

    def _without_fences(self, one: Handed) -> str:
        """A cell's code, also where the fences of a text, or of a chat, were pasted along."""
        source = one.cell.source
        if "```" not in source or len(source) > MAX_PARSED or understood(source).tree is not None:
            return source
        inner = unfenced(source)
        if not inner.strip() or understood(inner).tree is None:
            return source
        self.repairs.append(f"the code of a cell stood between the fences of a text, from “{_first(inner)}”; they were "
                            "left out")
        return inner

    def _running(self, source: str, place: int = -1) -> Entry:
        return Entry(plain("code", source), place, understood(source, self.shape.given))

    def _locked(self, name: str) -> bool:
        return utils.is_locked(self.shape.known[name])

    def _tell_lost(self, found: list[Handed]) -> None:
        names = [one.name(self.shape) for one in found if one.name(self.shape)]
        if names:
            self.repairs.append(f"{listed(names)} had lost nbgrader's metadata and "
                                f"{'was' if len(names) == 1 else 'were'} found by cell id or text")

    # What is missing -------------------------------------------------------------------------------------------------

    def there(self, name: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.place == self.shape.index[name]]

    def gap(self, place: int) -> tuple[int, int]:
        """Where an absent cell belongs: behind the nearest cell before it, and what the student added there."""
        before = max((entry.place for entry in self.entries if 0 <= entry.place < place), default=None)
        begin = 0
        if before is not None:
            begin = next(i for i, entry in enumerate(self.entries) if entry.place == before) + 1
        end = next((i for i in range(begin, len(self.entries))
                    if self.entries[i].place >= 0 and self.entries[i].place != before), len(self.entries))
        return begin, end

    def put_back(self) -> None:
        """Absent cells in the assignment's order; a stub only for what is written nowhere."""
        for name in self.shape.order:
            if self.there(name):
                continue
            mine = self.shape.known[name]
            new = copy.deepcopy(mine)
            if name in self.shape.wanted:
                elsewhere = self.names_there()
                if self.shape.wanted[name] and self.shape.wanted[name] <= elsewhere:
                    continue
                new.source = parts(understood(mine.source), elsewhere & self.shape.wanted[name], keep=False)
            self.repairs.append(f"`{name}` had been deleted")
            # A stub goes before what the student added there: it may define the names in a way that nobody can read.
            gap = self.gap(self.shape.index[name])
            position = self._place_of_edited(name) or gap[0 if name in self.shape.wanted else 1]
            code = understood(new.source, self.shape.given) if name in self.shape.wanted else None
            self.entries.insert(position, Entry(new, self.shape.index[name], code, own=False))

    def put_back_given(self) -> None:
        """Cells that were given out without a name, such as imports, if what is left needs what they bind, and nothing
        that is left binds it."""
        codes = {number: entry.code or understood(entry.cell.source) for number, entry in enumerate(self.entries)
                 if entry.cell.cell_type == "code" and not is_check(entry.cell)}
        bound = frozenset().union(*(code.names for code in codes.values()))
        used = frozenset().union(*(code.used for code in codes.values()))
        there = {self.entries[number].place for number, code in codes.items()
                 if self.entries[number].text and code.error is None and (code.tree is None or code.tree.body)}
        for place, mine in enumerate(self.shape.cells):
            if (place in there or mine.cell_type != "code" or grade_id_of(mine)
                    or EXPERIMENT in mine.metadata.get("tags", ())):
                continue
            needed = sorted(understood(mine.source).names & used - bound)
            if needed:
                no_python = any(self.entries[number].place == place and code.error for number, code in codes.items())
                how = "is no Python" if no_python else "had been emptied or deleted"
                self.repairs.append(f"the cell that binds {listed(needed)} {how}: it is back")
                self.entries.insert(self.gap(place)[0], Entry(copy.deepcopy(mine), place, understood(mine.source),
                                                              own=False))

    def _place_of_edited(self, name: str) -> int:
        """Behind a copy of a locked cell that has lost all that it could be known by but the names it defines."""
        if not self._locked(name) or self.shape.known[name].cell_type != "code" or is_check(self.shape.known[name]):
            return 0
        names = understood(self.shape.known[name].source).names
        return max((i + 1 for i, entry in enumerate(self.entries)
                    if entry.place < 0 and entry.code is not None and entry.code.names & names), default=0)

    def names_there(self) -> frozenset[str]:
        return frozenset().union(*(entry.code.there for entry in self.entries if entry.code is not None))

    # What is in force ------------------------------------------------------------------------------------------------

    def silence_stubs(self) -> None:
        """A stub must not undo what is written before it."""
        written: set[str] = set()
        for entry in self.entries:
            if entry.code is None:
                continue
            undone = entry.code.stubs & written & self.shape.names
            if undone:
                self.repairs.append(f"the unwritten {listed(sorted(undone))} behind the written "
                                    f"{'one' if len(undone) == 1 else 'ones'} was left out")
                source = parts(entry.code, frozenset(undone), keep=False)
                entry.cell.source, entry.code = source, understood(source, self.shape.given)
            written |= entry.code.written

    def move_checks(self) -> None:
        """A check that stands before what it reads, or what an answer that it reads calls, goes behind it."""
        for name in [name for name in self.shape.order if name in self.shape.reads]:
            here = next(i for i, entry in enumerate(self.entries) if entry.place == self.shape.index[name])
            before = frozenset().union(*(entry.code.there for entry in self.entries[:here] if entry.code))
            absent = (self.shape.reads[name] - before) | self._helpers_behind(here, self.shape.reads[name])
            later = max((i for i, entry in enumerate(self.entries) if i > here and entry.has(absent)), default=-1)
            if later < 0:
                continue
            entry = self.entries.pop(here)
            while later < len(self.entries) and is_check(self.entries[later].cell):
                later += 1
            self.entries.insert(later, entry)
            if entry.own:
                self.repairs.append(f"`{name}` stood before its answer and was moved behind it")

    def _helpers_behind(self, here: int, reads: frozenset[str]) -> frozenset[str]:
        """What some names call, and what these call in turn, that a student has defined only behind a place."""
        codes = [(number, entry.code or understood(entry.cell.source)) for number, entry in enumerate(self.entries)
                 if entry.cell.cell_type == "code" and not is_check(entry.cell)]
        bound = frozenset().union(*(code.there for number, code in codes if number < here))
        later = frozenset().union(*(entry.code.written for entry in self.entries[here:] if entry.code)) - bound
        called, pending = frozenset[str](), reads
        for _ in range(DEEPEST if later else 0):
            called |= pending
            pending = frozenset().union(*(globals_of(code, pending) for _, code in codes)) - called
        return called & later

    def name_answers(self) -> None:
        """Each solution's grade_id goes to the cell that is in force at its check."""
        found: list[str] = []
        for name in self.shape.wanted:
            copies = self.there(name)
            force = self._in_force(name)
            unwritten = not any(entry.writes(self.shape.wanted[name]) for entry in copies)
            if force is not None and force not in copies and force.place < 0 and unwritten:
                found.append(name)
                force.place = self.shape.index[name]
                counting = force
            elif force is not None and force in copies:
                counting = force
            elif copies:
                counting = copies[-1]
            else:
                counting = self._placeholder(name, force)
                found.append(name)
            self._drop_copies(name, copies, counting)
            self.dress(counting, name)
        if found:
            self.repairs.append(f"{listed(found)} {'was' if len(found) == 1 else 'were'} found in "
                                f"{'a cell' if len(found) == 1 else 'cells'} without nbgrader's metadata, by the names "
                                "defined there")

    def own_checks(self, name: str) -> list[str]:
        """The checks between a solution and the next."""
        behind = self.shape.order[self.shape.order.index(name) + 1:]
        checks = []
        for other in behind:
            if other in self.shape.wanted:
                break
            if is_check(self.shape.known[other]):
                checks.append(other)
        return checks

    def _in_force(self, name: str) -> Entry | None:
        """The cell that defines a solution's names last before its check; else the last of all."""
        checks = {self.shape.index[check] for check in self.own_checks(name)}
        limit = next((i for i, entry in enumerate(self.entries) if entry.place in checks), len(self.entries))
        writing = [(i, entry) for i, entry in enumerate(self.entries) if entry.writes(self.shape.wanted[name])]
        before = [entry for i, entry in writing if i < limit]
        found = before or [entry for _, entry in writing]
        return found[-1] if found else None

    def _placeholder(self, name: str, force: Entry | None) -> Entry:
        """Where a cell of another question holds this answer too."""
        new = Entry(plain("code", ELSEWHERE), self.shape.index[name], Code(ELSEWHERE), own=False)
        position = self.entries.index(force) + 1 if force is not None else self.gap(self.shape.index[name])[1]
        self.entries.insert(position, new)
        return new

    def _drop_copies(self, name: str, copies: list[Entry], counting: Entry) -> None:
        others = [entry for entry in copies if entry is not counting]
        if not others:
            return
        unwritten = [entry for entry in others if entry.text in ("", self.shape.seen[self.shape.index[name]])]
        self.entries = [entry for entry in self.entries if not any(entry is one for one in unwritten)]
        for entry in others:
            entry.place = -1
        if len(copies) > 1:
            self.repairs.append(f"`{name}` stood there more than once; what its check found in force counts")
        if any(entry.text != counting.text and entry.writes(self.shape.wanted[name]) for entry in others):
            for check in self.own_checks(name):
                self.asks.setdefault(check, f"`{name}` stood there more than once, with different text")

    def dress_the_rest(self) -> None:
        """Cells with a grade_id that are neither answers nor locked: the text is the student's."""
        for entry in self.entries:
            name = grade_id_of(self.shape.cells[entry.place]) if entry.place >= 0 else ""
            if name and not grade_id_of(entry.cell):
                self.dress(entry, name)

    def dress(self, entry: Entry, name: str) -> None:
        """Give a cell the assignment's own metadata."""
        new = copy.deepcopy(self.shape.known[name])
        new.source = entry.cell.source
        if entry.cell.get("attachments") and new.cell_type == "markdown":
            new.attachments = entry.cell.attachments
        entry.cell = new


def _written(handed: Sequence[Handed], names: frozenset[str]) -> dict[str, str]:
    """The text that defines each of some names last, where a student has written it."""
    found = {}
    for one in handed:
        for name in names & one.code.written if one.is_code else ():
            found[name] = parts(one.code, frozenset({name}), keep=True) or one.text
    return found


def listed(names: Sequence[str]) -> str:
    """`a`, `b` and `c`; of many the first few."""
    shown = [f"`{name}`" for name in names[:6]] + ([f"{len(names) - 6} more"] if len(names) > 6 else [])
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _first(source: str) -> str:
    return next((line.strip() for line in source.split("\n") if line.strip()), "")[:60]
