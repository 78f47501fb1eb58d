"""Reads that lag behind writes: look-ups, lists, positions, executions; and an algo endpoint that forgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sim.faults import Fault

ORDER, ALGO, RISK = "/fapi/v1/order", "/fapi/v1/algoOrder", "/fapi/v3/positionRisk"
LAG = {"kind": "read_lag", "min_s": 5.0, "max_s": 5.0}


def test_a_live_order_is_not_found_until_its_lag_is_over(make: Callable[..., Any]) -> None:
    """failures F18: -2013 for an order that exists, and one row of record for it."""
    exchange = make(LAG)
    _, placed = exchange.buy()
    status, body = exchange.get(ORDER, orderId=placed["orderId"])
    assert (status, body["code"]) == (400, -2013)
    exchange.run_to(6)
    assert exchange.get(ORDER, orderId=placed["orderId"])[1]["status"] == "FILLED"
    assert exchange.fired == [("f0", "read lag", "")]


def test_the_position_stands_as_it_was_and_the_truth_goes_on(make: Callable[..., Any]) -> None:
    """The account holds the position at once; positionRisk, account and executions show it five seconds later."""
    exchange = make(LAG)
    exchange.buy()
    assert exchange.position == 0.010
    assert exchange.get(RISK)[1] == []
    assert exchange.get("/fapi/v2/positionRisk")[1][0]["positionAmt"] == "0"
    assert exchange.get("/fapi/v1/userTrades")[1] == []
    exchange.run_to(6)
    assert exchange.get(RISK)[1][0]["positionAmt"] == "0.01"
    assert len(exchange.get("/fapi/v1/userTrades")[1]) == 1


def test_lists_omit_what_does_not_show_yet(make: Callable[..., Any]) -> None:
    """Open orders and histories come back without the order."""
    exchange = make(LAG | {"match": {"role": "sl"}})
    exchange.buy()
    exchange.stop()
    assert exchange.get("/fapi/v1/openAlgoOrders")[1] == []
    assert exchange.get("/fapi/v1/allAlgoOrders")[1] == []
    assert len(exchange.get("/fapi/v1/allOrders")[1]) == 1
    exchange.run_to(6)
    assert len(exchange.get("/fapi/v1/openAlgoOrders")[1]) == 1


def test_a_cancel_meets_the_engine_which_knows(make: Callable[..., Any]) -> None:
    """The order is cancelled though no read shows it, and reads go on showing it once it shows."""
    exchange = make(LAG)
    exchange.buy()
    _, placed = exchange.stop()
    assert exchange.get(ALGO, algoId=placed["algoId"])[0] == 400
    assert exchange.send("DELETE", ALGO, algoId=placed["algoId"])[0] == 200
    assert exchange.send("DELETE", ALGO, algoId=placed["algoId"])[1]["code"] == -2011


def test_a_cancelled_order_still_reads_new(make: Callable[..., Any]) -> None:
    """A change lags like a new order: it shows as it was before."""
    exchange = make(LAG)
    exchange.buy()
    _, placed = exchange.stop()
    exchange.run_to(6)
    exchange.send("DELETE", ALGO, algoId=placed["algoId"])
    assert exchange.get(ALGO, algoId=placed["algoId"])[1]["algoStatus"] == "NEW"
    assert len(exchange.get("/fapi/v1/openAlgoOrders")[1]) == 1
    exchange.run_to(12)
    assert exchange.get(ALGO, algoId=placed["algoId"])[1]["algoStatus"] == "CANCELED"


def test_only_the_groups_named_lag(make: Callable[..., Any]) -> None:
    """``reads`` narrows the fault: the position is up to date while look-ups by id are not."""
    exchange = make(LAG | {"reads": ["order"]})
    _, placed = exchange.buy()
    assert exchange.get(ORDER, orderId=placed["orderId"])[0] == 400
    assert exchange.get(RISK)[1][0]["positionAmt"] == "0.01"


def test_the_settle_phase_reads_the_truth(make: Callable[..., Any]) -> None:
    """No fault touches an intent that settles."""
    exchange = make(LAG)
    _, placed = exchange.buy()
    exchange.slot.settling = True
    assert exchange.get(ORDER, orderId=placed["orderId"])[0] == 200


def test_a_lag_is_that_of_the_order_whoever_reads(make: Callable[..., Any]) -> None:
    """Asking more often, or another order in between, does not change when an order shows."""

    def shows_at(*, asks: int, others: int) -> int:
        exchange = make({"kind": "read_lag", "min_s": 1.0, "max_s": 10.0})
        for _ in range(others):
            exchange.send("POST", ORDER, side="SELL", type="MARKET", quantity="0.010", reduceOnly="true")
        _, placed = exchange.buy()
        for _ in range(asks):
            exchange.get(ORDER, orderId=placed["orderId"])
        life = exchange.door.reads._lives[placed["orderId"]]
        return int(life.steps[0].shows_us["order"] - life.steps[0].at_us)

    assert shows_at(asks=0, others=0) == shows_at(asks=7, others=2) >= 1_000_000


def test_rare_lags_last_that_long(make: Callable[..., Any]) -> None:
    """F18: a few orders stay hidden for half an hour."""
    exchange = make(LAG | {"rare_share": 1.0, "rare_s": 600.0})
    _, placed = exchange.buy()
    exchange.run_to(599)
    assert exchange.get(ORDER, orderId=placed["orderId"])[0] == 400
    exchange.run_to(601)
    assert exchange.get(ORDER, orderId=placed["orderId"])[0] == 200


def test_a_stretch_in_which_every_read_lags_is_an_outage(make: Callable[..., Any]) -> None:
    """Nobody can see the need for a stop then; with less than all of it no such row is written."""
    window = {"how": {"window": {"at": 10.0, "for_s": 20.0}}}
    rows = make(LAG | window).frame("outage")
    assert rows.values.tolist() == [["read lag", -1, 10_000_000, 30_000_000]]
    assert make(LAG | window | {"reads": ["order"]}).frame("outage").empty
    assert make(LAG).frame("outage").empty


def test_the_algo_endpoint_forgets_live_orders(make: Callable[..., Any]) -> None:
    """F19: neither endpoint knows the order, which lives, triggers, and can be cancelled."""
    exchange = make({"kind": "algo_query_404"})
    exchange.buy()
    _, placed = exchange.stop()
    assert exchange.get(ALGO, algoId=placed["algoId"])[1]["code"] == -2013
    assert exchange.get(ORDER, orderId=placed["algoId"])[1]["code"] == -2013
    assert exchange.get("/fapi/v1/openAlgoOrders")[1] == []
    assert exchange.send("DELETE", ALGO, algoId=placed["algoId"])[0] == 200
    assert exchange.fired == [("f0", "algo look-up 404", "")] * 2


def test_a_span_must_be_one() -> None:
    """The bounds of a lag are refused with their values."""
    read = TypeAdapter(Fault).validate_python
    with pytest.raises(ValidationError, match="min_s=9 must be at most max_s=2"):
        read({"name": "f", "kind": "read_lag", "how": {"rate": 0.1}, "min_s": 9.0, "max_s": 2.0})
    with pytest.raises(ValidationError, match="has no logarithm"):
        read({"name": "f", "kind": "read_lag", "how": {"rate": 0.1}, "min_s": 0.0, "max_s": 2.0})
