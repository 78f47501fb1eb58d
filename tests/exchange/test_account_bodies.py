"""Account, balance and position risk: the same money in each shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.account_bodies import account_body, balance_body, position_risk_v2, position_risk_v3
from sim.exchange.matching import FillSpec

Make = Callable[..., Any]
PAID = FillSpec(half_spread_bps=0.0, spread_range_share=0.0, impact_bps=0.0, trigger_delay_ms=0.0)


@pytest.fixture
def traded(make_desk: Make) -> Any:
    """Give an account that holds 0.02 from 50 000 at 20 times, 1 % down, with a buy of 0.01 at 45 000 resting."""
    desk = make_desk(pct_per_s=-0.1, fills=PAID)
    desk.buy("0.020")
    desk.order(side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.010", price="45000")
    desk.run_to(10)
    return desk


def numbers(body: dict[str, Any], *names: str) -> list[float]:
    return [pytest.approx(float(body[name])) for name in names]


def test_position_risk(traded: Any) -> None:
    """Rules of sim.exchange.margin by hand: 50 posted less 0.5 of commission, 10 lost, 49 at mark, 4 maintenance."""
    asked = (traded.account, traded.venue.margin, ["BTCUSDT"], 0)
    for row in (position_risk_v2(*asked)[0], position_risk_v3(*asked)[0]):
        assert (row["symbol"], row["positionSide"]) == ("BTCUSDT", "BOTH")
        assert numbers(row, "positionAmt", "entryPrice", "markPrice", "unRealizedProfit", "notional") == [
            0.02, 50_000, 49_500, -10, 990,
        ]  # fmt: skip
        assert numbers(row, "breakEvenPrice", "isolatedWallet", "isolatedMargin") == [50_025, 49.5, 39.5]
        assert numbers(row, "liquidationPrice") == [(1000 - 49.5) / (0.02 * 0.996)]
        assert row["updateTime"] == 0
    second, third = position_risk_v2(*asked)[0], position_risk_v3(*asked)[0]
    assert (second["leverage"], second["marginType"], second["isAutoAddMargin"]) == (
        "20",
        "isolated",
        "false",
    )
    assert float(second["maxNotionalValue"]) == 100e6
    assert numbers(third, "positionInitialMargin", "openOrderInitialMargin", "initialMargin", "maintMargin") == [
        49.5, 22.5, 72.0, 3.96,
    ]  # fmt: skip
    assert numbers(third, "bidNotional", "askNotional") == [450, 0]


def test_v3_shows_what_is_held_or_ordered_only(make_desk: Make) -> None:
    """binance-facts 10: v2 lists every symbol, v3 those with a position or an open order."""
    desk = make_desk()
    asked = (desk.account, desk.venue.margin, ["BTCUSDT"], 0)
    assert len(position_risk_v2(*asked)) == 1
    assert position_risk_v3(*asked) == []
    desk.order(side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.010", price="45000")
    assert len(position_risk_v3(*asked, open_orders=desk.venue.open_orders(desk.account))) == 1
    assert desk.account.positions == {} or not desk.account.holds("BTCUSDT")


def test_hedge_mode_shows_both_sides(make_desk: Make) -> None:
    """LONG and SHORT are rows of their own, and looking at them makes nothing."""
    desk = make_desk()
    desk.account.hedge = True
    rows = position_risk_v2(desk.account, desk.venue.margin, ["BTCUSDT"], 0)
    assert [row["positionSide"] for row in rows] == ["LONG", "SHORT"]
    assert desk.account.positions == {}
    desk.sell("0.010", positionSide="SHORT")
    rows = position_risk_v3(desk.account, desk.venue.margin, ["BTCUSDT"], 0)
    assert [(row["positionSide"], float(row["positionAmt"])) for row in rows] == [("SHORT", -0.01)]


def test_account_and_balance_agree(traded: Any) -> None:
    """The wallet is free balance and isolated wallets; what is available lacks the orders' margin too."""
    margin = traded.venue.margin
    balance = balance_body(traded.account, margin, 7)[0]
    second = account_body(traded.account, margin, 0, 7)
    third = account_body(traded.account, margin, 0, 7, version=3)
    wallet = 10_000 - 0.5
    assert numbers(balance, "balance", "crossWalletBalance", "availableBalance") == [
        wallet, wallet - 49.5, wallet - 49.5 - 22.5,
    ]  # fmt: skip
    for body in (second, third):
        assert numbers(
            body, "totalWalletBalance", "totalUnrealizedProfit", "totalMarginBalance", "totalCrossWalletBalance",
            "availableBalance", "totalInitialMargin", "totalMaintMargin",
        ) == [wallet, -10, wallet - 10, wallet - 49.5, wallet - 72, 72, 3.96]  # fmt: skip
        asset = body["assets"][0]
        assert (asset["asset"], asset["updateTime"]) == ("USDT", 7)
        assert asset["walletBalance"] == body["totalWalletBalance"]
        assert float(body["positions"][0]["positionAmt"]) == 0.02
    assert (second["canTrade"], "canTrade" in third) == (True, False)
    assert (second["positions"][0]["leverage"], second["positions"][0]["isolated"]) == ("20", True)
