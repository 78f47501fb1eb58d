"""A conditional order fires on the price it watches: a wick of last meets one that watches last, and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim.exchange.door import Door
from sim.exchange.filters import filters_of
from sim.exchange.venue import Venue
from sim.market import Bars, Basis, Freeze, Gap, KlinePath, Shock, Wick

PRICE = 50_000.0


def shocked(desk: Any, *shocks: Shock) -> Any:
    """Put the desk's exchange on a flat tape of ten minutes with ``shocks``."""
    flat = np.full(10, PRICE)
    bars = Bars(
        symbol=desk.symbol,
        interval_us=60_000_000,
        epoch_us=desk.path.epoch_us,
        open=flat,
        high=flat,
        low=flat,
        close=flat,
        volume=np.full(10, 1_000.0),
        count=np.full(10, 50),
        source="made by a test",
        sha256="0" * 64,
    )
    filters = filters_of(desk.symbol, "2025-01")
    assert filters is not None
    path = KlinePath(bars, tick=0.1, seed=1, price_decimals=2, shocks=shocks)
    desk.venue = Venue(
        desk.loop, {desk.symbol: path}, {desk.symbol: filters}, desk.venue.fill_spec, "2025-01", desk.trace
    )
    desk.door = Door(desk.venue, path.epoch_us, "2025-01")
    return desk


@pytest.mark.parametrize(
    ("shock", "on_last_s", "on_mark_s"),
    [
        (Wick(at=100.0, pct=-2.0, for_s=4.0), 101, None),
        (Basis(at=100.0, bps=-200.0, for_s=4.0), None, 100),
        (Gap(at=100.0, pct=-2.0), 100, 100),
    ],
)
def test_a_stop_fires_on_the_price_it_watches(
    make_desk: Callable[..., Any], shock: Shock, on_last_s: int | None, on_mark_s: int | None
) -> None:
    """A wick fires the stop on last alone, a burst of basis the one on mark alone, a gap both."""
    desk = shocked(make_desk(), shock)
    desk.buy("0.020")
    stop = {
        "side": "SELL",
        "type": "STOP_MARKET",
        "quantity": "0.010",
        "stopPrice": "49500",
        "reduceOnly": "true",
    }
    ids = [desk.order(**stop, workingType=kind)[1]["orderId"] for kind in ("CONTRACT_PRICE", "MARK_PRICE")]
    desk.run_to(590)
    fired = [
        next((at_us for status, at_us in desk.states(order) if status == "TRIGGERED"), None) for order in ids
    ]
    expected = [None if second is None else second * 1_000_000 for second in (on_last_s, on_mark_s)]
    assert fired == expected


def test_a_frozen_mark_holds_back_a_stop_that_watches_it(make_desk: Callable[..., Any]) -> None:
    """The stop on last fires with the gap, the one on mark with the first fresh publication."""
    desk = shocked(make_desk(), Freeze(at=95.0, for_s=60.0), Gap(at=100.0, pct=-2.0))
    desk.buy("0.020")
    stop = {
        "side": "SELL",
        "type": "STOP_MARKET",
        "quantity": "0.010",
        "stopPrice": "49500",
        "reduceOnly": "true",
    }
    for kind in ("CONTRACT_PRICE", "MARK_PRICE"):
        desk.order(**stop, workingType=kind)
    desk.run_to(590)
    frame = desk.frame("order")
    assert frame[frame.status == "TRIGGERED"].at_us.tolist() == [100_000_000, 155_000_000]
