"""How faults of the wire go on: delays, waits, exemptions, stretches, batches, refusals that stick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Wire = Callable[..., Any]
BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}


def test_delays_move_the_venue_or_only_the_ear(make_wire: Wire) -> None:
    """A slow request executes later, a slow reply is only heard later."""
    for leg, acts_us in (("request", 530_000), ("reply", 30_000)):
        wire = make_wire({"kind": "delay", "leg": leg, "ms": 500.0})
        wire.call()
        assert (wire.rows("write").at_us.tolist(), wire.heard_us) == ([acts_us], [540_000])


def test_a_delay_may_follow_a_law(make_wire: Wire) -> None:
    """Two requests of one law are delayed differently, each the same when run again."""
    table = {"kind": "delay", "leg": "reply", "law": {"law": "lognormal", "p50_ms": 300.0, "p99_ms": 3000.0}}
    heard = []
    for _ in range(2):
        wire = make_wire(table)
        wire.call_all("futures_create_order", [BUY, BUY])
        heard.append(wire.heard_us)
    assert heard[0] == heard[1]
    assert heard[0][0] != heard[0][1]


def test_retry_after_is_as_long_as_the_ban(make_wire: Wire) -> None:
    """The header says how long, in whole seconds; a limit's is drawn from its range."""
    wire = make_wire({"kind": "ip_ban", "how": {"window": {"at": 0.0, "for_s": 90.0}}})
    wire.call(at_s=30.0)
    assert wire.client.response is not None
    assert wire.client.response.headers["Retry-After"] == "60"
    wire = make_wire({"kind": "rate_limited", "retry_after_s": 5, "retry_after_most_s": 60})
    answers = wire.call_all("futures_create_order", [BUY] * 6)
    seconds = {int(error.response.headers["Retry-After"]) for error in answers}
    assert len(seconds) > 2
    assert min(seconds) >= 5
    assert max(seconds) <= 60


def test_exits_and_algo_orders_pass_the_throttle_unless_it_says_otherwise(make_wire: Wire) -> None:
    """binance-facts 1.3: reduce-only is exempt on paper; both exemptions are knobs."""
    stop = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "STOP_MARKET",
        "stopPrice": "49000",
        "closePosition": "true",
    }
    loose = {**stop, "closePosition": "false", "quantity": "0.010"}
    for table, order, struck in (
        ({}, {**BUY, "reduceOnly": "true"}, 0),
        ({"exempt_reduce_only": False}, {**BUY, "reduceOnly": "true"}, 1),
        ({}, loose, 0),
        ({"algo_exempt": False}, loose, 1),
        ({"algo_exempt": False}, stop, 0),
        ({"algo_exempt": False, "exempt_reduce_only": False}, stop, 1),
    ):
        wire = make_wire({"kind": "throttled", **table})
        wire.call(**order)
        assert len(wire.rows("fault")) == struck, (table, order)


def test_a_stretch_keeps_everybody_out_and_is_written_down(make_wire: Wire) -> None:
    """A ban, a dead network and a venue that serves nobody are outages for everybody, as long as they last."""
    for kind, name in (
        ("ip_ban", "unearned ban"),
        ("html_403", "unearned ban"),
        ("network_down", "dead network"),
        ("unavailable_503", "unavailable"),
    ):
        wire = make_wire({"kind": kind, "how": {"window": {"at": 5.0, "for_s": 9.0}}})
        assert wire.rows("outage").values.tolist() == [[name, -1, 5_000_000, 14_000_000]]
    wire = make_wire(
        {"kind": "ip_ban", "how": {"window": {"at": 5.0, "for_s": 9.0}}, "match": {"role": "entry"}}
    )
    assert len(wire.rows("outage")) == 0, "a stop still gets through"


@pytest.mark.parametrize(
    ("table", "is_outage"),
    [
        ({}, True),
        ({"match": {"call": "order"}}, True),
        ({"match": {"role": "sl"}}, False),
        ({"applied": 0.1}, False),
        ({"code": -2021}, False),
        ({"how": {"window": {"at": 5.0, "for_s": 9.0, "rate": 0.9}}}, False),
    ],
    ids=["all", "all orders", "stops alone: a close gets through", "some live", "a rule", "some get through"],
)
def test_a_stretch_in_which_every_order_is_refused_is_an_outage(
    make_wire: Wire, table: dict[str, Any], is_outage: bool
) -> None:
    """-1001 to all orders, none of them applied: nobody can put up a stop, nor close."""
    wire = make_wire({"code": -1001, "applied": 0.0, "how": {"window": {"at": 5.0, "for_s": 9.0}}, **table})
    assert wire.rows("outage").values.tolist() == (
        [["orders refused", -1, 5_000_000, 14_000_000]] if is_outage else []
    )


@pytest.mark.parametrize(
    ("at_s", "stage", "truth"),
    [
        (4.9, None, "applied"),
        (4.965, "reply_leg", "applied"),
        (4.98, "request_leg", "not_applied"),
        (5.0, "connect", "not_applied"),
        (13.99, "connect", "not_applied"),
        (14.0, None, "applied"),
    ],
)
def test_a_dead_network_loses_what_is_on_its_way(
    make_wire: Wire, at_s: float, stage: str | None, truth: str
) -> None:
    """Legs of 30 and 10 ms: the reply is lost, then the request, then nothing can be sent; then all is well."""
    wire = make_wire({"kind": "network_down", "how": {"window": {"at": 5.0, "for_s": 9.0}}})
    wire.call(at_s=at_s)
    assert wire.rows("write").truth.tolist() == [truth]
    assert wire.rows("fault").stage.tolist() == ([] if stage is None else [stage])


def test_a_batch_may_be_applied_in_part_behind_one_unknown_reply(make_wire: Wire) -> None:
    """failures.md F44: each item has its own truth, and the reply tells none."""
    item = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
    found = set()
    for seed_name in ("a", "b", "c", "d"):
        wire = make_wire({"kind": "batch_partial", "applied": 0.5, "name": f"f_{seed_name}"})
        error = wire.call("futures_place_batch_order", batchOrders=[dict(item) for _ in range(5)])
        assert "Unknown error" in str(error)
        truths = wire.rows("write").truth.tolist()
        assert len(truths) == 5
        assert wire.position == pytest.approx(0.01 * truths.count("applied"))
        assert len(wire.rows("fault")) == 1
        found.add(tuple(truths))
    assert len(found) > 1


def test_a_sticky_refusal_meets_identical_requests_and_no_others(make_wire: Wire) -> None:
    """failures.md F43: resending unchanged is refused for ever; another quantity has its own luck."""
    wire = make_wire({"code": -2027, "sticky": True, "how": {"script": [1]}})
    answers = wire.call_all("futures_create_order", [BUY, BUY, {**BUY, "quantity": "0.020"}, BUY])
    assert [getattr(answer, "code", 0) for answer in answers] == [-2027, -2027, 0, -2027]
    wire = make_wire({"code": -2027, "sticky": True, "how": {"rate": 0.5}})
    orders = [{**BUY, "quantity": f"0.0{tens}0"} for tens in range(1, 9)]
    refused = [isinstance(answer, Exception) for answer in wire.call_all("futures_create_order", orders * 2)]
    assert refused[:8] == refused[8:]
    assert 0 < sum(refused) < 16
