# %% [markdown]
# Code that is nested deeper than whoever reads it goes, or that Python itself will parse.

# %% tags=["prepare"]
from nbformat.v4 import new_code_cell
texts = ["x = " + "-" * 90_000 + "1", "x = a" + ".b" * 40_000, "x = 1" + "+1" * 45_000,
         "x = " + "[" * 190 + "]" * 190, "x = " + "not " * 20_000 + "1",
         "if 1:\n  pass\n" + "elif 1:\n  pass\n" * 6000, "x = " + "lambda: " * 10000 + "1", "x = f" + "(1)" * 30000,
         "\n".join(" " * k + "if 1:" for k in range(99)) + "\n" + " " * 99 + "pass",
         "def loss(w, X, y):\n    return " + "-" * 2500 + "7.0", "def gradient(w, X, y):\n    return w" + "+w" * 2900]
notebook.cells[2:2] = [new_code_cell(text) for text in texts]
for number, cell in enumerate(notebook.cells):
    cell["id"] = f"handed-in-{number}"
