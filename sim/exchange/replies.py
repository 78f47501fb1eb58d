"""Hold the venue's error codes: HTTP status and text, as rows with their source.

Sources: binance-facts 1.1-1.3 (the exchange's error-code page and general information).  A business error comes
as HTTP 400 unless its row says otherwise.  Texts that binance-facts does not quote are those of the error-code page as
remembered, or say the row's meaning; code under test should go by the code.
"""

from __future__ import annotations

from typing import Any, Final

Reply = tuple[int, Any]
"""(status, body); the body is a dict in Binance's shape, a list, or text for a non-JSON answer."""

STATUS_AND_TEXT: Final[dict[int, tuple[int, str]]] = {
    # server, network, limits (1.1)
    -1000: (400, "An unknown error occurred while processing the request."),
    -1001: (503, "Internal error; unable to process your request. Please try again."),
    -1002: (401, "You are not authorized to execute this request."),
    -1003: (429, "Too many requests; current limit of IP is 2400 requests per minute."),
    -1004: (400, "This IP is already on the white list."),
    -1005: (400, "No such IP has been white listed."),
    -1006: (400, "An unexpected response was received from the message bus. Execution status unknown."),
    -1007: (
        408,
        "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    ),
    -1008: (503, "Request throttled by system-level protection."),
    -1010: (400, "ERROR_MSG_RECEIVED."),
    -1011: (400, "This IP cannot access this route."),
    -1013: (400, "INVALID_MESSAGE."),
    -1014: (400, "Unsupported order combination."),
    -1015: (429, "Too many new orders."),
    -1016: (400, "This service is no longer available."),
    -1020: (400, "This operation is not supported."),
    -1021: (400, "Timestamp for this request is outside of the recvWindow."),
    -1022: (400, "Signature for this request is not valid."),
    -1023: (400, "Start time is greater than end time."),
    -1099: (400, "Not found, unauthenticated, or unauthorized."),
    # request shape (1.2)
    -1100: (400, "Illegal characters found in a parameter."),
    -1101: (400, "Too many parameters sent for this endpoint."),
    -1102: (400, "Mandatory parameter was not sent, was empty/null, or malformed."),
    -1103: (400, "An unknown parameter was sent."),
    -1104: (400, "Not all sent parameters were read."),
    -1105: (400, "A parameter was empty."),
    -1106: (400, "Parameter sent when not required."),
    -1108: (400, "Invalid asset."),
    -1109: (400, "Invalid account."),
    -1110: (400, "Invalid symbolType."),
    -1111: (400, "Precision is over the maximum defined for this asset."),
    -1112: (400, "No orders on book for symbol."),
    -1113: (400, "Withdrawal amount must be negative."),
    -1114: (400, "TimeInForce parameter sent when not required."),
    -1115: (400, "Invalid timeInForce."),
    -1116: (400, "Invalid orderType."),
    -1117: (400, "Invalid side."),
    -1118: (400, "New client order ID was empty."),
    -1119: (400, "Original client order ID was empty."),
    -1120: (400, "Invalid interval."),
    -1121: (400, "Invalid symbol."),
    -1122: (400, "Invalid symbol status."),
    -1125: (400, "This listenKey does not exist."),
    -1127: (400, "Lookup interval is too big."),
    -1128: (400, "Combination of optional parameters invalid."),
    -1130: (400, "Invalid data sent for a parameter."),
    -1131: (400, "recvWindow must be less than 60000."),
    -1136: (400, "Invalid newOrderRespType."),
    # trading (1.2b)
    -2010: (400, "New order rejected."),
    -2011: (400, "Unknown order sent."),
    -2012: (400, "Cancel all failed."),
    -2013: (400, "Order does not exist."),
    -2014: (401, "API-key format invalid."),
    -2015: (401, "Invalid API-key, IP, or permissions for action."),
    -2016: (400, "No trading window could be found for the symbol. Try ticker/24hrs instead."),
    -2017: (400, "API keys are locked on this account."),
    -2018: (400, "Balance is insufficient."),
    -2019: (400, "Margin is insufficient."),
    -2020: (400, "Unable to fill."),
    -2021: (400, "Order would immediately trigger."),
    -2022: (400, "ReduceOnly Order is rejected."),
    -2023: (400, "User in liquidation mode now."),
    -2024: (400, "Position is not sufficient."),
    -2025: (400, "Reach max open order limit."),
    -2026: (400, "This OrderType is not supported when reduceOnly."),
    -2027: (400, "Exceeded the maximum allowable position at current leverage."),
    -2028: (400, "Leverage is smaller than permitted: insufficient margin balance."),
    # filters and processing (1.2c)
    -4001: (400, "Price less than or equal to zero."),
    -4002: (400, "Price greater than max price."),
    -4003: (400, "Quantity less than or equal to zero."),
    -4004: (400, "Quantity less than min quantity."),
    -4005: (400, "Quantity greater than max quantity."),
    -4006: (400, "Stop price less than or equal to zero."),
    -4007: (400, "Stop price greater than max price."),
    -4013: (400, "Price less than min price."),
    -4014: (400, "Price not increased by tick size."),
    -4015: (400, "Client order id is not valid."),
    -4016: (400, "Price is higher than mark price multiplier cap."),
    -4020: (400, "Target strategy invalid for orderType."),
    -4021: (400, "Invalid depth limit."),
    -4023: (400, "Quantity not increased by step size."),
    -4024: (400, "Price is lower than mark price multiplier floor."),
    -4028: (400, "Leverage is not valid."),
    -4031: (400, "Invalid workingType."),
    -4045: (400, "Reach max stop order limit."),
    -4046: (400, "No need to change margin type."),
    -4047: (400, "Margin type cannot be changed if there exists open orders."),
    -4048: (400, "Margin type cannot be changed if there exists position."),
    -4059: (400, "No need to change position side."),
    -4060: (400, "Invalid position side."),
    -4061: (400, "Order's position side does not match user's setting."),
    -4062: (400, "Invalid or improper reduceOnly value."),
    -4067: (400, "Position side cannot be changed if there exists open orders."),
    -4068: (400, "Position side cannot be changed if there exists position."),
    -4082: (400, "Invalid number of batch place orders."),
    -4083: (400, "Fail to place batch orders."),
    -4087: (400, "User can only place reduce only order."),
    -4088: (400, "User can not place order currently."),
    -4104: (400, "Invalid contract type."),
    -4105: (400, "Only reduce only orders are allowed: position risk control."),
    -4106: (400, "Only reduce only buy orders are allowed: position risk control."),
    -4107: (400, "Only reduce only sell orders are allowed: position risk control."),
    -4109: (400, "This account is inactive."),
    -4111: (400, "ClientTranId is duplicated."),
    -4114: (400, "Invalid clientTranId: length."),
    -4115: (400, "ClientTranId is duplicated."),
    -4116: (400, "ClientOrderId is duplicated."),
    -4117: (400, "Stop order is in triggering process. Please try again later."),
    -4118: (400, "ReduceOnly Margin Check Failed."),
    -4120: (
        400,
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    ),
    -4129: (400, "Time in Force (TIF) GTE can only be used with open positions or open orders."),
    -4130: (
        400,
        "An open stop or take profit order with GTE and closePosition in the direction is existing.",
    ),
    -4131: (400, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."),
    -4135: (400, "Invalid activation price."),
    -4136: (400, "Target strategy invalid for orderType with closePosition."),
    -4137: (400, "Quantity must be zero with closePosition equals true."),
    -4138: (400, "Reduce only must be true with closePosition equals true."),
    -4139: (400, "Order type can not be market if it is unable to cancel."),
    -4140: (400, "Invalid symbol status for opening position."),
    -4141: (400, "Symbol is closed."),
    -4142: (400, "REJECT: take profit or stop order will be triggered immediately."),
    -4144: (400, "Invalid pair."),
    -4161: (400, "Leverage reduction is not supported in Isolated Margin Mode with open positions."),
    -4164: (
        400,
        "Order's notional must be no smaller than the symbol's minimum (unless you choose reduce only).",
    ),
    -4165: (400, "Invalid time interval."),
    -4167: (
        400,
        "Unable to adjust to Multi-Assets mode with symbols of USDⓈ-M Futures under isolated-margin mode.",
    ),
    -4168: (400, "Unable to adjust to isolated-margin mode under the Multi-Assets mode."),
    -4169: (400, "Unable to adjust Multi-Assets Mode with insufficient margin balance in USDⓈ-M Futures."),
    -4170: (400, "Unable to adjust Multi-Assets Mode with open orders in USDⓈ-M Futures."),
    -4171: (400, "Adjusted asset mode is currently set and does not need to be adjusted repeatedly."),
    -4172: (
        400,
        "Unable to adjust Multi-Assets Mode with a negative wallet balance of margin available asset.",
    ),
    -4183: (400, "Limit price can't be higher than the stop price multiplier cap."),
    -4184: (400, "Limit price can't be lower than the stop price multiplier floor."),
    -4188: (400, "Timestamp for this request is outside of the ME recvWindow."),
    -4189: (400, "The account is in reduce-only state."),
    -4192: (400, "Trade forbidden due to Cooling-off Period."),
    -4202: (400, "Adjust Leverage Failed: leverage exceeds what the account's verification allows."),
    -4203: (400, "Adjust Leverage Failed: leverage exceeds what the account's age allows."),
    -4204: (400, "Adjust Leverage Failed: leverage exceeds what the account's tier allows."),
    -4205: (400, "Adjust Leverage Failed: leverage exceeds what the region allows."),
    -4206: (400, "Adjust Leverage Failed: leverage of this symbol is capped for the account."),
    -4207: (400, "Adjust Leverage Failed: leverage of this pair is capped for the account."),
    -4208: (400, "Adjust Leverage Failed: leverage is capped after a recent change of mode."),
    -4209: (400, "Adjust Leverage Failed: leverage is capped for a new account."),
    -4210: (400, "Stop price is higher than price multiplier cap."),
    -4211: (400, "Stop price is lower than price multiplier floor."),
    -4400: (
        400,
        "Futures Trading Quantitative Rules violated, only reduceOnly order is allowed, please try again later.",
    ),
    -4401: (400, "Compliance restricted account permission: can only place reduceOnly order."),
    -4402: (
        400,
        "Dear user, as per our Terms of Use and compliance with local regulations, this feature is unavailable.",
    ),
    -4403: (
        400,
        "Dear user, leverage is limited as per our Terms of Use and compliance with local regulations.",
    ),
    -4509: (400, "Time in Force (TIF) GTE can only be used with open positions."),
    -4531: (400, "The position mode of USDⓈ-M and COIN-M must match."),
    -5000: (404, "Path or method is invalid."),
    -5021: (400, "Due to the order could not be filled immediately, the FOK order has been rejected."),
    -5022: (400, "Due to the order could not be executed as maker, the Post Only order will be rejected."),
    -5024: (400, "Symbol is not in trading status. Order amendment is not permitted."),
    -5025: (400, "Only limit order is supported."),
    -5026: (400, "Exceed maximum modify order limit."),
    -5027: (400, "No need to modify the order."),
    -5028: (400, "Timestamp for this request is outside of the ME recvWindow."),
    -5029: (400, "Order's notional must be no smaller than the symbol's minimum."),
    -5037: (400, "Invalid price match."),
    -5038: (400, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT."),
    -5039: (400, "Invalid self trade prevention mode."),
    -5040: (
        400,
        "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than "
        "253402300799000.",
    ),
    -5041: (400, "No depth matches this BBO order."),
    -5043: (400, "A pending modification already exists for this order."),
    -5047: (400, "Order rejected."),
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
