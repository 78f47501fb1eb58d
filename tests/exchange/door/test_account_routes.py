"""Balance, account, positions and settings over the wire (binance-facts 3.3, 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.events import VenueEvent

Make = Callable[..., Any]
LIMIT = {"side": "BUY", "type": "LIMIT", "price": "49000.00", "quantity": "0.010", "timeInForce": "GTC"}

RISK_V2 = {
    "entryPrice", "breakEvenPrice", "marginType", "isAutoAddMargin", "isolatedMargin", "leverage", "liquidationPrice",
    "markPrice", "maxNotionalValue", "positionAmt", "notional", "isolatedWallet", "symbol", "unRealizedProfit",
    "positionSide", "updateTime",
}  # fmt: skip
RISK_V3 = (RISK_V2 - {"leverage", "marginType", "maxNotionalValue", "isAutoAddMargin"}) | {
    "marginAsset", "initialMargin", "maintMargin", "positionInitialMargin", "openOrderInitialMargin", "adl",
    "bidNotional", "askNotional",
}  # fmt: skip
WHOLE = {"updateTime", "adl", "adlQuantile", "isolated"}


def ask(desk: Any, path: str, **params: Any) -> Any:
    status, body = desk.ask("GET", f"/fapi/{path}", **{"symbol": None, **params})
    assert status == 200, body
    return body


def test_position_risk_tells_the_position(make_desk: Make) -> None:
    """Signed amount, entry, mark and open profit as decimal texts, every symbol in v2."""
    desk = make_desk(pct_per_s=0.01)
    desk.sell("0.020")
    desk.run_to(10)
    (row,) = ask(desk, "v2/positionRisk")
    assert set(row) >= RISK_V2
    assert all(isinstance(value, str) for name, value in row.items() if name not in WHOLE)
    numbers = ("positionAmt", "entryPrice", "markPrice", "unRealizedProfit", "notional")
    assert [float(row[name]) for name in numbers] == pytest.approx([-0.02, 50000, 50050, -1, -1001])
    assert (row["positionSide"], row["marginType"], row["isAutoAddMargin"]) == ("BOTH", "isolated", "false")


def test_position_risk_v3_lists_only_what_is_there(desk: Any) -> None:
    """A flat symbol without an order is absent; a position or an order brings it (binance-facts 10)."""
    assert ask(desk, "v3/positionRisk") == []
    assert len(ask(desk, "v2/positionRisk")) == 1
    number = desk.order(**LIMIT)[1]["orderId"]
    (row,) = ask(desk, "v3/positionRisk", symbol="BTCUSDT")
    assert set(row) >= RISK_V3
    assert not {"leverage", "marginType", "maxNotionalValue", "isAutoAddMargin"} & set(row)
    assert float(row["bidNotional"]) == 490
    desk.ask("DELETE", "/fapi/v1/order", orderId=number)
    assert ask(desk, "v3/positionRisk") == []


def test_reads_leave_no_trace_in_the_books(desk: Any) -> None:
    """Looking at a symbol enters no flat position."""
    for path in ("v2/positionRisk", "v3/positionRisk", "v2/account", "v3/account", "v3/balance"):
        ask(desk, path)
    assert desk.account.positions == {}


def test_balance_and_account_agree(make_desk: Make) -> None:
    """Wallet, isolated margin and what is available say the same in every version."""
    desk = make_desk(pct_per_s=0.01)
    desk.buy("0.020")
    desk.run_to(10)
    (balance,) = ask(desk, "v2/balance")
    assert [balance] == ask(desk, "v3/balance")
    for version in (2, 3):
        account = ask(desk, f"v{version}/account")
        (asset,) = account["assets"]
        assert (
            float(account["totalWalletBalance"]) == float(balance["balance"]) == float(asset["walletBalance"])
        )
        assert (
            float(account["availableBalance"]) == float(balance["availableBalance"]) == pytest.approx(9_950)
        )
        assert float(account["totalUnrealizedProfit"]) == pytest.approx(1.0)
        assert float(account["totalMarginBalance"]) == pytest.approx(10_001)
        assert float(account["totalInitialMargin"]) == pytest.approx(1001 / 20)
        (position,) = account["positions"]
        assert float(position["positionAmt"]) == 0.02


def test_hedge_mode_shows_both_sides(desk: Any) -> None:
    """Two rows of a symbol, LONG and SHORT."""
    assert desk.ask("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")[1] == {
        "code": 200, "msg": "success",
    }  # fmt: skip
    assert ask(desk, "v1/positionSide/dual") == {"dualSidePosition": True}
    desk.buy(positionSide="LONG")
    desk.sell("0.020", positionSide="SHORT")
    rows = {row["positionSide"]: float(row["positionAmt"]) for row in ask(desk, "v2/positionRisk")}
    assert rows == {"LONG": 0.01, "SHORT": -0.02}
    trades = desk.ask("GET", "/fapi/v1/userTrades")[1]
    assert [trade["positionSide"] for trade in trades] == ["LONG", "SHORT"]
    assert ask(desk, "v1/accountConfig")["dualSidePosition"] is True


def test_the_position_mode_stays_where_something_stands_in_the_way(desk: Any) -> None:
    """-4059 as it is already, -4067 with an order, -4068 with a position, -1102 for neither word."""
    path = "/fapi/v1/positionSide/dual"
    assert desk.ask("POST", path, dualSidePosition="false")[1]["code"] == -4059
    assert desk.ask("POST", path, dualSidePosition="perhaps")[1]["code"] == -1102
    number = desk.order(**LIMIT)[1]["orderId"]
    assert desk.ask("POST", path, dualSidePosition=True)[1]["code"] == -4067
    desk.ask("DELETE", "/fapi/v1/order", orderId=number)
    desk.buy()
    assert desk.ask("POST", path, dualSidePosition=True)[1]["code"] == -4068


def test_leverage_is_remembered_and_names_its_cap(desk: Any) -> None:
    """maxNotionalValue comes from the tiers; the setting shows wherever it is shown."""
    body = desk.ask("POST", "/fapi/v1/leverage", leverage="7")[1]
    brackets = ask(desk, "v1/leverageBracket")[0]["brackets"]
    cap = max(row["notionalCap"] for row in brackets if row["initialLeverage"] >= 7)
    assert body == {"leverage": 7, "maxNotionalValue": str(cap), "symbol": "BTCUSDT"}
    assert ask(desk, "v2/positionRisk")[0]["leverage"] == "7"
    assert ask(desk, "v1/symbolConfig")[0] == {
        "symbol": "BTCUSDT", "marginType": "ISOLATED", "isAutoAddMargin": False, "leverage": 7,
        "maxNotionalValue": str(cap),
    }  # fmt: skip


def test_a_risen_leverage_moves_the_liquidation_price_and_is_told(desk: Any) -> None:
    """Margin is given back, the position is liquidated sooner, and a listener hears of it."""
    heard: list[VenueEvent] = []
    desk.buy("0.100")
    before = desk.account.position("BTCUSDT").liquidation
    desk.venue.publish = heard.append
    assert desk.ask("POST", "/fapi/v1/leverage", leverage=50)[0] == 200
    assert desk.account.position("BTCUSDT").liquidation > before
    assert [(event.kind, event.symbol, event.price) for event in heard] == [("leverage", "BTCUSDT", 50)]
    assert desk.ask("POST", "/fapi/v1/leverage", leverage=10)[1]["code"] == -4161


def test_leverage_brackets_are_numbers(desk: Any) -> None:
    """Bracket, leverage, cap, floor, rate and cum; each floor is the cap before it (binance-facts 10)."""
    (row,) = ask(desk, "v1/leverageBracket", symbol="BTCUSDT")
    assert set(row) == {"symbol", "notionalCoef", "brackets"}
    floors = [bracket["notionalFloor"] for bracket in row["brackets"]]
    caps = [bracket["notionalCap"] for bracket in row["brackets"]]
    assert floors == [0, *caps[:-1]]
    for bracket in row["brackets"]:
        assert set(bracket) == {
            "bracket", "initialLeverage", "notionalCap", "notionalFloor", "maintMarginRatio", "cum",
        }  # fmt: skip
        assert not any(isinstance(value, str) for value in bracket.values())


@pytest.mark.parametrize(
    ("kind", "code"), [("ISOLATED", -4046), ("CROSSED", -1020), (None, -1102), ("BOTH", -1130)]
)
def test_every_symbol_is_isolated_already(kind: str | None, code: int, desk: Any) -> None:
    """-4046 says that the wanted state holds; cross margin is refused by name."""
    assert desk.ask("POST", "/fapi/v1/marginType", marginType=kind)[1]["code"] == code


def test_fees_and_order_limits_are_those_in_force(desk: Any) -> None:
    """commissionRate shows what fills are charged, rateLimit/order the ORDERS rows of exchangeInfo."""
    spec = desk.venue.fill_spec
    rate = ask(desk, "v1/commissionRate", symbol="BTCUSDT")
    assert (float(rate["makerCommissionRate"]), float(rate["takerCommissionRate"])) == (
        spec.maker_fee,
        spec.taker_fee,
    )
    limits = ask(desk, "v1/rateLimit/order")
    assert {limit["rateLimitType"] for limit in limits} == {"ORDERS"}
    assert limits == [
        row for row in ask(desk, "v1/exchangeInfo")["rateLimits"] if row["rateLimitType"] == "ORDERS"
    ]
