"""Retries and back-off meet their closed forms.

With independent failures at rate p and n attempts a placement succeeds with 1 - p^n, and waits
sum of min(base * 2^(k-1), cap) over its failed attempts but the last.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.execution.event_driven_executor import ExecutionResult
from sim.trace import Trace

Make = Callable[..., Any]
_FIVE_SIGMA = 5.0
"""Each test asks a handful of questions of one fixed seed; at five sigma a true answer is one in millions."""

_TRIALS_PER_INTENT = 10


def _fails_at(p: float) -> dict[str, Any]:
    return {"name": "fails", "code": -1001, "applied": 0.0, "how": {"rate": p}, "match": {"role": "entry"}}


def _only_enter(world: Any, times: int) -> None:
    """Let the strategy enter so many times and stop: a placement is the trial, what follows costs time only."""
    executor = world.executor

    async def enter(**wish: Any) -> ExecutionResult:
        for _ in range(times):
            await executor._executor.place_order_with_safety(
                submit_func=executor._client.futures_create_order,
                order_params={
                    "symbol": wish["symbol"], "side": wish["side"].upper(), "type": "MARKET",
                    "quantity": str(wish["quantity"]),
                },
                symbol=wish["symbol"],
                side=wish["side"],
                client=executor._client,
                order_type="entry",
            )  # fmt: skip
        return ExecutionResult("failed")

    executor.submit_order = enter


def _entries(trace: Trace) -> dict[str, Any]:
    placements = trace.arrays("placement")
    mine = placements["role"] == "entry"
    return {name: values[mine] for name, values in placements.items()}


def _assert_share(hits: int, trials: int, expected: float) -> None:
    sigma = math.sqrt(expected * (1 - expected) / trials)
    assert abs(hits / trials - expected) <= _FIVE_SIGMA * sigma, (hits / trials, expected, sigma)


def _waits_s(failed: int, attempts: int, base_s: float, cap_s: float) -> float:
    return sum(min(base_s * 2 ** (k - 1), cap_s) for k in range(1, min(failed, attempts - 1) + 1))


@pytest.fixture(scope="module")
def retried(make_line: Make, make_plan: Make) -> Callable[..., Trace]:
    """Give the trace of ``trials`` entries that fail at rate p and are tried n times; runs are kept."""

    @cache
    def run(
        p: float, n: int, trials: int, base_s: float = 0.5, cap_s: float = 10.0, whole: bool = False
    ) -> Trace:
        intents = trials if whole else trials // _TRIALS_PER_INTENT
        # Long enough for ten placements that use up all their waits: the settle phase is free of faults.
        hold_us = 1_000_000 if whole else 900_000_000
        plans = [make_plan(number, 1_000_000 + 40_000 * number, hold_us=hold_us) for number in range(intents)]
        policy = {
            "max_order_retries": n, "retry_backoff_base_sec": base_s, "max_retry_backoff_sec": cap_s,
            "guard_entry": False,
        }  # fmt: skip
        world = make_line(plans, faults=[_fails_at(p)], policy=policy)
        if not whole:
            _only_enter(world, _TRIALS_PER_INTENT)
        record = world.run()
        assert (record.ended, record.errors) == ("finished", ())
        trace: Trace = record.trace
        return trace

    return run


def test_five_attempts_at_the_documents_rate(retried: Any) -> None:
    """8,000 entries failing at p = 0.549 succeed within k of 5 attempts with 1 - p^k: 95 % in all."""
    entries = _entries(retried(0.549, 5, 8_000))
    assert entries["success"].size == 8_000
    assert round(1 - 0.549**5, 3) == 0.95
    for k in range(1, 6):
        within = entries["success"] & (entries["attempts"] <= k)
        _assert_share(int(within.sum()), 8_000, 1 - 0.549**k)


@pytest.mark.parametrize(("p", "n"), [(0.1, 1), (0.3, 2), (0.631, 3), (0.8, 8)])
def test_n_attempts_succeed_with_one_less_p_to_the_n(retried: Any, p: float, n: int) -> None:
    """The policy's max_order_retries is n: 1,500 entries succeed with 1 - p^n."""
    entries = _entries(retried(p, n, 1_500))
    _assert_share(int(entries["success"].sum()), 1_500, 1 - p**n)
    assert entries["attempts"].max() <= n
    assert (entries["attempts"][~entries["success"]] == n).all()


@pytest.mark.campaign
@pytest.mark.parametrize(("p", "n"), [(0.05, 2), (0.3, 3), (0.549, 5), (0.631, 5), (0.9, 8)])
def test_n_attempts_succeed_over_20000_whole_intents(retried: Any, p: float, n: int) -> None:
    """20,000 intents carried through to their close: entries succeed with 1 - p^n, to the venue's own record."""
    trace = retried(p, n, 20_000, whole=True)
    entries = _entries(trace)
    _assert_share(int(entries["success"].sum()), 20_000, 1 - p**n)
    fills = trace.arrays("fill")
    assert (fills["role"] == "entry").sum() == entries["success"].sum()


@pytest.mark.parametrize(
    ("n", "base_s", "cap_s"), [(5, 0.5, 10.0), (8, 0.5, 10.0), (8, 0.3, 2.0), (4, 0.0, 10.0), (3, 20.0, 7.0)]
)
def test_back_off_is_the_capped_doubling_and_none_after_the_last(
    retried: Any, n: int, base_s: float, cap_s: float
) -> None:
    """Total back-off = sum of min(base * 2^(k-1), cap), exactly, for every number of failures; none after the last."""
    trace = retried(0.8, n, 1_500, base_s, cap_s)
    entries = _entries(trace)
    failed = entries["attempts"] - entries["success"]
    assert set(failed.tolist()) == set(range(n + 1))
    expected_us = np.array([round(_waits_s(count, n, base_s, cap_s) * 1e6) for count in failed.tolist()])
    assert (entries["backoff_us"] == expected_us).all()
    # The clock agrees with the plan: 40 ms on the wire per attempt; a zero sleep gives way and takes no time.
    assert (entries["ended_us"] - entries["started_us"] == 40_000 * entries["attempts"] + expected_us).all()
    slept = trace.arrays("backoff")
    assert (slept["attempt"] < n).all()


def test_back_off_holds_for_all_of_them(retried: Any) -> None:
    """The seed's waits 0.5, 1, 2, 4 s, to the microsecond, on each of 8,000 entries."""
    entries = _entries(retried(0.549, 5, 8_000))
    failed = entries["attempts"] - entries["success"]
    waits_us = np.array([0, 500_000, 1_500_000, 3_500_000, 7_500_000, 7_500_000])
    assert (entries["backoff_us"] == waits_us[failed]).all()
    assert (
        entries["ended_us"] - entries["started_us"] == 40_000 * entries["attempts"] + waits_us[failed]
    ).all()
