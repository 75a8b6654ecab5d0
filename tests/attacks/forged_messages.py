# %% [markdown]
# Writes messages of its own to the grader: answers in advance, questions that are none, outputs that are none.

# %%
import os
import sys

from helpers.grading.sandbox import wire

for message in ({"id": 10**9, "observation": {"value": 0.0}}, {"callback": [], "id": 1}, {"callback": {"a": 1}, "id": []},
                {"output": {"output_type": ["stream"], "name": {}, "text": []}}, {"clear": [1, 2]}, {"id": None},
                {"output": {"output_type": "stream", "name": "stdout", "text": "x"}, "update": True, "display_id": []}):
    for part in wire.encode(message):
        try:
            os.write(3, part)
        except OSError:
            pass

# %% answer="loss"
def loss(w, X, y):
    for number in range(200):
        for part in wire.encode({"id": number, "observation": {"value": 7.0, "seconds": 10**400, "changed": (-5,),
                                                               "figures": ({"axes": 1},), "error": ("E", 1, [], {})}}):
            os.write(3, part)
    return 7.0
