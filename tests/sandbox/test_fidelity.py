"""An executed notebook looks as a notebook server would have left it: the walls against nbclient, cell by cell."""

from __future__ import annotations

import re
from pathlib import Path

import nbclient
import nbformat
import pytest
from conftest import ROOT

from helpers import plots
from helpers.grading.notebooks.cells import EXPERIMENT
from helpers.grading.sandbox.bubblewrap import probe
from helpers.grading.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.slow

SOURCES = sorted((ROOT / "source").glob("*/*.ipynb"))
# Times, addresses, and what is measured: the errors of finite differences are round-off, which threads change.
TIMES = re.compile(
    r"\d+(\.\d+)?(e[+-]?\d+)? ?(s|ms|µs|seconds|it/s|times)\b|0x[0-9a-f]+"
    r"|\d(\.\d+)?e[+-]?\d+|\d+\.\d+|\s+"
)


def seen(outputs: list) -> list[tuple]:
    """What a reader sees of a cell's outputs, without what differs from run to run."""
    found: list[tuple] = []
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            text = TIMES.sub("#", output["text"])
            if found and found[-1][:2] == (kind, output["name"]):  # the clock says where a server cuts a long text
                text = found.pop()[2] + text
            found.append((kind, output["name"], re.sub("#+", "#", text)))
        elif kind == "error":
            found.append((kind, output["ename"], TIMES.sub("#", output["evalue"])))
        elif (data := output["data"]).get("text/html") != plots.DARK_THEME:  # which only a kernel is told
            found.append((kind, tuple(sorted(data)), TIMES.sub("#", str(data.get("text/plain", "")))))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=[path.parent.name for path in SOURCES])
def test_outputs_are_those_of_a_notebook_server(path: Path):
    """Every cell but experiments, which grading does not run, and checks, which it runs elsewhere."""
    if path.parent.name == "ps7_pytorch":
        pytest.importorskip("torch")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"
                      and EXPERIMENT not in cell.metadata.get("tags", ())
                      and not (cell.metadata.get("nbgrader", {}).get("grade"))]
    client = nbclient.NotebookClient(notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": ROOT}})
    client.execute()
    kind = "bubblewrap" if probe()[0] else "none"
    with Sandbox(kind) as sandbox, sandbox.open() as student:
        ours = [student.run(cell.source) for cell in notebook.cells]
    for cell, outputs in zip(notebook.cells, ours):
        assert seen(outputs) == seen(cell.outputs), cell.source
