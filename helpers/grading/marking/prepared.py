"""A course's problem set, made ready for workers."""

from __future__ import annotations

import nbformat

from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.course.private import private_of
from helpers.grading.marking.autotests import with_autotests
from helpers.grading.marking.job import GradingJob, imported_modules
from helpers.grading.marking.ways import with_ways
from helpers.grading.notebooks.master import first_difference
from helpers.grading.notebooks.restore import recorded
from helpers.grading.sandbox.limits import Limits


def job_of(course: Course, name: str, sandbox: str | None = None, run_experiments: bool = False,
           notebook: str | None = None) -> GradingJob:
    """A course's problem set as plain data, for workers; `notebook` is which of several.

    Raises:
        CourseError: if its source has not been built; MasterError: if its master is wrong.
    """
    chosen = course.source_path(name, notebook).stem
    source, master, settings = course.source_notebook(name, chosen), course.master(name), course.settings
    if master is not None and (cell := first_difference(master, source)):
        raise CourseError(f"notebooks/{name}.py is not what source/{name} was built from ({cell} is another): run "
                          f"`coursekit build {name}` and grade again, so that nothing is graded with the old one")
    source = with_autotests(course, name, chosen, source)
    job = GradingJob(
        name=name if chosen == name else f"{name}/{chosen}", source=nbformat.writes(source),
        recorded=nbformat.writes(recorded(source, name, course.config)),
        master=master.text if master else "", files=tuple(sorted(course.own_files(name).items())),
        seed=course.seed(name), depth=settings.depth["feedback"], limits=_limits(course),
        sandbox=sandbox or settings.sandbox, imports=(*imported_modules(source), *settings.imports.get(name, ())),
        run_experiments=run_experiments, private=private_of(course))
    return with_ways(course, job, name, chosen)


def _limits(course: Course) -> Limits:
    """Limits of a course; what nbgrader's own configuration says of a cell's time, where this kit's says nothing."""
    own, said = dict(course.settings.limits), course.config.Execute.get("timeout")
    seconds = float(str(said)) if said is not None else 0.0  # from a command line it is text
    if seconds > 0:
        own = {"cell_seconds": seconds, "call_seconds": seconds, **own}
    return Limits(**own)
