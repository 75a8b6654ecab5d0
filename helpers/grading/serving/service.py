"""The service: looks for arrivals, lets workers grade them in turn, writes marks, gives pages back, again and again.

Every step of an attempt is on disk before the next begins, and each can be done twice: whoever starts the service again
after a crash finds it where it was.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from helpers.grading.classes.autograde import as_result
from helpers.grading.classes.pool import LATER, StopSignal
from helpers.grading.classes.submitted import task_in
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.course.moments import zone_of
from helpers.grading.gradebook.errors_in_words import answering
from helpers.grading.gradebook.removed import students_in_the_gradebook
from helpers.grading.marking.job import Result
from helpers.grading.notebooks.master import MasterError
from helpers.grading.pages.feedback import PageTask, page_or_reason
from helpers.grading.pages.hiding import Hiding
from helpers.grading.serving import line, words
from helpers.grading.serving.arrivals import Arrival, Source
from helpers.grading.serving.asking import Asking
from helpers.grading.serving.ledger import COMMON, GRADED, HELD_BACK, PASSED_OVER, RELEASED, WAITS, WRITTEN, Attempt
from helpers.grading.serving.marks import MarksWriter
from helpers.grading.serving.notices import Giver, Notices
from helpers.grading.serving.secrets import seed_of
from helpers.grading.serving.sets import ServedSet
from helpers.grading.serving.status import Numbers, Status
from helpers.grading.serving.worker import AttemptTask, pool

LOOK = 0.5  # seconds between two looks for arrivals
AGAIN, LONGEST = 5.0, 60.0  # seconds before what failed is tried again, at first and at last
TRIES = 3  # of grading or giving back, until a person is asked
MOST_LINED_UP = 20  # attempts of a student that wait here; further ones wait where they have arrived
MOST_TOLD = 20  # arrivals of which it is told why they are not taken
MADE_BYTES = 50_000_000  # of pages that could not be given back yet
LOCK_SECONDS = 10.0  # to wait for a service that is about to end
Key = tuple[ServedSet, Any, str]  # an Attempt to "grade" or whose "page" to write, or what was "asked"


@dataclass
class Served:
    """What a run did."""

    given: int = 0
    waiting: int = 0
    held: int = 0
    interrupted: bool = False
    differ: dict[str, int] = field(default_factory=dict)  # problem set → marks that differ on common cases
    people: list[dict[str, str]] = field(default_factory=list)


class Service:
    """Serves problem sets of a course until it is told to stop, or, once, until nothing is left to do."""

    def __init__(self, course: Course, sets: Sequence[ServedSet], source: Source, giver: Giver, *,
                 workers: int | None = None, scheduler: str = "", once: bool = False,
                 tell: Callable[[str], None] = lambda line: None):
        self.course, self.sets, self.source, self.giver = course, list(sets), source, giver
        self.workers, self.once, self.tell = workers or os.cpu_count() or 1, once, tell
        self.pool = pool([one.job for one in sets], workers, scheduler)
        self.status, self.marks = Status(course), MarksWriter(course)
        self.notices = Notices(course, giver)
        self.zone, self.hiding = zone_of(course.settings.timezone), Hiding.of(course.config)
        self.at_work: dict[int, Attempt] = {}  # being graded, by id()
        self.to_write: deque[tuple[ServedSet, Attempt]] = deque()
        self.to_show: deque[tuple[ServedSet, Attempt]] = deque()
        self.showing: set[int] = set()
        self.made: dict[int, bytes] = {}  # pages that could not be given back yet
        self.not_before: dict[int, float] = {}
        self.trouble: dict[tuple[str, str], str] = {}  # (problem set, who or what) → why a person has to look
        self.asking = Asking(course, self.sets, self.marks)
        self.given_up: set[int] = set()  # once: what has failed too often
        self.students: set[str] = set()
        self._looked = self._students_at = self._common_at = -1e9
        self.done = Served()

    # The loop ---------------------------------------------------------------------------------------------------------

    def run(self) -> Served:
        """Raises CourseError if another service is at work here, or nothing can be graded."""
        with self._alone(), StopSignal() as stop, _terminate_as(stop), contextlib.closing(self.status), \
                contextlib.closing(self.marks), self.pool, \
                contextlib.nullcontext() if self.once else self.asking.open():
            self._resume()
            self._look(first=True)
            for key, task, outcome in self.pool.outcomes(self._feed(stop), stop):
                self._took(key, task, outcome)
            self._write_what_is_graded()
            self.done.interrupted = stop.asked
            self._say_at_the_end()
        return self.done

    def _feed(self, stop: StopSignal) -> Iterator[tuple[Any, Any]]:
        while True:
            self._look()
            self._write_what_is_graded()
            found = self._next_page() or self._next_asked() or self._next_attempt()
            if found is not None:
                yield found
            elif self.once and not self._busy() and not self._look(first=True) and not self._soon():
                return
            else:
                yield LATER, None

    def _busy(self) -> bool:
        return bool(self.at_work or self.showing or [one for one in (*self.to_write, *self.to_show)
                                                     if id(one[1]) not in self.given_up])

    def _soon(self) -> bool:
        """Is there an attempt that is only put off for a moment?"""
        return any(not place.from_when and id(place.attempt) not in self.given_up for _, place in self._line())

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        folder = self.course.root / ".coursekit" / "serving"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "a+") as file:
            deadline = time.monotonic() + LOCK_SECONDS
            while True:
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # which workers do not inherit
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        raise CourseError(f"another service is at work in {self.course.root}: one is enough for all "
                                          "its problem sets; stop that one first") from None
                    time.sleep(0.2)
            yield

    def _resume(self) -> None:
        """Take up every attempt where it was."""
        for served in self.sets:
            served.resume()
            for attempt in served.ledger.attempts():
                if attempt.state == GRADED and served.ledger.result(attempt) is None:
                    attempt.state = WAITS
                    served.ledger.keep(attempt)
                if attempt.state == GRADED:
                    self.to_write.append((served, attempt))
                elif attempt.state == WRITTEN:
                    self.to_show.append((served, attempt))

    # Arrivals ---------------------------------------------------------------------------------------------------------

    def _look(self, first: bool = False) -> int:
        """Take in what has arrived, if it is time to look; how many attempts are new or have their turn now."""
        now = time.monotonic()
        if not first and now - self._looked < LOOK:
            return 0
        self._looked, new = now, 0
        if now - self._students_at > 10.0:
            with self._told("gradebook", "gradebook"):
                self.students, self._students_at = students_in_the_gradebook(self.course), now
        for served in self.sets:
            with self._told(served.name, "problem set"):
                if served.renew():
                    self.say(f"{served.name} was built anew; from now on attempts are graded with it")
            with self._told(served.name, "arrivals", raises=first and not self.done.given):
                new += self._take_in(served)
            new += self._end_of_term(served) if first or now - self._common_at > 5.0 else 0
        if now - self._common_at > 5.0:
            self._common_at = now
        self.notices.tell(self._line(), self.workers, self.zone, self._trouble_at)
        if self.status.due(self._busy() or new > 0):
            self.status.write(self._numbers(), running=True)
        return new

    def _take_in(self, served: ServedSet) -> int:
        scan = self.source.scan(served.name, served.ledger.known, self.students)
        for key in [key for key in self.trouble if key[0] == served.name and key[1].startswith("arrival ")]:
            del self.trouble[key]
        for what, why in [*scan.odd.items()][:MOST_TOLD]:
            self.trouble[served.name, f"arrival {what}"] = why
        if len(scan.odd) > MOST_TOLD:
            self.trouble[served.name, "arrival of others"] = f"{len(scan.odd) - MOST_TOLD} more are not taken"
        return sum(self._take(served, arrival) for arrival in scan.new
                   if served.ledger.lined_up(arrival.student) < MOST_LINED_UP)

    def _take(self, served: ServedSet, arrival: Arrival) -> int:
        ledger = served.ledger
        files = ledger.files_of(arrival.student, ledger.next_number(arrival.student))
        try:
            self.source.take(arrival, files)
        except OSError:
            self.source.putting_off.put_off(arrival.source)  # it is still being written
            return 0
        except (CourseError, RuntimeError) as error:
            self.source.putting_off.put_off(arrival.source, str(error))
            self.trouble[served.name, f"arrival {arrival.source}"] = str(error)
            return 0
        attempt = ledger.add(arrival.student, arrival.source, arrival.came, time.time())
        if self.source.given_back(arrival, served.name):
            attempt.state = RELEASED  # by hand, before there was a service
            ledger.keep(attempt)
            return 1  # the student's next one may be new
        if arrival.warns:
            self.trouble[served.name, arrival.student] = arrival.warns
        for old in line.superseded(ledger.of[arrival.student], served.rules, self.zone, time.time()):
            old.state = PASSED_OVER
            ledger.keep(old)
            ledger.drop_files(old)
        self.say(f"{served.name} {self._code(attempt)} arrived")
        return 1

    def _end_of_term(self, served: ServedSet) -> int:
        """After the deadline, common cases; and when those are done, the report."""
        lined = 0
        with self._told(served.name, "deadline"):
            if served.is_over() and (lined := served.line_up_common()):
                self.say(f"{served.name} {lined} attempts that count are graded once more, on common cases")
            differ = served.report_when_done()
            if differ is not None:
                self.done.differ[served.name] = differ
                self.say(f"{served.name} common cases: {differ} marks differ from what was seen; "
                         f"reports/{served.name}-seen.html has them")
        return lined

    # Whose turn it is -------------------------------------------------------------------------------------------------

    def _line(self) -> list[tuple[ServedSet, line.Place]]:
        """All who wait, those first whose turn is next; whoever the rules hold back comes last."""
        now, found = time.time(), []
        under_way = {attempt.student for attempt in self.at_work.values()}
        under_way |= {attempt.student for _, attempt in self.to_write}
        for served in self.sets:
            of = {student: served.ledger.of[student] for student in served.ledger.waiting}
            if of:
                found += [(served, place) for place in line.waiting(
                    of, served.rules, self.zone, now, under_way, served.is_over())]
        return sorted(found, key=lambda one: (bool(one[1].from_when), one[1].attempt.cases == COMMON, one[1].turn))

    def _next_attempt(self) -> tuple[Key, AttemptTask] | None:
        places = [one for one in self._line() if not one[1].from_when
                  and self.not_before.get(id(one[1].attempt), 0.0) <= time.monotonic()
                  and id(one[1].attempt) not in self.given_up]
        long_ones = sum(line.is_long(self._mine(attempt)) for attempt in self.at_work.values())
        for served, place in places:
            attempt, ledger = place.attempt, served.ledger
            if line.is_long(ledger.of[attempt.student]) and long_ones >= max(self.workers - 1, 1) and len(places) > 1:
                continue  # a worker stays free of whoever has had long ones
            common = attempt.cases == COMMON
            submission = task_in(ledger.files_of(attempt.student, attempt.number), served.name, attempt.student)
            if not attempt.admitted:
                attempt.admitted = time.time()
                ledger.keep(attempt)
            self.at_work[id(attempt)] = attempt
            return (served, attempt, "grade"), AttemptTask(
                served.job, submission,
                served.job.seed if common else seed_of(self.course, served.name, attempt.student, attempt.number),
                served.job.depth if common else served.rules.told)
        return None

    def _next_asked(self) -> tuple[Key, AttemptTask] | None:
        """Whoever asks comes before those who handed in: it is one submission, and a person waits."""
        found = self.asking.next()
        return found and ((found[0], found[1], "asked"), found[2])

    def _mine(self, attempt: Attempt) -> list[Attempt]:
        return next((served.ledger.of[attempt.student] for served in self.sets
                     if attempt in served.ledger.of.get(attempt.student, ())), [])

    # From an outcome to a page ----------------------------------------------------------------------------------------

    def _took(self, key: Key, task: Any, outcome: Any) -> None:
        served, attempt, kind = key
        if kind == "grade":
            self._graded(served, attempt, task, outcome)
            self._write_what_is_graded()
        elif kind == "page":
            self._shown(served, attempt, task, outcome)
        else:
            seconds = self.asking.answer(served, attempt, task, outcome)
            if seconds is not None:
                self.say(f"{served.name} {self.status.code(attempt.student)} graded for a command in {seconds:.1f} s")

    def _graded(self, served: ServedSet, attempt: Attempt, task: AttemptTask, outcome: Any) -> None:
        self.at_work.pop(id(attempt), None)
        try:
            content = as_result(task.job, task.submission, outcome)
            result = Result.from_bytes(content)
            attempt.seconds = result.seconds
            if not result.final:
                self._again(served, attempt, result.note or result.ended or "the machine failed while it was graded")
                return
            served.ledger.keep_result(attempt, content)
            attempt.state, attempt.broken = GRADED, result.note
            served.ledger.keep(attempt)
        except CourseError as error:
            attempt.state = WAITS
            self._later(served, attempt, str(error))
            return
        self.to_write.append((served, attempt))

    def _again(self, served: ServedSet, attempt: Attempt, why: str) -> None:
        """What the machine may be to blame for is tried again; after that a person has to look."""
        attempt.tries += 1
        if attempt.tries < TRIES:
            self.not_before[id(attempt)] = time.monotonic() + AGAIN
            served.ledger.keep(attempt)
            return
        self._hold_back(served, attempt, why)

    def _hold_back(self, served: ServedSet, attempt: Attempt, why: str) -> None:
        attempt.state, attempt.note = HELD_BACK, why
        self.say(f"{served.name} {self._code(attempt)} needs a person")
        with self._told(served.name, attempt.student):
            served.ledger.keep(attempt)
            self.giver.tell(served.name, attempt.student, words.of_trouble(self.course, served.name, attempt),
                            served.ledger.files_of(attempt.student, attempt.number))

    def _later(self, served: ServedSet, attempt: Attempt, why: str) -> None:
        """What the instructor can put right is tried again until it is."""
        if self.trouble.get((served.name, attempt.student)) != why:
            self.say(f"{served.name} {self._code(attempt)} is tried again: it needs a person")
        self.trouble[served.name, attempt.student] = why
        self.not_before[id(attempt)] = time.monotonic() + min(AGAIN * 2 ** min(attempt.tries, 9), LONGEST)
        attempt.tries += 1
        if self.once and attempt.tries >= TRIES:
            self.given_up.add(id(attempt))

    def _write_what_is_graded(self) -> None:
        for _ in range(len(self.to_write)):
            served, attempt = self.to_write.popleft()
            if self.not_before.get(id(attempt), 0.0) > time.monotonic() or id(attempt) in self.given_up:
                self.to_write.append((served, attempt))
                continue
            result = served.ledger.result(attempt)
            if result is None:
                attempt.state = WAITS
                served.ledger.keep(attempt)
                continue
            try:
                self.marks.write(served.job, served.rules, served.ledger, attempt, result,
                                 self._sentence(served, attempt, None))
                attempt.state, attempt.tries = WRITTEN, 0
                asks = (_metadata(result).get("asks") or {}).items()
                attempt.note = "; ".join(f"{cell}: {says}" for cell, says in asks)
                served.ledger.keep(attempt)
            except CourseError as error:
                self.marks.close()  # the database may be another one when it answers again
                self._later(served, attempt, str(error))
                self.to_write.append((served, attempt))
                continue
            except Exception as error:  # one odd submission must not end the service for all
                self._hold_back(served, attempt, f"its marks could not be written ({type(error).__name__}: {error})")
                continue
            self.trouble.pop((served.name, attempt.student), None)
            self.to_show.append((served, attempt))

    def _sentence(self, served: ServedSet, attempt: Attempt, best: Attempt | None) -> str:
        used = line.used_today(served.ledger.of[attempt.student], self.zone, time.time())
        return words.on_the_page(attempt, served.rules, used, best, "" if served.is_over() else served.due)

    def _next_page(self) -> tuple[Key, PageTask] | None:
        for _ in range(len(self.to_show)):
            served, attempt = self.to_show.popleft()
            if self.not_before.get(id(attempt), 0.0) > time.monotonic() or id(attempt) in self.given_up:
                self.to_show.append((served, attempt))
                continue
            if (made := self.made.pop(id(attempt), None)) is not None:
                self._give(served, attempt, made)
                continue
            depth = served.job.depth if attempt.cases == COMMON else served.rules.told
            result = served.ledger.result(attempt)
            try:
                if result is None:
                    raise CourseError("its result is gone from .coursekit: hand it in again")
                task = self.marks.page_of(served.ledger, attempt, result, replace(self.hiding, depth=depth),
                                          self._sentence(served, attempt, None))
            except CourseError as error:
                self._later(served, attempt, str(error))
                self.to_show.append((served, attempt))
                continue
            self.showing.add(id(attempt))
            return (served, attempt, "page"), task
        return None

    def _shown(self, served: ServedSet, attempt: Attempt, task: PageTask, outcome: Any) -> None:
        self.showing.discard(id(attempt))
        page = page_or_reason(task, 0.0) if isinstance(outcome, Exception) else outcome
        if isinstance(page, str):
            self._hold_back(served, attempt, page)
            return
        self._give(served, attempt, page)

    def _give(self, served: ServedSet, attempt: Attempt, page: bytes) -> None:
        """Give a page back; one that cannot be is not made again, which takes a worker as long as its student likes."""
        try:
            self.giver.give(served.name, attempt.student, page,
                            served.ledger.files_of(attempt.student, attempt.number))
            first = not attempt.given
            attempt.state, attempt.given, attempt.tries = RELEASED, attempt.given or time.time(), 0
            served.ledger.keep(attempt)
            served.ledger.tidy(attempt)
        except CourseError as error:
            self._later(served, attempt, str(error))
            self.to_show.append((served, attempt))
            if sum(map(len, self.made.values())) + len(page) <= MADE_BYTES:
                self.made[id(attempt)] = page
            return
        self.trouble.pop((served.name, attempt.student), None)
        self.not_before.pop(id(attempt), None)
        self.done.given += 1
        served.report_due |= attempt.cases == COMMON
        latency = attempt.given - attempt.seen if first and not self.notices.was_held(attempt) else None
        self.status.gave(latency)
        self.say(f"{served.name} {self._code(attempt)} given back"
                 + (f" after {latency:.1f} s" if latency is not None else "")
                 + f", graded in {attempt.seconds:.1f} s"
                 + (", on common cases" if attempt.cases == COMMON else ""))

    # What is said -----------------------------------------------------------------------------------------------------

    def say(self, what: str) -> None:
        self.tell(self.status.log(what))

    def _code(self, attempt: Attempt) -> str:
        return f"{self.status.code(attempt.student)} attempt {attempt.number}"

    @contextlib.contextmanager
    def _told(self, name: str, what: str, raises: bool = False) -> Iterator[None]:
        """What an instructor can put right is shown, and the service goes on."""
        try:
            with answering(self.course):
                yield
        except (CourseError, MasterError, OSError) as error:
            if raises:
                raise
            if self.trouble.get((name, what)) != str(error):
                self.trouble[name, what] = str(error)
                self.say(f"{name} needs a person: see reports/serving.html")
        else:
            self.trouble.pop((name, what), None)

    def _trouble_at(self, served: ServedSet, attempt: Attempt, why: str) -> None:
        self.trouble[served.name, attempt.student] = why

    def _numbers(self) -> Numbers:
        places = self._line()
        waits = [place for _, place in places if not place.from_when]
        held = len(places) - len(waits)
        numbers = Numbers(len(waits), len(self.at_work) + len(self.to_write) + len(self.to_show) + len(self.showing),
                          held, min((place.attempt.came for place in waits), default=0.0))
        for (name, who), why in self.trouble.items():
            numbers.people.append({"name": name, "who": who, "why": why})
        for served in self.sets:
            attempts = served.ledger.attempts()
            for one in attempts:
                latest = one is served.ledger.of[one.student][-1] or one.counts
                for said, kept in ((one.note, numbers.people), (one.broken, numbers.broken)):
                    if said and latest:
                        kept.append({"name": served.name, "who": one.student, "why": said})
            numbers.sets.append({"name": served.name, "students": len(served.ledger.of), "attempts": len(attempts),
                                 "waiting": sum(one.state == WAITS for one in attempts), "due": served.due or "—",
                                 "common": served.common_in_words()})
        return numbers

    def _say_at_the_end(self) -> None:
        self.notices.tell(self._line(), self.workers, self.zone, self._trouble_at, now=True)
        numbers = self._numbers()
        self.done.waiting, self.done.held, self.done.people = numbers.waiting + numbers.working, numbers.held, \
            numbers.people
        self.status.write(numbers, running=False)


def _metadata(result: Result) -> dict[str, Any]:
    return json.loads(result.notebook).get("metadata", {}).get("grading", {})


@contextlib.contextmanager
def _terminate_as(stop: StopSignal) -> Iterator[None]:
    """What a service manager sends ends the service as Ctrl-C does."""
    try:
        before = signal.signal(signal.SIGTERM, lambda number, frame: setattr(stop, "asked", True))
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
