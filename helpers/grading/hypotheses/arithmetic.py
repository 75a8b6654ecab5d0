"""Changes of arithmetic: signs, terms, factors, quotients, powers, brackets, matrix products."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.grading.hypotheses.edit import COMMON, FAR, FARTHER, PLAUSIBLE, Edit, parsed, quoted, text_of
from helpers.grading.hypotheses.scope import Place


def binary(place: Place, node: ast.BinOp) -> Iterator[Edit]:
    if isinstance(node.op, (ast.Add, ast.Sub)):
        yield from _sums(node)
    elif isinstance(node.op, (ast.Mult, ast.Div, ast.FloorDiv)):
        yield from _factors(node)
        yield from _into_a_function(node)
        yield from _products(node)
    elif isinstance(node.op, ast.MatMult):
        yield from _matrix_products(node)
    elif isinstance(node.op, ast.Pow):
        yield Edit("drop a power", COMMON, "a power is left out", "{code} takes a power where there is none.",
                   node.left)
        yield Edit("double for square", PLAUSIBLE, "something is doubled in place of squared",
                   "{code} is a power where something else belongs.", ast.BinOp(ast.Constant(2), ast.Mult(), node.left))
        yield Edit("swap a power", PLAUSIBLE, "base and exponent are exchanged", "In {code}, base and exponent are "
                   "exchanged.", _with(node, ast.Pow(), node.right, node.left))
        if isinstance(node.right, ast.BinOp):
            inner = node.right
            yield Edit("another grouping", PLAUSIBLE, "brackets are missing around an exponent",
                       "In {code}, brackets are missing or stand in the wrong place.",
                       ast.BinOp(ast.BinOp(node.left, ast.Pow(), inner.left), inner.op, inner.right))
    elif isinstance(node.op, ast.Mod):
        yield Edit("drop a remainder", PLAUSIBLE, "a remainder is left out",
                   "{code} takes a remainder that is not asked for.", node.left)


def unary(place: Place, node: ast.UnaryOp) -> Iterator[Edit]:
    if isinstance(node.op, ast.USub) and isinstance(place.parent, (ast.Slice, ast.Subscript)):
        made, mends = (("things are taken in their own order, not in the reverse one", "{code} turns an order round.")
                       if place.name == "step" else
                       ("a position is counted from the other end", "{code} is counted from the wrong end."))
        yield Edit("from the other end", COMMON, made, mends, node.operand)
    elif isinstance(node.op, ast.USub):
        yield Edit("flip a sign", COMMON, "a minus is left out", "The minus in {code} is one too many.", node.operand)
    elif isinstance(node.op, (ast.Not, ast.Invert)):
        yield Edit("drop a not", COMMON, "a condition is turned into its opposite",
                   "{code} is the opposite of the condition that is meant.", node.operand)


def _sums(node: ast.BinOp) -> Iterator[Edit]:
    right = node.right if isinstance(node.op, ast.Add) else ast.UnaryOp(ast.USub(), node.right)
    yield Edit("flip a sign", COMMON, "a plus and a minus are exchanged in one place",
               "In {code}, plus and minus are exchanged.",
               _with(node, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()))
    yield Edit("drop a term", COMMON, "one term of a sum or a difference is left out",
               f"In {{code}}, {quoted(node.right)} is one term too many: without it the result would be right.",
               node.left)
    yield Edit("drop a term", COMMON, "one term of a sum or a difference is left out",
               f"In {{code}}, {quoted(node.left)} is one term too many: without it the result would be right.", right)
    if isinstance(node.op, ast.Sub):
        yield Edit("swap a difference", COMMON, "a difference is taken the other way round",
                   "The difference {code} is taken the wrong way round.", _with(node, ast.Sub(), node.right, node.left))
        yield Edit("product for difference", FAR, "two things are multiplied in place of subtracted",
                   "In {code}, a difference stands where something else belongs.", _with(node, ast.Mult()))
    grouped = _regrouped(node)
    if grouped is not None:
        power = isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Pow)
        yield Edit("another grouping", PLAUSIBLE if power else FAR, "brackets are missing, or stand in another place",
                   "In {code}, brackets are missing or stand in the wrong place.", grouped)
    yield from _into_a_function(node)


def _into_a_function(node: ast.BinOp) -> Iterator[Edit]:
    """f(a, …) + b as f(a + b, …), and so for the other operations."""
    sums = isinstance(node.op, (ast.Add, ast.Sub))
    made = ("a term is added inside of a function, and belongs behind it" if sums else
            "a factor or divisor stands inside of a function, and belongs behind it")
    sides = [(node.left, node.right)] + [(node.right, node.left)] * (not isinstance(node.op, ast.Div))
    for call, other in sides:
        if isinstance(call, ast.Call) and call.args and not isinstance(call.args[0], (ast.Starred, ast.GeneratorExp)):
            inner = _with(node, node.op, call.args[0], other)
            yield Edit("into a function", PLAUSIBLE, made,
                       f"In {{code}}, {quoted(other)} stands outside of the function that it belongs into.",
                       ast.Call(call.func, [inner, *call.args[1:]], call.keywords))


def _factors(node: ast.BinOp) -> Iterator[Edit]:
    divides = not isinstance(node.op, ast.Mult)
    yield Edit("multiply or divide", PLAUSIBLE, "something is multiplied where it is divided, or the reverse",
               "In {code}, multiplying and dividing are exchanged.", _with(node, ast.Mult() if divides else ast.Div()))
    what = _factor_word(node.right)
    yield Edit("drop a factor", COMMON, "a division is left out" if divides else f"{what} is left out",
               f"In {{code}}, the {'division by' if divides else 'factor'} {quoted(node.right)} is one too many: "
               "without it the result would be right.", node.left)
    if not divides:
        yield Edit("drop a factor", COMMON, f"{_factor_word(node.left)} is left out",
                   f"In {{code}}, the factor {quoted(node.left)} is one too many: without it the result would be "
                   "right.", node.right)
    else:
        yield Edit("invert a quotient", PLAUSIBLE, "a quotient is turned upside down", "{code} is upside down.",
                   _with(node, ast.Div(), node.right, node.left))


def _products(node: ast.BinOp) -> Iterator[Edit]:
    if isinstance(node.op, ast.Div):
        yield Edit("whole division", PLAUSIBLE, "a division is one of whole numbers, without a rest",
                   "{code} divides with decimals where whole numbers are meant.", _with(node, ast.FloorDiv()))
    if isinstance(node.op, ast.FloorDiv):
        yield Edit("true division", PLAUSIBLE, "a division keeps its decimals", "{code} drops the rest of a division.",
                   _with(node, ast.Div()))
        up = ast.UnaryOp(ast.USub(), ast.BinOp(ast.UnaryOp(ast.USub(), node.left), ast.FloorDiv(), node.right))
        yield Edit("rounded up", COMMON, "a division is rounded up", "{code} is rounded down.", up)
    if isinstance(node.op, ast.Mult):
        yield Edit("sum for product", FAR, "two things are added in place of multiplied",
                   "{code} is a product where something else belongs.", _with(node, ast.Add()))
        yield Edit("matrix product", PLAUSIBLE, "a product of matrices is taken in place of one entry by entry",
                   "{code} multiplies entry by entry; it should be another kind of product.",
                   _with(node, ast.MatMult()))
        grouped = _regrouped(node)
        if grouped is not None:
            yield Edit("another grouping", FAR, "brackets are missing",
                       "In {code}, brackets are missing or stand in the wrong place.", grouped)


def _matrix_products(node: ast.BinOp) -> Iterator[Edit]:
    yield Edit("swap a product", COMMON, "the two sides of a matrix product are exchanged",
               "The product {code} has its two sides in the wrong order.",
               _with(node, ast.MatMult(), node.right, node.left))
    yield Edit("entry by entry", PLAUSIBLE, "two arrays are multiplied entry by entry in place of as matrices",
               "{code} is a matrix product where something else belongs.", _with(node, ast.Mult()))
    for side in ("left", "right"):
        operand = getattr(node, side)
        yield Edit("drop a factor", PLAUSIBLE, "a matrix is left out of a product",
                   f"In {{code}}, {quoted(operand)} is one factor too many.",
                   node.right if side == "left" else node.left)
        if not (isinstance(operand, ast.Attribute) and operand.attr == "T"):
            yield Edit("add a transpose", COMMON, "a matrix is transposed that should not be",
                       f"In {{code}}, {quoted(operand)} is not laid out as it has to be: look at its axes.",
                       _with(node, ast.MatMult(), **{side: ast.Attribute(operand, "T", ast.Load())}))
            yield Edit("reverse rows", FARTHER, "rows are taken in the reverse order",
                       f"In {{code}}, {quoted(operand)} is in the wrong order.",
                       _with(node, ast.MatMult(), **{side: parsed(f"({text_of(operand)})[::-1]")}))


def _with(node: ast.BinOp, op: ast.operator, left: ast.expr | None = None, right: ast.expr | None = None) -> ast.BinOp:
    """The same two sides under another operator, or others."""
    return ast.BinOp(left or node.left, op, right or node.right)


def _regrouped(node: ast.BinOp) -> ast.expr | None:
    """a · b + c as a · (b + c), and the reverse; None where there is no such thing."""
    inner = node.left
    if isinstance(inner, ast.BinOp) and type(inner.op) is not type(node.op):
        return ast.BinOp(inner.left, inner.op, ast.BinOp(inner.right, node.op, node.right))
    inner = node.right
    if isinstance(inner, ast.BinOp) and type(inner.op) is not type(node.op):
        return ast.BinOp(ast.BinOp(node.left, node.op, inner.left), inner.op, inner.right)
    return None


def _factor_word(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return "a constant factor"
    text = text_of(node)
    if isinstance(node, ast.Compare) or text.startswith("(1 -") or "1 -" in text or "> 0" in text:
        return "a derivative's factor"
    return "a factor"
