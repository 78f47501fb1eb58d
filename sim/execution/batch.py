"""Work out what each order of a batch is, from the little that a raw order says.

A raw order names the side of the *order*, while a placement needs the side of the *position*: for an exit
they are opposite.  A -2021 adjustment on the wrong side would move the stop into the market again and again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .values import is_long

_WRAPPERS = ("order_params", "params")
_TYPES = (("TRAILING", "trailing"), ("TAKE_PROFIT", "tp"), ("STOP", "sl"))


class BatchItem(NamedTuple):
    """Hold one order of a batch with everything a placement asks for."""

    params: Mapping[str, Any]
    side: str
    order_type: str
    sl_price: float | str | None
    tp_price: float | str | None


def unwrap(order: Mapping[str, Any]) -> BatchItem:
    """Return an order of a batch with its parameters, position side, type and prices made explicit.

    The side of an exit that can be recognised by itself (stop, target, trailing, reduceOnly, closePosition)
    comes from the order, whatever the wrapping says: selling cannot close a short.  In hedge mode
    ``positionSide`` names it outright.  Raises ValueError when no side is given at all.
    """
    inner = next((order[name] for name in _WRAPPERS if isinstance(order.get(name), Mapping)), None)
    outer: Mapping[str, Any] = {} if inner is None else order
    params: Mapping[str, Any] = order if inner is None else inner
    inferred = _order_type(params)
    order_type = str(outer.get("order_type") or inferred)
    trigger = params.get("stopPrice", params.get("triggerPrice"))
    sl_price, tp_price = outer.get("sl_price"), outer.get("tp_price")
    return BatchItem(
        params=params,
        side=_position_side(params, outer.get("side"), is_exit=inferred != "entry"),
        order_type=order_type,
        sl_price=trigger if sl_price is None and order_type == "sl" else sl_price,
        tp_price=trigger if tp_price is None and order_type == "tp" else tp_price,
    )


def _order_type(params: Mapping[str, Any]) -> str:
    kind = str(params.get("type", "")).upper()
    for prefix, order_type in _TYPES:
        if kind.startswith(prefix):
            return order_type
    return "exit" if _is_set(params, "reduceOnly") or _is_set(params, "closePosition") else "entry"


def _position_side(params: Mapping[str, Any], said: Any, *, is_exit: bool) -> str:
    hedge = str(params.get("positionSide", "")).upper()
    if hedge in ("LONG", "SHORT"):
        return hedge.lower()
    own = params.get("side")
    if own is None:
        if said is None:
            raise ValueError(f"batch order {dict(params)!r:.120}: side is missing")
        return str(said)
    if is_exit:
        return "short" if is_long(str(own)) else "long"
    return str(own if said is None else said)


def _is_set(params: Mapping[str, Any], name: str) -> bool:
    return str(params.get(name, "")).lower() == "true"
