"""Changes of what is chosen: parts of arrays, comparisons, cases, the order of outputs."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from helpers.grading.hypotheses.edit import COMMON, PLAUSIBLE, Edit, parsed, quoted, text_of
from helpers.grading.hypotheses.scope import Place

COMPARED = {
    ast.Lt: (ast.Gt, ast.LtE),
    ast.Gt: (ast.Lt, ast.GtE),
    ast.LtE: (ast.GtE, ast.Lt),
    ast.GtE: (ast.LtE, ast.Gt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}


def part(place: Place, node: ast.Slice) -> Iterator[Edit]:
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
            yield Edit("off by one", COMMON, "a part of an array is cut one place off",
                       "The bounds of the part [{code}] are off.",
                       ast.Slice(sides["lower"], sides["upper"], sides["step"]))
        sides = {"lower": node.lower, "upper": node.upper, "step": node.step, side: None}
        yield Edit("drop a bound", COMMON, "a part of an array has no bound on one side",
                   "The part [{code}] is cut where it should not be.",
                   ast.Slice(sides["lower"], sides["upper"], sides["step"]))


def subscript(place: Place, node: ast.Subscript) -> Iterator[Edit]:
    if isinstance(node.slice, ast.Slice) and node.slice.step is not None:
        backwards = text_of(node.slice.step) == "-1"
        made = "an order is not reversed" if backwards else "all is taken in place of a part"
        yield Edit("drop an order", PLAUSIBLE, made,
                   "{code} turns the order round." if backwards else "{code} takes only a part of it.", node.value)
    elif isinstance(node.slice, ast.Slice):
        yield Edit("drop a part", PLAUSIBLE, "all is taken in place of a part", "{code} takes only a part of it.",
                   node.value)
    elif isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int):
        yield Edit("all for one", PLAUSIBLE, "all of an array is taken in place of one part of it",
                   "{code} takes one part for all, where each has its own.", node.value)
    elif isinstance(node.slice, ast.Name):
        yield Edit("order ignored", PLAUSIBLE, "an order or a choice of entries is ignored",
                   "{code} picks entries where it should not.", node.value)
    elif isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
        if any(isinstance(side, ast.Name) for side in node.slice.elts):
            yield Edit("order ignored", PLAUSIBLE, "an order or a choice of entries is ignored",
                       "{code} picks entries where it should not.", node.value)
        turned = ast.Tuple(node.slice.elts[::-1], ast.Load())
        yield Edit("axes exchanged", COMMON, "rows and columns are exchanged",
                   "In {code} rows and columns are exchanged.", ast.Subscript(node.value, turned, ast.Load()))


def indices(place: Place, node: ast.Tuple) -> Iterator[Edit]:
    """Of the several indices of one array, read or written."""
    around, elements = place.parent, node.elts
    if not isinstance(around, ast.Subscript) or not 2 <= len(elements) <= 4:
        return
    if len(elements) > 2 or isinstance(around.ctx, ast.Store):
        for a, b in itertools.combinations(range(len(elements)), 2):
            turned = list(elements)
            turned[a], turned[b] = turned[b], turned[a]
            yield Edit("axes exchanged", PLAUSIBLE, "two indices of an array are exchanged",
                       "In the index {code}, two stand in each other's place.", ast.Tuple(turned, ast.Load()))
    lists = [k for k, one in enumerate(elements) if isinstance(one, ast.Name) or (
        isinstance(one, ast.Call) and getattr(one.func, "attr", "") == "arange")]
    for k in lists if len(lists) > 1 else ():
        whole: list[ast.expr] = [*elements[:k], ast.Slice(), *elements[k + 1:]]
        yield Edit("all with all", PLAUSIBLE,
                   "every entry of one index is taken with all along the other axis, and not with its own",
                   "The index {code} pairs entries that should be taken with all others.", ast.Tuple(whole, ast.Load()))
    if len(elements) == 2 and lists and any(isinstance(one, ast.Slice) and text_of(one) == ":" for one in elements):
        paired = ast.Tuple([parsed(f"np.arange(len({text_of(elements[lists[0]])}))") if isinstance(one, ast.Slice)
                            else one for one in elements], ast.Load())
        yield Edit("each with its own", PLAUSIBLE,
                   "each entry of an index is taken in a row of its own, and not in all",
                   "The index {code} takes all along one axis for every entry of another, and not one for each.",
                   paired)

DECIDES = (ast.BoolOp, ast.IfExp, ast.If, ast.While, ast.Assert, ast.comprehension, ast.Subscript)  # on true or false


def compare(place: Place, node: ast.Compare) -> Iterator[Edit]:
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
    yield from _equal_or_not(node, left, right)
    ordering = not isinstance(node.ops[0], (ast.Eq, ast.NotEq))  # else what is compared with is no threshold
    for bound in (0, 0.5, 1) if ordering else ():
        if text_of(right) != str(bound):
            made = f"a threshold is {bound:g} and not the one that belongs there"
            yield Edit("another threshold", PLAUSIBLE, made, "The comparison {code} has the wrong threshold.",
                       ast.Compare(left, node.ops, [ast.Constant(bound)]))
    if isinstance(node.ops[0], (ast.Gt, ast.GtE)) and text_of(right) in ("0", "0.0") and not isinstance(
            place.parent, DECIDES):
        yield Edit("sign for a step", PLAUSIBLE, "the sign is taken where 1 and 0 belong",
                   "{code} is 0 where a sign belongs.", parsed(f"np.sign({text_of(left)})"))
    for name in place.scope.known:
        if isinstance(left, ast.Name) and left.id != name:
            yield Edit("another condition", PLAUSIBLE, "a condition looks at another array",
                       "The comparison {code} looks at the wrong array.",
                       ast.Compare(ast.Name(name, ast.Load()), node.ops, [right]))


def _equal_or_not(node: ast.Compare, left: ast.expr, right: ast.expr) -> Iterator[Edit]:
    """Equality for an order, and the reverse; one decision for several entries."""
    if isinstance(node.ops[0], ast.Eq):
        for other in (ast.LtE, ast.GtE):
            yield Edit("more than equal", PLAUSIBLE,
                       "what is smaller, or larger, counts as well where both sides have to be equal",
                       "The comparison {code} holds only where both sides are equal, and more should count.",
                       ast.Compare(left, [other()], [right]))
    elif type(node.ops[0]) in (ast.Lt, ast.LtE, ast.Gt, ast.GtE):
        yield Edit("only equal", PLAUSIBLE, "only what is equal counts where an order is asked for",
                   "The comparison {code} holds for more than where both sides are equal.",
                   ast.Compare(left, [ast.Eq()], [right]))
        for fold, axis in itertools.product(("sum", "max", "min"), ("0", "-1", "None")):
            together = parsed(f"np.{fold}({text_of(left)}, axis={axis}, keepdims=True)")
            yield Edit("one decision", PLAUSIBLE,
                       "a condition is decided once for several entries together, where each has its own",
                       "The comparison {code} decides for each entry by itself, where several go together.",
                       ast.Compare(together, node.ops, [right]))


def several(place: Place, node: ast.BoolOp) -> Iterator[Edit]:
    """`a and b`, `a or b` without one of them."""
    for k, part in enumerate(node.values):
        rest = [*node.values[:k], *node.values[k + 1:]]
        yield from _without(part, rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))


def masks(place: Place, node: ast.BinOp) -> Iterator[Edit]:
    """The same of `(a > 0) & (b > 0)`."""
    if isinstance(node.op, (ast.BitAnd, ast.BitOr)):
        yield from _without(node.left, node.right)
        yield from _without(node.right, node.left)


def _without(part: ast.expr, rest: ast.expr) -> Iterator[Edit]:
    yield Edit("drop a condition", COMMON, "one of several conditions is left out",
               f"In {{code}}, {quoted(part)} is one condition too many: without it the result would be right.", rest)


def condition(place: Place, node: ast.IfExp) -> Iterator[Edit]:
    yield Edit("drop a case", COMMON, "a special case is left out", "{code} makes a special case where there is none.",
               node.body)
    yield Edit("drop a case", COMMON, "a special case is left out", "{code} makes a special case where there is none.",
               node.orelse)


def outputs(place: Place, node: ast.Tuple) -> Iterator[Edit]:
    if not isinstance(place.parent, ast.Return) or not 2 <= len(node.elts) <= 8:
        return
    for a in range(len(node.elts)):
        for b in range(a + 1, len(node.elts)):
            turned = list(node.elts)
            turned[a], turned[b] = turned[b], turned[a]
            yield Edit("swap two results", COMMON, "two of the outputs stand in each other's place",
                       "Two of the outputs in {code} stand in each other's place.", ast.Tuple(turned, ast.Load()))
            for source, target in ((a, b), (b, a)):
                copied = list(node.elts)
                copied[target] = node.elts[source]
                if not isinstance(node.elts[source], ast.Starred):
                    yield Edit("the same twice", COMMON, "one output is returned in another's place as well",
                               "One output is returned in another's place in {code}.", ast.Tuple(copied, ast.Load()))
