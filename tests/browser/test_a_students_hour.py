"""A student's first hour in JupyterLab and in Notebook 7: what is in the way is said in words."""

from __future__ import annotations

import json
import os
import re
import shutil
import urllib.error
import urllib.request
from pathlib import Path

import browsing
import nbformat
import numpy as np
import pytest
from conftest import SMALL

from helpers.checking.maps import error_map
from helpers.checking.verdict import Row, Verdict

pytestmark = pytest.mark.browser

FRONTENDS = {"JupyterLab": "lab/tree", "Notebook": "notebooks"}
# The kernel's Python has this kit installed; a student's has not.
NOT_INSTALLED = """\
import os, sys
def elsewhere(path):
    return not os.path.exists(os.path.join(path, "helpers", "check.py"))
sys.path[:] = filter(elsewhere, sys.path)
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in f"{finder!r} {finder.__class__.__module__}"]
"""


@pytest.fixture(params=FRONTENDS)
def frontend(request) -> str:
    return FRONTENDS[request.param]


@pytest.fixture
def page(tmp_path, request):
    if browsing.missing():
        pytest.skip(browsing.missing())
    kept = Path(os.environ.get("BROWSER_SCREENSHOTS") or tmp_path)
    kept.mkdir(parents=True, exist_ok=True)
    with browsing.chromium() as page:
        yield page
        page.screenshot(path=kept / f"{re.sub(r'[^a-zA-Z0-9]+', '-', request.node.name)}.png")


@pytest.fixture
def download(small_course, tmp_path) -> Path:
    folder = tmp_path / "Downloads" / SMALL
    shutil.copytree(small_course / "release" / SMALL, folder)
    return folder


def rewritten(folder: Path, change) -> None:
    path = folder / f"{SMALL}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def opened(page, server, frontend: str) -> None:
    page.goto(server.page(f"{frontend}/{SMALL}.ipynb"))
    page.locator(".jp-CodeCell").first.wait_for()
    browsing.wait_until(page, lambda: listening(server))


def listening(server) -> bool:
    """Is a kernel there, with the page at its other end? Cells that are run before stay as they are."""
    try:
        with urllib.request.urlopen(server.page("api/kernels"), timeout=20) as answer:
            return any(kernel["execution_state"] == "idle" and kernel["connections"] for kernel in json.load(answer))
    except urllib.error.HTTPError:  # as long as a kernel is being started
        return False


def saved(page, folder: Path, done) -> list[dict]:
    """The cells as they are kept, once they are as they should be: not all that is kept is drawn."""
    path, found = folder / f"{SMALL}.ipynb", []

    def kept() -> bool:
        page.keyboard.press("Control+s")
        page.wait_for_timeout(1000)
        found[:] = json.loads(path.read_text())["cells"]
        return bool(done(found))

    browsing.wait_until(page, kept)
    return found


def outputs(cells: list[dict]) -> list[dict]:
    return [output for cell in cells for output in cell.get("outputs", ())]


def test_without_the_folder_the_first_cell_says_what_to_do(page, download, tmp_path, frontend, monkeypatch):
    shutil.rmtree(download / "helpers")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NOT_INSTALLED)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    with browsing.jupyter_lab(download, tmp_path / "jupyter") as server:
        opened(page, server, frontend)
        browsing.choose(page, "Run", "Run All Cells")
        first = outputs(saved(page, download, outputs))[0]  # going on after an error is a front end's affair
    said = "\n".join(first["traceback"])
    assert "Do not `pip install helpers`" in said
    assert "Traceback" not in said


def test_a_check_that_is_run_first_says_to_run_what_is_above(page, download, tmp_path, frontend):
    def only_the_check_is_near(notebook):
        notebook.cells.sort(key=lambda cell: cell.metadata.get("nbgrader", {}).get("grade_id") != "gradient-check")

    rewritten(download, only_the_check_is_near)
    with browsing.jupyter_lab(download, tmp_path / "jupyter") as server:
        opened(page, server, frontend)
        page.locator(".jp-CodeCell", has_text="check.gradients").locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        said = page.locator(".jp-OutputArea-output").first
        said.wait_for()
        assert "run all cells above it first" in said.inner_text()
        assert "NameError" not in page.locator(".jp-Notebook").inner_text()


def test_a_notebook_that_is_not_trusted_keeps_the_map(page, download, tmp_path, frontend):
    expected = np.arange(12.0).reshape(3, 4) + 1
    got = expected.copy()
    got[1, 2] = 40
    verdict = Verdict("elsewhere", [Row("dW", 1.0, where="dW[1, 2]: got 40", error_map=error_map(got, expected))])

    def with_output(notebook):
        cell = nbformat.v4.new_code_cell("1", execution_count=1)
        cell.outputs = [nbformat.v4.new_output("execute_result", verdict.mimebundle(), execution_count=1)]
        notebook.cells.insert(0, cell)

    rewritten(download, with_output)
    with browsing.jupyter_lab(download, tmp_path / "jupyter") as server:
        opened(page, server, frontend)
        shown = page.locator(".jp-OutputArea-output", has_text="elsewhere").first
        shown.wait_for()
        lines = [line.rstrip() for line in shown.inner_text().split("\n")]
        assert "1 · · + ·" in lines
        assert "0 1 2 3" in [line.strip() for line in lines]
        assert "✗" in shown.inner_text()
        square = shown.get_by_text("+", exact=True)
        assert square.evaluate("element => getComputedStyle(element).backgroundColor").startswith("rgba(224, 64, 44")


def test_figures_are_light_on_dark_in_a_dark_theme(page, download, tmp_path, frontend):
    drawn = """import matplotlib.pyplot as plt
from helpers import plots
(line,) = plt.plot([1, 2])
print(line.get_color() == plots.COLORS[0])
plt.show()"""
    rewritten(download, lambda notebook: notebook.cells.insert(0, nbformat.v4.new_code_cell(drawn)))
    browsing.dark(tmp_path / "jupyter")
    with browsing.jupyter_lab(download, tmp_path / "jupyter") as server:
        opened(page, server, frontend)
        page.locator(".jp-CodeCell").first.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        shown = page.locator(".jp-RenderedImage img").first
        shown.wait_for()
        assert shown.evaluate("element => getComputedStyle(element).filter").startswith("invert(0.93)")
        page.locator(".jp-OutputArea-output", has_text="True").first.wait_for()  # plain matplotlib has the colours, too
