"""Name what may be laid over the venue's state: who delays a match, undoes a stop, or hides what was written.

The exchange knows nothing of faults.  It asks these, where one is present, at the few moments at which a venue's
state may go wrong; None, the default, costs a comparison.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from sim.exchange.account import Account
from sim.exchange.fills import Fill
from sim.exchange.matching import FillSpec
from sim.exchange.orders import Order
from sim.exchange.replies import Refusal
from sim.exchange.request import Request


class OrderTroubles(Protocol):
    """Go wrong with orders after they were accepted."""

    def accepted(self, order: Order, request: Request) -> None:
        """Hear of a new order before anything is done with it."""
        ...

    def holds_up(self, order: Order, request: Request) -> bool:
        """Tell whether the matching of a MARKET order is taken over, to be done later or in parts."""
        ...

    def sticks(self, order: Order) -> bool:
        """Tell whether an order whose trigger is met stays there for good."""
        ...

    def refusal(self, order: Order) -> Refusal | None:
        """Return why the child of a triggered order is refused, None where it is not."""
        ...

    def taken(self, order: Order, quantity: float) -> float:
        """Return how much of what the book would give (base asset) an order at market gets."""
        ...

    def changed(self, order: Order) -> None:
        """Hear of an order's new state."""
        ...

    def filled(self, order: Order) -> None:
        """Hear that an execution was booked in full: the account shows it."""
        ...


class Reads(Protocol):
    """Show look-ups something else than the truth."""

    def order(self, order: Order, request: Request) -> Order | None:
        """Return an order as ``request`` sees it, None where it does not."""
        ...

    def resting(self, account: Account, symbol: str | None, request: Request) -> list[Order]:
        """Return the orders that ``request`` sees resting, oldest first, on both endpoints."""
        ...

    def orders(self, orders: list[Order], request: Request) -> list[Order]:
        """Return those of ``orders`` that ``request`` sees, as it sees them."""
        ...

    def fills(self, fills: Iterable[Fill], request: Request) -> list[Fill]:
        """Return those executions that ``request`` sees."""
        ...

    def account(self, request: Request) -> Account:
        """Return the account as ``request`` sees it."""
        ...


class ThinBook(Protocol):
    """Change what a book gives for a while."""

    def spec_at(self, t_us: int) -> FillSpec:
        """Return the fill rules in force at ``t_us``, with spread and depth of that moment."""
        ...


class ClientClock(Protocol):
    """Let the client's wall clock go wrong."""

    def offset_us(self, now_us: int) -> int:
        """Return how far the clock is ahead at ``now_us`` of the run."""
        ...


class UserStreamTroubles(Protocol):
    """Decide what becomes of the events of user data streams."""

    def fates(self, account: int, intent: int, number: int, now_us: int) -> tuple[tuple[int, bool], ...]:
        """Return, for each time the event arrives, (extra delay in µs, whether it keeps the stream's order).

        ``number``: of the event within its account's stream.  Empty: it never arrives.
        """
        ...


class MarketStreamTroubles(Protocol):
    """Decide what becomes of the events of market data streams."""

    def fate(
        self, name: str, number: int, at_us: int, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]] | None:
        """Return (extra delay in µs, body shown) of one event, None where it never arrives."""
        ...
