"""The filter of system calls: what it refuses, and that what notebooks use lives with it."""

from __future__ import annotations

import platform
import struct

import pytest

from helpers.grading.sandbox.inside import calls
from helpers.grading.sandbox.limits import Limits
from helpers.grading.sandbox.sandbox import Sandbox, walls_available

pytestmark = [pytest.mark.walls, pytest.mark.skipif(not walls_available()[0], reason="no bubblewrap here")]

LIMITS = Limits(cell_seconds=60, call_seconds=20, processes=40, memory_bytes=2**30)
SAID = """
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def said(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return errno.errorcode.get(ctypes.get_errno(), "no error") if result == -1 else "done"
"""


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox("bubblewrap", LIMITS) as sandbox:
        yield sandbox


@pytest.fixture
def student(sandbox):
    with sandbox.open() as student:
        yield student


def told(student, source: str) -> str:
    outputs = student.run(source)
    return "".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") or f"{o['ename']}: {o['evalue']}"
                   for o in outputs).strip()


def here(numbers: calls.Numbers) -> int | None:
    return numbers[0 if platform.machine() == "x86_64" else 1]


@pytest.mark.parametrize(("table", "answer"), [(calls.REFUSED, "EPERM"), (calls.UNKNOWN, "ENOSYS")],
                         ids=["refused", "unknown"])
def test_what_the_kernel_counts_for_others_too_is_not_to_be_had(student, table, answer):
    told(student, SAID)
    wanted = {name: here(numbers) for name, numbers in table.items() if here(numbers) is not None}
    found = eval(told(student, f"{{name: said(number, 0, 0, 0, 0, 0) for name, number in {wanted!r}.items()}}"))
    assert found == dict.fromkeys(wanted, answer)


def test_sockets_are_of_the_families_on_the_list_and_of_no_other(student):
    opened = told(student, """
import socket
def opens(*how):
    try:
        socket.socket(*how).close()
    except OSError as error:
        return error.errno == 97 and "no such family"
    return True
kinds = [(family, kind) for family in range(64) for kind in range(1, 8)]
print(sorted({family for family, kind in kinds if opens(family, kind) is True}))
print({opens(family, 1) for family in range(64) if family not in (1, 2, 10)})
print([how for family in (2, 10) for kind in (1, 2, 3, 4, 5, 6) for protocol in range(300)
       if protocol not in (0, 6, 17) and opens(*(how := (family, kind, protocol))) is True])
print([kind for kind in (3, 4, 5, 6) for family in (2, 10) if opens(family, kind) is True])""")
    # SOCK_RAW between processes of the notebook is SOCK_DGRAM to the kernel; there is nothing raw about it.
    assert opened.splitlines() == ["[1, 2, 10]", "{'no such family'}", "[]", "[]"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other architectures' numbers on this one")
@pytest.mark.parametrize(("code", "why"), [
    ("b8 01 00 00 00 31 db cd 80 c3", "32 bits: exit, by int 0x80"),
    ("b8 14 00 00 00 cd 80 c3", "32 bits: getpid, by int 0x80"),
], ids=["exit", "getpid"])
def test_calls_of_another_architecture_end_the_process(student, code, why):
    student.run(f"""
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex({code!r}))
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()""")
    assert "SIGSYS" in student.ended, why


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x32 is of x86_64")
def test_x32_is_unknown(student):
    told(student, SAID)
    assert told(student, "[said(0x40000000 + number) for number in (39, 41, 253, 165, 520, 0x3fffffff)]") == str(
        ["ENOSYS"] * 6)


COUNTED = {  # takes as much as it can of what is counted per user; says how much of it there was, at most a few
    "timers": "count, room = 0, ctypes.create_string_buffer(16)\n"
              "while count < 5000 and said(timer_create, 0, 0, ctypes.addressof(room)) == 'done': count += 1",
    "locked memory": "import mmap\nkept = []\nlibc.mlock.argtypes = (ctypes.c_void_p, ctypes.c_size_t)\ncount = 0\n"
                     "for _ in range(5000):\n    kept.append(mmap.mmap(-1, 4096))\n"
                     "    if libc.mlock(ctypes.addressof(ctypes.c_char.from_buffer(kept[-1])), 4096): break\n"
                     "    count += 1",
    "terminals": "count, kept = 0, []\nwhile count < 200:\n    try: kept += os.openpty()\n"
                 "    except OSError: break\n    count += 1",
    "pipes of a megabyte": "import fcntl\ncount, kept = 0, []\nfor _ in range(20):\n    kept += os.pipe()\n"
                           "    try: count += fcntl.fcntl(kept[-1], 1031, 2**20) == 2**20\n    except OSError: break",
}


@pytest.mark.parametrize("what", COUNTED)
def test_of_what_is_counted_per_user_one_submission_gets_little(student, what):
    told(student, SAID + f"timer_create = {222 if platform.machine() == 'x86_64' else 107}")
    assert int(told(student, COUNTED[what] + "\ncount")) <= 256


HOARDS = {
    "sockets of many processes": """
def hoard():
    while True:
        a, b = socket.socketpair()
        a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**23)
        a.setblocking(False)
        kept.append((a, b))
        try:
            while True: a.send(bytes(65536))
        except BlockingIOError: pass""",
    "sockets of processes that let nobody look": """
import ctypes
def hoard():
    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
    while True:
        a, b = socket.socketpair()
        a.setblocking(False)
        kept.append((a, b))
        try:
            while True: a.send(bytes(65536))
        except BlockingIOError: pass""",
    "pipes": """
def hoard():
    while True:
        kept.append(os.pipe())
        os.set_blocking(kept[-1][1], False)
        try:
            while True: os.write(kept[-1][1], bytes(65536))
        except BlockingIOError: pass""",
}


@pytest.mark.parametrize("what", HOARDS)
def test_sockets_and_pipes_of_all_processes_are_counted(student, what):
    student.run("import os, socket, time\nkept = []" + HOARDS[what] + """
for _ in range(8):
    if os.fork() == 0:
        try: hoard()
        except OSError: time.sleep(30)
time.sleep(30)""")
    # A process that lets nobody look is counted for all that it may have, or for the memory that it may share.
    reasons = ("sockets and pipes", *(["of memory"] if "nobody" in what else []))
    assert any(reason in (student.ended or "") for reason in reasons)


def test_memory_is_counted_where_the_first_thread_has_ended(student):
    """To the kernel's short answer such a process is a zombie, with no memory at all."""
    student.run("""
import ctypes, os, threading, time
def take():
    kept = b"x" * 200_000_000
    time.sleep(40)
for _ in range(8):
    if os.fork() == 0:
        threading.Thread(target=take).start()
        time.sleep(0.2)
        ctypes.CDLL(None).syscall(ctypes.c_long(60 if os.uname().machine == "x86_64" else 93), 0)
time.sleep(40)""")
    assert "GiB of memory" in (student.ended or "")


def test_event_loops_pools_and_servers_live_without_what_is_refused(student):
    student.run("import asyncio, socket, subprocess, sys, multiprocessing, concurrent.futures")
    assert told(student, """
async def served():
    server = await asyncio.start_server(lambda r, w: (w.write(b"42"), w.close()), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    said = await reader.read()
    process = await asyncio.create_subprocess_exec("echo", "hi", stdout=subprocess.PIPE)
    return said, (await process.communicate())[0]
asyncio.run(served())""") == "(b'42', b'hi\\n')"
    assert told(student, "await asyncio.sleep(0.01, 'awaited')") == "'awaited'"
    assert told(student, "print(subprocess.check_output([sys.executable, '-c', 'import asyncio; "
                         "print(asyncio.run(asyncio.sleep(0, 5)))'], text=True))") == "5"
    assert told(student, """
context = multiprocessing.get_context("fork")
with context.Pool(3) as pool: print(pool.map(abs, [-1, 2]))
with context.Manager() as manager: print(manager.dict(a=1))
with concurrent.futures.ProcessPoolExecutor(2, context) as pool: print(list(pool.map(abs, [-3])))
print(socket.getaddrinfo("localhost", 80)[0][4][0])""").splitlines()[:3] == ["[1, 2]", "{'a': 1}", "[3]"]


def test_torchs_loaders_with_workers_live_with_it(student):
    pytest.importorskip("torch")
    assert told(student, """
import torch
data = torch.utils.data.TensorDataset(torch.arange(40.))
print(sum(batch[0].sum().item() for batch in torch.utils.data.DataLoader(data, batch_size=5, num_workers=2)))
w = torch.ones(3, requires_grad=True); (w ** 2).sum().backward(); print(w.grad.tolist())""").splitlines() == [
        "780.0", "[2.0, 2.0, 2.0]"]


def test_the_filter_is_of_whole_instructions():
    assert len(calls.program()) % struct.calcsize("HBBI") == 0
    assert calls.machine() == platform.machine()


def test_where_no_filter_is_known_nothing_is_graded(monkeypatch):
    from helpers.grading.sandbox.inside import walls

    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    monkeypatch.setattr(walls, "_call", lambda *_: None)
    with pytest.raises(walls.WallError, match="pdp11"):
        walls.give_up_everything()
