"""I03 where the venue asked for a wait: one that nobody earned is excused, and what a bot heard of its stop is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Judge = Callable[..., list[Row]]


def us(seconds: float) -> int:
    return round(seconds * 1e6)


def naked_for(seconds: float, *answers: tuple[int, int, str]) -> Rows:
    """Tell one position without a stop for so long, and what its stops were answered: status, code, message."""
    return {
        "intent": [
            {
                "intent": 0, "decided_us": 0, "symbol": "BTCUSDT", "direction": 1, "quantity": 0.01,
                "plan_price": 50_000.0, "hold_us": us(100),
            }
        ],
        "intent_end": [{"intent": 0, "ended_us": us(120), "outcome": "closed", "believed_position": 0.0}],
        "exposure": [
            {"intent": 0, "account": 1, "at_us": us(at), "position": position, "cover": cover}
            for at, position, cover in ((0, 0.01, 0.0), (seconds, 0.01, 0.01), (100, 0.0, 0.0))
        ],
        "account_end": [{"account": 1, "intent": 0, "at_us": us(200), "position": 0.0}],
        "request": [
            {
                "request": number, "intent": 0, "role": "sl", "call": "POST /fapi/v1/algoOrder",
                "sent_us": us(0.1 * number), "answered_us": us(0.1 * number + 0.05), "status": status, "code": code,
                "message": message, "placement": -1,
            }
            for number, (status, code, message) in enumerate(answers, 1)
        ],
    }  # fmt: skip


def found(judged: list[Row]) -> list[Row]:
    return [row for row in judged if row["check"] == "I03"]


@pytest.mark.parametrize(("kind", "charged"), [("429 -1003", []), ("503 A", [7.0]), (None, [7.0])])
def test_a_wait_of_nobodys_making_is_excused(
    kind: str | None, charged: list[float], judge_rows: Judge
) -> None:
    """Of seven naked seconds five were a wait; it counts where the bot's own pace brought it about."""
    rows = naked_for(7.0, (429, -1003, "Too many requests"))
    rows["told_to_wait"] = [
        {"request": 1, "intent": 0, "at_us": us(0.15), "status": 429, "until_us": us(5.15)}
    ]
    if kind is not None:
        rows["fault"] = [
            {"fault": "swept", "kind": kind, "request": 1, "intent": 0, "role": "sl", "at_us": us(0.1)}
        ]
    assert [row["amount"] for row in found(judge_rows(rows))] == charged


@pytest.mark.parametrize(
    ("answers", "belief"),
    [
        ((), "no stop was sent"),
        (((200, 0, ""),), "a stop was sent and accepted"),
        (((0, 0, ""),), "a stop was sent and no answer came"),
        (
            ((400, -2021, "Order would immediately trigger."),),
            "answered -2021: Order would immediately trigger",
        ),
        (((503, 0, "Unknown error"), (0, 0, "")), "2 stops were sent, the last without an answer"),
        (((0, 0, ""), (400, -1111, "Precision")), "the last was answered -1111: Precision"),
        (((0, 0, ""), (200, 0, "")), "the last was accepted"),
    ],
)
def test_of_a_bot_that_tells_nothing_what_it_heard_is_told(
    answers: tuple[tuple[int, int, str], ...], belief: str, judge_rows: Judge
) -> None:
    """Code that emits no events has sent a stop all the same: the finding says what became of it."""
    (breach,) = found(judge_rows(naked_for(9.0, *answers)))
    assert belief in breach["belief"]
