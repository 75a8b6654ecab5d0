"""How a number stands in a sentence."""

from __future__ import annotations

from math import floor, isfinite, log10


def numeral(value: float, digits: int = 2) -> str:
    """A number rounded to so many digits, without an exponent from a thousandth to below a million: 20, not 2e+01."""
    if not isfinite(value) or value == 0 or not 1e-3 <= abs(value) < 1e6:
        return f"{value:.{digits}g}"
    places = digits - 1 - floor(log10(abs(value)))
    rounded = round(value, places)
    return f"{rounded:.{places}f}".rstrip("0").rstrip(".") if places > 0 else f"{rounded:.0f}"
