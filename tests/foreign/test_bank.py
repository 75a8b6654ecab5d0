"""Assignments that this kit did not make, marked as stock nbgrader marks them; and what cannot be forged is not.

`stock.json` has stock nbgrader's marks, made by `python benchmarks/foreign.py --stock`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import bank
import nbformat
import pytest
from nbgrader.utils import determine_grade

from helpers.grading.marking.job import GradingJob, Result, SubmissionTask, imported_modules
from helpers.grading.marking.ways import Ways, prove
from helpers.grading.marking.worker import grade
from helpers.grading.notebooks.cells import grade_id_of, is_check
from helpers.grading.notebooks.restore import recorded
from helpers.grading.sandbox.limits import Limits
from helpers.grading.sandbox.process import SubmissionProcess
from helpers.grading.sandbox.sandbox import walls_available

pytestmark = [pytest.mark.walls, pytest.mark.slow]
STOCK = json.loads(Path(__file__).with_name("stock.json").read_text())
ASSIGNMENTS = bank.all_assignments()


@cache
def proved(name: str, notebook: str) -> tuple[GradingJob, Ways]:
    assignment = next(a for a in ASSIGNMENTS if a.name == name)
    source = assignment.source(notebook)
    job = GradingJob(
        name=notebook, source=nbformat.writes(source), recorded=nbformat.writes(recorded(source, notebook)), master="",
        files=tuple(sorted((name, text.encode()) for name, text in assignment.files.items())), seed=1, depth="why",
        limits=Limits(), sandbox="auto" if walls_available()[0] else "none", imports=tuple(imported_modules(source)))
    ways = prove(job)
    return ways.of(job), ways


def marks(assignment: bank.Assignment, kind: str) -> tuple[dict[str, float], set[str]]:
    """Points by test of a submission, and which of the tests ran in the student's process."""
    found: dict[str, float] = {}
    inside: set[str] = set()
    for notebook in assignment.notebooks:
        job, ways = proved(assignment.name, notebook)
        assert not ways.problems, ways.problems
        handed_in = assignment.submission(notebook, kind, nbformat.reads(job.recorded, as_version=4))
        task = SubmissionTask(kind, nbformat.writes(handed_in).encode(), job.files)
        graded = nbformat.reads(Result.from_bytes(grade(job, task)).notebook, as_version=4)
        found |= {grade_id_of(cell): float(determine_grade(cell)[0]) for cell in graded.cells if is_check(cell)}
        inside |= {*ways.forgeable}
    return found, inside


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.name)
def test_marks_are_those_of_stock_nbgrader(assignment):
    for kind in ("right", "untouched", "broken"):
        assert marks(assignment, kind)[0] == STOCK[assignment.name][kind], kind


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.name)
@pytest.mark.parametrize("kind", ["lies", "patches"])
def test_a_hostile_submission_earns_nothing_in_the_grader(assignment, kind):
    points, inside = marks(assignment, kind)
    assert {name: score for name, score in points.items() if score and name not in inside} == {}


def test_most_tests_cannot_be_forged():
    ways = [way for a in ASSIGNMENTS for notebook in a.notebooks for way in proved(a.name, notebook)[1].ways.values()]
    assert len(ASSIGNMENTS) >= 15
    assert ways.count("a") >= 0.75 * len(ways), f"{ways.count('a')} of {len(ways)}"


SHARES = "import numpy as np\ndef shares(z):\n    e = np.exp(z)\n    return e / e.sum()\nhalf = 0.5"
METHODS = """p = shares(np.array([1.0, 2.0]))
assert p.sum() == 1 and p.shape == (2,) and p.argmax() == 1 and isinstance(p, np.ndarray)
assert float(half) == 0.5"""
ITEMS = "assert [round(float(share), 2) for share in shares(np.array([1.0, 2.0]))] == [0.27, 0.73]"
LIKE_AN_ARRAY = """
class Like:
    shape, dtype = (2,), np.dtype(float)
    def sum(self): return 1
    def argmax(self): return 1
    def __float__(self): return 0.5
    def __iter__(self): return iter([Like(), Like()])
Like.__module__, Like.__qualname__ = "numpy", "ndarray"
"""
AS_OBJECTS = {
    "an object of a class": LIKE_AN_ARRAY + "def shares(z): return Like()\nhalf = Like()",
    "objects in a list": LIKE_AN_ARRAY + "def shares(z): return [Like(), Like()]\nhalf = [Like()][0]",
    "an object of a function's": LIKE_AN_ARRAY + "def shares(z): return iter([Like(), Like()])\nhalf = lambda: 0.5",
}


@pytest.mark.parametrize("answer", [SHARES, *AS_OBJECTS.values()], ids=["right", *AS_OBJECTS])
def test_an_object_in_the_place_of_data_is_asked_for_its_items_alone(answer):
    """What the assignment's own functions return says what stands in the place of data."""
    job, ways = proved_of((SHARES, METHODS, ITEMS))
    assert {*ways.ways.values()} == {"a"}
    handed_in = nbformat.reads(job.recorded, as_version=4)
    handed_in.cells[0].source = "import numpy as np\n" + answer
    graded = nbformat.reads(Result.from_bytes(grade(job, SubmissionTask(
        "eve", nbformat.writes(handed_in).encode(), ()))).notebook, as_version=4)
    found = [float(determine_grade(cell)[0]) for cell in graded.cells if is_check(cell)]
    assert found == ([1, 1] if answer == SHARES else [0, 0])


SHELF = "class Shelf:\n    def remove(self, what):\n        self.removed = what\nshelf = Shelf()"


def test_a_module_in_the_place_of_an_object_runs_nothing_in_the_grader(tmp_path):
    kept = tmp_path / "kept"
    kept.write_text("")
    found, _ = marks_of_one(f"import os as shelf\n{SHELF.split('shelf =')[0]}", SHELF, f"shelf.remove({str(kept)!r})")
    assert found == [0]
    assert kept.exists()


def test_what_a_function_prints_into_a_test_is_cut():
    talks = "def twice(x):\n    print('y' * 1_000_000)\n    return 2 * x"
    found, content = marks_of_one(talks, "def twice(x):\n    return 2 * x",
                                  "for number in range(9):\n    assert twice(number) == 2 * number")
    assert found == [1]
    assert len(content) < 2 * Limits().output_bytes


def test_plain_tests_that_never_end_have_half_as_long_each_time(monkeypatch):
    """In both ways: of twelve such tests each would have the time of a cell."""
    given = []
    monkeypatch.setattr(SubmissionProcess, "_request", lambda self, message, seconds, take: (
        given.append(seconds), setattr(self, "_late", self._late + 1), ({}, True))[-1])
    student = SubmissionProcess.__new__(SubmissionProcess)
    vars(student).update(limits=Limits(), _late=0, ended=None, ran=0, _shown=0, _displays={})
    for _ in range(3):
        student.test("f()", "<test>", [])
        student.ask({"do": "apply"}, 30)
    assert given == [30, 15, 7.5, 3.75, 2, 2]


def marks_of_one(answer: str, *texts: str) -> tuple[list[float], bytes]:
    """Points by test, and the whole result, of an answer to an assignment of one solution cell and tests."""
    job, ways = proved_of(texts)
    assert {*ways.ways.values()} == {"a"}
    handed_in = nbformat.reads(job.recorded, as_version=4)
    handed_in.cells[0].source = answer
    content = grade(job, SubmissionTask("eve", nbformat.writes(handed_in).encode(), ()))
    graded = nbformat.reads(Result.from_bytes(content).notebook, as_version=4)
    return [float(determine_grade(cell)[0]) for cell in graded.cells if is_check(cell)], content


def test_what_is_asked_for_its_items_may_be_any_object():
    job, _ = proved_of((SHARES, METHODS, ITEMS))
    handed_in = nbformat.reads(job.recorded, as_version=4)
    handed_in.cells[0].source = SHARES.replace("return e / e.sum()", "return map(float, e / e.sum())")
    graded = nbformat.reads(Result.from_bytes(grade(job, SubmissionTask(
        "ada", nbformat.writes(handed_in).encode(), ()))).notebook, as_version=4)
    assert [float(determine_grade(cell)[0]) for cell in graded.cells if is_check(cell)] == [0, 1]


def test_an_iterator_of_a_students_is_its_own_iterator():
    halves = "def halves(items):\n    for item in items:\n        yield item / 2"
    _, ways = proved_of((halves, "found = halves([2, 4])\nassert iter(found) is found and next(found) == 1\n"
                                 "assert list(found) == [2]"))
    assert {*ways.ways.values()} == {"a"}


IN_THE_GRADER = {
    "input that a test answers": (
        "def ask():\n    while not (said := input('n: ')).isdigit():\n        print('again')\n    return int(said)",
        "from unittest.mock import patch\nwith patch('builtins.input', side_effect=['x', '4']) as asked:\n"
        "    assert ask() == 4\nasked.assert_called_with('n: ')",
        "import builtins\nbuiltins.input = lambda prompt: '7'\nassert ask() == 7"),
    "chance that a test decides": (
        "import random\ndef dice(): return [random.randint(1, 6), random.randint(1, 6)]",
        "from unittest import mock\nwith mock.patch('random.randint', return_value=6) as rolled:\n"
        "    assert dice() == [6, 6]\nassert rolled.call_count == 2"),
    "files that an answer writes, and a test": (
        "from pathlib import Path\ndef keep(folder, numbers):\n    place = Path(folder) / 'kept'\n    place.mkdir()\n"
        "    (place / 'numbers.txt').write_text(str(numbers))\n    return place / 'numbers.txt'\n"
        "def read(path):\n    return open(path).read()\nPath('begun.csv').write_text('a,b')",
        "import os, tempfile\nwith tempfile.TemporaryDirectory() as folder:\n    place = keep(folder, [1, 2])\n"
        "    assert isinstance(place, Path) and place.parent.name == 'kept' and place.read_text() == '[1, 2]'\n"
        "    assert open(os.path.join(folder, 'kept', 'numbers.txt')).read() == '[1, 2]'",
        "assert Path('begun.csv').read_text() == 'a,b'",
        "Path('given.txt').write_text('x')\nassert read('given.txt') == 'x'\nPath('given.txt').write_text('y')\n"
        "assert read('given.txt') == 'y'"),
    "what an answer changes in the notebook": (
        "scores = {}\ndef record(name, points):\n    scores[name] = points",
        "scores.clear()\nrecord('ada', 3)\nassert scores == {'ada': 3}"),
    "what is written to stderr": (
        "import sys\ndef warn(): print('careful', file=sys.stderr)",
        "import contextlib, io\nwith contextlib.redirect_stderr(io.StringIO()) as said:\n    warn()\n"
        "assert said.getvalue() == 'careful\\n'"),
}


@pytest.mark.parametrize("texts", IN_THE_GRADER.values(), ids=IN_THE_GRADER)
def test_what_a_test_puts_in_pythons_place_is_there_for_an_answer(texts):
    _, ways = proved_of(texts)
    assert {*ways.ways.values()} == {"a"}, ways.why


AS_IN_A_NOTEBOOK = {
    "annotations are classes, not texts": (
        "def kinds(f):\n    return list(f.__annotations__.values())",
        "def twice(x: int) -> float: ...\nassert kinds(twice) == [int, float]"),
    "what was printed is in the name that %%capture gives it": (
        "def greet(): print('hello')", "%%capture --no-stderr said\ngreet()", "assert said.stdout == 'hello\\n'"),
}


@pytest.mark.parametrize("texts", AS_IN_A_NOTEBOOK.values(), ids=AS_IN_A_NOTEBOOK)
def test_a_cell_means_what_it_means_in_a_notebook(texts):
    _, ways = proved_of(texts)
    assert not ways.problems


@cache
def proved_of(texts: tuple[str, ...]) -> tuple[GradingJob, Ways]:
    """An assignment of one solution cell and tests of a point each."""
    source = bank._notebook([bank._cell("solution", "shares", texts[0]), *(
        bank._cell("test", f"test-{number} 1", text) for number, text in enumerate(texts[1:]))])
    job = GradingJob(name="one", source=nbformat.writes(source), recorded=nbformat.writes(recorded(source, "one")),
                     master="", files=(), seed=1, depth="why", limits=Limits(), sandbox="none", imports=())
    ways = prove(job)
    return ways.of(job), ways


def test_a_hidden_test_is_not_shown_whatever_its_delimiters_are():
    """As `c.ClearHiddenTests` names them: the marks are those of nbgrader, and the page says only that it failed."""
    assignment = next(a for a in ASSIGNMENTS if a.name == "variables")
    source = assignment.source(assignment.name)
    for cell in source.cells:
        cell.source = cell.source.replace("### BEGIN HIDDEN TESTS", "# SECRET >").replace(
            "### END HIDDEN TESTS", "# < SECRET").replace("assert seen ==", "assert 1224 not in seen or seen ==")
    kept = recorded(source, assignment.name)
    kept.metadata["hidden_tests"] = ["SECRET >", "< SECRET"]
    job = GradingJob(name="variables", source=nbformat.writes(source), recorded=nbformat.writes(kept), master="",
                     files=(), seed=1, depth="why", limits=Limits(), sandbox="none", imports=())
    handed_in = nbformat.from_dict(kept)
    for cell in handed_in.cells:
        if grade_id_of(cell) == "interest":
            cell.source = assignment.answers["right", "interest"].replace("set(map(int, growth))", "{1224}")
    graded = grade(job, SubmissionTask("ada", nbformat.writes(handed_in).encode(), ()))
    told = [str(cell.outputs) for cell in nbformat.reads(Result.from_bytes(graded).notebook, as_version=4).cells
            if grade_id_of(cell) == "tables"]
    assert "A hidden test failed" in told[0]
    assert "1242, 1260" not in told[0]
