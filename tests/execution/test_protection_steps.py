"""Step by step through protection: what is sent, written down and believed, and what a moved stop leaves behind."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.hybrid_levels import ProtectiveOrder
from sim.execution.intent_orders import Bracket
from sim.execution.lookup import Sighting
from sim.execution.outcomes import Failure
from sim.execution.placement import OrderResult
from sim.execution.policy_keys import Settings
from sim.execution.protection import Protection

STOP = ProtectiveOrder("SL", "sl", {"type": "STOP_MARKET", "stopPrice": "99", "closePosition": "true"}, True)
TARGET = ProtectiveOrder("TP", "tp", {"stopPrice": "102", "closePosition": "true"}, True)
EXTRA = ProtectiveOrder("AI TP", "tp", {"stopPrice": "104", "quantity": "0.2"}, False)
DONE = OrderResult(True, "7")
REFUSED = OrderResult(False, None, -2021, "Order would immediately trigger.")
ANOTHER = OrderResult(False, None, -4130, "An open stop exists.")


class Own:
    """Stand for a long of half a bitcoin with 3 s left to protect it; placements end as scripted, then well."""

    def __init__(self, *ends: OrderResult, side: str = "buy", **keys: Any) -> None:
        self.ends = list(ends)
        self.settings = Settings(
            **{"hedge_stop_sec": 0.0, "conditional_endpoint": "order", "batch_protection": False, **keys}
        )
        self.client = SimpleNamespace()
        self.bracket = Bracket("i1", "BTCUSDT", side, Decimal("0.5"))
        self.deadline_s = 3.0
        self.filled = Decimal("0.5")
        self.stop: ProtectiveOrder | None = None
        self.stop_id = ""
        self.over = self.flat = False
        self.resting: list[str] = []
        self.further: list[Any] = []
        self.takes_s = 0.0
        self.seen = Sighting("there")
        self.left: list[str] = []
        self.uncancelled: Failure | None = None
        self.log: list[str] = []
        self.sent: dict[str, dict[str, str]] = {}
        self.asked: list[Any] = []
        self.slowest_s = 0.0
        replies = SimpleNamespace(
            slowest_s=lambda floor_s: self.slowest_s if self.slowest_s > floor_s else 0.0
        )
        self.executor = SimpleNamespace(news=SimpleNamespace(expect=lambda name: None), replies=replies)

    def new_id(self, kind: str) -> str:
        return f"{kind}{len(self.sent)}"

    def write(self) -> None:
        self.log.append(f"write {self.stop_id} {' '.join(self.resting)}".strip())

    def report(self, what: str, message: str) -> None:
        self.log.append(f"report {what} {message}")

    def start_deadline(self) -> None:
        self.log.append("deadline")

    async def place(
        self, params: dict[str, str], kind: str, *, submit: Any, before_attempt: Any = None
    ) -> OrderResult:
        name = params["newClientOrderId"]
        self.sent[name] = params
        self.log.append(f"{kind} {name}")
        await asyncio.sleep(self.takes_s)
        end = self.ends.pop(0) if self.ends else DONE
        return OrderResult(end.success, end.order_id, end.error_code, end.error_message, client_order_id=name)

    async def look_until(
        self, client_id: str, enough: Any, patience_s: float, *, conditional: bool
    ) -> Sighting:
        self.asked.append((client_id, round(patience_s, 3), conditional, enough(self.seen)))
        return self.seen

    async def cancel(self, client_id: str, *, conditional: bool) -> Failure | None:
        assert conditional
        self.log.append(f"cancel {client_id}")
        return self.uncancelled

    async def cancel_until_gone(self, names: list[str], tries: int) -> list[str]:
        self.log.append(f"cancel {' '.join(names)} {tries}")
        return self.left


def place_all(own: Own, *orders: ProtectiveOrder) -> bool:
    return run_virtual(Protection(own).place_all(orders))  # type: ignore[arg-type]


def place_stop(own: Own, *, again: bool = False, order: ProtectiveOrder = STOP) -> str:
    return run_virtual(Protection(own).place_stop(order, again=again))  # type: ignore[arg-type]


def move(own: Own, trigger: float) -> OrderResult:
    own.stop, own.stop_id, own.resting = STOP, "old", ["old"]
    return run_virtual(Protection(own).move_stop(trigger))  # type: ignore[arg-type]


def test_the_stop_goes_first_then_the_targets_then_it_is_read_back() -> None:
    """Each is written down before it is sent; the stop is looked for as long as there is time."""
    own = Own()
    own.takes_s = 0.5
    assert place_all(own, STOP, TARGET, EXTRA)
    assert own.log == [
        "write sl0 sl0", "sl sl0", "write sl0 sl0 tp1", "tp tp1", "write sl0 sl0 tp1 tp2", "tp tp2",
    ]  # fmt: skip
    assert own.asked == [("sl0", 1.5, True, True)]
    assert own.sent["sl0"] == {**STOP.params, "newClientOrderId": "sl0"}
    assert own.stop is STOP


@pytest.mark.parametrize(
    ("seen", "known", "stands"),
    [(Sighting("there"), True, True), (Sighting("ended"), True, False), (Sighting("absent"), False, True)],
)
def test_a_stop_that_is_read_back_as_ended_protects_nothing(
    seen: Sighting, known: bool, stands: bool
) -> None:
    """Not yet readable is not gone."""
    own = Own()
    own.seen = seen
    assert place_all(own, STOP) is stands
    assert own.asked[0][3] is known
    trusting = Own(read_back=False)
    trusting.seen = seen
    assert place_all(trusting, STOP)
    assert trusting.asked == []


@pytest.mark.parametrize(
    ("order", "required", "stands"), [(TARGET, True, False), (TARGET, False, True), (EXTRA, True, True)]
)
def test_a_missing_target_counts_where_plan_and_policy_want_it(
    order: ProtectiveOrder, required: bool, stands: bool
) -> None:
    """Both have to: then nothing after it is sent."""
    own = Own(DONE, REFUSED, target_required=required)
    assert place_all(own, STOP, order, EXTRA) is stands
    assert len(own.sent) == (3 if stands else 2)


def test_without_its_stop_no_target_is_sent() -> None:
    """The position counts as bare."""
    own = Own(REFUSED)
    assert not place_all(own, STOP, TARGET)
    assert list(own.sent) == ["sl0"]


def test_a_stop_has_the_time_to_its_deadline_and_no_more() -> None:
    """Cut off there, and told; begun after it, not sent at all."""
    own = Own()
    own.takes_s = 9.0

    async def main() -> tuple[str, float]:
        placed = await Protection(own).place_stop(STOP)  # type: ignore[arg-type]
        return placed, asyncio.get_running_loop().time()

    assert run_virtual(main()) == ("failed", 3.0)
    late = Own()
    late.deadline_s = 0.0
    assert place_stop(late) == "failed"
    said = "report stop not there 3.5 s after the fill"
    assert (own.log[-1], late.log, late.stop) == (said, [said], STOP)


@pytest.mark.parametrize(
    ("slowest_s", "takes_s", "placed"),
    [
        (0.8, 2.5, "placed"), (0.8, 2.7, "failed"), (0.4, 2.9, "placed"), (7.0, 0.0, "failed"),
    ],
)  # fmt: skip
def test_a_stop_put_up_again_at_a_slow_venue_leaves_the_way_out_its_time(
    slowest_s: float, takes_s: float, placed: str
) -> None:
    """Half of what an answer takes there: no guard of further stops sees to it."""
    own = Own(hedge_stop_sec=0.25)
    own.stop, own.takes_s, own.slowest_s = STOP, takes_s, slowest_s
    assert place_stop(own, again=True) == placed


def test_a_stop_that_was_moved_is_not_put_up_again() -> None:
    """Another one rests now."""
    own = Own()
    own.stop = TARGET
    assert (place_stop(own, again=True), own.log, own.stop) == ("kept", [], TARGET)


def test_another_stop_that_closes_everything_means_the_old_one_or_another_position() -> None:
    """Put up again, the old one rests under its id; new, this one takes its own quantity off."""
    own = Own(ANOTHER)
    own.stop, own.stop_id = STOP, "old"
    assert place_stop(own, again=True) == "kept"
    assert (own.stop_id, own.log) == ("old", ["write sl0 sl0", "sl sl0", "write old sl0"])
    new = Own(ANOTHER)
    assert place_stop(new) == "placed"
    reduced = {"type": "STOP_MARKET", "stopPrice": "99", "quantity": "0.5", "reduceOnly": "true"}
    assert new.sent["sl1"] == {**reduced, "newClientOrderId": "sl1"}
    assert (new.stop_id, new.stop) == ("sl1", STOP._replace(params=reduced))
    both = Own(ANOTHER, ANOTHER)
    assert (place_stop(both), len(both.sent)) == ("failed", 2)


def test_only_what_closes_the_position_is_sized_anew() -> None:
    """``stop_sizing = reduce_only``; an order with a quantity keeps it."""
    own = Own(stop_sizing="reduce_only")
    place_all(own, STOP, EXTRA)
    assert (own.sent["sl0"]["quantity"], "closePosition" in own.sent["sl0"]) == ("0.5", False)
    assert own.sent["tp1"]["quantity"] == "0.2"


@pytest.mark.parametrize(("side", "trigger"), [("buy", 99.0), ("buy", 98.0), ("sell", 99.0), ("sell", 100.0)])
def test_a_move_to_no_better_price_is_withdrawn(side: str, trigger: float) -> None:
    """Nothing is sent or written."""
    own = Own(side=side)
    result = move(own, trigger)
    assert (result.success, result.outcome, own.log) == (False, "withdrawn", [])
    assert result.error_message == f"{trigger} is no better stop"


@pytest.mark.parametrize("which", ["no stop", "over"])
def test_a_move_without_a_stop_is_withdrawn(which: str) -> None:
    """Where none rests, or the position is being closed."""
    own = Own()
    own.over = which == "over"
    own.stop = STOP if own.over else None
    result = run_virtual(Protection(own).move_stop(100.0))  # type: ignore[arg-type]
    assert (result.success, result.outcome, result.error_message) == (False, "withdrawn", "no stop rests")
    assert own.log == []


@pytest.mark.parametrize("left", [[], ["old"]])
def test_a_moved_stop_is_written_down_before_the_old_one_is_cancelled(left: list[str]) -> None:
    """By quantity, under its own name; an old one that may rest stays written down."""
    own = Own()
    own.left = left
    assert move(own, 99.5).success
    assert own.log == [
        "write old old sl0", "trailing sl0", "write sl0 old sl0", "cancel old 6", *([] if left else ["write sl0 sl0"]),
    ]  # fmt: skip
    assert own.sent["sl0"]["stopPrice"] == "99.5"
    assert own.sent["sl0"]["quantity"] == "0.5"
    assert own.stop is not None
    assert own.stop.params == {
        "type": "STOP_MARKET",
        "stopPrice": "99.5",
        "quantity": "0.5",
        "reduceOnly": "true",
    }


def test_a_refused_move_changes_nothing() -> None:
    """The old stop rests, and is still this position's."""
    own = Own(REFUSED)
    assert move(own, 99.5).error_code == -2021
    assert (own.stop, own.stop_id, own.log[-1]) == (STOP, "old", "trailing sl0")


AGAIN = ["cancel old", "write old old sl0 sl1", "trailing sl1"]
MOVED = [*AGAIN, "write sl1 old sl0 sl1", "cancel old 6", "write sl1 sl0 sl1"]
PUT_BACK = [*AGAIN, "deadline", "write sl2 old sl0 sl1 sl2", "sl sl2"]


@pytest.mark.parametrize(
    ("ends", "outcome", "log"),
    [
        ((ANOTHER,), "", MOVED),
        ((ANOTHER, REFUSED), "", PUT_BACK),
        ((ANOTHER, REFUSED, REFUSED), "stop_passed", PUT_BACK),
    ],
    ids=["moved", "put back", "neither"],
)
def test_where_two_may_not_rest_the_old_stop_goes_first(ends: Any, outcome: str, log: list[str]) -> None:
    """It comes back where the new one is refused, within a new deadline; neither: the price has passed it."""
    own = Own(*ends)
    result = move(own, 99.5)
    assert (result.success, result.outcome) == (len(ends) == 1, outcome)
    assert own.log[2:] == log


def test_an_old_stop_that_cannot_be_cancelled_first_stays() -> None:
    """The failure of the cancel is the result, and nothing more is sent."""
    own = Own(ANOTHER)
    own.uncancelled = Failure("refused", -1000, "?")
    result = move(own, 99.5)
    assert (result.success, result.error_code, result.error_message) == (False, -1000, "?")
    assert (result.outcome, own.log[-1], own.stop_id) == ("withdrawn", "cancel old", "old")
