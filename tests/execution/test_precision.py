"""Filters, and how numbers are brought onto them."""

from __future__ import annotations

import asyncio
import gc
from decimal import Decimal
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.execution.precision import (
    NO_FILTERS,
    SymbolFilters,
    decimal_of,
    known_filters,
    load_filters,
    memory_of,
    parse_exchange_info,
    plain,
    round_down,
    round_up,
    stop_price,
    target_price,
)

VALUES = st.decimals("0.00000001", "1000000", places=8)
GRIDS = st.sampled_from([Decimal(text) for text in ("0.1", "0.01", "0.001", "0.00005", "0.25", "1", "10")])


def test_a_grid_beyond_the_digits_of_decimals_rounds_nothing() -> None:
    """A tick of 1e-30, as a garbled reply may state it, leaves the price alone instead of raising."""
    assert round_down(Decimal("99.5"), Decimal("1e-30")) == Decimal("99.5")
    assert round_up(Decimal("1e300"), Decimal("0.1")) == Decimal("1e300")


@given(value=VALUES, grid=GRIDS)
def test_rounding_stays_on_the_grid_and_on_its_side(value: Decimal, grid: Decimal) -> None:
    """Down is the nearest multiple at or below, up the nearest at or above, and both are less than a step off."""
    down, up = round_down(value, grid), round_up(value, grid)
    assert down % grid == up % grid == 0
    assert value - grid < down <= value <= up < value + grid


@given(value=VALUES, grid=GRIDS)
def test_rounding_twice_changes_nothing(value: Decimal, grid: Decimal) -> None:
    """A price on tick stays where it is."""
    once = round_down(value, grid)
    assert round_down(once, grid) == round_up(once, grid) == once


@given(value=VALUES, grid=GRIDS)
def test_stops_and_targets_round_away_from_the_market(value: Decimal, grid: Decimal) -> None:
    """A long's stop never rises and its target never falls by rounding; a short's mirror that."""
    assert stop_price(value, grid, long=True) <= value <= stop_price(value, grid, long=False)
    assert target_price(value, grid, long=False) <= value <= target_price(value, grid, long=True)


@given(number=st.floats(1e-8, 1e8), grid=GRIDS)
def test_what_is_sent_has_no_exponent(number: float, grid: Decimal) -> None:
    """A price or quantity goes out as plain decimals, whatever its size."""
    for text in (plain(decimal_of(number)), plain(round_up(decimal_of(number), grid))):
        assert "e" not in text.lower()
    assert float(plain(decimal_of(number))) == number


def test_without_a_grid_numbers_stay() -> None:
    """Where the venue states no grid, nothing is rounded."""
    assert round_down(Decimal("1.23456789"), None) == round_up(Decimal("1.23456789"), None)


def test_floats_are_read_as_people_write_them() -> None:
    """0.3 is three tenths: its bits must not cost a step."""
    assert plain(round_down(decimal_of(0.3), Decimal("0.1"))) == "0.3"


def test_the_coarser_quantity_filter_wins(make_info: Any) -> None:
    """A stop becomes a market order, so step and minimum obey both quantity filters."""
    info = make_info()
    info["symbols"][0]["filters"][2].update(stepSize="0.01", minQty="0.05")
    assert parse_exchange_info(info)["BTCUSDT"] == SymbolFilters(
        Decimal("0.1"), Decimal("0.01"), Decimal("0.05")
    )


@pytest.mark.parametrize(
    "info", [None, [], "x", {}, {"symbols": None}, {"symbols": [1, {"symbol": 2}]}, MagicMock()]
)
def test_unusable_information_gives_no_filters(info: Any) -> None:
    """A mock or another shape is no exchange information, and no error."""
    assert parse_exchange_info(info) == {}


@pytest.mark.parametrize("size", ["0", "-1", "NaN", "x", None, True, MagicMock()])
def test_a_filter_without_a_usable_size_is_no_filter(size: Any) -> None:
    """Zero disables a rule, as at the venue; junk disables it too."""
    info = {"symbols": [{"symbol": "X", "filters": [{"filterType": "PRICE_FILTER", "tickSize": size}]}]}
    assert parse_exchange_info(info) == {"X": NO_FILTERS}


def test_filters_are_loaded_once_per_client(run: Any, fake_client: Any) -> None:
    """Ten tasks that start together ask once, and a second client asks for itself."""
    one, other = fake_client(), fake_client()

    async def main() -> None:
        await asyncio.gather(*(load_filters(one) for _ in range(10)))
        await load_filters(other)

    run(main())
    run(load_filters(one))
    assert one.names() == other.names() == ["info"]
    assert known_filters(one, "BTCUSDT").tick == Decimal("0.1")
    assert known_filters(one, "ETHUSDT") == NO_FILTERS


def test_known_filters_never_ask(fake_client: Any) -> None:
    """Asking for what is known does not load anything, and no client knows nothing."""
    client = fake_client()
    assert known_filters(client, "BTCUSDT") == known_filters(None, "BTCUSDT") == NO_FILTERS
    assert client.names() == []


def test_a_failed_load_is_tried_again(run: Any, fake_client: Any) -> None:
    """A time-out passes through, is remembered as a failure, and does not stand for an answer."""
    client = fake_client()
    client.info, good = TimeoutError(), client.info
    with pytest.raises(TimeoutError):
        run(load_filters(client))
    assert memory_of(client).load_failed
    client.info = good
    assert "BTCUSDT" in run(load_filters(client))
    assert not memory_of(client).load_failed


def test_a_client_without_the_call_has_no_filters(run: Any) -> None:
    """Mocks and adapters without exchange information are tolerated, sync or async."""
    assert run(load_filters(MagicMock(spec=[]))) == {}
    assert run(load_filters(MagicMock())) == {}
    assert run(load_filters(AsyncMock())) == {}


def test_a_client_is_not_kept_alive(run: Any, fake_client: Any) -> None:
    """What is remembered about a client goes with it."""
    client = fake_client()
    memory = memory_of(client)
    run(load_filters(client))
    assert memory_of(client) is memory
    del client
    gc.collect()
    assert memory_of(fake_client()) is not memory


def test_a_client_that_cannot_be_weakly_held_still_loads(run: Any, make_info: Any) -> None:
    """A client with slots is asked each time, and answers each time."""

    class Slotted:
        __slots__ = ()

        def futures_exchange_info(self) -> Any:
            return make_info()

    client = Slotted()
    assert "BTCUSDT" in run(load_filters(client))
    assert known_filters(client, "BTCUSDT") == NO_FILTERS
