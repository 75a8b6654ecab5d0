"""A class whose assignment has several notebooks, or one with another name: graded by nbgrader's own autograde, with
this kit's steps in it, student after student in this process.

A submission that was graded as it is now is not graded again.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import time
from collections.abc import Callable

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI

from helpers.grading.classes.one_by_one import last_line, one_by_one
from helpers.grading.classes.store import Store
from helpers.grading.classes.submitted import timestamp_bytes
from helpers.grading.classes.summary import Summary
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.course.release import generate_release
from helpers.grading.marking.job import GradingJob
from helpers.grading.marking.prepared import job_of
from helpers.grading.marking.steps import in_sandbox, unsafe
from helpers.grading.notebooks.cells import grade_id_of
from helpers.grading.notebooks.files import passed_files


def autograde(course: Course, name: str, everyone: list[str], *, force: bool = False, sandbox: str | None = None,
              progress: Callable[[int, int, str], None]) -> Summary:
    """Grade every submission that has changed since it was graded.

    Raises:
        CourseError: if nothing can be graded, with what to do.
    """
    start = time.monotonic()
    if left := unsafe(course.config):
        raise CourseError(f"{name} has the notebooks {', '.join(course.notebooks(name))}, and is graded by nbgrader's "
                          f"own steps: nbgrader_config.py is not what this kit needs ({', '.join(left)}). End it with "
                          "`from helpers.grading import configure` and `configure.install(c)`")
    jobs = [job_of(course, name, sandbox=sandbox, notebook=notebook) for notebook in course.notebooks(name)]
    _register(course, name, jobs)
    store, summary = Store(course, name), Summary(name)
    with in_sandbox(sandbox):
        for api, student in one_by_one(course, everyone, summary, progress):
            _grade(api, course, name, student, jobs, store, summary, force)
    summary.wall = time.monotonic() - start
    return summary


def _grade(api: NbGraderAPI, course: Course, name: str, student: str, jobs: list[GradingJob], store: Store,
           summary: Summary, force: bool) -> None:
    digest = _digest(course, name, student, jobs)
    if not force and store.finished(student, digest) and course.folder("autograded", student, name).is_dir():
        summary.already.append(student)
        return
    begun = time.monotonic()
    done = api.autograde(name, glob.escape(student), force=True, create=True)  # nbgrader takes it for a pattern
    if not done["success"]:
        summary.notes[student] = f"nbgrader could not grade it: {last_line(done, 'it does not say why')}"
        summary.again.append(student)
        return
    store.finish(student, digest)
    summary.graded.append(student)
    summary.seconds[student] = time.monotonic() - begun


def _digest(course: Course, name: str, student: str, jobs: list[GradingJob]) -> str:
    """Of what was handed in and of all that grades it."""
    folder = course.folder("submitted", student, name)
    parts = hashlib.sha256("".join(job.digest for job in jobs).encode())
    notebooks = {path.name: path.read_bytes() for path in folder.glob("*.ipynb") if path.is_file()}
    for key, content in sorted({**passed_files(folder), **notebooks}.items()):
        parts.update(f"\0{key}\0{len(content)}\0".encode() + content)
    try:
        parts.update(timestamp_bytes(folder))
    except OSError:
        parts.update(b"no timestamp")
    return parts.hexdigest()


def _register(course: Course, name: str, jobs: list[GradingJob]) -> None:
    """Let the gradebook know the assignment as it is now, as generate_assignment would."""
    cells = {}
    for notebook, job in zip(course.notebooks(name), jobs):
        recorded = nbformat.reads(job.recorded, as_version=4)
        cells[notebook] = {grade_id_of(cell): cell.metadata.nbgrader.get("checksum") for cell in recorded.cells
                           if grade_id_of(cell)}
    with contextlib.closing(Gradebook(course.directory.db_url, course.directory.course_id)) as book:
        try:
            known = {notebook.name: {cell.name: cell.checksum for cell in notebook.source_cells}
                     for notebook in book.find_assignment(name).notebooks}
        except MissingEntry:
            known = {}
    if known != cells:
        generate_release(course, name, register=True)
