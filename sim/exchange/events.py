"""Say what happened at the venue, for whoever listens on an account (the user data stream).

One event per change of state.  It is handed on at the instant it happens, synchronously, so ``order`` and the
account still show exactly that state; a listener that keeps it for later copies what it needs.  Nothing is built
when nobody listens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from sim.exchange.account import Account
    from sim.exchange.orders import Order

EventKind = Literal["order", "trade", "algo", "account", "leverage"]


class VenueEvent(NamedTuple):
    """State one change.

    ``kind``: "order" an ordinary order's state other than by an execution, or that of a triggered order's child
    (NEW, CANCELED, EXPIRED); "trade" an execution, ``order`` already counts it; "algo" a conditional order's
    status; "account" wallet and position after a fill; "leverage" a changed leverage, ``order`` is None.
    ``quantity`` and ``price`` of this execution (base asset, quote currency), ``fee`` and ``realised`` in quote
    currency; ``price`` of a "leverage" event is the leverage.  ``reason``: why an order ended or was rejected,
    for an account event the cause ("ORDER").  ``maker``: the execution added liquidity.  ``trade``: number of the
    execution, rising, 0 for none.
    """

    kind: EventKind
    at_us: int
    account: Account
    order: Order | None
    quantity: float = 0.0
    price: float = 0.0
    fee: float = 0.0
    realised: float = 0.0
    reason: str = ""
    symbol: str = ""
    maker: bool = False
    trade: int = 0
