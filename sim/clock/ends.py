"""Name the ways a run can fail to end."""

from __future__ import annotations

from sim.errors import SimError


class Deadlock(SimError):
    """Report that tasks wait while nothing can ever happen again."""


class Runaway(SimError):
    """Report that one instant never ends."""


class EventLimit(SimError):
    """Report that a run used up its events."""
