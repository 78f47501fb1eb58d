"""Place a position's protection, the stop first, through the safe executor.

What is placed is worked out in :mod:`sim.execution.hybrid_levels`; here it is sent, and counted.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from .conditional import send_conditional
from .hybrid_levels import calculate_hybrid_levels, plan_protection
from .outcomes import Failure, attempt
from .policy_store import SupportsGetPolicy, settings_of
from .precision import NO_FILTERS, SymbolFilters, load_filters, memory_of
from .safe_order_executor import SafeOrderExecutor
from .values import is_long, positive_number

__all__ = ["calculate_hybrid_levels", "place_hybrid_orders"]

_logger = logging.getLogger(__name__)


async def place_hybrid_orders(
    *,
    client: Any,
    symbol: str,
    side: str,
    entry_price: float,
    qty: float,
    risk_sl_percent: float,
    base_tp_percent: float,
    ai_tp_percent: float | None,
    ai_trail_percent: float | None,
    confidence: float,
    policy_store: SupportsGetPolicy | None = None,
    executor: SafeOrderExecutor | None = None,
    can_close: bool = False,
) -> bool:
    """Place the protection of a position and tell whether its stop and base target rest.

    ``side`` is the position's, ``qty`` its size.  ``executor`` None means one with ``policy_store``; one
    that is given brings its own policy where ``policy_store`` is None.  ``can_close`` says that the caller closes a
    position this could not protect: only then may a stop the price has reached be given up.  A failed order
    does not keep the others from being tried.  Raises ValueError or PolicyError before anything is sent.
    """
    levels = calculate_hybrid_levels(
        entry_price=entry_price,
        side=side,
        risk_sl_percent=risk_sl_percent,
        base_tp_percent=base_tp_percent,
        ai_tp_percent=ai_tp_percent,
        ai_trail_percent=ai_trail_percent,
        confidence=confidence,
    )
    if positive_number(qty) is None:
        raise ValueError(f"qty={qty!r}: must be a finite number above 0")
    safe_executor = executor or SafeOrderExecutor(policy_store)
    if policy_store is None and executor is not None:
        policy_store = executor.policy_store
    endpoint = settings_of(policy_store).conditional_endpoint
    filters = await _filters(client, symbol)
    side_norm = "buy" if is_long(side) else "sell"

    async def submit_func(**params: str) -> Any:
        return await send_conditional(client, endpoint, params)

    protected = True
    for order in plan_protection(
        levels,
        symbol=symbol,
        side=side,
        entry_price=entry_price,
        qty=qty,
        base_tp_percent=base_tp_percent,
        filters=filters,
    ):
        trigger = order.params.get("stopPrice")
        result = await safe_executor.place_order_with_safety(
            submit_func=submit_func,
            order_params=order.params,
            symbol=symbol,
            side=side_norm,
            sl_price=trigger if order.order_type == "sl" else None,
            tp_price=trigger if order.order_type == "tp" else None,
            client=client,
            order_type=order.order_type,
            can_close=can_close,
        )
        if result.success:
            _logger.info(
                "%s order placed: order_id=%s, attempts=%d", order.label, result.order_id, result.attempts
            )
        else:
            _logger.error(
                "%s order failed after %d attempts: %s", order.label, result.attempts, result.error_message
            )
            protected = protected and not order.required
    return protected


async def _filters(client: Any, symbol: str) -> SymbolFilters:
    """Return the symbol's filters, asking the venue at most once: the position is bare meanwhile."""
    if memory_of(client).load_failed:
        return NO_FILTERS
    table: Mapping[str, SymbolFilters] | Failure = await attempt(load_filters, client)
    if isinstance(table, Failure):
        _logger.warning(
            "%s: exchange information unavailable, numbers are sent unrounded: %s", symbol, table.message
        )
        return NO_FILTERS
    return table.get(symbol, NO_FILTERS)
