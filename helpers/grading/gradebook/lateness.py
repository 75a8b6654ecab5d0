"""How late a submission is, and what that costs: nbgrader's own policy, asked whenever it matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbgrader import api
from nbgrader.preprocessors import AssignLatePenalties

from helpers.grading.course.folder import Course


@dataclass
class Lateness:
    """One submission: seconds late after what extension there is, and the penalty before and now."""

    student: str
    seconds: float
    before: float
    penalty: float
    score: float  # without the penalty


def policy_of(course: Course) -> AssignLatePenalties:
    """nbgrader's step that knows the course's policy, with its plugin made."""
    step = AssignLatePenalties(config=course.config)
    step.init_plugin()
    return step


def apply_to(submission: api.SubmittedAssignment, step: Any, until: Mapping[str, datetime]) -> Lateness:
    """Set a submission's extension and penalty; what is as it was is not touched."""
    set_extension(submission, until)
    late = float(submission.total_seconds_late)
    found = Lateness(submission.student_id, late, 0.0, 0.0, 0.0)
    for notebook in submission.notebooks:
        before, score = float(notebook.late_submission_penalty or 0.0), float(notebook.score)
        penalty = None
        if late > 0:
            penalty = step.plugin_inst.late_submission_penalty(submission.student_id, score, late)
            penalty = None if penalty is None else float(step._check_late_penalty(notebook, penalty))
        if (penalty or 0.0) != before:
            notebook.late_submission_penalty = penalty
        found.before, found.penalty, found.score = found.before + before, found.penalty + (penalty or 0.0), \
            found.score + score
    return found


def set_extension(submission: api.SubmittedAssignment, until: Mapping[str, datetime]) -> None:
    """An extension of ours comes before one that was set in nbgrader; without one of ours, that one stays.

    Without a due date there is none: nbgrader adds it to the date, and fails where that is missing.
    """
    due, end = submission.assignment.duedate, until.get(submission.student_id)
    if due is not None and end is None:
        return
    extension = end - due if due is not None and end > due else None
    if submission.extension != extension:
        submission.extension = extension
