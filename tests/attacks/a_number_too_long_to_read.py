# %% [markdown]
# A number of four million digits in the notebook's file, among honest metadata.

# %% tags=["prepare"]
import json

text = json.dumps({**notebook, "metadata": {"x": "HERE"}}).replace('"HERE"', "9" * 4_000_000)
(folder / f"{name}.ipynb").write_text(text)
