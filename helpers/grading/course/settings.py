"""This kit's settings in `nbgrader_config.py`, and how nbgrader's configuration is read."""

from __future__ import annotations

import logging
import os
import sysconfig
from pathlib import Path

from nbgrader.apps import NbGrader
from nbgrader.utils import chdir
from traitlets import Dict, Enum, Unicode
from traitlets.config import Config, SingletonConfigurable


class CourseKit(SingletonConfigurable):
    """This kit's settings, beside nbgrader's own in `nbgrader_config.py`."""

    depth = Dict(
        {"self_check": "where", "feedback": "why"},
        help='How much a check says: "verdict", "where" or "why"; in the notebook and in feedback.',
    ).tag(config=True)

    address = Unicode(
        "", help="Where students write to about a mark: each question of a feedback page gets a link to it.",
    ).tag(config=True)

    next_step = Dict(
        {"": "Mend what stands under “to look at” in your notebook, run each check until it is green, and hand the "
             "notebook in again if your course lets you."},
        help="What a feedback page says at its end while something is not right yet, in Markdown: by the problem set's "
             'name, and under "" for all others.',
    ).tag(config=True)

    masters_directory = Unicode("notebooks", help="The folder with the masters, one script per problem set.").tag(
        config=True)

    timezone = Unicode("", help="The zone in which dates are read and shown, for example Europe/Vienna; by default "
                                "this machine's own. nbgrader itself keeps and reads UTC.").tag(config=True)

    sandbox = Enum(
        ["auto", "bubblewrap", "none"], "auto",
        help='Where student code runs: "bubblewrap" (walls), "none" (a process of its own, no walls), or "auto": '
             "walls, and a refusal where there are none.",
    ).tag(config=True)

    attempts = Dict(
        help='What `coursekit serve` allows and tells, by problem set; "*" is for all. a_day: attempts a day (0: any '
             "number); pause_minutes: between two attempts; told: how much is said before the deadline, "
             '"verdict", "where" or "why"; counts: which attempt does, "last" or "best".',
    ).tag(config=True)

    limits = Dict(
        help="Limits on student code: cell_seconds, call_seconds, notebook_seconds, memory_bytes, processes, "
             "file_bytes, disk_bytes, output_bytes. What is not named keeps its default.",
    ).tag(config=True)

    forgeable = Enum(
        ["allow", "warn", "refuse"], "warn",
        help="Plain tests that have to run in the student's process, where their author could forge a verdict: grade "
             "with them, say so as well, or do not grade.",
    ).tag(config=True)

    imports = Dict(
        {"ps7_pytorch": ("torch", "torch._dynamo")},  # the second takes every first optimizer two seconds
        help="Modules that the warm process imports for a problem set beside those that its cells import, by its name.",
    ).tag(config=True)


def load_config(root: Path) -> Config:
    """nbgrader's configuration for a folder, as its own commands would load it."""
    # nbgrader calls `alembic` by name; without an activated virtual environment it would not be found.
    scripts = sysconfig.get_path("scripts")
    if scripts not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    with chdir(str(root)):
        app = NbGrader()
        app.log_level = logging.WARNING
        app.initialize([])
        return app.config
