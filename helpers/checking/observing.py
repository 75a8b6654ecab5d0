"""What a check observes of one call, wherever the function runs.

A check never handles a student's function itself, only a *subject*: something with a name that can be called and
observed. `Local` wraps a function of this process (a student's own notebook). The grader has a second kind of
subject, whose function runs in another process; both give the same `Observation`s, so a check is written once.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import linecache
import re
import sys
import time
import warnings
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from helpers.sameness import PLAIN, is_tensor, unchanged

MESSAGE_LENGTH = 500
PRINTED_LENGTH = 2_000
WARNINGS_KEPT = 5
INTEGER_BITS = 4096  # of a whole number, as in grading: Python refuses to spell those of more than 4,300 digits
# Where code of a notebook cell says it comes from: IPython's own names, and the temporary files that ipykernel names.
_CELL_FILE = re.compile(r"^<ipython-input-|[/\\]ipykernel_\d+[/\\]")


@dataclass(frozen=True)
class StudentError:
    """An exception as data.

    type: name of the exception's class; message: its text, cut at 500 characters.
    line, lineno: the student's own source line that raised, and its number in the cell ("" and 0 if unknown).
    within: the function or class of that cell in which the line stands ("" if it is in none).
    """

    type: str
    message: str
    line: str = ""
    lineno: int = 0
    within: str = ""


@dataclass(frozen=True)
class Observation:
    """What one call (or one look at a value) gave.

    value: plain data, a copy: None, bool, int, float, complex, str, bytes, list, tuple, dict, ndarray. Anything else is
        the object itself (`Local`) or a stand-in for it (in grading).
    error: the exception that came out, or None.
    changed: positions of the arguments that the call changed in place.
    printed: stdout and stderr, cut at 2,000 characters.
    warned: warnings as "Category: message", at most five, each once.
    seconds: how long the call took.
    figures: summaries of the figures that the call left open (see helpers/figures.py), only if asked for.
    """

    value: Any = None
    error: StudentError | None = None
    changed: tuple[int, ...] = ()
    printed: str = ""
    warned: tuple[str, ...] = ()
    seconds: float = 0.0
    figures: tuple[dict, ...] = ()


@runtime_checkable
class Subject(Protocol):
    """A name in a student's notebook, as a check sees it."""

    name: str

    def observe(self, *args: Any, figures: bool = False) -> Observation:
        """Call it with these positional arguments; never raises what the function raises."""

    def missing(self) -> bool:
        """True if there is no such name."""

    def callable(self) -> bool:
        """True if it can be called."""

    def parameters(self) -> tuple[str, ...] | None:
        """Names of its positional parameters, or None if they are unknown."""

    def fetch(self) -> Observation:
        """The value itself, not called."""


class TooLong:
    """Stands for a whole number that Python will not spell."""

    def __init__(self, value: int):
        self.type = f"a whole number of about {int(value.bit_length() * 0.30103) + 1:,} digits"

    def __repr__(self) -> str:
        return self.type


_MISSING = object()


class Local:
    """A subject of this process: a name and the object behind it (leave `value` out if there is no such name)."""

    def __init__(self, name: str, value: Any = _MISSING):
        self.name = name
        self.value = value

    def __repr__(self) -> str:
        return f"Local({self.name!r})"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it as it is, for plain nbgrader tests; raises what it raises, NameError if there is no such name."""
        if self.missing():
            raise NameError(no_such_name(self.name).message)
        return self.value(*args, **kwargs)

    def __getattr__(self, name: str) -> Local:
        """What is found inside, such as a method of an object: again a subject, with its path for a name."""
        if name.startswith("_") or name in ("name", "value") or self.missing():
            raise AttributeError(name)
        return Local(f"{self.name}.{name}", getattr(self.value, name))

    def missing(self) -> bool:
        return self.value is _MISSING

    def callable(self) -> bool:
        return not self.missing() and callable(self.value)

    def parameters(self) -> tuple[str, ...] | None:
        return None if self.missing() else positional_parameters(self.value)

    def fetch(self) -> Observation:
        if self.missing():
            return Observation(error=no_such_name(self.name))
        return Observation(value=snapshot(self.value))

    def observe(self, *args: Any, figures: bool = False) -> Observation:
        """Call the function on deep copies of `args`, so that a check's own arrays survive whatever it does."""
        if self.missing():
            return Observation(error=no_such_name(self.name))
        return observe_call(self.value, [snapshot(a) for a in args], {}, figures=figures)


def observe_call(function: Any, args: list, kwargs: dict, figures: bool = False, watch: bool = True) -> Observation:
    """Call `function(*args, **kwargs)` here and now; whatever happens, what happened is the result.

    watch: compare the positional arguments before and after. figures: close all figures before, and describe and
    close those that are open after.
    """
    before = [snapshot(a) for a in args] if watch else []
    if figures:
        _close_figures()
    value = error = None
    text = _Printed()
    start = time.perf_counter()
    with contextlib.ExitStack() as around:
        around.enter_context(contextlib.redirect_stdout(text))
        around.enter_context(contextlib.redirect_stderr(text))
        around.enter_context(_figures_left_open() if figures else contextlib.nullcontext())
        w = around.enter_context(warnings.catch_warnings(record=True))
        warnings.simplefilter("always")
        try:
            value = function(*args, **kwargs)
        except BaseException as e:
            error = student_error(e)
    seconds = time.perf_counter() - start
    return Observation(
        value=snapshot(value),
        error=error,
        changed=tuple(i for i, old in enumerate(before) if not unchanged(old, args[i])),
        printed=text.kept(),
        warned=warning_lines(w),
        seconds=seconds,
        figures=_described_figures() if figures else (),
    )


class _Printed(io.StringIO):
    """What a call prints, bounded: a function that prints for ever shall not fill the memory."""

    def write(self, text: str) -> int:
        if self.tell() <= PRINTED_LENGTH:
            super().write(text[: PRINTED_LENGTH + 1])
        return len(text)

    def kept(self) -> str:
        return cut(self.getvalue(), PRINTED_LENGTH)


def no_such_name(name: str) -> StudentError:
    """What a look at a name that does not exist gives."""
    return StudentError("NameError", f"name '{name}' is not defined")


def positional_parameters(function: Any) -> tuple[str, ...] | None:
    """Names of the parameters that `function` takes by position; None if Python cannot tell."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))


# ---------------------------------------------------------------------------------------------------------------------
# Copies
# ---------------------------------------------------------------------------------------------------------------------


def snapshot(value: Any, depth: int = 32) -> Any:
    """A copy of plain data down to its arrays (tensors too); other objects are returned as they are, and whole numbers
    that Python will not spell become `TooLong`."""
    if issubclass(type(value), int) and int.bit_length(value) > INTEGER_BITS:
        return TooLong(value)
    if isinstance(value, PLAIN) or depth == 0:
        return value
    if isinstance(value, np.ndarray):
        # dtype object would share what it refers to; a check has no business with those, so a shallow copy will do.
        return value.copy(order="K")
    if type(value) in (list, tuple):
        return type(value)([snapshot(v, depth - 1) for v in value])
    if type(value) is dict:
        return {snapshot(k, 0): snapshot(v, depth - 1) for k, v in value.items()}
    if is_tensor(value):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, (np.random.Generator, np.random.RandomState)):
        return copy.deepcopy(value)
    return value


# ---------------------------------------------------------------------------------------------------------------------
# Exceptions, warnings and figures as data
# ---------------------------------------------------------------------------------------------------------------------


def cut(text: str, length: int) -> str:
    """`text`, or its first `length` characters, of which the last is an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


def student_error(error: BaseException) -> StudentError:
    """An exception as data, with the last line of a notebook cell that was being executed when it was raised."""
    try:
        message = str(error)
    except BaseException:  # a class can raise in its own __str__
        message = "(an exception that cannot be shown)"
    line, lineno, within = _student_line(error)
    return StudentError(type(error).__name__, cut(message, MESSAGE_LENGTH), cut(line, MESSAGE_LENGTH), lineno,
                        cut(within, MESSAGE_LENGTH))


def is_cell(filename: str) -> bool:
    """Is this where code of a notebook cell says it comes from?"""
    return _CELL_FILE.search(filename) is not None


def _student_line(error: BaseException) -> tuple[str, int, str]:
    """The last line in a cell on the way to `error`, and in what it stands; a SyntaxError carries its own line."""
    found = ("", 0, "")
    if isinstance(error, SyntaxError) and error.text:
        found = (str(error.text).strip(), int(error.lineno or 0), "")
    frame = error.__traceback__
    while frame is not None:
        filename = frame.tb_frame.f_code.co_filename
        if _CELL_FILE.search(filename):
            outermost = frame.tb_frame.f_code.co_qualname.split(".")[0]
            found = (linecache.getline(filename, frame.tb_lineno).strip(), frame.tb_lineno,
                     outermost if outermost.isidentifier() else "")
        frame = frame.tb_next
    return found


def warning_lines(caught: list) -> tuple[str, ...]:
    """Warnings as "Category: message", each once, at most five."""
    lines: dict[str, None] = {}
    for w in caught:
        if "is non-interactive" in str(w.message)[:100]:
            continue  # plt.show() where there is no window: the notebook's way of drawing, not the student's mistake
        with contextlib.suppress(BaseException):
            lines.setdefault(cut(f"{w.category.__name__}: {w.message}", MESSAGE_LENGTH))
        if len(lines) == WARNINGS_KEPT:
            break
    return tuple(lines)


@contextlib.contextmanager
def _figures_left_open():
    """In a notebook plt.show() closes what it shows; here the figures are wanted afterwards."""
    inline = sys.modules.get("matplotlib_inline.config")
    if inline is None:
        yield
        return
    backend = inline.InlineBackend.instance()
    before, backend.close_figures = backend.close_figures, False
    try:
        yield
    finally:
        backend.close_figures = before


def _close_figures() -> None:
    import matplotlib.pyplot as plt

    plt.close("all")


def _described_figures() -> tuple[dict, ...]:
    """Summaries of the open figures, which are closed; a figure that cannot be described is no error of the call."""
    from helpers.checking import figures

    try:
        return tuple(figures.describe())
    except Exception:
        return ()
    finally:
        _close_figures()
