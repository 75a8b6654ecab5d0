"""What a figure check looks at: is something drawn, is it labelled, does it show the right data?

Each function returns "" or what is missing, for one case.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from helpers.checking.figures import axes_of, lines_of, lines_on
from helpers.checking.probe import Probe


def drawn(probe: Probe, index: int, lines: int | None, log: str | None, panels: int | None = None) -> str:
    failure = probe.failure(index)
    if failure:
        return failure.says
    axes = axes_of(probe.observe(index))
    if not axes:
        return "no figure is left open"
    if not any(a.get("lines") or a.get("images") or a.get("scatters") or a.get("bars") for a in axes):
        return "the figure is empty"
    count = len(lines_of(probe.observe(index)))
    if lines and count < lines:
        return f"shows {count} of at least {lines} lines"
    wrong = [axis for axis in log or "" if not any(a.get(f"{axis}scale") == "log" for a in axes)]
    if wrong:
        return f"the {wrong[0]} axis is not logarithmic"
    return _on_panels(probe, index, panels) if panels else ""


def _on_panels(probe: Probe, index: int, panels: int) -> str:
    """Twins are two pairs of axes on one panel: too many where one pair is asked for, too few where two panels are."""
    figures = probe.observe(index).figures
    held = [(number, axes) for number, shown in enumerate(figures) for axes in shown.get("axes", ()) if lines_on(axes)]
    places = {(number, *(axes.get("place") or (place,))) for place, (number, axes) in enumerate(held)}
    asked = "one pair of axes" if panels == 1 else f"{panels} panels"
    if len(places) != panels:
        return f"the lines stand on {len(places)} panel{'s' * (len(places) > 1)}; asked for is {asked}"
    if len(held) != panels:
        return f"the lines stand on {len(held)} pairs of axes; asked for is {asked}"
    seen = probe.expected(index)
    for axes in axes_of(seen) if seen is not None else ():
        together = {place for line in lines_on(axes) for place, (_, there) in enumerate(held)
                    if any(_alike(line, one) for one in lines_on(there))}
        if len(together) > 1:
            return "lines that belong on one panel stand on several"
    return ""


def labelled(probe: Probe, index: int, lines: int | None, log: str | None, panels: int | None = None) -> str:
    failure = probe.failure(index)
    if failure:
        return failure.says
    for axes in axes_of(probe.observe(index)):
        if axes.get("colorbar") or not (axes.get("lines") or axes.get("scatters") or axes.get("bars")):
            continue
        read = axes.get("read_at") or {}
        if not (read.get("x") and read.get("y")):
            return "an axis has no label: say what is on x and what on y"
        if len(axes.get("lines", ())) > 1 and not read.get("legend"):
            return "several lines and no legend: which is which?"
    return exchanged(probe, index) if axes_of(probe.observe(index)) else "no figure is left open"


def right_data(probe: Probe, index: int, lines: int | None, log: str | None, panels: int | None = None) -> str:
    failure = probe.failure(index)
    if failure:
        return failure.says
    seen = probe.expected(index)
    if seen is None or not seen.figures:
        return "" if lines_of(probe.observe(index)) or axes_of(probe.observe(index)) else "no data on the axes"
    others = _without_lines(probe.observe(index))
    for kind, numbers in _without_lines(seen):
        if not any(kind == one and _same_numbers(numbers, drawn) for one, drawn in others):
            return f"{kind} does not show the data that it should"
    theirs, asked = _panels(probe.observe(index)), _panels(seen)
    wanted = [(number, line) for number, panel in enumerate(asked) for line in panel]
    places: dict[int, set[int]] = {}
    for number, line in wanted:
        there = {k for k, panel in enumerate(theirs) if any(_alike(line, one) for one in panel)}
        if not there:
            return "a line does not show the data that it should"
        places.setdefault(number, set()).update(there)
    if len(asked) > 1 and len(set.union(*places.values())) == 1:
        return f"all lines are on one panel; asked for are {len(asked)}"
    if any(places[a] & places[b] for a in places for b in places if a < b):
        return "lines share a panel that do not belong together: each panel is for lines of one kind"
    lengths = {np.size(line["y"]) for _, line in wanted}
    for one in (line for panel in theirs for line in panel):
        if np.size(one["y"]) in lengths and np.size(one["y"]) > 2 and not any(_alike(line, one) for _, line in wanted):
            return "shows a line more than is asked for, with other data"
    if any(_cut_off(one, axes) for axes in axes_of(probe.observe(index)) for one in lines_on(axes)
           if any(_alike(line, one) for _, line in wanted)):
        return "a good part of a line lies outside the limits of its axes, where nobody sees it"
    return ""


def _cut_off(line: dict, axes: dict) -> bool:
    """Whether more than a tenth of a line's points lie outside the limits of its axes."""
    outside = np.zeros(np.size(line["y"]), bool)
    for name in ("x", "y"):
        numbers, limits = np.asarray(line[name], float), axes.get(f"{name}lim")
        if limits and numbers.shape == outside.shape:
            outside |= (numbers < min(limits)) | (numbers > max(limits))
    return bool(outside.mean() > 0.1)


def _without_lines(seen: Any) -> list[tuple[str, np.ndarray]]:
    """What figures show beside lines: the numbers of each image, of points and of bars, by size, for an image may be
    turned, and bars may stand in another order."""
    found = []
    for axes in axes_of(seen):
        if axes.get("colorbar"):
            continue
        found += [("an image", one["array"]) for one in axes.get("images", ()) if one.get("array") is not None]
        found += [("a cloud of points", np.asarray(one["xy"])[:, 1]) for one in axes.get("scatters", ())]
        found += [("a group of bars", one["height"]) for one in axes.get("bars", ())]
    return [(kind, np.sort(np.ravel(np.asarray(numbers, float)))) for kind, numbers in found]


def exchanged(probe: Probe, index: int) -> str:
    """What carries the name of something else: a line, a panel, an axis. Names in words of one's own are fine."""
    seen = probe.expected(index)
    if seen is None or not seen.figures:
        return ""
    found = []  # (asked line, its axes, drawn line, its axes)
    for axes in axes_of(seen):
        for line in lines_on(axes):
            match = next(((one, there) for there in axes_of(probe.observe(index)) for one in lines_on(there)
                          if _alike(line, one)), None)
            if match is not None:
                found.append((line, axes, *match))
    for a, (line, axes, one, there) in enumerate(found):
        if _names_other(_read(there, "x"), _read(axes, "x"), _read(axes, "y")) and _names_other(
                _read(there, "y"), _read(axes, "y"), _read(axes, "x")):
            return "the labels of the two axes are exchanged"
        for other, others_axes, _, _ in found[:a] + found[a + 1:]:
            if others_axes is axes and _names_other(_label(one, there), _label(line, axes), _label(other, axes)):
                return f"a line is called {_label(one, there)!r} that shows something else"
            if others_axes is not axes and _names_other(_read(there, "y"), _read(axes, "y"), _read(others_axes, "y")):
                return f"an axis is called {_read(there, 'y')!r} that shows something else"
    return ""


def _panels(seen: Any) -> list[list[dict]]:
    return [panel for panel in map(lines_on, axes_of(seen)) if panel]


def _alike(wanted: dict, drawn: dict) -> bool:
    return _same_numbers(np.asarray(wanted["y"], float), np.asarray(drawn["y"], float)) and _same_way_across(
        wanted.get("x"), drawn.get("x"))


def _same_way_across(wanted: Any, drawn: Any) -> bool:
    """Do the points of two lines stand at the same places across, each in units of its own: steps or epochs, from 0 or
    from 1? Nothing is asked where that is not known."""
    if wanted is None or np.size(wanted) < 3 or not np.isfinite(wanted).all():
        return True
    x, other = np.asarray(wanted, float), np.asarray(drawn if drawn is not None else np.nan, float)
    first, last = int(np.argmin(x)), int(np.argmax(x))
    if x.shape != other.shape or not np.isfinite(other).all():
        return False
    width, drawn_width = x[last] - x[first], other[last] - other[first]
    if width == 0 or not drawn_width > 0:
        return bool(width == 0)
    unit = width / drawn_width
    return bool(np.allclose(x[first] + unit * (other - other[first]), x, rtol=0, atol=1e-3 * width))


def _same_numbers(wanted: np.ndarray, drawn: np.ndarray) -> bool:
    return wanted.shape == drawn.shape and bool(np.allclose(drawn, wanted, rtol=1e-4, equal_nan=True))


def _read(axes: dict, direction: str) -> str:
    return (axes.get("read_at") or {}).get(direction) or ""


def _label(line: dict, axes: dict) -> str:
    """A line's name: its own, or the legend's for its place."""
    legend = (axes.get("read_at") or {}).get("legend") or []
    place = next((k for k, one in enumerate(lines_on(axes)) if one is line), len(legend))
    return line.get("label") or (legend[place] if place < len(legend) else "")


def _names_other(says: str, own: str, other: str) -> bool:
    """Whether a label has the words that tell another thing apart, and none of those that tell its own."""
    mine, its = set(own.lower().split()), set(other.lower().split())
    words = set(says.lower().split())
    return bool(its - mine and (its - mine) <= words and not (mine - its) & words)
