"""Budgets of retries: a share of the requests, a bucket, a number at one time, a time for all; and Brooker's laws."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.chance import Stream
from sim.clock import run_virtual
from sim.execution import OrderResult, SafeOrderExecutor, SideCallFailed
from sim.execution.retry_budget import RetryBudget, RetrySlots, TokenBucket
from tests.clocks import Clock
from tests.policies import d7_policy


def executor_of(hooks: Any = (), **values: Any) -> SafeOrderExecutor:
    """Make an executor with a policy of the given keys."""
    store = d7_policy(**values)
    return SafeOrderExecutor(store, hooks=hooks)


async def place(executor: SafeOrderExecutor, submit: Any) -> OrderResult:
    """Place an entry that carries nothing."""
    return await executor.place_order_with_safety(submit, {}, "BTCUSDT", "buy")


# -- a share of the requests (Finagle) ----------------------------------------------------------------------


def test_retries_are_a_share_of_the_recent_requests(clock: Clock) -> None:
    """Ten requests at 20 % pay for two retries and no third."""
    budget = RetryBudget()
    for _ in range(10):
        budget.deposit(10.0)
    assert [budget.withdraw(0.2, 0.0, 10.0) for _ in range(3)] == [True, True, False]


def test_a_rate_is_granted_whatever_the_share(clock: Clock) -> None:
    """Without any request 10 a second over 10 s are granted, and again once they are forgotten."""
    budget = RetryBudget()
    assert sum(budget.withdraw(0.2, 10.0, 10.0) for _ in range(150)) == 100
    clock.now_s += 10.1
    assert sum(budget.withdraw(0.2, 10.0, 10.0) for _ in range(150)) == 100


def test_requests_are_forgotten_after_the_window(clock: Clock) -> None:
    """What was asked before the window pays for nothing now."""
    budget = RetryBudget()
    for _ in range(10):
        budget.deposit(10.0)
    clock.now_s += 10.1
    assert not budget.withdraw(0.2, 0.0, 10.0)


def test_an_executor_pays_retries_from_first_attempts_only(
    run: Any, script: Any, error: Any, events: Any, loop_clock: None
) -> None:
    """Ten placements at a ratio of 0.5 get five retries in all, though each might make nine."""
    venue = script([error(-1001, "Internal error")])
    executor = executor_of(
        [events.append], max_order_retries=10, retry_backoff_base_sec=0.0, retry_budget_ratio=0.5,
        retry_budget_per_sec=0.0,
    )  # fmt: skip

    async def ten() -> list[OrderResult]:
        return list(await asyncio.gather(*(place(executor, venue.method) for _ in range(10))))

    results = run(ten())
    assert sum(result.attempts for result in results) == len(venue.calls) == 15
    said = {event.call for event in events if isinstance(event, SideCallFailed)}
    assert said == {"retry budget"}


# -- a bucket (gRFC A6) -------------------------------------------------------------------------------------


def test_the_throttle_stops_at_half_and_recovers_by_successes() -> None:
    """Ten tokens: four failures may be retried, the fifth not; ten successes at 0.1 make up for one failure."""
    bucket = TokenBucket()

    def fails() -> bool:
        bucket.charge(10.0, 0.5)
        return bucket.grants(10.0, 0.5)

    assert [fails() for _ in range(5)] == [True, True, True, True, False]
    assert bucket.tokens(10.0) == 5.0
    for _ in range(11):
        bucket.put(0.1)
    assert bucket.tokens(10.0) == pytest.approx(6.1)
    assert fails()
    assert not fails()


def test_a_bucket_is_never_below_empty_nor_above_full() -> None:
    """A long outage costs no more than the bucket, and a long calm saves no more."""
    bucket = TokenBucket()
    for _ in range(100):
        bucket.charge(10.0, 0.5)
    assert bucket.tokens(10.0) == 0.0
    for _ in range(1000):
        bucket.put(0.1)
    assert bucket.tokens(10.0) == 10.0


def test_a_bucket_without_a_mark_pays_for_retries_not_for_failures() -> None:
    """With the mark at 0 a failure is free and a retry costs a token, while there is a whole one."""
    bucket = TokenBucket()
    bucket.charge(2.0, 0.0)
    assert [bucket.grants(2.0, 0.0) for _ in range(3)] == [True, True, False]
    bucket.put(0.9)
    assert not bucket.grants(2.0, 0.0)
    bucket.put(0.1)
    assert bucket.grants(2.0, 0.0)


def test_an_executor_throttles_by_failures_worth_a_retry(run: Any, script: Any, error: Any) -> None:
    """Of five attempts each, all placements together make four retries; refusals for good cost nothing."""
    keys = {"max_order_retries": 5, "retry_backoff_base_sec": 0.0, "throttle_tokens": 10.0}
    executor = executor_of(classifier="unprocessed", **keys)
    refusing, failing = (
        script([error(-2019, "Margin is insufficient.")]),
        script([error(-1001, "Internal error")]),
    )

    async def many() -> None:
        for _ in range(20):
            await place(executor, refusing.method)
        for _ in range(20):
            await place(executor, failing.method)

    run(many())
    assert (len(refusing.calls), len(failing.calls)) == (20, 24)


# -- so many at one time (Envoy) ----------------------------------------------------------------------------


def test_slots_are_taken_and_given_back() -> None:
    """Three retries at one time; each that ends makes room for another."""
    slots = RetrySlots()
    assert [slots.take(3) for _ in range(4)] == [True, True, True, False]
    slots.give_back()
    assert slots.take(3)


def test_an_executor_has_no_more_retries_under_way_than_allowed(run: Any, error: Any) -> None:
    """Of ten orders that fail at once three are sent again; once those have ended, others may be."""
    calls: list[float] = []

    async def failing(**params: Any) -> Any:
        calls.append(asyncio.get_running_loop().time())
        await asyncio.sleep(1.0)
        raise error(-1001, "Internal error")

    executor = executor_of(max_order_retries=2, max_parallel_retries=3)

    async def twice() -> None:
        for _ in range(2):
            await asyncio.gather(*(place(executor, failing) for _ in range(10)))

    run(twice())
    assert len(calls) == 26


@pytest.mark.parametrize("cut_s", [1.2, 1.7])
def test_a_retry_that_is_cut_off_gives_its_slot_back(run: Any, error: Any, cut_s: float) -> None:
    """Cancelled while it waits or while it is under way, a retry holds nothing afterwards."""

    async def failing(**params: Any) -> Any:
        await asyncio.sleep(1.0)
        raise error(-1001, "Internal error")

    executor = executor_of(max_order_retries=2, max_parallel_retries=1)

    async def cut_then_again() -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(cut_s):
                await place(executor, failing)
        return (await place(executor, failing)).attempts

    assert run(cut_then_again()) == 2


# -- one time-out over all tries ----------------------------------------------------------------------------


def test_a_placement_ends_within_its_time(run: Any, error: Any) -> None:
    """The last attempt is cut at 15 s after the first, and its outcome is open."""

    async def slow(**params: Any) -> Any:
        await asyncio.sleep(10.0)
        raise error(-1001, "Internal error")

    result = run(place(executor_of(placement_timeout_sec=15.0), slow))
    assert (result.success, result.attempts, result.duration_sec) == (False, 2, pytest.approx(15.0))
    assert result.outcome == "unknown"


def test_no_wait_begins_that_would_end_after_the_placements_time(run: Any, script: Any, error: Any) -> None:
    """Waits of 0.5, 1 and 2 s fit into 4 s; the fourth, of 4 s, does not and is not begun."""
    venue = script([error(-1001, "Internal error")])
    result = run(place(executor_of(placement_timeout_sec=4.0), venue.method))
    assert (result.attempts, result.duration_sec, result.outcome) == (4, pytest.approx(3.5), "refused")


def test_an_attempts_own_limit_holds_where_it_is_shorter(run: Any) -> None:
    """With 1 s for an attempt and 3 s for all, each attempt ends after its second."""

    async def silent(**params: Any) -> Any:
        await asyncio.sleep(3600.0)

    executor = executor_of(placement_timeout_sec=3.0, attempt_timeout_sec=1.0, retry_backoff_base_sec=0.0)
    result = run(place(executor, silent))
    assert (result.attempts, result.duration_sec) == (3, pytest.approx(3.0, abs=1e-5))


# -- Brooker's regularities (policies 2) --------------------------------------------------------------------


def load_and_failures(failing: float, retries: int, bucket_ratio: float = 0.0) -> tuple[float, float]:
    """Place 2000 orders at a venue that fails a share of attempts; return attempts and lost orders per order."""
    orders, sent, lost = 2000, 0, 0
    draw = Stream(7, f"brooker/{failing}/{retries}/{bucket_ratio}").uniform
    keys: dict[str, Any] = {"max_order_retries": 1 + retries, "retry_backoff_base_sec": 0.0}
    if bucket_ratio:
        keys |= {"throttle_tokens": 10.0, "throttle_ratio": bucket_ratio, "throttle_stop_share": 0.0}
    executor = executor_of(classifier="unprocessed", **keys)

    def submit(**params: Any) -> Any:
        nonlocal sent
        sent += 1
        return {"code": -1001, "msg": "Internal error"} if draw(sent) < failing else {"orderId": sent}

    async def all_orders() -> None:
        nonlocal lost
        for _ in range(orders):
            lost += not (await place(executor, submit)).success

    run_virtual(all_orders())
    return sent / orders, lost / orders


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", logger="sim.execution")


@pytest.mark.parametrize("retries", [1, 3])
def test_retries_multiply_the_work_of_an_outage(retries: int) -> None:
    """At total failure N retries do 1 + N work and rescue nothing."""
    assert load_and_failures(1.0, retries) == (1 + retries, 1.0)


@pytest.mark.parametrize("failing", [0.1, 0.3, 0.5])
def test_retries_shrink_independent_failures_to_a_power(failing: float) -> None:
    """With a share x failing, N retries leave about x to the power of N + 1, for 1 + x + ... + x^N of work."""
    load, lost = load_and_failures(failing, 3)
    assert lost == pytest.approx(failing**4, abs=0.015)
    assert load == pytest.approx(sum(failing**k for k in range(4)), abs=0.05)


@pytest.mark.parametrize("failing", [0.02, 0.05])
def test_below_a_tenth_a_bucket_does_what_free_retries_do(failing: float) -> None:
    """A bucket of 0.1 token per success grants nearly all retries while fewer than a tenth fail."""
    load, lost = load_and_failures(failing, 3, bucket_ratio=0.1)
    assert load == pytest.approx(1 / (1 - failing), abs=0.01)
    assert lost < failing / 10


@pytest.mark.parametrize("failing", [0.3, 0.5, 0.8])
def test_above_a_tenth_a_bucket_adds_a_tenth_of_a_retry_per_success(failing: float) -> None:
    """Beyond, the retries are 0.1 of the successes, so the work stays below 1.1 where free retries do up to 4."""
    load, lost = load_and_failures(failing, 3, bucket_ratio=0.1)
    assert load - 1 == pytest.approx(0.1 * (1 - lost), abs=0.01)
    assert load < 1.1 < load_and_failures(failing, 3)[0]


def test_at_total_failure_a_bucket_retries_no_more_than_it_held() -> None:
    """Ten tokens and no success: ten retries among 2000 orders."""
    assert load_and_failures(1.0, 3, bucket_ratio=0.1) == (2010 / 2000, 1.0)


def test_requests_are_forgotten_when_counted_and_remembered_to_the_windows_edge(clock: Clock) -> None:
    """Exactly ten seconds old still pays; a tenth older does not, and a slot given back is free again."""
    budget = RetryBudget()
    budget.deposit(10.0)
    clock.now_s += 10.0
    assert budget.withdraw(1.0, 0.0, 10.0)
    assert not budget.withdraw(1.0, 0.0, 10.0)
    clock.now_s += 0.1
    budget.deposit(10.0)
    assert len(budget._requests_s) == 1
    slots = RetrySlots()
    assert [slots.take(1), slots.take(1)] == [True, False]
    slots.give_back()
    assert [slots.take(1), slots.take(1)] == [True, False]
