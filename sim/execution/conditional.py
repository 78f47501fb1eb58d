"""Send stops and targets to the endpoint that takes them, by whatever the client offers for it.

Until 2025-12-09 conditional orders went to /fapi/v1/order; since then that answers -4120 and they live
behind /fapi/v1/algoOrder with other field names (binance-facts 5).  ``auto`` starts on the old path and
switches once, for good, when a client meets -4120: that refusal is certain, so nothing is placed twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .outcomes import SWITCH_TO_ALGO, code_of, order_id_or_failure
from .policy_keys import Endpoint
from .precision import memory_of
from .values import call

ORDER_PATH = "/fapi/v1/order"
ALGO_PATH = "/fapi/v1/algoOrder"
_METHODS = {
    ("POST", ORDER_PATH): "futures_create_order",
    ("GET", ORDER_PATH): "futures_get_order",
    ("DELETE", ORDER_PATH): "futures_cancel_order",
    ("POST", ALGO_PATH): "futures_create_algo_order",
    ("GET", ALGO_PATH): "futures_get_algo_order",
    ("DELETE", ALGO_PATH): "futures_cancel_algo_order",
}
_ALGO_NAMES = {
    "stopPrice": "triggerPrice",
    "activationPrice": "activatePrice",
    "newClientOrderId": "clientAlgoId",
}


def uses_algo(client: Any, endpoint: Endpoint) -> bool:
    """Tell whether the next conditional order of ``client`` goes to the algo endpoint."""
    return endpoint == "algo" or (endpoint == "auto" and memory_of(client).uses_algo_endpoint)


def algo_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return an order's parameters under the names of the algo endpoint."""
    renamed = {_ALGO_NAMES.get(name, name): value for name, value in params.items()}
    return {"algoType": "CONDITIONAL", **renamed}


async def send_conditional(client: Any, endpoint: Endpoint, params: Mapping[str, Any]) -> Any:
    """Send one conditional order, given with the old path's field names, and return the venue's reply.

    Exceptions of the client pass through, except the one -4120 that makes ``auto`` switch.
    """
    if not uses_algo(client, endpoint):
        try:
            reply = await send_signed(client, "POST", ORDER_PATH, dict(params))
        except Exception as error:
            if endpoint != "auto" or code_of(error) != SWITCH_TO_ALGO:
                raise
        else:
            outcome = order_id_or_failure(reply)
            if endpoint != "auto" or isinstance(outcome, str) or outcome.code != SWITCH_TO_ALGO:
                return reply
        memory_of(client).uses_algo_endpoint = True
    return await send_signed(client, "POST", ALGO_PATH, algo_params(params))


async def send_signed(client: Any, method: str, path: str, params: dict[str, Any]) -> Any:
    """Send one signed request to a path (``/fapi/vN/NAME``) and return the venue's reply.

    By ``_signed_request``, as the document's client has it; by ``_request_futures_api``, as python-binance's has it;
    else by the client's method for this path, which may choose another endpoint than the one meant.
    """
    if (send := getattr(client, "_signed_request", None)) is not None:
        return await call(send, method, path, params)
    if (send := getattr(client, "_request_futures_api", None)) is not None:
        version, name = path.removeprefix("/fapi/v").split("/", 1)
        return await call(send, method.lower(), name, True, int(version), data=params)
    return await call(getattr(client, _METHODS[method, path]), **params)
