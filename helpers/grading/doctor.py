"""What is installed on this machine, what is missing, and what to do."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NEEDED = ("numpy", "scipy", "matplotlib", "scikit-learn", "pandas", "mlxtend", "jupyterlab", "nbgrader", "jupytext",
          "typer", "rich")
OPTIONAL = {"torch": "needed for the PyTorch problem set only: pip install -e .[torch]",
            "torchvision": "needed for the PyTorch problem set only: pip install -e .[torch]",
            "distributed": "needed to grade on a cluster only: pip install distributed"}


@dataclass
class Requirement:
    what: str
    state: str  # "ok", "optional" or "missing"
    says: str
    do: str = ""


def examine() -> list[Requirement]:
    return list(_findings())


def _findings() -> Iterator[Requirement]:
    from helpers.grading.sandbox.sandbox import walls_available

    new_enough = sys.version_info >= (3, 11)
    yield Requirement("Python", "ok" if new_enough else "missing", platform.python_version(),
                  "" if new_enough else "install Python 3.11 or later")
    for name in NEEDED:
        version = _version(name)
        yield Requirement(name, "ok" if version else "missing", version or "not installed",
                      "" if version else "pip install -r requirements.txt -e .[grading]")
    for name, why in OPTIONAL.items():
        version = _version(name)
        yield Requirement(name, "ok" if version else "optional", version or "not installed", "" if version else why)
    walls, why = walls_available()
    yield Requirement("walls around student code", "ok" if walls else "optional", why)
    data = os.environ.get("COURSE_DATA")
    if data and Path(data).is_dir():
        yield Requirement("COURSE_DATA", "ok", f"data from {data}")
    elif data:
        yield Requirement("COURSE_DATA", "missing", f"{data} is no folder", "correct or unset it")
    else:
        yield Requirement("COURSE_DATA", "optional", "not set: the 5,000 bundled digits are used",
                      "set it to a folder in torchvision's layout for full MNIST and FashionMNIST")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
