"""A term goes on: dates move, people give marks, gradebooks get lost, questions are added; nothing is silent."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import TZPATH

import pytest
from conftest import coursekit
from nbgrader import api
from nbgrader import utils as nbgraders
from small_class import DUE, MASTER, NAME, RIGHT, SUMMED, answered, empty_course, hand_in
from traitlets.config import Config

from helpers.grading import configure
from helpers.grading.authoring import build as building
from helpers.grading.classes.autograde import autograde
from helpers.grading.classes.preview import preview
from helpers.grading.course.errors import CourseError
from helpers.grading.course.extensions import extend
from helpers.grading.course.folder import Course
from helpers.grading.course.moments import read_moment, read_stamp, shown
from helpers.grading.gradebook import gradebook as books
from helpers.grading.gradebook.late import set_due_date
from helpers.grading.gradebook.roster import read_roster
from helpers.grading.pages.classfacts import gather
from helpers.grading.pages.exports import export
from helpers.grading.pages.feedback import feedback
from helpers.grading.pages.report import report
from helpers.grading.pages.similarity import similarity

pytestmark = pytest.mark.slow

LATE = DUE + timedelta(hours=6)
ZERO = '\nc.LateSubmissionPlugin.penalty_method = "zero"\n'


@pytest.fixture(scope="module")
def untouched(tmp_path_factory) -> Path:
    """Three students: on time and right, on time and wrong, late and right; graded, with the policy `zero`."""
    folder = tmp_path_factory.mktemp("term") / "course"
    course = empty_course(folder)
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write(ZERO)
    course = Course(folder)
    hand_in(course, "ada", answered(course, RIGHT))
    hand_in(course, "ben", answered(course, RIGHT | {"mean-square": SUMMED, "why": "No idea."}))
    hand_in(course, "flo", answered(course, RIGHT), LATE)
    grade(course)
    return folder


@pytest.fixture
def course(untouched, tmp_path) -> Course:
    return Course(shutil.copytree(untouched, tmp_path / "course"))


def grade(course: Course, **how):
    return autograde(course, NAME, workers=1, sandbox="none", **how)


def scores(course: Course) -> dict[str, float]:
    return {one.student: one.score for one in gather(course, NAME, notebooks=False).handed}


def marks(course: Course) -> dict:
    return books.marks_of(course, NAME)[1]


def give(course: Course, student: str, cell: str, points: float, comment: str = "", extra: float = 0.0) -> None:
    """As formgrader does."""
    with contextlib.closing(api.Gradebook(course.directory.db_url)) as book:
        mark = book.find_grade(cell, NAME, NAME, student)
        mark.manual_score, mark.needs_manual_grade, mark.extra_credit = points, False, extra
        if comment:
            book.find_comment(cell, NAME, NAME, student).manual_comment = comment
        book.db.commit()


def state(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*"))
            if path.is_file() and "-journal" not in path.name}


# Lateness -----------------------------------------------------------------------------------------------------------

def test_points_given_afterwards_are_late_too(course):
    assert scores(course)["flo"] == 0
    give(course, "flo", "why", 4)
    assert scores(course)["flo"] == 0
    assert scores(course)["ada"] == 5


def test_a_due_date_that_moves_and_an_extension_count_at_once(course):
    set_due_date(course, NAME, LATE)
    assert scores(course)["flo"] == 5
    set_due_date(course, NAME, DUE - timedelta(days=1))
    assert scores(course) == {"ada": 0, "ben": 0, "flo": 0}
    extend(course.root, NAME, "ada", DUE)
    assert scores(course) == {"ada": 5, "ben": 0, "flo": 0}
    assert "0 of" not in report(course, NAME).page.read_text().split("mean")[0]


def test_an_extension_given_before_handing_in_counts(course):
    extend(course.root, NAME, "gus", LATE)
    hand_in(course, "gus", answered(course, RIGHT), LATE)
    grade(course)
    assert scores(course)["gus"] == 5
    extend(course.root, NAME, "gus", None)


def test_a_due_date_taken_back_takes_extensions_along_until_there_is_one_again(course):
    extend(course.root, NAME, "flo", LATE)
    assert scores(course)["flo"] == 5
    set_due_date(course, NAME, None)
    assert scores(course)["flo"] == 5
    set_due_date(course, NAME, DUE)
    assert scores(course)["flo"] == 5
    extend(course.root, NAME, "flo", None)


def test_a_corrected_timestamp_counts_without_grading_again(course):
    hand_in(course, "flo", answered(course, RIGHT), DUE)
    assert grade(course).graded == []
    assert scores(course)["flo"] == 5


def test_of_an_on_time_and_a_late_submission_the_better_counts(course):
    hand_in(course, "ada", answered(course, RIGHT | {"twice": "def twice(x):\n    return x"}), LATE)
    summary = grade(course)
    assert "counts with 5" in summary.earlier["ada"]
    assert scores(course)["ada"] == 5
    feedback(course, NAME, workers=1)
    page = (course.folder("feedback", "ada", NAME) / f"{NAME}.html").read_text()
    assert "this earlier one, on time, counts" in page
    extend(course.root, NAME, "ada", LATE)  # now the second one is on time, and nbgrader's rule holds: the last counts
    assert grade(course).earlier == {}
    assert scores(course)["ada"] == 2


def test_a_late_submission_that_is_worth_more_counts_and_it_is_said(course):
    (course.root / "nbgrader_config.py").write_text((course.root / "nbgrader_config.py").read_text().replace(ZERO, ""))
    course = Course(course.root)
    hand_in(course, "ben", answered(course, RIGHT), LATE)
    grade(course)
    assert scores(course)["ben"] == 5
    assert "this late one counts with 5" in gather(course, NAME).handed[1].earlier


@pytest.mark.parametrize(("said", "zone", "utc"), [
    ("2026-03-13 23:00", "Europe/Vienna", "2026-03-13 22:00"),
    ("2026-07-01 12:30", "Europe/Vienna", "2026-07-01 10:30"),
    ("2026-03-13 23:00 UTC", "Europe/Vienna", "2026-03-13 23:00"), ("2026-03-13T23:00+05:30", "", "2026-03-13 17:30"),
    ("2026-10-25 02:30", "Europe/Vienna", "2026-10-25 01:30"),
    ("2026-03-13 23:00 America/New_York", "", "2026-03-14 03:00"),
])
def test_a_date_is_read_in_its_zone(said, zone, utc):
    assert read_moment(said, zone) == datetime.fromisoformat(utc)


@pytest.mark.parametrize("said", ["tomorrow", "2026-02-30 10:00", "2026-03-29 02:30", "2026-03-13 23:00 Mars/Base"])
def test_what_is_no_time_is_refused(said):
    with pytest.raises(CourseError):
        read_moment(said, "Europe/Vienna")


@pytest.mark.parametrize(("said", "utc"), [
    ("2026-03-13 23:00:00.123456 UTC", "2026-03-13 23:00:00.123456"), ("2026-03-13 23:00:00 CET", "2026-03-13 22:00"),
    ("2026-03-13 23:00:00 Europe/Vienna", "2026-03-13 22:00"), ("2026-03-13 23:00", "2026-03-13 23:00"),
    ("2026-03-13T23:00:00+05:30", "2026-03-13 17:30")])
def test_a_timestamp_is_read_as_nbgrader_reads_it(said, utc):
    assert read_stamp(said) == datetime.fromisoformat(utc)


@pytest.mark.parametrize("read", [read_stamp, lambda said: nbgraders.parse_utc(said)], ids=["ours", "nbgrader's"])
@pytest.mark.parametrize("beginning", ["", ":", "../../.."])
def test_a_timestamp_opens_no_file(tmp_path, read, beginning):
    """What stands where a zone's name should, and leads to a file, is a file that a student has made."""
    zone = tmp_path / "zone"
    shutil.copyfile(next(Path(place, "UTC") for place in TZPATH if Path(place, "UTC").is_file()), zone)
    configure.install(Config())
    with pytest.raises(ValueError, match="zone"):
        read(f"2026-03-13 23:00:00 {beginning}{zone}")


def test_a_timestamp_that_is_none_ends_no_list(course):
    """formgrader's list of submissions is nbgrader's own."""
    from nbgrader.apps.api import NbGraderAPI

    configure.install(Config())
    place = course.folder("submitted", "eve", NAME)
    place.mkdir(parents=True)
    (place / "timestamp.txt").write_text("never")
    found = NbGraderAPI(course.directory, config=course.config).get_submissions(NAME)
    assert [one["timestamp"] for one in found if one["student"] == "eve"] == [None]


def test_dates_are_shown_with_their_zone(course):
    assert shown(datetime(2026, 3, 13, 22), "Europe/Vienna") == "2026-03-13 23:00 CET"
    with open(course.root / "nbgrader_config.py", "a") as config:
        config.write('\nc.CourseKit.timezone = "Europe/Vienna"\n')
    made = report(Course(course.root), NAME)
    assert "due 2026-03-14 00:00 CET" in made.page.read_text()
    rows = list(csv.DictReader(made.table.open(encoding="utf-8-sig")))
    assert rows[0]["handed in"] == "2026-03-14 00:00 CET"


def test_the_commands_set_and_tell(course):
    (course.root / "nbgrader_config.py").write_text((course.root / "nbgrader_config.py").read_text()
                                                    + 'c.CourseKit.timezone = "Europe/Vienna"\n')
    said = coursekit("due", NAME, "2026-03-20 23:00", folder=course.root)
    assert "due 2026-03-20 23:00 CET (2026-03-20 22:00 UTC)" in " ".join(said.stdout.split()), said.stderr
    assert "flo: 5 → 0 points off" in said.stdout
    said = coursekit("extend", "flo", NAME, "--until", "2026-03-22 23:00", folder=course.root)
    assert "2 days more than the others" in " ".join(said.stdout.split()), said.stderr
    wrong = coursekit("extend", "flp", NAME, "--until", "2026-03-22 23:00", folder=course.root)
    assert wrong.returncode == 1
    assert "did you mean flo" in " ".join(wrong.stderr.split())
    assert "0 of 3 submissions late" in coursekit("late", NAME, folder=course.root).stdout


# What people gave ---------------------------------------------------------------------------------------------------

def test_a_lost_gradebook_has_again_what_people_gave(course):
    give(course, "ada", "why", 3, "Well said.", extra=0.5)
    give(course, "ben", "mean-square-check", 1)
    grade(course)  # sees what was given
    (course.root / "gradebook.db").unlink()
    grade(course, force=True)
    found = marks(course)
    assert (found["ada"]["why"].manual, found["ada"]["why"].extra) == (3, 0.5)
    assert not found["ada"]["why"].needs_person
    assert found["ben"]["mean-square-check"].score == 1
    assert found["flo"]["why"].needs_person
    with contextlib.closing(api.Gradebook(course.directory.db_url)) as book:
        assert book.find_comment("why", NAME, NAME, "ada").comment == "Well said."


def test_a_mark_that_was_taken_back_does_not_come_again(course):
    give(course, "ada", "why", 3)
    grade(course)
    give(course, "ada", "why", None)
    grade(course, force=True)
    assert marks(course)["ada"]["why"].manual is None


def test_an_unchanged_answer_is_not_held_out_again_and_a_changed_one_is(course):
    for student in ("ada", "ben"):
        give(course, student, "why", 2)
    give(course, "ben", "mean-square-check", 1)
    hand_in(course, "ada", answered(course, RIGHT | {"why": "Because of something else."}))
    grade(course, force=True)
    found = marks(course)
    assert found["ada"]["why"].needs_person
    assert not found["ben"]["why"].needs_person
    assert not found["ben"]["mean-square-check"].needs_person
    assert found["flo"]["why"].needs_person


def test_every_regrade_has_a_copy_before_it_and_the_last_ten_stay(course):
    folder = course.root / ".coursekit" / "backups"
    before = len(list(folder.glob("*.db")))
    give(course, "ada", "why", 3)
    grade(course, force=True)
    grade(course)  # changes nothing
    copies = sorted(folder.glob("*.db"))
    assert len(copies) == before + 1
    with contextlib.closing(api.Gradebook(f"sqlite:///{copies[-1]}")) as book:
        assert book.find_grade("why", NAME, NAME, "ada").manual_score == 3
    from helpers.grading.gradebook.backup import back_up
    for _ in range(11):
        back_up(course.root, course.directory.db_url, "test")
    assert len(list(folder.glob("*.db"))) == 10


# Problem sets and students that change ------------------------------------------------------------------------------

QUESTION = '''
# %% nbgrader={"grade_id": "thrice", "solution": true}
def thrice(x):
    """x: number. Returns a number."""
    ### BEGIN SOLUTION
    return 3 * x
    ### END SOLUTION
# %% nbgrader={"grade_id": "thrice-check", "grade": true, "points": 1}
check.values(thrice, at=numbers, points=1)
# %% [markdown]
# ## 1.3 Why?'''


def rewrite(course: Course, *changes: tuple[str, str], build: bool = True) -> Course:
    text = MASTER
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (course.root / "notebooks" / f"{NAME}.py").write_text(text, encoding="utf-8")
    course = Course(course.root)
    if build:
        building.build(course, NAME)
    return course


def test_a_question_added_to_a_graded_set_costs_nothing_that_is_there(course):
    give(course, "ada", "why", 3, "Well said.", extra=0.5)
    course = rewrite(course, ("\n# %% [markdown]\n# ## 1.3 Why?", QUESTION))
    summary = grade(course)
    found = marks(course)
    assert found["ada"]["thrice-check"].score == 0
    assert (found["ada"]["why"].score, found["ada"]["twice-check"].score) == (3.5, 3)
    assert {change.why for change in summary.changes if change.question == "thrice-check"} == {"a new question"}
    with contextlib.closing(api.Gradebook(course.directory.db_url)) as book:
        assert book.find_assignment(NAME).duedate == DUE
        assert book.find_comment("why", NAME, NAME, "ada").comment == "Well said."


def test_a_question_taken_away_is_refused_without_telling_anybody_to_delete(course):
    course = rewrite(course, (MASTER[MASTER.index("# %% [markdown]\n# ## 1.3"):], ""), build=False)
    with pytest.raises(CourseError, match="Put them back") as told:
        building.build(course, NAME)
    assert "remove" not in str(told.value)


def test_a_regrade_ends_with_whose_marks_changed_and_why(course):
    hand_in(course, "ben", answered(course, RIGHT))
    course = rewrite(course, ("check.values(twice, at=numbers, points=3)", "check.values(twice, at=numbers, points=1)"),
                     ('"twice-check", "grade": true, "points": 3', '"twice-check", "grade": true, "points": 1'))
    before = state(course.root)
    tried = preview(course, NAME, workers=1, sandbox="none")
    assert state(course.root) == before
    expected = {("ada", "twice-check", 3, 1, "other points"), ("ben", "mean-square-check", 0, 2, "a new submission"),
                ("ben", "twice-check", 3, 1, "a new submission"), ("flo", "twice-check", 3, 1, "other points")}
    assert {(c.student, c.question, c.before, c.after, c.why) for c in tried.changes} == expected
    summary = grade(course)
    found = {(c.student, c.question, c.before, c.after, c.why) for c in summary.changes}
    assert {change for change in found if change[1] != "late penalty"} == expected
    assert ("flo", "late penalty", -5, -3, "due date, extension, time or policy") in found


def test_the_command_shows_and_writes_the_list_of_changes(course):
    hand_in(course, "ben", answered(course, RIGHT))
    before = state(course.root)
    tried = coursekit("autograde", NAME, "--dry-run", "-j", "1", "--sandbox", "none", folder=course.root)
    assert "a new submission" in " ".join(tried.stdout.split()), tried.stderr
    assert state(course.root) == before
    done = coursekit("autograde", NAME, "-j", "1", "--sandbox", "none", folder=course.root)
    assert f"reports/{NAME}-changes.html" in " ".join(done.stdout.split()), done.stderr
    rows = list(csv.DictReader((course.root / "reports" / f"{NAME}-changes.csv").open(encoding="utf-8-sig")))
    assert [(row["student"], row["before"], row["after"]) for row in rows] == [("ben", "0.0", "2.0")]


@pytest.mark.parametrize("format", ["nbgrader", "canvas", "moodle"])
def test_an_export_says_which_marks_are_unfinished(course, format):
    give(course, "ada", "why", 3)
    path = export(course, NAME, format)
    rows = list(csv.DictReader(path.with_name(f"{NAME}-{format}-unfinished.csv").open(encoding="utf-8-sig")))
    assert [(row["student"], row["waits for a person"]) for row in rows] == [("ben", "why"), ("flo", "why")]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    for student in ("ben", "flo"):
        give(course, student, "why", 0)
    export(course, NAME, format)
    assert not path.with_name(f"{NAME}-{format}-unfinished.csv").exists()


def test_a_master_newer_than_its_source_is_refused(course):
    course = rewrite(course, ("return 2 * x", "return x + x"), build=False)
    with pytest.raises(CourseError, match="coursekit build"):
        grade(course)
    building.build(course, NAME)
    assert sorted(grade(course).graded) == ["ada", "ben", "flo"]


def test_a_removed_student_is_gone_from_every_page(course):
    with contextlib.closing(api.Gradebook(course.directory.db_url)) as book:
        book.remove_student("ben")
    assert grade(course, force=True).removed == ["ben"]
    feedback(course, NAME, workers=1)
    pages = [report(course, NAME), similarity(course, NAME, 0.0)]
    assert not any("ben" in path.read_text() for made in pages for path in (made.page, made.table))
    assert not course.folder("feedback", "ben", NAME).exists()
    assert sorted(scores(course)) == ["ada", "flo"]


ROSTERS = {
    "bom": (b"\xef\xbb\xbfid,first_name,last_name,email\nzoe,Zo\xc3\xab,M\xc3\xbcller,z@example.org\n", "zoe", "Zoë"),
    "semicolons": (b"id;first_name;last_name;email\r\nann;Ann;Lee;a@example.org\r\n", "ann", "Ann"),
    "cp1252": (b"id,first_name,last_name\nmue,J\xf6rg,M\xfcller\n", "mue", "Jörg"),
    "utf16": ("username\tVorname\tNachname\nmia\tMïa\tRossi\n".encode("utf-16"), "mia", "Mïa"),
    "a first line with the separator": (b"sep=;\r\nid;first_name\r\nann;Ann\r\n", "ann", "Ann"),
    "line ends of an old Mac": (b"id,first_name\rann,Ann\rbob,Bob\r", "bob", "Bob"),
}


@pytest.mark.parametrize("kind", ROSTERS)
def test_a_list_of_students_is_taken_as_spreadsheets_write_it(course, tmp_path, kind):
    content, student, first = ROSTERS[kind]
    (tmp_path / "list.csv").write_bytes(content)
    done = coursekit("roster", tmp_path / "list.csv", folder=course.root)
    assert done.returncode == 0, done.stderr
    assert first in done.stdout
    with contextlib.closing(api.Gradebook(course.directory.db_url)) as book:
        assert book.find_student(student).first_name == first


def test_canvas_knows_a_student_by_its_own_number(tmp_path):
    (tmp_path / "list.csv").write_text('Student,ID,SIS User ID,SIS Login ID,Section\n"Lee, Ann",4711,s1,ann.lee,A\n')
    assert read_roster(tmp_path / "list.csv").students == [{"id": "ann.lee", "lms_user_id": "4711"}]


def test_a_line_is_named_by_its_own_number(tmp_path):
    (tmp_path / "list.csv").write_text('id,first_name\nann,"Ann\nMarie"\n\n../eve,Eve\n')
    assert read_roster(tmp_path / "list.csv").wrong[0].startswith("line 5:")


def test_lines_that_are_no_student_are_named(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id,first_name\nann,Ann\n../eve,Eve\nann,Again\nbob\nM\u00c3\u00bcller,x\n")
    found = read_roster(path)
    assert [student["id"] for student in found.students] == ["ann"] or len(found.students) == 2
    assert len(found.wrong) >= 3
    path.write_text("name,points\nann,3\n")
    with pytest.raises(CourseError, match="no column with the students' ids"):
        read_roster(path)
