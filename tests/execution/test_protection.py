"""Protection in time: stop, read-back, targets, both in one request, and what a refusal leads to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.conditional_pair import ConditionalPair
from tests.execution.venue_fake import VenueError, VenueFake, live, rest_foreign_stop, wait


@pytest.mark.parametrize("fault", ["lose request", "lose reply"])
def test_a_stop_nobody_answered_for_rests_once(fault: str) -> None:
    """Whether or not it arrived, one stop rests in the end, within the deadline."""
    books = VenueFake()
    books.on("sl", fault)
    result, _ = live(books)
    assert (result.protected, books.resting("sl")) == (True, ["i1-s"])


def test_a_stop_that_hangs_beyond_the_deadline_closes_the_position() -> None:
    """No answer, no look-up: after the deadline the position is closed, and the stop that rests is swept."""
    books, events = VenueFake(), list[Any]()
    books.on("sl", "hang", "hang", "hang", "hang")
    books.on("look sl", *["hang"] * 9)
    result, _ = live(books, events=events)
    assert (result.status, books.position, books.resting()) == ("failed", 0.0, [])
    assert result.exit.success
    assert any("not there 3.5 s after the fill" in getattr(event, "message", "") for event in events)


def test_a_stop_the_price_has_passed_closes_the_position() -> None:
    """-2021 with the price at the stop: moved nowhere, closed at once."""
    books = VenueFake()

    def falls(venue: Any, params: Any) -> Any:
        venue.price = 49_000.0
        raise VenueError(-2021, "Order would immediately trigger.")

    books.on("sl", falls)
    result, _ = live(books)
    assert (result.status, books.position, books.log.count("sl")) == ("failed", 0.0, 1)


def test_a_stop_that_vanishes_before_it_is_read_back_closes_the_position() -> None:
    """Accepted is not armed: a stop that is read back as ended protects nothing."""
    books = VenueFake()
    books.on("sl", "reject")
    books.on("look sl", None)
    result, _ = live(books)
    assert (result.status, books.position) == ("failed", 0.0)


def test_another_positions_stop_makes_this_one_take_its_own_quantity() -> None:
    """-4130 for a new position: the stop is sent reduce-only with the filled quantity instead."""
    books = VenueFake()

    books.on("entry", rest_foreign_stop)
    result, _ = live(books)
    assert result.protected
    params = books.orders["i1-s1"]["params"]
    assert ("closePosition" in params, params["quantity"], params["reduceOnly"]) == (False, "0.5", "true")


def test_stops_and_targets_can_be_sized_by_quantity() -> None:
    """``stop_sizing = reduce_only``: nothing closes more than this position."""
    books = VenueFake()
    live(books, stop_sizing="reduce_only")
    for name in ("i1-s", "i1-t"):
        params = books.orders[name]["params"]
        assert ("closePosition" in params, params["quantity"], params["reduceOnly"]) == (False, "0.5", "true")


@pytest.mark.parametrize(("required", "position"), [(True, 0.0), (False, 0.5)])
def test_a_missing_target_closes_the_position_only_where_it_is_required(
    required: bool, position: float
) -> None:
    """The stop is mandatory; the target is as the policy says."""
    books = VenueFake()
    books.on("tp", VenueError(-4045, "Reach max stop order limit."))
    live(books, target_required=required)
    assert books.position == position


def test_stop_and_target_travel_together_where_the_venue_takes_that() -> None:
    """``batch_protection``: one request for both."""
    books = VenueFake()
    result, _ = live(books, batch_protection=True)
    assert result.protected
    assert books.log == ["ticker", "entry", "batch", "sl", "tp", "look sl"]
    assert books.resting() == ["i1-s", "i1-t"]


def test_a_batch_refused_item_by_item_goes_singly_to_the_algo_endpoint() -> None:
    """-4120 for each item: both go on alone, and the endpoint is remembered."""
    books = VenueFake(algo=True)
    result, _ = live(books, batch_protection=True)
    assert result.protected
    assert books.resting() == ["i1-s", "i1-t"]
    assert books.log.count("batch") == 1


@pytest.mark.parametrize("fault", ["lose reply", "lose request"])
def test_a_batch_nobody_answered_for_is_settled_order_by_order(fault: str) -> None:
    """Each order is looked up, and resent alone where it is missing."""
    books = VenueFake()
    books.on("batch", fault)
    result, _ = live(books, batch_protection=True)
    assert (result.protected, sorted(books.resting())) == (True, ["i1-s", "i1-t"])


def test_a_batch_that_hangs_is_cut_off_by_the_deadline() -> None:
    """No answer within the deadline: closed."""
    books = VenueFake()
    books.on("batch", "hang")
    books.on("look sl", *["hang"] * 9)
    result, _ = live(books, batch_protection=True)
    assert (result.protected, books.position) == (False, 0.0)


def test_a_batched_stop_refused_beside_another_goes_by_quantity() -> None:
    """-4130 in a batch ends as alone: reduce-only with the filled quantity."""
    books = VenueFake()
    books.on("entry", rest_foreign_stop)
    result, _ = live(books, batch_protection=True)
    assert result.protected
    assert books.orders["i1-s1"]["params"]["quantity"] == "0.5"
    assert books.log.count("tp") == 1


def test_a_short_is_the_mirror_of_a_long() -> None:
    """Sides, stop above, close by buying."""
    books = VenueFake()

    async def close_short(executor: Any, result: Any) -> Any:
        return await executor.close_position(symbol="BTCUSDT", side="sell", quantity=0.5, intent_id="i1")

    result, closed = live(books, close_short, wishes={"side": "sell"})
    assert result.protected
    assert books.orders["i1-s"]["params"]["stopPrice"] == "50500.0"
    assert (closed.success, books.position) == (True, 0.0)


def test_the_careful_way_names_its_orders_even_without_the_key_for_ids() -> None:
    """A deadline without client ids would protect nothing: ids are given all the same."""
    books = VenueFake()
    result, _ = live(books, client_ids=False, wishes={"intent_id": None})
    assert result.protected
    assert len(books.resting()) == 2


@pytest.mark.parametrize("batch", [False, True])
def test_a_stop_that_would_come_after_its_deadline_is_not_sent(batch: bool) -> None:
    """The deadline ran out while the rest of a partial fill was awaited: closed at once."""
    books = VenueFake()
    books.on("entry", "half")

    def slow(venue: Any, params: Any) -> Any:
        return {"orderId": 1, "status": "PARTIALLY_FILLED", "executedQty": "0.25", "avgPrice": "50000"}

    books.on("look entry", slow, slow)
    result, _ = live(books, batch_protection=batch, protect_deadline_sec=0.001)
    assert (result.protected, books.position, books.log.count("sl")) == (False, 0.0, 0)


def test_without_a_method_for_batches_the_signed_request_carries_the_orders_as_text() -> None:
    """One JSON list, and a reply that is shorter than it settles only the orders it holds."""
    sent: list[Any] = []

    class Plain:
        async def _signed_request(self, method: str, path: str, params: dict[str, Any]) -> Any:
            sent.append((method, path, json.loads(params["batchOrders"])))
            return [{"orderId": 5}]

    async def main() -> list[Any]:
        orders = [{"newClientOrderId": "a-s"}, {"newClientOrderId": "a-t"}]
        pair = ConditionalPair(Plain(), "order", orders)
        return [await pair.submit_for(number)(**order) for number, order in enumerate(orders)]

    assert run_virtual(main()) == [{"orderId": 5}, None]
    assert sent == [
        ("POST", "/fapi/v1/batchOrders", [{"newClientOrderId": "a-s"}, {"newClientOrderId": "a-t"}])
    ]


def test_a_batch_refused_as_a_whole_is_refused_for_both() -> None:
    """A reply with a code instead of a list; each order then goes alone."""
    books = VenueFake()
    books.on("batch", lambda v, p: {"code": -1008, "msg": "Request throttled by system-level protection."})
    result, _ = live(books, batch_protection=True, protect_deadline_sec=20.0)
    assert (result.protected, sorted(books.resting())) == (True, ["i1-s", "i1-t"])


def test_stop_and_target_are_sent_as_they_were_planned() -> None:
    """Both close the position at the mark price, under ids of their own, and nothing else is asked for."""
    books = VenueFake()
    live(books)
    common = {"symbol": "BTCUSDT", "side": "SELL", "workingType": "MARK_PRICE", "closePosition": "true"}
    stop = {**common, "type": "STOP_MARKET", "stopPrice": "49500.0", "newClientOrderId": "i1-s"}
    target = {**common, "type": "TAKE_PROFIT_MARKET", "stopPrice": "51000.0", "newClientOrderId": "i1-t"}
    assert [books.orders[name]["params"] for name in ("i1-s", "i1-t")] == [stop, target]


def test_an_order_by_quantity_reduces_only_and_closes_nothing_else() -> None:
    """``stop_sizing = reduce_only``: the filled quantity, reduce-only, without closePosition."""
    books = VenueFake()
    books.on("entry", "half")
    live(books, stop_sizing="reduce_only")
    stop = books.orders["i1-s"]["params"]
    assert (stop["quantity"], stop["reduceOnly"], "closePosition" in stop) == ("0.25", "true", False)


def test_a_stop_that_came_in_a_batch_is_looked_after_like_any_other() -> None:
    """It vanishes two seconds later, and is put up again."""
    books, journal = VenueFake(), dict[str, str]()
    books.on("sl", "vanish")
    live(books, wait, batch_protection=True, journal=journal)
    assert (books.log.count("batch"), books.resting("sl"), books.position) == (1, ["i1-s1"], 0.5)
    assert '"stopPrice":"49500.0"' in journal["intent:i1"]


def test_a_stop_is_in_the_journal_with_its_trigger_before_it_rests() -> None:
    """Whoever recovers the intent can put the same stop up again."""
    books, journal, written = VenueFake(), dict[str, str](), list[str]()

    def note(venue: Any, params: Any) -> Any:
        written.append(journal["intent:i1"])
        raise VenueError(-2019, "Margin is insufficient.")

    books.on("sl", note)
    live(books, journal=journal)
    for part in ('"stopPrice":"49500.0"', '"stop_id":"i1-s"', '"conditional_ids":["i1-s"]', '"filled":"0.5"'):
        assert part in written[0]
