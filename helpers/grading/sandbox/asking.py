"""The conversation of plain tests with one student's process."""

from __future__ import annotations

import contextlib
import io
import random
import sys
import time
import types
import warnings
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import numpy as np

from helpers.grading.sandbox.asks import ARGUMENTS, MORE, Asks
from helpers.grading.sandbox.drawing import drawn_from
from helpers.grading.sandbox.given import Given
from helpers.grading.sandbox.inside.plainly import random_state, same_state, set_random
from helpers.grading.sandbox.likeness import DATA, KINDS, SPECIAL, Class, Likeness, Object, for_data, stub
from helpers.grading.sandbox.raised import NotSupportedHere, ProcessGone, Raised, warning
from helpers.grading.sandbox.replacing import replaced_by_the_test
from helpers.grading.sandbox.shared import Shared, bytes_of, parts, replaced
from helpers.grading.sandbox.wire import Reference
from helpers.grading.sandbox.written import Written

LEAST_SECONDS = 0.01  # that an answer may take in any case
LARGE = 8_000_000  # bytes of a result that nobody asks about


class Process(Protocol):
    ended: str | None
    given: Given | None
    asserted: bool  # has an assertion failed in a function of a test's that the student's code has called

    def ask(self, message: dict, seconds: float | None = None) -> dict: ...

    def know(self, classes: Mapping[str, type]) -> None: ...


class Asking:
    """The conversation of plain tests with one student's process."""

    def __init__(self, process: Process, seconds: float, asks: Asks):
        """seconds: that all the answers to one test may take together."""
        self.process, self.seconds, self.asks = process, seconds, asks
        self._spent = 0.0  # of them
        self.refused = ""  # why something was not supported here, if it was
        self.gone = ""
        self.asked = False  # has a test run something of the student's
        self.epoch = 0  # how often something of the student's has run
        self.raised = Raised()
        self.shared = Shared(1, 1)
        self.classes: dict[str, type] = {}
        self.meddled = False  # has a call changed something in place that the assignment's own leaves as it is
        self.copies = False  # what such a call changes is a copy's alone
        self.class_likes: dict[tuple, type] = {}
        self.written: Written | None = None  # the files of the test that is running, if it may have a student's
        self.stand_ins: dict[int, Likeness] = {}  # by the number of the object in the student's process
        self._random = random_state()

    def begin(self, test: str) -> None:
        """A test begins. test: its name."""
        self.asks.test, self._spent = test, 0.0
        self.refused, self.gone, self.meddled = "", "", False

    # What comes back -------------------------------------------------------------------------------------------------

    def stand_in(self, reference: Reference) -> Any:
        """What a handle is here: for an object of the student's the same each time."""
        number, _, nature = reference.data
        kind = KINDS.get(nature, Object)
        known = self.stand_ins.get(number)
        if known is None or type(known) is not kind:
            known = self.stand_ins[number] = kind(self, Reference("own", (number, "")))
        return known

    def bounded(self, value: Any) -> Any:
        """What comes from a student's process; refused if it is many times as large as all of the solution's."""
        size = bytes_of(value)
        if size > LARGE + 10 * self.asks.largest(size):
            raise self.refuse("a result many times as large as the solution's")
        return Path(value) if type(value) is PurePosixPath else value  # what it may open here is watched

    def given_to(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """Arguments that a student's code gives to a function of a test's."""
        return tuple(map(self.bounded, args)), {key: self.bounded(arg) for key, arg in kwargs.items()}

    def refuse(self, what: str) -> NotSupportedHere:
        self.refused = self.refused or what
        return NotSupportedHere(f"{what} is not supported here")

    def look(self, name: str) -> tuple[bool, Any]:
        """Whether a name is there, and what it is."""
        reply = self._answer({"do": "look", "name": name})
        if "module" in reply:
            return True, sys.modules.get(str(reply["module"])) or self._no_module(str(reply["module"]))
        if reply.get("there") is not True:
            return False, None
        value = reply.get("value")
        if isinstance(value, Class) and (made := self._exception_class(value)):
            return True, made
        return True, value

    def _no_module(self, name: str) -> Any:
        raise self.refuse(f"the module {name[:50]} of a student's")

    def _exception_class(self, value: Class) -> type | None:
        """A class of Python's own making in the place of a student's class of exceptions, to raise and to catch."""
        about = value._describe()
        return self.raised.class_of(about.get("own_bases"), about.get("bases"))

    def given(self, names: Any) -> list[type]:
        """Of the classes of these names, those that the assignment gives out."""
        return [self.classes[name] for name in names if isinstance(name, str) and name in self.classes] if isinstance(
            names, list) else []

    def class_like(self, name: Any, about: dict) -> type:
        """A class that stands for an object's own one: of given classes, and with the methods by which an abstract
        class such as `Iterable` knows its own."""
        special = frozenset(n for n in about.get("special") or () if isinstance(n, str)) & SPECIAL
        base = DATA.get(str(about.get("data")))
        bases = (base,) if base is not None else (*self.given(about.get("classes"))[:1],)
        key = (str(name), bases, special)
        if key not in self.class_likes:
            with_methods = dict.fromkeys(special, stub)
            try:
                made = types.new_class(str(name)[:100], bases, {}, lambda body: body.update(with_methods))
            except Exception:  # a class that none can be derived from
                made = bases[0] if bases else Likeness
            self.class_likes[key] = made
        return self.class_likes[key]

    def end(self) -> None:
        """A test has ended: in the student's process, too, as a cell ends."""
        if self.asked and self.process.ended is None:
            self.process.ask({"do": "end"}, self.seconds)
        self.asked = False

    def look_for_files(self, folder: Path) -> None:
        """What a student's cells have written is there before a test looks for it. folder: that of the test."""
        with contextlib.suppress(ProcessGone, NotSupportedHere):
            self._answer({"do": "files", "folder": str(folder)})
        self.gone = self.refused = ""

    def know(self, classes: dict[str, type]) -> None:
        """These are the assignment's own classes, which a student's notebook has as well."""
        self.classes = classes
        self.process.know(classes)

    def describe(self, reference: Reference) -> dict:
        return self._answer({"do": "about", "target": reference}).get("about") or {}

    def operate(self, what: str, *operands: Any) -> Any:
        return self._outcome(self._answer({"do": "operate", "what": what, "args": operands}, operands), what == "next")

    def iterate(self, thing: Likeness) -> Iterator[Any]:
        """What `iter(thing)` gives: itself, where it is an iterator of the student's."""
        for_data_here = thing._is_for_data("iter")
        iterator = self.operate("iter", thing)
        return thing if iterator is thing and not for_data_here else self._walk(thing, iterator, for_data_here)

    def _walk(self, thing: Likeness, iterator: Any, for_data_here: bool) -> Iterator[Any]:
        if not isinstance(iterator, Likeness):
            yield from iterator
            return
        while True:
            self.asks.here("next")
            try:
                value = self.operate("next", iterator)
            except StopIteration:
                return
            yield for_data(value) if for_data_here else self.bounded(value)

    def call(self, function: Likeness, args: tuple, kwargs: dict) -> Any:
        """Call a function of the student's; what it prints is printed here, what it changes in place is changed."""
        message = {"do": "apply", "target": function.reference(), "args": args, "kwargs": kwargs}
        state = random_state()
        if changed := {name: value for name, value in state.items() if not same_state(value, self._random.get(name))}:
            message["random"] = changed
        self._random = state
        reply = self._answer(message, (args, kwargs))
        for stream, said in ((sys.stdout, reply.get("printed")), (sys.stderr, reply.get("complained"))):
            if said and isinstance(said, str):
                stream.write(said)
        for bases, text in reply.get("warned") or ():
            category = next((c for c in map(warning, bases) if c), UserWarning)
            warnings.warn(str(text), category, stacklevel=3)
        if isinstance(reply.get("random"), dict):  # a test that draws goes on from where the student's code has stopped
            self._go_on(reply["random"])
        given = {**dict(enumerate(args)), **kwargs}
        for key, state in reply.get("states") or ():
            _set_state(given.get(key), state)
        value = self.bounded(self._outcome(reply, function._name in ("send", "throw")))  # as a generator's do
        if callable(value) and self.asks.here("a function") and isinstance(value, Likeness):
            object.__setattr__(value, "_for_function", True)
        return value

    def _go_on(self, said: dict) -> None:
        drawn = {name: drawn_from(name, state, said[name]) for name, state in self._random.items() if name in said}
        with contextlib.suppress(Exception):
            set_random({name: state for name, state in drawn.items() if state is not None})
        self._random = random_state()

    def _outcome(self, reply: dict, may_end: bool = False) -> Any:
        """may_end: a StopIteration says that there is nothing more, and ends no loop of the test's."""
        said, asserted = reply.get("raised"), self.process.asserted
        self.process.asserted = False
        error = None if said is None else self.raised.of(for_data(said))
        if asserted and not isinstance(error, AssertionError):
            raise self.refuse("an assertion of the test's that a student's code has caught")
        if isinstance(error, StopIteration) and not may_end:
            raise self.refuse("a StopIteration that would end a loop of the test's")
        if error is not None:
            raise error
        return reply.get("value")

    @contextlib.contextmanager
    def _changing(self, allowed: Collection[int] | None) -> Iterator[set[int]]:
        """Ids of the assignment's objects that the answer in the block has changed. allowed: what it may."""
        changed: set[int] = set()
        if (given := self.process.given) is None:
            yield changed
            return
        before = given.allowed, given.keeps, given.changed
        given.allowed, given.keeps, given.changed = allowed, self.copies, changed
        try:
            yield changed
        finally:
            given.allowed, given.keeps, given.changed = before

    def _timed(self, message: dict) -> dict:
        begun, before = time.monotonic(), self._spent
        try:
            return self.process.ask(message, max(self.seconds - self._spent, LEAST_SECONDS))
        finally:  # with the answers to questions that were asked on the way
            self._spent = before + time.monotonic() - begun

    # The conversation ------------------------------------------------------------------------------------------------

    def _answer(self, message: dict, arguments: Any = None) -> dict:
        """arguments: of a question of a test's; None: the test has asked nothing itself."""
        self.asked = True
        if message["do"] not in ("look", "about", "files"):
            self.epoch += 1
        if message["do"] != "about" and self.written is not None and (files := self.written.changed()):
            message["files"] = files
        if message["do"] in ("apply", "operate"):
            message["replaced"] = replaced_by_the_test()
        if message["do"] != "about":
            message |= {"shared": self.shared.listed(message.get("args"), message.get("kwargs")),
                        "forgotten": self.shared.forgotten()}
        question, may_change = self.asks.last, MORE if arguments is None else self.asks.may_change()
        compared = may_change == ARGUMENTS or self.asks.known is None
        own = {id(part) for part in parts(arguments, self.classes.values())} if compared else set()
        allowed = None if may_change == MORE else own
        try:
            with self._changing(allowed) as changed:
                reply = self._timed(message)
        except TypeError as error:
            raise self.refuse(f"an argument that cannot travel ({error})") from None
        late = reply.get("late")
        if isinstance(late, (int, float)) and late:
            self.gone = f"took longer than {late:g} s and was stopped"
            raise ProcessGone(self.gone)
        if self.process.ended is not None:
            self.gone = self.process.ended
            raise ProcessGone(self.gone)
        try:
            here = self.shared.take(reply.get("shared"), allowed, self.copies)
            changed |= self.shared.changed
        except Exception as error:
            raise self.refuse(f"an argument of the kind of {error}") from None
        self.meddled = self.meddled or (allowed is not None and not changed <= allowed)
        if changed and arguments is not None:
            self.asks.note_change(question, ARGUMENTS if changed <= own else MORE)
        if self.written is not None:
            self.written.take(reply.get("files"))
        if "value" in reply:
            reply["value"] = replaced(reply["value"], here)
        return reply


def _set_state(mine: Any, state: Any) -> None:
    """A source of random numbers, or a text in memory, goes on from where the student's code has left its copy."""
    with contextlib.suppress(Exception):  # what is no state leaves it where it was
        if type(mine) is io.StringIO:
            text, place = state
            mine.seek(0)
            mine.truncate()
            mine.write(text)
            mine.seek(place)
        elif type(mine) is random.Random:
            mine.setstate(drawn_from("python", mine.getstate(), state))
        elif type(mine) is np.random.RandomState:
            mine.set_state(drawn_from("numpy", mine.get_state(), state))
        elif type(mine) is np.random.Generator:
            mine.bit_generator.state = drawn_from("generator", mine.bit_generator.state, state)
