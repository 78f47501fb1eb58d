"""Hold the venue's error codes: HTTP status and text, as rows with their source.

Sources: binance-facts 1.1-1.3 (the exchange's error-code page and general information).  A business error comes
as HTTP 400 unless its row says otherwise.
"""

from __future__ import annotations

from typing import Any, Final

Reply = tuple[int, Any]
"""(status, body); the body is a dict in Binance's shape, a list, or text for a non-JSON answer."""

STATUS_AND_TEXT: Final[dict[int, tuple[int, str]]] = {
    -1000: (400, "An unknown error occurred while processing the request."),
    -1001: (503, "Internal error; unable to process your request. Please try again."),
    -1003: (429, "Too many requests; current limit of IP is 2400 requests per minute."),
    -1006: (400, "An unexpected response was received from the message bus. Execution status unknown."),
    -1007: (
        408,
        "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    ),
    -1008: (503, "Request throttled by system-level protection."),
    -1015: (429, "Too many new orders."),
    -1020: (400, "This operation is not supported."),
    -1021: (400, "Timestamp for this request is outside of the recvWindow."),
    -1102: (400, "Mandatory parameter was not sent, was empty/null, or malformed."),
    -1106: (400, "Parameter sent when not required."),
    -1111: (400, "Precision is over the maximum defined for this asset."),
    -1116: (400, "Invalid orderType."),
    -1117: (400, "Invalid side."),
    -1121: (400, "Invalid symbol."),
    -1122: (400, "Invalid symbol status."),
    -1130: (400, "Invalid data sent for a parameter."),
    -2010: (400, "New order rejected."),
    -2011: (400, "Unknown order sent."),
    -2013: (400, "Order does not exist."),
    -2019: (400, "Margin is insufficient."),
    -2021: (400, "Order would immediately trigger."),
    -2022: (400, "ReduceOnly Order is rejected."),
    -4003: (400, "Quantity less than or equal to zero."),
    -4004: (400, "Quantity less than min quantity."),
    -4005: (400, "Quantity greater than max quantity."),
    -4006: (400, "Stop price less than or equal to zero."),
    -4014: (400, "Price not increased by tick size."),
    -4015: (400, "Client order id is not valid."),
    -4023: (400, "Quantity not increased by step size."),
    -4028: (400, "Leverage is not valid."),
    -4031: (400, "Invalid workingType."),
    -4061: (400, "Order's position side does not match user's setting."),
    -4116: (400, "ClientOrderId is duplicated."),
    -4118: (400, "ReduceOnly Margin Check Failed."),
    -4120: (
        400,
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    ),
    -4130: (
        400,
        "An open stop or take profit order with GTE and closePosition in the direction is existing.",
    ),
    -4131: (400, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."),
    -4135: (400, "Invalid activation price."),
    -4136: (400, "Target strategy invalid for orderType with closePosition."),
    -4137: (400, "Quantity must be zero with closePosition equals true."),
    -4140: (400, "Invalid symbol status for opening position."),
    -4164: (
        400,
        "Order's notional must be no smaller than the symbol's minimum (unless you choose reduce only).",
    ),
    -4509: (400, "Time in Force (TIF) GTE can only be used with open positions."),
    -5000: (404, "Path or method is invalid."),
}

UNKNOWN_503: Final = "Unknown error, please check your request or try again later."
UNAVAILABLE_503: Final = "Service Unavailable."


class Refusal(Exception):
    """Carry a business error out of the rules: ``code`` and ``message`` as the venue would send them."""

    def __init__(self, code: int, message: str | None = None) -> None:
        self.code = code
        self.message = message if message is not None else STATUS_AND_TEXT[code][1]
        super().__init__(code, self.message)

    def reply(self) -> Reply:
        """Return (status, body) for this refusal."""
        return STATUS_AND_TEXT[self.code][0], {"code": self.code, "msg": self.message}


def error_reply(code: int, status: int | None = None, message: str | None = None) -> Reply:
    """Return (status, body) of an error by code; ``status`` and ``message`` override the row."""
    row_status, row_text = STATUS_AND_TEXT.get(code, (400, "Error."))
    return (row_status if status is None else status), {
        "code": code,
        "msg": row_text if message is None else message,
    }


def code_of(body: Any) -> int:
    """Return the error code of a body; 0 when it carries none."""
    if isinstance(body, dict):
        code = body.get("code")
        if isinstance(code, int) and code < 0:
            return code
    return 0


def message_of(body: Any) -> str:
    """Return the error text of a body, or "" when it carries none."""
    if isinstance(body, dict):
        return str(body.get("msg", ""))
    return body if isinstance(body, str) else ""
