"""Puts this kit's steps into nbgrader's configuration; called from a course's `nbgrader_config.py`."""

from __future__ import annotations

from typing import Any

STEPS = "helpers.grading"


def install(c: Any) -> None:
    """Autograding inside the walls, restored submissions, harmless pages, releases that carry helpers' student half."""
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
        "nbgrader.preprocessors.SaveAutoGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.GenerateFeedback.exporter_class = f"{STEPS}.pages.exporter.FeedbackExporter"
    c.GenerateFeedback.preprocessors = [f"{STEPS}.pages.exporter.MarksAndComments"]
    c.GenerateAssignment.post_convert_hook = f"{STEPS}.course.release.after_generating"
    c.HTMLExporter.preprocessors = [f"{STEPS}.pages.harmless.Harmless"]
    c.HTMLExporter.filters = {"markdown2html": f"{STEPS}.pages.harmless.markdown2html"}
