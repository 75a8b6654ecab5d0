"""What commands take: their arguments, and the course folder that one of them names."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from helpers.grading.course.folder import Course

Ps = Annotated[str, typer.Argument(metavar="PS", help="Problem set, or the beginning of its name.")]
Folder = Annotated[Path, typer.Option("--course", "-c", help="The course folder.", show_default="this folder")]
Workers = Annotated[int | None, typer.Option("--workers", "-j", min=1, help="Processes at work; default: the cores.")]
Scheduler = Annotated[str, typer.Option(help="Work on a Dask cluster with certificates, for example tls://host:8786.")]
Insecure = Annotated[bool, typer.Option("--insecure", help="The cluster may be one without certificates: whoever "
                                                           "reaches it runs code as you and changes marks.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Do it again, even where nothing has changed.")]
HERE = Path(".")


def open_course(folder: Path) -> Course:
    """The course in a folder.

    Raises:
        CourseError: if its settings cannot be used.
    """
    from helpers.grading.course.folder import Course

    gc.freeze()
    gc.enable()
    return Course(folder)
