"""The desk's addresses, for any server: what asks for which method of `Desk`, and what a browser may do with a page.

A student's text travels as JSON and is put onto the page as text; the policy below lets no other script run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tornado import web

from helpers.grading.course.errors import CourseError
from helpers.grading.desk.desk import Desk, Unknown

STATIC = Path(__file__).parent / "static"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
MOST_BYTES = 2_000_000  # of what a page sends
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
           "Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY"}


class Pages:
    """What every handler of the desk does; mixed into a server's own handlers, which know who may come in."""

    request: Any
    desk_of: Any

    def put_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)  # type: ignore[attr-defined]

    def answer(self, action: Any) -> None:
        """What an action returns, as JSON; what a grader can put right, as an error with words."""
        self.put_headers()
        self.set_header("Content-Type", "application/json")  # type: ignore[attr-defined]
        try:
            self.finish(json.dumps(action()))  # type: ignore[attr-defined]
        except CourseError as error:
            self.set_status(404 if isinstance(error, Unknown) else 503)  # type: ignore[attr-defined]
            self.finish(json.dumps({"error": str(error)}))  # type: ignore[attr-defined]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.set_status(400)  # type: ignore[attr-defined]
            self.finish(json.dumps({"error": f"the page sent something else ({error}): load it again"}))  # type: ignore[attr-defined]

    def file(self, name: str) -> None:
        path = STATIC / name
        if path.parent != STATIC or path.suffix not in KINDS or not path.is_file():
            raise web.HTTPError(404)
        self.put_headers()
        self.set_header("Content-Type", f"{KINDS[path.suffix]}; charset=utf-8")  # type: ignore[attr-defined]
        self.finish(path.read_bytes())  # type: ignore[attr-defined]


def read(desk: Desk, what: str, argument: Any) -> Any:
    """What a GET asks for."""
    if what == "overview":
        return desk.overview
    if what == "question":
        return lambda: desk.question(argument("id"), argument("names", "") == "1")
    if what == "sample":
        return lambda: desk.sample(argument("id"))
    raise web.HTTPError(404)


def write(desk: Desk, what: str, body: bytes) -> Any:
    """What a POST asks for."""
    if len(body) > MOST_BYTES:
        raise web.HTTPError(413)

    def sent() -> dict[str, Any]:
        found = json.loads(body)
        if not isinstance(found, dict):
            raise ValueError("no object")
        return found

    def numbers(values: Any) -> list[float]:
        return [float(value) for value in values]

    actions = {
        "mark": lambda s: desk.mark(str(s["id"]), {str(k): str(v) for k, v in s["seen"].items()}, float(s["points"]),
                                    str(s["comment"]), numbers(s["items"])),
        "undo": lambda s: desk.undo(str(s["batch"])),
        "split": lambda s: desk.split(str(s["id"]), [str(k) for k in s["keys"]], bool(s.get("together"))),
        "second": lambda s: desk.second(str(s["id"]), str(s["key"]), float(s["points"]), numbers(s["items"]))}
    if what not in actions:
        raise web.HTTPError(404)
    return lambda: actions[what](sent())
