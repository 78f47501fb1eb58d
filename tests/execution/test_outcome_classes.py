"""What a failed write means for its order: by the venue's code, by status and text, by the library's exception."""

from __future__ import annotations

from http.client import RemoteDisconnected
from typing import Any

import pytest

from sim.exchange.replies import STATUS_AND_TEXT, UNAVAILABLE_503, UNKNOWN_503
from sim.execution.outcome_classes import CLASS_OF_CODE, OutcomeClass, outcome_class
from sim.execution.outcomes import Failure, Phase, failure_of, phase_of

# binance-facts 1.1 to 1.2c: Exec? "maybe" or "proves nothing".
UNKNOWN = {-1000, -1006, -1007, -2011, -2012, -2013, -4083, -4117}
# Act WAIT, RESIGN, and RESEND where time alone helps.
WAIT = {-1003, -1008, -1015, -1016, -1021, -4129, -4188, -4509, -5028, -5043, -5047}
# The price or the book decides.
MARKET = {
    -1112, -2020, -2021, -4016, -4024, -4131, -4135, -4142, -4183, -4184, -4210, -4211, -5021, -5022, -5041,
}  # fmt: skip
SINGLE: dict[int, OutcomeClass] = {-1001: "documented", -4116: "applied"}


def expected_class(code: int) -> OutcomeClass:
    """Return the class the documents give a code: refused for good unless a list above says otherwise."""
    if code in SINGLE:
        return SINGLE[code]
    return (
        "unknown" if code in UNKNOWN else "wait" if code in WAIT else "market" if code in MARKET else "change"
    )


@pytest.mark.parametrize("code", sorted(STATUS_AND_TEXT, reverse=True))
def test_every_code_the_exchange_can_answer_has_a_class(code: int) -> None:
    """Each code is in the table itself, never unknown by default, with its documented meaning."""
    assert CLASS_OF_CODE.get(code) == expected_class(code)
    status, text = STATUS_AND_TEXT[code]
    assert outcome_class(Failure("refused", code, text, status)) == expected_class(code)


@pytest.mark.parametrize("code", [-1, -999, -4999, -5999, -9999])
def test_a_code_nobody_knows_is_unknown(code: int) -> None:
    """A new code is never taken for a refusal, whatever its status."""
    assert outcome_class(Failure("refused", code, "", 400)) == "unknown"


@pytest.mark.parametrize(
    ("status", "text", "meaning"),
    [
        (503, UNKNOWN_503, "unknown"),
        (503, UNAVAILABLE_503, "documented"),
        (503, "Internal error; unable to process your request. Please try again.", "documented"),
        (503, "Request throttled by system-level protection.", "wait"),
        (503, "Server is currently overloaded with other requests. Please try again later.", "wait"),
        # The reason phrase of every 503, in the texts of requests, httpx and aiohttp: the body is lost.
        (503, "Service Unavailable", "unknown"),
        (503, "", "unknown"),
        (503, "Request occur unknown error.", "unknown"),
        (503, f"503 Service Unavailable {UNKNOWN_503}", "unknown"),
        (500, UNAVAILABLE_503, "unknown"),
        (502, "<html>Bad Gateway</html>", "unknown"),
        (504, "", "unknown"),
        (408, "", "unknown"),
        (400, "", "unknown"),
        (404, "<html>", "unknown"),
        (403, "<html>Request blocked.</html>", "wait"),
        (418, "", "wait"),
        (429, "", "wait"),
        (None, UNAVAILABLE_503, "documented"),
        (None, "503 Server Error: Service Unavailable for url: https://x", "unknown"),
    ],
)
def test_an_answer_without_a_code_goes_by_status_and_text(
    status: int | None, text: str, meaning: OutcomeClass
) -> None:
    """The flavours of 503 differ in their text alone; what the documents do not call refused is unknown."""
    assert outcome_class(Failure("error", None, text, status)) == meaning


def test_a_reply_without_an_id_is_unknown_whatever_it_says() -> None:
    """A success without an order id may be an order all the same."""
    assert outcome_class(Failure("no_id", None, UNAVAILABLE_503)) == "unknown"


def made(path: str, *args: Any, **attributes: Any) -> Exception:
    """Make an exception of a library's shape: its class and bases by name, "Child<Parent<Root", and attributes."""
    kind: type[Exception] = Exception
    for name in reversed(path.split("<")):
        kind = type(name, (kind,), {})
    error = kind(*args)
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


def python_binance(code: int | None, message: str, status: int) -> Exception:
    """Make python-binance's BinanceAPIException."""
    text = f"APIError(code={code}): {message}"
    return made("BinanceAPIException", text, code=code, message=message, status_code=status)


SENT: list[tuple[str, Exception]] = [
    ("asyncio", TimeoutError()),
    ("sockets", ConnectionResetError("reset by peer")),
    ("sockets", BrokenPipeError()),
    ("http.client", RemoteDisconnected("closed without response")),
    ("aiohttp", made("ServerDisconnectedError<ServerConnectionError<ClientConnectionError<ClientError")),
    ("aiohttp", made("ClientOSError<ClientConnectionError<ClientError")),
    ("aiohttp", made("ServerTimeoutError<ServerConnectionError<ClientConnectionError<ClientError")),
    ("aiohttp", made("SocketTimeoutError<ServerTimeoutError<ClientConnectionError<ClientError")),
    ("httpx", made("ReadTimeout<TimeoutException<TransportError<RequestError<HTTPError")),
    ("httpx", made("WriteTimeout<TimeoutException<TransportError<RequestError<HTTPError")),
    ("httpx", made("ReadError<NetworkError<TransportError<RequestError<HTTPError")),
    ("httpx", made("WriteError<NetworkError<TransportError<RequestError<HTTPError")),
    ("httpx", made("RemoteProtocolError<ProtocolError<TransportError<RequestError<HTTPError")),
    ("requests", made("ReadTimeout<Timeout<RequestException")),
    ("requests", made("ConnectionError<RequestException")),
    ("requests", made("SSLError<ConnectionError<RequestException")),
    ("urllib3", made("ReadTimeoutError<TimeoutError<HTTPError")),
    ("urllib3", made("ProtocolError<HTTPError", "Connection aborted.")),
    ("ccxt", made("RequestTimeout<NetworkError<OperationFailed<BaseError", "binance POST https://x")),
    ("ccxt", made("ExchangeNotAvailable<NetworkError<OperationFailed<BaseError", "binance POST https://x")),
    ("modular connector", made("NetworkError<Error", "Network error: read timed out")),
]

NEVER_SENT: list[tuple[str, Exception]] = [
    ("sockets", ConnectionRefusedError()),
    ("sockets", made("gaierror", -2, "Name or service not known")),
    ("aiohttp", made("ClientConnectorError<ClientOSError<ClientConnectionError<ClientError")),
    ("aiohttp", made("ClientConnectorDNSError<ClientConnectorError<ClientOSError<ClientConnectionError")),
    ("aiohttp", made("ConnectionTimeoutError<ServerTimeoutError<ClientConnectionError<ClientError")),
    ("httpx", made("ConnectTimeout<TimeoutException<TransportError<RequestError<HTTPError")),
    ("httpx", made("ConnectError<NetworkError<TransportError<RequestError<HTTPError")),
    ("httpx", made("PoolTimeout<TimeoutException<TransportError<RequestError<HTTPError")),
    ("requests", made("ConnectTimeout<ConnectionError<Timeout<RequestException")),
    ("urllib3", made("NewConnectionError<ConnectTimeoutError<HTTPError")),
    ("urllib3", made("NameResolutionError<NewConnectionError<HTTPError")),
]

UNREADABLE: list[tuple[str, Exception]] = [
    ("aiohttp", made("ClientPayloadError<ClientError", "Response payload is not completed")),
    (
        "aiohttp",
        made("ContentTypeError<ClientResponseError<ClientError", status=200, message="unexpected mimetype"),
    ),
    ("python-binance", made("BinanceRequestException", "Invalid Response: ", message="Invalid Response: ")),
    ("python-binance", python_binance(0, "<bound method ClientResponse.text>", 503)),
    ("python-binance", python_binance(None, UNKNOWN_503, 503)),
    ("python-binance", python_binance(0, "Invalid JSON error message from Binance: <html>", 504)),
    ("connector", made("ServerError<Error", 503, UNKNOWN_503, status_code=503, message=UNKNOWN_503)),
    ("connector", made("ClientError<Error", 400, None, "<html>", status_code=400, error_code=None)),
    ("modular connector", made("ServerError<Error", "The server encountered an error.", status_code=503)),
    (
        "requests",
        made("HTTPError<RequestException", "503 Server Error: Service Unavailable for url: https://x"),
    ),
    ("aiohttp", made("ClientResponseError<ClientError", status=503, message="Service Unavailable")),
    ("json", ValueError("Expecting value: line 1 column 1 (char 0)")),
    ("anything", RuntimeError("boom")),
]


def ids(cases: list[tuple[str, Exception]]) -> list[str]:
    """Name the cases by library and class."""
    return [f"{library} {type(error).__name__}" for library, error in cases]


@pytest.mark.parametrize(("library", "error"), SENT, ids=ids(SENT))
def test_a_time_out_or_a_lost_connection_leaves_the_outcome_open(library: str, error: Exception) -> None:
    """Once anything may have left, silence means unknown, in every library's words."""
    failure = failure_of(error)
    assert (failure.kind, failure.phase, outcome_class(failure)) == ("silent", "sent", "unknown"), library


@pytest.mark.parametrize(("library", "error"), NEVER_SENT, ids=ids(NEVER_SENT))
def test_what_never_left_was_not_applied(library: str, error: Exception) -> None:
    """A failure to connect is certain: nothing arrived."""
    failure = failure_of(error)
    assert (failure.phase, outcome_class(failure)) == ("connect", "documented"), library


CONNECT_NAMES = (
    "ConnectTimeout ConnectError PoolTimeout ConnectTimeoutError NewConnectionError NameResolutionError "
    "ClientConnectorError ClientConnectorDNSError ClientConnectorSSLError ClientConnectorCertificateError "
    "ConnectionTimeoutError ConnectionRefusedError gaierror ProxyConnectionError ClientProxyConnectionError HeldBack"
)
SILENT_NAMES = (
    "Timeout ReadTimeout WriteTimeout TimeoutException ReadTimeoutError ServerTimeoutError SocketTimeoutError "
    "RequestTimeout ConnectionError ProtocolError ClientConnectionError RemoteProtocolError NetworkError "
    "ExchangeNotAvailable"
)


def test_the_name_of_an_exceptions_class_tells_whether_anything_left() -> None:
    """Whatever it is made of: libraries change their hierarchies, and none of them can be imported here."""
    assert {phase_of(made(name)) for name in CONNECT_NAMES.split()} == {"connect"}
    assert {phase_of(made(name)) for name in SILENT_NAMES.split()} == {"sent"}
    assert phase_of(made("SomethingElse")) == ""


@pytest.mark.parametrize(("library", "error"), UNREADABLE, ids=ids(UNREADABLE))
def test_an_answer_that_cannot_be_read_leaves_the_outcome_open(library: str, error: Exception) -> None:
    """A body that is lost, cut short or not understood says nothing about the order."""
    failure = failure_of(error)
    assert (failure.phase, outcome_class(failure)) == ("", "unknown"), library


def test_a_failed_connection_inside_another_exception_stays_open() -> None:
    """requests and ccxt hide the cause; what a wrapper tried before it is not known, so neither is the outcome."""
    refused = ConnectionRefusedError()
    for name in ("ConnectionError<RequestException", "ExchangeNotAvailable<NetworkError<BaseError"):
        error = made(name, refused)
        error.__cause__ = refused
        assert outcome_class(failure_of(error)) == "unknown"


BY_CODE: list[tuple[str, Exception, int, OutcomeClass]] = [
    ("python-binance", python_binance(-2021, "Order would immediately trigger.", 400), -2021, "market"),
    ("python-binance", python_binance(-1001, "Internal error; unable to process", 503), -1001, "documented"),
    ("python-binance", python_binance(-1007, "Timeout waiting for response", 408), -1007, "unknown"),
    ("python-binance", python_binance(-1008, "Request throttled", 503), -1008, "wait"),
    ("python-binance", python_binance(-4116, "ClientOrderId is duplicated.", 400), -4116, "applied"),
    (
        "python-binance",
        made("BinanceOrderMinAmountException<BinanceOrderException", code=-1013),
        -1013,
        "change",
    ),
    ("connector", made("ClientError<Error", status_code=400, error_code=-2021), -2021, "market"),
    ("connector", made("ClientError<Error", status_code=429, error_code=-1003), -1003, "wait"),
    ("connector", made("ServerError<Error", 503, '{"code":-1008,"msg":"x"}', status_code=503), -1008, "wait"),
    ("modular connector", made("BadRequestError<Error", "Precision", status_code=-1111), -1111, "change"),
    ("modular connector", made("TooManyRequestsError<Error", "x", status_code=-1015), -1015, "wait"),
    ("ccxt", made("OperationFailed<BaseError", 'binance {"code":-1001,"msg":"x"}'), -1001, "documented"),
    ("ccxt", made("RequestTimeout<NetworkError", 'binance {"code":-1007,"msg":"x"}'), -1007, "unknown"),
    ("ccxt", made("InvalidNonce<NetworkError", 'binance {"code":-1021,"msg":"x"}'), -1021, "wait"),
    (
        "ccxt",
        made("OrderImmediatelyFillable<InvalidOrder", 'binance {"code":-2021,"msg":"x"}'),
        -2021,
        "market",
    ),
    ("ccxt", made("RateLimitExceeded<NetworkError", 'binance {"code":-1003,"msg":"x"}'), -1003, "wait"),
    ("ccxt", made("ExchangeError<BaseError", 'binance {"code":-4120,"msg":"x"}'), -4120, "change"),
    ("nautilus", made("BinanceClientError", 400, {"code": -2019, "msg": "x"}, status=400), -2019, "change"),
    (
        "nautilus",
        made("BinanceServerError", 503, {"code": -1001, "msg": "x"}, status=503),
        -1001,
        "documented",
    ),
]


@pytest.mark.parametrize(
    ("library", "error", "code", "meaning"), BY_CODE, ids=[f"{case[0]} {case[2]}" for case in BY_CODE]
)
def test_a_code_decides_wherever_a_library_keeps_it(
    library: str, error: Exception, code: int, meaning: OutcomeClass
) -> None:
    """The code is found in each library's attribute or text, and outweighs the exception's class."""
    failure = failure_of(error)
    assert (failure.kind, failure.code, outcome_class(failure)) == ("refused", code, meaning), library


@pytest.mark.parametrize(
    ("error", "status", "meaning"),
    [
        (
            python_binance(0, f"Invalid JSON error message from Binance: {UNAVAILABLE_503}", 503),
            503,
            "documented",
        ),
        (python_binance(0, "Invalid JSON error message from Binance: <html>", 403), 403, "wait"),
        (made("ServerError<Error", status_code=503, message=UNAVAILABLE_503), 503, "documented"),
        (made("DDoSProtection<NetworkError<OperationFailed", "binance 429 Too Many Requests"), 429, "wait"),
        (made("RateLimitExceeded<DDoSProtection<NetworkError", "binance 429"), 429, "wait"),
        (made("ExchangeNotAvailable<NetworkError", f"binance 503 {UNAVAILABLE_503}"), None, "documented"),
        (
            made("ExchangeNotAvailable<NetworkError", f"503 Service Unavailable {UNKNOWN_503}"),
            None,
            "unknown",
        ),
        (made("RateLimitBanError<Error", "banned"), 418, "wait"),
        (made("ForbiddenError<Error", "blocked"), 403, "wait"),
        (made("ClientError<Error", status_code=403, error_code=None), 403, "wait"),
    ],
)
def test_the_status_is_found_where_a_library_keeps_it(
    error: Exception, status: int | None, meaning: OutcomeClass
) -> None:
    """Without a code the status decides, told by an attribute or by the class alone."""
    failure = failure_of(error)
    assert (failure.status, outcome_class(failure)) == (status, meaning)


@pytest.mark.parametrize(
    ("headers", "phase", "seconds"),
    [({"Retry-After": "7"}, "", 7.0), ({"retry-after": 3}, "", 3.0), ({}, "", None)],
)
def test_what_the_venue_asks_to_wait_is_read(
    headers: dict[str, Any], phase: Phase, seconds: float | None
) -> None:
    """Retry-After is found on the exception and on its response."""
    response = type("Response", (), {"headers": headers})()
    for error in (made("Any", headers=headers), made("Any", response=response), made("Any", header=headers)):
        failure = failure_of(error)
        assert (failure.retry_after_s, failure.phase) == (seconds, phase)
