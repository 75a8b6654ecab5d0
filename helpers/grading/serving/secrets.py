"""What is drawn from the course's secret for one student: the seed of an attempt's cases, and a code for the log."""

from __future__ import annotations

from helpers.grading.course.folder import Course


def seed_of(course: Course, name: str, student: str, number: int) -> int:
    """The seed of one attempt's cases: what was seen of them tells nothing about those of any other."""
    return course.seed(f"{name} attempt {number} {student}")


def code_of(course: Course, student: str) -> str:
    """What stands for a student in the log: without the secret nobody finds the name, by trying names either."""
    return f"{course.seed(f'log {student}'):012x}"[:8]
