"""Step by step through further stops: when one is sent, which one is kept, and what becomes of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from sim.clock import run_virtual
from sim.execution.hybrid_levels import ProtectiveOrder
from sim.execution.placement import OrderResult
from sim.execution.policy_keys import Settings
from sim.execution.stop_hedge import StopHedge
from sim.execution.time_limit import TimeLimit

ORDER = ProtectiveOrder("SL", "sl", {"stopPrice": "99"}, True)


class Own:
    """Stand for a position whose further stops end as scripted, each after a while."""

    def __init__(self, *ends: tuple[float, bool, str], throttled: bool = True) -> None:
        self.settings = Settings(hedge_stop_sec=0.25, unknown_deadline_sec=7.0)
        self.throttled = throttled
        self.slowest_s = 0.0
        replies = SimpleNamespace(was_throttled=lambda: self.throttled, slowest_s=self.slowest_above)
        self.deadline_s = 100.0
        self.executor = SimpleNamespace(replies=replies)
        self.further: list[Any] = []
        self.flat = False
        self.resting: list[str] = []
        self.ends = list(ends)
        self.uncancelled: list[str] = []
        self.log: list[tuple[float, str]] = []
        self.asked: Any = None
        self.stop_id = "s0"
        self.better: set[tuple[str, str]] = set()

    def slowest_above(self, floor_s: float = 0.0) -> float:
        return self.slowest_s if self.slowest_s > floor_s else 0.0

    def note(self, what: str) -> None:
        self.log.append((round(asyncio.get_running_loop().time(), 3), what))

    def write(self) -> None:
        self.note("write")

    async def place(self, order: ProtectiveOrder, before_attempt: Any) -> OrderResult:
        assert order is ORDER
        self.asked = before_attempt
        name = f"s{len(self.further)}"
        self.resting.append(name)
        self.note(f"send {name}")
        takes_s, success, outcome = self.ends.pop(0) if self.ends else (1e6, False, "unknown")
        await asyncio.sleep(takes_s)
        named = None if outcome == "unnamed" else name
        return OrderResult(success, client_order_id=named, outcome=outcome)  # type: ignore[arg-type]

    def is_better(self, client_id: str, other_id: str) -> bool:
        return (client_id, other_id) in self.better

    async def cancel_until_gone(self, names: list[str], tries: int) -> list[str]:
        self.note(f"cancel {' '.join(names)} {tries}")
        return self.uncancelled


class Limit(TimeLimit):
    """Note how it is hurried."""

    def __init__(self) -> None:
        super().__init__(3.0)
        self.hurried: list[float] = []

    def hurry(self, seconds: float) -> None:
        self.hurried.append(seconds)


def hedge(
    own: Own, *steps: tuple[float, Callable[[StopHedge], Any]], until_s: float = 20.0
) -> tuple[str, Limit]:
    """Begin at 0 s, take each step at its second; return the stop that rests, and the limit."""

    async def main() -> tuple[str, Limit]:
        limit = Limit()
        made = StopHedge(own, ORDER, limit, own.place, own.is_better)  # type: ignore[arg-type]
        for at_s, step in steps:
            asyncio.get_running_loop().call_at(at_s, step, made)
        await asyncio.sleep(until_s)
        for task in own.further:
            task.cancel()
        return made.resting_id, limit

    return run_virtual(main())


def sent_s(own: Own) -> list[float]:
    return [at_s for at_s, what in own.log if what.startswith("send")]


def test_a_dozen_further_stops_are_sent_a_quarter_of_a_second_apart() -> None:
    """While stops are throttled; none of them is answered."""
    own = Own()
    assert hedge(own)[0] == ""
    assert sent_s(own) == pytest.approx([0.25 * number for number in range(1, 13)])
    assert len(own.further) == 12


def test_nothing_is_sent_while_nothing_is_throttled_and_at_once_when_it_is() -> None:
    """It is asked each time anew."""
    own = Own(throttled=False)
    hedge(
        own,
        (0.6, lambda made: setattr(own, "throttled", True)),
        (1.1, lambda made: setattr(own, "throttled", False)),
    )
    assert sent_s(own) == pytest.approx([0.75, 1.0])


@pytest.mark.parametrize(("slowest_s", "sent"), [(0.5, []), (0.51, [0.75, 1.5, 2.25, 3.0])])
def test_at_a_slow_venue_every_third_time_will_do(slowest_s: float, sent: list[float]) -> None:
    """Slow is what takes longer than two waits; a quick one's missing answer is lost, and settled by its own."""
    own = Own(throttled=False)
    own.slowest_s = slowest_s
    hedge(own, until_s=3.1)
    assert sent_s(own) == pytest.approx(sent)


@pytest.mark.parametrize("rests", [True, False])
def test_once_the_first_placement_is_over_no_new_one_is_begun(rests: bool) -> None:
    """With its stop or without."""
    own = Own()
    hedge(own, (0.6, lambda made: made.over(first_rests=rests)))
    assert sent_s(own) == pytest.approx([0.25, 0.5])


def test_the_first_further_stop_that_rests_ends_the_placement() -> None:
    """Its id is the hedge's, nothing more is sent, and the first placement is cut short."""
    own = Own((1e6, False, "unknown"), (0.1, True, "applied"))
    resting_id, limit = hedge(own)
    assert (resting_id, limit.hurried) == ("s2", [0.0])
    assert sent_s(own) == pytest.approx([0.25, 0.5])
    assert own.resting == ["s1", "s2"]


def test_a_further_stop_the_price_has_reached_sends_the_position_out() -> None:
    """The first placement is cut short, nothing more is sent; where one rests already nothing happens."""
    own = Own((0.1, False, "stop_passed"))
    passed: list[bool] = []
    _, limit = hedge(own, (0.4, lambda made: passed.append(made.passed)))
    assert (passed, limit.hurried, sent_s(own)) == ([True], [0.0], [0.25])
    safe = Own((0.1, False, "stop_passed"))
    _, limit = hedge(safe, (0.3, lambda made: made.over(first_rests=True)))
    assert limit.hurried == []


def test_what_has_no_time_left_for_an_answer_goes_out_at_every_wait() -> None:
    """Until the way out has to begin: a stop that leaves late comes late."""
    own = Own(throttled=False)
    own.deadline_s, own.slowest_s = 3.0, 1.2
    hedge(own)
    assert sent_s(own) == pytest.approx([0.75, 1.5, 2.0, 2.25])


@pytest.mark.parametrize(("slowest_s", "sent"), [(0.5, 7), (1.0, 6), (1.2, 5)])
def test_a_slow_venue_leaves_half_an_answers_time_to_the_way_out(slowest_s: float, sent: int) -> None:
    """The placement ends that much before the deadline, at the next tick; a quick venue needs none of it."""
    own = Own()
    own.deadline_s, own.slowest_s = 2.0, slowest_s
    _, limit = hedge(own, until_s=1.9)
    assert (len(sent_s(own)), limit.hurried) == (sent, [0.0] if sent < 7 else [])


def test_a_surplus_stop_is_cancelled_and_struck() -> None:
    """It rested after another one did, or after the first placement's."""
    own = Own((0.4, True, "applied"), (0.1, True, "applied"))
    assert hedge(own)[0] == "s2"
    assert own.log[-2:] == [(0.65, "cancel s1 6"), (0.65, "write")]
    assert own.resting == ["s2"]
    late = Own((0.4, True, "applied"))
    assert hedge(late, (0.3, lambda made: made.over(first_rests=True)))[0] == ""
    assert (late.log[-2:], late.resting) == ([(0.65, "cancel s1 6"), (0.65, "write")], [])


def test_a_surplus_stop_that_is_the_better_one_rests_beside_the_other() -> None:
    """The first had been moved away from the price: whoever takes the better one away makes things worse."""
    own = Own((0.4, True, "applied"))
    own.better = {("s1", "s0")}
    hedge(own, (0.3, lambda made: made.over(first_rests=True)))
    assert (own.log, own.resting) == ([(0.25, "send s1")], ["s1"])


def test_a_surplus_stop_that_may_still_rest_stays_written_down() -> None:
    """Whoever sweeps the position cancels it again."""
    own = Own((0.4, True, "applied"))
    own.uncancelled = ["s1"]
    hedge(own, (0.3, lambda made: made.over(first_rests=True)))
    assert (own.log[-1], own.resting) == ((0.65, "cancel s1 6"), ["s1"])


@pytest.mark.parametrize("outcome", ["unknown", "cut_off"])
def test_a_stop_of_unknown_fate_is_cancelled_once_that_is_certain(outcome: str) -> None:
    """After the deadline for unknowns, where another one rests, and by the sweep again; else it is left to protect."""
    own = Own((0.1, False, outcome))
    hedge(own, (0.3, lambda made: made.over(first_rests=True)))
    assert (own.log[1:], own.resting) == ([(7.35, "cancel s1 6")], ["s1"])
    bare = Own((0.1, False, outcome))
    hedge(bare, (0.3, lambda made: made.over(first_rests=False)))
    assert bare.log == [(0.25, "send s1")]


@pytest.mark.parametrize(("success", "outcome"), [(False, "refused"), (False, "unnamed"), (True, "unnamed")])
def test_a_stop_that_was_refused_leaves_nothing_to_do(success: bool, outcome: str) -> None:
    """Nothing of it can rest; the next one is sent all the same."""
    own = Own((0.1, success, outcome))
    resting_id, limit = hedge(own, (0.6, lambda made: made.over(first_rests=True)))
    assert (resting_id, limit.hurried) == ("", [])
    assert own.log == [(0.25, "send s1"), (0.5, "send s2")]


def test_what_rests_when_the_position_is_flat_is_left_to_the_sweep() -> None:
    """Whoever closed it cancels it himself."""
    own = Own((0.4, True, "applied"))

    def end(made: StopHedge) -> None:
        made.over(first_rests=True)
        own.flat = True

    hedge(own, (0.3, end))
    assert (own.log, own.resting) == ([(0.25, "send s1")], ["s1"])


@pytest.mark.parametrize(
    ("rests", "flat", "withdrawn"), [(False, False, False), (True, False, True), (False, True, True)]
)
def test_a_further_stop_is_tried_again_only_while_it_is_needed(
    rests: bool, flat: bool, withdrawn: bool
) -> None:
    """Not once another one rests or the position is flat."""
    own = Own()
    said: list[Any] = []

    async def ask() -> None:
        said.append(await own.asked(2, {}))

    def end(made: StopHedge) -> None:
        made.over(first_rests=rests)
        own.flat = flat
        said.append(asyncio.get_running_loop().create_task(ask()))

    hedge(own, (0.3, end), until_s=1.0)
    assert said[1] == ("another stop rests, or the position is closed" if withdrawn else None)
