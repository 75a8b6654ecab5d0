"""Which modules a master needs that are not installed: its problem set is left out, and the others are built."""

from __future__ import annotations

import ast
import importlib.util

from helpers.grading.notebooks.master import Master


def lacking(master: Master) -> list[str]:
    """Top-level modules that the master's cells import and this Python does not have."""
    wanted: set[str] = set()
    for cell in master.cells:
        if cell.kind != "code":
            continue
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.Import):
                wanted |= {one.name.split(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                wanted.add(node.module.split(".")[0])
    return sorted(name for name in wanted if importlib.util.find_spec(name) is None)
