"""Whatever a client's method gives back is waited for, where it can be."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.outcomes import attempt_within
from sim.execution.values import call


async def _later(value: int) -> int:
    await asyncio.sleep(0.1)
    return value


KINDS: dict[str, Any] = {
    "plain": lambda value: value,
    "coroutine": _later,
    "future": lambda value: asyncio.ensure_future(_later(value)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_is_waited_for_whatever_it_comes_in(kind: str) -> None:
    """A plain value, a coroutine, or a task somebody began already."""
    assert run_virtual(call(KINDS[kind], 7)) == 7


@pytest.mark.parametrize("limit_s", [0.0, 1.0])
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_under_a_limit_is_waited_for_whatever_it_comes_in(kind: str, limit_s: float) -> None:
    """The limit, or that there is none, changes nothing of what comes in time."""
    assert run_virtual(attempt_within(limit_s, KINDS[kind], 7)) == 7
