"""The sweep that the tests make again and again: 2 scenarios × 2 policies × 4 seeds × 3 intents."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sim.sweep import Asked

ASKED: Final = Asked(
    scenarios=("quickstart", "calm_baseline"),
    policies=("d7", "never-resend"),
    seeds=4,
    intents=3,
    batch_intents=6,
)
"""Two seeds to a batch: eight batches."""


def files_of(folder: Path) -> dict[str, bytes]:
    """Return what a sweep's folder holds, by name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
