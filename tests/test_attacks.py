"""No attack gets a mark, does harm, or outlives its own submission: one test for each file in `attacks/`.

An honest student is graded before it and another after it, in the same worker.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import attacking
import nbformat
import numpy as np
import pytest
from conftest import SMALL, nbgrader, processes_below
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers

from helpers.checking.observing import Local
from helpers.grading.classes import autograde as grading
from helpers.grading.classes.pool import Pool
from helpers.grading.course.folder import Course
from helpers.grading.gradebook import gradebook as books
from helpers.grading.marking import bounds, mending
from helpers.grading.marking.reference import Checked, ProblemSet
from helpers.grading.pages.feedback import feedback
from helpers.grading.pages.graded import read
from helpers.grading.sandbox.limits import Limits
from helpers.grading.sandbox.sandbox import Sandbox, walls_available

pytestmark = pytest.mark.walls

LIMITS = {"cell_seconds": 3, "call_seconds": 2, "notebook_seconds": 9, "grace_seconds": 0.5, "processes": 40,
          "memory_bytes": 600 * 2**20, "file_bytes": 8 * 2**20, "disk_bytes": 24 * 2**20, "output_bytes": 20_000,
          "rich_bytes": 200_000, "notebook_bytes": 2_000_000, "frame_bytes": 32 * 2**20}
SLACK = 40  # seconds, on a machine that is busy with other things; what stalls takes as long as it is let
HONEST = {
    "ada": {"loss": "# canary-neighbour\ndef loss(w, X, y):\n    return np.mean((X @ w - y) ** 2)",
            "gradient": "def gradient(w, X, y):\n    return X.T @ (X @ w - y) / len(y)",
            "why": "Because the loss is convex."},
    "zoe": {"loss": "def loss(w, X, y):\n    return float(((X @ w - y) ** 2).mean())",
            "gradient": "def gradient(w, X, y):\n    return 2 * np.einsum('nd,n->d', X, X @ w - y) / len(y)",
            "why": "Because the loss is convex."},
}
# What an honest student finds inside: the same as on a fresh machine, whoever was there before.
LOOK_AROUND = nbformat.v4.new_code_cell("""import builtins, os, sys
print(sorted(os.listdir("/tmp")), os.listdir("/dev/shm"), os.listdir("."))
print([name for name in os.listdir("/proc") if name.isdigit()])
print(len(dir(builtins)), sys.gettrace(), np.allclose.__module__, sorted(os.environ))""")
OBEYED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # by whoever shows a text
ATTACKS = attacking.attacks()
needs_walls = pytest.mark.skipif(not walls_available()[0], reason="no bubblewrap here")


class Here(Pool):
    """In place of autograde's pool: every student in this process, one after the other."""

    def outcomes(self, waiting, stop):
        for key, task in waiting:
            try:
                outcome = task and self.work(task)
            except Exception as error:
                outcome = error
            yield key, task, outcome


class Classroom:
    """A course with two honest students, and what an attack could reach for in it and around it."""

    def __init__(self, folder: Path, kind: str):
        self.folder, self.kind = folder, kind
        self.release = nbformat.read(folder / "release" / SMALL / f"{SMALL}.ipynb", as_version=4)
        for student, answers in HONEST.items():
            path = folder / "submitted" / student / SMALL / f"{SMALL}.ipynb"
            path.parent.mkdir(parents=True)
            look = (LOOK_AROUND,) if kind == "bubblewrap" else ()
            nbformat.write(attacking.written(self.release, answers, look), path)
        with open(folder / "nbgrader_config.py", "a") as config:
            config.write(f"\nc.CourseKit.limits = {LIMITS}\n")
        self.course = Course(folder)
        with contextlib.closing(books.ClassGradebook(self.course, SMALL)) as book:
            book.add_student("canary", email="canary-gradebook")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        nobody = {"user": 65534} if os.geteuid() == 0 else {}  # as whom the walls run what root grades
        self.victim = subprocess.Popen(["sleep", "1000"], env={"CANARY": "canary-victim"}, **nobody)
        self.secrets = ["canary", "X @ w - y\n    return 2 / len(y)", "also_at=lambda",
                        (folder / ".coursekit" / "secret").read_text() if self.grade() else ""]
        self.fresh = {student: self.result(student) for student in HONEST}
        self.untouched = self.tree()

    def grade(self) -> grading.Summary:
        return grading.autograde(self.course, SMALL, sandbox=self.kind, force=True)

    def hand_in(self, attack: attacking.Attack) -> None:
        for step in ("submitted", "autograded"):
            place = self.folder / step / attacking.STUDENT
            if (place / SMALL).is_symlink():
                (place / SMALL).unlink()
            shutil.rmtree(place, ignore_errors=True)
        attacking.hand_in(attack, self.folder, SMALL, self.release, {
            "port": self.listener.getsockname()[1], "victim": self.victim.pid, "marker": f"attack-{os.getpid()}",
            "memory": LIMITS["memory_bytes"], "disk": 2 * LIMITS["disk_bytes"]})

    def marks(self, student: str) -> dict[str, float]:
        with contextlib.closing(books.ClassGradebook(self.course, SMALL)) as book:
            return {cell: mark.score for cell, mark in book.marks()[student].items()}

    def result(self, student: str) -> tuple:
        """Marks, verdicts, and outputs of a student."""
        path = self.folder / "autograded" / student / SMALL / f"{SMALL}.ipynb"
        return self.marks(student), read(path, student).verdicts, [cell.get("outputs") for cell in
                                                                     nbformat.read(path, as_version=4).cells]

    def tree(self) -> dict[str, str]:
        """What nobody may change: all files but the attacker's own and grading's results, and the gradebook's texts."""
        found = {}
        for path in sorted(p for p in self.folder.rglob("*") if p.is_file()):
            name = path.relative_to(self.folder).as_posix()
            if not name.startswith(("autograded/", f"submitted/{attacking.STUDENT}/", f".coursekit/{SMALL}/")) and (
                    path.suffix != ".db" and not name.startswith("gradebook.db")):
                found[name] = f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mode}"
        with contextlib.closing(sqlite3.connect(self.folder / "gradebook.db")) as book:
            for query in ("select name, source from source_cell",
                          "select id, first_name, email from student where id != ?"):
                told = book.execute(query, (attacking.STUDENT,) if "?" in query else ()).fetchall()
                found[query] = repr(sorted(told, key=repr))
        return found

    def close(self) -> None:
        self.victim.kill()
        self.victim.wait()
        self.listener.close()


@pytest.fixture(scope="module")
def classrooms(built_small_course, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setattr(grading, "Pool", Here)
        patch.setenv("COURSE_TOKEN", "canary-environment")
        made = Classrooms(built_small_course, tmp_path_factory)
        stack.callback(made.close)
        yield made


class Classrooms(dict):
    """Classrooms by kind of walls. One in which an attack was successful is not used again."""

    def __init__(self, built: Path, folders: pytest.TempPathFactory):
        super().__init__()
        self.built, self.folders = built, folders

    @contextlib.contextmanager
    def room(self, kind: str):
        if kind not in self:
            folder = self.folders.mktemp(kind) / "course"
            shutil.copytree(self.built, folder)
            self[kind] = Classroom(folder, kind)
        try:
            yield self[kind]
        except BaseException:
            self.pop(kind).close()
            raise

    def close(self) -> None:
        for room in self.values():
            room.close()


def marked_processes() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().decode(errors="replace")
            found += [line] if f"attack-{os.getpid()}" in line else []
    return found


def shown(outputs_by_cell: list) -> str:
    """Everything that a student's outputs show, but for checks, which the grader wrote."""
    return json.dumps([output for outputs in outputs_by_cell for output in outputs or ()
                       if "verdict" not in output.get("metadata", {})])


def cases():
    for attack in ATTACKS:
        yield pytest.param(attack, "bubblewrap", id=f"{attack.name}-walls", marks=needs_walls)
        if not attack.walls:
            yield pytest.param(attack, "none", id=f"{attack.name}-none")


@pytest.mark.parametrize(("attack", "kind"), cases())
def test_an_attack_wins_nothing_and_leaves_nothing(classrooms, attack, kind):
    with classrooms.room(kind) as room:
        summary = wins_nothing_and_leaves_nothing(room, attack)
    # Without walls a submission can end the warm process, which looks like the machine's doing: its zero is not final.
    assert kind == "none" or summary.again == []


def wins_nothing_and_leaves_nothing(room: Classroom, attack: attacking.Attack) -> grading.Summary:
    running = len(processes_below(os.getpid()))
    room.hand_in(attack)
    summary = room.grade()

    marks = room.marks(attacking.STUDENT)
    assert {cell: mark for cell, mark in marks.items() if mark} == attack.earned
    assert {student: room.result(student) for student in HONEST} == room.fresh
    assert sorted(summary.graded) == ["ada", attacking.STUDENT, "zoe"]
    assert summary.seconds[attacking.STUDENT] < LIMITS["notebook_seconds"] + LIMITS["grace_seconds"] + SLACK

    told = shown(room.result(attacking.STUDENT)[2])
    assert [secret for secret in room.secrets if json.dumps(secret)[1:-1] in told] == []
    size = (room.folder / "autograded" / attacking.STUDENT / SMALL / f"{SMALL}.ipynb").stat().st_size
    assert size < 4 * LIMITS["notebook_bytes"]

    assert room.tree() == room.untouched
    assert len(processes_below(os.getpid())) <= running
    assert marked_processes() == []
    assert room.victim.poll() is None
    assert "T" not in Path(f"/proc/{room.victim.pid}/stat").read_text().rpartition(")")[2].split()[0]
    with pytest.raises(BlockingIOError):
        room.listener.accept()
    assert not any(Path(place, "owned").exists() for place in ("/tmp", "/dev/shm", room.folder))
    return summary


@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack.page], ids=lambda attack: attack.name)
@pytest.mark.parametrize("stock_template", [False, True], ids=["feedback", "formgrader"])
def test_what_an_attack_shows_does_not_act(classrooms, attack, stock_template):
    with classrooms.room("none") as room:
        room.hand_in(attack)
        room.grade()
        page = shown_by_formgrader(room) if stock_template else shown_to_the_student(room)
    assert "owned" in page
    assert attacking.Acting(page).found == []
    assert OBEYED.findall(page) == []


def shown_by_formgrader(room: Classroom) -> str:
    config = room.course.config.copy()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    facts = dict.fromkeys(("submission_id", "notebook_id", "assignment_id", "base_url", "student", "last_name",
                           "first_name", "submission", "notebook", "assignment", "mathjax_url"), SMALL)
    path = room.folder / "autograded" / attacking.STUDENT / SMALL / f"{SMALL}.ipynb"
    return HTMLExporter(config=config).from_filename(
        str(path), resources=facts | {"index": 0, "total": 1, "score": 0, "max_score": 0})[0]


def shown_to_the_student(room: Classroom) -> str:
    feedback(room.course, SMALL, workers=1, force=True)
    page = (room.folder / "feedback" / attacking.STUDENT / SMALL / f"{SMALL}.html").read_text()
    shutil.rmtree(room.folder / "feedback")
    return page


LYING = {
    "an object answers for its own properties": """
class Shares:
    def sum(self, *a): return 1.0
    def __len__(self): return 10**15
def shares(z): return Shares()
def total(p): return 1.0""",
    "a function of the student's answers for another": """
def shares(z): return z
def total(p): return 1.0""",
    "more numbers than a check may compute with": """
def shares(z): return np.full(2_000_000, 5e-7)
def total(p): return 1.0""",
}


SHARES = ("def shares(z): return np.exp(z) / np.exp(z).sum()\ndef total(p): return p.sum()",
          "check.properties(shares, at=lambda rng: [{'z': rng.standard_normal(3)}], points=2,\n"
          "                 sums_to_one=lambda p, z: np.allclose(p.sum(), 1), as_total=lambda p, z: total(p) == 1)")


@pytest.mark.parametrize("lie", LYING)
def test_a_property_is_not_what_the_student_says_it_is(sandbox, lie):
    """`shares(z)` must sum to one, as `total` says; only the reference's `total` is asked."""
    assert checked(sandbox, *SHARES, LYING[lie]).verdict.points == 0


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox("none", Limits(**LIMITS)) as sandbox:
        yield sandbox


def checked(sandbox: Sandbox, solution: str, check: str, attack: str) -> Checked:
    """A check of one question, on an answer that was run without walls."""
    cell = nbformat.v4.new_code_cell
    cells = [
        cell("import numpy as np\nfrom helpers import check"),
        cell(solution, metadata={"nbgrader": {"grade_id": "q", "solution": True, "grade": False, "locked": False}}),
        cell(check, metadata={"nbgrader": {"grade_id": "q-check", "solution": False, "grade": True, "points": 2}}),
    ]
    problem_set = ProblemSet("q", nbformat.v4.new_notebook(cells=cells))
    with sandbox.open() as student:
        student.run("import numpy as np")
        assert [output for output in student.run(attack) if output["output_type"] == "error"] == []
        subjects = {name: student.subject(name) for name in problem_set.student_names}
        found = problem_set.check(check, "q-check", subjects, 1)
        found.finish()
    return found


AT = "at=lambda rng: [{'x': rng.standard_normal(3)}, {'x': rng.standard_normal(3)}], points=2"
HALVES = "def halves(x): return x / 2, x / 2"
IN_DISGUISE = {
    "labels leave out what differs": (
        HALVES, f"check.residuals(halves, of=lambda r, x: r[0] - r[1], {AT})",
        "import pandas as pd\n"
        "def halves(x): return pd.Series([0.0, 1, 0], index=[1, 2, 3]), pd.Series([0.0, 0, 5], index=[3, 4, 5])"),
    "labels leave numbers out of a loss": (
        HALVES, f"check.training(halves, loss=lambda r, x: ((r[0] - r[1]) ** 2).mean(), below=1e-6, {AT})",
        "import pandas as pd\n"
        "def halves(x): return pd.DataFrame([0.0, 1, 0], index=[1, 2, 3])[0], pd.Series([0.0, 0, 5], index=[3, 4, 5])"),
    "halves in a list vanish": (
        "def steps(x): return [1e-9, 1e-9, 1e-9]",
        f"check.properties(steps, small=lambda r, x: sum(step**2 for step in r) <= 1e-12, {AT})",
        "def steps(x): return [np.float16(1e-4)] * 3"),
    "two entries with one name": (
        "def found(x): return {1: 0.0}", f"check.properties(found, none=lambda r, x: not r[1] > 0, {AT})",
        "def found(x): return {1: float('nan'), '1': 0.0}"),
}


@pytest.mark.parametrize("disguise", IN_DISGUISE)
def test_a_result_is_computed_with_as_it_was_looked_at(sandbox, disguise):
    solution, check, attack = IN_DISGUISE[disguise]
    assert checked(sandbox, solution, check, solution).verdict.points == 2
    assert checked(sandbox, solution, check, attack).verdict.points == 0


SAME_FOR_ALL = "at=lambda rng: [{'x': np.ones(3)}, *({'x': rng.standard_normal(3)} for _ in range(3))], points=4"


@pytest.mark.parametrize("check", [
    f"check.values(half, {SAME_FOR_ALL})", f"check.values(half, {SAME_FOR_ALL}, by='case')",
    f"check.properties(half, {SAME_FOR_ALL}, small=lambda r, x: np.allclose(2 * r, x))"])
def test_what_everybody_can_look_up_earns_nothing_by_itself(sandbox, check):
    """One of four cases is the same for every seed, and its answer stands beside the notebook."""
    answer = "def half(x):\n    if {}: return x / 2\n    raise ValueError('not that one')"
    solution = "def half(x): return x / 2"
    assert checked(sandbox, solution, check, answer.format("(x == 1).all()")).verdict.points == 0
    assert checked(sandbox, solution, check, answer.format("len(x) == 3")).verdict.points == 4
    first = "(x == 1).all() or not globals().setdefault('seen', x[0]) != x[0]"
    assert checked(sandbox, solution, check, answer.format(first)).verdict.points == 2


def test_who_always_gives_up_earns_nothing(sandbox):
    """Where a search may find nothing in some case, nothing is an answer, and the only right one of some properties."""
    check = ("check.properties(search, at=lambda rng: [{'x': rng.standard_normal(3), 'tries': n} for n in (5, 1)], "
             "points=2, finds=lambda r, x, tries: tries == 1 or r[0] is not None,"
             " admits=lambda r, x, tries: tries > 1 or r[0] is None)")
    solution = "def search(x, tries): return (x, 2) if tries > 1 else (None, tries)"
    assert checked(sandbox, solution, check, solution).verdict.points == 2
    assert checked(sandbox, solution, check, "def search(x, tries): return None, tries").verdict.points == 0


@pytest.mark.parametrize("check", ["check.answer(half, points=1)", "check.answer(half, points=1, expected=1.0)"])
def test_an_answer_does_not_choose_how_well_it_is_looked_at(sandbox, check):
    solution = "def half(): return 1.0"
    assert checked(sandbox, solution, check, "def half(): return np.float32(1)").verdict.points == 1
    assert checked(sandbox, solution, check, "def half(): return np.float16(1.01)").verdict.points == 0


@pytest.mark.parametrize(("drawn", "right"), [
    ("plt.imshow(A)", True), ("plt.pcolormesh(A.T)", True), ("plt.imshow(A); plt.colorbar()", True),
    ("plt.imshow(A - A)", False),
    ("plt.bar(range(3), A[0]), plt.scatter(*A[:2])", False)])
def test_a_figure_without_lines_shows_the_right_data(sandbox, drawn, right):
    start = "import matplotlib.pyplot as plt\ndef draw(A):\n    "
    at = AT.replace("x", "A").replace("(3)", "((3, 3))")
    found = checked(sandbox, f"{start}plt.imshow(A)", f"check.figure(draw, {at})", start + drawn)
    assert [row.right for row in found.verdict.rows if row.name == "data"] == [right]


@pytest.mark.parametrize(("drawn", "right"), [
    ("plt.plot(A)", True), ("plt.plot(range(1, 10), A)", True), ("plt.plot(np.arange(9) * 100, A)", True),
    ("plt.plot(-np.arange(9), A)", False), ("plt.plot(np.arange(9) ** 2, A)", False), ("plt.plot([0] * 9, A)", False)])
def test_a_line_runs_across_as_it_should_in_units_of_its_own(sandbox, drawn, right):
    start = "import matplotlib.pyplot as plt\ndef draw(A):\n    plt.xlabel('step'), plt.ylabel('A')\n    "
    at = AT.replace("x", "A").replace("(3)", "(9)")
    found = checked(sandbox, f"{start}plt.plot(range(9), A)", f"check.figure(draw, {at})", start + drawn)
    assert [row.right for row in found.verdict.rows if row.name == "data"] == [right]


def test_no_reason_is_looked_for_in_what_is_far_too_large(sandbox):
    check = f"check.values(half, {AT})"
    found = checked(sandbox, "def half(x): return x / 2", check, "def half(x): return np.ones((60_000, 1))")
    assert {row.kind for row in found.verdict.rows} == {"size"}
    assert not mending.wanting(found.verdict)


@pytest.mark.parametrize("form", ["np.ones(3000) * x[0]", "pd.Series(np.ones(3000) * x[0])", "[x[0]] * 3000"])
def test_an_example_is_no_way_to_large_results(sandbox, form):
    """What is right in shape on a check's own cases, and far larger on the small ones that examples are made from."""
    check = (f"check.residuals(half, of=lambda r, x: np.linalg.svd(np.outer(2 * r - x[0], 2 * r - x[0]), "
             f"compute_uv=False), {AT.replace('(3)', '(6)')})")
    start = time.process_time()
    found = checked(sandbox, "def half(x): return x / 2", check,
                    f"import pandas as pd\ndef half(x): return x * 0 + 7 if len(x) > 5 else {form}")
    assert found.verdict.points == 0
    assert time.process_time() - start < 10


@pytest.mark.parametrize("check", ["check.values(half, {})", "check.properties(half, a=lambda r, x: sum(r) == 0, {})"])
@pytest.mark.parametrize("form", ["range(300_000_000)", "[range(300_000_000)]", "pd.RangeIndex(200_000_000)"])
def test_numbers_that_nobody_has_written_down_are_counted_before_they_are(sandbox, check, form):
    start = time.process_time()
    found = checked(sandbox, "def half(x): return x / 2", check.format(AT),
                    f"import pandas as pd\ndef half(x): return {form}")
    assert {row.share for row in found.verdict.rows} == {0}
    assert time.process_time() - start < 3


SLOW = """import time
def half(x):
    start = time.process_time()
    while time.process_time() - start < 0.2: pass
    return x / 2"""


@pytest.mark.parametrize("check", [
    "check.values(half, {})", "check.properties(half, a=lambda r, x: abs(r - x / 2) < 1e-9, {})"])
def test_whose_limit_ends_while_the_reference_computes_leaves_nobody_a_wrong_reference(check):
    """What a limit breaks off is an exception of the function that is observed: of the reference, for all to come."""
    cell = nbformat.v4.new_code_cell
    problem_set = ProblemSet("q", nbformat.v4.new_notebook(cells=[
        cell("import numpy as np\nfrom helpers import check"),
        cell(SLOW, metadata={"nbgrader": {"grade_id": "q", "solution": True, "grade": False, "locked": False}}),
        cell("", metadata={"nbgrader": {"grade_id": "q-check", "solution": False, "grade": True, "points": 2}})]))
    text = check.format(AT.replace("standard_normal(3)", "standard_normal()"))

    def points(limit: float) -> float:
        with contextlib.suppress(bounds.TooLong), bounds.bounded(seconds=limit):
            found = problem_set.check(text, "q-check", {"half": Local("half", lambda x: x / 2)}, 1, "where")
            return found.verdict.points if found.verdict else 0.0
        return 0.0

    assert [points(limit) for limit in (0.1, 0.3, 60.0)][-1] == 2


BY_NBGRADER = ("changed_points", "edited_checks", "experiment_answers", "forged_output", "linked_notebook",
               "patched_checks", "retagged_checks", "unwritable_text")


def test_attacks_win_nothing_through_nbgrader_either(small_course):
    course, kind = Course(small_course), "auto" if walls_available()[0] else "none"
    with open(small_course / "nbgrader_config.py", "a") as config:
        config.write(f"\nc.CourseKit.limits = {LIMITS}\nc.CourseKit.sandbox = {kind!r}\n")
    release = nbformat.read(small_course / "release" / SMALL / f"{SMALL}.ipynb", as_version=4)
    for attack in ATTACKS:
        if attack.name in BY_NBGRADER:
            attacking.hand_in(attack, small_course, SMALL, release, {}, student=attack.name)
    honest = small_course / "submitted" / "zoe" / SMALL / f"{SMALL}.ipynb"
    honest.parent.mkdir(parents=True)
    nbformat.write(attacking.written(release, HONEST["zoe"]), honest)
    nbgrader("autograde", SMALL, folder=small_course)
    _, marks = books.marks_of(course, SMALL)
    won = {student: {cell: mark.score for cell, mark in row.items() if mark.score}
           for student, row in marks.items()}
    assert won.pop("zoe") == {"loss-check": 1, "gradient-check": 3}
    assert won == {name: {} for name in BY_NBGRADER}


@pytest.fixture
def student(sandbox):
    with sandbox.open() as student:
        yield student


def test_functions_that_ask_each_other_have_the_time_of_one(student):
    """A property of the student's asks the grader's function again, which asks for the property again."""
    student.run("""
import time
class Again:
    @property
    def more(self):
        time.sleep(0.4)
        ask(Again())
def begin(function):
    global ask
    ask = function
    ask(Again())""")
    start = time.monotonic()
    seen = student.subject("begin").observe(lambda again: again.more.value())
    assert seen.error is not None
    assert time.monotonic() - start < LIMITS["call_seconds"] + LIMITS["grace_seconds"] + SLACK / 2


def test_numpy_does_not_ask_an_object_for_its_items(student):
    student.run("""
class Long:
    def __len__(self): return 10**9
    def __getitem__(self, key): return Long()
def long(): return Long()""")
    long = student.subject("long")()
    start = time.monotonic()
    with pytest.raises(TypeError, match="no array"):
        np.asarray(long)
    assert time.monotonic() - start < SLACK


def test_what_a_later_cell_changes_is_counted_too(student):
    size = LIMITS["rich_bytes"] // 4
    student.run("from IPython.display import display\n"
                "shown = [display({'text/plain': '.'}, raw=True, display_id=True) for _ in range(40)]")
    student.run(f"for one in shown: one.update({{'text/plain': 'x' * {size}}}, raw=True)")
    kept = sum(len(output["data"]["text/plain"]) for outputs in student._displays.values() for output in outputs)
    assert size <= kept <= LIMITS["rich_bytes"] + 1000


def test_there_are_enough_attacks():
    assert len(ATTACKS) >= 40
    assert all(attack.says for attack in ATTACKS)
    assert Limits(**LIMITS)
