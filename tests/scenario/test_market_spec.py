"""Show which stretch a market keeps and where its filters come from."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sim.errors import InputError
from sim.market import LinePath
from sim.scenario import FilterSpec, LoadedScenario, MarketSpec, symbol_filters

Load = Callable[..., LoadedScenario]

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US


def stretch(given: dict[str, Any], epoch_us: int = 0) -> tuple[float, float]:
    """Return the stretch of a day's market with the given keys, in seconds."""
    from_us, to_us = MarketSpec(klines="embedded:X", **given).stretch_us(epoch_us, DAY_US)
    return from_us / SECOND_US, to_us / SECOND_US


def test_without_from_and_to_the_whole_tape_is_kept() -> None:
    """The default is all of it."""
    assert stretch({}) == (0, 86_400)


def test_seconds_count_from_the_start_and_clocks_from_the_date() -> None:
    """Both spellings may be mixed; a clock is UTC."""
    assert stretch({"from": 60, "to": "00:02:00"}) == (60, 120)
    assert stretch({"from": "02:00:00"}, 3600 * SECOND_US) == (3600, 86_400)


def test_a_clock_time_to_is_the_first_after_from() -> None:
    """Midnight as the end means the coming one."""
    assert stretch({"from": "22:00:00", "to": "00:00:00"}) == (79_200, 86_400)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"from": 90_000}, "market.from: given 90000.0, expected a time on the tape, which lasts 86400 s"),
        ({"to": 90_000}, "market.to: given 90000.0, expected a time on the tape, which lasts 86400 s"),
        ({"from": "22:00:00", "to": "01:00:00"}, "market.to: given '01:00:00', expected a time on the tape"),
    ],
)
def test_a_stretch_off_the_tape_is_refused(given: dict[str, Any], line: str) -> None:
    """A stretch that leaves the tape is refused with the tape's length."""
    with pytest.raises(InputError) as refusal:
        stretch(given)
    assert str(refusal.value).startswith(line)


def test_filters_of_a_new_symbol_come_from_the_scenario(load: Load) -> None:
    """A table of filters gives decimals, precision and minimum as they were written."""
    text = "[market.filters.XUSDT]\ntick = 0.00001\nstep = 1\nmin_notional = 5\n[workload]"
    scenario = load("[workload]", text).scenario
    found = symbol_filters(scenario, ["XUSDT", "BTCUSDT"])
    assert (found["XUSDT"].tick, found["XUSDT"].price_decimals) == (Decimal("0.00001"), 5)
    assert (found["XUSDT"].step, found["XUSDT"].quantity_decimals) == (Decimal(1), 0)
    assert (found["XUSDT"].min_quantity, found["XUSDT"].min_notional) == (Decimal(1), Decimal(5))
    assert found["BTCUSDT"].symbol == "BTCUSDT"


def test_whole_numbers_keep_their_zeros() -> None:
    """A step of 1000 has no decimals and stays 1000."""
    filters = FilterSpec(tick=10, step=1000, min_notional=0).filters("X")
    assert (str(filters.tick), str(filters.step), filters.price_decimals) == ("10", "1000", 0)


@pytest.mark.parametrize(
    ("old", "new", "symbols", "line"),
    [
        ("", "", ["XUSDT"], "market.klines: given 'XUSDT', expected a symbol with built-in filters (ADAUSDT"),
        ("", "", ["BTCUSDT", "BTCUSDT"], "market.klines: given 'BTCUSDT', expected one tape per symbol"),
        (
            'call = "order"',
            'symbol = "BTCUSD"',
            ["BTCUSDT"],
            "faults[0].match.symbol: given 'BTCUSD', expected a symbol of the tapes: one of BTCUSDT (did you mean",
        ),
        (
            "[workload]",
            "[market.filters.X]\ntick = 1\nstep = 1\nmin_notional = 1\n[workload]",
            ["BTCUSDT"],
            "market.filters: given 'X', expected a symbol of the tapes: one of BTCUSDT",
        ),
    ],
)
def test_symbols_that_do_not_match_are_refused(
    load: Load, old: str, new: str, symbols: list[str], line: str
) -> None:
    """A symbol without filters, twice, or named where no tape has it, is refused."""
    scenario = load(old, new).scenario
    with pytest.raises(InputError) as refusal:
        symbol_filters(scenario, symbols)
    assert str(refusal.value).startswith(line)


def test_a_line_needs_no_tape(load: Load) -> None:
    """A straight line brings price, slope, length and symbol, which are what its path takes."""
    text = 'path = "line"\nline = { start_price = 50000, pct_per_s = -0.01, for_s = 600 }'
    market = load('klines = "embedded:BTCUSDT-1m-2024-01-15"', text).scenario.market
    line = market.line
    assert line is not None
    assert market.references == []
    path = LinePath(line.symbol, 0, round(line.for_s * 1e6), 0.1, 2, line.start_price, line.pct_per_s)
    assert path.last(100 * SECOND_US) == 49_500


def test_a_clock_time_without_quotes_is_read(load: Load) -> None:
    """TOML's own local time means what the quoted one does."""
    assert load("[workload]", "from = 14:20:00\n[workload]").scenario.market.from_ == "14:20:00"
