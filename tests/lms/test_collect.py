"""Downloads of learning management systems, made up in their real shapes: sorted, matched, and given back."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
import stat
import warnings
import zipfile
from pathlib import Path

import nbformat
import pytest
import small_class
from conftest import coursekit
from small_class import NAME, RIGHT, SUMMED, answered

from helpers.grading.classes.autograde import autograde
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.lms import archive
from helpers.grading.lms.collect import collect, read_kept
from helpers.grading.lms.give_back import pack_feedback
from helpers.grading.lms.names import canvas, moodle
from helpers.grading.pages.feedback import feedback
from helpers.grading.pages.filling import fill

pytestmark = pytest.mark.slow

PEOPLE = {"amara.okafor": ("Amara", "Okafor", "11"), "jd-42": ("Jean-Luc Marie", "D'Arcy", "12"),
          "s1234567": ("Zoë", "Müller", "13"), "S12": ("Li", "Na", "14"), "S123": ("Na", "Li", "15"),
          "ann.lee": ("Ann", "Lee", "16"), "ann.lee2": ("Ann", "Lee", "17")}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    course = small_class.empty_course(tmp_path_factory.mktemp("lms") / "course")
    with contextlib.closing(books.ClassGradebook(course, NAME)) as book:
        for student, (first, last, number) in PEOPLE.items():
            book.update_or_create_student(student, first_name=first, last_name=last, lms_user_id=number,
                                          email=f"{student}@example.edu".lower())
    return course.root


@pytest.fixture
def course(made, tmp_path) -> Course:
    return Course(shutil.copytree(made, tmp_path / "course"))


def notebook(course: Course, answers: dict[str, str] = RIGHT) -> str:
    return nbformat.writes(answered(course, answers))


def zipped(folder: Path, files: dict[str, str | bytes]) -> Path:
    path = folder / "download.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


def has(course: Course, student: str) -> str:
    return (course.folder("submitted", student, NAME) / f"{NAME}.ipynb").read_text()


def test_moodles_folders(course, tmp_path):
    texts = [notebook(course, RIGHT | {"why": f"Because {i}."}) for i in range(4)]
    done = collect(course, NAME, zipped(tmp_path, {
        f"Amara Okafor_30211_assignsubmission_file/{NAME}.ipynb": texts[0],
        f"Jean-Luc Marie D'Arcy_30212_assignsubmission_file_/{NAME} (1).ipynb": texts[1],
        "Jean-Luc Marie D'Arcy_30212_assignsubmission_file_/data/points.csv": "1,2\n",
        f"Group A-Zoë Müller_30213_assignsubmission_file/work/{NAME}.ipynb": texts[2],
        f"Li Na_30214_assignsubmission_file_{NAME}.ipynb": texts[3],  # not in folders
        "Amara Okafor_30211_assignsubmission_onlinetext/onlinetext.html": "<p>my thoughts</p>",
        f"Ann Lee_30216_assignsubmission_file/{NAME}.ipynb": "{}",
        f"Nobody Here_30299_assignsubmission_file/{NAME}.ipynb": "{}",
        "readme.txt": "x"}), "moodle")
    assert done.new == ["amara.okafor", "jd-42", "s1234567"]
    assert [has(course, student) for student in done.new] == texts[:3]
    assert (course.folder("submitted", "jd-42", NAME) / "data" / "points.csv").read_text() == "1,2\n"
    why = {path.split("_")[0]: said for path, said in done.unplaced.items()}
    assert "2 students are called so: ann.lee, ann.lee2" in why["Ann Lee"]
    assert "2 students" in why["Li Na"]  # Li Na, and Na Li the other way round
    assert "no student is called" in why["Nobody Here"]
    assert "not named as Moodle" in why["readme.txt"]


def test_canvass_names(course, tmp_path):
    first, again = (notebook(course, RIGHT | {"why": why}) for why in ("First.", "Second."))
    done = collect(course, NAME, zipped(tmp_path, {
        f"okaforamara_11_900_{NAME}.ipynb": first, f"okaforamara_11_901_{NAME}-1.ipynb": again,
        f"darcyjeanlucmarie_LATE_12_902_{NAME}-2.ipynb": first, "mullerzoe_99_903_My Work (2).ipynb": again,
        "lina_14_904_notes.pdf": b"%PDF", f"lina_15_905_{NAME}.ipynb": first}), "canvas")
    assert done.unplaced == {}
    assert has(course, "amara.okafor") == again
    assert has(course, "jd-42") == first
    assert done.late == ["jd-42"]
    assert has(course, "s1234567") == again  # by name: the number is none of the roster's
    assert "took My Work (2).ipynb" in done.notes["s1234567"]
    assert "no notebook" in done.notes["S12"]
    assert has(course, "S123") == first


def test_plain_names_with_digits_hyphens_and_capitals(course, tmp_path):
    texts = [notebook(course, RIGHT | {"why": f"Because {i}."}) for i in range(5)]
    done = collect(course, NAME, zipped(tmp_path, {
        f"Amara.Okafor_{NAME}.ipynb": texts[0], f"JD-42-{NAME}.ipynb": texts[1], f"S1234567/{NAME}.ipynb": texts[2],
        f"S123 {NAME}.ipynb": texts[3], f"S12_{NAME}.ipynb": texts[4], f"S12345_{NAME}.ipynb": "{}"}), "files")
    assert [has(course, s) for s in ("amara.okafor", "jd-42", "s1234567", "S123", "S12")] == texts
    assert list(done.unplaced) == [f"S12345_{NAME}.ipynb"]


@pytest.mark.parametrize("around", ["submitted/", "export 2026/ps1/"])
def test_folders_around_the_whole_download_are_no_student(course, tmp_path, around):
    text = notebook(course)
    done = collect(course, NAME, zipped(tmp_path, {
        f"{around}S1234567/{NAME}.ipynb": text, f"{around}S1234567/data/a.csv": "1",
        f"{around}S12_{NAME}.ipynb": text}), "files")
    assert (has(course, "s1234567"), has(course, "S12"), done.unplaced) == (text, text, {})
    one = collect(course, NAME, zipped(tmp_path, {f"S123/{NAME}/{NAME}.ipynb": text}), "files")
    assert has(course, "S123") == text
    assert one.unplaced == {}


def test_a_name_that_goes_on_is_another_one(course, tmp_path):
    text = notebook(course)
    names = [f"Amara Okafor2_{NAME}.ipynb", f"amara_okaforu_{NAME}.ipynb", "AmaraOkaforPs1.ipynb"]
    done = collect(course, NAME, zipped(tmp_path, dict.fromkeys(names, text)), "files")
    assert done.new == ["amara.okafor"]
    assert len(done.unplaced) == 2


def test_a_student_who_uploads_a_zip(course, tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr(f"{NAME}/{NAME}.ipynb", notebook(course))
        packed.writestr("__MACOSX/._x", "x")
    done = collect(course, NAME, zipped(tmp_path, {"okaforamara_11_900_work.zip": inner.getvalue()}), "canvas")
    assert done.new == ["amara.okafor"]
    assert has(course, "amara.okafor") == notebook(course)


def test_a_later_download_updates_and_keeps_the_earlier(course, tmp_path):
    first, later = notebook(course), notebook(course, RIGHT | {"why": "Better."})
    name = f"okaforamara_11_900_{NAME}.ipynb"
    collect(course, NAME, zipped(tmp_path, {name: first}), "canvas")
    assert collect(course, NAME, zipped(tmp_path, {name: first}), "canvas").same == ["amara.okafor"]
    assert collect(course, NAME, zipped(tmp_path, {name: later}), "canvas").updated == ["amara.okafor"]
    assert has(course, "amara.okafor") == later
    kept, = (course.root / ".coursekit" / NAME / "earlier" / "amara.okafor").glob(f"*/{NAME}.ipynb")
    assert kept.read_text() == first


def test_downloads_that_are_sorted_within_one_second_are_all_kept(course, tmp_path, monkeypatch):
    monkeypatch.setattr("time.strftime", lambda *_: "2026-03-01-120000")
    name = f"okaforamara_11_900_{NAME}.ipynb"
    texts = [notebook(course, RIGHT | {"why": why}) for why in ("One.", "Two.", "Three.")]
    for text in texts:
        collect(course, NAME, zipped(tmp_path, {name: text}), "canvas")
    kept = (course.root / ".coursekit" / NAME / "earlier" / "amara.okafor").glob(f"*/{NAME}.ipynb")
    assert sorted(path.read_text() for path in kept) == sorted(texts[:2])
    assert has(course, "amara.okafor") == texts[2]


def test_what_leads_elsewhere_is_named_and_not_written(course, tmp_path):
    path = tmp_path / "evil.zip"
    link = zipfile.ZipInfo(f"Amara Okafor_1_assignsubmission_file/{NAME}.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(link, "/etc/passwd")
        for name in ("../../escaped.ipynb", "/tmp/escaped.ipynb", "..\\escaped.ipynb", "C:\\escaped.ipynb",
                     f"Amara Okafor_1_assignsubmission_file/../../../{NAME}.ipynb"):
            packed.writestr(name, "x")
    before = set(tmp_path.rglob("*"))
    done = collect(course, NAME, path, "moodle")
    assert done.placed == 0
    assert len(done.unplaced) == 6
    assert {path.name for path in set(tmp_path.rglob("*")) - before} <= {".coursekit", NAME, "handed_in.json"}


def test_a_bomb_is_not_unpacked(course, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILE", 1_000_000)
    path = zipped(tmp_path, {f"okaforamara_11_900_{NAME}.ipynb": b"\0" * 3_000_000,
                             f"mullerzoe_13_901_{NAME}.ipynb": notebook(course)})
    done = collect(course, NAME, path, "canvas")
    assert done.new == ["s1234567"]
    assert "larger than 1 MB" in done.unplaced[f"okaforamara_11_900_{NAME}.ipynb"]


def zip_of(files: list[tuple[str, str | bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", method) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


def changed(content: bytes, where: bytes, offset: int, to: bytes) -> bytes:
    at = content.index(where) + offset
    return content[:at] + to + content[at + len(to):]


BOOK = f"{NAME}.ipynb"
LZMA = zip_of([(BOOK, "{}" * 50)], zipfile.ZIP_LZMA)
SOUND = zip_of([(BOOK, "{}")])
CENTRAL = b"PK\x01\x02"
# A student's zip → what is taken of it, by name; None: nothing of it is.
HOSTILE = {
    "data that is none": (changed(LZMA, BOOK.encode(), len(BOOK) + 14, b"\xff\xfe\xfd"), None),
    "options that are none": (changed(LZMA, BOOK.encode(), len(BOOK) + 4, b"\xff"), None),
    "a name that is no text": (zip_of([("n\xe4me.ipynb", "{}")]).replace("n\xe4me".encode(), b"n\xff\xffme"), None),
    "a version of the future": (changed(SOUND, CENTRAL, 6, b"\xff\0"), None),
    "a method of nobody's": (changed(changed(SOUND, CENTRAL, 10, b"\x63"), b"PK\x03\x04", 8, b"\x63"), None),
    "a place far behind its end": (changed(SOUND, CENTRAL, 42, b"\xff\xff\xff\x7f"), None),
    "more parts than it has": (zip_of([(BOOK, "{}"), *((f"{i}", "") for i in range(5_000))], zipfile.ZIP_STORED), None),
    "a file that is a folder, too": (zip_of([(BOOK, "{}"), (f"{BOOK}/x", "1"), ("a", "2"), ("a/b", "3"),
                                             ("a/b/c", "4")]), {BOOK, f"{NAME} 2.ipynb/x", "a", "a 2/b", "a 2/b 2/c"}),
    "names that differ by case or accents": (zip_of([(BOOK, "{}"), ("A.txt", "1"), ("a.txt", "2"), ("\xe9", "3"),
                                                     ("e\u0301", "4")]),
                                             {BOOK, "A.txt", "a 2.txt", "\xe9 2", "e\u0301"}),
    "one name three times": (zip_of([(BOOK, "{}"), ("a", "1"), ("a", "2"), ("a", "3")]), {BOOK, "a"}),
    "long names": (zip_of([(BOOK, "{}"), ("\u4e2d" * 100, "1")]), {BOOK, "\u4e2d" * 66}),
    "no names": (zip_of([(BOOK, "{}"), (".", "1"), ("..", "1"), ("a/../../b", "1"), ("//x", "1")]), {BOOK}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_one_students_zip_costs_nobody_elses_work(course, tmp_path, what):
    content, taken = HOSTILE[what]
    done = collect(course, NAME, zipped(tmp_path, {
        f"Amara Okafor_1_assignsubmission_file/{BOOK}": "first", "ann.lee2_2_assignsubmission_file/work.zip": content,
        f"Zoë Müller_3_assignsubmission_file/{BOOK}": "last"}), "moodle")
    assert (has(course, "amara.okafor"), has(course, "s1234567")) == ("first", "last")
    place = course.folder("submitted", "ann.lee2", NAME)
    assert {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()} == (taken or set())
    assert done.new == sorted(["amara.okafor", *(["ann.lee2"] if taken else []), "s1234567"])
    assert not list(course.root.glob("submitted/*/.*"))


def test_one_student_fills_no_memory_and_no_terminal(course, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", 3_000_000)
    bomb = zip_of([(BOOK, "{}"), *((f"z{i:03}", bytes(900_000)) for i in range(60))])
    done = collect(course, NAME, zipped(tmp_path, {
        "ann.lee2_2_assignsubmission_file/work.zip": bomb, f"Zoë Müller_3_assignsubmission_file/{BOOK}": "last"}),
        "moodle")
    assert sum(len(path.read_bytes()) for path in course.root.glob(f"submitted/ann.lee2/{NAME}/*")) < 3_000_000
    assert len(done.unplaced) <= 21
    assert has(course, "s1234567") == "last"


def test_what_is_left_of_a_bomb_is_not_looked_into():
    """Of every further file a megabyte would be unpacked, to find that it is too much."""
    opened, allowance = [], archive.Allowance()
    allowance.bytes = 3_000_000

    def entry(number: int) -> archive.Entry:
        return archive.Entry(f"{number}", lambda: opened.append(number) or io.BytesIO(bytes(2_000_000)))

    for number in range(5):
        with contextlib.suppress(archive.Unreadable):
            allowance.read(entry(number))
    assert opened == [0, 1]


@pytest.mark.parametrize("name", ["\ufdfa" * 80 + ".ipynb", "m" * 300 + f"/{BOOK}"])
def test_a_name_that_no_folder_can_have_stops_nobody(course, tmp_path, name):
    done = collect(course, NAME, zipped(tmp_path, {
        f"amara.okafor_{BOOK}": "first", name: "{}", f"s1234567_{BOOK}": "last"}), "files", new_students=True)
    assert (has(course, "amara.okafor"), has(course, "s1234567")) == ("first", "last")
    assert all(len(student.encode()) <= 100 for student in done.made)
    assert len(done.new) == 3


@pytest.mark.parametrize(("other", "placed"), [("Group-Amara Okafor", "own"), ("Amara Okafor", None)])
def test_a_name_that_somebody_has_chosen_covers_nobodys_work(course, tmp_path, other, placed):
    """Who is called as another student is: nobody's file lies in that student's folder, or only that student's."""
    done = collect(course, NAME, zipped(tmp_path, {
        f"Amara Okafor_30211_assignsubmission_file/{NAME} (1).ipynb": "own",
        f"{other}_30299_assignsubmission_file/{BOOK}": "forged"}), "moodle")
    there = [path.read_text() for path in course.folder("submitted", "amara.okafor", NAME).glob("*")]
    assert there == ([placed] if placed else [])
    assert all("would both be amara.okafor" in why for why in done.unplaced.values())
    assert len(done.unplaced) == (1 if placed else 2)


def test_a_number_that_the_gradebook_has_says_who_it_is(course, tmp_path):
    done = collect(course, NAME, zipped(tmp_path, {
        f"okaforamara_11_900_{NAME}.ipynb": "own", f"amaraokafor_99_901_{NAME}.ipynb": "forged"}), "canvas")
    assert has(course, "amara.okafor") == "own"
    assert list(done.unplaced) == [f"amaraokafor_99_901_{NAME}.ipynb"]


def test_without_a_roster_one_is_asked_for_or_made(tmp_path):
    course = small_class.empty_course(tmp_path / "course")
    path = zipped(tmp_path, {f"Amara Okafor_30211_assignsubmission_file/{NAME}.ipynb": notebook(course)})
    with pytest.raises(CourseError, match="--new"):
        collect(course, NAME, path, "moodle")
    said = coursekit("collect", NAME, str(path), "--from", "moodle", "--new", folder=course.root)
    assert said.returncode == 0, said.stderr
    assert "added to the gradebook: amara.okafor (Amara Okafor)" in said.stdout
    assert has(course, "amara.okafor")


def test_no_zip_is_told(course, tmp_path):
    (tmp_path / "page.zip").write_text("<html>please log in</html>")
    with pytest.raises(CourseError, match="no zip that can be read"):
        collect(course, NAME, tmp_path / "page.zip", "moodle")
    with pytest.raises(CourseError, match="one of moodle, canvas, files"):
        collect(course, NAME, tmp_path / "page.zip", "blackboard")


def test_marks_and_pages_go_back_as_the_system_knows_them(course, tmp_path):
    collect(course, NAME, zipped(tmp_path, {
        f"Amara Okafor_30211_assignsubmission_file/{NAME}.ipynb": notebook(course),
        f"Zoë Müller_30213_assignsubmission_file/{NAME}.ipynb": notebook(course, RIGHT | {"mean-square": SUMMED})}),
        "moodle")
    autograde(course, NAME, workers=1, sandbox="none")
    feedback(course, NAME, workers=1)
    made = pack_feedback(course, NAME)
    packed = zipfile.ZipFile(made.path)
    # What Moodle's importer does with a name: parts between underscores, at most five; number, plugin, the file's name.
    parts = [name.split("_", 4) for name in packed.namelist()]
    assert sorted(part[1] for part in parts) == ["30211", "30213"]
    assert {(part[2], part[3]) for part in parts} == {("assignsubmission", "file")}
    assert all(b"Twice" in packed.read(name) for name in packed.namelist())
    sheet = tmp_path / "Grades.csv"
    sheet.write_text("Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
                     "Last modified (grade),Feedback comments\n"
                     "Participant 30211,Amara Okafor,a@x,Submitted,,9.00,Yes,-,\n"
                     "Participant 30213,Zoë Müller,z@x,Submitted,,9.00,Yes,-,\n"
                     "Participant 30299,Nobody Here,n@x,No submission,,9.00,Yes,-,\n", encoding="utf-8-sig")
    filled = fill(course, NAME, "moodle", sheet)
    rows = list(csv.DictReader(filled.path.read_text("utf-8-sig").splitlines()))
    assert [rows[0]["Grade"], rows[2]["Grade"]] == ["5", ""]
    assert 3 <= float(rows[1]["Grade"]) < 5
    assert filled.unknown == ["Participant 30299"]
    assert set(filled.unfinished) == {"amara.okafor", "s1234567"}
    assert [row["Status"] for row in rows] == ["Submitted", "Submitted", "No submission"]


def test_marks_go_into_canvass_own_gradebook(course, tmp_path):
    collect(course, NAME, zipped(tmp_path, {f"okaforamara_11_900_{NAME}.ipynb": notebook(course)}), "canvas")
    autograde(course, NAME, workers=1, sandbox="none")
    table = tmp_path / "gradebook.csv"
    table.write_text(f"Student,ID,SIS User ID,SIS Login ID,Section,Essay (1),{NAME} (77)\n"
                     "    Points Possible,,,,,10,9\n\"Okafor, Amara\",11,,aokafor,A,7,\n\"Ghost, A\",98,,ghost,"
                     f"{'as long as somebody writes online ' * 5_000},3,\n")
    filled = fill(course, NAME, "canvas", table)
    rows = list(csv.reader(filled.path.read_text().splitlines()))
    assert rows[0][-1] == f"{NAME} (77)"
    assert [row[-1] for row in rows[1:]] == ["9", "5", ""]
    assert [row[5] for row in rows[1:]] == ["10", "7", "3"]
    assert filled.unknown == ["Ghost, A"]
    feedback(course, NAME, workers=1)
    assert zipfile.ZipFile(pack_feedback(course, NAME).path).namelist() == [f"okaforamara_11_900_{NAME}-feedback.html"]
    assert read_kept(course, NAME)["amara.okafor"]["number"] == "11"
    assert json.loads((course.root / ".coursekit" / NAME / "handed_in.json").read_text())


@pytest.mark.parametrize(("path", "who", "number", "file", "late"), [
    ("lee_12_345_ps1.ipynb", "lee", "12", "ps1.ipynb", False),
    ("lee_LATE_12_345_my_ps1_final-3.ipynb", "lee", "12", "my_ps1_final.ipynb", True),
    ("sub/lee_12_345_ps1.ipynb", "lee", "12", "ps1.ipynb", False),
    ("anon_LATE_a1b2c_345_ps1.ipynb", "anon", "a1b2c", "ps1.ipynb", True)])
def test_a_name_of_canvas(path, who, number, file, late):
    named = canvas(path)
    assert (named.who, named.number, named.file, named.late) == (who, number, file, late)


def test_names_that_are_none():
    assert canvas("ps1.ipynb") is None
    assert canvas("lee_ps1.ipynb") is None
    assert moodle("Lee_assignsubmission_file/ps1.ipynb") is None
