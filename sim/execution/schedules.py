"""Say how long a placement waits after a failure: by one schedule, or by what the failure means; with jitter.

The growth law is :func:`sim.execution.backoff.backoff_s`; jitter follows the AWS Architecture Blog's names (policies
2).  What is random comes in as ``share``, a number from 0 to below 1, so that these functions stay pure.
"""

from __future__ import annotations

from .backoff import backoff_s
from .outcome_classes import OutcomeClass
from .policy_keys import Jitter, Settings


def wait_s(
    settings: Settings,
    failed: int,
    kind: OutcomeClass,
    share: float,
    *,
    previous_s: float = 0.0,
    retry_after_s: float | None = None,
    exits: bool = False,
) -> float:
    """Return the seconds to wait after the ``failed``-th failed attempt, of class ``kind``.

    An exit that is throttled comes back as after a documented failure, and no wait of an exit is longer than
    ``exit_backoff_cap_sec``: a position waits for it.
    ``previous_s`` is the wait before (for decorrelated jitter).  What the venue asks for is a floor, where the
    policy honours it.
    """
    base_s = settings.retry_backoff_base_sec
    if settings.schedule == "by-outcome":
        if kind == "market":
            base_s = settings.market_backoff_base_sec
        elif kind == "documented" or (kind == "wait" and exits):
            base_s = settings.documented_backoff_base_sec
    cap_s = settings.max_retry_backoff_sec
    if exits and settings.schedule == "by-outcome":
        cap_s = min(cap_s, settings.exit_backoff_cap_sec)
    planned_s = backoff_s(failed, base_s=base_s, growth=settings.retry_backoff_growth, cap_s=cap_s)
    delay_s = jittered_s(
        settings.jitter,
        planned_s,
        share,
        base_s=base_s,
        cap_s=cap_s,
        previous_s=previous_s,
        spread=settings.jitter_share,
        most_s=settings.jitter_max_sec,
    )
    if settings.honour_retry_after and retry_after_s is not None:
        return max(delay_s, retry_after_s)
    return delay_s


def is_too_late(settings: Settings, end_s: float) -> bool:
    """Tell whether a wait that ends so long after the first attempt ends too late, or leaves another no time."""
    return end_s > settings.max_total_time_sec or 0.0 < settings.placement_timeout_sec <= end_s


def attempt_limit_s(settings: Settings, elapsed_s: float, patience_s: float) -> float:
    """Return how long to wait for the answer to an attempt made ``elapsed_s`` after the first; 0: without a limit.

    It is ``patience_s``, the attempt's own limit, or what is left of the placement's, whichever is shorter.
    """
    limit_s = patience_s
    if not settings.placement_timeout_sec:
        return limit_s
    # Nothing left is still a limit, and not the 0 that means none.
    left_s = max(1e-6, settings.placement_timeout_sec - elapsed_s)
    return min(limit_s, left_s) if limit_s else left_s


def jittered_s(
    jitter: Jitter,
    planned_s: float,
    share: float,
    *,
    base_s: float,
    cap_s: float,
    previous_s: float = 0.0,
    spread: float = 0.2,
    most_s: float = 0.1,
) -> float:
    """Return a planned wait with jitter applied.

    none: as planned.  full: 0 to planned.  equal: half and 0 to half.  decorrelated: base to three times the wait
    before, capped.  proportional: planned x (1 +- spread).  additive: planned and 0 to ``most_s``, capped.
    """
    if jitter == "full":
        return planned_s * share
    if jitter == "equal":
        return planned_s / 2 + planned_s / 2 * share
    if jitter == "decorrelated":
        top_s = max(base_s, previous_s * 3) if previous_s > 0.0 else base_s * 3
        return min(cap_s, base_s + (top_s - base_s) * share)
    if jitter == "proportional":
        return planned_s * (1 + spread * (2 * share - 1))
    if jitter == "additive":
        return min(cap_s, planned_s + most_s * share)
    return planned_s
