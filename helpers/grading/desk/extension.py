"""The desk inside a Jupyter server, behind Jupyter's own login: for a Hub, where loopback is not one person's.

Switched on in a grader's `jupyter_server_config.py`:
`c.ServerApp.jpserver_extensions = {"helpers.grading.desk.extension": True}`. The page of a problem set is then
`<the server's address>/coursekit/desk/<problem set>/`.
"""

from __future__ import annotations

import getpass
import logging
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from nbgrader.apps import NbGrader
from tornado import web

from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.desk import pages
from helpers.grading.desk.desk import Desk


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "helpers.grading.desk.extension"}]


def _load_jupyter_server_extension(app: Any) -> None:
    desks: dict[str, Desk] = {}
    base = url_path_join(app.web_app.settings["base_url"], "coursekit/desk")
    own = {"desks": desks, "root": app.root_dir}
    app.web_app.add_handlers(".*$", [
        (rf"{base}/([A-Za-z0-9_.-]+)/?", Page, own), (rf"{base}/([A-Za-z0-9_.-]+)/static/([a-z]+\.[a-z]+)", Page, own),
        (rf"{base}/([A-Za-z0-9_.-]+)/api/([a-z]+)", Api, own)])


def course_of(root: str) -> Course:
    """The course that nbgrader's configuration names for this server, else the server's folder."""
    app = NbGrader()
    app.log_level = logging.ERROR
    app.load_config_file()
    named = app.config.CourseDirectory.get("root", "")
    return Course(Path(named) if isinstance(named, str) and named else Path(root))


class Handler(pages.Pages, JupyterHandler):
    """Jupyter decides who comes in, and asks its own XSRF token of every POST."""

    def initialize(self, desks: dict[str, Desk], root: str) -> None:
        self.desks, self.root = desks, root

    @property
    def content_security_policy(self) -> str:
        return pages.POLICY

    def desk(self, name: str) -> Desk:
        if name not in self.desks:
            try:
                course = course_of(self.root)
                self.desks[name] = Desk(course, course.find(name), getpass.getuser())
            except CourseError as error:
                raise web.HTTPError(404, str(error)) from error
        return self.desks[name]


class Page(Handler):
    @web.authenticated
    def get(self, name: str, file: str = "") -> None:
        if not file and not self.request.path.endswith("/"):
            self.redirect(self.request.path + "/")
            return
        self.desk(name)
        _ = self.xsrf_token  # sets the cookie that the page's script reads
        self.file(file or "desk.html")


class Api(Handler):
    @web.authenticated
    def get(self, name: str, what: str) -> None:
        self.answer(pages.read(self.desk(name), what, self.get_argument))

    @web.authenticated
    def post(self, name: str, what: str) -> None:
        self.answer(pages.write(self.desk(name), what, self.request.body))
