"""Says in a course's configuration that a group of graders shares it."""

from __future__ import annotations

import re

from helpers.grading.course.disk import unwritable, write_whole
from helpers.grading.course.folder import Course
from helpers.grading.machine import accounts

SHARED = "c.CourseDirectory.groupshared = True"
LINES = ("", "# A group of graders shares this course: what one makes the others may change.", SHARED)
INSTALL = re.compile(r"^configure\.install\(c\)", re.M)


def share_with(course: Course, group: str) -> Course:
    """Set `groupshared` in `nbgrader_config.py`; the course as it is then.

    Raises:
        CourseError: if there is no such group, or the configuration cannot be written.
    """
    accounts.existing_group(group)
    if course.directory.groupshared:
        return course
    path = course.root / "nbgrader_config.py"
    text = path.read_text(encoding="utf-8") if path.exists() else "c = get_config()  # noqa: F821\n"
    if re.search(r"^c\.CourseDirectory\.groupshared\b.*$", text, re.M):
        text = re.sub(r"^c\.CourseDirectory\.groupshared\b.*$", SHARED, text, flags=re.M)
    else:
        # Before `install`, which sets by it who may use what is made from then on.
        found = INSTALL.search(text)
        place = found.start() if found else len(text)
        comment = text.rfind("\n#", 0, place)
        if found and comment >= 0 and text.count("\n", comment + 1, place) == 1:
            place = comment + 1  # the comment belongs to `install`
        text = text[:place].rstrip("\n") + "\n".join(("", *LINES, "", "")) + text[place:]
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise unwritable(error) from error
    return Course(course.root)
