"""Which system calls a submission may use: a seccomp filter, laid before a byte of a student's code is read.

Three kinds are refused: what attacks on kernels begin with; what takes memory that no process is charged for; and what
the kernel counts per user outside, so that one submission could use up what the grader, its neighbours and the user's
own programs need. What notebooks try first and can do without is unknown here (ENOSYS): they then take another way.

The meaning of the calls and the numbers: seccomp(2), syscalls(2), the kernel's `unistd.h` for each architecture.
"""

from __future__ import annotations

import platform
import struct

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
NEWCGROUP = 0x2000000

# Numbers on x86_64, and on all that have the kernel's generic table; None where there is no such call.
Numbers = tuple[int, int | None]

REFUSED: dict[str, Numbers] = {
    # Attacks on kernels begin here, or they look at what is not a notebook's.
    "ptrace": (101, 117), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "swapon": (167, 224), "swapoff": (168, 225),
    "reboot": (169, 142), "acct": (163, 89), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442), "process_madvise": (440, 440),
    "vhangup": (153, 58), "syslog": (103, 116), "quotactl": (179, 60), "quotactl_fd": (443, 443), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "modify_ldt": (154, None), "lookup_dcookie": (212, 18),
    # Memory that belongs to no process, so that nobody could count it.
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "semget": (64, 190),
    "msgget": (68, 186),
    # Counted per user, also outside: keys.
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
}
UNKNOWN: dict[str, Numbers] = {
    "clone3": (435, 435),  # its flags cannot be looked at; the C library then uses clone
    # Counted per user, or once for the whole machine.
    "inotify_init": (253, None), "inotify_init1": (294, 26), "inotify_add_watch": (254, 27),
    "fanotify_init": (300, 262), "fanotify_mark": (301, 263), "epoll_create": (213, None), "epoll_create1": (291, 20),
    "mq_open": (240, 180), "io_setup": (206, 0), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
LOOKED_AT: dict[str, Numbers] = {
    "clone": (56, 220), "socket": (41, 198), "socketpair": (53, 199), "setsockopt": (54, 208), "fcntl": (72, 25)}
_MACHINES = {  # column, audit's name of the architecture
    "x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7), "riscv64": (1, 0xC00000F3), "loongarch64": (1, 0xC0000102)}

_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS, _EPROTONOSUPPORT, _EAFNOSUPPORT, _DONE = 1, 38, 93, 97, 0
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _GIVE = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_STREAM, _DATAGRAM, _KIND = 1, 2, 0xF  # the other bits of a socket's type are flags
_TCP, _UDP = 6, 17
_SOL_SOCKET, _BUFFERS = 1, (7, 8, 32, 33)  # SO_SNDBUF, SO_RCVBUF, and what root may
_F_SETPIPE_SZ = 1031

Line = tuple[int, int, int, int]


def machine() -> str:
    """This machine's architecture as the tables name it; "" if they do not know it."""
    name = platform.machine()
    return name if name in _MACHINES and struct.calcsize("P") == 8 else ""


def number(name: str) -> int:
    """The number of a call that is refused. Raises KeyError where this machine has no such call."""
    found = {**REFUSED, **UNKNOWN}[name][_MACHINES[platform.machine()][0]]
    if found is None:
        raise KeyError(name)
    return found


def program() -> bytes:
    """The filter for this machine (see `machine`), as `struct sock_filter`s.

    A call of another architecture (32 bits, for example) ends the process.
    """
    column, audit = _MACHINES[machine()]
    lines = [_load(4), (_EQUAL, 1, 0, audit), (_GIVE, 0, 0, _KILL), _load(0)]
    if column == 0:  # the x32 calls have numbers of their own
        lines += [(_AT_LEAST, 0, 1, 0x40000000), _fail(_ENOSYS)]
    for table, errno in ((UNKNOWN, _ENOSYS), (REFUSED, _EPERM)):
        for numbers in table.values():
            if (refused := numbers[column]) is not None:
                lines += [(_EQUAL, 0, 1, refused), _fail(errno)]
    for name, rules in _rules().items():
        if (looked_at := LOOKED_AT[name][column]) is not None:
            lines += [(_EQUAL, 0, len(rules), looked_at), *rules]
    return b"".join(struct.pack("HBBI", *line) for line in [*lines, (_GIVE, 0, 0, _ALLOW)])


def _rules() -> dict[str, list[Line]]:
    """Of the calls that depend on their arguments: what happens, each ending in an answer."""
    namespaces = NEWNS | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | NEWCGROUP
    allow = (_GIVE, 0, 0, _ALLOW)
    within = [*_argument(0), (_EQUAL, 0, 1, _AF_UNIX), allow]  # pipes between processes of one notebook
    return {
        "clone": [*_argument(0), (_ANY_BIT, 0, 1, namespaces), _fail(_EPERM), allow],
        # An allow list: no other family, present or future, and of the internet's only TCP and UDP.
        "socket": [*within, *_only(0, (_AF_INET, _AF_INET6), _EAFNOSUPPORT),
                   *_only(1, (_STREAM, _DATAGRAM), _EPROTONOSUPPORT, _KIND),
                   *_only(2, (0, _TCP, _UDP), _EPROTONOSUPPORT), allow],
        "socketpair": [*within, _fail(_EAFNOSUPPORT)],
        # Buffers stay as they are: their memory belongs to no process. Programs ask for speed, and may believe it.
        "setsockopt": [*_argument(1), (_EQUAL, 1, 0, _SOL_SOCKET), allow, *_argument(2),
                       *(line for option in _BUFFERS for line in ((_EQUAL, 0, 1, option), _fail(_DONE))), allow],
        "fcntl": [*_argument(1), (_EQUAL, 0, 1, _F_SETPIPE_SZ), _fail(_EPERM), allow],
    }


def _load(offset: int) -> Line:
    """4 bytes of `struct seccomp_data`: 0 is the call's number, 4 the architecture."""
    return _LOAD, 0, 0, offset


def _argument(position: int, bits: int = 0xFFFFFFFF) -> list[Line]:
    """The low half of an argument (it comes first on all these machines): the kernel takes no more of an int."""
    mask = [] if bits == 0xFFFFFFFF else [(_AND, 0, 0, bits)]
    return [_load(16 + 8 * position), *mask]


def _only(position: int, values: tuple[int, ...], errno: int, bits: int = 0xFFFFFFFF) -> list[Line]:
    """Fail unless an argument is one of `values`."""
    jumps = [(_EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)]
    return [*_argument(position, bits), *jumps, _fail(errno)]


def _fail(errno: int) -> Line:
    return _GIVE, 0, 0, _ERRNO | errno
