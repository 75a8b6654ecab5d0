"""The structure of a result: how many parts, which shapes, what kind of numbers.

A predicate, a residual, a loss or a rule about figures says something about numbers only if these are there: `[]`
satisfies `all(...)`, an empty array is close to anything, imaginary weights have a negative loss, and two large arrays
broadcast to gigabytes. So a result has the reference's structure before any of them sees it. Structures are plain
data, which the build writes beside a notebook, so that a self-check asks for the same.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sized
from typing import Any

import numpy as np

from helpers.checking.trouble import Trouble

NUMBERS = "biufc"
# Which kinds of numbers may stand for which: a count may be written as 3.0, a probability as 1, a mask as 0 and 1.
FAMILIES = {"b": "biu", "i": "iubf", "u": "iubf", "f": "fiub", "c": "cfiub"}
WORDS = {"b": "truth values", "i": "whole numbers", "u": "whole numbers", "f": "real numbers", "c": "complex numbers"}

# None, {"parts": [...]}, {"entries": {...}}, {"shape": [...], "kind": "f", "finite": true} or {"type": "str"}. Parts of
# a tuple are marked "tuple": true, numbers of a list or a tuple "list": true.
Structure = Any


def structure_of(value: Any) -> Structure:
    """The structure of a reference's result; None where nothing is asked of it."""
    if value is None or hasattr(value, "observe"):
        return None
    if isinstance(value, (str, bytes)):
        return {"type": type(value).__name__}
    if isinstance(value, Mapping):
        return {"entries": {str(key): structure_of(part) for key, part in value.items()}}
    array = _as_array(value)
    if array is not None:
        listed = {"list": True} if isinstance(value, (list, tuple)) else {}
        return {"shape": list(array.shape), "kind": array.dtype.kind, **listed,
                "finite": bool(array.dtype.kind not in "fc" or np.isfinite(array).all())}
    if isinstance(value, (list, tuple)):
        named = {"tuple": True} if isinstance(value, tuple) else {}
        return {"parts": [structure_of(part) for part in value], **named}
    return None


def fitted(value: Any, wanted: Structure) -> Any:
    """A result that is not `unlike` its reference, in the reference's form: arrays for lists, queues and tables of
    numbers where the reference has an array, parts alone for a dictionary of them, whose keys nobody has looked at, a
    tuple's first parts where there are more than asked for, and wide numbers.
    Whole numbers that wrap around, halves that vanish when they are squared, and bit patterns that are no number would
    make a loss or a residual smaller than it is."""
    if not isinstance(wanted, dict) or value is None:
        return value
    if "entries" in wanted and isinstance(value, Mapping):
        return {key: fitted(part, wanted["entries"].get(str(key))) for key, part in value.items()}
    if "parts" in wanted and isinstance(value, Mapping):
        value = (tuple if wanted.get("tuple") else list)(value.values())
    if "parts" in wanted and isinstance(value, (list, tuple)):
        return type(value)([fitted(part, asked) for part, asked in zip(value, wanted["parts"])])
    if wanted.get("shape") and isinstance(value, (list, tuple)):
        array = None if wanted.get("list") else _as_array(value)
        return _each_widened(value, wanted) if array is None else _widened(array, wanted)
    if "parts" in wanted and isinstance(value, np.ndarray):
        return value if value.dtype.kind not in "biuf" else value.astype(np.float64)
    return _widened(value, wanted)


WIDE = {"b": np.bool_, "i": np.int64, "u": np.int64, "f": np.float64, "c": np.complex128}


def _each_widened(value: Any, wanted: Structure) -> Any:
    """A list, as it is asked for, of numbers and arrays that are wide themselves."""
    if isinstance(value, (list, tuple)):
        return type(value)([_each_widened(part, wanted) for part in value])
    return _widened(value, wanted)


def _widened(array: Any, wanted: Structure) -> Any:
    torch = sys.modules.get("torch")  # a notebook with tensors has imported it
    if torch is not None and isinstance(array, torch.Tensor):
        narrow = array.dtype not in (torch.float32, torch.float64) and not array.dtype.is_complex
        return array.to(torch.get_default_dtype()) if narrow and wanted.get("kind") == "f" else array
    if not isinstance(array, (np.ndarray, np.generic)):
        if not hasattr(array, "__array__") and not isinstance(array, Sized):
            return array
        # A table's labels would decide which numbers meet, and a queue is repeated where an array is multiplied.
        found = None if isinstance(array, (str, bytes)) else _as_array(array)
        if found is None:
            return array
        array = found
    if array.dtype.kind not in "biuf" or wanted.get("kind") not in WIDE:
        return array
    # A whole number where truth values are asked for stays one: it may be a count.
    kind = array.dtype.kind if wanted["kind"] == "b" else "f" if array.dtype.kind == "f" else wanted["kind"]
    with np.errstate(all="ignore"):
        return array.astype(WIDE[kind])


def merged(wanted: Structure, others: list[Structure]) -> Structure:
    """`wanted`, with parts marked optional that the reference leaves out (None) in another case."""
    if not isinstance(wanted, dict) or "parts" not in wanted:
        return wanted
    stacks = [other["parts"] for other in others if isinstance(other, dict)
              and len(other.get("parts", ())) == len(wanted["parts"])]
    return {**wanted, "parts": [part if part is None or all(stack[i] is not None for stack in stacks) else
                      {**part, "optional": True} for i, part in enumerate(wanted["parts"])]}


def unlike(got: Any, wanted: Structure, name: str) -> Trouble | None:
    """What of a structure a result lacks, or None.

    name: what the result is called in the sentence.
    """
    if wanted is None or (got is None and wanted.get("optional")):
        return None
    if "type" in wanted:
        return None if type(got).__name__ == wanted["type"] else Trouble(
            "type", f"{name} is a {_kind(got)} where a text is asked for")
    if "entries" in wanted:
        return _unlike_entries(got, wanted["entries"], name)
    if "parts" in wanted:
        return _unlike_parts(got, wanted, name)
    return _unlike_array(got, wanted, name)


def _unlike_entries(got: Any, wanted: dict[str, Structure], name: str) -> Trouble | None:
    there = {str(key): value for key, value in got.items()} if isinstance(got, Mapping) else None
    if there is None:
        return Trouble("type", f"{name} is a {_kind(got)} where a dictionary is asked for")
    if len(there) < len(got):
        return Trouble("outputs", f"{name} has two entries that are called the same")
    missing = next((key for key in wanted if key not in there), None)
    if missing is not None:
        return Trouble("outputs", f"{name} has no entry {missing!r}")
    return next(filter(None, (unlike(there[key], part, f"{name}[{key!r}]") for key, part in wanted.items())), None)


def _unlike_parts(got: Any, structure: dict[str, Any], name: str) -> Trouble | None:
    wanted = structure["parts"]
    if isinstance(got, Mapping):
        got = list(got.values())
    parts = got if isinstance(got, (list, tuple)) else list(got) if _is_stack(got) else None
    if structure.get("tuple") and type(got) is tuple:
        parts = got[:len(wanted)]  # what comes after what was asked for costs nothing
    count = 1 if parts is None else len(parts)
    if count != len(wanted):
        return Trouble("outputs", f"{name} has {count} part{'s' * (count != 1)}, asked for are {len(wanted)}")
    return next(filter(None, (unlike(part, asked, f"part {number} of {name}")
                              for number, (part, asked) in enumerate(zip(parts or [got], wanted), 1))), None)


def _unlike_array(got: Any, wanted: Structure, name: str) -> Trouble | None:
    array, shape = _as_array(got), tuple(wanted["shape"])
    if array is None:
        return Trouble("type", f"{name} is a {_kind(got)} where {_asked(shape, wanted['kind'])} asked for")
    if array.dtype.kind not in FAMILIES[wanted["kind"]]:
        return Trouble("complex" if array.dtype.kind == "c" else "type",
                       f"{name} holds {WORDS[array.dtype.kind]} where {WORDS[wanted['kind']]} are asked for")
    if array.shape != shape and (array.size or math.prod(shape)):  # no entries are no entries, however arranged
        return Trouble("shape", f"{name} has shape {array.shape}, asked for is {shape}")
    if array.dtype.kind in "fc":  # as it will be computed with
        with np.errstate(all="ignore"):
            array = array.astype(np.float64 if array.dtype.kind == "f" else np.complex128)
    if wanted["finite"] and array.dtype.kind in "fc" and not np.isfinite(array).all():
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        what = "NaN" if np.isnan(array[first]) else "infinite"
        return Trouble("not-finite", f"{name} is {what}" + (f" at {list(first)}" if first else ""))
    return None


def _as_array(value: Any) -> np.ndarray | None:
    """Numbers as an array, also those in lists and tuples; None for anything else, and for rows of unequal lengths."""
    if isinstance(value, (list, tuple)) and not value:
        return np.zeros(0)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return array if array.dtype.kind in NUMBERS else None


def _is_stack(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.dtype.kind in NUMBERS


def _asked(shape: tuple[int, ...], kind: str) -> str:
    return "a number is" if shape == () else f"{WORDS[kind]} of shape {shape} are"


def _kind(value: Any) -> str:
    if hasattr(value, "observe"):
        return "object of a class"
    return {"NoneType": "None", "str": "text", "dict": "dictionary"}.get(type(value).__name__, type(value).__name__)
