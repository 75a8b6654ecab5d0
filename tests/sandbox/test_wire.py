"""The wire: what goes in comes out, and what nobody would send does no harm."""

import collections
import contextlib
import datetime
import decimal
import fractions
import json
import random
import socket
import struct
import threading
import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from helpers.grading.sandbox.wire import (
    CannotEncode,
    Channel,
    Reference,
    WireClosed,
    WireError,
    WireTimeout,
    decode,
    encode,
)

PREFIX = struct.Struct("!4sIQ")


def round_trip(value, export=None, accept=None):
    frame = b"".join(encode(value, export))
    _, header, _ = PREFIX.unpack_from(frame)
    return decode(frame[16 : 16 + header], frame[16 + header :], accept)


PLAIN = [
    None, True, False, 0, -1, 2**62, 2**63, -(2**200), 0.1, float("inf"), float("-inf"), 1e-320, 3 + 4j, "", "é∇\n",
    "x" * 50_000, "é" * 50_000, b"", b"\x00\xff" * 100, [], (), {}, [1, [2, (3,)]], ((), [()]),
    {"a": 1, 2: "b", None: 3, True: 4}, {"t": [1]}, {"a": {"#": {"d": []}}},
]  # fmt: skip


@pytest.mark.parametrize("value", PLAIN, ids=lambda v: f"{type(v).__name__}-{str(v)[:12]}")
def test_plain_data_comes_back_equal_and_of_the_same_type(value):
    back = round_trip(value)
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_nan_comes_back():
    assert np.isnan(round_trip([float("nan")])[0])


@pytest.mark.parametrize("dtype", [*"?bhilqBHILQefdgFDG", ">f8", "<i2", ">c16"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4), (200, 300)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_come_back_exactly(dtype, shape, order):
    rng = np.random.default_rng(7)
    array = np.asarray(rng.integers(0, 2, shape)).astype(dtype, order=order)
    back = round_trip(array)
    assert type(back) is np.ndarray
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.flags.writeable
    np.testing.assert_array_equal(back, array)


def test_views_subclasses_and_scalars_come_back_as_base_arrays():
    class Loud(np.ndarray):
        def tobytes(self, *_):
            raise AssertionError("a student's own method was called")

    a = np.arange(100_000.0).reshape(200, 500)
    for view in (a[::2, ::-1], a.T, a.view(Loud), np.broadcast_to(a[0], (3, 500))):
        back = round_trip(view)
        assert type(back) is np.ndarray
        np.testing.assert_array_equal(back, np.asarray(view))
    for scalar in (np.float32(0.1), np.int8(-3), np.bool_(True), np.complex64(1j)):
        back = round_trip(scalar)
        assert type(back) is type(scalar)
        assert back == scalar
    assert round_trip(np.str_("x")) == "x"


def test_tensors_come_back():
    torch = pytest.importorskip("torch")
    t = torch.arange(6.0).reshape(2, 3).requires_grad_()
    back = round_trip([t, t.T, t.bfloat16()])
    assert all(isinstance(b, torch.Tensor) for b in back)
    assert torch.equal(back[1], t.T)


def test_objects_travel_as_references_or_not_at_all():
    for thing in (object(), np.array([object()]), {object(): 3}, {object()}, lambda: 0):
        with pytest.raises(CannotEncode):
            encode([thing])
        assert round_trip(
            [thing], lambda x: Reference("kind", (1, "é")), lambda r: (r.kind, r.data)
        ) == [("kind", (1, "é"))]  # fmt: skip


def test_a_value_that_contains_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(CannotEncode):
        encode(loop)


def test_lone_surrogates_do_not_come_back():
    for text in ("a\ud800b", "\udfff" * 20_000):
        for back in (round_trip(text), next(iter(round_trip({text: 1})))):
            back.encode("utf-8")


HOSTILE = [
    b"", b"[", b"null", b"[1]", b"[1,[],3]", b'[1,["a"]]', b"[1,[-1]]", b"[1,[5]]", b'[{"q":1},[]]', b'[{"t":1},[]]',
    b"[{},[]]", b'[{"t":[],"d":[]},[]]', b'[{"x":"zz"},[]]', b'[{"x":5},[]]', b'[{"c":["a",1]},[]]', b'[{"b":0},[]]',
    b'[{"b":-1},[0]]', b'[{"b":true},[0]]', b'[{"d":[[[1],2]]},[]]', b'[{"d":[[1]]},[]]', b'[{"d":{"a":1}},[]]',
    b'[{"a":["<f8",[1],"C",0]},[0]]', b'[{"a":["<f8",[1e3],"C",0]},[0]]', b'[{"a":["<f8",[-1,-1],"C",0]},[0]]',
    b'[{"a":["O",[0],"C",0]},[0]]', b'[{"a":["<f8",[0],"K",0]},[0]]', b'[{"a":[["<f8"],[0],"C",0]},[0]]',
    b'[{"a":["<f8",[0,4611686018427387904,4611686018427387904],"C",0]},[0]]',
    b'[{"a":["<f8",[%s],"C",0]},[0]]' % b",".join([b"0"] * 100), b'[{"a":["<U9",[0],"C",0]},[0]]',
    b'[{"a":["<f8",[true],"C",0]},[0]]', b'[{"n":["<f8","00"]},[]]', b'[{"n":["V8","0000000000000000"]},[]]',
    b'[{"r":["handle",{"t":[1,"x"]}]},[]]', b"[" * 100_000, b'{"a":' * 50_000, b"[" * 40 + b"]" * 40 + b",[]]",
    b"[[" + b"0," * 1_200_000 + b"0],[]]", b"\xff\xfe", b"[" + b"9" * 6000 + b",[]]", b'[{"s":0},[0],1]',
    b'[{"x":"0x%s"},[]]' % (b"f" * 2000), b'[{"d":[[{"x":"0x%s"},1]]},[]]' % (b"f" * 2000),
    b"[" + b"9" * 2000 + b",[]]",
]  # fmt: skip


@pytest.mark.parametrize("header", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_message_is_a_wire_error(header):
    with pytest.raises(WireError):
        decode(header, b"")


def test_values_of_pandas_own_keep_what_they_are():
    heights = pd.Series([3.0, 7.0, 5.5])
    table = pd.DataFrame({
        "size": pd.Categorical(["b", None, "a"], ["b", "a"], ordered=True), "bin": pd.cut(heights, 2),
        "month": pd.period_range("2024-01", periods=3, freq="M"),
        "there": pd.date_range("2024-03-30", periods=3, tz="Europe/Lisbon")})
    back = round_trip(table)
    pd.testing.assert_frame_equal(back, table)
    assert back["size"].cat.ordered
    for index in (pd.date_range("2024-01-01", periods=3, freq="W"), table["size"].cat.categories,
                  table["bin"].cat.categories, pd.PeriodIndex(table["month"], name="m"),
                  pd.CategoricalIndex(["x", "y"])):
        pd.testing.assert_index_equal(round_trip(index), index, exact=True)
        assert getattr(round_trip(index), "freqstr", None) == getattr(index, "freqstr", None)
    assert round_trip([pd.Period("2024-01"), pd.Interval(0, 2.5)]) == [pd.Period("2024-01"), pd.Interval(0, 2.5)]
    assert isinstance(round_trip(pd.Categorical(["a"])), pd.Categorical)
    words = collections.defaultdict(list, a=[1])
    assert round_trip(words)["b"] == []


@pytest.mark.parametrize("parts", [
    ["category", {"t": [[5], {"t": ["object", ["a"], [None]]}, True]}], ["periods", {"t": [[1], "nonsense"]}],
    ["periods", {"t": [[1], "M" * 100]}], ["zone", {"t": [[1], "../../etc/passwd"]}],
    ["zone", {"t": [[1], "dateutil//etc/localtime"]}], ["intervals", {"t": [1, 2, 3]}],
    ["x", []], 3])
def test_values_that_pandas_would_not_have_are_refused(parts):
    tree = {"k": ["values", {"t": parts} if isinstance(parts, list) else parts]}
    with pytest.raises(WireError):
        decode(json.dumps([tree, []]).encode(), b"")


def test_what_stands_twice_is_one_object():
    row, table = [0, 0], pd.DataFrame({"a": [1, 2]})
    grid, same, again, other = round_trip(({"rows": [row, row]}, row, table, [table, {1: 2}]))
    assert grid["rows"][0] is grid["rows"][1] is same
    assert other[0] is again
    rows = round_trip([[0, 0], [0, 0]])
    assert rows[0] is not rows[1]
    with pytest.raises(CannotEncode):
        encode(loop := [[]], loop[0].append(loop))


@pytest.mark.parametrize("tree", [
    [{"=": 0}], [[], {"=": 2}], [[], {"=": -1}], [[], {"=": "1"}], [[], {"=": True}], {"d": [["a", {"=": 0}]]},
    [{"x": "0x1"}, {"=": 1}]])
def test_a_part_that_is_none_or_holds_itself_is_refused(tree):
    with pytest.raises(WireError):
        decode(json.dumps([tree, []]).encode(), b"")


def test_parts_of_parts_grow_no_further_than_what_is_sent_at_length():
    """Each list holds the one before it twice: whoever walks through all of it would never be done."""
    tree = [[1, 2]]
    for number in range(1, 40):
        tree.append([{"=": number}, {"=": number}])
    with pytest.raises(WireError):
        decode(json.dumps([tree, []]).encode(), b"")


def test_a_bool_array_holds_only_bools():
    back = decode(b'[{"a":["|b1",[4],"C",0]},[4]]', b"\x00\x01\x02\xff")
    assert back.view(np.uint8).tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize("value", [10**2000, [1, -(10**2000)], {10**2000: 1}, {(1, 10**2000): 1}, {10**2000}],
                         ids=["alone", "in a list", "a key", "in a key", "in a set"])
def test_a_whole_number_that_python_will_not_spell_is_an_object(value):
    with pytest.raises(CannotEncode):
        encode(value)
    exported = round_trip(value, export=lambda v: ("object", (type(v).__name__,)), accept=lambda r: r.data)
    assert "10000" not in repr(exported)
    assert round_trip(2**4095) == 2**4095


def test_text_is_bounded():
    with pytest.raises(CannotEncode):
        encode(["x" * 10_000_000] * 2)
    with pytest.raises(WireError):
        decode(b'[[{"s":0},{"s":0}],[10000000]]', bytes(10_000_000))


def test_buffers_cannot_be_multiplied():
    header = b'[[%s],[1000000]]' % b",".join([b'{"b":0}'] * 100_000)
    with pytest.raises(WireError):
        decode(header, bytes(1_000_000))


@pytest.mark.parametrize("seed", range(8))
def test_any_bytes_are_a_message_or_a_wire_error(seed):
    print(f"seed {seed}")
    rng = random.Random(seed)
    good = b"".join(encode({"id": 1, "observation": {"value": (np.ones((2, 3)), 1j, b"x", 2**70, np.float32(1))}}))
    for _ in range(400):
        frame = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            i = rng.randrange(16, len(frame))
            what = rng.random()
            if what < 0.5:
                frame[i] = rng.randrange(256)
            elif what < 0.75:
                frame[i : i + rng.randint(1, 9)] = b""
            else:
                frame[i:i] = rng.choice([b"[", b"]", b"{", b'"', b",", b"0", b"-", b"1e9", bytes(3)])
            if len(frame) <= 17:
                break
        cut = rng.randrange(16, len(frame) + 1)
        with contextlib.suppress(WireError):
            decode(bytes(frame[16:cut]), bytes(frame[cut:]))


def pair(**kwargs):
    a, b = socket.socketpair()
    return Channel(a, **kwargs), b


def test_a_channel_carries_large_arrays_both_ways():
    a, b = socket.socketpair()
    left, right = Channel(a), Channel(b)
    array = np.random.default_rng(0).normal(size=(1000, 1000))
    echo = threading.Thread(target=lambda: right.send(right.receive()))
    echo.start()
    left.send({"x": array})
    np.testing.assert_array_equal(left.receive(10)["x"], array)
    echo.join()


def test_a_silent_peer_is_a_timeout_and_nothing_is_lost():
    channel, peer = pair()
    frame = b"".join(encode("hello"))
    for i in range(len(frame)):
        with pytest.raises(WireTimeout):
            channel.receive(0.001)
        peer.send(frame[i : i + 1])
    assert channel.receive(1) == "hello"


def test_a_deaf_peer_is_a_timeout():
    channel, _peer = pair()
    with pytest.raises(WireTimeout):
        channel.send(bytes(20_000_000), 0.05)


def test_a_dead_peer_is_closed():
    channel, peer = pair()
    peer.send(b"BBH1\x00\x00")
    peer.close()
    with pytest.raises(WireClosed):
        channel.receive(1)
    with pytest.raises(WireClosed):
        channel.send(bytes(10_000_000))


@pytest.mark.parametrize(
    "prefix",
    [b"GET / HTTP/1.1\r\n", *(PREFIX.pack(b"BBH1", *sizes) for sizes in ((2**31, 0), (10, 2**63), (0, 0)))],
)
def test_a_hostile_prefix_is_refused_at_once(prefix):
    channel, peer = pair()
    peer.send(prefix)
    start = time.monotonic()
    with pytest.raises(WireError) as e:
        channel.receive(5)
    assert not isinstance(e.value, (WireTimeout, WireClosed))
    assert time.monotonic() - start < 1


def test_too_large_a_message_is_not_sent():
    channel, peer = pair(frame_bytes=1000)
    with pytest.raises(CannotEncode):
        channel.send(np.zeros(1000))
    channel.send("still of use")
    assert Channel(peer).receive(1) == "still of use"


PRIME = 2**61 - 1  # Python's hash of a whole number is its remainder
RANGE = {"k": ["range", {"t": [0, 10**7, 1]}]}
ROWS = {"t": ["range", {"t": [0, 10**7, 1]}, [None]]}


@pytest.mark.parametrize("tree", [
    *({"k": [kind, RANGE]} for kind in ("set", "frozenset", "ordered", "counter", "default")),
    {"k": ["deque", {"t": [RANGE, None]}]}, {"k": ["array", {"t": ["O", {"t": [10**7]}, RANGE]}]},
    {"k": ["array", {"t": ["<U1", {"t": [10**7]}, []]}]},
    {"k": ["array", {"t": ["<U1", {"t": [3000]}, ["a"] * 2999 + ["b" * 10_000]]}]},
    {"k": ["column", {"t": [None, ROWS, {"t": ["object", "x"]}]}]},
    {"k": ["column", {"t": [None, ROWS, {"t": ["", 1.0]}]}]},
    {"k": ["index", {"t": ["object", RANGE, [None]]}]}, {"k": ["decimal", "1e99999999"]},
    {"k": ["set", [number * PRIME for number in range(1, 20_000)]]},
    {"k": ["set", [{"c": [-1000003.0 * number, 1.0 * number]} for number in range(1, 20_000)]]},
    {"d": [[{"t": [1, number * PRIME]}, 0] for number in range(1, 20_000)]},
    {"k": ["index", {"t": ["tuples", [{"t": [number * PRIME]} for number in range(1, 20_000)], [None]]}]},
    {"k": ["set", [*(number * PRIME for number in range(1, 20_000)), []]]},
    {"d": [*([number * PRIME, 0] for number in range(1, 20_000)), [{"t": [[]]}, 0]]},
    {"k": ["index", {"t": ["tuples", [{"t": [number * PRIME, number]} for number in range(1, 20_000)], [None, None]]}]},
], ids=lambda tree: repr(tree)[:70])
def test_a_message_becomes_no_more_than_it_says_and_soon(tree):
    """Small ones that would become gigabytes, or a table of numbers that all have one hash."""
    header, start = json.dumps([tree, []]).encode(), time.process_time()
    tracemalloc.start()
    try:
        with contextlib.suppress(WireError):
            decode(header, b"")
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 5


@pytest.mark.parametrize("tree", [
    [number * PRIME for number in range(1, 3_000)], {"t": [number * PRIME for number in range(1, 3_000)]},
    [{"t": [1, number * PRIME]} for number in range(1, 3_000)]], ids=["a list", "a tuple", "tuples"])
def test_numbers_of_one_hash_come_in_no_list_that_a_test_could_make_a_set_of(tree):
    with pytest.raises(WireError, match="ValueError"):
        decode(json.dumps([tree, []]).encode(), b"")


@pytest.mark.parametrize("value", [
    [*range(5_000)], [k / 7 for k in range(5_000)], [(k, -k) for k in range(5_000)], [[k] for k in range(5_000)],
    {1, "a", (2, 3)}, frozenset(), range(2, 9, 3), fractions.Fraction(3, 4), decimal.Decimal("1.50"), {(1, 2): 3},
    fractions.Fraction(1, 10**30), range(10**30), {*range(-3000, 3000)}, {k / 8 for k in range(-3000, 3000)},
    {(k, -k): [k] for k in range(3000)}, {2**k for k in range(200)},
    datetime.datetime(2024, 2, 3, 4, 5), datetime.date(2024, 2, 3), datetime.timedelta(1, 2, 3), slice(1, None, 2),
    collections.deque([1, 2], 5), collections.Counter("abca"), collections.OrderedDict(b=1, a=2),
])
def test_pythons_own_kinds_of_data_travel(value):
    arrived = round_trip(value)
    assert arrived == value
    assert type(arrived) is type(value)


@pytest.mark.parametrize("table", [
    pd.DataFrame({"n": [1, 2], "x": [0.5, np.nan], "s": ["a", None], "t": pd.to_datetime(["2024-01-01", None]),
                  "k": pd.Categorical(["u", "v"]), "i": pd.array([1, None], dtype="Int64")}),
    pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["l", "m"])),
    pd.DataFrame([[1, 2]], columns=["same", "same"]), pd.DataFrame(),
])
def test_tables_travel_as_plain_columns(table):
    pd.testing.assert_frame_equal(round_trip(table), table, check_categorical=False, check_column_type=False)


def test_columns_and_arrays_of_text_travel():
    pd.testing.assert_series_equal(round_trip(pd.Series([1.0, 2.0], index=["a", "b"], name="c")),
                                   pd.Series([1.0, 2.0], index=["a", "b"], name="c"))
    for array in (np.array(["a", "bc"]), np.array([1, "a", None], dtype=object), np.array(["2024-01-01"], "M8[D]")):
        arrived = round_trip(array)
        assert arrived.dtype.kind == array.dtype.kind
        assert list(arrived) == list(array)
