"""What a cell is to nbgrader and to this kit."""

from __future__ import annotations

from typing import Any


def grade_id_of(cell: Any) -> str:
    found = cell.get("metadata", {}).get("nbgrader") or {}
    name = found.get("grade_id", "") if isinstance(found, dict) else ""
    return name if isinstance(name, str) else ""


HELPERS_CELL = "helpers-here"  # the id of the cell that the build puts in front of the imports
# The first line of a check cell in a release: run before all others, its import can say in words what is missing.
CHECKS_ALONE = "from helpers import check  # after a restart, run all cells above first"
EXPERIMENT = "experiment"


def info_of(cell: Any) -> dict[str, Any]:
    """nbgrader's metadata of a cell; {} if there is none."""
    found = cell.get("metadata", {}).get("nbgrader")
    return found if isinstance(found, dict) else {}


def is_check(cell: Any) -> bool:
    """Is it a cell whose mark its own code gives?"""
    info = info_of(cell)
    return bool(info.get("grade")) and not info.get("solution") and cell["cell_type"] == "code"
