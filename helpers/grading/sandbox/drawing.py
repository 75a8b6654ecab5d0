"""Is a state of random numbers one that another comes to by drawing? A test's numbers go on from where a student's code
has stopped; a state of that code's choice would make them zeros, or numbers that it knows.

Normal numbers come in pairs, and half integers as well: what is kept of one for the next draw is left out, for nothing
says where it comes from.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

BLOCK = 624  # numbers that a Mersenne Twister makes at a time
BLOCKS = 5_000  # that are looked at: three million draws
STEPS = 2**40  # draws of numpy's generators
_PCG64 = 0x2360ED051FC65DA44385DF649FCCF645
_WORDS, _TORCH = slice(24, 24 + 8 * BLOCK), 5056  # where torch keeps a twister's numbers, and how much it keeps in all


def drawn_from(kind: str, before: Any, now: Any) -> Any:
    """`now`, as far as drawing from `before` leads there; None where it does not, or where that cannot be told.

    kind: "python", "numpy" or "torch", as `plainly.random_state` has them, or "generator" for a bit generator's state.
    """
    try:
        return _DRAWN[kind](before, now)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        return None


def _python(before: Any, now: Any) -> Any:
    version, numbers, _ = now
    old = before[1]
    numbers = tuple(int(number) for number in numbers)
    if version != before[0] or not _twisted(old[:-1], old[-1], numbers[:-1], numbers[-1]):
        return None
    return version, numbers, None


def _numpy(before: Any, now: Any) -> Any:
    name, key, place, _, _ = now
    if name != "MT19937" or before[0] != name or not _twisted(before[1], before[2], key, place):
        return None
    return name, np.asarray(key, np.uint32), int(place), 0, 0.0


def _torch(before: Any, now: Any) -> Any:
    torch: Any = sys.modules["torch"]
    old, new = (np.array(state, np.uint8) for state in (before, now))
    if old.shape != new.shape or old.shape != (_TORCH,) or not _twisted(*_twister_of(old), *_twister_of(new)):
        return None
    fresh = torch.Generator().get_state().numpy()
    return np.concatenate([new[:_WORDS.stop], fresh[_WORDS.stop:]])


def _twister_of(state: np.ndarray) -> tuple[np.ndarray, int]:
    left = int(state[8:12].view(np.int32)[0])
    return state[_WORDS].view(np.uint64), BLOCK + 1 - left


def _generator(before: Any, now: Any) -> Any:
    if before["bit_generator"] != now["bit_generator"]:
        return None
    old, new = before["state"], now["state"]
    if now["bit_generator"] == "MT19937":
        return now if _twisted(old["key"], old["pos"], new["key"], new["pos"]) else None
    if now["bit_generator"] != "PCG64" or old["inc"] != new["inc"] or _distance(
            old["state"], new["state"], old["inc"]) > STEPS:
        return None
    return {**now, "has_uint32": 0, "uinteger": 0}


def _distance(old: int, new: int, plus: int) -> int:
    """How many steps of PCG64 lie between two states: each step settles a bit more of their number."""
    steps, bit, times = 0, 1, _PCG64
    while bit < 2**128 and old != new:
        if (old ^ new) & bit:
            old = (old * times + plus) % 2**128
            steps |= bit
        plus, times, bit = (times + 1) * plus % 2**128, times * times % 2**128, 2 * bit
    return steps


def _twisted(old: Any, place: int, new: Any, place_now: int) -> bool:
    """Does a Mersenne Twister with these numbers, of which so many are used up, come to those?"""
    old, wanted = (np.asarray(numbers, np.uint64) for numbers in (old, new))
    if wanted.shape != (BLOCK,) or not 0 <= place_now <= BLOCK or (wanted >> np.uint64(32)).any():
        return False
    if np.array_equal(old, wanted) and place_now >= place:
        return True
    twister: Any = np.random.MT19937()
    twister.state = {"bit_generator": "MT19937", "state": {"key": old.astype(np.uint32), "pos": BLOCK}}
    for _ in range(BLOCKS):
        twister.random_raw(BLOCK, output=False)
        if np.array_equal(twister.state["state"]["key"], wanted):
            return True
    return False


_DRAWN = {"python": _python, "numpy": _numpy, "torch": _torch, "generator": _generator}
