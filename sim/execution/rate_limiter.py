"""Hold requests back before the venue does: one limiter for all that ask from one address.

:class:`GlobalRateLimiter` follows the venue's windows (fixed minutes and tens of seconds) by its own count and by the
headers of its answers, keeps a share for exits and look-ups, and lets nothing out while the venue said to stay away: a
request during a ban makes it longer (failures F09).  :class:`LimitedClient` puts it in front of a client.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, MutableMapping
from inspect import isawaitable
from types import CoroutineType
from typing import Any, Final, Literal

from .errors import HeldBack
from .outcomes import code_of, retry_after_s_of, status_of, unhurried
from .precision import Remembering

Priority = Literal["exit", "entry"]
_Cost = tuple[int, int, Priority]
"""Weight, orders and priority of one request."""

_STAY_AWAY: Final = frozenset({418, 429, 403})
_TOO_MANY: Final = frozenset({-1003, -1015})
_AWAY: Final = "limiter:away_until_s"
_UNTOLD_WAIT_S: Final = 4.0
"""How long to stay away when the venue does not say: a bare position's close is still filled within five seconds."""

_WEIGHTS: Final[Mapping[str, int]] = {
    "futures_position_information": 5,
    "futures_account": 5,
    "futures_account_balance": 5,
    "futures_place_batch_order": 5,
    "futures_get_all_orders": 5,
    "futures_create_order": 0,
    "futures_create_algo_order": 0,
}
_ORDERS: Final = frozenset({"futures_create_order", "futures_create_algo_order", "futures_place_batch_order"})
_ENTRY_READS: Final = frozenset(
    {"futures_symbol_ticker", "futures_mark_price", "futures_exchange_info", "futures_klines"}
)
_RAW: Final = ("_signed_request", "_request_futures_api")
_EXIT_MARKS: Final = ("closePosition", "reduceOnly")


class _Window:
    """Count what was used in the running window of ``length_s`` seconds of the wall clock."""

    __slots__ = ("begins_s", "ends_s", "length_s", "limit", "used")

    def __init__(self, length_s: int, limit: int) -> None:
        self.length_s, self.limit = length_s, limit
        self.begins_s = self.ends_s = 0
        self.used = 0

    def roll(self, now_s: float) -> None:
        if not self.begins_s <= now_s < self.ends_s:
            self.begins_s = int(now_s // self.length_s) * self.length_s
            self.ends_s = self.begins_s + self.length_s
            self.used = 0


class GlobalRateLimiter:
    """Grant requests within the venue's limits.  Defaults are the documented ones (binance-facts 4).

    ``share`` of each limit is used at most, and ``exit_reserve`` of that is kept for exits and look-ups.  An entry that
    would have to wait longer than ``entry_patience_s`` seconds is not sent at all: its price would be stale.  ``store``
    keeps until when the venue said to stay away: a process that starts anew in a ban must not knock.  Raises
    ValueError where it holds something else.
    """

    def __init__(
        self,
        *,
        weight_per_min: int = 2400,
        orders_per_10s: int = 300,
        orders_per_min: int = 1200,
        share: float = 0.9,
        exit_reserve: float = 0.3,
        entry_patience_s: float = float("inf"),
        store: MutableMapping[str, str] | None = None,
    ) -> None:
        self._weight = _Window(60, weight_per_min)
        self._orders = (_Window(10, orders_per_10s), _Window(60, orders_per_min))
        self._since_s = self._until_s = 0
        self._usable = {"exit": share, "entry": share * (1.0 - exit_reserve)}
        self._entry_patience_s = entry_patience_s
        self._store: MutableMapping[str, str] = {} if store is None else store
        self._away_until_s = float(self._store.get(_AWAY, 0.0))

    async def acquire(self, weight: int, orders: int, priority: Priority) -> None:
        """Wait until a request of this cost may leave, and count it; raises HeldBack for an entry that may not soon.

        Time spent here is none of the attempt's: nothing was sent yet.
        """
        while (wait_s := self.take(weight, orders, priority)) > 0.0:
            if orders and priority == "entry" and wait_s > self._entry_patience_s:
                raise HeldBack(f"held back by the limiter for {wait_s:.1f} s")
            with unhurried():
                await asyncio.sleep(wait_s)

    def take(self, weight: int, orders: int, priority: Priority) -> float:
        """Count a request of this cost and return 0 where it may leave now; else return the seconds to wait."""
        now_s = time.time()
        if now_s < self._away_until_s:
            return self._away_until_s - now_s
        if not self._since_s <= now_s < self._until_s:
            self._roll(now_s)
        usable = self._usable[priority]
        # A hair beyond the edge: the venue's clock is not this one.
        used = self._weight.used
        if weight and used and used + weight > usable * self._weight.limit:
            return self._weight.ends_s - now_s + 0.05
        if orders:
            for window in self._orders:
                if window.used and window.used + orders > usable * window.limit:
                    return window.ends_s - now_s + 0.05
            for window in self._orders:
                window.used += orders
        self._weight.used = used + weight
        return 0.0

    def _roll(self, now_s: float) -> None:
        """Begin anew the windows that are over, and keep when the next one will be."""
        windows = (self._weight, *self._orders)
        for window in windows:
            window.roll(now_s)
        self._since_s = max(window.begins_s for window in windows)
        self._until_s = min(window.ends_s for window in windows)

    def stay_away(self, seconds: float) -> None:
        """Let nothing out for so long."""
        self._away_until_s = max(self._away_until_s, time.time() + seconds)
        self._store[_AWAY] = repr(self._away_until_s)

    def observe(self, headers: Mapping[str, Any]) -> None:
        """Take in what the venue counted: others may ask from the same address."""
        for name, value in headers.items():
            if name.lower() == "x-mbx-used-weight-1m" and str(value).isdecimal():
                self._weight.roll(time.time())
                self._weight.used = max(self._weight.used, int(value))

    def learn_limits(self, exchange_info: Any) -> None:
        """Take the limits from the exchange information, which knows them best."""
        limits = exchange_info.get("rateLimits") if isinstance(exchange_info, Mapping) else None
        for entry in limits if isinstance(limits, list) else ():
            if not isinstance(entry, Mapping) or not isinstance(entry.get("limit"), int):
                continue
            span = (entry.get("rateLimitType"), entry.get("interval"), entry.get("intervalNum"))
            if span == ("REQUEST_WEIGHT", "MINUTE", 1):
                self._weight.limit = entry["limit"]
            elif span == ("ORDERS", "SECOND", 10):
                self._orders[0].limit = entry["limit"]
            elif span == ("ORDERS", "MINUTE", 1):
                self._orders[1].limit = entry["limit"]


class LimitedClient(Remembering):
    """Be a client whose calls wait for the limiter; attributes that are no calls pass through."""

    def __init__(self, client: Any, limiter: GlobalRateLimiter) -> None:
        super().__init__()
        self._client = client
        self._limiter = limiter

    def __getattr__(self, name: str) -> Any:
        """Return the client's attribute; a method that waits, where it is one."""
        attribute = getattr(self._client, name)
        if not callable(attribute) or not name.startswith(("futures_", *_RAW)):
            return attribute
        # Kept as an attribute of its own, so that it is made, and asked for here, only once.
        waiting = self.__dict__[name] = self._waiting(name, attribute)
        return waiting

    def _waiting(self, name: str, method: Any) -> Any:
        limiter, client = self._limiter, self._client
        # The count alone is no coroutine: one more for each request costs more than the counting.  A limiter whose
        # acquire is another one is asked by it.
        takes = type(limiter).acquire is GlobalRateLimiter.acquire
        learns = name == "futures_exchange_info"
        known_cost, cost_of = _cost_of_read(name), _cost_of(name)

        async def send(*args: Any, **kwargs: Any) -> Any:
            weight, orders, priority = known_cost or cost_of(args, kwargs)
            if not takes or limiter.take(weight, orders, priority) > 0.0:
                await limiter.acquire(weight, orders, priority)
            try:
                reply = method(*args, **kwargs)
                if type(reply) is CoroutineType or isawaitable(reply):
                    reply = await reply
            except Exception as error:
                _note_refusal(limiter, error)
                raise
            response = getattr(client, "response", None)
            if response is not None and isinstance(headers := getattr(response, "headers", None), Mapping):
                limiter.observe(headers)
            if learns:
                limiter.learn_limits(reply)
            return reply

        return send


def _cost_of_read(name: str) -> _Cost | None:
    """Return what a call of this name costs, whatever its arguments are; None where they decide."""
    if name in _ORDERS or name in _RAW:
        return None
    return _WEIGHTS.get(name, 1), 0, "entry" if name in _ENTRY_READS else "exit"


def _cost_of(name: str) -> Callable[[tuple[Any, ...], Mapping[str, Any]], _Cost]:
    """Return what tells, by its arguments, what a call of this name costs that is no read."""
    if name == "_signed_request":
        return _signed_cost
    if name == "_request_futures_api":
        # python-binance's order of arguments: method, path, signed, version; what is sent stands under ``data``.
        return lambda args, kwargs: _signed_cost((str(args[0]).upper(), args[1], kwargs.get("data")), {})
    weight = _WEIGHTS.get(name, 1)
    return lambda args, kwargs: (weight, 1, _priority(kwargs))


def _signed_cost(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Cost:
    del kwargs
    if str(args[0]) != "POST":
        return 5 if "positionRisk" in str(args[1]) else 1, 0, "exit"
    params = args[2] if len(args) > 2 else None
    return 0, 1, _priority(params) if type(params) is dict or isinstance(params, Mapping) else "entry"


def _priority(params: Mapping[str, Any]) -> Priority:
    for name in _EXIT_MARKS:
        if name in params and ((mark := params[name]) == "true" or str(mark).lower() == "true"):
            return "exit"
    return "entry"


def _note_refusal(limiter: GlobalRateLimiter, error: Exception) -> None:
    if status_of(error) in _STAY_AWAY or code_of(error) in _TOO_MANY:
        told_s = retry_after_s_of(error, str(error))
        limiter.stay_away(_UNTOLD_WAIT_S if told_s is None else told_s)
