"""Hold what one execution was, for whoever asks later."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sim.exchange.orders import Order


class Fill(NamedTuple):
    """State one execution: ``number`` rises over the run; base asset, quote currency, ``maker``: it rested first."""

    number: int
    order: Order
    at_us: int
    quantity: float
    price: float
    fee: float
    realised: float
    maker: bool
