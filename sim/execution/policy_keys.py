"""Hold every ``execution.*`` key in one typed table: kind, unit, range, default and meaning.

:class:`Settings` is the table: each field is one key, inherited ones included.  The defaults are those of the policy
``safe`` (policies, "The zoo"); those the seed document names are its own.  ``*_pct`` values are fractions (0.005 =
0.5 %).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal

from .order_keys import ClassifierName, Endpoint
from .policy_key import PolicyKey, choice, number, switch
from .retry_keys import Jitter, RetryKeys, Schedule

__all__ = [
    "DEFAULTS", "KEYS", "KEY_OF_FIELD", "PREFIX", "ClassifierName", "Endpoint", "EntryStyle", "Jitter", "Schedule",
    "Settings", "SlippageQuantile", "StopSizing",
]  # fmt: skip

PREFIX = "execution."
EntryStyle = Literal["market", "limit_ioc"]
SlippageQuantile = Literal["median", "q90"]
StopSizing = Literal["close_position", "reduce_only"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(RetryKeys):
    """Carry one checked value for every key; this class with its bases is the table of keys."""

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
    stand_aside_sec: float = field(
        default=300.0,
        metadata=number(
            0.0,
            86400.0,
            "s",
            "Enter nothing this long after a stop or a close was throttled (-1008); 0: enter.",
        ),
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
    hedge_stop_sec: float = field(
        default=0.25,
        metadata=number(
            0.0,
            60.0,
            "s",
            "Send another stop or exit so long after the last while they are throttled or the venue is slow; 0: never.",
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
