"""Puts this kit's steps into nbgrader's configuration; called from a course's `nbgrader_config.py`."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from traitlets.config import Config

STEPS = "helpers.grading"
FORMGRADER = "nbgrader.server_extensions.formgrader.handlers"
FORMGRADERS_PAGE = Path(__file__).parent / "pages" / "templates" / "formgrader" / "graded_notebook.html.j2"
WARNING = ("{where} is not what this kit needs ({left}). What this command grades runs inside the walls all the same; "
           "`nbgrader autograde` and formgrader's button would run students' code as you, without walls. End "
           "it with these lines, and list no step that executes: `from helpers.grading import configure` and "
           "`configure.install(c)`")


PRIVATE, GROUP = 0o077, 0o007  # masks: for the owner alone, or for a group of graders


def install(c: Any) -> None:
    """This kit's steps; and what is made from here on is for whoever grades, and for nobody else on the machine."""
    steps(c)
    import_module(f"{STEPS}.course.handed_in").guard()
    import_module(f"{STEPS}.course.moments").guard_stamps()
    os.umask(GROUP if c.CourseDirectory.get("groupshared") is True else PRIVATE)


def steps(c: Any) -> None:
    """Autograding inside the walls, restored submissions, harmless pages, releases that carry helpers' student half."""
    c.ExchangeFactory.collect = f"{STEPS}.course.collecting.Collect"
    c.Autograde.exporter_class = f"{STEPS}.marking.steps.SubmissionExporter"
    c.Autograde.sanitize_preprocessors = [
        f"{STEPS}.marking.steps.RestoreCells",
        "nbgrader.preprocessors.OverwriteKernelspec",
        "nbgrader.preprocessors.OverwriteCells",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.Autograde.autograde_preprocessors = [
        f"{STEPS}.marking.steps.GradeInWalls",
        "nbgrader.preprocessors.IgnorePattern",
        "nbgrader.preprocessors.LimitOutput",
        f"{STEPS}.gradebook.saving.SaveMarks",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.GenerateFeedback.exporter_class = f"{STEPS}.pages.exporter.FeedbackExporter"
    c.GenerateFeedback.preprocessors = [f"{STEPS}.pages.exporter.MarksAndComments"]
    c.GenerateAssignment.post_convert_hook = f"{STEPS}.course.release.after_generating"
    c.HTMLExporter.preprocessors = [f"{STEPS}.pages.harmless.Harmless"]
    c.HTMLExporter.filters = {
        "markdown2html": f"{STEPS}.pages.harmless.markdown2html",
        "highlight_code": f"{STEPS}.pages.harmless.highlight_code",
        "clean_html": f"{STEPS}.pages.harmless.clean_html",
        "ansi2html": f"{STEPS}.pages.rendering.terminal",
        "strip_files_prefix": f"{STEPS}.pages.formgrader.as_it_is",
        "guarded_head": f"{STEPS}.pages.formgrader.guarded_head",
        "guarded": f"{STEPS}.pages.formgrader.guarded",
    }
    c.HTMLExporter.template_file = str(FORMGRADERS_PAGE)
    c.ExecutePreprocessor.enabled = False  # an HTML page of a graded notebook shows it and does not run it
    if FORMGRADER in sys.modules:  # a notebook server has read the course's configuration
        import_module(f"{STEPS}.pages.formgrader").guard()
        import_module(f"{STEPS}.serving.button").install()


def lacking(config: Config) -> list[str]:
    """What of `install` a course's configuration does not have, as `Section.trait`; empty if it has all."""
    wanted = Config()
    steps(wanted)
    found = []
    for section, traits in wanted.items():
        for name, value in traits.items():
            has = config.get(section, {}).get(name)
            ours = [step for step in value if step.startswith(STEPS)] if isinstance(value, list) else []
            if not (has == value or (isinstance(has, list) and ours and all(step in has for step in ours))):
                found.append(f"{section}.{name}")
    return found
