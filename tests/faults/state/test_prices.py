"""Prices that are old, stand still, or are none: what is shown, what is true, and that matching does not care."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sim.faults import Fault

TICKER, MARK, BOOK, KLINES = (
    "/fapi/v2/ticker/price",
    "/fapi/v1/premiumIndex",
    "/fapi/v1/ticker/bookTicker",
    "/fapi/v1/klines",
)
RISING = {"pct_per_s": 0.01}


def test_a_stale_price_is_that_of_before_and_says_so(make: Callable[..., Any]) -> None:
    """The price and its time are five seconds old; the fault and both prices stand in the record."""
    exchange = make({"kind": "price", "mode": "stale", "age_s": 5.0}, **RISING)
    exchange.run_to(100)
    _, body = exchange.get(TICKER)
    assert float(body["price"]) == exchange.path.last(95_000_000)
    assert body["time"] == (1_705_276_800_000 + 95_000)
    row = exchange.frame("price").iloc[0]
    assert (row.call, row.age_us) == ("GET " + TICKER, 5_000_000)
    assert (row.value, row.true_value) == (exchange.path.last(95_000_000), exchange.path.last(100_000_000))
    assert exchange.fired == [("f0", "price stale", "")]


def test_an_undated_stale_price_claims_to_be_of_now(make: Callable[..., Any]) -> None:
    """``dated = false``: its age cannot be told from the answer."""
    exchange = make({"kind": "price", "mode": "stale", "age_s": 5.0, "dated": False}, **RISING)
    exchange.run_to(100)
    assert exchange.get(MARK)[1]["time"] == 1_705_276_800_000 + 100_000


def test_a_frozen_price_stands_from_the_window_on(make: Callable[..., Any]) -> None:
    """Two reads ten seconds apart show the price at the window's beginning; after it the live one."""
    window = {"how": {"window": {"at": 50.0, "for_s": 30.0}}}
    exchange = make({"kind": "price", "mode": "frozen", **window}, **RISING)
    frozen = exchange.path.last(50_000_000)
    for at_s, shown in ((60, frozen), (70, frozen), (90, exchange.path.last(90_000_000))):
        exchange.run_to(at_s)
        assert float(exchange.get(TICKER)[1]["price"]) == shown


@pytest.mark.parametrize(
    ("mode", "shown"),
    [("zero", "0.00"), ("nan", "NaN"), ("null", None), ("negative", "-50000.00"), ("absurd", "5000000.00")],
)
def test_what_is_no_price_is_shown_as_one(make: Callable[..., Any], mode: str, shown: str | None) -> None:
    """F12: zero, NaN, null, negative and absurd prices, in the answer's own form."""
    more = {"factor": 100.0} if mode == "absurd" else {}
    exchange = make({"kind": "price", "mode": mode, **more})
    assert exchange.get(TICKER)[1]["price"] == shown
    assert exchange.get(BOOK)[1]["bidPrice"] == shown
    mark = exchange.get(MARK)[1]["markPrice"]
    assert mark == shown or float(mark) == float(shown or 0)
    value = exchange.frame("price").value[0]
    assert math.isnan(value) if shown in (None, "NaN") else value == float(shown)


def test_a_missing_price_is_not_there(make: Callable[..., Any]) -> None:
    """The field is absent and the rest of the answer stands."""
    exchange = make({"kind": "price", "mode": "missing", "match": {"call": "price"}})
    body = exchange.get(TICKER)[1]
    assert "price" not in body
    assert body["symbol"] == "BTCUSDT"
    assert "bidPrice" in exchange.get(BOOK)[1]


def test_orders_meet_the_true_price(make: Callable[..., Any]) -> None:
    """Matching keeps using the live path while every read shows nought."""
    exchange = make({"kind": "price", "mode": "zero"}, **RISING)
    exchange.run_to(100)
    exchange.buy()
    assert exchange.account.position("BTCUSDT").entry_price == pytest.approx(
        exchange.path.last(100_000_000), abs=0.2
    )


def test_a_bar_is_missing_for_every_reader(make: Callable[..., Any]) -> None:
    """F13: holes depend on the bar alone, and a read without one leaves no row."""
    exchange = make({"kind": "price", "mode": "bar_missing", "share": 0.3})
    exchange.run_to(600)
    first = [row[0] for row in exchange.get(KLINES, interval="1m")[1]]
    exchange.run_to(601)
    assert [row[0] for row in exchange.get(KLINES, interval="1m")[1]] == first
    assert 0 < len(first) < 11
    assert len(exchange.fired) == 2
    whole = make({"kind": "price", "mode": "bar_missing", "share": 0.0})
    whole.get(KLINES, interval="1m")
    assert whole.fired == []


def test_late_bars_are_not_there_yet(make: Callable[..., Any]) -> None:
    """Bars that ended in the last thirty seconds, and the open one, are not listed."""
    exchange = make({"kind": "price", "mode": "bar_late", "age_s": 30.0})
    exchange.run_to(320)
    rows = exchange.get(KLINES, interval="1m")[1]
    assert rows[-1][0] == 1_705_276_800_000 + 180_000


def test_market_streams_show_the_same(make: Callable[..., Any]) -> None:
    """A frozen mark stream is silent in the window, a spoilt one shows NaN; each event leaves a row."""
    window = {"how": {"window": {"at": 10.0, "for_s": 10.0}}}
    for mode, marks in (("frozen", 0), ("nan", 10)):
        exchange = make({"kind": "price", "mode": mode, **window})
        heard: list[dict[str, Any]] = []
        exchange.markets.attach("btcusdt@markPrice@1s", heard.append)
        exchange.run_to(30)
        assert sum(body["p"] == "NaN" for body in heard) == marks
        assert len(heard) == (21 if mode == "frozen" else 31)
        assert len(exchange.fired) == 10


def test_a_stale_stream_comes_late(make: Callable[..., Any]) -> None:
    """Events arrive ``age_s`` later, with their own time."""
    exchange = make({"kind": "price", "mode": "stale", "age_s": 4.0})
    heard: list[tuple[int, int]] = []
    exchange.markets.attach(
        "btcusdt@markPrice@1s", lambda body: heard.append((exchange.loop.now_us // 1000, body["E"]))
    )
    exchange.run_to(10)
    assert all(at_ms - (event_ms - 1_705_276_800_000) == 4000 for at_ms, event_ms in heard)
    assert heard


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"mode": "stale"}, "needs age_s"),
        ({"mode": "zero", "age_s": 3.0}, "age_s belongs to mode"),
        ({"mode": "absurd"}, "needs factor"),
        ({"mode": "frozen"}, "needs window or burst"),
        ({"mode": "bar_missing", "share": 0.1, "match": {"call": "price"}}, "is about"),
    ],
)
def test_keys_belong_to_modes(table: dict[str, Any], said: str) -> None:
    """What a mode does not read is refused."""
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(Fault).validate_python({"name": "f", "kind": "price", "how": {"rate": 0.1}, **table})
