# %% [markdown]
# Raises messages of a hundred thousand characters, ten in each of a hundred cells: an error says why a cell failed, and is
# kept when there is room for nothing else.

# %% tags=["prepare"]
from nbformat.v4 import new_code_cell

text = """
for _ in range(9):
    try:
        raise ValueError("x" * 99_000)
    except ValueError:
        get_ipython().showtraceback()
raise ValueError("x" * 99_000)"""
notebook.cells[1:1] = [new_code_cell(text) for _ in range(100)]
for number, cell in enumerate(notebook.cells):
    cell["id"] = f"handed-in-{number}"
