"""Summaries of matplotlib figures as plain data, so that a check can look at a plot that another process drew."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

MOST_POINTS = 10_000  # of one line or one scatter; longer ones are thinned evenly, first and last kept
MOST_PIXELS = 4_096  # larger images are summarised by their shape alone
MOST_FIGURES, MOST_AXES, MOST_ARTISTS = 20, 64, 200
MOST_TEXT = 500


def describe() -> tuple[dict, ...]:
    """A summary of every open figure, in the order of their numbers; () if matplotlib was never used.

    Each is a dict of plain data (dict, list, str, int, float, bool, None, ndarray):

        {"number", "label", "title", "size": [width, height] in inches, "legend": [text, ...], "axes": [axes, ...]}

    and each of its axes

        {"title", "xlabel", "ylabel", "xscale", "yscale", "xlim": [low, high], "ylim": [low, high],
         "place": [left, right, bottom, top] in the figure,
         "legend": [text, ...], "texts": [text, ...], "colorbar": bool,
         "read_at": {"x": text, "y": text, "legend": [text, ...]},
         "lines":    [{"label", "n", "x": (n,), "y": (n,), "style": {"line", "marker", "color"}}],
         "scatters": [{"label", "n", "xy": (n, 2)}],
         "images":   [{"shape": [rows, columns, ...], "array": ndarray or None}],
         "bars":     [{"label", "n", "x": (n,), "y": (n,), "height": (n,), "width": (n,)}],
         "contours": [{"label", "levels": (n,)}]}

    "read_at" is what a reader finds at the axes, whoever carries it: twins share an x label and a legend, panels above
    each other with one x axis its label, and all axes the labels and the legend of the figure.
    "n" counts the points before they were thinned to at most 10,000. Whatever cannot be read is "" or None, or left
    out: a figure that a student has broken is described as far as it goes.
    """
    register = sys.modules.get("matplotlib._pylab_helpers")  # asking pyplot would change which figure is current
    managers = _attempt(lambda: sorted(register.Gcf.figs.items()) if register else [], [])[:MOST_FIGURES]
    figures = (_attempt(lambda n=number, m=manager: _figure(n, m.canvas.figure)) for number, manager in managers)
    return tuple(filter(None, figures))


def in_words(figure: Any) -> str:
    """What a figure shows, for who cannot see it: its own label, else its titles, axes and legends; "" without any."""
    own = _text(figure.get_label)
    if own:
        return own
    axes = [one for one in _attempt(lambda: list(figure.axes), []) if getattr(one, "_colorbar", None) is None]
    parts = (_attempt(lambda one=one: _axes_in_words(one), "") for one in axes[:MOST_AXES])
    return "; ".join(dict.fromkeys(filter(None, (_text(figure.get_suptitle), *parts))))[:MOST_TEXT]


def _axes_in_words(axes) -> str:
    across, up = _text(axes.get_xlabel), _text(axes.get_ylabel)
    plotted = f"{up} over {across}" if up and across else up or across
    named = ", ".join(_legend(_attempt(axes.get_legend)))
    return ": ".join(filter(None, (_title(axes), plotted, named)))


def _figure(number, figure) -> dict:
    legends = _attempt(lambda: list(figure.legends), [])
    axes = _attempt(lambda: list(figure.axes), [])[:MOST_AXES]
    return {
        "number": int(number),
        "label": _text(figure.get_label),
        "title": _text(figure.get_suptitle),
        "size": _numbers(figure.get_size_inches),
        "legend": [text for legend in legends for text in _legend(legend)],
        "axes": list(filter(None, (_attempt(lambda one=one: _axes(one)) for one in axes))),
    }


def _title(axes) -> str:
    titles = (_text(lambda where=where: axes.get_title(where)) for where in ("center", "left", "right"))
    return next(filter(None, titles), "")


def _axes(axes) -> dict:
    return {
        "title": _title(axes),
        "xlabel": _text(axes.get_xlabel),
        "ylabel": _text(axes.get_ylabel),
        "xscale": _text(axes.get_xscale),
        "yscale": _text(axes.get_yscale),
        "xlim": _numbers(axes.get_xlim),
        "ylim": _numbers(axes.get_ylim),
        "place": _attempt(lambda: [*_span(axes, 0), *_span(axes, 1)]),
        "legend": _legend(_attempt(axes.get_legend)),
        "read_at": _attempt(lambda: _read_at(axes), {}),
        "colorbar": getattr(axes, "_colorbar", None) is not None,
        "texts": [_text(text.get_text) for text in _attempt(lambda: list(axes.texts), [])[:MOST_ARTISTS]],
        **_artists(axes),
    }


def _read_at(axes) -> dict:
    """The labels and the legend that serve these axes, their own first."""
    figure = axes.figure
    across = [axes, *(one for one in axes.get_shared_x_axes().get_siblings(axes) if _span(one, 0) == _span(axes, 0))]
    up = [axes, *(one for one in axes.get_shared_y_axes().get_siblings(axes) if _span(one, 1) == _span(axes, 1))]
    twins = [one for one in across + up if (_span(one, 0), _span(one, 1)) == (_span(axes, 0), _span(axes, 1))]
    legends = [*(one.get_legend() for one in twins), *figure.legends]
    return {
        "x": _first(*(one.get_xlabel for one in across), figure.get_supxlabel),
        "y": _first(*(one.get_ylabel for one in up), figure.get_supylabel),
        "legend": next(filter(None, map(_legend, legends)), []),
    }


def _span(axes, direction) -> tuple[float, float]:
    """From where to where axes reach in the figure, across (0) or up (1)."""
    place = axes.get_position()
    return round(float(place.min[direction]), 2), round(float(place.max[direction]), 2)


def _first(*reads) -> str:
    return next(filter(None, map(_text, reads)), "")


def _artists(axes) -> dict:
    from matplotlib.collections import PathCollection, QuadMesh
    from matplotlib.contour import ContourSet

    found: dict[str, list] = {"lines": [], "scatters": [], "images": [], "bars": [], "contours": []}

    def add(kind, read, artist):
        summary = _attempt(lambda: read(artist))
        if summary is not None and len(found[kind]) < MOST_ARTISTS:
            found[kind].append(summary)

    for line in _attempt(lambda: list(axes.lines), []):
        add("lines", _line, line)
    for image in _attempt(lambda: list(axes.images), []):
        add("images", _image, image)
    for bars in _attempt(lambda: list(axes.containers), []):
        if hasattr(bars, "patches"):
            add("bars", _bars, bars)
    for collection in _attempt(lambda: list(axes.collections), []):
        if isinstance(collection, ContourSet):
            add("contours", lambda artist: {"label": _label(artist), "levels": _floats(artist.levels)}, collection)
        elif isinstance(collection, PathCollection):
            add("scatters", _scatter, collection)
        elif isinstance(collection, QuadMesh):
            add("images", _image, collection)
    return found


def _line(line) -> dict:
    x, y = _floats(line.get_xdata(orig=False)), _floats(line.get_ydata(orig=False))
    kept = _thinned(len(y))
    style = {"line": str(line.get_linestyle()), "marker": str(line.get_marker()), "color": _color(line)}
    return {"label": _label(line), "n": len(y), "x": x[kept], "y": y[kept], "style": style}


def _scatter(collection) -> dict:
    xy = _floats(collection.get_offsets()).reshape(-1, 2)
    return {"label": _label(collection), "n": len(xy), "xy": xy[_thinned(len(xy))]}


def _image(image) -> dict:
    array = image.get_array()
    shape = [int(length) for length in array.shape]
    return {"shape": shape, "array": _floats(array) if array.size <= MOST_PIXELS else None}


def _bars(bars) -> dict:
    boxes = _floats([[p.get_x(), p.get_y(), p.get_height(), p.get_width()] for p in bars.patches]).reshape(-1, 4)
    x, y, height, width = boxes[_thinned(len(boxes))].T.copy()
    return {"label": _label(bars), "n": len(boxes), "x": x, "y": y, "height": height, "width": width}


def _thinned(n):
    return slice(None) if n <= MOST_POINTS else np.linspace(0, n - 1, MOST_POINTS).round().astype(int)


def _legend(legend) -> list[str]:
    texts = _attempt(lambda: list(legend.get_texts()), [])[:MOST_ARTISTS] if legend is not None else []
    return [_text(text.get_text) for text in texts]


def _label(artist) -> str:
    label = _text(artist.get_label)
    return "" if label.startswith("_") else label  # matplotlib's own names for artists without a label


def _color(line) -> str:
    from matplotlib.colors import to_hex

    return _attempt(lambda: to_hex(line.get_color()), "")


def _floats(values) -> np.ndarray:
    """A plain float64 array of its own; masked entries become nan."""
    values = np.ma.asarray(values).astype(np.float64)
    return np.array(values.filled(np.nan), np.float64)


def _numbers(read) -> list[float] | None:
    return _attempt(lambda: [float(value) for value in read()])


def _text(read) -> str:
    return _attempt(lambda: str(read() or "")[:MOST_TEXT], "")


def _attempt(read, otherwise=None):
    try:
        return read()
    except Exception:
        return otherwise


def axes_of(seen: Any) -> list[dict]:
    """All axes of an observation's figures, as `describe` gives them."""
    return [axes for shown in seen.figures for axes in shown.get("axes", ())]


def lines_of(seen: Any) -> list[dict]:
    """The lines of an observation's figures that have more than one point."""
    return [line for axes in axes_of(seen) for line in lines_on(axes)]


def panels_of(seen: Any) -> list[dict[str, Any]]:
    """The panels of an observation's figures that have such lines: their lines' names in order, and what is read at
    the axes. Plain data."""
    return [{"lines": [line.get("label") or "" for line in lines_on(axes)], "read_at": axes.get("read_at") or {}}
            for axes in axes_of(seen) if lines_on(axes)]


def as_panels(lines: Sequence[dict], panels: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Axes as `observe` gives them, of all lines in order and `panels_of` them; one panel if these are not known."""
    left = iter(lines)
    found = [{"read_at": panel["read_at"], "lines": [
        {**line, "label": label} for label, line in zip(panel["lines"], left)]} for panel in panels]
    rest = [*left]
    return found + [{"lines": rest}] * bool(rest)


def lines_on(axes: dict) -> list[dict]:
    """The lines of one of these that have more than one point."""
    return [line for line in axes.get("lines", ()) if np.size(line["y"]) > 1]
