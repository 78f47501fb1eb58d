"""Show the laws of planned intents."""

import statistics
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sim.errors import InputError
from sim.scenario import IntentPlan, WorkloadSpec, plan_intents

HOUR_US = 3_600_000_000
BAR_US = 60_000_000


def plan(
    seed: int = 1, duration_us: int = HOUR_US, symbols: Sequence[str] = ("BTCUSDT",), **spec: Any
) -> list[IntentPlan]:
    """Plan with a workload of the given settings."""
    workload = WorkloadSpec(sl_pct=0.004, tp_pct=0.008, **spec)
    return plan_intents(workload, seed, duration_us, 0, BAR_US, symbols, Path())


def test_a_regular_workload_decides_at_a_fixed_beat() -> None:
    """every_s decides from first_s on, every so many seconds, up to the end and not at it."""
    times = [intent.decided_us for intent in plan(every_s=900, first_s=0)]
    assert times == [0, 900_000_000, 1_800_000_000, 2_700_000_000]


def test_a_workload_by_bars_decides_at_every_nth_bar() -> None:
    """every_bars decides first_s after every n-th open."""
    times = [intent.decided_us for intent in plan(every_bars=20, first_s=2)]
    assert times == [2_000_000, 1_202_000_000, 2_402_000_000]


def test_poisson_intents_come_at_the_stated_rate_with_exponential_gaps() -> None:
    """Over 1000 hours the count, and mean and deviation of the gaps, are those of the law."""
    intents = plan(poisson_per_hour=60, duration_us=1000 * HOUR_US)
    assert len(intents) == pytest.approx(60_000, abs=4 * 60_000**0.5)
    times = [intent.decided_us / 1e6 for intent in intents]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert statistics.fmean(gaps) == pytest.approx(60, rel=0.02)
    assert statistics.stdev(gaps) == pytest.approx(60, rel=0.03)
    assert min(gaps) >= 0


def test_both_sides_are_equally_likely_and_independent_of_the_one_before() -> None:
    """Half of the intents are long, and a long follows a long half of the time."""
    sides = [intent.direction for intent in plan(every_s=1, duration_us=20 * HOUR_US)]
    assert set(sides) == {1, -1}
    assert statistics.fmean(sides) == pytest.approx(0, abs=4 / len(sides) ** 0.5)
    assert statistics.fmean(a * b for a, b in pairwise(sides)) == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(("side", "direction"), [("long", 1), ("short", -1)])
def test_one_side_is_taken_always(side: str, direction: int) -> None:
    """A fixed side is every intent's side."""
    assert {intent.direction for intent in plan(every_s=60, side=side)} == {direction}


@pytest.mark.parametrize("source", [{"every_s": 7}, {"every_bars": 1}, {"poisson_per_hour": 200}])
def test_a_longer_run_only_adds_intents(source: dict[str, Any]) -> None:
    """The intents of a short run open the longer one, unchanged."""
    short, long = plan(**source), plan(duration_us=3 * HOUR_US, **source)
    assert len(long) > len(short) > 0
    assert long[: len(short)] == short


def test_the_same_seed_plans_the_same_and_another_seed_does_not() -> None:
    """A plan is a function of workload and seed."""
    assert plan(poisson_per_hour=60) == plan(poisson_per_hour=60)
    assert plan(poisson_per_hour=60) != plan(poisson_per_hour=60, seed=2)


def test_sides_do_not_depend_on_the_times() -> None:
    """Another rhythm leaves the n-th intent's side as it was."""
    slow, fast = plan(poisson_per_hour=60), plan(poisson_per_hour=600)
    assert [one.direction for one in slow] == [one.direction for one in fast[: len(slow)]]


def test_symbols_take_turns_and_numbers_count_from_zero() -> None:
    """Intent n trades symbol n modulo their number, and numbers follow the time."""
    intents = plan(poisson_per_hour=60, symbols=["A", "B", "C"])
    assert [intent.number for intent in intents] == list(range(len(intents)))
    assert [intent.symbol for intent in intents] == [("A", "B", "C")[n % 3] for n in range(len(intents))]
    assert intents == sorted(intents, key=lambda intent: intent.decided_us)


def test_a_plan_stops_after_the_stated_number() -> None:
    """intents bounds the plan; the tape bounds it too."""
    assert len(plan(every_s=60, intents=7)) == 7
    assert len(plan(every_s=60, intents=700)) == 60


def test_an_intent_carries_the_workloads_values() -> None:
    """Size, protection, leverage and holding time are the workload's; the planned price is left open."""
    [intent] = plan(every_s=3600, quantity=0.5, hold_s=1.5, leverage=20, confidence=0.9, ai_trail_pct=0.01)
    assert (intent.quantity, intent.notional, intent.plan_price) == (0.5, None, None)
    assert (intent.hold_us, intent.leverage, intent.sl_pct, intent.tp_pct) == (1_500_000, 20, 0.004, 0.008)
    assert (intent.confidence, intent.ai_tp_pct, intent.ai_trail_pct) == (0.9, None, 0.01)
    assert plan(every_s=3600)[0].notional == 1000.0


def test_no_symbol_is_refused() -> None:
    """A plan needs at least one symbol."""
    with pytest.raises(InputError, match="at least one symbol"):
        plan(every_s=60, symbols=[])
