"""Plain tests, as any nbgrader course has them: cells of `assert`s and the like, without this kit's checks.

Way "a": in the grader, where the student's names are stand-ins and all else comes from the assignment: nobody can forge
the verdict. Way "b": inside the walls, in the student's own process after their cells, as nbgrader does it.
"""

from __future__ import annotations

import ast
import contextlib
import io
import mmap
import os
import re
import shutil
import subprocess
import sys
import tempfile
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, TypeGuard

from helpers.grading.marking.bounds import ends_after, within
from helpers.grading.marking.quiet import Bounded, quietly
from helpers.grading.marking.watching import WATCH
from helpers.grading.notebooks.cells import EXPERIMENT, grade_id_of, info_of, is_check
from helpers.grading.notebooks.code import understood
from helpers.grading.notebooks.ipython import python_of, tree_of
from helpers.grading.notebooks.master import defined_names, used_names
from helpers.grading.notebooks.shape import HIDDEN, without_hidden_tests
from helpers.grading.sandbox.asking import Asking
from helpers.grading.sandbox.asks import Asked, Asks
from helpers.grading.sandbox.asserts import Tested, compiled, flags_of, run_code, run_test
from helpers.grading.sandbox.given import is_data
from helpers.grading.sandbox.likeness import Likeness
from helpers.grading.sandbox.process import SubmissionProcess
from helpers.grading.sandbox.raised import NotSupportedHere, ProcessGone, StandIn
from helpers.grading.sandbox.replacing import nothing_replaced_behind
from helpers.grading.sandbox.shared import CHANGE_THEMSELVES
from helpers.grading.sandbox.written import Written

# Functions of Python's, numpy's and others' that change their first argument.
CHANGE_THE_FIRST = frozenset({
    "copyto", "fill_diagonal", "heapify", "heappop", "heappush", "heappushpop", "heapreplace", "insort", "insort_left",
    "insort_right", "place", "put", "put_along_axis", "putmask", "setattr", "shuffle"})
QUIET_MAGICS = ("matplotlib", "config", "load_ext", "reload_ext", "autoreload", "pylab", "precision", "pip", "conda")
QUIET_PROGRAMS = re.compile(r"\s*(pip|pip3|conda|mamba|apt|apt-get|python3? -m pip)\b")
A_MODULE = "a module in the place of something else"
STUCK = "what the test computes with the answer took too long and could not be interrupted"
SHELL_SECONDS = 60
GRACE = 2  # seconds of processor time, between asking a test to stop and ending the process that it runs in
CELL_SECONDS = 300.0  # of processor time, for a cell of the assignment's own


def is_plain(source: str) -> bool:
    """Is it a test of a notebook's own, not a check of this kit's?"""
    tree = tree_of(source)
    last = tree.body[-1].value if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    return not (isinstance(last, ast.Call) and isinstance(last.func, ast.Attribute)
                and isinstance(last.func.value, ast.Name) and last.func.value.id == "check")


@dataclass
class PlainCheck:
    """A plain test of an assignment: its text as Python, and what it binds, reads and changes.

    points: its most. counts: its last value is a number of points, as nbgrader takes one for a part of them.
    """

    grade_id: str
    source: str  # transparent magics taken away
    whole: str  # as IPython would run it
    binds: set[str]
    reads: set[str]
    changes: set[str] = field(default_factory=set)  # what it may change in place
    imports: list[str] = field(default_factory=list)  # import lines of given cells for names that it reads
    delimiters: tuple[str, str] = HIDDEN
    points: float = 0.0
    counts: bool = False

    @property
    def visible(self) -> str:
        """`whole` without its hidden tests; nothing where the rest is no Python."""
        text = without_hidden_tests(self.whole, self.delimiters)
        return text if tree_of(text).body else ""

    def out_of_range(self, value: str) -> bool:
        """Does a last value stand for points that there are not? Others say nothing about points."""
        number = _number(value)
        if number is None:
            return self.counts
        return not 0 <= number <= self.points if self.counts else number > self.points

    def hidden(self, lineno: int) -> bool:
        """Is this line of the text a hidden test?"""
        inside, (begin, end) = False, self.delimiters
        for number, line in enumerate(self.source.split("\n"), 1):
            inside = inside or begin in line
            if number == lineno:
                return inside
            if end in line:
                inside = False
        return False


class Names(dict):
    """The names of a test: the assignment's own, and in grading the student's, asked of their process when read."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.asking: Asking | None = None
        self.theirs: frozenset[str] = frozenset()
        self.own: set[str] = set()  # bound by tests since
        self.modules: dict[str, types.ModuleType] = {}  # names that are modules in the assignment
        self.exceptions: frozenset[str] = frozenset()  # names that are classes of exceptions of the assignment's own
        self._seen: dict[str, tuple[int, bool, Any]] = {}

    def go_live(self, asking: Asking, theirs: Iterable[str]) -> None:
        """From now on the names in `theirs` are the student's."""
        self.asking, self.theirs = asking, frozenset(theirs)
        self.own.clear()
        for name in self.theirs:
            self.pop(name, None)

    def _asked(self, name: Any) -> bool:
        return self.asking is not None and name in self.theirs and name not in self.own

    def __getitem__(self, name: Any) -> Any:
        if not self._asked(name):
            return super().__getitem__(name)
        assert self.asking is not None
        epoch, there, value = self._seen.get(name, (-1, False, None))
        if epoch != self.asking.epoch and not (there and isinstance(value, Likeness)):
            there, value = self.asking.look(name)
            if isinstance(value, types.ModuleType) and value is not self.modules.get(name):
                raise self.asking.refuse(A_MODULE)  # whose functions would run here
            if there and name in self.exceptions and not _is_own_exception(value, StandIn):
                raise self.asking.refuse("another thing in the place of an exception class of one's own")
            value = self.asking.bounded(value)
            self._seen[name] = self.asking.epoch, there, value
        if not there:
            raise KeyError(name)
        return value

    def get(self, name: Any, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def __contains__(self, name: Any) -> bool:
        if not self._asked(name):
            return super().__contains__(name)
        return self.get(name, self) is not self

    def __setitem__(self, name: Any, value: Any) -> None:
        self.own.add(name)
        super().__setitem__(name, value)

    def __delitem__(self, name: Any) -> None:
        super().__delitem__(name)
        self.own.discard(name)


class PlainReference:
    """The assignment's own code, executed here once, in a folder with the assignment's own files.

    before: what was bound where each plain test stands; by_tests: which of it an earlier test binds. theirs: names
    that a student's cells decide. delimiters: what nbgrader's configuration says that a hidden test begins and ends
    with.
    """

    def __init__(self, name: str, cells: list[Any], files: Mapping[str, bytes],
                 delimiters: tuple[str, str] = HIDDEN):
        self.name, self.delimiters = name, delimiters
        self.namespace = Names(__name__="__main__")
        self.files = dict(files)
        self.folder = _folder_with(files)
        Finalize(None, shutil.rmtree, args=(str(self.folder), True), exitpriority=1)
        self.checks: dict[str, PlainCheck] = {}
        self.before: dict[str, dict[str, Any]] = {}
        self.by_tests: dict[str, frozenset[str]] = {}
        self.raised: list[str] = []
        self._by_tests: set[str] = set()  # names that a test has bound last: in grading it has to do so again
        self.theirs = _decided_by_students(cells)
        self.cells = cells
        self._needed: dict[frozenset[str], set[str]] = {}
        dict.__setitem__(self.namespace, "get_ipython", lambda: _Shell(self.namespace))
        with in_folder(self.folder), nothing_replaced_behind():
            self._execute(cells)

    def _execute(self, cells: list[Any]) -> None:
        imports: dict[str, str] = {}
        for number, cell in enumerate(cells, 1):
            if cell.cell_type != "code" or EXPERIMENT in cell.metadata.get("tags", ()):
                continue
            if is_check(cell) and not is_plain(cell.source):
                continue
            if is_check(cell):
                self._take(cell, imports)
            elif not info_of(cell).get("solution"):
                imports |= _imports(tree_of(cell.source))
            self.namespace.own.clear()
            try:
                with quietly(io.StringIO()), within(CELL_SECONDS):
                    self._run(cell, f"<{self.name}, cell {number}>")
            except Exception as error:
                self.raised.append(f"cell {number}: {type(error).__name__}: {error}")
            except SystemExit:
                self.raised.append(f"cell {number} ends the notebook")
            self._by_tests = self._by_tests | self.namespace.own if is_check(cell) else (
                self._by_tests - self.namespace.own)

    def needed(self, inside: frozenset[str]) -> set[str]:
        """The tests that run in the student's process as well if those inside run there only; found once a class."""
        if inside not in self._needed:
            self._needed[inside] = echoed(self.cells, self.checks, inside)
        return self._needed[inside]

    def _run(self, cell: Any, name: str) -> None:
        if not is_check(cell):
            code = compile(python_of(cell.source), name, "exec", flags_of(self.namespace), True)
            run_code(code, self.namespace)
            return
        statements, last = compiled(python_of(cell.source), name, flags_of(self.namespace))
        check = self.checks[grade_id_of(cell)]
        run_code(statements, self.namespace)
        value = run_code(last, self.namespace) if last else None
        number = _number(repr(value)) if value is not None else None
        check.counts = number is not None and 0 <= number <= check.points

    def data_of(self, names: Iterable[str]) -> set[str]:
        """Those of some names that are plain data: what a test changes there it changes here alone."""
        return {name for name in names if is_data(self.namespace.get(name))}

    def go_live(self, asking: Asking) -> None:
        """From now on the names that a student's cells decide are the student's."""
        self.namespace.modules = {name: value for name in self.theirs
                                  if isinstance(value := self.namespace.get(name), types.ModuleType)}
        self.namespace.exceptions = frozenset(name for name in self.theirs
                                              if _is_own_exception(self.namespace.get(name), BaseException))
        self.namespace.go_live(asking, self.theirs)
        asking.know({name: value for name, value in self.namespace.items() if isinstance(value, type)
                     and value.__module__ == "__main__" and name not in self.theirs and name not in self._by_tests})

    def _take(self, cell: Any, imports: dict[str, str]) -> None:
        name, tree = grade_id_of(cell), tree_of(cell.source)
        reads = used_names(tree) | {
            name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
        self.before[name] = {key: value for key, value in self.namespace.items() if key not in self._by_tests}
        self.by_tests[name] = frozenset(self._by_tests)
        self.checks[name] = PlainCheck(name, python_of(cell.source), python_of(cell.source, transparent=False),
                                       set(defined_names(tree)), reads, _changed(tree),
                                       list(dict.fromkeys(line for bound, line in imports.items() if bound in reads)),
                                       self.delimiters, float(info_of(cell).get("points") or 0))


def _is_own_exception(value: Any, base: type) -> bool:
    """Is it a class of exceptions that somebody has written, and none of Python's, which catches what others raise?"""
    return isinstance(value, type) and issubclass(value, BaseException) and issubclass(value, base) and (
        value.__module__ != "builtins")


def _number(text: str) -> float | None:
    """What nbgrader takes for a number of points."""
    try:
        return float(text)
    except ValueError:
        return None


def _read_anywhere(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {
        name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}


def _imports(tree: ast.Module) -> dict[str, str]:
    """The import lines of a cell, by the names that they bind."""
    found = {}
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                found[alias.asname or alias.name.split(".")[0]] = ast.unparse(node)
    return found


def _decided_by_students(cells: list[Any]) -> set[str]:
    """Names of solution cells, given variables that these change in place, and what given statements compute from
    either or change with it; not functions and modules that are given."""
    theirs: set[str] = set()
    variables: set[str] = set()  # that given cells bind
    given: set[str] = set()  # modules, functions and classes
    users: dict[str, set[str]] = {}  # given functions that use the student's, and what they change
    for cell in cells:
        if cell.cell_type != "code" or is_check(cell):
            continue
        tree = tree_of(cell.source)
        given |= {*_imports(tree)}
        if info_of(cell).get("solution"):
            theirs |= {*defined_names(tree)} - {*_imports(tree)}
            for statement in tree.body:
                within_it = _locals(statement) if _is_definition(statement) else set()
                theirs |= (_changed(statement) & variables) - within_it
            continue
        for statement in tree.body:
            used = used_names(statement)
            uses = used & (theirs | users.keys())
            changes = _changed(statement) | {name for user in used & users.keys() for name in users[user]}
            if _is_definition(statement):
                given.add(statement.name)
                users |= {statement.name: changes - _locals(statement)} if uses else {}
                continue
            variables |= {*defined_names(ast.Module([statement], []))} - {*_imports(tree)}
            if uses:
                theirs |= {*defined_names(ast.Module([statement], []))} | (changes - given)
    return theirs


def _changed(tree: ast.AST) -> set[str]:
    """Names of what a text changes in place, as far as that can be read from it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            found |= _base(node.value)
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in CHANGE_THEMSELVES and isinstance(node.func, ast.Attribute):
                found |= _base(node.func.value)
            if name in CHANGE_THE_FIRST and node.args:
                found |= _base(node.args[0])
        elif isinstance(node, ast.Global):
            found |= {*node.names}
    for node in ast.walk(tree):  # `for row in rows.values(): row["n"] = 1` changes `rows`
        if isinstance(node, ast.For) and found & _read_anywhere(node.target):
            found |= _read_anywhere(node.iter)
    return found


def _is_definition(statement: ast.stmt) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    return isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def _base(node: ast.AST) -> set[str]:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _locals(tree: ast.AST) -> set[str]:
    nodes = list(ast.walk(tree))
    bound = {node.arg for node in nodes if isinstance(node, ast.arg)} | {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)} | {
        node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and node is not tree}
    return bound - {name for node in nodes if isinstance(node, ast.Global) for name in node.names}


def echoed(cells: list[Any], checks: Mapping[str, PlainCheck], inside: Iterable[str]) -> set[str]:
    """Tests that bind names which the student's process reads later: they have to run there as well."""
    needed: set[str] = set()
    binds: set[str] = set().union(*(check.binds for check in checks.values()))
    if not binds:
        return needed
    inside = set(inside)
    readers = [(number, cell) for number, cell in enumerate(cells) if cell.cell_type == "code"
               and (grade_id_of(cell) not in checks or grade_id_of(cell) in inside)]
    reads = read_within([cell for _, cell in readers])
    at_once = [(number, _read_anywhere(_tree(cell)) & binds) for number, cell in readers]
    for number, cell in enumerate(cells):
        mine = checks.get(grade_id_of(cell))
        if mine is not None and (reads & mine.binds or any(n > number and names & mine.binds for n, names in at_once)):
            needed.add(mine.grade_id)
    return needed


def read_within(cells: list[Any]) -> set[str]:
    """Names that functions of these cells read and do not bind themselves: whenever they are called."""
    found: set[str] = set()
    waiting: list[tuple[ast.AST, frozenset[str]]] = [(_tree(cell), frozenset()) for cell in cells]
    while waiting:  # each with what the functions around it bind
        node, around = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            around |= _locals(node)
            found |= _read_anywhere(node) - around
        waiting += [(child, around) for child in ast.iter_child_nodes(node)]
    return found


def _tree(cell: Any) -> ast.Module:
    """A cell's syntax tree, whoever wrote it; an empty one of what is too long, or no Python."""
    return understood(cell.source).tree or ast.Module([], [])


class PlainRun:
    """The plain tests of one submission. In way "a" it changes what the process has executed: use a fork of it, made
    after this object, so that what holds for the whole class is found in the process that stays.

    cells: the submission's. inside: the tests that run in the student's process. asks: by test, what is asked of the
    solution's own things; None: that is being found out. stuck: a test that has ended such a fork, by its grade_id.
    """

    def __init__(self, reference: PlainReference, student: SubmissionProcess, cells: list[Any],
                 inside: Iterable[str], asks: Mapping[str, Asked] | None, folder: Path | None = None,
                 stuck: str = ""):
        self.reference, self.student, self.folder = reference, student, folder or reference.folder
        self.inside = frozenset(inside)
        self._needed = reference.needed(self.inside)
        self._wished = echoed(cells, reference.checks, self.inside)
        self.asks = Asks(asks, ("<test ", f"<{reference.name}, cell "))
        self.asking: Asking | None = None
        self._written: Written | None = None
        self._stuck, self._under_way = stuck, mmap.mmap(-1, 8)  # which a fork shares with who waits for it
        self._ran = 0  # how much had run in the student's process when their names were asked for last

    def grade(self, grade_id: str) -> tuple[list[dict[str, Any]], str]:
        """Outputs of a test, and why it could not run in the grader, if it could not."""
        check = self.reference.checks[grade_id]
        if grade_id in self.inside:
            said, outputs = self.student.test(check.whole, f"<test {grade_id}>", check.imports)
            return _as_outputs(check, _tested(said), [o for o in outputs if o["output_type"] != "error"]), ""
        if grade_id == self._stuck:
            return _as_outputs(check, Tested(error="TooLong", message=STUCK), []), ""
        with self._marked(grade_id), ends_after(self.student.limits.cell_seconds + GRACE):
            tested, printed, refused = self._here(check)
        if grade_id in self._needed:
            self.student.test(check.whole, f"<test {grade_id}>", check.imports)
        elif grade_id in self._wished:  # the student's own cells ask for it: they get what they had seen
            self.student.test(check.visible, f"<test {grade_id}>", check.imports)
        return _as_outputs(check, tested, printed), refused

    @contextlib.contextmanager
    def _marked(self, grade_id: str) -> Iterator[None]:
        self._under_way[:] = (1 + [*self.reference.checks].index(grade_id)).to_bytes(8, "little")
        yield
        self._under_way[:] = bytes(8)

    def under_way(self) -> str:
        """The test that a fork was at when it ended, if it was at one."""
        number = int.from_bytes(self._under_way[:], "little")
        return [*self.reference.checks][number - 1] if number else ""

    def unsure(self, refused: Mapping[str, str]) -> dict[str, str]:
        """Of tests that could not run here, those whose visible part passes in the student's process: by grade_id, why
        a person has to look. They gave nothing, for an object of the student's would have decided."""
        found = {}
        for grade_id, why in refused.items():
            text = self.reference.checks[grade_id].visible if why != A_MODULE else ""  # no honest answer is one
            if text and self.student.test(text, f"<test {grade_id}>", self.reference.checks[grade_id].imports)[0][
                    "passed"]:
                found[grade_id] = f"it passes in the notebook, but asks for {why}, and was not taken at its word"
        return found

    def _here(self, check: PlainCheck) -> tuple[Tested, list[dict[str, Any]], str]:
        names, asking = self.reference.namespace, self._asking()
        asking.written = None if "get_ipython()" in check.source else self._written  # a program could run a file
        asking.begin(check.grade_id)
        looks = False
        if self._ran != self.student.ran:  # a cell since the last test: a name may be another thing now
            self._ran, asking.epoch = self.student.ran, asking.epoch + 1
            looks = asking.written is not None
        names.own &= self.reference.by_tests[check.grade_id]  # what a later cell binds is that cell's
        self.student.stand_in, self.student.given_to = asking.stand_in, asking.given_to
        before = self.reference.before[check.grade_id]
        for name in [*names.keys()]:
            if name not in names.own and name not in before:
                dict.__delitem__(names, name)
        for name, value in before.items():
            if name not in names.own and name not in names.theirs:
                dict.__setitem__(names, name, value)
        said, complained = (Bounded(self.student.limits.output_bytes) for _ in range(2))
        try:
            if looks:
                asking.look_for_files(self.folder)
            with quietly(said), contextlib.redirect_stderr(complained), WATCH.over(
                    check.whole, self.folder, self.reference.files, asking.refuse):
                tested = run_test(check.source, f"<test {check.grade_id}>", names)
                if tested.passed and asking.meddled:
                    self._again(check, names, asking)
                asking.end()
        finally:
            self.student.stand_in = self.student.given_to = None
        if asking.gone or asking.refused:  # whatever the test made of that
            why = asking.gone or f"{asking.refused} is not supported here"
            kind = ProcessGone if asking.gone else NotSupportedHere
            tested = Tested(False, "", kind.__name__, why, tested.lineno)
        return tested, [*_printed(said.getvalue()), *_printed(complained.getvalue(), "stderr")], asking.refused

    def _again(self, check: PlainCheck, names: Names, asking: Asking) -> None:
        """Run a test that has passed once more, where calls change nothing in place that the solution leaves as it is:
        what was compared may have been made equal."""
        asking.copies = True
        try:
            with contextlib.redirect_stdout(Bounded(0)), contextlib.redirect_stderr(Bounded(0)):
                tested = run_test(check.source, f"<test {check.grade_id}>", names)
        finally:
            asking.copies = False
        if not tested.passed:
            asking.refuse("an argument changed in place that the test goes on with")

    def _asking(self) -> Asking:
        if self.asking is None:
            self.asking = Asking(self.student, self.student.limits.cell_seconds, self.asks)
            self.reference.go_live(self.asking)
            os.chdir(self.folder)
            self._written = Written(self.folder, guards=True)
            tempfile.tempdir = str(self.folder)  # files that a test makes for itself are its own, too
            sys.path.insert(0, str(self.folder))
        return self.asking


def _tested(said: dict[str, Any]) -> Tested:
    """What a student's process says of a test, as data of known kinds."""
    def text(key: str, length: int) -> str:
        return said[key][:length] if isinstance(said.get(key), str) else ""

    compared, lineno = said.get("compared"), said.get("lineno")
    parts = [part[:300] for part in compared if isinstance(part, str)] if isinstance(compared, (tuple, list)) else []
    return Tested(said.get("passed") is True, text("value", 10_000), text("error", 100) or "NotGraded",
                  text("message", 2_000), lineno if type(lineno) is int and 0 <= lineno < 10**6 else 0,
                  (parts[0], parts[1]) if len(parts) == 2 else ("", ""))


def _printed(text: str, name: str = "stdout") -> list[dict[str, Any]]:
    """A stream of output; for one on stderr nbgrader gives no points, whatever else a test does."""
    return [{"output_type": "stream", "name": name, "text": text}] if text else []


def _as_outputs(check: PlainCheck, tested: Tested, outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What nbgrader reads a mark from: an error, or a last value, which gives part of the points if it is a number."""
    if tested.passed and check.out_of_range(tested.value):
        said = (f"The test ends with {tested.value[:100] or 'no number'}, and that is no number of points from 0 to "
                f"{check.points:g}")
        return [*outputs, {"output_type": "error", "ename": "ValueError", "evalue": said, "traceback": [said]}]
    if tested.passed:
        value = [{"output_type": "execute_result", "data": {"text/plain": tested.value}, "metadata": {},
                  "execution_count": None}] if tested.value else []
        return [*outputs, *value]
    lines = check.source.split("\n")
    statement = lines[tested.lineno - 1].strip() if 0 < tested.lineno <= len(lines) else ""
    said = f"{tested.error}: {tested.message}".rstrip(": ")
    if check.hidden(tested.lineno):
        said, shown = "A hidden test failed.", []
    else:
        left, right = tested.compared
        shown = [line for line in (statement, f"left side: {left}" if left else "",
                                   f"right side: {right}" if right else "") if line]
    return [*outputs, {"output_type": "error", "ename": tested.error, "evalue": said,
                       "traceback": ["\n".join([said, *shown])]}]


# ---------------------------------------------------------------------------------------------------------------------
# Where the assignment's own code runs
# ---------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def fresh_folder(reference: PlainReference) -> Iterator[Path]:
    """A folder with the assignment's own files and nothing that an earlier test has written."""
    folder = _folder_with(reference.files)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder_with(files: Mapping[str, bytes]) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="coursekit-set-"))
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@contextlib.contextmanager
def in_folder(folder: Path) -> Iterator[None]:
    """Files and modules beside the notebook are found; its modules are forgotten after, for the next set's."""
    before, loaded = os.getcwd(), set(sys.modules)
    os.environ["NBGRADER_EXECUTION"] = "autograde"  # as in the student's process
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        os.chdir(before)
        sys.path.remove(str(folder))
        for name in set(sys.modules) - loaded:
            if str(getattr(sys.modules[name], "__file__", "") or "").startswith(f"{folder}{os.sep}"):
                del sys.modules[name]


class _Shell:
    """As much of IPython's shell as a given cell's `%` and `!` lines need in the grader."""

    def __init__(self, namespace: dict[str, Any]):
        self.user_ns = namespace

    def run_line_magic(self, name: str, line: str, **more: Any) -> Any:
        if name in QUIET_MAGICS:
            return None
        if name in ("time", "timeit"):
            return self._run(re.sub(r"^(\s*-\S+(\s+\d+)?)*\s*", "", line))
        if name == "run":
            path = line.split()[0]
            return exec(compile(Path(path).read_text(), path, "exec", dont_inherit=True), self.user_ns)
        raise NotImplementedError(f"%{name} is not supported in the grader")

    def run_cell_magic(self, name: str, line: str, cell: str) -> Any:
        if name in ("writefile", "file"):
            Path(line.split()[-1]).write_text(cell)
            return None
        if name in ("time", "timeit", "capture", "prun"):
            return self._run(cell)
        if name in ("bash", "sh", "html", "HTML", "javascript", "latex", "markdown", "svg"):
            return self.system(cell) if name in ("bash", "sh") else None
        raise NotImplementedError(f"%%{name} is not supported in the grader")

    def _run(self, source: str) -> None:
        name = "<test magic>" if WATCH.holds(source) else "<text>"
        exec(compile(python_of(source), name, "exec", flags_of(self.user_ns), True), self.user_ns)

    def system(self, line: str) -> None:
        self.getoutput(line)

    def getoutput(self, line: str, **more: Any) -> list[str]:
        if QUIET_PROGRAMS.match(line):
            return []
        with WATCH.aside() if WATCH.holds(line) else contextlib.nullcontext():
            ran = subprocess.run(line, shell=True, timeout=SHELL_SECONDS, capture_output=True, text=True, check=False)
        return ran.stdout.splitlines()


