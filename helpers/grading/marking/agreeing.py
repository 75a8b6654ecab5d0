"""Takes back a reason for one check of a function that explains nothing of another one.

What was supposed gives the numbers of its own check. Where these are of few kinds, such as 0 and 1, much does; and an
answer that is wrong in two checks which compare its numbers is wrong in both for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from helpers.checking.reasons import SUPPOSED
from helpers.checking.verdict import Verdict
from helpers.grading.marking.mending import wanting

COMPARES = re.compile(r"\bcheck\.(?:values|gradients|jacobian)\b")


def take_back(verdicts: Sequence[tuple[str, Verdict]], sources: Mapping[str, str]) -> None:
    """verdicts: (grade_id of a check, what it says); sources: the checks' texts."""
    compared = [verdict for grade_id, verdict in verdicts if COMPARES.search(sources.get(grade_id, ""))]
    unexplained = {verdict.name for verdict in compared if wanting(verdict) and all(
        not row.kind for row in verdict.rows if not row.right)}
    for verdict in compared:
        for row in verdict.rows:
            if verdict.name in unexplained and row.kind == SUPPOSED:
                row.why = row.kind = ""
