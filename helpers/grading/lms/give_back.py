"""Feedback pages as one zip that Moodle or Canvas gives out to the students, each to the right one.

Moodle: Assignment, View all submissions, "Upload multiple feedback files in a zip"; a file's name begins as the
download's did, `Full Name_12345_assignsubmission_file_` (mod/assign/feedback/file/importziplib.php). Canvas: Gradebook,
the assignment's menu, "Re-Upload Submissions"; a file's name begins as the download's did, with the numbers of the
user and of the file that was handed in.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from helpers.grading.course.disk import unwritable
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.lms.collect import read_kept


@dataclass
class GivenBack:
    """The zip, who is in it, and who has a page but did not come with a download."""

    path: Path
    students: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def pack_feedback(course: Course, name: str, to: Path | None = None) -> GivenBack:
    """Zip the feedback pages under the names that the learning management system knows.

    Raises:
        CourseError: if there are no pages, or nothing was collected from a system.
    """
    known = read_kept(course, name)
    pages = {path.parent.parent.name: path for path in
             sorted(course.folder("feedback", "*", name).parent.parent.glob(f"*/{name}/{name}.html"))}
    if not pages:
        raise CourseError(f"there are no feedback pages for {name}: run `coursekit feedback {name}` first")
    if not any(known.get(student, {}).get("prefix") for student in pages):
        raise CourseError(f"nothing of {name} was collected from Moodle or Canvas: what a system calls each student "
                          f"is known only after `coursekit collect {name} ZIP --from moodle` or `--from canvas`")
    made = GivenBack(to or course.root / "reports" / f"{name}-feedback.zip")
    try:
        made.path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(made.path, "w", zipfile.ZIP_DEFLATED) as archive:
            for student, page in pages.items():
                prefix = known.get(student, {}).get("prefix", "")
                if not prefix:
                    made.others.append(student)
                    continue
                archive.write(page, f"{prefix}{name}-feedback.html")
                made.students.append(student)
    except OSError as error:
        raise unwritable(error) from error
    return made
