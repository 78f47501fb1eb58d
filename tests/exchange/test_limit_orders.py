"""LIMIT orders: what they take on arrival, when they rest, what fills them, and what ends them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim.exchange.matching import FillSpec, take_to
from sim.market import LinePath

Make = Callable[..., Any]

FREE: dict[str, Any] = {
    "half_spread_bps": 0.0, "spread_range_share": 0.0, "impact_bps": 0.0, "taker_fee": 0.0005, "maker_fee": 0.0002,
    "trigger_delay_ms": 0.0,
}  # fmt: skip
SPEC = FillSpec(**FREE)
# A size of the whole depth of 24 pays 1 % on average and 2 % for its last unit.
DEEP = FillSpec(**{**FREE, "impact_bps": 100.0}, impact_exponent=1.0, crash_depth_multiplier=1.0)


def limit(
    desk: Any, side: str, price: str, quantity: str = "0.010", tif: str = "GTC", **more: Any
) -> tuple[int, Any]:
    asked = {"side": side, "type": "LIMIT", "price": price, "quantity": quantity, "timeInForce": tif, **more}
    status, body = desk.order(**asked)
    return status, body


class Steps(LinePath):
    """A path whose prints a test writes: (second, price, …), four to a bar of 40 ms; volume 8 a bar."""

    prices: tuple[tuple[float, float], ...] = ()

    def bar_volume(self, t_us: int) -> float:
        return 8.0

    def _ticks_of(self, times: Any) -> Any:
        seconds = np.array([second for second, _ in self.prices])
        values = np.array([round(price / self._unit) for _, price in self.prices], dtype=np.int64)
        return values[np.searchsorted(seconds * 1e6, times, side="right") - 1]


# -- on arrival -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "price"), [("BUY", "50100"), ("SELL", "49900"), ("BUY", "50000"), ("SELL", "50000")]
)
def test_a_marketable_order_takes_at_once_at_the_touch(side: str, price: str, make_desk: Make) -> None:
    """Fill rule 8: it pays the book's price and the taker's fee, not its own price."""
    desk = make_desk(fills=SPEC)
    number = limit(desk, side, price)[1]["orderId"]
    assert desk.states(number) == [("NEW", 0), ("FILLED", 0)]
    fill = desk.frame("fill").iloc[0]
    assert (fill.price, fill.quantity) == (50_000.0, 0.01)
    assert fill.fee == pytest.approx(0.01 * 50_000 * 0.0005)


@pytest.mark.parametrize(("side", "sign"), [("BUY", 1), ("SELL", -1)])
def test_what_the_book_does_not_give_up_to_the_price_rests(side: str, sign: int, make_desk: Make) -> None:
    """1 % is what the last unit of half the depth pays: 12 of 24 fill at 0.5 % on average, the rest stands.

    The rest is filled by the next print, which is beyond its price: nobody else stands there.
    """
    desk = make_desk(fills=DEEP, depth=24.0, wallet=1e9)
    price = 50_000 * (1 + sign * 0.01)
    number = limit(desk, side, f"{price:.1f}", "15")[1]["orderId"]
    body = desk.ask("GET", "/fapi/v1/order", orderId=number)[1]
    assert (body["status"], float(body["executedQty"])) == ("PARTIALLY_FILLED", 12.0)
    assert [row["orderId"] for row in desk.ask("GET", "/fapi/v1/openOrders")[1]] == [number]
    desk.run_to(1)
    assert desk.states(number) == [("NEW", 0), ("PARTIALLY_FILLED", 0), ("FILLED", 10_000)]
    fills = desk.frame("fill")
    assert fills.quantity.tolist() == [12.0, 3.0]
    assert fills.price.tolist() == pytest.approx([50_000 * (1 + sign * 0.005), price])
    assert fills.fee.tolist() == pytest.approx([12 * fills.price[0] * 0.0005, 3 * price * 0.0002])
    body = desk.ask("GET", "/fapi/v1/order", orderId=number)[1]
    assert float(body["avgPrice"]) == pytest.approx((12 * fills.price[0] + 3 * price) / 15)
    assert desk.position == sign * 15


@pytest.mark.parametrize(
    ("quantity", "states"), [("10", ["NEW", "FILLED"]), ("15", ["NEW", "PARTIALLY_FILLED", "EXPIRED"])]
)
def test_ioc_takes_what_it_can_and_expires(quantity: str, states: list[str], make_desk: Make) -> None:
    """binance-facts 2.2: immediate or cancel; the RESULT says how far it came."""
    desk = make_desk(fills=DEEP, depth=24.0, wallet=1e9)
    body = limit(desk, "BUY", "50500", quantity, "IOC", newOrderRespType="RESULT")[1]
    assert [state for state, _ in desk.states(body["orderId"])] == states
    assert (body["status"], float(body["executedQty"])) == (states[-1], min(float(quantity), 12.0))
    assert desk.ask("GET", "/fapi/v1/openOrders")[1] == []


def test_ioc_beyond_the_touch_expires_with_nothing(make_desk: Make) -> None:
    """Accepted, and over at once."""
    desk = make_desk(fills=SPEC)
    number = limit(desk, "BUY", "49999.9", tif="IOC")[1]["orderId"]
    assert desk.states(number) == [("NEW", 0), ("EXPIRED", 0)]


@pytest.mark.parametrize(
    ("tif", "price", "quantity", "code"),
    [
        ("FOK", "50500", "12", None), ("FOK", "50500", "12.001", -5021), ("FOK", "49999.9", "0.010", -5021),
        ("GTX", "49999.9", "0.010", None), ("GTX", "50000", "0.010", -5022), ("GTX", "50100", "0.010", -5022),
    ],
)  # fmt: skip
def test_fok_and_gtx_are_refused_by_code(
    tif: str, price: str, quantity: str, code: int | None, make_desk: Make
) -> None:
    """binance-facts 1.2c: FOK that cannot fill whole -5021, GTX that would take -5022; a refused order never was."""
    desk = make_desk(fills=DEEP, depth=24.0, wallet=1e9)
    status, body = limit(desk, "BUY", price, quantity, tif)
    assert (status, body.get("code")) == ((400, code) if code else (200, None))
    assert (len(desk.frame("order")) == 0) == (code is not None)


@pytest.mark.parametrize(
    ("side", "limit_price", "filled"), [(1, 99.9, 0.0), (1, 100.0, 10.0), (-1, 100.1, 0.0), (-1, 100.0, 10.0)]
)
def test_taking_stops_at_the_limit(side: int, limit_price: float, filled: float) -> None:
    """Without impact all or nothing is within the price."""
    assert take_to(SPEC, side, 100.0, 10.0, limit_price, depth=1.0, tick=0.1, step=0.1)[0] == filled


# -- at rest ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "at_us"), [("through", 2_010_000), ("touch", 2_000_000)])
@pytest.mark.parametrize(("side", "sign"), [("BUY", -1), ("SELL", 1)])
def test_a_resting_order_fills_at_its_own_price_by_the_declared_rule(
    mode: str, at_us: int, side: str, sign: int, make_desk: Make
) -> None:
    """The line moves 50.0 a second in steps of 0.5: it prints 100 away after 2 s, and beyond that 10 ms later."""
    desk = make_desk(fills=FillSpec(**FREE, limit_fill=mode), pct_per_s=sign * 0.1)
    price = 50_000 + sign * 100
    number = limit(desk, side, f"{price:.1f}")[1]["orderId"]
    desk.run_to(10)
    assert desk.states(number) == [("NEW", 0), ("FILLED", at_us)]
    fill = desk.frame("fill").iloc[0]
    assert (fill.price, fill.quantity) == (price, 0.01)
    assert fill.fee == pytest.approx(0.01 * price * 0.0002)
    assert fill.side * (fill.price - fill.reference) >= 0


def test_a_price_that_only_touches_fills_nothing_by_default(make_desk: Make) -> None:
    """ "through" stands last in the queue: prints at the price went to others."""
    Steps.prices = ((0.0, 50_000.0), (1.0, 49_900.0), (2.0, 50_000.0))
    desk = make_desk(line=Steps, fills=SPEC)
    number = limit(desk, "BUY", "49900")[1]["orderId"]
    desk.run_to(10)
    assert desk.states(number) == [("NEW", 0)]


def test_a_share_of_the_volume_at_the_price_fills_in_parts(make_desk: Make) -> None:
    """Each print at the price offers a tenth of its volume; two and a half of them are wanted."""
    Steps.prices = ((0.0, 50_000.0), (1.0, 49_900.0))
    desk = make_desk(line=Steps, fills=FillSpec(**FREE, limit_fill="touch", limit_share=0.1))
    each = 0.1 * 8.0 / desk.path.prints(0, desk.path.bar_us)[0].size
    number = limit(desk, "BUY", "49900", f"{2.5 * each:.3f}")[1]["orderId"]
    desk.run_to(10)
    fills = desk.frame("fill")
    assert fills.at_us.tolist() == [1_000_000, 1_010_000, 1_020_000]
    assert fills.quantity.sum() == pytest.approx(round(2.5 * each, 3))
    states = [state for state, _ in desk.states(number)]
    assert states == ["NEW", "PARTIALLY_FILLED", "PARTIALLY_FILLED", "FILLED"]


def test_a_print_beyond_the_price_fills_the_rest(make_desk: Make) -> None:
    """Nobody trades past a standing order: what the share left over goes at the first print beyond."""
    Steps.prices = ((0.0, 50_000.0), (1.0, 49_900.0), (1.02, 49_899.9))
    desk = make_desk(line=Steps, fills=FillSpec(**FREE, limit_fill="touch", limit_share=0.1))
    limit(desk, "BUY", "49900", "2")
    desk.run_to(10)
    fills = desk.frame("fill")
    assert fills.at_us.tolist() == [1_000_000, 1_010_000, 1_020_000]
    assert fills.price.tolist() == [49_900.0] * 3
    assert desk.position == 2.0


def test_offers_smaller_than_a_step_add_up(make_desk: Make) -> None:
    """What does not make a step yet is kept, over bars too."""
    Steps.prices = ((0.0, 50_000.0), (1.0, 49_900.0))
    desk = make_desk(line=Steps, fills=FillSpec(**FREE, limit_fill="touch", limit_share=1e-6))
    each = 1e-6 * 8.0 / desk.path.prints(0, desk.path.bar_us)[0].size
    limit(desk, "BUY", "49900", "0.010")
    desk.run_to(800)
    first = desk.frame("fill").at_us.iloc[0]
    assert (first - 1_000_000) / 10_000 + 1 == pytest.approx(0.001 / each, abs=1.5)


def test_a_share_without_touch_is_refused() -> None:
    """It would silently change nothing."""
    with pytest.raises(ValueError, match="limit_share"):
        FillSpec(limit_share=0.1)


def test_a_cancelled_order_never_fills_and_keeps_its_part(make_desk: Make) -> None:
    """The part that filled stays; the appointment is dropped; a second cancel is -2011."""
    Steps.prices = ((0.0, 50_000.0), (1.0, 49_900.0))
    desk = make_desk(line=Steps, fills=FillSpec(**FREE, limit_fill="touch", limit_share=0.1))
    number = limit(desk, "BUY", "49900", "1")[1]["orderId"]
    desk.run_to(1.005)
    body = desk.ask("DELETE", "/fapi/v1/order", orderId=number)[1]
    assert (body["status"], float(body["executedQty"])) == ("CANCELED", desk.position)
    held = desk.position
    assert 0 < held < 1
    desk.run_to(20)
    assert desk.position == held
    assert desk.ask("DELETE", "/fapi/v1/order", orderId=number)[1]["code"] == -2011


# -- reduce-only ------------------------------------------------------------------------------------------


def test_closing_orders_may_not_exceed_the_position_together(make_desk: Make) -> None:
    """-2022 "conflicts with other open closing orders" (1.2b); alone an oversized one is cut when it executes."""
    desk = make_desk(fills=SPEC)
    desk.buy("0.020")
    assert limit(desk, "SELL", "50100", "0.015", reduceOnly="true")[0] == 200
    assert limit(desk, "SELL", "50200", "0.006", reduceOnly="true")[1]["code"] == -2022
    assert desk.sell("0.006", reduceOnly="true")[1]["code"] == -2022
    assert limit(desk, "SELL", "50200", "0.005", reduceOnly="true")[0] == 200
    # One that may open is no closing order.
    assert limit(desk, "SELL", "50300", "0.020")[0] == 200


@pytest.mark.parametrize("price", ["50100", "49900"])
def test_a_reduce_only_order_is_cut_to_the_position_and_its_rest_expires(price: str, make_desk: Make) -> None:
    """At rest or on arrival: 0.010 are there, 0.030 are asked for, the account ends flat."""
    desk = make_desk(fills=SPEC, pct_per_s=0.1)
    desk.buy("0.010")
    number = limit(desk, "SELL", price, "0.030", reduceOnly="true")[1]["orderId"]
    desk.run_to(10)
    assert desk.position == 0.0
    assert [state for state, _ in desk.states(number)] == ["NEW", "PARTIALLY_FILLED", "EXPIRED"]
    assert desk.frame("order").reason.iloc[-1] == "position closed"


def test_a_resting_exit_ends_with_its_position(make_desk: Make) -> None:
    """Closed by another order, there is nothing left that it could reduce; one that may open stays."""
    desk = make_desk(fills=SPEC)
    desk.buy("0.010")
    closing = limit(desk, "SELL", "50100", "0.010", reduceOnly="true")[1]["orderId"]
    opening = limit(desk, "SELL", "50100", "0.010")[1]["orderId"]
    desk.sell("0.010")
    assert desk.states(closing)[-1][0] == "EXPIRED"
    assert desk.states(opening)[-1][0] == "NEW"


# -- other rules ------------------------------------------------------------------------------------------


def test_an_own_order_in_the_way_expires_in_the_match(make_desk: Make) -> None:
    """EXPIRE_MAKER (2.2): the resting side goes, the taker trades with others."""
    desk = make_desk(fills=FillSpec(**{**FREE, "half_spread_bps": 0.1}))
    resting = limit(desk, "SELL", "50000.4")[1]["orderId"]
    assert desk.states(resting) == [("NEW", 0)]
    desk.buy("0.010")
    assert desk.states(resting)[-1] == ("EXPIRED_IN_MATCH", 0)
    assert desk.position == 0.01


def test_no_more_than_200_open_orders_a_symbol(make_desk: Make) -> None:
    """MAX_NUM_ORDERS: the 201st that would rest is -2025; what never rests is not counted."""
    desk = make_desk(fills=SPEC)
    for _ in range(200):
        assert limit(desk, "BUY", "49000", "0.003")[0] == 200
    assert limit(desk, "BUY", "49000", "0.003")[1]["code"] == -2025
    assert limit(desk, "BUY", "49000", "0.003", "IOC")[0] == 200
    assert desk.buy("0.003")[0] == 200


def test_hedge_mode_keeps_two_positions(make_desk: Make) -> None:
    """Each side has its own; LONG + SELL only reduces, and is refused without a long position (2.2)."""
    desk = make_desk(fills=SPEC)
    desk.account.hedge = True
    assert limit(desk, "SELL", "49900", positionSide="LONG")[1]["code"] == -2022
    assert limit(desk, "BUY", "50100", positionSide="LONG")[0] == 200
    assert limit(desk, "SELL", "49900", positionSide="SHORT")[0] == 200
    assert desk.account.position(desk.symbol, "LONG").quantity == 0.01
    assert desk.account.position(desk.symbol, "SHORT").quantity == -0.01
    assert limit(desk, "SELL", "49900", "0.030", positionSide="LONG")[0] == 200
    assert desk.account.position(desk.symbol, "LONG").quantity == 0.0
    assert desk.account.position(desk.symbol, "SHORT").quantity == -0.01
