"""Whose turn it is, what rules hold back, and what is copied of an arrival."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from conftest import EXAMPLE, SMALL

from helpers.grading.course.collecting import copy_handed_in
from helpers.grading.course.errors import CourseError
from helpers.grading.course.folder import Course
from helpers.grading.serving import line
from helpers.grading.serving.ledger import RELEASED, WAITS, Attempt, Ledger
from helpers.grading.serving.rules import Rules, rules_of

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0
FREE = Rules()


def attempt(student: str, number: int, came: float, state: str = WAITS, **more) -> Attempt:
    return Attempt(student, number, f"{student} {number}", came, came, state=state, **more)


def turns(attempts: list[Attempt], rules: Rules = FREE, now: float = NOON, over: bool = False, under_way=()):
    of: dict[str, list[Attempt]] = {}
    for one in attempts:
        of.setdefault(one.student, []).append(one)
    return line.waiting(of, rules, UTC, now, under_way, over)


def order(places) -> list[str]:
    return [place.attempt.source for place in places]


def test_turns_come_in_the_order_of_arrival():
    assert order(turns([attempt("ben", 1, 20), attempt("ada", 1, 10), attempt("cy", 1, 30)])) == [
        "ada 1", "ben 1", "cy 1"]


def test_who_says_to_have_come_long_ago_comes_in_front_of_nobody_who_waited():
    """An exchange's folders carry the time that their names say."""
    forged = attempt("eve", 1, 300)
    forged.came = 0.0
    honest = [attempt("zoe", 1, 400), attempt("ada", 1, 100), attempt("ben", 1, 200)]
    assert order(turns([forged, *honest])) == ["ada 1", "ben 1", "eve 1", "zoe 1"]


def test_one_student_has_one_turn_at_a_time_however_many_attempts():
    many = [attempt("mal", number, number) for number in range(1, 9)]
    assert order(turns([*many, attempt("ada", 1, 50)])) == ["mal 1", "ada 1"]
    assert order(turns([*many, attempt("ada", 1, 50)], under_way={"mal"})) == ["ada 1"]


def test_after_a_turn_the_next_attempt_of_the_same_student_comes_behind_who_has_waited():
    done = attempt("mal", 1, 1, RELEASED, admitted=40.0, given=60.0, seconds=1.0)
    assert order(turns([done, attempt("mal", 2, 2), attempt("ada", 1, 50)])) == ["ada 1", "mal 2"]


def test_whoever_took_long_comes_behind_those_who_arrive_soon_after_and_not_for_ever():
    done = attempt("mal", 1, 1, RELEASED, admitted=2.0, given=30.0, seconds=25.0)
    assert order(turns([done, attempt("mal", 2, 31), attempt("ada", 1, 100)])) == ["ada 1", "mal 2"]
    assert order(turns([done, attempt("mal", 2, 31), attempt("ada", 1, 1000)])) == ["mal 2", "ada 1"]


def test_attempts_a_day_hold_back_until_midnight_and_the_deadline_lets_all_in():
    used = [attempt("ada", n, NOON - HOUR, RELEASED, admitted=NOON - HOUR) for n in (1, 2)]
    (held,) = turns([*used, attempt("ada", 3, NOON)], Rules(a_day=2))
    assert held.from_when == NOON + 12 * HOUR
    assert "2 attempts" in held.why
    assert turns([*used, attempt("ada", 3, NOON)], Rules(a_day=3))[0].from_when == 0
    assert turns([*used, attempt("ada", 3, NOON)], Rules(a_day=2), now=NOON + 13 * HOUR)[0].from_when == 0
    assert turns([*used, attempt("ada", 3, NOON)], Rules(a_day=2), over=True)[0].from_when == 0


def test_a_pause_lies_between_two_attempts():
    used = attempt("ada", 1, NOON - 60, RELEASED, admitted=NOON - 60)
    (held,) = turns([used, attempt("ada", 2, NOON)], Rules(pause=600.0))
    assert held.from_when == NOON + 540


def test_of_attempts_that_are_held_back_the_newest_stays():
    used = attempt("ada", 1, NOON - 60, RELEASED, admitted=NOON - 60)
    held = [attempt("ada", number, NOON) for number in (2, 3, 4)]
    assert [one.number for one in line.superseded([used, *held], Rules(a_day=1), UTC, NOON)] == [2, 3]
    assert line.superseded([used, *held], Rules(), UTC, NOON) == []


@pytest.mark.parametrize(("settings", "says"), [
    ({"*": {"a_day": -1}}, "number from 0"), ({"*": {"a_day": 1.5}}, "number from 0"),
    ({"*": {"aday": 1}}, "no setting"),
    ({"*": {"told": "all"}}, "can be"), ({"*": {"counts": "first"}}, "can be"), ({"ps9": {}}, "no problem set"),
    ({"*": 5}, "write a dictionary"),
])
def test_a_setting_that_is_none_is_refused_in_words(settings, says):
    course = Course(EXAMPLE)
    course.settings.attempts = settings
    with pytest.raises(CourseError, match=says):
        rules_of(course, SMALL)


def test_a_sets_own_settings_come_before_those_for_all():
    course = Course(EXAMPLE)
    course.settings.attempts = {"*": {"a_day": 5, "pause_minutes": 10, "counts": "best"}, SMALL: {"a_day": 2}}
    assert rules_of(course, SMALL) == Rules(2, 600.0, "why", "best")


def test_links_and_what_the_configuration_leaves_out_are_not_copied(tmp_path):
    secret, place = tmp_path / "gradebook.db", tmp_path / "arrived"
    secret.write_text("marks")
    (place / "data").mkdir(parents=True)
    (place / "data" / "mine.txt").write_text("mine")
    (place / "stolen.txt").symlink_to(secret)
    (place / "folder").symlink_to(tmp_path)
    (place / ".ipynb_checkpoints").mkdir()
    copy_handed_in(place, tmp_path / "taken", Course(EXAMPLE).directory)
    found = {str(path.relative_to(tmp_path / "taken")) for path in (tmp_path / "taken").rglob("*")}
    assert found == {"data", "data/mine.txt"}


def test_a_ledger_is_read_as_it_was_written(tmp_path):
    ledger = Ledger(tmp_path, SMALL)
    one = ledger.add("ada", "first", 1.0, 2.0)
    ledger.add("ada", "second", 3.0, 4.0)
    one.state, one.score, one.counts = RELEASED, 2.5, True
    ledger.keep(one)
    again = Ledger(tmp_path, SMALL)
    assert again.of == ledger.of
    assert again.known == {"first", "second"}
    assert again.counting("ada").score == 2.5


def test_an_attempt_stays_the_same_as_it_goes_on():
    """The pool counts by it how often a task has taken down its worker."""
    one = attempt("ada", 1, 10)
    counted = {(one, "grade"): 1}
    one.state = RELEASED
    assert counted[one, "grade"] == 1
