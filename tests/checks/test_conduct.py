"""Checks of how orders are asked for: limits, the unknown, names, resends, numbers (I10 to I13, I19, I20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.checks import Bounds, Caps
from sim.faults import CodedError, How, Match, Timeout

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Judge = Callable[..., list[Row]]
LONG, OTHER = 1, 3
SECOND = 1_000_000
EPOCH_US = 1_705_276_800_000_000


def row_of(rows: Rows, table: str, intent: int = LONG, **wanted: Any) -> Row:
    """Return the intent's first row of a table, with these values."""
    return next(
        row for row in rows[table]
        if row["intent"] == intent and all(row[name] == value for name, value in wanted.items())
    )  # fmt: skip


def of(found: list[Row], check: str) -> list[Row]:
    return [row for row in found if row["check"] == check]


def asked_again(rows: Rows, role: str = "sl", after_us: int = SECOND, **changes: Any) -> tuple[Row, Row]:
    """Let an order be sent once more in its placement; return the second's rows of ``sent`` and ``request``."""
    sent, request = dict(row_of(rows, "sent", role=role)), dict(row_of(rows, "request", role=role))
    number = 100_000 + len(rows["request"])
    sent.update(request=number, at_us=request["answered_us"] + after_us, **changes)
    request.update(
        request=number, n=1, sent_us=sent["at_us"], answered_us=sent["at_us"] + 40_000, status=503, code=-1001
    )
    rows["sent"].append(sent)
    rows["request"].append(request)
    return sent, request


def test_sound_orders_are_silent(rows: Rows, judge_rows: Judge) -> None:
    """A calm run of the shipped policy breaks one rule of conduct and no other: it names no order."""
    found = judge_rows(rows, practice=True, caps=caps())
    assert {row["check"] for row in found} == {"I12"}
    assert {row["kind"] for row in found} == {"practice"}


# -- I10: limits -----------------------------------------------------------------------------------------


def caps(**changes: Any) -> Caps:
    return Caps(2400, 300, 1200, True, EPOCH_US)._replace(**changes)


def told(rows: Rows, *, for_us: int, status: int = 429) -> Row:
    """Let the answer to an entry ask for a wait."""
    request = row_of(rows, "request", role="entry")
    wait = {
        "request": request["request"], "intent": LONG, "at_us": request["answered_us"], "status": status,
        "until_us": request["answered_us"] + for_us,
    }  # fmt: skip
    rows["told_to_wait"].append(wait)
    return wait


def test_i10_requests_in_a_wait(rows: Rows, judge_rows: Judge) -> None:
    """What leaves at once after a Retry-After is told once, with how many requests it was."""
    told(rows, for_us=3 * SECOND)
    (found,) = of(judge_rows(rows), "I10")
    assert (found["kind"], found["unit"], found["intent"]) == ("safety", "requests", LONG)
    assert found["amount"] >= 1.0
    assert "answered 429" in found["belief"]


def test_i10_a_wait_that_is_kept(rows: Rows, judge_rows: Judge) -> None:
    """Nothing leaves before the wait is over: nothing is found; what was under way is nobody's fault."""
    wait = told(rows, for_us=3 * SECOND)
    rows["request"] = [
        row for row in rows["request"] if not wait["at_us"] <= row["sent_us"] < wait["until_us"]
    ]
    assert of(judge_rows(rows), "I10") == []


def test_i10_a_wait_binds_its_own_address(rows: Rows, judge_rows: Judge) -> None:
    """With an address for each intent, others may go on asking; with a shared one they may not."""
    wait = told(rows, for_us=60 * SECOND, status=418)
    rows["request"] = [
        row for row in rows["request"]
        if row["intent"] != LONG or not wait["at_us"] <= row["sent_us"] < wait["until_us"]
    ]  # fmt: skip
    assert of(judge_rows(rows, caps=caps(shared_ip=False)), "I10") == []
    assert len(of(judge_rows(rows, caps=caps()), "I10")) == 1


@pytest.mark.parametrize("limits", [caps(), caps(shared_ip=False), None])
def test_i10_a_process_keeps_the_waits_it_heard(rows: Rows, judge_rows: Judge, limits: Caps | None) -> None:
    """Whoever runs in a process of its own cannot know what another was told; what it was told itself binds it."""
    wait = told(rows, for_us=60 * SECOND, status=418)
    (found,) = of(judge_rows(rows, caps=limits, own_processes=True), "I10")
    mine = [
        row
        for row in rows["request"]
        if row["intent"] == LONG and wait["at_us"] < row["sent_us"] < wait["until_us"]
    ]
    assert (found["intent"], found["amount"]) == (LONG, len(mine))
    rows["request"] = [row for row in rows["request"] if row not in mine]
    assert of(judge_rows(rows, caps=limits, own_processes=True), "I10") == []


@pytest.mark.parametrize(
    ("changes", "unit"),
    [({"weight_per_min": 3}, "weight"), ({"orders_per_10s": 2}, "orders"), ({"orders_per_min": 2}, "orders")],
)
def test_i10_caps(rows: Rows, judge_rows: Judge, changes: Row, unit: str) -> None:
    """Each cap is counted in the venue's own window and told once per address or account."""
    found = of(judge_rows(rows, caps=caps(**changes)), "I10")
    assert found
    assert {row["unit"] for row in found} == {unit}
    assert len({row["intent"] for row in found}) == len(found)


def test_i10_a_share_of_the_caps(rows: Rows, judge_rows: Judge) -> None:
    """A scenario may ask that only a share is used."""
    within = judge_rows(rows, caps=caps(orders_per_min=6))
    beyond = judge_rows(rows, caps=caps(orders_per_min=6), bounds=Bounds(cap_share=0.4))
    assert (of(within, "I10"), bool(of(beyond, "I10"))) == ([], True)


# -- I11: the unknown ------------------------------------------------------------------------------------


def silent_entry(rows: Rows) -> Row:
    request = row_of(rows, "request", role="entry")
    request.update(status=0, code=0, message="")
    return request


def test_i11_an_order_in_the_dark(rows: Rows, judge_rows: Judge) -> None:
    """A stop that leaves after a silent entry nobody looked up is a finding, once for the intent."""
    silent_entry(rows)
    (found,) = of(judge_rows(rows, practice=True), "I11")
    assert (found["intent"], found["kind"], found["amount"]) == (LONG, "practice", 1.0)
    assert "no answer came in time" in found["belief"]


@pytest.mark.parametrize(("status", "code"), [(200, 0), (400, -2013), (503, -1001)])
def test_i11_a_look_up_between(rows: Rows, judge_rows: Judge, status: int, code: int) -> None:
    """An answered look-up, also "order does not exist", resolves it; one that failed does not."""
    entry = silent_entry(rows)
    look = dict(row_of(rows, "request", role="none", call="GET /fapi/v2/ticker/price"))
    look.update(
        request=99_999, call="GET /fapi/v1/order", sent_us=entry["answered_us"], status=status, code=code,
        answered_us=row_of(rows, "sent", role="sl")["at_us"],
    )  # fmt: skip
    rows["request"].append(look)
    assert bool(of(judge_rows(rows, practice=True), "I11")) == (status == 503)


def test_i11_who_gives_up_early_may_look_early(rows: Rows, judge_rows: Judge) -> None:
    """The record calls an order unanswered at the client's own time-out; a look-up asked before that counts."""
    entry = silent_entry(rows)
    stop = row_of(rows, "sent", role="sl")
    look = dict(row_of(rows, "request", role="none", call="GET /fapi/v2/ticker/price"))
    look.update(
        request=99_999, call="GET /fapi/v1/order", sent_us=entry["sent_us"] + 10, status=400, code=-2013,
        answered_us=entry["answered_us"] - 10,
    )  # fmt: skip
    rows["request"].append(look)
    assert stop["at_us"] >= entry["answered_us"]
    assert of(judge_rows(rows, practice=True), "I11") == []


def test_i11_an_event_tells_who_listens(rows: Rows, judge_rows: Judge) -> None:
    """The venue's event of the order itself resolves it, for code that listens to events and for no other."""
    silent_entry(rows)
    listens = {"execution.use_user_stream": True}
    assert of(judge_rows(rows, practice=True, policy=listens), "I11") == []
    assert len(of(judge_rows(rows, practice=True), "I11")) == 1


def test_i11_a_close_may_leave(rows: Rows, judge_rows: Judge) -> None:
    """A reduce-only close cannot double an entry in doubt; after a close in doubt it must wait like any other."""
    silent_entry(rows)
    for row in rows["sent"]:
        if row["intent"] == LONG and row["role"] != "entry":
            row.update(role="flatten", reduce_only=True, close_position=False)
    assert of(judge_rows(rows, practice=True), "I11") == []
    asked_again(rows, role="flatten")
    row_of(rows, "request", role="sl").update(role="flatten", status=0)
    assert len(of(judge_rows(rows, practice=True), "I11")) == 1


def test_i11_a_target_need_not_wait_for_a_stop(rows: Rows, judge_rows: Judge) -> None:
    """Exits of another role may leave beside a stop in doubt; the stop itself must not be sent again unseen."""
    row_of(rows, "request", role="sl").update(status=503, code=0, message="Unknown error, please check")
    assert of(judge_rows(rows, practice=True), "I11") == []
    asked_again(rows)
    assert len(of(judge_rows(rows, practice=True), "I11")) == 1


def test_i11_documented_failures_leave_nothing_unknown(make_world: Any, judge: Judge) -> None:
    """-1001 "Internal error" is resent at once; silence is not to be."""
    honest = CodedError(
        name="honest", code=-1001, applied=0.0, how=How(script=[1]), match=Match(role="entry")
    )
    unheard = Timeout(
        name="unheard", kind="timeout", truth="applied", how=How(script=[1]), match=Match(role="entry")
    )
    assert of(judge(make_world([honest]).run().trace, practice=True), "I11") == []
    assert len(of(judge(make_world([unheard]).run().trace, practice=True), "I11")) == 12


# -- I12: names ------------------------------------------------------------------------------------------


def named(rows: Rows) -> None:
    """Give every order a client id of its own."""
    for number, row in enumerate(rows["sent"]):
        row["client_id"] = 1000 + number


def test_i12_without_a_name(rows: Rows, judge_rows: Judge) -> None:
    """One finding for each intent, however many of its orders have no id; with ids there is none."""
    found = of(judge_rows(rows, practice=True), "I12")
    assert [row["intent"] for row in found] == list(range(12))
    assert found[LONG]["amount"] >= 3.0
    named(rows)
    assert of(judge_rows(rows, practice=True), "I12") == []


def test_i12_another_name_on_a_resend(rows: Rows, judge_rows: Judge) -> None:
    """The same order sent again after a failure keeps its id; after success it would be another order."""
    named(rows)
    again, _ = asked_again(rows, client_id=77)
    assert of(judge_rows(rows, practice=True), "I12") == []
    row_of(rows, "request", role="sl").update(status=503, code=-1001)
    (found,) = of(judge_rows(rows, practice=True), "I12")
    assert "under another client id" in found["truth"]
    again["client_id"] = row_of(rows, "sent", role="sl")["client_id"]
    assert of(judge_rows(rows, practice=True), "I12") == []


@pytest.mark.parametrize(("role", "found"), [("entry", [LONG]), ("tp", [])])
def test_i12_a_later_placement(rows: Rows, judge_rows: Judge, role: str, found: list[int]) -> None:
    """In a placement of its own an exit may have another name; an entry after an unknown one may not."""
    named(rows)
    _, request = asked_again(rows, role=role, client_id=77)
    request["placement"] = 4711
    row_of(rows, "request", role=role).update(status=0)
    assert [row["intent"] for row in of(judge_rows(rows, practice=True), "I12")] == found


def test_i12_a_shared_name(rows: Rows, judge_rows: Judge) -> None:
    """An id that another intent's order carries already is told of the later one."""
    named(rows)
    row_of(rows, "sent", OTHER, role="entry")["client_id"] = row_of(rows, "sent", role="entry")["client_id"]
    (found,) = of(judge_rows(rows, practice=True), "I12")
    assert found["intent"] == OTHER


# -- I13: the same again ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "vain"), [(-2019, True), (-1111, True), (-2021, False), (-1001, False)])
def test_i13_a_refused_order_again(rows: Rows, judge_rows: Judge, code: int, vain: bool) -> None:
    """Refused for what it says and sent as it was: vain.  The price may change, and a failure is no refusal."""
    row_of(rows, "request", role="sl").update(status=400, code=code, message="no")
    asked_again(rows)
    found = of(judge_rows(rows, practice=True), "I13")
    assert [(row["intent"], row["kind"]) for row in found] == ([(LONG, "practice")] if vain else [])


def test_i13_changed_or_sent_elsewhere(rows: Rows, judge_rows: Judge) -> None:
    """Another price or another path makes it another order."""
    row_of(rows, "request", role="sl").update(status=400, code=-4120, message="no")
    again, request = asked_again(rows, params=5)
    assert of(judge_rows(rows, practice=True), "I13") == []
    again["params"] = row_of(rows, "sent", role="sl")["params"]
    assert len(of(judge_rows(rows, practice=True), "I13")) == 1
    request["call"] = "POST /fapi/v1/algoOrder"
    assert of(judge_rows(rows, practice=True), "I13") == []


def test_i13_every_error_resent(make_world: Any, judge: Judge) -> None:
    """A policy that resends every error resends a margin refusal as it was."""
    poor = CodedError(name="poor", code=-2019, how=How(rate=1.0), match=Match(role="tp"))
    stubborn = {"execution.classifier": "every-error"}
    record = make_world([poor], policy=stubborn).run()
    found = of(judge(record.trace, policy=stubborn, practice=True), "I13")
    assert [row["intent"] for row in found] == list(range(12))
    assert {row["amount"] for row in found} == {4.0}


# -- I19: numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "changes", "word"),
    [
        ("entry", {"quantity": 0.0105}, "off the symbol's grid"),
        ("sl", {"trigger_price": 49_800.05}, "off the symbol's grid"),
        ("entry", {"quantity": 0.0}, "no finite number above 0"),
        ("entry", {"price": float("inf")}, "no finite number above 0"),
        ("entry", {"quantity": 0.001}, "below the minimum notional"),
    ],
)
def test_i19_a_bad_number(rows: Rows, judge_rows: Judge, role: str, changes: Row, word: str) -> None:
    """Off tick or step, not finite, not above 0, or worth too little: each is told with its numbers."""
    row_of(rows, "sent", role=role).update(changes)
    (found,) = of(judge_rows(rows), "I19")
    assert (found["intent"], found["kind"]) == (LONG, "safety")
    assert word in found["truth"]


def test_i19_exits_may_be_small(rows: Rows, judge_rows: Judge) -> None:
    """The minimum notional does not hold for an order that can only reduce."""
    row_of(rows, "sent", role="entry").update(quantity=0.001, reduce_only=True)
    assert of(judge_rows(rows), "I19") == []


def test_i19_other_interfaces(rows: Rows, judge_rows: Judge) -> None:
    """A price the guard accepted and a stop that was moved are numbers too."""
    row_of(rows, "verdict")["price"] = float("nan")
    rows["stop_moved"].append(
        {
            "intent": OTHER, "placement": 1, "at_us": 0, "old_price": 1.0, "new_price": 0.0,
            "reference_price": 1.0,
        }
    )  # fmt: skip
    assert [row["intent"] for row in of(judge_rows(rows), "I19")] == [LONG, OTHER]


# -- I20: the order stays the order ----------------------------------------------------------------------


def test_i20_a_faithful_resend(rows: Rows, judge_rows: Judge) -> None:
    """A resend with the same fields, or with a trigger the executor said it moved, is in order."""
    again, _ = asked_again(rows)
    assert of(judge_rows(rows, practice=True), "I20") == []
    again["trigger_price"] -= 10.0
    rows["stop_moved"].append(
        {
            "intent": LONG, "placement": row_of(rows, "request", role="sl")["placement"],
            "at_us": again["at_us"] - 1, "old_price": 1.0, "new_price": again["trigger_price"],
            "reference_price": again["trigger_price"] * 1.01,
        }
    )  # fmt: skip
    assert of(judge_rows(rows, practice=True), "I20") == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"trigger_price": 49_000.0}, "trigger_price"),
        ({"close_position": False}, "close_position"),
        ({"rest": 1}, "other parameters"),
        ({"side": 1}, "side"),
    ],
)
def test_i20_a_resend_that_differs(rows: Rows, judge_rows: Judge, changes: Row, word: str) -> None:
    """Whatever else changes between two attempts is named."""
    asked_again(rows, **changes)
    (found,) = of(judge_rows(rows, practice=True), "I20")
    assert (found["intent"], found["kind"], found["amount"]) == (LONG, "practice", 1.0)
    assert word in found["truth"]


def test_i20_the_callers_own_order(rows: Rows, judge_rows: Judge) -> None:
    """An executor that writes into the order it was handed is told with the fields."""
    rows["caller_changed"].append({"intent": LONG, "at_us": 5, "fields": "stopPrice workingType"})
    (found,) = of(judge_rows(rows, practice=True), "I20")
    assert (found["amount"], "stopPrice" in found["truth"]) == (2.0, True)
