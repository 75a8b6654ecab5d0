"""What can be said of a zip before it is opened."""

from __future__ import annotations

import struct

MAX_ZIP_DIRECTORY = 200_000  # bytes of a zip's table of contents: about two thousand files


def has_small_directory(content: bytes) -> bool:
    """A zip says at its end how long its table of contents is: a long one takes minutes to read."""
    end = content.rfind(b"PK\x05\x06", max(len(content) - 66_000, 0))
    if end < 0 or len(content) - end < 22 or b"PK\x06\x07" in content[max(end - 20, 0):end]:
        return False
    return struct.unpack("<L", content[end + 12:end + 16])[0] <= MAX_ZIP_DIRECTORY
