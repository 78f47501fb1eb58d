"""Two endpoints for conditional orders: which is asked, for how long not, and by which of a client's ways."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution import precision
from sim.execution.conditional import algo_params, send_conditional, send_signed, uses_algo
from sim.execution.lookup import (
    can_look_up,
    cancel_all_of,
    cancel_conditional,
    find_conditional,
    find_order,
    position_of,
    sighting_of,
    status_of_order,
)
from sim.execution.outcomes import Failure
from sim.execution.precision import ClientMemory, Remembering, SymbolFilters, known_filters, memory_of
from tests.execution.venue_fake import VenueError

ORDER = {"orderId": 7, "status": "NEW", "executedQty": "0"}
NO_PATH = VenueError(-5000, "Path /fapi/v1/algoOrder, Method GET is invalid")


class Endpoints:
    """Answer signed requests by method and path; what is not there is an unknown order."""

    def __init__(self, replies: dict[tuple[str, str], Any]) -> None:
        self.replies = replies
        self.asked: list[tuple[str, str]] = []

    async def _signed_request(self, method: str, path: str, params: dict[str, Any]) -> Any:
        name = path.rpartition("/")[2]
        self.asked.append((method, name))
        reply = self.replies.get((method, name), VenueError(-2013 if method == "GET" else -2011, "Unknown."))
        if isinstance(reply, Exception):
            raise reply
        return reply


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Put a clock set by hand under what is remembered of a client."""
    made = SimpleNamespace(now_s=1000.0)
    monkeypatch.setattr(precision, "time", SimpleNamespace(monotonic=lambda: made.now_s))
    return made


def names(client: Endpoints, look: Any) -> list[str]:
    """Return the endpoints a call asked."""
    client.asked.clear()
    run_virtual(look)
    return [name for _, name in client.asked]


def test_a_venue_that_does_not_know_the_algo_path_is_not_asked_there_for_half_a_minute(clock: Any) -> None:
    """-5000 to a look-up; then the path is tried again, as venues do get it one day."""
    client = Endpoints({("GET", "algoOrder"): NO_PATH})
    expected = {1000.0: 2, 1000.1: 1, 1029.9: 1, 1030.0: 2, 1059.9: 1}
    for now_s, requests in expected.items():
        clock.now_s = now_s
        asked = names(client, find_conditional(client, "BTCUSDT", "a-s", "auto"))
        assert asked == ["order", "algoOrder"][:requests]


@pytest.mark.parametrize("error", [VenueError(-1000, "?"), VenueError(-2013, "?"), LookupError("404")])
def test_another_failure_of_the_algo_path_does_not_put_it_off(clock: Any, error: Exception) -> None:
    """Only -5000 says that there is no such path."""
    client = Endpoints({("GET", "algoOrder"): error})
    for _ in range(2):
        assert len(names(client, find_conditional(client, "BTCUSDT", "a-s", "auto"))) == 2


def test_a_path_the_ordinary_endpoint_lacks_says_nothing_of_the_other(clock: Any) -> None:
    """-5000 from there is no word about the algo path."""
    client = Endpoints({("GET", "order"): NO_PATH})
    assert run_virtual(find_order(client, "BTCUSDT", "a-e", algo=False)).state == "unreadable"
    assert memory_of(client).may_have_algo()


def test_an_end_behind_the_other_endpoint_is_found_too() -> None:
    """Ended or there: from then on it alone is asked; what it cannot read leaves the order absent."""
    client = Endpoints({("GET", "algoOrder"): {"algoId": 8, "algoStatus": "CANCELED"}})
    assert run_virtual(find_conditional(client, "BTCUSDT", "a-s", "auto")).state == "ended"
    assert uses_algo(client, "auto")
    assert not uses_algo(client, "order")
    other = Endpoints({("GET", "algoOrder"): None})
    assert run_virtual(find_conditional(other, "BTCUSDT", "a-s", "auto")).state == "absent"
    assert not uses_algo(other, "auto")


def test_a_readable_order_is_not_asked_for_twice() -> None:
    """There, or unreadable: only an absent one may rest behind the other endpoint."""
    for reply in (ORDER, LookupError("down")):
        client = Endpoints({("GET", "order"): reply})
        assert names(client, find_conditional(client, "BTCUSDT", "a-s", "auto")) == ["order"]


def test_a_cancel_asks_a_venue_without_the_algo_path_only_once() -> None:
    """-5000 to a cancel is remembered for good; another refusal is not."""
    client = Endpoints({("DELETE", "algoOrder"): NO_PATH})
    cancelled = [names(client, cancel_conditional(client, "BTCUSDT", "a-s", "auto")) for _ in range(2)]
    assert cancelled == [["order", "algoOrder"], ["order"]]
    other = Endpoints({})
    cancelled = [names(other, cancel_conditional(other, "BTCUSDT", "a-s", "auto")) for _ in range(2)]
    assert cancelled == [["order", "algoOrder"]] * 2


class Cancelling:
    """Answer the two ways of cancelling everything."""

    def __init__(self, plain: Any, algo: Any) -> None:
        self.answers = {"plain": plain, "algo": algo}
        self.asked: list[tuple[str, str]] = []

    def _answer(self, name: str, symbol: str) -> Any:
        self.asked.append((name, symbol))
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def futures_cancel_all_open_orders(self, *, symbol: str) -> Any:
        return self._answer("plain", symbol)

    async def futures_cancel_all_algo_open_orders(self, *, symbol: str) -> Any:
        return self._answer("algo", symbol)


def test_everything_is_cancelled_on_the_endpoints_in_use() -> None:
    """Both where stops live behind the algo endpoint; what failed is named."""
    done, refused = {"code": 200, "msg": "done"}, {"code": -1000, "msg": "?"}
    client = Cancelling(done, refused)
    assert run_virtual(cancel_all_of(client, "BTCUSDT", "order")) == {}
    assert client.asked == [("plain", "BTCUSDT")]
    failures = run_virtual(cancel_all_of(client, "BTCUSDT", "algo"))
    assert list(failures) == ["futures_cancel_all_algo_open_orders"]
    assert failures["futures_cancel_all_algo_open_orders"].code == -1000
    failures = run_virtual(cancel_all_of(Cancelling(LookupError("down"), done), "BTCUSDT", "algo"))
    assert [failure.message for failure in failures.values()] == ["down"]
    failures = run_virtual(cancel_all_of(object(), "BTCUSDT", "order"))
    assert failures == {
        "futures_cancel_all_open_orders": Failure("error", None, "the client has no such method")
    }


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/fapi/v1/order", "futures_create_order"),
        ("GET", "/fapi/v1/order", "futures_get_order"),
        ("DELETE", "/fapi/v1/order", "futures_cancel_order"),
        ("POST", "/fapi/v1/algoOrder", "futures_create_algo_order"),
        ("GET", "/fapi/v1/algoOrder", "futures_get_algo_order"),
        ("DELETE", "/fapi/v1/algoOrder", "futures_cancel_algo_order"),
    ],
)
def test_a_client_with_methods_alone_is_asked_by_the_one_for_that_path(
    method: str, path: str, name: str
) -> None:
    """python-binance's names, sync or async."""
    client = SimpleNamespace(**{name: lambda **params: ("asked", params)})
    assert run_virtual(send_signed(client, method, path, {"symbol": "X"})) == ("asked", {"symbol": "X"})


def test_the_clients_own_signed_request_goes_before_all_others() -> None:
    """Then python-binance's, with the version of the path; only then the named methods."""

    def signed(*args: Any) -> Any:
        return ("signed", *args)

    def raw(*args: Any, **kwargs: Any) -> Any:
        return ("raw", *args, kwargs)

    both = SimpleNamespace(_signed_request=signed, _request_futures_api=raw, futures_get_order=raw)
    assert run_virtual(send_signed(both, "GET", "/fapi/v1/order", {})) == (
        "signed",
        "GET",
        "/fapi/v1/order",
        {},
    )
    one = SimpleNamespace(_request_futures_api=raw, futures_get_order=signed)
    sent = run_virtual(send_signed(one, "GET", "/fapi/v3/positionRisk", {"symbol": "X"}))
    assert sent == ("raw", "get", "positionRisk", True, 3, {"data": {"symbol": "X"}})
    assert [can_look_up(client) for client in (both, one, object())] == [True, True, False]
    assert can_look_up(SimpleNamespace(futures_get_order=signed))
    assert can_look_up(SimpleNamespace(_signed_request=signed))
    assert can_look_up(SimpleNamespace(_request_futures_api=raw))


def test_a_conditional_order_has_other_names_behind_the_algo_endpoint() -> None:
    """Trigger, activation and id; everything else stays."""
    params = {"stopPrice": "1", "activationPrice": "2", "newClientOrderId": "a", "side": "BUY"}
    assert algo_params(params) == {
        "algoType": "CONDITIONAL", "triggerPrice": "1", "activatePrice": "2", "clientAlgoId": "a", "side": "BUY",
    }  # fmt: skip


@pytest.mark.parametrize("refusal", [VenueError(-4120, "Not here."), {"code": -4120, "msg": "Not here."}])
def test_auto_switches_for_good_where_the_old_path_takes_no_stops(refusal: Any) -> None:
    """Raised or answered; a fixed endpoint does not switch."""
    client = Endpoints({("POST", "order"): refusal, ("POST", "algoOrder"): {"algoId": 8}})
    sent = [names(client, send_conditional(client, "auto", {"stopPrice": "1"})) for _ in range(2)]
    assert sent == [["order", "algoOrder"], ["algoOrder"]]
    fixed = Endpoints({("POST", "order"): refusal})
    if isinstance(refusal, Exception):
        with pytest.raises(VenueError):
            run_virtual(send_conditional(fixed, "order", {}))
    else:
        assert run_virtual(send_conditional(fixed, "order", {})) == refusal
    assert fixed.asked == [("POST", "order")]


@pytest.mark.parametrize("refusal", [VenueError(-2021, "Would trigger."), {"code": -2021, "msg": "?"}])
def test_another_refusal_does_not_make_auto_switch(refusal: Any) -> None:
    """It is the caller's to judge."""
    client = Endpoints({("POST", "order"): refusal})
    if isinstance(refusal, Exception):
        with pytest.raises(VenueError):
            run_virtual(send_conditional(client, "auto", {}))
    else:
        assert run_virtual(send_conditional(client, "auto", {})) == refusal
    assert (client.asked, uses_algo(client, "auto")) == ([("POST", "order")], False)


def test_a_client_of_this_package_carries_what_is_remembered_about_it() -> None:
    """Each its own, without a table beside; the filters known of it are found there."""

    class Own(Remembering):
        pass

    one, other = Own(), Own()
    assert isinstance(memory_of(one), ClientMemory)
    assert memory_of(one) is one.client_memory
    assert memory_of(one) is not memory_of(other)
    assert one not in precision._memories
    one.client_memory.filters = {"BTCUSDT": SymbolFilters(min_notional=None)}
    assert known_filters(one, "BTCUSDT") is one.client_memory.filters["BTCUSDT"]


def test_a_new_memory_knows_nothing_and_asks_everybody() -> None:
    """Every endpoint may be there, and no load failed."""
    memory = ClientMemory()
    assert (memory.filters, memory.load_failed, memory.uses_algo_endpoint) == (None, False, False)
    assert (memory.lacks_algo_endpoint, memory.may_have_algo(), memory.loading) == (False, True, None)


def test_hedge_mode_has_a_position_for_each_side() -> None:
    """The side that is asked for, and what is booked on both; nonsense for a size counts as nothing."""
    entries = [
        {"symbol": "BTCUSDT", "positionAmt": "0.5", "positionSide": "LONG"},
        {"symbol": "BTCUSDT", "positionAmt": "-0.2", "positionSide": "SHORT"},
        {"symbol": "BTCUSDT", "positionAmt": "much"},
    ]
    client = Endpoints({("GET", "positionRisk"): entries})
    sides = ("LONG", "SHORT", "BOTH")
    assert [run_virtual(position_of(client, "BTCUSDT", side)) for side in sides] == [0.5, -0.2, 0.0]
    assert client.asked == [("GET", "positionRisk")] * 3


@pytest.mark.parametrize(
    ("status", "kind", "original", "told"),
    [
        ("NEW", "MARKET", "STOP_MARKET", "TRIGGERED"),
        ("NEW", "STOP_MARKET", "STOP_MARKET", "NEW"),
        ("NEW", None, "STOP_MARKET", "NEW"),
        ("NEW", "MARKET", None, "NEW"),
        ("NEW", "MARKET", "", "NEW"),
        ("FILLED", "MARKET", "STOP_MARKET", "FILLED"),
    ],
)
def test_a_fired_stop_is_known_by_its_two_types(status: str, kind: Any, original: Any, told: str) -> None:
    """Only where the endpoint still calls it NEW, and tells both."""
    assert status_of_order(status, kind, original) == told
    reply = {"orderId": 7, "status": status, "type": kind, "origType": original}
    assert sighting_of(reply).status == told


def test_a_look_up_keeps_what_it_saw_and_says_what_it_did_not_understand() -> None:
    """Number, status and the whole order; or the failure's words."""
    seen = sighting_of(ORDER)
    assert (seen.order_id, seen.status, seen.order, seen.message, seen.mute) == ("7", "NEW", ORDER, "", False)
    algo = {"algoId": 8, "algoStatus": "TRIGGERED", "status": "OTHER", "actualQty": "2", "actualPrice": "50"}
    seen = sighting_of(algo)
    assert (seen.order_id, seen.status, seen.executed, seen.average_price) == ("8", "TRIGGERED", 2.0, 50.0)
    assert sighting_of({"code": -2013, "msg": "gone"}).message == "gone"
    strange = SimpleNamespace(orderId=3)
    assert sighting_of(strange).message.startswith("no order: namespace(")
    assert not sighting_of(strange).mute
