"""Changes of statements: left out, in another order, in or out of a loop, too early an end, overwriting for adding."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator

from helpers.grading.hypotheses.edit import COMMON, FAR, PLAUSIBLE, Edit, quoted
from helpers.grading.hypotheses.scope import Place, is_docstring

LONGEST = 60  # characters of a statement that is quoted
DROPS = ("drop a step", "drop a condition", "drop a case")  # rules
MOVES = ("another order", "moved into a loop", "moved before a loop", "moved behind a loop")


def edits(place: Place) -> Iterator[Edit]:
    """The changes of one statement."""
    node = place.node
    if not isinstance(node, ast.stmt):
        return
    if isinstance(node, ast.FunctionDef):
        yield from _whole_function(node)
        return
    if isinstance(node, (ast.AugAssign, ast.Assign, ast.Expr, ast.For, ast.If, ast.Delete)):
        yield Edit("drop a step", COMMON if isinstance(node, ast.AugAssign) else PLAUSIBLE, "one step is left out",
                   "The line {code} is one too many: without it the result would be right.", [])
    if isinstance(node, ast.AugAssign):
        yield from _updates(node)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "np.add.at":
        yield from _added_at(node.value)
    if isinstance(node, ast.Assign):
        yield from _unpacked(node)
    if isinstance(node, (ast.For, ast.While)):
        yield from _loops(node)
    if isinstance(node, ast.If):
        yield Edit("drop a condition", COMMON, "a condition is left out",
                   "{code}: nothing hangs on this condition. What stands under it has to be done every time.",
                   list(node.body))
        yield Edit("drop a case", COMMON, "a special case is left out",
                   "{code} makes a special case where there is none.", list(node.orelse))
    if isinstance(node, ast.With):
        yield Edit("drop a with", PLAUSIBLE, f"`{ast.unparse(node.items[0])}` is left out", "{code} is in the way.",
                   list(node.body))
    if isinstance(getattr(node, "body", None), list) and isinstance(node, (ast.For, ast.While, ast.With, ast.If)):
        bound = _stored(node.target) if isinstance(node, ast.For) else frozenset()
        for order, moved in _orders(node.body, bound, repeated=isinstance(node, (ast.For, ast.While))):
            yield Edit("another order", COMMON, "two steps are done in the other order",
                       f"{moved} in the part that begins with {{code}}.", _with_body(node, order))


def _unpacked(node: ast.Assign) -> Iterator[Edit]:
    """Several names that are given the parts of something, in another order."""
    target = node.targets[0]
    if not isinstance(target, (ast.Tuple, ast.List)) or not 2 <= len(target.elts) <= 6 or any(
            isinstance(part, ast.Starred) for part in target.elts):
        return
    count = len(target.elts)
    half = count // 2
    turns = [(*range(half, count), *range(half)), tuple(reversed(range(count)))]
    for a, b in itertools.combinations(range(count), 2):
        exchanged = {a: b, b: a}
        turns.append(tuple(exchanged.get(k, k) for k in range(count)))
    for order in dict.fromkeys(turns):
        turned = ast.Tuple([target.elts[k] for k in order], ast.Store())
        yield Edit(
            "unpacked in another order",
            COMMON,
            "several values are given to names in the wrong order",
            "In {code}, the names stand in another order than the values.",
            ast.Assign([turned], node.value),
        )


def _whole_function(node: ast.FunctionDef) -> Iterator[Edit]:
    """Lines of a function in another order, or moved into a loop."""
    head = node.body[:1] if is_docstring(node.body[0]) else []
    body = node.body[len(head) :]
    for order, moved in _orders(body):
        yield Edit("another order", PLAUSIBLE, "two steps are done in the other order",
                   f"{moved} in `{node.name}`.", _with_body(node, [*head, *order]))
    for number, (statement, _loop) in enumerate(itertools.pairwise(body)):
        for target in body[number + 1 :]:
            if isinstance(target, ast.For) and not isinstance(statement, ast.For) and len(body) <= 12:
                inside = _with_body(target, [statement, *target.body])
                rest = [inside if s is target else s for s in body if s is not statement]
                says = f"{quoted(statement, LONGEST)} is done once, before the loop, and should be done in every step."
                yield Edit("moved into a loop", PLAUSIBLE, "what belongs before a loop is done in every step", says,
                           _with_body(node, [*head, *rest]))


def _with_body(node: ast.stmt, body: list[ast.stmt]) -> ast.stmt:
    fields = dict(ast.iter_fields(node))
    return type(node)(**{**fields, "body": body})


def _orders(body: list[ast.stmt], bound: frozenset[str] = frozenset(), repeated: bool = False
            ) -> Iterator[tuple[list[ast.stmt], str]]:
    """Each statement moved to another place, in short bodies; none past the end of the function or the loop, for then
    it is not done in another order, but not at all. The same holds where nothing reads what a statement makes any more.

    bound: names that every repetition gives anew. With each order comes which statement stands in the wrong place.
    """
    if not 2 <= len(body) <= 9:
        return
    ends = next((k for k, one in enumerate(body) if isinstance(one, (ast.Return, ast.Raise, ast.Break, ast.Continue))),
                len(body))
    in_vain = _in_vain(body, bound, repeated)
    for source in range(ends):
        for target in range(ends):
            if target not in (source, source - 1):
                rest = body[:source] + body[source + 1 :]
                order = [*rest[:target], body[source], *rest[target:]]
                if _in_vain(order, bound, repeated) <= in_vain:
                    yield order, f"{quoted(body[source], LONGEST)} stands too {'late' if target < source else 'early'}"



def _in_vain(body: list[ast.stmt], bound: frozenset[str], repeated: bool) -> set[int]:
    """Assignments whose names are all given anew before anything reads them (their identities)."""
    found = set()
    for number, one in enumerate(body):
        again: tuple[ast.stmt | frozenset[str], ...] = (bound, *body[:number + 1]) if repeated else ()
        if isinstance(one, (ast.Assign, ast.If)) and _only_names(one) and _given_anew(
                _stored(one), (*body[number + 1:], *again)):
            found.add(id(one))
    return found


def _only_names(statement: ast.stmt) -> bool:
    """Whether all that a statement does is to give values to names."""
    return not any(isinstance(node, ast.Expr) or (isinstance(node, (ast.Attribute, ast.Subscript))
                                                  and isinstance(node.ctx, ast.Store)) for node in ast.walk(statement))


def _given_anew(names: frozenset[str], later: Iterable[ast.stmt | frozenset[str]]) -> bool:
    """Whether statements, or what binds a set of names, give all of the names anew before they read one."""
    left = names
    for one in later:
        if isinstance(one, frozenset):
            left -= one
        elif left & _read(one):
            return False
        elif isinstance(one, ast.Assign):
            left -= _stored(one)
        if not left:
            return True
    return False


def _read(statement: ast.stmt) -> frozenset[str]:
    changed = _stored(statement) if isinstance(statement, ast.AugAssign) else frozenset()
    return changed | {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)
                      and isinstance(node.ctx, ast.Load)}


def _stored(node: ast.AST) -> frozenset[str]:
    """Names that are stored below a node."""
    return frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))


def _added_at(node: ast.Call) -> Iterator[Edit]:
    if len(node.args) != 3:
        return
    target = ast.Subscript(node.args[0], node.args[1], ast.Store())
    mends = "{code} adds up what should count once."
    yield Edit("added once", COMMON, "an index with `+=` adds only once where a number occurs in it twice", mends,
               [ast.AugAssign(target, ast.Add(), node.args[2])])
    yield Edit("added once", COMMON, "what an index meets twice is overwritten in place of added up", mends,
               [ast.Assign([target], node.args[2])])


def _updates(node: ast.AugAssign) -> Iterator[Edit]:
    opposite = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}.get(type(node.op))
    if opposite:
        yield Edit("flip an update", COMMON, "a step goes in the opposite direction",
                   "The step {code} goes in the wrong direction.", ast.AugAssign(node.target, opposite(), node.value))
    target = ast.parse(ast.unparse(node.target), mode="eval").body
    fresh = ast.BinOp(target, node.op, node.value)
    yield Edit("overwrite instead of adding", COMMON,
               "a sum is overwritten in place of added up, so that only the last part counts",
               "{code} adds up what should be set anew.", ast.Assign([node.target], node.value))
    yield Edit("no change in place", PLAUSIBLE, "an array is made anew in place of changed",
               "{code} changes an array in place that others hold as well.", ast.Assign([node.target], fresh))


def _loops(node: ast.For | ast.While) -> Iterator[Edit]:
    last = node.body[-1] if node.body else None
    if isinstance(last, (ast.Return, ast.Break)):
        yield Edit("no end", COMMON, "a loop does not end when it should", "The loop {code} ends after its first step.",
                   _with_body(node, node.body[:-1] or [ast.Pass()]))
    yield Edit("ends at once", COMMON, "only the first of several steps is done", "The loop {code} should not go on.",
               _with_body(node, [*node.body, ast.Break()]))
    if not isinstance(node, ast.For):
        return
    around = ast.unparse(node.iter)
    for cut, made in (
        ("[1:]", "the first of several parts is left out"),
        ("[:-1]", "the last of several parts is left out"),
        ("[-1:]", "only the last of several parts is done"),
        ("[::-1]", "the parts are done in the reverse order"),
    ):
        fields = dict(ast.iter_fields(node))
        listed = ast.parse(f"list({around}){cut}", mode="eval").body
        yield Edit("some parts", COMMON if cut != "[::-1]" else PLAUSIBLE, made,
                   "The loop {code} runs over the wrong parts, or in the wrong order.",
                   ast.For(**{**fields, "iter": listed}))
    yield (
        Edit("moved before a loop", PLAUSIBLE, "what belongs into every step is done once, before the loop",
             "In the loop {code}, something is done in every step that belongs before it.",
             [node.body[0], _with_body(node, node.body[1:])])
        if len(node.body) > 1
        else Edit("", FAR, "", "", [node])
    )
    for number, statement in enumerate(node.body[1:], 1):
        if len(node.body) <= 9:
            rest = node.body[:number] + node.body[number + 1 :]
            yield Edit("moved behind a loop", PLAUSIBLE, "what belongs into every step is done once, after the loop",
                       "In the loop {code}, something is done in every step that belongs after it.",
                       [_with_body(node, rest), statement])


__all__ = ["DROPS", "MOVES", "edits"]
