"""Send stops and targets to the endpoint that takes them, through ``client._signed_request``.

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
            reply = await call(client._signed_request, "POST", ORDER_PATH, dict(params))
        except Exception as error:
            if endpoint != "auto" or code_of(error) != SWITCH_TO_ALGO:
                raise
        else:
            outcome = order_id_or_failure(reply)
            if endpoint != "auto" or isinstance(outcome, str) or outcome.code != SWITCH_TO_ALGO:
                return reply
        memory_of(client).uses_algo_endpoint = True
    return await call(client._signed_request, "POST", ALGO_PATH, algo_params(params))
