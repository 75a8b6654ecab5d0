"""Grades one notebook: student cells inside the walls, check cells outside.

`GradeInWalls` is the nbgrader preprocessor that `nbgrader_config.py` puts in the place of nbgrader's Execute, so
that `nbgrader autograde`, formgrader's button and `coursekit autograde` all grade this way; the function
`grade_cells` is the whole of it and knows nothing of nbgrader's database.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor

from .marking import ProblemSet
from .master import EXPERIMENT
from .restore import kept_outputs, notebook_file, passed_files, read_submission, with_own_files
from .sandbox import SandboxError, warm_sandbox

if TYPE_CHECKING:
    from .course import Course
    from .work import Assignment

LIVES = 2  # how often a submission's walls, or the worker that grades it, may fall before it is a broken one


@dataclass
class Graded:
    """What grading a notebook gave, beside the outputs in its cells."""

    verdicts: list[dict[str, Any]] = field(default_factory=list)  # with the check's grade_id
    ended: str = ""  # why the student's process ended early, if it did
    fell: bool = False  # the walls ended with it


def grade_cells(notebook: NotebookNode, problem_set: ProblemSet, assignment: Assignment,
                files: Mapping[str, bytes]) -> Graded:
    """Execute a restored submission in place.

    Student cells run in a fresh process of the sandbox; check cells run here, on proxies, from the assignment's own
    text. An experiment keeps the outputs that were handed in, unless the assignment wants it run.

    Walls that fall while the submission is inside (somebody has killed the warm process, or the machine's memory was
    full) are built again, LIVES times; then the submission is taken for what fells them.

    Raises:
        SandboxError: if they cannot be built.
    """
    start, graded = time.perf_counter(), None
    for left in reversed(range(LIVES + 1)):
        try:
            graded = _grade_cells(notebook, problem_set, assignment, files)
        except SandboxError:
            if not left:
                raise
        if graded is not None and not graded.fell:
            break
    facts = notebook.metadata.setdefault("grading", {})
    facts.update(ended=graded.ended, seconds=round(time.perf_counter() - start, 3))
    return graded


def _grade_cells(notebook: NotebookNode, problem_set: ProblemSet, assignment: Assignment,
                 files: Mapping[str, bytes]) -> Graded:
    graded, sources = Graded(), problem_set.check_sources
    sandbox = warm_sandbox(assignment.sandbox)
    with sandbox.open(dict(files), assignment.limits, assignment.imports) as student:
        subjects = {name: student.subject(name) for name in problem_set.student_names}
        ran: list[tuple[NotebookNode, list[dict]]] = []
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if grade_id in sources and utils.is_grade(cell):
                checked = problem_set.check(sources[grade_id], grade_id, subjects, assignment.seed,
                                            assignment.depth)
                cell.outputs = [nbformat.from_dict(output) for output in checked.outputs]
                if checked.verdict is not None:
                    graded.verdicts.append({"grade_id": grade_id, **checked.verdict.to_dict()})
            elif EXPERIMENT in cell.metadata.get("tags", ()) and not assignment.run_experiments:
                cell.outputs = cell.outputs or kept_outputs(cell)
            else:
                ran.append((cell, student.run(cell.source)))
                cell.execution_count = student.execution_count
        for cell, outputs in ran:  # only now: a cell may change what an earlier one shows
            cell.outputs = [_without_verdict(nbformat.from_dict(output)) for output in outputs]
        graded.ended = student.ended or ""
    graded.fell = student.fell
    return graded


def _without_verdict(output: NotebookNode) -> NotebookNode:
    """An output of a student's cell: the place where reports look for a verdict is the grader's own."""
    output.get("metadata", {}).pop("verdict", None)
    return output


class SubmissionExporter(NotebookExporter):
    """nbgrader's notebook exporter, for files that need not be notebooks.

    An unreadable file becomes an untouched copy of the assignment with the reason on top, so that it gets its own
    zero and the class goes on. nbgrader reads twice: what was handed in, and then the restored notebook, which is ours.
    """

    def from_filename(self, filename: str, resources: dict | None = None, **kw: Any) -> Any:
        if not getattr(_converter(self), "_sanitizing", True):
            return super().from_filename(filename, resources=resources, **kw)
        path = Path(filename)
        content, why = notebook_file(path)
        notebook, reason = read_submission(content, problem_set_at_work(self, resources).assignment)
        reason = why or reason
        if reason:
            notebook.metadata["unreadable"] = reason
        resources = dict(resources or {}, metadata={"name": path.stem, "path": str(path.parent)})
        return self.from_notebook_node(notebook, resources=resources, **kw)


class GradeInWalls(NbGraderPreprocessor):
    """Executes an autograded notebook: student cells inside the walls, check cells in this process."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        assignment = assignment_at_work(self, resources)
        course = _course(_converter(self).coursedir.root)
        name, student = resources["nbgrader"]["assignment"], resources["nbgrader"]["student"]
        files = with_own_files(passed_files(course.folder("submitted", student, name)), assignment.files)
        grade_cells(nb, problem_set_at_work(self, resources), assignment, files)
        return nb, resources


def _converter(step: Any) -> Any:
    """The nbgrader converter that a preprocessor or an exporter works for."""
    return step.parent if hasattr(step.parent, "coursedir") else step.parent.parent


def _course(root: str) -> Course:
    return _course_as_of(root, _times([Path(root, "nbgrader_config.py")]))


@lru_cache(maxsize=4)
def _course_as_of(root: str, times: tuple) -> Course:
    from .course import Course

    return Course(root)


@lru_cache(maxsize=4)
def _assignment(course: Course, name: str, times: tuple) -> Assignment:
    return course.assignment(name)


def _times(paths: Iterable[Path]) -> tuple[tuple[str, int], ...]:
    """When files were written last: a notebook server that runs for weeks must notice an edited one."""
    return tuple((str(path), path.stat().st_mtime_ns) for path in sorted(paths) if path.is_file())


def assignment_at_work(step: Any, resources: dict) -> Assignment:
    """What an nbgrader step needs to know of the problem set that it is at work on."""
    course, name = _course(_converter(step).coursedir.root), resources["nbgrader"]["assignment"]
    sources = [*course.source_path(name).parent.rglob("*"), *filter(None, [course.masters.get(name)])]
    return _assignment(course, name, _times(sources))


def problem_set_at_work(step: Any, resources: dict) -> ProblemSet:
    from .work import problem_set_of

    return problem_set_of(assignment_at_work(step, resources))
