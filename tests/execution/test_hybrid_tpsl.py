"""Levels of protection, the orders that carry them, and the endpoint they go to."""

from __future__ import annotations

import math
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.execution import (
    SafeOrderExecutor,
    calculate_hybrid_levels,
    place_hybrid_orders,
)
from sim.execution.hybrid_levels import callback_rate
from sim.execution.precision import load_filters
from tests.policies import d7_policy

LEVELS: dict[str, Any] = {
    "entry_price": 50000.0,
    "side": "buy",
    "risk_sl_percent": 0.01,
    "base_tp_percent": 0.02,
    "ai_tp_percent": 0.03,
    "ai_trail_percent": 0.008,
    "confidence": 0.0,
}
ORDER_PATH, ALGO_PATH = "/fapi/v1/order", "/fapi/v1/algoOrder"
ONCE = d7_policy(max_order_retries=1)


def levels(**changes: Any) -> dict[str, Any]:
    return dict(calculate_hybrid_levels(**{**LEVELS, **changes}))


def place(run: Any, client: Any, **changes: Any) -> bool:
    if "executor" not in changes:
        changes.setdefault("policy_store", d7_policy())
    protected: bool = run(
        place_hybrid_orders(**{"client": client, "symbol": "BTCUSDT", "qty": 0.011, **LEVELS, **changes})
    )
    return protected


def sent(client: Any) -> list[dict[str, Any]]:
    return [params for _, _, params in client.signed]


@pytest.mark.parametrize(
    ("confidence", "mode", "stop", "target", "trail"),
    [
        (0.0, "baseline", 0.01, 0.02, 0.0),
        (0.199, "baseline", 0.01, 0.02, 0.0),
        (0.2, "blend", 0.01, 0.02, 0.004),
        (0.799, "blend", 0.01, 0.02, 0.004),
        (0.8, "ai", 0.009, 0.03, 0.008),
        (1.0, "ai", 0.009, 0.03, 0.008),
    ],
)
def test_levels_by_confidence(confidence: float, mode: str, stop: float, target: float, trail: float) -> None:
    """Confidence decides between baseline, blend and AI levels."""
    assert levels(confidence=confidence) == {
        "mode": mode,
        "final_sl_percent": pytest.approx(stop),
        "final_tp_percent": pytest.approx(target),
        "trail_callback_percent": pytest.approx(trail),
    }


@given(
    confidence=st.floats(0.0, 1.0),
    stop=st.floats(0.0001, 0.9),
    base=st.floats(0.0001, 0.9),
    target=st.none() | st.floats(0.0001, 0.9),
    trail=st.none() | st.floats(0.0001, 0.9),
    side=st.sampled_from(["buy", "sell"]),
)
def test_the_stop_is_never_widened_nor_the_target_narrowed(
    confidence: float, stop: float, base: float, target: float | None, trail: float | None, side: str
) -> None:
    """Whatever the AI says, risk does not grow and the target is at least the base."""
    found = levels(
        confidence=confidence, side=side, risk_sl_percent=stop, base_tp_percent=base,
        ai_tp_percent=target, ai_trail_percent=trail,
    )  # fmt: skip
    assert found["final_sl_percent"] <= stop
    assert found["final_tp_percent"] >= base
    assert found["trail_callback_percent"] <= (trail or 0.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("entry_price", 0.0),
        ("entry_price", math.nan),
        ("side", "both"),
        ("risk_sl_percent", 0.0),
        ("risk_sl_percent", 1.0),
        ("base_tp_percent", -0.01),
        ("ai_tp_percent", math.nan),
        ("ai_trail_percent", 1.5),
        ("confidence", 1.01),
        ("confidence", math.nan),
    ],
)
def test_values_that_cannot_be_placed_are_named(run: Any, fake_client: Any, name: str, value: Any) -> None:
    """The error names the value, and nothing is sent."""
    client = fake_client()
    with pytest.raises(ValueError, match=name):
        place(run, client, **{name: value})
    assert client.signed == client.calls == []


def test_baseline_orders_of_a_long(run: Any, fake_client: Any) -> None:
    """The stop goes first, then the target; both close the position and watch the mark."""
    client = fake_client()
    assert place(run, client)
    common = {"symbol": "BTCUSDT", "side": "SELL", "workingType": "MARK_PRICE", "closePosition": "true"}
    assert client.signed == [
        ("POST", ORDER_PATH, {**common, "type": "STOP_MARKET", "stopPrice": "49500.0"}),
        ("POST", ORDER_PATH, {**common, "type": "TAKE_PROFIT_MARKET", "stopPrice": "51000.0"}),
    ]


def test_ai_orders_of_a_short(run: Any, fake_client: Any) -> None:
    """Two targets share the quantity reduce-only, so that no second closePosition order meets -4130."""
    client = fake_client()
    assert place(run, client, side="short", confidence=0.9, entry_price=50001.0)
    common = {"symbol": "BTCUSDT", "side": "BUY", "workingType": "MARK_PRICE"}
    half, rest = (
        {"quantity": "0.005", "reduceOnly": "true"},
        {"quantity": "0.006", "reduceOnly": "true"},
    )
    assert sent(client) == [
        {**common, "type": "STOP_MARKET", "stopPrice": "50451.1", "closePosition": "true"},
        {**common, "type": "TAKE_PROFIT_MARKET", "stopPrice": "49000.9", **half},
        {**common, "type": "TAKE_PROFIT_MARKET", "stopPrice": "48500.9", **rest},
        {**common, "type": "TRAILING_STOP_MARKET", "callbackRate": "0.8", **half},
    ]


def test_blend_orders_keep_one_target(run: Any, fake_client: Any) -> None:
    """Between the thresholds the base target closes everything and half the quantity trails."""
    client = fake_client()
    assert place(run, client, confidence=0.5)
    assert [(order["type"], order.get("quantity")) for order in sent(client)] == [
        ("STOP_MARKET", None),
        ("TAKE_PROFIT_MARKET", None),
        ("TRAILING_STOP_MARKET", "0.005"),
    ]
    assert sent(client)[2]["callbackRate"] == "0.4"


def test_an_ai_target_no_wider_than_the_base_is_no_second_target(run: Any, fake_client: Any) -> None:
    """Without a wider target, and without a trailing distance, the orders are the baseline's."""
    client = fake_client()
    assert place(run, client, confidence=0.9, ai_tp_percent=0.01, ai_trail_percent=None)
    assert [order["type"] for order in sent(client)] == ["STOP_MARKET", "TAKE_PROFIT_MARKET"]
    assert sent(client)[1]["closePosition"] == "true"


def test_a_quantity_too_small_to_halve_is_not_halved(run: Any, fake_client: Any) -> None:
    """One step cannot be split: the base target closes the whole position and nothing trails."""
    client = fake_client()
    assert place(run, client, confidence=0.9, qty=0.001)
    assert [order["type"] for order in sent(client)] == ["STOP_MARKET", "TAKE_PROFIT_MARKET"]


@pytest.mark.parametrize(
    ("fraction", "rate"),
    [(0.0001, "0.1"), (0.004, "0.4"), (0.0123, "1.2"), (0.1, "10.0"), (0.5, "10.0")],
)
def test_the_callback_rate_is_in_per_cent(fraction: float, rate: str) -> None:
    """A fraction becomes per cent with one decimal, within the venue's range."""
    assert callback_rate(fraction) == rate


@pytest.mark.parametrize(("refused", "protected"), [(0, False), (1, False), (2, True), (3, True)])
def test_protection_means_stop_and_base_target(
    run: Any, fake_client: Any, error: Any, refused: int, protected: bool
) -> None:
    """The answer is True when those two rest; whichever fails, the others are tried."""
    client = fake_client()
    client.signed_outcomes = lambda path, params: (
        error(-2019, "Margin is insufficient.") if len(client.signed) - 1 == refused else None
    )
    assert place(run, client, confidence=0.9, policy_store=ONCE) is protected
    assert len(client.signed) == 4


def test_a_refused_stop_is_moved_on_tick(run: Any, fake_client: Any, error: Any) -> None:
    """-2021 moves the stop by the mark, on tick, with the filters this placement loaded."""
    client = fake_client(mark="49321.77")
    client.signed_outcomes = lambda path, params: (
        error(-2021, "Order would immediately trigger.") if len(client.signed) == 1 else None
    )
    assert place(run, client)
    assert [order["stopPrice"] for order in sent(client)] == ["49500.0", "49272.4", "51000.0"]
    assert client.names() == ["info", "mark"]


@pytest.mark.parametrize("client", [AsyncMock(), MagicMock()], ids=["AsyncMock", "MagicMock"])
def test_a_mock_client_leaves_numbers_as_they_are(run: Any, client: Any) -> None:
    """Without usable exchange information prices are exact and unrounded, and orders still go out."""
    client._signed_request = AsyncMock(return_value={"orderId": 1})
    assert place(run, client, entry_price=50001.23)
    client._signed_request.assert_awaited()
    assert client._signed_request.await_args_list[0].args[2]["stopPrice"] == "49501.2177"


def test_missing_filters_do_not_keep_a_position_bare(run: Any, fake_client: Any) -> None:
    """A failed look-up is logged, the orders go out, and the next placement does not wait for it again."""
    client = fake_client()
    client.info = TimeoutError()
    assert place(run, client)
    assert place(run, client)
    assert client.names() == ["info"]
    assert len(client.signed) == 4


def test_the_algo_endpoint_has_its_own_names(run: Any, fake_client: Any) -> None:
    """On algo, path, algoType and triggerPrice change, and the reply's algoId counts as success."""
    client = fake_client()
    store = d7_policy(conditional_endpoint="algo")
    assert place(run, client, confidence=0.5, policy_store=store)
    assert {path for _, path, _ in client.signed} == {ALGO_PATH}
    assert sent(client)[0] == {
        "algoType": "CONDITIONAL",
        "symbol": "BTCUSDT",
        "side": "SELL",
        "workingType": "MARK_PRICE",
        "type": "STOP_MARKET",
        "triggerPrice": "49500.0",
        "closePosition": "true",
    }


@pytest.mark.parametrize("as_body", [False, True])
def test_auto_switches_once_per_client(run: Any, fake_client: Any, error: Any, as_body: bool) -> None:
    """The first -4120, raised or in a body, moves this client to the algo endpoint for good."""
    store = d7_policy(conditional_endpoint="auto")
    refusal = {"code": -4120, "msg": "use algo"} if as_body else error(-4120, "use algo")

    def migrated(path: str, params: dict[str, Any]) -> Any:
        return refusal if path == ORDER_PATH else None

    client, other = fake_client(), fake_client()
    client.signed_outcomes = migrated
    assert place(run, client, policy_store=store)
    assert place(run, client, policy_store=store)
    assert [path for _, path, _ in client.signed] == [ORDER_PATH] + [ALGO_PATH] * 4
    assert place(run, other, policy_store=store)
    assert {path for _, path, _ in other.signed} == {ORDER_PATH}


def test_the_order_endpoint_does_not_switch(run: Any, fake_client: Any, error: Any) -> None:
    """Without auto, -4120 is what it is: not protected."""
    client = fake_client()
    client.signed_outcomes = lambda path, params: error(-4120, "use algo")
    assert not place(run, client)
    assert [path for _, path, _ in client.signed] == [ORDER_PATH] * 2


def test_an_executor_brings_its_policy(run: Any, fake_client: Any) -> None:
    """Without a store of its own, a placement follows the executor's."""
    client = fake_client()
    executor = SafeOrderExecutor(d7_policy(conditional_endpoint="algo"))
    assert place(run, client, executor=executor)
    assert {path for _, path, _ in client.signed} == {ALGO_PATH}


def test_each_order_is_logged_as_the_document_does(
    run: Any, fake_client: Any, error: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Label, id and attempts on success; label, attempts and message on failure."""
    client = fake_client()
    run(load_filters(client))
    client.signed_outcomes = lambda path, params: (
        error(-2019, "Margin is insufficient.") if params["type"] == "STOP_MARKET" else None
    )
    with caplog.at_level("INFO", logger="sim.execution.hybrid_tpsl"):
        place(run, client)
    lines = [record.message for record in caplog.records if record.name.endswith("hybrid_tpsl")]
    assert lines == [
        "SL order failed after 1 attempts: Margin is insufficient.",
        "TP order placed: order_id=101, attempts=1",
    ]
