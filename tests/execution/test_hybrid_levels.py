"""What the protection of a position consists of, before anything is sent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sim.execution.hybrid_levels import HybridLevels, plan_protection
from sim.execution.precision import SymbolFilters

WIDE: HybridLevels = {
    "final_sl_percent": 0.01,
    "final_tp_percent": 0.03,
    "trail_callback_percent": 0.008,
    "mode": "ai",
}


def planned(qty: float, levels: HybridLevels = WIDE) -> list[tuple[str, str, bool]]:
    orders = plan_protection(
        levels,
        symbol="BTCUSDT",
        side="buy",
        entry_price=50_000.0,
        qty=qty,
        base_tp_percent=0.02,
        filters=SymbolFilters(Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal(100)),
    )
    return [(order.label, order.order_type, order.required) for order in orders]


BASE = [("SL", "sl", True), ("TP", "tp", True)]
WIDER = ("AI TP", "tp", False)
TRAILING = ("Trailing", "trailing", False)


@pytest.mark.parametrize(
    ("qty", "orders"),
    [(0.001, BASE), (0.002, [*BASE, WIDER, TRAILING]), (0.5, [*BASE, WIDER, TRAILING])],
)
def test_each_protective_order_says_what_it_is_and_whether_it_must_rest(
    qty: float, orders: list[tuple[str, str, bool]]
) -> None:
    """Stop and base target must; what an AI adds may fail, and is left out of a quantity too small to halve."""
    assert planned(qty) == orders


def test_a_target_no_wider_and_no_trailing_distance_add_nothing() -> None:
    """Each of both by itself."""
    assert planned(0.5, {**WIDE, "final_tp_percent": 0.02}) == [*BASE, TRAILING]
    assert planned(0.5, {**WIDE, "trail_callback_percent": 0.0}) == [*BASE, WIDER]
