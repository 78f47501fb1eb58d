"""Orders at market that fill late, in parts, or in part; and books that thin out for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sim.exchange.matching import FillSpec
from sim.faults import Fault

ORDER = "/fapi/v1/order"
SLOW = {"kind": "slow_match", "min_s": 10.0, "max_s": 10.0}


def test_an_order_is_acknowledged_and_fills_later(make: Callable[..., Any]) -> None:
    """failures F17: NEW with nothing executed for ten seconds, then filled at the price of then."""
    exchange = make(SLOW, pct_per_s=0.01)
    _, placed = exchange.buy(newOrderRespType="RESULT")
    assert (placed["status"], placed["executedQty"], float(placed["avgPrice"])) == ("NEW", "0.000", 0.0)
    assert exchange.position == 0.0
    assert [row["orderId"] for row in exchange.get("/fapi/v1/openOrders")[1]] == [placed["orderId"]]
    exchange.run_to(11)
    assert exchange.position == 0.010
    assert exchange.frame("fill").price[0] == pytest.approx(exchange.path.last(10_000_000), abs=0.1)
    assert exchange.get("/fapi/v1/openOrders")[1] == []
    assert exchange.fired == [("f0", "slow match", "applied")]


def test_it_fills_in_parts_that_sum_to_the_whole(make: Callable[..., Any]) -> None:
    """F29: several executions at random fractions, the last one at the end of the delay."""
    exchange = make(SLOW | {"parts": 4})
    exchange.buy("1.000")
    exchange.run_to(11)
    fills = exchange.frame("fill")
    assert len(fills) == 4
    assert fills.quantity.sum() == pytest.approx(1.0)
    assert fills.at_us.iloc[-1] == 10_000_000
    statuses = exchange.frame("order").status.tolist()
    assert statuses == ["NEW", "PARTIALLY_FILLED", "PARTIALLY_FILLED", "PARTIALLY_FILLED", "FILLED"]


def test_a_waiting_order_can_be_cancelled(make: Callable[..., Any]) -> None:
    """It never executes then."""
    exchange = make(SLOW)
    _, placed = exchange.buy()
    assert exchange.send("DELETE", ORDER, orderId=placed["orderId"])[0] == 200
    exchange.run_to(20)
    assert exchange.position == 0.0


def test_a_waiting_exit_is_cut_to_what_is_left(make: Callable[..., Any]) -> None:
    """A reduce-only order that waits while the position closes executes nothing and EXPIRES."""
    exchange = make(SLOW | {"match": {"role": "flatten"}})
    exchange.buy()
    exit_ = {"side": "SELL", "type": "MARKET", "quantity": "0.010"}
    exchange.send("POST", ORDER, reduceOnly="true", **exit_)
    exchange.slot.direction = 0
    exchange.send("POST", ORDER, **exit_)
    exchange.run_to(20)
    assert exchange.position == 0.0
    assert exchange.frame("order").status.iloc[-1] == "EXPIRED"


@pytest.mark.parametrize(("rest", "held"), [("expires", 0.050), ("fills", 0.100)])
def test_an_order_fills_in_part(make: Callable[..., Any], rest: str, held: float) -> None:
    """Half at once; the rest EXPIRES, or follows two seconds later."""
    exchange = make({"kind": "partial_fill", "min_share": 0.5, "max_share": 0.5, "rest": rest})
    _, placed = exchange.buy("0.100")
    assert exchange.position == pytest.approx(0.050)
    exchange.run_to(3)
    assert exchange.position == pytest.approx(held)
    status = exchange.get(ORDER, orderId=placed["orderId"])[1]["status"]
    assert status == ("EXPIRED" if rest == "expires" else "FILLED")
    assert exchange.fired == [("f0", "partial fill", "applied")]


def test_parts_are_drawn_for_the_order(make: Callable[..., Any]) -> None:
    """Another fault beside it changes neither sizes nor times."""
    slow = {"kind": "slow_match", "max_s": 20.0, "parts": 3}
    fills = []
    for others in ((), ({"kind": "stuck_trigger"}, {"kind": "read_lag"})):
        exchange = make(slow, *others)
        exchange.buy("0.100")
        exchange.run_to(30)
        fills.append(exchange.frame("fill")[["at_us", "quantity"]].values.tolist())
    assert fills[0] == fills[1]


def test_a_book_is_thin_in_the_window(make: Callable[..., Any]) -> None:
    """Depth divided, spread multiplied, from one instant to the other; one row for the stretch."""
    window = {"how": {"window": {"at": 10.0, "for_s": 10.0}}}
    exchange = make(
        {"kind": "thin_book", "depth_divisor": 20.0, "spread_times": 10.0, **window},
        fills=FillSpec(), depth=100.0,
    )  # fmt: skip
    book = exchange.venue.books["BTCUSDT"]
    plain = (book.depth(5_000_000), book.touch(1, 5_000_000))
    assert plain == (100.0, 50_000.1)
    assert book.depth(15_000_000) == pytest.approx(plain[0] / 20)
    assert book.touch(1, 15_000_000) == pytest.approx(50_000.5)
    assert (book.depth(20_000_000), book.touch(1, 20_000_000)) == plain
    assert book.take(1, 1.0, 15_000_000)[1] > book.take(1, 1.0, 5_000_000)[1]
    exchange.run_to(30)
    assert exchange.fired == [("f0", "book /20, spread x10", "")]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"kind": "thin_book", "depth_divisor": 5.0}, "needs window or burst"),
        ({"kind": "slow_match", "min_s": 9.0, "max_s": 1.0}, "min_s=9 must be at most"),
        ({"kind": "partial_fill", "min_share": 0.9, "max_share": 0.1}, "min_share=0.9 must be at most"),
    ],
)
def test_what_cannot_be_is_refused(table: dict[str, Any], said: str) -> None:
    """Spans the wrong way round, and conditions without a stretch."""
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(Fault).validate_python({"name": "f", "how": {"rate": 0.1}, **table})
