"""Name the ways a run can fail to end."""

from __future__ import annotations

import asyncio
from typing import Any

from sim.errors import SimError


class Deadlock(SimError):
    """Report that tasks wait while nothing can ever happen again."""


class Runaway(SimError):
    """Report that one instant never ends; ``task`` is the one that was stepped last, None where it was none."""

    def __init__(self, text: str, task: asyncio.Task[Any] | None = None) -> None:
        super().__init__(text)
        self.task = task


class EventLimit(SimError):
    """Report that a run used up its events."""
