"""Hold orders, their legal life, and their shapes on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sim.clock import Handle
from sim.exchange.account import Account
from sim.exchange.attribution import IntentSlot


class OrderState(StrEnum):
    """States of an order (binance-facts 6, and TRIGGERED for the time between trigger and child fill).

    An order fills at one instant, so PARTIALLY_FILLED is never seen: one that the market take bound cut short is
    EXPIRED with ``filled_quantity`` below ``quantity``.
    """

    NEW = "NEW"
    TRIGGERED = "TRIGGERED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


TRANSITIONS: Final[dict[OrderState, frozenset[OrderState]]] = {
    OrderState.NEW: frozenset(
        {OrderState.TRIGGERED, OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED}
    ),
    OrderState.TRIGGERED: frozenset({OrderState.FILLED, OrderState.EXPIRED}),
    OrderState.FILLED: frozenset(),
    OrderState.CANCELED: frozenset(),
    OrderState.EXPIRED: frozenset(),
}


@dataclass(slots=True, eq=False, kw_only=True)
class Order:
    """Hold one accepted order.  ``side`` is +1 buy, -1 sell; prices in quote currency, 0.0 where unused.

    ``filled_quantity`` and ``average_price`` stay 0.0 until it executes, and where nothing did.
    """

    number: int
    client_id: str
    account: Account
    slot: IntentSlot
    symbol: str
    type: str
    side: int
    quantity: float
    trigger_price: float
    activation_price: float
    callback_rate: float
    reduce_only: bool
    close_position: bool
    use_mark: bool
    algo: bool
    role: str
    request: int
    accepted_us: int
    updated_us: int
    state: OrderState = OrderState.NEW
    filled_quantity: float = 0.0
    average_price: float = 0.0
    appointment: Handle | None = None
    """The trigger or the child fill that is due, so that it can be dropped."""

    @property
    def is_open(self) -> bool:
        """Tell whether the order rests and can still be cancelled."""
        return self.state is OrderState.NEW

    @property
    def is_exit_only(self) -> bool:
        """Tell whether the order can only reduce a position."""
        return self.reduce_only or self.close_position

    def move_to(self, state: OrderState) -> None:
        """Change state along the legal graph."""
        assert state in TRANSITIONS[self.state], f"order {self.number}: {self.state} -> {state}"
        self.state = state


def decimal_text(value: float, decimals: int = 8) -> str:
    """Write a number as the venue does: plain decimal, no exponent, no trailing zeros beyond one."""
    if value == 0.0:
        return "0"
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def order_body(order: Order, epoch_us: int, *, acknowledged: bool = False) -> dict[str, Any]:
    """Return the order as ``/fapi/v1/order`` shows it (binance-facts 10).

    ``acknowledged``: as the ACK of a new order shows it, normally NEW with nothing executed.
    """
    if acknowledged:
        state, filled, average, quote = "NEW", "0", "0", "0"
    else:
        state, filled = _plain_status(order.state), decimal_text(order.filled_quantity)
        average = decimal_text(order.average_price)
        quote = decimal_text(order.filled_quantity * order.average_price)
    return {
        "orderId": order.number,
        "symbol": order.symbol,
        "status": state,
        "clientOrderId": order.client_id,
        "price": "0",
        "avgPrice": average,
        "origQty": decimal_text(order.quantity),
        "executedQty": filled,
        "cumQty": filled,
        "cumQuote": quote,
        "timeInForce": "GTC",
        "type": order.type,
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": "BUY" if order.side > 0 else "SELL",
        "positionSide": "BOTH",
        "stopPrice": decimal_text(order.trigger_price),
        "workingType": "MARK_PRICE" if order.use_mark else "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": order.type,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": (epoch_us + order.accepted_us) // 1000,
        "updateTime": (epoch_us + order.updated_us) // 1000,
    }


_ALGO_STATUS: Final = {
    OrderState.NEW: "NEW",
    OrderState.TRIGGERED: "TRIGGERED",
    OrderState.FILLED: "FINISHED",
    OrderState.CANCELED: "CANCELED",
    OrderState.EXPIRED: "EXPIRED",
}


def _plain_status(state: OrderState) -> str:
    # On the ordinary endpoint a triggered stop is simply a NEW market order until it fills.
    return "NEW" if state is OrderState.TRIGGERED else str(state)


def algo_body(order: Order, epoch_us: int) -> dict[str, Any]:
    """Return the order as ``/fapi/v1/algoOrder`` shows it (binance-facts 10)."""
    trailing = order.type == "TRAILING_STOP_MARKET"
    return {
        "algoId": order.number,
        "clientAlgoId": order.client_id,
        "algoType": "CONDITIONAL",
        "orderType": order.type,
        "symbol": order.symbol,
        "side": "BUY" if order.side > 0 else "SELL",
        "positionSide": "BOTH",
        "timeInForce": "GTE_GTC" if order.close_position else "GTC",
        "quantity": decimal_text(order.quantity),
        "algoStatus": _ALGO_STATUS[order.state],
        "triggerPrice": decimal_text(order.trigger_price),
        "price": "0",
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "MARK_PRICE" if order.use_mark else "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": order.close_position,
        "priceProtect": False,
        "reduceOnly": order.reduce_only,
        "activatePrice": decimal_text(order.activation_price) if trailing else "",
        "callbackRate": decimal_text(order.callback_rate * 100) if trailing else "",
        "createTime": (epoch_us + order.accepted_us) // 1000,
        "updateTime": (epoch_us + order.updated_us) // 1000,
        "triggerTime": 0 if order.state is OrderState.NEW else (epoch_us + order.updated_us) // 1000,
        "goodTillDate": 0,
    }
