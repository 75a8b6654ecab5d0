"""The walls around one submission, as they are built from the inside: namespaces, mounts, limits, nothing left.

Runs in the process that a student's code is about to use, forked from the warm process inside bubblewrap, before a
byte of that code is read. Python has no words for most of it before 3.12, so the C library is called directly. The
meaning of the calls: unshare(2), user_namespaces(7), mount_namespaces(7), pid_namespaces(7), capabilities(7),
keyctl(2), seccomp(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys

import helpers
from helpers.grading.sandbox.inside import calls

UID = 1000  # who a student is inside, whoever runs the grader
DIRECTORY = "/tmp/work"
HOME = "/tmp/home"
OPEN_FILES = 256  # of one process

_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _MOVE, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 8192, 16384, 1 << 18
_DETACH = 2
_SET_DUMPABLE, _CAPBSET_DROP, _SET_NO_NEW_PRIVS, _SET_SUBREAPER, _SET_SECCOMP = 4, 24, 38, 36, 22
_libc = None


class WallError(Exception):
    """A wall that must stand could not be built."""


def _call(name: str, *args) -> None:
    """Call a function of the C library that says with -1 that it failed. Raises WallError."""
    global _libc
    if _libc is None:
        _libc = ctypes.CDLL(None, use_errno=True)
    if getattr(_libc, name)(*args) < 0:
        raise WallError(f"{name}: {os.strerror(ctypes.get_errno())}")


def _mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    _call("mount", source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode() or None)


# ---------------------------------------------------------------------------------------------------------------------
# For the warm process
# ---------------------------------------------------------------------------------------------------------------------


def become_nobody() -> None:
    """If bubblewrap was started by root: be nobody from now on, so that not even the kernel takes us for root.

    Before that, uncover /proc: bubblewrap lays read-only covers over parts of it when root starts it, and the kernel
    then refuses a fresh /proc to every namespace below. Nobody needs no cover: these files are root's to write.
    """
    if os.getuid() != 0:
        return
    with open("/proc/self/mountinfo") as f:
        targets = [line.split()[4] for line in f]
    for target in targets:
        if target.startswith("/proc/"):
            with contextlib.suppress(WallError):
                _call("umount2", target.encode(), _DETACH)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


def adopt_orphans() -> None:
    """What a descendant leaves behind becomes this process's child, not a stranger's (Linux)."""
    if sys.platform == "linux":
        with contextlib.suppress(WallError):
            _call("prctl", _SET_SUBREAPER, 1, 0, 0, 0)


def be_unreadable() -> None:
    """No process of the same user may trace this one or look into it."""
    if sys.platform == "linux":
        _call("prctl", _SET_DUMPABLE, 0, 0, 0, 0)


def own_namespaces() -> None:
    """A user namespace in which this process may do everything, and a pid namespace for its children.

    Raises WallError. The first child is the first process of that pid namespace: when it ends, so do all others there.
    """
    _own_user_namespace(os.open("/proc/self", os.O_PATH), calls.NEWPID)


def fork_into_pid_namespace(own: int) -> int:
    """As os.fork does, but the child is the first process of a pid namespace of its own.

    own: descriptor of this process's own pid namespace (/proc/self/ns/pid); `own_namespaces` must have made that, for
    only who may do everything there can have another for the next child. Raises WallError.
    """
    _call("unshare", calls.NEWPID)
    try:
        pid = os.fork()
    except OSError:
        _call("setns", own, calls.NEWPID)
        raise
    if pid:
        _call("setns", own, calls.NEWPID)
    return pid


def _own_user_namespace(process: int, others: int = 0) -> None:
    # A process that must not be looked into cannot write its own maps either; nothing of a student's runs yet.
    _call("prctl", _SET_DUMPABLE, 1, 0, 0, 0)
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", calls.NEWUSER | others)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{UID} {uid} 1"), ("gid_map", f"{UID} {gid} 1")):
        with os.fdopen(os.open(name, os.O_WRONLY, dir_fd=process), "w") as f:
            f.write(text)
    os.close(process)


# ---------------------------------------------------------------------------------------------------------------------
# For the process that a student's code is about to use
# ---------------------------------------------------------------------------------------------------------------------


def enter_namespaces(disk_bytes: int) -> None:
    """Own mount, ipc, uts, net and user namespaces, beside the pid namespace. Raises WallError.

    disk_bytes: what fits into /tmp; a file or folder counts as one of at most 20,000.
    """
    process = os.open("/proc/self", os.O_PATH)  # the /proc to come may have less in it
    _call("unshare", calls.NEWNS | calls.NEWIPC | calls.NEWUTS | calls.NEWNET)
    _lay_fresh_mounts(disk_bytes)
    with contextlib.suppress(WallError):
        _raise_loopback()
    _keep_connections_small()
    _own_user_namespace(process)  # last: a fresh /proc is laid by who has all rights where its pid namespace is from


def _lay_fresh_mounts(disk_bytes: int) -> None:
    """Own /tmp, /dev/shm, /dev/pts and /proc, over those of the warm process."""
    _mount("none", "/", "", _REC | _PRIVATE)
    kept = {path: os.open(path, os.O_PATH) for path in _kept_below_tmp()}
    _mount("tmpfs", "/tmp", "tmpfs", _NOSUID | _NODEV, f"size={disk_bytes},nr_inodes=20000,mode=1777")
    for path, descriptor in kept.items():
        os.makedirs(path, exist_ok=True)
        _mount(f"/proc/self/fd/{descriptor}", path, "", _BIND | _REC)
        os.close(descriptor)
    _mount("tmpfs", "/dev/shm", "tmpfs", _NOSUID | _NODEV, f"size={disk_bytes // 2},nr_inodes=1000,mode=1777")
    _mount("devpts", "/dev/pts", "devpts", _NOSUID | _NOEXEC, "newinstance,ptmxmode=0666,mode=620,max=16")
    try:
        _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    except WallError:
        _cover_proc()


def _kept_below_tmp() -> list[str]:
    """What a submission reads and a fresh /tmp would cover: Python, the kit and data, as in a clone for a trial."""
    kit = os.path.dirname(os.path.abspath(helpers.__file__))
    data = filter(None, map(os.environ.get, ("COURSE_DATA", "COURSE_CACHE")))
    places = sorted({os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, kit, *data)})
    return [path for path in places if path.startswith("/tmp/") and os.path.isdir(path)]


def _cover_proc() -> None:
    """An empty /proc but for what numerical libraries read, where the kernel refuses a fresh one."""
    staging = "/tmp/.proc"
    os.mkdir(staging)
    _mount("tmpfs", staging, "tmpfs", _NOSUID | _NODEV | _NOEXEC, "size=4k,mode=555")
    for name in ("cpuinfo", "meminfo"):
        with open(f"{staging}/{name}", "w"):
            pass
        _mount(f"/proc/{name}", f"{staging}/{name}", "", _BIND)
    _mount(staging, "/proc", "", _MOVE)
    os.rmdir(staging)


def _raise_loopback() -> None:
    """A server on 127.0.0.1 is part of some notebooks; nothing else can be reached from here."""
    import fcntl
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, contextlib.suppress(OSError):
        fcntl.ioctl(s, 0x8914, struct.pack("16sH14s", b"lo", 0x1 | 0x40, b""))


def _keep_connections_small() -> None:
    """What a connection's buffers hold belongs to no process: a few pages each, where the kernel lets us say so."""
    for name in ("tcp_rmem", "tcp_wmem"):
        with contextlib.suppress(OSError), open(f"/proc/sys/net/ipv4/{name}", "w") as f:
            f.write("4096 65536 131072")


def give_up_everything() -> None:
    """No capability now, none after any exec, a keyring of its own, and no way to build namespaces or mounts."""
    for capability in range(64):
        with contextlib.suppress(WallError):
            _call("prctl", _CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)
    _call("capset", ctypes.c_char_p(header), ctypes.c_char_p(bytes(24)))
    _call("prctl", _SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if not calls.machine():
        raise WallError(f"no filter of system calls is known for {platform.machine()}")
    with contextlib.suppress(WallError):  # some kernels have no keys
        _join_new_keyring()
    _filter_system_calls()


def _join_new_keyring() -> None:
    """Leave the session keyring that came down from the grader: its keys are not ours, nor is it a letter box."""
    _call("syscall", ctypes.c_long(calls.number("keyctl")), ctypes.c_long(1), None)  # KEYCTL_JOIN_SESSION_KEYRING


def _filter_system_calls() -> None:
    """Lay the filter of `calls`. Raises WallError."""
    code = calls.program()
    buffer = ctypes.create_string_buffer(code, len(code))
    _call("prctl", _SET_SECCOMP, 2, struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer)), 0, 0)


def limit_resources(memory: int, processes: int, file_bytes: int, cpu_seconds: int, enforce_processes: bool) -> None:
    """The kernel's own limits of this process and what it starts (those that the system knows).

    memory: bytes of address space beyond those that are in use now. enforce_processes: only where the count is the
    submission's own, not that of all processes of the user.
    """
    try:
        import resource
    except ImportError:  # Windows has none of this
        return
    limits = {
        "AS": memory + _address_space(),
        "NPROC": processes if enforce_processes else None,
        "FSIZE": file_bytes,
        "CPU": cpu_seconds,
        "CORE": 0,
        "NOFILE": OPEN_FILES,
        # Counted per user, also outside.
        "SIGPENDING": 256,  # with timers
        "MSGQUEUE": 0,
        "MEMLOCK": 2**16,
        "RTPRIO": 0,
    }
    for name, value in limits.items():
        which = getattr(resource, f"RLIMIT_{name}", None)
        if which is None or value is None:
            continue
        with contextlib.suppress(ValueError, OSError):
            hard = resource.getrlimit(which)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(which, (value, value))


def _address_space() -> int:
    with contextlib.suppress(OSError), open("/proc/self/statm") as f:
        return int(f.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def counts_processes_by_namespace() -> bool:
    """Since Linux 5.14 the number of processes is counted per user namespace."""
    version = [int("".join(c for c in part if c.isdigit()) or 0) for part in platform.release().split(".")[:2]]
    return sys.platform == "linux" and version >= [5, 14]


def _probe() -> None:
    """Say whether a submission can have namespaces of its own here: "namespaces", or why not."""
    become_nobody()
    be_unreadable()
    own_namespaces()
    keeper = os.fork()
    if keeper:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(keeper, 0)[1]))
    pid = fork_into_pid_namespace(os.open("/proc/self/ns/pid", os.O_RDONLY))
    if pid == 0:
        enter_namespaces(2**20)
        give_up_everything()
        os.mkdir("/tmp/probe")
        os._exit(0)
    print("namespaces" if os.waitpid(pid, 0)[1] == 0 else "mounts are refused")


if __name__ == "__main__":
    _probe()
