"""Commands about this machine."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.text import Text

from helpers.grading.cli.options import HERE, Folder
from helpers.grading.cli.talk import complaints, console


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Put right what can be put right in this course: permissions, the "
                                                    "group, the exchange, a Hub's settings.")] = False,
    group: Annotated[str, typer.Option(help="The group of this machine's accounts that grade this course together.",
                                       show_default=False)] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    course: Folder = HERE,
) -> None:
    """Say what is installed, what is missing, and what to do about it; in a course folder, of the course as well."""
    from helpers.grading.doctor import examine, mend

    left = mend(course, group) if fix else []
    findings = examine(course, group)
    if as_json:
        print(json.dumps([finding.to_dict() for finding in findings], indent=1))
    for finding in () if as_json else findings:
        sign = {"ok": ("✓ ", "green"), "optional": ("○ ", "yellow"), "missing": ("✗ ", "red")}[finding.state]
        console.print(Text(*sign), end="")
        console.print(f"{finding.what}: ", end="")
        console.print(finding.says + (f" → {finding.do}" if finding.do else ""))
    for said in left:
        complaints.print(Text("✗ ", "red"), end="")
        complaints.print(f"not mended: {said}")
    if left or any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)
