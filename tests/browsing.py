"""Notebook servers and a real browser for tests: with nothing of the user's own configuration, and no network."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FLAGS = ("--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--no-first-run")
PATIENCE = 120  # seconds for anything to show up; it takes one or two where nothing else is at work
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}  # no question over the notebook, no look for updates
FOLDERS = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
           "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython"}


@dataclass(frozen=True)
class Server:
    """A running `jupyter lab`: its pages are below `url`, and `token` lets a browser in."""

    url: str
    token: str
    log: Path

    def page(self, path: str) -> str:
        return f"{self.url}{path}?token={self.token}"


@contextlib.contextmanager
def jupyter_lab(folder: Path, private: Path) -> Iterator[Server]:
    """`jupyter lab` as started in a folder; its configuration and state live in `private`, a new folder.

    Raises:
        RuntimeError: if it does not come up, with the end of what it said.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server(f"http://127.0.0.1:{port}/", secrets.token_hex(16), private / "server.log")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.port={port}",
               "--ServerApp.port_retries=0", f"--IdentityProvider.token={server.token}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    environment = _environment(private)
    with open(server.log, "wb") as said:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said,
                                   stdin=subprocess.DEVNULL)
    try:
        _await(server, process)
        yield server
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()


def dark(private: Path) -> None:
    """Let a server whose state will be in `private` show JupyterLab's and Notebook's dark theme."""
    theme = private / "settings" / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
    theme.parent.mkdir(parents=True)
    theme.write_text(json.dumps({"theme": "JupyterLab Dark"}))


def _environment(private: Path) -> dict[str, str]:
    news = private / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True, exist_ok=True)
    news.write_text(json.dumps(NO_NEWS))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
    return kept | {name: str(private / folder) for name, folder in FOLDERS.items()}


def _await(server: Server, process: subprocess.Popen) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(server.page("api/status"), timeout=5).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"jupyter lab did not come up: {server.log.read_text()[-2000:]}")


def missing() -> str:
    """What a test in a browser would lack here, or an empty text."""
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed"
    return "" if shutil.which("chromium") else "there is no chromium"


@contextlib.contextmanager
def chromium(**options: Any) -> Iterator[Any]:
    """A page in the system's Chromium; Playwright's own browser would have to be downloaded. options: of its context,
    such as `device_scale_factor`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        try:
            context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
            context.set_default_timeout(1000 * PATIENCE)
            yield context.new_page()
        finally:
            browser.close()


def wait_until(page: Any, happened: Callable[[], bool]) -> None:
    """Wait for something that shows elsewhere than on the page.

    Raises:
        TimeoutError: if it takes too long.
    """
    until = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > until:
            raise TimeoutError(f"it did not happen in {PATIENCE} s")
        page.wait_for_timeout(50)


# JupyterLab ----------------------------------------------------------------------------------------------------------


def open_notebook(page: Any, server: Server, path: str) -> None:
    """Open a notebook in JupyterLab, and wait until its kernel listens: cells that are run before stay as they are."""
    page.goto(server.page(f"lab/tree/{path}"))
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()


def choose(page: Any, menu: str, *items: str) -> None:
    """Choose from JupyterLab's menu bar."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    for item in items[:-1]:
        page.locator(".lm-Menu").get_by_text(item, exact=True).hover()
    page.locator(".lm-Menu").get_by_text(items[-1], exact=True).click()


def write(page: Any, text_in_cell: str, source: str) -> None:
    """Put something else into a code cell, and run it and the cell below it."""
    page.locator(".jp-CodeCell", has_text=text_in_cell).locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")


# What can be seen ----------------------------------------------------------------------------------------------------

_SEEN = """
const context = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d");
const seen = (...colours) => {  // one colour over the other, as red, green and blue in [0, 1]
  for (const colour of ["white", ...colours]) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3).map(value => value / 255);
};
const behind = element =>
  element ? [...behind(element.parentElement), getComputedStyle(element).backgroundColor] : [];
"""
_CONTRASTS = "root => {" + _SEEN + """
const luminance = colour => colour
  .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const written = element => [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
return [...root.querySelectorAll("*")].filter(written).map(element => {
  const back = behind(element), front = [...back, getComputedStyle(element).color];
  const [low, high] = [luminance(seen(...back)), luminance(seen(...front))].sort((a, b) => a - b);
  return [element.textContent, (high + 0.05) / (low + 0.05)];
});
}"""
_EDGE = "root => {" + _SEEN + """return seen(getComputedStyle(root).borderLeftColor);}"""


def contrasts(element: Any) -> list[tuple[str, float]]:
    """The texts in an element as painted, each with its contrast.

    Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
    """
    return [(text, ratio) for text, ratio in element.evaluate(_CONTRASTS)]


def edge(element: Any) -> tuple[float, float, float]:
    """Red, green and blue, in [0, 1], of an element's left edge."""
    return tuple(element.evaluate(_EDGE))
