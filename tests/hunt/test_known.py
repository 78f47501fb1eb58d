"""A script need not be run if what sets it apart from one that was run strikes nothing."""

from __future__ import annotations

from dataclasses import replace

from sim.hunt.bracket import Call
from sim.hunt.known import Known
from sim.hunt.script import EVERY, Kill, Move, Strike
from sim.hunt.seen import Asked, Seen

ORDER = "POST /fapi/v1/order"
ENTRY, STOP = Strike(ORDER, "entry", 0, "request lost"), Strike(ORDER, "sl", 0, "busy -1008")
CALLS = tuple(Asked(Call(ORDER, role, 0), 0, 200, 0, "", False) for role in ("entry", "sl"))
CAME = Seen(CALLS, 1, (0,), (5,), ("naked",), (), (), "closed", 0.0, 0.0, 0.0, 0.0, None)


def known(seen: Seen = CAME) -> Known:
    """Return what is known once the lost entry was run."""
    found = Known()
    found.keep((ENTRY,), seen)
    return found


def test_a_strike_on_a_call_that_is_not_made_changes_nothing() -> None:
    """A second stop, or a target, is never placed in the run that is known."""
    assert known().find((ENTRY, replace(STOP, n=1))) == CAME
    assert known().find((ENTRY, Strike(ORDER, "tp", EVERY, "busy -1008"))) == CAME


def test_a_strike_on_a_call_that_is_made_has_to_be_run() -> None:
    """So has one that strikes every such call."""
    assert known().find((ENTRY, STOP)) is None
    assert known().find((ENTRY, replace(STOP, n=EVERY))) is None


def test_events_that_struck_keep_their_places_in_the_script() -> None:
    """The lost entry is the second fault of this script, and moves are none."""
    found = Known()
    move = Move("gap", 1.0, 0.3, 0.0)
    found.keep((move, ENTRY), CAME)
    told = found.find((move, replace(STOP, n=1), ENTRY))
    assert told is not None
    assert told.order == (1,)


def test_whatever_may_act_without_striking_a_call_has_to_be_run() -> None:
    """A crash that never comes, a price that moves, orders that are seen or filled late."""
    for event in (Kill(40, 1.0), Move("gap", 1.0, 0.3, 0.0), Strike(ORDER, "tp", 0, "unseen for 10 s")):
        assert known().find((event, ENTRY)) is None


def test_nothing_is_told_of_a_run_whose_calls_are_not_all_known() -> None:
    """A request that was never answered might be the one that is struck; a run without events is judged by more."""
    assert known(replace(CAME, is_whole=False)).find((ENTRY,)) is None
    idle = Known()
    idle.keep((replace(STOP, n=1),), replace(CAME, struck=0, order=()))
    assert idle.find((replace(STOP, n=2),)) is None
