"""The watched executor tells when its caller's own order has changed, and is else the shipped one."""

from __future__ import annotations

import asyncio
from typing import Any

from sim.execution.events import Event
from sim.world.watched import CallerOrderChanged, WatchedPlacer

ORDER = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "stopPrice": "49000.0"}


def placed(submit: Any, order: dict[str, Any]) -> tuple[bool, list[Event]]:
    seen: list[Event] = []
    placer = WatchedPlacer(None, hooks=(seen.append,))
    result = asyncio.run(placer.place_order_with_safety(submit, order, symbol="BTCUSDT", side="buy"))
    return result.success, [event for event in seen if isinstance(event, CallerOrderChanged)]


def test_an_order_left_alone_is_no_event() -> None:
    """The shipped executor copies what it is handed."""

    async def submit(**params: Any) -> dict[str, int]:
        params["stopPrice"] = "1"
        return {"orderId": 7}

    assert placed(submit, dict(ORDER)) == (True, [])


def test_a_changed_order_is_told_with_its_fields() -> None:
    """Whoever writes into the caller's order meanwhile is found out by its fields, in order of their names."""
    order = dict(ORDER)

    async def submit(**_: Any) -> dict[str, int]:
        order.update(stopPrice="48000.0", workingType="MARK_PRICE")
        return {"orderId": 7}

    assert placed(submit, order) == (True, [CallerOrderChanged("BTCUSDT", ("stopPrice", "workingType"))])
