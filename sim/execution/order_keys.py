"""Hold the keys of the guard, of the attempts and of what tells one order from another: the first part of the table.

See :mod:`sim.execution.policy_keys`, which is the whole of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .policy_key import choice, integer, number, switch

ClassifierName = Literal[
    "d7", "every-error", "only-2021", "none", "outcomes", "transient", "unprocessed", "venue-advice",
    "nautilus-python", "nautilus-rust",
]  # fmt: skip
Endpoint = Literal["order", "algo", "auto"]


# Only Settings is ever made: methods written for its bases as well would make every import slower.
@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class OrderKeys:
    """Carry one checked value for each key about the guard, the attempts and the look-ups."""

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
