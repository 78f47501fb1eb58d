"""Run what a log's scenario says under a policy, at both ends of what the log cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sim.experiment import run_scenario
from sim.experiment.prepare import load_market_of
from sim.metrics.document_tables import seed_metrics
from sim.scenario import LoadedPolicy, load_scenario


@dataclass(frozen=True, slots=True)
class Numbers:
    """Hold one of the document's numbers of a simulated day: as the executor believes it, and as it is."""

    metric: str
    claimed: float
    true: float


@dataclass(frozen=True, kw_only=True)
class EndRun:
    """Hold a simulated day at one end: ``applied`` is P(applied); ``met_2021``: share of stop attempts refused so.

    ``over_filled``: intents that hold more than intended; ``naked_charged_s``: mean time without a stop, s.
    """

    file: str
    applied: float
    intents: int
    numbers: list[Numbers]
    over_filled: int
    naked_charged_s: float
    met_2021: float


def run_end(
    file: Path, applied: float, policy: LoadedPolicy, *, seed: int = 1, intents: int | None = None
) -> EndRun:
    """Run the scenario in ``file`` once and return its numbers; raises InputError for one that cannot run."""
    loaded = load_scenario(str(file))
    result = run_scenario(loaded, policy, seed=seed, intents=intents, market=load_market_of(loaded))
    frames = result.frames
    table = seed_metrics(frames)
    rows = frames["intents"]
    naked_s = rows["naked_charged_s"].to_numpy(float)
    return EndRun(
        file=file.name,
        applied=applied,
        intents=len(rows),
        numbers=[
            Numbers(str(row["metric"]), float(row["claimed"]), float(row["true"]))
            for row in table.to_dict(orient="records")
        ],
        over_filled=int((rows["over_fill"] > 0).sum()),
        naked_charged_s=float(np.nanmean(naked_s)) if np.isfinite(naked_s).any() else 0.0,
        met_2021=_share_2021(frames["requests"]),
    )


def _share_2021(requests: pd.DataFrame) -> float:
    orders = ("POST /fapi/v1/order", "POST /fapi/v1/algoOrder")
    stops = requests[(requests["role"] == "sl") & requests["call"].isin(orders)]
    return float((stops["code"] == -2021).mean()) if len(stops) else 0.0
