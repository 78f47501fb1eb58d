"""Of the best points the one on a plateau is taken, and every knob is moved alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from sim.tune.choose import at, choose, neighbours, position_of, sensitivities
from sim.tune.runs import Outcome
from sim.tune.score import Score, score
from sim.tune.search import Trial
from sim.tune.space import Knob, Space, Value

BUFFER = "execution.sl_adjustment_buffer_pct"
COUNT = "execution.look_up_min"
Make = Callable[..., Outcome]


@pytest.fixture
def harmless(outcome: Make) -> Score:
    """Return a safe score of no loss."""
    return score([outcome(0.0)])


def trial(number: int, buffer: float, found: Score, state: str = "complete") -> Trial:
    """Return a finished trial of one knob."""
    return Trial(number=number, point={BUFFER: buffer}, state=state, cases=4, score=found)


def test_a_peak_beside_a_cliff_is_not_taken(space_of: Callable[[str], Space], harmless: Score) -> None:
    """The best trial has an unsafe neighbour, the second one has none."""
    space = space_of(f'[knobs."{BUFFER}"]\nlow = 0.0001\nhigh = 0.1\n[plateau]\nstep = 0.1')

    def ask(point: Mapping[str, Value]) -> Score:
        buffer = float(point[BUFFER])
        return replace(harmless, loss_bps=100 * buffer, doubled=int(buffer < 0.02))

    trials = [trial(n, buffer, ask({BUFFER: buffer})) for n, buffer in enumerate((0.021, 0.04, 0.08))]
    found = choose([*trials, trial(9, 0.01, harmless, "unsafe")], space, ask)
    assert [choice.number for choice in found] == [1, 2, 0]
    assert found[0].worst_bps == pytest.approx(100 * 0.04999, abs=0.01)
    assert found[-1].worst_bps == float("inf")


def test_nothing_safe_is_no_choice(space_of: Callable[[str], Space], harmless: Score) -> None:
    """Without a complete trial there is nothing to recommend."""
    space = space_of(f'[knobs."{BUFFER}"]\nlow = 0.001\nhigh = 0.1')
    assert choose([trial(0, 0.01, harmless, "pruned")], space, lambda _: harmless) == []


def test_places_in_a_range_and_back() -> None:
    """A logarithmic knob is halved in its logarithm, a whole one stays whole, a choice has no neighbours."""
    log, whole = Knob(low=0.001, high=0.1, log=True), Knob(low=1, high=5)
    assert at(BUFFER, log, 0.5) == pytest.approx(0.01)
    assert position_of(log, 0.01) == pytest.approx(0.5)
    assert at(COUNT, whole, 0.4) == 3
    assert neighbours(COUNT, whole, 1, 0.25) == [2]
    assert neighbours(BUFFER, Knob(choices=[0.1, 0.2]), 0.1, 0.25) == []
    assert at(BUFFER, Knob(low=0.1, high=0.2, step=0.05), 0.6) == pytest.approx(0.15)


def test_the_knob_that_matters_comes_first(space_of: Callable[[str], Space], harmless: Score) -> None:
    """Each is moved alone, and its reach is the difference it makes."""
    space = space_of(f'[knobs."{COUNT}"]\nlow = 1\nhigh = 5\n[knobs."{BUFFER}"]\nlow = 0.01\nhigh = 0.03')

    def ask(point: Mapping[str, Value]) -> Score:
        return replace(harmless, loss_bps=100 * float(point[BUFFER]) + 0.01 * float(point[COUNT]))

    found = sensitivities(space, {BUFFER: 0.02, COUNT: 3}, ask)
    assert [one.knob for one in found] == [BUFFER, COUNT]
    assert found[0].reach_bps == pytest.approx(2.0)
    assert found[1].reach_bps == pytest.approx(0.04)
