"""Offer the exchange to code under test as python-binance's ``AsyncClient`` does: same names, same exceptions.

``_signed_request`` sends the path it is given.  ``futures_create_order`` routes as python-binance of the rules'
date did: since 1.0.33 (2025-12-06) conditional types go to ``/fapi/v1/algoOrder`` with ``stopPrice`` renamed,
the caller's ``newClientOrderId`` dropped and a ``clientAlgoId`` invented (binance-facts 1.4).
"""

from __future__ import annotations

from typing import Any

from sim.exchange.exceptions import api_exception_class, error_text
from sim.exchange.filters import RulesVersion
from sim.exchange.gateway import Gateway
from sim.exchange.triggers import CONDITIONAL


class SimulatedClient:
    """Speak to the simulated exchange; raise BinanceAPIException for non-2xx, TimeoutError for silence."""

    def __init__(self, gateway: Gateway, rules: RulesVersion, timeout_s: float) -> None:
        self._gateway = gateway
        self._rules = rules
        self._timeout_s = timeout_s
        self._api_exception = api_exception_class()
        self._invented = 0

    async def _signed_request(self, method: str, path: str, params: dict[str, Any] | None = None) -> Any:
        status, body = await self._gateway.send(method, path, dict(params) if params else {})
        if status == 200:
            return body
        if status == 0:
            raise TimeoutError(f"{method} {path}: no answer within {self._timeout_s:g} s")
        raise self._api_exception(None, status, error_text(body))

    async def futures_create_order(self, **params: Any) -> Any:
        """Place an order (conditional types go where python-binance of the rules' date sends them)."""
        if self._rules == "2025-12-09" and params.get("type") in CONDITIONAL:
            return await self.futures_create_algo_order(**self._as_algo(params))
        return await self._signed_request("POST", "/fapi/v1/order", params)

    def _as_algo(self, params: dict[str, Any]) -> dict[str, Any]:
        moved = {name: value for name, value in params.items() if name != "newClientOrderId"}
        if "stopPrice" in moved:
            moved["triggerPrice"] = moved.pop("stopPrice")
        if "activationPrice" in moved:
            moved["activatePrice"] = moved.pop("activationPrice")
        moved["algoType"] = "CONDITIONAL"
        if "clientAlgoId" not in moved:
            self._invented += 1
            moved["clientAlgoId"] = f"x-Cb7ytekJ{self._invented:022d}"
        return moved

    async def futures_create_algo_order(self, **params: Any) -> Any:
        """Place a conditional order on the algo endpoint."""
        return await self._signed_request("POST", "/fapi/v1/algoOrder", params)

    async def futures_get_order(self, **params: Any) -> Any:
        """Query one order by ``orderId`` or ``origClientOrderId``."""
        return await self._signed_request("GET", "/fapi/v1/order", params)

    async def futures_get_algo_order(self, **params: Any) -> Any:
        """Query one conditional order by ``algoId`` or ``clientAlgoId``."""
        return await self._signed_request("GET", "/fapi/v1/algoOrder", params)

    async def futures_cancel_order(self, **params: Any) -> Any:
        """Cancel one order by ``orderId`` or ``origClientOrderId``."""
        return await self._signed_request("DELETE", "/fapi/v1/order", params)

    async def futures_cancel_algo_order(self, **params: Any) -> Any:
        """Cancel one conditional order by ``algoId`` or ``clientAlgoId``."""
        return await self._signed_request("DELETE", "/fapi/v1/algoOrder", params)

    async def futures_cancel_all_open_orders(self, **params: Any) -> Any:
        """Cancel all ordinary orders of ``symbol``."""
        return await self._signed_request("DELETE", "/fapi/v1/allOpenOrders", params)

    async def futures_cancel_all_algo_open_orders(self, **params: Any) -> Any:
        """Cancel all conditional orders of ``symbol``."""
        return await self._signed_request("DELETE", "/fapi/v1/algoOpenOrders", params)

    async def futures_get_open_orders(self, **params: Any) -> Any:
        """List resting ordinary orders."""
        return await self._signed_request("GET", "/fapi/v1/openOrders", params)

    async def futures_get_open_algo_orders(self, **params: Any) -> Any:
        """List resting conditional orders."""
        return await self._signed_request("GET", "/fapi/v1/openAlgoOrders", params)

    async def futures_position_information(self, **params: Any) -> Any:
        """List positions (``positionRisk`` v2)."""
        return await self._signed_request("GET", "/fapi/v2/positionRisk", params)

    async def futures_change_leverage(self, **params: Any) -> Any:
        """Set ``leverage`` of ``symbol``."""
        return await self._signed_request("POST", "/fapi/v1/leverage", params)

    async def futures_symbol_ticker(self, **params: Any) -> Any:
        """Return the last price of ``symbol``."""
        return await self._signed_request("GET", "/fapi/v1/ticker/price", params)

    async def futures_mark_price(self, **params: Any) -> Any:
        """Return the mark price of ``symbol``."""
        return await self._signed_request("GET", "/fapi/v1/premiumIndex", params)

    async def futures_exchange_info(self) -> Any:
        """Return filters and limits of all symbols."""
        return await self._signed_request("GET", "/fapi/v1/exchangeInfo")

    async def futures_time(self) -> Any:
        """Return the server's time in ms."""
        return await self._signed_request("GET", "/fapi/v1/time")

    async def futures_ping(self) -> Any:
        """Reach the server."""
        return await self._signed_request("GET", "/fapi/v1/ping")
