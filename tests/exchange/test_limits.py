"""Counting by address and account in fixed windows as a client meets it: headers, refusals, bans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.exchange.attribution import CURRENT_INTENT
from sim.exchange.effects import Effect
from sim.exchange.limits import ADDRESS
from sim.exchange.limits_spec import VenueLimits
from sim.exchange.replies import UNAVAILABLE_503, error_reply

EPOCH_US = 1_705_276_800_000_000
ORDER, PRICE = "/fapi/v1/order", "/fapi/v1/ticker/price"
BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
READ = {"symbol": "BTCUSDT"}
USED, TEN, ONE = "X-MBX-USED-WEIGHT-1M", "X-MBX-ORDER-COUNT-10S", "X-MBX-ORDER-COUNT-1M"


def ask(
    desk: Any,
    method: str = "GET",
    path: str = PRICE,
    params: dict[str, Any] = READ,
    at_s: float | None = None,
) -> tuple[int, dict[str, str], Any]:
    """Send one request as the desk's intent, at a time if given, and return its whole answer."""
    if at_s is not None:
        desk.run_to(at_s)
    token = CURRENT_INTENT.set(desk.slot)
    future = desk.gateway.send(method, path, dict(params))
    CURRENT_INTENT.reset(token)
    desk.loop.run_until(desk.loop.now_us + 1)
    answer: tuple[int, dict[str, str], Any] = future.result()
    return answer


def buy(desk: Any, **more: Any) -> tuple[int, dict[str, str], Any]:
    at_s = more.pop("at_s", None)
    return ask(desk, "POST", ORDER, {**BUY, **more}, at_s)


def too_many(limit: int) -> dict[str, Any]:
    return {
        "code": -1003,
        "msg": f"Too many requests; current limit of IP({ADDRESS}) is {limit} requests per minute. "
        "Please use the websocket for live updates to avoid polling the API.",
    }


def banned(until_s: float) -> dict[str, Any]:
    return {
        "code": -1003,
        "msg": f"Way too many requests; IP({ADDRESS}) banned until {EPOCH_US // 1000 + round(until_s * 1000)}. "
        "Please use the websocket for live updates to avoid bans.",
    }


# -- headers ----------------------------------------------------------------------------------------------


def test_every_reply_tells_the_weight_of_the_running_minute(make_desk: Callable[..., Any]) -> None:
    """Cumulative and not the call's own cost; reads, writes, refusals and unknown paths alike (binance-facts 4)."""
    desk = make_desk()
    assert ask(desk)[1] == {USED: "1"}
    assert ask(desk, "GET", "/fapi/v2/positionRisk", {})[1] == {USED: "6"}
    assert buy(desk)[1][USED] == "6"
    status, headers, _ = buy(desk, quantity="0")
    assert (status, headers) == (400, {USED: "6"})
    status, headers, _ = ask(desk, "GET", "/fapi/v1/nothing", {})
    assert (status, headers) == (404, {USED: "7"})


def test_accepted_orders_tell_the_order_counts(make_desk: Callable[..., Any]) -> None:
    """On accepted order calls only; 10 s and a minute run apart (binance-facts 4)."""
    desk = make_desk()
    assert buy(desk)[1] == {USED: "0", TEN: "1", ONE: "1"}
    assert buy(desk)[1] == {USED: "0", TEN: "2", ONE: "2"}
    assert buy(desk, quantity="0")[1] == {USED: "0"}, "a refused one may go without"
    assert buy(desk)[1] == {USED: "0", TEN: "4", ONE: "4"}, "and counts all the same"
    assert buy(desk, at_s=10)[1] == {USED: "0", TEN: "1", ONE: "5"}
    assert buy(desk, at_s=60)[1] == {USED: "0", TEN: "1", ONE: "1"}
    assert TEN not in ask(desk, "GET", ORDER, {**READ, "orderId": 1})[1]


@pytest.mark.parametrize(("counted", "expected"), [(True, "2"), (False, "1")])
def test_whether_refused_orders_count_is_a_knob(
    counted: bool, expected: str, make_desk: Callable[..., Any]
) -> None:
    """The documents are silent (binance-facts 12); by default they count, which hurts."""
    desk = make_desk(limits=VenueLimits(refused_orders_count=counted))
    buy(desk, quantity="0")
    _, headers, _ = buy(desk)
    assert (headers[TEN], headers[ONE]) == (expected, expected)


def test_a_batch_counts_five_and_one(make_desk: Callable[..., Any]) -> None:
    """Weight 5, five in 10 s and one in the minute, however few orders it holds (binance-facts 7)."""
    desk = make_desk()
    one = '[{"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}]'
    status, headers, _ = ask(desk, "POST", "/fapi/v1/batchOrders", {"batchOrders": one})
    assert (status, headers) == (200, {USED: "5", TEN: "5", ONE: "1"})


@pytest.mark.parametrize("counted", [True, False])
def test_conditional_orders_count_since_june_2026(counted: bool, make_desk: Callable[..., Any]) -> None:
    """binance-facts 4: algoOrder 1/1 since 2026-06-20; the knob takes it back."""
    desk = make_desk(rules="2025-12-09", limits=VenueLimits(algo_orders_count=counted))
    stop = {
        **READ, "side": "SELL", "type": "STOP_MARKET", "triggerPrice": "49000", "quantity": "0.010",
        "algoType": "CONDITIONAL",
    }  # fmt: skip
    status, headers, _ = ask(desk, "POST", "/fapi/v1/algoOrder", stop)
    assert (status, headers) == (200, {USED: "0", TEN: "1", ONE: "1"} if counted else {USED: "0"})


def test_silence_has_no_headers(make_desk: Callable[..., Any]) -> None:
    """What never came back told nothing."""
    desk = make_desk(script={1: [Effect("f", "test", "reply_leg", "applied", None)]})
    token = CURRENT_INTENT.set(desk.slot)
    future = desk.gateway.send("POST", ORDER, dict(BUY))
    CURRENT_INTENT.reset(token)
    desk.run_to(11)
    assert future.result() == (0, {}, None)


# -- refusals ---------------------------------------------------------------------------------------------


def test_too_much_weight_is_refused_until_the_minute_is_over(make_desk: Callable[..., Any]) -> None:
    """429 with the limit in its text; what is refused still counts; the Unix minute opens anew."""
    desk = make_desk(limits=VenueLimits(weight_per_min=3), epoch_us=EPOCH_US + 45_000_000)
    assert [ask(desk)[0] for _ in range(4)] == [200, 200, 200, 429]
    status, headers, body = ask(desk, at_s=14.9)
    assert (status, headers, body) == (429, {USED: "5"}, too_many(3))
    status, headers, _ = ask(desk, at_s=15)
    assert (status, headers) == (200, {USED: "1"})


def test_a_heavy_call_may_be_too_much_where_a_light_one_is_not(make_desk: Callable[..., Any]) -> None:
    """Weight 5 above a limit of 3."""
    desk = make_desk(limits=VenueLimits(weight_per_min=3))
    assert ask(desk, "GET", "/fapi/v2/positionRisk", {})[0] == 429


def test_orders_cost_an_address_nothing(make_desk: Callable[..., Any]) -> None:
    """POST order weighs 0 (binance-facts 4): it passes when no read does; but the limit once passed holds for all."""
    desk = make_desk(limits=VenueLimits(weight_per_min=1))
    assert [ask(desk)[0], buy(desk)[0], ask(desk)[0], buy(desk)[0]] == [200, 200, 429, 429]
    assert desk.position == 0.01


@pytest.mark.parametrize(
    ("limits", "again_at_s", "text"),
    [
        ({"orders_per_10s": 2}, 10, "Too many new orders; current limit is 2 orders per TEN_SECONDS."),
        ({"orders_per_min": 2}, 60, "Too many new orders; current limit is 2 orders per MINUTE."),
    ],
)
def test_too_many_orders_are_refused_until_the_window_is_over(
    limits: dict[str, int], again_at_s: int, text: str, make_desk: Callable[..., Any]
) -> None:
    """429 / -1015 by account; reads and cancels go on; the order was not placed (binance-facts 1.1)."""
    desk = make_desk(limits=VenueLimits(**limits))
    assert [buy(desk)[0] for _ in range(2)] == [200, 200]
    status, headers, body = buy(desk)
    assert (status, headers, body) == (429, {USED: "0"}, {"code": -1015, "msg": text})
    assert ask(desk)[0] == 200
    assert buy(desk, at_s=again_at_s - 0.001)[0] == 429
    assert buy(desk, at_s=again_at_s)[0] == 200
    assert desk.position == pytest.approx(0.03)
    assert desk.frame("write").truth.tolist() == [
        "applied",
        "applied",
        "not_applied",
        "not_applied",
        "applied",
    ]


def test_refused_orders_do_not_hold_the_window_shut(make_desk: Callable[..., Any]) -> None:
    """What got -1015 does not count: the header never exceeds the limit."""
    desk = make_desk(limits=VenueLimits(orders_per_10s=2))
    for _ in range(5):
        buy(desk)
    assert buy(desk, at_s=10)[1] == {USED: "0", TEN: "1", ONE: "3"}


@pytest.mark.parametrize("named", [True, False])
def test_retry_after_is_a_knob(named: bool, make_desk: Callable[..., Any]) -> None:
    """Documented for Spot and not for futures (binance-facts 4): whole seconds to the window's or the ban's end."""
    desk = make_desk(limits=VenueLimits(weight_per_min=1, orders_per_10s=1, ban_after=2, retry_after=named))
    buy(desk, at_s=4.5)
    expected = [("429", "6"), ("200", None), ("429", "56"), ("418", "120")]
    answers = [buy(desk), ask(desk), ask(desk), ask(desk)]
    told = [(str(status), headers.get("Retry-After")) for status, headers, _ in answers]
    assert told == (expected if named else [(status, None) for status, _ in expected])


def test_nothing_is_refused_when_limits_are_off(make_desk: Callable[..., Any]) -> None:
    """The off switch: all is counted and told, nothing refused."""
    desk = make_desk(limits=VenueLimits(enforce=False, weight_per_min=1, orders_per_10s=1, orders_per_min=1))
    assert {ask(desk)[0] for _ in range(20)} | {buy(desk)[0] for _ in range(20)} == {200}
    load = desk.gateway.load()
    assert (load.weight_most, load.orders_10s_most, load.orders_1m_most) == (20, 20, 20)
    assert (load.refusals, load.bans) == ({}, ())


# -- bans -------------------------------------------------------------------------------------------------


def test_who_goes_on_calling_is_banned(make_desk: Callable[..., Any]) -> None:
    """418 and the end in the text; nothing is served and nothing counted until then (binance-facts 1.3, 4)."""
    desk = make_desk(limits=VenueLimits(weight_per_min=1, ban_after=3))
    assert [ask(desk)[0] for _ in range(4)] == [200, 429, 429, 429]
    status, headers, body = ask(desk, at_s=7)
    assert (status, headers, body) == (418, {USED: "5"}, banned(127))
    assert buy(desk, at_s=60)[0] == 418
    status, headers, body = ask(desk, at_s=126.999)
    assert (status, headers, body) == (418, {USED: "0"}, banned(127)), "in later minutes nothing was counted"
    assert ask(desk, at_s=127)[:2] == (200, {USED: "1"})
    assert desk.position == 0.0
    assert desk.gateway.load().bans == ((0, 7_000_000, 127_000_000),)
    assert desk.gateway.load().refusals == {"-1003": 3, "418": 3}


def test_bans_grow_from_two_minutes_to_three_days(make_desk: Callable[..., Any]) -> None:
    """Each ban is longer than the one before, and none longer than the longest (binance-facts 4)."""
    desk = make_desk(limits=VenueLimits(weight_per_min=1, ban_after=0, ban_growth=10.0), for_s=400_000)
    lengths_s = []
    for _ in range(6):
        while ask(desk)[0] == 200:
            pass
        ban = desk.gateway.load().bans[-1]
        lengths_s.append((ban.until_us - ban.from_us) / 1e6)
        desk.loop.run_until(ban.until_us)
    assert lengths_s == [120, 1_200, 12_000, 120_000, 259_200, 259_200]


def test_a_whole_calm_minute_forgives(make_desk: Callable[..., Any]) -> None:
    """Offences of one minute and the next add up; after a minute without one the count begins anew."""
    desk = make_desk(limits=VenueLimits(weight_per_min=1, ban_after=2))
    for at_s, expected in ((0, [200, 429]), (60, [200, 429]), (120, [200, 418])):
        assert [ask(desk, at_s=at_s)[0], ask(desk)[0]] == expected
    desk = make_desk(limits=VenueLimits(weight_per_min=1, ban_after=2))
    for at_s, expected in ((0, [200, 429]), (60, [200, 429]), (180, [200, 429])):
        assert [ask(desk, at_s=at_s)[0], ask(desk)[0]] == expected


def test_too_many_orders_are_offences_too(make_desk: Callable[..., Any]) -> None:
    """Whoever goes on placing orders after 429 is banned by address as well."""
    desk = make_desk(limits=VenueLimits(orders_per_10s=1, ban_after=2))
    assert [buy(desk)[0] for _ in range(4)] == [200, 429, 429, 418]
    assert ask(desk)[0] == 418


# -- faults -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "used", "counts"),
    [
        (Effect("f", "t", "gateway", "not_applied", (503, UNAVAILABLE_503)), "1", (1, 1)),
        (Effect("f", "t", "core", "not_applied", error_reply(-1001)), "1", (2, 2)),
        (Effect("f", "t", "core", "applied", error_reply(-1001)), "1", (2, 2)),
        (Effect("f", "t", "rules", "not_applied", error_reply(-2021)), "1", (2, 2)),
        (Effect("f", "t", "request_leg", "not_applied", None), "", (1, 1)),
    ],
    ids=["503 B", "core", "core lies", "rules", "lost"],
)
def test_what_a_fault_stops_at_the_gateway_is_not_counted(
    effect: Effect, used: str, counts: tuple[int, int], make_desk: Callable[..., Any]
) -> None:
    """503 B does not count against limits (binance-facts 1.3); what reached the core does."""
    desk = make_desk(script={2: [effect]}, timeout_s=1.0)
    ask(desk)
    token = CURRENT_INTENT.set(desk.slot)
    future = desk.gateway.send("POST", ORDER, dict(BUY))
    CURRENT_INTENT.reset(token)
    desk.run_to(2)
    assert future.result()[1] == ({USED: used} if used else {})
    _, headers, _ = buy(desk)
    assert (headers[TEN], headers[ONE]) == (str(counts[0]), str(counts[1]))


def test_a_ban_comes_before_what_a_fault_would_do_in_the_core(make_desk: Callable[..., Any]) -> None:
    """What is refused at the gateway never reaches the core, and the client hears the earlier stage."""
    fault = Effect("f", "t", "core", "applied", error_reply(-1001))
    desk = make_desk(script={3: [fault]}, limits=VenueLimits(weight_per_min=1, ban_after=0))
    assert [ask(desk)[0], ask(desk)[0], buy(desk)[0]] == [200, 418, 418]
    assert desk.frame("write").truth.tolist() == ["not_applied"]
    assert desk.position == 0.0


# -- told -------------------------------------------------------------------------------------------------


def test_the_venue_tells_its_limits(make_desk: Callable[..., Any]) -> None:
    """exchangeInfo carries the limits in force (binance-facts 10)."""
    desk = make_desk(limits=VenueLimits(weight_per_min=600, orders_per_10s=30, orders_per_min=120))
    told = {(row["rateLimitType"], row["interval"]): row["limit"] for row in desk.door.rate_limits}
    assert told == {("REQUEST_WEIGHT", "MINUTE"): 600, ("ORDERS", "MINUTE"): 120, ("ORDERS", "SECOND"): 30}
    assert ask(desk, "GET", "/fapi/v1/exchangeInfo", {})[2]["rateLimits"] == list(desk.door.rate_limits)
