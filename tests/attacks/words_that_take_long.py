# %% [markdown]
# Messages of exceptions and lines of code that a regular expression could look at for minutes.

# %% tags=["prepare"]
from nbformat.v4 import new_code_cell

texts = ["if 0:\n  !" + "python" * 20_000, "if 0:\n  !pip " + "\\" * 99_999, *(
    f"raise ValueError(({text!r} * 100_000)[:99_990] + 'x')" for text in ("(", "(, ", " ", "line 1", "(line 1, ", "No module named '", "name '"))]
notebook.cells[2:2] = [new_code_cell(text) for text in texts]
for number, cell in enumerate(notebook.cells):
    cell["id"] = f"handed-in-{number}"
