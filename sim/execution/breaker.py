"""Stop asking for what is refused again and again: one circuit per (symbol, code, text), or one for all calls.

Identical refusals of identical requests for ever are a failure of their own (failures F27, F43).  Such a circuit opens
after so many in a row, stays open for a while, then lets one attempt through; a success of the symbol closes it.
:class:`CallBreaker` judges all calls by their share of failures instead (resilience4j's CircuitBreaker; policies, "The
zoo").  Times are those of the monotonic clock.
"""

from __future__ import annotations

import re
import time
from collections import deque

Circuit = tuple[str, int | None, str]

_NUMBER = re.compile(r"\d+")


def circuit_of(symbol: str, code: int | None, message: str) -> Circuit:
    """Return the circuit a refusal belongs to; numbers in the text do not matter (times, limits, addresses)."""
    return symbol, code, _NUMBER.sub("#", message)


class CircuitBreaker:
    """Count equal refusals in a row."""

    def __init__(self) -> None:
        self._counts: dict[Circuit, int] = {}
        self._open_until_s: dict[Circuit, float] = {}

    def note_failure(self, circuit: Circuit, limit: int, open_s: float) -> bool:
        """Count a failure and tell whether the circuit is open now."""
        now_s = time.monotonic()
        until_s = self._open_until_s.get(circuit)
        if until_s is not None:
            if now_s < until_s:
                return True
            # Half open: the attempt just made was the trial, and it failed.
            self._open_until_s[circuit] = now_s + open_s
            return True
        count = self._counts.get(circuit, 0) + 1
        self._counts[circuit] = count
        if count < limit:
            return False
        self._open_until_s[circuit] = now_s + open_s
        return True

    def is_open(self, circuit: Circuit) -> bool:
        """Tell whether attempts that would fail this way are held back."""
        return time.monotonic() < self._open_until_s.get(circuit, float("-inf"))

    def note_success(self, symbol: str) -> None:
        """Close all circuits of a symbol."""
        for table in (self._counts, self._open_until_s):
            for circuit in [circuit for circuit in table if circuit[0] == symbol]:
                del table[circuit]


class CallBreaker:
    """Hold all calls back while too many of the last ones failed.

    Closed: every call passes; once ``window`` of them are known and at least ``share`` of them failed, it opens.  Open:
    none passes for ``open_s``.  Then half open: ``trials`` calls pass; by the share of failures among them it closes or
    opens anew.
    """

    def __init__(self) -> None:
        self._failed: deque[bool] = deque()
        self._failures = 0
        self._open_until_s: float | None = None
        self._trials_left = 0

    def lets_through(self, trials: int) -> bool:
        """Tell whether a call may be made now, and count it as a trial where it is one."""
        if self._open_until_s is None:
            return True
        if time.monotonic() < self._open_until_s:
            return False
        if self._trials_left <= 0:
            return False
        self._trials_left = min(self._trials_left, trials) - 1
        return True

    def is_open(self) -> bool:
        """Tell whether calls are held back for now, whatever their number."""
        return self._open_until_s is not None and time.monotonic() < self._open_until_s

    def note(self, failed: bool, window: int, share: float, open_s: float, trials: int) -> None:
        """Count the outcome of a call that was let through."""
        now_s = time.monotonic()
        if self._open_until_s is not None and now_s < self._open_until_s:
            # A call sent before the circuit opened; it was judged without it.
            return
        half_open = self._open_until_s is not None
        self._remember(failed, trials if half_open else window)
        if len(self._failed) < (trials if half_open else window):
            return
        if self._failures >= share * len(self._failed):
            self._start_over()
            self._open_until_s, self._trials_left = now_s + open_s, trials
        elif half_open:
            self._start_over()
            self._open_until_s = None

    def _remember(self, failed: bool, most: int) -> None:
        self._failed.append(failed)
        self._failures += failed
        while len(self._failed) > most:
            self._failures -= self._failed.popleft()

    def _start_over(self) -> None:
        self._failed.clear()
        self._failures = 0
