"""What is inferred about an order of a batch."""

from __future__ import annotations

from typing import Any

import pytest

from sim.execution.batch import unwrap


@pytest.mark.parametrize(
    ("order", "order_type", "side"),
    [
        ({"side": "BUY", "type": "MARKET"}, "entry", "BUY"),
        ({"side": "SELL", "type": "LIMIT"}, "entry", "SELL"),
        ({"side": "SELL", "type": "STOP_MARKET"}, "sl", "long"),
        ({"side": "BUY", "type": "STOP"}, "sl", "short"),
        ({"side": "SELL", "type": "TAKE_PROFIT_MARKET"}, "tp", "long"),
        ({"side": "BUY", "type": "take_profit"}, "tp", "short"),
        ({"side": "SELL", "type": "TRAILING_STOP_MARKET"}, "trailing", "long"),
        ({"side": "SELL", "type": "MARKET", "reduceOnly": True}, "exit", "long"),
        ({"side": "BUY", "type": "MARKET", "reduceOnly": "true"}, "exit", "short"),
        ({"side": "BUY", "type": "MARKET", "closePosition": "TRUE"}, "exit", "short"),
        ({"side": "BUY", "type": "MARKET", "reduceOnly": "false"}, "entry", "BUY"),
        ({"side": "SELL", "type": "MARKET", "positionSide": "LONG"}, "entry", "long"),
    ],
)
def test_type_and_side_of_a_raw_order(order: dict[str, Any], order_type: str, side: str) -> None:
    """An exit's position is on the other side of its order; hedge mode names the position outright."""
    item = unwrap(order)
    assert (item.order_type, item.side) == (order_type, side)
    assert item.params is order


@pytest.mark.parametrize("wrapper", ["order_params", "params"])
def test_a_wrapped_order_brings_its_own_words(wrapper: str) -> None:
    """Side, type and prices said beside the parameters are taken."""
    inner = {"side": "BUY", "type": "LIMIT"}
    item = unwrap({wrapper: inner, "side": "buy", "order_type": "entry", "sl_price": 1.0, "tp_price": 2.0})
    assert (item.params, item.side, item.order_type) == (inner, "buy", "entry")
    assert (item.sl_price, item.tp_price) == (1.0, 2.0)


def test_what_is_not_said_is_inferred() -> None:
    """A wrapped stop needs neither side nor type nor price said twice."""
    item = unwrap({"params": {"side": "SELL", "type": "STOP_MARKET", "triggerPrice": "49000"}})
    assert (item.side, item.order_type, item.sl_price, item.tp_price) == ("long", "sl", "49000", None)


def test_an_exit_cannot_be_talked_onto_the_wrong_side() -> None:
    """A SELL stop protects a long even where the wrapping repeats the order's side."""
    inner = {"side": "SELL", "type": "STOP_MARKET", "stopPrice": "49000"}
    assert unwrap({"order_params": inner, "side": "sell", "order_type": "sl"}).side == "long"


def test_a_side_may_be_said_only_outside() -> None:
    """Parameters without a side take the wrapping's, and no side at all is an error."""
    assert unwrap({"params": {"type": "STOP_MARKET"}, "side": "buy"}).side == "buy"
    with pytest.raises(ValueError, match="side is missing"):
        unwrap({"type": "MARKET"})
