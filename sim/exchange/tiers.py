"""Hold maintenance tiers: what a position of some notional must keep, and how much leverage it may take.

The rows themselves are data: :mod:`sim.exchange.tier_rows`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple


class Tier(NamedTuple):
    """State one tier: notional up to ``cap`` (quote currency), maintenance ``rate`` (a fraction), most leverage.

    ``cum`` is what the tier's rate asks too much for the notional of the tiers below it (quote currency), so that
    maintenance = notional * rate - cum grows without steps (binance-facts 3.3).
    """

    cap: float
    rate: float
    max_leverage: int
    cum: float


Tiers = tuple[Tier, ...]
"""A symbol's tiers, the smallest notional first; never empty."""


def tiers_from(rows: Iterable[tuple[float, float, int]]) -> Tiers:
    """Build tiers from (cap, rate, most leverage), the smallest first; ``cum`` follows from continuity."""
    tiers: list[Tier] = []
    floor, below, cum = 0.0, 0.0, 0.0
    for cap, rate, max_leverage in rows:
        cum += floor * (rate - below)
        tiers.append(Tier(cap, rate, max_leverage, float(f"{cum:.12g}")))
        floor, below = cap, rate
    return tuple(tiers)


def one_tier(rate: float, max_leverage: int) -> Tiers:
    """Return the tiers of a symbol of which only the first is known: it has no end."""
    return (Tier(math.inf, rate, max_leverage, 0.0),)


def tier_of(tiers: Tiers, notional: float) -> Tier:
    """Return the tier that holds ``notional``; the last one beyond every cap."""
    for tier in tiers:
        if notional <= tier.cap:
            return tier
    return tiers[-1]


def maintenance_of(tiers: Tiers, notional: float) -> float:
    """Return the maintenance margin of a position of ``notional``: notional * rate - cum (binance-facts 3.3)."""
    tier = tier_of(tiers, notional)
    return notional * tier.rate - tier.cum


def cap_of(tiers: Tiers, leverage: int) -> float:
    """Return the largest notional that ``leverage`` may hold (-2027 beyond it); 0.0 where no tier takes it."""
    return max((tier.cap for tier in tiers if tier.max_leverage >= leverage), default=0.0)
