"""Plain data between two processes that do not trust each other: frames of JSON and raw array buffers.

A frame is a prefix (magic, length of the header, length of the body), a JSON header and a body. The header holds the
value as a tree and the lengths of the buffers that follow in the body. No pickle in either direction: what can be
decoded is None, bool, int, float, complex, str, bytes, list, tuple, dict (keys: str, int, bool, None, float, tuples of
these), numpy scalars, arrays of bool, integers, floats and complex numbers, torch tensors (as arrays where torch is
not loaded), and what `kinds.py` takes apart: sets, dates, fractions, tables. Everything else travels as a `Reference`,
which the two sides agree on. What stands in a message twice is one object on the other side, too: three rows that are
one list are no grid.

The decoder trusts nothing: no length, no shape, no dtype. Bytes that are no message raise `WireError`, a peer that is
gone `WireClosed`, one that is silent `WireTimeout`; it raises nothing else.
"""

from __future__ import annotations

import json
import math
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from helpers.grading.sandbox import kinds
from helpers.grading.text import clean_text

FRAME_BYTES = 256 * 2**20
HEADER_BYTES = 8 * 2**20  # a parsed header takes up to twenty times its size in memory
DEPTH = 32
ITEMS = 1_000_000
LONG_TEXT = 16_384  # longer strings go into the body
INTEGER_BITS = 4096  # of a whole number: Python refuses to spell those of more than 4,300 digits
TEXT_BYTES = 16 * 2**20  # of all strings in the body: one rare character makes a string four times as large in memory

_PREFIX = struct.Struct("!4sIQ")
_AT_ONCE = 2**20  # a message of up to so many bytes is sent in one piece
_MAGIC = b"BBH1"
_DTYPES = {np.dtype(f"{o}{c}").str for c in "?bhilqBHILQefdgFDG" for o in "<>"}
# Taken now: whatever a notebook later puts in their place in its own process, encoding goes through these.
_BASES = (list, dict, tuple, str, int, float)
PLAIN_MODULES = ("builtins", "collections", "numpy", "pandas", "torch")
_ndarray, _generic, _view, _tobytes = np.ndarray, np.generic, np.ndarray.view, np.ndarray.tobytes


class WireError(Exception):
    """The peer sent something that is no message (or a value cannot be sent)."""


class CannotEncode(WireError):
    """A value that has no place on the wire: too deep, too large, or an object that nobody exports."""


class WireClosed(WireError):
    """The peer is gone."""


class WireTimeout(WireError):
    """The deadline passed before a whole message had come (or gone)."""


class Reference(NamedTuple):
    """Something that stays where it is: `kind` says what it is, `data` (plain data) which one."""

    kind: str
    data: tuple = ()


# ---------------------------------------------------------------------------------------------------------------------
# Encoding
# ---------------------------------------------------------------------------------------------------------------------


def encode(value: Any, export: Callable[[Any], Reference] | None = None,
           given: Callable[[Any], Reference | None] | None = None, whole: bool = False) -> list:
    """`value` as the parts of one frame (bytes-like objects, to be sent one after the other).

    export: makes a `Reference` of an object that is no plain data. given: the same of a tuple of a class of its own, or
    None where it travels as a tuple. whole: an object of a class that is made of `list` and the like is more than its
    items. Raises CannotEncode.
    """
    encoder = _Encoder(export, given, whole)
    try:
        tree = encoder.tree(value, 0)
        header = json.dumps([tree, [len(b) for b in encoder.buffers]], separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError, OverflowError) as e:
        raise CannotEncode(f"{type(e).__name__}: {e}") from e
    if len(header) > HEADER_BYTES:
        raise CannotEncode(f"{len(header):,} bytes of numbers in lists; at most {HEADER_BYTES:,} (use arrays)")
    body = sum(len(b) for b in encoder.buffers)
    return [_PREFIX.pack(_MAGIC, len(header), body) + header, *encoder.buffers]


class _Encoder:
    def __init__(self, export, given=None, whole=False):
        self.export = export
        self.given, self.whole = given, whole
        self.buffers: list = []
        self.items = self.texts = 0
        self.begun = self.deepest = 0
        self.shared: dict[int, tuple[int, int, int, Any]] = {}  # by id: number, items, levels; the part keeps its id

    def tree(self, v: Any, depth: int) -> Any:
        self.items += 1
        self.deepest = max(self.deepest, depth)
        if depth > DEPTH or self.items > ITEMS:
            raise CannotEncode(f"more than {DEPTH} levels" if depth > DEPTH else f"more than {ITEMS:,} items")
        t = type(v)
        if v is None or t is bool or t is float:
            return v
        if t is int:
            if -(2**63) <= v < 2**63:
                return v
            return {"x": hex(v)} if v.bit_length() <= INTEGER_BITS else self.reference(v, depth)
        if t is str:
            return v if len(v) <= LONG_TEXT else {"s": self.text(v)}
        if t is list:
            return self.once(v, depth, lambda: [self.tree(x, depth + 1) for x in v])
        return self.other(v, depth)

    def once(self, v: Any, depth: int, make: Callable[[], Any]) -> Any:
        """A part that can stand in several places: the second time its number, in the order in which parts begin."""
        if id(v) in self.shared:
            number, items, levels, _ = self.shared[id(v)]
            self.items += items
            if depth + levels > DEPTH:
                raise CannotEncode(f"more than {DEPTH} levels")
            return {"=": number}
        number, items, deepest = self.begun, self.items, self.deepest
        self.begun, self.deepest = self.begun + 1, depth
        made = make()
        self.shared[id(v)] = number, self.items - items, self.deepest - depth, v
        self.deepest = max(self.deepest, deepest)
        return made

    def other(self, v: Any, depth: int) -> Any:
        """Everything that JSON has no word for, and subclasses of what it has (an object may lie about its class)."""
        t = type(v)
        apart = kinds.taken_apart(v)
        if apart is not None:
            return self.parts(v, *apart, depth)
        if self.whole and issubclass(t, _BASES) and t is not Reference and _is_more(t):
            given = self.given(v) if self.given is not None else None
            return self.reference(v, depth) if given is None else self.tree(given, depth)
        if issubclass(t, Reference):
            return {"r": [v.kind, self.tree(tuple(v.data), depth + 1)]}
        if issubclass(t, (_ndarray, _generic)):
            return self.numbers(v, depth)
        if issubclass(t, tuple):
            given = self.given(v) if t is not tuple and self.given is not None else None
            if given is not None:
                return self.tree(given, depth)
            return {"t": [self.tree(x, depth + 1) for x in tuple.__iter__(v)]}
        if issubclass(t, dict):
            items = list(dict.items(v))
            if all(map(_is_key, dict.keys(v))):
                return self.once(v, depth, lambda: {
                    "d": [[self.key(k, depth), self.tree(x, depth + 1)] for k, x in items]})
        if issubclass(t, complex):
            return {"c": [v.real, v.imag]}
        if issubclass(t, (bytes, bytearray)):
            return {"b": self.buffer(bytes(v))}
        for base in (int, float, str, list):
            if issubclass(t, base):
                return self.tree(base(v), depth)
        return self.tensor(v, depth)

    def parts(self, v: Any, kind: str, simpler: Any, depth: int) -> Any:
        """Of a set, a table and their like: all as plain data, or the whole as a reference."""
        export, before = self.export, (len(self.buffers), self.items, self.texts, self.begun, self.deepest)
        self.export = None
        try:
            return self.once(v, depth, lambda: {"k": [kind, self.tree(simpler, depth + 1)]})
        except CannotEncode:
            del self.buffers[before[0]:]
            self.items, self.texts, self.begun, self.deepest = before[1:]
            self.shared = {key: part for key, part in self.shared.items() if part[0] < self.begun}
        finally:
            self.export = export
        return self.reference(v, depth)

    def key(self, k: Any, depth: int) -> Any:
        return self.tree(int(k) if isinstance(k, np.integer) else k, depth)

    def text(self, v: str) -> int:
        data = v.encode("utf-8", "surrogatepass")
        self.texts += len(data)
        if self.texts > TEXT_BYTES:
            raise CannotEncode(f"{self.texts:,} bytes of text; at most {TEXT_BYTES:,}")
        return self.buffer(data)

    def buffer(self, data: Any) -> int:
        self.buffers.append(data)
        return len(self.buffers) - 1

    def numbers(self, v: Any, depth: int) -> Any:
        if v.dtype.str not in _DTYPES:
            text = isinstance(v, (str, bytes))  # numpy's own kinds of these
            return self.tree(v.item(), depth) if text else self.reference(v, depth)
        if isinstance(v, _generic):
            return {"n": [v.dtype.str, v.tobytes().hex()]}
        return self.once(v, depth, lambda: {"a": self.array(v)})

    def array(self, v: Any) -> list:
        a = _view(v, _ndarray)  # a subclass's own methods stay out of this
        order: Any = "F" if a.flags.f_contiguous and not a.flags.c_contiguous else "C"
        if a.nbytes < LONG_TEXT or not (a.flags.c_contiguous or a.flags.f_contiguous):
            data: Any = _tobytes(a, order)
        else:
            flat: Any = (a.T if order == "F" else a).reshape(-1).view(np.uint8)
            data = memoryview(flat)
        return [a.dtype.str, list(a.shape), order, self.buffer(data)]

    def tensor(self, v: Any, depth: int) -> Any:
        torch: Any = sys.modules.get("torch")  # never imported for this
        kind: Any = getattr(torch, "Tensor", ())
        if torch is None or not isinstance(v, kind) or v.layout is not torch.strided:
            return self.reference(v, depth)
        plain = v.detach().cpu().resolve_conj().resolve_neg()
        plain = plain.float() if plain.dtype is torch.bfloat16 else plain
        return {"T": self.array(plain.numpy())}

    def reference(self, v: Any, depth: int) -> Any:
        if self.export is None:
            raise CannotEncode(f"{type_name(v)} is no plain data")
        kind, data = self.export(v)
        return {"r": [kind, self.tree(tuple(data), depth + 1)]}


def _is_more(kind: type) -> bool:
    """A class of a student's or a library's that has what its base has, and methods and attributes of its own."""
    module = str(kind.__module__).partition(".")[0]
    return kind not in _BASES and (module not in PLAIN_MODULES or (module == "pandas" and issubclass(kind, tuple)))


def _is_key(k: Any) -> bool:
    if isinstance(k, tuple):
        return all(map(_is_key, tuple.__iter__(k)))
    return isinstance(k, (str, float, type(None), np.integer)) or (
        isinstance(k, int) and int.bit_length(k) <= INTEGER_BITS)


def type_name(v: Any) -> str:
    """Qualified name of the type of `v`, cut at 200 characters."""
    return f"{type(v).__module__}.{type(v).__qualname__}"[:200]


# ---------------------------------------------------------------------------------------------------------------------
# Decoding
# ---------------------------------------------------------------------------------------------------------------------


def decode(header: bytes, body: bytes | memoryview, accept: Callable[[Reference], Any] | None = None) -> Any:
    """The value in a frame's header and body. Raises WireError for anything that `encode` would not have made.

    accept: makes an object of a `Reference`; None refuses them all.
    """
    try:
        tree, lengths = json.loads(header)
        if type(lengths) is not list or not all(type(n) is int and n >= 0 for n in lengths):
            raise WireError("lengths of buffers that are none")
        if sum(lengths) != len(body):
            raise WireError("buffers that do not fill the body")
        return _Decoder(memoryview(body), lengths, accept).value(tree, 0)
    except WireError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError, MemoryError, UnicodeError) as e:
        raise WireError(f"no message: {type(e).__name__}") from None


class _Decoder:
    def __init__(self, body: memoryview, lengths: list, accept):
        self.buffers, start = [], 0
        for n in lengths:
            self.buffers.append(body[start : start + n])
            start += n
        self.accept = accept
        self.items = self.texts = self.deepest = 0
        self.made = 0  # bytes: several arrays may name the same buffer
        self.shared: list[tuple[Any, int, int] | None] = []  # each with its items and levels, None while it is made

    def value(self, v: Any, depth: int) -> Any:
        self.items += 1
        self.deepest = max(self.deepest, depth)
        if depth > DEPTH or self.items > ITEMS:
            raise WireError("too many levels or items")
        t = type(v)
        if t is str:
            return clean_text(v)
        if t is list:
            return self.part(depth, lambda: self.members(v, depth))
        if t is not dict:  # None, bool, int, float: JSON has nothing else
            if t is int and v.bit_length() > INTEGER_BITS:
                raise WireError("a whole number without an end")
            return v
        ((tag, x),) = v.items()
        make = getattr(self, f"tag_{_TAGS[tag]}")
        return self.part(depth, lambda: make(x, depth)) if tag in "dak" else make(x, depth)

    def part(self, depth: int, make: Callable[[], Any]) -> Any:
        number, items, deepest = len(self.shared), self.items, self.deepest
        self.shared.append(None)
        self.deepest = depth
        made = make()
        self.shared[number] = made, self.items - items, self.deepest - depth
        self.deepest = max(self.deepest, deepest)
        return made

    def tag_again(self, x, depth):
        """Whoever walks through it meets its items again: they count again."""
        part = self.shared[_a(int, x)] if x >= 0 else None
        if part is None:
            raise WireError("a part of itself")
        self.items += part[1]
        if self.items > ITEMS or depth + part[2] > DEPTH:
            raise WireError("too many levels or items")
        return part[0]

    def members(self, x, depth):
        """Of a list or a tuple, which a plain test may make a set of."""
        found = [self.value(y, depth + 1) for y in x]
        return found if len(found) <= kinds.SAME_HASH or kinds.hashed_apart(found) else kinds.spread(found)

    def tag_tuple(self, x, depth):
        return tuple(self.members(_a(list, x), depth))

    def tag_dict(self, x, depth):
        items = [(self.key(k, depth), self.value(y, depth + 1)) for k, y in _a(list, x)]
        kinds.spread([k for k, _ in items])
        return dict(items)

    def key(self, k, depth):
        k = self.value(k, depth)
        if not isinstance(k, (str, int, float, type(None), tuple, bool)):
            raise WireError("a key that is none")
        return k

    def tag_complex(self, x, depth):
        real, imag = x
        return complex(float(_a((float, int), real)), float(_a((float, int), imag)))

    def tag_integer(self, x, depth):
        if len(_a(str, x)) > INTEGER_BITS // 4 + 3:  # with a sign and 0x
            raise WireError("a whole number without an end")
        return int(x, 16)

    def tag_text(self, x, depth):
        data = self.buffer(x)
        self.texts += len(data)
        if self.texts > TEXT_BYTES:
            raise WireError("too much text")
        return clean_text(str(data, "utf-8", "replace"))

    def tag_bytes(self, x, depth):
        return bytes(self.buffer(x))

    def tag_scalar(self, x, depth):
        dtype, data = x
        return self.numbers(dtype, [1], "C", bytes.fromhex(data))[0]

    def tag_array(self, x, depth):
        dtype, shape, order, i = x
        return self.numbers(dtype, shape, order, self.buffer(i))

    def tag_tensor(self, x, depth):
        array, torch = self.tag_array(x, depth), sys.modules.get("torch")
        try:
            return array if torch is None else torch.from_numpy(array)
        except (TypeError, ValueError, AttributeError):
            return array

    def tag_reference(self, x, depth):
        kind, data = x
        if self.accept is None:
            raise WireError("a reference where none can be")
        return self.accept(Reference(_a(str, kind), _a(tuple, self.value(data, depth + 1))))

    def tag_kind(self, x, depth):
        name, parts = x
        try:
            return kinds.put_together(_a(str, name), self.value(parts, depth + 1))
        except WireError:
            raise
        except Exception as e:  # pandas has exceptions of its own
            raise WireError(f"no {name[:20]}: {type(e).__name__}") from None

    def buffer(self, i) -> memoryview:
        buffer = self.buffers[_a(int, i)]
        self.made += len(buffer)
        if i < 0 or self.made > 2 * FRAME_BYTES:
            raise WireError("buffers that are used too often")
        return buffer

    def numbers(self, dtype, shape, order, data) -> np.ndarray:
        """An array of its own (writable, aligned) from raw bytes, after every claim about them has been checked."""
        if dtype not in _DTYPES or order not in ("C", "F") or not 0 <= len(_a(list, shape)) <= DEPTH:
            raise WireError("an array that is none")
        if not all(type(n) is int and n >= 0 for n in shape):
            raise WireError("a shape that is none")
        dtype = np.dtype(dtype)
        if math.prod(shape) * dtype.itemsize != len(data):
            raise WireError("an array that does not fill its buffer")
        if dtype.kind == "b":  # any byte but 0 and 1 in a bool array is undefined behaviour
            flat = np.frombuffer(data, np.uint8) != 0
        else:
            flat = np.frombuffer(data, dtype).copy()
        return flat.reshape(shape, order=order)


_TAGS = {"t": "tuple", "d": "dict", "c": "complex", "x": "integer", "s": "text", "b": "bytes", "n": "scalar"}
_TAGS |= {"a": "array", "T": "tensor", "r": "reference", "k": "kind", "=": "again"}


def _a(kind: Any, v: Any) -> Any:
    if not isinstance(v, kind) or isinstance(v, bool):
        raise WireError("a value of the wrong kind")
    return v


# ---------------------------------------------------------------------------------------------------------------------
# Channel
# ---------------------------------------------------------------------------------------------------------------------


class Channel:
    """Messages over a connected stream socket.

    export, accept: see `encode` and `decode`. frame_bytes: the largest message, either way.
    """

    def __init__(self, sock: socket.socket, frame_bytes: int = FRAME_BYTES,
                 export: Callable | None = None, accept: Callable | None = None):
        self.sock, self.frame_bytes = sock, frame_bytes
        self.export, self.accept = export, accept
        self.given: Callable[[Any], Reference | None] | None = None  # see `encode`
        self.whole = False
        self.received = 0  # bytes so far, for whoever wants to notice a flood
        self._data = bytearray()  # what has come: of a message, or of several
        self._sending = threading.Lock()

    def send(self, value: Any, seconds: float | None = None) -> None:
        """Send one message. Raises CannotEncode (nothing was sent), WireClosed, WireTimeout."""
        parts = encode(value, self.export, self.given, self.whole)
        size = sum(len(p) for p in parts)
        if size > self.frame_bytes:
            raise CannotEncode(f"{size:,} bytes; at most {self.frame_bytes:,} travel at once")
        with self._sending:
            try:
                self.sock.settimeout(seconds)
                for part in [b"".join(parts)] if size <= _AT_ONCE else parts:  # each one wakes the other side
                    self.sock.sendall(part)
            except TimeoutError:
                raise WireTimeout("the other side does not read") from None
            except OSError as e:
                raise WireClosed(str(e)) from None

    @property
    def begun(self) -> bool:
        """Something has been read already: there is no use in waiting for the socket before `receive`."""
        return bool(self._data)

    def receive(self, seconds: float | None = None) -> Any:
        """The next message. Raises WireTimeout (ask again: nothing is lost), WireError, WireClosed (no more use)."""
        deadline = None if seconds is None else time.monotonic() + seconds
        self._fill(_PREFIX.size, deadline)
        magic, header, body = _PREFIX.unpack_from(self._data)
        if magic != _MAGIC or header > HEADER_BYTES or header + body > self.frame_bytes:
            raise WireError(f"no message: {bytes(self._data[:100])!r}")
        end = _PREFIX.size + header + body
        self._fill(end, deadline)
        data, self._data = memoryview(self._data)[_PREFIX.size : end], self._data[end:]
        return decode(bytes(data[:header]), data[header:], self.accept)

    def _fill(self, size: int, deadline: float | None) -> None:
        """Read until `size` bytes of the message are here; memory grows with what has come, not with what was said."""
        while len(self._data) < size:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise WireTimeout("nothing came in time")
            try:
                self.sock.settimeout(left)
                chunk = self.sock.recv(min(max(size - len(self._data), 2**16), 2**20))
            except TimeoutError:
                continue
            except OSError as e:
                raise WireClosed(str(e)) from None
            if not chunk:
                raise WireClosed("the other side is gone")
            self.received += len(chunk)
            self._data += chunk

    def close(self) -> None:
        self.sock.close()
