"""A stop the price refused: reached, clear, or moved by a buffer that follows volatility, within a budget."""

from __future__ import annotations

from typing import Any

import pytest

from sim.execution import PolicyStore, SafeOrderExecutor, StopAdjusted
from sim.execution.policy_keys import Settings
from sim.execution.refused_stop import RefusedStop, buffer_of, decide
from sim.execution.volatility import Volatility
from tests.execution.venue_fake import D7

CALM = Volatility()


class Steady(Volatility):
    """Be a volatility of one per mille a root second."""

    def sd(self, symbol: str) -> float:
        return 0.001


def refused(
    side: str, trigger: float, planned: float | str | None = None, *, can_close: bool = True
) -> RefusedStop:
    return RefusedStop({"stopPrice": trigger}, "BTCUSDT", side, trigger, planned, None, 0.0, can_close)


@pytest.mark.parametrize(
    ("side", "planned", "current", "market", "what", "trigger"),
    [
        ("buy", 100.0, 100.0, 100.0, "passed", 100.0),
        ("buy", 100.0, 100.0, 99.0, "passed", 100.0),
        ("buy", 100.0, 100.0, 102.0, "clear", 100.0),
        ("buy", 100.0, 100.0, 100.5, "move", 99.495),
        ("buy", "100.0", 99.495, 99.9, "passed", 99.495),
        ("buy", 100.0, 99.495, 100.2, "move", 99.198),
        ("buy", None, 100.0, 100.5, "move", 99.495),
        ("buy", 100.0, 100.0, 100.01, "move", 99.0099),
        ("sell", 100.0, 100.0, 100.0, "passed", 100.0),
        ("sell", 100.0, 100.0, 98.0, "clear", 100.0),
        ("sell", 100.0, 100.0, 99.5, "move", 100.495),
    ],
)
def test_the_price_decides(
    side: str, planned: Any, current: float, market: float, what: str, trigger: float
) -> None:
    """Reached: close.  Clear by the buffer of 1 %: unchanged.  Between: moved to the buffer's distance."""
    decision = decide(refused(side, current, planned), current, market, 0.01, 0.02)
    assert decision.what == what
    assert decision.trigger == pytest.approx(trigger)


@pytest.mark.parametrize(("budget", "what"), [(0.004, "passed"), (0.006, "move"), (1.0, "move")])
def test_a_stop_is_not_moved_beyond_its_budget(budget: float, what: str) -> None:
    """Half a per cent beyond the planned one: closed under a budget of 0.4 %."""
    assert decide(refused("buy", 100.0, 100.0), 100.0, 100.5, 0.01, budget).what == what


@pytest.mark.parametrize(("market", "trigger"), [(90.0, 89.1), (100.5, 99.495)])
def test_a_stop_nobody_closes_for_is_moved_wherever_the_price_is(market: float, trigger: float) -> None:
    """Giving it up would leave the position bare: neither the plan nor the budget ends it."""
    decision = decide(refused("buy", 100.0, 100.0, can_close=False), 100.0, market, 0.01, 0.001)
    assert decision.what == "move"
    assert decision.trigger == pytest.approx(trigger)


def test_the_buffer_follows_volatility_over_the_time_to_the_next_comparison() -> None:
    """sd x factor x root of (wait + expected delay + a second of mark age), if more than the fixed buffer."""
    settings = Settings(buffer_volatility_factor=4.0, sl_adjustment_buffer_pct=0.002)
    assert buffer_of(settings, Steady(), "BTCUSDT", 2.5) == pytest.approx(4 * 0.001 * 2.0)
    assert buffer_of(settings, CALM, "BTCUSDT", 2.5) == 0.002
    assert buffer_of(Settings(buffer_volatility_factor=0.0), Steady(), "BTCUSDT", 2.5) == 0.001
    wild = Settings(buffer_volatility_factor=100.0)
    assert buffer_of(wild, Steady(), "BTCUSDT", 3600.0) == 0.5


@pytest.mark.parametrize(("judges", "trigger"), [(False, "49600"), (True, "49600")])
def test_a_refused_stop_is_moved_by_the_wider_buffer(
    run: Any, script: Any, error: Any, fake_client: Any, judges: bool, trigger: str
) -> None:
    """Both ways of moving a stop use it."""
    store = PolicyStore(
        {
            **D7,
            "execution.buffer_volatility_factor": 8.0,
            "execution.judge_refused_stop": judges,
            "execution.retry_backoff_base_sec": 0.0,
            "execution.widen_budget_pct": 0.05,
        }
    )
    volatility = Steady()
    volatility.delay_s = 0.0
    events: list[Any] = []
    executor = SafeOrderExecutor(store, hooks=[events.append], volatility=volatility)
    venue = script([error(-2021, "Order would immediately trigger."), {"orderId": 1}])
    result = run(
        executor.place_order_with_safety(
            venue.method, {"stopPrice": "49900"}, "BTCUSDT", "buy", client=fake_client(), order_type="sl"
        )
    )
    assert result.success
    assert float(venue.calls[1]["stopPrice"]) == pytest.approx(float(trigger), rel=1e-9)
    assert [event.new for event in events if isinstance(event, StopAdjusted)] == [pytest.approx(49_600.0)]


def test_a_move_beyond_the_budget_is_not_made(run: Any, script: Any, error: Any, fake_client: Any) -> None:
    """Without a judgement the stop goes out again where it was."""
    store = PolicyStore({**D7, "execution.widen_budget_pct": 0.001, "execution.retry_backoff_base_sec": 0.0})
    venue = script([error(-2021, "Order would immediately trigger."), {"orderId": 1}])
    client = fake_client(mark="49000")
    executor = SafeOrderExecutor(store)
    run(
        executor.place_order_with_safety(
            venue.method, {"stopPrice": "49900"}, "BTCUSDT", "buy", client=client, order_type="sl"
        )
    )
    assert venue.calls[1]["stopPrice"] == "49900"


@pytest.mark.parametrize("judges", [False, True])
@pytest.mark.parametrize(
    ("params", "client", "mark"),
    [
        ({"stopPrice": "49900"}, False, "1"),
        ({}, True, "1"),
        ({"stopPrice": "49900"}, True, LookupError("down")),
    ],
    ids=["no client", "no trigger", "no price"],
)
def test_a_stop_that_cannot_be_judged_stays_and_the_log_says_so(
    run: Any,
    script: Any,
    error: Any,
    fake_client: Any,
    log: Any,
    params: Any,
    client: bool,
    mark: Any,
    judges: bool,
) -> None:
    """It is sent again as it was."""
    store = PolicyStore(
        {**D7, "execution.judge_refused_stop": judges, "execution.retry_backoff_base_sec": 0.0}
    )
    venue = script([error(-2021, "Order would immediately trigger."), {"orderId": 1}])
    executor = SafeOrderExecutor(store, None, log.logger)
    run(
        executor.place_order_with_safety(
            venue.method,
            params,
            "BTCUSDT",
            "buy",
            client=fake_client(mark=mark) if client else None,
            order_type="sl",
        )
    )
    assert venue.calls[1] == params
    assert any("the stop price stays" in line for line in log.lines)


@pytest.mark.parametrize(
    ("budget", "trigger", "returned", "sent"),
    [(0.001, "49900", 49_900.0, "49900"), (0.05, "49900", 48_951.0, "48951.0"), (0.05, None, None, None)],
    ids=["beyond", "within", "no trigger"],
)
def test_moving_a_refused_stop_tells_where_it_stands_now(
    run: Any, fake_client: Any, budget: float, trigger: Any, returned: Any, sent: Any
) -> None:
    """At the new trigger, at the old one beyond the budget, and at what was given without any."""
    store = PolicyStore({**D7, "execution.widen_budget_pct": budget})
    params = {} if trigger is None else {"stopPrice": trigger}
    question = RefusedStop(params, "BTCUSDT", "buy", trigger, trigger, fake_client(mark="49000"), 0.0)
    settings = Settings(widen_budget_pct=budget)
    assert run(SafeOrderExecutor(store).move_stop(settings, question)) == returned
    assert params.get("stopPrice") == sent
