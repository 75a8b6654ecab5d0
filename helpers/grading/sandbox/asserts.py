"""Runs a plain test cell, and says of an assertion that fails what was compared.

Used on both sides of the walls: in the grader, where the student's names are stand-ins, and inside.
"""

from __future__ import annotations
import __future__

import ast
import asyncio
import inspect
import reprlib
import traceback
from dataclasses import asdict, dataclass
from typing import Any

COMPARED = "compared"  # attribute of an AssertionError: (left, right) as text
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 120
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = _SHORT.maxset = 8
AWAITING = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_eval, _compile, _parse, _COROUTINE = eval, compile, ast.parse, inspect.CO_COROUTINE
_FEATURE = __future__._Feature
_raise_name, _short = "__assertion__", _SHORT.repr


@dataclass
class Tested:
    """passed; the text of the cell's last value ("" if it has none); else the error's type and message, the line of the
    cell (1-based, 0 if unknown), and what an assertion compared."""

    passed: bool = False
    value: str = ""
    error: str = ""
    message: str = ""
    lineno: int = 0
    compared: tuple[str, str] = ("", "")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def run_test(source: str, name: str, namespace: dict[str, Any]) -> Tested:
    """Run a cell of plain Python; whatever it raises is in the result. A result is failed until the end was reached."""
    found = Tested()
    try:
        statements, last = compiled(source, name, flags_of(namespace))
        namespace[_raise_name] = _failed
        run_code(statements, namespace)
        value = run_code(last, namespace) if last else None
        if value is not None:
            found.value = repr(value)[:10_000]
        found.passed = True
    except BaseException as error:
        found.error = type(error).__name__
        found.message = _said(error)
        found.lineno = _line_of(error, name)
        compared = getattr(error, COMPARED, None)
        if type(compared) is tuple and len(compared) == 2 and all(type(part) is str for part in compared):
            found.compared = compared
        if isinstance(error, SyntaxError) and error.filename == name:
            found.lineno = error.lineno or 0
    return found


def flags_of(namespace: dict[str, Any]) -> int:
    """How a notebook's cell is compiled: with what an earlier one has imported from `__future__`, and nothing else."""
    flags = AWAITING
    for value in [*namespace.values()]:
        if type(value) is _FEATURE:
            flags |= value.compiler_flag
    return flags


def compiled(source: str, name: str, flags: int) -> tuple[Any, Any]:
    """A cell's statements, and its last expression if it ends in one, with assertions that keep what they compare.

    flags: as `flags_of` says.
    """
    tree = _Asserts().visit(_parse(source, name))
    ast.fix_missing_locations(tree)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    return (_compile(tree, name, "exec", flags, True),
            _compile(ast.Expression(last.value), name, "eval", flags, True) if last else None)


def run_code(code: Any, namespace: dict[str, Any]) -> Any:
    """Run what was compiled with AWAITING: a cell may `await` at its top level, as in a notebook."""
    value = _eval(code, namespace)
    if not code.co_flags & _COROUTINE:
        return value
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(value)
    finally:
        loop.close()


class _Asserts(ast.NodeTransformer):
    """`assert a == b, m` becomes: keep a and b, and where the comparison is false raise with both."""

    def visit_Assert(self, node: ast.Assert) -> Any:
        test = node.test
        if not isinstance(test, ast.Compare) or len(test.ops) != 1 or _binds(node):
            return node
        left, right = f"__left_{node.lineno}_{node.col_offset}__", f"__right_{node.lineno}_{node.col_offset}__"
        message = node.msg or ast.Constant("")
        made = [
            ast.Assign([ast.Name(left, ast.Store())], test.left),
            ast.Assign([ast.Name(right, ast.Store())], test.comparators[0]),
            ast.If(ast.UnaryOp(ast.Not(), ast.Compare(ast.Name(left, ast.Load()), test.ops,
                                                      [ast.Name(right, ast.Load())])),
                   [ast.Raise(ast.Call(ast.Name(_raise_name, ast.Load()),
                                       [message, ast.Name(left, ast.Load()), ast.Name(right, ast.Load())], []))], []),
        ]
        for statement in made:
            ast.copy_location(statement, node)
            for inner in ast.walk(statement):
                if not hasattr(inner, "lineno"):
                    ast.copy_location(inner, node)
        return made

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """Names that begin with two underscores mean something else in a class: its assertions stay as they are."""
        return node


def _binds(node: ast.AST) -> bool:
    return any(isinstance(inner, (ast.NamedExpr, ast.Await, ast.Yield)) for inner in ast.walk(node))


def _failed(message: Any, left: Any, right: Any) -> AssertionError:
    error = AssertionError(message) if message != "" else AssertionError()
    error.compared = (_text(left), _text(right))  # type: ignore[attr-defined]
    return error


def _text(value: Any) -> str:
    try:
        return _short(value)[:300]
    except BaseException:
        return "?"


def _said(error: BaseException) -> str:
    try:
        return str(error)[:2_000]
    except BaseException:
        return "(an exception that cannot be shown)"


def _line_of(error: BaseException, name: str) -> int:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    return lines[-1] or 0 if lines else 0
