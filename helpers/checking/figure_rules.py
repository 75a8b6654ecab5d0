"""What a figure check looks at: is something drawn, is it labelled, does it show the right data?

Each function returns "" or what is missing, for one case.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.checking.probe import Probe


def _axes(seen: Any) -> list[dict]:
    return [axes for shown in seen.figures for axes in shown.get("axes", ())]


def lines_of(seen: Any) -> list[dict]:
    """The lines of an observation's figures that have more than one point."""
    return [line for axes in _axes(seen) for line in axes.get("lines", ()) if np.size(line["y"]) > 1]


def drawn(probe: Probe, index: int, lines: int | None, log: str | None) -> str:
    failure = probe.failure(index)
    if failure:
        return failure.says
    axes = _axes(probe.observe(index))
    if not axes:
        return "no figure is left open"
    if not any(a.get("lines") or a.get("images") or a.get("scatters") or a.get("bars") for a in axes):
        return "the figure is empty"
    count = len(lines_of(probe.observe(index)))
    if lines and count < lines:
        return f"shows {count} of at least {lines} lines"
    wrong = [axis for axis in log or "" if not any(a.get(f"{axis}scale") == "log" for a in axes)]
    return f"the {wrong[0]} axis is not logarithmic" if wrong else ""


def labelled(probe: Probe, index: int, lines: int | None, log: str | None) -> str:
    failure = probe.failure(index)
    if failure:
        return failure.says
    for axes in _axes(probe.observe(index)):
        if axes.get("colorbar") or not (axes.get("lines") or axes.get("scatters") or axes.get("bars")):
            continue
        read = axes.get("read_at") or {}
        if not (read.get("x") and read.get("y")):
            return "an axis has no label: say what is on x and what on y"
        if len(axes.get("lines", ())) > 1 and not read.get("legend"):
            return "several lines and no legend: which is which?"
    return "" if _axes(probe.observe(index)) else "no figure is left open"


def right_data(probe: Probe, index: int, lines: int | None, log: str | None) -> str:
    failure = probe.failure(index)
    if failure:
        return failure.says
    seen = probe.expected(index)
    if seen is None or not seen.figures:
        return "" if lines_of(probe.observe(index)) or _axes(probe.observe(index)) else "no data on the axes"
    drawn = [np.asarray(line["y"], float) for line in lines_of(probe.observe(index))]
    for line in lines_of(seen):
        wanted = np.asarray(line["y"], float)
        if not any(y.shape == wanted.shape and np.allclose(y, wanted, rtol=1e-4, equal_nan=True) for y in drawn):
            return "a line does not show the data that it should"
    return ""
