"""Text that somebody else wrote, made safe to keep, and for each place where it is shown.

Students choose more than their answers: names of files and folders, titles, messages of exceptions. Whatever of it
leaves this kit goes through one function of its place: `for_terminal`, `for_table`, `for_page`.
"""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

TERMINAL_CHARACTERS = 2_000  # of one message
CELL_CHARACTERS = 32_000  # of one cell of a table: spreadsheets hold 32,767
MARKS = 4  # accents on top of each other: more of them paint over the lines around
STACK = 30  # accents that a text may have on top of each other where nobody looks at it
FORMULA = frozenset("=+-@")  # what a spreadsheet takes for a formula at the beginning of a cell

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_JOINERS = "\u200c\u200d"  # in names of several languages, and in emoji
# At which some spreadsheet splits, between quotes or not.
_SEPARATORS = re.compile(r"([;|\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029])")


def natural(label: str) -> list[tuple[int, int, str]]:
    """A key to sort by as people do: ps10 comes after ps9."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d{1,9})", label)]


def by_reason(asks: Mapping[str, str], shown: str = "{}") -> list[str]:
    """What is said of names, as sentences: of names of which the same is said, once. shown: how a name is written."""
    names: dict[str, list[str]] = {}
    for name, why in asks.items():
        names.setdefault(str(why), []).append(shown.format(name))
    return [f"{', '.join(found)}: {why}" for why, found in names.items()]


def clean_text(text: str) -> str:
    """`text` without lone surrogates, which no file can be written with, and with no more accents on top of each other
    than any language has: whoever normalises a text, as Python does with names, puts them in order, in the square of
    their number (Unicode's Stream-Safe Text Format, UAX 15, has the same limit)."""
    if text.isascii():
        return text
    return _stacks().sub(r"\1", text.encode("utf-8", "replace").decode("utf-8"))


@lru_cache(maxsize=1)
def _stacks() -> re.Pattern[str]:
    """More than STACK characters in a row that combine with the one before them."""
    marks = _ranges(code for code in range(0x300, 0x20000) if unicodedata.combining(chr(code)))
    return re.compile(f"([{marks}]{{{STACK}}})[{marks}]+")


@lru_cache(maxsize=1)
def _unseen() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What is not shown (controls, directions, halves of characters), and towers of accents."""
    kinds: dict[str, list[int]] = {kind: [] for kind in ("Cc", "Cf", "Cs", "Zl", "Zp", "Mn", "Me")}
    for code in range(sys.maxunicode + 1):
        kinds.get(unicodedata.category(chr(code)), []).append(code)
    marks = _ranges(kinds.pop("Mn") + kinds.pop("Me"))
    hidden = {code for codes in kinds.values() for code in codes} - set(map(ord, "\n\t" + _JOINERS))
    return re.compile(f"[{_ranges(hidden)}]"), re.compile(f"([{marks}]{{{MARKS}}})[{marks}]+")


def _ranges(codes: Iterable[int]) -> str:
    """Characters as the inside of a regular expression's class."""
    found: list[list[int]] = []
    for code in sorted(codes):
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in found)


def for_terminal(text: str, characters: int = TERMINAL_CHARACTERS, lines: bool = False) -> str:
    """`text` without anything that a terminal obeys: escapes are spelled out, and so are line breaks.

    characters: what is longer is cut. lines: keep line breaks; for texts of our own in which a name stands.
    """
    text = text[:characters] + " …" if len(text) > characters else text
    if text.isascii() and text.isprintable():
        return text
    hidden, towers = _unseen()
    text = towers.sub(r"\1", hidden.sub(_spelled, text)).replace("\t", r"\t")
    return text if lines else text.replace("\n", r"\n")


def _spelled(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def for_page(text: Any) -> str:
    """`text` as HTML that is that text and nothing else."""
    return html.escape(calm(str(text)))


def calm(text: str) -> str:
    """`text` without controls, changes of direction and towers of accents; tabs and line breaks stay."""
    if text.isascii() and text.isprintable():
        return text
    hidden, towers = _unseen()
    return towers.sub(r"\1", hidden.sub(_replaced, text.replace("\r\n", "\n")))


def _replaced(found: re.Match[str]) -> str:
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(found[0]) in ("Cc", "Cs") else ""


def for_table(value: Any) -> Any:
    """A value for a cell of a CSV: a text that no spreadsheet takes for a formula, anything else as it is.

    Spreadsheets take a cell for a formula behind blanks, quotes and invisible characters, and full-width signs for
    plain ones; some split cells at semicolons, tabs and line breaks even where those stand between quotes. So an
    apostrophe goes before each place where a formula could begin.
    """
    if not isinstance(value, str):
        return value
    text = clean_text(value)
    text = text[:CELL_CHARACTERS] + " …" if len(text) > CELL_CHARACTERS else text
    return "".join(f"'{part}" if _begins_formula(part) else part for part in _SEPARATORS.split(_shown(text)))


def _shown(text: str) -> str:
    """Without controls other than tabs and line breaks, and without changes of direction, which turn a row around."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char in "\t\r\n" or unicodedata.category(char) != "Cc" else " "
                   for char in _TURNS.sub("", text))


def _begins_formula(part: str) -> bool:
    for char in part:
        if char.isspace() or char in "'\"`" or unicodedata.category(char) in ("Cc", "Cf", "Pi", "Pf", "Mn"):
            continue
        plain = unicodedata.normalize("NFKC", char)
        if plain.isspace() or plain[:1] in ("'", '"', "`"):
            continue
        return plain.lstrip()[:1] in FORMULA
    return False
