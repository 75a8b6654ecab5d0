"""`coursekit collect`: a download's files into `submitted/<student>/<problem set>/`, and what could not be placed."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from helpers.grading.course.disk import unwritable, write_whole
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.lms import roster as rosters
from helpers.grading.lms.archive import Budget, Entry, entries, inside
from helpers.grading.lms.names import SYSTEMS, Named, is_copy_of, plain

KEPT = "handed_in.json"
NOTEBOOK = ".ipynb"


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
    """One student's files, and how the system calls the student."""

    files: list[tuple[Named, Entry]] = field(default_factory=list)


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
    works = _sorted_by_student(place, system, roster, new_students, done)
    rosters.add(course, {student: _halves(who) for student, who in done.made.items()})
    known = read_kept(course, name)
    try:
        for number, (student, work) in enumerate(sorted(works.items()), 1):
            _store(course, name, student, work, done)
            named = work.files[0][0]
            if named.prefix or student not in known:  # a file from elsewhere does not change how Moodle calls somebody
                known[student] = {"system": system, "who": named.who, "number": named.number, "prefix": named.prefix}
            progress(number, len(works), student)
        path = _kept_path(course, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(known, indent=1, ensure_ascii=False).encode())
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


def _sorted_by_student(place: Path, system: str, roster: rosters.Roster, new_students: bool, done: Collected,
                       ) -> dict[str, _Work]:
    works: dict[str, _Work] = {}
    budget = Budget()
    for entry in entries(place):
        named = SYSTEMS[system](entry.path)
        if entry.refused or named is None:
            done.unplaced[entry.path] = entry.refused or f"is not named as {system.capitalize()} names files"
            continue
        student, why = roster.find(named, system)
        if student is None and new_students and "students are called so" not in why:
            student = _new_id(named, system)
            done.made.setdefault(student, named.who)
        if student is None:
            done.unplaced[entry.path] = why
            continue
        for one in inside(entry, budget):
            if one.refused:
                done.unplaced[f"{entry.path}: {one.path}"] = one.refused
            elif one is entry:
                works.setdefault(student, _Work()).files.append((named, one))
            else:
                own = Named(named.who, one.path, named.number, named.prefix, named.late, named.attempt)
                works.setdefault(student, _Work()).files.append((own, one))
    return works


def _new_id(named: Named, system: str) -> str:
    who = re.split(r"_|(?<=.)ps\d", named.who, maxsplit=1)[0] if system == "files" else named.who
    words = [plain(word) for word in re.split(r"[\s._-]+", who)]
    return ".".join(word for word in words if word) or "student"


def _halves(who: str) -> tuple[str, str]:
    first, _, last = who.strip().rpartition(" ")
    return first, last


def _store(course: Course, name: str, student: str, work: _Work, done: Collected) -> None:
    files, note = _arranged(name, work)
    if note:
        done.notes[student] = note
    if any(named.late for named, _ in work.files):
        done.late.append(student)
    target = course.folder("submitted", student, name)
    if target.is_dir() and _content(target) == files:
        done.same.append(student)
        return
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


def _arranged(name: str, work: _Work) -> tuple[dict[str, bytes], str]:
    """Path below the submission → content. The notebook gets the problem set's name; others keep theirs."""
    books = [(named, entry) for named, entry in work.files if named.file.lower().endswith(NOTEBOOK)]
    chosen = max(books, key=lambda one: (is_copy_of(one[0].file, name), one[0].attempt,
                                         -len(PurePosixPath(one[0].file).parts)), default=None)
    files: dict[str, bytes] = {}
    note = ""
    for one in work.files:
        if one is not chosen:
            files[_free(_safe(one[0].file), files)] = one[1].content
    if chosen is not None:
        files.pop(f"{name}{NOTEBOOK}", None)
        files[f"{name}{NOTEBOOK}"] = chosen[1].content
        if len(books) > 1:
            note = f"{len(books)} notebooks; {chosen[0].file} counts"
        elif not is_copy_of(chosen[0].file, name):
            note = f"took {chosen[0].file} for {name}{NOTEBOOK}"
    else:
        note = f"no notebook among {', '.join(sorted(files))[:200]}"
    return files, note


def _safe(file: str) -> str:
    """A path below the submission: no part that leads elsewhere, or that a system does not know."""
    parts = [re.sub(r'[<>:"|?*\\\x00-\x1f]', "_", part)[:100] for part in PurePosixPath(file).parts
             if part not in ("", ".", "..", "/")]
    return "/".join(parts[-10:]) or "file"


def _free(file: str, taken: dict[str, bytes]) -> str:
    number, path = 2, PurePosixPath(file)
    while file in taken:
        file = str(path.with_name(f"{path.stem} {number}{path.suffix}"))
        number += 1
    return file
