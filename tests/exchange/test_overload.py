"""An overloaded venue throttles new orders, a firewall shuts everybody out (binance-facts 1.1, 1.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.attribution import CURRENT_INTENT
from sim.exchange.limits import FIREWALL_BODY, is_exit
from sim.exchange.limits_spec import LimitedStretch, VenueLimits

ORDER, ALGO, BATCH = "/fapi/v1/order", "/fapi/v1/algoOrder", "/fapi/v1/batchOrders"
BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
SELL = {**BUY, "side": "SELL"}
STOP = {
    "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "49000", "quantity": "0.010",
    "algoType": "CONDITIONAL",
}  # fmt: skip
OVERLOADED = "Server is currently overloaded with other requests. Please try again in a few minutes."
THROTTLED = (
    "Request throttled by system-level protection. "
    "Reduce-only/close-position orders are exempt. Please try again."
)
FIRST_MINUTE = [LimitedStretch(at=0.0, for_s=60.0)]


def ask(desk: Any, method: str, path: str, params: dict[str, Any], at_s: float = 0.0) -> tuple[int, Any, Any]:
    if at_s:
        desk.run_to(at_s)
    token = CURRENT_INTENT.set(desk.slot)
    future = desk.gateway.send(method, path, dict(params))
    CURRENT_INTENT.reset(token)
    desk.loop.run_until(desk.loop.now_us + 1)
    answer: tuple[int, Any, Any] = future.result()
    return answer


@pytest.mark.parametrize(("rules", "text"), [("2025-01", OVERLOADED), ("2025-12-09", THROTTLED)])
def test_new_orders_are_throttled_in_an_overload(
    rules: str, text: str, make_desk: Callable[..., Any]
) -> None:
    """503 / -1008, not applied; the text was reworded in October 2025; the stretch ends on the microsecond."""
    desk = make_desk(rules=rules, limits=VenueLimits(overload=FIRST_MINUTE))
    status, headers, body = ask(desk, "POST", ORDER, BUY)
    assert (status, body) == (503, {"code": -1008, "msg": text})
    assert headers == {"X-MBX-USED-WEIGHT-1M": "0"}
    assert desk.frame("write").truth.tolist() == ["not_applied"]
    assert ask(desk, "POST", ORDER, BUY, at_s=59.999_998)[0] == 503
    assert ask(desk, "POST", ORDER, BUY, at_s=60.0)[0] == 200


@pytest.mark.parametrize(
    ("params", "exempt"),
    [
        ({**BUY}, False),
        ({**SELL, "reduceOnly": "true"}, True),
        ({**SELL, "reduceOnly": True}, True),
        ({**SELL, "reduceOnly": "false"}, False),
        ({"closePosition": "true", "side": "SELL"}, True),
        ({**SELL, "positionSide": "LONG"}, True),
        ({**BUY, "positionSide": "LONG"}, False),
        ({**BUY, "positionSide": "SHORT"}, True),
        ({**SELL, "positionSide": "SHORT"}, False),
        ({**SELL, "positionSide": "BOTH", "reduceOnly": "true"}, True),
        ({"batchOrders": "[]"}, False),
    ],
)
def test_orders_that_can_only_close_are_exempt(params: dict[str, Any], exempt: bool) -> None:
    """binance-facts 1.3: closePosition, one-way and reduceOnly, hedge LONG+SELL or SHORT+BUY."""
    assert is_exit(params) is exempt


@pytest.mark.parametrize(("kept", "status"), [(True, 200), (False, 503)])
def test_the_exemption_is_a_knob(kept: bool, status: int, make_desk: Callable[..., Any]) -> None:
    """Documented, and broken on 2025-10-10 (binance-facts 1.3, reported)."""
    late = [LimitedStretch(at=10.0, for_s=60.0)]
    desk = make_desk(limits=VenueLimits(overload=late, exempt_exits=kept))
    assert ask(desk, "POST", ORDER, BUY)[0] == 200
    assert ask(desk, "POST", ORDER, {**SELL, "reduceOnly": "true"}, at_s=20.0)[0] == status
    assert desk.position == (0.0 if kept else 0.01)


@pytest.mark.parametrize(
    ("throttled", "method", "path", "params", "status"),
    [
        (False, "POST", ALGO, STOP, 200),
        (True, "POST", ALGO, STOP, 503),
        (True, "POST", ALGO, {**STOP, "reduceOnly": "true"}, 400),
        (False, "POST", BATCH, {"batchOrders": "[]"}, 503),
        (True, "GET", "/fapi/v1/openOrders", {}, 200),
        (True, "GET", "/fapi/v1/ticker/price", {"symbol": "BTCUSDT"}, 200),
        (True, "DELETE", "/fapi/v1/allOpenOrders", {"symbol": "BTCUSDT"}, 200),
    ],
)
def test_only_new_orders_are_throttled(
    throttled: bool,
    method: str,
    path: str,
    params: dict[str, Any],
    status: int,
    make_desk: Callable[..., Any],
) -> None:
    """POST order and batchOrders are listed, the algo endpoint is not (a knob); reads and cancels pass.

    The reduce-only stop passes the gateway and then meets the venue's own rule: there is nothing to reduce.
    """
    limits = VenueLimits(overload=FIRST_MINUTE, throttle_algo=throttled)
    assert ask(make_desk(rules="2025-12-09", limits=limits), method, path, params)[0] == status


def test_throttled_orders_count(make_desk: Callable[..., Any]) -> None:
    """A -1008 is no 503 B: what says that those do not count says nothing of these."""
    desk = make_desk(limits=VenueLimits(overload=[LimitedStretch(at=0.0, for_s=5.0)]))
    ask(desk, "POST", ORDER, BUY)
    assert ask(desk, "POST", ORDER, BUY, at_s=6.0)[1]["X-MBX-ORDER-COUNT-10S"] == "2"


def test_an_intent_in_its_settle_phase_meets_no_declared_stretch(make_desk: Callable[..., Any]) -> None:
    """Belief must be able to reach truth: overload and firewall end with the faults."""
    desk = make_desk(limits=VenueLimits(overload=FIRST_MINUTE, blocked=FIRST_MINUTE))
    assert ask(desk, "POST", ORDER, BUY)[0] == 403
    desk.slot.settling = True
    assert ask(desk, "POST", ORDER, BUY)[0] == 200


def test_the_firewall_answers_in_html_and_counts_nothing(make_desk: Callable[..., Any]) -> None:
    """403 for everything, market data included; no code, no headers of the venue (binance-facts 1.3)."""
    desk = make_desk(limits=VenueLimits(blocked=FIRST_MINUTE))
    assert ask(desk, "GET", "/fapi/v1/time", {}) == (403, {}, FIREWALL_BODY)
    assert ask(desk, "POST", ORDER, BUY) == (403, {}, FIREWALL_BODY)
    assert desk.frame("write")[["truth", "code"]].values.tolist() == [["not_applied", 0]]
    assert ask(desk, "GET", "/fapi/v1/time", {}, at_s=60.0)[1] == {"X-MBX-USED-WEIGHT-1M": "1"}


def test_stretches_may_be_told_by_the_clock(make_desk: Callable[..., Any]) -> None:
    """A clock time is the replayed day's."""
    limits = VenueLimits(overload=[LimitedStretch(at="00:01:00", for_s=30.0)])
    desk = make_desk(limits=limits)
    assert [ask(desk, "POST", ORDER, BUY, at_s=at_s)[0] for at_s in (59.0, 60.0, 89.0, 90.0)] == [
        200,
        503,
        503,
        200,
    ]


def test_a_full_queue_throttles_new_orders(make_desk: Callable[..., Any]) -> None:
    """With so many requests waiting or being served a new order gets -1008; reads queue on."""
    desk = make_desk(limits=VenueLimits(service_ms=100.0, queue_most=2))
    token = CURRENT_INTENT.set(desk.slot)
    price = {"symbol": "BTCUSDT"}
    futures = [desk.gateway.send("POST", ORDER, dict(BUY)) for _ in range(3)]
    futures += [desk.gateway.send("GET", "/fapi/v1/ticker/price", dict(price)) for _ in range(2)]
    futures.append(desk.gateway.send("POST", ORDER, dict(SELL) | {"reduceOnly": "true"}))
    CURRENT_INTENT.reset(token)
    desk.run_to(1.0)
    assert [future.result()[0] for future in futures] == [200, 200, 503, 200, 200, 200]
    assert desk.frame("request").answered_us.tolist() == [0, 100_000, 200_000, 300_000, 400_000, 500_000]
