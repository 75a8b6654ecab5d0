"""Submissions as people really hand them in: each makes, of a right notebook, what lies in a submission's folder.

A case is a function of a right notebook (plain data, nbformat 4.5) that returns files by path. `@case` says what an
honest student gets: `marks` by question (default: all right), `asks` the checks that a person has to look at, `told` a
part of what is said about it, `reason` a part of why it cannot be graded. The generator knows the example problem set
by its names only: `loss`, `gradient` and the written answer `why`.
"""

from __future__ import annotations

import ast
import base64
import copy
import gzip
import io
import json
import lzma
import sys
import tarfile
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Notebook = dict[str, Any]
Files = dict[str, bytes]

RIGHT = {
    "loss": "def loss(w, X, y):\n    \"\"\"The mean squared residual.\"\"\"\n    return np.mean((X @ w - y) ** 2)\n",
    "gradient": "def gradient(w, X, y):\n    residuals = X @ w - y\n    return 2 / len(y) * X.T @ residuals\n",
    "why": "It is convex, so the stationary point is the minimum.",
}
WRONG_GRADIENT = "def gradient(w, X, y):\n    return X.T @ (X @ w - y) / len(y)\n"
FULL = {"loss-check": 1.0, "gradient-check": 3.0}
ANSWERED = "a person grades it"


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[Notebook], Files]
    marks: dict[str, float] = field(default_factory=lambda: dict(FULL))
    asks: frozenset[str] = frozenset()
    told: tuple[str, ...] = ()
    reason: str = ""
    written: bool = True  # the written answer waits for a person
    door: str = "both"
    quiet: bool = False  # nothing is said about it at all


CASES: list[Case] = []
NAME = "ps0_straight_line.ipynb"


def case(**expected: Any) -> Callable:
    def keep(make: Callable[[Notebook], Files | Notebook | bytes]) -> Callable:
        def files(notebook: Notebook) -> Files:
            made = make(copy.deepcopy(notebook))
            if isinstance(made, bytes):
                return {NAME: made}
            return made if "cells" not in made else {NAME: saved(made)}

        CASES.append(Case(make.__name__.replace("_", "-"), files, **expected))
        return make

    return keep


def saved(notebook: Notebook, **how: Any) -> bytes:
    return json.dumps(notebook, **how).encode()


def cell_of(notebook: Notebook, name: str) -> dict[str, Any]:
    return next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def at(notebook: Notebook, name: str) -> int:
    return notebook["cells"].index(cell_of(notebook, name))


def new(source: str, kind: str = "code", **more: Any) -> dict[str, Any]:
    rest = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": uuid.uuid4().hex[:8], "metadata": {}, "source": source, **rest, **more}


def without_metadata(notebook: Notebook, *names: str, ids: bool = True) -> Notebook:
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if not names or name in names:
            cell["metadata"] = {}
            if not ids:
                cell["id"] = uuid.uuid4().hex[:8]
    return notebook


def set_text(notebook: Notebook, name: str, text: str) -> Notebook:
    cell_of(notebook, name)["source"] = text
    return notebook


STUB = "def gradient(w, X, y):\n    \"\"\"The gradient of the loss with respect to w, of shape (D,).\"\"\"\n" \
       "    # YOUR CODE HERE\n    raise NotImplementedError()"


# Nothing, or nothing that matters -------------------------------------------------------------------------------------

@case(quiet=True)
def as_given_out(nb):
    return nb


@case(quiet=True)
def source_as_lists(nb):
    for cell in nb["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    return nb


@case(quiet=True)
def line_ends_of_windows(nb):
    for cell in nb["cells"]:
        cell["source"] = cell["source"].replace("\n", "\r\n")
    return saved(nb).replace(b"\n", b"\r\n")


@case(quiet=True)
def trailing_blanks(nb):
    for cell in nb["cells"]:
        cell["source"] = cell["source"].replace("\n", "  \n") + "\n\n"
    return nb


@case(quiet=True)
def older_format_without_ids(nb):
    nb["nbformat_minor"] = 2
    for cell in nb["cells"]:
        del cell["id"]
    return nb


@case(quiet=True)
def colab(nb):
    nb["nbformat_minor"] = 0
    nb["metadata"] = {"colab": {"provenance": []}, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
    for cell in nb["cells"]:
        cell["metadata"]["id"] = cell.pop("id")
        cell["source"] = cell["source"].splitlines(keepends=True)
    return nb


@case(quiet=True)
def kaggle(nb):
    for cell in nb["cells"]:
        cell["metadata"] |= {"_uuid": "d629ff2d", "trusted": True, "execution": {"iopub.status.busy": "2026-03-01"}}
        cell.pop("id")
    nb["nbformat_minor"] = 4
    return nb


@case(quiet=True)
def saved_with_null_and_missing_parts(nb):
    nb["cells"].append({"cell_type": "code", "metadata": None, "source": None, "outputs": None})
    nb["cells"].append({"cell_type": "markdown"})
    nb["metadata"] = None
    return nb


@case(quiet=True)
def magics_and_shell_lines(nb):
    nb["cells"].insert(1, new("%matplotlib inline\n%config InlineBackend.figure_format = 'retina'"))
    return set_text(nb, "gradient", "%time x = 1\n" + RIGHT["gradient"])


# Encodings ----------------------------------------------------------------------------------------------------------

@case(quiet=True)
def utf8_with_a_mark(nb):
    return b"\xef\xbb\xbf" + saved(nb, ensure_ascii=False)


@case(quiet=True)
def utf16(nb):
    return json.dumps(nb).encode("utf-16")


@case(quiet=True)
def utf16_without_a_mark(nb):
    return json.dumps(nb).encode("utf-16-le")


@case(quiet=True)
def cp1252(nb):
    set_text(nb, "why", "Because “convex” – naïvely – suffices.")
    return json.dumps(nb, ensure_ascii=False).encode("cp1252")


@case(quiet=True)
def control_characters_and_a_tail(nb):
    return saved(nb) + b"\n\n\0\0"


@case(told=("syntax error", "line 2"), asks=frozenset({"gradient-check"}))
def non_breaking_blanks(nb):
    return set_text(nb, "gradient", RIGHT["gradient"].replace("    residuals", "\u00a0\u00a0\u00a0 residuals"))


# Metadata lost ------------------------------------------------------------------------------------------------------

@case(told=("`gradient`", "metadata"))
def answer_lost_its_metadata(nb):
    return without_metadata(nb, "gradient")


@case(told=("`gradient`", "metadata"))
def answer_lost_metadata_and_id(nb):
    return without_metadata(nb, "gradient", ids=False)


@case(told=("metadata",))
def all_metadata_lost(nb):
    return without_metadata(nb)


@case(told=("metadata",))
def all_metadata_and_ids_lost(nb):
    return without_metadata(nb, ids=False)


@case(told=("metadata",))
def all_lost_and_the_format_is_old(nb):
    without_metadata(nb)
    for cell in nb["cells"]:
        del cell["id"]
    nb["nbformat_minor"] = 1
    return nb


@case(told=("`gradient`",))
def answer_pasted_into_a_new_cell_and_the_old_one_deleted(nb):
    place = at(nb, "gradient")
    nb["cells"][place] = new(RIGHT["gradient"])
    return nb


@case(told=("`loss`",))
def everything_in_one_cell(nb):
    """All solutions merged into one, as VS Code's "join cells" does."""
    set_text(nb, "loss", RIGHT["loss"] + "\n\n" + RIGHT["gradient"])
    nb["cells"].remove(cell_of(nb, "gradient"))
    return without_metadata(nb, "loss")


@case(told=("`gradient`",))
def two_answers_merged_into_the_first(nb):
    set_text(nb, "loss", RIGHT["loss"] + "\n\n" + RIGHT["gradient"])
    nb["cells"].remove(cell_of(nb, "gradient"))
    return nb


@case(told=("`line-cases`",))
def answer_merged_into_a_locked_cell(nb):
    cell = cell_of(nb, "line-cases")
    cell["source"] += "\n\n" + RIGHT["loss"]
    nb["cells"].remove(cell_of(nb, "loss"))
    return nb


@case(told=("`gradient-check`",))
def answer_merged_into_its_check(nb):
    cell = cell_of(nb, "gradient-check")
    cell["source"] = RIGHT["gradient"] + "\n" + cell["source"]
    nb["cells"].remove(cell_of(nb, "gradient"))
    return nb


@case()
def answer_split_in_two(nb):
    place = at(nb, "gradient")
    set_text(nb, "gradient", "def gradient(w, X, y):\n    return factor(y) * X.T @ (X @ w - y)\n")
    nb["cells"].insert(place + 1, new("def factor(y):\n    return 2 / len(y)\n"))
    return nb


@case(told=("`loss`", "`gradient`"))
def answers_in_markdown_cells_by_accident(nb):
    for name in ("loss", "gradient"):
        cell = cell_of(nb, name)
        cell["metadata"], cell["id"] = {}, uuid.uuid4().hex[:8]
    return nb


@case(asks=frozenset({"gradient-check"}))
def answer_became_a_markdown_cell(nb):
    cell = cell_of(nb, "gradient")
    cell["cell_type"] = "markdown"
    for part in ("outputs", "execution_count"):
        cell.pop(part, None)
    return nb


# Stubs and copies ---------------------------------------------------------------------------------------------------

@case()
def answer_beneath_the_stub(nb):
    set_text(nb, "gradient", STUB)
    nb["cells"].insert(at(nb, "gradient") + 1, new(RIGHT["gradient"]))
    return nb


@case(asks=frozenset({"gradient-check"}))
def answer_above_the_stub(nb):
    set_text(nb, "gradient", STUB)
    nb["cells"].insert(at(nb, "gradient"), new(RIGHT["gradient"]))
    return nb


@case(asks=frozenset({"gradient-check"}))
def answer_at_the_end_and_the_stub_in_place(nb):
    set_text(nb, "gradient", STUB)
    nb["cells"].append(new(RIGHT["gradient"]))
    return nb


@case(asks=frozenset({"gradient-check"}))
def answer_below_its_check(nb):
    cell = cell_of(nb, "gradient")
    nb["cells"].remove(cell)
    nb["cells"].insert(at(nb, "gradient-check") + 1, cell)
    return nb


@case(asks=frozenset({"gradient-check"}), told=("more than once",))
def old_copy_at_the_end(nb):
    old = copy.deepcopy(cell_of(nb, "gradient"))
    old.update(id="old", source=WRONG_GRADIENT)
    nb["cells"].append(old)
    return nb


@case()
def old_copy_without_metadata_at_the_end(nb):
    nb["cells"].append(new(WRONG_GRADIENT))
    return nb


@case(marks=FULL | {"gradient-check": 0.0})
def new_wrong_version_before_the_check_counts(nb):
    nb["cells"].insert(at(nb, "gradient-check"), new(WRONG_GRADIENT.replace("/ len(y)", "+ 1")))
    return nb


@case(told=("more than once",), asks=frozenset({"gradient-check"}))
def two_copies_the_second_right(nb):
    first = copy.deepcopy(cell_of(nb, "gradient"))
    first.update(id="first", source=WRONG_GRADIENT)
    nb["cells"].insert(at(nb, "gradient"), first)
    return nb


@case(told=("more than once",))
def the_same_copy_twice(nb):
    again = copy.deepcopy(cell_of(nb, "gradient"))
    again["id"] = "again"
    nb["cells"].insert(at(nb, "gradient"), again)
    return nb


@case(quiet=True, marks={"loss-check": 1.0, "gradient-check": 0.0})
def one_question_left_out(nb):
    return set_text(nb, "gradient", STUB)


@case(told=("deleted",), marks={"loss-check": 1.0, "gradient-check": 0.0})
def one_answer_deleted(nb):
    nb["cells"].remove(cell_of(nb, "gradient"))
    return nb


# Checks and locked cells --------------------------------------------------------------------------------------------

@case(told=("`gradient-check` had been deleted",))
def check_deleted(nb):
    nb["cells"].remove(cell_of(nb, "gradient-check"))
    return nb


@case(told=("had been deleted",))
def all_checks_deleted(nb):
    for name in ("loss-check", "gradient-check", "line-cases"):
        nb["cells"].remove(cell_of(nb, name))
    return nb


@case(told=("`loss-check` had been edited",))
def check_edited(nb):
    return set_text(nb, "loss-check", "# I looked at it\ncheck.values(loss, at=line_cases, points=1)")


@case(told=("more than once",))
def check_run_twice(nb):
    again = copy.deepcopy(cell_of(nb, "gradient-check"))
    again["id"] = "again"
    nb["cells"].append(again)
    return nb


@case(told=("had been edited",))
def name_that_is_part_of_another(nb):
    """A repair of `loss-check` is none of `loss`: what is told of one must not hide the other."""
    set_text(nb, "loss-check", "1")
    nb["cells"].remove(cell_of(nb, "line-cases"))
    return nb


@case()
def cells_of_a_students_own(nb):
    for place in (1, 4, 7, 9):
        nb["cells"].insert(place, new("try_this = 1\nprint(try_this)"))
    nb["cells"].insert(2, new("A note to myself.", "markdown"))
    return nb


@case(asks=frozenset({"loss-check", "gradient-check"}))
def all_cells_in_reverse(nb):
    nb["cells"] = nb["cells"][:3] + nb["cells"][:2:-1]
    return nb


# Causes -------------------------------------------------------------------------------------------------------------

@case(told=("`prettyplots`",))
def missing_module_first(nb):
    nb["cells"][2]["source"] = "import prettyplots as sns\n" + nb["cells"][2]["source"]
    return nb


@case(told=("`torchinfo`", "`prettyplots`"))
def two_missing_modules_among_others(nb):
    nb["cells"][2]["source"] = ("import numpy as np, prettyplots\nfrom torchinfo import summary\n"
                                + nb["cells"][2]["source"])
    return nb


@case(told=("`prettyplots`",), marks={"loss-check": 1.0, "gradient-check": 0.0}, asks=frozenset({"gradient-check"}))
def missing_module_in_use(nb):
    nb["cells"][2]["source"] += "\nimport prettyplots as sns"
    return set_text(nb, "gradient", RIGHT["gradient"].replace("residuals = ", "sns.set_theme()\n    residuals = "))


@case(told=("`google",))
def drive_of_colab(nb):
    nb["cells"][2]["source"] = ("from google.colab import drive\ndrive.mount('/content/drive')\n"
                                + nb["cells"][2]["source"])
    return nb


@case(told=("`mine`",), marks=dict.fromkeys(FULL, 0.0), asks=frozenset(FULL))
def own_module_left_at_home(nb):
    """What it would have defined is not here: nobody can say what the work is worth."""
    nb["cells"][2]["source"] += "\nfrom mine import mean"
    set_text(nb, "loss", RIGHT["loss"].replace("np.mean", "mean"))
    return set_text(nb, "gradient", RIGHT["gradient"].replace("2 / len(y)", "mean(2 / len(y))"))


# What the Python that grades does not know yet: nested quotation marks came with 3.12, t-strings with 3.14.
NEWER = "f'{d['a']}'" if sys.version_info < (3, 12) else "t'{d}'"

if sys.version_info < (3, 14):
    @case(told=("syntax error in line 6",), marks={"loss-check": 1.0, "gradient-check": 0.0},
          asks=frozenset({"gradient-check"}))
    def newer_syntax(nb):
        return set_text(nb, "gradient", RIGHT["gradient"] + f"\nd = {{'a': 1}}\nprint({NEWER})")

    @case(told=("syntax error", "Python 3.15"), marks={"loss-check": 0.0, "gradient-check": 3.0},
          asks=frozenset({"loss-check"}))
    def written_with_newer_python(nb):
        nb["metadata"]["language_info"] = {"name": "python", "version": "3.15.1"}
        return set_text(nb, "loss", f"d = {{'a': 1}}\nprint({NEWER})\n" + RIGHT["loss"])


@case(told=("syntax error in line 3",), marks={"loss-check": 1.0, "gradient-check": 0.0})
def plain_syntax_error(nb):
    return set_text(nb, "gradient", "def gradient(w, X, y):\n    r = X @ w - y\n    return 2 * X.T @ (r")


@case()
def experiment_without_its_tag(nb):
    cell = next(c for c in nb["cells"] if "experiment" in c["metadata"].get("tags", ()))
    cell["metadata"], cell["id"] = {}, "else"
    cell["source"] = "import time\ntime.sleep(3600)\n" + cell["source"]
    return nb


@case(told=("experiment",))
def answer_in_the_experiment(nb):
    cell = next(c for c in nb["cells"] if "experiment" in c["metadata"].get("tags", ()))
    cell["source"] = RIGHT["gradient"] + "\n" + cell["source"]
    nb["cells"].remove(cell_of(nb, "gradient"))
    nb["cells"].insert(at(nb, "gradient-check"), cell)
    return nb


# Written answers ----------------------------------------------------------------------------------------------------

@case(told=("`why`",))
def written_answer_beneath(nb):
    set_text(nb, "why", "YOUR ANSWER HERE")
    nb["cells"].append(new(RIGHT["why"], "markdown"))
    return nb


@case(told=("`why`",))
def written_answer_in_a_code_cell_beneath(nb):
    set_text(nb, "why", "YOUR ANSWER HERE")
    nb["cells"].append(new("# " + RIGHT["why"]))
    return nb


@case(told=("`why`",))
def written_answer_as_text_in_a_code_cell(nb):
    set_text(nb, "why", "YOUR ANSWER HERE")
    nb["cells"].append(new("It is convex. So the stationary point is the minimum."))
    return nb


@case(told=("`why`",))
def written_answer_cell_deleted_and_a_new_one(nb):
    nb["cells"][at(nb, "why")] = new(RIGHT["why"], "markdown")
    return nb


@case(asks=frozenset({"why"}))
def written_answer_in_the_prompt(nb):
    set_text(nb, "why", "YOUR ANSWER HERE")
    nb["cells"][7]["source"] += "\n\nMy answer: it is convex."
    return nb


@case(quiet=True, written=False)
def written_answer_left_out(nb):
    return set_text(nb, "why", "YOUR ANSWER HERE")


# Files --------------------------------------------------------------------------------------------------------------

def untouched(nb: Notebook) -> Notebook:
    nb = copy.deepcopy(nb)
    set_text(nb, "loss", STUB.replace("gradient(", "loss("))
    set_text(nb, "gradient", STUB)
    return set_text(nb, "why", "YOUR ANSWER HERE")


def zipped(files: Files) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


@case(told=("-Copy1.ipynb` was graded",))
def worked_copy_beside_the_untouched(nb):
    return {NAME: saved(untouched(nb)), NAME.replace(".ipynb", "-Copy1.ipynb"): saved(nb)}


@case(quiet=True)
def untouched_copy_beside_the_worked(nb):
    return {NAME: saved(nb), NAME.replace(".ipynb", "-Copy1.ipynb"): saved(untouched(nb))}


@case(told=("ps0_straight_line (1).ipynb` was graded",))
def second_download(nb):
    return {NAME.replace(".ipynb", " (1).ipynb"): saved(nb)}


@case(told=("was graded",))
def folder_in_folder(nb):
    set_text(nb, "gradient", RIGHT["gradient"] + "\nopen('factor.csv').read()")
    return {f"ps0/{NAME}": saved(nb), "ps0/factor.csv": b"2"}


@case(told=("was graded",))
def text_file(nb):
    return {f"{NAME}.txt": saved(nb)}


@case(told=("was graded",))
def in_capitals(nb):
    return {NAME.upper(): saved(nb)}


@case(told=("was graded",))
def in_a_zip(nb):
    set_text(nb, "gradient", RIGHT["gradient"] + "\nopen('factor.csv').read()")
    return {"handed in.zip": zipped({f"ps0/{NAME}": saved(nb), "ps0/factor.csv": b"2",
                                     f"__MACOSX/ps0/._{NAME}": b"\0\5\x16\7"})}


@case(reason="the folder holds essay.pdf", marks=dict.fromkeys(FULL, 0.0), written=False)
def something_else(nb):
    return {"essay.pdf": b"%PDF-1.4"}


@case(reason="nothing in it is of this problem set", marks=dict.fromkeys(FULL, 0.0), written=False)
def notebook_of_another_set(nb):
    return nb | {"cells": [new("print('hello')"), new("# Hi", "markdown")]}


@case(reason="not a notebook that can be read", marks=dict.fromkeys(FULL, 0.0), written=False)
def half_a_file(nb):
    return saved(nb)[:2000]


@case(reason="not a notebook that can be read", marks=dict.fromkeys(FULL, 0.0), written=False)
def html_page(nb):
    return b"<!DOCTYPE html><html><body>ps0</body></html>"


@case(reason="but no", marks=dict.fromkeys(FULL, 0.0), written=False)
def zip_bomb(nb):
    return {"bomb.zip": zipped({f"{n}.ipynb": b"[" * 30_000_000 for n in range(3)}),
            "out.zip": zipped({f"../../../{NAME}": saved(nb)})}


@case(told=("metadata",))
def format_three(nb):
    cells = []
    for cell in nb["cells"]:
        if cell["cell_type"] == "code":
            cells.append({"cell_type": "code", "language": "python", "collapsed": False, "input": cell["source"],
                          "outputs": [], "metadata": {}})
        else:
            cells.append({"cell_type": "markdown", "source": cell["source"], "metadata": {}})
    return saved({"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""},
                  "worksheets": [{"cells": cells, "metadata": {}}]})


# More files -----------------------------------------------------------------------------------------------------------

@case(told=("300 characters behind the end",))
def shorter_file_over_a_longer_one(nb):
    text = saved(nb, indent=1)
    return text + text[-300:]


@case(quiet=True)
def bytes_of_windows_in_utf8(nb):
    set_text(nb, "why", "Größe ~1~, denn sie ist konvex ~1~")
    return json.dumps(nb, ensure_ascii=False).encode().replace(b"~1~", b"\xe4\x81")


@case(told=("was graded: there is no",))
def name_without_an_ending(nb):
    return {"ps0_straight_line": saved(nb)}


@case(told=("ps0_straight_line.ipynb.html` was graded",))
def saved_by_a_browser_as_a_page(nb):
    return {f"{NAME}.html": b"\xef\xbb\xbf" + saved(nb)}


@case(told=("-checkpoint.ipynb` was graded", "is untouched"))
def work_in_the_checkpoint_only(nb):
    return {NAME: saved(untouched(nb)), ".ipynb_checkpoints/ps0_straight_line-checkpoint.ipynb": saved(nb)}


@case(quiet=True)
def checkpoint_of_an_earlier_state(nb):
    earlier = set_text(copy.deepcopy(nb), "gradient", WRONG_GRADIENT)
    return {NAME: saved(nb), ".ipynb_checkpoints/ps0_straight_line-checkpoint.ipynb": saved(earlier)}


@case(told=("was graded", "is untouched"))
def zip_beside_the_untouched(nb):
    return {NAME: saved(untouched(nb)), "Abgabe, Müller.zip": zipped({f"Übung 0/{NAME}": saved(nb)})}


@case(told=("was graded",))
def zip_in_a_zip(nb):
    return {"a.zip": zipped({"b.zip": zipped({NAME: saved(nb)})})}


@case(told=("was graded", "is a zip"))
def zip_called_a_notebook(nb):
    return zipped({NAME: saved(nb)})


@case(told=("was graded", "not a notebook of this set that can be read"))
def copy_beside_half_a_file(nb):
    return {NAME: saved(nb)[:2000], NAME.replace(".ipynb", " (2).ipynb"): saved(nb)}


@case(told=("turned into a raw cell",), asks=frozenset({"gradient-check"}))
def answer_became_a_raw_cell(nb):
    cell = cell_of(nb, "gradient")
    cell["cell_type"] = "raw"
    return nb


@case(told=("`line-cases` had been turned into a text cell",))
def locked_cell_became_text(nb):
    cell_of(nb, "line-cases")["cell_type"] = "markdown"
    return nb


@case(told=("an experiment defined `FACTOR` and `residuals`",))
def helper_in_an_experiment(nb):
    cell = next(c for c in nb["cells"] if "experiment" in c["metadata"].get("tags", ()))
    own = "FACTOR = 2\n\ndef residuals(w, X, y):\n    return X @ w - y\n\nresiduals(*line_cases(np.random))"
    nb["cells"].insert(at(nb, "gradient"), {**copy.deepcopy(cell), "id": "mine", "source": own})
    return set_text(nb, "gradient", "def gradient(w, X, y):\n    return FACTOR / len(y) * X.T @ residuals(w, X, y)")


@case(told=("`line-cases`, `loss-check` and `gradient-check` had lost",))
def formatted_and_all_lost(nb):
    """What black and its kin make of locked cells is no edit that changes anything, and no deletion."""
    for cell in nb["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = ast.unparse(ast.parse(cell["source"]))
    return without_metadata(nb, ids=False)


@case()
def names_bound_in_a_way_that_nobody_can_read(nb):
    nb["cells"][at(nb, "gradient")] = new("globals()['gradient'] = lambda w, X, y: 2 / len(y) * X.T @ (X @ w - y)")
    return nb


def unwritten(nb: Notebook) -> Notebook:
    return set_text(nb, "why", "YOUR ANSWER HERE")


@case(asks=frozenset({"why"}))
def written_answer_printed(nb):
    nb["cells"].append(new("print('It is convex, so the stationary point is the minimum.')"))
    return unwritten(nb)


@case(asks=frozenset({"why"}))
def written_answer_as_a_comment_behind_an_answer(nb):
    set_text(nb, "gradient", RIGHT["gradient"] + "\n# It is convex, so the stationary\n# point is the minimum.")
    return unwritten(nb)


@case(asks=frozenset({"why"}))
def written_answer_in_a_check(nb):
    cell_of(nb, "gradient-check")["source"] += "\n# It is convex, so the stationary point is the minimum."
    return unwritten(nb)


@case(asks=frozenset({"why"}))
def text_cells_of_marimo(nb):
    """Its notebooks keep text in code."""
    for cell in nb["cells"]:
        if cell["cell_type"] == "markdown":
            cell.update(new(f'mo.md(r"""\n    {cell["source"]}\n    """)'))
    return nb


@case(written=False)
def code_put_out_of_use_and_a_badge(nb):
    """Neither is a written answer."""
    nb["cells"].insert(0, new('<a href="https://colab.research.google.com/x"><img src="y.svg"></a>', "markdown"))
    nb["cells"].append(new("<a href='https://deepnote.com?x=1'>Created in <span>Deepnote</span></a>", "markdown"))
    nb["cells"].append(new("# for step in range(number_of_steps):\n#     weights = weights - learning_rate * slope\n"
                           "print('loss', 1)"))
    return unwritten(nb)


@case(told=("`os.chdir('/content/drive')` does not work", "FileNotFoundError"))
def folder_that_is_not_here(nb):
    nb["cells"][2]["source"] = "import os\nos.chdir('/content/drive')\n" + nb["cells"][2]["source"]
    return nb


@case(told=("does not work where this is graded",))
def asks_whoever_runs_it(nb):
    return set_text(nb, "gradient", "name = input('Who? ')\n" + RIGHT["gradient"])


@case(asks=frozenset({"why"}))
def written_answer_scanned(nb):
    return {NAME: saved(unwritten(nb)), "Lösung, Teil 2.PDF": b"%PDF-1.4"}


# What strangers handed in ---------------------------------------------------------------------------------------------

SAME_ON_PAPER = frozenset({"gradient-check"})  # as handed in it could not run


def changed(nb: Notebook, old: str, new_: str) -> Notebook:
    text = RIGHT["gradient"]
    assert old in text
    return set_text(nb, "gradient", text.replace(old, new_))


@case(asks=SAME_ON_PAPER, told=("minus sign",))
def minus_from_a_pdf(nb):
    return changed(nb, " - y", " \u2212 y  # a \u201cresidual\u201d")


@case(asks=SAME_ON_PAPER, told=("left double quotation mark",))
def quotes_from_a_phone(nb):
    return changed(nb, "    residuals", "    \u201c\u201c\u201cIt\u2019s the slope.\u201d\u201d\u201d\n    residuals")


@case(asks=SAME_ON_PAPER, told=("fullwidth left parenthesis",))
def brackets_of_full_width(nb):
    return changed(nb, "len(y)", "len\uff08y\uff09")


@case(told=("marks of a merge conflict",), marks=FULL | {"gradient-check": 0.0})
def merge_conflict_in_a_cell(nb):
    return set_text(nb, "gradient", f"<<<<<<< HEAD\n{RIGHT['gradient']}=======\n{WRONG_GRADIENT}>>>>>>> theirs")


def with_conflict(nb: Notebook, one: str, other: str) -> bytes:
    """A notebook file into which git has written both sides of a cell's text."""
    text = saved(set_text(nb, "gradient", "HERE"), indent=1).decode()
    line = next(line for line in text.split("\n") if '"HERE"' in line)
    both = "".join(f"{mark}\n{line.replace(json.dumps('HERE'), json.dumps(side))}\n"
                   for mark, side in (("<<<<<<< HEAD", one), ("=======", other)))
    return text.replace(line + "\n", f"{both}>>>>>>> main\n").encode()


@case(told=("merge conflict",))
def merge_conflict_with_the_stub(nb):
    return with_conflict(nb, STUB, RIGHT["gradient"])


@case(told=("merge conflict", "other worked notebooks"), asks=SAME_ON_PAPER, marks=FULL | {"gradient-check": 0.0})
def merge_conflict_of_two_answers(nb):
    return with_conflict(nb, WRONG_GRADIENT, RIGHT["gradient"])


@case(told=("the file is damaged; no cell of it is lost",))
def comma_at_the_end(nb):
    return saved(nb, indent=1).rstrip(b"\n}") + b",\n}"


@case(told=("cells of it are lost",), asks=frozenset({"gradient-check", "why"}), marks=FULL | {"gradient-check": 0.0})
def cut_off_in_upload(nb):
    text = saved(nb)
    return text[:text.index(b"residuals = X @ w")]


@case(reason="it is empty", marks=dict.fromkeys(FULL, 0.0), written=False)
def file_of_no_bytes(nb):
    return b""


@case(reason="but it is empty", marks=dict.fromkeys(FULL, 0.0), written=False)
def notebook_of_no_cells(nb):
    return nb | {"cells": []}


@case(reason="calls itself \u201cProblem set 9: elsewhere\u201d", marks=dict.fromkeys(FULL, 0.0), written=False)
def another_set_with_a_function_of_the_same_name(nb):
    info = {"nbgrader": {"grade_id": "another", "solution": True, "grade": False, "locked": False}}
    return nb | {"cells": [new("# Problem set 9: elsewhere", "markdown"), nb["cells"][1],
                           new(RIGHT["loss"], metadata=info)]}


@case(reason="abgabe.rar cannot be opened here", marks=dict.fromkeys(FULL, 0.0), written=False)
def rar(nb):
    return {"abgabe.rar": b"Rar!\x1a\x07\x01\x00" + bytes(300)}


@case(reason="shows the notebook, at best", marks=dict.fromkeys(FULL, 0.0), written=False)
def page_of_the_notebook(nb):
    return {"ps0_straight_line.html": b"<!DOCTYPE html><html><body><pre>def loss</pre></body></html>"}


@case(told=("`gradient-check`, `loss-check`: the notebook is untouched, but",), asks=frozenset({*FULL, "why"}),
      marks=dict.fromkeys(FULL, 0.0))
def page_beside_the_untouched(nb):
    return {NAME: saved(untouched(nb)), "ps0_straight_line.html": b"<!DOCTYPE html><html></html>"}


def tarred(files: Files, mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@case(told=("ps0.tar.gz/ps0/ps0_straight_line.ipynb` was graded",))
def in_a_tar_gz(nb):
    set_text(nb, "gradient", RIGHT["gradient"] + "\nopen('factor.csv').read()")
    return {"ps0.tar.gz": tarred({f"ps0/{NAME}": saved(nb), "ps0/factor.csv": b"2"}, "w:gz")}


@case(told=("was graded",))
def in_a_gz_alone(nb):
    return {f"{NAME}.gz": gzip.compress(saved(nb))}


@case(told=("Abgabe.zip/ps0/ps0_straight_line.ipynb` was graded",))
def zip_with_backslashes(nb):
    return {"Abgabe.zip": zipped({f"ps0/{NAME}": saved(nb)}).replace(b"ps0/", b"ps0\\")}


@case(told=("ps0/ps0_straight_line.ipynb` was graded",))
def unzipped_with_backslashes(nb):
    set_text(nb, "gradient", RIGHT["gradient"] + "\nopen('factor.csv').read()")
    return {f"ps0\\{NAME}": saved(nb), "ps0\\factor.csv": b"2"}


def as_script(nb: Notebook, text: str, code: str) -> str:
    """What editors export: a line before each cell, texts in comments."""
    cells = []
    for one in nb["cells"]:
        lines = one["source"].split("\n")
        commented = "\n".join(f"# {line}".rstrip() for line in lines)
        cells.append(f"{code}\n{one['source']}" if one["cell_type"] == "code" else f"{text}{commented}")
    return "\n\n\n".join(cells) + "\n"


@case(told=("ps0_straight_line.py` was graded",))
def script_of_vs_code(nb):
    text = as_script(nb, "# %% [markdown]\n", "# %%")
    return {"ps0_straight_line.py": text.replace("\n", "\r\n").encode("utf-8-sig")}


@case(told=("ps0_straight_line.py` was graded", "is untouched"))
def script_of_nbconvert_beside_the_untouched(nb):
    text = "#!/usr/bin/env python\n# coding: utf-8\n\n" + as_script(nb, "", "# In[ ]:\n\n")
    return {NAME: saved(untouched(nb)), "ps0_straight_line.py": text.encode()}


@case(told=("ps0_straight_line.qmd` was graded",))
def text_of_quarto(nb):
    parts = [one["source"] if one["cell_type"] == "markdown" else f"```{{python}}\n{one['source']}\n```"
             for one in nb["cells"]]
    return {"ps0_straight_line.qmd": "\n\n".join(parts).encode()}


@case(quiet=True)
def module_of_a_students_own(nb):
    set_text(nb, "gradient", "from mine import gradient")
    return {NAME: saved(nb), "mine.py": RIGHT["gradient"].encode()}


@case(told=("_final.ipynb` was graded: less is written in",))
def more_is_written_in_another_copy(nb):
    return {NAME: saved(set_text(copy.deepcopy(nb), "gradient", STUB)), NAME.replace(".", "_final."): saved(nb)}


@case(told=("other worked notebooks",), asks=frozenset({"loss-check"}), marks=FULL | {"loss-check": 0.0})
def half_of_the_work_in_each_of_two(nb):
    stub = "def loss(w, X, y):\n    raise NotImplementedError()"
    return {NAME.replace(".", "_part1."): saved(set_text(copy.deepcopy(nb), "gradient", STUB)),
            NAME.replace(".", "_part2."): saved(set_text(copy.deepcopy(nb), "loss", stub))}


@case(told=("`%matplotlib widget` does not work where this is graded",))
def installing_and_drawing_elsewhere(nb):
    """A line that fails must not take the imports behind it away, nor installing the cell's time."""
    nb["cells"][2]["source"] = "!pip install -q ipympl\n%matplotlib widget\n" + nb["cells"][2]["source"]
    return nb


@case(told=("`table = np.loadtxt('C:/Users/a/x.csv')` does not", "`more = open('/home/a/x.csv')` does not"))
def two_files_that_are_at_home(nb):
    nb["cells"].insert(at(nb, "gradient"), new("import json\ntable = np.loadtxt('C:/Users/a/x.csv')\nimport csv\n"
                                               "more = open('/home/a/x.csv')"))
    return nb


@case(told=("`line-cases`, `loss-check` and `gradient-check` stood there more than once",))
def all_of_it_twice(nb):
    return nb | {"cells": nb["cells"] + [{**copy.deepcopy(one), "id": uuid.uuid4().hex[:8]} for one in nb["cells"]]}


@case(told=("more than once",))
def the_stubs_and_then_the_work(nb):
    stubs = set_text(copy.deepcopy(nb), "gradient", STUB)["cells"]
    return nb | {"cells": stubs + [{**one, "id": uuid.uuid4().hex[:8]} for one in nb["cells"]]}


@case(quiet=True)
def leaves_at_the_end(nb):
    nb["cells"].append(new("exit()"))
    return nb


@case(quiet=True)
def as_a_server_sends_it(nb):
    return json.dumps({"name": NAME, "type": "notebook", "format": "json", "content": nb}).encode()


@case(quiet=True)
def saved_as_text_in_a_list(nb):
    return json.dumps([json.dumps(nb)]).encode()


@case(quiet=True)
def prompts_pasted_along(nb):
    lines = RIGHT["gradient"].splitlines()
    return set_text(nb, "gradient", "\n".join([f">>> {lines[0]}", *(f"... {line}" for line in lines[1:])]))


@case(quiet=True)
def every_cell_has_the_same_id(nb):
    for cell in nb["cells"]:
        cell["id"] = "cell"
    return nb


@case(told=("`Kopie von ps0_straight_line.ipynb.ipynb` was graded",))
def copy_of_a_drive(nb):
    return {"Kopie von ps0_straight_line.ipynb.ipynb": saved(nb)}


@case(quiet=True)
def cells_of_other_kinds(nb):
    nb["cells"].insert(2, {"cell_type": "sql", "metadata": {}, "source": "select 1"})
    nb["cells"].append({"cell_type": "code", "metadata": {}, "source": None, "outputs": [], "execution_count": None})
    nb["nbformat"], nb["nbformat_minor"] = 5, 0
    return nb


# Given cells, wrappings and fences ------------------------------------------------------------------------------------

NEEDED = ("the cell that binds `check`, `np`, `plots` and `plt` had been emptied or deleted",)


@case(told=NEEDED, asks=frozenset({"loss-check"}))
def imports_deleted(nb):
    del nb["cells"][2]
    return nb


@case(told=NEEDED, asks=frozenset({"loss-check"}))
def imports_put_out_of_use(nb):
    nb["cells"][2]["source"] = "\n".join(f"# {line}" for line in nb["cells"][2]["source"].split("\n"))
    return nb


@case(quiet=True)
def imports_written_anew(nb):
    nb["cells"][2] = new(nb["cells"][2]["source"] + "\nimport json")
    return nb


@case(quiet=True)
def as_github_sends_it(nb):
    content = base64.encodebytes(saved(nb)).decode()
    return json.dumps({"name": NAME, "type": "file", "encoding": "base64", "content": content}).encode()


@case(quiet=True)
def in_base64(nb):
    return b"data:application/x-ipynb+json;base64," + base64.b64encode(saved(nb))


FENCED = ("stood between the fences of a text",)


@case(told=FENCED, asks=SAME_ON_PAPER)
def answer_of_a_chat(nb):
    return set_text(nb, "gradient", f"Here it is:\n\n```python\n{RIGHT['gradient']}```\n\nIt divides by the number.")


FOUND = ("`loss` and `gradient` were found in cells without", "the answer to `why` stood in a cell of its own")


@case(told=FOUND)
def script_of_marimo(nb):
    lines = ["import marimo", "", "app = marimo.App()", ""]
    for one in nb["cells"]:
        if one["cell_type"] == "markdown":
            lines += ["@app.cell", "def _(mo):", '    mo.md(r"""' + one["source"].replace("\n", "\n    ") + '""")']
        elif one["source"].startswith("def loss"):
            lines += ["@app.function", one["source"]]
        else:
            lines += ["@app.cell(hide_code=True)", "def _(np):", *("    " + line for line in one["source"].split("\n"))]
        lines += ["    return", ""] if lines[-1] != one["source"] else [""]
    return {"ps0_straight_line.py": "\n".join([*lines, "if __name__ == '__main__':", "    app.run()", ""]).encode()}


@case(told=FOUND)
def script_of_databricks(nb):
    texts = [one["source"] if one["cell_type"] == "code" else "\n".join(
        f"# MAGIC {line}" for line in ("%md\n" + one["source"]).split("\n")) for one in nb["cells"]]
    return {"ps0_straight_line.py": ("# Databricks notebook source\n" + "\n\n# COMMAND ----------\n\n".join(
        texts)).encode()}


@case(told=FOUND)
def text_of_myst(nb):
    texts = [one["source"] if one["cell_type"] == "markdown" else
             f"```{{code-cell}} ipython3\n:tags: [x]\n\n{one['source']}\n```" for one in nb["cells"]]
    return {"ps0_straight_line.md": "\n\n".join(["---\nkernelspec:\n  name: python3\n---", *texts]).encode()}


@case(told=("was graded", "is a zip"))
def gzip_called_a_notebook(nb):
    return gzip.compress(saved(nb))


@case(told=("ps0_straight_line.ipynb.xz",))
def in_an_xz_alone(nb):
    return {f"{NAME}.xz": lzma.compress(saved(nb))}


@case(quiet=True)
def lines_in_lists_without_their_ends(nb):
    for cell in nb["cells"]:
        cell["source"] = cell["source"].split("\n")
    return nb


# What works on another machine ----------------------------------------------------------------------------------------

@case(told=("`matplotlib.use('Qt5Agg')` does not work where this is graded", "`%tensorflow_version 2.x` does not",
            "`breakpoint()` does not", "`at = os.environ['USERPROFILE']` does not", "`eps = np.float(1)` does not",
            "`raise RuntimeError('no CUDA here')` does not"))
def other_machine(nb):
    """None of it takes the imports behind it away."""
    nb["cells"][2]["source"] = "\n".join([
        "%tensorflow_version 2.x", "import numpy as np, os, matplotlib", "matplotlib.use('Qt5Agg')",
        "at = os.environ['USERPROFILE']", "eps = np.float(1)", "raise RuntimeError('no CUDA here')", "breakpoint()",
        nb["cells"][2]["source"]])
    return nb


@case(told=("StdinNotImplementedError",), marks=FULL | {"gradient-check": 0.0}, asks=frozenset({"gradient-check"}))
def debugger_left_in_an_answer(nb):
    return changed(nb, "    residuals", "    breakpoint()\n    residuals")


@case(told=("AttributeError",), marks=FULL | {"gradient-check": 0.0}, asks=frozenset({"gradient-check"}))
def function_of_an_older_numpy(nb):
    return changed(nb, "    residuals", "    n = np.product(y.shape)\n    residuals")


# Helpers that stand too late ------------------------------------------------------------------------------------------

@case(asks=SAME_ON_PAPER, told=("`gradient-check` stood before its answer",))
def helper_at_the_end(nb):
    set_text(nb, "gradient", "def gradient(w, X, y):\n    return 2 / len(y) * X.T @ outer(w, X, y)")
    nb["cells"].append(new("def outer(w, X, y):\n    return inner(w, X, y)"))
    nb["cells"].append(new("def inner(w, X, y):\n    return X @ w - y"))
    return nb


@case(asks=frozenset({"loss-check"}), told=("`loss-check` stood before its answer",))
def helper_behind_the_first_check_that_needs_it(nb):
    set_text(nb, "loss", "def loss(w, X, y):\n    return np.mean(off(w, X, y) ** 2)")
    nb["cells"].insert(at(nb, "gradient"), new("def off(w, X, y):\n    return X @ w - y"))
    return nb


@case(asks=frozenset({"loss-check"}), told=("`loss-check` stood before its answer",))
def calls_what_a_later_question_asks_for(nb):
    return set_text(nb, "loss", "def loss(w, X, y):\n    return w @ gradient(w, X, y) / 2 - y @ (X @ w - y) / len(y)")


@case(quiet=True)
def later_cells_that_use_the_names_of_an_answers_own(nb):
    """`residuals` is the answer's own: a later one is no reason to move a check."""
    nb["cells"].append(new("residuals = np.ones(3)\nw = X = y = 1"))
    return nb


@case(asks=SAME_ON_PAPER, told=("a tab in line 3",))
def tabs_among_blanks(nb):
    return changed(nb, "    return", "\treturn")


@case(quiet=True)
def tabs_throughout(nb):
    return changed(nb, "    ", "\t")


@case(reason="is what macOS notes of a file", marks=dict.fromkeys(FULL, 0.0), written=False)
def double_of_macos_alone(nb):
    return {f"._{NAME}": b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(4000)}


# Written, and not where a run finds it --------------------------------------------------------------------------------

LOST = {"marks": FULL | {"gradient-check": 0.0}, "asks": frozenset({"gradient-check"})}
NO_RUN = ("`gradient` is written where no run defines it",)


@case(**LOST, told=("`gradient` is written in a text cell",))
def fenced_in_a_text_cell_below_the_stub(nb):
    nb["cells"].insert(at(nb, "gradient") + 1, new(f"Mine:\n\n```python\n{RIGHT['gradient']}```", "markdown"))
    return set_text(nb, "gradient", STUB)


@case(**LOST, told=("`gradient` is written in a raw cell",))
def raw_cell_below_the_stub(nb):
    nb["cells"].insert(at(nb, "gradient") + 1, new(RIGHT["gradient"], "raw"))
    return set_text(nb, "gradient", STUB)


@case(**LOST, told=("`gradient` raises NotImplementedError before what is written",))
def beneath_the_last_line_of_the_stub(nb):
    return changed(nb, "    residuals", "    raise NotImplementedError()\n    residuals")


@case(**LOST, told=NO_RUN)
def comment_marks_before_all_of_it(nb):
    return set_text(nb, "gradient", "\n".join(f"# {line}" for line in RIGHT["gradient"].splitlines()))


@case(**LOST, told=NO_RUN)
def in_three_quotation_marks(nb):
    return set_text(nb, "gradient", f'"""\n{RIGHT["gradient"]}"""')


@case(**LOST, told=NO_RUN)
def in_a_class(nb):
    inside = RIGHT["gradient"].replace("\n", "\n    ")
    return set_text(nb, "gradient", f"class Line:\n    @staticmethod\n    {inside}")


@case(**LOST, told=NO_RUN)
def written_to_a_file(nb):
    return set_text(nb, "gradient", f"%%writefile slope.py\n{RIGHT['gradient']}")


@case(quiet=True)
def written_to_a_file_that_is_imported(nb):
    nb["cells"].insert(at(nb, "gradient"), new(f"%%writefile slope.py\n{RIGHT['gradient']}"))
    return set_text(nb, "gradient", "from slope import gradient")


@case(**LOST, told=("written in a file that was handed in",))
def loaded_from_a_file(nb):
    return {NAME: saved(set_text(nb, "gradient", "%load slope.py")), "slope.py": RIGHT["gradient"].encode()}


@case(**LOST, told=("but it is not there when its check runs",))
def under_timeit(nb):
    return set_text(nb, "gradient", f"%%timeit\n{RIGHT['gradient']}")


@case(**LOST, told=("but it is not there when its check runs",))
def all_names_deleted(nb):
    nb["cells"].insert(at(nb, "gradient-check"), new("%reset -f"))
    return nb


@case(**LOST, told=("something else has its name",))
def gradient_of_a_trial_kept_under_its_name(nb):
    nb["cells"].insert(at(nb, "gradient-check"), new("gradient = gradient(np.ones(2), np.ones((3, 2)), np.ones(3))"))
    return nb


@case(**LOST, told=("`gradient` is not defined, but `Gradient` is",))
def name_in_capitals(nb):
    return changed(nb, "def gradient", "def Gradient")


@case(quiet=True, marks=FULL | {"gradient-check": 0.0})
def left_out_beside_old_attempts_at_another(nb):
    """What is not run of one answer says nothing about another that is not written."""
    set_text(nb, "loss", f"# {WRONG_GRADIENT.splitlines()[0].replace('gradient', 'loss')}\n{RIGHT['loss']}")
    return set_text(nb, "gradient", STUB)


# Names of the course, used for something else -------------------------------------------------------------------------

@case(quiet=True)
def names_of_the_course_in_a_trial(nb):
    trial = ("w, X, y = np.ones(2), np.ones((3, 2)), np.zeros(3)\ncheck = np.allclose(X @ w, 2)\nplots = data = []\n"
             "line_cases = list(line_cases(np.random))\nloss = loss(w, X, y)\nprint(loss)")
    nb["cells"].insert(at(nb, "gradient-check"), new(trial))
    return nb


# Other programs -------------------------------------------------------------------------------------------------------

@case(quiet=True)
def versions_of_no_kind(nb):
    """As texts, and of a language that nobody asked for."""
    nb["nbformat"], nb["nbformat_minor"] = "4", "19"
    nb["metadata"] = {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}
    return nb


@case(quiet=True)
def of_deepnote(nb):
    nb["nbformat_minor"] = 4
    for cell in nb["cells"]:
        cell.pop("id")
        cell["metadata"] |= {"cell_id": "0f", "deepnote_cell_type": cell["cell_type"], "source_hash": "1"}
    nb["cells"].append(new("<a href='https://deepnote.com'>Created in <span>Deepnote</span></a>", "markdown"))
    return nb


@case(told=("`piplite`",))
def of_jupyterlite(nb):
    nb["cells"].insert(0, new("import piplite\nawait piplite.install(['numpy'])"))
    return nb


@case(told=("ps0_straight_line.py` was graded",))
def script_of_pycharm(nb):
    return {"ps0_straight_line.py": as_script(nb, "#%% md\n", "#%%").encode()}


@case(told=("ps0_straight_line.py` was graded",), asks=frozenset({"why"}))
def script_of_colab(nb):
    head = '"""Automatically generated by Colab.\n\nOriginal file is located at\n    https://colab.example/drive/1\n"""'
    cells = [one["source"] if one["cell_type"] == "code" else f'"""{one["source"]}\n"""' for one in nb["cells"]]
    return {"ps0_straight_line.py": "\n\n".join(["# -*- coding: utf-8 -*-", head, *cells]).encode()}


# What no run says by itself -------------------------------------------------------------------------------------------

@case(quiet=True)
def saved_by_a_script_with_str(nb):
    return str(nb).encode()


@case(reason="submission.txt is a text with a link", marks=dict.fromkeys(FULL, 0.0), written=False)
def link_in_a_text(nb):
    return {"submission.txt": b"My notebook: https://colab.example/drive/1?usp=sharing"}


@case(**LOST, told=("`gradient` uses `np`, which a cell binds to something else",))
def np_taken_by_a_trial(nb):
    nb["cells"].insert(at(nb, "gradient-check"), new("np = 3"))
    return changed(nb, "2 / len(y) * X.T @ residuals", "2 * np.mean(X * residuals[:, None], axis=0)")


@case(asks=frozenset({"loss-check"}), told=("the cell that binds `check`, `np`, `plots` and `plt` is no Python",))
def prints_of_an_older_python_among_the_imports(nb):
    nb["cells"][2]["source"] += "\nprint 'ready'"
    return nb


@case(asks=SAME_ON_PAPER, told=("a blank behind a backslash in line 3",))
def blank_behind_a_backslash(nb):
    return changed(nb, "return 2", "return \\ \n        2")


@case(asks=SAME_ON_PAPER, told=("a letter that looks like a Latin one in line 3",))
def letter_of_another_alphabet(nb):
    return changed(nb, "len(y)", "len(\u0443)")


@case(asks=SAME_ON_PAPER, told=("the numbers before the lines were taken away",))
def numbers_of_lines_pasted_along(nb):
    lines = enumerate(RIGHT["gradient"].splitlines(), 1)
    return set_text(nb, "gradient", "\n".join(f"{number:>3} {line}" for number, line in lines))


@case(asks=SAME_ON_PAPER, told=("a character as HTML spells it in line 2",))
def spelled_by_html(nb):
    return changed(nb, "    residuals", "    assert len(y) &gt; 0\n    residuals")
