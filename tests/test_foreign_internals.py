"""Internals of other packages that this kit relies on: an assertion each, beside the version bounds of pyproject.toml.

Where one of these fails, a new release of that package has moved something. Mend the module that is named, then the
bound.
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from datetime import datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_nbgrader_reads_a_submission_twice_and_says_which_time_it_is():  # marking/steps.py
    from nbgrader.converters import Autograde

    assert "_sanitizing" in inspect.getsource(Autograde.convert_single_notebook)
    assert "sanitize_preprocessors" in Autograde.class_traits()
    assert "autograde_preprocessors" in Autograde.class_traits()


def test_nbgrader_gives_its_steps_a_converter_with_a_course_directory(tmp_path):  # marking/steps.py
    from nbgrader.converters import Autograde
    from nbgrader.coursedir import CourseDirectory

    assert Autograde(coursedir=CourseDirectory(root=str(tmp_path))).coursedir.root == str(tmp_path)


def test_nbgraders_writing_steps_take_their_gradebook_from_their_modules():  # gradebook/gradebook.py
    from nbgrader.preprocessors import latesubmissions, saveautogrades

    for module in (saveautogrades, latesubmissions):
        assert "Gradebook(" in inspect.getsource(module)
        assert hasattr(module, "Gradebook")


def test_nbgraders_gradebook_asks_through_the_methods_that_are_overridden():  # gradebook/gradebook.py
    from nbgrader import api

    for name in ("find_assignment", "find_student", "find_submission", "find_submission_notebook", "find_grade",
                 "find_comment", "update_or_create_student", "update_or_create_submission"):
        assert callable(getattr(api.Gradebook, name))
    assert {"notebooks", "submissions"} <= set(dir(api.Assignment))
    assert hasattr(api.Notebook, "_base_cells")
    assert hasattr(api.SubmittedAssignment, "total_seconds_late")


def test_nbgrader_validates_through_one_method():  # course/handed_in.py
    from nbgrader import validator

    assert "def validate(self, filename: str)" in inspect.getsource(validator)
    assert "self.validate(filename)" in inspect.getsource(validator.Validator.validate_and_print)


def test_nbgraders_marks_reach_a_page_through_one_method():  # pages/exporter.py
    from nbgrader.preprocessors import GetGrades

    assert list(inspect.signature(GetGrades._get_score).parameters) == ["self", "cell", "resources"]


def test_formgraders_templates_are_where_pages_look():  # pages/exporter.py
    from helpers.grading.pages.exporter import STOCK

    assert (STOCK / "base.tpl").exists() or list(STOCK.glob("*.tpl")), STOCK


def test_nbconverts_exporter_is_made_of_the_parts_that_pages_replace():  # pages/exporter.py, pages/rendering.py
    from nbconvert.exporters import Exporter, HTMLExporter, TemplateExporter
    from nbconvert.filters.markdown_mistune import IPythonRenderer

    assert callable(Exporter._init_resources)
    assert callable(Exporter._preprocess)
    assert callable(Exporter._validate_preprocessor)
    assert issubclass(HTMLExporter, TemplateExporter)
    assert callable(IPythonRenderer._embed_image_or_attachment)


def test_ipythons_shell_shows_results_and_tracebacks_through_what_is_replaced():  # sandbox/inside/shell.py
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    assert callable(InteractiveShell._showtraceback)
    assert callable(DisplayPublisher._validate_data)
    for name in ("start_displayhook", "write_output_prompt", "write_format_data", "finish_displayhook"):
        assert callable(getattr(DisplayHook, name))


def test_copydetects_fingerprints_have_the_parts_that_are_compared():  # pages/similarity.py
    import copydetect

    source = inspect.getsource(copydetect.CodeFingerprint)
    for name in ("hash_idx", "hashes", "token_coverage"):
        assert f"self.{name} =" in source
    assert callable(copydetect.compare_files)


def test_a_broken_pool_of_processes_says_so():  # classes/pool.py
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(1) as pool:
        assert pool._broken is False


# What nbgrader offers to others; all else in it are its own insides, and these modules of ours know them.
OFFERED = {"api", "apps", "coursedir", "exchange", "plugins", "utils"}
KNOWING = {"classes/autograde.py", "course/release.py", "gradebook/gradebook.py", "gradebook/lateness.py",
           "gradebook/saving.py", "marking/autotests.py", "marking/steps.py", "notebooks/restore.py",
           "pages/exporter.py", "pages/hiding.py"}


def knowing_nbgrader(folder: Path) -> set[str]:
    """Modules below a folder that import of nbgrader what it does not offer."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{name}" for name in names]
            parts = [name.split(".") for name in names]
            if any(part[0] == "nbgrader" and part[1:2] and part[1] not in OFFERED for part in parts):
                found.add(path.relative_to(folder).as_posix())
    return found


@pytest.mark.slow
def test_only_named_modules_know_the_insides_of_nbgrader(tmp_path):
    assert knowing_nbgrader(ROOT / "helpers" / "grading") == KNOWING
    for name, line in (("one", "from nbgrader import server_extensions"), ("two", "import nbgrader.preprocessors"),
                       ("three", "from nbgrader.api import Gradebook"), ("four", "import nbgrader")):
        (tmp_path / f"{name}.py").write_text(f"def late():\n    {line}\n")
    assert knowing_nbgrader(tmp_path) == {"one.py", "two.py"}


def imported() -> dict[str, set[Path]]:
    """Top-level packages that `helpers` imports, with the modules that do."""
    found: dict[str, set[Path]] = {}
    for path in (ROOT / "helpers").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = ([alias.name for alias in node.names] if isinstance(node, ast.Import)
                     else [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else [])
            for name in names:
                found.setdefault(name.partition(".")[0], set()).add(path.relative_to(ROOT))
    return found


DISTRIBUTIONS = {"sklearn": "scikit-learn", "IPython": "ipython", "mpl_toolkits": "matplotlib"}


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    return {re.match(r"[\w.-]+", line)[0].lower() for line in lines}


@pytest.mark.slow
def test_reading_notebooks_builds_no_grammar():  # the bound on jsonschema
    program = "import nbformat, sys; sys.exit('lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


@pytest.mark.slow
def test_all_that_is_imported_is_declared():
    known = declared() | set(sys.stdlib_module_names) | {"helpers"}
    missing = {name: sorted(map(str, paths)) for name, paths in imported().items()
               if DISTRIBUTIONS.get(name, name).lower() not in known and name not in known}
    assert not missing


@pytest.mark.parametrize("word", ["unittest.mock", "from unittest import mock"])
def test_no_mocks_in_the_product(word):
    assert not [path for path in (ROOT / "helpers").rglob("*.py") if word in path.read_text(encoding="utf-8")]


def test_an_arrival_in_the_exchange_says_whose_it_is_and_since_when():  # serving/arrivals.py
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.exchange import ExchangeFactory

    collect = ExchangeFactory().Collect(coursedir=CourseDirectory())
    record = collect._path_to_record("a+b+ps1+2026-03-13 22:00:00.500000 UTC+Ab-_")
    assert (record["username"], record["timestamp"]) == ("a+b", datetime(2026, 3, 13, 22, 0, 0, 500_000))
    assert collect.check_owner is True
