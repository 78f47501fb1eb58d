"""Finding and cancelling orders by client id, and reading a position."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.conditional import send_conditional
from sim.execution.lookup import (
    can_look_up,
    cancel_conditional,
    cancel_order,
    find_conditional,
    find_order,
    position_of,
    sighting_of,
)
from sim.execution.outcomes import Failure
from sim.execution.precision import memory_of
from tests.execution.venue_fake import VenueError

ORDER = {"orderId": 7, "status": "NEW", "executedQty": "0"}


class Endpoints:
    """Answer signed requests by method and path; what is not there is an unknown order."""

    def __init__(self, replies: dict[tuple[str, str], Any]) -> None:
        self.replies = replies
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    async def _signed_request(self, method: str, path: str, params: dict[str, Any]) -> Any:
        name = path.rpartition("/")[2]
        self.asked.append((method, name, params))
        missing = VenueError(-2013 if method == "GET" else -2011, "Order does not exist.")
        reply = self.replies.get((method, name), missing)
        if isinstance(reply, Exception):
            raise reply
        return reply


class Named:
    """Offer python-binance's methods and no signed request."""

    async def futures_get_order(self, **params: Any) -> Any:
        return {**ORDER, "params": params}

    async def futures_cancel_algo_order(self, **params: Any) -> Any:
        return {"code": "200", "msg": "success"}


@pytest.mark.parametrize(
    ("reply", "state", "executed", "average"),
    [
        (ORDER, "there", 0.0, 0.0),
        ({"orderId": 7, "status": "FILLED", "executedQty": "0.5", "avgPrice": "100"}, "there", 0.5, 100.0),
        ({"orderId": 7, "status": "FILLED", "executedQty": "0.5", "cumQuote": "60"}, "there", 0.5, 120.0),
        ({"orderId": 7, "status": "EXPIRED", "executedQty": "0.2", "avgPrice": "100"}, "there", 0.2, 100.0),
        ({"orderId": 7, "status": "EXPIRED", "executedQty": "0"}, "ended", 0.0, 0.0),
        ({"algoId": 8, "algoStatus": "CANCELED"}, "ended", 0.0, 0.0),
        ({"algoId": 8, "algoStatus": "REJECTED"}, "ended", 0.0, 0.0),
        ({"orderId": 7, "status": "EXPIRED_IN_MATCH"}, "ended", 0.0, 0.0),
        ({"orderId": 7, "executedQty": 2, "avgPrice": 1.5}, "there", 2.0, 1.5),
        ({"orderId": 7, "status": "NEW", "executedQty": "1e300", "cumQuote": "5"}, "there", 0.0, 0.0),
        ({"algoId": 8, "algoStatus": "FINISHED", "actualQty": "1", "actualPrice": "9"}, "there", 1.0, 9.0),
        ({"code": -2013, "msg": "Order does not exist."}, "absent", 0.0, 0.0),
        ({"code": -1000, "msg": "?"}, "unreadable", 0.0, 0.0),
        ({}, "unreadable", 0.0, 0.0),
        (None, "unreadable", 0.0, 0.0),
        ({"orderId": 7, "status": "NEW", "executedQty": True, "avgPrice": "x"}, "there", 0.0, 0.0),
        ({"orderId": 7, "status": "NEW", "executedQty": "inf"}, "there", 0.0, 0.0),
    ],
)
def test_a_reply_is_read_for_what_is_certain(reply: Any, state: str, executed: float, average: float) -> None:
    """Resting, filled in part, ended without a fill, missing, or nothing usable."""
    sighting = sighting_of(reply)
    assert (sighting.state, sighting.executed, sighting.average_price) == (state, executed, average)


def test_an_object_with_an_id_is_no_order() -> None:
    """Only a mapping tells a status; an object that merely has an id proves nothing."""
    assert sighting_of(type("Reply", (), {"orderId": 3})()).state == "unreadable"


def test_a_failed_look_up_is_unreadable_and_a_missing_order_absent() -> None:
    """-2013 says that the venue does not know the order (yet); anything else says nothing."""
    client = Endpoints({})
    assert run_virtual(find_order(client, "BTCUSDT", "a-e", algo=False)).state == "absent"
    client.replies["GET", "order"] = LookupError("down")
    seen = run_virtual(find_order(client, "BTCUSDT", "a-e", algo=False))
    assert (seen.state, seen.message) == ("unreadable", "down")


def test_the_endpoint_decides_the_name_of_the_id() -> None:
    """clientAlgoId behind algoOrder, origClientOrderId behind order."""
    client = Endpoints({})
    for algo in (False, True):
        run_virtual(find_order(client, "BTCUSDT", "a", algo=algo))
    assert client.asked == [
        ("GET", "order", {"symbol": "BTCUSDT", "origClientOrderId": "a"}),
        ("GET", "algoOrder", {"symbol": "BTCUSDT", "clientAlgoId": "a"}),
    ]


def test_auto_asks_both_endpoints_while_it_is_not_known_which_takes_stops() -> None:
    """What is found behind the other one teaches the client; afterwards that one alone is asked."""
    client = Endpoints({("GET", "algoOrder"): {"algoId": 8, "algoStatus": "NEW"}})
    assert run_virtual(find_conditional(client, "BTCUSDT", "a-s", "auto")).state == "there"
    assert memory_of(client).uses_algo_endpoint
    run_virtual(find_conditional(client, "BTCUSDT", "a-s", "auto"))
    assert [name for _, name, _ in client.asked] == ["order", "algoOrder", "algoOrder"]


@pytest.mark.parametrize("rests", ["algoOrder", "order", "nowhere", "behind a fault"])
def test_who_has_no_time_asks_both_endpoints_at_once(rests: str) -> None:
    """What both say takes as long as one answer, and what either knows is found."""

    class Slow(Endpoints):
        async def _signed_request(self, method: str, path: str, params: dict[str, Any]) -> Any:
            await asyncio.sleep(1.0)
            return await super()._signed_request(method, path, params)

    found = {**ORDER, "algoId": 8}
    client = Slow({("GET", rests): found})
    if rests == "behind a fault":
        client = Slow({("GET", "order"): LookupError("down"), ("GET", "algoOrder"): found})

    async def look() -> tuple[str, float]:
        seen = await find_conditional(client, "BTCUSDT", "a-s", "auto", at_once=True)
        assert seen.asks == 1
        return seen.state, asyncio.get_running_loop().time()

    assert run_virtual(look()) == ("absent" if rests == "nowhere" else "there", 1.0)
    assert sorted(name for _, name, _ in client.asked) == ["algoOrder", "order"]
    assert memory_of(client).uses_algo_endpoint == (rests not in ("order", "nowhere"))


@pytest.mark.parametrize(("endpoint", "asked"), [("order", ["order"]), ("algo", ["algoOrder"])])
def test_a_fixed_endpoint_is_asked_alone(endpoint: Any, asked: list[str]) -> None:
    """No second request where the policy names the path."""
    client = Endpoints({})
    assert run_virtual(find_conditional(client, "BTCUSDT", "a-s", endpoint)).state == "absent"
    assert [name for _, name, _ in client.asked] == asked


def test_a_venue_without_the_other_endpoint_says_nothing_about_the_order() -> None:
    """A 404 of the algo path leaves the order absent, and teaches nothing."""
    client = Endpoints({("GET", "algoOrder"): LookupError("404")})
    assert run_virtual(find_conditional(client, "BTCUSDT", "a-s", "auto")).state == "absent"
    assert not memory_of(client).uses_algo_endpoint


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ({"orderId": 7, "status": "CANCELED"}, None),
        ({"code": "200", "msg": "success"}, None),
        (VenueError(-2011, "Unknown order sent."), None),
        (VenueError(-4117, "Stop order is in the triggering process."), None),
        ({"code": -2011, "msg": "Unknown order sent."}, None),
        ({"code": -1000, "msg": "?"}, -1000),
        (VenueError(-1000, "?"), -1000),
    ],
)
def test_a_cancel_is_over_when_the_order_is_gone(reply: Any, code: int | None) -> None:
    """Cancelled, unknown or on its way to fire: gone.  Anything else is a failure."""
    client = Endpoints({("DELETE", "order"): reply})
    failure = run_virtual(cancel_order(client, "BTCUSDT", "a-s", algo=False))
    assert (failure.code if failure is not None else None) == code


@pytest.mark.parametrize(
    ("replies", "endpoint", "asked", "gone"),
    [
        ({("DELETE", "order"): ORDER}, "auto", ["order"], True),
        ({("DELETE", "algoOrder"): {"code": "200"}}, "auto", ["order", "algoOrder"], True),
        ({("DELETE", "algoOrder"): LookupError("404")}, "auto", ["order", "algoOrder"], True),
        ({("DELETE", "order"): LookupError("down")}, "auto", ["order"], False),
        ({}, "order", ["order"], True),
        ({}, "algo", ["algoOrder"], True),
    ],
)
def test_a_conditional_order_is_cancelled_wherever_it_may_rest(
    replies: Any, endpoint: Any, asked: list[str], gone: bool
) -> None:
    """With auto, an order the first endpoint does not know is cancelled behind the other too."""
    client = Endpoints(replies)
    failure = run_virtual(cancel_conditional(client, "BTCUSDT", "a-s", endpoint))
    assert [name for _, name, _ in client.asked] == asked
    assert (failure is None) is gone


def test_a_client_without_signed_requests_is_asked_by_its_methods() -> None:
    """futures_get_order and futures_cancel_algo_order serve as well."""
    seen = run_virtual(find_order(Named(), "BTCUSDT", "a-e", algo=False))
    assert seen.state == "there"
    assert seen.order is not None
    assert seen.order["params"] == {"symbol": "BTCUSDT", "origClientOrderId": "a-e"}
    assert run_virtual(cancel_order(Named(), "BTCUSDT", "a-s", algo=True)) is None


def test_a_client_that_sends_as_python_binance_does_is_asked_that_way() -> None:
    """Method in small letters, the path's name, signed, its version, and what is sent under ``data``."""
    asked: list[Any] = []

    class Raw:
        async def _request_futures_api(self, *args: Any, **kwargs: Any) -> Any:
            asked.append((*args, kwargs))
            return ORDER

    client, query = Raw(), {"symbol": "BTCUSDT"}
    assert can_look_up(client)
    assert run_virtual(find_order(client, "BTCUSDT", "a-e", algo=False)).state == "there"
    assert run_virtual(send_conditional(client, "algo", query)) == ORDER
    assert asked == [
        ("get", "order", True, 1, {"data": {**query, "origClientOrderId": "a-e"}}),
        ("post", "algoOrder", True, 1, {"data": {"algoType": "CONDITIONAL", **query}}),
    ]


@pytest.mark.parametrize(
    ("reply", "position"),
    [
        ([], 0.0),
        ([{"symbol": "BTCUSDT", "positionAmt": "-0.5"}], -0.5),
        ([{"symbol": "ETHUSDT", "positionAmt": "3"}, {"symbol": "BTCUSDT", "positionAmt": "0.5"}], 0.5),
        ([{"symbol": "BTCUSDT", "positionAmt": "0.5", "positionSide": "LONG"}], 0.0),
        ([{"symbol": "BTCUSDT", "positionAmt": "0.5", "positionSide": "BOTH"}], 0.5),
        ([{"symbol": "BTCUSDT", "positionAmt": "0.5"}, {"symbol": "BTCUSDT", "positionAmt": "0.25"}], 0.75),
    ],
)
def test_a_position_is_the_sum_of_the_symbols_entries(reply: Any, position: float) -> None:
    """Other symbols and the other sides of hedge mode do not count."""
    client = Endpoints({("GET", "positionRisk"): reply})
    assert run_virtual(position_of(client, "BTCUSDT")) == position


@pytest.mark.parametrize("reply", [LookupError("down"), {"code": -1000}, ["nonsense"]])
def test_a_position_that_cannot_be_read_is_a_failure(reply: Any) -> None:
    """Neither flat nor open."""
    client = Endpoints({("GET", "positionRisk"): reply})
    assert isinstance(run_virtual(position_of(client, "BTCUSDT")), Failure)


def test_a_look_takes_as_long_as_its_answer_where_there_is_no_limit() -> None:
    """``timeout_s`` is 0 unless it is said: the answer of a minute is waited for, and with 1 s it is not."""

    class Slow(Endpoints):
        async def _signed_request(self, method: str, path: str, params: dict[str, Any]) -> Any:
            await asyncio.sleep(60.0)
            return await super()._signed_request(method, path, params)

    client = Slow({("GET", "order"): ORDER, ("DELETE", "order"): ORDER, ("GET", "positionRisk"): []})
    auto: Any = "auto"
    assert run_virtual(find_order(client, "BTCUSDT", "a", algo=False)).state == "there"
    assert run_virtual(find_conditional(client, "BTCUSDT", "a", auto)).state == "there"
    assert run_virtual(cancel_order(client, "BTCUSDT", "a", algo=False)) is None
    assert run_virtual(cancel_conditional(client, "BTCUSDT", "a", auto)) is None
    assert run_virtual(position_of(client, "BTCUSDT")) == 0.0
    limited = [
        run_virtual(find_order(client, "BTCUSDT", "a", algo=False, timeout_s=1.0)).message,
        run_virtual(find_conditional(client, "BTCUSDT", "a", auto, timeout_s=1.0)).message,
        run_virtual(cancel_order(client, "BTCUSDT", "a", algo=False, timeout_s=1.0)),
        run_virtual(cancel_conditional(client, "BTCUSDT", "a", auto, timeout_s=1.0)),
        run_virtual(position_of(client, "BTCUSDT", timeout_s=1.0)),
    ]
    assert ["no answer within 1 s" in str(one) for one in limited] == [True] * 5


def test_only_an_answer_no_venue_gives_is_mute() -> None:
    """A client that stands for prices answers with things that are no JSON; asking it again is of no use."""
    assert sighting_of(object()).mute
    assert not any(sighting_of(reply).mute for reply in ({}, [], "x", 1, 1.5, None))
