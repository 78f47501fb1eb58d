"""Check who asks: API key, signature, and the timestamp that a signed request must carry.

Rules (binance-facts 1.1, 1.2b; the exchange's general information, "Endpoint security type"):

1. Market data needs nothing.  Listen keys and old trades need an API key.  Everything else is signed.
2. No key is -2014, a key that nobody has is -2015, both HTTP 401.
3. A signed request without ``signature`` or ``timestamp`` is -1102; one whose signature is wrong is -1022.  All HTTP
   400.  The signature is HMAC-SHA256 over the query string followed by the body, without the signature itself.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

from sim.exchange.replies import error_reply
from sim.exchange.weights import COSTS
from sim.web.exchange import Answer

KEY_ONLY: Final = frozenset({"/fapi/v1/listenKey", "/fapi/v1/historicalTrades"})

UNCHECKED: Final = ""
"""The secret of an account whose signatures are looked for but not verified."""


def refusal_of(
    call: str, params: Mapping[str, Any], signed_text: str, api_key: str, secrets: Mapping[str, str]
) -> Answer | None:
    """Return the answer to a request that is not let in, None for one that is.

    ``call`` is method and path; one that no table knows passes, and the exchange says that it is none.
    ``signed_text``: query string and body as they came, joined; ``secrets`` by API key.
    """
    cost = COSTS.get(call)
    key_only = call.partition(" ")[2] in KEY_ONLY
    if not key_only and (cost is None or not cost.signed):
        return None
    if not api_key:
        return _error(-2014)
    secret = secrets.get(api_key)
    if secret is None:
        return _error(-2015)
    if key_only:
        return None
    for name in ("timestamp", "signature"):
        if not params.get(name):
            return _error(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    if secret != UNCHECKED and not _verifies(signed_text, str(params["signature"]), secret):
        return _error(-1022)
    return None


def _verifies(signed_text: str, signature: str, secret: str) -> bool:
    key = secret.encode()
    if _is_signature(signed_text, signature, key):
        return True
    # python-binance signs the plain values and sends a form in which some characters are escaped.
    return "%" in signed_text and _is_signature(unquote_plus(signed_text), signature, key)


def _is_signature(text: str, signature: str, key: bytes) -> bool:
    expected = hmac.new(key, text.encode(errors="surrogateescape"), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode(errors="surrogatepass"))


def _error(code: int, message: str | None = None) -> Answer:
    status, body = error_reply(code, message=message)
    return status, {}, body
