"""Market data is the path's at this instant (binance-facts 10)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sim.exchange.matching import FillSpec

Make = Callable[..., Any]
EPOCH_MS = 1_705_276_800_000


def test_prices_are_those_of_the_path(make_desk: Make) -> None:
    """Ticker is last now; premiumIndex is the mark as published, with the time of its publication."""
    desk = make_desk(pct_per_s=0.01)
    desk.run_to(1.5)
    price = {"symbol": "BTCUSDT", "price": "50007.50", "time": EPOCH_MS + 1500}
    for version in (1, 2):
        assert desk.ask("GET", f"/fapi/v{version}/ticker/price")[1] == price
        assert desk.ask("GET", f"/fapi/v{version}/ticker/price", symbol=None)[1] == [price]
    index = desk.ask("GET", "/fapi/v1/premiumIndex")[1]
    assert index == {
        "symbol": "BTCUSDT", "markPrice": "50005.00000000", "indexPrice": "50005.00000000",
        "estimatedSettlePrice": "50005.00000000", "lastFundingRate": "0.00000000", "interestRate": "0.00010000",
        "nextFundingTime": EPOCH_MS + 8 * 3_600_000, "time": EPOCH_MS + 1000,
    }  # fmt: skip
    assert desk.ask("GET", "/fapi/v1/premiumIndex", symbol=None)[1] == [index]


def test_the_best_prices_are_the_books_touch(make_desk: Make) -> None:
    """A taker of the smallest size pays the ask and gets the bid; sizes are whole steps."""
    desk = make_desk(fills=FillSpec(half_spread_bps=0.5, trigger_delay_ms=0), depth=24.0, wallet=1e9)
    row = desk.ask("GET", "/fapi/v1/ticker/bookTicker")[1]
    assert set(row) == {"symbol", "bidPrice", "bidQty", "askPrice", "askQty", "time", "lastUpdateId"}
    assert (row["bidPrice"], row["askPrice"]) == ("49997.50", "50002.50")
    assert Decimal(row["bidQty"]) % Decimal("0.001") == 0
    assert Decimal(row["bidQty"]) > 0
    bought = desk.buy(row["askQty"], newOrderRespType="RESULT")[1]
    assert 0 <= Decimal(bought["avgPrice"]) - Decimal(row["askPrice"]) <= Decimal("0.10")
    assert desk.ask("GET", "/fapi/v1/ticker/bookTicker", symbol=None)[1][0]["symbol"] == "BTCUSDT"


def test_an_endless_book_shows_the_most_a_market_order_may_take(desk: Any) -> None:
    """Where depth has no end the size shown is MARKET_LOT_SIZE's."""
    row = desk.ask("GET", "/fapi/v1/ticker/bookTicker")[1]
    assert float(row["askQty"]) == float(desk.venue.filters["BTCUSDT"].max_market_quantity)


def test_exchange_info_is_always_the_full_answer(desk: Any) -> None:
    """``symbol`` is ignored, an unknown one too (binance-facts 10)."""
    info = desk.ask("GET", "/fapi/v1/exchangeInfo", symbol="NOSUCH")[1]
    assert set(info) == {
        "timezone", "serverTime", "futuresType", "rateLimits", "exchangeFilters", "assets", "symbols",
    }  # fmt: skip
    assert [row["symbol"] for row in info["symbols"]] == ["BTCUSDT"]
    assert {row["rateLimitType"]: row["limit"] for row in info["rateLimits"]} == {
        "REQUEST_WEIGHT": 2400, "ORDERS": 300,
    }  # fmt: skip


@pytest.mark.parametrize(
    "path", ["v1/ticker/price", "v2/ticker/price", "v1/ticker/bookTicker", "v1/premiumIndex"]
)
def test_an_unknown_symbol_is_refused(path: str, desk: Any) -> None:
    """-1121."""
    assert desk.ask("GET", f"/fapi/{path}", symbol="NOSUCH")[1]["code"] == -1121


def test_time_and_ping(desk: Any) -> None:
    """The replayed date's time, and an empty answer."""
    desk.run_to(2)
    assert desk.ask("GET", "/fapi/v1/time")[1] == {"serverTime": EPOCH_MS + 2000}
    assert desk.ask("GET", "/fapi/v1/ping") == (200, {})
