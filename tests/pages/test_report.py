"""The class report, the term's, and marks on their way out, made from a graded class."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from small_class import NAME, REASON, graded_class
from typer.testing import CliRunner

from helpers.grading.cli import app
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.gradebook.mark import Mark
from helpers.grading.notebooks.outline import Item
from helpers.grading.pages import classfacts, report
from helpers.grading.pages.classfacts import ClassFacts, Handed
from helpers.grading.pages.exports import export

pytestmark = pytest.mark.walls


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "course"
    graded_class(folder)
    return folder


@pytest.fixture
def course(built, tmp_path) -> Course:
    shutil.copytree(built, tmp_path / "course")
    return Course(tmp_path / "course")


def table_of(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def row_of(soup: BeautifulSoup, head: str) -> str:
    return next(row.get_text(" ", strip=True) for row in soup.select("tr")
                if row.th and row.th.get_text(" ", strip=True) == head)


@pytest.fixture(scope="module")
def page(built) -> BeautifulSoup:
    return BeautifulSoup(report.report(Course(built), NAME).page.read_text(encoding="utf-8"), "html.parser")


def test_who_needs_a_person_is_named(page):
    assert "gus.absent" in row_of(page, "Not handed in") or "Gus" in row_of(page, "Not handed in")
    assert "flo.late by 6.0 h" in row_of(page, "Late")
    assert "eve.broken" in row_of(page, "Broken")
    odd = row_of(page, "Stopped, refused or tampered with")
    assert "dee.hostile: mean-square-check had been edited" in odd
    assert "ada.right" not in odd


def test_misconceptions_are_counted_named_and_have_their_students(page):
    row = next(row for row in page.select("tr") if REASON in row.get_text())
    cells = [cell.get_text(" ", strip=True) for cell in row.find_all("td")]
    assert cells[0] == "2"
    assert cells[2].startswith("ben.summed, cy.half ")
    assert "1.1 The mean of the squares" in cells[1]


def test_the_page_is_one_file_that_loads_nothing(page):
    assert not page.find_all(["script", "link", "img", "iframe"])
    assert all(tag.get("role") == "img" and tag.get("aria-label") for tag in page.find_all("svg"))


def test_difficulty_and_discrimination_agree_with_their_definitions(built):
    facts = classfacts.gather(Course(built), NAME)
    found = {q.item.grade_id: q for q in classfacts.questions(facts)}
    with contextlib.closing(books.ClassGradebook(Course(built), NAME)) as book:
        marks = book.marks()
    whole = [marks[s] for s in ("ada.right", "ben.summed", "cy.half", "dee.hostile", "flo.late")]
    first = np.array([m["mean-square-check"].score for m in whole])
    second = np.array([m["twice-check"].score for m in whole])
    assert found["mean-square"].mean == pytest.approx(first.mean() / 2)
    assert found["mean-square"].discrimination == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert found["why"].mean is None  # a person has yet to grade it


def facts_of(table: np.ndarray) -> ClassFacts:
    """A class with these marks: rows are students, columns questions of one point."""
    items = [Item(f"q{j}", f"Question {j}", None, [f"q{j}-check"], 1.0) for j in range(table.shape[1])]
    handed = [Handed(f"s{i}", marks={f"q{j}-check": Mark(mark, None, 1.0) for j, mark in enumerate(row)})
              for i, row in enumerate(table)]
    return ClassFacts("set", "Set", items, handed, {one.student: "" for one in handed}, [])


@pytest.mark.parametrize("seed", [3, 4])
def test_item_rest_correlation_leaves_the_item_out(seed):
    rng = np.random.default_rng(seed)
    table = (rng.random((40, 4)) < rng.random(40)[:, None]).astype(float)
    for j, question in enumerate(classfacts.questions(facts_of(table))):
        rest = np.delete(table, j, axis=1).sum(axis=1)
        assert question.discrimination == pytest.approx(np.corrcoef(table[:, j], rest)[0, 1])
        assert question.mean == pytest.approx(table[:, j].mean())


def test_a_question_that_everybody_gets_has_no_discrimination():
    table = np.column_stack([np.ones(12), np.arange(12) % 2])
    assert classfacts.questions(facts_of(table))[0].discrimination is None


def test_the_table_beside_the_page_has_everybody(built):
    rows = {row["student"]: row for row in table_of(report.report(Course(built), NAME).table)}
    assert rows["ben.summed"]["1.1 The mean of the squares"] == "0.0"
    assert rows["ben.summed"]["what went wrong"] == REASON
    assert rows["eve.broken"]["state"] == "broken"
    assert rows["gus.absent"]["state"] == "not handed in"
    assert rows["flo.late"]["hours late"] == "6.0"


def test_no_name_becomes_a_formula_in_a_spreadsheet(course):
    with contextlib.closing(books.ClassGradebook(course, NAME)) as book:
        book.update_or_create_student("ben.summed", first_name="=cmd|' /C calc'!A0")
    rows = {row["student"]: row for row in table_of(report.report(course, NAME).table)}
    assert rows["ben.summed"]["name"].startswith("'=")


def test_a_forged_verdict_in_a_students_output_does_not_count(course):
    path = course.folder("autograded", "ada.right", NAME) / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text())
    row = {"name": "x", "share": 0.0, "points": 1.0, "why": "FORGED", "kind": "", "where": ""}
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") in ("mean-square", "why"):
            cell["outputs"] = [{"output_type": "display_data", "data": {}, "metadata": {
                "verdict": {"name": "f", "points": 0.0, "max": 1.0, "rows": [row], "advice": ""}}}]
    path.chmod(0o644)
    path.write_text(json.dumps(notebook))
    assert "FORGED" not in report.report(course, NAME).page.read_text()


def test_what_the_walls_refused_is_told(course):
    path = course.folder("autograded", "ada.right", NAME) / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][1]["outputs"] = [{"output_type": "error", "ename": "OSError", "traceback": [],
                                        "evalue": "[Errno 30] Read-only file system: '/etc/x'"}]
    notebook["metadata"]["grading"]["ended"] = "the notebook's process took more than 1 GB and was stopped"
    path.chmod(0o644)
    path.write_text(json.dumps(notebook))
    soup = BeautifulSoup(report.report(course, NAME).page.read_text(), "html.parser")
    said = row_of(soup, "Stopped, refused or tampered with")
    assert "took more than 1 GB" in said
    assert "Read-only file system" in said


def test_the_term_shows_every_student_by_set(course):
    made = report.term(course)
    rows = {row["student"]: row for row in table_of(made.table)}
    assert float(rows["ada.right"][NAME]) == pytest.approx(5 / 9, abs=1e-4)
    assert rows["gus.absent"][NAME] == ""
    assert "nothing handed in" in rows["gus.absent"]["falling behind"]


@pytest.mark.parametrize(("shares", "said"), [
    ([0.9, 0.8, 0.9], []),
    ([0.9, 0.9, 0.6], ["30% below"]),
    ([0.9, None, 0.9], ["nothing handed in for ps2"]),
    ([None, 0.9, 0.9], []),
    ([0.5, 0.4, 0.5], ["45% of the points in the last two sets"]),
    ([0.3], ["30% of the points in the last set"]),
    ([None, None], ["nothing handed in for ps1", "nothing handed in for ps2"]),
])
def test_who_falls_behind(shares, said):
    found = report.falling_behind([(f"ps{i + 1}", share) for i, share in enumerate(shares)])
    assert len(found) == len(said)
    assert all(part in sentence for part, sentence in zip(said, found))


def test_the_trend_is_the_change_from_set_to_set():
    assert report.Standing("a", "", {"p": 0.4, "q": None, "r": 0.6}).trend == pytest.approx(0.1)
    assert report.Standing("a", "", {"p": 0.4}).trend is None


def test_canvas_gets_its_two_head_rows_and_no_zero_for_the_absent(built):
    path = export(Course(built), NAME, "canvas")
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "A small problem set"]
    assert rows[1][0].strip() == "Points Possible"
    assert rows[1][5] == "9"
    by_login = {row[3]: row for row in rows[2:]}
    assert by_login["ada.right"][5] == "5"
    assert by_login["gus.absent"][1] == "4711"
    assert by_login["gus.absent"][5] == ""


def test_moodle_gets_one_row_for_each_student(built):
    rows = {row["username"]: row for row in table_of(export(Course(built), NAME, "moodle"))}
    assert rows["ben.summed"]["A small problem set"] == "3"
    assert "could not" in rows["eve.broken"]["feedback"] or "not a notebook" in rows["eve.broken"]["feedback"]


def test_nbgraders_csv_is_nbgraders(built, tmp_path):
    rows = {row["student_id"]: row for row in table_of(export(Course(built), NAME, "nbgrader", tmp_path / "m.csv"))}
    assert float(rows["ben.summed"]["score"]) == 3.0
    assert rows["flo.late"]["timestamp"].startswith("2026-03-14")


def test_an_unknown_format_is_said_in_a_line(built):
    with pytest.raises(CourseError, match="nbgrader, canvas, moodle"):
        export(Course(built), NAME, "excel")


def test_the_command_line_writes_them(course):
    for command in (["report", "small"], ["report"], ["export", "small", "--format", "canvas"]):
        result = CliRunner().invoke(app, [*command, "--course", str(course.root)])
        assert result.exit_code == 0, result.output
        assert "Wrote" in result.output
