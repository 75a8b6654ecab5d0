# %% [markdown] page=true
# What markdown knows beside HTML (attachments, footnotes, references, formulas with links and classes), HTML that a page
# reads otherwise than a cleaner, raw cells for pages, ids of cells.

# %% tags=["prepare"]
from nbformat.v4 import new_markdown_cell, new_raw_cell

texts = [
    r"owned $\href{javascript:owned()}{x}$ $\class{modal}{x}$ $\cssId{owned}{x}$ $\style{position:fixed;inset:0}{x}$",
    r"$\unicode{x3c}script\unicode{x3e}owned()$ $\text{&lt;script&gt;owned()&lt;/script&gt;}$ $\mbox{</math><script>owned()}$",
    "![x](attachment:a.svg) ![x](attachment:a\"onerror=\"owned().png) ![x](attachment:b.png) [x](attachment:c.html)",
    "[x]: javascript:owned()\n[y]: data:text/html,<script>owned()</script>\n\n[x] [y] ![x] <javascript:owned()>",
    "owned[^1]\n\n[^1]: <script>owned()</script> <svg onload=owned()>",
    "~~~<script>owned()</script>\nowned\n~~~",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=owned()&gt;\">",
    "<svg><style><img src=x onerror=owned()></style></svg> <noscript><p title=\"</noscript><img src=x onerror=owned()>\">",
    "<a href='java\nscript:owned()'>owned</a><a href='&#x6a;avascript:owned()'>x</a><base href='javascript:owned()'>",
    "$$\\begin{array}{c@{<img src=x onerror=owned()>}}owned\\end{array}$$ \\(\\href{javascript:owned()}{x}\\)",
    "</div></body></html><script>owned()</script><div style='background:url(javascript:owned())'>"]
for number, text in enumerate(texts):
    cell = new_markdown_cell(text)
    cell["id"] = f"{number}\"><script>owned()</script>"
    cell["attachments"] = {"a.svg": {"image/svg+xml": "<svg onload=owned()>"}, "b.png": {"image/png": "\" onerror=\"owned()"},
                           "a\"onerror=\"owned().png": {"image/png": "iVBORw0KGgo="},
                           "c.html": {"text/html": "<script>owned()</script>"}}
    raw = new_raw_cell(text, metadata={"raw_mimetype": "text/html", "format": "text/html"})
    notebook.cells[1:1] = [cell, raw]
