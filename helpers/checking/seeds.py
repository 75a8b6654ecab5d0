"""Whether a function that is given a seed or a generator uses it, and nothing else that is random.

A property of random numbers, such as their spread, holds for numbers from any source. So where everything else holds,
the function is called once more with the same seed and once with another.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.checking.observing import Observation
from helpers.checking.probe import Probe
from helpers.sameness import same_value

SHARE = 0.5  # of the points, for right results that have nothing to do with the seed


def seed_of(names: list[str], arguments: list[Any]) -> int | None:
    """The position of the argument that is a seed or a generator."""
    for position, (name, value) in enumerate(zip(names, arguments)):
        if isinstance(value, np.random.Generator) or ("seed" in name and isinstance(value, (int, np.integer))):
            return position
    return None


def another(value: Any) -> Any:
    return np.random.default_rng(977) if isinstance(value, np.random.Generator) else int(value) + 977


def depends(one: Observation, again: Observation, other: Observation) -> bool:
    """Whether results are the same for the same seed and others for another one."""
    return not (one.error or again.error or other.error) and same_value(one.value, again.value) and not same_value(
        one.value, other.value)


def not_from_the_seed(probe: Probe) -> str:
    """What is wrong, in words, or "". Nothing is said where the reference itself gives the same for every seed."""
    for index in range(len(probe.cases)):
        names, arguments = probe.names_of(index), probe.arguments(index)
        position = seed_of(names, arguments)
        if position is None:
            return ""
        changed = [*arguments[:position], another(arguments[position]), *arguments[position + 1 :]]
        if not probe.setting.seeded(probe.subject, probe.key, index, arguments, changed):
            continue
        one, again, other = probe.observe(index), probe.subject.observe(*arguments), probe.subject.observe(*changed)
        if one.error or again.error or other.error:
            return ""
        if not same_value(one.value, again.value):
            return (f"`{probe.name}` gives other numbers when it is called again with the same `{names[position]}`: "
                    f"all that is random has to come from `{names[position]}`")
        if same_value(one.value, other.value):
            return f"`{probe.name}` gives the same whatever `{names[position]}` is: it is not used"
        return ""
    return ""
