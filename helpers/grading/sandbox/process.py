"""The grader's end of one submission's process."""

from __future__ import annotations

import contextlib
import io
import itertools
import random
import secrets
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from helpers.checking.observing import Observation, StudentError
from helpers.grading.sandbox.given import Given, travels
from helpers.grading.sandbox.inside.plainly import state_of
from helpers.grading.sandbox.launch import Launcher, SandboxError
from helpers.grading.sandbox.likeness import NATURES, Likeness, for_data
from helpers.grading.sandbox.limits import MACHINE, Limits
from helpers.grading.sandbox.outputs import Outputs
from helpers.grading.sandbox.proxy import Proxy, observation
from helpers.grading.sandbox.raised import StandIn, as_said
from helpers.grading.sandbox.wire import CannotEncode, Channel, Reference, WireClosed, WireError, WireTimeout

CALLBACKS = 100_000  # per request
PATIENCE = 2.0  # seconds that a cell or a call has in any case (or its limit, where that is less)
IN_STATE = (io.StringIO, random.Random, np.random.RandomState)
# What a test gives to be walked through; a file or a reader of one can do more than that.
ITERATORS: tuple[type, ...] = (
    types.GeneratorType, map, filter, zip, enumerate, reversed, type(iter([])), type(iter(())), type(iter("")),
    type(iter({})), type(iter({}.values())), type(iter({}.items())), type(iter(set())), type(iter(range(0))),
    itertools.chain, itertools.count, itertools.cycle, itertools.islice, itertools.repeat, itertools.accumulate)
VIEWS: dict[type, str] = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
KNOWN = frozenset({
    "builtins", "cmath", "collections", "datetime", "decimal", "fractions", "functools", "itertools", "json", "math",
    "numpy", "operator", "pandas", "re", "scipy", "statistics", "string"})
FLOOD = 4  # times what a request may bring in all


class SubmissionProcess:
    """One submission's process. A context manager; made by `Sandbox.open`.

    ended: why the process is gone, or None. fell: its walls are gone too, which is not its doing: what it gave is worth
    nothing. machine: the machine had no memory left, says who watches it. asserted: an assertion of a plain test's has
    failed in a function of its that was asked from there. execution_count: that of the last cell, as a kernel counts.
    """

    def __init__(self, launcher: Launcher, limits: Limits, files: dict[str, bytes], imports: Iterable[str] = ()):
        self.limits = limits
        self.ended: str | None = None
        self.fell = self.machine = self.asserted = False
        self.execution_count = 0
        self.stand_in: Callable[[Reference], Any] | None = None  # what a handle becomes, if not a Proxy
        # Arguments that a student's code gives to a function of a test's, as that one gets them.
        self.given_to: Callable[[tuple, dict], tuple[tuple, dict]] | None = None
        self.given: Given | None = None
        self._launcher = launcher
        self._displays: dict[str, list[dict]] = {}
        self._callbacks: dict[int, Callable] = {}
        self._numbers: dict[int, tuple[int, Callable]] = {}  # the same by id, with the function: ids are used again
        self._free = itertools.count(1)  # a number is given once: the other side may still know it
        self._described: dict[tuple, dict] = {}  # since something of the student's ran last
        self._spent = 0.0
        self._until = 0.0  # when the outermost of the requests that are under way must have its answer
        self._late = 0  # how often it took too long: each time, what follows has half as long
        self._depth = self._count = self._shown = 0
        self.ran = 0  # how many cells and tests have run there: any of them may have bound a name again
        self._closed = False
        self._channel = Channel(launcher.open(limits, imports), limits.frame_bytes, self._export, self._accept)
        self._begin(files)

    def _begin(self, files: dict[str, bytes]) -> None:
        try:
            self._channel.send({"files": files}, 60)
            if self._channel.receive(60) != {"ready": True}:
                raise WireError("not ready")
        except WireError as e:
            why = self._launcher.close()
            self._channel.close()
            raise SandboxError(f"a submission's process could not be set up: {e} ({why})") from e

    def __enter__(self) -> SubmissionProcess:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End the process and everything that it started."""
        if not self._closed:
            self._end("the submission was closed")

    def stop(self, why: str) -> None:
        """End it early; `why` is what is said of that."""
        self._end(why)

    def subject(self, name: str) -> Proxy:
        """A name of the notebook, or a path of attributes ("net.forward"); it may turn out to be missing."""
        root, _, path = name.partition(".")
        return Proxy(self, root, path)

    def run(self, source: str, silent: bool = False, seconds: float | None = None) -> list[dict]:
        """Run a cell and return its outputs, as notebook format 4 has them. seconds: if not as long as the limits say.

        The dicts may change later: a cell can update what an earlier one displays. A cell that takes too long ends
        with an error output named CellTimeoutError, one whose process is gone with ProcessEnded.
        """
        left = max(self.limits.notebook_bytes - self._shown, 0)
        outputs = Outputs(min(self.limits.output_bytes, left), min(self.limits.rich_bytes, left), self.limits.outputs,
                          self._displays)  # fmt: skip
        if self.ended is None:
            self.ran += 1
            message = {"do": "run", "source": source, "silent": silent}
            seconds = self._allowed(self.limits.cell_seconds if seconds is None else seconds)
            reply, late = self._request(message, seconds, outputs.take)
            count = reply.get("count")
            if not silent and type(count) is int and 0 < count < 10**6:
                self.execution_count = count - 1
            if late:
                outputs.fail("CellTimeoutError", f"the cell took longer than {seconds:g} s and was stopped")
        if self.ended is not None:
            outputs.fail("ProcessEnded", self.ended)
        self._shown += outputs.size
        return outputs.items

    def observe(self, subject: Proxy, args: tuple, kwargs: dict, figures: bool = False,
                seconds: float | None = None) -> Observation:
        """Call a subject. Raises TypeError if an argument cannot travel (that is the check's mistake)."""
        message = {"do": "call", "target": subject.reference(), "args": args, "kwargs": kwargs}
        return self.look({**message, "figures": figures, "watch": True}, seconds)

    def look(self, message: dict, seconds: float | None = None) -> Observation:
        """Send a request whose answer is an observation; whatever goes wrong becomes its error."""
        seconds = self._allowed(self.limits.call_seconds if seconds is None else seconds)
        if self.ended is not None:
            return Observation(error=StudentError("ProcessEnded", self.ended))
        reply, late = self._request(message, seconds, None)
        if late:
            return Observation(error=StudentError("TimeoutError", f"took longer than {seconds:g} s and was stopped"))
        if self.ended is not None:
            return Observation(error=StudentError("ProcessEnded", self.ended))
        return observation(reply.get("observation"))

    def ask(self, message: dict, seconds: float | None = None) -> dict:
        """Send a request of a plain test; the reply, {"late": seconds} if it took longer than so many, {} if there is
        none.

        Raises TypeError if an argument cannot travel.
        """
        if self.ended is not None:
            return {}
        seconds = self._allowed(self.limits.call_seconds if seconds is None else seconds)
        reply, late = self._request(message, seconds, None)
        return {"late": seconds} if late else reply

    def test(self, source: str, name: str, imports: list[str],
             seconds: float | None = None) -> tuple[dict, list[dict]]:
        """Run a test cell in the student's process: what it says came of it, and its outputs.

        It has failed unless the reply brings back the word that this one request was given; a student's code in that
        process could do so, too.
        """
        left = max(self.limits.notebook_bytes - self._shown, 0)
        outputs = Outputs(min(self.limits.output_bytes, left), min(self.limits.rich_bytes, left), self.limits.outputs,
                          self._displays)  # fmt: skip
        found: dict = {"passed": False, "error": "ProcessEnded", "message": self.ended or ""}
        if self.ended is None:
            self.ran += 1
            word = secrets.token_hex(16)
            message = {"do": "test", "source": source, "name": name, "imports": imports, "word": word}
            seconds = self._allowed(self.limits.cell_seconds if seconds is None else seconds)
            reply, late = self._request(message, seconds, outputs.take)
            said = reply.get("tested")
            passed = reply.get("word") == word and not late and self.ended is None
            found = {**(said if isinstance(said, dict) else {}), "passed": passed}
            if late:
                found |= {"error": "CellTimeoutError", "message": f"the test took longer than {seconds:g} s"}
            elif self.ended is not None:
                found |= {"error": "ProcessEnded", "message": self.ended}
        self._shown += outputs.size
        return found, outputs.items

    def know(self, classes: Mapping[str, type]) -> None:
        """From now on objects of these classes travel in a plain test: the assignment gives them out."""
        known = {name: kind for name, kind in classes.items() if travels(kind)}
        self.given = Given(known.get, 1, 1, for_data)
        self._channel.given = self.given.reference
        self.ask({"do": "know", "classes": sorted(known)})

    def describe(self, subject: Proxy) -> dict:
        """What is known of a subject without calling it: exists, callable, parameters (a tuple or None)."""
        target = subject.reference()
        if self.ended is None and target.data not in self._described:
            reply, _ = self._request({"do": "describe", "target": target}, self.limits.call_seconds, None)
            self._described[target.data] = reply
        found = self._described.get(target.data, {}) if self.ended is None else {}
        return {"exists": False, "callable": False, "parameters": None} | found

    def handed_over(self) -> dict:
        """What has become of the process, for the parent of the fork that has used it."""
        return {"ended": self.ended, "fell": self.fell, "machine": self.machine, "closed": self._closed,
                "count": self.execution_count, "late": self._late}

    def take_over(self, said: dict) -> None:
        """Know what a fork of this process has made of it; `said` is the fork's `handed_over`."""
        self.ended, self.fell, self.machine = said["ended"], said["fell"], said["machine"]
        self.execution_count, self._late = said["count"], said["late"]
        if said["closed"] and not self._closed:
            self._closed = True
            self._channel.close()

    def _allowed(self, seconds: float) -> float:
        """What is left of a limit for a notebook that has run into it before: a function without an end is called case
        after case, and a class must not wait for each."""
        return max(seconds / 2 ** min(self._late, 10), min(seconds, PATIENCE))

    # The conversation ------------------------------------------------------------------------------------------------

    def _request(self, message: dict, seconds: float, take: Callable[[dict], None] | None) -> tuple[dict, bool]:
        """Send a request and wait for its reply. Returns the reply ({} if there is none), and whether it was late.

        take: receives outputs on the way. Afterwards the process may be gone: see `ended`.
        """
        outermost = self._depth == 0
        start = time.monotonic()
        self._depth += 1
        self._described.clear()
        try:
            if outermost:
                wait = max(min(seconds, self.limits.notebook_seconds - self._spent), 0.01)
                self._until = start + wait
            else:  # on behalf of a request under way, whose time it has
                wait = min(seconds, self._until - start)
            too_long = "the notebook's process could not be interrupted and was stopped"
            if outermost and wait < seconds:
                too_long = f"the notebook took longer than {self.limits.notebook_seconds:g} s and was stopped"
            reply, late = self._converse(message, wait, take, too_long) if wait > 0 else ({}, True)
        except WireClosed:
            reply, late = {}, False
            self._end(None)
        except (ValueError, WireError) as e:
            reply, late = {}, False
            self._end(f"the notebook's process sent what no notebook sends ({e}) and was stopped")
        finally:
            self._depth -= 1
            if outermost:
                self._spent += time.monotonic() - start
                if self.stand_in is None:  # a plain test's functions may be kept by what the student's code returns
                    self._callbacks.clear()
                    self._numbers.clear()
        self._late += late and outermost
        if late and outermost and wait < seconds:
            self._end(too_long)
        return reply, late

    def _converse(self, message: dict, seconds: float, take, too_long: str) -> tuple[dict, bool]:
        self._count += 1
        number, late, calls = self._count, False, 0
        deadline = time.monotonic() + seconds
        most = self._channel.received + FLOOD * (self.limits.frame_bytes + self.limits.rich_bytes)
        try:
            self._channel.send({**message, "id": number}, seconds)
        except CannotEncode as e:
            raise TypeError(f"an argument cannot travel to the student's process: {e}") from e
        except WireTimeout:
            self._end("the notebook's process did not listen and was stopped")
            return {}, True
        while True:
            try:
                reply = self._channel.receive(deadline - time.monotonic())
            except WireTimeout:
                if late:
                    self._end(too_long)
                    return {}, True
                late, deadline = True, time.monotonic() + self.limits.grace_seconds
                self._launcher.interrupt()
                continue
            if not isinstance(reply, dict) or self._channel.received > most:
                raise WireError("a flood" if isinstance(reply, dict) else "no message")
            if "callback" in reply:
                calls += 1
                self._serve(reply, deadline, calls, runs_cell=take is not None)
            elif reply.get("id") == number:
                return reply, late
            elif take is not None:
                take(reply)

    def _serve(self, ask: dict, deadline: float, calls: int, runs_cell: bool) -> None:
        """Compute a value for a function of the student's that was given one of ours.

        runs_cell: a cell or a test runs there, and no check here is waiting, whose limits would hold.
        """
        asked, number = ask["callback"], ask.get("id")
        function = self._callbacks.get(asked) if type(asked) is int else None
        if type(number) is not int:
            raise WireError("a question without a number")
        answer: dict = {"answer": number}
        if function is None or runs_cell or calls > CALLBACKS or not isinstance(ask.get("args"), tuple):
            answer["error"] = "this function cannot be asked now"
        else:
            try:
                with _alarm(max(deadline - time.monotonic(), 0.01)):
                    args, kwargs = ask["args"], ask.get("kwargs", {})
                    if self.given_to is not None:
                        args, kwargs = self.given_to(args, kwargs)
                    answer["value"] = function(*args, **kwargs)
            except Exception as e:  # the student's arguments are to blame, or the clock
                answer["error"] = f"{type(e).__name__}: {e}"[:200]
                if self.stand_in is not None:
                    answer["raised"] = as_said(e)
                    self.asserted = self.asserted or isinstance(e, AssertionError)
        try:
            self._channel.send(answer, max(deadline - time.monotonic(), 1.0))
        except CannotEncode as e:
            self._channel.send({"answer": number, "error": str(e)[:200]}, 1.0)

    def _export(self, value: Any) -> Reference:
        """What stands on the wire for an argument that is no plain data."""
        if isinstance(value, (Proxy, Likeness)):
            return value.reference()
        if self.given is not None and (given := self.given.reference(value)) is not None:
            return given
        if isinstance(value, np.random.Generator):
            return Reference("generator", (type(value.bit_generator).__name__, value.bit_generator.state))
        plain = self.stand_in is not None
        if plain and type(value) in IN_STATE:
            return Reference("in state", (type(value).__name__, state_of(value)))
        if plain and type(value) in VIEWS:
            return Reference("view", (VIEWS[type(value)], dict(value.mapping)))
        if plain and type(value) in ITERATORS:
            return Reference("iterator", (self._callback(value.__next__),))
        if plain and isinstance(value, type) and issubclass(value, StandIn):
            return Reference("own", (value.__name__, ""))
        if plain and callable(value):
            said = tuple(text if isinstance(text, str) else "" for text in (
                getattr(value, "__name__", ""), getattr(value, "__doc__", "")))
            return Reference("function", (self._callback(value), *_known_name(value), *said))
        if callable(value):
            return Reference("callback", (self._callback(value),))
        raise CannotEncode(f"{type(value).__name__} is no plain data")

    def _callback(self, function: Callable) -> int:
        """The number by which the student's process asks for a function."""
        number, known = self._numbers.get(id(function), (0, None))
        if known is not function or number not in self._callbacks:
            number = next(self._free)
            self._numbers[id(function)] = number, function
            self._callbacks[number] = function
        return number

    def _accept(self, reference: Reference) -> Any:
        if self.given is not None and self.stand_in is not None and (given := self.given.accept(reference)) is not None:
            return given
        if reference.kind == "function" and self.stand_in is not None and len(reference.data) == 1:
            number, = reference.data
            if type(number) is int and number in self._callbacks:
                return self._callbacks[number]
        right = reference.kind == "handle" and len(reference.data) == 3
        number, kind, nature = reference.data if right else (None, None, None)
        if type(number) is not int or not isinstance(kind, str) or nature not in NATURES:
            raise WireError("a reference that is none")
        if self.stand_in is not None:
            return self.stand_in(reference)
        return Proxy(self, number, kind=kind[:200])

    def _end(self, why: str | None) -> None:
        """End the process. why: None if it has ended by itself, and only the warm process knows why."""
        if self._closed:
            return
        self._closed = True
        said = self._launcher.close(wait=why is None)
        self.fell, self.machine = not said, MACHINE in said
        alone = "ended with its walls" if self.fell else "closed its connection and was stopped"
        self.ended = said if said.startswith("the notebook's") else why or f"the notebook's process {alone}"
        self._channel.close()


def _known_name(function: Any) -> tuple[str, str]:
    """Module and name by which a function or class of Python's or numpy's is the same in every process, or two ""."""
    owner = getattr(function, "__objclass__", None)
    module = "numpy" if isinstance(function, np.ufunc) else getattr(owner or function, "__module__", None)
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    if isinstance(module, str) and isinstance(name, str) and module.partition(".")[0] in KNOWN:
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is function:
            return module, name
    return "", ""


@contextlib.contextmanager
def _alarm(seconds: float):
    """Raise TimeoutError in the block after `seconds`, where the system can do that (POSIX, main thread, no other)."""
    free = (
        hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
        and signal.getitimer(signal.ITIMER_REAL)[0] == 0
    )
    if not free:
        yield
        return

    def stop(number, frame):
        raise TimeoutError("took too long")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
