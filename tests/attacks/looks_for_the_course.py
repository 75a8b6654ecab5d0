# %% [markdown] walls=true
# Walks through everything that it can see, and looks for notebooks, marks and secrets that are not its own.

# %%
import json
import os

course = json.load(open("target.json"))["course"]
own = os.getcwd()
for top, folders, names in os.walk("/", followlinks=False):
    if top.startswith(("/proc", "/sys", own)):
        folders[:] = []
        continue
    if "site-packages" in top or "/share/" in top:  # nbgrader's own examples
        continue
    for name in names:
        path = os.path.join(top, name)
        if name in ("gradebook.db", "secret", "timestamp.txt", "nbgrader_config.py", "expected.json") or (
                name.endswith(".ipynb")):
            try:
                print("LOOT canary", path, open(path, "rb").read(200))
            except OSError as error:
                print(error)

# %%
for path in (course, course + "/source", course + "/submitted/ada", "/proc/1/root" + course, "/proc/self/cwd/../../.."
             + course, "/dev/fd/3/../.." + course):
    try:
        print("LOOT canary", os.listdir(path))
    except OSError as error:
        print(error)
for target in (course + "/source", course + "/submitted", course + "/.coursekit/secret", course + "/gradebook.db"):
    link = os.path.join(own, str(abs(hash(target))))
    os.symlink(target, link)
    if os.path.exists(link):
        print("LOOT canary", target)
