"""I21: laws of the guard as properties, and as a function that a broken guard fails."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sim.checks.i21_guard_laws import (
    LIMIT,
    Question,
    check_guard_laws,
    idempotence_broken,
    mirror_broken,
    scale_broken,
    sides_broken,
    superset_broken,
)
from sim.execution import ExecutionSafetyGuard, PolicyStore

QUIET = logging.getLogger("guard laws")
QUIET.setLevel(logging.CRITICAL + 1)
LIMITS = (0.002, 0.005, 0.01, 0.03)


def guard(values: Mapping[str, float]) -> ExecutionSafetyGuard:
    return ExecutionSafetyGuard(PolicyStore(dict(values)), QUIET)


GUARDS = {limit: guard({LIMIT: limit}) for limit in LIMITS}


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw an order around a market between 0.01 and 100,000, none of its numbers on a limit's very edge."""
    market = draw(st.floats(min_value=0.01, max_value=100_000.0))
    away = st.floats(min_value=-0.1, max_value=0.1).map(lambda share: round(share, 6) + 3.3e-7)
    return Question(
        long=draw(st.booleans()),
        planned=market * (1 + draw(away) / 3),
        market=market,
        stop=market * (1 + draw(away)),
        target=market * (1 + draw(away)),
        leverage=draw(st.sampled_from([1.0, 10.0, 11.0, 50.0])),
    )


@given(question=questions(), limit=st.sampled_from(LIMITS))
def test_long_and_short_are_mirror_images(question: Question, limit: float) -> None:
    """What holds for a long holds, mirrored at the market, for a short."""
    # Mirrored at the market a price may end up at or below nought.
    assume(2 * question.market > max(question.planned, question.stop, question.target))
    assert mirror_broken(GUARDS[limit], question) == ""


@given(question=questions(), limit=st.sampled_from(LIMITS), power=st.integers(-8, 8))
def test_the_unit_of_price_does_not_matter(question: Question, limit: float, power: int) -> None:
    """All prices times a power of two: the same answer, times it."""
    assert scale_broken(GUARDS[limit], question, 2.0**power) == ""


@given(question=questions(), pair=st.sampled_from([(a, b) for a in LIMITS for b in LIMITS if a > b]))
def test_a_tighter_limit_refuses_a_superset(question: Question, pair: tuple[float, float]) -> None:
    """Nothing that a looser limit refuses passes a tighter one."""
    assert superset_broken(GUARDS[pair[0]], GUARDS[pair[1]], question) == ""


@given(question=questions(), limit=st.sampled_from(LIMITS))
def test_stop_and_target_come_out_on_their_sides(question: Question, limit: float) -> None:
    """What the guard lets through loses at its stop and wins at its target."""
    assert sides_broken(GUARDS[limit], question) == ""


@given(question=questions(), limit=st.sampled_from(LIMITS))
def test_the_guard_takes_back_what_it_gave(question: Question, limit: float) -> None:
    """Asked about its own answer, it changes nothing."""
    assert idempotence_broken(GUARDS[limit], question) == ""


def test_the_guard_keeps_all_laws() -> None:
    """The callable form finds nothing in the production guard, under two limits."""
    assert check_guard_laws(guard) == []
    assert check_guard_laws(guard, limit=0.004, seed=2, questions=100) == []


def test_a_guard_that_waits_is_no_guard() -> None:
    """The laws ask without a loop; a guard that awaits something is refused by name."""

    class Waits:
        async def validate_and_adjust_order(self, **question: object) -> object:
            import asyncio

            await asyncio.sleep(0)
            return None

    with pytest.raises(TypeError, match="waits for something"):
        check_guard_laws(lambda values: Waits())  # type: ignore[arg-type, return-value]
