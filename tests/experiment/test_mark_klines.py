"""Recorded mark klines are loaded beside the tape, count as data, and set the mark of every run."""

from __future__ import annotations

import pytest

from sim.errors import InputError
from sim.experiment.prepare import load_market_of, prepare
from sim.market import load_bars
from sim.scenario import load_scenario

BTC, ETH = "embedded:BTCUSDT-1m-2024-01-15", "embedded:ETHUSDT-1m-2024-01-15"


def test_mark_klines_are_data_and_set_the_mark() -> None:
    """The sha256 of the data changes with them; the mark closes each minute on its kline, whatever last does inside."""
    plain = load_market_of(load_scenario("quickstart"))
    loaded = load_scenario("quickstart", [f"market.mark.klines={BTC}", "market.from=600"])
    market = load_market_of(loaded)
    assert market.sha256 != plain.sha256
    assert (plain.marks, list(market.marks)) == ({}, ["BTCUSDT"])
    path = prepare(loaded, market, 3, 10).paths["BTCUSDT"]
    recorded = load_bars(BTC)
    assert path.epoch_us == recorded.epoch_us + 600_000_000
    for minute in (0, 7, 300):
        assert path.mark((minute + 1) * 60_000_000 - 1) == recorded.close[minute + 10]
    assert "recorded mark klines" in path.source


def test_the_noise_of_the_mark_belongs_to_the_seed() -> None:
    """Two seeds have two marks over one tape, one seed has one."""
    loaded = load_scenario("quickstart", ["market.mark.preset=calm-2023", "market.to=3600"])
    market = load_market_of(loaded)
    marks = []
    for seed in (1, 1, 2):
        path = prepare(loaded, market, seed, 10).paths["BTCUSDT"]
        marks.append([path.mark(t) / path.last(path.mark_time(t)) for t in range(0, path.end_us, 10_000_000)])
    assert marks[0] == marks[1]
    assert marks[0] != marks[2]


@pytest.mark.parametrize(
    ("klines", "marks", "message"),
    [
        (f'"{BTC}"', f'"{ETH}"', "one tape of marks for each of BTCUSDT"),
        (f'["{BTC}", "{ETH}"]', f'"{BTC}"', "mark klines of ETHUSDT as well"),
        (f'["{BTC}", "{ETH}"]', f'["{BTC}", "{BTC}"]', "one tape of marks for each of"),
    ],
)
def test_marks_of_the_wrong_symbols_are_refused(klines: str, marks: str, message: str) -> None:
    """Each tape has its own marks, and no other."""
    loaded = load_scenario("quickstart", [f"market.klines={klines}", f"market.mark.klines={marks}"])
    with pytest.raises(InputError, match=message):
        load_market_of(loaded)
