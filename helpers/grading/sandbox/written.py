"""Text files in the folder of a plain test: what one side has written there is there for the other.

To the grader come files for a test to read, and no others: no code and no notebook, nothing that a program takes for
its settings, and nothing in the place of a file of the assignment's.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ENDINGS = (".csv", ".dat", ".json", ".jsonl", ".log", ".md", ".out", ".tsv", ".txt")
PART = re.compile(r"\w[\w .()+-]{0,80}")
FILES = 50  # that are looked at
DEEPEST = 5  # parts of a name
FILE_BYTES = 200_000
ALL_BYTES = 4_000_000  # of what comes of one submission
SETTLED = 0.1  # seconds after which a file that looks the same is the same: clocks of file systems tick slowly


class Written:
    """One side's view. folder: where files lie; guards: what lies there now, and what this side writes, is not to be
    written anew by the other: a test may compare with it."""

    def __init__(self, folder: str | Path, guards: bool = False):
        self.folder, self.guards = os.path.realpath(folder), guards
        self.guarded: set[str] = set()  # names in small letters: some file systems know no others
        self.left = ALL_BYTES
        self._known: dict[str, tuple[tuple[int, int], str | None]] = {}  # times and sizes, and texts
        self.changed()

    def changed(self) -> dict[str, str | None]:
        """By name, the texts that are new or other since the last look; None for a file that is gone."""
        found: dict[str, str | None] = {}
        now = dict(self._files())
        for name, stamp in now.items():
            before = self._known.get(name)
            if before is not None and before[0] == stamp and time.time() - stamp[0] / 1e9 > SETTLED:
                continue
            text = self._text(name) if stamp[1] <= FILE_BYTES else None
            self._known[name] = stamp, text
            self.guarded |= {name.lower()} if self.guards else set()
            if text is not None and (before is None or text != before[1]):
                found[name] = text
        for name in self._known.keys() - now.keys():
            found[name] = None
            self.guarded.discard(name.lower())
            del self._known[name]
        return found

    def take(self, files: Any) -> None:
        """Write what the other side has written, as far as it may."""
        for name, text in list(files.items())[:FILES] if type(files) is dict else ():
            if not _is_name(name) or name.lower() in self.guarded or not (text is None or type(text) is str):
                continue
            path = os.path.join(self.folder, name)
            size = len(text or "")
            if size > min(FILE_BYTES, self.left) or os.path.realpath(path) != path:
                continue
            self.left -= size
            with contextlib.suppress(OSError, ValueError):
                if text is None:
                    os.remove(path)
                    self._known.pop(name, None)
                    continue
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8", newline="") as file:
                    file.write(text)
                seen = os.stat(path)
                self._known[name] = (seen.st_mtime_ns, seen.st_size), text

    def _files(self) -> Iterator[tuple[str, tuple[int, int]]]:
        waiting, count = [""], 0
        while waiting and count < 4 * FILES:
            place = waiting.pop()
            with contextlib.suppress(OSError), os.scandir(os.path.join(self.folder, place)) as entries:
                for entry in entries:
                    name, count = f"{place}{entry.name}", count + 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting += [f"{name}/"] if name.count("/") < DEEPEST - 1 and PART.fullmatch(entry.name) else []
                    elif entry.is_file(follow_symlinks=False) and _is_name(name):
                        seen = entry.stat()
                        yield name, (seen.st_mtime_ns, seen.st_size)

    def _text(self, name: str) -> str | None:
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8", newline="") as file:
                text = file.read(FILE_BYTES + 1)
        except (OSError, ValueError):
            return None
        return None if "\0" in text else text


def _is_name(name: Any) -> bool:
    if type(name) is not str or not name.lower().endswith(ENDINGS):
        return False
    parts = name.split("/")
    return len(parts) <= DEEPEST and all(PART.fullmatch(part) and ".." not in part for part in parts)
