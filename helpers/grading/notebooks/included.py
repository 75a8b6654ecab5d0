"""Text that several masters share, named in a line of its own: a file beside them, or one of the kit's own, such as its
table of notation.

    # <!-- include notation.md -->

in a Markdown cell stands for the file's lines. The kit's own go with it, so that a master can stand alone.
"""

from __future__ import annotations

import re
from pathlib import Path

OWN = Path(__file__).parent  # notation.md
INCLUDE = re.compile(r"(?m)^# <!-- include (?P<file>[^\s/\\]+\.md) -->[ \t]*$")


def with_includes(text: str, folder: Path | None) -> tuple[str, list[tuple[int, str]]]:
    """A master's text with included files in their places, as Markdown cells hold them; and what is wrong, by line.

    folder: of the master; None if the text does not come from a file.
    """
    wrong: list[tuple[int, str]] = []

    def lines_of(found: re.Match[str]) -> str:
        number = text.count("\n", 0, found.start()) + 1
        places = [folder, OWN] if folder is not None else [OWN]
        path = next((place / found["file"] for place in places if (place / found["file"]).is_file()), None)
        if path is None:
            wrong.append((number, f"{found['file']} is to be included and is not beside the master: write it, or take "
                                  "the line out"))
            return found[0]
        return "\n".join(f"# {line}".rstrip() for line in path.read_text(encoding="utf-8").strip().split("\n"))

    return INCLUDE.sub(lines_of, text), wrong
