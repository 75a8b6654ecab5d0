"""Ten thousand characters, and a million, that take others' regular expressions the square or the cube of it: every
page is written all the same, soon, and says what it did not draw."""

from __future__ import annotations

import time

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from small_class import NAME, RIGHT, answered, empty_course, hand_in
from traitlets.config import Config

from helpers.grading import configure
from helpers.grading.course.folder import Course
from helpers.grading.notebooks.outline import headings
from helpers.grading.pages import exporter, rendering
from helpers.grading.pages.clock import CLOCK, PAGE_SECONDS, PIECE_SECONDS
from helpers.grading.pages.hiding import Hiding
from helpers.grading.pages.similarity import similarity

pytestmark = pytest.mark.slow

BOUND = 10  # seconds of processor time where a limit is 1.5: what is not bounded takes minutes
KINDS = {
    "blanks": " ", "a heading of blanks": "# a" + " " * 9_990 + "x", "tabs": "\t", "blank lines": "\n ",
    "line ends": "  \n",
    "backticks": "`", "uneven backticks": "`a``", "brackets": "[", "pictures": "![", "links": "[a](",
    "links and blanks": "[a](b ",
    "definitions": "[a]: b\n", "lists of definitions": "a\n: b\n", "quotes": "> ", "lists": "- ", "numbers": "1. ",
    "tasks": "- [ ] a\n",
    "nested lists": "".join(" " * i + "- a\n" for i in range(140)), "dollars": "$", "double dollars": "$$ ",
    "parentheses": "\\\\(",
    "begin": "\\begin{a}", "aligned": "$$\\begin{aligned}a\\\\", "left": "$\\left(", "fractions": "$\\frac{",
    "indices": "$a_a_",
    "less than": "<", "tags": "<a ", "comments": "<!--", "declarations": "<!", "instructions": "<?",
    "cdata": "<![CDATA[",
    "elements": "<div>", "bold": "<b x=1>", "attributes": "<a b=\"c\" ", "open attributes": "<a title='",
    "blocks": "<p>\n\n",
    "stars": "*", "emphasis": "*a _b ", "strong": "**a", "underlines": "_a", "strikes": "~~a", "tables": "a|b\n-|-\n",
    "rows": "|-\n",
    "addresses": "http://a", "in angles": "<http://", "ampersands": "&", "references": "&#x", "backslashes": "\\",
    "rules": "a\n=\n",
    "fences": "```\n", "python": "```python\n", "escapes": "\x1b[1m", "strings": "f'{", "continued": "\\\n",
    "accents": "\u0301",
    "letters": "a", "digits": "1_", "open": "([{"}


def hostile(kind: str, length: int) -> str:
    return (KINDS[kind] * (length // len(KINDS[kind]) + 1))[:length]


def seconds(work, *arguments) -> float:
    CLOCK.begin(PAGE_SECONDS)
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


@pytest.mark.parametrize("length", [10_000, 1_000_000])
@pytest.mark.parametrize("kind", KINDS)
def test_every_piece_is_drawn_soon_or_shown_as_text(kind, length):
    text = hostile(kind, length)
    for work in (rendering.markdown, rendering.line, rendering.prose, rendering.cleaned, rendering.code,
                 rendering.terminal, lambda text: list(headings(text)), lambda text: rendering.traceback([text], "E"),
                 lambda text: rendering.markdown(f"x ${text}$ y")):
        assert seconds(work, text) < BOUND


def test_what_takes_too_long_is_shown_as_text():
    CLOCK.begin(PAGE_SECONDS)
    assert CLOCK.within(endless, lambda: "as text") == "as text"
    assert CLOCK.late == 1
    assert CLOCK.left <= PAGE_SECONDS - PIECE_SECONDS * 0.6  # on a loaded machine the timer's ticks are coarse
    CLOCK.begin(0)
    assert "<pre>a *b*</pre>" in rendering.markdown("a *b*")
    CLOCK.begin(PAGE_SECONDS)
    assert "<em>b</em>" in rendering.markdown("a *b*")


def endless() -> str:
    """As a regular expression that goes on for hours, and swallows what comes."""
    while True:
        try:
            sum(range(1000))
        except Exception:
            continue


def cells(length: int) -> list:
    made = []
    for kind in KINDS:
        text = hostile(kind, length)
        outputs = [nbformat.v4.new_output("stream", text=text),
                   nbformat.v4.new_output("display_data", {"text/html": text, "text/latex": f"${text}$"})]
        made += [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_markdown_cell(f"# {text}"),
                 nbformat.v4.new_code_cell(text, outputs=outputs)]
    return made


def test_a_feedback_page_of_all_kinds_is_written():
    notebook = nbformat.v4.new_notebook(cells=[*cells(10_000), nbformat.v4.new_code_cell("the_last = 1")])
    facts = {"notebook": "n", "assignment": "n", "student": "s", "score": 0, "max_score": 1}
    exporter.warm()
    start = time.process_time()
    page = exporter.write(notebook, facts, Hiding("why", ()))
    assert time.process_time() - start < 5 * PAGE_SECONDS
    assert "the_last" in page
    assert rendering.AS_TEXT in page


def test_formgraders_page_of_all_kinds_is_written(tmp_path):
    nbformat.write(nbformat.v4.new_notebook(cells=[*cells(10_000), nbformat.v4.new_code_cell("the_last = 1")]),
                   tmp_path / "n.ipynb")
    config = Config()
    configure.install(config)
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    facts = dict.fromkeys(("submission_id", "notebook_id", "assignment_id", "student", "last_name", "first_name",
                           "notebook_path"), "n") | {"base_url": "", "index": 0, "total": 1}
    start = time.process_time()
    page = HTMLExporter(config=config).from_filename(str(tmp_path / "n.ipynb"), resources=facts)[0]
    assert time.process_time() - start < 8 * PAGE_SECONDS
    assert "the_last" in page


@pytest.mark.walls
def test_similarity_goes_on_past_what_takes_long(tmp_path):
    course: Course = empty_course(tmp_path / "course")
    lines = "".join(f"    x{i} = r[{i}] ** {i} + {i}\n" for i in range(20))
    copied = f"def mean_square(r):\n{lines}    return 1.0"
    for number, kind in enumerate(("a heading of blanks", "line ends", "strings", "begin")):
        text = hostile(kind, 200_000)
        hand_in(course, f"eve{number}", answered(course, {"mean-square": text, "twice": text, "why": text}))
    for student in ("ada", "bob"):
        hand_in(course, student, answered(course, RIGHT | {"mean-square": copied}))
    start = time.process_time()
    made = similarity(course, NAME)
    assert time.process_time() - start < 60
    page = made.page.read_text()
    assert "ada and bob" in page or "bob and ada" in page
    assert "compared whole: eve0, eve1" in page
