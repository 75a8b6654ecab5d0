"""The wire, for values and bytes that nobody thought of."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.grading.sandbox.wire import WireError, decode, encode

pytestmark = pytest.mark.slow

PREFIX = struct.Struct("!4sIQ")
ALL = settings(max_examples=200, deadline=None, print_blob=True)
KEYS = st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none())
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=30),
                    st.binary(max_size=30), st.complex_numbers(allow_nan=False))
PLAIN = st.recursive(SCALARS, lambda inner: st.one_of(
    st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple),
    st.dictionaries(KEYS, inner, max_size=4)), max_leaves=12)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12),
              st.sampled_from(["#", "d", "a", "t", "l", "<f8", "|b1", "<M8[s]", "|O8", "<U4", "f", "s", "b", "r"])),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(
        st.sampled_from(["#", "d", "a", "t", "l", "v", "b", "x", "s", "f"]), inner, max_size=4)), max_leaves=20)


def parts(value) -> tuple[bytes, bytes]:
    frame = b"".join(bytes(part) for part in encode(value))
    _, header, _ = PREFIX.unpack_from(frame)
    return frame[PREFIX.size:PREFIX.size + header], frame[PREFIX.size + header:]


@settings(ALL)
@given(PLAIN)
def test_plain_data_comes_back(value):
    back = decode(*parts(value))
    assert back == value
    assert type(back) is type(value)


@settings(ALL)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_bytes_are_a_message_or_an_error(header, body):
    only_wire_errors(header, body)


@settings(ALL)
@given(JSON, st.binary(max_size=64))
def test_a_header_of_any_shape_is_a_message_or_an_error(tree, body):
    only_wire_errors(json.dumps(tree).encode(), body)
    only_wire_errors(json.dumps({"v": tree, "b": [len(body)]}).encode(), body)
    only_wire_errors(json.dumps([tree, [len(body)]]).encode(), body)


@settings(ALL)
@given(PLAIN, st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_message_with_changed_bytes_is_a_message_or_an_error(value, place, changed):
    header, body = parts([value, np.arange(6.0).reshape(2, 3), "x" * 20])
    whole = bytearray(header + body)
    place %= len(whole)
    whole[place:place + len(changed)] = changed
    only_wire_errors(bytes(whole[:len(header)]), bytes(whole[len(header):]))


def only_wire_errors(header: bytes, body: bytes) -> None:
    """Decoding gives plain data or a WireError: nothing else is raised, and no object of another kind is made."""
    try:
        value = decode(header, body)
    except WireError:
        return
    only_plain(value)


def only_plain(value) -> None:
    assert value is None or isinstance(value, (bool, int, float, complex, str, bytes, list, tuple, dict, np.ndarray,
                                               np.generic))
    if isinstance(value, (np.ndarray, np.generic)):
        assert value.dtype.kind in "biufc"
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        only_plain(each)
