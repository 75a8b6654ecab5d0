"""Where else to look: a function that uses a wrong one gives wrong results, however right it is itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping

MOST = 4  # functions that are named


def leans_on(name: str, used: Collection[str], right: Mapping[str, bool], questions: Mapping[str, str]) -> str:
    """A sentence on functions of earlier questions that a function uses and that are not right; "" if there are none.

    used: names that its code reads, itself or through others; right: function → whether its checks are; questions:
    function → the number of its question, in their order.
    """
    order = list(questions)
    red = {questions.get(one) for one, holds in right.items() if not holds}
    found = [one for one in order[:order.index(name) if name in order else None]
             if one in used and questions[one] != questions.get(name)
             and (not right[one] if one in right else questions[one] in red)]  # a class has no check of its own
    if not found:
        return ""
    named = [f"`{one}`" + (f" ({questions[one]})" if questions[one] else "") for one in found[:MOST]]
    named += ["others"] if len(found) > MOST else []
    names = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"`{name}` builds on {names}, which {'is' if len(found) == 1 else 'are'} not right yet: look there as well."
