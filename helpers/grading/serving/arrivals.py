"""Where work arrives: the inbound folder of nbgrader's exchange, or a watched folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from nbgrader.exchange import ExchangeFactory
from nbgrader.utils import notebook_hash

from helpers.grading.course.collecting import MOST_BYTES, copy_handed_in
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course, is_student
from helpers.grading.machine.exchange import exchange_root
from helpers.grading.notebooks.files import files_below

SECRET = "submission_secret.txt"  # nbgrader writes it last
SETTLED = 3.0  # seconds without a change, where nothing says that an arrival is whole
PATIENCE = 300.0  # seconds until a person is asked about one that cannot be read
AGAIN, LONGEST = 1.0, 60.0  # seconds until it is tried again, at first and at last


@dataclass(frozen=True)
class Arrival:
    """A submission where it has arrived. came: when it was handed in, in seconds since 1970."""

    student: str
    source: str
    came: float
    place: Path
    warns: str = ""  # what a person should know of it


@dataclass
class Scan:
    """What one look found; odd: what is not taken, and why, by its name."""

    new: list[Arrival] = field(default_factory=list)
    odd: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Said:
    """What the name of an arrival in the exchange says: who, when, of which problem set; or why nothing."""

    student: str = ""
    when: float = 0.0
    name: str = ""
    odd: str = ""


class PuttingOff:
    """What could not be taken is tried again, later each time: to try takes as long as to copy it."""

    def __init__(self) -> None:
        self._until: dict[str, tuple[float, float, str]] = {}  # source → until when, how long that was, and why

    def put_off(self, source: str, why: str = "") -> None:
        wait = min(2 * self._until.get(source, (0.0, AGAIN / 2))[1], LONGEST)
        self._until[source] = time.monotonic() + wait, wait, why

    def now(self, source: str, odd: dict[str, str]) -> bool:
        """Is it put off now? Then why is told in `odd`, if there is a reason for people."""
        until, _, why = self._until.get(source, (0.0, 0.0, ""))
        if until > time.monotonic() and why:
            odd[source] = why
        return until > time.monotonic()


class Source(Protocol):
    """putting_off: what of it is not to be taken yet."""

    putting_off: PuttingOff

    def scan(self, name: str, known: Collection[str], students: Collection[str]) -> Scan:
        """What has arrived and is whole, at most one of each student, the earliest first."""

    def take(self, arrival: Arrival, target: Path) -> None: ...

    def given_back(self, arrival: Arrival, name: str) -> bool: ...


class Exchange:
    """nbgrader's inbound folder. Who handed in, when, and what is left out is read as nbgrader's collect reads it.

    Raises:
        CourseError: if the course has none.
    """

    def __init__(self, course: Course):
        self.course, root = course, exchange_root(course)
        if root is None or not course.directory.course_id:
            raise CourseError("this course has no exchange folder: set c.CourseDirectory.course_id and, if need be, "
                              "c.Exchange.root in nbgrader_config.py, or name a folder to watch with --folder")
        self.inbound = root / course.directory.course_id / "inbound"
        self.feedback = root / course.directory.course_id / "feedback"
        self._collect: Any = ExchangeFactory(config=course.config).Collect(
            coursedir=course.directory, config=course.config)
        self._since: dict[str, float] = {}
        self.putting_off = PuttingOff()
        self._said: dict[str, _Said] = {}  # what the names say of those that have not been taken

    def scan(self, name: str, known: Collection[str], students: Collection[str]) -> Scan:
        found = Scan()
        try:
            with os.scandir(self.inbound) as entries:
                names = [entry.name for entry in entries if f"+{name}+" in entry.name and entry.name not in known
                         and entry.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            raise CourseError(f"{self.inbound} does not exist: release the problem set once with `nbgrader "
                              f"release_assignment {name}`, which makes the exchange's folders") from None
        said = {entry: self._said.get(entry) or self._read(entry) for entry in names}
        self._said = {entry: one for entry, one in self._said.items() if f"+{name}+" not in entry} | said
        seen: set[str] = set()
        for entry, one in sorted(said.items(), key=lambda item: (item[1].when, item[0])):
            if one.odd:
                found.odd[entry] = one.odd
            elif one.name == name and one.student not in seen and self._look(entry, one, students, found):
                seen.add(one.student)  # a student's further ones are for the next looks
        return found

    def _read(self, entry: str) -> _Said:
        try:
            record = self._collect._path_to_record(entry)
            student, when = record["username"], record["timestamp"].replace(tzinfo=UTC).timestamp()
        except Exception as error:  # parse_utc raises what dateutil does
            return _Said(odd=f"its name says no time ({type(error).__name__}): collect it by hand")
        if student.startswith(".") or not is_student(student):
            return _Said(odd="it names no student")
        return _Said(student, when, entry[len(student):].split("+")[1])

    def _look(self, entry: str, said: _Said, students: Collection[str], found: Scan) -> bool:
        """Add an arrival, if it can be taken now."""
        place, student = self.inbound / entry, said.student
        owner = _owner(place)
        if self._collect.check_owner and owner != student and (
                owner in students or (owner != _me() and _is_account(student))):
            found.odd[entry] = (f"it says that it is {student}'s, and belongs to {owner}, another account: not graded. "
                                "If that is as it should be, collect it by hand")
            return False
        if self.putting_off.now(entry, found.odd) or not (
                ((place / SECRET).is_file() and (place / SECRET).stat().st_size) or _settled(place, SETTLED)):
            return False
        warns = f"handed in for {student} by the account {owner}" if (
            self._collect.check_owner and owner not in (student, _me())) else ""
        found.new.append(Arrival(student, entry, said.when, place, warns))
        return True

    def take(self, arrival: Arrival, target: Path) -> None:
        """Raises OSError while it cannot be read whole, and CourseError if nobody can wait any longer."""
        try:
            copy_handed_in(arrival.place, target, self.course.directory)
        except OSError:
            since = self._since.setdefault(arrival.source, time.time())
            if time.time() - since > PATIENCE:
                raise CourseError("it cannot be read: put its permissions right") from None
            raise
        self._since.pop(arrival.source, None)

    def given_back(self, arrival: Arrival, name: str) -> bool:
        """Has this very submission been graded and given back before there was a service?"""
        try:
            with open(os.open(arrival.place / SECRET, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
                secret = file.read(1_000)
        except (OSError, ValueError):
            return False
        return bool(secret) and (self.feedback / f"{notebook_hash(secret=secret, notebook_id=name)}.html").exists()


class Folder:
    """A watched folder, `<folder>/<student>/<problem set>/`: what changes there is an attempt once it is at rest."""

    def __init__(self, course: Course, root: Path):
        self.course, self.root = course, root
        if not root.is_dir():
            raise CourseError(f"{root} is not a folder: make it, with a folder for each student, or name another")
        self._digests: dict[Path, tuple[float, str]] = {}
        self.putting_off = PuttingOff()

    def scan(self, name: str, known: Collection[str], students: Collection[str]) -> Scan:
        found = Scan()
        for place in sorted(self.root.glob(f"*/{name}")):
            student = place.parent.name
            if student.startswith(".") or not is_student(student) or not place.is_dir():
                continue
            if place.is_symlink() or place.parent.is_symlink():
                found.odd[f"{student}/{name}"] = "it is a link to elsewhere: put a folder there"
                continue
            try:
                source, came = self._source(student, name, place)
            except OSError as error:
                found.odd[f"{student}/{name}"] = f"it cannot be read ({error.strerror}): put its permissions right"
                continue
            if source and source not in known and not self.putting_off.now(source, found.odd):
                found.new.append(Arrival(student, source, came, place))
        found.new.sort(key=lambda one: (one.came, one.source))
        return found

    def _source(self, student: str, name: str, place: Path) -> tuple[str, float]:
        """A name for what lies there now, and since when: by the kernel's time of change, which nobody sets. Nothing
        while it is empty or has just changed; read only when something has."""
        files = list(files_below(place))
        changed = max((path.lstat().st_ctime for path in files), default=0.0)
        if not files or time.time() - changed < SETTLED:
            return "", changed
        kept = self._digests.get(place)
        if kept is None or kept[0] != changed + len(files):
            kept = self._digests[place] = (changed + len(files), _digest(place, files))
        return f"{student}/{name}/{kept[1]}", changed

    def take(self, arrival: Arrival, target: Path) -> None:
        copy_handed_in(arrival.place, target, self.course.directory)
        stamp = target / "timestamp.txt"
        if stamp.is_dir():
            shutil.rmtree(stamp)
        stamp.write_text(f"{datetime.fromtimestamp(arrival.came, UTC):%Y-%m-%d %H:%M:%S.%f} UTC")

    def given_back(self, arrival: Arrival, name: str) -> bool:
        return False


def _digest(place: Path, files: Sequence[Path]) -> str:
    """Of the files of a submission; of what is too large to be taken, such as a file of nothing but holes, the size."""
    parts, left = hashlib.sha256(), MOST_BYTES
    for path in files:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read(left) if size <= left else b""
        parts.update(f"\0{path.relative_to(place)}\0{size}\0".encode("utf-8", "replace") + content)
        left -= len(content)
    return parts.hexdigest()[:32]


def _settled(place: Path, seconds: float) -> bool:
    with suppress(OSError):
        times = [place.lstat().st_ctime, *(path.lstat().st_ctime for path in files_below(place))]
        return time.time() - max(times) > seconds
    return False


def _owner(place: Path) -> str:
    import pwd

    try:
        return pwd.getpwuid(place.lstat().st_uid).pw_name
    except (KeyError, OSError):
        return "unknown"


def _is_account(name: str) -> bool:
    """Has this machine an account of this name, from which its owner would hand in?"""
    import pwd

    try:
        pwd.getpwnam(name)
    except (KeyError, ValueError):
        return False
    return True


def _me() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""

