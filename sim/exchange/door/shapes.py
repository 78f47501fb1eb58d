"""Write orders as they stand on the wire (binance-facts 10), with the symbol's own decimals."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

from sim.exchange.filters import SymbolFilters
from sim.exchange.orders import Order, OrderState, decimal_text

_ON_ITS_WAY: Final = frozenset({OrderState.TRIGGERING, OrderState.TRIGGERED})


def fixed(value: float, decimals: int) -> str:
    """Write a number with this many decimals; what rounds to nought has no sign."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if value <= 0.0 and not text.strip("-0.") else text


class Style(NamedTuple):
    """Hold how a symbol's numbers are written: formats of prices, sizes, averages and values, and their noughts."""

    price: str
    size: str
    average: str
    value: str
    no_price: str
    no_size: str
    no_value: str


@lru_cache(maxsize=256)
def _style(price: int, size: int) -> Style:
    # An average of prices on tick needs more decimals than a price.
    formats = [f"%.{decimals}f" for decimals in (price, size, price + 3, price + size)]
    return Style(*formats, *(text % 0.0 for text in (formats[0], formats[1], formats[3])))


def order_body(order: Order, filters: SymbolFilters, epoch_us: int) -> dict[str, Any]:
    """Return the order as a cancel shows it, and a new one that asked for its RESULT."""
    style = _style(filters.price_decimals, filters.quantity_decimals)
    body = _order_head(order, style, _plain_status(order.state))
    filled = order.filled_quantity
    if filled:
        body["executedQty"] = body["cumQty"] = style.size % filled
        body["avgPrice"] = style.average % order.average_price
        body["cumQuote"] = style.value % (filled * order.average_price)
    if order.triggered_us >= 0:
        body["type"] = order.engine_type
    body["updateTime"] = (epoch_us + order.updated_us) // 1000
    return body


def acknowledgement(order: Order, filters: SymbolFilters, epoch_us: int) -> dict[str, Any]:
    """Return a new order as its ACK shows it: NEW, with nothing executed, whatever has happened since."""
    body = _order_head(order, _style(filters.price_decimals, filters.quantity_decimals), "NEW")
    body["updateTime"] = (epoch_us + order.accepted_us) // 1000
    return body


def queried_order(order: Order, filters: SymbolFilters, epoch_us: int) -> dict[str, Any]:
    """Return the order as queries and lists show it: with its ``time``, without ``cumQty``."""
    # Whoever waits for an order asks again and again, and nothing has changed.
    known, now = order.shown, (order.state, order.updated_us, order.filled_quantity)
    if known is None or known[0] != now:
        known = order.shown = now, _queried_order(order, filters, epoch_us)
    return dict(known[1])


def _queried_order(order: Order, filters: SymbolFilters, epoch_us: int) -> dict[str, Any]:
    body = order_body(order, filters, epoch_us)
    del body["cumQty"]
    body["time"] = (epoch_us + order.accepted_us) // 1000
    if order.type == "TRAILING_STOP_MARKET":
        body["activatePrice"] = fixed(order.activation_price, filters.price_decimals)
        body["priceRate"] = decimal_text(order.callback_rate * 100)
    return body


def _order_head(order: Order, style: Style, status: str) -> dict[str, Any]:
    kind, no_price, no_size = order.type, style.no_price, style.no_size
    return {
        "orderId": order.number,
        "symbol": order.symbol,
        "status": status,
        "clientOrderId": order.client_id,
        "price": style.price % order.price if order.price else no_price,
        "avgPrice": no_price,
        "origQty": style.size % order.quantity,
        "executedQty": no_size,
        "cumQty": no_size,
        "cumQuote": style.no_value,
        "timeInForce": _time_in_force(order),
        "type": kind,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": "BUY" if order.side > 0 else "SELL",
        "positionSide": order.position_side,
        "stopPrice": style.price % order.trigger_price if order.trigger_price else no_price,
        "workingType": "MARK_PRICE" if order.use_mark else "CONTRACT_PRICE",
        "priceProtect": order.price_protect,
        "origType": kind,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
    }


def _plain_status(state: OrderState) -> str:
    # On the ordinary endpoint a triggered stop is simply a NEW order until it fills.
    return "NEW" if state in _ON_ITS_WAY else state._value_


def _time_in_force(order: Order) -> str:
    # binance-facts 2.2: closePosition reads GTE_GTC inside.
    return "GTE_GTC" if order.close_position else order.time_in_force


def algo_body(order: Order, filters: SymbolFilters, epoch_us: int) -> dict[str, Any]:
    """Return a conditional order as the algo endpoint shows a new one."""
    style = _style(filters.price_decimals, filters.quantity_decimals)
    no_price, price = style.no_price, order.price
    trailing = order.type == "TRAILING_STOP_MARKET"
    return {
        "algoId": order.number,
        "clientAlgoId": order.client_id,
        "algoType": "CONDITIONAL",
        "orderType": order.type,
        "symbol": order.symbol,
        "side": "BUY" if order.side > 0 else "SELL",
        "positionSide": order.position_side,
        "timeInForce": _time_in_force(order),
        "quantity": style.size % order.quantity,
        "algoStatus": order.state._value_,
        "triggerPrice": style.price % order.trigger_price if order.trigger_price else no_price,
        "price": style.price % price if price else no_price,
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "MARK_PRICE" if order.use_mark else "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": order.close_position,
        "priceProtect": order.price_protect,
        "reduceOnly": order.reduce_only,
        "activatePrice": style.price % order.activation_price if trailing else "",
        "callbackRate": decimal_text(order.callback_rate * 100) if trailing else "",
        "createTime": (epoch_us + order.accepted_us) // 1000,
        "updateTime": (epoch_us + order.updated_us) // 1000,
        "triggerTime": 0 if order.triggered_us < 0 else (epoch_us + order.triggered_us) // 1000,
        "goodTillDate": 0,
    }


def queried_algo(order: Order, filters: SymbolFilters, epoch_us: int) -> dict[str, Any]:
    """Return a conditional order as queries and lists show it: with the order it became."""
    child = order.child
    style = _style(filters.price_decimals, filters.quantity_decimals)
    filled = child.filled_quantity if child is not None else 0.0
    return algo_body(order, filters, epoch_us) | {
        "actualOrderId": str(child.number) if child is not None else "",
        "actualPrice": style.average % child.average_price
        if child is not None and filled
        else style.no_price,
        "actualQty": style.size % filled,
        "actualType": child.type if child is not None else "",
        "tpTriggerPrice": style.no_price,
        "tpPrice": style.no_price,
        "slTriggerPrice": style.no_price,
        "slPrice": style.no_price,
        "tpOrderType": "",
    }
