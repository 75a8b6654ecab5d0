"""What a property has compared: the numbers behind a "does not hold".

A property is a function of the assignment's own, such as `return abs(np.var(W) * n - 1) < 0.1`. Where it does not hold,
it is run once more with every comparison noted, and the last one that was not true is told with its numbers.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Callable
from typing import Any

import numpy as np

WORDS = {ast.Lt: "less than {}", ast.LtE: "at most {}", ast.Gt: "more than {}", ast.GtE: "at least {}",
         ast.Eq: "{}", ast.NotEq: "not {}"}
NOTE = "__compared__"
LONGEST = 60  # characters of an expression that is quoted


def why_not(holds: Callable[..., Any], *values: Any) -> str:
    """ "`abs(r - 1)` is 0.917, asked for is less than 0.0442 (r = 0.083)", or "" if nothing of the kind is found."""
    noted: list[tuple[str, str, Any, Any, dict[str, Any]]] = []

    def compared(text: str, asked: str, left: Any, right: Any, names: dict[str, Any], result: Any) -> Any:
        if not np.all(result):
            noted.append((text, asked, left, right, names))
        return result

    try:
        with np.errstate(all="ignore"):
            _noting(holds, compared)(*values)
    except Exception:
        return ""
    return next(filter(None, (_said(*one) for one in reversed(noted))), "")


def _said(text: str, asked: str, left: Any, right: Any, names: dict[str, Any]) -> str:
    one, other = _number(left), _number(right)
    if one is None or other is None or len(text) > LONGEST:
        return ""
    told = ", ".join(f"{name} = {shown}" for name, value in names.items()
                     if (shown := _number(value)) is not None and name != text)
    return f"`{text}` is {one}, asked for is {asked.format(other)}" + (f" ({told})" if told else "")


def _number(value: Any) -> str | None:
    if isinstance(value, (str, bool, np.bool_)):
        return repr(value)[:40] if isinstance(value, str) else str(bool(value))
    if isinstance(value, (tuple, list)) and len(value) <= 4 and all(map(_is_whole, value)):
        return str(tuple(int(part) for part in value))
    array = np.asarray(value) if isinstance(value, (int, float, np.generic, np.ndarray)) else None
    if array is None or array.size != 1 or array.dtype.kind not in "iuf":
        return None
    return f"{array.item():.3g}" if array.dtype.kind == "f" else str(array.item())


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


class _Noting(ast.NodeTransformer):
    """given: names of what the case says. To compare nothing but these is to ask which case it is, and not for more."""

    def __init__(self, given: set[str]):
        self.given = given

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        read = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        self.generic_visit(node)
        if len(node.ops) != 1 or type(node.ops[0]) not in WORDS or (read and read <= self.given):
            return node
        left, right = ast.Name("__left__", ast.Load()), ast.Name("__right__", ast.Load())
        inside = [n for side in (node.left, node.comparators[0]) for n in ast.walk(side) if isinstance(n, ast.Name)]
        own = {n.id for n in inside if isinstance(n.ctx, ast.Store)}  # variables of a comprehension
        used = sorted({n.id for n in inside if not n.id.startswith("__")} - own)
        text = " ".join(ast.unparse(node.left).split())
        names = ast.parse("{" + ", ".join(f"{name!r}: {name}" for name in used) + "}", mode="eval").body
        # (lambda a, b: note(text, words, a, b, names, a < b))(left, right): both sides are computed once
        call = ast.Call(ast.Name(NOTE, ast.Load()), [
            ast.Constant(text), ast.Constant(WORDS[type(node.ops[0])]), left, right, names,
            ast.Compare(left, node.ops, [right])], [])
        arguments = ast.arguments(posonlyargs=[], args=[ast.arg("__left__"), ast.arg("__right__")], kwonlyargs=[],
                                  kw_defaults=[], defaults=[])
        return ast.Call(ast.Lambda(arguments, call), [node.left, node.comparators[0]], [])


def _noting(holds: Callable[..., Any], compared: Callable[..., Any]) -> Callable[..., Any]:
    """The same function with its comparisons noted. Raises whatever hinders that."""
    if not isinstance(holds, types.FunctionType):
        raise TypeError("no function of the assignment's own")
    tree = ast.parse(textwrap.dedent(inspect.getsource(holds)))
    function = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    function.decorator_list, function.returns = [], None
    outside = dict(zip(holds.__code__.co_freevars, (cell.cell_contents for cell in holds.__closure__ or ())))
    given = {argument.arg for argument in function.args.args[1:]} - {
        n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    module = ast.fix_missing_locations(_Noting(given).visit(ast.Module([function], [])))
    namespace = {**holds.__globals__, **outside, NOTE: compared}
    exec(compile(module, "<property>", "exec"), namespace)
    return namespace[function.name]
