# %% [markdown]
# A file of lists inside each other by the hundred thousand, where metadata stands: reading it ends in a RecursionError.

# %% tags=["prepare"]
import json

metadata = {"x": "HERE"}
text = json.dumps({**notebook, "metadata": metadata}).replace('"HERE"', "[" * 400_000 + "]" * 400_000)
(folder / f"{name}.ipynb").write_text(text)
