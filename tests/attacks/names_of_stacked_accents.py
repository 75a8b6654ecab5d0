# %% [markdown]
# Names of a hundred thousand accents on top of each other, out of order: Python puts those of a name in order, in the square
# of their number, and nothing ends it while it does.

# %% tags=["prepare"]
from nbformat.v4 import new_code_cell

notebook.cells[2:2] = [new_code_cell("a" + "\u0301\u0323" * 49_990 + f" = {number}") for number in range(9)]
for number, cell in enumerate(notebook.cells):
    cell["id"] = f"handed-in-{number}"
