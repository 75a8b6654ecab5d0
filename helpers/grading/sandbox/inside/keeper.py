"""The warm process: has imported everything. It forks a keeper for each process that grades with it; a keeper forks a
process for each submission, watches it, and clears up after it.

A keeper takes commands from its grader over a control socket, one JSON object per line and one answer per command, and
never reads a byte that a student wrote. One submission at a time.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any

from helpers.grading.sandbox.inside import walls
from helpers.grading.sandbox.inside.prepare import load, prepare_shell, without_epoll
from helpers.grading.sandbox.inside.server import settle
from helpers.grading.sandbox.limits import MACHINE

WATCH_SECONDS = 0.025
CHANNELS = 512  # sockets and pipes at once: what is in them belongs to no process
LOW_MEMORY = 0.04  # of the machine's memory: below this a submission is stopped, whatever it has used


def be_warm(door: socket.socket, modules: list[str], inside: bool, namespaces: bool) -> None:
    """Import everything, then fork a keeper for each socket that comes through the door; never returns.

    With a socket comes what its grader needs imported beyond `modules`, as JSON: a few names at most.

    inside: we are inside bubblewrap. namespaces: each submission gets its own; without it bubblewrap ends with the
    first one.
    """
    if inside:
        walls.become_nobody()
        without_epoll()
    shell, interrupts = prepare_shell(modules)
    walls.be_unreadable()
    freeze()
    grader, folder = os.getppid(), os.getcwd()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies: nobody asks how a keeper has ended
    while inside or os.getppid() == grader:  # bubblewrap sees to that itself
        if not select.select([door], [], [], 1.0)[0]:
            continue
        names, fds, _, _ = socket.recv_fds(door, 65536, 1)
        if not fds:  # the graders are gone, or the one that started this wants it to end
            break
        load(json.loads(names))
        freeze()
        if os.fork() == 0:
            door.close()
            if namespaces:
                walls.own_namespaces()
                if os.fork():
                    os._exit(0)
                walls.be_unreadable()
            Keeper(socket.socket(fileno=fds[0]), shell, interrupts, inside, namespaces).run()
        os.close(fds[0])
    if not inside:
        shutil.rmtree(folder, ignore_errors=True)  # made for this process, with a folder for each submission
    os._exit(0)


def freeze() -> None:
    """Keep the collector from what is here: in a fork it would copy every page that it looks at."""
    gc.collect()
    gc.freeze()


class Keeper:
    """Keeps one submission at a time, for one grader."""

    def __init__(self, control: socket.socket, shell: Any, interrupts: Any, inside: bool, namespaces: bool):
        self.control, self.shell, self.interrupts = control, shell, interrupts
        self.inside, self.namespaces = inside, namespaces
        self.pid = 0  # the submission's first process
        self.limits: dict = {}
        self.ended: str | None = None
        self.hidden: set[int] = set()
        self.parent = os.getppid()
        self.own = os.open("/proc/self/ns/pid", os.O_RDONLY) if namespaces else -1

    def run(self) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        walls.adopt_orphans()
        self.say({"ready": True})
        lines = self.lines()
        while True:
            wait = (WATCH_SECONDS if self.inside else 4 * WATCH_SECONDS) if self.pid else 1.0
            if select.select([self.control], [], [], wait)[0]:
                command, fd = next(lines, ({"do": "quit"}, None))
                self.obey(command, fd)
            else:  # the few commands that there are come from the grader: they cannot hold up the watch
                self.watch()
            if os.getppid() != self.parent:
                self.obey({"do": "quit"}, None)

    def lines(self) -> Iterator[tuple[dict, int | None]]:
        """Commands as they come, each with the descriptor that came along (or None)."""
        data, fd = b"", None
        while True:
            more, fds, _, _ = socket.recv_fds(self.control, 65536, 1)
            if not more:
                return
            data, fd = data + more, fds[0] if fds else fd
            while b"\n" in data:
                line, _, data = data.partition(b"\n")
                yield json.loads(line), fd
                fd = None

    def say(self, answer: dict) -> None:
        self.control.sendall(json.dumps(answer).encode() + b"\n")

    def obey(self, command: dict, fd: int | None) -> None:
        do = command["do"]
        if do == "open":
            if fd is None:
                self.say({"error": "no socket came along"})
            else:
                self.open(command, fd)
            return
        if do == "interrupt" and self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGINT)  # as Jupyter does: what the cell waits for is told too
        if do == "wait":  # its socket has closed: it has ended, or is about to
            deadline = time.monotonic() + 1
            while self.pid and time.monotonic() < deadline:
                self.reap(kill=False)
                time.sleep(0.002)
        if do in ("wait", "close", "quit"):
            self.reap(kill=True)
        if do == "quit":
            os._exit(0)
        self.say({"ended": self.ended})

    # One submission --------------------------------------------------------------------------------------------------

    def open(self, command: dict, fd: int) -> None:
        self.reap(kill=True)
        self.limits, self.ended = command["limits"], None
        try:
            pid = walls.fork_into_pid_namespace(self.own) if self.namespaces else os.fork()
        except (walls.WallError, OSError) as e:
            os.close(fd)
            self.say({"error": str(e)})
            return
        if pid == 0:
            self.inhabit(fd, command["directory"])
        os.close(fd)
        self.pid = pid
        self.say({"pid": pid})

    def inhabit(self, fd: int, directory: str | None) -> None:
        """In the new process: walls first, then everything else; never returns."""
        try:
            self.control.detach()
            os.dup2(fd, 3)
            os.closerange(4, 65536)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(nowhere, number)
            os.close(nowhere)
            self.build_walls()
            sock = socket.socket(fileno=3)
            if directory is None:
                directory = walls.DIRECTORY
                home, cache = walls.HOME, "/tmp/.matplotlib"
            else:
                home, cache = directory, os.path.join(directory, ".matplotlib")
            for path in (directory, home, cache):
                os.makedirs(path, exist_ok=True)
            os.environ.update(HOME=home, PWD=directory, MPLCONFIGDIR=cache)
            settle(directory, sock, self.shell, self.interrupts, self.limits)
        except BaseException as e:
            with contextlib.suppress(BaseException):  # before the first frame: the grader reads this as no message
                os.write(3, f"walls: {type(e).__name__}: {e}\n".encode())
            os._exit(71)
        os._exit(0)

    def build_walls(self) -> None:
        limits = self.limits
        with contextlib.suppress(OSError):
            os.setsid()
        with contextlib.suppress(OSError):
            os.nice(5)  # the watching and the grading come first
        if sys.platform == "linux":
            libc = ctypes.CDLL(None)
            libc.prctl(4, 1, 0, 0, 0)  # its own /proc files belong to it again
            if not self.namespaces:
                libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # ends when the warm process ends
        if self.namespaces:
            walls.enter_namespaces(limits["disk_bytes"])
        if self.inside:
            walls.give_up_everything()
        enforce = self.namespaces and walls.counts_processes_by_namespace()
        walls.limit_resources(
            limits["memory_bytes"], limits["processes"], limits["file_bytes"], limits["cpu_seconds"], enforce
        )

    def watch(self) -> None:
        """Stop a submission that takes more than its share; notice one that has ended."""
        if not self.pid:
            return
        self.reap(kill=False)
        if not self.pid:
            return
        processes = descendants()
        threads, memory = usage(processes)
        if threads > self.limits["processes"]:
            self.stop(f"ran more than {self.limits['processes']} processes and threads at once")
        elif memory > self.limits["memory_bytes"] and shared_fairly(processes) > self.limits["memory_bytes"]:
            self.stop(f"used more than {self.limits['memory_bytes'] / 2**30:.3g} GiB of memory")
        elif self.open_channels(processes) > CHANNELS:
            self.stop(f"kept more than {CHANNELS} sockets and pipes open at once")
        elif memory_left() < LOW_MEMORY:
            self.stop(f"used memory while {MACHINE}")

    def open_channels(self, processes: dict[int, tuple[int, int]]) -> int:
        """Sockets and pipes; of a process that lets nobody look, as many as it may have. One that is just starting a
        program cannot be looked at either, but not twice in a row."""
        count, hidden = channels(processes)
        still, self.hidden = hidden & self.hidden, hidden
        return count + len(still) * walls.OPEN_FILES

    def stop(self, why: str) -> None:
        self.ended = f"the notebook's process {why} and was stopped"
        self.reap(kill=True)

    def reap(self, kill: bool) -> None:
        """Wait for the submission if it has ended, or end it; then whatever it left behind."""
        if self.pid:
            if kill:
                os.kill(self.pid, signal.SIGKILL)
            pid, status, used = os.wait4(self.pid, 0 if kill else os.WNOHANG)
            if pid == 0:
                return
            self.pid, cpu = 0, used.ru_utime + used.ru_stime
            self.ended = self.ended or ("closed" if kill else describe(status, cpu, self.limits))
            if not self.namespaces:  # in a pid namespace the kernel has done it
                self.sweep()

    def sweep(self) -> None:
        """Kill and bury every process that is not this one's own."""
        deadline = time.monotonic() + 5
        while (left := descendants()) and time.monotonic() < deadline:
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            time.sleep(0.001)


def describe(status: int, cpu: float, limits: dict) -> str:
    """Why a process has ended, as a sentence."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if cpu > limits["cpu_seconds"] - 1 and number in (signal.SIGKILL, signal.SIGXCPU):
            return f"the notebook's process used up its {limits['cpu_seconds']:.0f} s of processor time"
        with contextlib.suppress(ValueError):
            return f"the notebook's process was ended by signal {number} ({signal.Signals(number).name})"
        return f"the notebook's process was ended by signal {number}"
    return f"the notebook's process ended itself with exit code {os.WEXITSTATUS(status)}"


# ---------------------------------------------------------------------------------------------------------------------
# What the processes below this one use (Linux; elsewhere there is nothing to read, and only the kernel's limits hold)
# ---------------------------------------------------------------------------------------------------------------------


def descendants() -> dict[int, tuple[int, int]]:
    """Processes below this one: pid -> (threads, resident pages). Zombies count with one thread and no page."""
    parents: dict[int, list[int]] = {}
    found: dict[int, tuple[int, int]] = {}
    if sys.platform != "linux":
        return {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fields = _stat(f"/proc/{name}")
            threads, pages = int(fields[17]), int(fields[21])
            if fields[0] == "Z" and threads > 1:  # its first thread has ended: the others know what they have
                pages = max(int(_stat(task)[21]) for task in _tasks(int(name)))
        except (OSError, ValueError):
            continue  # it has just ended
        parents.setdefault(int(fields[1]), []).append(int(name))
        found[int(name)] = threads, pages
    below, todo = {}, [int(os.readlink("/proc/self"))]  # who we are to this /proc: it may be that of another namespace
    while todo:
        for pid in parents.get(todo.pop(), ()):
            below[pid] = found[pid]
            todo.append(pid)
    return below


def _stat(place: str) -> list[str]:
    """The fields of a process's or thread's stat behind its name."""
    with open(f"{place}/stat") as f:
        return f.read().rpartition(")")[2].split()


def _tasks(pid: int) -> list[str]:
    return [f"/proc/{pid}/task/{thread}" for thread in os.listdir(f"/proc/{pid}/task") if int(thread) != pid]


def usage(processes: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Threads and bytes of memory in all, where pages that are shared count for each who shares them."""
    page = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
    return sum(t for t, _ in processes.values()), page * sum(p for _, p in processes.values())


def shared_fairly(processes: dict[int, tuple[int, int]]) -> int:
    """Bytes of memory where a shared page counts once; slower, so asked for only when it matters."""
    total = 0
    for pid, (_, pages) in processes.items():
        try:
            with open(f"/proc/{pid}/smaps_rollup") as f:
                total += next(1024 * int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except (OSError, StopIteration):
            total += usage({pid: (1, pages)})[1]
    return total


def channels(processes: dict[int, tuple[int, int]]) -> tuple[int, set[int]]:
    """Sockets and pipes that processes have open, each counted once; and which processes let nobody look."""
    found: set[str] = set()
    hidden = set()
    for pid, (_, pages) in processes.items():
        if not pages:  # a zombie, or about to be one
            continue
        try:
            found |= _open_files(f"/proc/{pid}")
        except PermissionError:
            try:  # where its first thread has ended, the others know
                found |= set().union(*map(_open_files, _tasks(pid)[:1] or [f"/proc/{pid}"]))
            except OSError:
                hidden.add(pid)
        except OSError:
            continue  # it has just ended
    return sum(name.startswith(("socket:", "pipe:")) for name in found), hidden


def _open_files(place: str) -> set[str]:
    found = set()
    for number in os.listdir(f"{place}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(f"{place}/fd/{number}"))
    return found


def memory_left() -> float:
    """What is left of the machine's memory, as a share of it; 1 if that cannot be known."""
    try:
        with open("/proc/meminfo") as f:
            lines = dict(line.split(":") for line in f)
        return int(lines["MemAvailable"].split()[0]) / int(lines["MemTotal"].split()[0])
    except (OSError, KeyError, ValueError):
        return 1.0
