"""The table of the basis stands the model beside recorded marks it was not fitted on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.fidelity.basis import COLUMNS, QUANTILES, basis_table, quantities


def test_quantities_are_those_of_the_values() -> None:
    """Mean, spread, quantiles and extremes of nought to a hundred are what they must be."""
    found = quantities(np.arange(101.0))
    assert found == {
        "mean": 50.0, "sd": pytest.approx(np.arange(101.0).std()),
        "q01": 1.0, "q05": 5.0, "q50": 50.0, "q95": 95.0, "q99": 99.0, "min": 0.0, "max": 100.0,
    }  # fmt: skip


@pytest.mark.campaign
def test_the_model_has_the_spread_of_recorded_marks() -> None:
    """Calm seconds of 2023, two ordinary days and the crash of 2025: within 60 % of the recorded spread."""
    data = Path(__file__).resolve().parents[2].parent / "shared" / "klines"
    if not data.is_dir():
        pytest.skip(f"real market data not found at {data}")
    table = basis_table(data, seeds=[1])
    assert list(table.columns) == COLUMNS
    groups = table.groupby(["stretch", "fitted_on"], sort=False)
    assert groups.ngroups == 6
    assert set(groups.size()) == {len(QUANTILES) + 4}
    spread = table[table["quantity"] == "sd"]
    ratio = (spread["model"] / spread["real"]).to_numpy()
    assert ratio.min() > 0.4
    assert ratio.max() < 2.5
    middle = table[table["quantity"] == "q50"]
    assert np.abs(middle["model"] - middle["real"]).max() < 0.25
    # One-second rows are one evening, whatever their number.
    assert table.groupby("stretch", sort=False)["clusters"].first().tolist() == [1, 1, 1, 2]
