# %% [markdown]
# Files whose names a shell, a terminal, a table, a page, Python or Jupyter would take for something else.

# %% tags=["prepare"]
import contextlib
import os

code = "import os; open('/tmp/owned', 'w')"
for file in ("-rf", "--help", "$(touch owned)", "`touch owned`", ";touch owned", "a\nb", "=1+1.csv", "\u202etxt.exe", "\xe9",
             "e\u0301", "CON", "nul.txt", "a.", "a ", "x" * 200, "<script>owned()<", "%2e%2e%2fowned", "..owned", ".env",
             "jupyter_config.py", "jupyter_notebook_config.py", "nbgrader_config.py", "sitecustomize.py", "conftest.py",
             "usercustomize.py", "ipykernel_launcher.py", "numpy.so", "a.pth", "index.html", "a.HTML", "a.svg", "kernel.json",
             "overrides.json", "custom.css", "pyproject.toml", "Timestamp.TXT", "expected.json"):
    with contextlib.suppress(OSError):
        (folder / file).write_text(code)
for place in ("helpers", ".ipython/profile_default/startup", ".jupyter", "share/jupyter/kernels/python3", "numpy",
              ".ipynb_checkpoints", "__pycache__", "submitted files", "etc/jupyter"):
    (folder / place).mkdir(parents=True, exist_ok=True)
    for file in ("__init__.py", "kernel.json", "jupyter_config.py", "00.py", "check.py"):
        (folder / place / file).write_text(code)
(folder / "timestamp.txt").write_text("\x1b[2J=owned 99999999999-99-99 <script>owned()</script>")
os.symlink("/etc/passwd", folder / "passwd.txt")
os.symlink("..", folder / "up")
os.mkfifo(folder / "more.ipynb")
