"""What the book reads from a path: depth that thins, the last second's range, where a halt ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim.exchange.book import Book
from sim.exchange.filters import filters_of
from sim.exchange.matching import FillSpec, thinned
from sim.market import LinePath

EPOCH_US = 1_705_276_800_000_000  # a midnight


class Bars(LinePath):
    """A standing line with bars of any length and volume."""

    def __init__(self, volumes: list[float], bar_us: int = 60_000_000, epoch_us: int = EPOCH_US) -> None:
        super().__init__(
            "BTCUSDT", epoch_us, len(volumes) * bar_us, 0.1, 2, 50_000.0, 0.0, step_us=bar_us // 256
        )
        self.volumes = volumes
        self.bar_us = bar_us

    def bar_volume(self, t_us: int) -> float:
        return self.volumes[min(max(t_us // self.bar_us, 0), len(self.volumes) - 1)]


def book_on(path: LinePath, **spec: float) -> Book:
    filters = filters_of("BTCUSDT", "2025-01")
    assert filters is not None
    return Book(path, FillSpec(**spec), filters)


@pytest.mark.parametrize("high", [50_000.0, 50_500.0, 51_000.0, 60_000.0])
def test_depth_is_the_typical_minute_thinned_by_the_bars_range(high: float) -> None:
    """Rule 4 on the bar that holds the moment: its range on a minute's scale decides what is left."""

    class Ranged(Bars):
        def bar_extremes(self, t_us: int) -> tuple[float, float]:
            return (50_000.0, high) if t_us < self.bar_us else (50_000.0, 50_000.0)

    spec = FillSpec(depth_multiplier=0.5)
    book = book_on(Ranged([8.0] * 3), depth_multiplier=0.5)
    assert book.depth(1) == pytest.approx(8.0 * thinned(spec, high / 500 - 100))
    assert book.depth(60_000_000) == 4.0
    longer = book_on(Ranged([8.0] * 3, 240_000_000), depth_multiplier=0.5)
    assert longer.depth(1) == pytest.approx(2.0 * thinned(spec, (high / 500 - 100) / 2))


def test_a_fast_second_widens_the_touch(make_desk: Callable[..., Any]) -> None:
    """The line runs 10 bps a second; looked at now and four times back, the touch is 1 % of that further."""
    desk = make_desk(pct_per_s=0.1, fills=FillSpec())
    book = desk.venue.books["BTCUSDT"]
    last = desk.path.last(5_000_000)
    assert book.touch(1, 5_000_000) - last == pytest.approx(0.6, abs=0.05)
    assert last - book.touch(-1, 5_000_000) == pytest.approx(0.6, abs=0.05)
    assert book.touch(1, 0) - desk.path.last(0) == pytest.approx(0.1)


def test_after_a_halt_trading_begins_with_the_first_print() -> None:
    """The price in force as a halt ends is still the old one, so nothing happens before somebody trades."""

    class Silent(Bars):
        def halt_end_us(self, t_us: int) -> int | None:
            return 90_000_000 if 30_000_000 <= t_us < 90_000_000 else None

        def prints(self, from_us: int, to_us: int) -> Any:
            times = np.array([10_000_000, 200_000_000], dtype=np.int64)
            times = times[(times >= from_us) & (times < to_us)]
            return times, np.full(times.size, 50_000.0)

    book = book_on(Silent([1.0] * 5))
    assert [book.trades_from(t_us) for t_us in (0, 29_999_999, 30_000_000, 89_999_999)] == [
        0, 29_999_999, 200_000_000, 200_000_000,
    ]  # fmt: skip
    assert book.trades_from(90_000_000) == 90_000_000
    never = book_on(Silent([1.0] * 3))
    assert never.trades_from(60_000_000) == never.path.end_us
