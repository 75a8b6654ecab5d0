"""Every attempt of every student, on disk: what arrived, how far it is, what was seen of it.

`.coursekit/<problem set>/attempts/<key of the student>.json` is written whole at every step; beside it lies the folder
of the attempts' files, by number, and their results until they have been given back. A service that was killed finds
here where it was.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

from helpers.grading.course.disk import unwritable, write_whole
from helpers.grading.course.errors import CourseError
from helpers.grading.marking.job import Result

WAITS, GRADED, WRITTEN, RELEASED, PASSED_OVER, HELD_BACK = (
    "waits", "graded", "written", "released", "passed over", "held back")
OWN, COMMON = "own", "common"  # on whose cases
OVER = (RELEASED, PASSED_OVER, HELD_BACK)  # nothing is to be done until a date or a person says so


@dataclass
class Attempt:
    """One submission of one student. Times are seconds since 1970; `marks` are what the student has seen."""

    student: str
    number: int  # from 1 on
    source: str  # what the place where it arrived calls it
    came: float  # when it was handed in
    seen: float  # when this service saw it
    state: str = WAITS
    cases: str = OWN
    admitted: float = 0.0  # when its turn came; what a day and a pause are counted by
    given: float = 0.0  # when its page could be fetched first
    seconds: float = 0.0  # that grading it took
    tries: int = 0
    late: bool = False
    counts: bool = False
    score: float = 0.0
    marks: dict[str, float | None] = field(default_factory=dict)
    common: dict[str, float | None] | None = None  # the marks on cases that are common to all
    note: str = ""  # why a person has to look
    broken: str = ""  # why it could not be graded as it is
    says: str = ""  # why another attempt counts

    def __hash__(self) -> int:
        """One object for each attempt, which changes as it goes on."""
        return id(self)


class Ledger:
    """A problem set's attempts. One process writes them.

    Raises:
        CourseError: if a file of it cannot be read or written.
    """

    def __init__(self, root: Path, name: str):
        self.name = name
        self.folder = root / ".coursekit" / name / "attempts"
        self.of: dict[str, list[Attempt]] = {}
        self.known: set[str] = set()
        self.waiting: set[str] = set()  # students of whom an attempt waits
        for path in sorted(self.folder.glob("*.json")):
            try:
                facts = json.loads(path.read_bytes())
                attempts = [Attempt(**one) for one in facts["attempts"]]
                self.of[facts["student"]] = attempts
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise CourseError(f"{path} cannot be read ({error}): put back a copy of it, or delete it; then that "
                                  "student's attempts are counted anew") from None
            self.known |= {one.source for one in attempts}
            self._note_waiting(facts["student"])

    def add(self, student: str, source: str, came: float, seen: float) -> Attempt:
        """A new attempt; its files are to be in `files_of` by then, or are taken as lost."""
        attempt = Attempt(student, self.next_number(student), source, came, seen)
        self.of.setdefault(student, []).append(attempt)
        self.known.add(source)
        self.keep(attempt)
        return attempt

    def next_number(self, student: str) -> int:
        return 1 + max((one.number for one in self.of.get(student, ())), default=0)

    def lined_up(self, student: str) -> int:
        """How many attempts of a student wait for their turn."""
        return sum(one.state == WAITS and not one.admitted for one in self.of.get(student, ()))

    def keep(self, attempt: Attempt) -> None:
        """Write what is known of the student of an attempt."""
        self._note_waiting(attempt.student)
        path = self.folder / f"{_key(attempt.student)}.json"
        text = json.dumps({"student": attempt.student, "attempts": [asdict(one) for one in self.of[attempt.student]]})
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, text.encode())
        except OSError as error:
            raise unwritable(error) from error

    def _note_waiting(self, student: str) -> None:
        if any(one.state == WAITS for one in self.of[student]):
            self.waiting.add(student)
        else:
            self.waiting.discard(student)

    def files_of(self, student: str, number: int) -> Path:
        """The folder of what was handed in."""
        return self.folder / _key(student) / str(number)

    def keep_result(self, attempt: Attempt, content: bytes) -> None:
        try:
            write_whole(self._result(attempt), content)
        except OSError as error:
            raise unwritable(error) from error

    def result(self, attempt: Attempt) -> Result | None:
        try:
            return Result.from_bytes(self._result(attempt).read_bytes())
        except (OSError, ValueError, TypeError):
            return None

    def tidy(self, attempt: Attempt) -> None:
        """Drop what nobody needs once an attempt is over: its result, and the files of attempts that cannot count."""
        self._result(attempt).unlink(missing_ok=True)
        for one in self.of[attempt.student]:
            if one.state in OVER and not one.counts and one.state != HELD_BACK:
                self.drop_files(one)

    def drop_files(self, attempt: Attempt) -> None:
        shutil.rmtree(self.files_of(attempt.student, attempt.number), ignore_errors=True)

    def _result(self, attempt: Attempt) -> Path:
        return self.folder / _key(attempt.student) / f"{attempt.number}.result"

    def attempts(self) -> list[Attempt]:
        return [one for attempts in self.of.values() for one in attempts]

    def counting(self, student: str) -> Attempt | None:
        return next((one for one in self.of.get(student, ()) if one.counts), None)

    def let_count(self, attempt: Attempt) -> None:
        """From now on this one counts, and no other of the student's."""
        for one in self.of[attempt.student]:
            one.counts = one is attempt

    def clear_half_taken(self) -> None:
        """Files of arrivals that were being copied when a service ended."""
        for student, attempts in self.of.items():
            numbers = {str(one.number) for one in attempts}
            with contextlib.suppress(OSError):
                for path in (self.folder / _key(student)).iterdir():
                    if path.is_dir() and path.name not in numbers:
                        shutil.rmtree(path, ignore_errors=True)


def _key(student: str) -> str:
    return hashlib.sha256(student.encode()).hexdigest()[:32]
