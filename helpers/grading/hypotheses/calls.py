"""Changes of calls: another function, none, other arguments, other axes, a loop's range."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.grading.hypotheses import chance, orders
from helpers.grading.hypotheses.edit import COMMON, FAR, PLAUSIBLE, Edit, parsed, text_of
from helpers.grading.hypotheses.scope import Place

WORDS = {
    "exp": "the exponential", "log": "the logarithm", "sqrt": "the root", "square": "the square",
    "abs": "the absolute value", "tanh": "tanh", "expit": "the sigmoid", "sigmoid": "the sigmoid",
    "softmax": "the softmax", "relu": "the ReLU", "maximum": "the maximum with a bound",
    "minimum": "the minimum with a bound", "clip": "a clip", "mean": "the mean", "sum": "the sum",
    "max": "the maximum", "min": "the minimum", "sign": "the sign", "round": "rounding", "argmax": "the argmax",
    "norm": "the norm", "log_softmax": "the log-softmax", "copy": "a copy", "array": "np.array",
}
OTHERS = {
    "tanh": ("sin", "arctan"), "maximum": ("minimum",), "minimum": ("maximum",), "logaddexp": ("maximum",),
    "exp": ("expm1",), "log": ("log1p", "log2", "log10"), "sqrt": ("square", "cbrt"), "square": ("abs",),
    "abs": ("square",), "sign": ("abs",), "sum": ("mean", "max"), "mean": ("sum", "median", "max"),
    "max": ("min", "mean", "sum"), "min": ("max",), "argmax": ("argmin", "max"), "argmin": ("argmax",),
    "dot": ("multiply",), "outer": ("multiply",), "zeros": ("ones",), "ones": ("zeros",), "zeros_like": ("ones_like",),
    "ones_like": ("zeros_like",), "std": ("var",), "var": ("std",), "argsort": ("sort",), "floor": ("ceil", "round"),
    "ceil": ("floor",), "pinv": ("transpose",), "inv": ("transpose",), "median": ("mean",), "cumsum": ("sum",),
    "prod": ("sum",), "standard_normal": ("random",), "normal": ("uniform",), "uniform": ("normal",),
}
REDUCE = ("sum", "mean", "max", "min", "std", "var", "softmax", "argmax", "argmin", "norm", "median", "any", "all",
          "log_softmax", "cumsum", "flip", "sort", "argsort", "prod", "logsumexp")
AXIS_WORDS = {"sum": "a sum", "mean": "a mean", "max": "a maximum", "min": "a minimum", "std": "a spread",
              "softmax": "a softmax", "argmax": "an argmax"}


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def call(place: Place, node: ast.Call) -> Iterator[Edit]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    word = WORDS.get(name, f"`{name}`" if name else "a function")
    yield from chance.drawn(place, node, name)
    yield from _keywords(node, name)
    yield from _axes(node, name)
    for other in OTHERS.get(name, ()):
        if isinstance(node.func, ast.Attribute):
            there = WORDS.get(other, f"`{other}`")
            func = ast.Attribute(node.func.value, other, ast.Load())
            if name in ("pinv", "inv"):
                func = ast.Attribute(ast.Name("np", ast.Load()), other, ast.Load())
            yield Edit("another function", PLAUSIBLE, f"{there} is taken in place of {word}",
                       "{code} takes another function than what belongs there.",
                       ast.Call(func, node.args, node.keywords))
    if name == "sign" and len(node.args) == 1:
        yield Edit("step for a sign", PLAUSIBLE, "1 and 0 are taken where the sign belongs",
                   "{code} is -1 below 0, where it should be 0.", parsed(f"1.0 * ({text_of(node.args[0])} > 0)"))
    if name in ("sum", "mean", "max", "norm"):
        yield Edit("square", PLAUSIBLE, f"{word} is squared", f"{_capital(word)} in {{code}} is not squared.",
                   ast.BinOp(node, ast.Pow(), ast.Constant(2)))
    if isinstance(node.func, ast.Attribute) and name == "copy" and not node.args:
        yield Edit("no copy", PLAUSIBLE, "an array is not copied before it is changed",
                   "{code} is a copy of what should be changed itself.", node.func.value)
    elif node.args and name not in ("range", "len", "zip", "enumerate"):
        for number, argument in enumerate(node.args[:3]):
            if not isinstance(argument, (ast.Starred, ast.GeneratorExp, ast.Constant)):
                yield Edit("drop a function", COMMON if number == 0 and name in WORDS else FAR, f"{word} is left out",
                           f"{_capital(word)} in {{code}} is one too many: without it the result would be right.",
                           argument)
    if isinstance(node.func, ast.Attribute) and not node.args and name not in ("copy", "keys", "values", "items"):
        yield Edit("drop a function", FAR, f"{word} is left out", f"{_capital(word)} in {{code}} is one too many.",
                   node.func.value)
    if len(node.args) >= 2 and not any(isinstance(a, ast.Starred) for a in node.args):
        for k in range(len(node.args) - 1):
            turned = [*node.args[:k], node.args[k + 1], node.args[k], *node.args[k + 2:]]
            yield Edit("arguments exchanged", COMMON, "two arguments of a call stand in the other order",
                       "The arguments in {code} stand in the wrong order.", ast.Call(node.func, turned, node.keywords))
    if name == "norm" and not any(keyword.arg == "ord" for keyword in node.keywords):
        others = ("2", "1", "np.inf") if len(node.args) == 1 else ("None",) if len(node.args) == 2 else ()
        for other in others:
            yield Edit("another norm", PLAUSIBLE, "another norm is taken than the root of the sum of squares",
                       "{code} is another norm than the one that is meant.",
                       ast.Call(node.func, [node.args[0], parsed(other)], node.keywords))
    if name in ("empty", "empty_like") and isinstance(node.func, ast.Attribute):
        yield Edit("begin with zeros", COMMON, "an array begins with zeros",
                   "{code} holds whatever was in memory before: something is read from it before it is written.",
                   ast.Call(ast.Attribute(node.func.value, name.replace("empty", "zeros"), ast.Load()), node.args,
                            node.keywords))
    yield from _ranges(node, name)
    yield from orders.call(node, name)
    yield from _out_of(node)


def _out_of(node: ast.Call) -> Iterator[Edit]:
    """f(a + b, …) as f(a, …) + b and a + f(b, …), and so for the other operations."""
    inner = node.args[0] if node.args else None
    if not isinstance(inner, ast.BinOp) or not isinstance(inner.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
        return
    sums = isinstance(inner.op, (ast.Add, ast.Sub))
    made = ("a term is added behind a function, and belongs inside of it" if sums else
            "a factor or divisor stands behind a function, and belongs inside of it")
    mends = f"In {{code}}, a {'term' if sums else 'factor'} stands inside of the function that does not belong there."
    left = ast.Call(node.func, [inner.left, *node.args[1:]], node.keywords)
    right = ast.Call(node.func, [inner.right, *node.args[1:]], node.keywords)
    yield Edit("out of a function", PLAUSIBLE, made, mends, ast.BinOp(left, inner.op, inner.right))
    yield Edit("out of a function", PLAUSIBLE, made, mends, ast.BinOp(inner.left, inner.op, right))


def _keywords(node: ast.Call, name: str) -> Iterator[Edit]:
    for position, keyword in enumerate(node.keywords):
        others = node.keywords[:position] + node.keywords[position + 1:]
        if keyword.arg not in (None, "axis", "dim"):
            yield Edit(f"drop {keyword.arg}", COMMON, f"`{keyword.arg}` is left out",
                       f"`{keyword.arg}={text_of(keyword.value)}`".replace("{", "{{").replace("}", "}}")
                       + " in {code} is what is wrong with it: without it the result would be right.",
                       ast.Call(node.func, node.args, others))
    if name in ("std", "var") and not any(k.arg == "ddof" for k in node.keywords):
        more = [*node.keywords, ast.keyword("ddof", ast.Constant(1))]
        yield Edit("ddof", COMMON, "the spread is divided by N - 1 and not by N",
                   "{code} divides by another count than it should.", ast.Call(node.func, node.args, more))
    if name in ("sum", "mean", "max", "min", "any", "all") and not any(k.arg == "keepdims" for k in node.keywords):
        more = [*node.keywords, ast.keyword("keepdims", ast.Constant(True))]
        yield Edit("keepdims", PLAUSIBLE, "an axis of length 1 is kept",
                   "{code} loses an axis, so that what follows is stretched along another one.",
                   ast.Call(node.func, node.args, more))


def _axes(node: ast.Call, name: str) -> Iterator[Edit]:
    word = AXIS_WORDS.get(name, "an operation")
    mends = "{code} runs over the wrong axis."
    at = next((k for k, keyword in enumerate(node.keywords) if keyword.arg in ("axis", "dim")), None)
    if name not in REDUCE:
        return
    method = isinstance(node.func, ast.Attribute) and not (
        isinstance(node.func.value, ast.Name) and node.func.value.id in ("np", "torch", "special", "F"))
    position = None
    if at is None and len(node.args) == (1 if method else 2) and isinstance(node.args[-1], (ast.Constant, ast.UnaryOp)):
        position = len(node.args) - 1
    present = at is not None or position is not None
    for axis in (0, 1, -1, None):
        made = f"{word} runs over " + ("all entries at once" if axis is None else "another axis" if present else
                                       "one axis and not over all entries")
        new: ast.expr = parsed(str(axis))
        if position is not None:
            args = list(node.args)
            args[position] = new
            replaced = ast.Call(node.func, args, node.keywords)
        else:
            keywords = [k for i, k in enumerate(node.keywords) if i != at]
            label = node.keywords[at].arg if at is not None else "axis"
            if axis is not None or any(k.arg == "keepdims" for k in keywords):
                keywords.append(ast.keyword(label, new))
            replaced = ast.Call(node.func, node.args, keywords)
        yield Edit("another axis", COMMON, made, mends, replaced)


def _ranges(node: ast.Call, name: str) -> Iterator[Edit]:
    if name != "range" or not node.args:
        return
    stop = len(node.args) > 1
    for op, made in ((ast.Sub(), "a loop ends one step too early"), (ast.Add(), "a loop takes one step too many")):
        args = list(node.args)
        args[1 if stop else 0] = ast.BinOp(args[1 if stop else 0], op, ast.Constant(1))
        yield Edit("off by one", COMMON, made, "The loop over {code} takes the wrong number of steps.",
                   ast.Call(node.func, args, []))
    if not stop:
        yield Edit("off by one", COMMON, "a loop leaves out the first step",
                   "The loop over {code} begins at the wrong step.",
                   ast.Call(node.func, [ast.Constant(1), node.args[0]], []))
        yield Edit("shifted by one", COMMON, "a loop counts from 1",
                   "The loop over {code} counts from the wrong number.",
                   ast.Call(node.func, [ast.Constant(1), ast.BinOp(node.args[0], ast.Add(), ast.Constant(1))], []))
        for axis in (0, 1, -1):
            for name in sorted({n.id for n in ast.walk(node.args[0]) if isinstance(n, ast.Name)} - {"len"}):
                yield Edit("another length", PLAUSIBLE, "a loop runs over another axis",
                           "The loop over {code} runs over the wrong length.",
                           ast.Call(node.func, [parsed(f"{name}.shape[{axis}]")], []))
