"""A course with an exchange in a folder, and students who hand in to it as nbgrader's submit does."""

from __future__ import annotations

import secrets
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
from conftest import SMALL
from nbgrader.utils import notebook_hash

from helpers.grading.course.folder import Course

WRONG = {"loss": "def loss(w, X, y):\n    return np.sum((X @ w - y) ** 2)"}
ENDLESS = {"loss": "def loss(w, X, y):\n    while True:\n        pass"}


def with_exchange(folder: Path, settings: str = "") -> Course:
    """A course folder whose exchange is beside it; `settings` go into its configuration."""
    exchange = folder.parent / f"{folder.name}-exchange"
    for place in ("inbound", "outbound", "feedback"):
        (exchange / "backprop" / place).mkdir(parents=True)
    exchange.chmod(0o777)
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.Exchange.root = {str(exchange)!r}\nc.CourseKit.limits = {{'call_seconds': 2, "
                     f"'cell_seconds': 2, 'notebook_seconds': 30}}\n{settings}\n")
    return Course(folder)


def root_of(course: Course) -> Path:
    return Path(course.config.Exchange.root) / "backprop"


def solved(course: Course, answers: dict[str, str] | None = None) -> nbformat.NotebookNode:
    """The released notebook with the solution's answers, and `answers` in their place by grade_id."""
    notebook = nbformat.read(course.folder("release", ".", SMALL) / f"{SMALL}.ipynb", as_version=4)
    source = {cell.metadata.nbgrader.grade_id: cell.source for cell in course.source_notebook(SMALL).cells
              if "nbgrader" in cell.metadata and cell.metadata.nbgrader.get("solution")}
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = {**source, **(answers or {})}.get(grade_id, cell.source)
    return notebook


def hand_in(course: Course, student: str, notebook: nbformat.NotebookNode | str, ago: float = 0.0) -> Path:
    """As `nbgrader submit` does; `ago` seconds before now. Returns the folder in the exchange's inbound."""
    stamp = f"{datetime.now(UTC) - timedelta(seconds=ago):%Y-%m-%d %H:%M:%S.%f} UTC"
    place = root_of(course) / "inbound" / f"{student}+{SMALL}+{stamp}+{secrets.token_urlsafe(9)}"
    fresh = root_of(course) / f"{student} {secrets.token_hex(4)}"
    fresh.mkdir()
    text = notebook if isinstance(notebook, str) else nbformat.writes(notebook)
    (fresh / f"{SMALL}.ipynb").write_text(text, encoding="utf-8")
    (fresh / "timestamp.txt").write_text(stamp)
    (fresh / "submission_secret.txt").write_text(secrets.token_hex(64))
    shutil.move(fresh, place)
    return place


def fetched(course: Course, place: Path) -> str:
    """What "Fetch Feedback" finds for a submission; "" if there is nothing yet."""
    secret = (place / "submission_secret.txt").read_text()
    page = root_of(course) / "feedback" / f"{notebook_hash(secret=secret, notebook_id=SMALL)}.html"
    return page.read_text() if page.exists() else ""
