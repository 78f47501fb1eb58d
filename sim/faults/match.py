"""Narrow a fault to some requests: by endpoint or group of endpoints, role, symbol, side."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from sim.errors import nearest
from sim.exchange.door import ROUTES
from sim.exchange.request import Request

CALLS: Final[dict[str, frozenset[str]]] = {
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
_ENDPOINTS: Final = frozenset(f"{method} {path}" for method, path in ROUTES)
Role = Literal["entry", "sl", "tp", "trailing", "flatten", "none"]


class Match(BaseModel):
    """Narrow a fault to some requests; what is not given matches all.

    ``call`` names a group of endpoints or one endpoint as "METHOD /path".
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    call: str | None = None
    role: Role | None = None
    symbol: str | None = None
    side: Literal["BUY", "SELL"] | None = None

    @model_validator(mode="after")
    def _known_call(self) -> Match:
        if self.call is not None and self.call not in CALLS and self.call not in _ENDPOINTS:
            names = ", ".join(sorted(CALLS))
            near = nearest(self.call, [*CALLS, *_ENDPOINTS])
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
            group = CALLS.get(self.call)
            if request.call not in group if group is not None else request.call != self.call:
                return False
        if self.symbol is not None and request.params.get("symbol") != self.symbol:
            return False
        return self.side is None or request.params.get("side") == self.side
