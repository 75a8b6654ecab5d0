"""What a JupyterHub shows: the course to its graders, and no grader's tools to students."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

from jupyter_core.paths import jupyter_config_dir
from nbgrader.apps import NbGrader
from nbgrader.utils import chdir

from helpers.grading.course.disk import write_whole
from helpers.grading.course.folder import Course
from helpers.grading.machine import accounts
from helpers.grading.machine.exchange import exchange_root
from helpers.grading.machine.finding import Finding

IN_LAB = ("@jupyter/nbgrader:create-assignment", "@jupyter/nbgrader:formgrader")
ON_THE_SERVER = ("nbgrader.server_extensions.formgrader",)
# Of a folder's files Jupyter reads the last one last: after nbgrader.json, which switches everything on.
PAGE, SERVER = Path("labconfig") / "page_config.json", Path("jupyter_server_config.d") / "zz_coursekit.json"


def of_hub(course: Course) -> Iterator[Finding]:
    """Findings where a Hub runs or students use an exchange; nothing elsewhere."""
    hub, exchange = accounts.on_a_hub(), exchange_root(course)
    grades = not accounts.is_administrator_for(course.root)
    if hub and grades:
        yield _formgrader(course)
    if hub or (exchange is not None and exchange.is_dir()):
        yield _students("missing" if hub else "optional")
        if hub and grades:
            yield _graders()


def _formgrader(course: Course) -> Finding:
    """A Hub starts servers in a home folder, where formgrader knows of no course."""
    what = "formgrader's course on the Hub"
    found = _course_from_home()
    if found is not None and found.resolve() == course.root:
        return Finding(what, "ok", str(found))
    says = f"formgrader would open {found}" if found else "formgrader would look into your home folder"
    return Finding(what, "missing", f"{says}, not {course.root}", "coursekit doctor --fix (each grader)",
                   lambda: _point_to(course))


def _course_from_home() -> Path | None:
    """The course that nbgrader's configuration names for a server that starts in the home folder."""
    if not Path.home().is_dir():
        return None
    with chdir(str(Path.home())):
        app = NbGrader()
        app.log_level = logging.ERROR
        app.load_config_file()
        root = app.config.CourseDirectory.get("root", "")
    return Path(root) if isinstance(root, str) and root else None


def _point_to(course: Course) -> str:
    """Name the course in the grader's own configuration, by a path below the home folder: formgrader opens no other."""
    home, path = Path.home().resolve(), course.root
    if not home.is_dir():
        return f"your home folder {home} does not exist"
    if not path.is_relative_to(home):
        link = home / course.root.name
        if not link.exists() and not link.is_symlink():
            link.symlink_to(course.root)
        if link.resolve() != course.root:
            return f"{link} is something else: move it away, for formgrader opens only what lies below {home}"
        path = link
    config = Path(jupyter_config_dir()) / "nbgrader_config.py"
    before = config.read_text(encoding="utf-8") if config.exists() else "c = get_config()  # noqa: F821\n"
    kept = [line for line in before.splitlines() if not line.startswith("c.CourseDirectory.root")]
    config.parent.mkdir(parents=True, exist_ok=True)
    write_whole(config, ("\n".join([*kept, f"c.CourseDirectory.root = {str(path)!r}"]) + "\n").encode())
    return ""


def _students(bad: str) -> Finding:
    """For all who use this Python, Create Assignment and Formgrader are off; graders switch them on for themselves."""
    what = "Create Assignment and Formgrader for students"
    place = Path(sys.prefix) / "etc" / "jupyter"
    if any(_is_off(folder) for folder in (place, Path("/etc/jupyter"), Path("/usr/local/etc/jupyter"))):
        return Finding(what, "ok", "switched off")
    says = "shown to everybody who uses this Python"
    if bad == "optional":
        return Finding(what, bad, says, "harmless, and confusing; coursekit doctor --fix switches them off on a Hub")
    return Finding(what, bad, says, f"coursekit doctor --fix, as whoever may write to {place}",
                   lambda: _switch(place, on=False))


def _graders() -> Finding:
    what = "Formgrader for you"
    place = Path(jupyter_config_dir())
    if _is_on(place):
        return Finding(what, "ok", "switched on")
    return Finding(what, "optional", "shown to you only while it is shown to everybody",
                   "coursekit doctor --fix (each grader)", lambda: _switch(place, on=True))


def _is_off(place: Path) -> bool:
    page, server = _read(place / PAGE), _read(place / SERVER)
    off = page.get("disabledExtensions", {})
    served = server.get("ServerApp", {}).get("jpserver_extensions", {})
    return all(off.get(name) for name in IN_LAB) and not any(served.get(name, True) for name in ON_THE_SERVER)


def _is_on(place: Path) -> bool:
    page, server = _read(place / PAGE), _read(place / SERVER)
    off = page.get("disabledExtensions", {})
    served = server.get("ServerApp", {}).get("jpserver_extensions", {})
    return not any(off.get(name, True) for name in IN_LAB) and all(served.get(name) for name in ON_THE_SERVER)


def _read(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError):
        return {}


def _switch(place: Path, on: bool) -> str:
    """JupyterLab's and the server's own files, at one level: what a user says goes before what the machine says."""
    page = _read(place / PAGE)
    off = page.get("disabledExtensions", {})
    if isinstance(off, list):  # as older versions wrote it
        off = dict.fromkeys(off, True)
    page["disabledExtensions"] = off | dict.fromkeys(IN_LAB, not on)
    server = _read(place / SERVER)
    server.setdefault("ServerApp", {}).setdefault("jpserver_extensions", {}).update(dict.fromkeys(ON_THE_SERVER, on))
    try:
        for path, content in ((place / PAGE, page), (place / SERVER, server)):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, (json.dumps(content, indent=1) + "\n").encode())
            if not on:
                path.chmod(0o644)
                path.parent.chmod(0o755)
    except OSError as error:
        return f"{error.filename or place} cannot be written by you ({error.strerror}): let root run " \
               "`coursekit doctor --fix` here"
    return ""
