"""Circuits: one per equal refusal, and one for the share of failures among all calls."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.execution import OrderResult, PolicyStore, SafeOrderExecutor, SideCallFailed
from sim.execution.breaker import CallBreaker, CircuitBreaker, circuit_of
from tests.clocks import Clock
from tests.policies import d7_policy


def policy(**values: Any) -> PolicyStore:
    """Make a policy of the given keys."""
    return d7_policy(**values)


# -- equal refusals ----------------------------------------------------------------------------------------


def test_a_circuit_opens_after_equal_refusals_in_a_row(clock: Clock) -> None:
    """The third equal refusal opens it, for as long as the policy says."""
    breaker, circuit = CircuitBreaker(), circuit_of("BTCUSDT", -2019, "Margin is insufficient.")
    assert [breaker.note_failure(circuit, 3, 60.0) for _ in range(4)] == [False, False, True, True]
    assert breaker.is_open(circuit)
    clock.now_s += 60.0
    assert not breaker.is_open(circuit)


def test_a_trial_that_fails_opens_the_circuit_anew(clock: Clock) -> None:
    """After the pause one failure is enough; the next pause begins with it."""
    breaker, circuit = CircuitBreaker(), circuit_of("BTCUSDT", -2019, "")
    for _ in range(2):
        breaker.note_failure(circuit, 2, 60.0)
    clock.now_s += 61.0
    assert breaker.note_failure(circuit, 2, 60.0)
    clock.now_s += 59.0
    assert breaker.is_open(circuit)


def test_a_success_closes_the_symbols_circuits_only(clock: Clock) -> None:
    """A success of one symbol forgets its failures and leaves those of another."""
    breaker = CircuitBreaker()
    mine, other = circuit_of("BTCUSDT", -1008, ""), circuit_of("ETHUSDT", -1008, "")
    for circuit in (mine, other):
        breaker.note_failure(circuit, 2, 60.0)
    breaker.note_success("BTCUSDT")
    assert not breaker.note_failure(mine, 2, 60.0)
    assert breaker.note_failure(other, 2, 60.0)


def test_different_refusals_are_different_circuits_but_numbers_do_not_matter(clock: Clock) -> None:
    """Code, symbol and words tell circuits apart; a time or a limit in the text does not."""
    banned = [f"Way too many requests; IP banned until {at}." for at in (1700000000000, 1700000005000)]
    assert circuit_of("BTCUSDT", -1003, banned[0]) == circuit_of("BTCUSDT", -1003, banned[1])
    kinds = {
        circuit_of("BTCUSDT", -1003, "a"),
        circuit_of("BTCUSDT", -1003, "b"),
        circuit_of("X", -1003, "a"),
    }
    assert len(kinds) == 3


def test_an_executor_stops_at_the_breaker_and_says_so(run: Any, script: Any, error: Any, events: Any) -> None:
    """Of ten attempts allowed three are made: the third equal refusal opens the circuit."""
    venue = script([error(-1001, "Internal error")])
    store = policy(max_order_retries=10, breaker_failures=3)
    executor = SafeOrderExecutor(store, None, None, hooks=[events.append])
    result: OrderResult = run(executor.place_order_with_safety(venue.method, {}, "BTCUSDT", "buy"))
    assert (result.success, result.attempts, len(venue.calls)) == (False, 3, 3)
    said = [event for event in events if isinstance(event, SideCallFailed)]
    assert [event.call for event in said] == ["circuit breaker"]


def test_equal_refusals_never_hold_an_exit_back(run: Any, script: Any, error: Any) -> None:
    """A position waits for it: all attempts are made."""
    venue = script([error(-1001, "Internal error")])
    executor = SafeOrderExecutor(policy(max_order_retries=7, breaker_failures=3))
    order = executor.place_order_with_safety(venue.method, {}, "BTCUSDT", "buy", order_type="exit")
    result: OrderResult = run(order)
    assert (result.success, result.attempts, len(venue.calls)) == (False, 7, 7)


# -- the share of failures among all calls (resilience4j) ----------------------------------------------------


def noted(breaker: CallBreaker, outcomes: list[bool]) -> None:
    """Let calls through and note whether they failed."""
    for failed in outcomes:
        assert breaker.lets_through(10)
        breaker.note(failed, 100, 0.5, 60.0, 10)


def test_the_breaker_judges_no_fewer_calls_than_its_window(clock: Clock) -> None:
    """99 failures leave it closed, the hundredth call opens it."""
    breaker = CallBreaker()
    noted(breaker, [True] * 99)
    assert not breaker.is_open()
    noted(breaker, [True])
    assert breaker.is_open()
    assert not breaker.lets_through(10)


@pytest.mark.parametrize(("failures", "opens"), [(49, False), (50, True)])
def test_the_breaker_opens_at_its_share(clock: Clock, failures: int, opens: bool) -> None:
    """Half of the last hundred calls failed: open; one fewer: closed."""
    breaker = CallBreaker()
    noted(breaker, [False] * (100 - failures) + [True] * failures)
    assert breaker.is_open() is opens


def test_only_the_last_calls_count(clock: Clock) -> None:
    """Failures that a window of successes followed are forgotten."""
    breaker = CallBreaker()
    noted(breaker, [True] * 49 + [False] * 100 + [True] * 49)
    assert not breaker.is_open()


def test_an_open_breaker_lets_ten_trials_through_after_its_pause(clock: Clock) -> None:
    """For 60 s nothing passes, then ten calls and no eleventh until they are judged."""
    breaker = CallBreaker()
    noted(breaker, [True] * 100)
    clock.now_s += 59.9
    assert not breaker.lets_through(10)
    clock.now_s += 0.1
    assert [breaker.lets_through(10) for _ in range(11)] == [True] * 10 + [False]


@pytest.mark.parametrize(("failures", "opens"), [(4, False), (5, True)])
def test_the_trials_decide(clock: Clock, failures: int, opens: bool) -> None:
    """Half of ten trials failed: open for another 60 s; fewer: closed, with a clean window."""
    breaker = CallBreaker()
    noted(breaker, [True] * 100)
    clock.now_s += 60.0
    noted(breaker, [True] * failures + [False] * (10 - failures))
    assert breaker.is_open() is opens
    if not opens:
        noted(breaker, [True] * 99)
        assert not breaker.is_open()


def test_a_late_answer_does_not_judge_an_open_breaker(clock: Clock) -> None:
    """A call sent before the circuit opened neither closes it nor counts as a trial."""
    breaker = CallBreaker()
    noted(breaker, [True] * 100)
    for _ in range(20):
        breaker.note(False, 100, 0.5, 60.0, 10)
    assert breaker.is_open()
    clock.now_s += 60.0
    assert breaker.lets_through(10)


def test_an_open_breaker_holds_first_attempts_back(
    run: Any, script: Any, error: Any, events: Any, loop_clock: None
) -> None:
    """After four failed calls nothing is sent for 60 s; then trials are, and a success closes it."""
    venue = script([*[error(-1001, "Internal error")] * 4, {"orderId": 7}])
    store = policy(
        max_order_retries=2, breaker_window_calls=4, breaker_trial_calls=1, classifier="every-error"
    )
    executor = SafeOrderExecutor(store, None, None, hooks=[events.append])

    async def three() -> list[OrderResult]:
        results = [
            await executor.place_order_with_safety(venue.method, {}, "BTCUSDT", "buy") for _ in range(3)
        ]
        await asyncio.sleep(60.0)
        return [*results, await executor.place_order_with_safety(venue.method, {}, "BTCUSDT", "buy")]

    results = run(three())
    assert [(result.success, result.attempts, result.outcome) for result in results] == [
        (False, 2, "refused"),
        (False, 2, "refused"),
        (False, 0, "refused"),
        (True, 1, "applied"),
    ]
    assert len(venue.calls) == 5


def test_a_breaker_that_opens_meanwhile_withdraws_the_retry(
    run: Any, script: Any, error: Any, loop_clock: None
) -> None:
    """A retry that waits while others fail is not sent: its order is known not to be there."""
    venue = script([error(-1001, "Internal error")])
    store = policy(max_order_retries=2, breaker_window_calls=2)
    executor = SafeOrderExecutor(store)

    async def both() -> list[OrderResult]:
        async def later() -> OrderResult:
            await asyncio.sleep(0.1)
            return await executor.place_order_with_safety(venue.method, {}, "BTCUSDT", "buy")

        first = executor.place_order_with_safety(venue.method, {}, "BTCUSDT", "buy")
        return list(await asyncio.gather(first, later()))

    results = run(both())
    assert [(result.attempts, result.outcome) for result in results] == [(1, "withdrawn"), (1, "refused")]


def test_a_call_that_was_cut_off_counts_as_failed(run: Any, loop_clock: None) -> None:
    """An attempt its caller cancels did not answer in time: a trial never hangs."""
    store = policy(breaker_window_calls=1)
    executor = SafeOrderExecutor(store)

    async def silent(**params: Any) -> Any:
        await asyncio.sleep(3600.0)

    async def cut() -> bool:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await executor.place_order_with_safety(silent, {}, "BTCUSDT", "buy")
        return executor.lets_through("BTCUSDT", store.settings)

    assert run(cut()) is False


def test_a_failure_while_the_circuit_is_open_neither_counts_nor_prolongs(clock: Clock) -> None:
    """It was under way before; the pause ends when it was to end, and a circuit nobody knows is closed."""
    breaker, circuit = CircuitBreaker(), circuit_of("BTCUSDT", -2019, "")
    assert not breaker.is_open(circuit)
    assert breaker.note_failure(circuit, 1, 60.0)
    clock.now_s += 59.0
    assert breaker.note_failure(circuit, 1, 60.0)
    clock.now_s += 1.0
    assert not breaker.is_open(circuit)
    assert breaker.note_failure(circuit, 1, 60.0)
    assert breaker.is_open(circuit)


def test_trials_are_counted_and_old_calls_are_not(clock: Clock) -> None:
    """After the pause two trials pass and no third; what was sent before it opened changes nothing."""
    breaker = CallBreaker()
    breaker.note(True, 1, 0.5, 60.0, 2)
    assert (breaker.is_open(), breaker.lets_through(2)) == (True, False)
    breaker.note(False, 1, 0.5, 60.0, 2)
    clock.now_s += 59.9
    assert (breaker.is_open(), breaker.lets_through(2)) == (True, False)
    clock.now_s += 0.1
    assert not breaker.is_open()
    assert [breaker.lets_through(2) for _ in range(3)] == [True, True, False]
    breaker.note(False, 1, 0.6, 60.0, 2)
    assert not breaker.lets_through(2)
    breaker.note(True, 1, 0.6, 60.0, 2)
    assert [breaker.lets_through(2) for _ in range(3)] == [True, True, True]


def test_the_window_forgets_the_oldest_call(clock: Clock) -> None:
    """Of the last three calls two must fail: a failure and a success earlier do not help."""
    breaker = CallBreaker()
    for failed in (True, False, False, True, False, False):
        breaker.note(failed, 3, 0.6, 60.0, 1)
        assert not breaker.is_open()
    breaker.note(True, 3, 0.6, 60.0, 1)
    assert not breaker.is_open()
    breaker.note(True, 3, 0.6, 60.0, 1)
    assert breaker.is_open()
