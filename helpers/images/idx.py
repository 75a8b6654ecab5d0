"""Reads and writes idx, the file format of MNIST, with numpy alone.

An idx file is a header and then bytes: two zero bytes, one byte for the kind of number (0x08: unsigned
byte), one for the number of axes, the length of each axis as a big-endian 32-bit integer, and the entries in
row-major order. Source: the format note that comes with MNIST (LeCun, Cortes and Burges).
"""

import gzip
import zlib
from pathlib import Path

import numpy as np

from helpers.images.errors import DataError

UNSIGNED_BYTE = 0x08


def find(folder: Path, name: str) -> Path | None:
    """The idx file `name` in `folder`, plain or with .gz (the plain one first); None if there is neither."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    return None


def read(path: Path) -> np.ndarray:
    """The array of unsigned bytes in an idx file, plain or .gz.

    Returns: a writable uint8 array of the shape that the header gives.
    Raises: DataError if the file cannot be read, is no idx file of bytes, or is shorter or longer than its header says.
    """
    path = Path(path)
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, f"reading it failed: {error}") from None
    if len(content) < 4 or content[:2] != b"\0\0":
        raise _unreadable(path, "it does not begin as an idx file does (two zero bytes, kind, number of axes)")
    kind, axes = content[2], content[3]
    if kind != UNSIGNED_BYTE:
        raise _unreadable(path, f"its entries are of kind 0x{kind:02x}; images and labels are unsigned bytes (0x08)")
    start = 4 + 4 * axes
    if axes == 0 or len(content) < start:
        raise _unreadable(path, "it ends inside its header")
    shape = tuple(int(length) for length in np.frombuffer(content, ">u4", axes, offset=4))
    wanted = int(np.prod(shape, dtype=object))
    if len(content) - start != wanted:
        lengths = " × ".join(map(str, shape))
        raise _unreadable(path, f"its header announces {lengths} = {wanted:,} bytes, {len(content) - start:,} follow")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()


def write(path: Path, array: np.ndarray) -> None:
    """Writes `array` (any shape, cast to uint8) as a plain idx file."""
    array = np.ascontiguousarray(array, np.uint8)
    header = bytes([0, 0, UNSIGNED_BYTE, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    Path(path).write_bytes(header + array.tobytes())


def _unreadable(path: Path, why: str) -> DataError:
    return DataError(
        f"The data file {path.name} cannot be used.",
        f"Why: {why}.",
        f"What to do: replace or delete it, then run this cell again ({path.parent} holds it).",
    )
