"""Code that notes what each of its expressions gives, and can be given other numbers in the place of one of them.

The changed text runs where the code itself runs: a solution's in the grader, an answer's inside the walls.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from helpers.grading.hypotheses.edit import text_of
from helpers.grading.hypotheses.scope import is_docstring

TRACED = "__traced__"
MOST_PLACES = 400  # of a cell
LONGEST = 60  # characters of code that is quoted
SILENT = (ast.Constant, ast.Lambda, ast.Starred, ast.JoinedStr, ast.FormattedValue, ast.Dict, ast.Set, ast.Await,
          ast.Yield, ast.YieldFrom, ast.NamedExpr, ast.Slice)
AS_THEY_ARE = ("annotation", "returns", "decorator_list", "ctx", "op", "ops")

# `__traced__(function, places, given, *arguments)`: without places the result and what each place gave, in the order in
# which they were reached; with places the results, one for each list of numbers that they are given in turn.
RUNTIME = '''
__tracing__ = {"seen": None, "put": {}, "left": 0}


def __at__(place, value):
    put = __tracing__["put"].get(place)
    if put is not None:
        return put.pop(0)
    if __tracing__["seen"] is not None and __tracing__["left"] > 0:
        __tracing__["left"] -= 1
        __tracing__["seen"].setdefault(place, []).append(__tracing__["plain"](value))
    return value


def __traced__(function, places, given, *arguments):
    import copy
    import numpy

    def plain(value):
        if isinstance(value, (bool, int, float, numpy.number, numpy.bool_)):
            return value
        if isinstance(value, numpy.ndarray):
            return value.copy() if value.dtype.kind in "biuf" and value.size <= 600 else None
        if type(value) in (list, tuple) and 0 < len(value) <= 60 and all(
                isinstance(part, (int, float, numpy.number)) for part in value):
            return list(value)
        return None

    def called():
        fresh = [copy.deepcopy(a) if isinstance(a, (numpy.ndarray, list, dict, tuple, numpy.random.Generator)) else a
                 for a in arguments]
        try:
            return call(*fresh)
        except Exception:
            return None

    call, results = globals()[function], []
    if not places:
        seen = {}
        __tracing__.update(seen=seen, put={}, left=3000, plain=plain)
        result = called()
        whole = __tracing__["left"] > 0
        __tracing__["seen"] = None
        return [result, [[place, values] for place, values in seen.items() if whole]]
    for numbers in given:
        __tracing__.update(seen=None, put={place: copy.deepcopy(list(numbers)) for place in places})
        results.append(called())
        __tracing__["put"] = {}
    return results
'''


@dataclass
class Traced:
    """A cell's code made to note: the text to run, and of each place its expression and the one around it."""

    text: str = ""
    nodes: list[ast.expr] = field(default_factory=list)
    around: list[ast.AST] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)  # of every expression, by its identity
    steering: set[int] = field(default_factory=set)  # places of which hangs only what is done next

    def quoted(self, place: int) -> str:
        """The code of a place; of a name or a number, with what stands around it."""
        node, around = self.nodes[place], self.around[place]
        short = isinstance(node, (ast.Name, ast.Constant)) and id(around) in self.texts
        return f"`{self.quotes[place]}`" + (f" in `{_cut(self.texts[id(around)])}`" if short else "")


def traced(source: str) -> Traced | None:
    """None if it is no Python, or too long."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    found = Traced()
    for statement in tree.body:
        _functions(statement, found)
    if not found.nodes or len(found.nodes) > MOST_PLACES:
        return None
    found.text = ast.unparse(ast.fix_missing_locations(tree)) + RUNTIME
    return found


def _functions(node: ast.stmt, found: Traced) -> None:
    if isinstance(node, ast.ClassDef):
        for statement in node.body:
            _functions(statement, found)
    elif isinstance(node, ast.FunctionDef):
        for number, statement in enumerate(node.body):
            if not (number == 0 and is_docstring(statement)):
                _below(statement, found)


def _below(node: ast.AST, found: Traced) -> None:
    """Every expression below a node noted, the node itself left as it is."""
    if isinstance(node, ast.expr):
        found.texts[id(node)] = text_of(node)  # before anything in it is changed
    for name, value in list(ast.iter_fields(node)):
        if name in AS_THEY_ARE or isinstance(value, ast.arguments):
            continue
        if name in ("target", "targets"):
            for part in value if isinstance(value, list) else [value]:
                _below_target(part, found)
        elif name == "func":
            if isinstance(value, ast.Attribute):
                value.value = _noted(value.value, value, found)  # type: ignore[assignment]
        elif isinstance(value, ast.AST):
            first = len(found.nodes)
            setattr(node, name, _noted(value, node, found))
            if name == "test":
                found.steering.update(range(first, len(found.nodes)))
        elif isinstance(value, list):
            setattr(node, name, [_noted(part, node, found) if isinstance(part, ast.AST) else part for part in value])


def _below_target(target: ast.AST, found: Traced) -> None:
    """Of what is stored to, only the places in an array are noted."""
    if isinstance(target, ast.Subscript):
        target.slice = _noted(target.slice, target, found)  # type: ignore[assignment]
    for part in getattr(target, "elts", ()):
        _below_target(part, found)


def _noted(node: ast.AST, around: ast.AST, found: Traced) -> ast.AST:
    text = text_of(node) if isinstance(node, ast.expr) else ""
    if isinstance(node, ast.FunctionDef):
        _functions(node, found)
        return node
    if not isinstance(node, ast.JoinedStr):
        _below(node, found)
    if not _can_be_noted(node, around):
        return node
    assert isinstance(node, ast.expr)
    found.nodes.append(node)
    found.around.append(around)
    found.quotes.append(_cut(text))
    return ast.Call(ast.Name("__at__", ast.Load()), [ast.Constant(len(found.nodes) - 1), node], [])


def _can_be_noted(node: ast.AST, around: ast.AST) -> bool:
    if not isinstance(node, ast.expr) or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return False
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (bool, int, float)) and not isinstance(around, ast.keyword)
    if isinstance(node, SILENT) or (isinstance(node, ast.Tuple) and isinstance(around, ast.Subscript)):
        return False
    if isinstance(node, ast.Name) and node.id in ("np", "torch", "math"):
        return False
    return not (isinstance(node, ast.Tuple) and any(isinstance(part, ast.Slice) for part in node.elts))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
