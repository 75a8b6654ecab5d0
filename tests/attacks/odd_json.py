# %% [markdown]
# JSON that readers read differently: infinite numbers, the same key twice, halves of characters, tags that name code.

# %% tags=["prepare"]
import json

odd = '"metadata": {"x": 1e999999, "y": -0, "z": NaN, "\\ud800": "\\udfff", "__class__": "os.system", "x": 2, "'
(folder / f"{name}.ipynb").write_text(json.dumps(notebook).replace('"metadata": {"', odd))
