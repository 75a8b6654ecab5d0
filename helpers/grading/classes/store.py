"""Results by student, on disk, so that nothing graded is graded again."""

from __future__ import annotations

import hashlib

from helpers.grading.course.disk import write_whole
from helpers.grading.course.folder import Course
from helpers.grading.marking.job import Result


class Store:
    """Results by student, on disk: `graded` until the gradebook has them, `done` after."""

    def __init__(self, course: Course, name: str):
        self.graded = course.root / ".coursekit" / name / "graded"
        self.done = course.root / ".coursekit" / name / "done"

    @staticmethod
    def _file(student: str) -> str:
        return hashlib.sha256(student.encode()).hexdigest()[:32]

    def keep(self, student: str, digest: str, content: bytes) -> None:
        self.graded.mkdir(parents=True, exist_ok=True)
        write_whole(self.graded / self._file(student), digest.encode() + b"\n" + content)

    def result(self, student: str, digest: str) -> Result | None:
        """The stored result, if it is of this digest and whole."""
        try:
            known, content = (self.graded / self._file(student)).read_bytes().split(b"\n", 1)
            return Result.from_bytes(content) if known.decode() == digest else None
        except (OSError, ValueError, TypeError):
            return None

    def finish(self, student: str, digest: str) -> None:
        self.done.mkdir(parents=True, exist_ok=True)
        write_whole(self.done / self._file(student), digest.encode())
        (self.graded / self._file(student)).unlink(missing_ok=True)

    def finished(self, student: str, digest: str) -> bool:
        try:
            return (self.done / self._file(student)).read_bytes().decode() == digest
        except (OSError, ValueError):
            return False
