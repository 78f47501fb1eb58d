"""Placements: adjustment of stops, waits, log lines, events, cancellation and batches."""

from __future__ import annotations

import asyncio
import functools
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.clock import run_virtual
from sim.execution import (
    AttemptFailed,
    BackoffStarted,
    OrderResult,
    PlacementEnded,
    PlacementStarted,
    PolicyStore,
    SafeOrderExecutor,
    SideCallFailed,
    StopAdjusted,
)
from sim.execution.precision import load_filters
from tests.policies import d7_policy

WOULD_TRIGGER = (-2021, "Order would immediately trigger")


def policy(**values: Any) -> PolicyStore:
    return d7_policy(**values)


def place(run: Any, executor: SafeOrderExecutor, submit: Any, params: Any, **rest: Any) -> OrderResult:
    rest = {"symbol": "BTCUSDT", "side": "buy", "order_type": "sl", **rest}
    result: OrderResult = run(executor.place_order_with_safety(submit, params, **rest))
    return result


def test_the_log_of_a_retry_is_the_documents(run: Any, script: Any, error: Any, log: Any) -> None:
    """Failure, wait and success after a retry are logged letter for letter."""
    venue = script([error(-1001, "Internal error"), {"orderId": 67890}])

    async def slow(**params: Any) -> Any:
        await asyncio.sleep(0.35)
        return venue.step(params)

    place(run, SafeOrderExecutor(policy(), None, log.logger), slow, {})
    assert log.lines == [
        "[SAFE-EXECUTOR] ❌ Attempt 1/5 failed for BTCUSDT sl order: code=-1001, msg=Internal error",
        "[SAFE-EXECUTOR] Waiting 0.50s before retry 2",
        "[SAFE-EXECUTOR] ✅ BTCUSDT sl order placed: order_id=67890, attempts=2, duration=1.2s",
    ]


def test_the_log_of_an_adjustment_is_the_documents(
    run: Any, script: Any, error: Any, log: Any, fake_client: Any
) -> None:
    """The line of an adjusted stop names side, price, old and new trigger."""
    venue = script([error(*WOULD_TRIGGER), {"orderId": 11111}])
    executor = SafeOrderExecutor(policy(), None, log.logger)
    place(run, executor, venue.method, {"stopPrice": 50100.0}, client=fake_client())
    assert log.lines[:2] == [
        "[SAFE-EXECUTOR] ❌ Attempt 1/5 failed for BTCUSDT sl order: code=-2021, "
        "msg=Order would immediately trigger",
        "[SAFE-EXECUTOR] BTCUSDT LONG: current_price=$50000.00, adjusted SL from $50100.00 to $49950.00",
    ]


def test_the_log_of_a_total_failure_is_the_documents(run: Any, script: Any, error: Any, log: Any) -> None:
    """When attempts run out, one line sums up; a failure not worth resending has a line of its own."""
    executor = SafeOrderExecutor(policy(), None, log.logger)
    place(run, executor, script([error(-1001, "Internal error")]).method, {}, order_type="entry")
    assert log.lines[-2:] == [
        "[SAFE-EXECUTOR] ❌ Attempt 5/5 failed for BTCUSDT entry order: code=-1001, msg=Internal error",
        "[SAFE-EXECUTOR] ❌ All 5 attempts failed for BTCUSDT entry order: code=-1001, "
        "msg=Internal error, duration=7.5s",
    ]
    place(run, executor, script([error(-1121, "Invalid symbol.")]).method, {}, order_type="entry")
    assert log.lines[-1] == (
        "[SAFE-EXECUTOR] ❌ Non-retryable failure for BTCUSDT entry order: code=-1121, "
        "msg=Invalid symbol., duration=0.0s"
    )


def test_hooks_see_the_whole_placement(run: Any, script: Any, error: Any, fake_client: Any) -> None:
    """Every event arrives, frozen and in order."""
    seen: list[Any] = []
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    executor = SafeOrderExecutor(policy(), hooks=[seen.append])
    result = place(run, executor, venue.method, {"stopPrice": 50100.0}, client=fake_client())
    assert seen == [
        PlacementStarted("BTCUSDT", "buy", "sl", 5),
        AttemptFailed("BTCUSDT", "sl", 1, 5, *WOULD_TRIGGER, True),
        StopAdjusted("BTCUSDT", "buy", 50100.0, 49950.0, 50000.0),
        BackoffStarted("BTCUSDT", "sl", 0.5, 2),
        PlacementEnded("BTCUSDT", "buy", "sl", result, False),
    ]
    with pytest.raises(AttributeError):
        seen[0].symbol = "ETHUSDT"


def test_a_failing_hook_cannot_stop_an_order(run: Any, script: Any, log: Any) -> None:
    """A hook that raises is reported, and the order goes out all the same."""

    def broken(event: Any) -> None:
        raise RuntimeError("hook")

    venue = script([{"orderId": 1}])
    executor = SafeOrderExecutor(policy(), None, log.logger, hooks=[broken])
    assert place(run, executor, venue.method, {}).success
    assert any("hook" in line and "PlacementStarted" in line for line in log.lines)


@pytest.mark.parametrize(
    ("trigger", "expected"), [(50100.0, 49950.0), ("50100.0", "49950.0"), ("50100", "49950.0")]
)
def test_an_adjusted_trigger_keeps_its_type(
    run: Any, script: Any, error: Any, fake_client: Any, trigger: Any, expected: Any
) -> None:
    """Text stays text, a number stays a number; the caller's parameters stay as they were."""
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    params = {"type": "STOP_MARKET", "stopPrice": trigger}
    place(run, SafeOrderExecutor(policy()), venue.method, params, sl_price=trigger, client=fake_client())
    assert venue.calls[1]["stopPrice"] == expected
    assert type(venue.calls[1]["stopPrice"]) is type(expected)
    assert params == {"type": "STOP_MARKET", "stopPrice": trigger}


def test_an_algo_order_is_adjusted_under_its_own_field(
    run: Any, script: Any, error: Any, fake_client: Any
) -> None:
    """Where the trigger is called triggerPrice, that field moves and no other appears."""
    venue = script([error(*WOULD_TRIGGER), {"algoId": 1}])
    params = {"algoType": "CONDITIONAL", "triggerPrice": "50100.0"}
    assert place(run, SafeOrderExecutor(policy()), venue.method, params, client=fake_client()).success
    assert venue.calls[1] == {"algoType": "CONDITIONAL", "triggerPrice": "49950.0"}


@pytest.mark.parametrize(("side", "expected"), [("buy", "49951.3"), ("sell", "50051.4")])
def test_known_filters_bring_an_adjusted_stop_on_tick(
    run: Any, script: Any, error: Any, fake_client: Any, side: str, expected: str
) -> None:
    """The new trigger is on tick, away from the market, and the filters are not loaded for it."""
    client = fake_client(mark="50001.33")
    run(load_filters(client))
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    place(run, SafeOrderExecutor(policy()), venue.method, {"stopPrice": "50100.0"}, side=side, client=client)
    assert venue.calls[1]["stopPrice"] == expected
    assert client.names() == ["info", "mark"]


def test_unknown_filters_are_not_loaded_for_a_bare_position(
    run: Any, script: Any, error: Any, fake_client: Any
) -> None:
    """Without filters the new trigger goes out exact and unrounded."""
    client = fake_client(mark="50001.33")
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    place(run, SafeOrderExecutor(policy()), venue.method, {"stopPrice": "50100.0"}, client=client)
    assert venue.calls[1]["stopPrice"] == "49951.32867"
    assert client.names() == ["mark"]


@pytest.mark.parametrize("mark", [TimeoutError(), "nan", "0", None])
def test_a_failed_mark_read_keeps_the_price_and_says_so(
    run: Any, script: Any, error: Any, fake_client: Any, mark: Any
) -> None:
    """The stop is sent again unchanged when the mark cannot be read."""
    seen: list[Any] = []
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    executor = SafeOrderExecutor(policy(), hooks=[seen.append])
    params = {"stopPrice": "50100.0"}
    assert place(run, executor, venue.method, params, client=fake_client(mark=mark)).success
    assert venue.calls == [params, params]
    assert [event.consequence for event in seen if isinstance(event, SideCallFailed)] == [
        "the stop price stays"
    ]


def test_without_a_client_the_price_stays(run: Any, script: Any, error: Any) -> None:
    """Nobody can be asked for the mark, so the stop is sent again as it was."""
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    assert place(run, SafeOrderExecutor(policy()), venue.method, {"stopPrice": 50100.0}).attempts == 2
    assert venue.calls[1] == {"stopPrice": 50100.0}


def test_a_mock_without_a_mark_falls_back_to_its_ticker(run: Any, script: Any, error: Any) -> None:
    """A mark that is no mapping is no mark; the ticker decides."""
    client = AsyncMock()
    client.futures_mark_price.return_value = [{"markPrice": "1"}]
    client.futures_symbol_ticker.return_value = {"price": 50000.0}
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    place(run, SafeOrderExecutor(policy()), venue.method, {"stopPrice": 50100.0}, client=client)
    assert venue.calls[1]["stopPrice"] == 49950.0


@pytest.mark.parametrize("order_type", ["entry", "tp", "trailing", "exit"])
def test_only_stops_are_adjusted(
    run: Any, script: Any, error: Any, fake_client: Any, order_type: str
) -> None:
    """-2021 on anything but a stop is resent unchanged, and no price is read."""
    client = fake_client()
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    place(
        run,
        SafeOrderExecutor(policy()),
        venue.method,
        {"stopPrice": 1.0},
        client=client,
        order_type=order_type,
    )
    assert venue.calls[1] == {"stopPrice": 1.0}
    assert client.names() == []


def test_adjustment_is_policy(run: Any, script: Any, error: Any, fake_client: Any) -> None:
    """The switch turns adjustment off, and the buffer sets its distance."""
    client = fake_client()
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    executor = SafeOrderExecutor(policy(adjust_sl_on_2021=False))
    place(run, executor, venue.method, {"stopPrice": 50100.0}, client=client)
    assert (venue.calls[1], client.names()) == ({"stopPrice": 50100.0}, [])
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    executor = SafeOrderExecutor(policy(sl_adjustment_buffer_pct=0.01))
    place(run, executor, venue.method, {"stopPrice": 50100.0}, client=client)
    assert venue.calls[1]["stopPrice"] == 49500.0


def test_the_mark_is_read_before_the_wait(run: Any, script: Any, error: Any) -> None:
    """d7 reads, waits and sends, in this order: the price is as old as the wait when it is used."""
    read_at: list[float] = []

    class Client:
        async def futures_mark_price(self, *, symbol: str) -> dict[str, str]:
            read_at.append(asyncio.get_running_loop().time())
            return {"markPrice": "50000"}

    async def main() -> tuple[float, list[float]]:
        started = asyncio.get_running_loop().time()
        venue = script([error(*WOULD_TRIGGER)] * 2 + [{"orderId": 1}])
        await SafeOrderExecutor(policy()).place_order_with_safety(
            venue.method, {"stopPrice": 50100.0}, "BTCUSDT", "buy", client=Client(), order_type="sl"
        )
        return asyncio.get_running_loop().time() - started, [at - started for at in read_at]

    duration, reads = run(main())
    assert reads == pytest.approx([0.0, 0.5])
    assert duration == pytest.approx(1.5)


def test_silence_is_resent(run: Any, script: Any) -> None:
    """A time-out without any code gets another attempt, unless the policy says not."""
    outcomes = [TimeoutError(), ConnectionResetError(), {"orderId": 1}]
    assert place(run, SafeOrderExecutor(policy()), script(outcomes).method, {}).attempts == 3
    never = SafeOrderExecutor(policy(retry_timeouts=False))
    result = place(run, never, script(outcomes).method, {})
    assert result == OrderResult(False, None, None, "TimeoutError", 1, 0.0)


@pytest.mark.parametrize("reply", [None, {}, {"status": "NEW"}])
def test_a_reply_without_an_id_is_a_failure(run: Any, script: Any, callable_kind: Any, reply: Any) -> None:
    """An empty reply is never booked as an order, and not resent either: its outcome is unknown."""
    venue = script([reply])
    result = place(run, SafeOrderExecutor(policy()), callable_kind(venue), {})
    assert not result.success
    assert result.order_id is None
    assert len(venue.calls) == 1


def test_an_error_in_the_body_is_classified_like_one_that_was_raised(run: Any, script: Any) -> None:
    """A reply with code -1001 is resent as the exception would be."""
    venue = script([{"code": -1001, "msg": "Internal error"}, {"orderId": 1}])
    assert place(run, SafeOrderExecutor(policy()), venue.method, {}).attempts == 2


def test_plain_functions_and_lambdas_are_submit_functions(run: Any, script: Any) -> None:
    """A sync function, a lambda that returns a coroutine and a partial of one all count."""
    venue = script([{"orderId": 7}])
    kinds = [
        lambda **params: venue.step(params),
        lambda **params: venue.method(**params),
        functools.partial(lambda tag, **params: venue.method(**params), "x"),
        MagicMock(return_value={"orderId": 7}),
    ]
    for submit in kinds:
        assert place(run, SafeOrderExecutor(policy()), submit, {"a": 1}).order_id == "7"


def test_cancellation_passes_through(run: Any) -> None:
    """A cancelled placement ends as cancelled, in an attempt and in a wait."""

    async def never(**params: Any) -> Any:
        await asyncio.sleep(3600)

    async def refuse(**params: Any) -> Any:
        raise TimeoutError

    async def main(submit: Any) -> None:
        placement = asyncio.ensure_future(
            SafeOrderExecutor(policy()).place_order_with_safety(submit, {}, "BTCUSDT", "buy")
        )
        await asyncio.sleep(0.1)
        placement.cancel()
        with pytest.raises(asyncio.CancelledError):
            await placement

    run(main(never))
    run(main(refuse))


def test_a_cancellation_raised_inside_the_client_is_not_an_answer(run: Any, script: Any) -> None:
    """CancelledError is not booked as a failed attempt."""
    with pytest.raises(asyncio.CancelledError):
        place(run, SafeOrderExecutor(policy()), script([asyncio.CancelledError()]).method, {})


def test_an_unknown_side_is_an_error_before_anything_is_sent(run: Any, script: Any) -> None:
    """A side is never guessed, and the venue hears nothing."""
    venue = script([{"orderId": 1}])
    with pytest.raises(ValueError, match="side='flat'"):
        place(run, SafeOrderExecutor(policy()), venue.method, {}, side="flat")
    assert venue.calls == []


@settings(max_examples=50, deadline=None)
@given(
    attempts=st.integers(1, 6),
    failures=st.integers(0, 8),
    base_s=st.floats(0.0, 2.0),
    growth=st.floats(1.0, 3.0),
    cap_s=st.floats(0.0, 5.0),
)
def test_attempts_and_waits_follow_the_policy(
    attempts: int, failures: int, base_s: float, growth: float, cap_s: float
) -> None:
    """A placement makes min(failures + 1, attempts) attempts and waits exactly what the law says."""
    calls = 0

    async def submit() -> dict[str, int]:
        nonlocal calls
        calls += 1
        if calls <= failures:
            raise TimeoutError
        return {"orderId": calls}

    waits: list[float] = []

    def hook(event: Any) -> None:
        if isinstance(event, BackoffStarted):
            waits.append(event.delay_s)

    store = policy(
        max_order_retries=attempts,
        retry_backoff_base_sec=base_s,
        retry_backoff_growth=growth,
        max_retry_backoff_sec=cap_s,
    )
    executor = SafeOrderExecutor(store, hooks=[hook])
    result = run_virtual(executor.place_order_with_safety(submit, {}, "BTCUSDT", "buy"))
    assert result.success is (failures < attempts)
    assert calls == result.attempts == min(failures + 1, attempts)
    assert waits == [min(base_s * growth**k, cap_s) for k in range(calls - 1)]
    # The virtual clock counts whole microseconds, at least one for each wait.
    assert result.duration_sec == pytest.approx(sum(waits), abs=2e-6 * attempts)


def test_a_batch_keeps_its_order_and_goes_on_after_a_failure(run: Any, script: Any, error: Any) -> None:
    """Results come in the order of the orders; a refused one does not stop the next."""
    venue = script([{"orderId": 1}, error(-1121, "Invalid symbol."), {"orderId": 3}])
    orders = [{"side": "BUY", "n": n} for n in range(3)]
    results = run(SafeOrderExecutor(policy()).place_order_batch_with_safety(orders, venue.method, "BTCUSDT"))
    assert [result.order_id for result in results] == ["1", None, "3"]
    assert venue.calls == orders


@pytest.mark.parametrize(
    ("order_side", "expected"), [("SELL", "49950.0"), ("BUY", "50050.0")], ids=["long", "short"]
)
def test_a_raw_stop_in_a_batch_moves_to_its_positions_side(
    run: Any, script: Any, error: Any, fake_client: Any, order_side: str, expected: str
) -> None:
    """A raw SELL stop protects a long, so -2021 moves it below the market; a BUY stop above."""
    venue = script([error(*WOULD_TRIGGER), {"orderId": 1}])
    order = {"side": order_side, "type": "STOP_MARKET", "stopPrice": "50000.0", "closePosition": "true"}
    executor = SafeOrderExecutor(policy())
    run(executor.place_order_batch_with_safety([order], venue.method, "BTCUSDT", client=fake_client()))
    assert venue.calls[1]["stopPrice"] == expected
