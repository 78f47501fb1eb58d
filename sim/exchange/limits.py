"""Count what an address and an account ask for in the venue's fixed windows, and refuse what is too much.

Rules, in the order in which a request meets them (binance-facts 1.1, 1.3, 4):

1. A stretch of 403 is the firewall's: HTML, no headers.
2. A banned address gets 418 until the ban is over; what it asks meanwhile is not counted.
3. Every other call adds its weight to its address's running minute, also one that is then refused; above
   ``weight_per_min`` it gets 429 / -1003.  Windows are fixed: they begin with the Unix minute.
4. Signed calls are judged by their timestamp (:mod:`sim.exchange.clock_rules`).
5. An order counts against its account's 10 s and 1 minute; above either limit it gets 429 / -1015 and does not count.
6. In an overload new orders get 503 / -1008; exits pass: closePosition, reduceOnly, or the side that can only
   close in hedge mode.
Whoever has had ``ban_after`` answers with 429 and asks again is banned; each ban is longer than the one before.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sim.exchange.clock_rules import DEFAULT_RECV_WINDOW_US, ClockRules
from sim.exchange.filters import RulesVersion
from sim.exchange.limits_spec import LimitedStretch, VenueLimits
from sim.exchange.replies import Reply, error_reply
from sim.exchange.request import Request
from sim.exchange.service_queue import ServiceQueue
from sim.exchange.weights import CONDITIONAL_ORDER, COSTS, UNKNOWN_ROUTE, orders_of, weight_of

__all__ = ["Ban", "Limits", "Load", "orders_of", "weight_of"]

MINUTE_US: Final = 60_000_000
TEN_SECONDS_US: Final = 10_000_000
_ENDLESS: Final = 1 << 62

ADDRESS: Final = "203.0.113.1"
"""The client's address in the venue's texts: one that RFC 5737 keeps for examples."""

FIREWALL_BODY: Final = "<html><head><title>403 Forbidden</title></head><body>403 Forbidden</body></html>"
OVERLOADED: Final = "Server is currently overloaded with other requests. Please try again in a few minutes."
THROTTLED: Final = (
    "Request throttled by system-level protection. "
    "Reduce-only/close-position orders are exempt. Please try again."
)
"""The -1008 text since it was reworded in October 2025; :data:`OVERLOADED` is the one before."""

_NEW_ORDERS: Final = frozenset(
    {"POST /fapi/v1/order", "POST /fapi/v1/batchOrders", "POST /fapi/v1/order/test"}
)


class Ban(NamedTuple):
    """State one ban: the address (0: the shared one), when it began and when it ends (µs)."""

    address: int
    from_us: int
    until_us: int


class Load(NamedTuple):
    """State what the venue counted in a run: the fullest windows, refusals by code, bans."""

    weight_most: int
    orders_10s_most: int
    orders_1m_most: int
    refusals: dict[str, int]
    bans: tuple[Ban, ...]


class Limits:
    """Count and refuse.  ``queue`` is where admitted requests wait, None when the gateway takes no time."""

    def __init__(self, spec: VenueLimits, epoch_us: int, rules: RulesVersion, clock: ClockRules) -> None:
        self._spec = spec
        self._epoch_us = epoch_us
        self._clock = clock
        self._clock_offset_us = clock.offset_us
        self._shared = spec.shared_ip
        self._weight_most = spec.weight_per_min if spec.enforce else _ENDLESS
        self._orders_10s_most = spec.orders_per_10s if spec.enforce else _ENDLESS
        self._orders_1m_most = spec.orders_per_min if spec.enforce else _ENDLESS
        self._costs = COSTS
        if not spec.algo_orders_count:
            uncounted = COSTS[CONDITIONAL_ORDER]._replace(orders_10s=0, orders_1m=0)
            self._costs = {**COSTS, CONDITIONAL_ORDER: uncounted}
        self._throttled = _NEW_ORDERS | {CONDITIONAL_ORDER} if spec.throttle_algo else _NEW_ORDERS
        self._busy_text = OVERLOADED if rules == "2025-01" else THROTTLED
        self._overloads = _spans(spec.overload, epoch_us)
        self._blocks = _spans(spec.blocked, epoch_us)
        self.queue = ServiceQueue(round(spec.service_ms * 1000)) if spec.service_ms else None
        self._shuts_out = bool(self._blocks)
        """Somebody may be kept out; False spares every request the question."""
        self._may_be_busy = bool(self._overloads) or spec.queue_most is not None
        self._used: dict[int, int] = {}
        self._orders_10s: dict[int, int] = {}
        self._orders_1m: dict[int, int] = {}
        self._minute = epoch_us // MINUTE_US
        self._ends_us = TEN_SECONDS_US - epoch_us % TEN_SECONDS_US
        self._most = [0, 0, 0]
        self._offences: dict[int, tuple[int, int]] = {}
        """By address: answers with 429 and the minute of the last one."""
        self._banned_until_us: dict[int, int] = {}
        self._ban_counts: dict[int, int] = {}
        self._bans: list[Ban] = []
        self._refusals: dict[str, int] = {}

    # -- a request arrives ----------------------------------------------------------------------------

    def refuse(self, request: Request, now_us: int, obey_clock: bool = True) -> Reply | None:
        """Count a request that arrives now and return the refusal it meets at the gateway, None for none."""
        if now_us >= self._ends_us:
            self._roll(now_us)
        address = 0 if self._shared else request.slot.number
        if self._shuts_out:
            refusal = self._shut_out(request, address, now_us)
            if refusal is not None:
                return refusal
        weight, in_ten, in_one, signed, weigh, _ = self._costs.get(request.call, UNKNOWN_ROUTE)
        if weigh is not None:
            weight = weigh(request.params)
        self._used[address] = request.used = used = self._used.get(address, 0) + weight
        if used > self._weight_most:
            return self._too_many(request, address, now_us)
        if signed and obey_clock:
            params = request.params
            # Almost every request says nothing of time and is neither old nor early: the clock need not be asked.
            age_us = now_us - request.sent_us - self._clock_offset_us
            if not 0 <= age_us <= DEFAULT_RECV_WINDOW_US or "recvWindow" in params or "timestamp" in params:
                refusal = self._clock.refuse(request, now_us)
                if refusal is not None:
                    return refusal
        if in_one:
            account = request.slot.account.number
            ten = self._orders_10s.get(account, 0) + in_ten
            one = self._orders_1m.get(account, 0) + in_one
            if ten > self._orders_10s_most or one > self._orders_1m_most:
                return self._too_many_orders(request, address, now_us, ten > self._orders_10s_most)
            self._orders_10s[account] = ten
            self._orders_1m[account] = one
            request.counts = (ten, one)
        if self._may_be_busy and request.call in self._throttled and self._is_busy(request, now_us):
            return self._refused("-1008", error_reply(-1008, message=self._busy_text))
        return None

    def _shut_out(self, request: Request, address: int, now_us: int) -> Reply | None:
        """Return what a request meets before it is counted: the firewall, or a ban."""
        if _within(self._blocks, now_us) and not request.slot.settling:
            return self._refused("403", (403, FIREWALL_BODY))
        if self._banned_until_us.get(address, 0) > now_us:
            return self._ban_reply(request, address, now_us)
        return None

    def pass_by(self, request: Request, now_us: int) -> None:
        """Let a request through uncounted that a fault answers at the gateway (503 B does not count, facts 1.3)."""
        if now_us >= self._ends_us:
            self._roll(now_us)
        request.used = self._used.get(0 if self._shared else request.slot.number, 0)

    def take_back(self, request: Request) -> None:
        """Uncount an order that the venue refused, where such orders do not count."""
        if request.counts is None or self._spec.refused_orders_count:
            return
        cost, account = self._costs[request.call], request.slot.account.number
        for window, amount in ((self._orders_10s, cost.orders_10s), (self._orders_1m, cost.orders_1m)):
            # The window may have passed while the order waited.
            if account in window:
                window[account] = max(0, window[account] - amount)

    def headers_of(self, request: Request, status: int) -> dict[str, str]:
        """Return an answer's headers: the weight always, the counts on accepted orders (binance-facts 4)."""
        if status == 403:
            return {}
        counts = request.counts
        if counts is not None and status == 200:
            return {
                "X-MBX-USED-WEIGHT-1M": str(request.used),
                "X-MBX-ORDER-COUNT-10S": str(counts[0]),
                "X-MBX-ORDER-COUNT-1M": str(counts[1]),
            }
        headers = {"X-MBX-USED-WEIGHT-1M": str(request.used)}
        if request.wait_us and self._spec.retry_after:
            headers["Retry-After"] = str(-(-request.wait_us // 1_000_000))
        return headers

    # -- refusals -------------------------------------------------------------------------------------

    def _too_many(self, request: Request, address: int, now_us: int) -> Reply:
        if self._offend(address, now_us):
            return self._ban_reply(request, address, now_us)
        request.wait_us = self._minute_ends_us() - now_us
        limit = self._spec.weight_per_min
        return self._refused(
            "-1003",
            error_reply(
                -1003,
                429,
                f"Too many requests; current limit of IP({ADDRESS}) is {limit} requests per minute. "
                "Please use the websocket for live updates to avoid polling the API.",
            ),
        )

    def _too_many_orders(self, request: Request, address: int, now_us: int, in_ten_seconds: bool) -> Reply:
        if self._offend(address, now_us):
            return self._ban_reply(request, address, now_us)
        request.wait_us = (self._ends_us if in_ten_seconds else self._minute_ends_us()) - now_us
        limit, unit = (
            (self._spec.orders_per_10s, "TEN_SECONDS")
            if in_ten_seconds
            else (self._spec.orders_per_min, "MINUTE")
        )
        text = f"Too many new orders; current limit is {limit} orders per {unit}."
        return self._refused("-1015", error_reply(-1015, 429, text))

    def _offend(self, address: int, now_us: int) -> bool:
        """Note one more call beyond a limit; return whether it brought a ban."""
        count, minute = self._offences.get(address, (0, self._minute))
        if minute < self._minute - 1:
            count = 0
        if count < self._spec.ban_after:
            self._offences[address] = (count + 1, self._minute)
            return False
        earlier = self._ban_counts.get(address, 0)
        until_us = now_us + self._spec.bans_us(earlier)
        self._ban_counts[address] = earlier + 1
        self._banned_until_us[address] = until_us
        self._shuts_out = True
        self._offences.pop(address, None)
        self._bans.append(Ban(address, now_us, until_us))
        return True

    def _ban_reply(self, request: Request, address: int, now_us: int) -> Reply:
        until_us = self._banned_until_us[address]
        request.used = self._used.get(address, 0)
        request.wait_us = until_us - now_us
        until_ms = (self._epoch_us + until_us) // 1000
        text = (
            f"Way too many requests; IP({ADDRESS}) banned until {until_ms}. "
            "Please use the websocket for live updates to avoid bans."
        )
        return self._refused("418", error_reply(-1003, 418, text))

    def _refused(self, name: str, reply: Reply) -> Reply:
        self._refusals[name] = self._refusals.get(name, 0) + 1
        return reply

    def _is_busy(self, request: Request, now_us: int) -> bool:
        if self._spec.exempt_exits and is_exit(request.params):
            return False
        if _within(self._overloads, now_us) and not request.slot.settling:
            return True
        most = self._spec.queue_most
        return most is not None and self.queue is not None and self.queue.length(now_us) >= most

    # -- windows --------------------------------------------------------------------------------------

    def _minute_ends_us(self) -> int:
        return (self._minute + 1) * MINUTE_US - self._epoch_us

    def _roll(self, now_us: int) -> None:
        """Begin the windows that ``now_us`` lies in."""
        wall_us = self._epoch_us + now_us
        self._ends_us = (wall_us // TEN_SECONDS_US + 1) * TEN_SECONDS_US - self._epoch_us
        self._note_most(1, self._orders_10s)
        self._orders_10s.clear()
        if wall_us // MINUTE_US != self._minute:
            self._minute = wall_us // MINUTE_US
            for place, window in ((0, self._used), (2, self._orders_1m)):
                self._note_most(place, window)
                window.clear()

    def _note_most(self, place: int, window: dict[int, int]) -> None:
        if window and (fullest := max(window.values())) > self._most[place]:
            self._most[place] = fullest

    def load(self) -> Load:
        """Return what was counted so far."""
        for place, window in enumerate((self._used, self._orders_10s, self._orders_1m)):
            self._note_most(place, window)
        weight, ten, one = self._most
        return Load(weight, ten, one, dict(sorted(self._refusals.items())), tuple(self._bans))

    def rate_limits(self) -> list[dict[str, Any]]:
        """Return the ``rateLimits`` of exchangeInfo: what this venue holds its clients to."""
        spec = self._spec
        return [
            {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
            for kind, interval, number, limit in (
                ("REQUEST_WEIGHT", "MINUTE", 1, spec.weight_per_min),
                ("ORDERS", "MINUTE", 1, spec.orders_per_min),
                ("ORDERS", "SECOND", 10, spec.orders_per_10s),
            )
        ]

    def order_counts(self, account: int, now_us: int) -> tuple[int, int]:
        """Return an account's running order counts of 10 s and of 1 minute."""
        if now_us >= self._ends_us:
            self._roll(now_us)
        return self._orders_10s.get(account, 0), self._orders_1m.get(account, 0)


def is_exit(params: dict[str, Any]) -> bool:
    """Tell whether an order can only close: what the venue exempts from -1008 (binance-facts 1.3)."""
    if str(params.get("closePosition", "")).lower() == "true":
        return True
    side = params.get("positionSide", "BOTH")
    if side in ("LONG", "SHORT"):
        return bool(params.get("side") == ("SELL" if side == "LONG" else "BUY"))
    return str(params.get("reduceOnly", "")).lower() == "true"


def _spans(stretches: list[LimitedStretch], epoch_us: int) -> list[tuple[int, int]]:
    return [stretch.span_us(epoch_us) for stretch in stretches]


def _within(spans: list[tuple[int, int]], now_us: int) -> bool:
    return any(from_us <= now_us < to_us for from_us, to_us in spans)
