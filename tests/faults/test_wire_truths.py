"""Every fault of the wire: its stage, the order's truth, what the client gets or raises, and one row of record."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter

from sim.faults import KINDS, Fault

Wire = Callable[..., Any]
READ: TypeAdapter[Any] = TypeAdapter(Fault)
BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}


RAISED = [
    # the fault, its stage, the truth, what the client raises, its text (a part)
    ({"kind": "connect", "fails": "refused"}, "connect", "not_applied", "ClientConnectorError", "Cannot connect"),
    ({"kind": "connect", "fails": "dns"}, "connect", "not_applied", "ClientConnectorDNSError", "name resolution"),
    ({"kind": "connect", "fails": "tls"}, "connect", "not_applied", "ClientConnectorSSLError", "SSL"),
    ({"kind": "connect", "fails": "pool", "after_s": 3.0}, "connect", "not_applied", "ConnectionTimeoutError", "host"),
    ({"kind": "connect", "fails": "timeout", "after_s": 3.0}, "connect", "not_applied", "ConnectionTimeoutError", ""),
    ({"kind": "connect", "fails": "timeout", "after_s": 30.0}, "connect", "not_applied", "TimeoutError", "10 s"),
    ({"kind": "timeout", "truth": "not_applied"}, "request_leg", "not_applied", "TimeoutError", "10 s"),
    ({"kind": "timeout", "truth": "applied"}, "reply_leg", "applied", "TimeoutError", "10 s"),
    ({"kind": "timeout", "truth": "applied_late", "late_s": 3.0}, "request_leg", "applied_late", "TimeoutError", ""),
    (
        {"kind": "delay", "leg": "request", "ms": 20_000.0, "obey_recv_window": False},
        "request_leg", "applied_late", "TimeoutError", "10 s",
    ),
    ({"kind": "delay", "leg": "request", "ms": 20_000.0}, "request_leg", "not_applied", "TimeoutError", "10 s"),
    ({"kind": "delay", "leg": "reply", "ms": 10_000.0}, "reply_leg", "applied", "TimeoutError", "10 s"),
    ({"kind": "rate_limited"}, "gateway", "not_applied", "BinanceAPIException", "code=-1003"),
    ({"kind": "rate_limited", "code": -1015}, "gateway", "not_applied", "BinanceAPIException", "code=-1015"),
    (
        {"kind": "ip_ban", "how": {"window": {"at": 0.0, "for_s": 90.0}}},
        "gateway", "not_applied", "BinanceAPIException", "banned until 1705276890000",
    ),
    ({"kind": "html_403"}, "gateway", "not_applied", "BinanceAPIException", "code=0"),
    ({"kind": "throttled"}, "gateway", "not_applied", "BinanceAPIException", "code=-1008"),
    ({"kind": "throttled", "applied": 1.0}, "core", "applied", "BinanceAPIException", "code=-1008"),
    ({"kind": "unavailable_503"}, "gateway", "not_applied", "BinanceAPIException", "Service Unavailable."),
    ({"kind": "internal_503"}, "core", "not_applied", "BinanceAPIException", "Internal error; unable to process"),
    ({"kind": "internal_503", "applied": 1.0}, "core", "applied", "BinanceAPIException", "code=-1001"),
    ({"kind": "unknown_503", "applied": 1.0}, "core", "applied", "BinanceAPIException", "code=None"),
    ({"kind": "unknown_503", "applied": 0.0}, "core", "not_applied", "BinanceAPIException", "Unknown error"),
    ({"kind": "gateway_timeout", "status": 408, "applied": 1.0}, "core", "applied", "BinanceAPIException", "-1007"),
    ({"kind": "gateway_timeout", "status": 502, "applied": 0.0}, "core", "not_applied", "BinanceAPIException", "=0"),
    ({"kind": "gateway_timeout", "status": 504, "applied": 1.0}, "core", "applied", "BinanceAPIException", "code=0"),
    ({"code": -1006, "applied": 1.0}, "core", "applied", "BinanceAPIException", "code=-1006"),
    ({"code": -1008, "applied": 1.0}, "core", "applied", "BinanceAPIException", "code=-1008"),
    ({"code": -4061, "sticky": True}, "rules", "not_applied", "BinanceAPIException", "code=-4061"),
    ({"kind": "reset", "applied": 1.0}, "reply_leg", "applied", "ClientOSError", "Connection reset by peer"),
    ({"kind": "reset", "applied": 0.0}, "reply_leg", "not_applied", "ClientOSError", "Connection reset by peer"),
    (
        {"kind": "reset", "applied": 1.0, "shows": "disconnected"},
        "reply_leg", "applied", "ServerDisconnectedError", "Server disconnected",
    ),
    ({"kind": "truncated"}, "reply_leg", "applied", "ClientPayloadError", "not completed"),
    ({"kind": "garbled"}, "reply_leg", "applied", "BinanceRequestException", "Invalid Response"),
    (
        {"kind": "network_down", "how": {"window": {"at": 0.0, "for_s": 9.0}}},
        "connect", "not_applied", "ConnectionTimeoutError", "",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("table", "stage", "truth", "raised", "says"), RAISED)
def test_what_the_client_raises_and_what_is_true(
    make_wire: Wire, table: dict[str, Any], stage: str, truth: str, raised: str, says: str
) -> None:
    """The fault acts at its stage, the order has one truth, and one row says so."""
    wire = make_wire(table)
    error = wire.call()
    assert type(error).__name__ == raised
    assert says in str(error)
    assert wire.position == (0.0 if truth == "not_applied" else 0.01)
    assert wire.rows("write").truth.tolist() == [truth]
    fault = wire.rows("fault")
    assert fault[["fault", "request", "stage"]].values.tolist() == [["f0", 1, stage]]
    assert len(wire.rows("request")) == 1


RETURNED = [
    ({"kind": "empty_body"}, {}, "applied"),
    ({"kind": "null_reply"}, None, "applied"),
    ({"kind": "error_in_200", "code": -1001, "applied": 1.0}, {"code": -1001}, "applied"),
    ({"kind": "error_in_200", "code": -2019, "applied": 0.0}, {"code": -2019}, "not_applied"),
    ({"kind": "missing_id"}, {"symbol": "BTCUSDT"}, "applied"),
    ({"kind": "ack_only"}, {"status": "NEW", "avgPrice": "0.00", "executedQty": "0"}, "applied"),
    ({"kind": "delay", "leg": "reply", "ms": 500.0}, {"orderId": 1}, "applied"),
    ({"kind": "delay", "leg": "request", "ms": 500.0}, {"orderId": 1}, "applied"),
]


@pytest.mark.parametrize(("table", "shows", "truth"), RETURNED)
def test_what_the_client_is_told_and_what_is_true(
    make_wire: Wire, table: dict[str, Any], shows: Any, truth: str
) -> None:
    """A 200 is no proof: nothing, null, an error's body, no id, or less than happened."""
    wire = make_wire(table)
    answer = wire.call(**BUY, newOrderRespType="RESULT")
    if isinstance(shows, dict) and shows:
        assert {name: answer.get(name) for name in shows} == shows
    else:
        assert answer == shows
    assert ("orderId" in (answer or ())) is (table["kind"] in ("ack_only", "delay"))
    assert wire.position == (0.0 if truth == "not_applied" else 0.01)
    assert wire.rows("write").truth.tolist() == [truth]
    assert wire.rows("fault").truth.tolist() == [truth]


COMPOSED = [
    # delayed on both legs: the venue acts later, the client hears later still
    (
        [{"kind": "delay", "leg": "request", "ms": 300.0}, {"kind": "delay", "leg": "reply", "ms": 200.0}],
        "dict", "applied",
    ),
    # too slow together, though neither is alone
    (
        [{"kind": "delay", "leg": "request", "ms": 4_000.0}, {"kind": "delay", "leg": "reply", "ms": 7_000.0}],
        "TimeoutError", "applied",
    ),
    # an answer that says unknown, and a connection that does not even bring that
    ([{"kind": "unknown_503", "applied": 1.0}, {"kind": "reset", "applied": 1.0}], "ClientOSError", "applied"),
    # nothing arrives that could be refused
    ([{"kind": "connect", "fails": "refused"}, {"kind": "unavailable_503"}], "ClientConnectorError", "not_applied"),
    # the gateway answers before the core could fail
    (
        [{"kind": "gateway_timeout", "status": 504, "applied": 1.0}, {"kind": "unavailable_503"}],
        "BinanceAPIException", "not_applied",
    ),
    # one says applied, another that it was not: it was not
    ([{"kind": "unknown_503", "applied": 1.0}, {"code": -2019}], "BinanceAPIException", "not_applied"),
    # no id in what then never comes
    ([{"kind": "missing_id"}, {"kind": "timeout", "truth": "applied"}], "TimeoutError", "applied"),
    # acknowledged only, and cut of its id
    ([{"kind": "ack_only"}, {"kind": "missing_id"}], "dict", "applied"),
]  # fmt: skip


@pytest.mark.parametrize(("tables", "gets", "truth"), COMPOSED)
@pytest.mark.parametrize("turned", [False, True])
def test_two_at_once_compose(
    make_wire: Wire, tables: list[dict[str, Any]], gets: str, truth: str, turned: bool
) -> None:
    """However they are listed: each is written once, the write has one truth, the client hears one thing."""
    wire = make_wire(*(reversed(tables) if turned else tables))
    assert type(wire.call()).__name__ == gets
    assert wire.rows("write").truth.tolist() == [truth]
    assert sorted(wire.rows("fault").fault) == ["f0", "f1"]
    assert len(wire.rows("request")) == 1


def test_a_refused_order_may_lose_its_reply_too(make_wire: Wire) -> None:
    """What the venue refuses by its own rules travels back over the same wire."""
    wire = make_wire({"kind": "truncated"})
    assert type(wire.call(**{**BUY, "quantity": "0"})).__name__ == "ClientPayloadError"
    assert wire.rows("write")[["truth", "code"]].values.tolist() == [["not_applied", -4003]]


def test_reads_break_like_writes(make_wire: Wire) -> None:
    """A look-up over a broken wire raises the same and leaves no write."""
    wire = make_wire({"kind": "reset", "applied": 0.5})
    assert type(wire.call("futures_mark_price", symbol="BTCUSDT")).__name__ == "ClientOSError"
    assert len(wire.rows("write")) == 0
    assert wire.rows("request")[["status", "code", "message"]].values.tolist() == [[-1, 0, "reset"]]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"kind": "connect", "fails": "pool"}, "needs after_s"),
        ({"kind": "delay", "leg": "reply"}, "exactly one of ms and law"),
        ({"kind": "delay", "leg": "reply", "ms": 1.0, "obey_recv_window": False}, "belongs to"),
        ({"kind": "rate_limited", "retry_after_s": 9, "retry_after_most_s": 5}, "must be >="),
        ({"kind": "ip_ban"}, "a ban lasts"),
        ({"kind": "network_down"}, "a dead network lasts"),
        ({"kind": "gateway_timeout", "status": 504}, "applied"),
        ({"kind": "reset"}, "applied"),
        ({"kind": "error_in_200", "code": -1001}, "applied"),
    ],
)
def test_a_wire_fault_that_cannot_be_is_refused(table: dict[str, Any], says: str) -> None:
    """What has no sensible default has none."""
    with pytest.raises(ValueError, match=says):
        READ.validate_python({"name": "f", "how": {"rate": 1.0}, **table})


ON_WIRE = sorted(kind for kind, spec in KINDS.items() if spec.on_wire)


@pytest.mark.parametrize("kind", ON_WIRE)
def test_every_example_is_a_table_of_its_kind(kind: str) -> None:
    """What `sim faults` shows can be copied into a scenario."""
    tables = tomllib.loads(KINDS[kind].example)["faults"]
    assert [type(READ.validate_python(table)) for table in tables] == [KINDS[kind]]


@pytest.mark.parametrize("kind", ON_WIRE)
def test_every_example_runs(kind: str, fresh_run: Callable[..., Any]) -> None:
    """A small world with it comes to its end, and no task dies unseen."""
    faults = [READ.validate_python(table) for table in tomllib.loads(KINDS[kind].example)["faults"]]
    record = fresh_run(faults, intents=6)
    assert (record.ended, record.errors) == ("finished", ())
