"""Changes of what stands in a formula: numbers, names, transposes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.grading.hypotheses import orders
from helpers.grading.hypotheses.edit import COMMON, FAR, PLAUSIBLE, Edit, parsed, quoted
from helpers.grading.hypotheses.scope import Place


def constant(place: Place, node: ast.Constant) -> Iterator[Edit]:
    value = node.value
    if isinstance(value, bool):
        yield Edit("change a constant", PLAUSIBLE, "a True and a False are exchanged",
                   "A {code} is the wrong way round.", ast.Constant(not value))
        for parameter in place.scope.parameters:
            yield Edit("a fixed choice", PLAUSIBLE, f"`{parameter}` decides where a fixed True or False belongs",
                       f"A fixed {{code}}{_where(place)} stands where an argument decides.",
                       ast.Name(parameter, ast.Load()))
        return
    if not isinstance(value, (int, float)):
        return
    around = place.parent
    where = f" in {quoted(around)}" if isinstance(around, (ast.expr, ast.Slice)) else ""
    mends = f"The number {{code}}{where} is not the one that belongs there."
    others = dict.fromkeys((value + 1, value - 1, value * 2, value / 2, 0, 1, 2, -value, value * 10, value / 10, 0.5,
                            1 - value, value * value))
    for other in others:
        if other != value and (isinstance(value, float) or other == int(other) or not isinstance(around, ast.Slice)):
            shown = int(other) if other == int(other) and isinstance(value, int) else other
            by_one = isinstance(value, int) and abs(other - value) == 1 and not isinstance(around, ast.BinOp)
            counts = isinstance(around, (ast.Slice, ast.Subscript, ast.Call))
            made = ("a count or a position is off by one" if by_one and counts else
                    f"a number in the formula is {shown:g} and not the one that belongs there")
            yield Edit("change a constant", PLAUSIBLE if by_one or other in (value * 2, value / 2) else FAR, made,
                       mends, ast.Constant(shown))
    for name in place.scope.known:  # a number of the example at hand in the place of what is meant
        for text in (name, f"len({name})", f"{name}.shape[-1]", f"{name}.size"):
            made = f"`{name}`, or a size of it," if name in place.scope.parameters else "what depends on the arguments"
            yield Edit("a number for a size", FAR, f"{made} stands where a fixed number belongs",
                       f"The fixed number {{code}}{where} stands where something that depends on the arguments "
                       "belongs.", parsed(text))


def _where(place: Place) -> str:
    return f" in {quoted(place.parent)}" if isinstance(place.parent, ast.expr) else ""


def name(place: Place, node: ast.Name) -> Iterator[Edit]:
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
        yield Edit("another name", PLAUSIBLE, made, f"{{code}}{_where(place)} is not what belongs there.",
                   ast.Name(other, ast.Load()))
    for other in place.scope.loops if node.id in place.scope.loops else ():
        if other != node.id:
            yield Edit("another index", PLAUSIBLE, "the index of another loop is taken in one place",
                       f"{{code}}{_where(place)} is the index of another loop than the one that belongs there.",
                       ast.Name(other, ast.Load()))
    for other in place.scope.parameters:
        if other != node.id and not isinstance(place.parent, (ast.Attribute, ast.Subscript, ast.keyword)):
            for column in (f"{other}[:, None]", f"{other}[None, :]"):
                yield Edit("another name", FAR, f"`{other}` is taken in one place where `{node.id}` belongs",
                           f"{{code}}{_where(place)} is not what belongs there.", column)
    if not isinstance(place.parent, (ast.Attribute, ast.Subscript)) and node.id in place.scope.parameters:
        for part in ("[0]", "[-1]", "[..., :1]"):
            yield Edit("one for all", FAR, f"one part of `{node.id}` is taken for all, where each has its own",
                       "{code} is all of an array, where one part of it belongs.", f"{node.id}{part}")
    if not isinstance(place.parent, ast.Attribute) and node.id in place.scope.parameters:
        yield Edit("reversed", FAR, f"`{node.id}` is taken in the reverse order",
                   "{code} is in another order than it has to be.", f"{node.id}[::-1]")
        yield Edit("add a transpose", FAR, f"`{node.id}` is transposed", "{code} is not laid out as it has to be.",
                   ast.Attribute(ast.Name(node.id, ast.Load()), "T", ast.Load()))


def attribute(place: Place, node: ast.Attribute) -> Iterator[Edit]:
    if node.attr == "T":
        yield Edit("drop a transpose", COMMON, "a transpose is left out", "{code} is transposed and should not be.",
                   node.value)
        yield from orders.transposed(node)
