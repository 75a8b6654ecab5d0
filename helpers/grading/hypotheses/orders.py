"""Changes of how arrays are laid out: axes in another order, or in none; numbers arranged along another axis."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from helpers.grading.hypotheses.edit import COMMON, FAR, PLAUSIBLE, Edit, parsed, text_of

TURNING = ("transpose", "swapaxes", "moveaxis", "permute", "rollaxis")
SHAPING = ("reshape", "ravel", "flatten")
MOST_LETTERS = 6  # of one operand of an einsum
AXES = "the axes of an array stay in their order"
RESHAPED = "an array is given another shape in place of turning it, so that its numbers stay in their order"


def call(node: ast.Call, name: str) -> Iterator[Edit]:
    """Of calls that turn or shape arrays."""
    whole = _array_of(node)
    if name in TURNING and whole is not None:
        yield Edit("axes as they are", COMMON, AXES, "{code} turns axes that should stay.", whole)
        yield Edit("reshape for a transpose", PLAUSIBLE, RESHAPED,
                   "{code} turns axes where the numbers should stay in their order.",
                   parsed(f"({text_of(whole)}).reshape(({text_of(node)}).shape)"))
        yield from _axes_exchanged(node)
    if name in SHAPING and not any(keyword.arg == "order" for keyword in node.keywords):
        order = [*node.keywords, ast.keyword("order", ast.Constant("F"))]
        yield Edit("column by column", PLAUSIBLE, "numbers are arranged column by column in place of row by row",
                   "{code} arranges numbers row by row, and they belong in another order.",
                   ast.Call(node.func, node.args, order))
    if name == "reshape" and whole is not None and isinstance(node.func, ast.Attribute):
        turned = parsed(f"np.swapaxes({text_of(node)}, -1, -2)")
        yield Edit("turned", FAR, "the last two axes of an array are exchanged",
                   "{code} gives a shape, and axes have to be exchanged as well.", turned)
    if name == "einsum" and node.args and isinstance(node.args[0], ast.Constant):
        yield from _letters(node, node.args[0])


def transposed(node: ast.Attribute) -> Iterator[Edit]:
    """Of `.T`."""
    array = text_of(node.value)
    yield Edit("reshape for a transpose", PLAUSIBLE, RESHAPED,
               "{code} is turned where its numbers should stay in their order.",
               parsed(f"({array}).reshape(({array}).T.shape)"))


def _array_of(node: ast.Call) -> ast.expr | None:
    """The array that a function or a method works on."""
    if isinstance(node.func, ast.Attribute) and not (
            isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "numpy", "torch")):
        return node.func.value
    return node.args[0] if node.args else None


def _axes_exchanged(node: ast.Call) -> Iterator[Edit]:
    for position, argument in enumerate(node.args):
        if not isinstance(argument, (ast.Tuple, ast.List)) or not 2 <= len(argument.elts) <= 5:
            continue
        for a, b in itertools.combinations(range(len(argument.elts)), 2):
            elements = list(argument.elts)
            elements[a], elements[b] = elements[b], elements[a]
            args = [*node.args[:position], ast.Tuple(elements, ast.Load()), *node.args[position + 1:]]
            yield Edit("axes exchanged", PLAUSIBLE, "two axes of an array are exchanged",
                       "In {code} two axes are exchanged.", ast.Call(node.func, args, node.keywords))


def _letters(node: ast.Call, pattern: ast.Constant) -> Iterator[Edit]:
    """Two axes of one operand of an einsum, or of its result, exchanged."""
    if not isinstance(pattern.value, str) or "." in pattern.value:
        return
    operands = pattern.value.replace("->", ",->").split(",")
    for number, operand in enumerate(operands):
        begin = 2 if operand.startswith("->") else 0
        letters = operand[begin:]
        for a, b in itertools.combinations(range(min(len(letters), MOST_LETTERS)), 2):
            turned = list(letters)
            turned[a], turned[b] = turned[b], turned[a]
            new = [*operands[:number], operand[:begin] + "".join(turned), *operands[number + 1:]]
            text = ",".join(new).replace(",->", "->")
            yield Edit("axes exchanged", PLAUSIBLE, "two axes of an array are exchanged",
                       "In {code} two axes are exchanged.",
                       ast.Call(node.func, [ast.Constant(text), *node.args[1:]], node.keywords))


__all__ = ["call", "transposed"]
