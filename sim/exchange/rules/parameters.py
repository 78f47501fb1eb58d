"""Say which parameters each order type takes, on each endpoint, and what this model leaves out.

Sources: the venue's New Order and New Algo Order pages (binance-facts 2.1, 2.2, 5).  A name that neither endpoint
knows is ignored, as the venue does (failures F06, F32): ``stopPrice`` sent to the algo endpoint is such a name.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sim.exchange.replies import Refusal
from sim.exchange.rules.texts import empty, missing, outside, unwanted
from sim.exchange.triggers import CONDITIONAL


class Shape(NamedTuple):
    """State how one type is written on one endpoint.

    ``trigger`` and ``activation`` are the names of those parameters, "" where the type has none.  ``at_market``:
    it executes as a MARKET order.  ``closes``: it may carry closePosition.  ``unwanted``: -1106 or -1114 when sent.
    """

    conditional: bool
    trigger: str
    activation: str
    at_market: bool
    closes: bool
    unwanted: frozenset[str]


def _shape(order_type: str, trigger: str, activation: str) -> Shape:
    trailing = order_type == "TRAILING_STOP_MARKET"
    conditional = order_type in CONDITIONAL
    at_market = order_type.endswith("MARKET")
    takes = set()
    if order_type != "MARKET":
        takes.add("timeInForce")
    if not at_market:
        takes.add("price")
    if conditional:
        takes |= {"callbackRate", activation} if trailing else {trigger}
    return Shape(
        conditional=conditional,
        trigger=trigger if conditional and not trailing else "",
        activation=activation if trailing else "",
        at_market=at_market,
        closes=order_type in ("STOP_MARKET", "TAKE_PROFIT_MARKET"),
        unwanted=frozenset({"timeInForce", "price", trigger, activation, "callbackRate"} - takes),
    )


TYPES: Final = ("LIMIT", "MARKET", *sorted(CONDITIONAL))
ORDER_SHAPES: Final = {name: _shape(name, "stopPrice", "activationPrice") for name in TYPES}
ALGO_SHAPES: Final = {name: _shape(name, "triggerPrice", "activatePrice") for name in TYPES}

_MANDATORY: Final = frozenset({"quantity", "price", "stopPrice", "triggerPrice", "callbackRate"})
_OPTIONAL: Final = frozenset(
    {
        "activatePrice",
        "activationPrice",
        "clientAlgoId",
        "closePosition",
        "newClientOrderId",
        "newOrderRespType",
        "positionSide",
        "priceProtect",
        "reduceOnly",
        "timeInForce",
        "workingType",
    }
)
SOMETIMES_OUTSIDE: Final = frozenset({"priceMatch", "selfTradePreventionMode", "goodTillDate"})
_PRICE_MATCHES: Final = frozenset(
    {
        "OPPONENT",
        "OPPONENT_5",
        "OPPONENT_10",
        "OPPONENT_20",
        "QUEUE",
        "QUEUE_5",
        "QUEUE_10",
        "QUEUE_20",
    }
)
_PREVENTION_MODES: Final = frozenset({"EXPIRE_TAKER", "EXPIRE_BOTH", "NONE"})


def refuse_empty(params: dict[str, Any]) -> None:
    """Refuse the first known parameter that was sent empty: -1102 a mandatory one, -1105 an optional one."""
    for name, value in params.items():
        if value == "":
            if name in _MANDATORY:
                raise missing(name)
            if name in _OPTIONAL:
                raise empty(name)


def refuse_unwanted(params: dict[str, Any], names: frozenset[str]) -> None:
    """Refuse the first of ``names`` that was sent (-1106, -1114); None counts as not sent."""
    for name, value in params.items():
        if name in names and value is not None:
            raise unwanted(name)


def refuse_outside(params: dict[str, Any]) -> None:
    """Refuse what this model leaves out, by name (-1020), and what the venue does not know (-5037, -5039).

    The defaults may be sent: priceMatch NONE, selfTradePreventionMode EXPIRE_MAKER (binance-facts 2.2).
    """
    match = params.get("priceMatch")
    if match not in (None, "NONE"):
        if str(match) in _PRICE_MATCHES:
            raise outside(f"priceMatch={match} is")
        raise Refusal(-5037)
    mode = params.get("selfTradePreventionMode")
    if mode not in (None, "EXPIRE_MAKER"):
        if str(mode) in _PREVENTION_MODES:
            raise outside(f"selfTradePreventionMode={mode} is")
        raise Refusal(-5039)
    if params.get("goodTillDate") is not None:
        raise outside("goodTillDate (timeInForce GTD) is")
