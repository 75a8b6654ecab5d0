"""The desk without a browser: what it reads of a mark scheme, what it puts together, what it writes, who comes in."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from a_class import FIRST, NAME, a_class, desk_of
from a_database import database
from nbgrader import api

from helpers.grading.course.folder import Course
from helpers.grading.desk import grouping, scheme
from helpers.grading.desk.book import DeskBook
from helpers.grading.desk.desk import Desk, Unknown
from helpers.grading.desk.server import COOKIE
from helpers.grading.pages.classfacts import gather
from helpers.grading.pages.feedback import what_the_gradebook_says
from helpers.grading.pages.regrade import mailto

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made_class(tmp_path_factory) -> Path:
    return a_class(tmp_path_factory.mktemp("desk") / "course").root


@pytest.fixture
def course(made_class, tmp_path) -> Course:
    """A fresh copy of a class whose written answers wait."""
    return Course(shutil.copytree(made_class, tmp_path / "course"))


def shown(desk: Desk, question: str = "why-same", **how) -> dict:
    return desk.question(question, **how)


def seen(page: dict, group: list[str]) -> dict[str, str]:
    return {key: page["answers"][key]["version"] for key in group}


def test_items_come_from_the_mark_scheme(course):
    first, second = scheme.questions(course, NAME)
    assert [item.points for item in first.items] == [1, 1, 0.5, 0.5]
    assert first.items[1].text == "for all widths the product can be any matrix, because there are enough hidden units."
    assert first.items[0].short == "the net is a linear map whatever its width."
    assert "Model answer" in first.model
    assert "Mark scheme" not in first.model
    assert [item.points for item in second.items] == [2]  # without a scheme: all or part of the points


@pytest.mark.parametrize(("line", "points"), [
    ("- 1 point: x", 1), ("* 2 points: x", 2), ("- ½ point: x", 0.5), ("- half a point: x", 0.5),
    ("- 0.25 points: x", 0.25), ("- 1/2 point - x", 0.5), ("- **1 point:** x", 1), ("- One mark: x", 1),
    ("- x: 1 point", None), ("- 3 reasons: x", None)])
def test_a_line_of_a_scheme(line, points):
    assert [item.points for item in scheme._items(line)] == ([] if points is None else [points])


def test_what_is_nearly_the_same_is_together_and_what_is_turned_is_not():
    texts = {"a": FIRST[0], "b": FIRST[0].upper() + "  ", "c": FIRST[0].replace("matrices", "matrixes"), "d": FIRST[5],
             "e": FIRST[6], "f": "The loss is 6.705 for all three.", "g": "The loss is 6.75 for all three.",
             "h": "x < 0 gives a smaller loss.", "i": "x > 0 gives a smaller loss.", "j": "", "k": " \n"}
    assert grouping.alike(texts) == [["a", "b", "c"], ["j", "k"], ["d"], ["e"], ["f"], ["g"], ["h"], ["i"]]


@pytest.mark.parametrize(("one", "other"), [
    ("the slope is != 0 there", "the slope is = 0 there"), ("a rate of .5 is best", "a rate of 5 is best"),
    ("it grows by 2³ then", "it grows by 23 then"), ("¬ convex, as shown", "convex, as shown")])
def test_marks_that_turn_an_answer_are_not_left_out(one, other):
    assert len(grouping.alike({"a": one, "b": other})) == 2


def test_the_groups_of_a_class(course):
    page = shown(Desk(course, NAME, "gita"))
    assert len(page["answers"]) == 57
    assert len(page["groups"]) <= len(FIRST) + 2
    said = [{page["answers"][key]["text"].casefold().split()[0] for key in group} for group in page["groups"]]
    assert all(len(first) == 1 for first in said)


def test_a_decision_is_in_the_gradebook_for_formgrader_feedback_and_exports(course):
    desk = Desk(course, NAME, "gita")
    page = shown(desk, names=True)
    group = page["groups"][0]
    done = desk.mark("why-same", seen(page, group), 1.5, "0 of 1: enough units", [1, 0.5, 0, 0])
    assert (len(done["marked"]), done["conflicts"]) == (len(group), {})
    student = next(s for s in desk.written()["why-same"] if desk.key(s) == group[0])
    with contextlib.closing(api.Gradebook(course.directory.db_url)) as book:
        grade = book.find_grade("why-same", NAME, NAME, student)
        assert (grade.manual_score, grade.needs_manual_grade) == (1.5, False)
        assert book.find_comment("why-same", NAME, NAME, student).comment == "0 of 1: enough units"
    _, marks, comments = what_the_gradebook_says(course, NAME)[student]
    assert marks["why-same"].score == 1.5
    assert comments["why-same"] == "0 of 1: enough units"
    scores = {one.student: one.score for one in gather(course, NAME, notebooks=False).handed}
    assert scores[student] == 1.5
    after = shown(desk)["answers"][group[0]]
    assert (after["points"], after["by"], after["items"]) == (1.5, "gita", [1, 0.5, 0, 0])
    count = len(page["answers"])
    assert desk.overview()["questions"][0]["waiting"] == count - len(group)


def test_a_mark_that_somebody_else_gave_meanwhile_stays(course):
    mine, theirs = Desk(course, NAME, "gita"), Desk(course, NAME, "hugo")
    page = shown(mine)
    group = page["groups"][0]
    assert theirs.mark("why-same", seen(page, group[:2]), 3, "all", [1, 1, 1, 1])["conflicts"] == {}
    done = mine.mark("why-same", seen(page, group), 0, "", [0, 0, 0, 0])
    assert done["conflicts"] == dict.fromkeys(group[:2], "hugo")
    assert sorted(done["marked"]) == sorted(group[2:])
    assert [shown(mine)["answers"][key]["points"] for key in group] == [3, 3, *[0] * (len(group) - 2)]
    # Formgrader's marks count in the same way.
    student = next(s for s in mine.written()["bought"] if mine.key(s) == group[0])
    page = shown(mine, "bought")
    with contextlib.closing(api.Gradebook(course.directory.db_url)) as book:
        book.find_grade("bought", NAME, NAME, student).manual_score = 2
        book.db.commit()
    assert mine.mark("bought", seen(page, [group[0]]), 0, "", [0])["conflicts"] == {group[0]: "formgrader"}


def test_undo_puts_back_what_stood_there(course):
    desk = Desk(course, NAME, "gita")
    page = shown(desk)
    group = page["groups"][0]
    first = desk.mark("why-same", seen(page, group), 2, "good", [1, 1, 0, 0])
    second = desk.mark("why-same", seen(shown(desk), group), 1, "worse", [1, 0, 0, 0])
    assert set(desk.undo(second["batch"])["undone"]) == set(group)
    again = shown(desk)["answers"]
    assert {(again[key]["points"], again[key]["comment"], again[key]["by"]) for key in group} == {(2, "good", "gita")}
    assert Desk(course, NAME, "hugo").undo(first["batch"])["undone"] == []  # another's decision
    desk.undo(first["batch"])
    again = shown(desk)["answers"]
    assert {(again[key]["points"], again[key]["waits"]) for key in group} == {(None, True)}


def test_a_group_can_be_taken_apart_for_all_graders_and_put_together(course):
    desk = Desk(course, NAME, "gita")
    before = shown(desk)["groups"]
    desk.split("why-same", before[0])
    assert len(shown(Desk(course, NAME, "hugo"))["groups"]) == len(before) + len(before[0]) - 1
    desk.split("why-same", before[0], together=True)
    assert sorted(map(sorted, shown(desk)["groups"])) == sorted(map(sorted, before))


def test_a_second_opinion_changes_no_mark_and_is_compared(course):
    gita, hugo = Desk(course, NAME, "gita"), Desk(course, NAME, "hugo")
    page = shown(gita)
    for group in page["groups"]:
        gita.mark("why-same", seen(page, group), 2, "", [1, 1, 0, 0])
    assert gita.sample("why-same")["keys"] == []  # one's own are no second opinion
    sample = hugo.sample("why-same")
    assert 3 <= len(sample["keys"]) <= 7
    assert hugo.sample("why-same") == sample
    for number, key in enumerate(sample["keys"]):
        after = hugo.second("why-same", key, 1 if number == 0 else 2, [1, 0, 0, 0])
    assert after["keys"] == []
    assert after["compared"] == len(sample["keys"])
    assert [(one["mark"], one["by"], one["second"], one["of"]) for one in after["differ"]] == [(2, "gita", 1, "hugo")]
    assert {one["points"] for one in shown(gita)["answers"].values()} == {2}


def test_nobody_is_named_unless_asked(course):
    desk = Desk(course, NAME, "gita")
    for text in (json.dumps(shown(desk)), json.dumps(desk.overview())):
        assert "student0" not in text
        assert "First1" not in text
    assert "First1 Last1" in json.dumps(shown(desk, names=True))


def test_what_is_not_there_is_refused(course):
    desk = Desk(course, NAME, "gita")
    key = next(iter(shown(desk)["answers"]))
    for wrong in (lambda: desk.question("no-such"), lambda: desk.mark("why-same", {"0": ""}, 1, "", []),
                  lambda: desk.mark("why-same", {key: ""}, 4, "", []),
                  lambda: desk.mark("why-same", {key: ""}, -1, "", []),
                  lambda: desk.mark("why-same", {key: ""}, float("nan"), "", [])):
        with pytest.raises(Unknown):
            wrong()


def two_at_once(course: Course) -> None:
    """Every answer gets exactly one mark, and each grader knows whose it is."""
    page = shown(Desk(course, NAME, "setup"))
    given: dict[str, list[str]] = {"gita": [], "hugo": []}

    def work(grader: str) -> None:
        desk = Desk(course, NAME, grader)
        for group in page["groups"]:
            done = desk.mark("why-same", seen(page, group), 1 if grader == "gita" else 2, grader, [1, 0, 0, 0])
            given[grader] += done["marked"]

    threads = [threading.Thread(target=work, args=(grader,)) for grader in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given["gita"] + given["hugo"]) == sorted(page["answers"])
    after = shown(Desk(course, NAME, "setup"))["answers"]
    for grader, points in (("gita", 1), ("hugo", 2)):
        assert {(after[key]["points"], after[key]["by"]) for key in given[grader]} <= {(points, grader)}


def test_two_graders_at_once_on_one_file(course):
    two_at_once(course)


@pytest.mark.cluster
def test_two_graders_at_once_on_postgresql(tmp_path, monkeypatch):
    with database() as url:
        monkeypatch.setenv("COURSE_DB_URL", url)
        course = a_class(tmp_path / "course", students=16)
        assert course.directory.db_url == url
        two_at_once(course)
        first, desk = shown(Desk(course, NAME, "setup"))["groups"][0][0], Desk(course, NAME, "iris")
        done = desk.mark("why-same", seen(shown(desk), [first]), 3, "anew", [1, 1, 1, 1])
        assert desk.undo(done["batch"])["undone"] == [first]
        assert shown(desk)["answers"][first]["by"] in ("gita", "hugo")


def test_requests_that_came_in_as_files_are_listed(course):
    folder = course.root / "regrade" / NAME
    folder.mkdir(parents=True)
    mail = "From: Ada <ada@example.edu>\nSubject: Regrade: written_set, 1.1, ada\n\n<b>Please</b>"
    (folder / "one.eml").write_text(mail)
    (folder / "two.txt").write_text("by hand")
    (folder / "link.txt").symlink_to("/etc/hostname")
    found = Desk(course, NAME, "gita").overview()["requests"]
    assert [(one["subject"], one["text"]) for one in found] == [
        ("Regrade: written_set, 1.1, ada", "<b>Please</b>"), ("", "by hand")]


def test_a_mail_that_cannot_be_read_costs_its_own_line(course):
    """The standard library takes minutes for some headers, and raises what it never names for others."""
    folder = course.root / "regrade" / NAME
    folder.mkdir(parents=True)
    hostile = (b"From: " + b"(" * 100_000, b"From: " + b"," * 100_000, b"Subject: =?utf-7?q?+2AA-?=",
               b"Content-Type: " + b"text/plain;a*0=1;" * 6_000)
    for number, mail in enumerate(hostile):
        (folder / f"{number}.eml").write_bytes(mail + b"\n\n\xff")
    (folder / "last.eml").write_text("Subject: Regrade\n\nPlease")
    desk, start = Desk(course, NAME, "gita"), time.process_time()
    found = desk.overview()["requests"]
    assert time.process_time() - start < 10
    assert json.dumps(found)
    assert [one["file"] for one in found] == ["0.eml", "1.eml", "2.eml", "3.eml", "last.eml"]
    assert found[-1]["text"] == "Please"
    assert "open the file" in found[1]["text"]


def test_the_link_for_a_request_names_what_it_is_about():
    link = mailto("course@example.edu", "ps1", "amara.okafor", "1.1 Why & how?")
    assert link.startswith("mailto:course@example.edu?subject=Regrade%3A%20ps1")
    assert "&" not in link.split("&body=")[0].split("?")[1]
    assert '"' not in link
    assert "<" not in link


@pytest.fixture
def serving(course) -> Iterator[str]:
    with desk_of(course) as url:
        yield url


def ask(url: str, path: str, method: str = "GET", body: str | None = None, **headers: str):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read().decode()


def test_only_who_has_the_token_comes_in_and_only_from_the_desks_own_page(serving):
    token = urlsplit(serving).query.removeprefix("token=")
    cookie = {"Cookie": f"{COOKIE}={token}"}
    for path in ("/", "/api/overview", "/static/desk.js", "/?token=wrong"):
        assert ask(serving, path)[0] == 403, path
    status, headers, _ = ask(serving, f"/?token={token}")
    assert status == 302
    assert "HttpOnly" in headers["Set-Cookie"]
    assert "SameSite=Strict" in headers["Set-Cookie"]
    status, headers, page = ask(serving, "/", **cookie)
    assert status == 200
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "<script>" not in page
    assert ask(serving, "/", Host="evil.example", **cookie)[0] == 403
    undo = json.dumps({"batch": "x"})
    assert ask(serving, "/api/undo", "POST", undo, **cookie)[0] == 403  # another site's form sends no such header
    assert ask(serving, "/api/undo", "POST", undo, X_Desk="1", Origin="http://evil.example", **cookie)[0] == 403
    assert ask(serving, "/api/undo", "POST", undo, X_Desk="1", **cookie)[0] == 200
    assert ask(serving, "/api/mark", "POST", "[1]", X_Desk="1", **cookie)[0] == 400
    assert ask(serving, "/static/../server.py", **cookie)[0] in (403, 404)
    assert "Traceback" not in ask(serving, "/api/mark", "POST", "{", X_Desk="1", **cookie)[2]


@pytest.mark.skipif(not Path("/proc/net/tcp").exists() or os.geteuid() != 0, reason="nobody else can be asked to try")
@pytest.mark.parametrize("host", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_the_token_is_of_no_use_to_another_account(serving, host):
    """It stands in the list of processes, and a browser sends it to every server of the machine."""
    port, token = urlsplit(serving).port, urlsplit(serving).query.removeprefix("token=")
    address = f"http://{f'[{host}]' if host.startswith(':') else host}:{port}"

    def admitted(user: int) -> bool:
        pid = os.fork()
        if pid == 0:
            try:
                os.setuid(user)
                status = ask(address, "/api/overview", Host=f"127.0.0.1:{port}", Cookie=f"{COOKIE}={token}")[0]
            finally:
                os._exit(0 if status == 200 else 1)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

    assert admitted(0)
    assert not admitted(65534)


def test_a_desk_leaves_no_lock_behind(course):
    book = DeskBook(course, NAME)
    book.marks("why-same")
    with contextlib.closing(api.Gradebook(Course(course.root).directory.db_url)) as other:
        other.find_student("student01").email = "a@b"
        other.db.commit()
    book.close()
