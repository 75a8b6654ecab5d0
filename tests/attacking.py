"""Reads the attacks in `attacks/` and hands them in: for the tests, and for the comparison with stock nbgrader.

An attack is a notebook in percent format. Its first cell says what it tries and, as metadata, what it needs (walls),
what it may keep (earned: points by check; by default none) and whether its pages are looked at (page). Of the others,

- answer="..." replaces an answer; without one, answers are wrong: `loss` is always 7, `gradient` always zero,
- after=true follows every answer, just before its check,
- tags=["prepare"] is run by whoever hands it in, with `notebook`, `folder`, `course` (paths) and `name`,
- all others stand at the notebook's beginning, behind its imports.

What an attack is aimed at stands in `target.json` beside it. Every attack keeps to at most 300 processes, 6 GB of
memory, 1 GB of files and 60 s, to signals at processes of the test, and to connections to the test's own listener.
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from helpers.grading.marking.mending import LONGEST

FOLDER = Path(__file__).parent / "attacks"
STUDENT = "eve"
# Too long for its mistake to be looked for by mending it, which would take as long as all the rest; attacks on that
# bring their own answers.
LONG = "\n" + "# and nothing else\n" * (LONGEST // 18)
WRONG = {
    "loss": f"def loss(w, X, y):\n    return 7.0{LONG}",
    "gradient": f"def gradient(w, X, y):\n    return np.zeros_like(w){LONG}",
}


@dataclass(frozen=True)
class Attack:
    name: str
    says: str
    walls: bool = False  # does harm where there are none
    earned: dict[str, float] = field(default_factory=dict)
    page: bool = False
    cells: tuple[NotebookNode, ...] = ()


def attacks() -> list[Attack]:
    return [read(path) for path in sorted(FOLDER.glob("*.py"))]


def read(path: Path) -> Attack:
    first, *cells = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent").cells
    facts = {key: first.metadata[key] for key in ("walls", "earned", "page") if key in first.metadata}
    return Attack(path.stem, first.source, cells=tuple(cells), **facts)


def written(release: NotebookNode, answers: dict[str, str], cells: tuple[NotebookNode, ...] = ()) -> NotebookNode:
    """A release with answers (by grade_id) and further cells."""
    notebook = copy.deepcopy(release)
    more = {"first": [], "after": []}
    for cell in cells:
        if "prepare" in cell.metadata.get("tags", ()):
            continue
        if "answer" in cell.metadata:
            answers = answers | {cell.metadata["answer"]: cell.source}
        else:
            more["after" if cell.metadata.get("after") else "first"].append(cell)
    made = []
    for number, cell in enumerate(notebook.cells):
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in answers:
            cell.source = answers[name]
        made += [cell, *map(_plain, more["first"] if number == 1 else more["after"] if name in answers else ())]
    notebook.cells = made
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"handed-in-{number}"
    return notebook


def _plain(cell: NotebookNode) -> NotebookNode:
    make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
    return make(cell.source)


def hand_in(attack: Attack, course: Path, name: str, release: NotebookNode, target: dict[str, Any],
            student: str = STUDENT) -> None:
    """Put an attack into `submitted/<student>`."""
    notebook = written(release, WRONG, attack.cells)
    folder = course / "submitted" / student / name
    folder.mkdir(parents=True)
    (folder / "target.json").write_text(json.dumps({**target, "course": str(course)}))
    before = json.dumps(notebook)
    (folder / f"{name}.ipynb").write_text(before)
    for cell in attack.cells:
        if "prepare" in cell.metadata.get("tags", ()):
            exec(cell.source, {"notebook": notebook, "folder": folder, "course": course, "name": name})
    if json.dumps(notebook) != before:
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook))


class Acting(HTMLParser):
    """Finds what would act on a page that should not: scripts and handlers with the word that attacks use."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[str] = []
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.inside = tag
        self.found += [f"<{tag} {name}={value}" for name, value in attrs if "owned" in (value or "") and (
            name.startswith("on") or re.match(r"\W*(java|vb)script|data:(text|image/svg)", value, re.I))]

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside in ("script", "style") and "owned" in data:
            self.found.append(f"<{self.inside}>{data[:100]}")
