"""Decide what a market order gets and what it pays (pure).

Fill rules, each with its assumption (figures: :mod:`sim.exchange.calibrate_book`, recordings of USDS-M futures
named in klines/README.md):

1. A MARKET order executes at the instant it reaches the matching engine, at one average price.  Assumption: it
   is small against the market (sizes above ``max_volume_share`` of a minute's volume are refused beforehand).
2. The touch lies half a spread beyond last, rounded to tick against the taker.  Measured: the spread is one tick
   99.1 to 100 % of the time, so the rounding alone charges that tick (the default half spread is a floor far
   below it).  It widens with the range of the last second: by up to 0.9 % of that range on average (BTC,
   2024-08-08), and the default takes 1 %.
3. Beyond the touch a taker pays for depth: on average ``impact_bps`` * (quantity / depth) ^ ``impact_exponent``, where
   depth is a typical minute's volume times the multipliers of rule 4.  Measured on bursts (one side, one
   millisecond), volume-weighted price beyond the first: 8.6 bps * share ^ 0.85 and 8.8 * share ^ 0.92 in the lively
   recordings (BTC and ETH, 2024-08-08), 1.9 * share ^ 0.86 in a calm one (BTC, 2023-04-04), next to nothing in the
   calmest (2024-07-18).  The default is the lively one: the rule that hurts wins.  Further out it stays on the
   hurting side: it reaches 1 % after 8 typical minutes and 5 % after 49, where bookDepth of 2025-10-10 (until
   15:30) holds 41 to 53 and 122 to 211.
4. Depth thins when the market runs: by ``crash_depth_multiplier`` ^ (range of the minute / ``crash_range_pct``), the
   exponent at most 1.  Assumption, to be swept: there is no depth of a crash in the data.  What there is fits:
   in the last half hour before 15:30 of 2025-10-10, at 24 bps a minute, the bids within 1 % fell to 0.45
   of the hours before and the asks to 0.9 (the default gives 0.76).
5. No fill lies beyond mark · (1 ± ``market_take_bound``) (binance-facts 3.1: marketTakeBound, 0.05): the order takes
   what the book gives up to there and the remainder expires.
6. Fees are a rate on notional, paid in quote currency: the taker's for what executes on arrival, the maker's for
   what rested first (binance-facts 3.3: VIP 0).
7. The tape never reacts to us.
8. A LIMIT order takes on arrival what the book gives up to its price, by rules 2 to 4 and without rule 5 (its price
   is its bound), as a taker.  What is left rests: :mod:`sim.exchange.resting`.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.chance import Stream
from sim.exchange.request import key_for


class FillSpec(BaseModel):
    """State what a fill costs beyond last, how deep the book is, and how late a trigger acts.

    ``half_spread_bps``: least distance of the touch from last.  ``spread_range_share``: share of the last second's
    range (bps of price) added to it.  ``impact_bps``: average cost, beyond the touch, of a size equal to a typical
    minute's volume.  ``impact_exponent``: growth of that cost with size over depth (1 linear, 0.5 square root).
    ``depth_multiplier``: depth against the measured one.  ``crash_depth_multiplier``: what is left of depth in a minute
    whose range is ``crash_range_pct`` or more (per cent of price).  ``market_take_bound``: share of mark.
    ``taker_fee``, ``maker_fee``: share of notional.  ``limit_fill``: what fills a resting LIMIT order, a print beyond
    its price ("through") or one at it as well ("touch").  ``limit_share``, with "touch": the share it gets of the
    volume printed at its price; None: the first such print fills it whole.  ``trigger_view_delay_ms``: age of the
    price the trigger engine judges on, at placement (-2021) and afterwards.  ``trigger_delay_ms``: from trigger to
    child fill; 21 in the one recorded sample (binance-facts 2.2).  ``trigger_jitter_ms``: mean of an exponential
    delay on top, drawn by intent and role.  ``max_volume_share``: largest size, as a share of a typical minute.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    half_spread_bps: float = Field(default=0.005, ge=0, le=1000)
    spread_range_share: float = Field(default=0.01, ge=0, le=1)
    impact_bps: float = Field(default=8.7, ge=0, le=10_000)
    impact_exponent: float = Field(default=0.88, ge=0.1, le=2)
    depth_multiplier: float = Field(default=1.0, gt=0, le=1000)
    crash_depth_multiplier: float = Field(default=0.1, gt=0, le=1)
    crash_range_pct: float = Field(default=2.0, gt=0, le=100)
    market_take_bound: float = Field(default=0.05, gt=0, lt=1)
    taker_fee: float = Field(default=0.0005, ge=0, le=0.1)
    maker_fee: float = Field(default=0.0002, ge=0, le=0.1)
    limit_fill: Literal["through", "touch"] = "through"
    limit_share: float | None = Field(default=None, gt=0, le=1)
    trigger_view_delay_ms: float = Field(default=0.0, ge=0, le=60_000)
    trigger_delay_ms: float = Field(default=21.0, ge=0, le=600_000)
    trigger_jitter_ms: float = Field(default=0.0, ge=0, le=600_000)
    max_volume_share: float = Field(default=0.1, gt=0, le=1)

    @model_validator(mode="after")
    def _share_of_something(self) -> FillSpec:
        if self.limit_share is not None and self.limit_fill == "through":
            raise ValueError(
                f'limit_share={self.limit_share} needs limit_fill="touch": prints at the price give nothing else'
            )
        return self


def thinned(spec: FillSpec, range_pct: float) -> float:
    """Return the share of depth left in a minute of this range, per cent of price (rule 4)."""
    fullness = min(range_pct / spec.crash_range_pct, 1.0)
    return float(spec.depth_multiplier * spec.crash_depth_multiplier**fullness)


def touch_price(spec: FillSpec, side: int, last: float, range_bps: float, tick: float) -> float:
    """Return the best opposite price for a taker of ``side`` (+1 buy, -1 sell), on tick (rule 2)."""
    half_bps = spec.half_spread_bps + spec.spread_range_share * range_bps
    return _on_tick(last * (1 + side * half_bps * 1e-4), side, tick)


def take(
    spec: FillSpec,
    side: int,
    last: float,
    quantity: float,
    *,
    depth: float,
    tick: float,
    step: float,
    range_bps: float = 0.0,
    mark: float = math.nan,
) -> tuple[float, float]:
    """Return (quantity filled, average price) of a taker of ``side``; (0.0, NaN) when the touch is beyond the bound.

    ``depth`` in base asset: infinity for an endless book, 0 for an unknown one, which is charged as if the order were
    all of it.  ``range_bps`` of the last second.  ``mark`` NaN: no bound (rule 5).  The price is on tick, rounded
    against the taker; a partial fill is a whole number of steps.
    """
    half_bps = spec.half_spread_bps + spec.spread_range_share * range_bps
    share = quantity / depth if depth > 0 else 1.0
    impact_bps = spec.impact_bps * share**spec.impact_exponent
    if mark == mark:
        bound = mark * (1 + side * spec.market_take_bound)
        # The last unit of a power law pays (1 + exponent) times the average, and rounding adds up to a tick.
        worst = last * (1 + side * (half_bps + impact_bps * (1 + spec.impact_exponent)) * 1e-4) + side * tick
        if side * (worst - bound) > 0:
            return _take_within(spec, side, last, quantity, share, half_bps, bound, tick, step)
    return quantity, _on_tick(last * (1 + side * (half_bps + impact_bps) * 1e-4), side, tick)


def take_to(
    spec: FillSpec,
    side: int,
    last: float,
    quantity: float,
    limit: float,
    *,
    depth: float,
    tick: float,
    step: float,
    range_bps: float = 0.0,
) -> tuple[float, float]:
    """Return (quantity, average price) that a LIMIT order takes on arrival (rule 8); (0.0, NaN) for nothing."""
    half_bps = spec.half_spread_bps + spec.spread_range_share * range_bps
    share = quantity / depth if depth > 0 else 1.0
    return _take_within(spec, side, last, quantity, share, half_bps, limit, tick, step)


def _take_within(
    spec: FillSpec,
    side: int,
    last: float,
    quantity: float,
    share: float,
    half_bps: float,
    bound: float,
    tick: float,
    step: float,
) -> tuple[float, float]:
    """Take what the book gives up to ``bound``; ``share`` is the wanted quantity over depth."""
    furthest = _on_tick(bound, -side, tick)
    touch = _on_tick(last * (1 + side * half_bps * 1e-4), side, tick)
    if side * (touch - furthest) > 1e-6 * tick:
        return 0.0, math.nan
    exponent = spec.impact_exponent
    room_bps = max(side * (bound / last - 1) * 1e4 - half_bps, 0.0)
    impact_bps = spec.impact_bps * share**exponent
    if impact_bps * (1 + exponent) > room_bps:
        within = (room_bps / (spec.impact_bps * (1 + exponent))) ** (1 / exponent)
        quantity = whole_steps(quantity * within / share, step)
        if quantity == 0.0:
            return 0.0, math.nan
        impact_bps = room_bps / (1 + exponent)
    price = _on_tick(last * (1 + side * (half_bps + impact_bps) * 1e-4), side, tick)
    return quantity, price if side * (furthest - price) >= 0 else furthest


def _on_tick(price: float, side: int, tick: float) -> float:
    ticks = price / tick
    # The nudge keeps a price that is on tick up to float error from being pushed one tick further.
    whole = math.ceil(ticks - 1e-6) if side > 0 else math.floor(ticks + 1e-6)
    # Twelve significant digits: the float nearest to the decimal text, at any price and tick in use.
    return float(f"{whole * tick:.12g}")


def whole_steps(quantity: float, step: float) -> float:
    """Return the quantity cut to whole steps."""
    return float(f"{math.floor(quantity / step + 1e-9) * step:.12g}")


class TriggerDelay:
    """Draw how long after its trigger an order's child fills; keyed, so another policy meets the same draws."""

    def __init__(self, spec: FillSpec, seed: int) -> None:
        self.view_us = round(spec.trigger_view_delay_ms * 1000)
        self.drawn = spec.trigger_jitter_ms > 0
        """Tell whether the delay differs from order to order, so that n of :meth:`of_us` matters."""
        self._fixed_us = round(spec.trigger_delay_ms * 1000)
        self._jitter_us = spec.trigger_jitter_ms * 1000
        self._stream = Stream(seed, "venue.trigger")

    def of_us(self, intent: int, role: str, n: int) -> int:
        """Return the delay of the n-th triggered order (from 0) of an intent in a role, in µs."""
        if not self.drawn:
            return self._fixed_us
        uniform = self._stream.uniform(key_for(intent, role, "trigger", n))
        return self._fixed_us + round(-math.log1p(-uniform) * self._jitter_us)
