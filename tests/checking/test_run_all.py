"""Run All runs all: whatever the answers are, every cell is reached, and what is wrong is said in words."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import time
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT, SMALL
from nbclient import NotebookClient

from helpers import check
from helpers.checking import cells, demonstrations
from helpers.checking.absent import defined_by
from helpers.checking.reach import globals_of, reached
from helpers.grading.authoring import agreement
from helpers.grading.authoring.validity import at_hand
from helpers.grading.marking.quiet import quietly
from helpers.grading.notebooks import master

MASTERS = sorted((ROOT / "notebooks").glob("*.py"))
EVERY = os.environ.get("EVERY_MISTAKE") == "1"  # else one of each question, another at each position
SECONDS = 1.0  # of processor time for a demonstration: one that is still at work has not stopped


def ran(folder: Path, answers: dict[str, str], source: str = "source") -> nbformat.NotebookNode:
    """A notebook of the small course after Run All with these answers."""
    notebook = nbformat.read(folder / source / SMALL / f"{SMALL}.ipynb", as_version=4)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
    release = folder / "release" / SMALL
    return NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(release)}}).execute()


def said(notebook: nbformat.NotebookNode) -> str:
    parts = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            parts.append(output.get("text") or output.get("data", {}).get("text/html", ""))
    return re.sub(r"<[^>]+>", "", "\n".join(parts))


@pytest.mark.parametrize(("answers", "words"), [
    ({"loss": "def loss(w, X, y):\n    return X.no_such_thing\n"}, ["AttributeError", "the notebook goes on"]),
    ({"loss": "def loss(w, X, y)\n    return 1\n"}, ["its cell has a syntax error in line 1", "def loss(w, X, y)"]),
    ({"loss": "def los(w, X, y):\n    return 1\n"}, ["but los is: give it back the name"]),
])
def test_run_all_reaches_the_last_cell_and_says_what_to_do(small_course: Path, answers, words):
    notebook = ran(small_course, answers)
    text = said(notebook)
    assert all(word in text for word in words), text
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert "Traceback" not in text


def test_the_released_notebook_runs_to_its_end_unfilled(small_course: Path):
    notebook = ran(small_course, {}, "release")
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert "is written" in said(notebook)


class _OutOfTime(BaseException):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("path", MASTERS, ids=[path.stem for path in MASTERS])
def test_no_mistake_stops_a_demonstration(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Every demonstration that uses a function, with the function's mistakes; the rest of the notebook is right."""
    if path.stem.startswith("ps7"):
        pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    problem_set, _ = at_hand(str(path), next(iter(master.read(path).questions)))
    demonstrations_here = demonstrations_of(path.stem)
    shown = [cell.source for cell in problem_set.notebook.cells if cell.cell_type == "code"
             and cells.digest(cell.source) in demonstrations_here
             and "experiment" not in cell.metadata.get("tags", ())]
    tried = 0
    for question in problem_set.master.questions.values():
        for mistake in question.mistakes if EVERY else question.mistakes[:1]:
            namespace = agreement.notebook_namespace(problem_set, [mistake.source])
            for source in shown:
                used = reached(globals_of(compile(source, "demonstration", "exec")), namespace)
                if used & set(question.cell.defined()):
                    show(source, dict(namespace))
                    tried += 1
    if not tried:
        pytest.skip("what shows answers in this set are experiments, which take too long to try with each mistake")


def demonstrations_of(name: str) -> list[str]:
    """Digests of the cells that show something, as the build wrote them."""
    return json.loads((ROOT / "release" / name / "expected.json").read_text())["demonstrations"]


@pytest.mark.parametrize("name", [path.stem for path in MASTERS])
def test_every_cell_that_runs_an_answer_is_a_check_or_goes_on(name: str):
    """What runs answers and is neither stops "Run All" as soon as one of them raises."""
    asked = dict(json.loads((ROOT / "release" / name / "expected.json").read_text())["questions"])
    hard = []
    for cell in nbformat.read(ROOT / "release" / name / f"{name}.ipynb", as_version=4).cells:
        info = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or info.get("grade") or info.get("solution"):
            continue
        run = [node for node in ast.parse(cell.source).body if not isinstance(node, (ast.FunctionDef, ast.ClassDef))
               and not (isinstance(node, ast.With) and "check.once_written()" in ast.unparse(node.items[0]))]
        read = {node.id for part in run for node in ast.walk(part) if isinstance(node, ast.Name)}
        if read & set(asked) and cells.digest(cell.source) not in demonstrations_of(name):
            hard.append(cell.source)
    assert not hard


def show(source: str, namespace: dict) -> None:
    """Run a demonstration as the kernel does. Raises what it lets out."""
    import io

    def stop(number, frame):
        raise _OutOfTime

    tree = ast.fix_missing_locations(cells.softly(ast.parse(source)))
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with quietly(io.StringIO()):
            exec(compile(tree, "<demonstration>", "exec"), namespace)
    except _OutOfTime:
        pass
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def test_a_demonstration_says_that_a_check_is_red(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demonstrations, "_red", {})
    says = "mend `shown_here`, whose check is red, first"
    for first, second in ((False, True), (True, False), (True, True)):  # of two checks of one function
        demonstrations.note_verdict("shown_here", "values", first)
        demonstrations.note_verdict("shown_here", "training", second)
        with check.once_written():
            shown_here()
        assert (says in capsys.readouterr().out) is not (first and second)


def shown_here() -> float:
    return time.time()


def test_what_is_not_written_is_waited_for_and_not_doubted(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demonstrations, "_red", {})
    monkeypatch.setattr(demonstrations, "_unwritten", set())
    demonstrations.note_verdict("shown_here", "values", False, written=False)
    with check.once_written():  # it was not called, or the cell would not have come so far
        if not tmp_path:
            shown_here()
    assert capsys.readouterr().out == ""
    with check.once_written():
        {}["what an earlier cell would have made"] or shown_here()
    assert capsys.readouterr().out == "This cell has something to show once `shown_here` is written.\n"


@pytest.mark.parametrize("name", [path.stem for path in MASTERS])
def test_what_is_to_mend_is_named_in_the_order_of_the_questions(name: str, monkeypatch, tmp_path):
    folder = ROOT / "release" / name
    answers = [line for cell in nbformat.read(folder / f"{name}.ipynb", as_version=4).cells
               if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution")
               for line in defined_by(cell.source)]
    monkeypatch.chdir(folder)
    asked = list(demonstrations.questions())
    assert asked == [one for one in answers if one in asked]
    assert len(asked) > 9


def test_a_cell_of_definitions_and_constants_shows_nothing_that_could_be_wrong():
    folder, shown = ROOT / "release" / "ps8_graph", demonstrations_of("ps8_graph")
    digests = {cell.metadata.get("nbgrader", {}).get("grade_id"): cells.digest(cell.source)
               for cell in nbformat.read(folder / "ps8_graph.ipynb", as_version=4).cells}
    assert shown
    assert digests["graph-cases"] not in shown


def alone(folder: Path, name: str) -> str:
    """What the cells of a release say when one is run in a fresh kernel, and then another check."""
    notebook = nbformat.read(folder / "release" / SMALL / f"{SMALL}.ipynb", as_version=4)
    notebook.cells = [cell for cell in notebook.cells
                      if cell.metadata.get("nbgrader", {}).get("grade_id") in (name, "loss-check")]
    client = NotebookClient(notebook, timeout=300, allow_errors=True,
                            resources={"metadata": {"path": str(folder / "release" / SMALL)}})
    return said(client.execute())


def test_a_check_that_is_run_first_after_a_restart_says_what_to_run(small_course: Path):
    text = alone(small_course, "gradient-check")
    assert text.count("which cells above define: run all cells above it first") == 2
    assert "Traceback" not in text
    assert "NameError" not in text
