"""Run one coroutine program on any loop and tell what happened, for comparison."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from sim.clock import VirtualLoop

Log = list[Any]
Program = Callable[[Log], Coroutine[Any, Any, Any]]


class StockLoop(asyncio.SelectorEventLoop):
    """A stock loop whose clock jumps to the next timer: asyncio's own code, no real time.

    On a real clock a busy machine decides which of two timers a few milliseconds apart fires first.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0

    def time(self) -> float:
        return self._now_s

    def _run_once(self) -> None:
        scheduled = [handle for handle in self._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]
        if not self._ready and scheduled:  # type: ignore[attr-defined]
            self._now_s = max(self._now_s, min(handle.when() for handle in scheduled))
        super()._run_once()  # type: ignore[misc]


def run(function: Program, loop_factory: Callable[[], Any]) -> tuple[Log, str]:
    log: Log = []

    async def main() -> Any:
        return await function(log)

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        try:
            end = f"returned {runner.run(main())!r}"
        except Exception as error:  # noqa: BLE001 - the exception is the result that is compared
            end = f"raised {error!r}"
    return log, end


@pytest.fixture
def runs_alike() -> Callable[[Program], bool]:
    """Give the comparison of a program's log, value and exception on the virtual and on a stock loop."""

    def compare(function: Program) -> bool:
        assert run(function, VirtualLoop) == run(function, StockLoop)
        return True

    return compare


@pytest.fixture(scope="session")
def stock_loop() -> type[asyncio.AbstractEventLoop]:
    """Give the class of the stock loop."""
    return StockLoop
