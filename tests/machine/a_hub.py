"""A JupyterHub with accounts of its own for a test: a proxy, a Python that every account reaches, people, requests."""

from __future__ import annotations

import contextlib
import grp
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import site
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

PATIENCE = 120  # seconds for anything to come up
PROXY = "configurable-http-proxy"
STARTS_WITH = ("JUPYTER", "IPYTHON", "PYTHON", "VIRTUAL_ENV", "XDG_", "COURSE_CACHE")


class Missing(Exception):
    """This machine cannot run a Hub; the message says why."""


def proxy() -> str:
    """The Hub's proxy, from npm, kept in this user's cache folder.

    Raises:
        Missing: if there is none and npm gives none.
    """
    if found := shutil.which(PROXY):
        return found
    place = Path(platformdirs.user_cache_dir("backprop-by-hand")) / PROXY
    program = place / "node_modules" / ".bin" / PROXY
    if not program.exists():
        if not shutil.which("npm"):
            raise Missing("npm, which the Hub's proxy comes from, is not installed")
        place.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", PROXY], cwd=place, timeout=90,
                           capture_output=True)
    if not program.exists():
        raise Missing(f"npm gave no {PROXY}")
    return str(program)


def python_for_all(folder: Path, account: str) -> Path:
    """A virtual environment below `folder` that any account can use, with this one's packages.

    This Python, or where that lies in somebody's home, the system's of the same version.

    Raises:
        Missing: if neither can be used.
    """
    packages = [path for path in site.getsitepackages() if os.path.isdir(path)]
    if not all(_reaches(account, path) for path in packages):
        raise Missing("other accounts cannot reach this Python's packages")
    wanted = sys.version_info[:2]
    for program in (os.path.realpath(sys.executable), "/usr/bin/python3", f"/usr/bin/python{wanted[0]}.{wanted[1]}"):
        says = run_as(account, [program, "-c", "import sys; print(sys.version_info[:2])"], check=False, home="/tmp")
        if says.returncode == 0 and says.stdout.strip() == str(wanted):
            break
    else:
        raise Missing(f"no Python {wanted[0]}.{wanted[1]} that other accounts can start")
    place = folder / "python"
    subprocess.run([program, "-m", "venv", "--without-pip", str(place)], check=True, capture_output=True)
    own = place / "lib" / f"python{wanted[0]}.{wanted[1]}" / "site-packages"
    (own / "packages.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in packages))
    (place / "share").symlink_to(Path(sys.prefix) / "share")
    shutil.copytree(Path(sys.prefix) / "etc", place / "etc")  # `coursekit doctor --fix` writes there
    _programs(place)
    _what_fits(own, place / "bin" / "python")
    return place / "bin" / "python"


def _programs(place: Path) -> None:
    """nbgrader calls some by name."""
    for name in ("alembic", "jupyter", "nbgrader", "coursekit", "jupyterhub-singleuser"):
        script = Path(sys.executable).parent / name
        if script.is_file():
            body = script.read_text().split("\n", 1)[1]
            (place / "bin" / name).write_text(f"#!{place}/bin/python\n{body}")
            (place / "bin" / name).chmod(0o755)


def _what_fits(own: Path, python: Path) -> None:
    """Where the packages were chosen for a newer Python, those that fit this one, as `coursekit doctor` finds them."""
    asked = "from helpers.grading.machine.libraries import unfit\n" \
            "for name, has, _ in unfit('backprop-by-hand'): print(f'{name}<{has}')"
    for bound in subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.split():
        pip = subprocess.run([sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps",
                              "--target", str(own), bound], capture_output=True, text=True)
        if pip.returncode:
            raise Missing(f"{bound}, which {python} needs, could not be installed")


def _reaches(account: str, path: str) -> bool:
    return run_as(account, ["test", "-r", path], check=False, home="/tmp").returncode == 0


def as_account(account: str, command: list[str]) -> list[str]:
    return ["runuser", "-u", account, "--", *map(str, command)]


def environment_of(account: str, home: str | Path = "") -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(STARTS_WITH)}
    return kept | {"HOME": str(home or pwd.getpwnam(account).pw_dir), "USER": account, "LOGNAME": account}


def run_as(account: str, command: list[str], check: bool = True, folder: str | Path = "/", home: str | Path = "",
           **env: str) -> subprocess.CompletedProcess:
    """Run a program as another account, with its own environment."""
    done = subprocess.run(as_account(account, command), cwd=folder, env=environment_of(account, home) | env,
                          capture_output=True, text=True, timeout=PATIENCE * 2)
    if check and done.returncode:
        raise AssertionError(f"{account}: {' '.join(map(str, command))}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done


@dataclass
class Machine:
    """Accounts, one group of graders, and a folder that all can enter."""

    folder: Path
    group: str
    accounts: dict[str, str] = field(default_factory=dict)  # what a person is here → the account

    @property
    def homes(self) -> Path:
        return self.folder / "home"


@contextlib.contextmanager
def accounts(graders: tuple[str, ...], students: tuple[str, ...]) -> Iterator[Machine]:
    """New accounts, removed at the end.

    Raises:
        Missing: if accounts cannot be made here.
    """
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("useradd") or not shutil.which("runuser"):
        raise Missing("accounts can be made by root only")
    folder, mark = Path(tempfile.mkdtemp(prefix="hub.")), secrets.token_hex(2)
    folder.chmod(0o755)
    machine = Machine(folder, f"graders{mark}")
    machine.homes.mkdir(mode=0o755)
    try:
        subprocess.run(["groupadd", machine.group], check=True)
        for name in (*graders, *students):
            machine.accounts[name] = f"{name}{mark}"
            subprocess.run(["useradd", "--create-home", "--home-dir", str(machine.homes / name), "--shell", "/bin/bash",
                            *(["--groups", machine.group] if name in graders else []), machine.accounts[name]],
                           check=True, capture_output=True)
        yield machine
    finally:
        for account in machine.accounts.values():
            _end_all_of(account)
            subprocess.run(["userdel", account], capture_output=True)
        with contextlib.suppress(KeyError):
            grp.getgrnam(machine.group)
            subprocess.run(["groupdel", machine.group], capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _end_all_of(account: str) -> None:
    """The processes of an account that this test has made, and of no other."""
    uid = pwd.getpwnam(account).pw_uid
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if process.stat().st_uid == uid:
                os.kill(int(process.name), 9)


CONFIG = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}/"
c.JupyterHub.hub_port = {hub}
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.cookie_secret = bytes.fromhex("{cookie}")
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.auth_token = "{cookie}"
c.Spawner.cmd = ["{python}", "-m", "jupyterhub.singleuser"]
c.Spawner.environment = {environment}
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
c.JupyterHub.services = [{{"name": "test", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [{{"name": "test", "services": ["test"],
                             "scopes": ["admin:users", "admin:servers", "access:servers"]}}]
c.JupyterHub.log_level = "WARN"
"""


class Hub:
    """A running Hub; `ask` speaks to it or to somebody's server as that person's browser would."""

    def __init__(self, url: str, token: str, log: Path):
        self.url, self.token, self.log = url, token, log

    def ask(self, path: str, method: str = "GET", content: Any = None, form: dict[str, str] | None = None,
            ) -> tuple[int, Any]:
        """The status and what came, read as JSON where it is; a string otherwise."""
        data = json.dumps(content).encode() if content is not None else None
        if form is not None:
            data = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(self.url + path, data, {"Authorization": f"token {self.token}"}, method=method)
        if content is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                status, body = answer.status, answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            status, body = error.code, error.read().decode("utf-8", "replace")
        with contextlib.suppress(ValueError):
            return status, json.loads(body)
        return status, body

    def start(self, *people: str) -> None:
        """Start everybody's server; they come up at once."""
        for name in people:
            self.ask(f"hub/api/users/{name}", "POST")
            status, said = self.ask(f"hub/api/users/{name}/server", "POST")
            assert status in (201, 202), said
        until = time.monotonic() + PATIENCE
        for name in people:
            while not (self.ask(f"hub/api/users/{name}")[1].get("servers") or {}).get("", {}).get("ready"):
                assert time.monotonic() < until, f"{name}'s server did not come up: {self.log.read_text()[-3000:]}"
                time.sleep(0.2)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        return [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(count)]


@contextlib.contextmanager
def hub(folder: Path, python: Path, program: str, environment: dict[str, str]) -> Iterator[Hub]:
    """A Hub whose servers run as the accounts of those who start them.

    Raises:
        Missing: if jupyterhub is not installed.
    """
    if importlib.util.find_spec("jupyterhub") is None:
        raise Missing("jupyterhub is not installed")
    place = folder / "hub"
    place.mkdir(mode=0o700)
    port, inner, api = free_ports(3)
    made = Hub(f"http://127.0.0.1:{port}/", secrets.token_hex(16), place / "log")
    (place / "config.py").write_text(CONFIG.format(port=port, hub=inner, api=api, cookie=secrets.token_hex(32),
                                                   proxy=program, python=python, environment=environment,
                                                   token=made.token))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    with open(made.log, "wb") as said:
        process = subprocess.Popen([sys.executable, "-m", "jupyterhub", "-f", str(place / "config.py")], cwd=place,
                                   env=kept, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(urllib.error.URLError, OSError):
                if made.ask("hub/api/")[0] == 200:
                    break
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the Hub did not come up: {made.log.read_text()[-3000:]}")
            time.sleep(0.1)
        yield made
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()
