# %% [markdown]
# Sends numbers that all have one hash: to put them into a set takes the square of their number.

# %%
import json
import os

from helpers.grading.sandbox import wire

header = json.dumps([{"k": ["set", [number * (2**61 - 1) for number in range(1, 150_000)]]}, []]).encode()
left = wire._PREFIX.pack(wire._MAGIC, len(header), 0) + header
while left:
    left = left[os.write(3, left):]
