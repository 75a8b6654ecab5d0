# %% [markdown]
# Brings a configuration of its own: steps that execute, kernels, startup files, in every folder that might be read.

# %% tags=["prepare"]
import json

STEPS = ["nbgrader.preprocessors.Execute", "nbconvert.preprocessors.ExecutePreprocessor"]
SETTINGS = {"Autograde": {"autograde_preprocessors": STEPS}, "Exporter": {"preprocessors": STEPS},
            "ExecutePreprocessor": {"enabled": True}}
for where in ("", ".jupyter/", ".ipython/profile_default/", "etc/jupyter/", "share/jupyter/kernels/python3/"):
    (folder / where).mkdir(parents=True, exist_ok=True)
    for name in ("nbgrader_config.json", "jupyter_nbconvert_config.json", "ipython_config.json"):
        (folder / where / name).write_text(json.dumps(SETTINGS))
(folder / "share/jupyter/kernels/python3/kernel.json").write_text(json.dumps(
    {"argv": ["touch", str(course / "owned")], "display_name": "Python", "language": "python"}))
notebook["metadata"] = {"kernelspec": {"name": "../../../" + str(folder), "display_name": "owned", "language": "bash"},
                        "nbgrader": SETTINGS, "jupytext": {"formats": "ipynb,py:percent"}}
