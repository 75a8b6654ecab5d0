"""What an instructor can put right."""

from __future__ import annotations


class CourseError(Exception):
    """Something an instructor can put right; the message says what, why and what to do."""
