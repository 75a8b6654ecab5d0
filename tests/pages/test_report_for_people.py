"""Reports as people use them: whom to write to, what is graded so far, on a phone; and the order of likely copies."""

from __future__ import annotations

import contextlib
import re

import pytest
import small_class
from browsing import chromium, missing
from small_class import NAME

from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.pages.addresses import addresses
from helpers.grading.pages.feedback import feedback
from helpers.grading.pages.report import report, term
from helpers.grading.pages.similarity import Pair, ranked

pytestmark = pytest.mark.walls


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Course:
    course = small_class.graded_class(tmp_path_factory.mktemp("people") / "course")
    with contextlib.closing(books.ClassGradebook(course, NAME)) as book:
        book.update_or_create_student("gus.absent", email="gus@example.edu")
        book.update_or_create_student("flo.late", email="flo@example.edu")
    return course


def test_whom_to_write_to(graded):
    page = report(graded, NAME).page.read_text()
    assert 'href="mailto:?bcc=gus@example.edu&amp;subject=A%20small%20problem%20set"' in page
    assert 'href="mailto:?bcc=flo@example.edu&amp;' in page
    assert "No address in the gradebook: eve.broken." in page
    assert "<script" not in page


def test_addresses():
    found = addresses(["a", "b@c", "d"], {"a": "a@b", "d": ""}, "Set & 1")
    assert (found.text, found.without) == ("a@b, b@c", ["d"])
    assert found.link == "mailto:?bcc=a@b,b@c&subject=Set%20%26%201"
    many = addresses([f"student{i}@a-long-domain.example.edu" for i in range(200)], {})
    assert many.link == ""
    assert many.text.count("@") == 200


def test_the_mean_is_shown_with_what_waits_and_without(graded):
    page = report(graded, NAME).page.read_text()
    with_zeros, = re.findall(r"<strong>([\d.]+) of 9</strong> mean, what waits as 0", page)
    so_far, = re.findall(r"<strong>(\d+)%</strong> mean of what is graded", page)
    assert float(so_far) / 100 > float(with_zeros) / 9
    assert re.search(r"\d+% of what is graded; \d+ wait", term(graded).page.read_text())


def test_a_feedback_page_offers_another_look_where_the_course_has_an_address(graded):
    feedback(graded, NAME, workers=1)
    page = graded.root / "feedback" / "ben.summed" / NAME / f"{NAME}.html"
    assert "mailto:" not in page.read_text()
    with open(graded.root / "nbgrader_config.py", "a") as config:
        config.write('\nc.CourseKit.address = "course@example.edu"\n')
    feedback(Course(graded.root), NAME, workers=1)
    links = re.findall(r'href="(mailto:[^"]*)"', page.read_text())
    assert len(links) == 2  # the written answer waits: there is nothing to look at again
    assert all("ben.summed" in link and "course@example.edu" in link for link in links)


WHOLE = """() => { const broken = [];
  for (const place of document.querySelectorAll('td, th')) {
    const walk = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) for (const word of walk.currentNode.data.matchAll(/[A-Za-z]{4,}/g)) {
      if (walk.currentNode.parentElement.closest('.copy, math')) continue;
      const range = document.createRange();
      range.setStart(walk.currentNode, word.index); range.setEnd(walk.currentNode, word.index + word[0].length);
      const tops = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      if (tops.size > 1) broken.push(word[0]);
    } }
  return broken; }"""


@pytest.mark.browser
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_words_stay_whole_on_a_phone(graded):
    pages = [report(graded, NAME).page, term(graded).page]
    with chromium() as page:
        page.set_viewport_size({"width": 390, "height": 800})
        for path in pages:
            page.goto(path.as_uri())
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            assert page.evaluate(WHOLE) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_long_passage_in_common_comes_before_a_short_one():
    short, long = Pair("a", "b", 1.0, 110), Pair("c", "d", 0.85, 2_000)
    assert ranked([short, long]) == [long, short]
