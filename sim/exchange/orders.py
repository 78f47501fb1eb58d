"""Hold orders and their legal life (their shapes on the wire: :mod:`sim.exchange.door.shapes`).

A conditional order lives on one of two ways (binance-facts 5).  Under rules "2025-01" it is an ordinary order that
turns into a MARKET or LIMIT order of the same id at its trigger.  Under "2025-12-09" it is an algo order with an id
of its own: at its trigger a *child*, an ordinary order, enters the matching engine, and the algo order only tells of
it (``actualOrderId``) until it is FINISHED.  The record tells both as one life under the conditional order's number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sim.clock import Handle
from sim.exchange.account import Account
from sim.exchange.attribution import IntentSlot

if TYPE_CHECKING:
    from sim.exchange.request import Request


class OrderState(StrEnum):
    """States of an order (binance-facts 6) and of an algo order (5).

    TRIGGERING: its trigger was met and its child is on the way; TRIGGERED: the child is in the matching engine.
    On the ordinary endpoint both read NEW.  FINISHED ends an algo order whose child has ended.
    """

    NEW = "NEW"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"
    REJECTED = "REJECTED"
    FINISHED = "FINISHED"


_S: Final = OrderState
TRANSITIONS: Final[dict[OrderState, frozenset[OrderState]]] = {
    _S.NEW: frozenset(
        {_S.TRIGGERING, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.EXPIRED_IN_MATCH}
    ),
    _S.TRIGGERING: frozenset({_S.TRIGGERED, _S.EXPIRED, _S.REJECTED}),
    _S.TRIGGERED: frozenset(
        {_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.EXPIRED_IN_MATCH, _S.FINISHED}
    ),
    _S.PARTIALLY_FILLED: frozenset(
        {_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELED, _S.EXPIRED, _S.EXPIRED_IN_MATCH}
    ),
    _S.FILLED: frozenset(),
    _S.CANCELED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.EXPIRED_IN_MATCH: frozenset(),
    _S.REJECTED: frozenset(),
    _S.FINISHED: frozenset(),
}
"""The legal life of an order; FILLED, CANCELED, EXPIRED, EXPIRED_IN_MATCH, REJECTED and FINISHED end it."""

_CHILD_TYPE: Final = {
    "STOP": "LIMIT",
    "TAKE_PROFIT": "LIMIT",
    "STOP_MARKET": "MARKET",
    "TAKE_PROFIT_MARKET": "MARKET",
    "TRAILING_STOP_MARKET": "MARKET",
}
"""What a conditional order becomes at its trigger (binance-facts 2.2)."""


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
    """The trigger, the child or the fill that is due, so that it can be dropped."""
    position_side: str = "BOTH"
    price: float = 0.0
    """Limit price; 0.0 for orders at market."""
    time_in_force: str = "GTC"
    price_protect: bool = False
    response: str = "ACK"
    triggered_us: int = -1
    """When its trigger was met; -1 before."""
    reason: str = ""
    """Why it ended, where it ended by itself."""
    parent: Order | None = None
    """The algo order whose child this is."""
    child: Order | None = None
    """The ordinary order that an algo order became."""
    stuck: bool = False
    """Its trigger was met, and nothing will ever come of it."""
    offered: float = 0.0
    """Printed volume that a resting order may have and has not taken yet (base asset); infinite: all it wants."""
    trail_price: float = 0.0
    """Where a trailing stop fires, known from its trigger on."""
    shown: tuple[tuple[OrderState, int, float], dict[str, Any]] | None = None
    """What a query showed last, and the state, time of change and quantity filled that it showed."""
    asked: Request | None = None
    """The request that placed it, kept where something may go wrong with it at its trigger."""

    @property
    def remaining(self) -> float:
        """Return the quantity that has not executed (base asset)."""
        return self.quantity - self.filled_quantity

    @property
    def is_open(self) -> bool:
        """Tell whether the order rests and can still be cancelled."""
        state = self.state
        if state is OrderState.NEW or state is OrderState.PARTIALLY_FILLED:
            return True
        # An algo order's child is an order of its own; without one the order itself rests, as a LIMIT order.
        return state is OrderState.TRIGGERED and not self.algo

    @property
    def is_live(self) -> bool:
        """Tell whether the order may still act; its client id is taken that long."""
        return bool(TRANSITIONS[self.state])

    @property
    def is_exit_only(self) -> bool:
        """Tell whether the order can only reduce a position; in hedge mode LONG + SELL and SHORT + BUY do."""
        if self.reduce_only or self.close_position:
            return True
        return self.position_side != "BOTH" and (self.side > 0) == (self.position_side == "SHORT")

    @property
    def in_book(self) -> bool:
        """Tell whether the order stands in the book with a limit price, so that prints may fill it."""
        state = self.state
        if self.type == "LIMIT":
            return state is OrderState.NEW or state is OrderState.PARTIALLY_FILLED
        return state is OrderState.PARTIALLY_FILLED or (state is OrderState.TRIGGERED and not self.algo)

    @property
    def engine_type(self) -> str:
        """Return MARKET or LIMIT, as which it executes."""
        return _CHILD_TYPE.get(self.type, self.type)

    def move_to(self, state: OrderState) -> None:
        """Change state along the legal graph."""
        assert state in TRANSITIONS[self.state], f"order {self.number}: {self.state} -> {state}"
        self.state = state


@lru_cache(maxsize=4096)
def decimal_text(value: float, decimals: int = 8) -> str:
    """Write a number as the venue does: plain decimal, no exponent, no trailing zeros beyond one."""
    if value == 0.0:
        return "0"
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
