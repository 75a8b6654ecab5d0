"""Text that somebody else wrote, made safe to keep."""

from __future__ import annotations


def clean_text(text: str) -> str:
    """`text` without lone surrogates, which no file can be written with."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
