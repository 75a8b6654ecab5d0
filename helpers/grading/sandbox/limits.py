"""What one submission may take."""

from __future__ import annotations

from dataclasses import dataclass

MACHINE = "the machine had none left"  # in the reason why a submission ended: it need not be the cause


@dataclass(frozen=True)
class Limits:
    """What one submission may take. Bytes, seconds, counts.

    cell_seconds, call_seconds: one cell, one call. notebook_seconds: all of them together; processor time is limited to
    the same. memory_bytes: of all its processes together. processes: with their threads. file_bytes: one file.
    disk_bytes: all files. output_bytes: the text of one cell; rich_bytes: its images and tables; outputs: how many;
    notebook_bytes: the outputs of all cells.
    frame_bytes: one result. grace_seconds: between asking code to stop and ending its process.
    """

    cell_seconds: float = 30
    call_seconds: float = 10
    notebook_seconds: float = 300
    memory_bytes: int = 4 * 2**30
    processes: int = 64
    file_bytes: int = 64 * 2**20
    disk_bytes: int = 256 * 2**20
    output_bytes: int = 2**20
    rich_bytes: int = 4 * 2**20
    outputs: int = 100
    notebook_bytes: int = 32 * 2**20
    frame_bytes: int = 256 * 2**20
    grace_seconds: float = 2

    def inside(self) -> dict:
        """What the processes inside must know."""
        names = ("memory_bytes", "processes", "file_bytes", "disk_bytes", "output_bytes", "frame_bytes")
        return {name: getattr(self, name) for name in names} | {"cpu_seconds": int(self.notebook_seconds) + 1}
