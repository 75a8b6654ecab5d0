"""Master → source → release: complete, deterministic, without leaks, and runnable anywhere."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import nbformat
import pytest
from conftest import SMALL, coursekit, nbgrader
from nbgrader.nbgraderformat import MetadataValidator

import helpers
from helpers.grading.authoring import build as building
from helpers.grading.authoring.cards import QuestionCard, Scorecard
from helpers.grading.authoring.scorecard import show
from helpers.grading.course.folder import Course
from helpers.grading.notebooks.master import MasterError
from helpers.grading.terminal import PlainConsole


def digests(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "gradebook.db"}


def edit_master(folder: Path, before: str, after: str) -> None:
    path = folder / "notebooks" / f"{SMALL}.py"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_building_twice_changes_no_byte(small_course):
    before = digests(small_course)
    result = coursekit("build", folder=small_course)
    assert result.returncode == 0, result.stderr
    assert digests(small_course) == before


def test_the_release_has_stubs_and_checks_and_nothing_else(small_course):
    folder = small_course / "release" / SMALL
    notebook = nbformat.read(folder / f"{SMALL}.ipynb", as_version=4)
    MetadataValidator().validate_nb(notebook)
    text = (folder / f"{SMALL}.ipynb").read_text()
    for secret in ("BEGIN SOLUTION", "HIDDEN TESTS", "also_at", "residuals = X @ w - y", "einsum",
                   "sum over the samples", "convex quadratic", '"mistake"', '"alternative"', '"outputs": [{'):
        assert secret not in text
    stub = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "gradient")
    assert "raise NotImplementedError()" in stub.source
    check = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "gradient-check")
    assert check.metadata.nbgrader["points"] == 3
    assert check.metadata["editable"] is False
    assert not list(folder.rglob("*.pyc"))
    assert not (folder / "helpers" / "grading").exists()


def test_check_fails_when_a_master_was_edited(small_course):
    assert coursekit("build", "--check", folder=small_course).returncode == 0
    edit_master(small_course, "a straight line", "a very straight line")
    result = coursekit("build", "--check", folder=small_course)
    assert result.returncode == 1
    assert f"source/{SMALL}/{SMALL}.ipynb" in result.stderr
    assert f"release/{SMALL}/{SMALL}.ipynb" in result.stderr


@pytest.mark.parametrize(("factor", "current"), [(1 + 1e-7, True), (1 + 1e-4, False)])
def test_check_overlooks_the_round_off_of_another_processor(small_course, factor, current):
    def measured(part):
        if isinstance(part, dict):
            return {key: measured(value) for key, value in part.items()}
        if isinstance(part, list):
            return [measured(value) for value in part]
        return part * factor if isinstance(part, float) else part

    for step in ("source", "release"):
        file = small_course / step / SMALL / "expected.json"
        file.write_text(json.dumps(measured(json.loads(file.read_text()))))
    assert (coursekit("build", "--check", folder=small_course).returncode == 0) is current


@pytest.mark.slow
def test_the_repository_is_current():
    """source/ and release/ are built and committed: they must be what the masters say."""
    result = coursekit("build", "--check")
    assert result.returncode == 0, result.stderr
    assert "WARNING" not in result.stderr


@pytest.mark.parametrize(("text", "says"), [
    ("# ## Careful\n#\n#     residuals = X @ w - y\n#     return 2 / len(y) * X.T @ residuals",
     "the solution of `gradient`"),
    ("#     def loss(w, X, y):\n#         return np.sum((X @ w - y) ** 2)", "author's own"),
    ('# also_at=lambda rng: [{"w": rng.standard_normal(1), "X": rng.standard_normal((1, 1)), '
     '"y": rng.standard_normal(1)}],', "hidden test of `gradient-check`"),
])
def test_a_release_that_leaks_is_refused_and_removed(small_course, text, says):
    section = "# %% [markdown]\n# ## The gradient"
    edit_master(small_course, section, f"# %% [markdown]\n{text}\n\n{section}")
    with pytest.raises(MasterError, match=says) as caught:
        building.build(Course(small_course), SMALL)
    assert any(problem.startswith(f"{SMALL}:") for problem in caught.value.problems)
    assert not (small_course / "release" / SMALL).exists()


def test_a_solution_that_fails_its_own_check_is_refused(small_course):
    edit_master(small_course, "return 2 / len(y) * X.T @ residuals", "return 3 / len(y) * X.T @ residuals")
    result = coursekit("build", folder=small_course)
    assert result.returncode == 1
    said = " ".join(result.stderr.split())
    assert re.search(rf"{SMALL}:\d+: the solution does not pass its own check `gradient-check`", said)


def test_brackets_in_a_master_are_said_as_they_stand(small_course):
    """In a terminal's markup they are colours and links."""
    edit_master(small_course, 'question="loss"', 'question="[bold]loss[/bold][link=a]"')
    result = coursekit("build", folder=small_course)
    assert result.returncode == 1
    assert "[bold]loss[/bold][link=a]" in result.stderr
    assert "1 thing(s) to correct" in result.stderr


def test_brackets_in_a_scorecard_are_said_as_they_stand(capsys):
    show([Scorecard("[red]ps[/red]", 3, [QuestionCard("[bold]q[/bold]", 1, false_accepts=["seed [i]3[/i]"])])],
         PlainConsole(width=200))
    said = capsys.readouterr().out
    assert all(text in said for text in ("[red]ps[/red]", "[bold]q[/bold]", "seed [i]3[/i]"))


def test_the_zip_runs_in_any_folder_without_the_kit(small_course, tmp_path):
    """An unpacked LMS zip: the notebook's own copy of helpers serves, and every stub fails politely."""
    assert coursekit("build", "--zip", folder=small_course).returncode == 0
    packed = small_course / "release" / f"{SMALL}.zip"
    first = packed.read_bytes()
    assert coursekit("build", "--zip", folder=small_course).returncode == 0
    assert packed.read_bytes() == first
    away = tmp_path / "Downloads" / "a folder with spaces"
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(away)
    folder = away / SMALL
    kept = (folder / "requirements.txt").read_text()
    assert "numpy" in kept
    assert "torch" not in kept  # this set computes without
    assert "nbgrader" not in kept
    readme = (folder / "README.md").read_text()
    assert f"Made with Backprop by hand {helpers.__version__}." in readme
    assert f"pip install -r requirements.txt`, then `jupyter lab {SMALL}.ipynb" in readme
    script = (
        "import nbformat, nbclient\n"
        f"nb = nbformat.read('{SMALL}.ipynb', as_version=4)\n"
        "nb.cells.insert(0, nbformat.v4.new_code_cell(\n"
        "    'import helpers; print(helpers.__file__, helpers.__version__)'))\n"
        "nbclient.NotebookClient(nb, timeout=120).execute()\n"
        "print(nb.cells[0].outputs[0].text)\n"
        "print([o.output_type for c in nb.cells for o in c.get('outputs', [])])\n"
        "print([o.get('data', {}).get('text/html') for c in nb.cells for o in c.get('outputs', [])])")
    result = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=200)
    assert result.returncode == 0, result.stderr
    assert f"{folder / 'helpers' / '__init__.py'} {helpers.__version__}" in result.stdout
    assert "'error'" not in result.stdout
    assert result.stdout.count("not written yet") == 2


def test_generating_through_nbgrader_makes_the_same_release(small_course):
    before = digests(small_course / "release")
    shutil.rmtree(small_course / "release")
    result = nbgrader("generate_assignment", SMALL, folder=small_course)
    assert result.returncode == 0, result.stderr
    assert digests(small_course / "release") == before


def test_a_release_folder_of_another_name_gets_the_student_half(small_course):
    """Formgrader's Generate button knows no more than nbgrader's configuration."""
    with open(small_course / "nbgrader_config.py", "a") as config:
        config.write('\nc.CourseDirectory.release_directory = "given"\n')
    env = {**os.environ, "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])}
    done = nbgrader("generate_assignment", SMALL, "--force", folder=small_course, env=env)
    assert done.returncode == 0, done.stderr
    assert (small_course / "given" / SMALL / "helpers" / "checking" / "probe.py").exists()
    assert not (small_course / "given" / SMALL / "helpers" / "grading").exists()


WITHOUT_THE_KIT = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder).lower()]
sys.path[:] = ["", *[p for p in sys.path if p]]
cell = open("cell.txt").read()
try:
    exec(compile(cell, "cell", "exec"), {"__name__": "__main__"})
    import helpers
    print("here:", helpers.__file__)
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize("foreign", [False, True])
def test_the_first_cell_says_what_is_missing_and_unpacks_the_zip(small_course, tmp_path, foreign):
    folder = small_course / "release" / SMALL
    notebook = nbformat.read(folder / f"{SMALL}.ipynb", as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    lonely = tmp_path / "lonely"
    lonely.mkdir()
    (lonely / "cell.txt").write_text(first.source)
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    if foreign:  # the unrelated package of that name, installed somewhere
        (tmp_path / "elsewhere" / "helpers").mkdir(parents=True)
        (tmp_path / "elsewhere" / "helpers" / "__init__.py").write_text("")
        env["PYTHONPATH"] = str(tmp_path / "elsewhere")

    def run() -> str:
        done = subprocess.run([sys.executable, "-c", WITHOUT_THE_KIT], cwd=lonely, env=env, capture_output=True,
                              text=True, timeout=120)
        return done.stdout + done.stderr

    said = run()
    if "site-packages" in said.split("here:")[-1]:
        pytest.skip("the kit is installed as a wheel here")
    assert f"{SMALL}.zip: unpack all of it" in said
    assert "Do not `pip install helpers`" in said
    packed = building.pack(Course(small_course), SMALL)
    shutil.copy(packed, lonely)
    said = run()
    assert f"here: {lonely}" in said, said
    assert not (lonely / f"{SMALL}.ipynb").exists()  # the student's own is not overwritten
