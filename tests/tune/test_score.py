"""Goals are added up over intents, safety is counted, and a race only gives up what is behind in everything."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.tune.runs import Outcome
from sim.tune.score import front, is_worse, score
from sim.tune.space import Safety

Make = Callable[..., Outcome]


def test_every_intent_weighs_the_same(outcome: Make) -> None:
    """The mean is over intents, the tail over the worst twentieth of them."""
    found = score([outcome(*[0.0] * 30), outcome(*[4.0] * 10)])
    assert found.loss_bps == pytest.approx(1.0)
    assert found.loss_cvar95_bps == pytest.approx(4.0)
    assert found.loss_per_1000_quote == pytest.approx(100.0)


def test_one_unsafe_intent_breaks_a_constraint(outcome: Make) -> None:
    """What is allowed may happen, one more may not."""
    found = score([outcome(0.0, doubled=1), outcome(0.0, naked_too_long=2)])
    assert not found.is_safe(Safety())
    assert not found.is_safe(Safety(doubled=1, naked=1))
    assert found.is_safe(Safety(doubled=1, naked=2))


def test_the_front_holds_what_nothing_beats() -> None:
    """A point that is worse in one goal and better in none is not on it."""
    assert front({1: (1.0, 2.0), 2: (2.0, 1.0), 3: (2.0, 2.0), 4: (1.0, 2.0)}) == [1, 2, 4]


def test_a_race_gives_up_what_is_behind_and_better_in_nothing(outcome: Make) -> None:
    """The same cases, each a little worse, are enough; one goal in which it is ahead saves it."""
    best = [outcome(float(case)) for case in range(8)]
    behind = [outcome(case + 0.5) for case in range(8)]
    ahead_elsewhere = [outcome(case + 0.5, naked=np.array([-1.0])) for case in range(8)]
    assert is_worse(behind, best, 0.05)
    assert not is_worse(best, best, 0.05)
    assert not is_worse(behind[:3], best[:3], 0.05)
    assert not is_worse(ahead_elsewhere, best, 0.05)
