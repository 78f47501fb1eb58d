"""Checks of placements and exits: attempts, sleeps, claims, and orders that must only reduce."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Judge = Callable[..., list[Row]]


def only(found: list[Row], check: str) -> Row:
    """Return the one finding, which must be the named check's."""
    assert [row["check"] for row in found] == [check]
    assert found[0]["truth"]
    assert found[0]["belief"]
    return found[0]


def of(rows: Rows, table: str, **wanted: Any) -> list[Row]:
    return [row for row in rows[table] if all(row[name] == value for name, value in wanted.items())]


# -- I08 and I09 -----------------------------------------------------------------------------------------


def placement(
    *, attempts: int, sleeps_s: tuple[float, ...], success: bool = False, extra_s: float = 0.0
) -> Rows:
    """Tell one placement: each attempt is answered at once, then the given sleeps follow."""
    rows: Rows = {"request": [], "attempt": [], "backoff": [], "placement": [], "intent": [], "order": []}
    at_us = 1_000_000
    for k in range(1, attempts + 1):
        last = success and k == attempts
        rows["request"].append(
            {
                "request": k, "intent": 0, "role": "sl", "call": "POST /fapi/v1/order", "n": k - 1, "placement": 1,
                "sent_us": at_us, "answered_us": at_us + 40_000, "status": 200 if last else 503,
                "code": 0 if last else -1001, "message": "", "request_leg_us": 30_000, "reply_leg_us": 10_000,
            }
        )  # fmt: skip
        at_us += 40_000
        if not last:
            rows["attempt"].append(
                {"intent": 0, "placement": 1, "attempt": k, "at_us": at_us, "code": -1001, "message": ""}
            )
        if k <= len(sleeps_s):
            delay_us = round(sleeps_s[k - 1] * 1e6)
            rows["backoff"].append(
                {"intent": 0, "placement": 1, "attempt": k, "at_us": at_us, "delay_us": delay_us}
            )
            at_us += delay_us
    rows["placement"].append(
        {
            "intent": 0, "placement": 1, "role": "sl", "started_us": 1_000_000,
            "ended_us": at_us + round(extra_s * 1e6),
            "success": success, "order_id": "7" if success else "", "code": -1001, "message": "", "attempts": attempts,
            "backoff_us": sum(row["delay_us"] for row in rows["backoff"]), "adjusted": 0,
        }
    )  # fmt: skip
    if success:
        rows["order"].append(
            {
                "order": 7, "intent": 0, "account": 1, "at_us": at_us, "status": "NEW", "role": "sl",
                "type": "STOP_MARKET", "side": -1, "quantity": 0.0, "price": 49_000.0, "reduce_only": False,
                "close_position": True, "request": attempts, "algo": False, "reason": "",
            }
        )  # fmt: skip
    return rows


D7 = (0.5, 1.0, 2.0, 4.0)


@pytest.mark.parametrize("attempts", [1, 2, 3, 5])
@pytest.mark.parametrize("success", [True, False])
def test_i09_the_policys_own_sleeps_pass(attempts: int, success: bool, judge_rows: Judge) -> None:
    """0.5, 1, 2, 4 s between five attempts, none after the last."""
    assert judge_rows(placement(attempts=attempts, sleeps_s=D7[: attempts - 1], success=success)) == []


@pytest.mark.parametrize(
    ("attempts", "sleeps", "extra", "amount", "says"),
    [
        (3, (0.5, 1.5), 0.0, 0.5, "slept 1.5 s after failed attempt 2"),
        (3, (0.5, 0.5), 0.0, 0.5, "slept 0.5 s after failed attempt 2"),
        (3, (0.5, 1.0, 2.0), 0.0, 2.0, "slept 2 s after the last attempt"),
        (3, (0.5, 1.0), 2.0, 2.0, "2 s passed between the last failed attempt and the end"),
        (3, (0.5,), 0.0, 1.0, "1 sleeps between 3 attempts"),
        (3, (), 0.0, 1.5, "0 sleeps between 3 attempts"),
    ],
)
def test_i09_wrong_sleeps(
    attempts: int, sleeps: tuple[float, ...], extra: float, amount: float, says: str, judge_rows: Judge
) -> None:
    """Too long, too short, after the last attempt announced or not, or missing; the amount is the error."""
    found = only(judge_rows(placement(attempts=attempts, sleeps_s=sleeps, extra_s=extra)), "I09")
    assert found["amount"] == pytest.approx(amount)
    assert found["truth"] == says
    assert (found["unit"], found["intent"]) == ("s", 0)


def test_i09_announced_and_not_slept(judge_rows: Judge) -> None:
    """The next request leaves earlier than the sleep that was announced."""
    rows = placement(attempts=2, sleeps_s=(0.5,))
    for name in ("sent_us", "answered_us"):
        rows["request"][1][name] -= 200_000
    found = only(judge_rows(rows), "I09")
    assert found["truth"] == "slept 0.3 s after failed attempt 1"
    assert found["amount"] == pytest.approx(0.2)


def later(rows: Rows, by_us: int) -> Rows:
    """Let the second request of a placement, and all that follows it, come later."""
    request = rows["request"][1]
    request.update({name: request[name] + by_us for name in ("sent_us", "answered_us")})
    for row in (*rows["attempt"][1:], *rows["placement"], *rows["order"]):
        row.update({name: row[name] + by_us for name in ("at_us", "ended_us") if name in row})
    return rows


@pytest.mark.parametrize(
    ("thinks_after_s", "right"), [(0.5, True), (0.4, False), (0.6, False), (None, False)]
)
def test_i09_thinking_is_not_sleeping(thinks_after_s: float | None, right: bool, judge_rows: Judge) -> None:
    """The time its own computing takes between a sleep and the request is no sleep; only it begins as one ends."""
    rows = later(placement(attempts=2, sleeps_s=(0.5,), success=True), 200_000)
    if thinks_after_s is not None:
        at_us = rows["backoff"][0]["at_us"] + round(thinks_after_s * 1e6)
        rows["process"] = [{"kind": "delayed", "intent": 0, "at_us": at_us}]
    found = judge_rows(rows)
    assert [row["check"] for row in found] == ([] if right else ["I09"])
    if not right:
        assert found[0]["truth"] == "slept 0.7 s after failed attempt 1"


@pytest.mark.parametrize("code", [-1015, -1003, -1001])
@pytest.mark.parametrize("limiter", [True, False])
@pytest.mark.parametrize("by_us", [200_000, -200_000])
def test_i09_held_back_is_not_sleeping(code: int, limiter: bool, by_us: int, judge_rows: Judge) -> None:
    """After too many requests the limiter holds the next one back beyond the sleep, and never shortens one."""
    rows = later(placement(attempts=2, sleeps_s=(0.5,), success=True), by_us)
    rows["attempt"][0]["code"] = code
    found = judge_rows(rows, policy={"execution.use_limiter": limiter})
    excused = limiter and code != -1001 and by_us > 0
    assert ("I09" in {row["check"] for row in found}) != excused


def test_i09_anothers_thinking_excuses_nobody(judge_rows: Judge) -> None:
    """What another intent computes as the sleep should end is not why this one slept too long."""
    rows = later(placement(attempts=2, sleeps_s=(0.5,), success=True), 200_000)
    rows["process"] = [{"kind": "delayed", "intent": 1, "at_us": rows["backoff"][0]["at_us"] + 500_000}]
    assert only(judge_rows(rows), "I09")["truth"] == "slept 0.7 s after failed attempt 1"


@pytest.mark.parametrize("isolation", ["intent", "account"])
@pytest.mark.parametrize(
    ("blocked_s", "released_s", "right"),
    [(0.1, 0.7, True), (0.1, 0.6, False), (0.1, 0.45, False), (0.6, 0.7, False)],
)
def test_i09_a_loop_that_stands_wakes_nobody(
    isolation: str, blocked_s: float, released_s: float, right: bool, judge_rows: Judge
) -> None:
    """A sleep that falls due while its process stands still ends as the process goes on, and at no other time."""
    rows = later(placement(attempts=2, sleeps_s=(0.5,), success=True), 200_000)
    began_us, process = rows["backoff"][0]["at_us"], 0 if isolation == "intent" else -1
    rows["process"] = [
        {"kind": kind, "intent": process, "at_us": began_us + round(after_s * 1e6)}
        for kind, after_s in (("blocked", blocked_s), ("released", released_s))
    ]
    found = [row for row in judge_rows(rows, isolation=isolation) if row["check"] == "I09"]
    assert bool(found) != right


@pytest.mark.parametrize(
    ("policy", "sleeps"),
    [
        ({"execution.max_retry_backoff_sec": 1.5}, (0.5, 1.0, 1.5, 1.5)),
        ({"execution.retry_backoff_growth": 1.0}, (0.5, 0.5, 0.5, 0.5)),
        ({"execution.retry_backoff_base_sec": 0.0}, (0.0, 0.0, 0.0, 0.0)),
        (
            {"execution.retry_backoff_base_sec": 0.1, "execution.retry_backoff_growth": 3.0},
            (0.1, 0.3, 0.9, 2.7),
        ),
    ],
)
def test_i09_the_law_is_the_policys(
    policy: dict[str, Any], sleeps: tuple[float, ...], judge_rows: Judge
) -> None:
    """min(base * growth^(k-1), cap), whatever base, growth and cap."""
    rows = placement(attempts=5, sleeps_s=sleeps)
    assert judge_rows(rows, policy=policy) == []
    assert {row["check"] for row in judge_rows(rows)} == {"I09"}


def test_i08_one_attempt_too_many(judge_rows: Judge) -> None:
    """Six attempts under a limit of five; the amount is the surplus."""
    found = only(judge_rows(placement(attempts=6, sleeps_s=(*D7, 8.0))), "I08")
    assert (found["amount"], found["unit"]) == (1.0, "attempts")


def test_i08_what_was_sent_counts_more_than_what_was_said(judge_rows: Judge) -> None:
    """An executor that reports five attempts and sends six orders is caught."""
    rows = placement(attempts=6, sleeps_s=(*D7, 8.0))
    rows["placement"][0]["attempts"] = 5
    assert "I08" in {row["check"] for row in judge_rows(rows)}


def test_i08_a_change_of_endpoint_is_not_an_attempt(judge_rows: Judge) -> None:
    """The order refused with -4120 and sent again to the algo endpoint is one attempt."""
    rows = placement(attempts=5, sleeps_s=D7)
    rows["request"].insert(0, {**rows["request"][0], "request": 0, "code": -4120, "answered_us": 1_000_000})
    assert judge_rows(rows) == []


# -- I14 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order_id", "why"),
    [
        ("", "empty"),
        ("None", "a text"),
        ("999999", "unknown"),
        ("9" * 30, "beyond any id"),
        ("²", "no decimal"),
    ],
)
def test_i14_success_without_an_order(order_id: str, why: str, rows: Rows, judge_rows: Judge) -> None:
    """The id that was claimed does not exist at the venue."""
    of(rows, "placement", intent=2, role="sl")[0]["order_id"] = order_id
    found = only(judge_rows(rows), "I14")
    assert (found["intent"], found["amount"], found["unit"]) == (2, 1.0, "orders")


def test_i14_success_with_another_intents_order(rows: Rows, judge_rows: Judge) -> None:
    """An id that exists, but for somebody else, protects nobody."""
    other = of(rows, "placement", intent=3, role="sl")[0]["order_id"]
    of(rows, "placement", intent=2, role="sl")[0]["order_id"] = other
    assert only(judge_rows(rows), "I14")["intent"] == 2


@pytest.mark.parametrize("truth", ["applied", "applied_late"])
def test_i14_failure_behind_which_an_order_lives(truth: str, rows: Rows, judge_rows: Judge) -> None:
    """A placement that reports failure although one of its writes was applied, at once or late."""
    failed = of(rows, "placement", intent=2, role="sl")[0]
    order = int(failed["order_id"])
    failed.update(success=False, order_id="", code=-1001, message="gone")
    of(rows, "write", order=order, role="sl")[0]["truth"] = truth
    rows["attempt"].append(
        {"intent": 2, "placement": failed["placement"], "attempt": 1, "at_us": failed["ended_us"], "code": -1001,
         "message": "gone"}
    )  # fmt: skip
    found = [row for row in judge_rows(rows) if row["check"] == "I14"]
    assert [(row["intent"], row["amount"]) for row in found] == [(2, 1.0)]
    assert f"order {order} was {truth.replace('_', ' ')}" in found[0]["truth"]
    assert "gone" in found[0]["belief"]


@pytest.mark.parametrize(
    ("closed", "said"), [(0.010, False), (0.004, True)], ids=["flat", "something is left"]
)
def test_i14_in_one_account_fills_net(closed: float, said: bool, judge_rows: Judge) -> None:
    """An entry of unknown fate that another intent's fills took back has left nothing; one in part has."""
    told = placement(attempts=1, sleeps_s=())
    told["placement"][0].update(role="entry", success=False, outcome="unknown")
    told["request"][0].update(role="entry", status=0)
    told["write"] = [{"request": 1, "intent": 0, "role": "entry", "truth": "applied_late", "order": 7}]
    told["order"] = [{"order": 7, "intent": 0, "role": "entry", "status": "FILLED"}]
    told["fill"] = [fill(7, "entry", 1, 0.010), fill(8, "flatten", -1, closed, intent=1)]
    told["intent"] = [
        {"intent": number, "symbol": "BTCUSDT", "direction": 1, "quantity": 0.010} for number in (0, 1)
    ]
    judged = judge_rows(told, policy={"execution.look_up_unknown": True}, isolation="account")
    assert any(row["check"] == "I14" for row in judged) is said


def test_i14_an_honest_failure_passes(rows: Rows, judge_rows: Judge) -> None:
    """Nothing applied, nothing claimed."""
    honest = placement(attempts=5, sleeps_s=D7)
    honest["write"] = [
        {
            "request": k,
            "intent": 0,
            "role": "sl",
            "at_us": k,
            "truth": "not_applied",
            "order": -1,
            "code": -1001,
        }
        for k in range(1, 6)
    ]
    assert judge_rows(honest) == []


# -- I15 -------------------------------------------------------------------------------------------------


def fill(order: int, role: str, side: int, quantity: float, intent: int = 0, account: int = 1) -> Row:
    return {
        "order": order, "intent": intent, "account": account, "at_us": order, "role": role, "side": side,
        "quantity": quantity, "price": 50_000.0, "fee": 0.0, "reference": 50_000.0, "mark": 50_000.0,
        "trigger_price": 0.0, "realised": 0.0,
    }  # fmt: skip


def i15(rows: Rows, judge_rows: Judge) -> list[tuple[int, float]]:
    found = [row for row in judge_rows(rows) if row["check"] == "I15"]
    return [(row["intent"], round(row["amount"], 9)) for row in found]


@pytest.mark.parametrize(
    ("fills", "expected"),
    [
        ([("entry", 1, 0.01), ("sl", -1, 0.01)], []),
        ([("entry", 1, 0.01), ("flatten", -1, 0.004), ("tp", -1, 0.006)], []),
        ([("entry", 1, 0.01), ("entry", 1, 0.01), ("sl", -1, 0.02)], []),
        ([("entry", 1, 0.01), ("flatten", -1, 0.02)], [(0, 0.01)]),
        ([("entry", -1, 0.01), ("flatten", 1, 0.03)], [(0, 0.02)]),
        ([("entry", 1, 0.01), ("sl", -1, 0.01), ("flatten", -1, 0.01)], [(0, 0.01)]),
        ([("entry", 1, 0.01), ("flatten", 1, 0.01)], [(0, 0.01)]),
        ([("flatten", -1, 0.01)], [(0, 0.01)]),
        ([("entry", 1, 0.3), ("flatten", -1, 0.1), ("flatten", -1, 0.1), ("flatten", -1, 0.1)], []),
    ],
    ids=[
        "a stop closes", "two parts close", "one stop closes two entries", "an exit turns a long",
        "an exit turns a short", "a second close opens", "an exit on the wrong side", "an exit without a position",
        "float dust",
    ],
)  # fmt: skip
def test_i15_exits_only_reduce(
    fills: list[tuple[str, int, float]], expected: list[tuple[int, float]], rows: Rows, judge_rows: Judge
) -> None:
    """The amount is the quantity on the wrong side."""
    told: Rows = {"intent": rows["intent"][:1]}
    told["fill"] = [fill(number, *values) for number, values in enumerate(fills, start=1)]
    assert i15(told, judge_rows) == expected


def test_i15_accounts_and_symbols_are_apart(rows: Rows, judge_rows: Judge) -> None:
    """A long in one account, or in another symbol of the same account, is not closed by someone else's exit."""
    told: Rows = {"intent": [rows["intent"][0], {**rows["intent"][1], "symbol": "ETHUSDT"}]}
    told["fill"] = [fill(1, "entry", 1, 0.01), fill(2, "flatten", -1, 0.01, intent=1, account=1)]
    found = [
        row
        for row in judge_rows(told, steps={"BTCUSDT": 0.001, "ETHUSDT": 0.001}, isolation="account")
        if row["check"] == "I15"
    ]
    assert [row["intent"] for row in found] == [1]


def test_i15_a_process_that_came_back_closes_for_all(rows: Rows, judge_rows: Judge) -> None:
    """Its exits belong to no intent; where there is one symbol they are that symbol's, and a second one opens."""
    told: Rows = {"intent": rows["intent"][:1]}
    told["fill"] = [fill(1, "entry", 1, 0.01), fill(2, "flatten", -1, 0.01, intent=-1)]
    assert i15(told, judge_rows) == []
    told["fill"].append(fill(3, "flatten", -1, 0.01, intent=-1))
    assert i15(told, judge_rows) == [(-1, 0.01)]


def test_i15_an_exit_that_could_open_is_a_breach_at_once(rows: Rows, judge_rows: Judge) -> None:
    """Neither reduce-only nor close-position: the order itself is the finding, filled or not."""
    for row in of(rows, "order", intent=4, role="sl"):
        row.update(close_position=False, quantity=0.01)
    found = only(judge_rows(rows), "I15")
    assert (found["intent"], found["amount"]) == (4, 0.01)
    assert "neither reduce-only nor close-position" in found["truth"]
