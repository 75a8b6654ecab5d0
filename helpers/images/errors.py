"""What can be wrong with data, in words."""

from __future__ import annotations


class DataError(RuntimeError):
    """Data that cannot be used, in three lines: what, why, what to do."""

    def __init__(self, what: str, why: str, do: str):
        super().__init__(f"{what}\n{why}\n{do}")

    def _render_traceback_(self):
        """What IPython prints in place of a traceback: students read the three lines, not our code."""
        return str(self).splitlines()
