"""What was looked at, how it is, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Finding:
    """One thing that was looked at.

    `mend` puts it right and returns what is left to say (an empty text if all is well); None if only a person can.
    """

    what: str
    state: str  # "ok", "optional" or "missing"
    says: str
    do: str = ""
    mend: Callable[[], str] | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"what": self.what, "state": self.state, "says": self.says, "do": self.do,
                "can_be_mended": self.mend is not None}
