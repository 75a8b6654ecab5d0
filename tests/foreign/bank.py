"""The assignments of this bank: one text each, read into source notebooks and submissions.

A line `== kind name` begins a part: `given` and `solution` cells, `test` cells with their points, `right` and `broken`
answers to a solution cell, `file`s beside the notebook, and `notebook` for a further one.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import v4

ASSIGNMENTS = Path(__file__).with_name("assignments")
KINDS = ("right", "untouched", "broken", "lies", "patches")
# Answers that answer everything as it is wished, in the place of every name that is asked for.
LIES = '''
class Liar:
    def __init__(self, *a, **k): pass
    def __call__(self, *a, **k): return self
    def __getattr__(self, name):
        if name.startswith("__"): raise AttributeError(name)
        return self
    def __iter__(self): return iter([self])
    def __bool__(self): return True
    def __len__(self): return 3
    def __getitem__(self, key): return self
    def __hash__(self): return 0
    def __contains__(self, item): return True
    def __float__(self): return 0.0
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __add__ = __sub__ = __rsub__ = __radd__ = __mul__ = __truediv__ = __abs__ = lambda self, *other: 0.0
'''
# What decides, replaced: in a process that shares it, anything passes.
PATCHES = '''
import builtins, os, sys, unittest
import numpy as _np, numpy.testing as _testing
for _name in dir(_testing):
    if _name.startswith("assert"):
        setattr(_testing, _name, lambda *a, **k: None)
        globals()[_name] = lambda *a, **k: None
for _name in dir(unittest.TestCase):
    if _name.startswith("assert"):
        setattr(unittest.TestCase, _name, lambda *a, **k: None)
_np.isclose = _np.allclose = lambda *a, **k: True
abs = all = any = isinstance = callable = lambda *a, **k: True
len = lambda *a: 3
try:
    _ip = get_ipython()
    _ip.run_cell = lambda *a, **k: None
    _ip.showtraceback = lambda *a, **k: None
except Exception:
    pass
'''


@dataclass
class Assignment:
    name: str
    notebooks: dict[str, list[tuple[str, str, str]]]  # (kind, name, text) of each cell
    answers: dict[tuple[str, str], str]  # by kind of submission and solution
    files: dict[str, str] = field(default_factory=dict)

    def source(self, notebook: str) -> nbformat.NotebookNode:
        return _notebook([_cell(kind, name, text) for kind, name, text in self.notebooks[notebook]])

    def submission(self, notebook: str, kind: str, release: nbformat.NotebookNode) -> nbformat.NotebookNode:
        """A student's notebook: the release with answers in it."""
        made = nbformat.from_dict(release)
        solutions = {name: text for what, name, text in self.notebooks[notebook] if what == "solution"}
        for cell in made.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if name in solutions and kind != "untouched":
                cell.source = self.answers.get((kind, name)) or _hostile(kind, solutions[name])
        return made


def _hostile(kind: str, solution: str) -> str:
    tree = ast.parse(solution)
    names = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    names += [target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets
              if isinstance(target, ast.Name)]
    if kind == "lies":
        return LIES + "\n".join(f"{name} = Liar()" for name in names)
    return PATCHES + "\n".join(f"def {name}(*a, **k): return None" for name in names)


def _cell(kind: str, name: str, text: str) -> nbformat.NotebookNode:
    words = name.split()
    info = {"schema_version": 3, "task": False, "grade_id": words[0] if words else "", "grade": kind == "test",
            "solution": kind == "solution", "locked": kind == "test"}
    if kind == "test":
        info["points"] = int(words[1])
    cell = v4.new_code_cell(text)
    if kind != "given":
        cell.metadata["nbgrader"] = info
    return cell


def _notebook(cells: list[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return v4.new_notebook(cells=cells, metadata={
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"}})


def read(path: Path) -> Assignment:
    found = Assignment(path.stem, {}, {})
    current = path.stem
    for part in re.split(r"(?m)^== ", path.read_text(encoding="utf-8"))[1:]:
        head, _, text = part.partition("\n")
        kind, _, name = head.strip().partition(" ")
        text = text.rstrip("\n")
        if kind == "notebook":
            current = name
        elif kind == "file":
            found.files[name] = text + "\n"
        elif kind in KINDS:
            found.answers[(kind, name)] = text
        else:
            found.notebooks.setdefault(current, []).append((kind, name, text))
    return found


def all_assignments() -> list[Assignment]:
    return [read(path) for path in sorted(ASSIGNMENTS.glob("*.txt"))]


def write_source(assignment: Assignment, course: Path) -> None:
    folder = course / "source" / assignment.name
    folder.mkdir(parents=True, exist_ok=True)
    for notebook in assignment.notebooks:
        nbformat.write(assignment.source(notebook), folder / f"{notebook}.ipynb")
    for name, text in assignment.files.items():
        (folder / name).write_text(text)


def hand_in(assignment: Assignment, course: Path, kinds: tuple[str, ...] = KINDS) -> None:
    """Submissions made of the release, one student for each kind."""
    release = course / "release" / assignment.name
    for kind in kinds:
        folder = course / "submitted" / kind / assignment.name
        folder.mkdir(parents=True, exist_ok=True)
        for notebook in assignment.notebooks:
            made = assignment.submission(notebook, kind, nbformat.read(release / f"{notebook}.ipynb", as_version=4))
            nbformat.write(made, folder / f"{notebook}.ipynb")
        for name, text in assignment.files.items():
            (folder / name).write_text(text)
