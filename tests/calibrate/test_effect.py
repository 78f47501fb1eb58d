"""In a run, an enabled model takes entries down in size, and what they pay stays nearer the limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sim.calibrate import fit, swept_fills
from sim.execution.event_driven_executor import EventDrivenExecutor
from sim.execution.slippage_model import HeldOut, SlippageModel
from sim.experiment import Result, run_scenario
from sim.scenario import load_scenario

LIMIT_BPS = 0.3
LARGE = ("workload.quantity=2.0", "workload.poisson_per_hour=60")


def enabled_model() -> SlippageModel:
    """Fit on the embedded day and enable by hand: what a run does with a winner is the question here."""
    fills = swept_fills(load_scenario("calm_baseline"), seed=1, per_date=100)
    fitted = fit(fills)
    return SlippageModel(
        enabled=True,
        typical_minute=fills.typical_minute(),
        size_exponent=fitted.size_exponent,
        median=fitted.median,
        q90=fitted.q90,
        held_out=HeldOut(dates=0, fills=0, median_mae_bps=0.0, q90_pinball_bps=0.0),
    )


def run(limit_bps: float, model: SlippageModel) -> Result:
    """Run sixty large intents of a calm day, limited by ``model``."""

    def factory(client: Any, policy: Any, hooks: Any, store: Any, *more: Any) -> EventDrivenExecutor:
        return EventDrivenExecutor(client, policy, hooks=hooks, slippage_model=model)

    limit = f"execution.predicted_slippage_limit_pct={limit_bps * 1e-4}"
    return run_scenario(
        "calm_baseline", "d7", seed=3, intents=60, overrides=(*LARGE, limit), executor_factory=factory
    )


def entries(result: Result) -> np.ndarray:
    """Return the quantities that entries filled."""
    fills = result.frames["fills"]
    return fills[fills["role"] == "entry"]["quantity"].to_numpy()


def paid_bps(result: Result) -> float:
    """Return the median adverse slippage of the fills."""
    return float(result.frames["intents"]["slippage_fill_bps"].median())


def broken(result: Result) -> list[str]:
    """Return the checks that found something."""
    return sorted(set(result.frames["violations"]["check"]))


def test_entries_leave_smaller_only_where_the_model_is_enabled() -> None:
    """2 BTC are predicted to pay more than allowed: an enabled model takes less, one that is off takes all."""
    model = enabled_model()
    unlimited = run(0.0, model)
    wished = entries(unlimited)
    limited = run(LIMIT_BPS, model)
    reduced = entries(limited)
    assert (wished == 2.0).all()
    assert reduced.size == wished.size
    assert (reduced < 2.0).all()
    assert paid_bps(limited) < paid_bps(unlimited)
    assert broken(limited) == broken(unlimited)
    assert (entries(run(LIMIT_BPS, replace(model, enabled=False))) == 2.0).all()
