"""Timestamps: ahead, outside, malformed, and judged again in the engine (binance-facts 4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.clock import run_virtual
from sim.exchange.account import Account
from sim.exchange.attribution import CURRENT_INTENT, IntentSlot
from sim.exchange.clock_rules import ClockRules
from sim.exchange.latency import Constant, LatencySpec
from sim.exchange.limits_spec import VenueLimits
from sim.exchange.request import Request

EPOCH_MS = 1_705_276_800_000
ORDER = "/fapi/v1/order"
BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}

OUTSIDE = (400, -1021, "Timestamp for this request is outside of the recvWindow.")
AHEAD = (400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")
LATE_IN_ENGINE = (400, -5028, "Timestamp for this request is outside of the ME recvWindow.")
BAD_STAMP = (400, -1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.")
BAD_WINDOW = (400, -1102, "Mandatory parameter 'recvWindow' was empty/null, or malformed.")
LONG_WINDOW = (400, -1131, "recvWindow must be less than 60000.")
RIGHT = (200, 0, "")


def judged(rules: ClockRules, params: dict[str, Any], sent_us: int, now_us: int) -> tuple[int, int, str]:
    slot = IntentSlot(0, "BTCUSDT", 1, Account(1, 1e4))
    reply = rules.refuse(Request(1, slot, "none", "GET", ORDER, params, sent_us), now_us)
    return RIGHT if reply is None else (reply[0], reply[1]["code"], reply[1]["msg"])


@pytest.mark.parametrize(
    ("stamp_ms", "window", "expected"),
    [
        # The request arrives 10 s after the start; stamp_ms counts from the start.
        (10_000, None, RIGHT),
        (5_000, None, RIGHT),
        (4_999, None, OUTSIDE),
        (10_999, None, RIGHT),
        (11_000, None, AHEAD),
        (11_000, 60_000, AHEAD),
        (9_000, 1_000, RIGHT),
        (8_999, "1000", OUTSIDE),
        (10_000, 0, RIGHT),
        (9_999, 0, OUTSIDE),
        (-49_999, 60_000, RIGHT),
        (-50_001, 60_000, OUTSIDE),
        (10_000, 60_001, LONG_WINDOW),
        (10_000, "soon", BAD_WINDOW),
        (10_000, -5, BAD_WINDOW),
        (10_000, "", BAD_WINDOW),
        ("", None, BAD_STAMP),
        ("now", None, BAD_STAMP),
    ],
)
def test_a_timestamp_must_lie_within_the_window(stamp_ms: Any, window: Any, expected: Any) -> None:
    """timestamp < serverTime + 1000 and serverTime - timestamp <= recvWindow, in whole ms, at arrival."""
    params = {"timestamp": EPOCH_MS + stamp_ms if isinstance(stamp_ms, int) else stamp_ms}
    if window is not None:
        params["recvWindow"] = window
    assert judged(ClockRules(EPOCH_MS * 1000), params, 0, 10_000_000) == expected


@pytest.mark.parametrize(
    ("offset_ms", "leg_ms", "expected"),
    [
        (0, 5_000, RIGHT), (0, 5_000.001, OUTSIDE), (999.999, 0, RIGHT), (1_000, 0, AHEAD), (1_000, 1, RIGHT),
        (-5_000, 0, RIGHT), (-4_970, 30.001, OUTSIDE), (-5_001, 0, OUTSIDE), (3_000, 8_000, RIGHT),
    ],
)  # fmt: skip
def test_a_client_that_sends_no_timestamp_is_judged_by_its_own_clock(
    offset_ms: float, leg_ms: float, expected: Any
) -> None:
    """The moment it sent, read from a clock that may be off, stands for the timestamp."""
    rules = ClockRules(EPOCH_MS * 1000, round(offset_ms * 1000))
    assert judged(rules, {}, 7_000_000, 7_000_000 + round(leg_ms * 1000)) == expected


@given(st.integers(-70_000, 70_000), st.integers(0, 60_000), st.integers(0, 10**9))
def test_sent_and_implied_timestamps_are_judged_alike(offset_ms: int, window: int, sent_ms: int) -> None:
    """A client that signs with its own clock and one that says nothing meet the same rule."""
    rules = ClockRules(EPOCH_MS * 1000, offset_ms * 1000)
    now_us = sent_ms * 1000
    said = {"timestamp": EPOCH_MS + sent_ms + offset_ms, "recvWindow": window}
    assert judged(rules, said, 0, now_us) == judged(rules, {"recvWindow": window}, now_us, now_us)


def ask(desk: Any, method: str, path: str, params: dict[str, Any]) -> tuple[int, int, str]:
    async def main() -> tuple[int, int, str]:
        CURRENT_INTENT.set(desk.slot)
        status, _, body = await desk.gateway.send(method, path, dict(params))
        await asyncio.sleep(60)
        return (status, body["code"], body["msg"]) if status != 200 else RIGHT

    return run_virtual(main(), loop=desk.loop)


@pytest.mark.parametrize(
    ("method", "path", "params", "expected"),
    [
        ("POST", ORDER, BUY, LATE_IN_ENGINE),
        ("POST", "/fapi/v1/batchOrders", {"batchOrders": "[]"}, LATE_IN_ENGINE),
        ("POST", ORDER, {**BUY, "recvWindow": 6_030}, RIGHT),
        ("POST", ORDER, {**BUY, "recvWindow": 6_029}, LATE_IN_ENGINE),
        ("GET", "/fapi/v1/openOrders", {"symbol": "BTCUSDT"}, RIGHT),
        ("GET", "/fapi/v1/ticker/price", {"symbol": "BTCUSDT"}, RIGHT),
    ],
)
def test_the_engine_judges_orders_once_more(
    method: str, path: str, params: dict[str, Any], expected: Any, make_desk: Callable[..., Any]
) -> None:
    """In time at the gateway, 30 ms after it was sent; served after 6 s, the engine finds it too old (-5028)."""
    legs = LatencySpec(request=Constant(law="constant", ms=30.0), reply=Constant(law="constant", ms=10.0))
    desk = make_desk(latency=legs, limits=VenueLimits(service_ms=6_000.0))
    assert ask(desk, method, path, params) == expected
    if method == "POST":
        assert set(desk.frame("write").truth) == {"applied" if expected == RIGHT else "not_applied"}
        assert set(desk.frame("write").at_us) == {6_030_000}


def test_the_engine_does_not_judge_conditional_orders(make_desk: Callable[..., Any]) -> None:
    """The algo endpoint is not among those the check is documented for."""
    desk = make_desk(rules="2025-12-09", limits=VenueLimits(service_ms=6_000.0))
    stop = {
        "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "49000", "quantity": "0.01",
        "algoType": "CONDITIONAL",
    }  # fmt: skip
    assert ask(desk, "POST", "/fapi/v1/algoOrder", stop) == RIGHT


def test_a_clock_that_is_fast_loses_every_signed_request(make_desk: Callable[..., Any]) -> None:
    """1.2 s ahead: refused until the wire takes 200 ms; public reads never."""
    desk = make_desk(clock_offset_ms=1_200.0)
    assert ask(desk, "POST", ORDER, BUY) == AHEAD
    desk = make_desk(clock_offset_ms=1_200.0)
    assert ask(desk, "GET", "/fapi/v1/ticker/price", {"symbol": "BTCUSDT"}) == RIGHT
    legs = LatencySpec(request=Constant(law="constant", ms=201.0), reply=Constant(law="constant", ms=10.0))
    assert ask(make_desk(clock_offset_ms=1_200.0, latency=legs), "POST", ORDER, BUY) == RIGHT
