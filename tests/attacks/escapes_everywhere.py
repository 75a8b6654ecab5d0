# %% [markdown] page=true
# Escapes for terminals (screen, title, links, clipboard, colours without end), changes of direction and invisible
# characters, in outputs, warnings, results, names, messages, metadata and names of files.

# %%
import warnings

escapes = ("owned\x1b[2J\x1b]0;owned\x07\x1b]8;;javascript:owned()\x07x\x1b]52;c;b3duZWQ=\x07\x9b31m\x90q\x9c\r\n\x08\x7f"
           "\u202eowned\u2066\u200b\u2028\U000e0041\x1b[38;2;1;2;3m\x1b[999999999999999999m\x1b[38;5m\x1b[1;31;999;4;7m")
print(escapes)
warnings.warn(escapes)
display({kind: escapes for kind in ("text/plain", "text/markdown", "text/latex", "text/html")}, raw=True)  # noqa: F821
Owned = type(escapes, (Exception,), {"__module__": escapes, "__qualname__": escapes})

# %% answer="loss"
def loss(w, X, y):
    raise Owned(escapes)

# %% answer="gradient"
def gradient(w, X, y):
    return {escapes: escapes}

# %% tags=["prepare"]
(folder / "a\x1b[2J\u202eb.txt").write_text("owned")
notebook["metadata"].update(
    title="\x1b[2Jowned<script>owned()</script>", authors=[{"name": "\x1b[2J<script>owned()</script>"}],
    kernelspec={"name": "../../x", "display_name": "<script>owned()</script>"},
    language_info={"name": "\x1b[2J<script>owned()</script>", "version": "3.11", "pygments_lexer": "../../passwd"},
    widgets={"application/vnd.jupyter.widget-state+json": {"state": {"</script><script>owned()": 1}}})
