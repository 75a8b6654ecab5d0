"""A small problem set and a class that has handed it in, graded: for the tests of feedback and reports."""

from __future__ import annotations

import contextlib
import copy
import json
from datetime import datetime
from pathlib import Path

import nbformat

from helpers.grading.authoring import build as building
from helpers.grading.classes.autograde import autograde
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.notebooks.restore import recorded

NAME = "small_set"
DUE = datetime(2026, 3, 13, 23, 0)
REASON = "The squares are summed, not averaged: divide by the number of samples."
SECRET = "a_line_that_only_the_grader_reads"

MASTER = f'''# %% [markdown]
# # A small problem set
# %%
import numpy as np

from helpers import check, plots
# %% [markdown]
# ## 1.1 The mean of the squares
#
# The loss is $L = \\frac{{1}}{{t}} \\sum_{{s=1}}^{{t}} r_s^2$ for residuals of shape `(t,)`.
#
# $$\\begin{{aligned}} L &= \\lVert r \\rVert^2 / t \\\\ &\\ge 0 \\end{{aligned}}$$
# %% nbgrader={{"grade_id": "residual-cases", "locked": true}}
def residual_cases(rng, sizes=(4, 7)):
    for t in sizes:
        yield {{"r": rng.standard_normal(t), "case": f"t = {{t}}"}}
# %% nbgrader={{"grade_id": "mean-square", "solution": true}}
def mean_square(r):
    """r: (t,). Returns one number."""
    ### BEGIN SOLUTION
    return float(np.mean(r ** 2))
    ### END SOLUTION
# %% nbgrader={{"grade_id": "mean-square-check", "grade": true, "points": 2}}
check.values(
    mean_square, at=residual_cases, points=2,
    ### BEGIN HIDDEN TESTS
    also_at=lambda {SECRET}: residual_cases({SECRET}, sizes=(1,)),
    ### END HIDDEN TESTS
)
# %% tags=["mistake"] question="mean-square" says="{REASON}"
def mean_square(r):
    return float(np.sum(r ** 2))
# %% [markdown]
# ## 1.2 Twice
# %% nbgrader={{"grade_id": "numbers", "locked": true}}
def numbers(rng):
    yield {{"x": float(rng.standard_normal()), "case": "a number"}}
# %% nbgrader={{"grade_id": "twice", "solution": true}}
def twice(x):
    """x: number. Returns a number."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
# %% nbgrader={{"grade_id": "twice-check", "grade": true, "points": 3}}
check.values(twice, at=numbers, points=3)
# %% [markdown]
# ## 1.3 Why?
# %% [markdown] nbgrader={{"grade_id": "why", "grade": true, "solution": true, "points": 4}}
# ### BEGIN SOLUTION
# The model answer.
# ### END SOLUTION
'''

RIGHT = {"mean-square": "def mean_square(r):\n    return float(np.mean(r ** 2))", 
         "twice": "def twice(x):\n    return 2 * x", "why": "Because."}
SUMMED = "def mean_square(r):\n    return float(np.sum(r ** 2))"


def empty_course(folder: Path) -> Course:
    """A course folder with the small problem set, built."""
    (folder / "notebooks").mkdir(parents=True)
    (folder / "notebooks" / f"{NAME}.py").write_text(MASTER, encoding="utf-8")
    for file in ("nbgrader_config.py", "requirements.txt"):
        (folder / file).write_bytes((Path(__file__).parent.parent / file).read_bytes())
    course = Course(folder)
    building.build(course, NAME)
    books.register(course, NAME, recorded(course.source_notebook(NAME), NAME, course.config))
    with contextlib.closing(books.ClassGradebook(course, NAME)) as book:
        book.update_or_create_assignment(NAME, duedate=DUE)
    return course


def answered(course: Course, answers: dict[str, str]) -> nbformat.NotebookNode:
    """The release with answers in its solution cells."""
    path = course.folder("release", ".", NAME) / f"{NAME}.ipynb"
    notebook = copy.deepcopy(nbformat.read(path, as_version=4))
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(grade_id, cell.source)
    return notebook


def hand_in(course: Course, student: str, content: nbformat.NotebookNode | str, when: datetime = DUE) -> None:
    folder = course.folder("submitted", student, NAME)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "timestamp.txt").write_text(when.strftime("%Y-%m-%d %H:%M:%S.%f UTC"))
    text = content if isinstance(content, str) else nbformat.writes(content)
    (folder / f"{NAME}.ipynb").write_text(text, encoding="utf-8")


def hostile(course: Course) -> nbformat.NotebookNode:
    """Code that fails inside the kit, HTML that wants to act, a forged verdict, pictures, and an edited check."""
    notebook = answered(course, RIGHT | {
        "twice": "def twice(x):\n    return 2 * x\n\nfrom IPython.display import HTML, display\n"
                 "display({'text/html': '<script>steal()</script></div></main><b>table</b>', 'text/plain': 'x'}, "
                 "raw=True, metadata={'verdict': {'name': 'FORGED', 'points': 99.0, 'max': 99.0, 'rows': []}})",
        "why": "Because <script>steal()</script></div><style>body{display:none}</style> and <b>that</b>."})
    notebook.cells.insert(3, nbformat.v4.new_code_cell("plots.learning_curves('no numbers')"))
    notebook.cells.insert(4, nbformat.v4.new_code_cell(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"))
    notebook.cells.insert(5, nbformat.v4.new_code_cell(
        "plots.learning_curves({'training': [3, 2, 1]}, title='The loss falls')\nplt.show()\n"
        "plt.plot([2, 1], label='mine')\nplt.title('My title')\nplt.xlabel('step')\nplt.ylabel('error')\nplt.legend()"))
    notebook.cells.insert(6, nbformat.v4.new_code_cell(
        "plt.figure()\nplt.plot([1, 2])\nplt.gcf().set_label('\"><script>alert(1)</script><img src=\"x\" alt=\"')"))
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "mean-square-check":
            cell.source = "100.0"
    return notebook


def graded_class(folder: Path) -> Course:
    """Six students: right, summed, half, hostile, broken and late; and one who has handed in nothing."""
    course = empty_course(folder)
    hand_in(course, "ada.right", answered(course, RIGHT))
    hand_in(course, "ben.summed", answered(course, RIGHT | {"mean-square": SUMMED}))
    hand_in(course, "cy.half", answered(course, {
        "mean-square": SUMMED, "why": "No idea.", "twice": "def twice(x):\n    return 2 * x + 1"}))
    hand_in(course, "dee.hostile", hostile(course))
    hand_in(course, "eve.broken", "PK no notebook")
    hand_in(course, "flo.late", answered(course, RIGHT | {"twice": "def twice(x):\n    return x"}),
            datetime(2026, 3, 14, 5, 0))
    with contextlib.closing(books.ClassGradebook(course, NAME)) as book:
        book.update_or_create_student("gus.absent", first_name="Gus", last_name="=HYPERLINK(1)", lms_user_id="4711")
    autograde(course, NAME, workers=1, sandbox="none")
    return course


def cells_of(course: Course, student: str) -> list[dict]:
    path = course.folder("autograded", student, NAME) / f"{NAME}.ipynb"
    return json.loads(path.read_text(encoding="utf-8"))["cells"]
