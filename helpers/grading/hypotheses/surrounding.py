"""Something put around an expression: a function, a factor, a term, a bound."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.grading.hypotheses.edit import COMMON, FAR, FARTHER, PLAUSIBLE, Edit, quoted, text_of
from helpers.grading.hypotheses.scope import Place

MOST_NAMES = 10  # of a function, for which every one is tried as a factor
SIZES = (1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)
WRAPS = (
    ("np.tanh({0})", "a tanh is applied that is not asked for"),
    ("1 / (1 + np.exp(-({0})))", "a sigmoid is applied that is not asked for"),
    ("np.maximum({0}, 0)", "a ReLU is applied that is not asked for"),
    ("np.exp({0})", "an exponential is taken that is not asked for"),
    ("np.abs({0})", "an absolute value is taken that is not asked for"),
    ("np.sqrt({0})", "a root is taken that is not asked for"),
    ("({0}) ** 2", "something is squared that is not"),
    ("np.log({0})", "a logarithm is taken that is not asked for"),
    ("np.sign({0})", "only the sign is kept"),
    ("np.sort({0})", "numbers are sorted"),
    ("np.round({0})", "numbers are rounded"),
    ("np.exp({0}) / np.exp({0}).sum()", "a softmax is applied that is not asked for"),
    ("np.minimum({0}, 0)", "positive numbers are set to zero"),
    ("-np.log({0})", "a logarithm is taken that is not asked for"),
    ("np.linalg.norm({0})", "a norm is taken that is not asked for"),
    ("({0}) / np.max(np.abs({0}))", "something is divided by its largest entry"),
    ("({0}) / np.sum({0})", "something is divided by its sum"),
    ("np.mean({0})", "a mean is taken too early, or once more"),
    ("np.sum({0})", "numbers are added up too early, or once more"),
    ("np.median({0})", "a median is taken"),
    ("({0}) - np.mean({0})", "a mean is subtracted"),
    ("1 - ({0})", "1 minus the number is taken"),
    ("1 / ({0})", "one over the number is taken"),
)
SLOPES = ("({0}) * (1 - ({0}))", "1 - ({0}) ** 2", "1 - ({0})", "(({0}) > 0)", "{0}", "np.sign({0})")


def around(place: Place) -> Iterator[Edit]:
    """Only for places that are `numeric`."""
    node = place.node
    text = text_of(node)
    if len(text) > 120:
        return
    yield from _inside(place, text)
    for form, words in WRAPS:
        yield Edit("something around", FAR, words, "Something is missing around {code}.", form.format(text))
    yield Edit("negated", PLAUSIBLE, "a sign is turned", "The sign of {code} is the wrong one.", f"-({text})")
    where = f" in {quoted(place.parent)}" if isinstance(node, ast.Name) and isinstance(place.parent, ast.expr) else ""
    for factor, what in (("2", "a factor of 2 is added"), ("0.5", "a factor of 1/2 is added"),
                         ("0", "one part is set to zero")):
        yield Edit("a factor more", FAR, what, f"A factor is missing at {{code}}{where}.", f"{factor} * ({text})")
    yield from _with_names(place, text)
    for loop in place.scope.loops:
        if isinstance(node, ast.Name) and node.id in place.scope.parameters:
            yield Edit("shrinks", PLAUSIBLE, f"`{node.id}` shrinks from step to step, as 1/step",
                       "{code} has to change from step to step.", f"{text} / ({loop} + 1)")


def _inside(place: Place, text: str) -> Iterator[Edit]:
    """A constant or a bound in a denominator, a logarithm or a root."""
    node, parent = place.node, place.parent
    name = ""
    if isinstance(parent, ast.Call):
        name = parent.func.attr if isinstance(parent.func, ast.Attribute) else getattr(parent.func, "id", "")
    inside = {"log": "a logarithm", "log2": "a logarithm", "sqrt": "a root"}.get(name)
    if inside is None and isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Div) and parent.right is node:
        inside = "a denominator"
    if inside:
        for size in SIZES:
            yield Edit("a constant inside", COMMON, f"a constant of {size:g} is added inside {inside}",
                       "Something is missing in {code}.", f"({text}) + {size!r}")
            for form in ("np.maximum({0}, {1!r})", "np.clip({0}, {1!r}, 1 - {1!r})"):
                yield Edit("a clip inside", PLAUSIBLE, f"numbers below {size:g} are cut off inside {inside}",
                           "A bound is missing around {code}.", form.format(text, size))


def _with_names(place: Place, text: str) -> Iterator[Edit]:
    """One of the names that are known here as one factor, divisor or term more."""
    for known in place.scope.known if len(place.scope.known) <= MOST_NAMES else place.scope.parameters:
        if known in place.scope.loops:
            continue
        for slope in SLOPES:
            public = known in place.scope.parameters
            made = (f"`{known}`, or a slope made from it, is one factor too many" if public else
                    "one factor, or a slope, is one too many")
            yield Edit("a factor more", FARTHER, made, "A factor is missing at {code}.",
                       f"({text}) * ({slope.format(known)})")
        if known in place.scope.parameters:
            yield Edit("divided", FARTHER, f"something is divided by `{known}`, or by its length",
                       "A division is missing at {code}.", f"({text}) / {known}")
            for length in (f"len({known})", f"{known}.shape[-1]"):
                yield Edit("divided", FARTHER, f"something is divided by a length of `{known}`",
                           "A division is missing at {code}.", f"({text}) / {length}")
                yield Edit("divided", FARTHER, f"something is multiplied by a length of `{known}`",
                           "A factor is missing at {code}.", f"({text}) * {length}")
            yield Edit("added", FARTHER, f"`{known}` is added once too often", "A term is missing at {code}.",
                       f"({text}) + {known}")


def numeric(place: Place) -> bool:
    """Whether the node may be an array that a factor or a function can be put around."""
    node, parent = place.node, place.parent
    if isinstance(node, (ast.Slice, ast.Constant, ast.Starred, ast.Lambda, ast.Tuple, ast.List, ast.Dict, ast.JoinedStr,
                         ast.FormattedValue, ast.Compare, ast.BoolOp, ast.ListComp, ast.GeneratorExp)):
        return False
    if (isinstance(parent, (ast.Attribute, ast.keyword, ast.Slice))
            or (isinstance(parent, ast.Call) and parent.func is node)
            or (isinstance(parent, ast.Subscript) and parent.slice is node)):
        return False
    if isinstance(parent, (ast.For, ast.comprehension)) and parent.iter is node:
        return False
    return not (isinstance(node, ast.Name) and node.id in ("np", "range", "len", "None", "torch", "nn"))
