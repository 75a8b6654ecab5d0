# %% [markdown]
# Files beside the notebook that a kernel imports when it starts there, or that a browser would run.

# %% tags=["prepare"]
WRITES = f"open({str(course / 'owned')!r}, 'w').write('owned')\n"
for where in ("ipykernel_launcher.py", "usercustomize.py", "sitecustomize.py", "IPython/__init__.py", "numpy.py",
              "helpers/__init__.py", "helpers/check.py", "conftest.py", "jupyter_config.py", "nbgrader_config.py",
              "jupyter_server_config.py", "startup.pth", "pyvenv.cfg", ".startup.py"):
    (folder / where).parent.mkdir(exist_ok=True)
    (folder / where).write_text(WRITES)
for where in ("derivation.html", "figure.svg", "page.xhtml", "page.xml", "go.js", "see.mht", "index.HTM", "x.html "):
    (folder / where).write_text("<html xmlns='http://www.w3.org/1999/xhtml'><script>owned()</script></html>")
notebook["cells"].append({"cell_type": "markdown", "metadata": {}, "id": "link",
                          "source": "[my derivation](derivation.html), [figure](figure.svg)"})
