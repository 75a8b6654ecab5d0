# %% [markdown] walls=true
# Opens sockets of every family that the kernel has: of the virtual machine's host, of the kernel's own ciphers, raw ones.

# %%
import socket
import subprocess
import sys

LOOK = """
import socket
for family in range(64):
    for kind in (1, 2, 3, 5, 10):
        for protocol in (0, 1, 3, 16, 132, 255, 262):
            try:
                made = socket.socket(family, kind, protocol)
            except OSError:
                continue
            usual = family == 1 or family in (2, 10) and kind in (1, 2) and protocol == 0
            if not usual:
                print("LOOT canary", family, kind, protocol, flush=True)
            made.close()
"""
exec(LOOK)
assert subprocess.run([sys.executable, "-c", LOOK]).returncode == 0

# %%
for where in ((2, 1024), (1, 22), (socket.VMADDR_CID_ANY, 80) if hasattr(socket, "VMADDR_CID_ANY") else (0, 1)):
    try:
        with socket.socket(40, socket.SOCK_STREAM) as reached:
            reached.settimeout(0.3)
            reached.connect(where)
            print("LOOT canary", where, flush=True)
    except OSError as error:
        print(error)
