"""A grader at the desk, in Chromium: a class of 57 with two written questions and twelve different answers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from a_class import NAME, a_class, desk_of
from browsing import chromium, missing, wait_until

from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing())]


@pytest.fixture(scope="module")
def made_class(tmp_path_factory) -> Path:
    return a_class(tmp_path_factory.mktemp("desk") / "course").root


@pytest.fixture
def course(made_class, tmp_path) -> Course:
    """A fresh copy of a class whose written answers wait."""
    return Course(shutil.copytree(made_class, tmp_path / "course"))


def test_a_class_of_57_is_graded_by_keys(course):
    """What a grader does is done by the page's keys alone. How long that took is printed, not asserted."""
    with desk_of(course) as url, chromium() as page:
        trouble = []
        page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.goto(url)
        page.wait_for_selector(".group")
        start, decisions = time.monotonic(), 0
        for number in range(2):
            if number:
                page.select_option("#questions", index=1)
                wait_until(page, lambda: "1.2" in page.title() and page.locator(".group").count() > 0)
            while page.locator(".group").count():
                left = page.locator(".group").count()
                page.keyboard.press("1" if decisions % 2 else "f")
                page.keyboard.press("Enter")
                decisions += 1
                wait_until(page, lambda left=left: page.locator(".group").count() < left)
        seconds = time.monotonic() - start
        print(f"114 answers in {decisions} decisions, {seconds:.1f} s")
        page.keyboard.press("u")
        wait_until(page, lambda: page.locator(".group").count() == 1)
        page.keyboard.press("Enter")
        wait_until(page, lambda: page.locator(".group").count() == 0)
        assert trouble == []
    _, marks = books.marks_of(course, NAME)
    assert len(marks) == 57
    assert all(row[cell].manual is not None and not row[cell].needs_person for row in marks.values()
               for cell in ("why-same", "bought"))
    assert decisions <= 20


HOSTILE = ("<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
           "</pre></section><style>body{display:none}</style>")


def test_what_students_write_does_nothing(course):
    path = course.folder("autograded", "student00", NAME) / f"{NAME}.ipynb"
    content = json.loads(path.read_text())
    for cell in content["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "why-same":
            cell["source"] = HOSTILE
    path.write_text(json.dumps(content))
    with desk_of(course) as url, chromium() as page:
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        page.wait_for_selector(".group")
        shown = [text for text in page.locator(".answer").all_inner_texts() if "onerror" in text]
        assert shown == [HOSTILE]
        assert page.title() == "Desk: 1.1 Why is the loss the same?"
        assert page.locator("#groups img, #groups script, #groups style").count() == 0
        assert all(re.match(r"http://127\.0\.0\.1:\d+/", one) for one in asked)


def test_the_page_on_a_phone_has_no_sideways_scroll(course):
    with desk_of(course) as url, chromium() as page:
        page.set_viewport_size({"width": 390, "height": 800})
        page.goto(url)
        page.wait_for_selector(".group")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_command_prints_an_address_that_lets_in(course):
    command = [sys.executable, "-u", "-c", "from helpers.grading.cli import main; main()", "desk", NAME, "--no-open"]
    with subprocess.Popen(command, cwd=course.root, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = next(line.strip() for line in process.stdout if line.startswith("http://127.0.0.1:"))
            with chromium() as page:
                page.goto(url)
                page.wait_for_selector(".group")
                assert "token" not in page.url
        finally:
            process.terminate()
