"""What counts of a mark: a check's points, a person's instead, extra credit beside either."""

from __future__ import annotations

import pytest

from helpers.grading.gradebook.mark import Mark


@pytest.mark.parametrize(("mark", "given", "score", "waits"), [
    (Mark(None, None, 4), None, 0, False),
    (Mark(None, None, 4, needs_person=True), None, 0, True),
    (Mark(3, None, 4, needs_person=True), 3, 3, True),  # the check's points stand until a person has looked
    (Mark(3, 0, 4, needs_person=True), 0, 0, False),  # no points is what a person gave
    (Mark(None, 2.5, 4, extra=1), 2.5, 3.5, False),
    (Mark(None, None, 4, extra=1), None, 1, False),
])
def test_what_a_person_gave_counts_instead_of_what_the_check_gave(mark, given, score, waits):
    assert (mark.given, mark.score, mark.waits) == (given, score, waits)
