"""A failing script shrinks to what it takes to fail, and no further."""

from __future__ import annotations

from collections.abc import Callable

from sim.hunt.script import Kill, Move, Script, Strike
from sim.hunt.seen import Broken, Seen
from sim.hunt.shrink import MOST_RUNS, shrink

ORDER = "POST /fapi/v1/order"
LOST = Strike(ORDER, "entry", 0, "reply lost")
BUSY = Strike(ORDER, "sl", 0, "busy -1008")
LATER = Strike(ORDER, "sl", 2, "rules say no")


def seen(check: str = "") -> Seen:
    """Return what a run came to that broke a rule, or none."""
    broken = (Broken(check, "safety", 0, 1.0, "s", "true", "believed"),) if check else ()
    return Seen((), 0, (), (), (), broken, (), "closed", 0.0, 0.0, 0.0, 0.0, None)


def failing_if(fails: Callable[[Script], bool], check: str = "I03") -> Callable[[Script], Seen]:
    """Return a run that breaks ``check`` where ``fails`` says so."""
    return lambda script: seen(check if fails(script) else "")


def test_events_that_do_not_matter_are_dropped() -> None:
    """What is left fails, and nothing of it can be left out."""
    run = failing_if(lambda script: LOST in script and BUSY in script)
    script = (Move("drift", 2.0, -1.0, 5.0), LOST, Kill(7, 60.0), BUSY, LATER)
    assert shrink(script, run(script), run).script == (LOST, BUSY)


def test_a_simpler_outcome_and_an_earlier_call_are_preferred() -> None:
    """Any outcome of the stop fails here, so the simplest on the first one is left."""
    run = failing_if(lambda script: any(isinstance(one, Strike) and one.role == "sl" for one in script))
    assert shrink((LATER,), run((LATER,)), run).script == (Strike(ORDER, "sl", 0, "request lost"),)


def test_a_move_gets_smaller_and_sooner() -> None:
    """A price move is halved while it still does it."""
    run = failing_if(lambda script: any(isinstance(one, Move) and one.pct <= -0.4 for one in script))
    move = Move("drift", 6.0, -1.6, 8.0)
    assert shrink((move,), run((move,)), run).script == (Move("gap", 0.0, -0.4, 0.0),)


def test_another_rule_is_another_defect() -> None:
    """A smaller script that breaks a different rule first is not the same finding."""

    def run(script: Script) -> Seen:
        return seen("I03" if {LOST, BUSY} <= set(script) else "I01" if LOST in script else "")

    assert shrink((LOST, BUSY), run((LOST, BUSY)), run).script == (LOST, BUSY)


def test_shrinking_has_an_end() -> None:
    """A script that shrinks for ever is left after so many runs."""
    calls: list[Script] = []

    def run(script: Script) -> Seen:
        calls.append(script)
        return seen("I03")

    script = tuple(Strike(ORDER, "sl", n, "rules say no") for n in range(6))
    shrunk = shrink(script, seen("I03"), run)
    assert shrunk.runs == len(calls) <= MOST_RUNS
