"""Decide what a market order pays (pure).

Fill rules, each with its assumption:

1. A MARKET order fills whole at the instant it reaches the matching engine.  Assumption: it is small against
   the book (intents above ``max_volume_share`` of the bar's volume are counted in the report's notes).
2. The taker pays last, plus half the spread, plus impact, rounded to tick against the taker.  Recorded spreads
   of BTC and ETH are one tick 99 % of the time; the rounding alone charges up to that tick.
3. Impact in bps = ``impact_bps`` * sqrt(quantity / volume of the bar).  Square-root law; the coefficient is an
   assumption of the order of a bar's volatility.
4. A triggered stop or take-profit becomes a MARKET order ``trigger_delay`` after its trigger (about 21 ms in a
   recorded sample) and fills by rules 1-3 from the price *then*: overshoot hurts.
5. Fees are the taker's rate on notional, paid in quote currency.
6. The tape never reacts to us.
"""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict, Field


class FillSpec(BaseModel):
    """State what a fill costs beyond last; bps of price, ms, shares of one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    half_spread_bps: float = Field(default=0.1, ge=0, le=1000)
    impact_bps: float = Field(default=5.0, ge=0, le=10_000)
    taker_fee: float = Field(default=0.0005, ge=0, le=0.1)
    trigger_delay_ms: float = Field(default=21.0, ge=0, le=600_000)
    max_volume_share: float = Field(default=0.1, gt=0, le=1)


def fill_price(
    spec: FillSpec, side: int, last: float, quantity: float, bar_volume: float, tick: float
) -> float:
    """Return the price a taker of ``side`` (+1 buy, -1 sell) pays, on tick, rounded against the taker."""
    share = quantity / bar_volume if bar_volume > 0 else 1.0
    cost = (spec.half_spread_bps + spec.impact_bps * math.sqrt(min(share, 1.0))) * 1e-4
    ticks = last * (1 + side * cost) / tick
    # The nudge keeps a price that is on tick up to float error from being pushed one tick further.
    whole = math.ceil(ticks - 1e-6) if side > 0 else math.floor(ticks + 1e-6)
    # Twelve significant digits: the float nearest to the decimal text, at any price and tick in use.
    return float(f"{whole * tick:.12g}")
