"""Compute how long to wait between attempts: exponential growth under a cap, a pure function.

The law is the seed document's "0.5s, 1s, 2s, 4s, ...": after the k-th failed attempt wait
``min(base * growth ** (k - 1), cap)``; nothing follows the last attempt, so nothing is waited after it.
"""

from __future__ import annotations


def backoff_s(failed_attempts: int, *, base_s: float, growth: float, cap_s: float) -> float:
    """Return the seconds to wait after the ``failed_attempts``-th failed attempt (counted from 1)."""
    if failed_attempts < 1:
        raise ValueError(f"failed_attempts={failed_attempts}: must be >= 1")
    if base_s == 0.0:
        return 0.0
    try:
        delay_s = base_s * growth ** (failed_attempts - 1)
    except OverflowError:
        return cap_s
    return min(delay_s, cap_s)


def backoff_schedule_s(attempts: int, *, base_s: float, growth: float, cap_s: float) -> tuple[float, ...]:
    """Return the waits of a placement that uses up all its attempts: one fewer than attempts."""
    return tuple(
        backoff_s(failed, base_s=base_s, growth=growth, cap_s=cap_s) for failed in range(1, attempts)
    )
