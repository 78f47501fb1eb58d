"""The cost of being careful: a fault-free intent under the policy safe against one under d7, without a simulator."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sim.policies
from sim.execution import EventDrivenExecutor, GlobalRateLimiter, PolicyStore, load_policy
from tests.benchmarks.measure import Row, paired_ratio

_INTENTS = 400
_READ_BACK = {"execution.read_back": False}


class _Client:
    """Answer at once, from memory; every order is accepted and filled."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    async def futures_exchange_info(self) -> Any:
        return {
            "symbols": [
                {"symbol": "BTCUSDT", "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.10"}]}
            ]
        }

    async def futures_symbol_ticker(self, *, symbol: str) -> Any:
        return {"symbol": symbol, "price": "50000.0"}

    async def futures_create_order(self, **params: Any) -> Any:
        return {
            "orderId": next(self._numbers),
            "status": "FILLED",
            "executedQty": "0.5",
            "avgPrice": "50000.0",
        }

    async def _signed_request(self, method: str, path: str, params: dict[str, Any]) -> Any:
        return {"orderId": next(self._numbers), "status": "NEW", "executedQty": "0"}


class _Standing(asyncio.SelectorEventLoop):
    """Let no time pass: on a busy machine the first looks of caretakers would come due within the measure."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = time.monotonic()

    def time(self) -> float:
        """Return when the loop was made, at the cost of a look at the clock."""
        time.monotonic()
        return self._now_s


def _intents(policy: PolicyStore) -> Callable[[], None]:
    async def submit() -> None:
        limiter = GlobalRateLimiter(orders_per_10s=10**6, orders_per_min=10**6, weight_per_min=10**6)
        executor = EventDrivenExecutor(
            _Client(), policy, journal={}, logger_instance=_silent(), limiter=limiter
        )
        for _ in range(_INTENTS):
            result = await executor.submit_order(
                symbol="BTCUSDT",
                side="buy",
                quantity=0.5,
                planned_price=50_000.0,
                sl_percent=0.01,
                tp_percent=0.02,
            )
            assert result.protected

    def run() -> None:
        with asyncio.Runner(loop_factory=_Standing) as runner:
            runner.run(submit())

    return run


def _silent() -> logging.Logger:
    return logging.Logger("benchmark", logging.CRITICAL)


def careful() -> list[Row]:
    """Compare the two policies; reading back is left out, since it is a request more and no computing.

    Beside a venue that answers in no time, what being careful costs weighs most: limiter, journal, ids, caretaker.
    """
    folder = Path(sim.policies.__file__).parent
    safe = PolicyStore({**load_policy(folder / "safe.toml").values, **_READ_BACK})
    return [
        paired_ratio(
            "an intent under safe, without read-back, against d7",
            _intents(safe),
            _intents(load_policy(folder / "d7.toml")),
            1.5,
        )
    ]


BENCHMARKS: dict[str, Callable[[], list[Row]]] = {"careful": careful}
