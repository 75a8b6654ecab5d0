"""Who hands in to a running service chooses names, files and how many: that takes nobody else's turn, and never ends
it."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from conftest import SMALL
from exchange import hand_in, root_of, with_exchange

from helpers.grading.classes.submitted import students_of
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.pages.feedback import keep_page
from helpers.grading.serving import arrivals, service
from helpers.grading.serving.ledger import WRITTEN, Attempt
from helpers.grading.serving.service import Service


@pytest.fixture
def course(small_course) -> Course:
    return with_exchange(small_course)


def test_a_name_that_is_no_text_is_named_and_nobodys_end(course):
    hand_in(course, "ada", "{}")
    place = hand_in(course, "eve", "{}")
    os.rename(place, os.fsencode(place).replace(b"eve", b"\xffve"))
    found = arrivals.Exchange(course).scan(SMALL, (), ())
    assert [one.student for one in found.new] == ["ada"]
    assert [*found.odd.values()] == ["it names no student"]
    (course.root / "submitted" / "ada" / SMALL).mkdir(parents=True)
    os.makedirs(os.fsencode(course.root / "submitted") + b"/\xffve/" + SMALL.encode())
    assert students_of(course, SMALL) == ["ada"]
    assert course.nobodys("submitted", SMALL) == ["\udcffve"]


def test_a_flood_is_taken_one_by_one_and_read_once(course, monkeypatch):
    for number in range(50):
        (root_of(course) / "inbound" / f"eve+{SMALL}+never+{number}").mkdir()
    for ago in (5, 3, 1):
        hand_in(course, "eve", "{}", ago)
    hand_in(course, "ada", "{}")
    exchange, read = arrivals.Exchange(course), []
    by_nbgrader = exchange._collect._path_to_record
    monkeypatch.setattr(exchange._collect, "_path_to_record", lambda name: read.append(name) or by_nbgrader(name))
    first, second = exchange.scan(SMALL, (), ()), exchange.scan(SMALL, (), ())
    assert [one.student for one in first.new] == [one.student for one in second.new] == ["eve", "ada"]
    assert len(first.odd) == 50
    assert len(read) == 54
    exchange.putting_off.put_off(first.new[0].source, "it cannot be read")
    third = exchange.scan(SMALL, (), ())
    assert [one.student for one in third.new] == ["eve", "ada"]  # the next one of the same student
    assert third.new[0].source != first.new[0].source
    assert third.odd[first.new[0].source] == "it cannot be read"


@pytest.mark.parametrize(("owner", "accounts", "taken"), [
    ("ada", {"ada", "eve"}, True), ("eve", {"ada", "eve"}, False), ("grader", {"ada", "eve"}, True),
    ("jovyan", {"jovyan"}, True)])
def test_nobody_hands_in_for_somebody_who_has_an_account(course, monkeypatch, owner, accounts, taken):
    """Also before anybody is in the gradebook; where all share one account, names are believed."""
    hand_in(course, "ada", "{}")
    monkeypatch.setattr(arrivals, "_owner", lambda place: owner)
    monkeypatch.setattr(arrivals, "_me", lambda: "grader")
    monkeypatch.setattr(arrivals, "_is_account", accounts.__contains__)
    found = arrivals.Exchange(course).scan(SMALL, (), ())
    assert (len(found.new), len(found.odd)) == ((1, 0) if taken else (0, 1))


def test_a_folder_called_as_a_timestamp_is_no_reason_to_copy_again_and_again(course, tmp_path, monkeypatch):
    monkeypatch.setattr(arrivals, "SETTLED", 0.0)
    place = tmp_path / "shared" / "eve" / SMALL
    (place / "timestamp.txt").mkdir(parents=True)
    (place / "timestamp.txt" / "x").write_text("x")
    source = arrivals.Folder(course, tmp_path / "shared")
    arrival, = source.scan(SMALL, (), ()).new
    source.take(arrival, tmp_path / "taken")
    assert (tmp_path / "taken" / "timestamp.txt").read_text().endswith("UTC")


class Refusing:
    """Gives nothing back: its student's folder takes no page."""

    def give(self, *args):
        raise CourseError("its page cannot be written")

    tell = give


def test_a_page_that_cannot_be_given_back_is_made_once_and_offered_less_and_less_often(course, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(service, "pool", lambda *of: None)
    monkeypatch.setattr(service.time, "monotonic", lambda: now[0])
    served = Service(course, [], arrivals.Exchange(course), Refusing())
    folder = SimpleNamespace(name=SMALL, ledger=SimpleNamespace(files_of=lambda *of: course.root / "none"))
    attempt = Attempt("eve", 1, "eve", 0.0, 0.0, state=WRITTEN)
    served._shown(folder, attempt, None, b"<html>")
    waits = []
    for _ in range(5):
        waits.append(served.not_before[id(attempt)] - now[0])
        assert served._next_page() is None
        now[0] = served.not_before[id(attempt)] + 0.1
        assert served._next_page() is None  # offered again, and not made again
    assert waits == [5, 10, 20, 40, 60]
    assert len(served.to_show) == 1


def test_what_nbgrader_reads_beside_a_page_is_text(course, tmp_path):
    """nbgrader stops at a file that is none, for every page that is released together with this one."""
    (tmp_path / "submission_secret.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
    keep_page(course, SMALL, "eve", b"<html>", [tmp_path])
    beside = course.folder("feedback", "eve", SMALL)
    assert len((beside / "submission_secret.txt").read_text()) == 32
    assert (beside / "timestamp.txt").read_text() == "2026-03-01 12:00:00 UTC"
