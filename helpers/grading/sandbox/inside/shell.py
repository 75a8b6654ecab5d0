"""IPython's shell as a notebook server runs it, without a server: outputs go to an `Outlet` as plain dicts.

What comes out is what nbclient would have collected from ipykernel: the same output types, the same tracebacks, the
same inline figures, text in the order in which it was written, whoever wrote it. One thing is added: figures say in
words what they show.
"""

from __future__ import annotations

import base64
import builtins
import codecs
import contextlib
import io
import os
import select
import signal
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from IPython.core.autocall import ZMQExitAutocall
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Instance, Type, default
from traitlets.config import Config

_FLUSH_SECONDS = 0.05
_FLUSH_LENGTH = 16_384


# ---------------------------------------------------------------------------------------------------------------------
# Interrupts
# ---------------------------------------------------------------------------------------------------------------------


class Interrupts:
    """SIGINT becomes KeyboardInterrupt only while a student's code runs, and never in the middle of a message."""

    def __init__(self):
        self.busy = False
        self._main = threading.get_ident()
        self._depth = 0
        self._pending = False

    def install(self) -> None:
        names = ["SIGINT", "SIGBREAK"]  # the second is Windows' word for it
        for number in (getattr(signal, n) for n in names if hasattr(signal, n)):
            signal.signal(number, self._handle)

    def _handle(self, number, frame) -> None:
        if self.busy and self._depth == 0:
            raise KeyboardInterrupt
        self._pending = self.busy

    def shielded(self) -> Interrupts:
        """`with interrupts.shielded():` holds an interrupt back until the block is left."""
        return self

    def __enter__(self) -> None:
        if threading.get_ident() == self._main:
            self._depth += 1

    def __exit__(self, *_) -> None:
        if threading.get_ident() == self._main:
            self._depth -= 1
            if self._pending and self._depth == 0:
                self._pending = False
                raise KeyboardInterrupt

    @contextlib.contextmanager
    def allowed(self) -> Iterator[None]:
        """A student's code runs in this block."""
        before, self.busy, self._pending = self.busy, True, False
        try:
            yield
        finally:
            self.busy = before


# ---------------------------------------------------------------------------------------------------------------------
# Where outputs go
# ---------------------------------------------------------------------------------------------------------------------


class Outlet:
    """Gathers text and rich outputs and hands them on in order.

    send: takes one event, {"output": nbformat's dict, ...} or {"clear": wait}. text_bytes: a cell that writes more is
    cut short here already (the receiver cuts again: it has no reason to believe us).
    """

    def __init__(self, send: Callable[[dict], None], text_bytes: int, interrupts: Interrupts):
        self.send, self.text_bytes, self.interrupts = send, text_bytes, interrupts
        self.open = False  # outputs count only while a cell runs
        self.pid = os.getpid()
        self._lock = threading.RLock()
        self._name, self._length = "stdout", 0
        self._pieces: list[str] = []
        self._written = 0
        self._flushed = 0.0
        self._pipes: dict[int, tuple[str, Any]] = {}
        self._poll: Any = None  # says whether there is something in the pipes, in one system call
        self._wake: int | None = None

    def text(self, name: str, text: str, drain: bool = True) -> None:
        if not self.open or self._written > self.text_bytes:
            return
        with self.interrupts.shielded(), self._lock:
            if drain:
                self._drain()
            if not text:
                return
            if name != self._name:
                self._flush()
                self._name = name
            self._pieces.append(text)
            self._length += len(text)
            self._written += len(text)
            idle = time.monotonic() > self._flushed + _FLUSH_SECONDS
            if self._length > _FLUSH_LENGTH or (idle and text[-1] == "\n"):
                self._flush()  # a first line goes at once: what follows may never let another thread run
            elif len(self._pieces) == 1:
                self._wake_flusher()

    def rich(self, output: dict, **more: Any) -> None:
        """An output that is no text; `more` says how it is shown (display_id, update)."""
        with self.interrupts.shielded(), self._lock:
            self._drain()
            self._flush()
            if self.open:
                self.send({"output": output, **more})

    def clear(self, wait: bool) -> None:
        with self.interrupts.shielded(), self._lock:
            self._drain()
            self._flush()
            self._written = 0
            if self.open:
                self.send({"clear": bool(wait)})

    @contextlib.contextmanager
    def cell(self, silent: bool = False) -> Iterator[None]:
        """Outputs of this block are those of one cell."""
        with self._lock:
            self._drain()
            self._pieces, self._length, self._written, self.open = [], 0, 0, not silent
        try:
            yield
        finally:
            with self.interrupts.shielded(), self._lock:
                self._drain()
                self._flush()
                self.open = False

    def flush(self) -> None:
        with self.interrupts.shielded(), self._lock:
            self._drain()
            self._flush()

    def _flush(self) -> None:
        if self._pieces:
            text, self._pieces, self._length = "".join(self._pieces), [], 0
            self._flushed = time.monotonic()
            self.send({"output": {"output_type": "stream", "name": self._name, "text": text}})

    # What subprocesses write to the file descriptors 1 and 2 --------------------------------------------------------

    def catch_descriptors(self) -> None:
        """Lead the descriptors 1 and 2 into this outlet; a thread empties them and flushes text that waits."""
        for number, name in ((1, "stdout"), (2, "stderr")):
            reader, writer = os.pipe()
            os.dup2(writer, number)  # inheritable, as a subprocess needs it
            os.close(writer)
            if hasattr(os, "set_blocking") and os.name == "posix":
                os.set_blocking(reader, False)
            self._pipes[reader] = name, codecs.getincrementaldecoder("utf-8")("replace")
        if os.name != "posix":  # select knows only sockets there
            for pipe in self._pipes:
                threading.Thread(target=self._read_for_ever, args=(pipe,), daemon=True).start()
            return
        self._poll = select.poll()
        for pipe in self._pipes:
            self._poll.register(pipe, select.POLLIN)
        waker, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        threading.Thread(target=self._serve_pipes, args=(waker,), daemon=True).start()

    def _drain(self) -> None:
        """Take what is in the pipes now, so that text of subprocesses stands where it was written."""
        if self._poll is None or not self._poll.poll(0) or os.getpid() != self.pid:
            return
        for pipe, (name, decoder) in self._pipes.items():
            with contextlib.suppress(OSError):
                while data := os.read(pipe, 65536):
                    self.text(name, decoder.decode(data), drain=False)
                    if self._written > self.text_bytes:
                        break

    def _wake_flusher(self) -> None:
        if self._wake is not None:
            with contextlib.suppress(OSError):
                os.write(self._wake, b"x")

    def _serve_pipes(self, waker: int) -> None:
        while True:
            ready = select.select([waker, *self._pipes], [], [])[0]
            if waker in ready:
                os.read(waker, 65536)
                time.sleep(_FLUSH_SECONDS)  # text gathers; a cell's end does not wait for this
            with self._lock:
                self._drain()
                self._flush()

    def _read_for_ever(self, pipe: int) -> None:
        name, decoder = self._pipes[pipe]
        while data := os.read(pipe, 65536):
            self.text(name, decoder.decode(data), drain=False)


class Stream(io.TextIOBase):
    """sys.stdout or sys.stderr of a notebook."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, outlet: Outlet, name: str):
        self._outlet, self.name = outlet, f"<{name}>"
        self._stream = name

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        if os.getpid() != self._outlet.pid:  # a process that the notebook forked: through the descriptor, as any other
            os.write(self.fileno(), text.encode("utf-8", "replace"))
        else:
            self._outlet.text(self._stream, text)
        return len(text)

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        if os.getpid() == self._outlet.pid:
            self._outlet.flush()

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return 1 if self._stream == "stdout" else 2


# ---------------------------------------------------------------------------------------------------------------------
# The shell
# ---------------------------------------------------------------------------------------------------------------------


class _Publisher(DisplayPublisher):
    shell: Any

    def publish(self, data: Any, metadata: Any = None, source: Any = None, *, transient: Any = None,
                update: bool = False, **kwargs: Any) -> None:
        self._validate_data(data, metadata)
        output = {"output_type": "display_data", "data": as_json(data), "metadata": as_json(metadata or {})}
        display_id = (transient or {}).get("display_id")
        self.shell.outlet.rich(output, display_id=None if display_id is None else str(display_id), update=bool(update))

    def clear_output(self, wait=False):
        self.shell.outlet.clear(wait)


class _Hook(DisplayHook):
    shell: Any

    def start_displayhook(self) -> None:
        self._is_active = True
        self._output = {"output_type": "execute_result", "data": {}, "metadata": {}}

    def write_output_prompt(self):
        self._output["execution_count"] = self.prompt_count

    def write_format_data(self, format_dict, md_dict=None):
        self._output |= {"data": as_json(format_dict), "metadata": as_json(md_dict or {})}

    def finish_displayhook(self):
        self._is_active = False
        if self._output["data"]:
            self.shell.outlet.rich(self._output)


class _Formatter(DisplayFormatter):
    """As IPython's, and a figure's picture carries what the figure shows, where nbconvert looks for an alternative."""

    def format(self, obj, include=None, exclude=None):
        data, metadata = super().format(obj, include, exclude)
        pictures = [mime for mime in data if mime.startswith("image/")]
        if pictures and (words := _in_words(obj)):
            for mime in pictures:
                metadata[mime] = {**(metadata.get(mime) or {}), "alt": words}
        return data, metadata


def _in_words(obj: Any) -> str:
    """What a figure of matplotlib's shows; "" of anything else."""
    matplotlib = sys.modules.get("matplotlib.figure")  # what draws no figure need not import it
    if matplotlib is None or not isinstance(obj, matplotlib.Figure):
        return ""
    from helpers.checking import figures

    return figures.in_words(obj)


class _Compiler(CachingCompiler):
    def get_code_name(self, raw_code, transformed_code, number):
        """A file name as ipykernel makes them: a warning shows it to its reader."""
        return f"/tmp/ipykernel_1/{zlib.crc32(raw_code.encode('utf-8', 'replace'))}.py"


class NotebookShell(InteractiveShell):
    """The shell behind a notebook; `outlet` may be set anew after a fork."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)
    compiler_class = Type(_Compiler)
    exiter = Instance(ZMQExitAutocall)
    outlet: Outlet

    @default("exiter")
    def _default_exiter(self):
        return ZMQExitAutocall(self)

    def init_hooks(self) -> None:
        super().init_hooks()
        self.set_hook("show_in_pager", lambda *_, **__: None, 99)  # help goes to a pager, and no output is left

    def init_display_formatter(self) -> None:
        self.display_formatter = _Formatter(parent=self)
        configurables: list[Any] = self.configurables
        configurables.append(self.display_formatter)

    def init_virtualenv(self) -> None:
        """A kernel does not look for one either."""

    def init_environment(self) -> None:
        os.environ.update(
            TERM="xterm-color", CLICOLOR="1", FORCE_COLOR="1", CLICOLOR_FORCE="1", PAGER="cat", GIT_PAGER="cat"
        )

    def ask_exit(self) -> None:
        """`exit` ends the cell, not the notebook: cells after it are graded too."""

    keepkernel_on_exit = None

    def enable_gui(self, gui: Any = None) -> None:
        """There is no event loop to run a window in."""

    def _showtraceback(self, etype, evalue, stb):
        error = {"ename": str(etype.__name__), "evalue": str(evalue), "traceback": [str(line) for line in stb]}
        self.outlet.rich({"output_type": "error", **error})


# Libraries ask for a notebook by the name of its shell's class (rich, tqdm, plotly).
NotebookShell.__name__ = NotebookShell.__qualname__ = "ZMQInteractiveShell"


def make_shell(outlet: Outlet) -> NotebookShell:
    """The process's shell. History without file or thread; nobody can be asked for input."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.autocall = 0
    config.IPKernelApp.why = "libraries look for this name to know a notebook"
    NotebookShell.outlet = outlet
    shell = NotebookShell.instance(config=config)
    import getpass

    for module, name in ((builtins, "input"), (getpass, "getpass")):
        setattr(module, name, _no_input)
    return shell


def _no_input(prompt: object = "") -> str:
    raise StdinNotImplementedError("raw_input was called, but this frontend does not support input requests.")


def as_json(value: Any, depth: int = 20) -> Any:
    """What display data may hold, as JSON: bytes become base64, keys texts, anything else its repr."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if depth and isinstance(value, dict):
        return {str(k): as_json(v, depth - 1) for k, v in value.items()}
    if depth and isinstance(value, (list, tuple)):
        return [as_json(v, depth - 1) for v in value]
    return repr(value)


def use_streams(outlet: Outlet) -> None:
    """Everything that this process prints from now on goes to `outlet`."""
    sys.stdout, sys.stderr = Stream(outlet, "stdout"), Stream(outlet, "stderr")
