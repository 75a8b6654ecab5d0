"""Formulas as students write them: a small notation of numpy's, read without ever running it as Python.

    dF = 2 / t * (F - Y)
    dW1 = (W2.T @ dF * (Z > 0)) @ X.T

A text is one formula, or lines `name = formula`, where later lines may use the names of earlier ones. Text becomes a
tree of Python's grammar, of which only what stands in this module has a meaning: letters that were given, numbers,
`+ - * / @ **`, comparisons (1 where they hold, else 0), `.T`, new axes (`x[:, None]`), and the functions below, with
or without `np.` before them. Everything is bounded: the length of a text, its parts, the entries of a result.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["FUNCTIONS", "Formula", "FormulaError", "attempt", "evaluate", "parse", "written"]

LONGEST = 4_000  # characters of a text
PARTS = 400  # nodes of a text's tree
DEEPEST = 40  # levels of a tree
LARGEST = 2_000_000  # entries of any result on the way
ALL = 10 * LARGEST  # entries of all of them together


class FormulaError(Exception):
    """A formula that cannot be read, or has no value: what is wrong with it, in words."""


def _sigmoid(z: Any) -> Any:
    e = np.exp(-np.abs(z))
    return np.where(np.asarray(z) >= 0, 1, e) / (1 + e)


def _softmax(z: Any, axis: int = -1) -> Any:
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


@dataclass(frozen=True)
class Function:
    """What a name computes; how many arguments it takes; whether it may be told an axis."""

    compute: Callable[..., Any]
    arguments: int = 1
    axes: bool = False


FUNCTIONS: dict[str, Function] = {
    **{name: Function(getattr(np, name)) for name in ("exp", "log", "sqrt", "abs", "sign", "tanh", "square")},
    "sigmoid": Function(_sigmoid),
    "expit": Function(_sigmoid),
    "relu": Function(lambda z: np.maximum(0, z)),
    "softmax": Function(_softmax, axes=True),
    **{name: Function(getattr(np, name), axes=True) for name in ("sum", "mean", "max")},
    "maximum": Function(np.maximum, 2),
    "minimum": Function(np.minimum, 2),
    "where": Function(np.where, 3),
    "outer": Function(np.outer, 2),
    "dot": Function(lambda a, b: np.asarray(a) @ np.asarray(b), 2),
    "diag": Function(np.diag),
    "transpose": Function(np.transpose),
    "ones_like": Function(np.ones_like),
    "zeros_like": Function(np.zeros_like),
    "len": Function(lambda x: float(np.shape(x)[0])),
}
GROWING = ("outer", "dot", "diag")  # whose results are larger than a broadcast of their arguments
OPERATORS: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", np.add), ast.Sub: ("-", np.subtract), ast.Mult: ("*", np.multiply), ast.Div: ("/", np.divide),
    ast.MatMult: ("@", np.matmul), ast.Pow: ("**", np.power),
}
COMPARISONS: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Gt: (">", np.greater), ast.GtE: (">=", np.greater_equal), ast.Lt: ("<", np.less),
    ast.LtE: ("<=", np.less_equal), ast.Eq: ("==", np.equal),
}


@dataclass(frozen=True)
class Formula:
    """One line: the name that it defines ("" for a formula alone), and its tree."""

    name: str
    tree: ast.expr

    @property
    def text(self) -> str:
        return written(self.tree)


def written(node: ast.AST) -> str:
    """A part of a tree that is not too deep, as text again; the name of its kind where Python cannot write it."""
    try:
        return ast.unparse(node)
    except (ValueError, RecursionError):  # a text within a text, before Python 3.12; a check that is far down itself
        return type(node).__name__


def parse(text: Any) -> list[Formula]:
    """The formulas of a text, in order.

    text: a string; or a list of strings; or a dict from names to strings.

    Raises:
        FormulaError: if something is not in the notation, with what.
    """
    if isinstance(text, Mapping) and all(isinstance(part, str) for line in text.items() for part in line):
        text = "\n".join(f"{name} = {formula}" for name, formula in text.items())
    if isinstance(text, (list, tuple)) and all(isinstance(line, str) for line in text):
        text = "\n".join(text)
    if not isinstance(text, str):
        raise FormulaError(f"a formula is a text between quotes, such as \"2 * x\"; this is a {type(text).__name__}")
    if len(text) > LONGEST:
        raise FormulaError(f"{len(text):,} characters are too many for a formula: {LONGEST:,} are read")
    lines = [line.split("#")[0].strip() for line in text.replace(";", "\n").splitlines()]
    source = "\n".join(_joined([line for line in lines if line]))
    if not source:
        raise FormulaError("there is no formula in the text")
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        line = (getattr(error, "text", None) or "").strip()
        raise FormulaError(f"cannot be read{f': `{line:.80}`' if line else ''}; products are written with * or @, "
                           "every bracket is closed, and each line is `name = formula`") from None
    return _proved([_formula(statement, source) for statement in statements])


def _joined(lines: list[str]) -> list[str]:
    """Lines of which an open bracket runs on into the next."""
    joined: list[str] = []
    depth = 0
    for line in lines:
        if depth > 0:
            joined[-1] += " " + line
        else:
            joined.append(line)
        depth += sum(line.count(c) for c in "([") - sum(line.count(c) for c in ")]")
    return joined


def _formula(statement: ast.stmt, source: str) -> Formula:
    if isinstance(statement, ast.Expr):
        return Formula("", statement.value)
    if (isinstance(statement, ast.Assign) and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)):
        return Formula(statement.targets[0].id, statement.value)
    said = ast.get_source_segment(source, statement) or ""  # as it stands: nothing bounds the depth of this tree
    raise FormulaError(f"a line is a formula, or `name = formula`; this is neither: `{said:.80}`")


def _proved(formulas: list[Formula]) -> list[Formula]:
    if sum(1 for formula in formulas for _ in ast.walk(formula.tree)) > PARTS:
        raise FormulaError(f"more than {PARTS} parts are too many: can it be written more simply?")
    if any(type(getattr(node, "value", None)) is int and node.value.bit_length() > 1000  # type: ignore[attr-defined]
           for formula in formulas for node in ast.walk(formula.tree)):
        raise FormulaError("a number has too many digits")
    for formula in formulas:
        if _depth(formula.tree) > DEEPEST:
            raise FormulaError(f"brackets more than {DEEPEST} deep are not read")
    return formulas


def _depth(tree: ast.AST) -> int:
    deepest, level = 0, [tree]
    while level:
        deepest, level = deepest + 1, [child for node in level for child in ast.iter_child_nodes(node)]
    return deepest


def evaluate(formulas: Sequence[Formula], letters: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every formula, by name ("" for one alone).

    letters: what the names stand for, numbers and arrays; lines may use and redefine each other's names, from top to
        bottom.

    Raises:
        FormulaError: for an unknown name, shapes that do not fit, or a result that is too large.
    """
    values, failed = attempt(formulas, letters)
    if failed:
        raise next(iter(failed.values()))
    return values


def attempt(formulas: Sequence[Formula], letters: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, FormulaError]]:
    """As `evaluate`, line by line: the values of lines that have one, and by name what is wrong with the others.

    A line that uses the name of a failed one fails for the same reason.
    """
    reader = _Reader({name: value for name, value in letters.items() if _is_number(value)})
    values: dict[str, Any] = {}
    failed: dict[str, FormulaError] = {}
    with np.errstate(all="ignore"):
        for formula in formulas:
            needed = next((failed[node.id] for node in ast.walk(formula.tree)
                           if isinstance(node, ast.Name) and node.id in failed), None)
            try:
                if needed:
                    raise needed
                values[formula.name] = reader.letters[formula.name] = reader.value(formula.tree)
                failed.pop(formula.name, None)
            except FormulaError as error:
                failed[formula.name] = error
                values.pop(formula.name, None)
            except (ArithmeticError, LookupError, ValueError, TypeError, RecursionError) as error:
                failed[formula.name] = FormulaError(f"has no value ({type(error).__name__})")
                values.pop(formula.name, None)
    return values, failed


def _is_number(value: Any) -> bool:
    try:
        return np.asarray(value).dtype.kind in "biuf"
    except (TypeError, ValueError):
        return False


class _Reader:
    """Computes trees, node by node."""

    def __init__(self, letters: dict[str, Any]):
        self.letters = letters
        self.computed = 0  # entries of all results so far

    def value(self, node: ast.AST) -> Any:
        compute = getattr(self, f"_{type(node).__name__}", None)
        if compute is None:
            raise FormulaError(f"`{written(node):.60}` is not in the notation")
        result = compute(node)
        if np.size(result) > LARGEST:
            raise FormulaError(f"`{written(node):.60}` has more entries than a formula may")
        self.computed += np.size(result)
        if self.computed > ALL:
            raise FormulaError("all that is computed on the way has more entries than formulas may")
        return result

    def _Constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise FormulaError(f"`{written(node):.60}` is no number")
        try:
            return float(node.value)
        except OverflowError:
            raise FormulaError("a number has too many digits") from None

    def _Name(self, node: ast.Name) -> Any:
        if node.id not in self.letters:
            known = ", ".join(f"`{name}`" for name in self.letters)
            more = "; it is a function: it needs brackets" if node.id in FUNCTIONS else ""
            raise FormulaError(f"`{node.id:.40}` is not known here{more}; known are {known}")
        return np.asarray(self.letters[node.id], float)

    def _Attribute(self, node: ast.Attribute) -> Any:
        if node.attr != "T":
            raise FormulaError(f"`.{node.attr:.30}` is not in the notation; of a letter there is `.T`, its transpose")
        return np.asarray(self.value(node.value)).T

    def _UnaryOp(self, node: ast.UnaryOp) -> Any:
        if not isinstance(node.op, (ast.USub, ast.UAdd)):
            raise FormulaError(f"`{written(node):.60}` is not in the notation")
        value = self.value(node.operand)
        return -value if isinstance(node.op, ast.USub) else value

    def _BinOp(self, node: ast.BinOp) -> Any:
        if type(node.op) not in OPERATORS:
            raise FormulaError(f"`{written(node):.60}` is not in the notation: it has + - * / @ and **")
        sign, operate = OPERATORS[type(node.op)]
        return self._together(node, sign, operate, self.value(node.left), self.value(node.right))

    def _Compare(self, node: ast.Compare) -> Any:
        if len(node.ops) != 1 or type(node.ops[0]) not in COMPARISONS:
            raise FormulaError(f"`{written(node):.60}` is not in the notation: compare two things with > or <")
        sign, compare = COMPARISONS[type(node.ops[0])]
        return np.asarray(self._together(node, sign, compare, self.value(node.left), self.value(node.comparators[0])),
                          float)

    def _together(self, node: ast.AST, sign: str, operate: Callable, left: Any, right: Any) -> Any:
        """Two values and what joins them, if their shapes fit."""
        shapes = np.shape(left), np.shape(right)
        problem = _product_trouble(*shapes) if sign == "@" else _broadcast_trouble(*shapes)
        if problem:
            raise FormulaError(f"`{written(node):.80}`: {shapes[0]} {sign} {shapes[1]} do not fit, {problem}")
        if sign == "@" and (np.size(left) * np.size(right) > LARGEST**1.5 or math.prod(
                [*shapes[0][:-1], *shapes[1][1:]]) > LARGEST):
            raise FormulaError("a product is too large")
        return operate(left, right)

    def _Subscript(self, node: ast.Subscript) -> Any:
        value = np.asarray(self.value(node.value))
        places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        index: list[Any] = []
        for place in places:
            if isinstance(place, ast.Slice) and place.lower is place.upper is place.step is None:
                index.append(slice(None))
            elif written(place) in ("None", "np.newaxis"):
                index.append(None)
            else:
                raise FormulaError(f"`{written(node):.60}`: between square brackets only a new axis is written, "
                                   "as in x[:, None]")
        if index.count(slice(None)) > value.ndim or len(index) > 6:
            raise FormulaError(f"`{written(node):.60}`: a thing of shape {value.shape} has no such axes")
        return value[tuple(index)]

    def _Call(self, node: ast.Call) -> Any:
        name = written(node.func)
        short = name.removeprefix("np.").removeprefix("numpy.")
        if short in ("abs", "fabs", "absolute"):
            short = "abs"
        if short not in FUNCTIONS:
            raise FormulaError(f"`{name:.40}` is not in the notation; its functions are {', '.join(FUNCTIONS)}")
        function = FUNCTIONS[short]
        if len(node.args) != function.arguments and not (function.axes and len(node.args) == 2):
            raise FormulaError(f"`{short}` takes {function.arguments} argument{'s' * (function.arguments > 1)}")
        options = self._options(node, short, function)
        values = [self.value(argument) for argument in node.args[:function.arguments]]
        self._prove_sizes(node, short, [np.shape(value) for value in values])
        try:
            return function.compute(*values, **options)
        except (ValueError, IndexError, TypeError) as error:  # numpy.exceptions.AxisError is two of them
            raise FormulaError(f"`{written(node):.80}`: {error}") from None

    def _options(self, node: ast.Call, name: str, function: Function) -> dict[str, Any]:
        options: dict[str, Any] = {}
        given = [(keyword.arg, keyword.value) for keyword in node.keywords]
        given += [("axis", argument) for argument in node.args[function.arguments:]]
        for key, value in given:
            try:
                options[str(key)] = ast.literal_eval(value)
            except (ValueError, TypeError, SyntaxError):
                options[str(key)] = None
        allowed = {"axis": int, "keepdims": bool} if function.axes and name != "softmax" else {
            "axis": int} if function.axes else {}
        for key, value in options.items():
            if key not in allowed or not isinstance(value, allowed[key]):
                raise FormulaError(f"`{written(node):.60}`: `{name}` cannot be told `{key:.20}` so")
        return options

    def _prove_sizes(self, node: ast.Call, name: str, shapes: list[tuple[int, ...]]) -> None:
        """Before anything is computed: shapes that fit, and a result that is not too large."""
        if name in GROWING:
            trouble = _product_trouble(*shapes) if name == "dot" else ""
            size = math.prod(math.prod(shape) for shape in shapes) ** (2 if name == "diag" else 1)
            if size > LARGEST and not (name == "diag" and len(shapes[0]) == 2):
                trouble = "the result is too large"
        else:
            trouble = next(filter(None, (_broadcast_trouble(shapes[0], shape) for shape in shapes[1:])), "")
        if trouble:
            raise FormulaError(f"`{written(node):.80}`: {' and '.join(map(str, shapes))} do not fit, {trouble}")


def _product_trouble(left: tuple[int, ...], right: tuple[int, ...]) -> str:
    """Why `left @ right` has no value; "" if it has one."""
    if not left or not right:
        return "@ joins matrices and vectors: a number is multiplied with *"
    if max(len(left), len(right)) > 2:
        return "@ joins matrices and vectors here, of at most two axes"
    meet = right[-2] if len(right) > 1 else right[0]
    if left[-1] == meet:
        return ""
    return f"the last axis of the left one has length {left[-1]}, and it meets one of length {meet}"


def _broadcast_trouble(left: tuple[int, ...], right: tuple[int, ...]) -> str:
    """Why two shapes do not go together entry by entry; "" if they do."""
    try:
        shape = np.broadcast_shapes(left, right)
    except ValueError:
        return "entry by entry each axis must have the same length in both, or length 1"
    return "the result is too large" if math.prod(shape) > LARGEST else ""
