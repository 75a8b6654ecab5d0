"""Written answers that stand in another cell than the one for them: they go to a person, never to nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from nbformat import NotebookNode
from nbgrader import utils

from helpers.grading.notebooks.archives import CLOSED, ENDINGS
from helpers.grading.notebooks.arranging import Arranging, Entry
from helpers.grading.notebooks.cells import grade_id_of, is_check
from helpers.grading.notebooks.code import Code, says_nothing, understood
from helpers.grading.notebooks.files import NBGRADERS
from helpers.grading.notebooks.keeping import plain
from helpers.grading.notebooks.matching import Handed
from helpers.grading.notebooks.shape import Shape, plain_text

WORDS = 6  # of a comment or a text in code that may be an answer
WORD = re.compile(r"[^\W\d_]{2,}")
DOCUMENTS = (".pdf", ".doc", ".docx", ".odt", ".rtf", ".md", ".txt", ".tex", ".html", ".htm", ".pages", ".jpg", ".jpeg",
             ".png", ".heic", *CLOSED)
WHOLE = (".pdf", ".docx", ".odt", ".html", ".htm", ".py", ".md", *CLOSED, *ENDINGS)  # may show or hold a whole notebook
BADGES = ("colab.research.google.", "deepnote.", "mybinder.", "kaggle.")


def find_written_answers(work: Arranging, handed: Sequence[Handed]) -> None:
    """Join what was written beneath (or else above) an untouched or absent cell for a written answer into it."""
    anywhere: bool | None = None
    for name in work.shape.order:
        mine = work.shape.known[name]
        if name in work.shape.wanted or utils.is_locked(mine) or not (utils.is_solution(mine) or utils.is_task(mine)):
            continue
        entry = _the_one(work, name)
        if entry is not None and not _untouched(work, entry, name):
            work.dress(entry, name)
            continue
        loose = _loose_around(work, entry, name)
        if anywhere is None:
            anywhere = any(_is_text(work, other) for other in work.entries) or any(
                one.is_code and has_prose(one.code, work.shape) for one in handed)
        if loose:
            entry = _joined(work, entry, loose, name)
        elif anywhere:
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
        begin, end = work.gap(work.shape.index[name])
        return [one for one in work.entries[begin:end] if _is_answer(one)]
    here = next(i for i, one in enumerate(work.entries) if one is entry)
    beneath = next((i for i in range(here + 1, len(work.entries)) if work.entries[i].place >= 0), len(work.entries))
    above = next((i for i in range(here - 1, -1, -1) if work.entries[i].place >= 0), -1)
    return ([one for one in work.entries[here + 1:beneath] if _is_answer(one)]
            or [one for one in work.entries[above + 1:here] if _is_answer(one)])


def _is_answer(entry: Entry) -> bool:
    """Prose: text, or a code cell (as new cells are) with a comment or with what is no Python."""
    if not entry.text or entry.place >= 0 or is_badge(entry.text):
        return False
    if entry.cell.cell_type != "code":
        return True
    code = entry.code
    return code is not None and not code.names and (code.tree is None or says_nothing(entry.cell.source))


def _is_text(work: Arranging, entry: Entry) -> bool:
    """A student's own text anywhere: a cell that was added, or one of the assignment's that was written in."""
    if entry.cell.cell_type == "code" or not entry.text or not entry.own or is_badge(entry.text):
        return False
    return entry.place < 0 or (not entry.cell.metadata.get("nbgrader") and entry.text != work.shape.seen[entry.place])


def is_badge(text: str) -> bool:
    """What Colab, Deepnote and their like put into a notebook by themselves: a cell that is one link to them."""
    link = text[:text.find(">") + 1]
    return bool(re.match(r"<a\b", link)) and text.endswith("</a>") and any(name in link for name in BADGES)


def answers_beside(notebook: NotebookNode, shape: Shape, files: Iterable[str]) -> dict[str, str]:
    """Untouched cells for written answers beside whose notebook a document lies, and all checks of a notebook in which
    nothing is written, beside what may show or hold another: by grade_id, why a person looks."""
    cells = {grade_id_of(cell): cell for cell in notebook.cells if grade_id_of(cell) in shape.known}
    untouched = [name for name, cell in cells.items() if utils.is_grade(cell) and not is_check(cell)
                 and plain_text(cell.source) in ("", shape.seen[shape.index[name]])]
    written = [names for cell in notebook.cells if cell.cell_type == "code"
               if (names := understood(cell.source, shape.given).written & shape.names)]
    checks = [] if written else [name for name in shape.reads if name in cells]
    named = sorted(file for file in files if not file.startswith("helpers/") and file not in NBGRADERS)
    label = next((file for file in named if file.lower().endswith(DOCUMENTS)), "")
    whole = next((file for file in named if file.lower().endswith(WHOLE)), "")
    return dict.fromkeys(untouched if label else [], f"the cell for this answer is untouched, but {_shown(label)} was "
                         "handed in beside the notebook: look whether the answer is there") | dict.fromkeys(
        checks if whole else [], f"the notebook is untouched, but {_shown(whole)} was handed in beside it: look "
        "whether the work is there")


def _shown(file: str) -> str:
    return "`" + re.sub(r"[`<>\x00-\x1f]", "?", file)[:100] + "`"


def has_prose(code: Code, shape: Shape) -> bool:
    """Is there a sentence in a code cell, outside of functions: a comment, or a text that is shown or kept?"""
    if code.tree is None:
        return False
    given = "\n".join(shape.seen)
    comments = re.findall(r"(?m)(?:^#(?! ?%%).*\n?)+", code.source)
    texts = [re.sub(r"(?m)^#+ ?", "", comment) for comment in comments if not _was_given(comment, given)]
    texts = [text for text in texts if understood(text.strip()).tree is None]  # no code that was put out of use
    for statement in code.tree.body:
        if isinstance(statement, (ast.Expr, ast.Assign)):
            texts += [node.value for node in ast.walk(statement)
                      if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in given]
    return any(len(WORD.findall(text)) >= WORDS for text in texts)


def _was_given(comment: str, given: str) -> bool:
    return all(line.strip() in given for line in comment.split("\n"))


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
