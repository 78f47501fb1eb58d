"""Write the events of the user data stream as they stand on the wire (binance-facts 10, "User stream").

Each function reads the order and the account as they are at the instant of the change.  ``T`` is the time of the
change, ``E`` the time at which the event is sent; both are ms of Unix time.
"""

from __future__ import annotations

from typing import Any, Final

from sim.exchange.account import Position
from sim.exchange.events import VenueEvent
from sim.exchange.orders import Order, OrderState, decimal_text

_READS_NEW: Final = (OrderState.TRIGGERING, OrderState.TRIGGERED)
"""What an order of the ordinary endpoint hides behind NEW until it fills."""


def order_trade_update(event: VenueEvent, order: Order, epoch_us: int) -> dict[str, Any]:
    """Return ORDER_TRADE_UPDATE for an ordinary order or the child of a triggered one."""
    at_ms = (epoch_us + event.at_us) // 1000
    executed = event.kind == "trade"
    status = "NEW" if order.state in _READS_NEW else str(order.state)
    execution = "TRADE" if executed else status
    if event.reason == "liquidation":
        execution = "CALCULATED"
    original = order.parent if order.parent is not None else order
    row: dict[str, Any] = {
        "s": order.symbol,
        "c": order.client_id,
        "S": "BUY" if order.side > 0 else "SELL",
        "o": order.type if order.triggered_us < 0 else order.engine_type,
        "f": _time_in_force(order),
        "q": decimal_text(order.quantity),
        "p": decimal_text(order.price),
        "ap": decimal_text(order.average_price),
        "sp": decimal_text(original.trigger_price),
        "x": execution,
        "X": status,
        "i": order.number,
        "l": decimal_text(event.quantity),
        "z": decimal_text(order.filled_quantity),
        "L": decimal_text(event.price),
    }
    if executed:
        row |= {"n": decimal_text(event.fee), "N": "USDT"}
    row |= {
        "T": at_ms,
        "t": event.trade,
        "b": "0",
        "a": "0",
        "m": event.maker,
        "R": order.is_exit_only,
        "wt": "MARK_PRICE" if order.use_mark else "CONTRACT_PRICE",
        "ot": original.type,
        "ps": order.position_side,
        "cp": order.close_position,
    }
    if original.type == "TRAILING_STOP_MARKET":
        row |= {
            "AP": decimal_text(original.activation_price),
            "cr": decimal_text(original.callback_rate * 100),
        }
    row |= {
        "pP": original.price_protect,
        "si": 0,
        "ss": 0,
        "rp": decimal_text(event.realised),
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
        "er": "0",
    }
    return {"e": "ORDER_TRADE_UPDATE", "T": at_ms, "E": at_ms, "o": row}


def trade_lite(event: VenueEvent, order: Order, epoch_us: int) -> dict[str, Any]:
    """Return TRADE_LITE, which runs ahead of the full update of an execution."""
    at_ms = (epoch_us + event.at_us) // 1000
    return {
        "e": "TRADE_LITE",
        "E": at_ms,
        "T": at_ms,
        "s": order.symbol,
        "q": decimal_text(order.quantity),
        "p": decimal_text(order.price),
        "m": event.maker,
        "c": order.client_id,
        "S": "BUY" if order.side > 0 else "SELL",
        "L": decimal_text(event.price),
        "l": decimal_text(event.quantity),
        "t": event.trade,
        "i": order.number,
    }


def algo_update(event: VenueEvent, order: Order, epoch_us: int) -> dict[str, Any]:
    """Return ALGO_UPDATE for a conditional order that lives on the algo endpoint."""
    at_ms = (epoch_us + event.at_us) // 1000
    child = order.child
    return {
        "e": "ALGO_UPDATE",
        "T": at_ms,
        "E": at_ms,
        "o": {
            "caid": order.client_id,
            "aid": order.number,
            "at": "CONDITIONAL",
            "o": order.type,
            "s": order.symbol,
            "S": "BUY" if order.side > 0 else "SELL",
            "ps": order.position_side,
            "f": _time_in_force(order),
            "q": decimal_text(order.quantity),
            "X": str(order.state),
            "ai": str(child.number) if child is not None else "",
            "ap": decimal_text(child.average_price) if child is not None else "0",
            "aq": decimal_text(child.filled_quantity) if child is not None else "0",
            "act": child.type if child is not None else "0",
            "tp": decimal_text(order.trigger_price),
            "p": decimal_text(order.price),
            "V": "EXPIRE_MAKER",
            "wt": "MARK_PRICE" if order.use_mark else "CONTRACT_PRICE",
            "pm": "NONE",
            "cp": order.close_position,
            "pP": order.price_protect,
            "R": order.is_exit_only,
            "tt": 0 if order.triggered_us < 0 else (epoch_us + order.triggered_us) // 1000,
            "gtd": 0,
            "rm": event.reason,
        },
    }


def account_update(event: VenueEvent, epoch_us: int, mark: float) -> dict[str, Any]:
    """Return ACCOUNT_UPDATE: wallet and the position that changed, worth what ``mark`` says.

    ``cr`` is what the account realised in all symbols, before fees.
    """
    account, order = event.account, event.order
    at_ms = (epoch_us + event.at_us) // 1000
    position = account.held(event.symbol, order.position_side if order is not None else "BOTH")
    return {
        "e": "ACCOUNT_UPDATE",
        "T": at_ms,
        "E": at_ms,
        "a": {
            "m": event.reason,
            "B": [
                {
                    "a": "USDT",
                    "wb": decimal_text(account.wallet),
                    "cw": decimal_text(account.free),
                    "bc": "0",
                }
            ],
            "P": [_position(position, mark, account.realised)],
        },
    }


def _position(position: Position, mark: float, realised: float) -> dict[str, Any]:
    return {
        "s": position.symbol,
        "pa": decimal_text(position.quantity),
        "ep": decimal_text(position.entry_price),
        "bep": decimal_text(position.break_even),
        "cr": decimal_text(realised),
        "up": decimal_text(position.profit_at(mark)),
        "mt": "isolated",
        "iw": decimal_text(position.isolated),
        "ps": position.side,
        "ma": "USDT",
    }


def account_config_update(event: VenueEvent, epoch_us: int) -> dict[str, Any]:
    """Return ACCOUNT_CONFIG_UPDATE: a symbol's leverage changed."""
    at_ms = (epoch_us + event.at_us) // 1000
    return {
        "e": "ACCOUNT_CONFIG_UPDATE",
        "E": at_ms,
        "T": at_ms,
        "ac": {"s": event.symbol, "l": int(event.price)},
    }


def _time_in_force(order: Order) -> str:
    return "GTE_GTC" if order.close_position else order.time_in_force
