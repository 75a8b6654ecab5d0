"""The student's process: runs cells and answers calls, for a grader that believes nothing it says.

Started by `start.py`, inside the walls. Nothing in here decides about a mark. Arguments and
results travel as plain data, and nothing is pickled in either direction: a function that a check passes to a
student's function stays with the grader, and what arrives here is a small function that asks the grader for each
value. So the reference solution never enters this process.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from helpers.checking.observing import (
    Observation,
    StudentError,
    no_such_name,
    observe_call,
    positional_parameters,
    snapshot,
    student_error,
)
from helpers.grading.sandbox.given import Given, travels
from helpers.grading.sandbox.inside import plainly
from helpers.grading.sandbox.inside.prepare import seed
from helpers.grading.sandbox.shared import Shared, replaced
from helpers.grading.sandbox.wire import CannotEncode, Channel, Reference, WireClosed, WireError, type_name
from helpers.grading.sandbox.written import Written

if TYPE_CHECKING:
    from helpers.grading.sandbox.inside.shell import Interrupts

HANDLES = 10_000
TEXT_BYTES = 2**20
PLAINLY = ("look", "about", "operate", "apply", "files")  # requests of plain tests


class Unresolved:
    """An argument that refers to something of the student's that does not exist."""

    def __init__(self, error: StudentError):
        self.error = error


class CallbackError(Exception):
    """A function that a check passed in could not answer."""


class Server:
    """Serves the grader's requests over one socket until the socket closes."""

    def __init__(self, sock: socket.socket, shell: Any, interrupts: Interrupts, limits: dict):
        from helpers.grading.sandbox.inside.shell import Outlet, use_streams

        self.channel = Channel(sock, int(limits.get("frame_bytes", 2**28)), self.export, self.accept)
        self.shell, self.interrupts = shell, interrupts
        self.handles: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}  # of the objects in `handles`, by id
        self.functions: dict[int, Any] = {}  # of a test's, by the grader's numbers
        self.tests: dict[int, int] = {}  # those numbers, by id
        self.given: Given | None = None
        self.shared = Shared(-1, -1)
        self.written: Written | None = None  # what lies beside the notebook, since it was begun
        self.count = 0
        self.outlet = Outlet(self.channel.send, int(limits.get("output_bytes", TEXT_BYTES)), interrupts)
        self.outlet.catch_descriptors()
        shell.__class__.outlet = self.outlet
        use_streams(self.outlet)
        if os.name == "posix":
            # A process that the notebook forks has no business with the grader.
            os.register_at_fork(after_in_child=lambda: sock.close())

    def serve(self) -> None:
        """Answer requests for ever. Raises WireClosed when the grader is gone."""
        while True:
            message = self.next_message()
            if "answer" not in message:  # one to a question that an interrupt has cut short
                self.answer(message)

    def next_message(self) -> dict:
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                while not self.channel.begun and not select.select([self.channel.sock], [], [], 3600)[0]:
                    pass
                with self.interrupts.shielded():
                    return self.channel.receive()

    def answer(self, message: dict) -> None:
        reply = {"id": message["id"]}
        asked = self.given is not None and message["do"] in PLAINLY
        self.channel.given, self.channel.whole = self.given.reference if asked and self.given else None, asked
        try:
            with self.interrupts.allowed():
                reply |= getattr(self, "do_" + message["do"])(message)
        except BaseException as e:  # a late interrupt, or a notebook that broke what this process stands on
            reply |= {"observation": as_dict(Observation(error=student_error(e)))}
        with self.interrupts.shielded():
            try:
                self.channel.send(reply)
            except CannotEncode as e:
                self.channel.send({"id": message["id"], "observation": as_dict(too_large(e))})

    # Requests --------------------------------------------------------------------------------------------------------

    def do_run(self, message: dict) -> dict:
        """Run a cell: its outputs are on their way when the reply is sent."""
        silent = message["silent"]
        with self.outlet.cell(silent):
            try:
                self.shell.run_cell(message["source"], store_history=not silent, silent=silent)
            except KeyboardInterrupt:
                pass  # it came while IPython was tidying up; the grader knows that it sent one
            except BaseException as e:
                error = {"ename": type_name(e).rpartition(".")[2], "evalue": str(e), "traceback": [str(e)]}
                self.outlet.rich({"output_type": "error", **error})
        return {"count": self.shell.execution_count}

    def do_call(self, message: dict) -> dict:
        args, kwargs = list(message["args"]), message["kwargs"]
        broken = [a.error for a in [message["target"], *args, *kwargs.values()] if isinstance(a, Unresolved)]
        if broken:
            return {"observation": as_dict(Observation(error=broken[0]))}
        seen: set[int] = set()
        for i, arg in enumerate(args):  # one array for two parameters: a student's own check gives two
            args[i] = snapshot(arg) if id(arg) in seen else arg
            seen.add(id(arg))
        with self.outlet.cell(silent=True):
            o = observe_call(message["target"], args, kwargs, figures=message["figures"], watch=message["watch"])
        return {"observation": as_dict(o)}

    def do_fetch(self, message: dict) -> dict:
        target = message["target"]
        if isinstance(target, Unresolved):
            return {"observation": as_dict(Observation(error=target.error))}
        return {"observation": as_dict(Observation(value=target))}

    def do_item(self, message: dict) -> dict:
        """One of len(target), target[key]."""
        target, key = message["target"], message["key"]
        if isinstance(target, Unresolved):
            return {"observation": as_dict(Observation(error=target.error))}
        look = (lambda x: len(x)) if message["what"] == "len" else (lambda x: x[key])
        return {"observation": as_dict(observe_call(look, [target], {}, watch=False))}

    def do_describe(self, message: dict) -> dict:
        target = message["target"]
        if isinstance(target, Unresolved):
            return {"exists": False, "callable": False, "parameters": None}
        return {"exists": True, "callable": callable(target), "parameters": positional_parameters(target)}

    # What plain tests ask (see `plainly.py`) -------------------------------------------------------------------------

    def do_know(self, message: dict) -> dict:
        """The names of the classes that the assignment gives out."""
        known = frozenset(message["classes"])

        def find(name: str) -> Any:
            found = self.shell.user_ns.get(name) if name in known else None
            return found if travels(found) else None

        self.given = Given(find, -1, -1)
        return {}

    def do_look(self, message: dict) -> dict:
        self.in_step(message)
        return self.with_shared(plainly.look(self.shell.user_ns, message["name"]))

    def in_step(self, message: dict) -> tuple[list, dict]:
        """Change what a test has changed of what both sides have; the request's arguments, ours in their places."""
        if self.written is not None:
            self.written.take(message.get("files"))
        here = self.shared.take(message.get("shared"))
        self.shared.forget(message.get("forgotten"))
        return ([replaced(arg, here) for arg in message.get("args", ())],
                {name: replaced(arg, here) for name, arg in message.get("kwargs", {}).items()})

    def with_shared(self, reply: dict) -> dict:
        reply["shared"] = self.shared.listed(reply.get("value"))
        if self.written is not None and (files := self.written.changed()):
            reply["files"] = files
        return reply

    def do_files(self, message: dict) -> dict:
        """A test begins that may look for files: what it calls its folder is the notebook's here."""
        with contextlib.suppress(OSError):
            os.symlink(self.written.folder, message["folder"]) if self.written is not None else None
        self.in_step(message)
        return self.with_shared({})

    def do_about(self, message: dict) -> dict:
        target = message["target"]
        return {"about": {} if isinstance(target, Unresolved) else plainly.describe(target)}

    def do_operate(self, message: dict) -> dict:
        broken = [a.error for a in message["args"] if isinstance(a, Unresolved)]
        if broken:
            return plainly.unresolved(broken[0])
        args, _ = self.in_step(message)
        with self.outlet.cell(silent=True), plainly.in_the_place_of(message["replaced"]):
            return self.with_shared(plainly.apply(plainly.ASKED[message["what"]], args, {}))

    def do_apply(self, message: dict) -> dict:
        args, kwargs = list(message["args"]), message["kwargs"]
        broken = [a.error for a in [message["target"], *args, *kwargs.values()] if isinstance(a, Unresolved)]
        if broken:
            return plainly.unresolved(broken[0])
        if message.get("random"):
            plainly.set_random(message["random"])
        args, kwargs = self.in_step(message)
        with self.outlet.cell(silent=True), plainly.in_the_place_of(message["replaced"]):
            return self.with_shared(plainly.apply(message["target"], args, kwargs, self.is_given))

    def do_test(self, message: dict) -> dict:
        """Run a test cell here: its outputs are on their way when the verdict is sent, with the word that was given."""
        word = message["word"]
        with self.outlet.cell(False):
            tested = plainly.test(self.shell.user_ns, message["source"], message["name"], message["imports"])
            self.end_cell()
        return {"tested": tested, "word": word if tested["passed"] is True else ""}

    def do_end(self, message: dict) -> dict:
        """A test has ended that ran elsewhere."""
        with self.outlet.cell(silent=True):
            self.end_cell()
        return {}

    def end_cell(self) -> None:
        """What happens behind a cell: figures that it has left open are shown, and closed."""
        with contextlib.suppress(Exception):
            self.shell.events.trigger("post_execute")

    def is_given(self, value: Any) -> bool:
        return self.given is not None and self.given.is_one(value)

    # References ------------------------------------------------------------------------------------------------------

    def export(self, value: Any) -> Reference:
        """A handle for an object that is no plain data, the same one each time; the object stays here."""
        if self.given is not None and (given := self.given.reference(value)) is not None:
            return given
        if self.tests.get(id(value)):
            return Reference("function", (self.tests[id(value)],))
        number = self.numbers.get(id(value), 0)
        if not number or self.handles.get(number, self) is not value:
            self.count += 1
            number = self.numbers[id(value)] = self.count
            self.handles[number] = value
        if len(self.handles) > HANDLES:
            self.numbers.pop(id(self.handles.pop(next(iter(self.handles)))), None)
        return plainly.handle(number, value, type_name(value))

    def accept(self, reference: Reference) -> Any:
        """What the grader refers to. Never raises: what does not exist is an `Unresolved`."""
        kind, data = reference
        try:
            given = self.given.accept(reference) if self.given is not None else None
        except Exception as e:  # a notebook that has made something else of the class
            return Unresolved(student_error(e))
        if given is not None:
            return given
        if kind == "callback":
            return self.callback(data[0])
        if kind == "function":
            return self.function(*data)
        if kind == "view":
            return getattr(data[1], data[0])()
        if kind == "iterator":
            return self.iterator(data[0])
        if kind == "in state":
            return plainly.in_state(*data)
        if kind == "generator":
            return generator(*data)
        root, path = data
        try:
            if kind == "own":
                value = self.handles[root]
            elif root in self.shell.user_ns:
                value = self.shell.user_ns[root]
            else:
                return Unresolved(no_such_name(root))
            for name in path.split(".") if path else ():
                value = getattr(value, name)
        except BaseException as e:
            return Unresolved(student_error(e))
        return value

    def function(self, number: int, module: str, name: str, called: str, doc: str) -> Any:
        """A test's function: one of Python's or numpy's is itself, of another the grader computes the values."""
        if number not in self.functions:
            found: Any = plainly.found_by_name(module, name)
            if found is None:
                found = self.callback(number, raising=True)
                found.__name__, found.__qualname__, found.__doc__ = called, called, doc
            self.functions[number] = found
            self.tests[id(found)] = number
        return self.functions[number]

    def iterator(self, number: int) -> Any:
        """What a test walks through, item by item."""
        ask = self.callback(number, raising=True)
        while True:
            try:
                item = ask()
            except StopIteration:
                return
            yield item

    def callback(self, number: int, raising: bool = False) -> Callable[..., Any]:
        """A function here whose values are computed by the grader. raising: what they raise there is raised here."""

        def function(*args, **kwargs):
            self.count += 1
            ask = {"callback": number, "id": self.count, "args": args, "kwargs": kwargs}
            with self.interrupts.shielded():
                self.channel.send(ask)
            while True:
                message = self.next_message_or_interrupt()
                if "answer" not in message:
                    self.answer(message)  # the grader's function calls one of ours
                elif message["answer"] == ask["id"]:
                    break
            if raising and "raised" in message:
                raise plainly.made_again(message["raised"], self.shell.user_ns)
            if "error" in message:
                raise CallbackError(message["error"])
            return message["value"]

        return function

    def next_message_or_interrupt(self) -> dict:
        while not self.channel.begun and not select.select([self.channel.sock], [], [], 1)[0]:
            pass
        with self.interrupts.shielded():
            return self.channel.receive()


def as_dict(o: Observation) -> dict:
    e = o.error
    error = None if e is None else (e.type, e.message, e.line, e.lineno, e.within)
    return {**o.__dict__, "error": error}


def too_large(error: Exception) -> Observation:
    return Observation(error=StudentError("ResultTooLarge", f"the result is too large to look at: {error}"))


def generator(name: str, state: dict) -> Any:
    """A numpy Generator in the state that the grader's has."""
    import numpy as np

    bits = getattr(np.random, name)()
    bits.state = state
    return np.random.Generator(bits)


# ---------------------------------------------------------------------------------------------------------------------
# Start
# ---------------------------------------------------------------------------------------------------------------------


def settle(directory: str, sock: socket.socket, shell: Any, interrupts: Interrupts, limits: dict) -> None:
    """Take the submission's files, say that all is ready, serve until the grader is gone, and end the process."""
    try:
        seed()
        os.chdir(directory)
        sys.path.insert(0, "")
        server = Server(sock, shell, interrupts, limits)
        files = server.channel.receive()["files"]
        for name, data in files.items():
            os.makedirs(os.path.dirname(os.path.join(directory, name)), exist_ok=True)
            with open(name, "wb") as f:
                f.write(data)
        server.written = Written(directory)
        server.channel.send({"ready": True})
        server.serve()
    except WireClosed:
        os._exit(0)
    except WireError:
        os._exit(70)
