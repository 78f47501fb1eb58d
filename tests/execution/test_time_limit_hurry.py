"""A limit that is made shorter while its call is under way, at any time of the loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.outcomes import Failure, attempt_under
from sim.execution.time_limit import TimeLimit


@pytest.mark.parametrize("begun_s", [0.0, 10.0])
def test_a_hurried_call_has_as_long_as_was_said_from_then_on(begun_s: float) -> None:
    """Hurried to half a second one second after it began: given up after one and a half."""

    async def hang() -> None:
        await asyncio.sleep(100.0)

    async def main() -> tuple[Any, float]:
        await asyncio.sleep(begun_s)
        limit = TimeLimit(5.0)
        asyncio.get_running_loop().call_later(1.0, limit.hurry, 0.5)
        reply = await attempt_under(limit, hang)
        return reply, asyncio.get_running_loop().time() - begun_s

    reply, took_s = run_virtual(main())
    assert isinstance(reply, Failure)
    assert took_s == pytest.approx(1.5)
