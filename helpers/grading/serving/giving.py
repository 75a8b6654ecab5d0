"""Gives a page to one student: through nbgrader's channel, or into the watched folder."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
from pathlib import Path

from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.pages.feedback import keep_page


class ThroughTheExchange:
    """nbgrader's release_feedback, for one student at a time."""

    def __init__(self, course: Course):
        self.course = course
        self._api = NbGraderAPI(course.directory, config=course.config)
        self._notices = course.root / ".coursekit" / "serving" / "notices"
        config = course.config.copy()
        config.CourseDirectory.root = str(course.root)
        config.CourseDirectory.feedback_directory = str(self._notices)
        self._aside = NbGraderAPI(CourseDirectory(config=config), config=config)

    def give(self, name: str, student: str, page: bytes, files: Path) -> None:
        """Put a page into `feedback/` and release it; `files` is the folder of the attempt that it answers.

        Raises:
            CourseError: if it cannot be.
        """
        keep_page(self.course, name, student, page, [files])
        _release(self._api, name, student)

    def tell(self, name: str, student: str, page: bytes, files: Path) -> None:
        """Release a notice in the place of the page to come."""
        target = self._notices / student / name
        keep_page(self.course, name, student, page, [files], target)
        try:
            _release(self._aside, name, student)
        finally:
            shutil.rmtree(target.parent, ignore_errors=True)


def _release(api: NbGraderAPI, name: str, student: str) -> None:
    told = api.release_feedback(name, glob.escape(student))
    log = str(told.get("log") or "")
    if not told["success"]:
        lines = [line for line in str(told.get("error") or log).splitlines() if line.strip()]
        raise CourseError(f"its page could not be released: {lines[-1] if lines else 'nbgrader does not say why'}")


class IntoTheFolder:
    """Beside the student's folder: `<folder>/<student>/<problem set>-feedback.html`."""

    def __init__(self, course: Course, root: Path):
        self.course, self.root = course, root

    def give(self, name: str, student: str, page: bytes, files: Path) -> None:
        keep_page(self.course, name, student, page, [files])
        self.tell(name, student, page, files)

    def tell(self, name: str, student: str, page: bytes, files: Path) -> None:
        """The folder is the student's, who may put a link there at any time: a name that cannot be foreseen, and all
        that is done to the file goes through its descriptor."""
        place = self.root / student
        try:
            descriptor, fresh = tempfile.mkstemp(prefix=".", dir=place)
            try:
                with open(descriptor, "wb") as file:
                    file.write(page)
                    os.fchmod(descriptor, 0o644)
                os.replace(fresh, place / f"{name}-feedback.html")
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(fresh)
                raise
        except OSError as error:
            raise CourseError(f"its page cannot be written into {place} ({error.strerror})") from None
