"""A term on a shared machine, played on a real JupyterHub: two graders, two students, one exchange.

Every person is an account of the machine, and does what the manual says; at the end a service does the graders' work.
What a student must not read or change is tried as that student, before `coursekit doctor --fix` (when it can be done)
and after (when it cannot).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import a_hub
import nbformat
import pytest
import small_class
from a_hub import Missing, run_as
from conftest import processes_below
from small_class import NAME, RIGHT, SUMMED

pytestmark = [pytest.mark.slow, pytest.mark.walls]

GRADERS, STUDENTS = ("gita", "hugo"), ("ada", "ben")
COURSE = "backprop"


@dataclass
class Term:
    """A course on a Hub, as its manual leaves it."""

    machine: a_hub.Machine
    python: Path
    hub: a_hub.Hub
    course: Path
    exchange: Path
    before: dict[str, list[str]]  # what students could do before `doctor --fix`
    environment: dict[str, str]

    def account(self, person: str) -> str:
        return self.machine.accounts[person]

    def says(self, person: str, *command: str, check: bool = True):
        """A command of a person's terminal in the course folder."""
        return run_as(self.account(person), [self.python, "-m", *command], check, self.course, **self.environment)

    def coursekit(self, person: str, *arguments: str):
        program = "from helpers.grading.cli import main; main()"
        return run_as(self.account(person), [self.python, "-c", program, *arguments], True, self.course,
                      **self.environment)

    def server(self, person: str, path: str, *args, **how):
        return self.hub.ask(f"user/{self.account(person)}/{path}", *args, **how)

    def may(self, person: str, how: str, path: Path) -> bool:
        """Can a person read (r), change (w) or enter (x) it?"""
        return run_as(self.account(person), ["test", f"-{how}", path], check=False).returncode == 0


def a_course(machine: a_hub.Machine, exchange: Path) -> Path:
    """Made by one grader as the manual says, with the rights that a system gives by itself."""
    before = os.umask(0o022)
    folder = machine.folder / "course"
    try:
        small_class.empty_course(folder)
    finally:
        os.umask(before)
    for step in ("release", "source", "gradebook.db", ".coursekit"):
        path = folder / step
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write(f"c.Exchange.root = {str(exchange)!r}\n")
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, machine.accounts[GRADERS[0]], machine.accounts[GRADERS[0]])
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def for_students(folder: Path, exchange: Path) -> dict[str, str]:
    """What an administrator writes once for everybody."""
    (folder / "etc").mkdir(mode=0o755)
    (folder / "etc" / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.course_id = {COURSE!r}\nc.Exchange.root = {str(exchange)!r}\n")
    return {"JUPYTER_CONFIG_PATH": str(folder / "etc")}


@pytest.fixture(scope="module")
def term() -> Iterator[Term]:
    with contextlib.ExitStack() as stack:
        try:
            program = a_hub.proxy()
            machine = stack.enter_context(a_hub.accounts(GRADERS, STUDENTS))
            python = a_hub.python_for_all(machine.folder, machine.accounts["ada"])
            exchange = machine.folder / "exchange"
            environment = for_students(machine.folder, exchange)
            hub = stack.enter_context(a_hub.hub(machine.folder, python, program, environment))
        except Missing as why:
            pytest.skip(str(why))
        course = a_course(machine, exchange)
        made = Term(machine, python, hub, course, exchange, {}, environment | {"JUPYTERHUB_USER": "somebody"})
        made.before["read"] = [path for path in (f"notebooks/{NAME}.py",) if made.may("ada", "r", course / path)]
        yield made


def works(answers: dict[str, str], content: dict) -> dict:
    for cell in content["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(grade_id, cell["source"])
    return content


def submit(term: Term, student: str, answers: dict[str, str]) -> None:
    """Work on the notebook and submit it, as JupyterLab would ask the student's server to."""
    status, found = term.server(student, f"api/contents/{NAME}/{NAME}.ipynb")
    assert status == 200, found
    status, said = term.server(student, f"api/contents/{NAME}/{NAME}.ipynb", "PUT",
                               {"type": "notebook", "content": works(answers, found["content"])})
    assert status == 200, said
    status, said = term.server(student, "assignments/submit", "POST", form={"course_id": COURSE, "assignment_id": NAME})
    assert status == 200, said
    assert said["success"], said


def marks(term: Term, person: str, student: str) -> dict:
    """A submission as a grader's formgrader lists it."""
    status, found = term.server(person, f"formgrader/api/submission/{NAME}/{term.account(student)}")
    assert status == 200, found
    return found


def private(term: Term) -> list[Path]:
    """What no student may read."""
    return [term.course / place for place in (
        f"notebooks/{NAME}.py", f"source/{NAME}/{NAME}.ipynb", "gradebook.db", ".coursekit/secret",
        "nbgrader_config.py", f"submitted/{term.account('ben')}/{NAME}/{NAME}.ipynb",
        f"autograded/{term.account('ben')}/{NAME}/{NAME}.ipynb", f"feedback/{term.account('ben')}/{NAME}/{NAME}.html")]


def test_a_term_of_two_graders_and_two_students(term):
    assert term.before["read"], "before `doctor --fix` a student reads the master: else this test shows nothing"
    mend(term)
    term.coursekit("gita", "build")
    term.says("gita", "nbgrader", "release_assignment", NAME)
    a_desk_inside_jupyter(term)
    term.hub.start(*(term.account(person) for person in ("ada", "ben", "hugo")))
    hand_in_and_grade(term)
    a_person_grades(term)
    a_person_grades_at_the_desk(term)
    give_back(term)
    hand_in_again(term)
    with a_service(term, "gita"):
        hand_in_until_it_is_right(term)
    nothing_is_open(term)


def mend(term: Term) -> None:
    """Root makes what graders cannot; each grader then does so for the own account."""
    program = "from helpers.grading.cli import main; main()"
    home = term.machine.folder / "root"
    home.mkdir(mode=0o700)
    root = subprocess.run([term.python, "-c", program, "doctor", "--fix", "--group", term.machine.group],
                          cwd=term.course, env=os.environ | term.environment | {"HOME": str(home)},
                          capture_output=True, text=True, timeout=a_hub.PATIENCE)
    assert root.returncode == 0, root.stdout + root.stderr
    for person in GRADERS:
        said = run_as(term.account(person), [term.python, "-c", program, "doctor", "--fix", "--json"], False,
                      term.course, **term.environment)
        assert said.stdout, said.stderr
        left = [one["what"] for one in json.loads(said.stdout) if one["state"] == "missing"]
        assert left == [], said.stdout + said.stderr


def hand_in_and_grade(term: Term) -> None:
    for student in STUDENTS:
        status, said = term.server(student, "assignments/fetch", "POST",
                                   form={"course_id": COURSE, "assignment_id": NAME})
        assert status == 200, said
        assert said["success"], said
    submit(term, "ada", RIGHT | {"mean-square": SUMMED})
    submit(term, "ben", RIGHT)
    term.says("gita", "nbgrader", "collect", NAME)
    term.coursekit("gita", "autograde", NAME, "-j", "1")
    assert marks(term, "hugo", "ben")["score"] == 5
    assert marks(term, "hugo", "ada")["score"] < 5


def a_person_grades(term: Term) -> None:
    """The second grader gives a mark in formgrader for what the first has collected and graded."""
    status, _ = term.server("hugo", "formgrader/manage_assignments")
    assert status == 200
    submission = term.server("hugo", f"formgrader/api/submitted_notebooks/{NAME}/{NAME}")[1]
    own, = [one for one in submission if one["student"] == term.account("ada")]
    assert term.server("hugo", f"formgrader/submissions/{own['id']}/")[0] == 200  # the page is drawn
    grade, = [one for one in term.server("hugo", f"formgrader/api/grades?submission_id={own['id']}")[1]
              if one["name"] == "why"]
    status, said = term.server("hugo", f"formgrader/api/grade/{grade['id']}", "PUT", {"manual_score": 3})
    assert status == 200, said


def a_desk_inside_jupyter(term: Term) -> None:
    """As the manual says; a student may write the same line."""
    for person in ("ada", "hugo"):
        text = 'c.ServerApp.jpserver_extensions = {"helpers.grading.desk.extension": True}'
        place = Path(term.machine.homes) / person / ".jupyter"
        script = f"mkdir -p {place} && echo '{text}' >> {place}/jupyter_server_config.py"
        run_as(term.account(person), ["sh", "-c", script])


def a_person_grades_at_the_desk(term: Term) -> None:
    """The same grader, behind the Hub's login; a student's own desk has nothing to show."""
    desk = f"coursekit/desk/{NAME}"
    status, page = term.server("hugo", f"{desk}/")
    assert (status, "desk.js" in page) == (200, True)
    status, found = term.server("hugo", f"{desk}/api/question?id=why&names=1")
    assert status == 200, found
    key, answer = next((key, one) for key, one in found["answers"].items() if term.account("ben") in one["name"])
    assert answer["waits"]
    mark = {"id": "why", "seen": {key: answer["version"]}, "points": 2, "comment": "half", "items": [0]}
    status, said = term.server("hugo", f"{desk}/api/mark", "POST", mark)
    assert (status, said.get("marked")) == (200, [key]), said
    assert marks(term, "hugo", "ben")["score"] == 5 + 2
    assert term.server("ada", f"{desk}/api/overview")[0] == 404


def give_back(term: Term) -> None:
    term.coursekit("hugo", "feedback", NAME, "-j", "1")
    term.says("gita", "nbgrader", "release_feedback", NAME)
    status, said = term.server("ada", "assignments/fetch_feedback", "POST",
                               form={"course_id": COURSE, "assignment_id": NAME})
    assert status == 200, said
    assert said["success"], said
    home = Path(term.machine.homes) / "ada"
    page, = home.rglob(f"{NAME}.html")
    assert term.may("ada", "r", page)
    assert "averaged" in page.read_text()  # of the sentence that the misconception is named with


def hand_in_again(term: Term) -> None:
    """A resubmission, collected and graded by the other grader: the mark by hand stays."""
    submit(term, "ada", RIGHT)
    term.says("hugo", "nbgrader", "collect", NAME, "--update")
    term.coursekit("hugo", "autograde", NAME, "-j", "1")
    assert marks(term, "hugo", "ada")["score"] == 5 + 3
    assert nbformat.read(term.course / "submitted" / term.account("ada") / NAME / f"{NAME}.ipynb", 4)
    term.coursekit("gita", "feedback", NAME, "-j", "1")
    term.says("hugo", "nbgrader", "release_feedback", NAME)


@contextlib.contextmanager
def a_service(term: Term, person: str) -> Iterator[None]:
    """`coursekit serve`, started by a grader and left alone."""
    account = term.account(person)
    program = "from helpers.grading.cli import main; main()"
    with open(term.machine.folder / "served.txt", "w+") as said:
        service = subprocess.Popen(
            a_hub.as_account(account, [term.python, "-c", program, "serve", NAME, "-j", "1"]), cwd=term.course,
            env=a_hub.environment_of(account) | term.environment, stdout=said, stderr=said)
        try:
            yield
        finally:
            for pid in processes_below(service.pid)[:1]:  # what runuser has started
                os.kill(pid, signal.SIGINT)
            code = service.wait(a_hub.PATIENCE)
        said.seek(0)
        assert code == 0, said.read()


def hand_in_until_it_is_right(term: Term) -> None:
    """Both students hand in what is wrong, see why, mend it and see that it is right; no grader does anything."""
    for answers, is_wrong in ((RIGHT | {"mean-square": SUMMED}, True), (RIGHT, False)):
        seen = {student: pages_of(term, student) for student in STUDENTS}
        for student in STUDENTS:
            submit(term, student, answers)
        for student in STUDENTS:
            assert ("averaged" in next_page(term, student, seen[student])) is is_wrong, student
    assert marks(term, "hugo", "ada")["score"] == 5 + 3
    assert marks(term, "hugo", "ben")["score"] == 5 + 2


def pages_of(term: Term, student: str) -> set[Path]:
    """What "Fetch Feedback" has brought."""
    status, said = term.server(student, "assignments/fetch_feedback", "POST",
                               form={"course_id": COURSE, "assignment_id": NAME})
    assert status == 200, said
    return {page for page in (Path(term.machine.homes) / student).rglob(f"{NAME}.html")
            if "Feedback for" in page.read_text()}


def next_page(term: Term, student: str, seen: set[Path]) -> str:
    until = time.monotonic() + a_hub.PATIENCE
    while time.monotonic() < until:
        if new := pages_of(term, student) - seen:
            return new.pop().read_text()
        time.sleep(0.5)
    raise AssertionError(f"{student} has found no feedback: {(term.machine.folder / 'served.txt').read_text()}")


def nothing_is_open(term: Term) -> None:
    """Read, change, list, rename: as a student, on all that is not the student's."""
    for path in private(term):
        assert path.exists(), path
        for how in "rw":
            assert not term.may("ada", how, path), (how, path)
        assert all(term.may(grader, "r", path) for grader in GRADERS), path
    exchange = term.exchange / COURSE
    inbound = next(exchange.glob(f"inbound/{term.account('ben')}+*"))
    for place in (exchange / "inbound", exchange / "feedback"):
        assert run_as(term.account("ada"), ["ls", place], check=False).returncode != 0, place
    for place in (exchange, exchange / "outbound", exchange / "outbound" / NAME, exchange / "feedback",
                  term.course / "submitted" / term.account("ada") / NAME):
        assert not term.may("ada", "w", place), place
    assert run_as(term.account("ada"), ["mv", exchange, term.exchange / "mine"], check=False).returncode != 0
    assert inbound.exists()
    served = [term.server(person, "formgrader/manage_assignments")[0] for person in ("ada", "hugo")]
    assert served == [404, 200], "formgrader is served to graders only"
    off = json.loads((Path(term.python).parent.parent / "etc/jupyter/labconfig/page_config.json").read_text())
    assert off["disabledExtensions"]["@jupyter/nbgrader:create-assignment"]
