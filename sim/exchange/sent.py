"""Write orders down as they leave, before anybody answers, and what the venue told its clients to wait for.

A client id counts as chosen only where the code under test chose it.  Libraries invent one per call when none is given
(python-binance's futures prefix "x-Cb7ytekJ", ccxt's "x-xcKtGhcu" and "x-cvBPrNm9"), and an id that is new with each
call tells nobody which resend belongs to which order (failures F04).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from math import inf, isfinite, nan
from typing import Any, Final
from zlib import crc32

from sim.exchange.attribution import role_of
from sim.exchange.door.batch import BATCH_PATH
from sim.exchange.replies import Refusal
from sim.exchange.request import Request
from sim.exchange.rules import read_batch
from sim.trace import Trace

_INVENTED: Final = ("x-Cb7ytekJ", "x-xcKtGhcu", "x-cvBPrNm9")
TELLS_TO_WAIT: Final = frozenset({418, 429})
"""The statuses of answers that ask a client to stay away for a while (binance-facts 4)."""

_ORDER_PATH: Final = "/fapi/v1/order"
_NO_PART: Final = frozenset(
    {
        "timestamp",
        "recvWindow",
        "signature",
        "newClientOrderId",
        "clientAlgoId",
        "algoType",
        "newOrderRespType",
    }
)
"""Stamps, ids and what only says where or how to answer: an order is the same order without them."""

_IN_COLUMNS: Final = frozenset(
    {
        "symbol", "side", "type", "quantity", "price", "stopPrice", "triggerPrice", "activationPrice",
        "activatePrice", "reduceOnly", "closePosition",
    }
)  # fmt: skip


class SentOrders:
    """Write one ``sent`` row for each order of a request that creates orders.

    ``last_price`` tells the price of a symbol (None or unknown: NaN) at a time.
    """

    def __init__(self, trace: Trace, last_price: Callable[[str | None, int], float]) -> None:
        self._write = trace.writer("sent")
        self._last_price = last_price

    def order(self, request: Request) -> None:
        """Record the single order of a request."""
        self._one(request, request.role, request.params, request.last)

    def batch(self, request: Request) -> None:
        """Record each order of a batch; a batch that nobody could read holds none."""
        if request.method != "POST" or request.path != BATCH_PATH:
            return
        try:
            items = read_batch(request.params)
        except Refusal:
            return
        direction = request.slot.direction
        for item in items:
            last = self._last_price(item.get("symbol"), request.sent_us)
            self._one(request, role_of("POST", _ORDER_PATH, item, direction), item, last)

    def _one(self, request: Request, role: str, params: dict[str, Any], last: float) -> None:
        get = params.get
        client_id = get("newClientOrderId") or get("clientAlgoId")
        chosen = client_id is not None and not str(client_id).startswith(_INVENTED)
        trigger = get("stopPrice")
        if trigger is None:
            trigger = get("triggerPrice")
        if trigger is None:
            trigger = get("activationPrice") or get("activatePrice")
        quantity, price, reduces, closes = (
            get("quantity"), get("price"), _true(get("reduceOnly")), _true(get("closePosition")),
        )  # fmt: skip
        side, order_type = get("side"), str(get("type", ""))
        rest = 0
        for name in params:
            if name not in _IN_COLUMNS and name not in _NO_PART:
                # Added up, so that the order in which somebody writes parameters says nothing.
                rest += crc32(f"{name}={params[name]}".encode())
        whole = f"{get('symbol')} {side} {order_type} {quantity} {price} {trigger} {reduces} {closes} {rest}"
        self._write(
            (
                request.number, request.slot.number, role, request.sent_us,
                1 if side == "BUY" else -1, order_type, number(quantity), number(price), number(trigger),
                reduces, closes, id_number(str(client_id)) if chosen else -1,
                crc32(whole.encode()), rest, last,
            )
        )  # fmt: skip


def id_number(client_id: str) -> int:
    """Return the number a client id has in the record: 63 bits, so that two of a million ids do not share one."""
    return int.from_bytes(blake2b(client_id.encode(), digest_size=8).digest(), "little") >> 1


def wait_until_us(headers: Mapping[str, str], message: str, now_us: int, epoch_us: int) -> int:
    """Return until when an answer says to wait (µs): by Retry-After, else by a ban's text; -1: it does not."""
    for name, value in headers.items():
        if name.lower() == "retry-after":
            seconds = number(value)
            return now_us + round(seconds * 1e6) if 0 <= seconds < inf else -1
    _, told, rest = message.partition("banned until ")
    stamp = rest.partition(".")[0]
    return int(stamp) * 1000 - epoch_us if told and stamp.isdecimal() else -1


def number(value: Any) -> float:
    """Return a parameter as a number: NaN when it was not sent, inf when it is no finite number."""
    if value is None:
        return nan
    try:
        read = float(value)
    except (TypeError, ValueError):
        return inf
    return read if isfinite(read) else inf


def _true(value: Any) -> bool:
    return value is not None and str(value).lower() == "true"
