"""Make candles from what has printed so far (pure).

Rules, each with its assumption:

1. A candle holds the prints from its opening to now: nothing of what the tape holds beyond is looked at.
2. The tape's beginning is the symbol's listing: the candle it begins in holds what printed from there on.
3. A candle without prints stands flat at the price in force, as the venue shows a halt (binance-facts 9).
4. Volumes are known per bar of the path.  A bar that has ended gives its volume, or the share of its prints where a
   candle holds only a part; the bar under way counts its prints so far at what a print of the bar before carried.
5. Trades are counted as prints.  Half the volume is a taker's buying: nobody recorded more.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from sim.market import PricePath
from sim.market.bars import IntArray

_WEEK_OFFSET_US: Final = 4 * 86_400_000_000
"""1970-01-01 was a Thursday; the venue's weeks begin on Mondays."""

WEEK_US: Final = 7 * 86_400_000_000


class Candle(NamedTuple):
    """Hold one candle: ``open_us`` in Unix µs, prices, ``volume`` in base asset, ``value`` in quote currency."""

    open_us: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    value: float
    trades: int


def opens_at(unix_us: int, interval_us: int) -> int:
    """Return when the candle of ``interval_us`` that holds a Unix time opened."""
    offset = _WEEK_OFFSET_US if interval_us == WEEK_US else 0
    return unix_us - (unix_us - offset) % interval_us


def candle(path: PricePath, open_us: int, interval_us: int, now_us: int) -> Candle:
    """Return the candle that opened at the Unix time ``open_us``, as it is known at ``now_us`` of the run."""
    from_us = max(open_us - path.epoch_us, 0)
    # What prints at this very instant has happened.
    to_us = min(open_us - path.epoch_us + interval_us, now_us + 1, path.end_us)
    times, prices = path.prints(from_us, to_us)
    if not times.size:
        price = path.last(to_us - 1)
        return Candle(open_us, price, price, price, price, 0.0, 0.0, 0)
    volume = _volume(path, from_us, to_us, now_us, times)
    return Candle(
        open_us,
        float(prices[0]),
        float(prices.max()),
        float(prices.min()),
        float(prices[-1]),
        volume,
        volume * float(prices.mean()),
        int(times.size),
    )


def _volume(path: PricePath, from_us: int, to_us: int, now_us: int, times: IntArray) -> float:
    bar_us = path.bar_us
    total = 0.0
    for bar in range(from_us // bar_us, (to_us - 1) // bar_us + 1):
        begins_us, ends_us = bar * bar_us, (bar + 1) * bar_us
        whole = begins_us >= from_us and ends_us <= to_us
        held = int(times.searchsorted(ends_us) - times.searchsorted(begins_us))
        if ends_us <= now_us + 1:
            share = 1.0 if whole else _share(held, path, begins_us, ends_us)
            total += share * path.bar_volume(begins_us) if share else 0.0
        elif bar and held:
            before_us = begins_us - bar_us
            total += held * path.bar_volume(before_us) / max(_count(path, before_us, begins_us), 1)
    return total if math.isfinite(total) else 0.0


def _share(held: int, path: PricePath, begins_us: int, ends_us: int) -> float:
    return held / max(_count(path, begins_us, ends_us), 1)


def _count(path: PricePath, from_us: int, to_us: int) -> int:
    return int(path.prints(from_us, to_us)[0].size)
