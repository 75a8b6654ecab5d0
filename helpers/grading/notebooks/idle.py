"""Answers that can be read and that no run defines: in a text cell, a comment, a file; and those that a cell of trials
has taken a name from, such as `sum` or `np`. A person looks before they count as absent or wrong."""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections.abc import Iterable, Mapping

from nbformat import NotebookNode
from nbgrader import utils

from helpers.checking.verdict import Verdict
from helpers.grading.notebooks.cells import is_check
from helpers.grading.notebooks.code import MAX_PARSED, Code, globals_of, parts, understood
from helpers.grading.notebooks.shape import Shape, plain_text

ALIKE = 0.75  # of two names, for one to be a slip of the other's
LOOK = "look whether the answer is there"
# What Python says of a number that is called, or asked for what a module has.
OTHER_THING = re.compile(r"` raises (?:TypeError|AttributeError): '\w{1,50}' object (?:is not|has no attribute)")


def idle_answers(notebook: NotebookNode, shape: Shape, verdicts: Mapping[str, Verdict],
                 files: Mapping[str, bytes]) -> dict[str, str]:
    """By a check's grade_id, why a person looks: it did not find its function, or found nothing written, and a cell of
    the graded notebook or one of the student's files (name → content) has it all the same."""
    asks: dict[str, str] = {}
    own = [cell for cell in notebook.cells if not is_check(cell) and not utils.is_locked(cell)
           and plain_text(cell.source) not in shape.seen]
    for check, verdict in verdicts.items():
        if any(not row.right and OTHER_THING.search(row.where) for row in verdict.rows):
            for answer, name in _taken(notebook, shape, shape.reads.get(check, frozenset())):
                asks.setdefault(check, f"`{answer}` uses `{name}`, which a cell binds to something else: look whether "
                                       "the answer is right without that")
        kinds = {row.kind for row in verdict.rows if not row.right}
        for name in sorted(shape.reads.get(check, ())) if kinds & {"missing", "not-written", "not-callable"} else ():
            if f"`{name}`" in " ".join(row.where for row in verdict.rows) or kinds == {"not-written"}:
                why = next(filter(None, _reasons(name, kinds, own, shape, files)), "")
                if why:
                    asks.setdefault(check, f"{why}: {LOOK}")
    return asks


def _taken(notebook: NotebookNode, shape: Shape, answers: frozenset[str]) -> Iterable[tuple[str, str]]:
    """Answers, with a name of Python's or of an import that they use and that a cell of the student's binds again."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and not is_check(cell)]
    codes = [understood(cell.source, shape.given) for cell in cells]
    imports = {alias.asname or alias.name.partition(".")[0] for code in codes if code.tree is not None
               for part in code.tree.body if isinstance(part, (ast.Import, ast.ImportFrom)) for alias in part.names}
    again = {node.id for code in codes if code.tree is not None for part in code.tree.body
             if not isinstance(part, (ast.FunctionDef, ast.ClassDef)) for node in ast.walk(part)
             if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for answer in sorted(answers):
        for code in codes:
            for name in sorted(globals_of(code, frozenset({answer})) & again & {*imports, *dir(builtins)}):
                yield answer, name


def _reasons(name: str, kinds: set[str], cells: list[NotebookNode], shape: Shape,
             files: Mapping[str, bytes]) -> Iterable[str]:
    codes = [(cell, understood(cell.source, shape.given)) for cell in cells if cell.cell_type == "code"]
    if not kinds <= {"not-written"}:
        ran = [cell for cell, code in codes if name in code.written and code.tree is not None
               and not any(output.get("output_type") == "error" for output in cell.get("outputs", ()))]
        if ran:
            yield (f"a cell defines `{name}`, but something else has its name when its check runs"
                   if "not-callable" in kinds else f"a cell defines `{name}`, but it is not there when its check runs")
    if "not-callable" in kinds or ("missing" not in kinds and any(
            name in code.written and not _is_behind_a_raise(code, name) for _, code in codes)):
        return
    begins = re.compile(rf"\bdef[ \t]+{re.escape(name)}[ \t]*\(|\b{re.escape(name)}[ \t]*=[ \t]*lambda\b")
    if "missing" in kinds:
        mine = {other for _, code in codes if code.tree is not None for other in code.written} - shape.names
        alike = [other for other in sorted(mine) if other.lower() == name.lower()]
        for other in alike or difflib.get_close_matches(name, sorted(mine), n=1, cutoff=ALIKE):
            yield f"`{name}` is not defined, but `{other}` is"
    for cell in cells:
        if cell.cell_type != "code" and begins.search(cell.source):
            yield f"`{name}` is written in a {'text' if cell.cell_type == 'markdown' else 'raw'} cell"
    for _, code in codes:
        if _is_behind_a_raise(code, name):
            yield f"`{name}` raises NotImplementedError before what is written in it"
        elif begins.search(_not_run(code, name, shape)):
            yield f"`{name}` is written where no run defines it: in a comment, a text, a class or another function"
    for label, content in sorted(files.items()):
        if label.endswith(".py") and not label.startswith("helpers/") and begins.search(
                content[:MAX_PARSED].decode("utf-8", "replace")):
            yield f"`{name}` is written in a file that was handed in beside the notebook"


def _not_run(code: Code, name: str, shape: Shape) -> str:
    """A cell's text without what a run defines by this name, without stubs, and without classes that are asked for; ""
    where it is no Python, which is told as such."""
    if code.tree is None:
        return code.source if code.source.lstrip().startswith("%%") else ""
    asked = {part.name for part in code.tree.body if isinstance(part, ast.ClassDef)} & shape.names
    return parts(code, frozenset({name, *asked}) | code.stubs, keep=False)


def _is_behind_a_raise(code: Code, name: str) -> bool:
    """Was the answer written beneath the stub's last line, which was left there?"""
    for part in code.tree.body if code.tree is not None else ():
        if isinstance(part, ast.FunctionDef) and part.name == name:
            return any(isinstance(line, ast.Raise) for line in part.body[:-1])
    return False
