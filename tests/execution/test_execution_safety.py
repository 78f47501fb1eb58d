"""The guard's rules and laws."""

from __future__ import annotations

import math
from collections.abc import Coroutine
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.execution import (
    ExecutionSafetyGuard,
    PolicyStore,
    PriceUnavailable,
    ValidationResult,
    VerdictGiven,
)

MARKET = 4096.0
OFFSETS = st.floats(-0.2, 0.2)
SIDES = st.sampled_from(["buy", "sell"])


def answer(question: Coroutine[Any, Any, ValidationResult]) -> ValidationResult:
    """Drive a question to its end; the guard never waits, so no loop is needed."""
    with pytest.raises(StopIteration) as stop:
        question.send(None)
    verdict: ValidationResult = stop.value.value
    return verdict


def ask(
    side: str,
    planned: Any,
    market: Any,
    sl: Any = None,
    tp: Any = None,
    leverage: Any = None,
    **policy: float,
) -> ValidationResult:
    store = PolicyStore({f"execution.{name}": value for name, value in policy.items()})
    guard = ExecutionSafetyGuard(store)
    return answer(guard.validate_and_adjust_order("BTCUSDT", side, planned, market, sl, tp, leverage))


@given(side=SIDES, plan=OFFSETS, stop=OFFSETS, target=OFFSETS)
def test_long_and_short_mirror_each_other(side: str, plan: float, stop: float, target: float) -> None:
    """Reflecting every price in the market price and swapping the side reflects the verdict."""
    sizes = [math.ldexp(round(math.ldexp(offset, 20)), -20) * MARKET for offset in (plan, stop, target)]
    one = ask(side, *(MARKET + sizes[0], MARKET, MARKET + sizes[1], MARKET + sizes[2]))
    other_side = "sell" if side == "buy" else "buy"
    other = ask(other_side, *(MARKET - sizes[0], MARKET, MARKET - sizes[1], MARKET - sizes[2]))
    assert one.is_valid is other.is_valid
    for mine, theirs in (
        (one.adjusted_entry, other.adjusted_entry),
        (one.adjusted_sl, other.adjusted_sl),
        (one.adjusted_tp, other.adjusted_tp),
    ):
        assert (mine is None) is (theirs is None)
        if mine is not None and theirs is not None:
            assert mine - MARKET == pytest.approx(MARKET - theirs, abs=1e-9)


@given(side=SIDES, plan=OFFSETS, stop=OFFSETS, target=OFFSETS, power=st.integers(-20, 20))
def test_the_unit_of_price_does_not_matter(
    side: str, plan: float, stop: float, target: float, power: int
) -> None:
    """Scaling every price scales the verdict; powers of two keep floats exact, so equality is exact."""
    scale = 2.0**power
    prices = [MARKET * (1 + plan), MARKET, MARKET * (1 + stop), MARKET * (1 + target)]
    one = ask(side, *prices)
    scaled = ask(side, *(price * scale for price in prices))
    assert one.is_valid is scaled.is_valid
    for name in ("adjusted_entry", "adjusted_sl", "adjusted_tp"):
        mine, theirs = getattr(one, name), getattr(scaled, name)
        assert theirs == (None if mine is None else mine * scale)


@given(
    side=SIDES,
    plan=OFFSETS,
    stop=OFFSETS,
    limits=st.tuples(st.floats(0.0, 0.2), st.floats(0.0, 0.2)).map(sorted),
    distances=st.tuples(st.floats(0.001, 0.3), st.floats(0.001, 0.3)).map(sorted),
)
def test_a_tighter_limit_refuses_a_superset(
    side: str, plan: float, stop: float, limits: list[float], distances: list[float]
) -> None:
    """What a looser limit refuses, the tighter one refuses as well."""
    prices = (MARKET * (1 + plan), MARKET, MARKET * (1 + stop))
    loose = ask(side, *prices, max_slippage_pct=limits[1], max_sl_distance_pct=distances[1])
    tight = ask(side, *prices, max_slippage_pct=limits[0], max_sl_distance_pct=distances[0])
    assert loose.is_valid or not tight.is_valid


@given(side=SIDES, plan=OFFSETS, stop=OFFSETS, target=OFFSETS)
def test_what_the_guard_lets_through_is_on_the_right_side(
    side: str, plan: float, stop: float, target: float
) -> None:
    """Stop and target of an accepted order stand on their sides of the entry, the stop beyond the buffer."""
    sl, tp = MARKET * (1 + stop), MARKET * (1 + target)
    verdict = ask(side, MARKET * (1 + plan), MARKET, sl, tp, max_slippage_pct=0.3)
    if not verdict.is_valid:
        return
    final_sl = sl if verdict.adjusted_sl is None else verdict.adjusted_sl
    final_tp = tp if verdict.adjusted_tp is None else verdict.adjusted_tp
    sign = 1 if side == "buy" else -1
    assert sign * (MARKET - final_sl) >= 0.001 * MARKET * (1 - 1e-9)
    assert sign * (final_tp - MARKET) > 0


@given(side=SIDES, plan=OFFSETS, stop=OFFSETS, target=OFFSETS)
def test_the_guard_agrees_with_itself(side: str, plan: float, stop: float, target: float) -> None:
    """An order as the guard adjusted it passes a second time without a change."""
    sl, tp = MARKET * (1 + stop), MARKET * (1 + target)
    first = ask(side, MARKET * (1 + plan), MARKET, sl, tp, max_slippage_pct=0.3)
    if not first.is_valid:
        return
    second = ask(
        side,
        MARKET,
        MARKET,
        sl if first.adjusted_sl is None else first.adjusted_sl,
        tp if first.adjusted_tp is None else first.adjusted_tp,
        max_slippage_pct=0.3,
    )
    assert second == ValidationResult(True, "Order validated successfully")


@pytest.mark.parametrize("bad", [0, -1.0, math.nan, math.inf, None, "abc", True, MagicMock()])
@pytest.mark.parametrize("name", ["planned_entry_price", "current_market_price"])
def test_a_price_that_is_none_is_refused_by_name(name: str, bad: Any) -> None:
    """NaN, zero, infinity, text or a mock in a price's place is refused, and the reason names which."""
    prices = {"planned_entry_price": 100.0, "current_market_price": 100.0, name: bad}
    verdict = ask("buy", prices["planned_entry_price"], prices["current_market_price"])
    assert not verdict.is_valid
    assert name in verdict.reason


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_unusable_levels_and_leverage_are_refused_by_name(bad: float) -> None:
    """The same holds for stop, target and leverage, which may be absent but not absurd."""
    assert "sl_price" in ask("buy", 100.0, 100.0, sl=bad).reason
    assert "tp_price" in ask("buy", 100.0, 100.0, tp=bad).reason
    assert "leverage" in ask("buy", 100.0, 100.0, leverage=bad).reason


@pytest.mark.parametrize("side", ["BUY", "long", "LONG", "Buy"])
def test_a_side_may_be_written_in_several_ways(side: str) -> None:
    """Buy and long are one side, in any case."""
    assert ask(side, 100.0, 100.0, 101.0).adjusted_sl == pytest.approx(99.9)


def test_an_unknown_side_is_an_error() -> None:
    """A side is never guessed, not even from None."""
    with pytest.raises(ValueError, match="side='hold'"):
        ask("hold", 100.0, 100.0)
    with pytest.raises(ValueError, match="side=None: expected buy, long, sell or short"):
        ask(None, 100.0, 100.0)  # type: ignore[arg-type]


def test_a_stop_nearer_than_the_buffer_moves_away() -> None:
    """A stop 0.05 % from the entry moves to 0.1 %."""
    assert ask("buy", 50000.0, 50000.0, 49975.0).adjusted_sl == pytest.approx(49950.0)
    assert ask("buy", 50000.0, 50000.0, 49950.0).adjusted_sl is None


def test_a_moved_stop_is_right_for_plan_and_market() -> None:
    """Where plan and market differ, an adjusted stop clears both."""
    assert ask("buy", 50000.0, 50100.0, 50500.0).adjusted_sl == pytest.approx(50000.0 - 50.1)
    assert ask("sell", 50000.0, 49900.0, 49500.0).adjusted_sl == pytest.approx(50000.0 + 49.9)


def test_the_limits_themselves_are_allowed() -> None:
    """Exactly the slippage limit and exactly the distance limit pass."""
    assert ask("buy", 50250.0, 50000.0).is_valid
    assert ask("buy", 50000.0, 50000.0, 45000.0).is_valid


def test_the_leverage_rule_is_policy() -> None:
    """Threshold and factor come from the policy."""
    assert ask("buy", 50200.0, 50000.0, leverage=20, high_leverage_threshold=20).is_valid
    assert not ask("buy", 50100.0, 50000.0, leverage=21, high_leverage_factor=0.3).is_valid


def test_a_distant_target_is_only_a_warning(log: Any) -> None:
    """A target 60 % away passes with a line in the log and the warning in the event."""
    seen: list[Any] = []
    guard = ExecutionSafetyGuard(None, log.logger, hooks=[seen.append])
    verdict = answer(guard.validate_and_adjust_order("BTCUSDT", "buy", 50000.0, 50000.0, None, 80000.0))
    assert verdict == ValidationResult(True, "Order validated successfully")
    assert seen[0].warnings == ("TP distance 60.000% > 50.000% (entry=$50000.00, tp=$80000.00)",)
    assert log.lines[-1] == f"[SAFETY-GUARD] ⚠️ BTCUSDT: {seen[0].warnings[0]}"


def test_no_price_above_zero_is_left() -> None:
    """A policy so wide that an adjusted level would be zero or less refuses instead."""
    wide = {"max_slippage_pct": 1.0, "min_sl_buffer_pct": 0.5, "max_sl_distance_pct": 1.0}
    assert not ask("buy", 40.0, 100.0, 150.0, **wide).is_valid
    assert "TP" in ask("sell", 40.0, 100.0, None, 150.0, **wide).reason


def test_the_log_says_what_the_document_says(log: Any) -> None:
    """Acceptance, excessive slippage and adjustment are logged letter for letter."""
    guard = ExecutionSafetyGuard(None, log.logger)
    answer(guard.validate_and_adjust_order("BTCUSDT", "buy", 50000.0, 50000.0, 49000.0))
    answer(guard.validate_and_adjust_order("BTCUSDT", "buy", 50000.0, 50400.0))
    answer(guard.validate_and_adjust_order("BTCUSDT", "buy", 50000.0, 50000.0, 50500.0, 49000.0))
    answer(guard.validate_and_adjust_order("DOGEUSDT", "buy", 0.08, 0.08, 0.07, None))
    assert log.lines == [
        "[SAFETY-GUARD] ✅ BTCUSDT: No adjustments needed",
        "[SAFETY-GUARD] ❌ Excessive slippage for BTCUSDT: 0.794% > 0.500% "
        "(planned=$50000.00, current=$50400.00)",
        "[SAFETY-GUARD] ⚠️ BTCUSDT: SL adjusted from $50500.00 to $49950.00; "
        "TP adjusted from $49000.00 to $50050.00",
        "[SAFETY-GUARD] ❌ SL too far for DOGEUSDT: distance 12.500% > 10.000% "
        "(entry=$0.08000000, sl=$0.07000000)",
    ]


def test_a_hook_sees_every_verdict() -> None:
    """The event carries the question, the deviation, the limit and the answer."""
    seen: list[Any] = []
    guard = ExecutionSafetyGuard(hooks=[seen.append])
    verdict = answer(guard.validate_and_adjust_order("BTCUSDT", "buy", 50000.0, 50400.0))
    assert seen == [VerdictGiven("BTCUSDT", "buy", 50000.0, 50400.0, 400.0 / 50400.0, 0.005, verdict)]


def test_the_market_price_is_the_last_price(run: Any, fake_client: Any) -> None:
    """The ticker answers, and the mark is not asked."""
    client = fake_client(price="50100.5", mark="1")
    assert run(ExecutionSafetyGuard().get_current_market_price("BTCUSDT", client)) == 50100.5
    assert client.names() == ["ticker"]


def test_a_synchronous_client_will_do(run: Any) -> None:
    """A client that answers without a coroutine is read the same way."""
    client = MagicMock()
    client.futures_symbol_ticker.return_value = {"price": 50100.5}
    assert run(ExecutionSafetyGuard().get_current_market_price("BTCUSDT", client)) == 50100.5


def test_the_mark_stands_in_where_there_is_no_ticker(run: Any) -> None:
    """A client without a ticker is asked for the mark."""
    client = MagicMock(spec=["futures_mark_price"])
    client.futures_mark_price.return_value = {"markPrice": "50000.1"}
    assert run(ExecutionSafetyGuard().get_current_market_price("BTCUSDT", client)) == 50000.1
    with pytest.raises(PriceUnavailable, match="neither"):
        run(ExecutionSafetyGuard().get_current_market_price("BTCUSDT", MagicMock(spec=[])))


@pytest.mark.parametrize("junk", [None, {}, [], {"price": "NaN"}, {"price": 0}, {"price": "x"}, MagicMock()])
def test_junk_is_no_price(run: Any, junk: Any) -> None:
    """Anything that is not a finite price above zero raises, and the error shows what came."""
    client = AsyncMock()
    client.futures_symbol_ticker.return_value = junk
    with pytest.raises(PriceUnavailable, match="BTCUSDT: futures_symbol_ticker answered"):
        run(ExecutionSafetyGuard().get_current_market_price("BTCUSDT", client))
