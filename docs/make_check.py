"""Writes docs/check.md, the reference of `check.*`, from the docstrings of helpers/check.py: `make docs`."""

from __future__ import annotations

import inspect
from pathlib import Path

from helpers import check

HERE = Path(__file__).parent


def page() -> str:
    made = "<!-- Made by `make docs` from the docstrings of helpers/check.py: change those. -->"
    lines = ["# Every check", "", made, "",
             inspect.cleandoc(check.__doc__ or ""), ""]
    for name, function in vars(check).items():
        if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == check.__name__:
            lines += [f"## `check.{name}`", "", "```python", f"check.{name}{_signature(function)}", "```", "",
                      inspect.getdoc(function) or "", ""]
    return "\n".join(lines).rstrip() + "\n"


def _signature(function) -> str:
    """Without annotations: they say less to an author than the text."""
    signature = inspect.signature(function)
    plain = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()]
    return str(signature.replace(parameters=plain, return_annotation=inspect.Signature.empty))


if __name__ == "__main__":
    (HERE / "check.md").write_text(page(), encoding="utf-8")
