"""Text that several masters share, such as a table of notation: one file beside them, named in a line of its own.

    # <!-- include notation.md -->

in a Markdown cell stands for the file's lines.
"""

from __future__ import annotations

import re
from pathlib import Path

INCLUDE = re.compile(r"(?m)^# <!-- include (?P<file>[^\s/\\]+) -->[ \t]*$")


def with_includes(text: str, folder: Path | None) -> tuple[str, list[tuple[int, str]]]:
    """A master's text with included files in their places, as Markdown cells hold them; and what is wrong, by line.

    folder: of the master; None if the text does not come from a file, and then nothing can be included.
    """
    wrong: list[tuple[int, str]] = []

    def lines_of(found: re.Match[str]) -> str:
        number = text.count("\n", 0, found.start()) + 1
        path = folder / found["file"] if folder is not None else None
        if path is None or not path.is_file():
            wrong.append((number, f"{found['file']} is to be included and is not beside the master: write it, or take "
                                  "the line out"))
            return found[0]
        return "\n".join(f"# {line}".rstrip() for line in path.read_text(encoding="utf-8").strip().split("\n"))

    return INCLUDE.sub(lines_of, text), wrong
