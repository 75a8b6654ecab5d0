# %% [markdown] page=true
# Outputs of every type that a page may know, and of types that are none, with odd values and metadata.

# %%
bad = "<script>owned()</script><img src=x onerror=owned()>"
for mime in ("text/html", "image/svg+xml", "text/latex", "text/markdown", "application/javascript", "application/json",
             "application/pdf", "application/vnd.jupyter.widget-view+json", "application/geo+json", "video/mp4",
             "application/vnd.plotly.v1+json", "application/vnd.bokehjs_exec.v0+json", "text/vnd.mermaid", "image/webp",
             "text/html;x=y", "TEXT/HTML", "x" + bad, "image/svg+xml;base64", "application/xhtml+xml", "text/xml"):
    odd = {mime: {"isolated": True, "width": '1" onload="owned()', "height": bad}, "isolated": True, bad: bad}
    for value in (bad, {"x": bad}, [bad] * 3):
        display({mime: value}, raw=True, metadata=odd)  # noqa: F821
display({"text/html": "<form action=x id=owned><input autofocus onfocus=owned()><td onclick=owned()>"}, raw=True)  # noqa: F821
display({"image/png": "iVBORw0KGgo="}, raw=True, metadata={"image/png": {"width": "javascript:owned()"}})  # noqa: F821
print("owned")
