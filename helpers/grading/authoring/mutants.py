"""Wrong solutions made by rule: each mutant is a question's solution with one small change.

The rules are the slips of people who derive gradients: a dropped term, a flipped sign, another constant, a lost
transpose, a wrong axis, an off-by-one slice, a forgotten derivative, another activation. (The idea of testing tests
with mutants: DeMillo, Lipton, Sayward, "Hints on Test Data Selection", 1978.)
"""

from __future__ import annotations

import ast
import copy
import difflib
from collections.abc import Iterator
from dataclasses import dataclass

ACTIVATIONS = {
    "tanh": "sin", "expit": "tanh", "maximum": "minimum", "minimum": "maximum", "logaddexp": "maximum",
    "exp": "expm1", "log": "log1p", "sqrt": "square", "square": "abs", "abs": "positive", "sign": "abs",
    "sum": "mean", "mean": "sum", "max": "min", "min": "max", "argmax": "argmin", "dot": "inner", "outer": "multiply",
    "zeros": "ones", "ones": "zeros", "zeros_like": "ones_like", "ones_like": "zeros_like",
}
COMPARED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.Gt, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}


@dataclass(frozen=True)
class Mutant:
    rule: str
    source: str
    diff: str


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a solution cell, each text once."""
    tree = ast.parse(source)
    original = ast.unparse(tree)
    found: dict[str, Mutant] = {}
    for number, node in enumerate(ast.walk(tree)):
        for rule, replacement in _changes(node):
            changed = copy.deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(changed)) if i == number)
            text = ast.unparse(ast.fix_missing_locations(_Replace(target, replacement).visit(changed)))
            if text != original and text not in found and _compiles(text):
                found[text] = Mutant(rule, text, _diff(original, text))
    return list(found.values())


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, replacement: ast.AST):
        self.target, self.replacement = target, replacement

    def visit(self, node: ast.AST) -> ast.AST:
        return self.replacement if node is self.target else self.generic_visit(node)


def _compiles(text: str) -> bool:
    try:
        compile(text, "<mutant>", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.BinOp):
        yield from _arithmetic(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "flip a sign", node.operand
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "drop a transpose", node.value
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Slice):
        yield from _slices(node)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
        yield "turn a comparison", ast.Compare(node.left, [COMPARED[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.AugAssign):
        yield from _updates(node)
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) > 1:
        first, second, *rest = node.value.elts
        yield "swap two results", ast.Return(ast.Tuple([second, first, *rest], ast.Load()))


def _arithmetic(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    def with_op(op: ast.operator, left: ast.expr = node.left, right: ast.expr = node.right) -> ast.BinOp:
        return ast.BinOp(left, op, right)

    if isinstance(node.op, (ast.Add, ast.Sub)):
        yield "flip a sign", with_op(ast.Sub() if isinstance(node.op, ast.Add) else ast.Add())
        yield "drop a term", node.left
        yield "drop a term", node.right if isinstance(node.op, ast.Add) else ast.UnaryOp(ast.USub(), node.right)
    elif isinstance(node.op, (ast.Mult, ast.Div)):
        yield "multiply or divide", with_op(ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult())
        yield "drop a factor", node.left
        if isinstance(node.op, ast.Mult):
            yield "drop a factor", node.right
    elif isinstance(node.op, ast.MatMult):
        yield "swap a product", with_op(ast.MatMult(), node.right, node.left)
        for side in ("left", "right"):
            operand = getattr(node, side)
            if not (isinstance(operand, ast.Attribute) and operand.attr == "T"):
                yield "add a transpose", with_op(ast.MatMult(), **{side: ast.Attribute(operand, "T", ast.Load())})
    elif isinstance(node.op, ast.Pow):
        yield "drop a power", node.left


def _constants(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.value, bool):
        yield "change a constant", ast.Constant(not node.value)
    elif isinstance(node.value, (int, float)):
        for other in {node.value + 1, node.value / 2 if isinstance(node.value, float) else node.value - 1}:
            yield "change a constant", ast.Constant(other)


def _calls(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    for position, keyword in enumerate(node.keywords):
        others = node.keywords[:position] + node.keywords[position + 1:]
        if keyword.arg in ("axis", "keepdims"):
            yield f"drop {keyword.arg}", ast.Call(node.func, node.args, others)
        if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant) and keyword.value.value in (0, 1):
            turned = ast.keyword("axis", ast.Constant(1 - keyword.value.value))
            yield "another axis", ast.Call(node.func, node.args, [*others, turned])
    if isinstance(node.func, ast.Attribute) and node.func.attr in ACTIVATIONS:
        other = ast.Attribute(node.func.value, ACTIVATIONS[node.func.attr], ast.Load())
        yield "another function", ast.Call(other, node.args, node.keywords)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "copy" and not node.args:
        yield "no copy", node.func.value
    elif len(node.args) == 1 and not node.keywords and not isinstance(node.args[0], (ast.Starred, ast.GeneratorExp)):
        yield "drop a function", node.args[0]
    if isinstance(node.func, ast.Name) and node.func.id == "range" and len(node.args) == 1:
        for op in (ast.Sub(), ast.Add()):
            yield "off by one", ast.Call(node.func, [ast.BinOp(node.args[0], op, ast.Constant(1))], [])


def _slices(node: ast.Slice) -> Iterator[tuple[str, ast.AST]]:
    for side in ("lower", "upper"):
        bound = getattr(node, side)
        if bound is not None:
            moved = ast.BinOp(bound, ast.Add(), ast.Constant(1))
            for rule, instead in (("off by one", moved), ("drop a bound", None)):
                changed = ast.Slice(node.lower, node.upper, node.step)
                setattr(changed, side, instead)
                yield rule, changed


def _updates(node: ast.AugAssign) -> Iterator[tuple[str, ast.AST]]:
    opposite = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}.get(type(node.op))
    if opposite:
        yield "flip an update", ast.AugAssign(node.target, opposite(), node.value)
    yield "drop an update", ast.Pass()
    yield "overwrite instead of adding", ast.Assign([node.target], node.value)
