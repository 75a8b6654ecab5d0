"""Objects of given classes, and parts that stand in a message twice, come back as what they were."""

from __future__ import annotations

import enum
import struct
from collections import namedtuple
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from helpers.grading.sandbox.given import Given, travels
from helpers.grading.sandbox.wire import CannotEncode, Reference, WireError, decode, encode

PREFIX = struct.Struct("!4sIQ")


@dataclass(eq=False)
class Node:
    value: Any
    next: Any = None
    notes: list = field(default_factory=list)


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x):
        self.x = x


class Color(enum.Enum):
    RED = 1
    BLUE = 2


Pair = namedtuple("Pair", "left right")
CLASSES = {kind.__name__: kind for kind in (Node, Slotted, Color, Pair)}
for _kind in CLASSES.values():  # as in a notebook
    _kind.__module__ = "__main__"


@pytest.fixture
def sides():
    return Given(CLASSES.get, 1, 1), Given(CLASSES.get, -1, -1)


def sent(value, one: Given, other: Given):
    def export(thing):
        found = one.reference(thing)
        if found is None:
            raise CannotEncode(type(thing).__name__)
        return found

    frame = b"".join(bytes(part) for part in encode(value, export, one.reference))
    _, header, _ = PREFIX.unpack_from(frame)
    return decode(frame[16:16 + header], frame[16 + header:], other.accept)


def test_an_object_that_comes_back_is_the_one_that_went(sides):
    here, there = sides
    last = Node(3)
    first = Node(1, Node(2, last), notes=["a"])
    last.next = first  # a ring
    copy = sent([first, last], here, there)
    assert copy[0] is not first
    assert copy[0].next.next is copy[1]
    assert copy[1].next is copy[0]
    copy[1].value, copy[0].next = 7, copy[1]
    new = Node(9)
    copy[1].notes.append(new)
    back = sent({"found": copy[1], "new": new}, there, here)
    assert back["found"] is last
    assert (last.value, first.next) == (7, last)
    assert last.notes == [back["new"]]
    assert sent(back["new"], here, there) is new


def test_kinds_of_given_classes(sides):
    pair, color, slotted = sent((Pair(1, [Color.RED]), Color.BLUE, Slotted(np.arange(3))), *sides)
    assert type(pair) is Pair
    assert pair == Pair(1, [Color.RED])
    assert color is Color.BLUE
    assert slotted.x.tolist() == [0, 1, 2]


def test_what_no_given_class_is_does_not_travel(sides):
    class Other:
        pass

    class Listed(list):
        pass

    Other.__module__ = Listed.__module__ = "__main__"
    assert not travels(Listed)
    assert not travels(dict)
    with pytest.raises(CannotEncode):
        sent([Other()], *sides)


@pytest.mark.parametrize("reference", [
    ("given", (1, {1: ("Color", {})})), ("given", (1, {1: ("Other", {})})), ("given", (2, {1: ("Node", {})})),
    ("given", (1, {"1": ("Node", {})})), ("given", (1, {1: ("Node", [])})), ("given", (1, 2)),
    ("member", ("Color", "x")), ("member", ("Node", "x")), ("named", ("Pair", 1)), ("named", ("Color", 1)),
    ("named", (3,)), ("part", ()), ("given", (1, {1: ("Node", {"next": Reference("part", (5,))})}))])
def test_a_reference_that_nobody_would_send_is_refused(sides, reference):
    frame = b"".join(bytes(part) for part in encode(Reference(*reference)))
    _, header, _ = PREFIX.unpack_from(frame)
    with pytest.raises(WireError):
        decode(frame[16:16 + header], frame[16 + header:], sides[0].accept)
