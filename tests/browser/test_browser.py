"""The kit as people see it: JupyterLab, formgrader and a feedback page in a real browser.

Each test leaves screenshots in its temporary folder, or in the one that BROWSER_SCREENSHOTS names, to be looked at.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import browsing
import nbformat
import pytest
from conftest import SMALL, coursekit

from helpers.grading.sandbox.sandbox import walls_available

pytestmark = pytest.mark.browser

LOSS = "def loss(w, X, y):\n    return np.mean((X @ w - y) ** 2)"
HALF = "def gradient(w, X, y):\n    return X.T @ (X @ w - y) / len(y)"
IN_A_TERMINAL = f"""\
import numpy as np
from helpers import check

def cases(rng):
    for n, d in ((4, 2), (7, 3)):
        yield {{"w": rng.standard_normal(d), "X": rng.standard_normal((n, d)), "y": rng.standard_normal(n)}}

{LOSS}

{HALF}

print(check.gradients(gradient, of=loss, wrt="w", at=cases, points=3))
"""
STUDENT = "ada.lovelace"
REASON = "The square brings a factor of 2 down."
COMMENT = "Convexity is the point. Say also **why** it helps."


@pytest.fixture
def screenshots(tmp_path) -> Path:
    folder = Path(os.environ.get("BROWSER_SCREENSHOTS") or tmp_path / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def page(screenshots, request):
    """A page in a browser; how it looked last is kept, so that a failure can be seen."""
    if browsing.missing():
        pytest.skip(browsing.missing())
    with browsing.chromium() as page:
        yield page
        page.screenshot(path=screenshots / f"{request.node.name}.png")


def test_a_student_sees_stubs_fail_politely_and_a_check_turn_green(small_course, tmp_path, screenshots, page):
    folder = tmp_path / "Downloads" / SMALL
    shutil.copytree(small_course / "release" / SMALL, folder)
    with browsing.jupyter_lab(folder, tmp_path / "jupyter") as server:
        browsing.open_notebook(page, server, f"{SMALL}.ipynb")
        browsing.choose(page, "Run", "Run All Cells")
        page.get_by_text("This cell has something to show once").first.wait_for()
        verdicts = page.locator(".verdict")
        page.screenshot(path=screenshots / "lab-1-stubs.png")
        assert [" ".join(verdict.inner_text().split()) for verdict in verdicts.all()] == [
            "loss 0 of 1 points ○ loss 0/1 not written yet", "gradient 0 of 3 points ○ w 0/3 not written yet"]
        assert no_error_in_saved(page, folder)

        browsing.write(page, "The mean squared residual", LOSS)
        right = verdicts.filter(has_text="1 of 1 points")
        right.wait_for()
        browsing.write(page, "The gradient of the loss", HALF)
        wrong = verdicts.filter(has_text="finite differences say")
        wrong.wait_for()
        assert "0 of 3 points" in wrong.inner_text()
        looks_as_it_should(right, wrong)
        page.screenshot(path=screenshots / "lab-2-light.png")
        browsing.choose(page, "Settings", "Theme", "JupyterLab Dark")
        page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
        page.wait_for_load_state("networkidle")
        looks_as_it_should(right, wrong)
        page.screenshot(path=screenshots / "lab-3-dark.png")
        the_same_in_a_terminal(page, folder)
        page.screenshot(path=screenshots / "lab-4-terminal.png")


def no_error_in_saved(page, folder: Path) -> bool:
    """Save the notebook and read what was kept: JupyterLab draws only the cells that are in view."""
    path = folder / f"{SMALL}.ipynb"
    before = path.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    browsing.wait_until(page, lambda: path.stat().st_mtime_ns != before and path.read_text().rstrip().endswith("}"))
    outputs = [output for cell in json.loads(path.read_text())["cells"] for output in cell.get("outputs", ())
               if "course-figures" not in "".join(output.get("data", {}).get("text/html", ()))]
    return len(outputs) == 3 and all(output["output_type"] != "error" and output.get("name") != "stderr"
                                     for output in outputs)


def looks_as_it_should(right, wrong) -> None:
    """A green edge and a red one, and nothing that is hard to read."""
    red, green, blue = browsing.edge(right)
    assert green > 1.2 * max(red, blue)
    red, green, blue = browsing.edge(wrong)
    assert red > 1.2 * max(green, blue)
    read = browsing.contrasts(right) + browsing.contrasts(wrong)
    assert len(read) > 8
    assert [text for text, ratio in read if ratio < 4.5] == []


def the_same_in_a_terminal(page, folder: Path) -> None:
    (folder / "look.py").write_text(IN_A_TERMINAL)
    browsing.choose(page, "File", "New", "Terminal")
    page.locator(".jp-Terminal .xterm-screen").click()
    page.keyboard.insert_text(f"{shlex.quote(sys.executable)} look.py | tee seen.txt; touch done")
    page.keyboard.press("Enter")
    browsing.wait_until(page, (folder / "done").exists)
    page.wait_for_timeout(500)  # until the terminal has drawn it
    first, second, third, *example = (folder / "seen.txt").read_text().splitlines()
    assert first == "gradient: 0 of 3 points"
    assert second == "  ✗ w  0/3  not yet right"
    assert "finite differences say" in third
    assert "`gradient(w=np.array(" in " ".join(example)


def hand_in(course: Path) -> None:
    """Half of the gradient, a written answer, and code that looks for the gradebook and for a way to leave a file."""
    spy = (f"\n\ntry:\n    print('read', len(open({str(course / 'gradebook.db')!r}, 'rb').read()), 'bytes')\n"
           f"except OSError as error:\n    print('kept out:', type(error).__name__)\n"
           f"try:\n    open({str(course / 'left behind')!r}, 'w').close()\nexcept OSError:\n    pass")
    answers = {"loss": LOSS + spy, "gradient": HALF, "why": "Because the loss is **convex**."}
    notebook = nbformat.read(course / "release" / SMALL / f"{SMALL}.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    folder = course / "submitted" / STUDENT / SMALL
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{SMALL}.ipynb")


@pytest.mark.skipif(not walls_available()[0], reason="there are no walls here")
def test_an_instructor_grades_in_formgrader_and_the_feedback_page_shows_it(small_course, tmp_path, screenshots, page):
    hand_in(small_course)
    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    configure(small_course, f"c.Exchange.root = {str(exchange)!r}",
              'c.CourseKit.depth = {"self_check": "where", "feedback": "where"}')
    with browsing.jupyter_lab(small_course, tmp_path / "jupyter") as server:
        answered = page.goto(server.page("formgrader"))
        assert "script-src 'nonce-" in answered.headers["content-security-policy"]
        page.locator("td.num-submissions a").click()
        press_autograde(page, screenshots, "needs autograding")
        assert REASON not in graded_inside_the_walls(small_course)
        configure(small_course, 'c.CourseKit.depth = {"self_check": "where", "feedback": "why"}')  # the server goes on
        press_autograde(page, screenshots, "needs manual grading")
        assert REASON in graded_inside_the_walls(small_course)
        grade_the_written_answer(page, screenshots)
    said = coursekit("feedback", "ps0", folder=small_course)
    assert said.returncode == 0, said.stderr
    page.goto((small_course / "feedback" / STUDENT / SMALL / f"{SMALL}.html").as_uri())
    page.screenshot(path=screenshots / "feedback.png", full_page=True)
    text = " ".join(page.locator("body").inner_text().split())
    assert "2.5 of 6 points" in text
    assert "Convexity is the point. Say also why it helps." in text
    assert REASON in text


def configure(course: Path, *lines: str) -> None:
    with open(course / "nbgrader_config.py", "a") as config:
        config.write("".join(f"\n{line}\n" for line in lines))


def press_autograde(page, screenshots: Path, status: str) -> None:
    row = page.locator("tr", has_text=STUDENT)
    row.get_by_text(status).wait_for()
    row.locator("td.autograde a").click()
    dialog = page.locator(".modal-dialog")
    dialog.get_by_text(f"Successfully autograded '{SMALL}' for student '{STUDENT}'").wait_for()
    page.screenshot(path=screenshots / "formgrader-1-autograded.png")
    dialog.get_by_text("OK", exact=True).click()
    row.get_by_text("needs manual grading").wait_for()
    page.locator(".modal-backdrop").wait_for(state="detached")
    assert row.locator("td.score").inner_text() == "1 / 6"
    page.screenshot(path=screenshots / "formgrader-2-submissions.png")


def graded_inside_the_walls(course: Path) -> str:
    """What the verdict on the gradient says."""
    notebook = nbformat.read(course / "autograded" / STUDENT / SMALL / f"{SMALL}.ipynb", as_version=4)
    assert notebook.metadata["grading"]["ended"] == ""  # only our own execution leaves that
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    assert cells["loss"].outputs[0].text == "kept out: FileNotFoundError\n"
    assert not (course / "left behind").exists()
    return cells["gradient-check"].outputs[0].data["text/html"]


def grade_the_written_answer(page, screenshots: Path) -> None:
    """1.5 of 2 points and a comment; formgrader saves each when its field is left."""
    page.get_by_role("link", name="Manual Grading").click()
    for link in (SMALL, SMALL, "Submission #1"):
        page.locator("tbody").get_by_role("link", name=link).click()
    page.locator(".verdict", has_text=REASON).wait_for()
    page.wait_for_load_state("networkidle")  # its fields listen once the marks so far have come
    for field, text, kept in (("#why", "1.5", "/api/grade/"), ("#why-comment", COMMENT, "/api/comment/")):
        with page.expect_response(lambda answer, kept=kept: kept in answer.url and answer.request.method == "PUT"):
            page.locator(field).fill(text)
            page.locator(field).press("Tab")
    page.evaluate("window.scrollTo(0, 0)")  # formgrader's bar at the top would lie across the picture
    page.screenshot(path=screenshots / "formgrader-3-graded.png", full_page=True)


def test_nbgrader_validate_accepts_the_source_and_refuses_the_release_politely(small_course):
    running = {step: subprocess.Popen(
        [sys.executable, "-m", "nbgrader", "validate", f"{SMALL}.ipynb"], cwd=small_course / step / SMALL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for step in ("source", "release")}
    said = {step: process.communicate(timeout=200) for step, process in running.items()}
    assert "Success! Your notebook passes all the tests." in said["source"][0]
    assert "VALIDATION FAILED ON 3 CELL(S)!" in said["release"][0]  # two checks, and the question without an answer
    assert "Traceback" not in "".join(said["source"] + said["release"])
