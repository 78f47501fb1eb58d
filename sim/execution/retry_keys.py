"""Hold the keys that say how often and how fast something is sent: the second part of the table.

See :mod:`sim.execution.policy_keys`, which is the whole of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .order_keys import OrderKeys
from .policy_key import choice, integer, number, switch

Jitter = Literal["none", "full", "equal", "decorrelated", "proportional", "additive"]
Schedule = Literal["one", "by-outcome"]


# Only Settings is ever made: methods written for its bases as well would make every import slower.
@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class RetryKeys(OrderKeys):
    """Carry one checked value for each key about waits, breakers, budgets and limits as well."""

    schedule: Schedule = field(
        default="by-outcome",
        metadata=choice(Schedule, "Wait by one schedule, or by what the failure means (by-outcome)."),
    )
    jitter: Jitter = field(
        default="full", metadata=choice(Jitter, "Spread waits so that a crowd does not come back together.")
    )
    jitter_share: float = field(
        default=0.2,
        metadata=number(
            0.0, 1.0, "fraction", "Move a wait up or down by up to this (jitter = proportional)."
        ),
    )
    jitter_max_sec: float = field(
        default=0.1, metadata=number(0.0, 60.0, "s", "Add up to this to a wait (jitter = additive).")
    )
    documented_backoff_base_sec: float = field(
        default=0.2,
        metadata=number(0.0, 60.0, "s", "First wait after a failure documented as not applied (by-outcome)."),
    )
    exit_backoff_cap_sec: float = field(
        default=0.25, metadata=number(0.0, 3600.0, "s", "Never wait longer before an exit (by-outcome).")
    )
    market_backoff_base_sec: float = field(
        default=0.0,
        metadata=number(0.0, 60.0, "s", "First wait after the price refused an order (by-outcome)."),
    )
    market_max_retries: int = field(
        default=2,
        metadata=integer(
            0, 100, "retries", "Try again at most this often after the price refused (by-outcome)."
        ),
    )
    max_total_time_sec: float = field(
        default=3600.0,
        metadata=number(
            0.0, 3600.0, "s", "Begin no wait that would end later than this after the first attempt."
        ),
    )
    honour_retry_after: bool = field(
        default=True, metadata=switch("Wait as long as the venue asks (Retry-After, the end of a ban).")
    )
    breaker_failures: int = field(
        default=0,
        metadata=integer(
            0, 1000, "failures", "Open a circuit after so many equal refusals in a row; 0: never."
        ),
    )
    breaker_open_sec: float = field(
        default=60.0,
        metadata=number(0.0, 86400.0, "s", "Keep a circuit open this long, then let one through."),
    )
    retry_budget_ratio: float = field(
        default=0.0,
        metadata=number(0.0, 10.0, "fraction", "Retry at most this share of recent requests; 0: no budget."),
    )
    retry_budget_per_sec: float = field(
        default=10.0,
        metadata=number(0.0, 10000.0, "1/s", "Retries per second that the budget grants whatever the share."),
    )
    retry_budget_window_sec: float = field(
        default=10.0, metadata=number(0.1, 3600.0, "s", "Count the budget's requests over this window.")
    )
    breaker_window_calls: int = field(
        default=0,
        metadata=integer(
            0, 10000, "calls", "Open the breaker by the share of failures among so many last calls; 0: never."
        ),
    )
    breaker_failure_share: float = field(
        default=0.5,
        metadata=number(0.01, 1.0, "fraction", "Open it when at least this share of those calls failed."),
    )
    breaker_trial_calls: int = field(
        default=10,
        metadata=integer(
            1, 1000, "calls", "Let so many calls through after breaker_open_sec, and judge by them."
        ),
    )
    throttle_tokens: float = field(
        default=0.0,
        metadata=number(0.0, 1000.0, "tokens", "Pay for failures from a bucket of this size; 0: no bucket."),
    )
    throttle_ratio: float = field(
        default=0.1,
        metadata=number(0.0, 10.0, "tokens", "Put so much back into the bucket for each success."),
    )
    throttle_stop_share: float = field(
        default=0.5,
        metadata=number(
            0.0,
            0.99,
            "fraction",
            "Retry only while more than this share of the bucket is left; 0: while it pays for a retry.",
        ),
    )
    max_parallel_retries: int = field(
        default=0,
        metadata=integer(
            0, 10000, "retries", "Have at most so many retries under way at one time; 0: no limit."
        ),
    )
    placement_timeout_sec: float = field(
        default=0.0,
        metadata=number(
            0.0, 3600.0, "s", "Give a placement this long, all attempts and waits included; 0: no limit."
        ),
    )
    use_limiter: bool = field(
        default=True,
        metadata=switch("Hold requests back by the shared limiter before the venue refuses them."),
    )
    limiter_share: float = field(
        default=0.9,
        metadata=number(
            0.01, 1.0, "fraction", "Use at most this share of the venue's weight and order counts."
        ),
    )
    limiter_exit_reserve: float = field(
        default=0.3, metadata=number(0.0, 1.0, "fraction", "Keep this share of them for exits and look-ups.")
    )
