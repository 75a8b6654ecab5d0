"""Lists, dicts and arrays of which two sides have a copy stay in step."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from helpers.grading.sandbox.shared import OBJECTS, Shared, replaced
from helpers.grading.sandbox.wire import decode, encode

PREFIX = struct.Struct("!4sIQ")


def sent(value, one: Shared, other: Shared):
    """As a message brings it."""
    frame = b"".join(bytes(part) for part in encode((one.listed(value), value, one.forgotten())))
    _, header, _ = PREFIX.unpack_from(frame)
    listed, value, gone = decode(frame[16:16 + header], frame[16 + header:])
    here = other.take(listed)
    other.forget(gone)
    return replaced(value, here)


def test_what_one_side_changes_is_changed_on_the_other():
    here, there = Shared(1, 1), Shared(-1, -1)
    row, table = [1, 2], {"a": np.arange(3)}
    copied = sent(([row, row], table), here, there)
    assert copied[0][0] is copied[0][1]
    row.append(3)
    table["a"][0] = 9
    sent(None, here, there)
    assert copied[0][0] == [1, 2, 3]
    assert copied[1]["a"].tolist() == [9, 1, 2]
    copied[1]["new"] = copied[0]
    assert sent(copied[0][0], there, here) is row
    assert table["new"][0] is row


def test_a_view_shows_the_array_on_both_sides():
    here, there = Shared(1, 1), Shared(-1, -1)
    a = np.arange(6)
    copied = sent(a, here, there)
    view = sent(copied[1::2], there, here)
    assert np.shares_memory(view, a)
    view[:] = 0
    assert a.tolist() == [0, 0, 2, 0, 4, 0]
    sent(None, here, there)
    assert copied.tolist() == a.tolist()


def test_what_nobody_holds_is_forgotten():
    here, there = Shared(1, 1), Shared(-1, -1)
    for number in range(OBJECTS):
        sent([number], here, there)
    assert len(here.objects) == len(here.prints) == len(here.numbers) <= 3
    assert len(there.objects) <= 3


@pytest.mark.parametrize("listed", [
    [(1, [1])], [("x", [1])], [(True, [])], [(5, [1], 3, 0, (8,))], [(5, np.arange(9), 1, 64, (8,))],
    [(5, np.arange(2), 1, -8, (8,))], [(5, np.arange(2), 1, 0, (800,))], [(5, np.arange(2), "a", 0, 0)], 3, [3], [()]])
def test_what_nobody_would_list_changes_nothing(listed):
    here = Shared(1, 1)
    a = np.arange(3)
    here.listed(a)
    try:
        found = here.take(listed)
    except (TypeError, ValueError):
        found = {}
    assert a.tolist() == [0, 1, 2]
    assert all(not np.shares_memory(part, a) for part in found.values() if part is not a)
