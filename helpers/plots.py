"""The figures of the problem sets: one call each, with labels, units and colours that everyone can tell apart.

Every function opens a figure of its own (or draws into `ax`, where it has that argument) and returns the Axes, or
Panels if there are several; `.figure` leads to the figure. Figures carry a sentence that says what they show as their
label (`figure.get_label()`), for an alternative text. They are dark on white, in files and in print too; the dark
themes of JupyterLab and Notebook show them light on dark. In a notebook's kernel, figures that a cell draws itself
have the same style and colours.
"""

import math
import sys
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator, PercentFormatter

from helpers.checking.maps import TOO_LARGE, TOO_SMALL
from helpers.images.errors import DataError

# Okabe and Ito's colours, told apart with every kind of colour vision (https://jfly.uni-koeln.de/color/), darkest
# first; dashes differ as well, for grey prints.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#555555")
DASHES = ("-", "--", "-.", ":")
# Ten that can be told apart need Paul Tol's muted scheme (https://personal.sron.nl/~pault/).
TEN_COLORS = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#777777",
)  # fmt: skip
INK, FAINT = "#222222", "#DDDDDD"
MARKERS = "o^sDvP*X"
STYLE: dict[Any, Any] = {
    "figure.facecolor": "white", "savefig.facecolor": "white", "axes.facecolor": "white", "axes.edgecolor": "#888888",
    "text.color": INK, "axes.labelcolor": INK, "axes.titlecolor": INK, "font.size": 10, "axes.titlesize": 11,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "legend.framealpha": 0.85,
    "legend.edgecolor": "none", "lines.linewidth": 1.8, "figure.constrained_layout.use": True,
}  # fmt: skip

# For a notebook that has loaded this module, and for no other that is open beside it.
DARK_THEME = """<span class="course-figures"></span><style>
[data-jp-theme-light="false"] .jp-Notebook:has(.course-figures) .jp-RenderedImage img {
  filter: invert(0.93) hue-rotate(180deg);
}
</style>"""


class Panels(tuple):
    """Several Axes in one figure. A tuple with a short repr, so that a cell which ends in a plot prints one word."""

    @property
    def figure(self) -> Figure:
        return self[0].figure

    def __repr__(self):
        return f"<{len(self)} panels>"


def learning_curves(curves: Any, *, title: str = "", xlabel: str = "epoch", ylabel: str = "loss", log: bool = True,
                    first: int = 1, ax: Axes | None = None) -> Axes:
    """One line for each entry of `curves`, over epochs or steps.

    curves: {label: values (n,)} or {label: (x (n,), values (n,))}; a bare sequence of values is one curve.
    log: a logarithmic axis, unless no value is positive. first: the number of the first value.
    Values that are not finite are left out, and the legend says from where on.
    """
    curves = curves if isinstance(curves, dict) else {ylabel: curves}
    with _canvas(ax, (6.4, 3.8)) as ax:
        palette = COLORS if len(curves) <= len(COLORS) else (*TEN_COLORS, INK)
        drawn = [_curve(ax, number, label, values, first, palette)
                 for number, (label, values) in enumerate(curves.items())]
        if log and any((y > 0).any() for y in drawn):
            ax.set_yscale("log", nonpositive="mask")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        _dress(ax, title, xlabel, ylabel, f"{title or 'Learning curves'}: {ylabel} over {xlabel}; {', '.join(curves)}.")
        if curves and (len(curves) > 1 or next(iter(curves)) != ylabel):
            ax.legend()
    return ax


def loss_and_accuracy(losses: Any, accuracies: Any, *, title: str = "", xlabel: str = "epoch", log: bool = True,
                      first: int = 1) -> Panels:
    """Loss and accuracy side by side over the same epochs.

    losses, accuracies: {label: values}, as for `learning_curves`; accuracies are shares from 0 to 1. The same label has
    the same colour on both sides if it comes in the same place.
    """
    with _canvas(None, (9.6, 3.8), 1, 2) as axes:
        learning_curves(losses, xlabel=xlabel, ylabel="loss", log=log, first=first, ax=axes[0])
        learning_curves(accuracies, xlabel=xlabel, ylabel="accuracy", log=False, first=first, ax=axes[1])
        axes[1].yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        _head(axes, title, f"{title or 'Training'}: loss (left) and accuracy (right) over {xlabel}.")
    return axes


def hinges(x: npt.ArrayLike, pieces: npt.ArrayLike, *, points: Any = None, offset: float = 0.0,
           title: str = "") -> Panels:
    """A fit above, and below it the pieces that add up to it.

    x: (N,), increasing. pieces: (H, N), what each of H hidden units adds at x. offset: the bias of the output.
    points: (xs, ys), what is fitted.
    """
    x, pieces = np.ravel(x), np.atleast_2d(pieces)
    if pieces.shape[1] != x.size:
        raise DataError(
            f"Pieces of shape {pieces.shape} do not fit {x.size} places x.",
            "Why: each row is one hidden unit, with one value at each x.",
            "What to do: pass pieces (H, N); perhaps transpose them.",
        )
    with _canvas(None, (6.4, 5.4), 2, 1, sharex=True) as axes:
        if points is not None:
            axes[0].plot(*map(np.ravel, points), "o", color="#999999", markersize=4, label="data")
        axes[0].plot(
            x, pieces.sum(axis=0) + offset, color=COLORS[1], linewidth=2.4, label=f"sum of {len(pieces)} hinges"
        )
        for number, piece in enumerate(pieces):
            style = {"linewidth": 1.2, "alpha": 0.85, "linestyle": DASHES[number // len(COLORS) % len(DASHES)]}
            label = f"hinge {number + 1}"
            axes[1].plot(x, piece, color=COLORS[number % len(COLORS)], label=label, **style)
        _dress(axes[0], "", "", "output")
        _dress(axes[1], "", "x", "each hinge")
        axes[0].legend()
        if len(pieces) <= 8:
            axes[1].legend(fontsize="small", ncols=2)
        _head(axes, title, f"{title or 'A fit by hinges'}: the fit above, its {len(pieces)} pieces below.")
    return axes


def decision_boundary(predict: Callable[[np.ndarray], Any], points: Any, labels: Any, *, axis: str | None = None,
                      classes: Sequence[Any] | None = None, title: str = "", resolution: int = 150,
                      margin: float = 0.3, ax: Axes | None = None) -> Axes:
    """What a classifier says at each point of the plane, with the samples on top.

    predict: takes points as `points` are laid out; returns a probability or a score for each of them, (n,), (1, n)
    or (n, 1), or one for each class, (n, C) or (C, n). Probabilities are cut at 0.5, other scores at 0.
    points: (n, 2) for axis="rows", (2, n) for axis="columns"; without `axis` the shape decides. labels: (n,), integers.
    """
    rows, axis = _plane(points, axis)
    labels = _classes_of(labels, len(rows))
    low, high = rows.min(axis=0) - margin, rows.max(axis=0) + margin
    grid = np.meshgrid(*(np.linspace(a, b, resolution) for a, b in zip(low, high)))
    places = np.column_stack([side.ravel() for side in grid])
    said = np.asarray(predict(places if axis == "rows" else places.T), float)
    with _canvas(ax, (5.2, 4.4)) as ax:
        _regions(ax, grid, said)
        for label in np.unique(labels):
            mine = rows[labels == label]
            name = classes[label] if classes is not None else f"class {label}"
            style: dict[str, Any] = {"color": COLORS[label % len(COLORS)], "marker": MARKERS[label % len(MARKERS)]}
            ax.scatter(mine[:, 0], mine[:, 1], s=22, edgecolors="white", linewidths=0.6, label=name, **style)
        ax.set_aspect("equal")
        ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        alt = f"{title or 'Decision boundary'}: {len(rows)} samples on the regions that the classifier assigns."
        _dress(ax, title, "$x_1$", "$x_2$", alt, grid=False)
        ax.legend(loc="upper right", frameon=True, framealpha=0.85, edgecolor="none", fontsize=9)
    return ax


def images(images: Any, titles: Sequence[str] | None = None, *, shape: tuple[int, int] = (28, 28), n: int = 20,
           columns: int | None = None, title: str = "") -> Panels:
    """The first n images, dark on white.

    images: (N, h, w), or flat as (N, h·w) or (h·w, N). titles: one string for each image.
    """
    stack = _stack(images, shape)[:n]
    with _grid(len(stack), columns, 0.25 if titles is not None else 0.05) as axes:
        top = max(float(np.nanmax(stack)), 1e-12)
        for number, (ax, image) in enumerate(zip(axes, stack)):
            ax.imshow(image, cmap="gray_r", vmin=0, vmax=top)
            if titles is not None and number < len(titles):
                ax.set_title(str(titles[number]), fontsize=9)
        _head(axes, title, f"{title or 'Images'}: {len(stack)} images of {shape[0]} × {shape[1]} pixels.")
    return axes


def predictions(images: Any, labels: Any, predicted: Any, *, confidence: Any = None,
                classes: Sequence[Any] | None = None, wrong_only: bool = False, shape: tuple[int, int] = (28, 28),
                n: int = 20, title: str = "") -> Panels:
    """Images with what they were taken for; a wrong answer also says what is right.

    images: as for `images`. labels, predicted: (N,), integers. confidence: (N,), shares from 0 to 1.
    wrong_only: shows only the images that were taken for something else. Raises: DataError if there are none to show.
    """
    stack = _stack(images, shape)
    labels, predicted = _classes_of(labels, len(stack)), _classes_of(predicted, len(stack))
    chosen = np.flatnonzero(labels != predicted)[:n] if wrong_only else np.arange(len(stack))[:n]
    if not chosen.size:
        raise DataError(
            "There is no image to show.",
            "Why: every one of them is classified right." if len(stack) else "Why: none was passed.",
            "What to do: pass more images, or leave wrong_only out.",
        )
    with _grid(len(chosen), None, 0.45, 1.15 if classes is None else 1.65) as axes:
        for ax, i in zip(axes, chosen):
            right = labels[i] == predicted[i]
            name, truth = (str(k) if classes is None else classes[k] for k in (predicted[i], labels[i]))
            share = "" if confidence is None else f", {np.ravel(confidence)[i]:.0%}"
            ax.imshow(stack[i], cmap="gray_r")
            text = f"says {name}{share}\n{'right' if right else f'is {truth}'}"
            ax.set_title(text, fontsize=9, color=INK if right else "#B03A00")
        wrong = int((labels != predicted).sum())
        _head(axes, title, f"{title or 'Predictions'}: {len(chosen)} images; {wrong} of {len(stack)} are wrong.")
    return axes


def weights(W: npt.ArrayLike, *, names: Sequence[Any] | None = None, shape: tuple[int, int] = (28, 28), n: int = 20,
            columns: int | None = None, title: str = "") -> Panels:
    """The weights of the first n units as images: orange adds, purple subtracts, white does nothing.

    W: (units, h·w) or (h·w, units), or (h·w,) for one unit. names: one for each unit.
    """
    stack = _stack(np.atleast_2d(W) if np.ndim(W) < 3 else W, shape)[:n]
    limit = max(float(np.quantile(_sizes(stack), 0.998)), 1e-12)
    with _grid(len(stack), columns, 0.25) as axes:
        for number, (ax, image) in enumerate(zip(axes, stack)):
            shown = ax.imshow(image, cmap="PuOr_r", vmin=-limit, vmax=limit)
            ax.set_title(str(names[number]) if names is not None else f"unit {number}", fontsize=9)
        bar = axes.figure.colorbar(shown, ax=list(axes), label="weight", fraction=0.03, shrink=0.9)
        bar.ax.tick_params(colors=INK, labelsize=9)
        _head(
            axes,
            title,
            f"{title or 'Weights'}: units as images of {shape[0]} × {shape[1]} weights, {len(stack)} of them.",
        )
    return axes


def activations(layers: Any, names: Sequence[Any] | None = None, *, title: str = "", bins: int = 60) -> Panels:
    """A histogram for each layer, on one scale, so that vanishing and exploding are seen.

    layers: arrays of any shape. names: one for each. Exact zeros (silent ReLU units) are counted above, not drawn.
    """
    layers = [np.ravel(np.asarray(layer, float)) for layer in layers]
    names = names if names is not None else [f"layer {number + 1}" for number in range(len(layers))]
    with _canvas(None, (max(4.8, 2.9 * len(layers)), 3.2), 1, len(layers), sharex=True) as axes:
        for number, (ax, layer, name) in enumerate(zip(axes, layers, names)):
            finite = layer[np.isfinite(layer)]
            alive = finite[finite != 0]
            counts, edges = np.histogram(alive, bins)
            ax.bar(edges[:-1], counts / max(layer.size, 1), np.diff(edges), align="edge", color=COLORS[0], label=name)
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
            ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
            ax.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
            _dress(ax, _moments(name, layer, finite, alive), "activation", "share of values" if number == 0 else "")
        _head(axes, title, f"{title or 'Activations'}: histograms of {', '.join(map(str, names))}.")
    return axes


def confusion(matrix: npt.ArrayLike, classes: Sequence[Any] | None = None, *, title: str = "",
              ax: Axes | None = None) -> Axes:
    """A confusion matrix: entry [i, j] counts samples of class i taken for class j. Colours are shares of a row."""
    matrix = np.asarray(matrix)
    classes = [str(name) for name in (classes if classes is not None else range(len(matrix)))]
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = 1.6 + 0.46 * len(matrix)
    with _canvas(ax, (side + 0.6, side)) as ax:
        ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for (i, j), count in np.ndenumerate(matrix):
            if count:
                ax.text(
                    j,
                    i,
                    f"{count:,}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if share[i, j] > 0.5 else INK,
                )
        ticks = np.arange(len(matrix))
        long = max(map(len, classes), default=0) > 3
        ax.set_xticks(
            ticks, classes, rotation=45 if long else 0, ha="right" if long else "center", rotation_mode="anchor"
        )
        ax.set_yticks(ticks, classes)
        right = np.trace(matrix) / max(matrix.sum(), 1)
        alt = f"{title or 'Confusion matrix'}: {len(matrix)} classes, {right:.1%} on the diagonal."
        _dress(ax, title, "taken for", "true class", alt, grid=False)
    return ax


def error_map(difference: npt.ArrayLike, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Where an array is off, and which way: red too large, blue too small; black is not a number.

    difference: received minus expected, (n,) or (rows, columns); more axes are folded into the columns.
    """
    difference = np.asarray(difference, float)
    table = difference.reshape(len(difference), -1) if difference.ndim > 1 else difference.reshape(1, -1)
    finite = np.where(np.isfinite(table), table, 0)
    worst = np.unravel_index(np.argmax(np.abs(finite)), finite.shape)
    limit = max(abs(float(finite[worst])), 1e-300)
    rows, columns = table.shape
    with _canvas(ax, (5.6, 4.2 if rows > 3 else 2.2)) as ax:
        scale = np.array([TOO_SMALL, (255, 255, 255), TOO_LARGE]) / 255
        colormap = LinearSegmentedColormap.from_list("error", scale).with_extremes(bad="black")
        aspect: Any = "equal" if 0.2 < rows / columns < 5 else "auto"
        shown = ax.imshow(
            np.ma.masked_invalid(table), cmap=colormap, vmin=-limit, vmax=limit, aspect=aspect, interpolation="nearest"
        )
        bar = ax.figure.colorbar(shown, ax=ax, label="received − expected", shrink=0.9)
        bar.ax.tick_params(colors=INK, labelsize=9)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1) if rows > 1 else plt.NullLocator())
        where = f"largest {finite[worst]:+.3g} at [{', '.join(map(str, worst if difference.ndim > 1 else worst[1:]))}]"
        alt = f"{title or 'Error map'}: {where}."
        _dress(ax, f"{title}\n{where}".strip(), "column", "row" if rows > 1 else "", alt, grid=False)
    return ax


def embedding(points: Any, labels: Any, classes: Sequence[Any] | None = None, *, title: str = "",
              ax: Axes | None = None) -> Axes:
    """Samples placed in the plane, by t-SNE say, coloured and named by class.

    points: (n, 2) or (2, n). labels: (n,), integers. The axes of t-SNE have no unit, so they carry no numbers.
    """
    rows, _ = _plane(points, None)
    labels = _classes_of(labels, len(rows))
    with _canvas(ax, (6.0, 5.4)) as ax:
        for number, label in enumerate(np.unique(labels)):
            mine = rows[labels == label]
            name = str(label) if classes is None else classes[label]
            ax.scatter(mine[:, 0], mine[:, 1], s=9, color=TEN_COLORS[number % len(TEN_COLORS)], linewidths=0,
                       alpha=0.8, label=name)
            outline = [withStroke(linewidth=3, foreground="white")]
            if len(name) < 3:
                x, y = np.median(mine, axis=0)
                ax.text(x, y, name, ha="center", va="center", weight="bold", path_effects=outline)
        ax.set(xticks=[], yticks=[])
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1), markerscale=3, fontsize=9, handletextpad=0.2)
        alt = f"{title or 'Embedding'}: {len(rows)} samples of {len(np.unique(labels))} classes in the plane."
        _dress(ax, title, "first direction", "second direction", alt, grid=False)
    return ax


@contextmanager
def _canvas(ax, size, rows=None, columns=None, **options):
    """The Axes to draw into, in the house style: the given one, a new one, or Panels of rows × columns new ones.

    A figure whose drawing fails is closed again, so that a notebook does not show half of it.
    """
    with plt.rc_context(STYLE):
        if ax is not None:
            yield ax
            return
        figure = plt.figure(figsize=size)
        try:
            if rows is None:
                yield figure.add_subplot()
            else:
                yield Panels(figure.subplots(rows, columns, squeeze=False, **options).ravel())
        except BaseException:
            plt.close(figure)
            raise


@contextmanager
def _grid(n, columns, room, width=1.15):
    """Panels for n images without ticks, `width` inches each; titles need `room`, a share of an image's height."""
    if not n:
        raise DataError(
            "There is no image to show.", "Why: the array is empty.", "What to do: pass at least one image."
        )
    columns = min(n, columns or min(range(5, 9), key=lambda columns: (-n % columns, -columns)))  # few places left empty
    rows = math.ceil(n / columns)
    with _canvas(None, (max(3.2, width * columns), 1.15 * rows * (1 + room) + 0.4), rows, columns) as axes:
        for ax in axes:
            ax.set_axis_off()
        yield Panels(axes[:n])


def _dress(ax, title, xlabel, ylabel, alt="", grid=True):
    """Labels and the style of ticks, which matplotlib makes only when it draws, after the style is gone."""
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.tick_params(colors=INK, which="both", labelsize=9)
    if grid:
        ax.grid(True, color=FAINT, linewidth=0.7)
    if alt and not ax.figure.get_label():
        ax.figure.set_label(alt)


def _head(axes, title, alt):
    axes.figure.set_label(alt)
    if title:
        axes.figure.suptitle(title, fontsize=12)


def _curve(ax, number, label, values, first, palette=COLORS):
    x, y = values if isinstance(values, tuple) and len(values) == 2 and np.ndim(values[0]) == 1 else (None, values)
    y = np.ravel(np.asarray(y, float))
    x = np.arange(first, first + y.size) if x is None else np.ravel(x)
    finite = np.isfinite(y)
    if not finite.all():
        label = f"{label} (not finite from {x[np.argmin(finite)]} on)"
        y = np.where(finite, y, np.nan)
    style = {"color": palette[number % len(palette)], "linestyle": DASHES[number % len(DASHES)]}
    ax.plot(x, y, marker="o" if y.size <= 30 else None, markersize=3.5, label=str(label), **style)
    return y


def _regions(ax, grid, said):
    count = grid[0].size
    if said.size == count:
        score = said.reshape(grid[0].shape)
        cut = 0.5 if score.min() >= 0 and score.max() <= 1 else 0.0
    else:
        by_class = _by_class(said, count)
        if by_class.shape[1] != 2:
            _class_regions(ax, grid, by_class)
            return
        score, cut = (by_class[:, 1] - by_class[:, 0]).reshape(grid[0].shape), 0.0
    reach = 0.5 if cut else max(float(_sizes(score).max()), 1e-12)
    colormap = LinearSegmentedColormap.from_list("sides", [COLORS[0], "white", COLORS[1]])
    _paint(ax, grid, score, cmap=colormap, vmin=cut - reach, vmax=cut + reach, alpha=0.45, interpolation="bilinear")
    if score.min() < cut < score.max():
        ax.contour(*grid, score, [cut], colors=INK, linewidths=1.6)


def _class_regions(ax, grid, by_class):
    winner = by_class.argmax(axis=1).reshape(grid[0].shape)
    count = by_class.shape[1]
    colormap = ListedColormap([COLORS[number % len(COLORS)] for number in range(count)])
    _paint(ax, grid, winner, cmap=colormap, vmin=-0.5, vmax=count - 0.5, alpha=0.3, interpolation="nearest")


def _sizes(values):
    """The sizes of the finite entries, 0 if there are none: a net that has blown up is drawn without a warning."""
    finite = np.abs(values[np.isfinite(values)])
    return finite if finite.size else np.zeros(1)


def _paint(ax, grid, values, **style):
    x, y = grid
    ax.imshow(values, extent=(x[0, 0], x[0, -1], y[0, 0], y[-1, 0]), origin="lower", **style)


def _by_class(scores, count):
    """Scores (n, C) or (C, n) as (n, C)."""
    if scores.ndim == 2 and count in scores.shape:
        return scores if scores.shape[0] == count else scores.T
    raise DataError(
        f"The classifier returned an array of shape {scores.shape} for {count:,} points.",
        "Why: it must return one number for each point, or one for each point and class.",
        "What to do: call it on a few samples and look at the shape; axis= says how points are laid out.",
    )


def _plane(points, axis):
    """Points in the plane as (n, 2), and how they were laid out."""
    points = np.asarray(points, float)
    if axis is None and points.ndim == 2 and 2 in points.shape:
        axis = "rows" if points.shape[1] == 2 else "columns"
    if points.ndim != 2 or axis not in ("rows", "columns") or points.shape[1 if axis == "rows" else 0] != 2:
        raise DataError(
            f"Points of shape {points.shape} do not lie in a plane.",
            "Why: each needs two coordinates: (n, 2) with one point a row, (2, n) with one a column.",
            'What to do: look at points.shape and at axis= ("rows" or "columns").',
        )
    return (points if axis == "rows" else points.T), axis


def _classes_of(labels, n):
    """Labels (n,), (1, n) or (n, 1), or one-hot (n, C) or (C, n), as integers (n,)."""
    labels = np.asarray(labels)
    if labels.size == n:
        return labels.reshape(n).astype(int)
    if labels.ndim == 2 and n in labels.shape:
        return labels.argmax(axis=1 if labels.shape[0] == n else 0)
    raise DataError(
        f"Labels of shape {labels.shape} do not belong to {n:,} samples.",
        "Why: there must be one for each sample.",
        "What to do: pass the labels of exactly these samples.",
    )


def _stack(images, shape):
    """Images (N, h, w), (N, h·w) or (h·w, N) as (N, h, w)."""
    images, pixels = np.asarray(images, float), math.prod(shape)
    if images.ndim == 3 and images.shape[1:] == tuple(shape):
        return images
    if images.ndim == 1 and images.size == pixels:
        return images.reshape(1, *shape)
    if images.ndim == 2 and pixels in images.shape:
        rows = images if images.shape[1] == pixels else images.T
        return rows.reshape(-1, *shape)
    if images.shape == tuple(shape):
        return images[None]
    raise DataError(
        f"An array of shape {images.shape} does not hold images of {shape[0]} × {shape[1]}.",
        f"Why: flat images need an axis of length {pixels}, others the shape (N, {shape[0]}, {shape[1]}).",
        "What to do: reshape it, or say shape=(height, width).",
    )


def _moments(name, layer, finite, alive):
    if not finite.size:
        return f"{name}\nno finite value"
    text = f"{name}\nmean {finite.mean():.2g}, spread {finite.std():.2g}"
    zeros, broken = 1 - alive.size / finite.size, 1 - finite.size / layer.size
    return text + (f"\n{zeros:.0%} zeros" if zeros else "") + (f"\n{broken:.0%} not finite" if broken else "")


def _dress_the_notebook():
    """In a kernel: the house style for every figure, and what the dark themes make of it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if ipython and hasattr(shell, "kernel"):
        plt.rcParams.update(STYLE | {"axes.prop_cycle": plt.cycler(color=COLORS)})
        ipython.display.publish_display_data({"text/html": DARK_THEME, "text/plain": ""})


_dress_the_notebook()
