"""Changes of expressions: terms, factors, signs, powers, constants, names, transposes, axes, functions, comparisons."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from helpers.grading.hypotheses.scope import Place

COMMON, PLAUSIBLE, FAR, FARTHER = 1, 2, 3, 4

WORDS = {
    "exp": "the exponential",
    "log": "the logarithm",
    "sqrt": "the root",
    "square": "the square",
    "abs": "the absolute value",
    "tanh": "tanh",
    "expit": "the sigmoid",
    "sigmoid": "the sigmoid",
    "softmax": "the softmax",
    "relu": "the ReLU",
    "maximum": "the maximum with a bound",
    "minimum": "the minimum with a bound",
    "clip": "a clip",
    "mean": "the mean",
    "sum": "the sum",
    "max": "the maximum",
    "min": "the minimum",
    "sign": "the sign",
    "round": "rounding",
    "argmax": "the argmax",
    "norm": "the norm",
    "log_softmax": "the log-softmax",
    "copy": "a copy",
    "array": "np.array",
}
OTHERS = {
    "tanh": ("sin", "arctan"),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "logaddexp": ("maximum",),
    "exp": ("expm1",),
    "log": ("log1p", "log2", "log10"),
    "sqrt": ("square", "cbrt"),
    "square": ("abs",),
    "abs": ("square",),
    "sign": ("abs",),
    "sum": ("mean", "max"),
    "mean": ("sum", "median", "max"),
    "max": ("min", "mean", "sum"),
    "min": ("max",),
    "argmax": ("argmin", "max"),
    "argmin": ("argmax",),
    "dot": ("multiply",),
    "outer": ("multiply",),
    "zeros": ("ones",),
    "ones": ("zeros",),
    "zeros_like": ("ones_like",),
    "ones_like": ("zeros_like",),
    "std": ("var",),
    "var": ("std",),
    "argsort": ("sort",),
    "floor": ("ceil", "round"),
    "ceil": ("floor",),
    "pinv": ("transpose",),
    "inv": ("transpose",),
    "median": ("mean",),
    "cumsum": ("sum",),
    "prod": ("sum",),
    "standard_normal": ("random",),
    "normal": ("uniform",),
    "uniform": ("normal",),
}
COMPARED = {
    ast.Lt: (ast.Gt, ast.LtE),
    ast.Gt: (ast.Lt, ast.GtE),
    ast.LtE: (ast.GtE, ast.Lt),
    ast.GtE: (ast.LtE, ast.Gt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
SIZES = (1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)
WRAPS = (
    "np.tanh({0})",
    "1 / (1 + np.exp(-({0})))",
    "np.maximum({0}, 0)",
    "np.exp({0})",
    "np.abs({0})",
    "np.sqrt({0})",
    "({0}) ** 2",
    "np.log({0})",
    "np.sign({0})",
    "np.sort({0})",
    "np.round({0})",
    "np.exp({0}) / np.exp({0}).sum()",
    "np.minimum({0}, 0)",
    "-np.log({0})",
    "np.linalg.norm({0})",
    "({0}) / np.max(np.abs({0}))",
    "({0}) / np.sum({0})",
    "np.mean({0})",
    "np.sum({0})",
    "np.median({0})",
    "({0}) - np.mean({0})",
    "1 - ({0})",
    "1 / ({0})",
)
WRAP_WORDS = (
    "tanh is applied once more",
    "a sigmoid is applied once more",
    "a ReLU is applied once more",
    "an exponential is applied once more",
    "an absolute value is taken that is not asked for",
    "a root is taken that is not asked for",
    "something is squared that is not",
    "a logarithm is taken that is not asked for",
    "only the sign is kept",
    "numbers are sorted",
    "numbers are rounded",
    "a softmax is applied once more",
    "positive numbers are set to zero",
    "a logarithm is taken that is not asked for",
    "a norm is taken that is not asked for",
    "something is divided by its largest entry",
    "something is divided by its sum",
    "a mean is taken too early, or once more",
    "numbers are added up too early, or once more",
    "a median is taken",
    "a mean is subtracted",
    "1 minus the number is taken",
    "one over the number is taken",
)
SLOPES = ("({0}) * (1 - ({0}))", "1 - ({0}) ** 2", "1 - ({0})", "(({0}) > 0)", "{0}", "np.sign({0})")


@dataclass(frozen=True)
class Edit:
    rule: str
    rank: int
    made: str
    mends: str
    replacement: ast.AST | list[ast.stmt]


def edits(place: Place) -> Iterator[Edit]:
    """The changes of one expression; nothing for statements and for what is stored to."""
    node = place.node
    if not isinstance(node, (ast.expr, ast.Slice)) or isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
        return
    for kind, make in MAKERS:
        if isinstance(node, kind):
            yield from make(place, node)
    if _numeric(place):
        yield from _wrapped(place)


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _short(node: ast.AST) -> str:
    text = _text(node).replace("{", "{{").replace("}", "}}")
    return f"`{text if len(text) <= 40 else text[:39] + '…'}`"


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _numeric(place: Place) -> bool:
    """Whether the node may be an array that a factor or a function can be put around."""
    node, parent = place.node, place.parent
    if isinstance(
        node,
        (
            ast.Slice,
            ast.Constant,
            ast.Starred,
            ast.Lambda,
            ast.Tuple,
            ast.List,
            ast.Dict,
            ast.JoinedStr,
            ast.FormattedValue,
            ast.Compare,
            ast.BoolOp,
            ast.ListComp,
            ast.GeneratorExp,
        ),
    ):
        return False
    if (
        (isinstance(parent, ast.Call)
        and parent.func is node)
        or isinstance(parent, (ast.Attribute, ast.keyword, ast.Slice))
        or (isinstance(parent, ast.Subscript) and parent.slice is node)
    ):
        return False
    if isinstance(parent, (ast.For, ast.comprehension)) and parent.iter is node:
        return False
    return not (isinstance(node, ast.Name) and node.id in ("np", "range", "len", "None", "torch", "nn"))


# --------------------------------------------------------------------------------------------- arithmetic


def _binary(place: Place, node: ast.BinOp) -> Iterator[Edit]:
    def with_op(op: ast.operator, left: ast.expr = node.left, right: ast.expr = node.right) -> ast.BinOp:
        return ast.BinOp(left, op, right)

    if isinstance(node.op, (ast.Add, ast.Sub)):
        right = node.right if isinstance(node.op, ast.Add) else ast.UnaryOp(ast.USub(), node.right)
        yield Edit(
            "flip a sign",
            COMMON,
            "a plus and a minus are exchanged in one place",
            "In {code}, plus and minus are exchanged.",
            with_op(ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()),
        )
        yield Edit(
            "drop a term",
            COMMON,
            "one term of a sum or a difference is left out",
            f"In {{code}}, {_short(node.right)} is one term too many: without it the result would be right.",
            node.left,
        )
        yield Edit(
            "drop a term",
            COMMON,
            "one term of a sum or a difference is left out",
            f"In {{code}}, {_short(node.left)} is one term too many: without it the result would be right.",
            right,
        )
        if isinstance(node.op, ast.Sub):
            yield Edit(
                "swap a difference",
                COMMON,
                "a difference is taken the other way round",
                "The difference {code} is taken the wrong way round.",
                with_op(ast.Sub(), node.right, node.left),
            )
            yield Edit(
                "product for difference",
                FAR,
                "two things are multiplied in place of subtracted",
                "In {code}, a difference stands where something else belongs.",
                with_op(ast.Mult()),
            )
        grouped = _regrouped(node)
        if grouped is not None:
            yield Edit(
                "another grouping",
                FAR,
                "brackets are missing",
                "In {code} brackets stand in the wrong place.",
                grouped,
            )
    elif isinstance(node.op, (ast.Mult, ast.Div, ast.FloorDiv)):
        divides = not isinstance(node.op, ast.Mult)
        yield Edit(
            "multiply or divide",
            PLAUSIBLE,
            "something is multiplied where it is divided, or the reverse",
            "In {code}, multiplying and dividing are exchanged.",
            with_op(ast.Mult() if divides else ast.Div()),
        )
        what = _factor_word(node.right)
        yield Edit(
            "drop a factor",
            COMMON,
            "a division is left out" if divides else f"{what} is left out",
            f"In {{code}}, the {'division by' if divides else 'factor'} {_short(node.right)} is one too many: without "
            "it the result would be right.",
            node.left,
        )
        if not divides:
            yield Edit(
                "drop a factor",
                COMMON,
                f"{_factor_word(node.left)} is left out",
                f"In {{code}}, the factor {_short(node.left)} is one too many: without it the result would be right.",
                node.right,
            )
        else:
            yield Edit(
                "invert a quotient",
                PLAUSIBLE,
                "a quotient is turned upside down",
                "{code} is upside down.",
                with_op(ast.Div(), node.right, node.left),
            )
        if isinstance(node.op, ast.Div):
            yield Edit(
                "whole division",
                PLAUSIBLE,
                "a division is one of whole numbers, without a rest",
                "{code} divides with decimals where whole numbers are meant.",
                with_op(ast.FloorDiv()),
            )
        if isinstance(node.op, ast.FloorDiv):
            yield Edit(
                "true division",
                PLAUSIBLE,
                "a division keeps its decimals",
                "{code} drops the rest of a division.",
                with_op(ast.Div()),
            )
        if isinstance(node.op, ast.Mult):
            yield Edit(
                "sum for product",
                FAR,
                "two things are added in place of multiplied",
                "{code} is a product where something else belongs.",
                with_op(ast.Add()),
            )
            yield Edit(
                "matrix product",
                PLAUSIBLE,
                "a product of matrices is taken in place of one entry by entry",
                "{code} multiplies entry by entry; it should be another kind of product.",
                with_op(ast.MatMult()),
            )
            grouped = _regrouped(node)
            if grouped is not None:
                yield Edit(
                    "another grouping",
                    FAR,
                    "brackets are missing",
                    "In {code} brackets stand in the wrong place.",
                    grouped,
                )
    elif isinstance(node.op, ast.MatMult):
        yield from _matrix_products(node, with_op)
    elif isinstance(node.op, ast.Pow):
        yield Edit(
            "drop a power", COMMON, "a power is left out", "{code} takes a power where there is none.", node.left
        )
        yield Edit(
            "double for square",
            PLAUSIBLE,
            "something is doubled in place of squared",
            "{code} is a power where something else belongs.",
            ast.BinOp(ast.Constant(2), ast.Mult(), node.left),
        )
    elif isinstance(node.op, ast.Mod):
        yield Edit(
            "drop a remainder",
            PLAUSIBLE,
            "a remainder is left out",
            "{code} takes a remainder that is not asked for.",
            node.left,
        )


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
    text = _text(node)
    if isinstance(node, ast.Compare) or text.startswith("(1 -") or "1 -" in text or "> 0" in text:
        return "a derivative's factor"
    return "a factor"


def _matrix_products(node: ast.BinOp, with_op: Callable) -> Iterator[Edit]:
    yield Edit(
        "swap a product",
        COMMON,
        "the two sides of a matrix product are exchanged",
        "The product {code} has its two sides in the wrong order.",
        with_op(ast.MatMult(), node.right, node.left),
    )
    yield Edit(
        "entry by entry",
        PLAUSIBLE,
        "two arrays are multiplied entry by entry in place of as matrices",
        "{code} is a matrix product where something else belongs.",
        with_op(ast.Mult()),
    )
    for side in ("left", "right"):
        operand = getattr(node, side)
        yield Edit(
            "drop a factor",
            PLAUSIBLE,
            "a matrix is left out of a product",
            f"In {{code}}, {_short(operand)} is one factor too many.",
            node.right if side == "left" else node.left,
        )
        if not (isinstance(operand, ast.Attribute) and operand.attr == "T"):
            yield Edit(
                "add a transpose",
                COMMON,
                "a matrix is transposed that should not be",
                f"In {{code}}, {_short(operand)} is not laid out as it has to be: look at its axes.",
                with_op(ast.MatMult(), **{side: ast.Attribute(operand, "T", ast.Load())}),
            )
            yield Edit(
                "reverse rows",
                FARTHER,
                "rows are taken in the reverse order",
                f"In {{code}}, {_short(operand)} is in the wrong order.",
                with_op(ast.MatMult(), **{side: _parsed(f"({_text(operand)})[::-1]")}),
            )


def _unary(place: Place, node: ast.UnaryOp) -> Iterator[Edit]:
    if isinstance(node.op, ast.USub):
        yield Edit("flip a sign", COMMON, "a minus is left out", "The minus in {code} is one too many.", node.operand)
    elif isinstance(node.op, (ast.Not, ast.Invert)):
        yield Edit(
            "drop a not",
            COMMON,
            "a condition is turned into its opposite",
            "{code} is the opposite of the condition that is meant.",
            node.operand,
        )


def _constant(place: Place, node: ast.Constant) -> Iterator[Edit]:
    value = node.value
    if isinstance(value, bool):
        yield Edit(
            "change a constant",
            PLAUSIBLE,
            "a True and a False are exchanged",
            "A {code} is the wrong way round.",
            ast.Constant(not value),
        )
        return
    if not isinstance(value, (int, float)):
        return
    around = place.parent
    where = f" in {_short(around)}" if isinstance(around, (ast.expr, ast.Slice)) else ""
    mends = f"The number {{code}}{where} is not the one that belongs there."
    others = dict.fromkeys(
        (
            value + 1,
            value - 1,
            value * 2,
            value / 2,
            0,
            1,
            2,
            -value,
            value * 10,
            value / 10,
            0.5,
            1 - value,
            value * value,
        )
    )
    for other in others:
        if other != value and (isinstance(value, float) or other == int(other) or not isinstance(around, ast.Slice)):
            shown = int(other) if other == int(other) and isinstance(value, int) else other
            by_one = isinstance(value, int) and abs(other - value) == 1 and not isinstance(around, ast.BinOp)
            made = (
                "a count or a position is off by one"
                if by_one
                else f"a number in the formula is {shown:g} and not the one that belongs there"
            )
            yield Edit(
                "change a constant",
                PLAUSIBLE if by_one or other in (value * 2, value / 2) else FAR,
                made,
                mends,
                ast.Constant(shown),
            )
    for name in place.scope.known:  # a number of the example at hand in the place of what is meant
        for text in (name, f"len({name})", f"{name}.shape[-1]", f"{name}.size"):
            yield Edit(
                "a number for a size",
                FAR,
                "a number stands where a size of the data belongs",
                f"The fixed number {{code}}{where} stands where something that depends on the arguments belongs.",
                _parsed(text),
            )


def _name(place: Place, node: ast.Name) -> Iterator[Edit]:
    if (isinstance(place.parent, ast.Call) and place.parent.func is node) or node.id not in place.scope.known:
        return
    for other in place.scope.known:
        if other == node.id or other in place.scope.loops:
            continue
        public = node.id in place.scope.parameters and other in place.scope.parameters
        made = (
            f"`{other}` is taken in one place where `{node.id}` belongs"
            if public
            else "another array, or a later or earlier value, is taken in one place"
        )
        around = place.parent
        where = f" in {_short(around)}" if isinstance(around, ast.expr) else ""
        yield Edit(
            "another name",
            PLAUSIBLE,
            made,
            f"{{code}}{where} is not what belongs there.",
            ast.Name(other, ast.Load()),
        )
    if not isinstance(place.parent, ast.Attribute) and node.id in place.scope.parameters:
        yield Edit(
            "add a transpose",
            FAR,
            f"`{node.id}` is transposed",
            "{code} is not laid out as it has to be.",
            ast.Attribute(ast.Name(node.id, ast.Load()), "T", ast.Load()),
        )


def _attribute(place: Place, node: ast.Attribute) -> Iterator[Edit]:
    if node.attr == "T":
        yield Edit(
            "drop a transpose",
            COMMON,
            "a transpose is left out",
            "{code} is transposed and should not be.",
            node.value,
        )


# --------------------------------------------------------------------------------------------- calls


def _call(place: Place, node: ast.Call) -> Iterator[Edit]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    word = WORDS.get(name, "a function")
    yield from _keywords(node, name)
    yield from _axes(node, name)
    for other in OTHERS.get(name, ()):
        if isinstance(node.func, ast.Attribute):
            there = WORDS.get(other, f"`{other}`")
            func = ast.Attribute(node.func.value, other, ast.Load())
            if name in ("pinv", "inv"):
                func = ast.Attribute(ast.Name("np", ast.Load()), other, ast.Load())
            yield Edit(
                "another function",
                PLAUSIBLE,
                f"{there} is taken in place of {word}",
                "{code} takes another function than what belongs there.",
                ast.Call(func, node.args, node.keywords),
            )
    if name in ("sum", "mean", "max", "norm"):
        yield Edit(
            "square",
            PLAUSIBLE,
            f"{word} is squared",
            f"{word.capitalize()} in {{code}} is not squared.",
            ast.BinOp(node, ast.Pow(), ast.Constant(2)),
        )
    if isinstance(node.func, ast.Attribute) and name == "copy" and not node.args:
        yield Edit(
            "no copy",
            PLAUSIBLE,
            "an array is not copied before it is changed",
            "{code} is a copy of what should be changed itself.",
            node.func.value,
        )
    elif node.args and name not in ("range", "len", "zip", "enumerate"):
        for number, argument in enumerate(node.args[:3]):
            if not isinstance(argument, (ast.Starred, ast.GeneratorExp, ast.Constant)):
                yield Edit(
                    "drop a function",
                    COMMON if number == 0 and name in WORDS else FAR,
                    f"{word} is left out",
                    f"{word.capitalize()} in {{code}} is one too many: without it the result would be right.",
                    argument,
                )
    if isinstance(node.func, ast.Attribute) and not node.args and name not in ("copy", "keys", "values", "items"):
        yield Edit(
            "drop a function",
            FAR,
            f"{word} is left out",
            f"{word.capitalize()} in {{code}} is one too many.",
            node.func.value,
        )
    if len(node.args) >= 2 and not any(isinstance(a, ast.Starred) for a in node.args):
        for k in range(len(node.args) - 1):
            turned = [*node.args[:k], node.args[k + 1], node.args[k], *node.args[k + 2 :]]
            yield Edit(
                "arguments exchanged",
                COMMON,
                "two arguments of a call stand in the other order",
                "The arguments in {code} stand in the wrong order.",
                ast.Call(node.func, turned, node.keywords),
            )
    yield from _ranges(node, name)


def _keywords(node: ast.Call, name: str) -> Iterator[Edit]:
    for position, keyword in enumerate(node.keywords):
        others = node.keywords[:position] + node.keywords[position + 1 :]
        if keyword.arg not in (None, "axis", "dim"):
            yield Edit(
                f"drop {keyword.arg}",
                COMMON,
                f"`{keyword.arg}` is left out",
                f"`{keyword.arg}={_text(keyword.value)}`".replace("{", "{{").replace("}", "}}")
                + " in {code} is what "
                "is wrong with it: without it the result would be right.",
                ast.Call(node.func, node.args, others),
            )
    if name in ("std", "var") and not any(k.arg == "ddof" for k in node.keywords):
        more = [*node.keywords, ast.keyword("ddof", ast.Constant(1))]
        yield Edit(
            "ddof",
            COMMON,
            "the spread is divided by N - 1 and not by N",
            "{code} divides by another count than it should.",
            ast.Call(node.func, node.args, more),
        )
    if name in ("sum", "mean", "max", "min", "any", "all") and not any(k.arg == "keepdims" for k in node.keywords):
        more = [*node.keywords, ast.keyword("keepdims", ast.Constant(True))]
        yield Edit(
            "keepdims",
            PLAUSIBLE,
            "an axis of length 1 is kept",
            "{code} loses an axis, so that what follows is stretched along another one.",
            ast.Call(node.func, node.args, more),
        )


def _axes(node: ast.Call, name: str) -> Iterator[Edit]:
    word = {
        "sum": "a sum",
        "mean": "a mean",
        "max": "a maximum",
        "min": "a minimum",
        "std": "a spread",
        "softmax": "a softmax",
        "argmax": "an argmax",
    }.get(name, "an operation")
    mends = "{code} runs over the wrong axis."
    at = next((k for k, keyword in enumerate(node.keywords) if keyword.arg in ("axis", "dim")), None)
    reduces = name in (
        "sum",
        "mean",
        "max",
        "min",
        "std",
        "var",
        "softmax",
        "argmax",
        "argmin",
        "norm",
        "median",
        "any",
        "all",
        "log_softmax",
        "cumsum",
        "flip",
        "sort",
        "argsort",
        "prod",
        "logsumexp",
    )
    if not reduces:
        return
    method = isinstance(node.func, ast.Attribute) and not (
        isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "torch", "special", "F")
    )
    position = None
    if (
        at is None
        and len(node.args) == (1 if method else 2)
        and isinstance(node.args[-1], (ast.Constant, ast.UnaryOp))
    ):
        position = len(node.args) - 1
    present = at is not None or position is not None
    for axis in (0, 1, -1, None):
        made = (
            f"{word} runs over all entries at once"
            if axis is None
            else f"{word} runs over another axis"
            if present
            else f"{word} runs over one axis and not over all entries"
        )
        new: ast.expr = _parsed(str(axis))
        if position is not None:
            args = list(node.args)
            args[position] = new
            replaced = ast.Call(node.func, args, node.keywords)
        else:
            keywords = [k for i, k in enumerate(node.keywords) if i != at]
            label = node.keywords[at].arg if at is not None else "axis"
            more = (
                [] if axis is None and not any(k.arg == "keepdims" for k in keywords) else [ast.keyword(label, new)]
            )
            replaced = ast.Call(node.func, node.args, [*keywords, *more])
        yield Edit("another axis", COMMON, made, mends, replaced)


def _ranges(node: ast.Call, name: str) -> Iterator[Edit]:
    if name != "range" or not node.args:
        return
    stop = len(node.args) > 1
    for op, made in ((ast.Sub(), "a loop ends one step too early"), (ast.Add(), "a loop takes one step too many")):
        args = list(node.args)
        args[1 if stop else 0] = ast.BinOp(args[1 if stop else 0], op, ast.Constant(1))
        yield Edit(
            "off by one",
            COMMON,
            made,
            "The loop over {code} takes the wrong number of steps.",
            ast.Call(node.func, args, []),
        )
    if not stop:
        yield Edit(
            "off by one",
            COMMON,
            "a loop leaves out the first step",
            "The loop over {code} begins at the wrong step.",
            ast.Call(node.func, [ast.Constant(1), node.args[0]], []),
        )
        yield Edit(
            "shifted by one",
            COMMON,
            "a loop counts from 1",
            "The loop over {code} counts from the wrong number.",
            ast.Call(node.func, [ast.Constant(1), ast.BinOp(node.args[0], ast.Add(), ast.Constant(1))], []),
        )
        for axis in (0, 1, -1):
            for name in {n.id for n in ast.walk(node.args[0]) if isinstance(n, ast.Name)} - {"len"}:
                yield Edit(
                    "another length",
                    PLAUSIBLE,
                    "a loop runs over another axis",
                    "The loop over {code} runs over the wrong length.",
                    ast.Call(node.func, [_parsed(f"{name}.shape[{axis}]")], []),
                )


def _slice(place: Place, node: ast.Slice) -> Iterator[Edit]:
    for side in ("lower", "upper"):
        bound = getattr(node, side)
        if bound is None:
            continue
        for op in (ast.Add(), ast.Sub()):
            sides = {
                "lower": node.lower,
                "upper": node.upper,
                "step": node.step,
                side: ast.BinOp(bound, op, ast.Constant(1)),
            }
            yield Edit(
                "off by one",
                COMMON,
                "a part of an array is cut one place off",
                "The bounds of the part [{code}] are off.",
                ast.Slice(sides["lower"], sides["upper"], sides["step"]),
            )
        sides = {"lower": node.lower, "upper": node.upper, "step": node.step, side: None}
        yield Edit(
            "drop a bound",
            COMMON,
            "a part of an array has no bound on one side",
            "The part [{code}] is cut where it should not be.",
            ast.Slice(sides["lower"], sides["upper"], sides["step"]),
        )


def _subscript(place: Place, node: ast.Subscript) -> Iterator[Edit]:
    if isinstance(node.slice, ast.Slice) and node.slice.step is not None:
        yield Edit(
            "drop an order", PLAUSIBLE, "an order is not reversed", "{code} turns the order round.", node.value
        )
    elif isinstance(node.slice, ast.Slice):
        yield Edit(
            "drop a part", PLAUSIBLE, "all is taken in place of a part", "{code} takes only a part of it.", node.value
        )
    elif isinstance(node.slice, ast.Name):
        yield Edit(
            "order ignored",
            PLAUSIBLE,
            "an order or a choice of entries is ignored",
            "{code} picks entries where it should not.",
            node.value,
        )
    elif isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
        turned = ast.Tuple(node.slice.elts[::-1], ast.Load())
        yield Edit(
            "axes exchanged",
            COMMON,
            "rows and columns are exchanged",
            "In {code} rows and columns are exchanged.",
            ast.Subscript(node.value, turned, ast.Load()),
        )


def _compare(place: Place, node: ast.Compare) -> Iterator[Edit]:
    if len(node.ops) != 1:
        return
    left, right = node.left, node.comparators[0]
    for k, other in enumerate(COMPARED.get(type(node.ops[0]), ())):
        made = (
            "a comparison is the other way round" if k == 0 else "equality counts on the other side of a comparison"
        )
        mends = (
            "The comparison {code} is the wrong way round."
            if k == 0
            else ("The comparison {code} is wrong where both sides are equal.")
        )
        yield Edit("turn a comparison", COMMON, made, mends, ast.Compare(left, [other()], [right]))
    for bound in (0, 0.5, 1):
        if _text(right) != str(bound):
            made = f"a threshold is {bound:g} and not the one that belongs there"
            yield Edit(
                "another threshold",
                PLAUSIBLE,
                made,
                "The comparison {code} has the wrong threshold.",
                ast.Compare(left, node.ops, [ast.Constant(bound)]),
            )
    for name in place.scope.known:
        if isinstance(left, ast.Name) and left.id != name:
            yield Edit(
                "another condition",
                PLAUSIBLE,
                "a condition looks at another array",
                "The comparison {code} looks at the wrong array.",
                ast.Compare(ast.Name(name, ast.Load()), node.ops, [right]),
            )


def _condition(place: Place, node: ast.IfExp) -> Iterator[Edit]:
    yield Edit(
        "drop a case",
        COMMON,
        "a special case is left out",
        "{code} makes a special case where there is none.",
        node.body,
    )
    yield Edit(
        "drop a case",
        COMMON,
        "a special case is left out",
        "{code} makes a special case where there is none.",
        node.orelse,
    )


def _tuple(place: Place, node: ast.Tuple) -> Iterator[Edit]:
    if not isinstance(place.parent, ast.Return) or not 2 <= len(node.elts) <= 8:
        return
    for a in range(len(node.elts)):
        for b in range(a + 1, len(node.elts)):
            turned = list(node.elts)
            turned[a], turned[b] = turned[b], turned[a]
            yield Edit(
                "swap two results",
                COMMON,
                "two of the outputs stand in each other's place",
                "Two of the outputs in {code} stand in each other's place.",
                ast.Tuple(turned, ast.Load()),
            )
            for source, target in ((a, b), (b, a)):
                copied = list(node.elts)
                copied[target] = node.elts[source]
                if not isinstance(node.elts[source], ast.Starred):
                    yield Edit(
                        "the same twice",
                        COMMON,
                        "one output is returned in another's place as well",
                        "One output is returned in another's place in {code}.",
                        ast.Tuple(copied, ast.Load()),
                    )


# --------------------------------------------------------------------------------------------- around something


def _wrapped(place: Place) -> Iterator[Edit]:
    node = place.node
    text = _text(node)
    if len(text) > 120:
        return
    parent = place.parent
    name = ""
    if isinstance(parent, ast.Call):
        name = parent.func.attr if isinstance(parent.func, ast.Attribute) else getattr(parent.func, "id", "")
    inside = {"log": "a logarithm", "log2": "a logarithm", "sqrt": "a root"}.get(name)
    if inside is None and isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Div) and parent.right is node:
        inside = "a denominator"
    if inside:
        for size in SIZES:
            yield Edit(
                "a constant inside",
                COMMON,
                f"a constant of {size:g} is added inside {inside}",
                "Something is missing in {code}.",
                _parsed(f"({text}) + {size!r}"),
            )
            for form in ("np.maximum({0}, {1!r})", "np.clip({0}, {1!r}, 1 - {1!r})"):
                yield Edit(
                    "a clip inside",
                    PLAUSIBLE,
                    f"numbers below {size:g} are cut off inside {inside}",
                    "A bound is missing around {code}.",
                    _parsed(form.format(text, size)),
                )
    for form, words in zip(WRAPS, WRAP_WORDS):
        yield Edit("something around", FAR, words, "Something is missing around {code}.", _parsed(form.format(text)))
    yield Edit(
        "negated", PLAUSIBLE, "a sign is turned", "The sign of {code} is the wrong one.", _parsed(f"-({text})")
    )
    for factor, what in (
        ("2", "a factor of 2 is added"),
        ("0.5", "a factor of 1/2 is added"),
        ("0", "one part is set to zero"),
    ):
        yield Edit("a factor more", FAR, what, "A factor is missing at {code}.", _parsed(f"{factor} * ({text})"))
    for known in place.scope.known:
        if known in place.scope.loops:
            continue
        for slope in SLOPES:
            made = (
                f"`{known}`, or a slope made from it, is one factor too many"
                if known in place.scope.parameters
                else "one factor, or a slope, is one too many"
            )
            yield Edit(
                "a factor more",
                FARTHER,
                made,
                "A factor is missing at {code}.",
                _parsed(f"({text}) * ({slope.format(known)})"),
            )
        if known in place.scope.parameters:
            yield Edit(
                "divided",
                FARTHER,
                f"something is divided by `{known}`, or by its length",
                "A division is missing at {code}.",
                _parsed(f"({text}) / {known}"),
            )
            for length in (f"len({known})", f"{known}.shape[-1]"):
                yield Edit(
                    "divided",
                    FARTHER,
                    f"something is divided by a length of `{known}`",
                    "A division is missing at {code}.",
                    _parsed(f"({text}) / {length}"),
                )
                yield Edit(
                    "divided",
                    FARTHER,
                    f"something is multiplied by a length of `{known}`",
                    "A factor is missing at {code}.",
                    _parsed(f"({text}) * {length}"),
                )
            yield Edit(
                "added",
                FARTHER,
                f"`{known}` is added once too often",
                "A term is missing at {code}.",
                _parsed(f"({text}) + {known}"),
            )
    for loop in place.scope.loops:
        if isinstance(node, ast.Name) and node.id in place.scope.parameters:
            yield Edit(
                "shrinks",
                PLAUSIBLE,
                f"`{node.id}` shrinks from step to step, as 1/step",
                "{code} has to change from step to step.",
                _parsed(f"{text} / ({loop} + 1)"),
            )


MAKERS: tuple[tuple[type, Callable[..., Iterator[Edit]]], ...] = (
    (ast.BinOp, _binary),
    (ast.UnaryOp, _unary),
    (ast.Constant, _constant),
    (ast.Name, _name),
    (ast.Attribute, _attribute),
    (ast.Call, _call),
    (ast.Slice, _slice),
    (ast.Subscript, _subscript),
    (ast.Compare, _compare),
    (ast.IfExp, _condition),
    (ast.Tuple, _tuple),
)
