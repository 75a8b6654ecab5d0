"""Where a formula goes wrong, told by giving one place of it other numbers: those of a part of the solution's formulas.

What `transplanting` does for code, for derivations: formulas are read and computed in the grader itself. A part that
is the whole result, or a multiple of it, is never given, for that would prove nothing.
"""

from __future__ import annotations

import ast
import copy
import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.checking.formulas import Formula, attempt
from helpers.checking.probe import as_numbers
from helpers.checking.trouble import Trouble

GIVEN = "given__"  # the letter of what is given to a place
CHAINS = (ast.Mult, ast.MatMult)
NEUTRAL: dict[type, float] = {ast.Mult: 1.0, ast.Div: 1.0, ast.Add: 0.0, ast.Sub: 0.0}
MOST_FACTORS = 6  # of which all products are parts
ENOUGH = 4  # wrong numbers, of two cases at least
SECONDS = 1.0  # of processor time, for one text of formulas
NEAR = 1e-6

Values = list[Any]  # one for every case; None where there is none


@dataclass(frozen=True)
class Place:
    """A part of a formula: how it is written there, how large it is, and the formula with `GIVEN` in its stead.

    neutral: what it would have to be to count for nothing, 1 as a factor and 0 as a term; None elsewhere.
    """

    written: str
    size: int
    tree: ast.expr
    neutral: float | None = None


@dataclass(frozen=True)
class Part:
    """What a part of a right formula gives in every case, and how large it is."""

    size: int
    values: Values


def parts_of(solutions: Iterable[Sequence[Formula]], cases: Sequence[Mapping[str, Any]],
             right: Sequence[Mapping[str, Any]]) -> list[Part]:
    """What the parts of right formulas give, the smallest parts first.

    solutions: texts of formulas that are right. right: by case, the right values of all that is asked for.
    """
    asked, letters = _letters(cases, right)
    trees = [inlined(one, name, asked) for one in solutions for name in asked]
    return sorted(_parts([tree for tree in trees if tree is not None], letters), key=lambda part: part.size)


def _letters(cases: Sequence[Mapping[str, Any]],
             right: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """What is asked for, and by case all that a formula may be made of."""
    return list(right[0]) if right else [], [{**case, **values} for case, values in zip(cases, right)]


def amiss(formulas: Sequence[Formula], donors: Sequence[Part], cases: Sequence[Mapping[str, Any]],
          right: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, str]:
    """What is wrong with the formulas of `names`, in a sentence each, as far as it is found.

    formulas: a student's. donors: see `parts_of`, on the same cases. right: by case, the right values of all that is
    asked for.
    """
    begun = time.process_time()
    asked, letters = _letters(cases, right)
    found = {}
    for name in names:
        tree = inlined(formulas, name, asked)
        if tree is None:
            continue
        got, wanted = _values(tree, letters), [np.asarray(values[name], float) for values in right]
        if not _enough(got, wanted):
            blamed = [one for one in asked if one != name and one in _names(tree)]
            if blamed and all(map(_fits, got, wanted)):
                found[name] = (f"This formula is right in itself: it is wrong only because {' and '.join(blamed)} "
                               f"{'is' if len(blamed) == 1 else 'are'}.")
            continue
        places = sorted(_places(tree), key=lambda place: place.size)
        too_much = next((place for place in places if place.neutral is not None and _mends(
            place, [place.neutral] * len(letters), letters, wanted)), None)
        if too_much is not None:
            found[name] = (f"`{too_much.written}` is too much here: without it, and all else as it is, the formula for "
                           f"{name} would be right.")
            continue
        for donor in donors:
            if time.process_time() - begun > SECONDS:
                return found
            wrong = None if _is_a_multiple(donor.values, wanted) else next(
                (place for place in places if _mends(place, donor.values, letters, wanted)), None)
            if wrong is not None:
                found[name] = (f"`{wrong.written}` is not what belongs there: with something else in this one place, "
                               f"and all else as it is, the formula for {name} would be right.")
                break
    return found


def inlined(formulas: Sequence[Formula], name: str, asked: Sequence[str]) -> ast.expr | None:
    """One of the formulas, with those of its letters written out that are formulas of their own and not asked for."""
    known: dict[str, ast.expr] = {}
    for formula in formulas:
        known[formula.name] = _WriteOut({key: tree for key, tree in known.items() if (
            key not in asked or key == formula.name)}).visit(copy.deepcopy(formula.tree))
    return known.get(name)


class _WriteOut(ast.NodeTransformer):
    def __init__(self, known: Mapping[str, ast.expr]):
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id not in self.known:
            return node
        tree = copy.deepcopy(self.known[node.id])
        tree.written = node.id  # type: ignore[attr-defined]
        return tree

    def visit_Call(self, node: ast.Call) -> ast.expr:
        node.args = [self.visit(argument) for argument in node.args]  # what is called is no letter
        return node


class _AsWritten(ast.NodeTransformer):
    """Puts back the letters that have been written out below a node."""

    def __init__(self, top: ast.AST):
        self.top = top

    def visit(self, node: ast.AST) -> Any:
        written = getattr(node, "written", "")
        return ast.Name(written, ast.Load()) if written and node is not self.top else self.generic_visit(node)


def _text(node: ast.expr) -> str:
    node = copy.deepcopy(node)
    return ast.unparse(_AsWritten(node).visit(node))


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


# ------------------------------------------------------------------------------------------------------------- parts


def _factors(node: ast.expr, across: bool) -> list[ast.expr]:
    """The operands of a chain of products; of what has been written out too, if `across`."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, CHAINS):
        return [node]
    left = node.left
    joined = isinstance(left, ast.BinOp) and type(left.op) is type(node.op) and (across or not hasattr(left, "written"))
    return [*(_factors(left, across) if joined else [left]), node.right]


def _product(factors: Sequence[ast.expr], operator: ast.operator) -> ast.expr:
    made = factors[0]
    for factor in factors[1:]:
        made = ast.BinOp(made, operator, factor)
    return made


def _places(tree: ast.expr) -> Iterator[Place]:
    """Every part of a formula but the whole: its nodes, and neighbours in a chain of products."""
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if not isinstance(child, ast.expr) or (isinstance(node, ast.Call) and field == "func") or (isinstance(
                        node, (ast.keyword, ast.Subscript)) and field != "value"):
                    continue
                yield _place(tree, child, ast.Name(GIVEN, ast.Load()), child, NEUTRAL.get(
                    type(getattr(node, "op", None))))
        if isinstance(node, ast.BinOp) and isinstance(node.op, CHAINS):
            factors = _factors(node, across=False)
            for first, last in itertools.combinations(range(len(factors) + 1), 2):
                if 1 < last - first < len(factors):
                    run = _product(factors[first:last], node.op)
                    rest = [*factors[:first], ast.Name(GIVEN, ast.Load()), *factors[last:]]
                    yield _place(tree, node, _product(rest, node.op), run, NEUTRAL.get(type(node.op)))


def _place(tree: ast.expr, node: ast.AST, put: ast.expr, part: ast.expr, neutral: float | None) -> Place:
    return Place(_text(part), sum(1 for _ in ast.walk(part)), _Replace(node, put).visit(tree), neutral)


class _Replace(ast.NodeTransformer):
    """A copy of a tree with one node replaced; all that is not above it is shared."""

    def __init__(self, node: ast.AST, put: ast.expr):
        self.node, self.put = node, put

    def visit(self, node: ast.AST) -> Any:
        return self.put if node is self.node else self.generic_visit(copy.copy(node))

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field, value in ast.iter_fields(node):
            if isinstance(value, list):
                setattr(node, field, [self.visit(one) if isinstance(one, ast.AST) else one for one in value])
            elif isinstance(value, ast.AST):
                setattr(node, field, self.visit(value))
        return node


def _parts(trees: Iterable[ast.expr], letters: Sequence[Mapping[str, Any]]) -> list[Part]:
    """What the parts of formulas give, products of some factors of a chain and transposes too; each series once."""
    texts: dict[str, ast.expr] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if not isinstance(node, ast.expr) or isinstance(node, (ast.Slice, ast.Tuple)):
                continue
            texts.setdefault(ast.unparse(node), node)
            if isinstance(node, ast.BinOp) and isinstance(node.op, CHAINS):
                factors = _factors(node, across=True)
                some: Iterable[Sequence[ast.expr]] = (factors[a:b] for a, b in itertools.combinations(
                    range(len(factors) + 1), 2))
                if isinstance(node.op, ast.Mult) and len(factors) <= MOST_FACTORS:
                    some = itertools.chain.from_iterable(
                        itertools.combinations(factors, k) for k in range(1, len(factors)))
                for chosen in some:
                    made = _product(chosen, node.op)
                    texts.setdefault(ast.unparse(made), made)
    found: dict[Any, Part] = {}
    for tree in texts.values():
        size, values = sum(1 for _ in ast.walk(tree)), _values(tree, letters)
        if any(value is None for value in values):
            continue
        for variant in (values, [np.transpose(value) for value in values]):
            key = tuple((np.shape(value), np.round(value, 9).tobytes()) for value in variant)
            if key not in found or found[key].size > size:
                found[key] = Part(size, variant)
    return list(found.values())


# ------------------------------------------------------------------------------------------------------------ numbers


def _values(tree: ast.expr, letters: Sequence[Mapping[str, Any]]) -> Values:
    return [attempt([Formula("", tree)], one)[0].get("") for one in letters]


def _fits(got: Any, wanted: np.ndarray) -> bool:
    numbers = Trouble("formula", "") if got is None else as_numbers(got, wanted.shape)
    return not isinstance(numbers, Trouble) and bool(np.allclose(numbers, wanted, rtol=NEAR, atol=1e-9))


def _enough(got: Values, wanted: Sequence[np.ndarray]) -> bool:
    """Whether so much is wrong that no other numbers make it right by chance."""
    wrong = [one.size for value, one in zip(got, wanted) if not _fits(value, one)]
    return len(wrong) > 1 and sum(wrong) >= ENOUGH


def _mends(place: Place, donor: Values, letters: Sequence[Mapping[str, Any]], wanted: Sequence[np.ndarray]) -> bool:
    return all(_fits(_values(place.tree, [{**one, GIVEN: given}])[0], right)
               for one, given, right in zip(letters, donor, wanted))


def _is_a_multiple(donor: Values, wanted: Sequence[np.ndarray]) -> bool:
    """Whether a part is the whole result in every case, up to a number and the order of axes."""
    for given, right in zip(donor, wanted):
        one, other = np.sort(np.abs(np.ravel(given))), np.sort(np.abs(right), None)
        if one.size != other.size or not np.allclose(one * other.max(initial=0.0), other * one.max(initial=0.0)):
            return False
    return True


__all__ = ["Part", "amiss", "parts_of"]
