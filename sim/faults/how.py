"""Say when a fault happens: per request, in bursts, in a window, or by script; and on which requests.

``rate``    fires when the fault's own draw for the request's key is below it, so raising it only adds faults.
``burst``   a two-state Markov process on the time axis that depends on (seed, fault name) alone.
``window``  a stretch of the replayed day.
``script``  the n-th matching request (from 1), per intent unless ``scope = "run"``.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sim.chance import Stream
from sim.errors import nearest
from sim.exchange.door import ROUTES
from sim.exchange.request import Request
from sim.market import At, at_us

_CALLS: dict[str, frozenset[str]] = {
    "order": frozenset({"POST /fapi/v1/order", "POST /fapi/v1/algoOrder", "POST /fapi/v1/batchOrders"}),
    "cancel": frozenset(
        {
            "DELETE /fapi/v1/order",
            "DELETE /fapi/v1/algoOrder",
            "DELETE /fapi/v1/batchOrders",
            "DELETE /fapi/v1/allOpenOrders",
            "DELETE /fapi/v1/algoOpenOrders",
        }
    ),
    "query": frozenset(
        {
            "GET /fapi/v1/order",
            "GET /fapi/v1/algoOrder",
            "GET /fapi/v1/openOrder",
            "GET /fapi/v1/openOrders",
            "GET /fapi/v1/openAlgoOrders",
            "GET /fapi/v1/allOrders",
            "GET /fapi/v1/allAlgoOrders",
        }
    ),
    "price": frozenset(
        {"GET /fapi/v1/ticker/price", "GET /fapi/v2/ticker/price", "GET /fapi/v1/premiumIndex"}
    ),
    "position": frozenset({"GET /fapi/v2/positionRisk", "GET /fapi/v3/positionRisk"}),
}
_ENDPOINTS = frozenset(f"{method} {path}" for method, path in ROUTES)
Role = Literal["entry", "sl", "tp", "trailing", "flatten", "none"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Match(_Strict):
    """Narrow a fault to some requests; what is not given matches all.

    ``call`` names a group of endpoints or one endpoint as "METHOD /path".
    """

    call: str | None = None
    role: Role | None = None
    symbol: str | None = None
    side: Literal["BUY", "SELL"] | None = None

    @model_validator(mode="after")
    def _known_call(self) -> Match:
        if self.call is not None and self.call not in _CALLS and self.call not in _ENDPOINTS:
            names = ", ".join(sorted(_CALLS))
            near = nearest(self.call, [*_CALLS, *_ENDPOINTS])
            hint = f", such as {near!r}" if near else ""
            raise ValueError(
                f'call={self.call!r} must be one of {names} or an endpoint like "POST /fapi/v1/order"{hint}'
            )
        return self

    def matches(self, request: Request) -> bool:
        """Tell whether the fault concerns this request."""
        if self.role is not None and request.role != self.role:
            return False
        if self.call is not None:
            group = _CALLS.get(self.call)
            if request.call not in group if group is not None else request.call != self.call:
                return False
        if self.symbol is not None and request.params.get("symbol") != self.symbol:
            return False
        return self.side is None or request.params.get("side") == self.side


class Burst(_Strict):
    """Alternate quiet gaps and bursts of exponential lengths; inside a burst fire at ``rate``."""

    # Shorter ones are a rate; as bursts a day would hold millions of them.
    mean_gap_s: float = Field(ge=0.05, le=1e8)
    mean_length_s: float = Field(ge=0.05, le=1e8)
    rate: float = Field(default=1.0, ge=0, le=1)


class Window(_Strict):
    """Fire at ``rate`` from ``at`` on for ``for_s`` seconds."""

    at: At
    for_s: float = Field(gt=0, le=1e8)
    rate: float = Field(default=1.0, ge=0, le=1)


class How(_Strict):
    """Hold exactly one way for a fault to happen."""

    rate: float | None = Field(default=None, ge=0, le=1)
    burst: Burst | None = None
    window: Window | None = None
    script: list[Annotated[int, Field(ge=1)]] | None = Field(default=None, min_length=1)
    scope: Literal["intent", "run"] = "intent"

    @model_validator(mode="after")
    def _one_way(self) -> How:
        given = [name for name in ("rate", "burst", "window", "script") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of rate, burst, window, script (given: {', '.join(given) or 'none'})"
            )
        if self.scope == "run" and self.script is None:
            raise ValueError('scope = "run" belongs to a script')
        return self


class Timing:
    """Decide for one fault whether it fires on a matching request; holds the script's counters."""

    def __init__(self, how: How, seed: int, name: str, epoch_us: int, until_us: int) -> None:
        self._stream = Stream(seed, name)
        self._until_us = until_us
        self._rate = how.rate if how.rate is not None else 1.0
        self._script = frozenset(how.script) if how.script is not None else None
        self._per_run = how.scope == "run"
        self._seen: dict[int, int] = {}
        self.edges_us: list[tuple[int, int]] | None = None
        if how.burst is not None:
            self._rate = how.burst.rate
            self.edges_us = burst_edges_us(how.burst, seed, name, until_us)
        elif how.window is not None:
            self._rate = how.window.rate
            start = at_us(how.window.at, epoch_us)
            end = min(start + round(how.window.for_s * 1e6), until_us)
            self.edges_us = [(start, end)] if start < end else []
        if self._rate == 0:
            self.edges_us = None if self.edges_us is None else []
        self._starts = [start for start, _ in self.edges_us] if self.edges_us is not None else []

    def fires(self, request: Request, at_us: int) -> bool:
        """Tell whether the fault fires on ``request``, whose effect would set in at ``at_us``."""
        if at_us >= self._until_us:
            return False
        if self._script is not None:
            owner = -1 if self._per_run else request.slot.number
            seen = self._seen[owner] = self._seen.get(owner, 0) + 1
            return seen in self._script
        if self.edges_us is not None:
            place = bisect_right(self._starts, at_us) - 1
            if place < 0 or at_us >= self.edges_us[place][1]:
                return False
        return self._stream.uniform(request.key) < self._rate


def burst_edges_us(burst: Burst, seed: int, name: str, until_us: int) -> list[tuple[int, int]]:
    """Return the bursts' (opened, closed) times up to ``until_us``, from (seed, name) alone."""
    gaps, lengths = Stream(seed, name + ".gap"), Stream(seed, name + ".length")
    edges: list[tuple[int, int]] = []
    t_us, index = 0, 0
    while True:
        t_us += max(1, round(-burst.mean_gap_s * 1e6 * math.log(1 - gaps.uniform(index))))
        if t_us >= until_us:
            return edges
        end_us = t_us + max(1, round(-burst.mean_length_s * 1e6 * math.log(1 - lengths.uniform(index))))
        edges.append((t_us, min(end_us, until_us)))
        t_us, index = end_us, index + 1
