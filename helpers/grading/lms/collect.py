"""`coursekit collect`: a download's files into `submitted/<student>/<problem set>/`, and what could not be placed."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import posixpath
import re
import shutil
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from helpers.grading.course.disk import unwritable, write_whole
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.lms import roster as rosters
from helpers.grading.lms.archive import Allowance, Entry, Unreadable, inside, opened
from helpers.grading.lms.names import SYSTEMS, Named, is_copy_of, plain

KEPT = "handed_in.json"
NOTEBOOK = ".ipynb"
MOST_TOLD = 20  # files of one zip that are not taken
MAX_ID = 100  # bytes of a student's id that is made here
MAX_PART = 200  # bytes of one part of a path; file systems take 255, and a number may be added


@dataclass
class Collected:
    """What a run did, by student; `unplaced`: a file's path → why nobody got it."""

    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict)  # students who were not in the roster → their name
    notes: dict[str, str] = field(default_factory=dict)
    unplaced: dict[str, str] = field(default_factory=dict)

    @property
    def placed(self) -> int:
        return len(self.new) + len(self.updated) + len(self.same)


@dataclass
class _Work:
    """One student's entries of the download, and how the system calls the student."""

    entries: list[tuple[Named, Entry]] = field(default_factory=list)

    def senders(self) -> set[tuple[str, str]]:
        """Who of the system has handed this in; a system that knows people by numbers names two of one name apart."""
        return {(named.number, named.who) for named, _ in self.entries if named.number}


def collect(course: Course, name: str, place: Path, system: str, new_students: bool = False,
            progress: Callable[[int, int, str], None] = lambda done, of, student: None) -> Collected:
    """Sort a learning management system's download into `submitted/`.

    What was there before and is replaced is kept in `.coursekit/<problem set>/earlier/`.

    Raises:
        CourseError: if the system is unknown, the download cannot be read, or there is no roster to match.
    """
    if system not in SYSTEMS:
        raise CourseError(f"“{system}” is no system whose downloads are known: say one of {', '.join(SYSTEMS)}")
    roster, done = rosters.Roster(rosters.people(course)), Collected()
    if not roster.known and not new_students:
        raise CourseError("the gradebook has no students to match the download with: add them first "
                          "(`nbgrader db student import FILE`), or say --new to take them from the download")
    known = read_kept(course, name)
    with opened(place) as entries:
        works = _sorted_by_student(entries, system, roster, new_students, done)
        rosters.add(course, {student: _halves(who) for student, who in done.made.items()})
        try:
            for number, (student, work) in enumerate(sorted(works.items()), 1):
                if _store(course, name, student, work, done):
                    named = work.entries[0][0]
                    if named.prefix or student not in known:  # a file from elsewhere does not change a name of Moodle's
                        known[student] = {"system": system, "who": named.who, "number": named.number,
                                          "prefix": named.prefix}
                progress(number, len(works), student)
            path = _kept_path(course, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(known, indent=1, ensure_ascii=False).encode("utf-8", "replace"))
        except OSError as error:
            raise unwritable(error) from error
    return done


def _kept_path(course: Course, name: str) -> Path:
    return course.root / ".coursekit" / name / KEPT


def read_kept(course: Course, name: str) -> dict[str, dict[str, str]]:
    """Student → how the system called the student and what stood before the files; empty if nothing came from one."""
    try:
        found = json.loads(_kept_path(course, name).read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def _sorted_by_student(entries: list[Entry], system: str, roster: rosters.Roster, new_students: bool,
                       done: Collected) -> dict[str, _Work]:
    works: dict[str, _Work] = {}
    made: dict[str, str] = {}
    around = len(_around(entries, roster, new_students)) if system == "files" else 0
    for entry in entries:
        named = SYSTEMS[system](entry.path[around:])
        if entry.refused or named is None:
            done.unplaced[entry.path] = entry.refused or f"is not named as {system.capitalize()} names files"
            continue
        student, why = roster.find(named, system)
        if student is None and new_students and "students are called so" not in why:
            student = _new_id(named, system)
            made.setdefault(student, named.who)
        if student is None:
            done.unplaced[entry.path] = why
            continue
        works.setdefault(student, _Work()).entries.append((named, entry))
    _leave_out_doubles(works, roster, done)
    done.made.update({student: who for student, who in made.items() if student in works})
    return works


def _around(entries: list[Entry], roster: rosters.Roster, new_students: bool) -> str:
    """The folders in which the whole download lies, with their last slash: none that is a student's."""
    paths = [entry.path for entry in entries if not entry.refused]
    outer = posixpath.commonpath(paths).split("/") if paths else []
    depths = ["".join(f"{folder}/" for folder in outer[:depth]) for depth in range(len(outer) + 1)]
    depths = [around for around in depths if all(path.startswith(around) and path != around for path in paths)]
    for around in depths:
        below = [named for path in paths if (named := SYSTEMS["files"](path.removeprefix(around)))]
        if any(roster.find(named, "files")[0] for named in below):
            return around
    for around in depths if new_students else ():
        if len({path.removeprefix(around).partition("/")[0] for path in paths if "/" in path.removeprefix(around)}) > 1:
            return around
    return ""


def _leave_out_doubles(works: dict[str, _Work], roster: rosters.Roster, done: Collected) -> None:
    """Two people of the system under one student's name: the one who is known by a number or the whole name, else
    neither. Names can be chosen, and nobody's work may lie under somebody else's."""
    people = {one.student: one for one in roster.known}
    for student, work in list(works.items()):
        if len(work.senders()) < 2:
            continue
        own = _surest(work, people[student]) if student in people else []
        who = " and ".join(f"“{who}” ({number})" for number, who in sorted(work.senders()))
        for _, entry in (one for one in work.entries if one not in own):
            done.unplaced[entry.path] = f"{who} would both be {student}: put it there by hand if it is that student's"
        work.entries = own
        if not own:
            del works[student]


def _surest(work: _Work, person: rosters.Person) -> list[tuple[Named, Entry]]:
    """The entries of whoever is known best, if that is one person of the system."""
    by_number = [one for one in work.entries if one[0].number == person.lms_user]
    by_name = [one for one in work.entries if plain(one[0].who) in {*person.names, plain(person.student)}]
    found = _Work(by_number or by_name)
    return found.entries if len(found.senders()) == 1 else []


def _new_id(named: Named, system: str) -> str:
    who = re.split(r"_|(?<=.)ps\d", named.who, maxsplit=1)[0] if system == "files" else named.who
    words = [plain(word) for word in re.split(r"[\s._-]+", who)]
    found = ".".join(word for word in words if word)
    return found.encode()[:MAX_ID].decode("utf-8", "ignore").strip(".") or "student"


def _halves(who: str) -> tuple[str, str]:
    first, _, last = who.strip().rpartition(" ")
    return first, last


def _store(course: Course, name: str, student: str, work: _Work, done: Collected) -> bool:
    """Put one student's work into place; False if nothing of it can be read."""
    handed = _read(work, done)
    if not handed:
        return False
    files, note = _arranged(name, handed)
    if note:
        done.notes[student] = note
    if any(named.late for named, _ in work.entries):
        done.late.append(student)
    target = course.folder("submitted", student, name)
    if target.is_dir() and _content(target) == files:
        done.same.append(student)
        return True
    (done.updated if target.exists() else done.new).append(student)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    for file, content in files.items():
        path = fresh / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if target.exists():
        earlier = course.root / ".coursekit" / name / "earlier" / student
        earlier.mkdir(parents=True, exist_ok=True)
        os.replace(target, _unused(earlier / time.strftime("%Y-%m-%d-%H%M%S")))
    os.replace(fresh, target)
    return True


def _read(work: _Work, done: Collected) -> list[tuple[Named, bytes]]:
    """The files of one student, those in a zip one by one, within what one student may hand in."""
    handed: list[tuple[Named, bytes]] = []
    allowance = Allowance()
    for named, entry in work.entries:
        try:
            found, refused = inside(entry, allowance)
        except Unreadable as error:
            done.unplaced[entry.path] = str(error)
            continue
        done.unplaced.update({f"{entry.path}: {path}": why for path, why in [*refused.items()][:MOST_TOLD]})
        if more := max(len(refused) - MOST_TOLD, 0):
            done.unplaced[f"{entry.path}: further files"] = f"{more} more that are not taken"
        handed += [(named if path == entry.path else replace(named, file=path), content)
                   for path, content in found.items()]
    return handed


def _unused(path: Path) -> Path:
    """The path, or with a number behind it: two downloads may be sorted within one second."""
    candidates = (path if number == 1 else path.with_name(f"{path.name}-{number}") for number in itertools.count(1))
    return next(candidate for candidate in candidates if not candidate.exists())


def _content(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink():
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def _arranged(name: str, handed: list[tuple[Named, bytes]]) -> tuple[dict[str, bytes], str]:
    """Path below the submission → content. The notebook gets the problem set's name; others keep theirs."""
    books = [one for one in handed if one[0].file.lower().endswith(NOTEBOOK)]
    chosen = max(books, key=lambda one: (is_copy_of(one[0].file, name), one[0].attempt,
                                         -len(PurePosixPath(one[0].file).parts)), default=None)
    files: dict[str, bytes] = {}
    taken = _Taken()
    if chosen is not None:
        files[taken.free(f"{name}{NOTEBOOK}")] = chosen[1]
    for one in handed:
        if one is not chosen:
            files[taken.free(_safe(one[0].file))] = one[1]
    note = ""
    if chosen is None:
        note = f"no notebook among {', '.join(sorted(files))[:200]}"
    elif len(books) > 1:
        note = f"{len(books)} notebooks; {chosen[0].file} counts"
    elif not is_copy_of(chosen[0].file, name):
        note = f"took {chosen[0].file} for {name}{NOTEBOOK}"
    return files, note


def _safe(file: str) -> str:
    """A path below the submission: no part that leads elsewhere, or that a system does not know or is too long for."""
    parts = [re.sub(r'[<>:"|?*\\\x00-\x1f]', "_", part)[:100] for part in PurePosixPath(file).parts
             if part not in ("", ".", "..", "/")]
    short = [part.encode("utf-8", "replace")[:MAX_PART].decode("utf-8", "ignore") for part in parts]
    return "/".join(short[-10:]) or "file"


class _Taken:
    """Paths that are taken, on any file system: many take capitals and accents written in two ways for the same."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.folders: set[str] = set()

    def free(self, file: str) -> str:
        """The path, with a number where another file, or a folder, has that name."""
        parts: list[str] = []
        *folders, last = file.split("/")
        for part in folders:
            parts.append(self._numbered(parts, part, self.files))
            self.folders.add(_same("/".join(parts)))
        parts.append(self._numbered(parts, last, self.files | self.folders))
        self.files.add(_same("/".join(parts)))
        return "/".join(parts)

    def _numbered(self, before: list[str], part: str, taken: set[str]) -> str:
        path = PurePosixPath(part)
        candidates = (part if number == 1 else f"{path.stem} {number}{path.suffix}" for number in itertools.count(1))
        return next(one for one in candidates if _same("/".join([*before, one])) not in taken)


def _same(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
