"""Look-ups into what has been: windows, pages, and what the venue forgets (binance-facts 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.door.history import is_kept
from sim.exchange.orders import OrderState

Make = Callable[..., Any]
EPOCH_MS = 1_705_276_800_000
DAY_S = 86_400
LIMIT = {"side": "BUY", "type": "LIMIT", "price": "49000.00", "quantity": "0.010", "timeInForce": "GTC"}


@pytest.fixture
def busy(make_desk: Make) -> Any:
    """Give an exchange with a fill at 0 s, a cancelled limit at 10 s and a fill that closes at 20 s."""
    desk = make_desk(pct_per_s=0.01)
    desk.buy()
    desk.run_to(10)
    number = desk.order(**LIMIT)[1]["orderId"]
    desk.ask("DELETE", "/fapi/v1/order", orderId=number)
    desk.run_to(20)
    desk.sell()
    desk.run_to(30)
    return desk


def ids(desk: Any, **params: Any) -> list[int]:
    status, body = desk.ask("GET", "/fapi/v1/allOrders", **params)
    assert status == 200, body
    return [row["orderId"] for row in body]


def trades(desk: Any, **params: Any) -> list[int]:
    status, body = desk.ask("GET", "/fapi/v1/userTrades", **params)
    assert status == 200, body
    return [row["id"] for row in body]


def test_all_orders_tells_every_state_oldest_first(busy: Any) -> None:
    """Filled and cancelled ones stand side by side."""
    body = busy.ask("GET", "/fapi/v1/allOrders")[1]
    assert [row["status"] for row in body] == ["FILLED", "CANCELED", "FILLED"]
    assert [row["time"] for row in body] == [EPOCH_MS, EPOCH_MS + 10_000, EPOCH_MS + 20_000]


def test_all_orders_pages_by_id_and_by_time(busy: Any) -> None:
    """From an id on the oldest come first; without a start the latest are wanted."""
    assert ids(busy, orderId=2) == [2, 3]
    assert ids(busy, orderId=1, limit=1) == [1]
    assert ids(busy, limit=1) == [3]
    assert ids(busy, startTime=EPOCH_MS + 1, limit=1) == [2]
    assert ids(busy, startTime=EPOCH_MS + 10_000, endTime=EPOCH_MS + 10_000) == [2]
    assert ids(busy, endTime=EPOCH_MS + 5_000) == [1]


@pytest.mark.parametrize("path", ["allOrders", "userTrades"])
@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"startTime": 2, "endTime": 1}, -1023),
        ({"startTime": 1, "endTime": 1 + 7 * DAY_S * 1000 + 1}, -1127),
        ({"limit": 0}, -1130),
        ({"limit": 1001}, -1130),
        ({"limit": "ten"}, -1100),
        ({"startTime": "yesterday"}, -1100),
        ({"symbol": None}, -1102),
        ({"symbol": "NOSUCH"}, -1121),
    ],
)
def test_look_ups_refuse_by_code(path: str, params: dict[str, Any], code: int, busy: Any) -> None:
    """Backward, too long, too many rows, or no symbol."""
    status, body = busy.ask("GET", f"/fapi/v1/{path}", **params)
    assert (status, body["code"]) == (400, code)


def test_user_trades_tell_price_fee_and_profit(make_desk: Make) -> None:
    """One row per execution, numbered over the venue, with the profit it realised."""
    from sim.exchange.matching import FillSpec

    spec = FillSpec(half_spread_bps=0.0, spread_range_share=0.0, impact_bps=0.0, taker_fee=0.0005)
    desk = make_desk(pct_per_s=0.01, fills=spec)
    desk.buy()
    desk.run_to(10)
    number = desk.sell()[1]["orderId"]
    row = desk.ask("GET", "/fapi/v1/userTrades")[1][1]
    assert row == {
        "buyer": False, "commission": "0.25025000", "commissionAsset": "USDT", "id": 2, "maker": False,
        "orderId": number, "price": "50050.00", "qty": "0.010", "quoteQty": "500.50000",
        "realizedPnl": "0.50000000", "side": "SELL", "positionSide": "BOTH", "symbol": "BTCUSDT",
        "time": EPOCH_MS + 10_000,
    }  # fmt: skip


def test_user_trades_page_by_id_order_and_time(busy: Any) -> None:
    """``fromId`` excludes times (-1128)."""
    assert trades(busy) == [1, 2]
    assert trades(busy, fromId=2) == [2]
    assert trades(busy, orderId=3) == [2]
    assert trades(busy, limit=1) == [2]
    assert trades(busy, startTime=EPOCH_MS, limit=1) == [1]
    assert trades(busy, endTime=EPOCH_MS + 1) == [1]
    assert busy.ask("GET", "/fapi/v1/userTrades", fromId=1, startTime=1)[1]["code"] == -1128


def test_a_resting_orders_fill_is_a_makers(make_desk: Make) -> None:
    """What rested first fills at its own price and says maker."""
    desk = make_desk(pct_per_s=-0.1)
    desk.order(**{**LIMIT, "price": "49900.00"})
    desk.run_to(10)
    rows = desk.ask("GET", "/fapi/v1/userTrades")[1]
    assert rows
    assert {row["maker"] for row in rows} == {True}
    assert {row["price"] for row in rows} == {"49900.00"}


def test_income_is_profit_and_commission(make_desk: Make) -> None:
    """Every execution gives what moved the wallet; kinds that never happen here are empty, unknown ones refused."""
    from sim.exchange.matching import FillSpec

    spec = FillSpec(half_spread_bps=0.0, spread_range_share=0.0, impact_bps=0.0, taker_fee=0.0005)
    desk = make_desk(pct_per_s=0.01, fills=spec)
    desk.buy()
    desk.run_to(10)
    desk.sell()
    rows = desk.ask("GET", "/fapi/v1/income", symbol=None)[1]
    assert [(row["incomeType"], row["income"], row["asset"]) for row in rows] == [
        ("COMMISSION", "-0.25000000", "USDT"),
        ("REALIZED_PNL", "0.50000000", "USDT"),
        ("COMMISSION", "-0.25025000", "USDT"),
    ]
    assert len({row["tranId"] for row in rows}) == 3
    assert sum(float(row["income"]) for row in rows) == pytest.approx(desk.account.wallet - 10_000)
    assert desk.ask("GET", "/fapi/v1/income", incomeType="FUNDING_FEE")[1] == []
    assert len(desk.ask("GET", "/fapi/v1/income", incomeType="COMMISSION")[1]) == 2
    assert desk.ask("GET", "/fapi/v1/income", incomeType="LUCK")[1]["code"] == -1130


@pytest.mark.parametrize(
    ("state", "filled", "age_s", "kept"),
    [
        (OrderState.CANCELED, 0.0, 3 * DAY_S - 1, True),
        (OrderState.CANCELED, 0.0, 3 * DAY_S, False),
        (OrderState.EXPIRED, 0.0, 3 * DAY_S, False),
        (OrderState.CANCELED, 0.001, 3 * DAY_S, True),
        (OrderState.FILLED, 0.010, 89 * DAY_S, True),
        (OrderState.FILLED, 0.010, 90 * DAY_S, False),
        (OrderState.NEW, 0.0, 200 * DAY_S, True),
    ],
)
def test_the_venue_forgets(state: OrderState, filled: float, age_s: int, kept: bool, desk: Any) -> None:
    """Unfilled ends after three days, everything else after ninety; what rests stays (binance-facts 6)."""
    order = desk.venue.orders[desk.order(**LIMIT)[1]["orderId"]]
    order.state, order.filled_quantity = state, filled
    assert is_kept(order, age_s * 1_000_000) is kept


def test_a_forgotten_order_does_not_exist(make_desk: Make) -> None:
    """Look-ups, lists and cancels all answer as if it had never been."""
    desk = make_desk(for_s=4 * DAY_S)
    number = desk.order(**LIMIT)[1]["orderId"]
    desk.ask("DELETE", "/fapi/v1/order", orderId=number)
    desk.run_to(3 * DAY_S - 1)
    assert ids(desk) == [number]
    desk.run_to(3 * DAY_S)
    assert ids(desk) == []
    assert desk.ask("GET", "/fapi/v1/order", orderId=number)[1]["code"] == -2013
    assert desk.ask("DELETE", "/fapi/v1/order", orderId=number)[1]["code"] == -2011


def test_all_algo_orders_has_the_algo_shape(make_desk: Make) -> None:
    """Conditional orders have a history of their own; their children stand in the ordinary one."""
    desk = make_desk(rules="2025-12-09", pct_per_s=-0.1)
    desk.buy()
    stop = {"side": "SELL", "type": "STOP_MARKET", "closePosition": "true"}
    first = desk.algo(**stop, triggerPrice="49900.00")[1]["algoId"]
    desk.run_to(5)
    (row,) = desk.ask("GET", "/fapi/v1/allAlgoOrders")[1]
    assert (row["algoId"], row["algoStatus"]) == (first, "FINISHED")
    assert desk.ask("GET", "/fapi/v1/allAlgoOrders", algoId=first + 1)[1] == []
    assert [row["orderId"] for row in desk.ask("GET", "/fapi/v1/allOrders")[1]] == [
        1,
        int(row["actualOrderId"]),
    ]
