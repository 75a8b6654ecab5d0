"""Every command that the manuals show works, in the order in which they show it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT, coursekit, nbgrader

from helpers.grading.authoring import pretend_class as classroom
from helpers.grading.course.folder import Course

pytestmark = pytest.mark.slow

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Set-up that `make test` has just done, servers that other tests start, and benchmarks.
ELSEWHERE = ("make ", "python3 -m venv", ".venv/bin/", "git clone", "pip install", "apt", "jupyter lab",
             "python benchmarks", "dask ", "coursekit autograde ps1 --scheduler", "coursekit demo")
CERTIFICATES = "openssl "  # of a block that tests/classes/test_cluster_security.py runs as it stands
PS1 = "ps1_two_layer_nets"
DOWNLOADS = {"moodle": f"Amara Okafor_30211_assignsubmission_file/{PS1}.ipynb",
             "canvas": f"okaforamara_LATE_11_900_{PS1}-1.ipynb", "files": f"amara.okafor_{PS1}.ipynb"}


def commands(page: Path) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    lines = [line.split("#")[0].strip() for block in blocks if CERTIFICATES not in block for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith(ELSEWHERE)]


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A course whose students have handed in the first problem set, with an exchange of its own."""
    folder = tmp_path_factory.mktemp("term") / "course"
    classroom.make(Course(ROOT), PS1, 4, 2, folder)
    min((folder / "submitted").iterdir()).rename(folder / "submitted" / "amara.okafor")  # of whom the manual speaks
    exchange = folder.parent / "exchange"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o1777)  # as `coursekit doctor --fix` makes it
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.Exchange.root = {str(exchange)!r}\n")
    for number, submission in enumerate(sorted((folder / "submitted").glob(f"*/{PS1}"))):
        (submission / "submission_secret.txt").write_text(f"secret-{number}")  # as `nbgrader submit` leaves one
    names = [name.split(".") for name in sorted(path.name for path in (folder / "submitted").iterdir())]
    (folder / "students.csv").write_text("\n".join(["id;first name;last name", *(
        f"{'.'.join(name)};{name[0].title()};{name[-1].title()}" for name in names)]), encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "example", folder / "docs" / "example")
    for system, name in DOWNLOADS.items():
        with zipfile.ZipFile(folder / f"{system}.zip", "w") as packed:
            packed.write(folder / "release" / PS1 / f"{PS1}.ipynb", name)
    return folder


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_the_commands_of_a_page_work(course, page):
    env = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
           "HOME": str(course.parent), "JUPYTER_DATA_DIR": str(course.parent / "data"), "BROWSER": "true"}
    for command in commands(page):
        words = shlex.split(command)
        assert words[0] in ("coursekit", "nbgrader"), f"{page.name} shows a command that no test knows: {command}"
        run = coursekit if words[0] == "coursekit" else nbgrader
        result = run(*words[1:], folder=course, env=env)
        allowed = (0, 1) if "validity" in command else (0,)
        assert result.returncode in allowed, f"{command}\n{result.stdout[-1500:]}\n{result.stderr[-3000:]}"
    if page.name == "teaching.md":  # which collects the download of a learning management system
        collected = course / "submitted" / "amara.okafor" / PS1 / f"{PS1}.ipynb"
        assert collected.read_bytes() == (course / "release" / PS1 / f"{PS1}.ipynb").read_bytes()


def test_the_mark_scheme_of_a_written_question_stands_where_the_manual_says():
    released = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source for cell in
                nbformat.read(ROOT / "release" / PS1 / f"{PS1}.ipynb", as_version=4).cells}
    source = nbformat.read(ROOT / "source" / PS1 / f"{PS1}.ipynb", as_version=4)
    written = [cell for cell in source.cells if cell.cell_type == "markdown" and cell.metadata.get("nbgrader")]
    assert written
    for cell in written:
        assert "Mark scheme" in cell.source
        assert "Mark scheme" not in released[cell.metadata.nbgrader.grade_id]


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_reference_of_checks_is_what_the_docstrings_say():
    """`make docs` makes it."""
    program = "import runpy; print(runpy.run_path('docs/make_check.py')['page'](), end='')"
    made = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert made.stdout == (ROOT / "docs" / "check.md").read_text(encoding="utf-8"), "run `make docs`"
