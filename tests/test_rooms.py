"""The house: what may import what. The contracts stand in pyproject.toml."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINT = (sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")


def lint(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(LINT, cwd=folder, capture_output=True, text=True, timeout=300)


def copy_of_the_house(folder: Path) -> Path:
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    shutil.copytree(ROOT / "helpers", folder / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.slow
def test_every_arrow_runs_down():
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("module", "forbidden", "contract"), [
    ("check.py", "import helpers.grading.text", "The student half knows no grader"),
    ("diagnosis/factors.py", "import helpers.checking.probe", "Every arrow runs down"),
    ("grading/notebooks/master.py", "import helpers.grading.pages.report", "instructor's half runs down"),
    ("grading/sandbox/outputs.py", "import nbgrader", "The sandbox knows no nbgrader"),
    ("grading/sandbox/inside/walls.py", "import nbformat", "inside the walls knows no grader"),
    ("grading/sandbox/limits.py", "import helpers.grading.sandbox.sandbox", "No circles"),
    ("grading/pages/report.py", "from nbconvert.exporters import HTMLExporter", "insides of other packages"),
    ("checking/verdict.py", "import IPython", "insides of other packages"),
    ("grading/cli/term.py", "from nbgrader import api", "know no nbgrader"),
])
def test_a_forbidden_import_breaks_its_contract(tmp_path, module, forbidden, contract):
    folder = copy_of_the_house(tmp_path)
    path = folder / "helpers" / module
    path.write_text(f"{path.read_text()}\n{forbidden}\n")
    done = lint(folder)
    assert done.returncode == 1
    assert any(contract in line and "BROKEN" in line for line in done.stdout.splitlines()), done.stdout


def test_every_room_says_what_belongs_there():
    for room in (ROOT / "helpers").rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(room.read_text())), room


@pytest.mark.slow
def test_every_name_of_a_module_in_a_string_is_a_module():
    """Names in strings survive no renaming on their own: configurations, programs that are started, templates."""
    for path in (ROOT / "helpers").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("helpers."):
                parts = node.value.split()[0].split(".")
                places = [ROOT.joinpath(*parts[:n]) for n in (len(parts) - 1, len(parts))]
                assert any(p.is_dir() or p.with_suffix(".py").exists() for p in places), (path, node.value)


@pytest.mark.slow
def test_public_functions_are_typed():
    """mypy proves what is written down; this holds that it is written down wherever somebody calls from elsewhere."""
    untyped = []
    for path in sorted((ROOT / "helpers").rglob("*.py")):
        for name, function in _public(ast.parse(path.read_text()).body):
            arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs,
                         *filter(None, (function.args.vararg, function.args.kwarg))]
            missing = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
            if missing or (function.returns is None and name != "__init__"):
                untyped.append(f"{path.relative_to(ROOT)}:{function.lineno} {name} {missing}")
    assert not untyped


def _public(body):
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _public(node.body)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (
                not node.name.startswith("_") or node.name == "__init__"):
            yield node.name, node
