"""Step by step through the careful entry: what is booked, how long it is watched, and what is left for certain."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.intent_orders import Bracket
from sim.execution.lookup import Sighting
from sim.execution.placement import OrderResult
from sim.execution.policy_keys import Settings
from sim.execution.safe_entry import SafeEntry

HALF = Decimal("0.5")
UNREADABLE = Sighting("unreadable")
ABSENT = Sighting("absent")
ENDED = Sighting("ended", "7", "EXPIRED")
RESTS = Sighting("there", "7", "NEW")
PART = Sighting("there", "7", "PARTIALLY_FILLED", 0.2, 99.0)
FULL = Sighting("there", "7", "FILLED", 0.5, 100.0)
UNKNOWN = OrderResult(False, error_message="?", outcome="unknown")


def accepted(executed: float = 0.0, status: str = "NEW") -> OrderResult:
    return OrderResult(
        True, "7", executed_quantity=executed, average_price=100.0 if executed else 0.0, order_status=status
    )


class Own:
    """Stand for an intent of half a bitcoin whose placement and looks answer by script."""

    def __init__(self, result: OrderResult, *seen: Sighting, **keys: Any) -> None:
        self.result, self.seen = result, list(seen)
        self.settings = Settings(**{"watch_unknown_sec": 90.0, "unreadable_sec": 60.0, **keys})
        self.bracket = Bracket("i1", "BTCUSDT", "buy", HALF)
        self.filled, self.fill_price, self.fill_is_final = Decimal(0), 0.0, True
        self.flat, self.entry_id = False, ""
        self.closes = True
        self.log: list[Any] = []
        self.sent: list[Any] = []

    def new_id(self, kind: str) -> str:
        return f"i1-{kind}"

    def write(self) -> None:
        self.log.append(f"write {self.entry_id}")

    def forget(self) -> None:
        self.log.append("forget")

    def start_deadline(self) -> None:
        self.log.append("deadline")

    def report(self, what: str, message: str) -> None:
        self.log.append(f"report {what}: {message}")

    async def place(self, params: dict[str, Any], kind: str, *, before_attempt: Any) -> OrderResult:
        self.sent.append((params, kind, before_attempt))
        self.log.append("place")
        return self.result

    async def look_until(
        self, client_id: str, enough: Any, patience_s: float, *, conditional: bool
    ) -> Sighting:
        assert (client_id, conditional) == (self.entry_id, False)
        seen = self.seen.pop(0)
        self.log.append((patience_s, enough(seen)))
        return seen

    async def cancel(self, client_id: str, *, conditional: bool) -> None:
        assert not conditional
        self.log.append(f"cancel {client_id}")

    async def flatten(self) -> None:
        self.log.append(f"flatten {self.filled}")
        self.flat = self.closes


def entry_of(own: Own) -> SafeEntry:
    return SafeEntry(own, own)  # type: ignore[arg-type]


def enter(own: Own) -> OrderResult:
    return run_virtual(entry_of(own).enter({"symbol": "BTCUSDT"}, None))


def watch(own: Own, patience_s: float = 9.0, *, certain: bool = False) -> bool:
    own.entry_id = "i1-entry"
    return run_virtual(entry_of(own).watch(patience_s, absent_is_certain=certain))


def test_an_entry_is_named_and_written_down_before_it_is_sent() -> None:
    """Under its own id, and with the full answer asked for."""
    own = Own(accepted(0.5, "FILLED"))
    result = enter(own)
    assert own.log == ["write i1-entry", "place", "deadline"]
    sent = {"symbol": "BTCUSDT", "newClientOrderId": "i1-entry", "newOrderRespType": "RESULT"}
    assert own.sent == [(sent, "entry", None)]
    assert (result.success, own.filled, own.fill_price, own.fill_is_final) == (True, HALF, 100.0, True)


def test_a_refused_entry_leaves_nothing_behind() -> None:
    """The intent is forgotten, and the refusal is the result."""
    refused = OrderResult(False, None, -2019, "Margin is insufficient.", outcome="refused")
    own = Own(refused)
    assert enter(own) is refused
    assert own.log == ["write i1-entry", "place", "forget"]


@pytest.mark.parametrize(
    ("seen", "executed", "price", "status"), [(FULL, 0.5, 100.0, "FILLED"), (ENDED, 0.0, 0.0, "EXPIRED")]
)
def test_an_acknowledged_entry_is_looked_at_until_it_filled_or_ended(
    seen: Sighting, executed: float, price: float, status: str
) -> None:
    """What was seen is booked; nothing filled is a failure named *ended*."""
    own = Own(accepted(), seen)
    result = enter(own)
    assert own.log[2:4] == [(60.0, True), "deadline"]
    assert (result.executed_quantity, result.average_price, result.order_status) == (executed, price, status)
    assert (float(own.filled), own.fill_price) == (executed, price)
    assert (result.success, result.outcome) == ((True, "") if executed else (False, "ended"))
    assert own.log[4:] == ([] if executed else ["forget"])
    assert executed or result.error_message == "the entry ended without a fill"


def test_an_acknowledged_entry_that_nobody_saw_filled_is_unknown_and_watched() -> None:
    """Its deadline does not run; it stays written down unless the watch is certain."""
    own = Own(accepted(), RESTS, ABSENT, unreadable_sec=5.0)
    result = enter(own)
    assert (result.success, result.outcome) == (False, "unknown")
    assert result.error_message == "accepted, and no fill was seen for 5 s"
    assert own.log[2:4] == [(5.0, False), (90.0, False)]
    assert own.log[4].startswith("report entry: i1-entry is still absent at 0.0 s")
    assert own.log[5:] == []


@pytest.mark.parametrize(
    ("seen", "filled", "price", "final"),
    [
        (PART, "0.2", 99.0, False),
        (FULL, "0.5", 100.0, True),
        (Sighting("there", "7", "EXPIRED", 0.3, 98.0), "0.3", 98.0, True),
        (Sighting("there", "7", "PARTIALLY_FILLED", 0.1, 90.0), "0.2", 100.0, False),
        (RESTS, "0.2", 100.0, False),
        (UNREADABLE, "0.2", 100.0, False),
    ],
)
def test_the_rest_of_a_partial_fill_is_awaited_for_a_quarter_of_the_deadline(
    seen: Sighting, filled: str, price: float, final: bool
) -> None:
    """After the deadline began to run; a look that shows less takes nothing away."""
    own = Own(accepted(0.2, "PARTIALLY_FILLED"), seen, protect_deadline_sec=4.0)
    result = enter(own)
    assert own.log[2:] == ["deadline", (1.0, final)]
    assert (own.filled, own.fill_price, own.fill_is_final) == (Decimal(filled), price, final)
    assert result.executed_quantity == float(filled)


def test_without_read_back_the_wish_is_what_was_filled() -> None:
    """At the price the reply names; the deadline runs."""
    own = Own(accepted(), read_back=False)
    assert enter(own) is own.result
    assert (own.filled, own.fill_price, own.log[2:]) == (HALF, 0.0, ["deadline"])


@pytest.mark.parametrize(
    ("watch_s", "seen", "forgotten"), [(0.0, (), False), (90.0, (ENDED,), True), (90.0, (ABSENT,), False)]
)
def test_an_unknown_entry_is_watched_as_long_as_the_policy_says(
    watch_s: float, seen: tuple[Sighting, ...], forgotten: bool
) -> None:
    """Only a certain end strikes it from the journal; 0: it is not watched."""
    own = Own(UNKNOWN, *seen, watch_unknown_sec=watch_s)
    assert enter(own) is UNKNOWN
    assert [one[0] for one in own.log if isinstance(one, tuple)] == ([90.0] if seen else [])
    assert ("forget" in own.log) is forgotten


def test_an_unknown_entry_that_was_closed_again_is_not_struck_twice() -> None:
    """The way out strikes it: here something was filled."""
    own = Own(UNKNOWN, FULL)
    enter(own)
    assert "forget" not in own.log
    assert own.log[-1] == "flatten 0.5"


@pytest.mark.parametrize(
    ("seen", "certain", "left", "log"),
    [
        ((ENDED,), False, True, [(9.0, True)]),
        ((ABSENT,), True, True, [(9.0, False)]),
        ((ABSENT,), False, False, [(9.0, False)]),
        ((UNREADABLE, ABSENT), True, True, [(9.0, False), (60.0, True)]),
        ((UNREADABLE, UNREADABLE), True, False, [(9.0, False), (60.0, False)]),
        ((UNREADABLE, ENDED), False, True, [(9.0, False), (60.0, True)]),
        ((RESTS, ENDED), False, True, [(9.0, True), "cancel i1-entry", (10.0, True)]),
        ((RESTS, RESTS), True, False, [(9.0, True), "cancel i1-entry", (10.0, False)]),
        ((RESTS, FULL), False, True, [(9.0, True), "cancel i1-entry", (10.0, True), "flatten 0.5"]),
        ((PART,), False, True, [(9.0, True), "flatten 0.2"]),
    ],
)
def test_a_watched_entry_is_cancelled_closed_or_over(
    seen: tuple[Sighting, ...], certain: bool, left: bool, log: list[Any]
) -> None:
    """What rests is cancelled, what filled is closed; an end is certain, an absence where that was said."""
    own = Own(UNKNOWN, *seen)
    assert watch(own, certain=certain) is left
    reported = not left
    assert own.log[: len(log)] == log
    assert len(own.log) == len(log) + reported
    assert not reported or own.log[-1].startswith(f"report entry: i1-entry is still {seen[-1].state} at ")


@pytest.mark.parametrize(
    ("seen", "final"), [(PART, False), (FULL, True), (Sighting("there", "7", "EXPIRED", 0.1), True)]
)
def test_what_appears_is_closed_and_the_watch_is_as_certain_as_the_close(seen: Sighting, final: bool) -> None:
    """A close that was given up leaves something; a fill that goes on is read again before it is closed."""
    own = Own(UNKNOWN, seen)
    own.closes = False
    assert watch(own) is False
    assert (float(own.filled), own.fill_is_final) == (seen.executed, final)
