"""Make the fills a slippage model is fitted on: entries at market of swept sizes, at moments of a scenario's tape.

Each fill is what the run's own book (:class:`sim.exchange.book.Book`) gives an order that left on a price read at the
venue: the read's way back and the order's way there lie between, drawn from the scenario's two legs.  No fault plays.
Moment, side and size are keyed by (seed, symbol, date, number), so more fills of a date leave the others as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Final

import numpy as np

from sim.chance import Stream, key_of, mix
from sim.errors import InputError
from sim.exchange.book import Book
from sim.exchange.latency import Leg
from sim.experiment.prepare import Market, load_market_of, paths_of
from sim.market import PricePath
from sim.scenario import LoadedScenario

Array = np.ndarray[Any, Any]

_DAY_US: Final = 86_400_000_000
_MINUTE_US: Final = 60_000_000
_LOOKS: Final = 30
_SMALLEST: Final = 0.01
"""Sizes reach from this share of the largest allowed one up to it, evenly in logarithms."""

HALF_LIFE_S: Final = 300.0
LEAST_SD: Final = 1.0e-4
FEWEST: Final = 3
"""The law of :mod:`sim.execution.volatility`, which is what the model will be given."""


@dataclass(frozen=True, kw_only=True)
class Fills:
    """Hold fills in time order, one value each.

    ``date``: days since 1970, UTC.  ``hour``: 0 to 24, UTC.  ``volatility_bps``: sd of the log price over one second.
    ``share``: quantity over the typical minute's.  ``slippage_bps``: adverse, against the price read; positive costs.
    ``minute_notional``: quote currency a typical minute of the date traded.
    """

    symbol: Array
    date: Array
    hour: Array
    volatility_bps: Array
    share: Array
    slippage_bps: Array
    minute_notional: Array

    def __len__(self) -> int:
        return int(self.date.size)

    def where(self, chosen: Array) -> Fills:
        """Return the fills a mask or an order of places chooses."""
        return Fills(**{item.name: getattr(self, item.name)[chosen] for item in fields(self)})

    def typical_minute(self) -> dict[str, float]:
        """Return the quote currency a typical minute traded on each symbol's latest date."""
        found: dict[str, float] = {}
        for symbol, notional in zip(self.symbol, self.minute_notional, strict=True):
            found[str(symbol)] = float(notional)
        return dict(sorted(found.items()))


def joined(parts: Sequence[Fills]) -> Fills:
    """Join fills of several tapes in time order; of equal times the earlier part's come first."""
    whole = Fills(**{item.name: np.concatenate([getattr(part, item.name) for part in parts])
                     for item in fields(Fills)})  # fmt: skip
    return whole.where(np.argsort(whole.date + whole.hour / 24.0, kind="stable"))


def swept_fills(loaded: LoadedScenario, *, seed: int, per_date: int) -> Fills:
    """Fill ``per_date`` entries on each date and symbol of a scenario's tape.

    Raises InputError for a tape that knows no volumes: there a size is a share of nothing.
    """
    market = load_market_of(loaded)
    filters, paths = paths_of(loaded, market, seed)
    spec = loaded.scenario.fills_in_force()
    parts = []
    for symbol, path in paths.items():
        _refuse_without_volume(market, path)
        book = Book(path, spec, filters[symbol], market.volumes[symbol])
        parts.append(_fills_of(loaded, market, book, seed, per_date))
    return joined(parts)


def _refuse_without_volume(market: Market, path: PricePath) -> None:
    volume = market.volumes[path.symbol].at(path.epoch_us) if path.symbol in market.volumes else math.inf
    if not volume or math.isinf(volume):
        raise InputError("market.klines", path.source, "a tape that knows how much was traded")


def _fills_of(loaded: LoadedScenario, market: Market, book: Book, seed: int, per_date: int) -> Fills:
    path, spec, volumes = book.path, book.spec, market.volumes[book.path.symbol]
    latency = loaded.scenario.latency
    request = Leg(latency.request, seed, "latency.request", latency.rho)
    reply = Leg(latency.reply, seed, "latency.reply", latency.rho)
    chance = Stream(seed, f"calibrate.fills.{path.symbol}")
    first_us, last_us = (_LOOKS + 1) * _MINUTE_US, path.end_us - 2 * _MINUTE_US
    rows: list[tuple[int, int, float, float, float, float]] = []
    for date in range(path.epoch_us // _DAY_US, (path.epoch_us + path.end_us) // _DAY_US + 1):
        from_us = max(first_us, date * _DAY_US - path.epoch_us)
        to_us = min(last_us, (date + 1) * _DAY_US - path.epoch_us)
        volume = volumes.at(date * _DAY_US + _DAY_US // 2)
        for number in range(per_date if to_us > from_us else 0):
            key = mix(key_of(path.symbol), date, number)
            t_us = from_us + int(chance.uniform(mix(key, 0)) * (to_us - from_us))
            side = 1 if chance.uniform(mix(key, 1)) < 0.5 else -1
            wished = volume * spec.max_volume_share * _SMALLEST ** chance.uniform(mix(key, 2))
            quantity = max(1.0, wished // book.step) * book.step
            arrives_us = t_us + reply.sample_us(key, t_us)
            arrives_us = book.trades_from(arrives_us + request.sample_us(key, arrives_us))
            seen = path.last(t_us)
            filled, price = book.take(side, quantity, min(arrives_us, path.end_us - 1))
            if filled:
                cost_bps = side * (price / seen - 1.0) * 1e4
                rows.append(
                    (date, t_us, volatility(path, t_us) * 1e4, quantity / volume, cost_bps, volume * seen)
                )
    table = np.array(sorted(rows)).reshape(-1, 6)
    in_day_us = (table[:, 1] + path.epoch_us) % _DAY_US
    return Fills(
        symbol=np.full(len(table), path.symbol),
        date=table[:, 0].astype(np.int64),
        hour=in_day_us / 3.6e9,
        volatility_bps=table[:, 2],
        share=table[:, 3],
        slippage_bps=table[:, 4],
        minute_notional=table[:, 5],
    )


def volatility(path: PricePath, t_us: int) -> float:
    """Return what :class:`sim.execution.volatility.Volatility` would estimate from one look a minute and one now."""
    minute_us = t_us // _MINUTE_US * _MINUTE_US
    looks_us = [max(0, minute_us - back * _MINUTE_US) for back in range(_LOOKS, -1, -1)]
    looks_us.append(t_us)
    variance, count = 0.0, 0
    for before_us, now_us in pairwise(looks_us):
        if now_us <= before_us:
            continue
        gap_s = (now_us - before_us) / 1e6
        rate = math.log(path.last(now_us) / path.last(before_us)) ** 2 / gap_s
        weight = 1.0 - 0.5 ** (gap_s / HALF_LIFE_S) if count >= FEWEST else 1.0 / (count + 1)
        variance += weight * (rate - variance)
        count += 1
    return max(LEAST_SD, math.sqrt(variance)) if count >= FEWEST else LEAST_SD
