"""What a course notebook's kernel does with cells: demonstrations go on, checks say which cell is missing.

`install` is called by `from helpers import check`. It changes nothing outside a kernel, and nothing in the walls.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import sys
import traceback
from typing import Any

from helpers.checking import demonstrations
from helpers.checking.absent import cell_failed, defined_by
from helpers.checking.expected import expected_here
from helpers.checking.observing import student_error

HELPER = "__import__('helpers.checking.cells', fromlist=['cells'])"  # this module, in the code that it writes


def digest(source: str) -> str:
    """By which a demonstration is known, whichever program shows the notebook."""
    return hashlib.sha256(source.strip().replace("\r\n", "\n").encode()).hexdigest()[:12]


def install() -> None:
    """Watch this kernel's cells, once."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "kernel") or any(isinstance(t, _Watch) for t in shell.ast_transformers):
        return
    watch = _Watch(shell)
    shell.input_transformers_post.append(watch.lines)
    shell.events.register("pre_run_cell", watch.begin)
    shell.events.register("post_run_cell", watch.end)
    shell.ast_transformers.append(watch)
    watch.alone(str((shell.user_ns.get("In") or [""])[-1]))


class _Watch:
    def __init__(self, shell: Any):
        self.shell, self.source, self.broken, self.in_words = shell, "", False, False
        self.known = expected_here()

    def alone(self, source: str) -> None:
        """A check that is the first cell to import them: nothing above it has run. It says so, this once."""
        tree = _parsed(source)
        if tree is None or not is_check(tree):
            return

        def in_words(shell: Any, kind: Any, error: Any, where: Any, tb_offset: int | None = None) -> None:
            absent = self._absent(tree)
            if absent:
                cells_are_missing(sorted(absent))
            else:
                shell.showtraceback((kind, error, where), tb_offset=tb_offset)

        self.shell.set_custom_exc((NameError,), in_words)
        self.in_words = True

    def begin(self, info: Any) -> None:
        self.source = str(info.raw_cell)

    def end(self, result: Any) -> None:
        if self.in_words:
            self.shell.set_custom_exc((), None)
            self.in_words = False
        error = result.error_before_exec or result.error_in_exec
        names = defined_by(self.source)
        if self.broken:
            self.broken = False
        elif error is None:
            demonstrations.note_cell(names, "")
        elif not isinstance(error, KeyboardInterrupt):
            told = student_error(error)
            message = getattr(error, "msg", "") or told.message
            demonstrations.note_cell(names, cell_failed(told.type, message, told.line, told.lineno))

    def lines(self, lines: list[str]) -> list[str]:
        """An answer that is not Python shows that, and "Run All" goes on to its check, which says so as well."""
        source = "".join(lines)
        self.broken = False
        if self.known.get("questions", {}).keys() & set(defined_by(source)):
            try:
                ast.parse(source)
            except SyntaxError:
                self.broken = True
                return [f"{HELPER}.broken_cell({source!r})\n"]
        return lines

    def visit(self, tree: ast.Module) -> ast.Module:
        """IPython's door: a cell's tree on its way to be compiled."""
        if digest(self.source) in self.known.get("demonstrations", ()):
            return ast.fix_missing_locations(softly(tree))
        if is_check(tree):
            return ast.fix_missing_locations(self._with_stand_ins(tree))
        return tree

    def _with_stand_ins(self, tree: ast.Module) -> ast.Module:
        """A check in which functions that are not there have a stand-in, which the check then misses by name."""
        asked, absent = self.known.get("questions", {}), self._absent(tree)
        if absent - set(asked):
            return ast.parse(f"{HELPER}.cells_are_missing({sorted(absent - set(asked))!r})")
        return _StandIns(absent).visit(tree) if absent else tree


    def _absent(self, tree: ast.Module) -> set[str]:
        """Names that a cell reads and that nothing has defined."""
        absent = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
                  and node.id not in self.shell.user_ns and not hasattr(builtins, node.id)}
        return absent - _bound(tree)


def _bound(tree: ast.Module) -> set[str]:
    """Names that a cell itself binds somewhere, in a function that was pasted into it for example."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
    return found


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return None


class _StandIns(ast.NodeTransformer):
    def __init__(self, names: set[str]):
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in self.names or not isinstance(node.ctx, ast.Load):
            return node
        return ast.parse(f"{HELPER}.absent_function({node.id!r})", mode="eval").body


def broken_cell(source: str) -> None:
    """Show a syntax error as Python does, and remember what the cell should have defined."""
    try:
        compile(source, "this cell", "exec")
    except SyntaxError as error:
        print("".join(traceback.format_exception_only(error)), file=sys.stderr)
        why = cell_failed(type(error).__name__, error.msg, error.text or "", error.lineno or 0)
        demonstrations.note_cell(defined_by(source), why)


def absent_function(name: str) -> Any:
    from helpers.checking.observing import Local

    return Local(name)


def cells_are_missing(names: list[str]) -> None:
    listed = ", ".join(f"`{name}`" for name in names)
    print(f"This check needs {listed}, which cells above define: run all cells above it first "
          "(Run ▸ Run All Above Selected Cell), then this one.")


def is_check(tree: ast.Module) -> bool:
    """Does a cell end in `check.something(...)`?"""
    last = tree.body[-1].value if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    return (isinstance(last, ast.Call) and isinstance(last.func, ast.Attribute)
            and isinstance(last.func.value, ast.Name) and last.func.value.id == "check")


def softly(tree: ast.Module) -> ast.Module:
    """A cell inside `check.once_written()`; what its last expression shows is shown still."""
    body, shown = list(tree.body), "_course_shown"
    after: list[ast.stmt] = []
    before: list[ast.stmt] = []
    if body and isinstance(body[-1], ast.Expr):
        last = body[-1]
        body[-1] = ast.copy_location(ast.Assign([ast.Name(shown, ast.Store())], last.value), last)
        before = ast.parse(f"{shown} = None").body
        after = [ast.copy_location(ast.Expr(ast.Name(shown, ast.Load())), last)]
    if not body:
        return tree
    demonstration = ast.parse(f"with {HELPER}.demonstration():\n    pass").body[0]
    assert isinstance(demonstration, ast.With)
    demonstration.body = body
    return ast.Module([*before, demonstration, *after], tree.type_ignores)


def demonstration() -> demonstrations.Demonstration:
    frame = sys._getframe(1)
    return demonstrations.Demonstration(frame.f_code, frame.f_globals)
