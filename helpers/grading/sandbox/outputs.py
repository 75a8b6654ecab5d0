"""The outputs of a cell, gathered as they come from a process that may send anything."""

from __future__ import annotations

import json
from typing import Any

TYPES = ("stream", "display_data", "execute_result", "error")
ERROR_LENGTH = 100_000
SHORT = 1_000  # characters of an error's beginning, and of its end, where there is no room for more
ALT_LENGTH = 500
ERRORS = 10  # of one cell; more than one come only from code that shows tracebacks by itself


class Outputs:
    """The outputs of one cell, as nbclient would keep them: streams joined, clear_output and updates obeyed.

    text_bytes, rich_bytes, count: how much text, how many bytes of everything else, and how many outputs are kept;
    where something is left out, a line says so. displays: display_id -> outputs shown under it, shared by the cells
    of a notebook, because a cell may update what an earlier one shows.
    """

    def __init__(self, text_bytes: int, rich_bytes: int, count: int, displays: dict[str, list[dict]]):
        self.text_bytes, self.rich_bytes, self.count = text_bytes, rich_bytes, count
        self.displays = displays
        self.items: list[dict] = []
        self._text = self._rich = self._errors = 0
        self._cut: set[str] = set()
        self._clear_next = False

    def take(self, event: dict) -> None:
        """One event of the student's process. Raises ValueError if it is none."""
        if "clear" in event:
            self._clear_next = bool(event["clear"])
            if not self._clear_next:
                self._clear()
            return
        output = checked(event.get("output"))
        if event.get("update"):
            self._update(str(event.get("display_id")), output)
            return
        if self._clear_next:
            self._clear()
        if output["output_type"] == "stream":
            self._stream(output["name"], output["text"])
        elif self._keep(output) and event.get("display_id"):
            self.displays.setdefault(str(event["display_id"])[:200], []).append(output)

    def fail(self, name: str, reason: str) -> None:
        """Say as an error output why the cell did not end by itself."""
        while self.items and self.items[-1].get("ename") == "KeyboardInterrupt":
            self.items.pop()  # that was our own doing
        self.items.append({"output_type": "error", "ename": name, "evalue": reason, "traceback": [f"{name}: {reason}"]})

    def _clear(self) -> None:
        self.items.clear()
        self._text = self._rich = self._errors = 0
        self._cut.clear()
        self._clear_next = False

    def _stream(self, name: str, text: str) -> None:
        room = self.text_bytes - self._text
        self._text += len(text)
        if room > 0:
            self._append_text(name, text[:room])
        if len(text) > room:
            self._note("text", f"more than {self.text_bytes:,} characters of text")

    def _append_text(self, name: str, text: str) -> None:
        last = self.items[-1] if self.items else {}
        if last.get("output_type") == "stream" and last["name"] == name:
            last["text"] += text
        elif len(self.items) < self.count:
            self.items.append({"output_type": "stream", "name": name, "text": text})
        else:
            self._note("count", f"more than {self.count} outputs")

    def _keep(self, output: dict) -> bool:
        if output["output_type"] == "error":  # it says why a cell failed: kept beyond the other limits, in short
            if sum(item["output_type"] == "error" for item in self.items) >= ERRORS:
                self._note("errors", f"more than {ERRORS} errors")
                return False
            if self._errors + _length(output) > self.text_bytes:
                output = _in_short(output)
            self._errors += _length(output)
            self.items.append(output)
            return True
        if len(self.items) >= self.count:
            self._note("count", f"more than {self.count} outputs")
            return False
        if not self._room(_size(output)):
            return False
        self.items.append(output)
        return True

    @property
    def size(self) -> int:
        """About how many bytes were kept."""
        return min(self._text, self.text_bytes) + self._rich + self._errors

    def _room(self, size: int) -> bool:
        if self._rich + size > self.rich_bytes:
            self._note("rich", f"more than {self.rich_bytes:,} bytes of images and tables")
            return False
        self._rich += max(size, 0)
        return True

    def _update(self, display_id: str, output: dict) -> None:
        shown = self.displays.get(display_id[:200], ())
        if shown and self._room(len(shown) * (_size(output) - _size(shown[0]))):
            for old in shown:
                old["data"], old["metadata"] = output["data"], output["metadata"]

    def _note(self, what: str, text: str) -> None:
        if what not in self._cut:
            self._cut.add(what)
            self.items.append({"output_type": "stream", "name": "stderr", "text": f"[output cut: {text}]\n"})


def _size(output: dict) -> int:
    return len(json.dumps(output["data"])) + len(json.dumps(output["metadata"]))


def _length(error: dict) -> int:
    return len(error["ename"]) + len(error["evalue"]) + sum(map(len, error["traceback"]))


def _in_short(error: dict) -> dict:
    """An error without its traceback. Where a message says in which line it was, it says so at its end."""
    said = error["evalue"]
    said = said if len(said) <= 2 * SHORT else f"{said[:SHORT]} … {said[-SHORT:]}"
    return {**error, "evalue": said, "traceback": [f"{error['ename']}: {said}"]}


def checked(raw: Any) -> dict:
    """`raw` as an output of notebook format 4, built anew from the fields that belong to it. Raises ValueError."""
    if not isinstance(raw, dict) or raw.get("output_type") not in TYPES:
        raise ValueError("no output")
    kind = raw["output_type"]
    if kind == "stream":
        if raw.get("name") not in ("stdout", "stderr") or not isinstance(raw.get("text"), str):
            raise ValueError("no stream")
        return {"output_type": kind, "name": raw["name"], "text": raw["text"]}
    if kind == "error":
        lines = raw.get("traceback")
        lines = [str(line) for line in lines] if isinstance(lines, list) else []
        return {
            "output_type": kind,
            "ename": str(raw.get("ename"))[:200],
            "evalue": str(raw.get("evalue"))[:ERROR_LENGTH],
            "traceback": _shortened(lines),
        }
    output = {"output_type": kind, "data": _bundle(raw.get("data")), "metadata": _metadata(raw.get("metadata"))}
    if kind == "execute_result":
        count = raw.get("execution_count")
        output["execution_count"] = count if type(count) is int and 0 <= count < 10**6 else None
    return output


def _bundle(raw: Any) -> dict:
    """A mime bundle: texts, and JSON for those types that are JSON; the rest is left out."""
    data = _plain(raw)
    if not isinstance(data, dict):
        raise ValueError("no mime bundle")
    return {k: v for k, v in data.items() if isinstance(v, str) or "json" in k}


def _metadata(raw: Any) -> dict:
    """The metadata of an output; what it says of a picture in words is one line of bounded length."""
    metadata = _plain(raw) or {}
    if not isinstance(metadata, dict):
        raise ValueError("no metadata")
    for about in (metadata, *(value for value in metadata.values() if isinstance(value, dict))):
        if "alt" in about:
            about["alt"] = _one_line(about["alt"])
    return metadata


def _one_line(text: Any) -> str:
    """Printable text, spaces joined: a line that a reader of screens can read out."""
    if not isinstance(text, str):
        return ""
    shown = (character if character.isprintable() else " " for character in text[:10 * ALT_LENGTH])
    return " ".join("".join(shown).split())[:ALT_LENGTH]


def _plain(raw: Any) -> Any:
    """A copy that is certainly JSON. Raises ValueError."""
    try:
        return json.loads(json.dumps(raw, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as e:
        raise ValueError("no JSON") from e


def _shortened(lines: list[str]) -> list[str]:
    """A traceback of bounded length: its beginning and its end."""
    if sum(map(len, lines)) <= ERROR_LENGTH:
        return lines
    first, last = _leading(lines, ERROR_LENGTH // 2), _leading(lines[::-1], ERROR_LENGTH // 2)[::-1]
    return [*first, "[output cut: a very long traceback]", *last]


def _leading(lines: list[str], length: int) -> list[str]:
    """As many of `lines` as fit into `length` characters; of a first one that does not, a part."""
    kept: list[str] = []
    for line in lines:
        length -= len(line)
        if length < 0:
            break
        kept.append(line)
    return kept or [lines[0][:1000]]
