"""Find orders: by number, by client id, by account and symbol."""

from __future__ import annotations

from typing import Final

from sim.exchange.account import Account
from sim.exchange.orders import Order, OrderState

_CHILDREN_FROM: Final = 1_000_000_000
"""Ordinary ids of triggered algo orders begin here.  They are no part of the count of orders: the numbers in a record
must not depend on how many stops have fired."""

_NONE: Final[dict[int, Order]] = {}


class OrderIndex:
    """Hold the orders of all accounts.

    ``resting`` are the live ones of an account and symbol; ``in_book`` those of them that prints may fill.
    """

    def __init__(self) -> None:
        self.by_number: dict[int, Order] = {}
        self._last = 0
        self._last_child = _CHILDREN_FROM
        self._resting: dict[tuple[int, str], dict[int, Order]] = {}
        self._in_book: dict[tuple[int, str], dict[int, Order]] = {}
        # Two id spaces since the migration (failures F19): an algo order's client id is not an ordinary one's.
        self._by_client_id: dict[tuple[int, bool, str], Order] = {}
        self._of_account: dict[int, list[Order]] = {}

    def next_number(self) -> int:
        """Give the next order's number."""
        self._last += 1
        return self._last

    def next_child_number(self) -> int:
        """Give the next child's number."""
        self._last_child += 1
        return self._last_child

    def register(self, order: Order) -> None:
        """Make a new order known by its number and client id; a reused id finds the latest from now on."""
        account = order.account.number
        self.by_number[order.number] = order
        orders = self._of_account.get(account)
        if orders is None:
            self._of_account[account] = [order]
        else:
            orders.append(order)
        self._by_client_id[(account, order.algo, order.client_id)] = order

    def rest(self, order: Order) -> None:
        """Count an order among the live ones of its symbol."""
        key = (order.account.number, order.symbol)
        orders = self._resting.get(key)
        if orders is None:
            orders = self._resting[key] = {}
        orders[order.number] = order
        if order.in_book:
            self._in_book.setdefault(key, {})[order.number] = order

    def leave(self, order: Order) -> None:
        """Take an order from the live ones; harmless when it is not there."""
        key = (order.account.number, order.symbol)
        orders = self._resting.get(key)
        if orders is not None:
            orders.pop(order.number, None)
        standing = self._in_book.get(key)
        if standing is not None and standing.pop(order.number, None) is not None and not standing:
            del self._in_book[key]

    def resting(self, account: Account, symbol: str) -> dict[int, Order]:
        """Return the live orders of an account and symbol, oldest first; not to be changed."""
        return self._resting.get((account.number, symbol), _NONE)

    def in_book(self, account: Account, symbol: str) -> dict[int, Order]:
        """Return those that stand in the book with a limit price; not to be changed."""
        return self._in_book.get((account.number, symbol), _NONE)

    def in_book_of(self, account: Account) -> list[Order]:
        """Return the account's orders that stand in the book with a limit price."""
        if not self._in_book:
            return []
        return [
            order
            for (number, _), orders in self._in_book.items()
            if number == account.number
            for order in orders.values()
        ]

    def of_account(self, account: Account) -> list[Order]:
        """Return every order of an account, oldest first; not to be changed."""
        return self._of_account.get(account.number, [])

    def find(self, account: Account, number: int | None, client_id: str | None, algo: bool) -> Order | None:
        """Return the account's order by either id on the endpoint it lives on, or None."""
        if number is None:
            return self._by_client_id.get((account.number, algo, client_id or ""))
        order = self.by_number.get(number)
        return order if order is not None and order.account is account and order.algo == algo else None

    def client_id_taken(self, account: Account, algo: bool, client_id: str) -> bool:
        """Tell whether a live order holds this client id."""
        twin = self._by_client_id.get((account.number, algo, client_id))
        return twin is not None and twin.is_live

    def conditionals_reach(self, account: Account, limit: int) -> bool:
        """Tell whether an account has ``limit`` conditional orders that wait for their triggers."""
        if len(self._of_account.get(account.number, ())) < limit:
            return False
        # Of a long life most orders are over; those that rest are few.
        waiting = sum(
            order.state is OrderState.NEW and order.type not in ("MARKET", "LIMIT")
            for (number, _), orders in self._resting.items()
            if number == account.number
            for order in orders.values()
        )
        return waiting >= limit

    def forget(self, account: Account) -> None:
        """Forget an account's orders and drop what was due for them."""
        for order in self._of_account.pop(account.number, []):
            if order.appointment is not None:
                order.appointment.cancel()
                order.appointment = None
            del self.by_number[order.number]
            self._by_client_id.pop((account.number, order.algo, order.client_id), None)
            key = (account.number, order.symbol)
            self._resting.pop(key, None)
            self._in_book.pop(key, None)
