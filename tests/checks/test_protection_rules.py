"""I03 with excused time, I16, I17 and I18 on records told by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.checks import Bounds

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Judge = Callable[..., list[Row]]

END_S = 200.0


def us(seconds: float) -> int:
    return round(seconds * 1e6)


def told(*exposure: tuple[float, float, float], direction: int = 1) -> Rows:
    """Tell one intent's exposure: (at, position, cover) in seconds and base."""
    return {
        "intent": [
            {
                "intent": 0, "decided_us": 0, "symbol": "BTCUSDT", "direction": direction, "quantity": 0.01,
                "plan_price": 50_000.0, "hold_us": us(100),
            }
        ],
        "intent_end": [{"intent": 0, "ended_us": us(120), "outcome": "closed", "believed_position": 0.0}],
        "exposure": [
            {"intent": 0, "account": 1, "at_us": us(at), "position": position, "cover": cover}
            for at, position, cover in exposure
        ],
        "account_end": [{"account": 1, "intent": 0, "at_us": us(END_S), "position": 0.0}],
    }  # fmt: skip


def order(
    number: int, at: float, status: str, *, role: str = "sl", price: float = 49_000.0, side: int = -1
) -> Row:
    kind = "STOP_MARKET" if role == "sl" else "TAKE_PROFIT_MARKET"
    return {
        "order": number, "intent": 0, "account": 1, "at_us": us(at), "status": status, "role": role, "type": kind,
        "side": side, "quantity": 0.01, "price": price, "close_position": True,
    }  # fmt: skip


def request(number: int, sent: float, role: str, *, status: int = 200, code: int = 0, call: str = "") -> Row:
    return {
        "request": number, "intent": 0, "role": role, "call": call or "POST /fapi/v1/order", "sent_us": us(sent),
        "answered_us": us(sent + 0.1), "status": status, "code": code, "placement": -1,
    }  # fmt: skip


def found(check: str, judged: list[Row]) -> list[Row]:
    return [row for row in judged if row["check"] == check]


# -- I03 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outage", "charged"),
    [
        ([], 8.0),
        ([("halt", -1, 2.0, 3.0)], 7.0),
        ([("halt", -1, 2.0, 6.0)], None),
        ([("dead network", -1, 2.0, 4.0), ("unearned ban", -1, 3.0, 5.0)], None),
        ([("dead process", 3, 2.0, 6.0)], 8.0),
    ],
    ids=["nothing excused", "a second", "enough", "two that overlap", "somebody else's"],
)
def test_i03_excused_time_is_not_charged(
    outage: list[tuple[str, int, float, float]], charged: float | None, judge_rows: Judge
) -> None:
    """Of eight naked seconds only those count in which a stop could have been placed; the rest is told apart."""
    rows = told((0, 0.01, 0.0), (8, 0.01, 0.01), (100, 0.0, 0.0))
    rows["outage"] = [
        {"kind": kind, "intent": intent, "opened_us": us(opened), "closed_us": us(closed)}
        for kind, intent, opened, closed in outage
    ]
    breaches = found("I03", judge_rows(rows))
    assert [row["amount"] for row in breaches] == ([] if charged is None else [charged])
    if breaches and charged != 8.0:
        assert "1.000 s of it excused" in breaches[0]["truth"]


# -- I16 -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "expected"),
    [(("EXPIRED", 100.0), []), (("CANCELED", 129.0), []), (("CANCELED", 131.0), [31.0]), (None, [100.0])],
    ids=["with its position", "in time", "late", "never"],
)
def test_i16_exits_go_with_their_position(
    end: tuple[str, float] | None, expected: list[float], judge_rows: Judge
) -> None:
    """An exit may outlive its position by clean_s; one that never ends is counted to the close of books."""
    rows = told((0, 0.01, 0.01), (100, 0.0, 0.0))
    rows["order"] = [order(7, 1.0, "NEW", role="tp")]
    if end is not None:
        rows["order"].append(order(7, end[1], end[0], role="tp"))
    assert [row["amount"] for row in found("I16", judge_rows(rows))] == expected


def test_i16_an_exit_met_by_the_next_position_is_no_leftover(judge_rows: Judge) -> None:
    """What counts is the flat spell in which an exit ends."""
    rows = told((0, 0.01, 0.01), (50, 0.0, 0.0), (90, 0.01, 0.01), (150, 0.0, 0.0))
    rows["order"] = [order(7, 1.0, "NEW"), order(7, 155.0, "CANCELED")]
    assert found("I16", judge_rows(rows)) == []


# -- I17 -----------------------------------------------------------------------------------------------


def moved(gap_s: float, new_price: float, *, direction: int = 1) -> Rows:
    """Tell of a stop that is cancelled at 20 s and replaced after a gap."""
    size = 0.01 * direction
    rows = told(
        (0, size, 0.01), (20, size, 0.0), (20 + gap_s, size, 0.01), (100, 0.0, 0.0), direction=direction
    )
    old_price = 49_000.0 if direction > 0 else 51_000.0
    side = -direction
    rows["order"] = [
        order(7, 0.0, "NEW", price=old_price, side=side),
        order(7, 20.0, "CANCELED", price=old_price, side=side),
        order(8, 20.0 + gap_s, "NEW", price=new_price, side=side),
        order(8, 100.0, "EXPIRED", price=new_price, side=side),
    ]
    return rows


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (moved(2.0, 49_100.0), []),
        (moved(2.1, 49_100.0), [(2.1, "s")]),
        (moved(1.0, 48_900.0), [(100.0, "quote")]),
        (moved(1.0, 50_900.0, direction=-1), []),
        (moved(1.0, 51_100.0, direction=-1), [(100.0, "quote")]),
        (moved(3.0, 48_900.0), [(3.0, "s"), (100.0, "quote")]),
    ],
    ids=["in time", "too long", "worse", "a short, better", "a short, worse", "both"],
)
def test_i17_moves_of_a_stop(rows: Rows, expected: list[tuple[float, str]], judge_rows: Judge) -> None:
    """The gap is held to replace_gap_s, and the stop that comes to what was given up for it."""
    judged = found("I17", judge_rows(rows))
    assert [(pytest.approx(row["amount"]), row["unit"]) for row in judged] == expected


def test_i17_new_before_old_leaves_no_gap(judge_rows: Judge) -> None:
    """Where the replacement rests already, a cancel is no gap."""
    rows = moved(1.0, 49_100.0)
    rows["exposure"] = told((0, 0.01, 0.01), (100, 0.0, 0.0))["exposure"]
    rows["order"][2]["at_us"] = us(19)
    rows["order"].sort(key=lambda row: row["at_us"])
    assert found("I17", judge_rows(rows, bounds=Bounds(replace_gap_s=0.001))) == []


def test_i17_a_cancel_behind_a_closed_position_is_no_move(judge_rows: Judge) -> None:
    """Cleaning up is not moving."""
    rows = told((0, 0.01, 0.01), (19, 0.0, 0.0))
    rows["order"] = [order(7, 0.0, "NEW"), order(7, 20.0, "CANCELED")]
    assert found("I17", judge_rows(rows)) == []


# -- I18 -----------------------------------------------------------------------------------------------

PANIC = Bounds(panic_s=10.0)


@pytest.mark.parametrize(
    ("until", "requests", "expected"),
    [
        (14.9, [], []),
        (40.0, [], [35.0]),
        (40.0, [request(1, 14.0, "flatten")], []),
        (40.0, [request(1, 16.0, "flatten")], [11.0]),
        (40.0, [request(1, 14.0, "flatten", status=0)], [35.0]),
        (40.0, [request(1, 14.0, "flatten", status=400, code=-2022)], []),
        (
            40.0,
            [request(1, 6.0, "flatten", status=0), request(2, 9.0, "none", call="GET /fapi/v1/order")],
            [],
        ),
        (40.0, [request(1, 6.0, "flatten", status=0), request(2, 9.0, "flatten")], []),
        (40.0, [request(1, 14.0, "sl")], [35.0]),
    ],
    ids=[
        "covered in time",
        "nothing sent",
        "closed and answered",
        "closed too late",
        "never asked",
        "flat already",
        "looked up",
        "sent again",
        "only a stop",
    ],
)
def test_i18_who_misses_the_deadline_closes(
    until: float, requests: list[Row], expected: list[float], judge_rows: Judge
) -> None:
    """Within panic_s of a missed deadline a close has left, and its outcome was found out."""
    rows = told((0, 0.01, 0.0), (until, 0.0, 0.0)) | {"request": requests}
    assert [row["amount"] for row in found("I18", judge_rows(rows, bounds=PANIC))] == expected


def test_i18_is_not_asked_without_a_bound(judge_rows: Judge) -> None:
    """panic_s None asks nothing."""
    rows = told((0, 0.01, 0.0), (40, 0.0, 0.0))
    assert found("I18", judge_rows(rows)) == []


def test_i18_the_deadline_waits_while_time_is_excused(judge_rows: Judge) -> None:
    """A halt of twenty seconds moves the deadline and the bound behind it."""
    rows = told((0, 0.01, 0.0), (34, 0.0, 0.0))
    rows["outage"] = [{"kind": "halt", "intent": -1, "opened_us": us(2), "closed_us": us(22)}]
    assert found("I18", judge_rows(rows, bounds=PANIC)) == []
