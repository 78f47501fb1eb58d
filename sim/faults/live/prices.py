"""Show wrong prices in reads and market streams, under the faults of kind ``price``."""

from __future__ import annotations

import math
from typing import Any, Final

from sim.chance import key_of, mix
from sim.exchange.door import Door
from sim.exchange.door.routes import Route
from sim.exchange.request import Request
from sim.faults.how import Timing
from sim.faults.injector import FaultInjector
from sim.faults.live.armed import armed, fires, share
from sim.faults.match import CALLS
from sim.faults.price import KLINES, PRICE_READS, Price
from sim.trace import Trace

_FIELDS: Final[dict[str, tuple[Any, ...]]] = {
    "GET /fapi/v1/ticker/price": ("price",),
    "GET /fapi/v2/ticker/price": ("price",),
    "GET /fapi/v1/ticker/bookTicker": ("bidPrice", "askPrice"),
    "GET /fapi/v1/premiumIndex": ("markPrice", "indexPrice", "estimatedSettlePrice"),
    KLINES: (4, 1, 2, 3),
}
"""Where an answer holds its prices; the first is the one that is written down.  A kline row's are its places."""

_STREAMED: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "aggTrade": ("GET /fapi/v1/ticker/price", ("p",)),
    "trade": ("GET /fapi/v1/ticker/price", ("p",)),
    "bookTicker": ("GET /fapi/v1/ticker/bookTicker", ("b", "a")),
    "markPrice": ("GET /fapi/v1/premiumIndex", ("p", "i", "P")),
    "markPrice@1s": ("GET /fapi/v1/premiumIndex", ("p", "i", "P")),
}
"""What a stream shows is what this call would answer, in these fields."""

_CLOSE_MS: Final = 6
_SHIFTS: Final = frozenset({"stale", "frozen"})


class DoorThen(Door):
    """Be a door that answers as it would have at ``then_us``."""

    def __init__(self, door: Door, then_us: int) -> None:
        self.__dict__.update(door.__dict__)
        self._then_us = then_us

    @property
    def now_us(self) -> int:
        """Give the time it answers for, in µs since the start of the run."""
        return self._then_us


class LivePrices:
    """Stand around a door's price routes; be the :class:`~sim.exchange.troubles.MarketStreamTroubles` of a run."""

    def __init__(self, injector: FaultInjector, trace: Trace) -> None:
        self._injector = injector
        self._faults = armed(injector, "price", Price)
        self._write_price = trace.writer("price")

    @property
    def acts(self) -> bool:
        """Tell whether there is anything for it to do."""
        return bool(self._faults)

    # -- reads ----------------------------------------------------------------------------------------

    def around(self, method: str, path: str, route: Route) -> Route:
        """Return what answers a route from now on."""
        call = f"{method} {path}"
        if call not in PRICE_READS:
            return route

        def answer(door: Door, request: Request) -> tuple[Any, int]:
            now = door.now_us
            fired = [one for one in self._faults if _concerns(one[0], call) and fires(*one, request, now)]
            if not fired:
                return route(door, request)
            return self._answer(door, request, route, fired), -1

        return answer

    def _answer(self, door: Door, request: Request, route: Route, fired: list[tuple[Price, Timing]]) -> Any:
        now, call = door.now_us, request.call
        then_us = min(_then_us(spec, timing, now) for spec, timing in fired)
        true_body, _ = route(door, request)
        body = true_body
        if then_us < now:
            body, _ = route(DoorThen(door, then_us), request)
            if not all(spec.dated for spec, _ in fired):
                _stamp(body, door.now_ms)
        true_value = _number(_first(true_body), call)
        acted = False
        for spec, timing in fired:
            if spec.mode.startswith("bar_"):
                kept = _bars(spec, timing, request, body, door.now_ms)
                if len(kept) == len(body):
                    continue
                body = kept
            elif spec.mode not in _SHIFTS:
                body = _spoilt_body(spec, call, body)
            acted = True
            self._injector.record(spec.name, f"price {spec.mode}", request, at_us=now, stage="read")
        if acted:
            told = _number(_first(body), call)
            self._write_price((request.slot.number, now, call, told, now - then_us, true_value))
        return body

    # -- streams --------------------------------------------------------------------------------------

    def fate(
        self, name: str, number: int, at_us: int, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]] | None:
        """Return (extra delay in µs, body shown) of a market stream's event, None where it never arrives."""
        symbol, _, kind = name.partition("@")
        call, fields = _STREAMED[kind]
        key, extra_us, shown = mix(key_of(name), number), 0, body
        for spec, timing in self._faults:
            if spec.mode.startswith("bar_") or not _streams(spec, call, symbol.upper()):
                continue
            if not timing.active(at_us, symbol.upper()) or timing.uniform(key) >= timing.rate:
                continue
            self._injector.record(
                spec.name, f"stream price {spec.mode}", None, call=name, n=number, at_us=at_us, stage="read"
            )
            if spec.mode == "frozen":
                return None
            if spec.mode == "stale":
                extra_us += spec.age_us
                if not spec.dated:
                    shown = shown | {"E": shown["E"] + spec.age_us // 1000}
            else:
                shown = _spoilt(spec, shown, fields)
        return extra_us, shown


def _concerns(spec: Price, call: str) -> bool:
    return call == KLINES or not spec.mode.startswith("bar_")


def _streams(spec: Price, call: str, symbol: str) -> bool:
    match = spec.match
    if not spec.streams or match.role is not None or match.side is not None:
        return False
    if match.symbol not in (None, symbol):
        return False
    return match.call is None or call == match.call or call in CALLS.get(match.call, frozenset())


def _then_us(spec: Price, timing: Timing, now_us: int) -> int:
    if spec.mode == "stale":
        return max(now_us - spec.age_us, 0)
    stretch = timing.stretch(now_us) if spec.mode == "frozen" else None
    return now_us if stretch is None else stretch[0]


def _first(body: Any) -> Any:
    """Return what an answer says of one symbol: the answer itself, the first of a list, the latest bar."""
    if not isinstance(body, list):
        return body
    if not body:
        return None
    return body[-1] if isinstance(body[0], list) else body[0]


def _number(row: Any, call: str) -> float:
    field = _FIELDS[call][0]
    try:
        return float(row[field])
    except (KeyError, IndexError, TypeError, ValueError):
        return math.nan


def _stamp(body: Any, now_ms: int) -> None:
    for row in body if isinstance(body, list) else [body]:
        if isinstance(row, dict) and "time" in row:
            row["time"] = now_ms


def _bars(spec: Price, timing: Timing, request: Request, body: list[Any], now_ms: int) -> list[Any]:
    if spec.mode == "bar_late":
        until_ms = now_ms - spec.age_us // 1000
        return [row for row in body if row[_CLOSE_MS] < until_ms]
    # The same bar is missing for every reader: as a hole in an archive.
    of = key_of(f"{request.params.get('symbol')} {request.params.get('interval')}")
    most = spec.share if spec.share is not None else 1.0
    return [row for row in body if share(timing, mix(of, row[0]), "bar") >= most]


def _spoilt_body(spec: Price, call: str, body: Any) -> Any:
    fields = _FIELDS[call]
    if call == KLINES:
        if spec.mode == "missing":
            return body[:-1]
        return [*body[:-1], *(_spoilt_row(spec, row, fields) for row in body[-1:])]
    if isinstance(body, list):
        return [_spoilt(spec, row, fields) for row in body]
    return _spoilt(spec, body, fields)


def _spoilt(spec: Price, row: dict[str, Any], fields: tuple[Any, ...]) -> dict[str, Any]:
    if spec.mode == "missing":
        return {name: value for name, value in row.items() if name not in fields}
    return row | {name: _wrong(spec, row[name]) for name in fields}


def _spoilt_row(spec: Price, row: list[Any], places: tuple[Any, ...]) -> list[Any]:
    return [_wrong(spec, value) if place in places else value for place, value in enumerate(row)]


def _wrong(spec: Price, value: str) -> str | None:
    decimals = len(value.partition(".")[2])
    if spec.mode == "zero":
        return f"{0:.{decimals}f}"
    if spec.mode == "nan":
        return "NaN"
    if spec.mode == "null":
        return None
    if spec.mode == "negative":
        return f"-{value}"
    return f"{float(value) * (spec.factor or 1.0):.{decimals}f}"
