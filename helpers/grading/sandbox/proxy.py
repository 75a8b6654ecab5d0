"""A student's names as a check sees them: proxies for what lives in the student's process."""

from __future__ import annotations

from typing import Any, Protocol

from helpers.checking.observing import MESSAGE_LENGTH, PRINTED_LENGTH, Observation, StudentError, cut
from helpers.checking.probe import weight
from helpers.grading.sandbox.wire import Reference
from helpers.grading.text import clean_text


class Process(Protocol):
    """What a proxy asks: the process in which the thing lives that it stands for."""

    def observe(self, subject: Proxy, args: tuple, kwargs: dict, figures: bool = False,
                seconds: float | None = None) -> Observation: ...
    def look(self, message: dict, seconds: float | None = None) -> Observation: ...
    def describe(self, subject: Proxy) -> dict: ...


class StudentCodeError(Exception):
    """A student's code raised; `.error` is the `StudentError` that says what."""

    def __init__(self, error: StudentError):
        super().__init__(f"{error.type}: {error.message}")
        self.error = error


class Proxy:
    """A subject in the student's process: a name, an attribute of it, or an object that a call returned.

    A `Subject`. Beyond that it behaves like what it stands for: `proxy(...)` returns plain data or another Proxy or
    raises StudentCodeError, `proxy.attribute` and `proxy[key]` look inside. An attribute called like one of a Subject's
    own methods is `proxy.attribute("parameters")`. A Proxy given as an argument is the student's own object there; a
    Python function given as an argument stays here and is asked from there.
    """

    def __init__(self, student: Process, root: str | int, path: str = "", kind: str = ""):
        self._student, self._root, self._path = student, root, path
        self._kind = kind  # qualified name of the type, if it is known
        name = root if isinstance(root, str) else f"<{kind or 'object'}>"
        self.name = f"{name}.{path}" if path else name

    def __repr__(self) -> str:
        return f"Proxy({self.name!r})"

    def attribute(self, name: str) -> Proxy:
        """The attribute `name` (a path with dots is fine), whatever it is called."""
        return Proxy(self._student, self._root, f"{self._path}.{name}" if self._path else name)

    def __getattr__(self, name: str) -> Proxy:
        if name.startswith("_"):  # numpy, copy and inspect ask for such names: nothing of the student's answers them
            raise AttributeError(name)
        return self.attribute(name)

    def reference(self) -> Reference:
        """What stands for this on the wire."""
        return Reference("name" if isinstance(self._root, str) else "own", (self._root, self._path))

    # A subject -------------------------------------------------------------------------------------------------------

    def observe(self, *args: Any, figures: bool = False, seconds: float | None = None) -> Observation:
        """Call it. seconds: how long it may take, if not as long as the sandbox's limits say."""
        return self._student.observe(self, args, {}, figures=figures, seconds=seconds)

    def fetch(self) -> Observation:
        return self._student.look({"do": "fetch", "target": self.reference()})

    def missing(self) -> bool:
        return self._student.describe(self)["exists"] is not True

    def callable(self) -> bool:
        return self._student.describe(self)["callable"] is True

    def parameters(self) -> tuple[str, ...] | None:
        names = self._student.describe(self)["parameters"]
        if not isinstance(names, tuple) or not all(isinstance(n, str) and len(n) < 200 for n in names):
            return None
        return names[:100]

    # A function or an object -----------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return value_of(self._student.observe(self, args, kwargs))

    def value(self) -> Any:
        """The value itself: plain data, or this again. Raises StudentCodeError."""
        return value_of(self.fetch())

    def __getitem__(self, key: Any) -> Any:
        return value_of(self._student.look({"do": "item", "what": "item", "target": self.reference(), "key": key}))

    def __len__(self) -> int:
        n = value_of(self._student.look({"do": "item", "what": "len", "target": self.reference(), "key": None}))
        return min(n, 10**6) if isinstance(n, int) and n >= 0 else 0

    def __iter__(self):
        """Items in order, as plain data or Proxies."""
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        return True

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        """numpy shall not ask a student's object for its items one by one."""
        raise TypeError(f"{self.name} is no array")


def value_of(observation: Observation) -> Any:
    """The value of an observation. Raises StudentCodeError."""
    if observation.error is not None:
        raise StudentCodeError(observation.error)
    return observation.value


def observation(raw: Any) -> Observation:
    """An Observation from what a student's process says one is: fields of wrong kinds are emptied, texts cut."""
    raw = raw if isinstance(raw, dict) else {"error": ("ProtocolError", "the notebook's process gave no answer", "", 0)}
    error = raw.get("error")
    if error is not None:
        error = _error(error)
    changed = raw.get("changed")
    figures = raw.get("figures")
    seconds = raw.get("seconds")
    return Observation(
        value=None if error else raw.get("value"),
        error=error,
        changed=tuple(i for i in changed if type(i) is int)[:100] if isinstance(changed, tuple) else (),
        printed=_text(raw.get("printed"), PRINTED_LENGTH),
        warned=tuple(_text(w, MESSAGE_LENGTH) for w in _items(raw.get("warned"))[:5]),
        seconds=seconds if type(seconds) is float else 0.0,
        figures=tuple(f for f in figures if isinstance(f, dict) and not weight(f)[0])[:20] if isinstance(
            figures, tuple) else (),
    )


def _error(raw: Any) -> StudentError:
    kind, message, line, lineno, within = (*_items(raw), None, None, None, None, None)[:5]
    number = lineno if type(lineno) is int and 0 <= lineno < 10**6 else 0
    name = _text(within, 200)
    return StudentError(_text(kind, 200), _text(message, MESSAGE_LENGTH), _text(line, MESSAGE_LENGTH), number,
                        name if name.isidentifier() else "")


def _items(raw: Any) -> tuple:
    return raw if isinstance(raw, tuple) else ()


def _text(raw: Any, length: int) -> str:
    return cut(clean_text(raw), length) if isinstance(raw, str) else ""
