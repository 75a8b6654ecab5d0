"""The walls: limits that hold, nothing to be seen, nothing left behind."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, processes_below

from helpers.grading.course.folder import Course
from helpers.grading.marking.prepared import job_of
from helpers.grading.sandbox import bubblewrap
from helpers.grading.sandbox.launch import Fresh, Warmed
from helpers.grading.sandbox.limits import Limits
from helpers.grading.sandbox.process import SubmissionProcess
from helpers.grading.sandbox.sandbox import Sandbox, SandboxError, walls_available

pytestmark = pytest.mark.walls

LIMITS = Limits(
    cell_seconds=20,  # the machine may be busy: tests of timeouts say their own
    call_seconds=5,
    grace_seconds=2,
    processes=24,
    memory_bytes=2**29,
    file_bytes=2**20,
    disk_bytes=4 * 2**20,
    output_bytes=10_000,
    rich_bytes=100_000,
    outputs=20,
)
needs_bubblewrap = pytest.mark.skipif(not walls_available()[0], reason="no bubblewrap here")
KINDS = ["none", pytest.param("bubblewrap", marks=needs_bubblewrap)]


@pytest.fixture(scope="module", params=KINDS)
def sandbox(request):
    with Sandbox(request.param, LIMITS) as sandbox:
        yield sandbox


@pytest.fixture
def student(sandbox):
    with sandbox.open() as student:
        yield student


@pytest.fixture(scope="module")
def walled():
    if not walls_available()[0]:
        pytest.skip("no bubblewrap here")
    with Sandbox("bubblewrap", LIMITS) as sandbox:
        yield sandbox


def text_of(outputs) -> str:
    return "".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") or o.get("evalue", "") for o in outputs)


def last(outputs) -> dict:
    return outputs[-1] if outputs else {}


# ---------------------------------------------------------------------------------------------------------------------
# Limits
# ---------------------------------------------------------------------------------------------------------------------


def test_state_lives_from_cell_to_cell_and_dies_with_the_submission(sandbox):
    with sandbox.open({"data/x.csv": b"1,2"}) as student:
        student.run("import builtins, numpy\nx = open('data/x.csv').read(); builtins.leak = 1; numpy.leak = 1")
        student.run("open('left', 'w').write('x'); open('/tmp/left-by-a-student', 'w').close()")
        assert text_of(student.run("x")) == "'1,2'"
    assert student.ended is not None
    with sandbox.open() as student:
        assert last(student.run("x"))["ename"] == "NameError"
        student.run("import os, builtins, numpy")
        told = student.run("(os.listdir(), hasattr(builtins, 'leak'), hasattr(numpy, 'leak'))")
        assert "False, False" in text_of(told)
        assert "left" not in text_of(told)
        if sandbox.kind == "bubblewrap":
            # In a clone below /tmp, the way to it is there as well.
            found = text_of(student.run("[n in os.listdir('/tmp') for n in ('.matplotlib', 'left-by-a-student')]"))
            assert found == "[True, False]"
    Path("/tmp/left-by-a-student").unlink(missing_ok=True)


def test_a_slow_cell_is_stopped_its_outputs_stay_and_the_notebook_goes_on(student):
    start = time.monotonic()
    outputs = student.run("print('before')\nimport time\nwhile True: pass", seconds=0.7)
    assert time.monotonic() - start < 10
    assert outputs[0]["text"] == "before\n"
    assert [o["ename"] for o in outputs[1:]] == ["CellTimeoutError"]
    assert text_of(student.run("1 + 1")) == "2"


def test_a_cell_that_waits_for_a_program_is_interrupted(student):
    start = time.monotonic()
    outputs = student.run("import os; os.system('sleep 30'); print('after')", seconds=0.7)
    assert time.monotonic() - start < 10
    assert last(outputs)["ename"] == "CellTimeoutError"
    assert text_of(student.run("1")) == "1"


@pytest.mark.parametrize(
    "source",
    [
        "import time\nwhile True:\n    try: time.sleep(60)\n    except BaseException: pass",
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
        "sum(range(10**12))",
    ],
)
def test_a_cell_that_will_not_stop_is_ended_with_its_process(student, source):
    outputs = student.run("print('before', flush=True)\n" + source, seconds=0.7)
    assert outputs[0]["text"] == "before\n"
    assert [o["ename"] for o in outputs[1:]] == ["CellTimeoutError", "ProcessEnded"]
    assert "could not be interrupted" in student.ended
    assert [o["ename"] for o in student.run("1")] == ["ProcessEnded"]
    assert student.subject("f").observe().error.type == "ProcessEnded"
    assert student.subject("f").missing()


def test_a_slow_call_is_stopped_and_the_next_one_works(student):
    student.run("import time\ndef slow(): time.sleep(60)\ndef fine(): return 1")
    error = student.subject("slow").observe(seconds=0.5).error
    assert (error.type, error.message) == ("TimeoutError", "took longer than 0.5 s and was stopped")
    assert student.subject("fine").observe().value == 1


def test_a_notebook_has_a_time_of_its_own(sandbox):
    limits = Limits(cell_seconds=5, notebook_seconds=0.6, grace_seconds=0.5)
    with Sandbox(sandbox.kind, limits, imports=()) as short, short.open() as student:
        student.run("import time; time.sleep(0.3)")
        assert [o["ename"] for o in student.run("time.sleep(3)")][-1] == "ProcessEnded"
        assert "the notebook took longer than 0.6 s" in student.ended


def test_processor_time_is_limited(sandbox):
    limits = Limits(cell_seconds=20, notebook_seconds=0.9, grace_seconds=10)
    source = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    with Sandbox(sandbox.kind, limits, imports=()) as short, short.open() as student:
        student.run(source)
        assert "processor time" in student.ended


def test_memory_of_one_process_is_limited(student):
    assert last(student.run("import numpy as np\nx = np.ones(2**28)"))["ename"].endswith("MemoryError")
    assert text_of(student.run("'alive'")) == "'alive'"


@pytest.mark.skipif(sys.platform != "linux", reason="memory of others can be read on Linux only")
def test_memory_of_all_processes_together_is_limited(student):
    outputs = student.run(
        "import os, time\nfor _ in range(6):\n    if os.fork() == 0:\n        x = bytes([1]) * 150_000_000\n"
        "        time.sleep(30)\n        os._exit(0)\ntime.sleep(20)",
    )
    assert "GiB of memory" in last(outputs)["evalue"]


@pytest.mark.skipif(sys.platform != "linux", reason="processes of others can be counted on Linux only")
def test_a_fork_bomb_is_stopped_and_cleared_away(sandbox):
    sandbox.open().close()
    before = _processes_of(sandbox)
    with sandbox.open() as student:
        outputs = student.run(
            "import os, time\nfor _ in range(300):\n    try:\n        if os.fork() == 0: time.sleep(20); os._exit(0)\n"
            "    except OSError as e: print(type(e).__name__); break\ntime.sleep(0.2)"
        )
        assert "processes and threads" in text_of(outputs) or "BlockingIOError" in text_of(outputs)
    assert _processes_of(sandbox) == before


def _processes_of(sandbox) -> int:
    return len(processes_below(sandbox._launcher._process.pid))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import os; os._exit(3)", "exit code 3"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("import os; os.abort()", "signal"),
    ],
)
def test_a_process_that_ends_itself_says_why(student, source, reason):
    outputs = student.run("print('so far')\n" + source)
    assert reason in student.ended
    assert outputs[-1] == {
        "output_type": "error",
        "ename": "ProcessEnded",
        "evalue": student.ended,
        "traceback": [f"ProcessEnded: {student.ended}"],
    }


def test_files_are_limited(student):
    assert "File too large" in text_of(student.run("open('x', 'wb').write(bytes(2**21))"))


def test_text_is_cut(student):
    outputs = student.run("for i in range(10**5): print('x' * 100)\n1/0")
    assert len(text_of(outputs)) < LIMITS.output_bytes + 200
    assert any("[output cut: more than 10,000 characters of text]" in o.get("text", "") for o in outputs)
    assert last(outputs)["ename"] == "ZeroDivisionError"


def test_rich_outputs_are_cut(student):
    source = "from IPython.display import display, HTML\n"
    outputs = student.run(source + "display(HTML('x' * 200_000))\n5")
    assert "[output cut: more than 100,000 bytes of images and tables]" in outputs[0]["text"]
    assert outputs[1]["data"]["text/plain"] == "5"
    outputs = student.run(source + "for i in range(500): display(i)\n1/0")
    assert len(outputs) == LIMITS.outputs + 2
    assert last(outputs)["ename"] == "ZeroDivisionError"


def test_a_flood_below_the_shell_is_data(student):
    start = time.monotonic()
    outputs = student.run("import subprocess; subprocess.run('yes', timeout=0.3)")
    assert last(outputs)["ename"] == "TimeoutExpired"
    assert len(text_of(outputs)) < LIMITS.output_bytes + 1000
    assert time.monotonic() - start < 8


def test_a_function_passed_in_is_bounded_in_time(student):
    student.run("def ask(f):\n    while True: f()")
    start = time.monotonic()
    error = student.subject("ask").observe(lambda: time.sleep(30), seconds=0.5).error
    assert error.type in ("TimeoutError", "CallbackError")
    assert student.subject("ask").observe(lambda: 1, seconds=0.5).error.type == "TimeoutError"
    assert time.monotonic() - start < 15


# ---------------------------------------------------------------------------------------------------------------------
# Isolation
# ---------------------------------------------------------------------------------------------------------------------


def test_no_secret_of_the_graders_environment_is_inherited(monkeypatch, sandbox):
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    with Sandbox(sandbox.kind, LIMITS, imports=()) as fresh, fresh.open() as student:
        told = text_of(student.run("import os; print(dict(os.environ))\n!env"))
    assert "hunter2" not in told
    assert "MPLBACKEND" in told


def test_no_open_file_is_inherited(student):
    told = text_of(student.run(
        "import os, stat\nfor fd in range(256):\n    try: s = os.fstat(fd)\n    except OSError: continue\n"
        "    if stat.S_ISSOCK(s.st_mode): print('socket', fd)\n    elif not stat.S_ISFIFO(s.st_mode) and "
        "not stat.S_ISCHR(s.st_mode): print('file', fd)"
    ))  # fmt: skip
    assert told.split() == ["socket", "3"]


def test_the_course_cannot_be_seen(walled, tmp_path, monkeypatch):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "solution.txt").write_text("the reference")
    monkeypatch.chdir(tmp_path)
    with walled.open() as student:
        for path in (tmp_path, tmp_path / "source", os.path.expanduser("~/.ssh"), "/etc/shadow", "/home", "/var"):
            assert text_of(student.run(f"import os; os.path.exists({str(path)!r})")) == "False"
        root = ROOT
        told = text_of(student.run(f"os.listdir({str(root)!r}) if os.path.exists({str(root)!r}) else []"))
        assert set(eval(told)) <= {Path(sys.prefix).name}
        assert text_of(student.run(f"!ls {root}/gradebook.db /usr/local/share/nbgrader/exchange 2>/dev/null")) == ""


def test_nothing_outside_the_own_folder_can_be_written(walled):
    with walled.open() as student:
        told = text_of(student.run(
            "import os, helpers, numpy, sys\n"
            "places = ['/', '/tmp/..', '/dev', '/usr', '/etc', '/course', '/proc', '/sys', '/usr/src', sys.prefix,\n"
            "    os.path.dirname(helpers.__file__), os.path.dirname(numpy.__file__), os.path.dirname(os.__file__)]\n"
            "for p in places:\n"
            "    try: open(p + '/planted', 'w'); print('wrote', p)\n    except OSError: pass\n"
            "for root, ds, fs in os.walk('/'):\n"
            "    if root.startswith(('/tmp', '/proc', '/dev/shm', '/sys')) or root.count('/') > 3: ds[:] = []\n"
            "    elif os.access(root, os.W_OK): print('writable', root)\n"
        ))  # fmt: skip
        assert told == ""


def test_the_network_cannot_be_reached(walled):
    with socket.create_server(("127.0.0.1", 0)) as server, walled.open() as student:
        port = server.getsockname()[1]
        for where in (("127.0.0.1", port), ("1.1.1.1", 53), ("10.0.2.2", 80)):
            output = last(student.run(f"import socket; socket.create_connection({where}, 0.3)"))
            assert output["ename"] in ("ConnectionRefusedError", "OSError", "TimeoutError")
        mine = (
            "s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(s.getsockname(), 1)\n"
            "c.sendall(b'x'); s.accept()[0].recv(1)"
        )
        assert text_of(student.run(mine)) == "b'x'"  # one's own server is fine


def test_no_other_process_can_be_seen(walled):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"]) as other, walled.open() as student:
        told = text_of(student.run(
            "import os, signal\nprint(os.getpid(), os.getppid(), [p for p in os.listdir('/proc') if p.isdigit()])\n"
            f"for pid in ({other.pid}, {os.getpid()}, {os.getppid()}):\n"
            "    try: os.kill(pid, signal.SIGKILL); print('killed', pid)\n    except OSError: pass"
        ))  # fmt: skip
        alive = other.poll() is None
        other.kill()
        assert alive
        assert told == "1 0 ['1']\n" or told == "1 0 []\n"


ESCAPES = {
    "umount": "call('umount2', b'/tmp', 2)",
    "mount": "call('mount', b'none', b'/tmp', b'tmpfs', 0, None)",
    "unshare": "call('unshare', 0x10000000)",
    "setns": "call('setns', os.open('/', 0), 0)",
    "chroot": "call('chroot', b'/tmp')",
    "ptrace": "call('ptrace', 0, 0, 0, 0)",
    "keyctl": "call('syscall', 250, 0, -3, 0)",
    "clone": "call('syscall', 56, 0x10000000 | 17, 0, 0, 0, 0)",
    "setuid": "call('setuid', 0)",
    "sethostname": "call('sethostname', b'x', 1)",
    "mknod": "call('mknod', b'/tmp/sda', 0o60666, 0x800)",
    "setpriority": "call('setpriority', 0, 0, -20)",
}


@pytest.mark.parametrize("name", ESCAPES)
def test_no_door_is_left_open(walled, name):
    with walled.open() as student:
        student.run(
            "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "def call(name, *args): return (getattr(libc, name)(*args), os.strerror(ctypes.get_errno()))"
        )
        assert text_of(student.run(ESCAPES[name])) in (
            "(-1, 'Operation not permitted')",
            "(-1, 'Permission denied')",
            "(-1, 'Invalid argument')",
        )
        status = text_of(student.run("if os.path.exists('/proc/self'): print(open('/proc/self/status').read())"))
        if status:
            assert "CapEff:\t0000000000000000" in status
            assert "CapBnd:\t0000000000000000" in status
            assert "NoNewPrivs:\t1" in status


def test_nothing_runs_on_after_the_end(walled):
    walled.open().close()
    before = _processes_of(walled)
    with walled.open() as student:
        student.run(
            "import subprocess, os\nfor _ in range(3):\n    subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
            "if os.fork() == 0:\n    os.setsid()\n    if os.fork(): os._exit(0)\n    import time; time.sleep(60)"
        )
    assert _processes_of(walled) == before


def test_disk_is_limited(walled):
    with walled.open() as student:
        told = student.run("for i in range(20): open(f'f{i}', 'wb').write(bytes(2**19))")
        assert "No space left" in text_of(told)
        told = student.run("!rm f*\nfor i in range(10**5): open(f'g{i}', 'w').close()")
        assert "No space left" in text_of(told) or "CellTimeoutError" in str(told)


def test_what_libraries_need_works_inside(walled):
    with walled.open() as student:
        told = text_of(student.run(
            "import multiprocessing as m, subprocess, sys, tempfile, os, numpy as np\n"
            "with m.get_context('fork').Pool(2) as p: print(p.map(abs, [-1, 2]))\n"
            "code = 'import numpy; print(numpy.ones(2).sum())'\n"
            "print(subprocess.check_output([sys.executable, '-c', code]).decode())\n"
            "tempfile.NamedTemporaryFile().close(); print(os.path.expanduser('~'), os.cpu_count() > 0)\n"
            "import matplotlib, getpass, platform; print(getpass.getuser(), np.linalg.inv(np.eye(3)).sum())"
        ))  # fmt: skip
        assert told.split() == ["[1,", "2]", "2.0", "/tmp/home", "True", "student", "3.0"]


# ---------------------------------------------------------------------------------------------------------------------
# Starting, failing, starting again
# ---------------------------------------------------------------------------------------------------------------------


def test_a_warm_process_that_died_is_replaced(sandbox):
    with sandbox.open() as student:
        sandbox._launcher._process.kill()
        sandbox._launcher._process.wait()
        assert last(student.run("import time; time.sleep(0.2)\n1")).get("ename", "ProcessEnded") == "ProcessEnded"
    with sandbox.open() as student:
        assert text_of(student.run("1 + 1")) == "2"


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_nothing_survives_the_grader(sandbox):
    program = (
        "from helpers.grading.sandbox.sandbox import Sandbox\n"
        f"sandbox = Sandbox({sandbox.kind!r}, imports=()); student = sandbox.open()\n"
        "print(sandbox._launcher._process.pid, sandbox._launcher._folder, flush=True)\n"
        "student.run('import time; time.sleep(60)', seconds=60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as grader:
        pid, _, folder = grader.stdout.readline().strip().partition(" ")
        warm = int(pid)
        time.sleep(0.2)
        grader.kill()
    deadline = time.monotonic() + 5
    while _alive(warm) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(warm)
    assert not folder or not Path(folder).exists()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3] if Path("/proc").is_dir() else True


def test_opening_a_second_submission_closes_the_first(sandbox):
    first = sandbox.open()
    with sandbox.open() as second:
        assert last(first.run("1"))["ename"] == "ProcessEnded"
        assert text_of(second.run("1")) == "1"


@needs_bubblewrap
def test_where_nesting_is_refused_each_submission_has_a_bubblewrap_of_its_own():
    user, _, _ = bubblewrap.probe()
    launcher = Warmed((), user=user, namespaces=False)
    try:
        for _ in range(2):
            with_file = SubmissionProcess(launcher, LIMITS, {"a": b"1"})
            told = text_of(with_file.run("import os; print(sorted(os.listdir('/tmp/work')), os.path.exists('/tmp/x'))"))
            assert told == "['a'] False\n"
            with_file.run("open('/tmp/x', 'w').close()")
            assert "Operation not permitted" in text_of(with_file.run("import ctypes; ctypes.CDLL(None, use_errno=True)"
                ".umount2(b'/tmp', 2); os.strerror(ctypes.get_errno())"))  # fmt: skip
            with_file.close()
    finally:
        launcher.stop()


def test_a_process_can_be_started_afresh_where_none_can_be_forked():
    launcher = Fresh(())
    student = SubmissionProcess(launcher, LIMITS, {"a.txt": b"1"})
    try:
        assert text_of(student.run("print(open('a.txt').read())")) == "1\n"
        student.run("def f(x): return 2 * x")
        assert student.subject("f").observe(np.ones(2)).value.tolist() == [2, 2]
        assert last(student.run("while True: pass", seconds=0.7))["ename"] == "CellTimeoutError"
        assert text_of(student.run("2")) == "2"
    finally:
        student.close()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "C:x", "a\\b"])
def test_a_file_cannot_be_put_elsewhere(sandbox, name):
    with pytest.raises(SandboxError, match="not a name"):
        sandbox.open({name: b""})


def test_a_course_folder_is_no_data(tmp_path):
    (tmp_path / "submitted").mkdir()
    with pytest.raises(SandboxError, match="could read"):
        Sandbox("none", readable=[tmp_path])


def test_without_bubblewrap_the_instructor_must_say_so(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    bubblewrap.probe.cache_clear()
    try:
        available, advice = walls_available()
        assert not available
        assert "apt install bubblewrap" in advice or sys.platform != "linux"
        with pytest.raises(SandboxError, match="no walls"):
            Sandbox("auto")
    finally:
        bubblewrap.probe.cache_clear()


# Threads that a library started before a fork are missing after it, and whoever waits for them waits for ever.
THREADS = """
import numpy as np, torch
torch.set_num_threads(2)
generator = torch.Generator().manual_seed(5)
W = torch.randn(400, 400, generator=generator, dtype=torch.float64, requires_grad=True)
loss = torch.tanh(W @ W / 400).square().sum()
loss.backward()
A = np.random.default_rng(5).standard_normal((400, 400))
results = loss.item(), W.grad.abs().sum().item(), np.abs(A @ A).sum(), np.linalg.det(A / 20)
(torch.get_num_threads(), *(f"{result:.8g}" for result in results))
"""


@pytest.mark.parametrize("kind", KINDS)
def test_torch_and_numpy_compute_with_threads_in_every_fork(kind):
    pytest.importorskip("torch")
    told = []
    imports = job_of(Course(ROOT), "ps7_pytorch", sandbox=kind).imports
    with Sandbox(kind, Limits(cell_seconds=30), imports=("numpy", *imports)) as sandbox:
        for _ in range(4):
            with sandbox.open() as student:
                assert text_of(student.run("import sys; 'torch' in sys.modules")) == "True"  # warm: not imported again
                told.append(text_of(student.run(THREADS)))
                assert told[-1].startswith("(2,")
    assert told == [told[0]] * 4


def test_grading_a_problem_set_without_torch_never_imports_it():
    """Neither the worker nor the warm process, for digits and all."""
    kind = "bubblewrap" if walls_available()[0] else "none"
    program = (
        "import sys, nbformat\n"
        "from helpers.grading.course.folder import Course\n"
        "from helpers.grading.marking.job import Result, SubmissionTask\n"
        "from helpers.grading.marking.prepared import job_of\n"
        "from helpers.grading.marking.worker import grade\n"
        f"assignment = job_of(Course({str(ROOT)!r}), 'ps3_samplewise_mnist', sandbox={kind!r})\n"
        "notebook = nbformat.reads(assignment.source, 4)\n"
        "notebook.cells.append(nbformat.v4.new_code_cell(\"import sys; 'torch' in sys.modules\"))\n"
        "task = SubmissionTask('a', nbformat.writes(notebook).encode())\n"
        "result = Result.from_bytes(grade(assignment, task))\n"
        "points = sum(verdict['points'] for verdict in result.verdicts)\n"
        "(told,) = nbformat.reads(result.notebook, 4).cells[-1].outputs\n"
        "print(points > 10, told.data['text/plain'], 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["True", "False", "False"], done.stderr[-2000:]


def test_opening_and_closing_takes_little_time(sandbox):
    sandbox.open().close()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        sandbox.open().close()
        times.append(time.perf_counter() - start)
    assert min(times) < 0.2


def test_who_takes_too_long_again_and_again_has_less_and_less_time(sandbox):
    limits = Limits(cell_seconds=60, call_seconds=4, grace_seconds=5)
    with Sandbox(sandbox.kind, limits, imports=()) as short, short.open() as student:
        student.run("import time\ndef slow(): time.sleep(60)\ndef fine(): return time.sleep(0.2) or 1")
        said = [student.subject("slow").observe().error.message for _ in range(3)]
        assert said == [f"took longer than {seconds} s and was stopped" for seconds in (4, 2, 2)]
        assert student.subject("fine").observe().value == 1
