"""Offer the exchange to code under test as python-binance's ``AsyncClient`` does: same names, same exceptions.

``_signed_request`` sends the path it is given.  Everything else goes where python-binance 1.0.37 sends it
(``binance/async_client.py``); under rules "2025-01" conditional orders go where the library sent them before 1.0.33
(2025-12-06).  Since then ``futures_create_order`` sends conditional types to ``/fapi/v1/algoOrder`` with ``stopPrice``
renamed, the caller's ``newClientOrderId`` dropped and a ``clientAlgoId`` invented (binance-facts 1.4), and look-ups and
cancels go there with ``conditional=True`` or an algo id.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from sim.exchange.breakages import Breakages
from sim.exchange.client_calls import PlainCalls, futures_path
from sim.exchange.effects import BROKEN
from sim.exchange.exceptions import Response, api_exception_class, request_exception_class
from sim.exchange.filters import RulesVersion
from sim.exchange.gateway import Gateway
from sim.exchange.triggers import CONDITIONAL

_ORDER: Final = "/fapi/v1/order"
_ALGO_ORDER: Final = "/fapi/v1/algoOrder"


class SimulatedClient(PlainCalls):
    """Speak to the simulated exchange; raise BinanceAPIException for non-2xx, TimeoutError for silence.

    A broken connection raises aiohttp's exceptions, a 200 that is no JSON BinanceRequestException.

    ``response`` is the latest answer, with its status and headers, as the library keeps it.
    """

    def __init__(self, gateway: Gateway, rules: RulesVersion, timeout_s: float) -> None:
        self._gateway = gateway
        self._knows_algo = rules == "2025-12-09"
        self._timeout_s = timeout_s
        self._api_exception = api_exception_class()
        self._request_exception = request_exception_class()
        self._breakages = Breakages()
        self._invented = 0
        self.response: Response | None = None
        self.timestamp_offset = 0
        """What is added to stamps (ms), as in the library: whoever finds that the clock is wrong sets it."""
        self.stamp_ms: Callable[[], int] | None = None
        """Gives the stamp of a request that has none (Unix ms), where the wall clock is wrong; None: as it leaves."""

    @property
    def gateway(self) -> Gateway:
        """Return the way to the exchange, for a client library that speaks for itself."""
        return self._gateway

    async def _signed_request(self, method: str, path: str, params: dict[str, Any] | None = None) -> Any:
        return await self._send(method, path, dict(params) if params else {})

    async def _send(self, method: str, path: str, params: dict[str, Any]) -> Any:
        """Send a request whose ``params`` nobody else holds."""
        if None in params.values():
            params = {name: value for name, value in params.items() if value is not None}
        if self.stamp_ms is not None and "timestamp" not in params:
            params["timestamp"] = self.stamp_ms() + self.timestamp_offset
        status, headers, body = await self._gateway.ask(method, path, params)
        if status == 0:
            raise TimeoutError(f"{method} {path}: no answer within {self._timeout_s:g} s")
        if status == BROKEN:
            return self._broken(str(body))
        self.response = Response(status, headers, body)
        if status == 200:
            return self._no_json(method, path, body) if type(body) is str else body
        raise self._api_exception(self.response, status, self.response.text)

    def _broken(self, breakage: str) -> Any:
        """Raise what the transport raises; an answer without a body is {} to the library."""
        if breakage == "empty":
            return {}
        raise self._breakages.error(breakage)

    def _no_json(self, method: str, path: str, text: str) -> Any:
        """Return or raise what the library makes of a 200 that is no JSON."""
        if text == "":
            return {}
        if text.startswith("<"):
            raise self._breakages.wrong_content_type(method, path)
        raise self._request_exception(f"Invalid Response: {text}")

    # -- new orders -----------------------------------------------------------------------------------

    async def futures_create_order(self, **params: Any) -> Any:
        """Place an order (conditional types go where python-binance of the rules' date sends them)."""
        if self._knows_algo and str(params.get("type", "")).upper() in CONDITIONAL:
            if "clientAlgoId" not in params:
                params["clientAlgoId"] = self._invent_id()
            params.pop("newClientOrderId", None)
            params["algoType"] = "CONDITIONAL"
            if "stopPrice" in params and "triggerPrice" not in params:
                params["triggerPrice"] = params.pop("stopPrice")
            return await self._send("POST", _ALGO_ORDER, params)
        return await self._send_order(params)

    async def futures_create_algo_order(self, **params: Any) -> Any:
        """Place a conditional order on the algo endpoint."""
        if "clientAlgoId" not in params:
            params["clientAlgoId"] = self._invent_id()
        if "algoType" not in params:
            params["algoType"] = "CONDITIONAL"
        return await self._send("POST", _ALGO_ORDER, params)

    async def futures_limit_order(self, **params: Any) -> Any:
        """Place a LIMIT order."""
        return await self._send_order({**params, "type": "LIMIT"})

    async def futures_market_order(self, **params: Any) -> Any:
        """Place a MARKET order."""
        return await self._send_order({**params, "type": "MARKET"})

    async def futures_limit_buy_order(self, **params: Any) -> Any:
        """Place a LIMIT order to buy."""
        return await self._send_order({**params, "side": "BUY", "type": "LIMIT"})

    async def futures_limit_sell_order(self, **params: Any) -> Any:
        """Place a LIMIT order to sell."""
        return await self._send_order({**params, "side": "SELL", "type": "LIMIT"})

    async def futures_market_buy_order(self, **params: Any) -> Any:
        """Place a MARKET order to buy."""
        return await self._send_order({**params, "side": "BUY", "type": "MARKET"})

    async def futures_market_sell_order(self, **params: Any) -> Any:
        """Place a MARKET order to sell."""
        return await self._send_order({**params, "side": "SELL", "type": "MARKET"})

    async def futures_place_batch_order(self, **params: Any) -> Any:
        """Place several orders: ``batchOrders`` is a list of orders; each without an id gets one."""
        items = [
            item if "newClientOrderId" in item else {**item, "newClientOrderId": self._invent_id()}
            for item in params["batchOrders"]
        ]
        # The library writes Python's own text with the quotes exchanged, so True and None are no JSON there either.
        return await self._send(
            "POST", "/fapi/v1/batchOrders", {**params, "batchOrders": str(items).replace("'", '"')}
        )

    async def _send_order(self, params: dict[str, Any]) -> Any:
        if "newClientOrderId" not in params:
            params["newClientOrderId"] = self._invent_id()
        return await self._send("POST", _ORDER, params)

    def _invent_id(self) -> str:
        self._invented += 1
        return f"x-Cb7ytekJ{self._invented:022x}"

    # -- look-ups and cancels -------------------------------------------------------------------------

    async def futures_get_order(self, **params: Any) -> Any:
        """Query one order; with ``conditional=True`` or an algo id, one of the algo endpoint."""
        return await self._send("GET", self._one_order(params), params)

    async def futures_cancel_order(self, **params: Any) -> Any:
        """Cancel one order; with ``conditional=True`` or an algo id, one of the algo endpoint."""
        return await self._send("DELETE", self._one_order(params), params)

    async def futures_get_open_orders(self, **params: Any) -> Any:
        """List resting orders; with ``conditional=True`` those of the algo endpoint."""
        return await self._send("GET", self._many_orders(params, "openOrders", "openAlgoOrders"), params)

    async def futures_get_all_orders(self, **params: Any) -> Any:
        """List orders in any state; with ``conditional=True`` those of the algo endpoint."""
        return await self._send("GET", self._many_orders(params, "allOrders", "allAlgoOrders"), params)

    async def futures_cancel_all_open_orders(self, **params: Any) -> Any:
        """Cancel all orders of ``symbol``; with ``conditional=True`` those of the algo endpoint."""
        return await self._send(
            "DELETE", self._many_orders(params, "allOpenOrders", "algoOpenOrders"), params
        )

    async def futures_cancel_orders(self, **params: Any) -> Any:
        """Cancel several orders by ``orderidlist`` or ``origclientorderidlist``, as the library spells them."""
        for name in ("orderidlist", "origclientorderidlist"):
            if params.get(name):
                params[name] = json.dumps(params[name]).replace(" ", "")
        return await self._send("DELETE", "/fapi/v1/batchOrders", params)

    def _one_order(self, params: dict[str, Any]) -> str:
        if not self._knows_algo:
            return _ORDER
        conditional = params.pop("conditional", False)
        return _ALGO_ORDER if conditional or "algoId" in params or "clientAlgoId" in params else _ORDER

    def _many_orders(self, params: dict[str, Any], ordinary: str, algo: str) -> str:
        conditional = self._knows_algo and params.pop("conditional", False)
        return futures_path(algo if conditional else ordinary, 1)

    # -- settings and streams -------------------------------------------------------------------------

    async def futures_change_multi_assets_mode(self, multiAssetsMargin: bool) -> Any:
        """Set multi-assets margin on or off."""
        wanted = {"multiAssetsMargin": "true" if multiAssetsMargin else "false"}
        return await self._send("POST", "/fapi/v1/multiAssetsMargin", wanted)

    async def futures_get_multi_assets_mode(self) -> Any:
        """Tell whether multi-assets margin is on."""
        return await self._send("GET", "/fapi/v1/multiAssetsMargin", {})

    async def futures_stream_get_listen_key(self) -> Any:
        """Open the user data stream and return its listen key."""
        return (await self._send("POST", "/fapi/v1/listenKey", {}))["listenKey"]

    async def futures_stream_keepalive(self, listenKey: str) -> Any:
        """Keep a listen key alive."""
        return await self._send("PUT", "/fapi/v1/listenKey", {"listenKey": listenKey})

    async def futures_stream_close(self, listenKey: str) -> Any:
        """Close a listen key's stream."""
        return await self._send("DELETE", "/fapi/v1/listenKey", {"listenKey": listenKey})
