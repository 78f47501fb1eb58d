"""The flow of one intent: guard, entry, protection, flattening, closing."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sim.execution import (
    EventDrivenExecutor,
    ExecutionResult,
    PlacementStarted,
    PolicyError,
    PolicyStore,
    PriceUnavailable,
    SideCallFailed,
    UnknownSymbol,
    VerdictGiven,
)
from tests.policies import d7_policy

INTENT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "side": "buy",
    "quantity": 0.0109,
    "planned_price": 50000.0,
    "sl_percent": 0.01,
    "tp_percent": 0.02,
}


def policy(**values: Any) -> PolicyStore:
    return d7_policy(**values)


def submit(run: Any, client: Any, store: PolicyStore | None = None, **changes: Any) -> ExecutionResult:
    hooks = changes.pop("hooks", ())
    executor = EventDrivenExecutor(client, store or policy(), hooks=hooks)
    result: ExecutionResult = run(executor.submit_order(**{**INTENT, **changes}))
    return result


def test_an_intent_becomes_a_protected_position(run: Any, fake_client: Any) -> None:
    """Price, entry on step, stop and target from the market price, all in one go."""
    client = fake_client(price="50100.0")
    result = submit(run, client)
    assert (result.status, result.protected, result.entry_price) == ("open", True, 50100.0)
    assert result.entry is not None
    assert result.entry.success
    assert client.names() == ["info", "ticker", "create"]
    assert client.calls[2][1] == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "MARKET",
        "quantity": "0.010",
    }
    assert [params["stopPrice"] for _, _, params in client.signed] == ["49599.0", "51102.0"]


def test_a_plan_the_market_left_behind_is_refused(run: Any, fake_client: Any) -> None:
    """Excessive slippage ends the intent before anything is sent."""
    client = fake_client(price="50400.0")
    result = submit(run, client)
    assert result.status == "refused"
    assert result.verdict is not None
    assert "slippage" in result.verdict.reason
    assert result.error_message == result.verdict.reason
    assert "create" not in client.names()


def test_leverage_reaches_the_guard(run: Any, fake_client: Any) -> None:
    """The same deviation passes at low leverage and is refused at high."""
    assert submit(run, fake_client(price="50150")).status == "open"
    assert submit(run, fake_client(price="50150"), leverage=20).status == "refused"


def test_a_nan_plan_is_refused_by_the_guard(run: Any, fake_client: Any) -> None:
    """An unusable plan is a verdict and not a crash."""
    result = submit(run, fake_client(), planned_price=math.nan)
    assert result.status == "refused"
    assert result.verdict is not None
    assert "planned_entry_price" in result.verdict.reason


@pytest.mark.parametrize("price", [TimeoutError(), PriceUnavailable("x"), "nan"])
def test_a_failed_price_look_up_fails_the_intent(run: Any, fake_client: Any, price: Any) -> None:
    """Without a price nothing is sent, nothing raises, and hooks learn why."""
    client = fake_client(price=price)
    seen: list[Any] = []
    result = submit(run, client, hooks=[seen.append])
    assert (result.status, result.verdict, result.entry) == ("failed", None, None)
    assert result.error_message
    assert [type(event) for event in seen] == [SideCallFailed]
    assert "create" not in client.names()


def test_a_failed_entry_fails_the_intent(run: Any, fake_client: Any, error: Any) -> None:
    """A refused entry is not protected."""
    client = fake_client()
    client.entry_outcomes = [error(-2019, "Margin is insufficient.")]
    result = submit(run, client)
    assert (result.status, result.protected) == ("failed", False)
    assert result.entry is not None
    assert result.entry.error_code == -2019
    assert client.signed == []


def test_entry_and_protection_share_one_policy(run: Any, fake_client: Any, error: Any) -> None:
    """The entry is resent as the policy says, and so are its stop and target."""
    client = fake_client()
    client.entry_outcomes = [error(-1001, "Internal error")]
    client.signed_outcomes = lambda path, params: (
        error(-1001, "Internal error") if len(client.signed) == 1 else None
    )
    result = submit(run, client)
    assert result.status == "open"
    assert result.entry is not None
    assert result.entry.attempts == 2
    assert len(client.signed) == 3


def test_without_the_guard_no_price_is_read(run: Any, fake_client: Any) -> None:
    """The unguarded entry goes out at once and is protected from the plan."""
    client = fake_client(price="60000")
    result = submit(run, client, policy(guard_entry=False))
    assert (result.status, result.verdict, result.entry_price) == ("open", None, 50000.0)
    assert "ticker" not in client.names()


def test_slippage_after_the_trade_is_only_reported(run: Any, fake_client: Any) -> None:
    """The old entry path looks at the price when all is done; the verdict changes nothing."""
    client = fake_client(price="50400")
    seen: list[Any] = []
    store = policy(guard_entry=False, check_slippage_after_trade=True)
    result = submit(run, client, store, hooks=[seen.append])
    assert (result.status, result.protected) == ("open", True)
    assert result.verdict is not None
    assert not result.verdict.is_valid
    assert client.names() == ["info", "create", "ticker"]
    assert isinstance(seen[-1], VerdictGiven)
    failing = submit(run, fake_client(price=TimeoutError()), store)
    assert (failing.status, failing.verdict) == ("open", None)


def test_a_stop_nearer_than_the_buffer_is_placed_where_the_guard_put_it(run: Any, fake_client: Any) -> None:
    """The guard's adjusted stop is the one that is sent."""
    client = fake_client()
    result = submit(run, client, sl_percent=0.0002)
    assert result.verdict is not None
    assert result.verdict.adjusted_sl == pytest.approx(49950.0)
    assert client.signed[0][2]["stopPrice"] == "49950.0"


def test_an_unprotected_position_stays_open_by_default(run: Any, fake_client: Any, error: Any) -> None:
    """The document's flow reports it and does nothing."""
    client = fake_client()
    client.signed_outcomes = lambda path, params: error(-4120, "use algo")
    result = submit(run, client)
    assert (result.status, result.protected, result.exit) == ("open", False, None)


def test_an_unprotected_position_is_flattened_by_policy(run: Any, fake_client: Any, error: Any) -> None:
    """With the switch on it is closed reduce-only and what rests is cancelled."""
    client = fake_client()
    client.signed_outcomes = lambda path, params: error(-4120, "use algo")
    result = submit(run, client, policy(flatten_when_unprotected=True))
    assert (result.status, result.protected) == ("failed", False)
    assert result.exit is not None
    assert result.exit.success
    assert client.names()[-2:] == ["create", "cancel"]
    assert client.calls[-2][1] == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "MARKET",
        "quantity": "0.010",
        "reduceOnly": "true",
    }


def test_a_position_that_cannot_be_flattened_is_open(run: Any, fake_client: Any, error: Any) -> None:
    """When the close fails as well, the result says open and unprotected."""
    client = fake_client()
    client.signed_outcomes = lambda path, params: error(-4120, "use algo")
    client.entry_outcomes = [{"orderId": 1}, error(-2022, "ReduceOnly Order is rejected.")]
    result = submit(run, client, policy(flatten_when_unprotected=True))
    assert (result.status, result.protected) == ("open", False)
    assert result.exit is not None
    assert not result.exit.success
    assert "cancel" not in client.names()


def close(run: Any, client: Any, store: PolicyStore | None = None, **rest: Any) -> Any:
    executor = EventDrivenExecutor(client, store or policy(), **rest)
    return run(executor.close_position(symbol="BTCUSDT", side="sell", quantity=0.01))


def test_a_close_cancels_what_rests(run: Any, fake_client: Any) -> None:
    """A short is bought back reduce-only under the role exit, then its orders are cancelled."""
    client = fake_client()
    seen: list[Any] = []
    assert close(run, client, hooks=[seen.append]).success
    assert client.names() == ["create", "cancel"]
    assert client.calls[0][1]["side"] == "BUY"
    assert seen[0] == PlacementStarted("BTCUSDT", "sell", "exit", 5)


def test_a_close_on_the_algo_endpoint_cancels_both_kinds(run: Any, fake_client: Any) -> None:
    """openOrders does not see algo orders, so both calls are made."""
    client = fake_client()
    close(run, client, policy(conditional_endpoint="algo"))
    assert client.names() == ["create", "cancel", "cancel algo"]


def test_a_failed_close_leaves_the_stop_alone(run: Any, fake_client: Any, error: Any) -> None:
    """While the close is not accepted, the resting stop may be the only protection."""
    client = fake_client()
    client.entry_outcomes = [error(-2022, "ReduceOnly Order is rejected.")]
    assert not close(run, client).success
    assert client.names() == ["create"]


@pytest.mark.parametrize(
    "outcome", [TimeoutError(), {"code": -2011, "msg": "Unknown order sent."}], ids=["silence", "body"]
)
def test_a_failed_cancel_is_reported(run: Any, fake_client: Any, log: Any, outcome: Any) -> None:
    """The close still counts; the log says that orders may rest."""
    client = fake_client()
    client.cancel_outcome = outcome
    assert close(run, client, logger_instance=log.logger).success
    assert "futures_cancel_all_open_orders failed" in log.lines[-1]
    assert log.lines[-1].endswith("orders may still rest")


def test_a_client_that_cannot_cancel_is_reported(run: Any, log: Any, fake_client: Any) -> None:
    """A missing method is a failure of the cancel and not of the close."""
    client = fake_client()
    client.futures_cancel_all_open_orders = None
    assert close(run, client, logger_instance=log.logger).success
    assert "no such method" in log.lines[-1]


def test_prepare_loads_filters_and_checks_symbols(run: Any, fake_client: Any) -> None:
    """At boot the filters are loaded once, and an unlisted symbol is an error with the nearest name."""
    client = fake_client()
    executor = EventDrivenExecutor(client, policy())
    run(executor.prepare(["BTCUSDT"]))
    with pytest.raises(UnknownSymbol, match="did you mean 'BTCUSDT'"):
        run(executor.prepare(["BTCUSD"]))
    run(executor.submit_order(**INTENT))
    assert client.names() == ["info", "ticker", "create"]


def test_missing_filters_are_no_reason_not_to_trade(run: Any, fake_client: Any) -> None:
    """Without filters numbers go out as they are, and the look-up is not repeated while the position is bare."""
    client = fake_client()
    client.info = TimeoutError()
    assert submit(run, client).status == "open"
    assert client.names() == ["info", "ticker", "create"]
    assert client.calls[2][1]["quantity"] == "0.0109"


def test_a_quantity_below_one_step_is_not_sent(run: Any, fake_client: Any) -> None:
    """Rounding down to nothing fails the intent by name."""
    client = fake_client()
    result = submit(run, client, quantity=0.0004)
    assert result.status == "failed"
    assert "below one step" in str(result.error_message)
    assert client.names() == ["info"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("side", "x"), ("quantity", 0.0), ("sl_percent", 0.0), ("tp_percent", math.nan), ("confidence", 2.0)],
)
def test_arguments_that_cannot_be_placed_raise_before_anything_is_sent(
    run: Any, fake_client: Any, name: str, value: Any
) -> None:
    """A wrong argument is the caller's error; finding it after the entry would leave a bare position."""
    client = fake_client()
    with pytest.raises(ValueError, match=r"side|quantity|percent|confidence"):
        submit(run, client, **{name: value})
    assert client.calls == []


def test_a_bad_plan_without_the_guard_raises(run: Any, fake_client: Any) -> None:
    """Nobody else would look at the plan."""
    with pytest.raises(ValueError, match="planned_price"):
        submit(run, fake_client(), policy(guard_entry=False), planned_price=math.nan)


def test_a_bad_policy_value_raises_before_anything_is_sent(run: Any, fake_client: Any) -> None:
    """The whole policy is read before the first request."""

    class Bad:
        def get_policy(self, key: str) -> Any:
            return "x" if key == "execution.max_order_retries" else None

    client = fake_client()
    with pytest.raises(PolicyError, match="max_order_retries"):
        run(EventDrivenExecutor(client, Bad()).submit_order(**INTENT))
    assert client.calls == []
