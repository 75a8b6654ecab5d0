"""Is there room on the disk for another round of grading?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from helpers.grading.course.folder import Course
from helpers.grading.machine.finding import Finding

LEAST = 500 * 2**20  # bytes: results, graded notebooks, pages and a backup of the gradebook for a large class
TIMES = 3  # what was handed in is written again as a result, a graded notebook and a page


def of_space(course: Course) -> Iterator[Finding]:
    submitted = course.folder("submitted", "*", "*").parent.parent
    handed_in = sum(path.lstat().st_size for path in submitted.glob("*/*/*") if path.is_file())
    free, wanted = shutil.disk_usage(course.root).free, max(LEAST, TIMES * handed_in)
    enough = free >= wanted
    yield Finding("disk space", "ok" if enough else "missing", f"{free / 2**30:.1f} GB free",
                  "" if enough else f"make room: grading may need {wanted / 2**30:.1f} GB")
