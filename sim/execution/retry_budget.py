"""Let retries be a share of the requests and no more, so that a failing venue is not buried under them.

Three ways (policies, "The zoo"), for all placements of one executor together: a share of the recent requests
(Finagle's RetryBudget), a bucket that successes fill and failures empty (gRFC A6; Brooker, "Fixing retries with token
buckets and circuit breakers"), and a number of retries at one time (Envoy's circuit breaker ``max_retries``).
"""

from __future__ import annotations

import time
from collections import deque


class RetryBudget:
    """Remember requests and retries of the last window; times are those of the monotonic clock.

    Retries within a window may be at most ``ratio`` of the requests in it and ``per_s`` a second besides.
    """

    def __init__(self) -> None:
        self._requests_s: deque[float] = deque()
        self._retries_s: deque[float] = deque()

    def deposit(self, window_s: float) -> None:
        """Count a request that is no retry."""
        now_s = time.monotonic()
        self._requests_s.append(now_s)
        _forget(self._requests_s, now_s - window_s)

    def withdraw(self, ratio: float, per_s: float, window_s: float) -> bool:
        """Take one retry out of the budget; False when it is spent."""
        now_s = time.monotonic()
        _forget(self._requests_s, now_s - window_s)
        _forget(self._retries_s, now_s - window_s)
        if len(self._retries_s) + 1 > ratio * len(self._requests_s) + per_s * window_s:
            return False
        self._retries_s.append(now_s)
        return True


class TokenBucket:
    """Count tokens: full at first, never above ``most``, never below 0."""

    def __init__(self) -> None:
        self._missing = 0.0

    def tokens(self, most: float) -> float:
        """Return how many tokens are left in a bucket of ``most``."""
        return max(0.0, most - self._missing)

    def put(self, tokens: float) -> None:
        """Put a success's tokens back."""
        self._missing = max(0.0, self._missing - tokens)

    def charge(self, most: float, stop_share: float) -> None:
        """Take a failure's token (gRFC A6); with ``stop_share`` 0 failures are free and only retries are paid for."""
        if stop_share:
            self._missing = min(most, self._missing + 1.0)

    def grants(self, most: float, stop_share: float) -> bool:
        """Tell whether a retry may be made: above ``stop_share`` of the bucket, or, with 0, paid with one token."""
        if stop_share:
            return self.tokens(most) > stop_share * most
        if self.tokens(most) < 1.0:
            return False
        self._missing += 1.0
        return True


class RetrySlots:
    """Count the retries under way."""

    def __init__(self) -> None:
        self._taken = 0

    def take(self, most: int) -> bool:
        """Take a slot for a retry, from its wait to its answer; False when all ``most`` are taken."""
        if self._taken >= most:
            return False
        self._taken += 1
        return True

    def give_back(self) -> None:
        """Give a slot back."""
        self._taken -= 1


def _forget(times_s: deque[float], before_s: float) -> None:
    while times_s and times_s[0] < before_s:
        times_s.popleft()
