"""Runs judged side by side break the same rules as runs judged one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sim.hunt import Bracket
from sim.hunt.quarry import Quarry
from sim.hunt.script import Kill, Move, Script, Strike, as_plain, from_plain, strikes_on


@pytest.fixture(scope="module")
def quarry(bracket: Bracket) -> Quarry:
    """Give the bracket of the sweeps, alone."""
    return Quarry(bracket)


def scripts_of(quarry: Quarry) -> list[Script]:
    """Return scripts of none, one and two outcomes, and of a move of the price."""
    strikes = [strike for asked in quarry.run().calls for strike in strikes_on(asked.call)]
    pairs = list(zip(strikes[::7], strikes[20::7], strict=False))
    return [(), (Move("gap", 1.0, -0.6, 0.0),), *((strike,) for strike in strikes[::2]), *pairs]


def test_side_by_side_is_as_one_by_one(quarry: Quarry) -> None:
    """No run that breaks a rule is missed, and none is blamed for another's."""
    scripts = scripts_of(quarry)
    alone = [replace(quarry.run(script), practice=()) for script in scripts]
    beside = [replace(seen, practice=()) for seen in quarry.run_all(scripts)]
    assert alone == beside
    assert 5 < sum(bool(seen.broken) for seen in alone) < len(alone)


@pytest.mark.parametrize("told", [False, True])
def test_a_wait_told_before_the_intent_is_judged_whatever_lies_beside_it(
    told: bool, make_bracket: Callable[..., Bracket]
) -> None:
    """A run whose process may die is laid first: what binds that one is not what binds the next."""
    quarry = Quarry(make_bracket("safe"))
    harmless = Strike("POST /fapi/v1/order", "tp", 0, "request lost")
    dies, waits = (quarry._run(script)[:2] for script in ((Kill(3, 1.0),), (harmless,)))
    record = waits[0]
    if told:
        wait = {
            "request": 0,
            "intent": -1,
            "role": "none",
            "at_us": 0,
            "status": 429,
            "until_us": record.ended_us,
        }
        table = record.trace.tables["told_to_wait"]
        table.pending.append(tuple(wait[column] for column in table.columns))
    assert quarry._judge.suspects([dies, waits]) == ([1] if told else [])


def test_a_run_does_not_depend_on_those_before(quarry: Quarry) -> None:
    """The same script gives the same answer, whatever was run meanwhile."""
    script = (Strike("POST /fapi/v1/order", "entry", 0, "reply lost"),)
    first = quarry.run(script)
    quarry.run_all(scripts_of(quarry)[:5])
    assert quarry.run(script) == first


def test_a_script_survives_being_written_down(quarry: Quarry) -> None:
    """Plain lists say all of a script."""
    for script in scripts_of(quarry):
        assert from_plain(as_plain(script)) == script


def test_where_a_strike_met_the_position_is_told(quarry: Quarry) -> None:
    """An entry meets none, a stop a naked one, a target a covered one."""
    states = {
        role: quarry.run((Strike("POST /fapi/v1/order", role, 0, "request lost"),)).states
        for role in ("entry", "sl", "tp")
    }
    assert states == {"entry": ("no position",), "sl": ("naked",), "tp": ("covered",)}
