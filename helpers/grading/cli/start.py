"""The console script: the table of commands, and how one ends."""

from __future__ import annotations

import gc
import logging
import sys

import typer
from rich.text import Text

from helpers.grading.cli import authoring, grading, machine, measuring, pretending, results, serving, term
from helpers.grading.cli.talk import complaints
from helpers.grading.terminal import told_plainly

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="markdown",
                  pretty_exceptions_enable=False,
                  help="**Backprop by hand**: build releases, grade a class, write feedback.\n\n"
                       "Run it in a course folder, or name one with --course. A problem set may be named by the "
                       "beginning of its name: `ps1`.")
# In the order in which `coursekit --help` lists them.
COMMANDS = (
    authoring.build, authoring.new, authoring.watch, pretending.classroom,
    grading.collect, grading.autograde, serving.serve, grading.desk,
    results.feedback, results.report, results.similarity, results.export,
    pretending.demo, measuring.validity, measuring.agreement, measuring.propose, machine.doctor,
    term.due, term.extend, term.late, term.roster,
)
for command in COMMANDS:
    app.command()(command)


def main() -> None:
    """The console script: what an instructor can put right is said in a line, without a traceback."""
    gc.disable()  # until `open_course`: collecting while so much is imported takes a fifth of a command's start
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    try:
        app()
    except KeyboardInterrupt:
        complaints.print("Stopped. What was finished is kept; the same command goes on.")
        sys.exit(130)
    except Exception as error:
        if not _told(error):
            complaints.print(told_plainly(error), soft_wrap=True)
        sys.exit(1)


def _told(error: Exception) -> bool:
    """Say what is to be put right; False if it is not for an instructor to do."""
    from helpers.grading.course.errors import CourseError
    from helpers.grading.notebooks.master import MasterError

    if isinstance(error, MasterError):
        for problem in error.problems:
            complaints.print(Text("✗ ", "red"), end="")
            complaints.print(problem)
        complaints.print(f"{len(error.problems)} thing(s) to correct; nothing was built.")
    elif isinstance(error, CourseError):
        complaints.print(Text("✗ ", "red"), end="")
        complaints.print(str(error))
    elif isinstance(error, OSError) and error.filename and error.strerror:
        complaints.print(Text("✗ ", "red"), end="")
        complaints.print(f"{error.filename}: {error.strerror}. Put its permissions, or the disk, right and run the "
                         "same command again")
        return True
    return isinstance(error, (MasterError, CourseError))
