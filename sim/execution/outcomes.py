"""Say what a reply or an exception means, and which failures a policy resends.

An attempt ends as an order id or as a :class:`Failure`.  A reply counts as success only when it carries an
order id: None, an empty body or a body with a negative ``code`` books nothing.  The code of an exception is
its ``code`` attribute, else the first one named in its text, because ccxt and others put it nowhere else
(binance-facts 1.4).  Silence is recognised by type, and by class name so that no client library is imported.

Where an exception both names a code and is a time-out, the code decides: the venue answered.  Which failures get
another attempt is said in :mod:`sim.execution.classifiers`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from inspect import isawaitable
from types import CoroutineType, coroutine
from typing import Any, Literal

from .time_limit import TimeLimit, go_on_within

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
        # lost connections: requests, urllib3, httpx, aiohttp, ccxt, binance-connector
        "ConnectionError", "ProtocolError", "ClientConnectionError", "RemoteProtocolError", "NetworkError",
        "ExchangeNotAvailable",
    }
)  # fmt: skip

# Raised before any byte of the request was sent (binance-facts 1.4): httpx, requests, urllib3, aiohttp, sockets.
_CONNECT_CLASSES = frozenset(
    {
        "ConnectTimeout", "ConnectError", "PoolTimeout", "ConnectTimeoutError", "NewConnectionError",
        "NameResolutionError", "ClientConnectorError", "ClientConnectorDNSError", "ClientConnectorSSLError",
        "ClientConnectorCertificateError", "ConnectionTimeoutError", "ConnectionRefusedError", "gaierror",
        "ProxyConnectionError", "ClientProxyConnectionError", "HeldBack",
    }
)  # fmt: skip
# Where the class alone tells the status: ccxt, and the modular connector, which keeps the code in status_code.
_STATUS_OF_CLASS = {
    "DDoSProtection": 429, "TooManyRequestsError": 429, "RateLimitBanError": 418, "ForbiddenError": 403,
}  # fmt: skip
_under_way: ContextVar[TimeLimit | None] = ContextVar("attempt under way", default=None)
_BANNED_UNTIL = re.compile(r"banned until (\d{13})")

FailureKind = Literal["refused", "silent", "error", "no_id"]
Phase = Literal["", "connect", "sent"]


@dataclass(frozen=True, slots=True)
class Failure:
    """Describe why an attempt brought no order id.

    ``kind``: *refused* names a code, *silent* is a time-out or a lost connection (the outcome is unknown),
    *error* is any other exception, *no_id* a reply without an order id.
    """

    kind: FailureKind
    code: int | None
    message: str
    status: int | None = None
    """The HTTP status, where the exception tells it."""
    phase: Phase = ""
    """*connect*: the request never left; *sent*: it may have arrived; "" where the exception does not tell."""
    retry_after_s: float | None = None
    """How long the venue asked to wait (Retry-After, or the end of a ban in its text), seconds."""


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
        # As values.call does, without a coroutine of its own: every request passes here.
        reply = function(*args, **kwargs)
        return await reply if type(reply) is CoroutineType or isawaitable(reply) else reply
    except Exception as error:  # noqa: BLE001 - clients raise whatever their transport raises
        return failure_of(error)


def attempt_within(
    timeout_s: float, function: Callable[..., Any], /, *args: Any, **kwargs: Any
) -> Awaitable[Any]:
    """Do as :func:`attempt`, but give up waiting after ``timeout_s`` seconds (0: never); that is silence."""
    if not timeout_s:
        return attempt(function, *args, **kwargs)
    return attempt_under(TimeLimit(timeout_s), function, *args, **kwargs)


@coroutine
def attempt_under(
    limit: TimeLimit, function: Callable[..., Any], /, *args: Any, **kwargs: Any
) -> Generator[Any, Any, Any]:
    """Do as :func:`attempt_within` under a limit that somebody else may shorten meanwhile.

    Attempt and limit in one: an answer that is there after the first step costs no coroutine and no timer.
    """
    outer = _under_way.get()
    _under_way.set(limit)
    try:
        reply = function(*args, **kwargs)
        if type(reply) is not CoroutineType:
            if not isawaitable(reply):
                return reply
            reply = _awaited(reply)
        try:
            waits_for = reply.send(None)
        except StopIteration as done:
            return done.value
        return (yield from go_on_within(limit, reply, waits_for))
    except Exception as error:  # noqa: BLE001 - clients raise whatever their transport raises
        if limit.passed:
            return Failure("silent", None, f"no answer within {limit.seconds:g} s", None, "sent")
        return failure_of(error)
    finally:
        # Not reset by a token: what is left of a run is cleared away in another context than its own.
        _under_way.set(outer)


async def _awaited(reply: Awaitable[Any]) -> Any:
    return await reply


@contextmanager
def unhurried() -> Iterator[None]:
    """Let the time of the attempt under way stand still: what is held back here has not been sent yet."""
    limit = _under_way.get()
    if limit is None:
        yield
        return
    limit.rest()
    try:
        yield
    finally:
        limit.begin_anew()


def failure_of(error: Exception) -> Failure:
    """Return what a raised exception means for the order."""
    code = code_of(error)
    message = getattr(error, "message", None)
    text = message if isinstance(message, str) and message else str(error) or type(error).__name__
    status, phase, retry_after_s = status_of(error), phase_of(error), retry_after_s_of(error, text)
    if code is not None:
        return Failure("refused", code, text, status, phase, retry_after_s)
    return Failure("silent" if is_silence(error) else "error", None, text, status, phase, retry_after_s)


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


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status an exception carries, or None."""
    for name in ("status_code", "status", "http_status"):
        status = _as_code(getattr(error, name, None))
        if status is not None and 100 <= status <= 599:
            return status
    told = (_STATUS_OF_CLASS.get(kind.__name__) for kind in type(error).__mro__)
    return next((status for status in told if status is not None), None)


def phase_of(error: BaseException) -> Phase:
    """Tell whether a transport's exception means that nothing was sent, or that something may have arrived."""
    if any(kind.__name__ in _CONNECT_CLASSES for kind in type(error).__mro__):
        return "connect"
    return "sent" if is_silence(error) else ""


def retry_after_s_of(error: BaseException, text: str) -> float | None:
    """Return how many seconds the venue asked to wait: the Retry-After header, else the end of a ban in its text."""
    response = getattr(error, "response", None)
    for holder in (response, error):
        for name in ("headers", "header"):
            headers = getattr(holder, name, None)
            if isinstance(headers, Mapping):
                for key in ("Retry-After", "retry-after"):
                    seconds = _as_seconds(headers.get(key))
                    if seconds is not None:
                        return seconds
    found = _BANNED_UNTIL.search(text)
    return max(0.0, int(found.group(1)) / 1e3 - time.time()) if found else None


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


def _as_seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if 0.0 <= seconds < 1e9 else None


def _shorten(value: object, limit: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
