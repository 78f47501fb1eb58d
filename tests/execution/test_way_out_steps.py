"""Step by step through the way out: how much is sent, what is believed, who makes room, and what is written down."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.intent_orders import Bracket
from sim.execution.lookup import Sighting
from sim.execution.outcomes import Failure
from sim.execution.placement import OrderResult
from sim.execution.policy_keys import Settings
from sim.execution.way_out import WayOut

UNREADABLE = Failure("error", None, "down")
HALTED = OrderResult(False, None, -4140, "halted")
CONFLICT = OrderResult(False, None, -2022, "nothing to reduce")


def filled(quantity: float) -> OrderResult:
    return OrderResult(True, "5", executed_quantity=quantity)


class Own:
    """Stand for a long of half a bitcoin: exits end as scripted, the last way for ever, and so do reads."""

    def __init__(self, *exits: OrderResult, held: Any = (), **keys: Any) -> None:
        self.exits, self.reads = list(exits), list(held)
        self.settings = Settings(**keys)
        self.bracket = Bracket("i1", "BTCUSDT", "buy", Decimal("0.5"))
        self.filled = Decimal("0.5")
        self.fill_is_final = True
        self.deadline_s = -100.0
        self.entry_id, self.stop_id = "i1-e", "i1-s"
        self.resting = ["i1-s", "i1-t"]
        self.further: list[Any] = []
        self.closing = self.flat = self.surely = False
        self.seen = Sighting("absent")
        self.left: list[str] = []
        self.log: list[str] = []
        self.sent: list[dict[str, Any]] = []
        self.sent_s: list[float] = []
        self.looked: list[Any] = []

    def note(self, *what: object) -> None:
        self.log.append(" ".join(str(one) for one in what))

    def write(self) -> None:
        self.note("write", "closing" if self.closing else "open")

    def forget(self) -> None:
        self.note("forget")

    def report(self, what: str, message: str) -> None:
        self.note("report", what, message)

    def new_id(self, kind: str) -> str:
        return f"i1-{kind}{len(self.sent)}"

    async def place(self, params: dict[str, Any], kind: str, before_attempt: Any = None) -> OrderResult:
        assert kind == "exit"
        self.note("exit", params["quantity"])
        self.sent.append(params)
        self.sent_s.append(asyncio.get_running_loop().time())
        result = self.exits.pop(0) if len(self.exits) > 1 else self.exits[0]
        return replace(result, client_order_id=params["newClientOrderId"])

    async def held(self) -> Any:
        self.note("held")
        return self.reads.pop(0) if len(self.reads) > 1 else self.reads[0]

    async def is_surely_flat(self) -> bool:
        self.note("surely")
        return self.surely

    async def look(self, client_id: str, *, conditional: bool) -> Sighting:
        self.looked.append((client_id, conditional))
        return self.seen

    async def look_until(
        self, client_id: str, enough: Any, patience_s: float, *, conditional: bool
    ) -> Sighting:
        self.looked.append((client_id, patience_s, conditional, enough(self.seen)))
        return self.seen

    async def cancel_until_gone(self, names: list[str], tries: int) -> list[str]:
        self.note("cancel", *names, tries)
        return self.left


def flatten(own: Own) -> OrderResult:
    return run_virtual(WayOut(own).flatten())  # type: ignore[arg-type]


def test_a_full_exit_is_written_down_sent_and_swept_after() -> None:
    """Closing before anything is sent; forgotten once nothing rests."""
    own = Own(filled(0.5))
    assert flatten(own).success
    assert own.log == ["write closing", "write closing", "exit 0.5", "cancel i1-s i1-t 12", "forget"]
    assert (own.flat, own.closing, own.resting, own.looked) == (True, True, [], [])


def test_leftovers_that_cannot_be_cancelled_stay_written_down() -> None:
    """They are what rests now, and the intent is not forgotten."""
    own = Own(filled(0.5))
    own.left = ["i1-t"]
    flatten(own)
    assert (own.log[-2:], own.resting) == (["cancel i1-s i1-t 12", "write closing"], ["i1-t"])


def test_a_policy_without_a_sweep_only_forgets() -> None:
    """Nothing is cancelled."""
    own = Own(filled(0.5), sweep_when_flat=False)
    flatten(own)
    assert own.log[-2:] == ["exit 0.5", "forget"]


@pytest.mark.parametrize(
    ("final", "filled_before", "seen", "quantity"),
    [
        (True, "0.3", 0.4, "0.3"),
        (False, "0.3", 0.4, "0.4"),
        (False, "0.3", 0.2, "0.3"),
        (True, "0", 0.4, "0.5"),
    ],
)
def test_what_the_entry_got_is_closed(final: bool, filled_before: str, seen: float, quantity: str) -> None:
    """Looked at once more where it was still being filled, never less than known; the wish where nothing is known."""
    own = Own(filled(0.5))
    own.filled, own.fill_is_final = Decimal(filled_before), final
    own.seen = Sighting("there", executed=seen)
    flatten(own)
    assert own.sent[0]["quantity"] == quantity
    assert own.looked == ([] if final else [("i1-e", False)])


@pytest.mark.parametrize(
    ("answered", "seen", "done", "rest"),
    [
        (0.0, Sighting("there", executed=0.5), True, None),
        (0.0, Sighting("there", status="PARTIALLY_FILLED", executed=0.2), False, "0.3"),
        (0.3, Sighting("there", status="NEW", executed=0.2), False, "0.2"),
        (0.2, Sighting("there", status="EXPIRED", executed=0.2), True, "0.3"),
        (0.1, Sighting("ended"), True, "0.4"),
        (0.5, Sighting("absent"), None, None),
        (0.6, Sighting("absent"), None, None),
    ],
)
def test_an_accepted_exit_is_looked_at_until_it_filled_or_ended(
    answered: float, seen: Sighting, done: bool | None, rest: str | None
) -> None:
    """The more of what answer and look say counts; the rest is sent anew."""
    own = Own(filled(answered), filled(0.5), held=[Decimal("0.5")], look_up_cap_sec=2.0)
    own.seen = seen
    flatten(own)
    assert [order["quantity"] for order in own.sent] == ["0.5", *([rest] if rest else [])]
    assert own.looked[:1] == ([] if done is None else [("i1-exit0", 2.0, False, done)])


@pytest.mark.parametrize(
    ("deadline_s", "patience_s"),
    [(-3.5, 2.0), (-3.4, 0.0), (0.0, 0.0), (0.7, 0.7), (2.5, 2.0)],
    ids=["long over", "bare beyond it", "at it", "soon", "later"],
)
def test_a_bare_position_waits_for_an_accepted_exit_no_longer_than_until_its_deadline(
    deadline_s: float, patience_s: float
) -> None:
    """After one look another exit goes out: it may fill at once, and both only reduce."""
    own = Own(filled(0.0), filled(0.5), held=[Decimal("0.5")], look_up_cap_sec=2.0, protect_deadline_sec=3.5)
    own.deadline_s = deadline_s
    own.seen = Sighting("there", status="NEW")
    flatten(own)
    assert own.looked[:1] == [("i1-exit0", patience_s, False, False)]
    assert ("held" in own.log) is (deadline_s <= -3.5), "nor for a read of the position"


def test_no_more_is_sent_than_is_held() -> None:
    """A position of 0.2 is closed by 0.2, whatever was filled once; one of 0.9 by what is this intent's."""
    for held, rest in (("0.2", "0.2"), ("0.9", "0.5")):
        own = Own(HALTED, filled(0.5), held=[Decimal(held)])
        flatten(own)
        assert [order["quantity"] for order in own.sent] == ["0.5", rest]


@pytest.mark.parametrize("code", [-2022, -4118])
def test_a_refusal_that_finds_nothing_to_reduce_and_a_flat_read_are_the_end(code: int) -> None:
    """A success without an order's number."""
    own = Own(OrderResult(False, None, code, "?"), held=[Decimal(0)])
    result = flatten(own)
    assert (result.success, result.outcome, result.order_id, result.error_code) == (True, "applied", "", code)
    assert own.log[2:4] == ["exit 0.5", "held"]
    assert "surely" not in own.log


def test_the_number_of_an_exit_that_was_accepted_is_kept() -> None:
    """Filled in part, and flat by another hand: its number is the result's."""
    own = Own(filled(0.2), held=[Decimal(0)])
    own.surely = True
    result = flatten(own)
    assert (result.success, result.order_id, len(own.sent)) == (True, "5", 1)


def test_a_flat_read_after_another_refusal_is_believed_only_when_it_is_sure() -> None:
    """Else the position is read once more, and the exit sent again."""
    own = Own(HALTED, filled(0.5), held=[Decimal(0), Decimal("0.5")])
    flatten(own)
    assert own.log[2:6] == ["exit 0.5", "held", "surely", "held"]
    assert len(own.sent) == 2
    unread = Own(HALTED, filled(0.5), held=[Decimal(0)])
    flatten(unread)
    assert len(unread.sent) == 2
    sure = Own(HALTED, held=[Decimal(0)])
    sure.surely = True
    assert flatten(sure).success
    assert len(sure.sent) == 1


def test_a_position_that_cannot_be_read_makes_no_room_and_is_closed_again() -> None:
    """Neither flat nor held: the exit goes out again as it was."""
    own = Own(CONFLICT, filled(0.5), held=[UNREADABLE])
    assert flatten(own).success
    assert [line for line in own.log if line.startswith("cancel")] == ["cancel i1-s i1-t 12"]
    assert [order["quantity"] for order in own.sent] == ["0.5", "0.5"]


@pytest.mark.parametrize("code", [-2022, -4118])
def test_conflicts_cancel_targets_and_at_the_third_the_stop(code: int) -> None:
    """Each once; other refusals cancel nothing and are not counted."""
    conflict = OrderResult(False, None, code, "?")
    own = Own(conflict, HALTED, conflict, conflict, conflict, filled(0.5), held=[Decimal("0.5")])
    flatten(own)
    cancels = [line for line in own.log if line.startswith("cancel")]
    assert cancels == [
        "cancel i1-t 1",
        "cancel i1-t 1",
        "cancel i1-s i1-t 1",
        "cancel i1-s i1-t 1",
        "cancel i1-s i1-t 12",
    ]


def test_nobody_storms_a_halt() -> None:
    """0.1 s, doubled to one second; once nothing was taken for a minute, doubled to three."""
    own = Own(HALTED, held=[Decimal("0.5")], flatten_patience_sec=80.0)
    assert not flatten(own).success
    waits_s = [round(later - sooner, 3) for sooner, later in itertools.pairwise(own.sent_s)]
    quick = [0.1, 0.2, 0.4, 0.8, *[1.0] * 59]
    assert waits_s[: len(quick)] == pytest.approx(quick)
    assert waits_s[len(quick) :] == pytest.approx([2.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0])


def test_a_close_is_given_up_after_its_patience_and_stays_written_down_as_closing() -> None:
    """Its last answer is the result, no success; the stop is somebody else's again."""
    own = Own(HALTED, held=[Decimal("0.5")], flatten_patience_sec=4.0)
    result = flatten(own)
    assert (result.success, result.error_code, own.closing, own.flat) == (False, -4140, False, False)
    assert own.log[-1] == "report flatten not flat after 4 s"
    assert own.log[-4:-1] == ["write closing", "exit 0.5", "held"]
    assert own.sent_s[-1] == pytest.approx(4.5)


def test_an_hour_of_patience_outlasts_a_long_halt() -> None:
    """As the policy safe has it: then the last of some twelve hundred exits is the end."""
    own = Own(HALTED, held=[Decimal("0.5")])
    assert not flatten(own).success
    assert 3600.0 <= own.sent_s[-1] <= 3603.0


@pytest.mark.parametrize(("takes_s", "swept_s"), [(5.0, 5.0), (500.0, 20.0)])
def test_the_sweep_waits_for_stops_that_are_still_under_way(takes_s: float, swept_s: float) -> None:
    """They may rest after the cancel that is meant for them; but no longer than twenty seconds."""
    own = Own(filled(0.5))

    async def main() -> float:
        own.further = [asyncio.ensure_future(asyncio.sleep(takes_s))]
        await WayOut(own).sweep()  # type: ignore[arg-type]
        at_s = asyncio.get_running_loop().time()
        own.further[0].cancel()
        return at_s

    assert run_virtual(main()) == swept_s
    assert (own.log, own.flat) == (["cancel i1-s i1-t 12", "forget"], True)
