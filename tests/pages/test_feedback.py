"""Feedback pages through `feedback()`, the command line and nbgrader's own command: what a student reads."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from browsing import chromium, missing
from bs4 import BeautifulSoup
from nbgrader.converters import GenerateFeedback
from small_class import NAME, REASON, SECRET, cells_of, graded_class

from helpers.checking.verdict import Row, Verdict, as_html
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.pages.exporter import HERE
from helpers.grading.pages.feedback import feedback

pytestmark = pytest.mark.walls


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("feedback") / "course"
    feedback(graded_class(folder), NAME, workers=1)
    return folder


@pytest.fixture
def course(built, tmp_path) -> Course:
    """A fresh copy, for tests that change something."""
    shutil.copytree(built, tmp_path / "course")
    return Course(tmp_path / "course")


def text_of(folder: Path, student: str) -> str:
    return (folder / "feedback" / student / NAME / f"{NAME}.html").read_text(encoding="utf-8")


def soup_of(folder: Path, student: str) -> BeautifulSoup:
    return BeautifulSoup(text_of(folder, student), "html.parser")


def rewrite(course: Course, student: str, change) -> None:
    """Change a graded notebook in place."""
    path = course.folder("autograded", student, NAME) / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change({cell["metadata"].get("nbgrader", {}).get("grade_id"): cell for cell in notebook["cells"]})
    path.chmod(0o644)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def test_marks_by_question_stand_at_the_top(built):
    rows = [[cell.get_text(" ", strip=True) for cell in row.find_all("td")]
            for row in soup_of(built, "ben.summed").select("table.marks tbody tr")]
    assert [row[0] for row in rows] == ["1.1 The mean of the squares", "1.2 Twice", "1.3 Why?"]
    assert [row[1] for row in rows] == ["0 of 2", "3 of 3", "– of 4"]
    assert "not yet right" in rows[0][2]
    assert REASON in rows[0][2]
    assert "waits for a person" in rows[2][2]
    total = soup_of(built, "ben.summed").select_one(".total").get_text(" ", strip=True)
    assert "3 of 5 points graded so far, 4 wait for a person" in total


def test_what_nobody_has_written_is_grey_and_not_called_wrong(course):
    def unwritten(cells):
        for row in cells["mean-square-check"]["outputs"][0]["metadata"]["verdict"]["rows"]:
            row.update(kind="not-written", where="not written yet", why="")

    rewrite(course, "ben.summed", unwritten)
    feedback(course, NAME, workers=1)
    soup = soup_of(course.root, "ben.summed")
    result = soup.select("table.marks tbody tr")[0].find_all("td")[2]
    assert result.get_text(" ", strip=True) == "○ not written yet"
    assert result.select_one("span.wrong") is None
    assert "is-unwritten" in soup.find(id="mean-square-check")["class"]
    assert "1 to look at" in soup.select_one("#look").get_text(" ", strip=True)


def test_an_untouched_written_answer_is_grey(built):
    result = soup_of(built, "eve.broken").select("table.marks tbody tr")[2].find_all("td")[2]
    assert result.get_text(" ", strip=True) == "○ not written yet"
    assert result.select_one("span.wrong") is None


def test_nbgraders_own_comment_on_an_empty_answer_is_no_comment(course):
    with contextlib.closing(books.ClassGradebook(course, NAME)) as book:
        book.find_comment("why", NAME, NAME, "eve.broken").auto_comment = "No response."
        book.db.commit()
    feedback(course, NAME, workers=1, force=True)
    page = soup_of(course.root, "eve.broken").get_text(" ", strip=True)
    assert "No response." not in page
    assert "with a comment" not in page


def test_what_to_look_at_stands_at_the_top_with_links(built):
    look = soup_of(built, "ben.summed").select_one("#look")
    assert "1 to look at" in look.get_text(" ", strip=True)
    assert [link.get_text(strip=True) for link in look.select("a")] == ["1.1 The mean of the squares"]
    assert "`" not in soup_of(built, "ben.summed").select_one("table.marks").get_text()
    assert soup_of(built, "ada.right").select_one("#look") is None


def folded(soup: BeautifulSoup) -> list[str]:
    return [fold.summary.get_text(" ", strip=True) for fold in soup.select("details.fold")]


def test_what_is_right_is_folded_and_what_is_not_stands_open(built):
    soup = soup_of(built, "ben.summed")
    assert not any("1.1 The mean of the squares" in said for said in folded(soup))
    assert "✓ 1.2 Twice 3 of 3 points" in folded(soup)
    assert soup.find(id="mean-square-check").find_parent("details") is None
    assert soup.find(id="twice-check").find_parent("details", class_="fold") is not None
    assert soup.select_one("details.fold[open]") is None
    everything = soup_of(built, "ada.right").select(".cell")
    assert all(cell.find_parent("details", class_="fold") for cell in everything)


def test_a_failure_of_a_students_own_cell_stands_open(built):
    error = soup_of(built, "dee.hostile").select_one("pre.output_error")
    assert error.find_parent("details", class_="fold") is None


def test_the_next_step_stands_at_the_end_in_the_courses_words(course):
    said = soup_of(course.root, "ben.summed").select_one("#next").get_text(" ", strip=True)
    assert said.startswith("What to do next 1 to look at : 1.1 The mean of the squares")
    assert "until it is green" in said
    assert "Nothing is left to mend" in soup_of(course.root, "ada.right").select_one("#next").get_text()
    with open(course.root / "nbgrader_config.py", "a") as config:
        config.write(f'\nc.CourseKit.next_step = {{"{NAME}": "Hand it in **until Friday**.", "": "Elsewhere."}}\n')
    feedback(Course(course.root), NAME, workers=1)
    said = soup_of(course.root, "ben.summed").select_one("#next").get_text(" ", strip=True)
    assert "Hand it in until Friday ." in said
    assert "Elsewhere" not in said


def test_people_read_titles_and_no_names_of_cells_or_backticks(built):
    for student in ("ada.right", "ben.summed", "dee.hostile"):
        soup = soup_of(built, student)
        for part in soup.select("pre, .comment, .text"):  # what students and authors wrote
            part.clear()
        text = soup.find("body").get_text(" ", strip=True)
        assert "`" not in text
        assert not re.search(r"\b(mean-square|mean-square-check|twice-check)\b", text), text


def test_every_link_leads_somewhere_on_the_page(built):
    for student in ("ada.right", "ben.summed", "dee.hostile", "eve.broken"):
        soup = soup_of(built, student)
        ids = [tag["id"] for tag in soup.select("[id]")]
        assert len(ids) == len(set(ids))
        assert {a["href"][1:] for a in soup.select('a[href^="#"]')} <= set(ids)


def test_a_wrong_check_says_why_and_links_to_the_section_that_teaches_it(built):
    soup = soup_of(built, "ben.summed")
    check = soup.find(id="mean-square-check")
    assert REASON in check.get_text(" ", strip=True)
    taught = check.find("a", string="1.1 The mean of the squares")
    assert "The loss is" in soup.find(id=taught["href"][1:]).get_text()
    assert not soup.find(id="twice-check").find("a", string="1.2 Twice")  # it is right: nothing to read again


def test_hidden_tests_do_not_appear(built):
    for student in ("ada.right", "ben.summed"):
        page = text_of(built, student)
        assert SECRET not in page
        assert "HIDDEN TESTS" not in page
        assert "Hidden tests stand here" in page
        assert "The model answer" not in page


def stock_outcome(source: str, name: str, says: str):
    """A check as stock nbgrader leaves it: hidden lines in the cell, and a traceback that quotes them."""
    def change(cells):
        cells["twice-check"]["source"] = source
        cells["twice-check"]["outputs"] = [{
            "output_type": "error", "ename": name, "evalue": says,
            "traceback": ["Traceback", *source.split("\n"), f"{name}: {says}"]}]
    return change


HIDDEN = ('assert twice(1) == 2, "twice(1) is 2"\n### BEGIN HIDDEN TESTS\n'
          'np.testing.assert_allclose(twice(9), 31.337)\n'
          'assert twice(3) == 6, "negative numbers count too"\n### END HIDDEN TESTS')


def test_a_failed_hidden_test_is_told_without_its_code_or_values(course):
    says = "\nNot equal to tolerance rtol=1e-07\n ACTUAL: array(18.)\n DESIRED: array(31.337)"
    rewrite(course, "ben.summed", stock_outcome(HIDDEN, "AssertionError", says))
    feedback(course, NAME, workers=1)
    assert "31.337" not in text_of(course.root, "ben.summed")
    assert "assert_allclose" not in text_of(course.root, "ben.summed")
    said = soup_of(course.root, "ben.summed").find(id="twice-check").get_text(" ", strip=True)
    assert "failed here with AssertionError" in said


def test_an_authors_own_message_is_told(course):
    rewrite(course, "ben.summed", stock_outcome(HIDDEN, "AssertionError", "negative numbers count too"))
    feedback(course, NAME, workers=1)
    said = soup_of(course.root, "ben.summed").find(id="twice-check").get_text(" ", strip=True)
    assert "AssertionError : negative numbers count too" in said


def test_other_delimiters_of_hidden_tests_are_obeyed(course):
    with open(course.root / "nbgrader_config.py", "a") as config:
        config.write('\nc.ClearHiddenTests.begin_test_delimeter = "SECRET FROM"\n'
                     'c.ClearHiddenTests.end_test_delimeter = "SECRET TO"\n')

    def change(cells):
        cells["twice-check"]["source"] = "twice(1)\n# SECRET FROM\ntwice(31.337)\n# SECRET TO"
    rewrite(course, "ada.right", change)
    feedback(Course(course.root), NAME, workers=1)
    assert "31.337" not in text_of(course.root, "ada.right")


def test_the_page_loads_and_runs_nothing(built):
    for student in ("ada.right", "dee.hostile"):
        page = text_of(built, student)
        soup = BeautifulSoup(page, "html.parser")
        assert not soup.find_all(["script", "link", "iframe", "object", "embed"])
        assert all(tag["src"].startswith("data:") for tag in soup.select("[src]"))
        assert "default-src 'none'" in soup.select_one('meta[http-equiv="Content-Security-Policy"]')["content"]
        assert not re.search(r"url\(|@import", page)


def test_what_a_student_wrote_cannot_act_on_the_page(built):
    soup = soup_of(built, "dee.hostile")
    for code in soup.select("pre.input"):
        code.clear()  # there it is text
    assert "steal()" not in str(soup)
    assert "body{display:none}" not in str(soup)
    assert soup.select_one(".text b").get_text() == "that"
    assert soup.find("footer").parent.name == "body"  # no open or extra end tags moved it
    assert len(soup.find_all("style")) == 1
    assert "FORGED" not in str(soup)


def test_pictures_elsewhere_are_not_fetched(course):
    def change(cells):
        cells["why"]["source"] = ("![a plot](https://example.org/x.png) <img src='https://example.org/y.png'>"
                                  " ![it](attachment:gone.png) [go](javascript:steal())")
    rewrite(course, "ada.right", change)
    feedback(course, NAME, workers=1)
    answer = soup_of(course.root, "ada.right").find(id="why")
    assert not [image for image in answer.find_all("img") if image.get("src")]
    assert not answer.select('a[href^="javascript"]')


def test_tracebacks_show_the_students_lines_and_none_of_the_kits(built):
    said = soup_of(built, "dee.hostile").select_one("pre.output_error").get_text()
    assert "plots.learning_curves('no numbers')" in said
    assert said.rstrip().endswith("ValueError: could not convert string to float: 'no numbers'")
    assert "plots.py" not in said
    assert "enumerate(curves" not in said


def test_figures_have_alternative_texts(built):
    said = [image["alt"] for image in soup_of(built, "dee.hostile").find_all("img")]
    assert said[:3] == [
        "Figure 1 made by the code above",
        "The loss falls: loss over epoch; training.",  # what helpers.plots says of its figure
        "My title: error over step: mine",  # what can be read off another one
    ]


def test_an_alternative_text_that_wants_to_act_stays_text(built):
    page = text_of(built, "dee.hostile")
    soup = BeautifulSoup(page, "html.parser")
    assert '"><script>alert(1)</script><img src="x" alt="' in [image["alt"] for image in soup.find_all("img")]
    assert len(soup.find_all("img")) == 4
    assert not re.search(r'<img src="data:[^"]*" alt="[^"]*[<>]', page)


def test_a_figure_of_an_answer_is_named_by_its_question(course):
    def change(cells):
        cells["twice"]["outputs"] = [{"output_type": "display_data", "data": {"image/png": "AAAA"}, "metadata": {}}]
    rewrite(course, "ada.right", change)
    feedback(course, NAME, workers=1)
    assert soup_of(course.root, "ada.right").find("img")["alt"] == "Figure 1 made by the code above, in “1.2 Twice”"


def test_formulas_are_drawn_without_a_network(built):
    soup = soup_of(built, "ada.right")
    assert len(soup.find_all("math")) == 2
    assert soup.select_one('math[display="block"] mtable')
    assert "$" not in soup.find("main").get_text()


def test_a_formula_that_nobody_can_read_is_shown_as_it_was_written(course):
    def change(cells):
        cells["why"]["source"] = r"So $\frac{1}{$ and $\nosuch{x}$."
    rewrite(course, "ada.right", change)
    assert not feedback(course, NAME, workers=1).broken
    assert r"\nosuch{x}" in soup_of(course.root, "ada.right").find(id="why").get_text()


def test_what_was_put_right_and_what_is_broken_is_said(built):
    notes = soup_of(built, "dee.hostile").select_one("header .note").get_text(" ", strip=True)
    assert "the check of 1.1 The mean of the squares had been edited" in notes
    head = soup_of(built, "eve.broken").find("header").get_text(" ", strip=True)
    assert "could not be graded as it is" in head
    assert "not a notebook" in head
    assert "Handed in 6 hours late" in soup_of(built, "flo.late").find("header").get_text(" ", strip=True)


def test_manual_marks_and_comments_appear_and_only_that_page_is_written_again(course):
    before = (course.root / "feedback" / "ada.right" / NAME / f"{NAME}.html").stat().st_mtime_ns
    with contextlib.closing(books.ClassGradebook(course, NAME)) as book:
        grade = book.find_grade("why", NAME, NAME, "ben.summed")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        changed = book.find_grade("mean-square-check", NAME, NAME, "ben.summed")
        changed.manual_score = 1.0
        book.find_comment("why", NAME, NAME, "ben.summed").manual_comment = "Say *why*. <script>x</script>"
        book.db.commit()
    done = feedback(course, NAME, workers=1)
    assert done.written == ["ben.summed"]
    assert len(done.already) == 5
    assert (course.root / "feedback" / "ada.right" / NAME / f"{NAME}.html").stat().st_mtime_ns == before
    soup = soup_of(course.root, "ben.summed")
    assert "6.5 of 9 points" in soup.select_one(".total").get_text(" ", strip=True)
    assert "2.5 of 4" in soup.select_one("table.marks").get_text(" ", strip=True)
    assert soup.select_one(".comment em").get_text() == "why"
    assert not soup.find("script")
    assert "A person has decided" in soup.find(id="mean-square-check").get_text(" ", strip=True)


def test_nbgraders_own_command_writes_the_same_pages(course):
    before = soup_of(course.root, "ben.summed").find("body")
    config = course.config.copy()
    config.GenerateFeedback.exporter_class = "helpers.grading.pages.exporter.FeedbackExporter"
    config.GenerateFeedback.preprocessors = ["helpers.grading.pages.exporter.MarksAndComments"]
    config.CourseDirectory.root = str(course.root)
    directory = course.directory
    directory.assignment_id, directory.student_id = NAME, "ben.summed"
    GenerateFeedback(coursedir=directory, config=config, force=True).start()
    assert soup_of(course.root, "ben.summed").find("body") == before


def test_what_release_feedback_reads_lies_beside_the_page(built):
    assert (built / "feedback" / "ada.right" / NAME / "timestamp.txt").is_file()


def test_one_unreadable_notebook_leaves_the_others_their_pages(course):
    path = course.folder("autograded", "ada.right", NAME) / f"{NAME}.ipynb"
    path.chmod(0o644)
    path.write_text('{"cells": 7}')
    done = feedback(course, NAME, workers=1, force=True)
    assert list(done.broken) == ["ada.right"]
    assert len(done.written) == 5


def test_stopped_with_ctrl_c_it_goes_on_where_it_was(course):
    def stop(done, of, student):
        if done == 1:
            os.kill(os.getpid(), signal.SIGINT)

    first = feedback(course, NAME, workers=1, force=True, progress=stop)
    assert first.interrupted
    assert first.left > 0
    for path in (course.root / "feedback").glob("*/*/*.html"):
        if path.parent.parent.name not in first.written:
            path.unlink()
    second = feedback(course, NAME, workers=1)
    assert len(first.written) + len(second.written) == 6
    assert sorted(second.already) == sorted(first.written)


def test_nothing_graded_is_said_in_a_line(course):
    shutil.rmtree(course.root / "autograded")
    with pytest.raises(CourseError, match="run `coursekit autograde small_set` first"):
        feedback(course, NAME)


def test_depth_verdict_tells_no_reason_at_the_top(course):
    with open(course.root / "nbgrader_config.py", "a") as config:
        config.write('\nc.CourseKit.depth = {"self_check": "verdict", "feedback": "verdict"}\n')
    feedback(Course(course.root), NAME, workers=1)
    assert REASON not in soup_of(course.root, "ben.summed").select_one("table.marks").get_text()


# Contrast, by https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio

def channels(colour: str) -> list[float]:
    return [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]


def luminance(rgb: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: list[float], other: list[float]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def schemes() -> list[dict[str, str]]:
    css = (HERE / "look.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", css, re.S)
    return [scheme for block in blocks if (scheme := dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block)))]


@pytest.mark.parametrize("scheme", schemes(), ids=["light", "dark", "print"])
def test_text_has_enough_contrast(scheme):
    scheme = {**schemes()[0], **scheme}
    texts = ("text", "soft", "link", "right", "part", "wrong", "keyword", "string", "number", "comment", "name")
    for back in ("back", "panel", "note"):
        for text in texts:
            assert contrast(channels(scheme[text]), channels(scheme[back])) >= 4.5, (text, back)


@pytest.mark.parametrize(("text", "back"), [("#212121", "#ffffff"), ("#e0e0e0", "#111111")], ids=["light", "dark"])
def test_the_signs_of_a_verdict_can_be_seen_in_jupyterlab(text, back):
    rows = [Row("a", 1.0, 1.0), Row("b", 1.0, 0.5), Row("c", 1.0, 0.0)]
    mixed = re.findall(r"color:var\(--verdict-\w+,color-mix\(in srgb,(#[0-9a-f]{6}) (\d+)%",
                       as_html(Verdict("f", rows)))
    assert len(mixed) >= 3
    for base, share in mixed:
        part = int(share) / 100
        colour = [part * b + (1 - part) * t for b, t in zip(channels(base), channels(text))]
        assert contrast(colour, channels(back)) >= 4.5, base


@pytest.mark.browser
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_long_names_of_rows_stay_on_a_phone():
    verdict = Verdict("f", [Row("zeros where zeros should be, and as many as before whatever comes in", 1.0, 1.0)])
    css = "".join((HERE / name).read_text(encoding="utf-8") for name in ("look.css", "feedback/page.css"))
    with chromium() as page:
        page.set_viewport_size({"width": 390, "height": 800})
        page.set_content(f'<meta name="viewport" content="width=device-width"><style>{css}</style>'
                         f'<div class="check">{as_html(verdict)}</div>')
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_graded_notebook_keeps_its_hidden_tests(built):
    """The page leaves them out; the notebook that a regrade starts from does not."""
    assert any(SECRET in "".join(cell["source"]) for cell in cells_of(Course(built), "ada.right"))
