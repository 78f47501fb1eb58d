"""The sixteen behaviours of the seed document under its names, with every kind of submit function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest.mock import AsyncMock

import pytest

from sim.execution import ExecutionSafetyGuard, OrderResult, SafeOrderExecutor, ValidationResult
from tests.policies import d7_policy

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": 0.01}
STOP = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "stopPrice": 50100.0}


def judge(
    run: Any, side: str = "buy", planned: float = 50000.0, current: float = 50000.0, **prices: float
) -> ValidationResult:
    guard = ExecutionSafetyGuard(policy_store=None)
    verdict: ValidationResult = run(
        guard.validate_and_adjust_order(
            symbol="BTCUSDT",
            side=side,
            planned_entry_price=planned,
            current_market_price=current,
            **prices,
        )
    )
    return verdict


def test_safety_guard_accepts_low_slippage(run: Any) -> None:
    """A deviation of 0.2 % passes and the market price becomes the entry."""
    verdict = judge(run, current=50100.0, sl_price=49000.0, tp_price=52000.0)
    assert verdict.is_valid
    assert "successfully" in verdict.reason
    assert verdict.adjusted_entry == 50100.0
    assert verdict.adjusted_sl is None
    assert verdict.adjusted_tp is None


def test_safety_guard_rejects_high_slippage(run: Any) -> None:
    """A deviation of 0.794 % is refused, and the reason says so in numbers."""
    verdict = judge(run, current=50400.0)
    assert not verdict.is_valid
    assert "slippage" in verdict.reason.lower()
    assert "0.794%" in verdict.reason


def test_safety_guard_stricter_for_high_leverage(run: Any) -> None:
    """Twenty-fold leverage halves the limit to 0.25 %."""
    assert judge(run, current=50150.0).is_valid
    assert judge(run, current=50150.0, leverage=10.0).is_valid
    assert judge(run, current=50120.0, leverage=20.0).is_valid
    refused = judge(run, current=50150.0, leverage=20.0)
    assert not refused.is_valid
    assert "0.250%" in refused.reason


def test_safety_guard_adjusts_invalid_long_sl(run: Any) -> None:
    """A long's stop above the entry moves below it."""
    verdict = judge(run, sl_price=50500.0, tp_price=52000.0)
    assert verdict.is_valid
    assert verdict.adjusted_sl == pytest.approx(49950.0)
    assert "SL adjusted" in verdict.reason


def test_safety_guard_adjusts_invalid_short_sl(run: Any) -> None:
    """A short's stop below the entry moves above it."""
    verdict = judge(run, side="sell", sl_price=49500.0, tp_price=48000.0)
    assert verdict.is_valid
    assert verdict.adjusted_sl == pytest.approx(50050.0)
    assert "SL adjusted" in verdict.reason


def test_safety_guard_rejects_sl_too_far(run: Any) -> None:
    """A stop 12 % away is refused, and the reason names the distance."""
    verdict = judge(run, sl_price=44000.0)
    assert not verdict.is_valid
    assert "distance" in verdict.reason


def test_safety_guard_adjusts_invalid_long_tp(run: Any) -> None:
    """A long's target below the entry moves above it."""
    verdict = judge(run, sl_price=49000.0, tp_price=49500.0)
    assert verdict.is_valid
    assert verdict.adjusted_tp is not None
    assert verdict.adjusted_tp > 50000.0
    assert "TP adjusted" in verdict.reason


def place(
    run: Any, submit: Any, *, order: Mapping[str, Any] = ORDER, side: str = "buy", **rest: Any
) -> OrderResult:
    executor = SafeOrderExecutor(policy_store=rest.pop("policy_store", None), safety_guard=None)
    result: OrderResult = run(
        executor.place_order_with_safety(
            submit_func=submit, order_params=order, symbol="BTCUSDT", side=side, **rest
        )
    )
    return result


def test_safe_executor_success_first_attempt(run: Any, script: Any, callable_kind: Any) -> None:
    """A success at once means one attempt and the venue's id as text."""
    venue = script([{"orderId": 12345}])
    result = place(run, callable_kind(venue))
    assert result.success
    assert result.order_id == "12345"
    assert result.attempts == 1
    [sent] = venue.calls
    assert ORDER.items() <= sent.items()


def test_safe_executor_retry_on_transient_error(
    run: Any, script: Any, callable_kind: Any, error: Any
) -> None:
    """-1001 is resent until the fourth attempt succeeds."""
    failures = [error(-1001, "Internal error")] * 3
    result = place(run, callable_kind(script([*failures, {"orderId": 67890}])))
    assert result.success
    assert result.attempts == 4


def test_safe_executor_fails_after_max_retries(run: Any, script: Any, callable_kind: Any, error: Any) -> None:
    """Five attempts are all there are."""
    venue = script([error(-1001, "Internal error")])
    result = place(run, callable_kind(venue))
    assert not result.success
    assert (result.order_id, result.error_code, result.error_message) == (None, -1001, "Internal error")
    assert result.attempts == len(venue.calls) == 5


def test_safe_executor_no_retry_on_non_retryable_error(
    run: Any, script: Any, callable_kind: Any, error: Any
) -> None:
    """-1121 fails at once."""
    venue = script([error(-1121, "Invalid symbol.")])
    result = place(run, callable_kind(venue))
    assert not result.success
    assert result.error_code == -1121
    assert result.attempts == len(venue.calls) == 1
    assert result.duration_sec == 0.0


def test_safe_executor_adjusts_sl_on_2021_error(
    run: Any, script: Any, callable_kind: Any, error: Any, fake_client: Any
) -> None:
    """-2021 on a stop reads the mark once, moves the stop and sends it again; the caller's order stays."""
    venue = script([error(-2021, "Order would immediately trigger"), {"orderId": 11111}])
    client = fake_client()
    order = dict(STOP)
    result = place(run, callable_kind(venue), order=order, sl_price=50100.0, client=client, order_type="sl")
    assert result.success
    assert result.attempts == 2
    assert [call["stopPrice"] for call in venue.calls] == [50100.0, 49950.0]
    assert client.names() == ["mark"]
    assert order == STOP


def test_safe_executor_adjusts_long_sl_below_price(run: Any) -> None:
    """A long's stop goes 0.1 % below the price: 50100 becomes 49950."""
    client = AsyncMock()
    client.futures_mark_price.return_value = {"markPrice": "50000.0"}
    adjusted = run(SafeOrderExecutor()._adjust_sl_for_2021("BTCUSDT", "buy", 50100.0, client))
    assert adjusted == 49950.0


def test_safe_executor_adjusts_short_sl_above_price(run: Any) -> None:
    """A short's stop goes 0.1 % above the price: 49900 becomes 50050, read from the ticker here."""
    client = AsyncMock()
    client.futures_symbol_ticker.return_value = {"price": "50000.0"}
    adjusted = run(SafeOrderExecutor()._adjust_sl_for_2021("BTCUSDT", "sell", 49900.0, client))
    assert adjusted == 50050.0


def test_integration_slippage_and_retry(run: Any, script: Any, callable_kind: Any, error: Any) -> None:
    """A plan that passes the guard is sent, fails once, and succeeds."""
    verdict = judge(run, current=50100.0, sl_price=49000.0, tp_price=52000.0)
    assert verdict.is_valid
    venue = script([error(-1001, "Internal error"), {"orderId": 99999}])
    result = place(run, callable_kind(venue), sl_price=verdict.adjusted_sl, order_type="entry")
    assert result.success
    assert result.attempts == 2


@pytest.mark.parametrize(
    ("failures", "waited_s"), [(0, 0.0), (3, 0.5 + 1.0 + 2.0), (5, 0.5 + 1.0 + 2.0 + 4.0)]
)
def test_d7_sends_the_order_as_it_is_with_doubling_waits(
    run: Any, script: Any, callable_kind: Any, error: Any, failures: int, waited_s: float
) -> None:
    """As deployed: the parameters alone, 0.5 s doubled after each failure, and nothing waited after the last."""
    venue = script([*[error(-1001, "Internal error")] * failures, {"orderId": 1}])
    result = place(run, callable_kind(venue), policy_store=d7_policy())
    assert venue.calls == [ORDER] * min(failures + 1, 5)
    assert result.duration_sec == pytest.approx(waited_s)


def test_integration_excessive_slippage_blocks_order(run: Any, script: Any, callable_kind: Any) -> None:
    """A plan the guard refuses is never submitted."""
    venue = script([{"orderId": 1}])
    submit = callable_kind(venue)
    verdict = judge(run, current=50400.0)
    if verdict.is_valid:
        place(run, submit)
    assert venue.calls == []
