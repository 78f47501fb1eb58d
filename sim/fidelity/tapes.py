"""Load the tapes of a comparison and cut them to whole bars.

A tape is a stretch whose steps are known: recorded trades (put into steps here) or bars as short as the step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

import numpy as np

from sim.errors import InputError
from sim.fidelity.level import LEVELS, Level
from sim.market import Bars, Problems, Recording, Trades, load_market
from sim.market.bars import FloatArray, IntArray, interval_name

_MOST_DECIMALS: Final = 10
_LENIENT: Final = Problems(times_us="convert", gaps="flat", duplicates="keep_first")


@dataclass(frozen=True, eq=False)
class Tape:
    """Hold one stretch: ``steps`` on a gapless grid of whole bars, ``bars`` made from them, and its name.

    ``trades`` are the prints of the same stretch where they were recorded.  ``violent`` are the dates on which it
    counts as such, ``kind`` is what all others count as.  ``fills_each``: how many fills one of ``trades`` stands for.
    """

    name: str
    level: Level
    steps: Bars
    bars: Bars
    trades: Trades | None = None
    violent: frozenset[str] = frozenset()
    kind: str = "calm"
    fills_each: float = 1.0

    @cached_property
    def decimals(self) -> int:
        """Return the decimals that the prices of the tape need; its tick is one unit of the last."""
        return decimals_of(
            np.concatenate([self.steps.open, self.steps.high, self.steps.low, self.steps.close])
        )

    @property
    def tick(self) -> float:
        """Return the price step."""
        return float(10.0**-self.decimals)

    @cached_property
    def bar_starts_us(self) -> IntArray:
        """Return the Unix time, in µs, at which each bar opens."""
        return self.bars.epoch_us + np.arange(len(self.bars), dtype=np.int64) * self.bars.interval_us

    @property
    def dates(self) -> list[str]:
        """Return the date (UTC) of each bar."""
        return [date_of(int(start)) for start in self.bar_starts_us]

    def recording(self, from_us: int, to_us: int) -> Recording:
        """Return what a library may learn from [``from_us``, ``to_us``): trades where they are known, else steps."""
        name = self.steps.symbol
        if self.trades is not None and np.ptp(self.trades.times_us.searchsorted((from_us, to_us))):
            return Recording(self.trades.slice(from_us, to_us), name, fills_each=self.fills_each)
        return Recording(self.steps.slice(from_us, to_us), name)

    def first(self, bars: int) -> Tape:
        """Return the tape cut to its first ``bars`` bars."""
        end_us = min(bars, len(self.bars)) * self.level.bar_us
        return replace(
            self,
            steps=self.steps.slice(0, end_us),
            bars=self.bars.slice(0, end_us),
            trades=None if self.trades is None else self.trades.slice(0, end_us),
        )


def date_of(epoch_us: int) -> str:
    """Return the date (UTC) of a Unix time in µs."""
    return f"{datetime.fromtimestamp(epoch_us / 1e6, UTC):%Y-%m-%d}"


def decimals_of(prices: FloatArray) -> int:
    """Return how many decimals all ``prices`` are written with; raise InputError for more than ten."""
    found = np.unique(prices)
    for decimals in range(_MOST_DECIMALS + 1):
        scaled = found * 10.0**decimals
        if (np.abs(scaled - np.rint(scaled)) < 1e-6 * np.maximum(1.0, scaled * 1e-6)).all():
            return decimals
    raise InputError("prices", float(found[0]), f"prices of at most {_MOST_DECIMALS} decimals")


def load_tape(reference: str, name: str, *, violent: frozenset[str] = frozenset()) -> Tape:
    """Load ``reference`` (a path, a glob or ``embedded:NAME``) at the level its content is a truth for.

    Trades and bars of one second are steps inside minutes, bars of one minute steps inside five.  Missing bars
    are carried flat.  Raises :class:`InputError`.
    """
    data = load_market(reference, problems=_LENIENT)
    if isinstance(data, Trades):
        return tape_of_trades(data, name, violent=violent)
    for level in LEVELS:
        if level.step_us == data.interval_us:
            return tape_of_bars(data, name, level, violent=violent)
    known = ", ".join(interval_name(level.step_us) for level in LEVELS)
    raise InputError(reference, f"bars of {interval_name(data.interval_us)}", f"trades, or bars of {known}")


def tape_of_bars(
    bars: Bars,
    name: str,
    level: Level,
    *,
    trades: Trades | None = None,
    violent: frozenset[str] = frozenset(),
) -> Tape:
    """Cut ``bars`` (of ``level.step_us``) to whole bars and make these; raise InputError when none is whole."""
    coarse = bars.coarser(level.bar_us)
    from_us = coarse.epoch_us - bars.epoch_us
    steps = bars.slice(from_us, from_us + coarse.end_us)
    if trades is not None:
        shift_us = coarse.epoch_us - trades.epoch_us
        trades = trades.slice(shift_us, shift_us + coarse.end_us)
        # Trades after the last second's own end leave the tape a little short of the bars'.
        trades = replace(trades, end_us=coarse.end_us)
    return Tape(name=name, level=level, steps=steps, bars=coarse, trades=trades, violent=violent)


def tape_of_trades(
    trades: Trades, name: str, *, prints: bool = True, violent: frozenset[str] = frozenset()
) -> Tape:
    """Put ``trades`` into seconds; ``prints`` False when they are samples, whose order within a step says little."""
    level = LEVELS[0]
    seconds = steps_of_trades(trades, level.step_us)
    return tape_of_bars(seconds, name, level, trades=trades if prints else None, violent=violent)


def steps_of_trades(trades: Trades, step_us: int) -> Bars:
    """Return bars of ``step_us`` on whole multiples of it; steps without a trade carry the close, count 0."""
    lead_us = trades.epoch_us % step_us
    index = (trades.times_us + lead_us) // step_us
    count = int(index[-1]) + 1
    filled, first = np.unique(index, return_index=True)
    sums: dict[str, Any] = {
        "close": trades.price[np.append(first[1:], index.size) - 1],
        "open": trades.price[first],
        "high": np.maximum.reduceat(trades.price, first),
        "low": np.minimum.reduceat(trades.price, first),
    }
    # Each step looks up the last filled one at or before it; an empty step shows only its close.
    place = filled.searchsorted(np.arange(count), side="right") - 1
    own = filled[place] == np.arange(count)
    close = sums["close"][place]
    return Bars(
        symbol=trades.symbol,
        interval_us=step_us,
        epoch_us=trades.epoch_us - lead_us,
        open=np.where(own, sums["open"][place], close),
        high=np.where(own, sums["high"][place], close),
        low=np.where(own, sums["low"][place], close),
        close=close,
        volume=np.bincount(index, trades.quantity, count).astype(np.float64),
        count=np.bincount(index, minlength=count).astype(np.int64),
        source=trades.source,
        sha256=trades.sha256,
        notes=trades.notes,
    )


def median_range(bars: Bars) -> float:
    """Return the median of (high − low) / close over the bars that move; NaN when none does."""
    moved = bars.high > bars.low
    if not moved.any():
        return math.nan
    return float(np.median((bars.high[moved] - bars.low[moved]) / bars.close[moved]))
