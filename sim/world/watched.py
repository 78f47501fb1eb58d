"""Place orders with the shipped executor and note when the order that was handed over has changed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sim.execution import OrderResult, SafeOrderExecutor
from sim.execution.events import Event


@dataclass(frozen=True, slots=True)
class CallerOrderChanged(Event):
    """The caller's own order was another one when its placement was over; ``fields`` are the names that differ."""

    fields: tuple[str, ...]


class WatchedPlacer(SafeOrderExecutor):
    """Be the shipped executor, and emit :class:`CallerOrderChanged` where it changed its caller's order."""

    async def place_order_with_safety(
        self, submit_func: Callable[..., Any], order_params: Mapping[str, Any], *args: Any, **keywords: Any
    ) -> OrderResult:
        """Place an order as the shipped executor does, and compare it with a copy afterwards."""
        handed_over = dict(order_params)
        result = await super().place_order_with_safety(submit_func, order_params, *args, **keywords)
        if order_params != handed_over:
            names = sorted(handed_over.keys() | order_params.keys())
            changed = tuple(name for name in names if handed_over.get(name) != order_params.get(name))
            self.emit(CallerOrderChanged(str(handed_over.get("symbol", "")), changed))
        return result
