"""The wire: two legs, a truth for every write, patience that ends, and effects that compose stage by stage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.exchange.attribution import CURRENT_INTENT
from sim.exchange.effects import Effect, NoFaults
from sim.exchange.latency import Constant, LatencySpec
from sim.exchange.replies import error_reply

ORDER = "/fapi/v1/order"
BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
LEGS = LatencySpec(request=Constant(law="constant", ms=30.0), reply=Constant(law="constant", ms=10.0))


def slow(request_ms: float, reply_ms: float) -> LatencySpec:
    return LatencySpec(
        request=Constant(law="constant", ms=request_ms), reply=Constant(law="constant", ms=reply_ms)
    )


def send(desk: Any, params: dict[str, Any] = BUY, method: str = "POST", path: str = ORDER) -> tuple[Any, int]:
    """Send one request as the desk's intent; return (status, body) and the µs at which the client had it."""

    async def main() -> tuple[Any, int]:
        CURRENT_INTENT.set(desk.slot)
        status, _, body = await desk.gateway.send(method, path, dict(params))
        at_us = desk.loop.now_us
        await asyncio.sleep(100)
        return (status, body), at_us

    return run_virtual(main(), loop=desk.loop)


def effect(stage: str, truth: str, reply: Any = None, **more: Any) -> Effect:
    return Effect("f", "test", stage, truth, reply, **more)  # type: ignore[arg-type]


def test_the_venue_acts_between_the_legs(make_desk: Callable[..., Any]) -> None:
    """The write happens a request leg after the send, the client hears a reply leg later."""
    desk = make_desk(latency=LEGS)
    (status, body), at_us = send(desk)
    assert (status, body["orderId"], at_us) == (200, 1, 40_000)
    request, write = desk.frame("request").iloc[0], desk.frame("write").iloc[0]
    assert (request.sent_us, request.answered_us, request.request_leg_us, request.reply_leg_us) == (
        0, 40_000, 30_000, 10_000,
    )  # fmt: skip
    assert (write.at_us, write.truth, write.order, write.code) == (30_000, "applied", 1, 0)
    assert (request.role, request.call, request.n, request.intent) == ("entry", "POST /fapi/v1/order", 0, 0)


def test_a_refusal_is_not_applied_and_says_why(make_desk: Callable[..., Any]) -> None:
    """A business error reaches request and write with its code."""
    desk = make_desk(latency=LEGS)
    (status, body), _ = send(desk, {**BUY, "quantity": "0"})
    assert (status, body["code"]) == (400, -4003)
    assert desk.frame("write")[["truth", "order", "code"]].values.tolist() == [["not_applied", -1, -4003]]
    assert desk.frame("request").code.tolist() == [-4003]


def test_reads_have_no_truth(make_desk: Callable[..., Any]) -> None:
    """A look-up changes nothing and leaves no write."""
    desk = make_desk(latency=LEGS)
    send(desk, {"symbol": "BTCUSDT"}, "GET", "/fapi/v1/ticker/price")
    assert len(desk.frame("request")) == 1
    assert len(desk.frame("write")) == 0


def test_a_slow_answer_comes_too_late_but_the_order_lives(make_desk: Callable[..., Any]) -> None:
    """Without any fault: when both legs outlast the client's patience it hears nothing, and the venue acted."""
    desk = make_desk(latency=slow(3000, 8000))
    answer, at_us = send(desk)
    assert (answer, at_us) == ((0, None), 10_000_000)
    assert desk.frame("write").truth.tolist() == ["applied"]
    assert desk.position == 0.01


@pytest.mark.parametrize(("reply_ms", "heard"), [(9_969.999, True), (9_970.0, False)])
def test_patience_ends_at_the_timeout_exactly(
    reply_ms: float, heard: bool, make_desk: Callable[..., Any]
) -> None:
    """An answer at the very moment of the time-out is too late."""
    desk = make_desk(latency=slow(30, reply_ms))
    (status, _), at_us = send(desk)
    assert (status == 200) is heard
    assert at_us == (9_999_999 if heard else 10_000_000)


@pytest.mark.parametrize(
    ("request_ms", "window", "code"),
    [
        (5000.0, None, 0),
        (5000.001, None, -1021),
        (999.0, 1000, 0),
        (1001.0, "1000", -1021),
        (30.0, "soon", -1102),
    ],
)
def test_an_old_request_is_refused(
    request_ms: float, window: Any, code: int, make_desk: Callable[..., Any]
) -> None:
    """binance-facts 4: timestamp + recvWindow, 5000 ms by default; a window that is no number is malformed."""
    desk = make_desk(latency=slow(request_ms, 10))
    (status, body), _ = send(desk, BUY if window is None else {**BUY, "recvWindow": window})
    assert (status, body.get("code", 0)) == (200 if code == 0 else 400, code)
    assert desk.frame("write").truth.tolist() == ["applied" if code == 0 else "not_applied"]


def test_public_reads_have_no_window(make_desk: Callable[..., Any]) -> None:
    """Unsigned requests carry no timestamp."""
    (status, _), _ = send(
        make_desk(latency=slow(6000, 10)), {"symbol": "BTCUSDT"}, "GET", "/fapi/v1/ticker/price"
    )
    assert status == 200


TRUTHS = [
    ("request lost", [effect("request_leg", "not_applied")], None, "not_applied", 0.0),
    ("reply lost", [effect("reply_leg", "applied")], None, "applied", 0.01),
    ("late", [effect("request_leg", "applied_late", late_us=4_000_000)], None, "applied_late", 0.01),
    ("late beyond the window", [effect("request_leg", "applied_late", late_us=5_000_000)], None, "not_applied", 0.0),
    (
        "late, window ignored", [effect("request_leg", "applied_late", late_us=60_000_000, obey_recv_window=False)],
        None, "applied_late", 0.01,
    ),
    ("gateway refuses", [effect("gateway", "not_applied", error_reply(-1008))], -1008, "not_applied", 0.0),
    ("core fails", [effect("core", "not_applied", error_reply(-1001))], -1001, "not_applied", 0.0),
    ("core lies", [effect("core", "applied", error_reply(-1001))], -1001, "applied", 0.01),
    ("rules refuse", [effect("rules", "not_applied", error_reply(-2021))], -2021, "not_applied", 0.0),
]  # fmt: skip
COMPOSED = [
    (
        "the earliest stage answers", [effect("gateway", "not_applied", error_reply(-1008)),
        effect("core", "applied", error_reply(-1001))], -1008, "not_applied", 0.0,
    ),
    (
        "a later stage may still refuse", [effect("core", "applied", error_reply(-1001)),
        effect("rules", "not_applied", error_reply(-2021))], -1001, "not_applied", 0.0,
    ),
    (
        "refused, and the refusal lost", [effect("rules", "not_applied", error_reply(-2021)),
        effect("reply_leg", "applied")], None, "not_applied", 0.0,
    ),
    (
        "applied, the error lost", [effect("core", "applied", error_reply(-1001)), effect("reply_leg", "applied")],
        None, "applied", 0.01,
    ),
    (
        "lost before it could be refused", [effect("request_leg", "not_applied"),
        effect("gateway", "not_applied", error_reply(-1008))], None, "not_applied", 0.0,
    ),
    (
        "late and then refused", [effect("request_leg", "applied_late", late_us=1_000_000),
        effect("gateway", "not_applied", error_reply(-1008))], None, "not_applied", 0.0,
    ),
    (
        "late twice", [effect("request_leg", "applied_late", late_us=1_000_000),
        effect("request_leg", "applied_late", late_us=2_000_000)], None, "applied_late", 0.01,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "effects", "code", "truth", "position"),
    TRUTHS + COMPOSED,
    ids=[row[0] for row in TRUTHS + COMPOSED],
)
def test_every_write_has_one_truth(
    name: str,
    effects: list[Effect],
    code: int | None,
    truth: str,
    position: float,
    make_desk: Callable[..., Any],
) -> None:
    """What the client hears, what the venue did, and the record of both (design: a write has a truth)."""
    desk = make_desk(latency=LEGS, script={1: effects})
    (status, body), at_us = send(desk)
    if code is None:
        assert (status, body, at_us) == (0, None, 10_000_000), "silence until the client gives up"
    else:
        assert (status, body["code"], at_us) == (error_reply(code)[0], code, 40_000)
    assert desk.frame("write").truth.tolist() == [truth]
    assert desk.position == position
    assert len(desk.frame("fault")) == len(effects)
    assert set(desk.frame("fault").request) == {1}


def test_a_late_order_executes_when_it_arrives(make_desk: Callable[..., Any]) -> None:
    """The truth carries its time: the fill stands where the delayed request reached the venue."""
    desk = make_desk(latency=LEGS, script={1: [effect("request_leg", "applied_late", late_us=4_000_000)]})
    send(desk)
    assert desk.frame("write").at_us.tolist() == desk.frame("fill").at_us.tolist() == [4_030_000]


def test_a_late_refusal_says_why_in_the_record(make_desk: Callable[..., Any]) -> None:
    """Nobody hears it, but the write tells that the window had closed."""
    desk = make_desk(latency=LEGS, script={1: [effect("request_leg", "applied_late", late_us=5_000_000)]})
    send(desk)
    assert desk.frame("write").code.tolist() == [-1021]


def test_faults_leave_the_latencies_alone(make_desk: Callable[..., Any]) -> None:
    """Legs depend on the key and the moment, so a fault changes what is heard and not how long it takes."""
    spec = LatencySpec()
    plain, faulty = make_desk(latency=spec), make_desk(latency=spec, script={1: TRUTHS[7][1]})
    send(plain)
    send(faulty)
    legs = ["request_leg_us", "reply_leg_us", "answered_us"]
    assert plain.frame("request")[legs].equals(faulty.frame("request")[legs])


def test_a_client_that_gives_up_does_not_stop_the_venue(make_desk: Callable[..., Any]) -> None:
    """Cancelling the waiting task in mid-flight is written down as that; the write and the position remain."""
    desk = make_desk(latency=LEGS)

    async def main() -> None:
        CURRENT_INTENT.set(desk.slot)
        task = asyncio.ensure_future(desk.client.futures_create_order(**BUY))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(1)

    run_virtual(main(), loop=desk.loop)
    assert desk.position == 0.01
    assert desk.frame("request").answered_us.tolist() == [10_000]
    assert desk.frame("write").truth.tolist() == ["applied"]


def test_an_impatient_wait_for_does_not_stop_the_venue(make_desk: Callable[..., Any]) -> None:
    """A time-out of the caller's own, shorter than the client's, hides an applied order."""
    desk = make_desk(latency=LEGS)

    async def main() -> None:
        CURRENT_INTENT.set(desk.slot)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(desk.client.futures_create_order(**BUY), 0.035)
        await asyncio.sleep(1)

    run_virtual(main(), loop=desk.loop)
    assert desk.frame("write").truth.tolist() == ["applied"]


def test_requests_of_one_intent_are_counted_by_role_and_call(make_desk: Callable[..., Any]) -> None:
    """n counts earlier requests with the same intent, role and call: the key of their chance."""
    desk = make_desk(latency=LEGS)

    async def main() -> None:
        CURRENT_INTENT.set(desk.slot)
        for params in (BUY, BUY, {**BUY, "side": "SELL", "reduceOnly": "true"}, BUY):
            await desk.gateway.send("POST", ORDER, dict(params))
        await desk.gateway.send("GET", "/fapi/v1/ticker/price", {"symbol": "BTCUSDT"})

    run_virtual(main(), loop=desk.loop)
    frame = desk.frame("request")
    assert list(zip(frame.role, frame.n, strict=True)) == [
        ("entry", 0), ("entry", 1), ("flatten", 0), ("entry", 2), ("none", 0),
    ]  # fmt: skip


def test_no_faults_means_no_effects(make_desk: Callable[..., Any]) -> None:
    """The empty injector fires on nothing."""
    desk = make_desk()
    send(desk)
    assert NoFaults().effects(desk.injector.seen[0], 0) == []


def test_a_settling_intent_meets_no_fault(make_desk: Callable[..., Any]) -> None:
    """In its settle phase no injector is asked."""
    desk = make_desk(script={1: [effect("request_leg", "not_applied")]})
    desk.slot.settling = True
    (status, _), _ = send(desk)
    assert status == 200
    assert desk.injector.seen == []
