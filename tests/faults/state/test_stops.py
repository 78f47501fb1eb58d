"""Stops that are accepted and are none: gone, refused at their trigger, stuck, or fired into nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sim.faults import Fault

ALGO = "/fapi/v1/algoOrder"
FALLING = {"pct_per_s": -0.05}


def _ends(exchange: Any) -> list[tuple[str, str]]:
    rows = exchange.frame("order")
    rows = rows[rows.role == "sl"]
    return list(zip(rows.status, rows.reason, strict=True))


@pytest.mark.parametrize("word", ["silent", "expired"])
def test_an_accepted_stop_is_gone_soon_after(make: Callable[..., Any], word: str) -> None:
    """failures F08: the reply says NEW, and half a second later nothing covers the position."""
    exchange = make(
        {"kind": "stop_vanishes", "min_s": 0.5, "max_s": 0.5, "word": word, "match": {"role": "sl"}}
    )
    heard = exchange.listen()
    exchange.buy()
    status, placed = exchange.stop()
    assert (status, placed["algoStatus"]) == (200, "NEW")
    heard.clear()
    exchange.run_to(2)
    assert exchange.frame("exposure").cover.tolist()[-2:] == [0.010, 0.0]
    assert _ends(exchange)[-1] == ("EXPIRED", "vanished: f0")
    assert exchange.fired == [("f0", "stop vanished", "undone")]
    body = exchange.get(ALGO, algoId=placed["algoId"])[1]
    if word == "silent":
        assert body["code"] == -2013
        assert heard == []
    else:
        assert body["algoStatus"] == "EXPIRED"
        assert heard[0][1]["o"]["X"] == "EXPIRED"
    assert exchange.get("/fapi/v1/openAlgoOrders")[1] == []


def test_what_triggered_before_cannot_vanish(make: Callable[..., Any]) -> None:
    """A stop that has done its work in time leaves no row of the fault."""
    exchange = make({"kind": "stop_vanishes", "min_s": 300.0, "max_s": 300.0}, **FALLING)
    exchange.buy()
    exchange.stop()
    exchange.run_to(400)
    assert exchange.position == 0.0
    assert exchange.fired == []


@pytest.mark.parametrize(("rules", "end"), [("2025-12-09", "REJECTED"), ("2025-01", "EXPIRED")])
def test_a_triggered_order_is_refused(make: Callable[..., Any], rules: str, end: str) -> None:
    """Margin is first asked for at the trigger (F08); the position stays open and uncovered."""
    exchange = make({"kind": "refused_at_trigger"}, rules=rules, **FALLING)
    exchange.buy()
    exchange.stop()
    exchange.run_to(100)
    assert exchange.position == 0.010
    assert _ends(exchange)[-1] == (end, "Margin is insufficient.")
    assert exchange.fired == [("f0", "refused at trigger -2019", "undone")]
    assert exchange.frame("exposure").cover.iloc[-1] == 0.0


def test_a_window_is_looked_at_when_the_trigger_is_met(make: Callable[..., Any]) -> None:
    """A stop placed before the window and met in it is refused; one met after it is not."""
    for at, refused in ((30.0, True), (100.0, False)):
        window = {"how": {"window": {"at": at, "for_s": 40.0}}}
        exchange = make({"kind": "refused_at_trigger", **window}, **FALLING)
        exchange.buy()
        exchange.stop()
        exchange.run_to(90)
        assert (exchange.position != 0.0) is refused


def test_a_stuck_order_neither_fires_nor_can_be_cancelled(make: Callable[..., Any]) -> None:
    """TRIGGERING for good: -4117, and it covers nothing."""
    exchange = make({"kind": "stuck_trigger"}, **FALLING)
    exchange.buy()
    _, placed = exchange.stop()
    exchange.run_to(100)
    assert exchange.position == 0.010
    assert exchange.send("DELETE", ALGO, algoId=placed["algoId"])[1]["code"] == -4117
    assert exchange.fired == [("f0", "stuck trigger", "undone")]
    assert exchange.frame("exposure").cover.iloc[-1] == 0.0


@pytest.mark.parametrize(("share", "left"), [(0.0, 0.010), (0.3, 0.007)])
def test_a_stop_fires_into_an_empty_book(make: Callable[..., Any], share: float, left: float) -> None:
    """F10: the child gets its share and the rest EXPIRES; an entry at market is not concerned."""
    exchange = make({"kind": "stop_fired_unfilled", "filled_share": share}, **FALLING)
    exchange.buy()
    exchange.stop()
    exchange.run_to(100)
    assert exchange.position == pytest.approx(left)
    assert _ends(exchange)[-1][0] == "EXPIRED"
    assert exchange.fired == [("f0", "stop fired, unfilled", "undone")]
    assert exchange.frame("exposure").cover.iloc[-1] == 0.0


def test_the_code_of_a_refusal_must_be_one_of_the_venues() -> None:
    """An unknown code is refused with the list of known ones."""
    with pytest.raises(ValidationError, match="code=-77 must be one of"):
        TypeAdapter(Fault).validate_python(
            {"name": "f", "kind": "refused_at_trigger", "how": {"rate": 0.1}, "code": -77}
        )
