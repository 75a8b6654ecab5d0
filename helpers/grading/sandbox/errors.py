"""What can go wrong with a sandbox that whoever grades can put right."""

from __future__ import annotations


class SandboxError(Exception):
    """A sandbox cannot be built or used: says what, why and what to do."""
