"""Hold every ``execution.*`` key in one typed table: kind, unit, range, default and meaning.

:class:`Settings` is the table: each field is one key.  The defaults are those of the policy ``safe``
(policies, "The zoo"); those the seed document names are its own.  ``*_pct`` values are fractions (0.005 = 0.5 %).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal

from .policy_key import PolicyKey, choice, integer, number, switch

PREFIX = "execution."
ClassifierName = Literal[
    "d7", "every-error", "only-2021", "none", "outcomes", "transient", "unprocessed", "venue-advice",
    "nautilus-python", "nautilus-rust",
]  # fmt: skip
Endpoint = Literal["order", "algo", "auto"]
Jitter = Literal["none", "full", "equal", "decorrelated", "proportional", "additive"]
Schedule = Literal["one", "by-outcome"]
EntryStyle = Literal["market", "limit_ioc"]
SlippageQuantile = Literal["median", "q90"]
StopSizing = Literal["close_position", "reduce_only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Carry one checked value for every key; this class body is the table of keys."""

    max_slippage_pct: float = field(
        default=0.005,
        metadata=number(
            0.0, 1.0, "fraction", "Refuse an entry whose planned price deviates more from the market."
        ),
    )
    max_sl_distance_pct: float = field(
        default=0.10,
        metadata=number(0.0001, 1.0, "fraction", "Refuse an entry whose stop stands further from it."),
    )
    min_sl_buffer_pct: float = field(
        default=0.001,
        metadata=number(0.000001, 0.5, "fraction", "Keep a stop at least this far from the entry."),
    )
    max_tp_distance_pct: float = field(
        default=0.50,
        metadata=number(0.0001, 100.0, "fraction", "Warn about a target further from the entry."),
    )
    high_leverage_threshold: float = field(
        default=10.0, metadata=number(1.0, 1000.0, "x", "Call leverage above this high.")
    )
    high_leverage_factor: float = field(
        default=0.5,
        metadata=number(0.01, 1.0, "factor", "Multiply the slippage limit by this at high leverage."),
    )
    max_order_retries: int = field(
        default=5,
        metadata=integer(1, 100, "attempts", "Make at most this many attempts, the first one included."),
    )
    retry_backoff_base_sec: float = field(
        default=0.5, metadata=number(0.0, 3600.0, "s", "Wait this long after the first failed attempt.")
    )
    retry_backoff_growth: float = field(
        default=2.0,
        metadata=number(1.0, 10.0, "factor", "Multiply the wait by this after each further failure."),
    )
    max_retry_backoff_sec: float = field(
        default=10.0, metadata=number(0.0, 3600.0, "s", "Never wait longer than this between two attempts.")
    )
    classifier: ClassifierName = field(
        default="outcomes",
        metadata=choice(ClassifierName, "Choose which failures are worth another attempt."),
    )
    retry_timeouts: bool = field(
        default=True,
        metadata=switch("Resend after a time-out or a lost connection, if the classifier ever does."),
    )
    adjust_sl_on_2021: bool = field(
        default=True, metadata=switch("Move a stop refused with -2021 before sending it again.")
    )
    sl_adjustment_buffer_pct: float = field(
        default=0.001,
        metadata=number(
            0.000001, 0.5, "fraction", "Move a stop refused with -2021 this far from the mark price."
        ),
    )
    guard_entry: bool = field(default=True, metadata=switch("Ask the guard before an entry is sent."))
    check_slippage_after_trade: bool = field(
        default=False, metadata=switch("Compare plan and market after the trade, only to report it.")
    )
    flatten_when_unprotected: bool = field(
        default=False, metadata=switch("Close the position when its stop or target could not be placed.")
    )
    conditional_endpoint: Endpoint = field(
        default="auto",
        metadata=choice(Endpoint, "Choose the path of stops and targets; auto switches on -4120."),
    )
    # -- who an order is, and what became of it --------------------------------------------------------
    client_ids: bool = field(
        default=True, metadata=switch("Give every write a client order id; resend with the same one.")
    )
    look_up_unknown: bool = field(
        default=True,
        metadata=switch(
            "Look an order up by its client id before anything is resent after an unknown outcome."
        ),
    )
    look_up_base_sec: float = field(
        default=0.25, metadata=number(0.01, 60.0, "s", "Wait this long between the first two look-ups.")
    )
    look_up_growth: float = field(
        default=2.0, metadata=number(1.0, 10.0, "factor", "Multiply the wait between look-ups by this.")
    )
    look_up_cap_sec: float = field(
        default=2.0, metadata=number(0.01, 60.0, "s", "Never wait longer than this between look-ups.")
    )
    look_up_min: int = field(
        default=3,
        metadata=integer(1, 100, "look-ups", "Call an order absent only after this many look-ups missed it."),
    )
    unknown_deadline_sec: float = field(
        default=7.0,
        metadata=number(
            0.0,
            3600.0,
            "s",
            "Call it absent only this long after it was sent: recvWindow and a margin for lag.",
        ),
    )
    unreadable_sec: float = field(
        default=60.0,
        metadata=number(0.0, 3600.0, "s", "Leave an order unknown after look-ups failed for this long."),
    )
    resend_unknown_entry: bool = field(
        default=False,
        metadata=switch("Resend an opening order that no look-up found (it may yet appear: reads lag)."),
    )
    watch_unknown_sec: float = field(
        default=90.0,
        metadata=number(
            0.0, 86400.0, "s", "Go on looking for an entry given up as unknown, and close it if it appears."
        ),
    )
    attempt_timeout_sec: float = field(
        default=1.0,
        metadata=number(
            0.0,
            3600.0,
            "s",
            "Wait no longer for the answer to a write or look-up, and look up; 0: the client's.",
        ),
    )
    # -- how often and how fast ------------------------------------------------------------------------
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
    # -- the entry -------------------------------------------------------------------------------------
    entry_style: EntryStyle = field(
        default="limit_ioc",
        metadata=choice(
            EntryStyle, "Enter at market, or by a LIMIT IOC at plan x (1 +- the slippage limit)."
        ),
    )
    recheck_each_attempt: bool = field(
        default=True, metadata=switch("Ask the guard again, with a fresh price, before an entry is resent.")
    )
    max_price_age_sec: float = field(
        default=2.0,
        metadata=number(0.0, 3600.0, "s", "Refuse an entry judged by a price older than this."),
    )
    allow_favourable_deviation: bool = field(
        default=False, metadata=switch("Do not refuse an entry whose price moved in our favour.")
    )
    liquidation_margin_pct: float = field(
        default=0.0,
        metadata=number(
            0.0,
            1.0,
            "fraction",
            "Refuse a stop nearer than this to liquidation at the leverage; 0: do not ask.",
        ),
    )
    maintenance_margin_pct: float = field(
        default=0.004,
        metadata=number(
            0.0, 1.0, "fraction", "Take liquidation to come at 1 / leverage less this from the entry."
        ),
    )
    slippage_volatility_factor: float = field(
        default=0.0,
        metadata=number(
            0.0, 100.0, "sd", "Let the slippage limit follow volatility: this many sd; 0: fixed."
        ),
    )
    predicted_slippage_limit_pct: float = field(
        default=0.0,
        metadata=number(
            0.0, 1.0, "fraction", "Enter with less where the size is predicted to slip by more; 0: as wished."
        ),
    )
    predicted_slippage_quantile: SlippageQuantile = field(
        default="median",
        metadata=choice(
            SlippageQuantile, "Hold the predicted median, or its 90th percentile, to that limit."
        ),
    )
    # -- protection ------------------------------------------------------------------------------------
    protect_deadline_sec: float = field(
        default=3.5,
        metadata=number(
            0.0, 600.0, "s", "Close a position not protected this long after its fill; 0: never."
        ),
    )
    read_back: bool = field(
        default=True,
        metadata=switch("Read fills and stops back from the venue instead of trusting replies."),
    )
    verify_every_sec: float = field(
        default=60.0,
        metadata=number(0.0, 3600.0, "s", "Look after the stop of an open position this often; 0: never."),
    )
    judge_refused_stop: bool = field(
        default=True,
        metadata=switch(
            "After -2021 read the price: give up, where the caller closes, when it has reached the stop; resend the "
            "stop unchanged when it stands clear; move it otherwise."
        ),
    )
    widen_budget_pct: float = field(
        default=0.0005,
        metadata=number(
            0.0, 1.0, "fraction", "Never move a stop further than this beyond the planned one; 1: no limit."
        ),
    )
    buffer_volatility_factor: float = field(
        default=0.0,
        metadata=number(
            0.0, 100.0, "sd", "Move a refused stop by this many sd of the expected delay, if more."
        ),
    )
    stop_sizing: StopSizing = field(
        default="close_position",
        metadata=choice(StopSizing, "Let a stop close the position, or reduce it by its quantity."),
    )
    batch_protection: bool = field(
        default=False,
        metadata=switch(
            "Send stop and first target in one request where the venue takes it (before 2025-12-09)."
        ),
    )
    target_required: bool = field(
        default=False, metadata=switch("Call a position unprotected while its base target does not rest.")
    )
    use_user_stream: bool = field(
        default=True,
        metadata=switch("Take in user-stream events: fills, ends of orders, closed positions."),
    )
    keep_journal: bool = field(
        default=True, metadata=switch("Write every intent down before its orders are sent, to recover it.")
    )
    flatten_patience_sec: float = field(
        default=3600.0,
        metadata=number(0.0, 86400.0, "s", "Go on trying to close an unprotected position for this long."),
    )
    sweep_when_flat: bool = field(
        default=True, metadata=switch("Cancel what still rests once the position is flat, and look again.")
    )


def _table() -> dict[str, PolicyKey]:
    table: dict[str, PolicyKey] = {}
    for item in fields(Settings):
        default: Any = item.default
        table[item.name] = PolicyKey(name=PREFIX + item.name, default=default, **item.metadata)
    return table


KEY_OF_FIELD: Mapping[str, PolicyKey] = MappingProxyType(_table())
KEYS: Mapping[str, PolicyKey] = MappingProxyType({key.name: key for key in KEY_OF_FIELD.values()})
DEFAULTS = Settings()
