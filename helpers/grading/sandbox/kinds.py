"""Plain data beyond JSON and arrays: sets, dates, fractions, tables. Each as a name and simpler plain data.

Both ends of the wire import this. What is rebuilt runs no code of a student's: constructors of Python's and pandas'
own get lists, numbers, texts and arrays.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import itertools
import math
import pathlib
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_SIMPLE: dict[type, tuple[str, Callable[[Any], Any]]] = {
    set: ("set", lambda v: list(set.__iter__(v))),
    frozenset: ("frozenset", lambda v: list(frozenset.__iter__(v))),
    range: ("range", lambda v: (v.start, v.stop, v.step)),
    slice: ("slice", lambda v: (v.start, v.stop, v.step)),
    fractions.Fraction: ("fraction", lambda v: (v.numerator, v.denominator)),
    decimal.Decimal: ("decimal", str),
    datetime.datetime: ("datetime", datetime.datetime.isoformat),
    datetime.date: ("date", datetime.date.isoformat),
    datetime.time: ("time", datetime.time.isoformat),
    datetime.timedelta: ("timedelta", lambda v: (v.days, v.seconds, v.microseconds)),
    collections.deque: ("deque", lambda v: (list(v), v.maxlen)),
    pathlib.PurePosixPath: ("path", str),
    pathlib.PosixPath: ("path", str),
}
_MAPPINGS: dict[type, str] = {collections.OrderedDict: "ordered", collections.Counter: "counter"}
_FACTORIES: dict[str, type] = {kind.__name__: kind for kind in (bool, complex, dict, float, int, list, set, str, tuple)}
_REBUILT: dict[str, Callable[[Any], Any]] = {
    "set": lambda p: set(spread(_a_list(p))), "frozenset": lambda p: frozenset(spread(_a_list(p))),
    "range": lambda p: range(*map(_whole, p)), "slice": lambda p: slice(*p),
    "fraction": lambda p: fractions.Fraction(*map(_whole, p)), "decimal": lambda p: _decimal(decimal.Decimal(_text(p))),
    "datetime": lambda p: datetime.datetime.fromisoformat(_text(p)),
    "date": lambda p: datetime.date.fromisoformat(_text(p)),
    "time": lambda p: datetime.time.fromisoformat(_text(p)),
    "timedelta": lambda p: datetime.timedelta(*map(_integer, p)),
    "deque": lambda p: collections.deque(_a_list(p[0]), p[1]), "path": lambda p: pathlib.PurePosixPath(_text(p)),
    "ordered": lambda p: collections.OrderedDict(_a_dict(p)), "counter": lambda p: collections.Counter(_a_dict(p)),
    "default": lambda p: collections.defaultdict(_FACTORIES.get(_text(p[0])), _a_dict(p[1])),
}
_SPECIAL = ("string", "boolean", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64",
            "Float32", "Float64", "object", "str")
ZONE = re.compile(r"[A-Za-z_]{1,30}(/[A-Za-z_]{1,30}){0,2}([+-][0-9:]{1,8})?")
LARGEST = 10**9  # of a number that stands for a size
TEXT_BYTES = 2**26  # of an array of texts, each of which takes as much as the longest
EXPONENT = 10_000  # of a decimal number: as a whole number it has so many digits
SMALL = 2**61 - 1  # whole numbers below are their own hash
SAME_HASH = 1_000  # members of a set, or keys, that have others' hash: numbers can be chosen so that all have one


def taken_apart(value: Any) -> tuple[str, Any] | None:
    """Name and simpler plain data of a value, or None if it is none of these kinds."""
    kind = type(value)
    if (kind is decimal.Decimal and value.is_finite() and abs(value.adjusted()) > EXPONENT) or (
            kind is np.ndarray and value.dtype.kind in "US" and value.nbytes > TEXT_BYTES):
        return None
    if kind in _SIMPLE:
        name, simpler = _SIMPLE[kind]
        return name, simpler(value)
    if kind in _MAPPINGS:
        return _MAPPINGS[kind], dict(value.items())
    if kind is collections.defaultdict:
        factory = next((name for name, made in _FACTORIES.items() if made is value.default_factory), "")
        return "default", (factory, dict(value.items()))
    if kind is np.ndarray and value.dtype.kind in "USOMm":
        return "array", _array(value)
    pandas = sys.modules.get("pandas")  # never imported for this
    if pandas is None:
        return None
    if kind is pandas.DataFrame:
        columns = [_column(value.iloc[:, i], pandas) for i in range(value.shape[1])]
        return "table", (_index(value.columns, pandas), _index(value.index, pandas), columns)
    if kind is pandas.Series:
        return "column", (_label(value.name), _index(value.index, pandas), _column(value, pandas))
    if isinstance(value, pandas.Index) and kind.__module__.partition(".")[0] == "pandas":
        return "index", _index(value, pandas)
    if kind is pandas.Categorical:
        return "values", _values(value, pandas)
    if kind is pandas.Period:
        return "period", (value.ordinal, value.freqstr)
    if kind is pandas.Interval:
        return "interval", (_label(value.left), _label(value.right), value.closed)
    if kind is pandas.Timestamp:
        return "timestamp", value.isoformat()
    if kind is pandas.Timedelta:
        return "pandas timedelta", value.isoformat()
    return ("missing", None) if value is pandas.NA else ("no time", None) if value is pandas.NaT else None


def put_together(name: str, parts: Any) -> Any:
    """What `taken_apart` has taken apart.

    Raises:
        ValueError, TypeError: if it is nothing that comes from there.
    """
    if name in _REBUILT:
        return _REBUILT[name](parts)
    if name == "array":
        return _as_array(parts)
    import pandas

    if name == "table":
        columns, index, data = parts
        index, columns = _as_index(index, pandas), _as_index(columns, pandas)
        if len(columns) != len(data):
            raise ValueError("a table whose columns have no names")
        table = pandas.DataFrame({i: _as_column(part, index, pandas) for i, part in enumerate(data)}, index=index)
        table.columns = columns
        return table
    if name == "column":
        label, index, data = parts
        return _as_column(data, _as_index(index, pandas), pandas).rename(label)
    if name == "index":
        return _as_index(parts, pandas)
    simple = {"timestamp": lambda: pandas.Timestamp(_text(parts)), "missing": lambda: pandas.NA,
              "period": lambda: pandas.Period(ordinal=_whole(parts[0]), freq=_text(parts[1])),
              "interval": lambda: pandas.Interval(*parts),
              "values": lambda: _as_values(parts, pandas),
              "pandas timedelta": lambda: pandas.Timedelta(_text(parts)), "no time": lambda: pandas.NaT}
    if name not in simple:
        raise ValueError("no kind of plain data")
    return simple[name]()


def _array(value: np.ndarray) -> tuple:
    if value.dtype.kind in "Mm":
        return value.dtype.str, value.shape, np.ascontiguousarray(value).view("i8")
    return "O" if value.dtype.kind == "O" else value.dtype.str, value.shape, value.ravel().tolist()


def _as_array(parts: Any) -> np.ndarray:
    kind, shape, items = parts
    shape = tuple(map(_integer, shape))
    if _text(kind)[1:2] in "Mm" and isinstance(items, np.ndarray):
        return items.astype("i8").view(np.dtype(kind)).reshape(shape)
    if min(shape, default=0) < 0 or math.prod(shape) != len(_a_list(items)):
        raise ValueError("an array that its items do not fill")
    if kind != "O":
        if kind[1:2] not in "US" or not all(isinstance(item, (str, bytes)) for item in items):
            raise ValueError("an array that is none")
        if 4 * len(items) * max(map(len, items), default=0) > TEXT_BYTES:
            raise ValueError("an array of texts that is far larger than they are")
        return np.array(items, dtype=kind[1:2]).reshape(shape) if items else np.zeros(shape, kind[1:2] + "1")
    made = np.empty(len(items), dtype=object)
    for position, item in enumerate(items):
        made[position] = item
    return made.reshape(shape)


def _values(array: Any, pandas: Any) -> tuple | None:
    """Values of pandas' own that are more than a list of them; None of others."""
    kind = type(array.dtype)
    if kind is pandas.CategoricalDtype:
        return "category", (np.asarray(array.codes, np.int64), _index(array.categories, pandas), bool(array.ordered))
    if kind is pandas.PeriodDtype:
        return "periods", (np.asarray(array.asi8), array.freqstr)
    if kind is pandas.DatetimeTZDtype:
        return "zone", (np.asarray(pandas.DatetimeIndex(array).tz_convert("UTC").tz_localize(None)), str(array.tz))
    if kind is pandas.IntervalDtype:
        return "intervals", (_index(array.left, pandas), _index(array.right, pandas), array.closed)
    return None


def _as_values(described: Any, pandas: Any) -> Any:
    kind, parts = described
    if kind == "category":
        codes, categories, ordered = parts
        return pandas.Categorical.from_codes(codes, _as_index(categories, pandas), ordered=ordered is True)
    if kind == "periods":
        return pandas.PeriodIndex.from_ordinals(parts[0], freq=_short(parts[1])).array
    if kind == "zone":
        return pandas.DatetimeIndex(parts[0]).tz_localize("UTC").tz_convert(_zone(parts[1])).array
    if kind == "intervals":
        left, right, closed = parts
        return pandas.IntervalIndex.from_arrays(_as_index(left, pandas), _as_index(right, pandas), closed).array
    raise ValueError("values of no kind")


def _column(series: Any, pandas: Any) -> tuple:
    values = _values(series.array, pandas)
    if values is not None:
        return "values", values
    kind = str(series.dtype)
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "biufcMm":
        return "", series.to_numpy()
    if kind in _SPECIAL:
        return kind, [_label(item) for item in series.astype(object).tolist()]
    return "object", [_label(item) for item in series.tolist()]


def _as_column(part: Any, index: Any, pandas: Any) -> Any:
    kind, items = part
    if kind == "values":
        values = _as_values(items, pandas)
        if len(values) != len(index):
            raise ValueError("a column that does not fill its table")
        return pandas.Series(values, index=index)
    if not (kind == "" and isinstance(items, np.ndarray)) and kind not in _SPECIAL:
        raise ValueError("a column of no kind")
    if len(items if kind == "" else spread(_a_list(items))) != len(index):  # one item would be put into every row
        raise ValueError("a column that does not fill its table")
    return pandas.Series(items, index=index, dtype=kind or None)


def _index(index: Any, pandas: Any) -> tuple:
    if isinstance(index, pandas.RangeIndex):
        return "range", (index.start, index.stop, index.step), [_label(index.name)]
    if isinstance(index, pandas.MultiIndex):
        return "tuples", [tuple(map(_label, item)) for item in index.tolist()], [_label(name) for name in index.names]
    values = _values(index.array, pandas)
    if values is not None:
        return "values", values, [_label(index.name)]
    if isinstance(index, pandas.DatetimeIndex) and index.freqstr is not None:
        return "steps", (index.to_numpy(), index.freqstr), [_label(index.name)]
    if isinstance(index.dtype, np.dtype) and index.dtype.kind in "biufcMm":
        return "", index.to_numpy(), [_label(index.name)]
    kind = "str" if str(index.dtype) == "str" else "object"
    return kind, [_label(item) for item in index.tolist()], [_label(index.name)]


def _as_index(parts: Any, pandas: Any) -> Any:
    kind, items, names = parts
    if kind == "range":
        return pandas.RangeIndex(*map(_integer, items), name=names[0])
    if kind == "values":
        return pandas.Index(_as_values(items, pandas), name=names[0])
    if kind == "steps":
        return pandas.DatetimeIndex(items[0], freq=_short(items[1]), name=names[0])
    if not isinstance(items, np.ndarray):
        spread(_a_list(items))
    if kind == "tuples":
        for level in itertools.zip_longest(*items):  # each of which gets a table of its own
            spread(level)
        return pandas.MultiIndex.from_tuples(items, names=names)
    return pandas.Index(items, name=names[0], dtype=kind if kind in ("str", "object") else None)


def _label(value: Any) -> Any:
    return value.item() if isinstance(value, (np.str_, np.bytes_)) else value


def hashed_apart(items: Sequence[Any]) -> bool:
    """Is it plain that few of them have one hash? Small whole numbers and floats are their own, texts have a secret."""
    return all(type(item) in (float, str, bool) or (type(item) is int and -SMALL < item < SMALL) for item in items)


def spread(items: Sequence[Any]) -> Sequence[Any]:
    """The same items, if they can be put into a set soon: the time that this takes goes with the square of how many
    have one hash. What cannot be hashed is let through.

    Raises:
        ValueError: if too many do.
    """
    first: dict[int, Any] = {}
    unequal = 0
    for item in items:
        try:
            other = first.setdefault(hash(item), item)
            unequal += bool(other is not item and other != item)
        except TypeError:  # one that cannot be hashed: what comes behind it still can
            continue
    if unequal > SAME_HASH:
        raise ValueError("numbers that have one hash")
    return items


def _a_list(value: Any) -> list:
    """A range or a text would become a set, or an array, many times as large as what was sent."""
    if type(value) is not list:
        raise ValueError("items that are no list")
    return value


def _a_dict(value: Any) -> dict:
    if type(value) is not dict:
        raise ValueError("entries that are none")
    return value


def _decimal(value: decimal.Decimal) -> decimal.Decimal:
    if value.is_finite() and abs(value.adjusted()) > EXPONENT:
        raise ValueError("a number without an end")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError("no whole number")
    return value


def _integer(value: Any) -> int:
    if type(value) is not int or abs(value) > LARGEST:
        raise ValueError("a number that is no size")
    return value


def _zone(value: Any) -> str:
    """The name of a time zone, no path of a file: pandas reads those, too."""
    if not isinstance(value, str) or not ZONE.fullmatch(value) or value.startswith("dateutil"):
        raise ValueError("no name of a time zone")
    return value


def _short(value: Any) -> str:
    """The name of a frequency, which pandas reads."""
    if not isinstance(value, str) or len(value) > 60:
        raise ValueError("a name that is too long, or none")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 10_000:
        raise ValueError("a text that is too long, or none")
    return value
