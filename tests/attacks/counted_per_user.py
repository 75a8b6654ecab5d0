# %% [markdown] walls=true
# Takes what the kernel counts per user, also outside: watchers of files, of memory, queues, keys, timers.

# %%
import ctypes
import errno

libc = ctypes.CDLL(None, use_errno=True)
room = ctypes.create_string_buffer(256)
CALLS = {"inotify_init1": (0,), "inotify_init": (), "fanotify_init": (0, 0), "epoll_create1": (0,),
         "epoll_create": (1,), "eventfd": (0, 0)}
for name, arguments in CALLS.items():
    if name != "eventfd":
        kept = [getattr(libc, name)(*arguments) for _ in range(200)] if hasattr(libc, name) else [-1]
        if max(kept) >= 0:
            print("LOOT canary", name, sum(number >= 0 for number in kept), flush=True)

# %%
NUMBERS = {"io_setup": 206, "mq_open": 240, "keyctl": 250, "add_key": 248, "io_uring_setup": 425, "bpf": 321,
           "perf_event_open": 298, "userfaultfd": 323, "memfd_create": 319, "semget": 64, "timer_create": 222}
ctypes.memset(room, 0, 256)
room.value = b"/queue"
ARGUMENTS = {"io_setup": (1000, room), "mq_open": (room, 0o102, 0o600, 0), "keyctl": (0, -3, 1),
             "add_key": (b"user", b"letter", b"box", 3, -3), "io_uring_setup": (8, room), "semget": (0, 32000, 0o1600),
             "memfd_create": (b"x", 0), "timer_create": (0, 0, room)}
for name, number in NUMBERS.items():
    taken = 0
    while taken < 1000 and libc.syscall(number, *ARGUMENTS.get(name, (0, 0, 0, 0, 0))) >= 0:
        taken += 1
        if name == "io_setup":
            ctypes.memset(room, 0, 256)
    if taken > (300 if name == "timer_create" else 0):
        print("LOOT canary", name, taken, errno.errorcode.get(ctypes.get_errno()), flush=True)
