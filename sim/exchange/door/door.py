"""Answer requests from the venue's state at the instant they arrive."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import Any, Final

from sim.exchange.door.left_out import refuse_by_name
from sim.exchange.door.listen_keys import KeyTable, ListenKeys
from sim.exchange.door.routes import Route, routes_under
from sim.exchange.filters import RulesVersion
from sim.exchange.replies import Refusal
from sim.exchange.request import Request
from sim.exchange.troubles import Reads
from sim.exchange.venue import Venue

DOCUMENTED_LIMITS: Final[tuple[Mapping[str, Any], ...]] = (
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
    {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
)
"""Weight per address and orders per account (binance-facts 4)."""


class Door:
    """Route requests; what is unknown answers as the venue does, what is left out is refused by name.

    ``epoch_us`` is the Unix time of the run's start.  ``listen_keys`` may be replaced by whoever owns the user
    data streams, ``rate_limits`` (as exchangeInfo shows them) by whoever enforces them.
    """

    def __init__(self, venue: Venue, epoch_us: int, rules: RulesVersion) -> None:
        self.venue = venue
        self.epoch_us = epoch_us
        self.rules = rules
        self.listen_keys: ListenKeys = KeyTable(venue.loop)
        self.rate_limits: Sequence[Mapping[str, Any]] = DOCUMENTED_LIMITS
        self._env: Any = venue.loop.env  # read for each request; the property costs three times the attribute
        self._routes = routes_under(rules)
        self._around: list[Callable[[str, str, Route], Route]] = []
        self.reads: Reads | None = None
        """What look-ups are shown instead of the truth; None for the truth."""

    def wrap(self, around: Callable[[str, str, Route], Route]) -> None:
        """Put something around routes: ``around(method, path, route)`` returns what answers there from now on.

        The latest wrap stands outermost.  Routes that the rules bring later are wrapped as well.
        """
        self._around.append(around)
        self._routes = {place: around(*place, route) for place, route in self._routes.items()}

    def switch_rules(self, rules: RulesVersion) -> None:
        """Let the routes and rules of another version hold from now on; what rests stays as it is."""
        self.rules = rules
        self._routes = dict(routes_under(rules))
        for around in self._around:
            self._routes = {place: around(*place, route) for place, route in self._routes.items()}

    def handle(self, request: Request) -> tuple[int, Any, int]:
        """Return (status, body) and, for the record, the number of the order created or changed (-1: none).

        What the items of a batch came to is left in ``request.items``.
        """
        route = self._routes.get((request.method, request.path))
        try:
            if route is None:
                return 404, refuse_by_name(request.method, request.path), -1
            body, order = route(self, request)
        except Refusal as refusal:
            status, refused = refusal.reply()
            return status, refused, -1
        return 200, body, order

    def last_price(self, symbol: Any, t_us: int) -> float:
        """Return last of ``symbol`` at ``t_us``; NaN for a symbol that does not trade here."""
        path = self.venue.paths.get(symbol) if isinstance(symbol, str) else None
        return path.last(t_us) if path is not None else nan

    @property
    def now_us(self) -> int:
        """Give the time in µs since the start of the run."""
        now: int = self._env._now
        return now

    @property
    def now_ms(self) -> int:
        """Give the server's time, Unix ms."""
        return (self.epoch_us + self.now_us) // 1000
