"""Read a new order's parameters and refuse what the venue refuses (pure).

Rules, in the order they are applied; the first that fails gives its code.  The venue documents the codes, not their
order: shape before meaning, meaning before filters is assumed.

1. symbol, side and type present (-1102); symbol known (-1121); side (-1117); type (-1116) [binance-facts 1.2]
2. endpoint: algoType CONDITIONAL (-1102), LIMIT and MARKET at the algo endpoint (-1130); under rules "2025-12-09"
   conditional types at /order (-4120) [5]
3. features outside this model by name (-1020): priceMatch, other self-trade prevention than EXPIRE_MAKER, GTD and
   RPI [2.2]
4. a parameter sent empty (-1102 mandatory, -1105 optional), one the type does not take (-1106, timeInForce -1114)
   [1.2]
5. timeInForce GTC, IOC, FOK or GTX (-1115); mandatory for LIMIT (-1102), GTC elsewhere.  GTE_GTC is what the venue
   itself calls a closePosition order's, and may be sent with one [2.2]
6. workingType (-4031), newOrderRespType (-1136), closePosition and priceProtect true or false (-1130), reduceOnly
   true or false (-4062), client id (-4015) [1.2c, 6]
7. positionSide BOTH, LONG or SHORT (-4060), BOTH in one-way mode and one of the others in hedge mode (-4061);
   reduceOnly in hedge mode (-1106) [2.2]
8. closePosition: only STOP_MARKET and TAKE_PROFIT_MARKET, and not to open a hedged side (-4136); no quantity
   (-4137), no reduceOnly (-1106) [2.2]
9. quantity: malformed (-1102), > 0 (-4003), decimals (-1111), LOT_SIZE or MARKET_LOT_SIZE (-4004, -4005, -4023) [3.1]
10. price: malformed (-1102), > 0 (-4001), decimals (-1111), PRICE_FILTER (-4013, -4002, -4014) [3.1]
11. trigger price: the same with -4006 and -4007 [1.2c]
12. trailing: callbackRate 0.1 to 10 per cent (-1102, -1130); activation price (-4135, -1111, -4014) [2.1]
13. PERCENT_PRICE: a LIMIT price against mark (-4016, -4024); a stop's limit price against its trigger (-4183, -4184)
14. notional >= the symbol's minimum, at the order's price or else at mark; what can only close is exempt (-4164) [3.1]

Then, from state (:mod:`sim.exchange.venue`): -4116, -4140 and -1122 (halt), -2022, -4509, -4130, -4131, -2021, -2019.
Off-tick triggers are refused: reported both ways (binance-facts 2.2), and refusing hurts the strategy.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sim.exchange.filters import RulesVersion, SymbolFilters
from sim.exchange.replies import Refusal
from sim.exchange.rules.numbers import (
    check_against_trigger,
    check_band,
    read_activation,
    read_callback,
    read_price,
    read_quantity,
    read_trigger,
)
from sim.exchange.rules.parameters import (
    ALGO_SHAPES,
    ORDER_SHAPES,
    SOMETIMES_OUTSIDE,
    Shape,
    refuse_empty,
    refuse_outside,
    refuse_unwanted,
)
from sim.exchange.rules.texts import invalid, missing, outside, unwanted

_SIDES: Final[dict[str, int]] = {"BUY": 1, "SELL": -1}
_TIMES_IN_FORCE: Final = frozenset({"GTC", "IOC", "FOK", "GTX"})
_ID_CHARACTERS: Final = ".ABCDEFGHIJKLMNOPQRSTUVWXYZ:/abcdefghijklmnopqrstuvwxyz0123456789_-"
_ZERO: Final = Decimal(0)


class NewOrder(NamedTuple):
    """A new order, read and well-formed.

    ``side`` is 1 to buy and -1 to sell; ``price`` 0.0 where there is none.  ``position_side`` "BOTH", "LONG" or
    "SHORT"; ``time_in_force`` "GTC", "IOC", "FOK" or "GTX"; ``response`` "ACK" or "RESULT".
    """

    symbol: str
    type: str
    side: int
    quantity: float
    trigger_price: float
    activation_price: float
    callback_rate: float
    reduce_only: bool
    close_position: bool
    use_mark: bool
    algo: bool
    client_id: str
    position_side: str = "BOTH"
    price: float = 0.0
    time_in_force: str = "GTC"
    price_protect: bool = False
    response: str = "ACK"


def read_new_order(
    params: dict[str, Any],
    *,
    algo: bool,
    rules: RulesVersion,
    filters: SymbolFilters | None,
    mark: Callable[[], float],
    hedge: bool = False,
) -> NewOrder:
    """Return the order the parameters describe; raise Refusal with the venue's code otherwise.

    ``filters`` None means the symbol is unknown.  ``mark`` is what notional and PERCENT_PRICE go by (binance-facts
    3.1).  ``hedge``: the account's position mode.
    """
    given = params.get
    if not (given("symbol") and given("side") and given("type")):
        raise missing(next(name for name in ("symbol", "side", "type") if not given(name)))
    if filters is None:
        raise Refusal(-1121)
    side = _SIDES.get(str(params["side"]), 0)
    if side == 0:
        raise Refusal(-1117)
    order_type = str(params["type"])
    shape = _shape_of(order_type, params, algo, rules)
    if not SOMETIMES_OUTSIDE.isdisjoint(params):
        refuse_outside(params)
    if "" in params.values():
        refuse_empty(params)
    if not shape.unwanted.isdisjoint(params):
        refuse_unwanted(params, shape.unwanted)
    time_in_force = _time_in_force(params, order_type)
    use_mark = _choice(given("workingType"), "CONTRACT_PRICE", "MARK_PRICE", -4031)
    wants_result = _choice(given("newOrderRespType"), "ACK", "RESULT", -1136)
    close_position = _flag(given("closePosition"), "closePosition")
    reduce_only = _flag(given("reduceOnly"), "reduceOnly")
    price_protect = _flag(given("priceProtect"), "priceProtect")
    client_id = _client_id(given("clientAlgoId" if algo else "newClientOrderId"))
    position_side = _position_side(params, hedge)
    quantity = price = trigger = activation = _ZERO
    if close_position:
        opens = hedge and (side > 0) == (position_side == "LONG")
        _check_close(params, shape, reduce_only, opens)
    else:
        quantity = read_quantity(given("quantity"), filters, at_market=shape.at_market)
    if not shape.at_market:
        price = read_price(given("price"), filters)
    callback = 0.0
    if shape.trigger:
        trigger = read_trigger(given(shape.trigger), shape.trigger, filters)
    elif shape.activation:
        callback = read_callback(given("callbackRate"))
        if given(shape.activation) is not None:
            activation = read_activation(params[shape.activation], filters)
    if price and trigger:
        check_against_trigger(price, side, trigger, filters)
    elif price:
        check_band(price, side, mark(), filters)
    if not (close_position or reduce_only or (hedge and (side > 0) == (position_side == "SHORT"))):
        _check_notional(params, quantity, price, mark, filters)
    # What was read as a decimal is the same float read from its text, and that costs a tenth.
    return NewOrder(
        filters.symbol,
        order_type,
        side,
        float(params["quantity"]) if quantity else 0.0,
        float(params[shape.trigger]) if trigger else 0.0,
        float(params[shape.activation]) if activation else 0.0,
        callback,
        reduce_only,
        close_position,
        use_mark,
        algo,
        client_id,
        position_side,
        float(params["price"]) if price else 0.0,
        time_in_force,
        price_protect,
        "RESULT" if wants_result else "ACK",
    )


def _shape_of(order_type: str, params: dict[str, Any], algo: bool, rules: RulesVersion) -> Shape:
    shape = (ALGO_SHAPES if algo else ORDER_SHAPES).get(order_type)
    if shape is None:
        raise Refusal(-1116)
    if algo:
        if params.get("algoType") != "CONDITIONAL":
            raise missing("algoType")
        if not shape.conditional:
            raise invalid("type")
    elif shape.conditional and rules == "2025-12-09":
        raise Refusal(-4120)
    return shape


def _time_in_force(params: dict[str, Any], order_type: str) -> str:
    given = params.get("timeInForce")
    if given is None:
        if order_type == "LIMIT":
            raise missing("timeInForce")
        return "GTC"
    text = str(given)
    if text in _TIMES_IN_FORCE:
        return text
    if text == "GTE_GTC" and _flag(params.get("closePosition"), "closePosition"):
        return "GTC"
    if text in ("GTD", "RPI", "GTE_GTC"):
        raise outside(f"timeInForce={text} is")
    raise Refusal(-1115)


def _choice(given: Any, default: str, other: str, code: int) -> bool:
    """Tell whether ``other`` was asked for rather than ``default``; refuse anything else with ``code``."""
    if given is None or given == default:
        return False
    if given == other:
        return True
    raise Refusal(code)


def _flag(given: Any, name: str) -> bool:
    if given is None:
        return False
    if given == "true" or given is True:
        return True
    text = str(given).lower()
    if text == "true":
        return True
    if text == "false":
        return False
    raise Refusal(-4062) if name == "reduceOnly" else invalid(name)


def _client_id(given: Any) -> str:
    if given is None:
        return ""
    text = str(given)
    if len(text) > 36:
        raise Refusal(-4015, "Client order id length should be less than 36 chars.")
    # Stripping every allowed character leaves something exactly when another one is among them.
    if text.strip(_ID_CHARACTERS):
        raise Refusal(-4015)
    return text


def _position_side(params: dict[str, Any], hedge: bool) -> str:
    given = params.get("positionSide")
    if given is None and not hedge:
        return "BOTH"
    side = "BOTH" if given is None else str(given)
    if side not in ("BOTH", "LONG", "SHORT"):
        raise Refusal(-4060)
    if (side != "BOTH") != hedge:
        raise Refusal(-4061)
    if hedge and params.get("reduceOnly") is not None:
        raise unwanted("reduceOnly")
    return side


def _check_close(params: dict[str, Any], shape: Shape, reduce_only: bool, opens: bool) -> None:
    if not shape.closes or opens:
        raise Refusal(-4136)
    if params.get("quantity") is not None and str(params["quantity"]) != "0":
        raise Refusal(-4137)
    if reduce_only:
        raise unwanted("reduceOnly")


def _check_notional(
    params: dict[str, Any],
    quantity: Decimal,
    price: Decimal,
    mark: Callable[[], float],
    filters: SymbolFilters,
) -> None:
    if price:
        enough = quantity * price >= filters.min_notional
    else:
        enough = float(params["quantity"]) * mark() >= filters.least_notional
    if not enough:
        raise Refusal(
            -4164,
            f"Order's notional must be no smaller than {filters.min_notional} (unless you choose reduce only).",
        )
