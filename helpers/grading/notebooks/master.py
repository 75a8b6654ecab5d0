"""Reads a master: one percent-format script per problem set, with questions, checks, mistakes and alternatives.

The cells are nbgrader's own, with nbgrader's own metadata; three tags are ours (`mistake`, `alternative`,
`experiment`). `read` refuses what could not be graded fairly, each complaint with the master's line number.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import jupytext

from helpers.grading.notebooks import guard
from helpers.grading.notebooks.cells import CHECKS_ALONE, EXPERIMENT, HELPERS_CELL
from helpers.grading.notebooks.included import with_includes

AUTHOR_ONLY = ("mistake", "alternative")
COMMENT = re.compile(r"(?m)^<!--.*-->[ \t]*\n?")
CODE_STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")


class MasterError(Exception):
    """What is wrong with a master; each problem is one line with the place and what to do."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass
class Cell:
    """One cell of a master; `line` is where its `# %%` stands (1-based)."""

    kind: str  # "code" or "markdown"
    source: str
    metadata: dict[str, Any]
    line: int
    id: str = ""
    begins: int = 0  # line of the master where its source begins

    @property
    def nbgrader(self) -> dict[str, Any]:
        found = self.metadata.get("nbgrader")
        return found if isinstance(found, dict) else {}

    @property
    def tags(self) -> list[str]:
        return list(self.metadata.get("tags", ()))

    @property
    def grade_id(self) -> str:
        return str(self.nbgrader.get("grade_id", ""))

    @property
    def author_only(self) -> bool:
        return any(tag in AUTHOR_ONLY for tag in self.tags)

    @property
    def given_out(self) -> bool:
        """Whether it is a cell of the source notebook: the author's own is not, nor one of nothing but comments."""
        return not self.author_only and bool(self.shown.strip() or not self.source.strip())

    @property
    def shown(self) -> str:
        """The text without lines that only the author needs: HTML comments of a Markdown cell."""
        return COMMENT.sub("", self.source) if self.kind == "markdown" else self.source

    @property
    def is_question(self) -> bool:
        return self.kind == "code" and bool(self.nbgrader.get("solution")) and not self.nbgrader.get("grade")

    @property
    def is_check(self) -> bool:
        return self.kind == "code" and bool(self.nbgrader.get("grade")) and not self.nbgrader.get("solution")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    def defined(self) -> list[str]:
        """Names that the cell binds at its top level, in order."""
        return list(dict.fromkeys(defined_names(self.tree)))


@dataclass
class Question:
    """A solution cell with its checks, known mistakes and alternative right answers."""

    cell: Cell
    checks: list[Cell] = field(default_factory=list)
    mistakes: list[Cell] = field(default_factory=list)
    alternatives: list[Cell] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.cell.grade_id

    @property
    def points(self) -> float:
        return sum(float(check.nbgrader.get("points", 0)) for check in self.checks)


@dataclass
class Master:
    name: str  # of the problem set: ps1_two_layer_nets
    cells: list[Cell]
    questions: dict[str, Question]
    text: str = ""  # as it was read, with what it includes


def defined_names(tree: ast.Module) -> Iterator[str]:
    """Names bound by top-level statements, also inside `if`, `with`, `try` and loops, but not inside functions."""
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop(0)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
            continue
        if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        pending.extend(ast.iter_child_nodes(node))


def used_names(tree: ast.AST) -> set[str]:
    """Names that are read, except those that the same text binds as an argument or in a comprehension."""
    nodes = list(ast.walk(tree))
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    bound = {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {target.id for node in nodes if isinstance(node, ast.comprehension)
              for target in ast.walk(node.target) if isinstance(target, ast.Name)}
    return read - bound


def stub_of(source: str) -> str:
    """A solution cell as nbgrader's ClearSolutions leaves it."""
    lines, inside, replaced = [], False, False
    for line in source.split("\n"):
        if "BEGIN SOLUTION" in line:
            indent = line[:len(line) - len(line.lstrip())]
            lines += [indent + stub for stub in CODE_STUB]
            inside = replaced = True
        elif "END SOLUTION" in line:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines) if replaced else "\n".join(CODE_STUB)


def solution_regions(source: str) -> list[list[str]]:
    """The lines between solution markers, stripped; the whole cell where there are no markers."""
    regions: list[list[str]] = []
    current: list[str] | None = None
    for line in source.split("\n"):
        if "BEGIN SOLUTION" in line:
            current = []
        elif "END SOLUTION" in line and current is not None:
            regions.append(current)
            current = None
        elif current is not None and line.strip():
            current.append(line.strip())
    return regions or [[line.strip() for line in source.split("\n") if line.strip()]]


def read(path: Path) -> Master:
    """Read and prove a master.

    Raises:
        MasterError: with every problem found.
        FileNotFoundError: if there is no such file.
    """
    return parse(path.read_text(encoding="utf-8"), path.stem, str(path))


def parse(text: str, name: str, where: str = "") -> Master:
    """`read` for a text at hand; `where` is the place named in complaints."""
    folder = Path(where).parent if where else None
    text_to_read, unreadable = guard.readable(text)
    whole, absent = with_includes(text_to_read, folder)
    notebook = jupytext.reads(whole, fmt="py:percent")
    lines = text.splitlines()
    starts = [number for number, line in enumerate(lines, 1) if re.match(r"# ?%%(\s|$)", line)]
    if len(starts) != len(notebook.cells):  # text before the first marker is a cell of its own
        starts = [0] * (len(notebook.cells) - len(starts)) + starts
    cells = [Cell(c.cell_type, c.source, dict(c.metadata), max(line, 1), begins=_first_line(lines, line, c.source))
             for c, line in zip(notebook.cells, starts)]
    problems = _Problems(where or name)
    problems.found += [f"{problems.where}:{line}: {what}" for line, what in unreadable + absent]
    master = Master(name, cells, {}, with_includes(text, folder)[0])
    _complete_metadata(cells, problems)
    _give_ids(master)
    _gather_questions(master, problems)
    _prove(master, problems)
    if problems.found:
        raise MasterError(problems.found)
    return master


def _first_line(lines: list[str], marker: int, source: str) -> int:
    """The number of the line where a cell's text begins; jupytext may leave out blank lines behind the marker."""
    number = marker + 1
    while number < len(lines) and not lines[number - 1].strip():
        number += 1
    return number - (len(source) - len(source.lstrip("\n")))


class _Problems:
    def __init__(self, where: str):
        self.where = where
        self.found: list[str] = []

    def add(self, cell: Cell, what: str, line: int | None = None) -> None:
        self.found.append(f"{self.where}:{cell.line if line is None else line}: {what}")


def _complete_metadata(cells: list[Cell], problems: _Problems) -> None:
    """Compute nbgrader's metadata from the little that a master says."""
    for cell in cells:
        given = cell.nbgrader
        for what in guard.options(cell.metadata):
            problems.add(cell, what)
        wrong = guard.syntax(cell.source) if cell.kind == "code" else None
        if wrong:
            problems.add(cell, f"the cell is not valid Python: {wrong[1]}", cell.begins + wrong[0])
            cell.source = "pass"
        if not given:
            continue
        if not given.get("grade_id"):
            problems.add(cell, 'a cell with nbgrader metadata has no grade_id: add "grade_id": "some-name"')
        grade, solution = bool(given.get("grade")), bool(given.get("solution"))
        full = {"grade": grade, "grade_id": cell.grade_id, "schema_version": 3, "solution": solution,
                "locked": bool(given.get("locked", grade and not solution)), "task": False}
        if grade and not wrong:
            full["points"], what = guard.points_of(cell.tree if cell.kind == "code" else None, given, cell.grade_id)
            if what:
                problems.add(cell, what)
        elif "points" in given:
            problems.add(cell, f"the cell `{cell.grade_id}` has points and is not graded: points stand in the call of "
                               "a check, or beside a written question's \"grade\": true")
        cell.metadata["nbgrader"] = full
    for cell in cells:
        for what in guard.markers(cell.source, bool(cell.nbgrader.get("solution")), cell.is_check, cell.author_only):
            problems.add(cell, what)


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _give_ids(master: Master) -> None:
    """Stable ids: nbgrader's name where there is one, else a digest of the text (and a count for twins)."""
    seen: dict[str, int] = {}
    for cell in master.cells:
        digest = hashlib.sha256(f"{master.name}\n{cell.source}".encode()).hexdigest()[:12]
        base = re.sub(r"[^A-Za-z0-9_-]", "-", cell.grade_id)[:60] or digest
        seen[base] = seen.get(base, 0) + 1
        cell.id = base if seen[base] == 1 else f"{base}-{seen[base]}"


def _gather_questions(master: Master, problems: _Problems) -> None:
    latest: Question | None = None
    ids: dict[str, Cell] = {}
    for cell in master.cells:
        if cell.author_only:
            continue
        if cell.grade_id in ids:
            problems.add(cell, f"grade_id `{cell.grade_id}` was used in line {ids[cell.grade_id].line}: "
                               "give one of the two another name")
        elif cell.grade_id:
            ids[cell.grade_id] = cell
        if cell.is_question:
            latest = master.questions.setdefault(cell.grade_id, Question(cell))
        elif cell.is_check and latest is not None:
            latest.checks.append(cell)
        elif cell.is_check:
            problems.add(cell, f"the check `{cell.grade_id}` stands before any question: move it behind its question")
    for cell in master.cells:
        if cell.author_only:
            _file_under_question(master, cell, problems)


def _file_under_question(master: Master, cell: Cell, problems: _Problems) -> None:
    kind = next(tag for tag in cell.tags if tag in AUTHOR_ONLY)
    question = master.questions.get(str(cell.metadata.get("question", "")))
    if question is None:
        asked = str(cell.metadata.get("question", ""))
        problems.add(cell, f"the {kind} belongs to the question `{asked}`, which does not exist"
                           f"{guard.nearest(asked, master.questions)}: name a grade_id in question=\"…\"")
        return
    if kind == "mistake" and not cell.metadata.get("says"):
        problems.add(cell, 'the mistake says nothing: add says="…", the sentence its author should read')
    absent = [name for name in question.cell.defined() if name not in cell.defined()]
    if absent:
        problems.add(cell, f"the {kind} for `{question.name}` does not define {', '.join(absent)}: "
                           "it replaces the whole solution cell")
    (question.mistakes if kind == "mistake" else question.alternatives).append(cell)


def _prove(master: Master, problems: _Problems) -> None:
    owners: dict[str, Cell] = {}
    for question in master.questions.values():
        if not question.checks:
            problems.add(question.cell, f"the question `{question.name}` has no check: add a check cell behind it")
        stub = stub_of(question.cell.source)
        if not _parses(stub):
            problems.add(question.cell, f"the stub of `{question.name}` does not parse once its solution is taken "
                                        "out: put the markers around whole statements")
        for name in question.cell.defined():
            if name in owners:
                problems.add(question.cell, f"`{name}` is also defined by the question in line "
                                            f"{owners[name].line}: a name belongs to one question")
            owners[name] = question.cell
        for check in question.checks:
            _prove_asked(master, question, check, problems)
    for cell in master.cells:
        if cell.is_check:
            _prove_check(cell, problems)
        elif cell.kind == "code" and not cell.author_only and not cell.nbgrader.get("solution"):
            _prove_no_copy(master, cell, problems)
        if cell.kind == "code" and not cell.author_only:
            for line, what in guard.unknown_checks(cell.tree):
                problems.add(cell, what, cell.begins + line)
    _prove_experiments(master, problems)


def _prove_asked(master: Master, question: Question, check: Cell, problems: _Problems) -> None:
    """A check reads something of the question that it stands behind; else that question has lost its metadata."""
    read = used_names(check.tree)
    if read & {*question.cell.defined()}:
        return
    others = [other for other in master.questions.values() if read & {*other.cell.defined()}]
    reads = f"it reads what `{others[0].name}` defines, in line {others[0].cell.line}: move it there" if others else (
        "it reads nothing that a question defines: is a cell before it not marked \"solution\": true?")
    problems.add(check, f"the check `{check.grade_id}` has no question: the one before it is `{question.name}`, in "
                        f"line {question.cell.line}, and {reads}")


def _prove_no_copy(master: Master, cell: Cell, problems: _Problems) -> None:
    for question in master.questions.values():
        if guard.same_beginning(question.cell.tree, cell.tree):
            problems.add(cell, f"the cell begins like the solution of `{question.name}` in line {question.cell.line} "
                               "and would be published as it is: tag it mistake or alternative, or take it out")


def _prove_check(cell: Cell, problems: _Problems) -> None:
    assigned = cell.defined() + [
        node.target.id for node in ast.walk(cell.tree) if isinstance(node, ast.NamedExpr)]
    if assigned:
        problems.add(cell, f"the check `{cell.grade_id}` assigns {', '.join(dict.fromkeys(assigned))}: a check assigns "
                           "no names; move the assignment to a locked cell before it")


def _prove_experiments(master: Master, problems: _Problems) -> None:
    """A check must not read what only an experiment makes: grading does not run experiments."""
    elsewhere: set[str] = set()
    in_experiments: set[str] = set()
    for cell in master.cells:
        if cell.kind == "code" and not cell.author_only:
            (in_experiments if EXPERIMENT in cell.tags else elsewhere).update(cell.defined())
    for cell in master.cells:
        if cell.is_check:
            lost = sorted(used_names(cell.tree) & (in_experiments - elsewhere))
            if lost:
                problems.add(cell, f"the check `{cell.grade_id}` reads {', '.join(lost)}, which only an experiment "
                                   "defines; grading does not run experiments: define it elsewhere")


def first_difference(master: Master, source: Any) -> str:
    """The first cell of a source notebook that is not what the master says, in words; "" if there is none."""
    def facts(kind: str, text: str, info: dict[str, Any]) -> tuple:
        return kind, text.removeprefix(CHECKS_ALONE).strip(), info.get("grade_id"), float(info.get("points") or 0)

    wanted = [facts(cell.kind, cell.shown, cell.nbgrader) for cell in master.cells if cell.given_out]
    there = [facts(cell.cell_type, cell.source, cell.metadata.get("nbgrader") or {}) for cell in source.cells
             if cell.get("id") != HELPERS_CELL]
    for number in range(max(len(wanted), len(there))):
        one, other = wanted[number:number + 1], there[number:number + 1]
        if one != other:
            name = next((part[0][2] for part in (one, other) if part and part[0][2]), None)
            return f"`{name}`" if name else f"cell {number + 1}"
    return ""
