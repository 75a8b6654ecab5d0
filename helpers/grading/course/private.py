"""What of a course no notebook may see, whoever's machine it is graded on."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

from helpers.grading.course.folder import Course
from helpers.grading.sandbox.bound import Private

STEPS = ("source", "submitted", "autograded", "feedback")
HOME_SECRETS = (".ssh", ".gnupg", ".aws", ".netrc", ".config", ".jupyter")


def private_of(course: Course) -> Private:
    """The course folder and the home of whoever grades as a whole; solutions, submissions, marks and secrets closed."""
    root, home = str(course.root), os.path.expanduser("~")
    closed = [str(course.folder(step, ".", ".")) for step in STEPS]
    closed += [str(course.root / name) for name in (course.settings.masters_directory, ".coursekit", "reports")]
    closed += [*_gradebook(course), *_exchange(course), *(os.path.join(home, name) for name in HOME_SECRETS)]
    # A setting may name the course folder itself: it is private as a whole, with its virtual environment in it.
    inner = [path for path in map(os.path.abspath, closed) if not Path(root).is_relative_to(path)]
    outer = [path for path in map(os.path.abspath, closed) if Path(root).is_relative_to(path)]
    return Private(whole=tuple(dict.fromkeys((root, home, *outer))), closed=tuple(dict.fromkeys(inner)))


def _gradebook(course: Course) -> list[str]:
    scheme, _, path = course.directory.db_url.partition(":///")
    return [os.path.join(course.root, unquote(path).split("?")[0])] if scheme.startswith("sqlite") and path else []


def _exchange(course: Course) -> list[str]:
    """Where nbgrader's exchange hands out and takes in, if the configuration says so (else in a covered folder)."""
    return [path for path in [course.config.Exchange.get("root")] if isinstance(path, str) and path]
