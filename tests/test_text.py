"""Names, titles and messages that students chose, on their way to a terminal, a table and a page."""

from __future__ import annotations

import csv
import io
import re
import shutil
import unicodedata

import pytest
from conftest import coursekit
from hypothesis import given, settings
from hypothesis import strategies as st
from small_class import NAME, empty_course

from helpers.grading.pages.report import write_table
from helpers.grading.text import calm, for_page, for_table, for_terminal

FORMULA = "=+-@"
INVISIBLE = " \t\r\n\v\f\x00\x1b\xa0\xad\u00b4\u200b\u200e\u2028\u202e\u2060\ufeff'\"`\u201c\u2019"
SIGNS = FORMULA + "\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u207a\u207b\u207c\u208a\u208b\u208c"
TEXTS = st.text(st.one_of(st.sampled_from(INVISIBLE + SIGNS + ";,|x1()\u0301\ud800"), st.characters()), max_size=40)
ALL = settings(max_examples=300, deadline=None, print_blob=True)


def formulas(text: str) -> list[str]:
    """Cells of a text that would be formulas: as a whole, and where a spreadsheet splits it between quotes."""
    cells = re.split(r"[;\t\r\n|]", text)
    return [cell for cell in cells if unicodedata.normalize("NFKC", cell.lstrip(
        " \xa0\ufeff\u200b\u2060\xad\"")).lstrip(" \"")[:1] in tuple(FORMULA)]


@pytest.mark.parametrize("text", [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "x;=1+1", " =1+1", "a\n=1", "a\r\n +1", "＝1+1", "﹢1",
    "＠x", "\ufeff=1", "\u200b=1", "\"=1+1\"", "x;\"=1", "; ;=1", "x\t@y", "x|=1", "\xa0=1", "a;\u2060-1",
    "=HYPERLINK(\"//e\")", "x\u2028=1", "\x00=1", "\x1b=1", "'=1;=2"])
def test_no_cell_begins_a_formula(text, tmp_path):
    made = for_table(text)
    assert formulas(made) == []
    write_table(tmp_path / "t.csv", [["head"], [text, "y"]])
    raw = (tmp_path / "t.csv").read_text(encoding="utf-8-sig")
    for delimiter in ",;\t":  # as programs in several languages split it
        for row in list(csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter))[1:]:
            assert [cell for cell in row if formulas(cell)] == []


@settings(ALL)
@given(TEXTS)
def test_no_text_becomes_a_formula(text):
    made = for_table(text)
    assert formulas(made) == []
    assert not set("\x1b\x07\u202a\u202e\u2066\u2069") & set(made)
    made.encode("utf-8")


@pytest.mark.parametrize("value", [
    1, -1.5, None, "", "plain", "a - b = c", "1.1 The mean: x = 2; y is 3", "Zoë", "x, 1"])
def test_other_values_stay_as_they_are(value):
    assert for_table(value) == value


@settings(ALL)
@given(TEXTS)
def test_a_terminal_is_told_nothing_but_text(text):
    made = for_terminal(text)
    kinds = {unicodedata.category(char) for char in made if char not in "\u200c\u200d"}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    made.encode("utf-8")
    assert for_terminal(made) == made


@settings(ALL)
@given(TEXTS)
def test_a_page_shows_the_text(text):
    made = for_page(text)
    assert not set(made) & set("<>\"'")
    kinds = {unicodedata.category(char) for char in calm(text) if char not in "\n\t\u200c\u200d"}
    assert not kinds & {"Cc", "Cf", "Cs"}
    made.encode("utf-8")


def test_accents_do_not_tower_over_other_lines():
    assert for_page("e" + "\u0301" * 500) == "e" + "\u0301" * 4 == for_terminal("e" + "\u0301" * 500)


@pytest.mark.slow
def test_a_name_of_a_folder_does_nothing_to_the_terminal(tmp_path):
    course = empty_course(tmp_path / "course")
    name = "eve\x1b]0;owned\x07\x1b[2J[bold]:smile:\u202eabc"
    notebook = course.folder("release", ".", NAME) / f"{NAME}.ipynb"
    target = course.folder("autograded", name, NAME)
    target.mkdir(parents=True)
    shutil.copyfile(notebook, target / f"{NAME}.ipynb")
    said = coursekit("feedback", "small", folder=course.root)
    assert said.returncode == 1
    assert "[bold]:smile:" in said.stdout + said.stderr
    assert not set("\x1b\x07\u202e") & set(said.stdout + said.stderr)
    assert r"\x1b]0;owned" in said.stdout + said.stderr
