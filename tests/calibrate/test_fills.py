"""Simulated fills are those of the scenario's own book, and what they are described by is what production sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.calibrate import Fills, joined, recorded_fills, swept_fills
from sim.calibrate.fills import volatility
from sim.clock import VirtualLoop, fenced
from sim.errors import InputError
from sim.execution.volatility import Volatility
from sim.experiment.prepare import load_market_of, paths_of
from sim.scenario import load_scenario

LINE = """
title = "A line"
[market]
path = "line"
line = { start_price = 50000, pct_per_s = 0 }
[workload]
every_s = 60
sl_pct = 0.01
tp_pct = 0.02
hold_s = 60
"""


@pytest.fixture(scope="module")
def fills() -> Fills:
    """Give thirty fills of the embedded day."""
    return swept_fills(load_scenario("calm_baseline"), seed=1, per_date=30)


def test_sizes_are_swept_and_larger_ones_cost_more(fills: Fills) -> None:
    """Sizes span two decades up to the largest the scenario allows; the larger half pays more on average."""
    assert len(fills) == 30
    assert fills.share.max() <= 0.1
    assert fills.share.min() < 0.01
    large = fills.share > np.median(fills.share)
    assert fills.slippage_bps[large].mean() > fills.slippage_bps[~large].mean()


def test_fills_are_a_function_of_the_seed(fills: Fills) -> None:
    """The same seed gives the same fills, and more of them leave the first as they are."""
    more = swept_fills(load_scenario("calm_baseline"), seed=1, per_date=31)
    assert set(fills.slippage_bps) < set(more.slippage_bps)
    other = swept_fills(load_scenario("calm_baseline"), seed=2, per_date=30)
    assert not np.array_equal(other.share, fills.share)


def test_joined_fills_are_in_time_order(fills: Fills) -> None:
    """Two tapes become one sequence."""
    both = joined([fills, fills])
    assert len(both) == 60
    assert (np.diff(both.date + both.hour / 24) >= 0).all()


def test_volatility_is_the_production_estimate() -> None:
    """One look a minute and one now give what the executor's own estimator says after the same looks."""
    loaded = load_scenario("calm_baseline")
    market = load_market_of(loaded)
    path = paths_of(loaded, market, 1)[1]["BTCUSDT"]
    t_us = 40 * 60_000_000 + 7_000_000
    loop, estimate = VirtualLoop(), Volatility()

    def look() -> None:
        estimate.note("BTCUSDT", path.last(loop.now_us))

    for minute in range(10, 41):
        loop.at_us(minute * 60_000_000, look)
    loop.at_us(t_us, look)
    with fenced(loop, path.epoch_us):
        loop.run_until(t_us)
    loop.close()
    assert volatility(path, t_us) == pytest.approx(estimate.sd("BTCUSDT"), rel=1e-12)


def test_a_market_without_volumes_is_refused(tmp_path: Path) -> None:
    """On an endless line a size is a share of nothing."""
    file = tmp_path / "line.toml"
    file.write_text(LINE)
    with pytest.raises(InputError, match="a tape that knows how much was traded"):
        swept_fills(load_scenario(str(file)), seed=1, per_date=30)


def test_bursts_are_charged_from_the_price_before_them(tmp_path: Path) -> None:
    """Two prints of one side in one millisecond are one order at their average; the print just before is too late."""
    rows = ["exchange_ms,price,qty,is_buyer_maker,type"]
    rows += [f"{at_ms},100.0,1,false,MARKET" for at_ms in range(1_700_000_000_000, 1_700_000_060_000, 1000)]
    rows += ["1700000060000,100.5,1,false,MARKET", "1700000060010,101.0,1,false,MARKET"]
    rows += ["1700000060010,102.0,3,false,MARKET", "1700000060010,50.0,1,false,INSURANCE_FUND"]
    file = tmp_path / "BTCUSDT-trades.csv"
    file.write_text("\n".join(rows))
    fills = recorded_fills(file)
    assert fills.symbol[-1] == "BTCUSDT"
    assert fills.slippage_bps[-1] == pytest.approx((101.75 / 100 - 1) * 1e4)
    assert fills.slippage_bps[0] == 0.0
    assert fills.hour[-1] == pytest.approx(1_700_000_060_010 % 86_400_000 / 3.6e6)


def test_a_file_that_holds_no_prints_is_refused(tmp_path: Path) -> None:
    """The columns found are named."""
    file = tmp_path / "BTCUSDT-1m.csv"
    file.write_text("open_time,open\n1,2\n")
    with pytest.raises(
        InputError, match="given 'open_time, open', expected the columns of trades or aggTrades"
    ):
        recorded_fills(file)


def test_recorded_takers_pay_more_for_more(recordings: Path) -> None:
    """In the lively recording of 2024-08-08 the largest tenth of orders paid more than the rest."""
    fills = recorded_fills(recordings / "ticks/um-20240808/BTCUSDT-trades-20240808T2354.csv.gz")
    large = fills.share > np.quantile(fills.share, 0.9)
    assert fills.slippage_bps[large].mean() > 2 * fills.slippage_bps[~large].mean()
