"""Wait longer for an answer while the venue is slow: a time-out then only doubles the load (failures F05).

How slow it is, is what the last answers took.  A request whose place in the venue's queue comes after the time-out is
looked up, and maybe sent again, which makes the queue longer for everybody.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, Final

from .lookup import Sighting
from .policy_keys import Settings

_REMEMBERED: Final = 16
_RECENT_S: Final = 10.0
_UNHELD_SHARE: Final = 0.85
"""How much of the time to protection may pass in silence while no position is known to wait for the answer."""

_TIMES: Final = 2.0
"""How many times the slowest recent answer is waited for."""

_QUICK_TIMES: Final = 3.0
"""The same where a position waits, and answers come quickly: what takes longer than that is lost."""

_SLOW_TIMES: Final = 2.0
"""How many times ``hedge_stop_sec`` an answer may take before the venue is slow."""

_SLOW_SILENCES: Final = 2
"""How many requests in a row without an answer are no lost ones."""

_RESOLUTION_S: Final = 1e-5
_NEVER_S: Final = float("-inf")

_LEAST_S: Final = 0.35
"""Less than this is never waited for: one slow answer in a hundred is no silence."""


class ReplyTimes:
    """Remember what the last answers took, in seconds of the running loop."""

    __slots__ = ("_at_most_at_s", "_at_most_s", "_seen", "_silences", "_throttled_s")

    def __init__(self) -> None:
        self._silences = 0
        self._seen: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        self._at_most_s, self._at_most_at_s = 0.0, _NEVER_S
        self._throttled_s = _NEVER_S

    def note_throttled(self) -> None:
        """Take in that the venue refused a stop or a close just now because it has too much to do (-1008)."""
        self._throttled_s = asyncio.get_running_loop().time()

    def was_throttled(self, within_s: float = _RECENT_S) -> bool:
        """Tell whether the venue did so in the last ``within_s`` seconds, by default lately."""
        throttled_s = self._throttled_s
        return throttled_s != _NEVER_S and asyncio.get_running_loop().time() - throttled_s < within_s

    def note(self, took_s: float, now_s: float | None = None) -> None:
        """Take in what an answer that came just now took, seconds; ``now_s``: the loop's time, where it is known."""
        self._silences = 0
        self._take_in(took_s, asyncio.get_running_loop().time() if now_s is None else now_s)

    def take_in(
        self, sent_s: float, limit_s: float, now_s: float | None = None, *, answered: bool, asks: int = 1
    ) -> None:
        """Take in what became just now of a request sent at the loop's ``sent_s`` that was waited for ``limit_s``.

        One without an answer may have been lost; two in a row were slow.  One that was cut short says nothing.
        ``asks``: how many requests, one after another, the answer took.  ``now_s`` as for :meth:`note`.
        """
        if now_s is None:
            now_s = asyncio.get_running_loop().time()
        took_s = now_s - sent_s
        if answered:
            self._silences = 0
            self._take_in(took_s / asks, now_s)
        elif took_s >= limit_s - _RESOLUTION_S:
            self._silences += 1
            if self._silences >= _SLOW_SILENCES:
                self._take_in(took_s, now_s)

    def _take_in(self, took_s: float, now_s: float) -> None:
        seen = self._seen
        if len(seen) == _REMEMBERED and seen[0] == (self._at_most_at_s, self._at_most_s):
            self._at_most_at_s = _NEVER_S
        seen.append((now_s, took_s))
        if took_s >= self._at_most_s:
            self._at_most_s, self._at_most_at_s = took_s, now_s

    async def timed(self, look: Coroutine[Any, Any, Sighting], limit_s: float) -> Sighting:
        """Look an order up, and take in what the answer took; another failure than silence says nothing."""
        asked_s = asyncio.get_running_loop().time()
        sighting = await look
        self.take_in(asked_s, limit_s, answered=sighting.state != "unreadable", asks=sighting.asks)
        return sighting

    def slowest_s(self, floor_s: float = 0.0) -> float:
        """Return what the slowest of the recent answers took, seconds; 0 without any above ``floor_s``."""
        # Nearly always nothing was slow for a while: then nothing has to be looked through.
        if self._at_most_s <= floor_s:
            return 0.0
        slowest_s = self._recent_s()
        return slowest_s if slowest_s > floor_s else 0.0

    def quick_s(self) -> float:
        """Return what recent answers took at most, seconds; 0 where none came lately."""
        if not self._seen or self._seen[-1][0] < asyncio.get_running_loop().time() - _RECENT_S:
            return 0.0
        return self._recent_s()

    def _recent_s(self) -> float:
        """Return the slowest of the recent answers; one that is old, or that sixteen others followed, is forgotten."""
        since_s = asyncio.get_running_loop().time() - _RECENT_S
        if self._at_most_at_s < since_s:
            recent = [(took_s, at_s) for at_s, took_s in self._seen if at_s >= since_s]
            self._at_most_s, self._at_most_at_s = max(recent, default=(0.0, _NEVER_S))
        return self._at_most_s


def slow_answer_s(settings: Settings, replies: ReplyTimes) -> float:
    """Return what the slowest of the recent answers took, seconds, where that is slow beside the policy's hurry; 0.

    Slow is more than twice ``hedge_stop_sec``; without that key no venue is.
    """
    return replies.slowest_s(_SLOW_TIMES * settings.hedge_stop_sec) if settings.hedge_stop_sec else 0.0


def way_out_s(settings: Settings, replies: ReplyTimes) -> float:
    """Return how much of the time to protection a slow venue needs for the way out, s: half of what it answers in."""
    return slow_answer_s(settings, replies) / 2


def patience_s(settings: Settings, replies: ReplyTimes, *, exits: bool) -> float:
    """Return how long to wait for the next answer, seconds: the policy's attempt limit, or longer at a slow venue.

    While nothing is held, most of ``protect_deadline_sec`` (or the limit, where that is longer).  A request a position
    waits for: the limit, or longer at a slow venue, up to half of the deadline, and shorter at a quick one, since what
    is lost there has to be sent again before that deadline.  Without such a deadline the limit holds as it is.  0:
    without a limit.
    """
    limit_s = settings.attempt_timeout_sec
    if not limit_s:
        return 0.0
    if not exits:
        unheld_s = settings.protect_deadline_sec * _UNHELD_SHARE
        return unheld_s if unheld_s > limit_s else limit_s
    slowest_s = replies.slowest_s(limit_s / _TIMES)
    if slowest_s:
        return max(limit_s, min(settings.protect_deadline_sec / 2, _TIMES * slowest_s))
    quick_s = replies.quick_s() if settings.protect_deadline_sec else 0.0
    return min(limit_s, max(_LEAST_S, _QUICK_TIMES * quick_s)) if quick_s else limit_s
