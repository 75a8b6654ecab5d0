"""Imports what notebooks need and warms everything up."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpers.grading.sandbox.inside.shell import Interrupts, NotebookShell


def prepare_shell(modules: list[str]) -> tuple[NotebookShell, Interrupts]:
    """Import what notebooks need and warm everything up. Returns the shell and the interrupts."""
    sys.argv = ["notebook"]
    from helpers.grading.sandbox.inside.shell import Interrupts, Outlet, make_shell

    interrupts = Interrupts()
    interrupts.install()
    shell = make_shell(Outlet(lambda event: None, 0, interrupts))
    load(modules)
    out, err = sys.stdout, sys.stderr
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        shell.run_cell("1 + 1")
        shell.run_cell("raise ValueError('a traceback')")
        if "matplotlib.pyplot" in sys.modules:
            shell.run_cell("import matplotlib.pyplot as plt\nplt.figure(); plt.plot([1, 2], label='$x$'); plt.legend()")
        inspect.signature(prepare_shell)
    sys.stdout, sys.stderr = out, err
    shell.reset(new_session=True)
    shell.execution_count = 1
    shell.last_execution_result = None
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        if hasattr(sys, name):
            delattr(sys, name)
    return shell, interrupts


def load(modules: Iterable[str]) -> None:
    """Import modules. One that cannot be imported is no error here: the notebook that needs it will say so."""
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    seed()  # numpy and torch import their generators when they are first asked for


def without_epoll() -> None:
    """Event loops wait with poll: the filter of system calls has no epoll, whose memory is counted per user."""
    import selectors

    selectors.DefaultSelector = selectors.PollSelector  # type: ignore[misc,assignment]


def seed() -> None:
    """The same unseeded random numbers in every run, so that grading twice gives the same marks twice."""
    import random

    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
