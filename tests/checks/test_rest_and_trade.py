"""L01, the loop of L03, L04, and the checks of more than one run: S03, S08, S09, S10."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.checks import Bounds
from sim.checks.s03_same_bytes import find_first_difference, judge_twice
from sim.checks.s09_sometimes import find_empty_cells
from sim.checks.s10_canary import find_living_canary
from sim.trace import Trace

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Judge = Callable[..., list[Row]]


def us(seconds: float) -> int:
    return round(seconds * 1e6)


def told(*, ended: float | None = 110.0, books: float = 160.0, naked_from: float | None = None) -> Rows:
    """Tell one intent: held for 100 s, faults stop for it at 160 s, its books close at ``books``."""
    rows: Rows = {
        "intent": [
            {
                "intent": 0,
                "decided_us": 0,
                "symbol": "BTCUSDT",
                "direction": 1,
                "quantity": 0.01,
                "hold_us": us(100),
            }
        ],
        "intent_end": [],
        "exposure": [{"intent": 0, "account": 1, "at_us": 0, "position": 0.01, "cover": 0.01}],
        "account_end": [{"account": 1, "intent": 0, "at_us": us(books), "position": 0.0}],
    }
    if ended is not None:
        rows["intent_end"] = [
            {"intent": 0, "ended_us": us(ended), "outcome": "closed", "believed_position": 0.01}
        ]
    if naked_from is not None:
        rows["exposure"].append(
            {"intent": 0, "account": 1, "at_us": us(naked_from), "position": 0.01, "cover": 0.0}
        )
    return rows


def request(number: int, sent: float, role: str = "sl", status: int = 200, **more: Any) -> Row:
    return {
        "request": number, "intent": 0, "role": role, "call": "POST /fapi/v1/order", "sent_us": us(sent),
        "answered_us": us(sent + 0.1), "status": status, "code": 0, "placement": -1, **more,
    }  # fmt: skip


def found(check: str, judged: list[Row]) -> list[Row]:
    return [row for row in judged if row["check"] == check]


# -- L01 -----------------------------------------------------------------------------------------------


def test_l01_at_rest_is_silent(judge_rows: Judge) -> None:
    """Protected, answered and over: nothing to say."""
    assert found("L01", judge_rows(told() | {"request": [request(1, 5.0)]})) == []


@pytest.mark.parametrize(("since", "said"), [(100.0, True), (157.0, False)], ids=["long", "a moment ago"])
def test_l01_nobody_is_bare_when_all_is_calm(since: float, said: bool, judge_rows: Judge) -> None:
    """Whoever stands without a stop as the books close, beyond the bound for it, has not settled."""
    assert bool(found("L01", judge_rows(told(naked_from=since)))) is said


UNKNOWN = {"status": 503, "message": "Unknown error, please check your request or try again later."}


@pytest.mark.parametrize(
    ("requests", "said"),
    [
        ([request(1, 5.0, status=0)], True),
        ([request(1, 5.0, **UNKNOWN)], True),
        ([request(1, 5.0, status=503, message="Service Unavailable.")], False),
        ([request(1, 5.0, status=504)], True),
        ([request(1, 5.0, status=-1, message="reset")], True),
        ([request(1, 5.0, status=-1, message="refused")], False),
        ([request(1, 5.0, status=0), request(2, 6.0, "none", call="GET /fapi/v1/order")], False),
        (
            [
                request(1, 5.0, status=0),
                request(2, 6.0, "none", 400, code=-2013, call="GET /fapi/v1/algoOrder"),
            ],
            False,
        ),
        ([request(1, 5.0, status=0), request(2, 6.0, "none", 0, call="GET /fapi/v1/order")], True),
        ([request(1, 5.0, status=0), request(2, 6.0, "none", call="GET /fapi/v1/premiumIndex")], True),
        ([request(1, 5.0, status=0), request(2, 6.0, status=400, code=-4116)], False),
        ([request(1, 5.0, "none", status=0)], False),
    ],
    ids=[
        "silence",
        "503 unknown",
        "503 failed",
        "504",
        "reset",
        "never left",
        "looked up",
        "said to be absent",
        "look-up unanswered",
        "only the price",
        "taken by itself",
        "no order",
    ],
)
def test_l01_no_outcome_stays_unknown(requests: list[Row], said: bool, judge_rows: Judge) -> None:
    """An order request without an outcome must be followed by a question that was answered."""
    assert bool(found("L01", judge_rows(told() | {"request": requests}))) is said


@pytest.mark.parametrize(
    ("end", "stream", "said"),
    [("EXPIRED", True, False), ("EXPIRED", False, True), ("", True, True), (None, True, True)],
    ids=["it ended", "it ended, and nobody listens", "it rests", "it never arrived"],
)
def test_l01_who_listens_hears_of_an_end(
    end: str | None, stream: bool, said: bool, judge_rows: Judge
) -> None:
    """The stream tells of an order's end; one that rests, or that never was, has to be asked about all the same."""
    rows = told() | {"request": [request(1, 5.0, status=0)]}
    rows["write"] = [{"request": 1, "intent": 0, "role": "sl", "truth": "applied", "order": 7}]
    rows["order"] = [
        {"order": 7, "intent": 0, "role": "sl", "status": status} for status in ("NEW", end) if status
    ]
    if end is None:
        rows["write"], rows["order"] = [], []
    judged = judge_rows(rows, policy={"execution.use_user_stream": stream})
    assert bool(found("L01", judged)) is said


@pytest.mark.parametrize(("placement", "said"), [(3, False), (-1, True), (4, True)])
def test_l01_an_end_is_told_of_all_attempts_of_its_placement(
    placement: int, said: bool, judge_rows: Judge
) -> None:
    """They carry one client id: of two attempts without an answer the order that ended was the one there was."""
    rows = told() | {
        "request": [
            request(1, 5.0, status=0, placement=3),
            request(2, 6.0, status=0, placement=placement),
        ]
    }
    rows["write"] = [{"request": 1, "intent": 0, "role": "sl", "truth": "applied", "order": 7}]
    rows["order"] = [
        {"order": 7, "intent": 0, "role": "sl", "status": status} for status in ("NEW", "EXPIRED")
    ]
    assert bool(found("L01", judge_rows(rows, policy={"execution.use_user_stream": True}))) is said


def test_l01_a_flow_still_at_work(judge_rows: Judge) -> None:
    """live_s after faults have stopped (100 s held, 60 s to settle, 60 s bound) nothing may be pending."""
    rows = told(ended=250.0, books=310.0) | {"request": [request(1, 240.0)]}
    (late,) = found("L01", judge_rows(rows))
    assert (late["at_us"], late["amount"], late["kind"]) == (us(220), 20.0, "liveness")
    assert found("L01", judge_rows(rows, bounds=Bounds(live_s=100.0))) == []


# -- L03, L04, S08 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told_of", "expected"),
    [
        ([("blocked", 5.0), ("released", 6.0)], []),
        ([("blocked", 5.0), ("released", 6.5)], [1.5]),
        ([("blocked", 5.0), ("blocked", 6.0), ("released", 7.0)], [2.0]),
        ([("crashed", 5.0), ("restarted", 65.0)], []),
    ],
    ids=["short", "long", "blocked again meanwhile", "dead"],
)
def test_l03_the_loop_does_not_stand(
    told_of: list[tuple[str, float]], expected: list[float], judge_rows: Judge
) -> None:
    """A stand of the loop lasts from its first block to its release, and is held to block_s."""
    rows = told() | {"process": [{"kind": kind, "intent": 0, "at_us": us(at)} for kind, at in told_of]}
    assert [row["amount"] for row in found("L03", judge_rows(rows))] == expected


def test_l04_counts_intents_that_traded(rows: Rows, judge_rows: Judge) -> None:
    """Of twelve, one whose entry never filled is too many for 95 %, and not for 90 %."""
    idle = {row["order"] for row in rows["order"] if row["intent"] == 3}
    for table in ("fill", "order"):
        rows[table] = [row for row in rows[table] if row["order"] not in idle]
    assert found("L04", judge_rows(rows)) == []
    assert found("L04", judge_rows(rows, bounds=Bounds(least_trading=0.9))) == []
    (breach,) = found("L04", judge_rows(rows, bounds=Bounds(least_trading=0.95)))
    assert breach["truth"] == "11 of 12 intents traded, the first that did not is 3"
    assert breach["intent"] == 3


def test_s08_refused_calls_are_the_simulators(judge: Judge) -> None:
    """What the fence refused is a finding of S08 and not one of lost work."""
    breaches = judge(Trace(), errors=["left virtual time: time.sleep"])
    assert [(row["check"], row["kind"]) for row in breaches] == [("S08", "simulator")]
    assert breaches[0]["truth"] == "time.sleep was called"


# -- S03, S09, S10 -------------------------------------------------------------------------------------


def written(*prices: float) -> Trace:
    trace = Trace()
    for number, price in enumerate(prices):
        trace.writer("stop_moved")((7, 1, us(number), 1.0, price, 1.0))
    return trace


def test_s03_equal_records_are_silent() -> None:
    """The same rows, the same bytes; what is not there (NaN) equals itself."""
    assert judge_twice(lambda: written(1.0, float("nan"))) == []


@pytest.mark.parametrize(
    ("other", "row"), [((1.0, 2.5, 3.5), 1), ((1.0, 2.0), 2)], ids=["another value", "a row less"]
)
def test_s03_names_the_first_difference(other: tuple[float, ...], row: int) -> None:
    """The earliest row in which two records differ is told from both sides."""
    (finding,) = find_first_difference(written(1.0, 2.0, 3.0), written(*other))
    assert (finding.amount, finding.intent, finding.at_us) == (row, 7, us(row))
    assert "new_price=" in finding.truth


def test_s09_names_empty_cells() -> None:
    """A required cell that was met too seldom is named; others do not matter."""
    counts = {("reset", "entry"): 3, ("reset", "tp"): 9}
    findings = find_empty_cells(counts, [("reset", "entry"), ("reset", "sl")])
    assert [(one.truth, one.amount) for one in findings] == [("reset x sl happened 0 times", 1.0)]
    assert len(find_empty_cells(counts, counts, least=5)) == 1


def test_s10_a_canary_that_lives_is_a_finding(clean_trace: Trace) -> None:
    """A record in which I03 named nobody shows that the checks were not able to fail."""
    (finding,) = find_living_canary(clean_trace)
    assert finding.amount == 12.0
    assert find_living_canary(Trace())[0].truth == "the canary opened nothing"
