"""A rule that refuses intents is tuned where they have an edge, and refused where they have none."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sim.errors import InputError
from sim.tune.edge import Edge, declared_edge, refuse_measured_edge, refuse_without_edge
from sim.tune.runs import outcome_of

LIMIT = ("execution.max_slippage_pct", "execution.sl_adjustment_buffer_pct")
FEES_BPS = 10.0


def test_the_limit_needs_signals_or_an_edge() -> None:
    """Without either it is refused by name, with the reason; other keys are nobody's trouble."""
    with pytest.raises(InputError, match=r"the intents have no edge.*--edge-bps"):
        refuse_without_edge(LIMIT, "space.toml", None, False, FEES_BPS)
    refuse_without_edge(LIMIT, "space.toml", None, True, FEES_BPS)
    refuse_without_edge(LIMIT[1:], "space.toml", None, False, FEES_BPS)


@pytest.mark.parametrize("bps", [0.0, 10.0])
def test_a_planted_edge_of_zero_refuses_to_be_tuned(bps: float) -> None:
    """An edge that pays no fees would drive the limit to trading nothing."""
    with pytest.raises(InputError, match="the best limit is to trade nothing"):
        refuse_without_edge(LIMIT, "space.toml", Edge(bps=bps, half_life_s=30.0), False, FEES_BPS)
    refuse_without_edge(LIMIT, "space.toml", Edge(bps=10.1, half_life_s=30.0), False, FEES_BPS)


def test_signals_without_an_edge_refuse_it_too() -> None:
    """Where the measured interval reaches zero the signals do not identify the limit."""
    with pytest.raises(InputError, match=r"the signals show no edge.*-0\.40 bps"):
        refuse_measured_edge(LIMIT, "space.toml", -0.4, -2.0, 1.2)
    refuse_measured_edge(LIMIT, "space.toml", 3.0, 0.5, 5.5)
    refuse_measured_edge(LIMIT[1:], "space.toml", -0.4, -2.0, 1.2)


@pytest.mark.parametrize(("bps", "half_life_s"), [(5.0, None), (None, 5.0), (-1.0, 5.0), (5.0, 0.0)])
def test_edge_and_half_life_belong_together(bps: float | None, half_life_s: float | None) -> None:
    """One without the other, or a value that means nothing, is refused."""
    with pytest.raises(InputError):
        declared_edge(bps, half_life_s)


def _rows(deviations_bps: np.ndarray, limit_bps: float, delay_s: float) -> SimpleNamespace:
    """Return rows of intents that enter where the deviation is within the limit, and lose nothing else."""
    entered = deviations_bps <= limit_bps
    size = len(deviations_bps)
    columns = {
        "planned_notional_quote": np.full(size, 1000.0),
        "loss_against_ideal_bps": np.where(entered, 0.0, 77.0),
        "entry_fills": entered.astype(int),
        "filled_us": np.where(entered, delay_s * 1e6, np.nan),
        "decided_us": np.zeros(size),
        "slippage_check_bps": deviations_bps,
        "slippage_send_bps": deviations_bps,
        "outcome": np.array(["target"] * size, dtype=object),
        "orphaned": np.zeros(size),
        "date": np.zeros(size),
        "naked_excess_notional_s": np.zeros(size),
        "naked_charged_s": np.zeros(size),
        "ideal_result_quote": np.zeros(size),
        "refused": ~entered,
        "over_fill": np.zeros(size),
    }
    return SimpleNamespace(intents=columns, violations={"kind": np.array([], dtype=object)})


def test_a_planted_edge_puts_the_best_limit_where_the_closed_form_has_it() -> None:
    """What is lost is least at edge x what is left after the delay, less the fees."""
    edge, delay_s = Edge(bps=40.0, half_life_s=10.0), 5.0
    deviations = np.linspace(-60, 60, 2401)
    limits = np.linspace(0.5, 59.5, 119)
    losses = [
        outcome_of(_rows(deviations, limit, delay_s), 5.0, edge, FEES_BPS).mean_bps  # type: ignore[arg-type]
        for limit in limits
    ]
    expected = edge.best_limit_bps(delay_s, FEES_BPS)
    assert expected == pytest.approx(40 / 2**0.5 - 10)
    assert limits[int(np.argmin(losses))] == pytest.approx(expected, abs=0.5)


def test_the_tape_after_a_refused_entry_does_not_count() -> None:
    """A refused intent lost its edge and saved its fees, whatever the price did."""
    edge = Edge(bps=40.0, half_life_s=10.0)
    found = outcome_of(_rows(np.array([50.0]), 1.0, 0.0), 5.0, edge, FEES_BPS)  # type: ignore[arg-type]
    assert found.loss_bps == pytest.approx([30.0])
    assert found.missed_bps == pytest.approx([40.0])
