"""Show an account as the venue does: account, balance and position risk, in its versions (pure).

Shapes of position risk: binance-facts 10.  Those of account and balance, which binance-facts does not list, are those
that the client libraries' own tests hold (python-binance, ccxt).  Decimals are text.

Only isolated margin is modelled, so a position's margin is its isolated wallet and profit, and unrealised profits
never add to what is available.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from sim.exchange.account import Account, Position
from sim.exchange.margin import Margin, Resting
from sim.exchange.orders import Order, decimal_text
from sim.exchange.tiers import cap_of, maintenance_of

ASSET: Final = "USDT"
_NOTHING: Final = Resting()
_ENDLESS: Final = 1e15
"""What the venue's caps never reach: shown where a symbol's last tier has none."""


class Row(NamedTuple):
    """State one position with what is reckoned from it at mark; money in quote currency."""

    position: Position
    mark: float
    profit: float
    notional: float
    leverage: int
    margin: float
    maintenance: float
    order_margin: float
    resting: Resting
    cap: float


class Totals(NamedTuple):
    """Sum an account: wallet, unrealised profit, initial margin of positions and of orders, maintenance, available."""

    wallet: float
    free: float
    profit: float
    margin: float
    order_margin: float
    maintenance: float
    available: float


def rows_of(account: Account, margin: Margin, symbols: list[str]) -> Iterator[Row]:
    """Yield each symbol's positions in the account's mode: one in one-way mode, long and short in hedge mode."""
    resting = margin.resting(account)
    sides = ("LONG", "SHORT") if account.hedge else ("BOTH",)
    for symbol in symbols:
        mark, tiers = margin.mark_of(symbol), margin.tiers(symbol)
        leverage = account.leverage_of(symbol)
        for side in sides:
            position = account.held(symbol, side)
            orders = resting.get((symbol, side), _NOTHING)
            notional = position.quantity * mark
            yield Row(
                position,
                mark,
                position.profit_at(mark),
                notional,
                leverage,
                abs(notional) / leverage,
                maintenance_of(tiers, abs(notional)) if notional else 0.0,
                margin.order_margin(account, symbol, side, orders),
                orders,
                min(cap_of(tiers, leverage), _ENDLESS),
            )


def totals_of(account: Account, rows: list[Row]) -> Totals:
    """Sum rows of all symbols."""
    order_margin = sum(row.order_margin for row in rows)
    return Totals(
        account.wallet,
        account.free,
        sum(row.profit for row in rows),
        sum(row.margin for row in rows),
        order_margin,
        sum(row.maintenance for row in rows),
        max(account.free - order_margin, 0.0),
    )


def position_risk_v2(
    account: Account, margin: Margin, symbols: list[str], epoch_us: int
) -> list[dict[str, Any]]:
    """Return positionRisk v2 of ``symbols``: every one, with or without a position (binance-facts 10)."""
    return [
        {
            **_price_fields(row),
            "leverage": str(row.leverage),
            "maxNotionalValue": decimal_text(row.cap),
            "marginType": "isolated",
            "isolatedMargin": decimal_text(_isolated_margin(row)),
            "isAutoAddMargin": "false",
            "positionSide": row.position.side,
            "notional": decimal_text(row.notional),
            "isolatedWallet": decimal_text(row.position.isolated),
            "updateTime": _updated_ms(row.position, epoch_us),
            "isolated": True,
            "adlQuantile": 0,
        }
        for row in rows_of(account, margin, symbols)
    ]


def position_risk_v3(
    account: Account, margin: Margin, symbols: list[str], epoch_us: int, open_orders: Iterable[Order] = ()
) -> list[dict[str, Any]]:
    """Return positionRisk v3 of those of ``symbols`` that have a position or an open order (binance-facts 10)."""
    working = _working(open_orders)
    return [
        {
            **_price_fields(row),
            "positionSide": row.position.side,
            "isolatedMargin": decimal_text(_isolated_margin(row)),
            "notional": decimal_text(row.notional),
            "marginAsset": ASSET,
            "isolatedWallet": decimal_text(row.position.isolated),
            "initialMargin": decimal_text(row.margin + row.order_margin),
            "maintMargin": decimal_text(row.maintenance),
            "positionInitialMargin": decimal_text(row.margin),
            "openOrderInitialMargin": decimal_text(row.order_margin),
            "adl": 0,
            "bidNotional": decimal_text(row.resting.bids),
            "askNotional": decimal_text(row.resting.asks),
            "updateTime": _updated_ms(row.position, epoch_us),
        }
        for row in rows_of(account, margin, symbols)
        if row.position.quantity or (row.position.symbol, row.position.side) in working
    ]


def _working(orders: Iterable[Order]) -> set[tuple[str, str]]:
    return {(order.symbol, order.position_side) for order in orders if not order.algo}


def _price_fields(row: Row) -> dict[str, Any]:
    position = row.position
    return {
        "symbol": position.symbol,
        "positionAmt": decimal_text(position.quantity),
        "entryPrice": decimal_text(position.entry_price),
        "breakEvenPrice": decimal_text(position.break_even),
        "markPrice": decimal_text(row.mark),
        "unRealizedProfit": decimal_text(row.profit),
        "liquidationPrice": decimal_text(position.liquidation),
    }


def _isolated_margin(row: Row) -> float:
    return row.position.isolated + row.profit if row.position.quantity else 0.0


def _updated_ms(position: Position, epoch_us: int) -> int:
    return (epoch_us + position.updated_us) // 1000 if position.updated_us >= 0 else 0


def balance_body(account: Account, margin: Margin, now_ms: int) -> list[dict[str, Any]]:
    """Return the balances (v2 and v3 have one shape): the one asset there is."""
    available = decimal_text(margin.available(account))
    return [
        {
            "accountAlias": f"sim{account.number}",
            "asset": ASSET,
            "balance": decimal_text(account.wallet),
            "crossWalletBalance": decimal_text(account.free),
            "crossUnPnl": "0.00000000",
            "availableBalance": available,
            "maxWithdrawAmount": available,
            "marginAvailable": True,
            "updateTime": now_ms,
        }
    ]


def account_body(
    account: Account,
    margin: Margin,
    epoch_us: int,
    now_ms: int,
    version: int = 2,
    open_orders: Iterable[Order] = (),
) -> dict[str, Any]:
    """Return the account, ``version`` 2 or 3: totals, the asset, and positions.

    v2 lists every symbol; v3 only those with a position or an open order, and no settings.
    """
    rows = list(rows_of(account, margin, sorted(margin.filters)))
    totals = totals_of(account, rows)
    body = _total_fields(totals)
    body["assets"] = [_asset(totals, now_ms)]
    if version == 3:
        working = _working(open_orders)
        body["positions"] = [
            _position_v3(row, epoch_us)
            for row in rows
            if row.position.quantity or (row.position.symbol, row.position.side) in working
        ]
        return body
    permissions = {
        "feeTier": 0,
        "feeBurn": False,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }
    body["positions"] = [_position_v2(row, epoch_us) for row in rows]
    return permissions | body


def _total_fields(totals: Totals) -> dict[str, Any]:
    return {
        "totalInitialMargin": decimal_text(totals.margin + totals.order_margin),
        "totalMaintMargin": decimal_text(totals.maintenance),
        "totalWalletBalance": decimal_text(totals.wallet),
        "totalUnrealizedProfit": decimal_text(totals.profit),
        "totalMarginBalance": decimal_text(totals.wallet + totals.profit),
        "totalPositionInitialMargin": decimal_text(totals.margin),
        "totalOpenOrderInitialMargin": decimal_text(totals.order_margin),
        "totalCrossWalletBalance": decimal_text(totals.free),
        "totalCrossUnPnl": "0.00000000",
        "availableBalance": decimal_text(totals.available),
        "maxWithdrawAmount": decimal_text(totals.available),
    }


def _asset(totals: Totals, now_ms: int) -> dict[str, Any]:
    return {
        "asset": ASSET,
        "walletBalance": decimal_text(totals.wallet),
        "unrealizedProfit": decimal_text(totals.profit),
        "marginBalance": decimal_text(totals.wallet + totals.profit),
        "maintMargin": decimal_text(totals.maintenance),
        "initialMargin": decimal_text(totals.margin + totals.order_margin),
        "positionInitialMargin": decimal_text(totals.margin),
        "openOrderInitialMargin": decimal_text(totals.order_margin),
        "crossWalletBalance": decimal_text(totals.free),
        "crossUnPnl": "0.00000000",
        "availableBalance": decimal_text(totals.available),
        "maxWithdrawAmount": decimal_text(totals.available),
        "marginAvailable": True,
        "updateTime": now_ms,
    }


def _position_v2(row: Row, epoch_us: int) -> dict[str, Any]:
    position = row.position
    return {
        "symbol": position.symbol,
        "initialMargin": decimal_text(row.margin + row.order_margin),
        "maintMargin": decimal_text(row.maintenance),
        "unrealizedProfit": decimal_text(row.profit),
        "positionInitialMargin": decimal_text(row.margin),
        "openOrderInitialMargin": decimal_text(row.order_margin),
        "leverage": str(row.leverage),
        "isolated": True,
        "entryPrice": decimal_text(position.entry_price),
        "breakEvenPrice": decimal_text(position.break_even),
        "maxNotional": decimal_text(row.cap),
        "bidNotional": decimal_text(row.resting.bids),
        "askNotional": decimal_text(row.resting.asks),
        "positionSide": position.side,
        "positionAmt": decimal_text(position.quantity),
        "notional": decimal_text(row.notional),
        "isolatedWallet": decimal_text(position.isolated),
        "updateTime": _updated_ms(position, epoch_us),
    }


def _position_v3(row: Row, epoch_us: int) -> dict[str, Any]:
    position = row.position
    return {
        "symbol": position.symbol,
        "positionSide": position.side,
        "positionAmt": decimal_text(position.quantity),
        "unrealizedProfit": decimal_text(row.profit),
        "isolatedMargin": decimal_text(_isolated_margin(row)),
        "notional": decimal_text(row.notional),
        "isolatedWallet": decimal_text(position.isolated),
        "initialMargin": decimal_text(row.margin + row.order_margin),
        "maintMargin": decimal_text(row.maintenance),
        "updateTime": _updated_ms(position, epoch_us),
    }
