"""Show what has been: orders, executions and what they did to the wallet (binance-facts 6, 10).

Retention (binance-facts 6): an order that ended CANCELED or EXPIRED without an execution vanishes three days after it
was placed, everything 90 days after.  Look-ups cover seven days at most, the latest seven when no time is given
(the venue's pages "All Orders" and "Account Trade List").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from sim.exchange.door.reading import DAY_MS, limit_of, period_of, symbol_of, whole_number
from sim.exchange.door.shapes import fixed, queried_algo, queried_order
from sim.exchange.fills import Fill
from sim.exchange.orders import Order, OrderState
from sim.exchange.replies import Refusal
from sim.exchange.request import Request
from sim.exchange.rules.texts import invalid

if TYPE_CHECKING:
    from sim.exchange.door.door import Door

_Row = TypeVar("_Row")

_DAY_US: Final = DAY_MS * 1000
UNFILLED_KEPT_US: Final = 3 * _DAY_US
KEPT_US: Final = 90 * _DAY_US
_ENDED: Final = frozenset({OrderState.CANCELED, OrderState.EXPIRED})
_WEEK_MS: Final = 7 * DAY_MS
_MOST_ROWS: Final = 1000
_INCOME_TYPES: Final = frozenset({"REALIZED_PNL", "COMMISSION"})
_OTHER_INCOME: Final = frozenset(
    {
        "TRANSFER", "WELCOME_BONUS", "FUNDING_FEE", "INSURANCE_CLEAR", "REFERRAL_KICKBACK", "COMMISSION_REBATE",
        "API_REBATE", "CONTEST_REWARD", "CROSS_COLLATERAL_TRANSFER", "OPTIONS_PREMIUM_FEE", "OPTIONS_SETTLE_PROFIT",
        "INTERNAL_TRANSFER", "AUTO_EXCHANGE", "DELIVERED_SETTELMENT", "COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW",
        "POSITION_LIMIT_INCREASE_FEE", "STRATEGY_UMFUTURES_TRANSFER", "FEE_RETURN", "BFUSD_REWARD",
    }
)  # fmt: skip
"""Kinds of income the venue knows and that never happen here."""


def is_kept(order: Order, now_us: int) -> bool:
    """Tell whether the venue still knows the order."""
    age_us = now_us - order.accepted_us
    if age_us < UNFILLED_KEPT_US:
        return True
    unfilled = order.state in _ENDED and order.filled_quantity == 0.0
    return not unfilled and (age_us < KEPT_US or order.is_open)


def get_all_orders(door: Door, request: Request) -> tuple[Any, int]:
    """List ordinary orders of a symbol in any state, oldest first; ``orderId`` and younger, or by time."""
    chosen = _orders(door, request, "orderId", algo=False)
    return [queried_order(order, door.venue.filters[order.symbol], door.epoch_us) for order in chosen], -1


def get_all_algo_orders(door: Door, request: Request) -> tuple[Any, int]:
    """List conditional orders of a symbol in any state, oldest first; ``algoId`` and younger, or by time."""
    chosen = _orders(door, request, "algoId", algo=True)
    return [queried_algo(order, door.venue.filters[order.symbol], door.epoch_us) for order in chosen], -1


def _orders(door: Door, request: Request, id_name: str, *, algo: bool) -> list[Order]:
    symbol = symbol_of(door, request)
    params, now_us = request.params, door.now_us
    limit = limit_of(params, 500, _MOST_ROWS)
    first = whole_number(params, id_name)
    known = [
        order
        for order in door.venue.index.of_account(request.slot.account)
        if order.symbol == symbol and order.algo == algo and is_kept(order, now_us)
    ]
    if door.reads is not None:
        known = door.reads.orders(known, request)
    if first is not None:
        return [order for order in known if order.number >= first][:limit]
    start_ms, end_ms = period_of(params, door.now_ms, _WEEK_MS)
    inside = [order for order in known if start_ms <= (door.epoch_us + order.accepted_us) // 1000 <= end_ms]
    return _page(inside, params, limit)


def _page(rows: list[_Row], params: dict[str, Any], limit: int) -> list[_Row]:
    # From a start on the oldest come first; without one the latest are wanted.
    return rows[:limit] if params.get("startTime") is not None else rows[-limit:]


def get_user_trades(door: Door, request: Request) -> tuple[Any, int]:
    """List the account's executions in a symbol, oldest first; ``fromId`` on, or by time, of one order or all."""
    symbol = symbol_of(door, request)
    params = request.params
    limit = limit_of(params, 500, _MOST_ROWS)
    first, order_id = whole_number(params, "fromId"), whole_number(params, "orderId")
    timed = params.get("startTime") is not None or params.get("endTime") is not None
    if first is not None and timed:
        raise Refusal(-1128)
    fills = [
        fill
        for fill in _kept_fills(door, request)
        if fill.order.symbol == symbol and order_id in (None, fill.order.number)
    ]
    if first is not None:
        fills = [fill for fill in fills if fill.number >= first][:limit]
    else:
        start_ms, end_ms = period_of(params, door.now_ms, _WEEK_MS)
        inside = [fill for fill in fills if start_ms <= (door.epoch_us + fill.at_us) // 1000 <= end_ms]
        fills = _page(inside, params, limit)
    return [_trade(door, fill) for fill in fills], -1


def _kept_fills(door: Door, request: Request) -> list[Fill]:
    oldest_us = door.now_us - KEPT_US
    kept = [fill for fill in door.venue.journal.fills_of(request.slot.account) if fill.at_us > oldest_us]
    return kept if door.reads is None else door.reads.fills(kept, request)


def _trade(door: Door, fill: Fill) -> dict[str, Any]:
    order = fill.order
    filters = door.venue.filters[order.symbol]
    price, size = filters.price_decimals, filters.quantity_decimals
    return {
        "buyer": order.side > 0,
        "commission": fixed(fill.fee, 8),
        "commissionAsset": "USDT",
        "id": fill.number,
        "maker": fill.maker,
        "orderId": order.number,
        "price": f"{fill.price:.{price}f}",
        "qty": f"{fill.quantity:.{size}f}",
        "quoteQty": f"{fill.price * fill.quantity:.{price + size}f}",
        "realizedPnl": fixed(fill.realised, 8),
        "side": "BUY" if order.side > 0 else "SELL",
        "positionSide": order.position_side,
        "symbol": order.symbol,
        "time": (door.epoch_us + fill.at_us) // 1000,
    }


def get_income(door: Door, request: Request) -> tuple[Any, int]:
    """List realised profit and commissions, oldest first: nothing else moves a wallet here (no funding)."""
    params = request.params
    symbol = None if params.get("symbol") is None else symbol_of(door, request)
    kind = params.get("incomeType")
    if kind is not None and kind not in _INCOME_TYPES and kind not in _OTHER_INCOME:
        raise invalid("incomeType")
    limit = limit_of(params, 100, _MOST_ROWS)
    start_ms, end_ms = period_of(params, door.now_ms, _WEEK_MS)
    rows: list[dict[str, Any]] = []
    for fill in _kept_fills(door, request):
        at_ms = (door.epoch_us + fill.at_us) // 1000
        if symbol in (None, fill.order.symbol) and start_ms <= at_ms <= end_ms:
            rows += [row for row in _incomes(fill, at_ms) if kind in (None, row["incomeType"])]
    return _page(rows, params, limit), -1


def _incomes(fill: Fill, at_ms: int) -> list[dict[str, Any]]:
    amounts = [("REALIZED_PNL", fill.realised), ("COMMISSION", -fill.fee)]
    return [
        {
            "symbol": fill.order.symbol,
            "incomeType": kind,
            "income": fixed(amount, 8),
            "asset": "USDT",
            "info": str(fill.number) if kind == "COMMISSION" else kind,
            "time": at_ms,
            "tranId": 2 * fill.number + place,
            "tradeId": str(fill.number),
        }
        for place, (kind, amount) in enumerate(amounts)
        if amount
    ]
