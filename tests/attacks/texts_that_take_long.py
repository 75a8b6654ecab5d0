# %% [markdown] page=true
# Ten thousand characters of each kind that takes a regular expression the square or the cube of it: whoever makes pages
# of them waits for minutes.

# %% tags=["prepare"]
from nbformat.v4 import new_markdown_cell

kinds = [" ", "\t", "`", "[", "![", "[a](", "> ", "- ", "$", "$$ ", "\\begin{a}", "\\\\(", "<", "<a ", "<!--", "<![CDATA[",
         "<div>", "<b x=1>", "*a _b ", "**", "~~a", "a|b\n-|-\n", "```\n", "&#x", "\\", "  \n", "\n ", "$\\frac{", "$a_a_"]
notebook.cells[1:1] = [new_markdown_cell(text) for kind in kinds for text in (
    "# owned" + (kind * 10_000)[:10_000] + "x", (kind * 10_000)[:10_000])]
for number, cell in enumerate(notebook.cells):
    cell["id"] = f"handed-in-{number}"

# %%
print("owned", "\x1b[1m" * 3_000)
