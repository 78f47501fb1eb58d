"""Days and seeds of the judgement are apart from those of the search, with a day between."""

from __future__ import annotations

from typing import cast

import pytest

from sim.scenario import LoadedScenario
from sim.tune.cases import ALL_DAYS, DAY_US, HOLD_OUT_SEEDS_FROM, Days, Slot, calm, days_of, split
from sim.tune.space import Dates


def days(*numbers: int, whole: bool = False) -> Days:
    """Return a scenario that can be replayed on these days."""
    slots = tuple(Slot(day=number) for number in numbers)
    return Days(word="some", loaded=cast(LoadedScenario, None), slots=slots, whole=whole)


@pytest.mark.parametrize("draw", range(1, 6))
def test_no_day_and_no_seed_is_on_both_sides(draw: int) -> None:
    """Of thirty days a third is held out, and nobody uses the days beside them."""
    found = split([days(*range(100, 130))], Dates(draw=draw), seeds=24)
    seen, unseen = ({case.day for case in side} for side in (found.search, found.hold_out))
    assert len(unseen) == 10
    assert not seen & unseen
    assert all(abs(one - other) > 1 for one in seen for other in unseen)
    assert seen | unseen | set(found.dropped) == set(range(100, 130))
    assert {case.seed for case in found.search} == set(range(1, 25))
    assert all(case.seed >= HOLD_OUT_SEEDS_FROM for case in found.hold_out)
    assert not found.notes


def test_another_draw_holds_out_other_days() -> None:
    """The choice is drawn by key: the same draw gives the same days."""
    splits = [split([days(*range(30))], Dates(draw=draw), seeds=8) for draw in (1, 1, 2)]
    assert splits[0] == splits[1]
    assert splits[0].hold_out != splits[2].hold_out


def test_a_single_date_is_called_so() -> None:
    """With nothing to hold out only the seeds are new, and a note says so."""
    found = split([days(100)], Dates(), seeds=4)
    assert {case.day for case in (*found.search, *found.hold_out)} == {100}
    assert "1 date, too few to hold one out" in found.notes[0]


def test_every_held_out_day_is_judged() -> None:
    """More held-out days than seeds are not skipped."""
    found = split([days(*range(30))], Dates(), seeds=3)
    assert len(found.hold_out) == len({case.day for case in found.hold_out}) == 10


def test_a_signal_file_is_replayed_whole_and_counted_by_date() -> None:
    """Its runs know which dates count on their side."""
    found = split([days(*range(30), whole=True)], Dates(), seeds=3)
    assert {case.day for case in found.search} == {ALL_DAYS}
    seen, unseen = found.counted(found.search[0]), found.counted(found.hold_out[0])
    assert len(unseen) == 10
    assert not set(seen) & set(unseen)


def test_a_day_is_the_scenarios_own_stretch() -> None:
    """On its own tape of one day the stretch stays where the file has it."""
    found = days_of("drop_after_entry", (), None)
    assert [slot.day for slot in found.slots] == [1_705_276_800_000_000 // DAY_US]
    assert found.slots[0].overrides == ("market.from=51000.0", "market.to=55800.0")


def test_calm_takes_out_what_it_names() -> None:
    """Shocks and faults leave separately."""
    loaded = days_of("d7_claims", (), None).loaded
    assert calm(loaded, ("faults",)).scenario.market.shock
    assert not calm(loaded, ("faults",)).scenario.faults
    assert not calm(loaded, ("shocks",)).scenario.market.shock
    assert calm(loaded, ("shocks",)).scenario.faults
