"""The clock of further orders, whatever they are: every how manieth wait sends one, and when it stops."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.hedge import Hedge
from sim.execution.policy_keys import Settings


class Noted(Hedge):
    """Note when a further order goes out."""

    __slots__ = ("sent_s",)

    def __init__(self, own: Any, most: int, throttled_ticks: int) -> None:
        super().__init__(own, most, throttled_ticks)
        self.sent_s: list[float] = []

    async def _send(self) -> None:
        self.sent_s.append(asyncio.get_running_loop().time())


@pytest.mark.parametrize(("throttled_ticks", "sent_s"), [(1, [0.25, 0.5]), (2, [0.5, 1.0]), (4, [1.0, 2.0])])
def test_while_the_venue_throttles_an_order_goes_out_every_so_many_waits(
    throttled_ticks: int, sent_s: list[float]
) -> None:
    """As many as whoever made the hedge says, until all of them are sent."""

    async def main() -> list[float]:
        replies = SimpleNamespace(was_throttled=lambda: True, slowest_s=lambda floor_s: 0.0)
        own = SimpleNamespace(
            settings=Settings(hedge_stop_sec=0.25), executor=SimpleNamespace(replies=replies), further=[]
        )
        hedge = Noted(own, 2, throttled_ticks)
        await asyncio.sleep(5.0)
        return hedge.sent_s

    assert run_virtual(main()) == sent_s
