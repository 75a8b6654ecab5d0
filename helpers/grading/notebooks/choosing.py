"""Which of the notebooks in a submission's folder is the submission: the one that was worked in."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbgrader import utils

from helpers.grading.notebooks.candidates import IS_A_ZIP, is_checkpoint
from helpers.grading.notebooks.cells import grade_id_of
from helpers.grading.notebooks.damage import sides
from helpers.grading.notebooks.matching import answers, belongs, matched
from helpers.grading.notebooks.scripts import as_notebook, is_script
from helpers.grading.notebooks.shape import Shape, shape_of
from helpers.grading.notebooks.submission import read_submission

NOT_OF_THIS_SET = "is a notebook, but nothing in it is of this problem set: hand in the notebook of this set."
EMPTY = "is a notebook, but it is empty: hand in the one that you have worked in."
OTHER_SIDE = "the other side of a merge conflict in"


@dataclass
class Chosen:
    """The notebook to grade, or an untouched copy of the assignment and why; told: what an instructor should know.

    The notebook's `metadata.doubts` says of questions, by grade_id, why a person has to look if points are missing.
    """

    notebook: NotebookNode
    note: str = ""
    told: tuple[str, ...] = ()


@dataclass
class _Candidate:
    """A notebook of this set. answers: what is written for each question, by its grade_id."""

    label: str
    notebook: NotebookNode
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_script(self) -> bool:
        return is_script(self.label)

    def rank(self, number: int) -> tuple:
        """The best is the one to grade: notebooks before scripts, more answers before fewer, later before earlier."""
        return not self.is_script, not is_checkpoint(self.label), len(self.answers), number


def choose(content: bytes | None, others: tuple[tuple[str, bytes], ...], assignment: NotebookNode, name: str,
           why: str = "") -> Chosen:
    """The submission's notebook. why: what is to be said if there is none.

    content: the file with the right name, None if there is none. others: further files by their path; of equally good
    ones the last counts.
    """
    shape = shape_of(assignment)
    if content is not None and not others:
        notebook, reason = read_submission(content, assignment)
        if not reason and not _damage(notebook) and any(grade_id_of(cell) in shape.index for cell in notebook.cells):
            return Chosen(notebook, told=_cut(notebook))  # as nearly always
    told: tuple[str, ...] = ()
    if content is not None and (both := sides(content)):
        content, others = both[0], (*others, (f"{OTHER_SIDE} {name}.ipynb", both[1]))
        told = (f"`{name}.ipynb` had the marks of a merge conflict; its two sides were read as two notebooks",)
    main, reason = _candidate(f"{name}.ipynb", content, assignment, shape) if content is not None else (None, why)
    found = [one for label, data in others if (one := _candidate(label, data, assignment, shape)[0]) is not None]
    worked = sorted(((one, number) for number, one in enumerate(found) if one.answers),
                    key=lambda pair: pair[0].rank(pair[1]))
    best = worked[-1][0] if worked else None
    if main is not None and (best is None or best.is_script or is_checkpoint(best.label)
                             or len(best.answers) <= len(main.answers)) and (main.answers or best is None):
        best = main
    if best is None:
        if not found:
            return Chosen(copy.deepcopy(assignment), reason or why or "No notebook was handed in.")
        best = found[0]
    if best is not main:
        told = (f"`{best.label}` was graded: {_instead(name, main, content, why)}", *told)
    told = (*told, *_beside(best, [*([main] if main else []), *found], shape), *_cut(best.notebook))
    return Chosen(best.notebook, told=(*told, *_damaged(best, shape)))


def _instead(name: str, main: _Candidate | None, content: bytes | None, why: str) -> str:
    """Why it is not the file with the right name that was graded."""
    if main is not None:
        return f"less is written in `{name}.ipynb`" if main.answers else f"`{name}.ipynb` is untouched"
    if content is not None:
        return f"`{name}.ipynb` is not a notebook of this set that can be read"
    return f"`{name}.ipynb` is a zip" if IS_A_ZIP in why else f"there is no `{name}.ipynb`"


def _candidate(label: str, content: bytes, assignment: NotebookNode, shape: Shape) -> tuple[_Candidate | None, str]:
    """A file as a notebook of this problem set, or None and why it is none."""
    if is_script(label):
        try:
            content = as_notebook(content)
        except (UnicodeError, ValueError) as error:
            return None, f"{label} cannot be read: {error}"
    notebook, reason = read_submission(content, assignment)
    if reason:
        return None, reason
    handed = matched(notebook, shape)
    if not any(one.text for one in handed):
        return None, f"{label} {EMPTY}"
    if not belongs(handed, shape):
        return None, f"{label} {NOT_OF_THIS_SET}{_title(notebook)}"
    label = re.sub(r"[`<>\x00-\x1f]", "?", label)  # it is told in sentences
    written = answers(handed, shape)
    if not written and (_damage(notebook) or is_script(label)):
        return None, f"{label} is damaged: it is not a notebook that can be read."
    return _Candidate(label, notebook, written), ""


def _title(notebook: NotebookNode) -> str:
    """What a notebook calls itself."""
    first = next((cell.source for cell in notebook.cells if cell.cell_type == "markdown"), "")
    title = first.split("\n")[0].strip("#* ")[:100]
    return f" It calls itself “{title}”." if title else ""


def _cut(notebook: NotebookNode) -> tuple[str, ...]:
    """A file that goes on behind its notebook, as a shorter one written over a longer one does."""
    behind = notebook.metadata.get("behind", 0)
    return (f"the file goes on for {behind} characters behind the end of the notebook; they were left out",
            ) if behind else ()


def _damage(notebook: NotebookNode) -> str:
    return str(notebook.metadata.get("damage", ""))


def _damaged(chosen: _Candidate, shape: Shape) -> tuple[str, ...]:
    """Of a damaged file, that it is one; what may have been lost with it goes to a person."""
    damage = _damage(chosen.notebook)
    if not damage:
        return ()
    if "are lost" in damage:
        _doubt(chosen, shape, {*shape.known} - {*chosen.answers}, "the file is damaged, and this answer may be lost")
    return (f"the file is damaged; {damage}",)


def _beside(chosen: _Candidate, others: list[_Candidate], shape: Shape) -> tuple[str, ...]:
    """Other work that was not graded; where an answer differs there, a person is asked if this one's is not right."""
    labels = []
    for other in others:
        if other is chosen or not other.answers or other.is_script or is_checkpoint(other.label):
            continue
        differ = {name for name, text in other.answers.items() if chosen.answers.get(name) != text}
        if differ:
            labels.append(other.label)
            _doubt(chosen, shape, differ, f"`{other.label}` is worked, too, with another answer, and was not graded")
    return (f"beside `{chosen.label}` lie other worked notebooks, which were not graded: "
            + ", ".join(f"`{label}`" for label in labels[:5]),) if labels else ()


def _doubt(chosen: _Candidate, shape: Shape, names: set[str], why: str) -> None:
    """Note doubts about questions: at the checks that read what they define, or at a written answer that is absent."""
    doubts = chosen.notebook.metadata.setdefault("doubts", {})
    for name in names:
        if name in shape.wanted:
            checks = shape.checks_of(name)
        else:
            mine = shape.known.get(name)
            absent = mine is not None and name not in chosen.answers and utils.is_grade(mine)
            checks = [name] if absent else []
        for check in checks:
            doubts.setdefault(check, why)
