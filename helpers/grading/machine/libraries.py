"""Python against its libraries: what is installed but was not made for this Python, and whether pages can be drawn."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import packaging.requirements
import packaging.specifiers
import packaging.utils

from helpers.grading.machine.finding import Finding

# Drawing any page goes through these selectors; what fails here is an error 500 in formgrader.
DRAW = ("import nbformat.v4 as v4; from nbconvert import HTMLExporter; "
        "HTMLExporter().from_notebook_node(v4.new_notebook(cells=[v4.new_markdown_cell('$x$ **b**')]))")
SECONDS = 120
PYTHON = (sys.executable, "-P")  # imports nothing from the folder where the command was given: it may be a student's


def of_libraries(distribution: str) -> Iterator[Finding]:
    """Of what the kit needs, directly or not."""
    found = sorted(unfit(distribution))
    version = platform.python_version()
    for name, has, why in found:
        yield Finding(name, "missing", f"{has} {why}", f'pip install "{_bound(name, has)}"',
                      partial(_install, _bound(name, has)))
    drawn = subprocess.run([*PYTHON, "-c", DRAW], capture_output=True, text=True, timeout=SECONDS)
    if drawn.returncode:
        last = (drawn.stderr.strip().splitlines() or ["no reason given"])
        reason = next((line for line in reversed(last) if "Error" in line), last[-1])
        yield Finding("formgrader's pages", "missing", f"cannot be drawn with Python {version}: {reason[:200]}",
                      "put the libraries above right" if found else "pip install --upgrade nbconvert beautifulsoup4, "
                      "or use a newer Python")
    elif not found:
        yield Finding("Python and its libraries", "ok", f"each is made for Python {version}; pages can be drawn")


def unfit(distribution: str) -> Iterator[tuple[str, str, str]]:
    """Installed packages below `distribution` that do not want this Python, or that others do not want."""
    seen, waiting = set(), [packaging.requirements.Requirement(distribution)]
    while waiting:
        wanted = waiting.pop()
        name = packaging.utils.canonicalize_name(wanted.name)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of what is missing, the list of requirements tells
        python = (found.metadata.get_all("Requires-Python") or [""])[0]
        if name not in seen and python and not packaging.specifiers.SpecifierSet(python).contains(
                platform.python_version(), prereleases=True):
            yield name, found.version, f"is made for Python {python}, and this is {platform.python_version()}"
        if name in seen:
            continue
        seen.add(name)
        for line in found.requires or ():
            further = packaging.requirements.Requirement(line)
            if further.marker is None or any(further.marker.evaluate({"extra": extra})
                                             for extra in ("", *wanted.extras)):
                waiting.append(further)


def _bound(name: str, has: str) -> str:
    """Below what is installed; pip then takes the newest that fits this Python."""
    return f"{name}<{has}"


def _install(bound: str) -> str:
    pip = subprocess.run([*PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", bound],
                         capture_output=True, text=True)
    return "" if pip.returncode == 0 else f"pip could not install it: {(pip.stderr.strip().splitlines() or ['?'])[-1]}"
