"""The desk as a small server on this machine's loopback, behind a token that only its grader knows."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tornado import httpserver, ioloop, netutil, web

from helpers.grading.desk import pages
from helpers.grading.desk.desk import Desk

HERE = "127.0.0.1"
COOKIE, PROOF = "coursekit_desk", "X-Desk"
ROOT = 0  # may do as it likes anyway, and carries a browser's connections from Windows into its Linux
NOBODY = -1
OLDEST = 12 * 3600  # seconds that a browser stays let in


class Handler(pages.Pages, web.RequestHandler):
    """Lets in who has the token, from a page of this server, and nobody else.

    On a machine that others use, the token is not the grader's alone: the list of processes shows the address that a
    browser was started with, and a browser sends the cookie to every server here. So the kernel is asked whose the
    connection is (`user_of`). A request from elsewhere lacks the cookie, which a browser sends to no other site's pages
    (SameSite), and the header that only a script of the same origin can set; a name that somebody else has pointed to
    this machine is not ours.
    """

    def initialize(self, desk: Desk, token: str, hosts: tuple[str, ...]) -> None:
        self.desk, self.token, self.hosts = desk, token, hosts

    def prepare(self) -> None:
        whose = user_of(self.request.connection.stream.socket)
        if whose is not None and whose not in (ROOT, os.getuid()):
            raise web.HTTPError(403, "another account")
        if self.request.host not in self.hosts:
            raise web.HTTPError(403, "another host")
        given = self.get_argument("token", "")
        if given and hmac.compare_digest(given.encode(), self.token.encode()):
            self.set_cookie(COOKIE, self.token, httponly=True, samesite="Strict", path="/",
                            expires=time.time() + OLDEST)
            self.redirect("/")  # the token does not stay in the address
            return
        if not hmac.compare_digest(self.get_cookie(COOKIE, "").encode(), self.token.encode()):
            raise web.HTTPError(403, "no token")
        if self.request.method == "POST" and (self.request.headers.get(PROOF) != "1" or not self._from_here()):
            raise web.HTTPError(403, "from elsewhere")

    def _from_here(self) -> bool:
        origin = self.request.headers.get("Origin")
        return origin is None or origin in {f"http://{host}" for host in self.hosts}

    def check_xsrf_cookie(self) -> None:
        """`prepare` does so, by a header that no other origin can send."""

    def write_error(self, status_code: int, **how: Any) -> None:
        self.put_headers()
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("Open the desk with the address that `coursekit desk` has printed." if status_code == 403
                    else f"{status_code}: {self._reason}")


def user_of(connection: socket.socket) -> int | None:
    """Whose the other end of a connection on this machine is, as the kernel knows (Linux); NOBODY if that end is gone,
    None where the system does not tell."""
    ends = [f"{struct.unpack('=I', socket.inet_aton(host))[0]:08X}:{port:04X}"
            for host, port in (connection.getpeername(), connection.getsockname())]
    found = None
    for table in ("tcp", "tcp6"):  # the second for who has called 127.0.0.1 by its name there
        with contextlib.suppress(OSError):
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
            found = next((int(fields[7]) for fields in map(str.split, lines)
                          if fields[1].endswith(ends[0]) and fields[2].endswith(ends[1])), NOBODY)
            if found != NOBODY:
                return found
    return found


class Page(Handler):
    def get(self, name: str = "") -> None:
        self.file(name or "desk.html")


class Api(Handler):
    def get(self, what: str) -> None:
        self.answer(pages.read(self.desk, what, self.get_argument))

    def post(self, what: str) -> None:
        self.answer(pages.write(self.desk, what, self.request.body))


@dataclass
class Serving:
    """A desk that listens; `url` lets its grader in."""

    url: str
    server: httpserver.HTTPServer

    def run(self) -> None:
        """Serve until Ctrl-C. Every mark is in the gradebook as soon as the page shows it."""
        ioloop.IOLoop.current().start()


def serve(desk: Desk, port: int = 0) -> Serving:
    """Listen on loopback, at a free port if none is named.

    Raises:
        OSError: if the port is taken.
    """
    socket_, = netutil.bind_sockets(port, HERE, family=socket.AF_INET)
    port = socket_.getsockname()[1]
    token = secrets.token_urlsafe(24)
    own = {"desk": desk, "token": token, "hosts": (f"{HERE}:{port}", f"localhost:{port}")}
    app = web.Application([(r"/", Page, own), (r"/static/([a-z]+\.[a-z]+)", Page, own), (r"/api/([a-z]+)", Api, own)],
                          log_function=lambda handler: None)
    server = httpserver.HTTPServer(app, max_body_size=pages.MOST_BYTES)
    server.add_sockets([socket_])
    return Serving(f"http://{HERE}:{port}/?token={token}", server)
