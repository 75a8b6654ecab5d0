"""A coarse picture of an error, made of characters: it survives a notebook that is not trusted, a terminal and print.

The colours behind the characters are one scale, everywhere: how far an entry is off, in units of the largest right
entry of its tensor; if all entries are off by one factor, how far that factor is from 1, so that there is one colour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.numerals import numeral

SIDE = 16  # rows and columns of a map
TOO_LARGE, TOO_SMALL = (224, 64, 44), (47, 123, 224)  # red and blue; `helpers.plots` draws errors with them as well
STRENGTHS = ((0.1, 0.25), (0.5, 0.45), (np.inf, 0.65))  # up to how large an error, how opaque
NOISE = 1e-6  # of the largest entry: what is closer is right
SIGNS = {0: "·", 1: "+", -1: "−"}


@dataclass(frozen=True)
class ErrorMap:
    """Which entries of a matrix are off, for one case.

    grid: rows of numbers in [-1, 1], above 0 where the result is too large; 0 is right.
    rows, columns: the first index that each line and each column of the grid stands for.
    factor: by which all entries are off, None if they are not.
    gathered: what one square stands for, "" if it is one entry.
    """

    grid: tuple[tuple[float, ...], ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    factor: float | None = None
    gathered: str = ""

    @property
    def legend(self) -> str:
        """What the signs mean, in a sentence."""
        if self.factor is not None:
            said = f"× all entries are {_times(self.factor)}"
        else:
            present = {_sign(value) for line in self.grid for value in line}
            words = {1: "+ above the right number", -1: "− below it" if 1 in present else "− below the right number",
                     0: "· right"}
            said = ", ".join(words[sign] for sign in (1, -1, 0) if sign in present)
        return said + (f"; {self.gathered}" if self.gathered else "")

    def lines(self) -> list[list[tuple[str, float]]]:
        """Text by line, each a list of (characters, how far off); the first line has the columns' marks."""
        width = max(len(str(row)) for row in self.rows)
        head = [(" " * (width + 1), 0.0), (_marks(self.columns), 0.0)]
        return [head, *([(f"{row:>{width}} ", 0.0), *((self._cell(value), value) for value in line)]
                        for row, line in zip(self.rows, self.grid))]

    def _cell(self, value: float) -> str:
        sign = SIGNS[_sign(value)] if self.factor is None or not value else "×"
        return f"{sign} "


def error_map(got: np.ndarray, expected: np.ndarray) -> ErrorMap | None:
    """The map of a result against what is right, both of one shape; nan in `expected` is not known, and right.

    None for what is no matrix, is infinite somewhere, or is too small to need a picture.
    """
    if got.ndim < 2 or min(got.shape[-2:]) < 2 or got.size < 6 or not np.isfinite(got).all() or (
            np.isinf(expected).any()):
        return None
    got, expected = got.astype(float), expected.astype(float)
    known = ~np.isnan(expected)
    scale = max(float(np.abs(expected[known]).max(initial=0.0)), 1e-300)
    with np.errstate(over="ignore"):
        off = np.where(known, got / scale - expected / scale, 0.0)
    factor = _factor(got[known], expected[known])
    if factor is not None:  # the even colour: by how much the size is off; a wrong sign is as far off as can be
        even = max((factor - 1) / max(1.0, factor), -1.0)
        off = np.where(known & (np.abs(expected) > NOISE * scale), even, 0.0)
    stack = off.reshape(-1, *off.shape[-2:])
    picked = np.argmax(np.abs(stack), axis=0)
    flat = np.take_along_axis(stack, picked[None], axis=0)[0]
    rows, columns = (np.array_split(np.arange(n), min(SIDE, n)) for n in flat.shape)
    grid = tuple(tuple(_worst(flat[np.ix_(r, c)]) for c in columns) for r in rows)
    return ErrorMap(grid, tuple(int(r[0]) for r in rows), tuple(int(c[0]) for c in columns), factor,
                    _gathered(got.shape, len(rows), len(columns)))


def _factor(got: np.ndarray, expected: np.ndarray) -> float | None:
    """c with got = c · expected, to two digits, as it is told; None if there is none."""
    if not expected.any() or not got.any():
        return None
    unit = np.abs(expected).max()  # squares of huge numbers, or of tiny ones, are none
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = float(got / unit @ (expected / unit)) / float(expected / unit @ (expected / unit))
        away = np.abs(got - ratio * expected).max()
    if not np.isfinite(ratio) or away > 1e-4 * max(np.abs(got).max(), 1e-300) or abs(ratio - 1) < 1e-3:
        return None
    return float(f"{ratio:.2g}")


def _times(factor: float) -> str:
    turned = ", and of the wrong sign" if factor < 0 else ""
    size = abs(factor)
    if 0.98 < size < 1.02:
        return "of the wrong sign"
    return f"about {numeral(max(size, 1 / size))} times too {'large' if size > 1 else 'small'}{turned}"


def _worst(block: np.ndarray) -> float:
    value = float(block.flat[np.argmax(np.abs(block))])
    return 0.0 if abs(value) <= NOISE else float(f"{min(max(value, -1.0), 1.0):.2g}")


def _gathered(shape: tuple[int, ...], rows: int, columns: int) -> str:
    """What a square stands for, where it is not one entry."""
    said = []
    if shape[-2] > rows or shape[-1] > columns:
        tall, wide = -(-shape[-2] // rows), -(-shape[-1] // columns)
        said.append(f"up to {tall} × {wide} entries" if tall * wide > 1 else "")
    if len(shape) > 2:
        layers = int(np.prod(shape[:-2]))
        axes = "axis 0" if len(shape) == 3 else f"axes 0 to {len(shape) - 3}"
        said.append(f"all {layers} along {axes}")
    return f"a square shows the worst of {' and '.join(filter(None, said))}" if said else ""


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _marks(columns: tuple[int, ...]) -> str:
    """The columns' numbers over cells of two characters, as many as have room."""
    longest = len(str(columns[-1]))
    step = -(-(longest + 1) // 2)
    return "".join(f"{columns[k]:<{2 * step}}" for k in range(0, len(columns), step)).rstrip()


def colour(value: float) -> str:
    """The background of a square, as CSS; "" where all is right."""
    if not value:
        return ""
    strength = next(opaque for limit, opaque in STRENGTHS if abs(value) <= limit)
    red, green, blue = TOO_LARGE if value > 0 else TOO_SMALL
    return f"rgba({red},{green},{blue},{strength})"
