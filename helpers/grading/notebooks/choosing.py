"""Which of the notebooks in a submission's folder is the submission: the one that was worked in."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass

from nbformat import NotebookNode

from helpers.grading.notebooks.candidates import IS_A_ZIP, is_checkpoint
from helpers.grading.notebooks.cells import grade_id_of
from helpers.grading.notebooks.matching import answered, belongs, matched
from helpers.grading.notebooks.shape import Shape, shape_of
from helpers.grading.notebooks.submission import read_submission
from helpers.grading.text import natural

NOT_OF_THIS_SET = "is a notebook, but nothing in it is of this problem set: hand in the notebook of this set."


@dataclass
class Chosen:
    """The notebook to grade, or an untouched copy of the assignment and why; told: what an instructor should know."""

    notebook: NotebookNode
    note: str = ""
    told: tuple[str, ...] = ()


@dataclass
class _Candidate:
    label: str
    notebook: NotebookNode
    answered: int
    texts: tuple[str, ...]


def choose(content: bytes | None, others: tuple[tuple[str, bytes], ...], assignment: NotebookNode, name: str,
           why: str = "") -> Chosen:
    """The submission's notebook. why: what is to be said if there is none.

    content: the file with the right name, None if there is none. others: further files by their path.
    """
    shape = shape_of(assignment)
    if content is not None and not others:
        notebook, reason = read_submission(content, assignment)
        if not reason and any(grade_id_of(cell) in shape.index for cell in notebook.cells):
            return Chosen(notebook, told=_cut(notebook))  # as nearly always
    main, reason = _candidate(f"{name}.ipynb", content, assignment, shape) if content is not None else (None, why)
    if main is not None and (main.answered or not others):
        told = _beside(main, [other for label, data in others if not is_checkpoint(label)
                              and (other := _candidate(label, data, assignment, shape)[0]) is not None])
        return Chosen(main.notebook, told=(*told, *_cut(main.notebook)))
    found = [one for label, data in others if (one := _candidate(label, data, assignment, shape)[0]) is not None]
    worked = sorted((one for one in found if one.answered),
                    key=lambda one: (not is_checkpoint(one.label), one.answered, natural(one.label)))
    if worked:
        best = worked[-1]
        instead = (f"`{name}.ipynb` is untouched" if main is not None else
                   f"`{name}.ipynb` is not a notebook of this set that can be read" if content is not None else
                   f"`{name}.ipynb` is a zip" if IS_A_ZIP in why else f"there is no `{name}.ipynb`")
        return Chosen(best.notebook, told=(f"`{best.label}` was graded: {instead}", *_beside(best, worked[:-1]),
                                           *_cut(best.notebook)))
    if main is not None:
        return Chosen(main.notebook)
    if found:
        return Chosen(found[0].notebook, told=(f"`{found[0].label}` was graded: there is no `{name}.ipynb`",))
    return Chosen(copy.deepcopy(assignment), reason or why or "No notebook was handed in.")


def _candidate(label: str, content: bytes, assignment: NotebookNode, shape: Shape) -> tuple[_Candidate | None, str]:
    """A file as a notebook of this problem set, or None and why it is none."""
    notebook, reason = read_submission(content, assignment)
    if reason:
        return None, reason
    handed = matched(notebook, shape)
    if not belongs(handed, shape):
        return None, f"{label} {NOT_OF_THIS_SET}"
    label = re.sub(r"[`<>\x00-\x1f]", "?", label)  # it is told in sentences
    return _Candidate(label, notebook, answered(handed, shape), tuple(one.text for one in handed)), ""


def _cut(notebook: NotebookNode) -> tuple[str, ...]:
    """A file that goes on behind its notebook, as a shorter one written over a longer one does."""
    behind = notebook.metadata.get("behind", 0)
    return (f"the file goes on for {behind} characters behind the end of the notebook; they were left out",
            ) if behind else ()


def _beside(chosen: _Candidate, others: list[_Candidate]) -> tuple[str, ...]:
    """Other work that was not graded."""
    labels = [one.label for one in others
              if one.answered and one.texts != chosen.texts and not is_checkpoint(one.label)]
    return (f"beside `{chosen.label}` lie other worked notebooks, which were not graded: "
            + ", ".join(f"`{label}`" for label in labels[:5]),) if labels else ()
