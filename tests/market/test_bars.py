"""Bars can be put together into coarser ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.errors import InputError
from sim.market import Bars

_MINUTE_US = 60_000_000


def _seconds(make_bars: Callable[..., Bars], rows: dict[int, tuple[float, ...]], *, skip_s: int = 0) -> Bars:
    """Make two minutes of flat seconds without a trade at 100, but for ``rows`` (second → OHLC)."""
    table = [rows.get(second, (100.0,) * 4) for second in range(skip_s, 120)]
    counts = [5 if second in rows else 0 for second in range(skip_s, 120)]
    bars = make_bars(table, counts=counts, interval_s=1, epoch_us=1_705_276_800_000_000 + skip_s * 1_000_000)
    object.__setattr__(bars, "volume", np.array(counts, dtype=np.float64) * 0.5)
    return bars


def test_only_traded_seconds_give_prices(make_bars: Callable[..., Bars]) -> None:
    """A carried price is no print: the minute opens with its first trade, and 100 is not its low."""
    bars = _seconds(make_bars, {3: (104.0, 107.0, 103.0, 105.0), 50: (105.0, 106.0, 102.0, 104.0)})
    coarse = bars.coarser(_MINUTE_US)
    assert (coarse.open[0], coarse.high[0], coarse.low[0], coarse.close[0]) == (104.0, 107.0, 102.0, 104.0)
    assert (coarse.volume[0], coarse.count[0]) == (5.0, 10)


def test_a_minute_without_a_trade_is_flat(make_bars: Callable[..., Bars]) -> None:
    """It carries the price and counts no trade."""
    coarse = _seconds(make_bars, {3: (104.0, 107.0, 103.0, 105.0)}).coarser(_MINUTE_US)
    assert len(coarse) == 2
    assert (coarse.open[1], coarse.high[1], coarse.low[1], coarse.close[1]) == (100.0,) * 4
    assert (coarse.volume[1], coarse.count[1]) == (0.0, 0)


def test_bars_that_are_not_whole_are_left_out(make_bars: Callable[..., Bars]) -> None:
    """A tape that begins inside a minute gives its first whole one, on the minute."""
    bars = _seconds(make_bars, {70: (101.0,) * 4}, skip_s=20)
    coarse = bars.coarser(_MINUTE_US)
    assert len(coarse) == 1
    assert coarse.epoch_us % _MINUTE_US == 0
    assert coarse.open[0] == 101.0


def test_an_unknown_number_of_trades_stays_unknown(make_bars: Callable[..., Bars]) -> None:
    """Minutes of reduced files have no count; their sum has none either."""
    coarse = make_bars([(1.0, 2.0, 1.0, 2.0)] * 10).coarser(5 * _MINUTE_US)
    assert coarse.count.tolist() == [-1, -1]
    assert coarse.volume.tolist() == [15.0, 40.0]


@pytest.mark.parametrize("interval_us", [_MINUTE_US, 90_000_000, 3_600_000_000])
def test_an_interval_that_does_not_fit_is_refused(make_bars: Callable[..., Bars], interval_us: int) -> None:
    """Not the bars' own, no fraction of bars, none longer than the tape."""
    with pytest.raises(InputError, match="bars of made by a test"):
        make_bars([(1.0, 2.0, 1.0, 2.0)] * 10).coarser(interval_us)
