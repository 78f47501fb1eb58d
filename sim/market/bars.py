"""Hold loaded market data: bars on a gapless grid, or recorded trades."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sim.errors import InputError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

INTERVALS_US: dict[str, int] = {
    name: seconds * 1_000_000
    for name, seconds in {
        "1s": 1, "1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1_800, "1h": 3_600, "2h": 7_200,
        "4h": 14_400, "6h": 21_600, "8h": 28_800, "12h": 43_200, "1d": 86_400,
    }.items()
}  # fmt: skip


def interval_name(interval_us: int) -> str:
    """Return Binance's name of an interval (``1m``), or its length in seconds when it has none."""
    for name, length_us in INTERVALS_US.items():
        if length_us == interval_us:
            return name
    return f"{interval_us / 1e6:g} s"


@dataclass(frozen=True, eq=False, slots=True)
class Bars:
    """Hold bars on a gapless grid: bar ``i`` covers [i, i + 1) · ``interval_us`` after ``epoch_us``.

    ``epoch_us`` is the Unix time, in µs, of the first open.  Prices and ``volume`` (base asset) are
    float64, ``count`` (trades) is int64, −1 where unknown and 0 in bars without a trade.  ``source`` is
    text for people, ``sha256`` that of the file's bytes (of the files' hashes, when several), ``notes``
    what a policy handled. Arrays may be read-only memory maps.
    """

    symbol: str
    interval_us: int
    epoch_us: int
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray
    count: IntArray
    source: str
    sha256: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.open.size)

    @property
    def end_us(self) -> int:
        """Return the duration in µs: the end of the last bar, counted from the first open."""
        return len(self) * self.interval_us

    def slice(self, from_us: int, to_us: int) -> Bars:
        """Keep the bars that overlap [``from_us``, ``to_us``), in µs after the first open.

        The epoch moves with the first bar kept; a path over the slice has the prints the whole had.
        Raises :class:`InputError` when no bar is left.
        """
        first = max(0, from_us // self.interval_us)
        last = min(len(self), -(-to_us // self.interval_us))
        if first >= last:
            raise InputError(
                f"slice of {self.source}",
                f"{from_us} to {to_us} µs",
                f"a stretch that overlaps 0 to {self.end_us} µs",
            )
        keep = np.s_[first:last]
        return replace(
            self,
            epoch_us=self.epoch_us + first * self.interval_us,
            open=self.open[keep],
            high=self.high[keep],
            low=self.low[keep],
            close=self.close[keep],
            volume=self.volume[keep],
            count=self.count[keep],
        )

    def coarser(self, interval_us: int) -> Bars:
        """Return the same market in bars of ``interval_us``: open, highest, lowest, close and the sums.

        Bars begin on whole multiples of ``interval_us`` of Unix time; a first or last one that is not whole is
        left out.  Bars without a trade carry a price and print nothing, so they give no open, extreme or close to
        a bar that has trades; a bar without any is flat with ``count`` 0.  ``count`` is −1 where one part's is.
        Raises :class:`InputError` when ``interval_us`` is no larger multiple of the bars' own or no bar is whole.
        """
        parts, rest = divmod(interval_us, self.interval_us)
        if rest or parts < 2:
            raise InputError(
                f"bars of {self.source}",
                interval_name(interval_us),
                f"an interval of several times {interval_name(self.interval_us)}",
            )
        skipped, uneven = divmod(-self.epoch_us % interval_us, self.interval_us)
        wholes = (len(self) - skipped) // parts
        if uneven or wholes < 1:
            raise InputError(
                f"bars of {self.source}",
                f"{len(self)} bars of {interval_name(self.interval_us)}",
                f"a stretch that holds a whole bar of {interval_name(interval_us)}",
            )

        def grouped(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return values[skipped : skipped + wholes * parts].reshape(wholes, parts)

        count = grouped(self.count)
        traded = (grouped(self.volume) > 0) | (count > 0)
        idle = ~traded.any(axis=1)
        # Where nothing traded every part counts, and all of them carry the same price.
        traded[idle] = True
        rows = np.arange(wholes)
        first, last = traded.argmax(axis=1), parts - 1 - traded[:, ::-1].argmax(axis=1)
        return replace(
            self,
            interval_us=interval_us,
            epoch_us=self.epoch_us + skipped * self.interval_us,
            open=grouped(self.open)[rows, first].astype(np.float64),
            high=np.where(traded, grouped(self.high), -np.inf).max(axis=1),
            low=np.where(traded, grouped(self.low), np.inf).min(axis=1),
            close=grouped(self.close)[rows, last].astype(np.float64),
            volume=grouped(self.volume).astype(np.float64).sum(axis=1),
            count=np.where(
                idle, 0, np.where((count < 0).any(axis=1), -1, count.astype(np.int64).sum(axis=1))
            ),
        )


@dataclass(frozen=True, eq=False, slots=True)
class Trades:
    """Hold recorded trades in the order they were matched.

    ``times_us`` (int64) counts from ``epoch_us``, the Unix time of the first trade unless the tape was cut; it
    never decreases, and ties are common as archives keep milliseconds.  ``end_us`` is the duration: the end of
    the last trade's millisecond, or the cut.  ``price`` and ``quantity`` (base asset) are float64.  The other
    fields are as in :class:`Bars`.
    """

    symbol: str
    epoch_us: int
    end_us: int
    times_us: IntArray
    price: FloatArray
    quantity: FloatArray
    source: str
    sha256: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.price.size)

    def slice(self, from_us: int, to_us: int) -> Trades:
        """Keep the trades in [``from_us``, ``to_us``), in µs after the epoch, and start and end the tape there.

        Raises :class:`InputError` when no trade is left.
        """
        from_us, to_us = max(0, from_us), min(to_us, self.end_us)
        first, last = (int(place) for place in self.times_us.searchsorted((from_us, to_us)))
        if first >= last:
            raise InputError(
                f"slice of {self.source}",
                f"{from_us} to {to_us} µs",
                f"a stretch with trades, within 0 to {self.end_us} µs",
            )
        keep = np.s_[first:last]
        return replace(
            self,
            epoch_us=self.epoch_us + from_us,
            end_us=to_us - from_us,
            times_us=self.times_us[keep] - from_us,
            price=self.price[keep],
            quantity=self.quantity[keep],
        )
