"""Read a new order's parameters and refuse what the venue refuses (pure).

Rules, in the order they are applied; the first that fails gives its code (binance-facts 1.2, 2.2, 3.1, 5):

1. symbol, side and type present (-1102); symbol known (-1121); side (-1117); type (-1116; a type outside this
   model -1020, by name)
2. endpoint: under rules "2025-12-09" conditional types on /order -> -4120; others on /algoOrder -> -1130
3. one-way mode: positionSide absent or BOTH (-4061)
4. closePosition: only STOP_MARKET and TAKE_PROFIT_MARKET (-4136), no quantity (-4137), no reduceOnly (-1106)
5. quantity present (-1102), > 0 (-4003), decimals (-1111), >= min (-4004), <= market max (-4005), step (-4023)
6. trigger price present (-1102), > 0 (-4006), decimals (-1111), tick (-4014)
7. trailing: callbackRate 0.1 to 10 per cent (-1102 absent, -1130 outside); activation on tick (-4014)
8. workingType (-4031); client id pattern (-4015)
9. notional >= the symbol's minimum at mark, exits exempt (-4164)

Then, from state (:mod:`sim.exchange.venue`): -4116, -4140 and -1122 (halt), -2022, -4509, -4130, -4131, -2021.
Off-tick triggers are refused: reported both ways (binance-facts 2.2), and refusing hurts the strategy.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

from sim.exchange.filters import RulesVersion, SymbolFilters
from sim.exchange.replies import Refusal
from sim.exchange.triggers import CONDITIONAL

_MODELLED: Final = frozenset({"MARKET", "STOP_MARKET", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"})
_KNOWN: Final = _MODELLED | {"LIMIT", "STOP", "TAKE_PROFIT"}
_CLOSE_TYPES: Final = frozenset({"STOP_MARKET", "TAKE_PROFIT_MARKET"})
_CLIENT_ID: Final = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_SIDES: Final[dict[object, int]] = {"BUY": 1, "SELL": -1}
_ZERO: Final = Decimal(0)
_ENDLESS: Final = Decimal("Infinity")


class NewOrder(NamedTuple):
    """A new order, read and well-formed."""

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


def _flag(params: dict[str, Any], name: str) -> bool:
    value = params.get(name)
    return value is not None and str(value).lower() == "true"


def _on_grid(
    params: dict[str, Any],
    name: str,
    decimals: int,
    grid: Decimal,
    off_grid: int,
    least: Decimal = _ZERO,
    most: Decimal = _ENDLESS,
) -> Decimal:
    value = _decimal(str(params.get(name, "")))
    if value is None:
        raise _missing(name)
    try:
        on_grid = not value % grid
    except InvalidOperation:
        on_grid = False  # beyond decimal arithmetic: no tick reaches there
    # What is on the grid cannot have too many decimals, and asking that first is cheaper.
    if not on_grid and _decimals_of(value) > decimals:
        raise Refusal(-1111)
    if not least <= value:
        raise Refusal(-4004)
    if not value <= most:
        raise Refusal(-4005)
    if not on_grid:
        raise Refusal(off_grid)
    return value


def _decimals_of(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _missing(name: str) -> Refusal:
    return Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def read_new_order(
    params: dict[str, Any],
    *,
    algo: bool,
    rules: RulesVersion,
    filters: SymbolFilters | None,
    mark: Callable[[], float],
) -> NewOrder:
    """Return the order the parameters describe; raise Refusal with the venue's code otherwise.

    ``filters`` None means the symbol is unknown.  ``mark`` prices the notional (binance-facts 3.1).
    """
    if not (params.get("symbol") and params.get("side") and params.get("type")):
        raise _missing(next(name for name in ("symbol", "side", "type") if not params.get(name)))
    if filters is None:
        raise Refusal(-1121)
    side = _SIDES.get(str(params["side"]), 0)
    if side == 0:
        raise Refusal(-1117)
    order_type = _type(params, algo, rules)
    if params.get("positionSide", "BOTH") != "BOTH":
        raise Refusal(-4061)
    close_position = _flag(params, "closePosition")
    reduce_only = _flag(params, "reduceOnly")
    if close_position:
        if order_type not in _CLOSE_TYPES:
            raise Refusal(-4136)
        if "quantity" in params and str(params["quantity"]) not in ("", "0"):
            raise Refusal(-4137)
        if reduce_only:
            raise Refusal(-1106, "Parameter 'reduceonly' sent when not required.")
        quantity = _ZERO
    else:
        quantity = _quantity(params, filters)
    trigger = activation = _ZERO
    callback = 0.0
    if order_type in _CLOSE_TYPES:
        trigger = _price(params, "triggerPrice" if algo else "stopPrice", filters)
    elif order_type == "TRAILING_STOP_MARKET":
        callback = _callback(params)
        name = "activatePrice" if algo else "activationPrice"
        if params.get(name) not in (None, ""):
            activation = _price(params, name, filters)
    working = params.get("workingType", "CONTRACT_PRICE")
    if working not in ("CONTRACT_PRICE", "MARK_PRICE"):
        raise Refusal(-4031)
    client_id = str(params.get("clientAlgoId" if algo else "newClientOrderId") or "")
    if client_id and not _CLIENT_ID.fullmatch(client_id):
        raise Refusal(-4015)
    if not (close_position or reduce_only) and float(quantity) * mark() < filters.least_notional:
        raise Refusal(
            -4164,
            f"Order's notional must be no smaller than {filters.min_notional} (unless you choose reduce only).",
        )
    return NewOrder(
        symbol=filters.symbol,
        type=order_type,
        side=side,
        quantity=float(quantity),
        trigger_price=float(trigger),
        activation_price=float(activation),
        callback_rate=callback,
        reduce_only=reduce_only,
        close_position=close_position,
        use_mark=working == "MARK_PRICE",
        algo=algo,
        client_id=client_id,
    )


def _type(params: dict[str, Any], algo: bool, rules: RulesVersion) -> str:
    order_type = str(params.get("type"))
    if order_type not in _KNOWN:
        raise Refusal(-1116)
    conditional = order_type in CONDITIONAL
    if algo:
        if params.get("algoType") != "CONDITIONAL":
            raise _missing("algoType")
        if not conditional:
            raise Refusal(-1130, "Data sent for parameter 'type' is not valid.")
    elif conditional and rules == "2025-12-09":
        raise Refusal(-4120)
    if order_type not in _MODELLED:
        raise Refusal(
            -1020, f"This operation is not supported: {order_type} orders are outside this exchange model."
        )
    return order_type


def _quantity(params: dict[str, Any], filters: SymbolFilters) -> Decimal:
    if "quantity" not in params:
        raise _missing("quantity")
    raw = _decimal(str(params["quantity"]))
    if raw is not None and raw <= 0:
        raise Refusal(-4003)
    return _on_grid(
        params,
        "quantity",
        filters.quantity_decimals,
        filters.step,
        -4023,
        filters.min_quantity,
        filters.max_market_quantity,
    )


def _price(params: dict[str, Any], name: str, filters: SymbolFilters) -> Decimal:
    raw = _decimal(str(params.get(name, "")))
    if raw is not None and raw <= 0:
        raise Refusal(-4006)
    return _on_grid(params, name, filters.price_decimals, filters.tick, -4014)


def _callback(params: dict[str, Any]) -> float:
    raw = _decimal(str(params.get("callbackRate", "")))
    if raw is None:
        raise _missing("callbackRate")
    if not Decimal("0.1") <= raw <= 10:
        raise Refusal(-1130, "Data sent for parameter 'callbackRate' is not valid.")
    return float(raw) / 100


def _decimal(text: str) -> Decimal | None:
    """Parse a finite decimal; None when the text is not one."""
    try:
        value = Decimal(text)
    except ArithmeticError:
        return None
    return value if value.is_finite() else None
