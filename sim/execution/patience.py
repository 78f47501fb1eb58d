"""Wait longer for an answer while the venue is slow: a time-out then only doubles the load (failures F05).

How slow it is, is what the last answers took.  A request whose place in the venue's queue comes after the time-out is
looked up, and maybe sent again, which makes the queue longer for everybody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from .policy_keys import Settings

_REMEMBERED: Final = 16
_RECENT_S: Final = 10.0
_UNHELD_SHARE: Final = 0.85
"""How much of the time to protection may pass in silence while no position is known to wait for the answer."""

_TIMES: Final = 2.0
"""How many times the slowest recent answer is waited for."""


class ReplyTimes:
    """Remember what the last answers took, in seconds of the running loop."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)

    def note(self, took_s: float) -> None:
        """Take in what an answer that came just now took, seconds."""
        self._seen.append((asyncio.get_running_loop().time(), took_s))

    def slowest_s(self) -> float:
        """Return what the slowest of the recent answers took, seconds; 0 without any."""
        since_s = asyncio.get_running_loop().time() - _RECENT_S
        return max((took_s for at_s, took_s in self._seen if at_s >= since_s), default=0.0)


def patience_s(settings: Settings, replies: ReplyTimes, *, exits: bool) -> float:
    """Return how long to wait for the next answer, seconds: the policy's attempt limit, or longer at a slow venue.

    While nothing is held, most of ``protect_deadline_sec`` (or the limit, where that is longer).  A request a position
    waits for: the limit, or longer at a slow venue, up to half of the deadline.  Without such a deadline the limit
    holds as it is.  0: without a limit.
    """
    limit_s = settings.attempt_timeout_sec
    if not limit_s:
        return 0.0
    if not exits:
        return max(limit_s, settings.protect_deadline_sec * _UNHELD_SHARE)
    most_s = settings.protect_deadline_sec / 2
    return max(limit_s, min(most_s, _TIMES * replies.slowest_s()))
