"""Say what a reply or an exception means, and which failures a policy resends.

An attempt ends as an order id or as a :class:`Failure`.  A reply counts as success only when it carries an
order id: None, an empty body or a body with a negative ``code`` books nothing.  The code of an exception is
its ``code`` attribute, else the first one named in its text, because ccxt and others put it nowhere else
(binance-facts 1.4).  Silence is recognised by type, and by class name so that no client library is imported.

A classifier says which failures get another attempt (policies, "The zoo").  Where an exception both names a
code and is a time-out, the code decides: the venue answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from .values import call

WOULD_TRIGGER = -2021
SWITCH_TO_ALGO = -4120

_ID_NAMES = ("orderId", "algoId", "order_id")
# "code=-2021", "APIError(code=-2021)", '"code":-2021', "code: -2021" and a text that opens with the number.
_CODE_IN_TEXT = re.compile(r"""code["']?\s*[=:]\s*["']?(-\d{3,5})\b|^\W*?(-\d{4})\b""", re.IGNORECASE)
_SILENT_CLASSES = frozenset(
    {
        # time-outs: requests, urllib3, httpx, aiohttp, ccxt
        "Timeout", "ReadTimeout", "ConnectTimeout", "WriteTimeout", "PoolTimeout", "TimeoutException",
        "ReadTimeoutError", "ConnectTimeoutError", "ServerTimeoutError", "SocketTimeoutError",
        "ConnectionTimeoutError", "RequestTimeout",
        # lost connections: requests, httpx, aiohttp, ccxt, binance-connector
        "ConnectionError", "ClientConnectionError", "RemoteProtocolError", "NetworkError",
        "ExchangeNotAvailable",
    }
)  # fmt: skip

FailureKind = Literal["refused", "silent", "error", "no_id"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Describe why an attempt brought no order id.

    ``kind``: *refused* names a code, *silent* is a time-out or a lost connection (the outcome is unknown),
    *error* is any other exception, *no_id* a reply without an order id.
    """

    kind: FailureKind
    code: int | None
    message: str


class Classifier(NamedTuple):
    """Say which failures are resent; ``codes`` None means every failure that was raised or names a code."""

    codes: frozenset[int] | None
    silence: bool

    def resends(self, failure: Failure, *, retry_timeouts: bool) -> bool:
        """Tell whether another attempt follows ``failure``; a reply without an id is never resent."""
        if failure.kind == "silent":
            return self.silence and retry_timeouts
        if self.codes is None:
            return failure.kind != "no_id"
        return failure.code in self.codes


CLASSIFIERS: Mapping[str, Classifier] = MappingProxyType(
    {
        "d7": Classifier(frozenset({-2021, -1001, -1003, -1015, -1021, -2013}), silence=True),
        "every-error": Classifier(None, silence=True),
        "only-2021": Classifier(frozenset({WOULD_TRIGGER}), silence=False),
        "none": Classifier(frozenset(), silence=False),
    }
)


def order_id_or_failure(reply: object) -> str | Failure:
    """Return the order id a reply carries, as text, or the failure it means."""
    if type(reply) is dict or isinstance(reply, Mapping):
        code = _as_code(reply.get("code"))
        if code is not None and code < 0:
            return Failure("refused", code, str(reply.get("msg", "")) or f"reply carries code {code}")
        read: Callable[[str], object] = reply.get
    else:
        read = partial(_attribute, reply)
    for name in _ID_NAMES:
        candidate = read(name)
        if isinstance(candidate, int) and not isinstance(candidate, bool) and candidate > 0:
            return str(candidate)
        if isinstance(candidate, str) and candidate.strip():
            return candidate
    return Failure("no_id", None, f"reply carries no order id: {_shorten(reply)}")


async def attempt(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a sync or async function of the client and return its answer, or a Failure for its exception.

    Every exception is a failure of the call and not of the program: the caller may hold a position, and has
    to learn that its stop is missing rather than die.  Cancellation is no ``Exception`` and passes through.
    """
    try:
        return await call(function, *args, **kwargs)
    except Exception as error:  # noqa: BLE001 - clients raise whatever their transport raises
        return failure_of(error)


def failure_of(error: Exception) -> Failure:
    """Return what a raised exception means for the order."""
    code = code_of(error)
    message = getattr(error, "message", None)
    text = message if isinstance(message, str) and message else str(error) or type(error).__name__
    if code is not None:
        return Failure("refused", code, text)
    return Failure("silent" if is_silence(error) else "error", None, text)


def code_of(error: BaseException) -> int | None:
    """Return the venue's code an exception carries, or None."""
    for name in ("code", "error_code"):
        code = _as_code(getattr(error, name, None))
        # python-binance says 0 when the body was no JSON; that is the absence of a code.
        if code:
            return code
    # The modular connector keeps the venue's code in status_code; an HTTP status is never negative.
    status = _as_code(getattr(error, "status_code", None))
    if status is not None and status < 0:
        return status
    found = _CODE_IN_TEXT.search(str(error))
    return int(found.group(1) or found.group(2)) if found else None


def is_silence(error: BaseException) -> bool:
    """Tell whether an exception means that no answer came: a time-out or a lost connection."""
    if isinstance(error, TimeoutError | ConnectionError):
        return True
    return any(kind.__name__ in _SILENT_CLASSES for kind in type(error).__mro__)


def _attribute(reply: object, name: str) -> object:
    return getattr(reply, name, None)


def _as_code(value: object) -> int | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return None
    return None


def _shorten(value: object, limit: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
