"""What can be wrong with an answer, beside a misconception that has a sentence of its own: kinds and their words.

A kind is the short stable name that a row of a verdict carries; tables and reports show its words.
"""

from __future__ import annotations

WORDS = {
    "not-written": "not written",
    "needs-another": "needs a function that is not written",
    "missing": "not defined",
    "not-callable": "not a function",
    "arguments": "takes other arguments",
    "slow": "takes too long or never ends",
    "raises": "raises an exception",
    "ended": "ended the notebook's process",
    "none": "returns None",
    "outputs": "returns another number of results",
    "type": "returns something that is no number",
    "value": "returns something that is not asked for",
    "ragged": "returns rows of different lengths",
    "shape": "has the wrong shape",
    "size": "returns far more than is asked for",
    "complex": "returns complex numbers",
    "not-finite": "returns NaN or infinity",
    "result": "returns what cannot be computed with",
    "constant": "returns the same in every case",
    "cheap": "right only where an answer of nothing would be",
    "changed-in-place": "changes its arguments in place",
    "formula": "a formula that cannot be read",
    "loss": "its own loss cannot be computed",
    "no-reference": "nothing to compare with",
}


NOT_THERE = ("not-written", "missing", "needs-another")  # nothing to judge yet: grey, not red


def in_words(kind: str) -> str:
    """A kind for a reader; a slug of diagnosis without hyphens, "" for none."""
    return WORDS.get(kind, kind.replace("-", " "))
