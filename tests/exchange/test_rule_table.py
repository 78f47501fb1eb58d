"""The venue's rules as rows: what is asked in which state, what comes back, what became of it, and who says so.

Every row goes the whole way: over the wire to the door, the rules, the venue, and back; the truth is the record's.
"""
# fmt: off

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from sim.exchange.filters import RULES
from sim.market import LinePath

OLD, NEW = ("2025-01",), ("2025-12-09",)
NONE = None
"""A parameter that is not sent."""
MARKET = {"side": "BUY", "type": "MARKET", "quantity": "0.010"}
EXIT = {**MARKET, "side": "SELL", "reduceOnly": "true"}
LIMIT = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010", "price": "49000"}
ASK = {**LIMIT, "side": "SELL", "price": "51000"}
STOP = {"side": "SELL", "type": "STOP_MARKET", "stopPrice": "49000", "closePosition": "true"}
SIZED = {"side": "SELL", "type": "STOP_MARKET", "stopPrice": "49000", "quantity": "0.010", "reduceOnly": "true"}
TARGET = {"side": "SELL", "type": "TAKE_PROFIT_MARKET", "stopPrice": "51000", "closePosition": "true"}
STOP_LIMIT = {"side": "SELL", "type": "STOP", "stopPrice": "49000", "quantity": "0.010", "price": "48900"}
TARGET_LIMIT = {"side": "SELL", "type": "TAKE_PROFIT", "stopPrice": "51000", "quantity": "0.010", "price": "50900"}
TRAIL = {"side": "SELL", "type": "TRAILING_STOP_MARKET", "quantity": "0.010", "callbackRate": "1", "reduceOnly": "true"}
ALGO = {"algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "49000",
        "closePosition": "true"}
RENAMED = {"stopPrice": "triggerPrice", "activationPrice": "activatePrice", "newClientOrderId": "clientAlgoId"}
ID = "x" * 36
HELD: dict[str, Any] = {"state": "long", "path": "conditional"}


class Row(NamedTuple):
    """One rule; ``path`` "conditional" is the endpoint that the rules version has for conditional orders."""

    name: str
    params: dict[str, Any]
    code: int
    text: str
    fact: str
    rules: tuple[str, ...] = RULES
    state: str = "flat"
    path: str = "order"
    method: str = "POST"
    status: int = 400
    truth: str = "not_applied"


def no(name: str, params: dict[str, Any], code: int, text: str, fact: str, *more: Any, **named: Any) -> Row:
    """State a refusal."""
    return Row(name, params, code, text, fact, *more, **named)


def ok(name: str, params: dict[str, Any], fact: str, *more: Any, **named: Any) -> Row:
    """State an acceptance."""
    return Row(name, params, 0, "", fact, *more, **named)._replace(status=200, truth="applied")


def also(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return ``base`` with changes; NONE takes a parameter out."""
    return {name: value for name, value in {**base, **changes}.items() if value is not NONE}


SHAPE = [
    no("no symbol", also(MARKET, symbol=""), -1102, "'symbol' was not sent", "1.2"),
    no("unknown symbol", also(MARKET, symbol="NOSUCHUSDT"), -1121, "Invalid symbol.", "1.2"),
    no("symbol in small letters", also(MARKET, symbol="btcusdt"), -1121, "Invalid symbol.", "1.2"),
    no("no side", also(MARKET, side=NONE), -1102, "'side' was not sent", "1.2"),
    no("unknown side", also(MARKET, side="HOLD"), -1117, "Invalid side.", "1.2"),
    no("side in small letters", also(MARKET, side="buy"), -1117, "Invalid side.", "1.2"),
    no("no type", also(MARKET, type=NONE), -1102, "'type' was not sent", "1.2"),
    no("unknown type", also(MARKET, type="ICEBERG"), -1116, "Invalid orderType.", "1.2"),
    no("a spot type", also(MARKET, type="STOP_LOSS_LIMIT"), -1116, "Invalid orderType.", "1.2"),
    no("amending", also(LIMIT, orderId=1), -1020, "outside this exchange model", "left out", method="PUT"),
    ok("a name nobody knows is ignored", also(MARKET, colour="red"), "failures F32"),
    ok("recvWindow of its own", also(MARKET, recvWindow=3000), "4"),
]
ENDPOINT = [
    no("stop at the old endpoint", STOP, -4120, "Please use the Algo Order API endpoints", "5", NEW, "long"),
    no("target at the old endpoint", TARGET, -4120, "Algo Order API", "5", NEW, "long"),
    no("trailing at the old endpoint", TRAIL, -4120, "Algo Order API", "5", NEW, "long"),
    no("stop-limit at the old endpoint", STOP_LIMIT, -4120, "Algo Order API", "5", NEW, "long"),
    no("limit target at the old endpoint", TARGET_LIMIT, -4120, "Algo Order API", "5", NEW, "long"),
    no("a broken stop too", also(STOP, stopPrice=NONE), -4120, "Algo Order API", "5", NEW, "long"),
    ok("stop at the old endpoint of its day", STOP, "5", OLD, "long"),
    no("market at the algo endpoint", also(MARKET, algoType="CONDITIONAL"), -1130, "'type' is not valid", "5", NEW,
       path="algo"),
    no("limit at the algo endpoint", also(LIMIT, algoType="CONDITIONAL"), -1130, "'type' is not valid", "5", NEW,
       path="algo"),
    no("no algoType", also(ALGO, algoType=NONE), -1102, "'algotype'", "5", NEW, "long", path="algo"),
    no("another algoType", also(ALGO, algoType="VP"), -1102, "'algotype'", "5", NEW, "long", path="algo"),
    no("algo type unknown", also(ALGO, type="STOP_LOSS"), -1116, "Invalid orderType.", "1.2", NEW, path="algo"),
    no("the old field name is ignored there", also(ALGO, triggerPrice=NONE, stopPrice="49000"), -1102, "'triggerprice'",
       "5, failures F06", NEW, "long", path="algo"),
    ok("the old client id is ignored there", also(ALGO, newClientOrderId="a b"), "5", NEW, "long", path="algo"),
    no("the algo endpoint before it existed", ALGO, -5000, "is invalid", "5", OLD, "long", path="algo", status=404),
    ok("stop at the algo endpoint", ALGO, "5", NEW, "long", path="algo"),
]
OUTSIDE = [
    no("price match", also(LIMIT, price=NONE, priceMatch="OPPONENT"), -1020, "priceMatch=OPPONENT", "2.2, left out"),
    no("price match queue", also(LIMIT, price=NONE, priceMatch="QUEUE_5"), -1020, "priceMatch=QUEUE_5",
       "2.2, left out"),
    no("price match unknown", also(LIMIT, priceMatch="BEST"), -5037, "Invalid price match.", "1.2c"),
    ok("no price match", also(LIMIT, priceMatch="NONE"), "10: priceMatch"),
    no("self-trade mode taker", also(LIMIT, selfTradePreventionMode="EXPIRE_TAKER"), -1020, "EXPIRE_TAKER",
       "2.2, left out"),
    no("self-trade mode both", also(LIMIT, selfTradePreventionMode="EXPIRE_BOTH"), -1020, "EXPIRE_BOTH",
       "2.2, left out"),
    no("self-trade allowed", also(LIMIT, selfTradePreventionMode="NONE"), -1020, "PreventionMode=NONE",
       "2.2, left out"),
    no("self-trade mode unknown", also(LIMIT, selfTradePreventionMode="DECREMENT"), -5039, "self trade prevention",
       "1.2c"),
    ok("self-trade mode as it is", also(LIMIT, selfTradePreventionMode="EXPIRE_MAKER"), "2.2"),
    no("good till date", also(LIMIT, timeInForce="GTD", goodTillDate=1893456000000), -1020, "GTD", "2.2, left out"),
    no("good till date without one", also(LIMIT, timeInForce="GTD"), -1020, "timeInForce=GTD", "2.2, left out"),
    no("retail price improvement", also(LIMIT, timeInForce="RPI"), -1020, "timeInForce=RPI", "2.2, left out"),
    no("a sized stop tied to the position", also(SIZED, timeInForce="GTE_GTC"), -1020, "timeInForce=GTE_GTC",
       "2.2, left out",
       **HELD),
]
TIME_IN_FORCE = [
    no("limit without", also(LIMIT, timeInForce=NONE), -1102, "'timeinforce' was not sent", "2.2, 1.2"),
    no("limit with an unknown one", also(LIMIT, timeInForce="DAY"), -1115, "Invalid timeInForce.", "1.2"),
    no("limit with small letters", also(LIMIT, timeInForce="gtc"), -1115, "Invalid timeInForce.", "1.2"),
    no("limit with an empty one", also(LIMIT, timeInForce=""), -1105, "'timeinforce' was empty", "1.2"),
    no("market with one", also(MARKET, timeInForce="GTC"), -1114, "sent when not required", "1.2"),
    ok("limit GTC", LIMIT, "2.2"),
    ok("limit GTX that makes", also(LIMIT, timeInForce="GTX"), "2.2, 1.2c"),
    ok("stop without", SIZED, "2.2", **HELD),
    ok("stop GTC", also(SIZED, timeInForce="GTC"), "5", **HELD),
    ok("closing stop GTE_GTC", also(STOP, timeInForce="GTE_GTC"), "2.2", **HELD),
    no("stop with an unknown one", also(SIZED, timeInForce="DAY"), -1115, "Invalid timeInForce.", "1.2",
       **HELD),
    ok("stop-limit without", STOP_LIMIT, "2.2", **HELD),
    ok("stop-limit IOC", also(STOP_LIMIT, timeInForce="IOC"), "5", **HELD),
]
NEEDED = [
    no("market with a price", also(MARKET, price="50000"), -1106, "'price' sent when not required", "1.2"),
    no("market with a stop price", also(MARKET, stopPrice="49000"), -1106, "'stopprice' sent when not", "1.2"),
    no("market with a callback", also(MARKET, callbackRate="1"), -1106, "'callbackrate' sent when not", "1.2"),
    no("limit with a stop price", also(LIMIT, stopPrice="49000"), -1106, "'stopprice' sent when not", "1.2"),
    no("limit with an activation", also(LIMIT, activationPrice="49000"), -1106, "'activationprice' sent", "1.2"),
    no("stop at market with a price", also(STOP, price="48900"), -1106, "'price' sent when not", "1.2", **HELD),
    no("trailing with a trigger", also(TRAIL, stopPrice="49000"), -1106, "price' sent when not", "1.2", **HELD),
    no("stop with a callback", also(SIZED, callbackRate="1"), -1106, "'callbackrate' sent", "1.2", **HELD),
    no("limit without price", also(LIMIT, price=NONE), -1102, "'price' was not sent", "1.2, 2.2"),
    no("limit with an empty price", also(LIMIT, price=""), -1102, "'price' was not sent", "1.2"),
    no("stop-limit without price", also(STOP_LIMIT, price=NONE), -1102, "'price' was not", "1.2", **HELD),
    no("stop-limit without quantity", also(STOP_LIMIT, quantity=NONE), -1102, "'quantity'", "1.2", **HELD),
    no("no trigger price", also(STOP, stopPrice=NONE), -1102, "price' was not sent", "1.2", **HELD),
    no("empty client id", also(MARKET, newClientOrderId=""), -1105, "'newclientorderid' was empty", "1.2"),
    no("empty positionSide", also(MARKET, positionSide=""), -1105, "'positionside' was empty", "1.2"),
    no("empty reduceOnly", also(MARKET, reduceOnly=""), -1105, "'reduceonly' was empty", "1.2"),
]
QUANTITY = [
    no("none", also(MARKET, quantity=NONE), -1102, "'quantity' was not sent, was empty/null, or malformed", "1.2"),
    no("empty", also(MARKET, quantity=""), -1102, "'quantity'", "1.2"),
    no("a word", also(MARKET, quantity="ten"), -1102, "malformed", "1.2"),
    no("NaN", also(MARKET, quantity="NaN"), -1102, "malformed", "1.2"),
    no("NaN as a float", also(MARKET, quantity=float("nan")), -1102, "malformed", "1.2"),
    no("Infinity", also(MARKET, quantity="Infinity"), -1102, "malformed", "1.2"),
    no("scientific notation", also(MARKET, quantity="1e-2"), -1102, "malformed", "1.2, assumed"),
    no("a tiny float, as text of its own", also(MARKET, quantity=0.00001), -1102, "malformed", "1.2, assumed"),
    no("a space before", also(MARKET, quantity=" 0.010"), -1102, "malformed", "1.2, assumed"),
    no("a space within", also(MARKET, quantity="0. 010"), -1102, "malformed", "1.2"),
    no("a comma", also(MARKET, quantity="0,010"), -1102, "malformed", "1.2"),
    no("an underscore", also(MARKET, quantity="1_0"), -1102, "malformed", "1.2"),
    no("a plus", also(MARKET, quantity="+0.010"), -1102, "malformed", "1.2, assumed"),
    no("other digits", also(MARKET, quantity="٠.٠١"), -1102, "malformed", "1.2"),
    no("nought", also(MARKET, quantity="0"), -4003, "less than or equal to zero", "1.2c"),
    no("negative", also(MARKET, quantity="-0.010"), -4003, "less than or equal to zero", "1.2c"),
    no("too fine", also(MARKET, quantity="0.0105"), -1111, "Precision is over the maximum", "1.2"),
    no("too fine for a whole-number symbol", also(MARKET, quantity="0.5"), -1111, "Precision", "1.2, 3.2", OLD,
       "SOLUSDT"),
    no("below the minimum", also(MARKET, quantity="0.010"), -4004, "less than min quantity", "1.2c", state="coarse"),
    no("off the step", also(MARKET, quantity="0.025"), -4023, "not increased by step size", "1.2c", state="coarse"),
    no("limit off the step", also(LIMIT, quantity="0.025"), -4023, "not increased by step size", "1.2c",
       state="coarse"),
    no("above MARKET_LOT", also(MARKET, quantity="120.001"), -4005, "greater than max quantity", "1.2c, 3.2"),
    ok("limit above MARKET_LOT", also(LIMIT, quantity="120.001"), "3.1: LOT_SIZE, 3.2"),
    no("limit above LOT", also(LIMIT, quantity="1000.001"), -4005, "greater than max quantity", "1.2c, 3.2"),
    ok("limit at LOT", also(LIMIT, quantity="1000"), "3.2"),
    no("stop above MARKET_LOT", also(SIZED, quantity="120.001"), -4005, "greater than max", "3.1", **HELD),
    no("beyond arithmetic", also(MARKET, quantity="1" + "0" * 40), -4005, "greater than max quantity", "1.2c"),
    ok("trailing noughts are no precision", also(MARKET, quantity="0.010000"), "1.2"),
    ok("a float", also(MARKET, quantity=0.01), "1.2"),
]
PRICE = [
    no("a word", also(LIMIT, price="cheap"), -1102, "'price'", "1.2"),
    no("scientific notation", also(LIMIT, price="4.9e4"), -1102, "malformed", "1.2, assumed"),
    no("nought", also(LIMIT, price="0"), -4001, "Price less than or equal to zero.", "1.2c"),
    no("negative", also(LIMIT, price="-49000"), -4001, "Price less than or equal to zero.", "1.2c"),
    no("above the maximum", also(LIMIT, price="4529764.1"), -4002, "Price greater than max price.", "1.2c, 3.2"),
    no("below the minimum", also(LIMIT, price="556.7"), -4013, "Price less than min price.", "1.2c, 3.2"),
    no("too fine", also(LIMIT, price="49000.001"), -1111, "Precision is over the maximum", "1.2"),
    no("off the tick", also(LIMIT, price="49000.05"), -4014, "not increased by tick size", "1.2c, 3.1"),
    no("buy above the band", also(LIMIT, price="52500.1"), -4016, "can't be higher than 52500.00", "1.2c, 3.1"),
    no("sell below the band", also(ASK, price="47499.9"), -4024, "can't be lower than 47500.00", "1.2c, 3.1"),
    ok("buy at the band", also(LIMIT, price="52500"), "3.1: BUY p <= mark * multiplierUp"),
    ok("sell at the band", also(ASK, price="47500"), "3.1: SELL p >= mark * multiplierDown"),
    ok("buy far below", also(LIMIT, price="1000", quantity="0.100"), "3.1: BUY has no lower band"),
    ok("sell far above", also(ASK, price="200000"), "3.1: SELL has no upper band"),
    ok("with noughts behind", also(LIMIT, price="49000.000000"), "1.2"),
]
TRIGGER = [
    no("a word", also(STOP, stopPrice="low"), -1102, "price' was not sent", "1.2"),
    no("NaN", also(STOP, stopPrice="NaN"), -1102, "malformed", "1.2"),
    no("nought", also(STOP, stopPrice="0"), -4006, "Stop price less than or equal to zero.", "1.2c"),
    no("negative", also(STOP, stopPrice="-1"), -4006, "Stop price less than or equal to zero.", "1.2c"),
    no("above the maximum", also(TARGET, stopPrice="4529764.1"), -4007, "Stop price greater than max", "1.2c"),
    no("beyond arithmetic", also(TARGET, stopPrice="1" + "0" * 40), -4007, "Stop price greater than max", "1.2c"),
    no("below the minimum", also(STOP, stopPrice="556.7"), -4013, "less than min price", "1.2c, 3.1"),
    no("too fine", also(STOP, stopPrice="49000.001"), -1111, "Precision is over", "1.2, failures F31"),
    no("off the tick", also(STOP, stopPrice="49000.05"), -4014, "not increased by tick size", "2.2 [U], F31"),
    no("sell limit far below its trigger", also(STOP_LIMIT, price="46549.9"), -4184, "can't be lower than 46550",
       "1.2c"),
    no("buy limit far above its trigger", also(STOP_LIMIT, side="BUY", stopPrice="51000", price="53550.1"), -4183,
       "can't be higher than 53550", "1.2c"),
    ok("sell limit at its trigger's floor", also(STOP_LIMIT, price="46550"), "1.2c"),
]
TRIGGER = [row._replace(name=f"trigger {row.name}", **HELD) for row in TRIGGER]
TRAILING = [
    no("no callback rate", also(TRAIL, callbackRate=NONE), -1102, "'callbackrate'", "2.1"),
    no("callback rate a word", also(TRAIL, callbackRate="one"), -1102, "'callbackrate'", "1.2"),
    no("callback rate too small", also(TRAIL, callbackRate="0.09"), -1130, "'callbackRate' is not valid", "2.1, F32"),
    no("callback rate too large", also(TRAIL, callbackRate="10.1"), -1130, "'callbackRate' is not valid", "2.1, F32"),
    no("callback rate in basis points", also(TRAIL, callbackRate="150"), -1130, "'callbackRate'", "2.1, F32"),
    ok("callback rate smallest", also(TRAIL, callbackRate="0.1"), "2.1"),
    ok("callback rate largest", also(TRAIL, callbackRate="10"), "2.1"),
    no("activation nought", also(TRAIL, activationPrice="0"), -4135, "Invalid activation price.", "1.2c, 2.1"),
    no("activation a word", also(TRAIL, activationPrice="high"), -4135, "Invalid activation price.", "1.2c"),
    no("activation off the tick", also(TRAIL, activationPrice="51000.05"), -4014, "tick size", "1.2c"),
    no("activation empty", also(TRAIL, activationPrice=""), -1105, "was empty", "1.2"),
    no("activation below the price", also(TRAIL, activationPrice="49000"), -2021, "immediately trigger", "2.1"),
    no("activation at the price", also(TRAIL, activationPrice="50000"), -2021, "immediately trigger", "2.1"),
    ok("activation above the price", also(TRAIL, activationPrice="51000"), "2.1"),
    ok("no activation", TRAIL, "2.1: default the latest price"),
]
TRAILING = [row._replace(**HELD) for row in TRAILING]
FLAGS = [
    no("working type", also(STOP, workingType="INDEX_PRICE"), -4031, "Invalid workingType.", "1.2c", **HELD),
    ok("working type mark", also(STOP, workingType="MARK_PRICE"), "2.1", **HELD),
    no("response type full", also(MARKET, newOrderRespType="FULL"), -1136, "Invalid newOrderRespType.", "1.2"),
    ok("response type result", also(MARKET, newOrderRespType="RESULT"), "10"),
    no("reduceOnly a word", also(MARKET, reduceOnly="maybe"), -4062, "improper reduceOnly", "1.2c"),
    no("closePosition a word", also(STOP, closePosition="yes"), -1130, "'closePosition'", "1.2", **HELD),
    no("priceProtect a word", also(STOP, priceProtect="on"), -1130, "'priceProtect'", "1.2", **HELD),
    ok("priceProtect in capitals", also(STOP, priceProtect="TRUE"), "2.2", **HELD),
    ok("closePosition as a truth value", also(STOP, closePosition=True), "2.2", **HELD),
    ok("reduceOnly false", also(MARKET, reduceOnly="false"), "2.2: default false"),
    ok("client id of 36", also(MARKET, newClientOrderId=ID), "1.2c [R tn]"),
    no("client id of 37", also(MARKET, newClientOrderId=ID + "x"), -4015, "less than 36", "1.2c, 6"),
    no("client id with a space", also(MARKET, newClientOrderId="a b"), -4015, "Client order id is not valid.", "6"),
    no("client id with a line end", also(MARKET, newClientOrderId="ab\n"), -4015, "not valid", "6"),
    no("client id with other letters", also(MARKET, newClientOrderId="größe"), -4015, "not valid", "6"),
    ok("client id with all its signs", also(MARKET, newClientOrderId=".:/_-aZ9"), "6"),
    no("algo client id of 37", also(STOP, newClientOrderId=ID + "x"), -4015, "less than 36", "5", **HELD),
    no("market closing by flag", also(MARKET, quantity=NONE, closePosition="true"), -4136, "Target strategy invalid",
       "1.2c"),
    no("limit closing by flag", also(LIMIT, quantity=NONE, closePosition="true"), -4136, "Target strategy invalid",
       "1.2c"),
    no("trailing closing by flag", also(TRAIL, closePosition="true"), -4136, "Target strategy", "2.2", **HELD),
    no("stop-limit closing by flag", also(STOP_LIMIT, closePosition="true"), -4136, "Target", "2.2", **HELD),
    no("closing with quantity", also(STOP, quantity="0.010"), -4137, "Quantity must be zero", "2.2", **HELD),
    ok("closing with quantity nought", also(STOP, quantity="0"), "1.2c", **HELD),
    no("closing with reduceOnly", also(STOP, reduceOnly="true"), -1106, "'reduceonly' sent", "2.2", **HELD),
]
MODE = [
    no("one-way, LONG", also(MARKET, positionSide="LONG"), -4061, "does not match user's setting", "2.2"),
    no("one-way, SHORT", also(EXIT, positionSide="SHORT"), -4061, "does not match user's setting", "2.2", state="long"),
    ok("one-way, BOTH", also(MARKET, positionSide="BOTH"), "2.2"),
    no("unknown positionSide", also(MARKET, positionSide="NET"), -4060, "Invalid position side.", "1.2c"),
    no("hedge, none", MARKET, -4061, "does not match user's setting", "2.2", state="hedge"),
    no("hedge, BOTH", also(MARKET, positionSide="BOTH"), -4061, "does not match", "2.2", state="hedge"),
    no("hedge, unknown positionSide", also(MARKET, positionSide="NET"), -4060, "Invalid position side.", "1.2c",
       state="hedge"),
    no("hedge with reduceOnly", also(EXIT, positionSide="LONG"), -1106, "'reduceonly' sent when not", "1.2, 2.2",
       state="hedge"),
    no("hedge with reduceOnly false", also(MARKET, positionSide="LONG", reduceOnly="false"), -1106, "'reduceonly'",
       "2.2",
       state="hedge"),
    no("hedge, closing by buying LONG", also(STOP, side="BUY", stopPrice="51000", positionSide="LONG"), -4136, "Target",
       "2.2 (code assumed)", state="hedge", path="conditional"),
    no("hedge, closing by selling SHORT", also(STOP, positionSide="SHORT"), -4136, "Target", "2.2 (code assumed)",
       state="hedge",
       path="conditional"),
    ok("hedge, LONG", also(MARKET, positionSide="LONG"), "2.2", state="hedge"),
    ok("hedge, SHORT", also(MARKET, side="SELL", positionSide="SHORT"), "2.2", state="hedge"),
]
NOTIONAL = [
    no("market by mark", also(MARKET, quantity="0.001"), -4164, "must be no smaller than 100", "3.1, 3.2", OLD),
    ok("market at the newer minimum", also(MARKET, quantity="0.001"), "3.2", NEW),
    ok("market at the older minimum", also(MARKET, quantity="0.002"), "3.2", OLD),
    no("limit by its own price", also(LIMIT, quantity="0.002"), -4164, "(unless you choose reduce only)", "3.1", OLD),
    ok("limit above mark, by its price", also(LIMIT, quantity="0.002", price="51000"), "3.1", OLD),
    no("limit at the newer minimum", also(LIMIT, quantity="0.001"), -4164, "no smaller than 50", "3.1, 3.2", NEW),
    ok("limit on the newer minimum", also(LIMIT, quantity="0.001", price="50000"), "3.1, 3.2", NEW),
    ok("exits are exempt", also(EXIT, quantity="0.001"), "3.1", state="long"),
    ok("limit exits are exempt", also(ASK, quantity="0.001", reduceOnly="true"), "3.1", state="long"),
    no("a stop that opens", also(SIZED, quantity="0.001", reduceOnly=NONE), -4164, "no smaller than 100", "3.1", OLD,
       path="conditional"),
    ok("hedge exits are exempt", also(MARKET, side="SELL", positionSide="LONG", quantity="0.001"),
       "3.1, 2.2 (assumed)", OLD,
       state="hedge long"),
    no("hedge entries are not", also(MARKET, positionSide="LONG", quantity="0.001"), -4164, "100", "3.1", OLD,
       state="hedge long"),
]
GROUPS = {
    "shape": SHAPE, "endpoint": ENDPOINT, "outside": OUTSIDE, "timeInForce": TIME_IN_FORCE, "needed": NEEDED,
    "quantity": QUANTITY, "price": PRICE, "trigger": TRIGGER, "trailing": TRAILING, "flags": FLAGS, "mode": MODE,
    "notional": NOTIONAL,
}
ROWS = [row._replace(name=f"{group}: {row.name}") for group, rows in GROUPS.items() for row in rows]
# fmt: on


class Halted(LinePath):
    """A line on which nothing trades from 10 s to 20 s."""

    def halt_end_us(self, t_us: int) -> int | None:
        return 20_000_000 if 10_000_000 <= t_us < 20_000_000 else None


def desk_in(state: str, rules: str, make_desk: Callable[..., Any]) -> Any:
    """Build an exchange and bring its one account into a state."""
    symbol = state if state.endswith("USDT") else "BTCUSDT"
    price = 50_000.0 if symbol == "BTCUSDT" else 100.0
    wallet = 100.0 if state == "poor" else 1e9
    desk = make_desk(rules=rules, symbol=symbol, price=price, wallet=wallet, line=Halted)
    words = state.split()
    if "hedge" in words:
        desk.account.hedge = True
    if "coarse" in words:
        coarse = {"step": Decimal("0.01"), "min_quantity": Decimal("0.02")}
        desk.venue.filters[symbol] = replace(desk.venue.filters[symbol], **coarse)
    named = {"positionSide": words[-1].upper()} if "hedge" in words else {}
    if "long" in words:
        assert desk.buy("0.020", newClientOrderId="my-entry", **named)[0] == 200
    if "short" in words:
        assert desk.sell("0.020", **named)[0] == 200
    return desk


def answer(desk: Any, row: Row, rules: str) -> tuple[int, Any]:
    """Send the row's request over the wire and return (status, body)."""
    params, path = {"symbol": desk.symbol, **row.params}, row.path
    if path == "conditional":
        path = "order" if rules == "2025-01" else "algo"
        if rules != "2025-01":
            params = {RENAMED.get(name, name): value for name, value in params.items()}
            params["algoType"] = "CONDITIONAL"
    path = "algoOrder" if path == "algo" else path
    status, body = desk.over_the_wire(row.method, f"/fapi/v1/{path}", params)
    return status, body


def test_the_table_is_long_and_its_names_are_its_own() -> None:
    """At least 150 rules, none twice."""
    assert len({row.name for row in ROWS}) == len(ROWS) >= 150


@pytest.mark.parametrize(
    ("row", "rules"),
    [pytest.param(row, rules, id=f"{row.name} [{rules}]") for row in ROWS for rules in row.rules],
)
def test_the_venue_answers_as_documented(row: Row, rules: str, make_desk: Callable[..., Any]) -> None:
    """A request in a state gets the status, code and text its fact gives it, and its truth is on record."""
    desk = desk_in(row.state, rules, make_desk)
    before, held = len(desk.venue.orders), dict(desk.account.positions)
    status, body = answer(desk, row, rules)
    got = (status, body.get("code", 0) if isinstance(body, dict) else 0)
    assert got == (row.status, row.code), (row.fact, body)
    writes = desk.frame("write")
    assert writes.truth.tolist() == [row.truth], row.fact
    if row.code:
        assert row.text in body["msg"], row.fact
        assert len(desk.venue.orders) == before
        assert desk.account.positions == held
    else:
        assert len(desk.venue.orders) == before + 1
