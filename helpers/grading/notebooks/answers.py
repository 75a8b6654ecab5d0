"""Written answers that stand in another cell than the one for them: they go to a person, never to nothing."""

from __future__ import annotations

from nbgrader import utils

from helpers.grading.notebooks.arranging import Arranging, Entry
from helpers.grading.notebooks.code import says_nothing
from helpers.grading.notebooks.keeping import plain


def find_written_answers(work: Arranging) -> None:
    """Join what was written beneath (or else above) an untouched or absent cell for a written answer into it."""
    for name in work.shape.order:
        mine = work.shape.known[name]
        if name in work.shape.wanted or utils.is_locked(mine) or not (utils.is_solution(mine) or utils.is_task(mine)):
            continue
        entry = _the_one(work, name)
        if entry is not None and not _untouched(work, entry, name):
            work.dress(entry, name)
            continue
        loose = _loose_around(work, entry, name)
        if loose:
            entry = _joined(work, entry, loose, name)
        elif any(_is_text(work, other) for other in work.entries):
            work.asks[name] = ("the cell for this answer is untouched, but text was written elsewhere in the notebook: "
                               "look whether the answer is there")
        if entry is not None:
            work.dress(entry, name)


def _the_one(work: Arranging, name: str) -> Entry | None:
    """Of several copies the last that was written in; the others stay, without the name, if they say something."""
    copies = work.there(name)
    if not copies:
        return None
    counting = ([entry for entry in copies if not _untouched(work, entry, name)] or copies)[-1]
    if len(copies) > 1:
        work.repairs.append(f"`{name}` stood there more than once; the last that was written in counts")
        for entry in copies:
            if entry is not counting:
                entry.place = -1
                if _untouched(work, entry, name):
                    work.entries.remove(entry)
    return counting


def _untouched(work: Arranging, entry: Entry, name: str) -> bool:
    return entry.text in ("", work.shape.seen[work.shape.index[name]])


def _loose_around(work: Arranging, entry: Entry | None, name: str) -> list[Entry]:
    """Text without a place of its own, directly beneath an answer's cell or else directly above it."""
    if entry is None:
        begin, end = work.gap(name)
        return [one for one in work.entries[begin:end] if _is_answer(one)]
    here = next(i for i, one in enumerate(work.entries) if one is entry)
    beneath = next((i for i in range(here + 1, len(work.entries)) if work.entries[i].place >= 0), len(work.entries))
    above = next((i for i in range(here - 1, -1, -1) if work.entries[i].place >= 0), -1)
    return ([one for one in work.entries[here + 1:beneath] if _is_answer(one)]
            or [one for one in work.entries[above + 1:here] if _is_answer(one)])


def _is_answer(entry: Entry) -> bool:
    """Prose: text, or a code cell (as new cells are) with a comment or with what is no Python."""
    if not entry.text or entry.place >= 0:
        return False
    if entry.cell.cell_type != "code":
        return True
    code = entry.code
    return code is not None and not code.names and (code.tree is None or says_nothing(entry.cell.source))


def _is_text(work: Arranging, entry: Entry) -> bool:
    """A student's own text anywhere: a cell that was added, or one of the assignment's that was written in."""
    if entry.cell.cell_type == "code" or not entry.text or not entry.own:
        return False
    return entry.place < 0 or (not entry.cell.metadata.get("nbgrader") and entry.text != work.shape.seen[entry.place])


def _joined(work: Arranging, entry: Entry | None, loose: list[Entry], name: str) -> Entry:
    work.repairs.append(f"the answer to `{name}` stood in {'a cell' if len(loose) == 1 else 'cells'} of its own")
    new = plain(work.shape.known[name].cell_type, "\n\n".join(one.cell.source for one in loose))
    for one in reversed(loose):
        if one.cell.get("attachments") and new.cell_type == "markdown":
            new.attachments = {**new.get("attachments", {}), **one.cell.attachments}
    joined = Entry(new, work.shape.index[name])
    position = next(i for i, one in enumerate(work.entries) if one is (entry or loose[0]))
    work.entries = [joined if i == position else one for i, one in enumerate(work.entries)
                    if i == position or not any(one is other for other in loose)]
    return joined
