"""Changes of what is random: the generator that is given, the seed, an order that is asked for or not."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from helpers.grading.hypotheses.edit import COMMON, Edit, parsed, text_of
from helpers.grading.hypotheses.scope import Place

GENERATORS = ("rng", "generator", "random", "gen")
RENAMED = {"randn": "standard_normal", "rand": "random", "randint": "integers"}
NO_NUMBERS = ("default_rng", "Generator", "seed", "RandomState")


def drawn(place: Place, node: ast.Call, name: str) -> Iterator[Edit]:
    """Of one call."""
    generators = [known for known in place.scope.known if known in GENERATORS]
    owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    if owner == "np.random" and name not in NO_NUMBERS:
        for generator in generators:
            size: list[ast.expr] = [ast.Tuple(node.args, ast.Load())] if name in ("randn", "rand") else node.args
            func = ast.Attribute(ast.Name(generator, ast.Load()), RENAMED.get(name, name), ast.Load())
            yield Edit("global generator", COMMON, "the random numbers come from a generator of their own",
                       f"{{code}} takes its numbers from numpy's global generator, and not from `{generator}`.",
                       ast.Call(func, size, node.keywords))
    if owner in generators:
        func = ast.Attribute(parsed("np.random.default_rng(0)"), name, ast.Load())
        yield Edit("global generator", COMMON, f"the random numbers do not come from `{owner}`",
                   f"{{code}} takes its numbers from `{owner}`, where others are meant.",
                   ast.Call(func, node.args, node.keywords))
    if name == "default_rng" and node.args and not isinstance(node.args[0], ast.Constant):
        for made, new in (("the seed is not used", "0"), ("the seed is off by one", f"({text_of(node.args[0])}) + 1")):
            yield Edit("seed ignored", COMMON, made, "{code} takes another seed than the one that is meant.",
                       ast.Call(node.func, [parsed(new)], node.keywords))
    if name == "permutation" and len(node.args) == 1:
        yield Edit("no shuffle", COMMON, "nothing is shuffled",
                   "{code} brings the samples into another order, and they are to be taken as they stand.",
                   parsed(f"np.arange({text_of(node.args[0])})"))
